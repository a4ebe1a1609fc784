"""What a board sends to the browser, and what it takes from there."""

import base64
import json
import math
from typing import Any

import numpy as np
import pytest

from flowlab.drawing.board import Board, Dot, Line, Panel, Row, Table, picture_panel
from pages.shared.board import board_data, checked_move

PICTURE = picture_panel(
    "picture", "A picture", np.full((20, 30, 3), 90, np.uint8), gesture="pick", at=(3.0, 4.0), snap=1,
    values=np.array([[0.5, -2.0], [np.nan, 1.0]], np.float32), unit="px",
    marks=(Dot(1.0, math.inf, ink="flow", link="a"), Line((0.0, math.nan), (1.0, 2.0), label="a line")),
)  # fmt: skip
PLOT = Panel("plot", "A plot", (-2.0, 2.0), (1.0, 100.0), log_y=True, x_title="u, px", gesture="start")
TABLE = Table("table", "A table", (("k", "text"), ("d", "flow")), (Row(("0", "1.5"), link="a", strong=True),))
SHOWN = Board(((PICTURE, PLOT), (TABLE,)))


def parts() -> dict[str, dict[str, Any]]:
    data = json.loads(json.dumps(board_data(SHOWN, step="s", turn=1, dark=False), allow_nan=False))
    return {part["name"]: part for row in data["rows"] for part in row}


def test_all_of_it_is_json_and_what_is_not_finite_is_null() -> None:
    dot, line = parts()["picture"]["marks"]
    assert (dot["kind"], dot["x"], dot["y"], dot["ink"], dot["link"]) == ("Dot", 1, None, "flow", "a")
    assert (line["kind"], line["x"], line["label"]) == ("Line", [0, None], "a line")
    assert parts()["table"]["rows"] == [{"cells": ["0", "1.5"], "link": "a", "strong": True}]
    assert parts()["plot"]["logY"] is True


def test_values_travel_in_16_bits_and_the_unknown_is_told_apart() -> None:
    sent = parts()["picture"]["values"]
    steps = np.frombuffer(base64.b64decode(sent["data"]), "<i2").reshape(2, 2)
    assert steps[1, 0] == -32768
    np.testing.assert_allclose(steps[0] * sent["step"], [0.5, -2.0], atol=sent["step"])


def test_a_small_picture_is_sent_without_loss_and_a_large_one_small() -> None:
    assert parts()["picture"]["image"].startswith("data:image/png")
    noise = np.random.default_rng(0).integers(0, 255, (300, 400, 3), np.uint8)
    large = board_data(Board(((picture_panel("a", "A", noise),),)), step="s", turn=1, dark=False)
    assert large["rows"][0][0]["image"].startswith("data:image/jpeg")


def test_colours_follow_the_page() -> None:
    light, dark = (board_data(SHOWN, step="s", turn=1, dark=d)["inks"] for d in (False, True))
    assert light.keys() == dark.keys()
    assert light["flow"] != dark["flow"]


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        (["pick", 3, 4.5, 7], ("pick", 3.0, 4.5, 7)),
        (["start", -9, 1e6, 8], ("start", -2.0, 100.0, 8)),  # inside the panel it belongs to
        (["pick", 300, -4, 9], ("pick", 29.5, -0.5, 9)),
        (["other", 1, 1, 7], None),
        (["", 1, 1, 7], None),
        (["pick", 1, 1], None),
        (["pick", True, 1, 7], None),
        (["pick", "1", 1, 7], None),
        (["pick", math.nan, 1, 7], None),
        (["pick", 10**400, 1, 7], None),
        (["pick", 1, 1, "7"], None),
        (["pick", 1, 1, -1], None),
        ({"pick": 1}, None),
        (None, None),
    ],
)
def test_only_a_place_in_a_panel_with_that_gesture_is_taken(sent: object, taken: object) -> None:
    assert checked_move(sent, SHOWN) == taken
