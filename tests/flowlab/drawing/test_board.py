"""A board refuses what could not be drawn, and pictures keep their proportions."""

from typing import Any

import numpy as np
import pytest

from flowlab.drawing.board import Arrow, Board, Dot, Line, Panel, Row, Table, picture_panel
from flowlab.drawing.board_pictures import flow_panel, grey_panel, grey_rgb, map_panel, signed_panel
from flowlab.drawing.unknown import UNKNOWN_COLOUR
from flowlab.errors import ParameterError

PICTURE = np.zeros((30, 50, 3), np.uint8)


def test_a_picture_has_its_pixels_for_axes_and_is_not_distorted() -> None:
    panel = picture_panel("a", "A", PICTURE)
    assert (panel.x, panel.y) == ((-0.5, 49.5), (29.5, -0.5))  # y down
    assert panel.proportion == 50 / 30


def test_a_plot_has_the_proportion_it_is_given_else_that_of_its_axes() -> None:
    assert Panel("a", "A", (0, 4), (0, 2)).proportion == 2
    assert Panel("a", "A", (0, 4), (0, 2), aspect=1.5).proportion == 1.5


@pytest.mark.parametrize(
    ("kind", "given", "told"),
    [
        (Dot, {"x": 0.0, "y": 0.0, "ink": "pink"}, "pink"),
        (Dot, {"x": 0.0, "y": 0.0, "shape": "star"}, "star"),
        (Arrow, {"x": 0.0, "y": 0.0, "u": 1.0, "v": 1.0, "ink": ""}, "ink"),
        (Line, {"x": (0.0, 1.0), "y": (0.0,)}, "2 x and 1 y"),
        (Line, {"x": (), "y": ()}, "at least one"),
        (Line, {"x": (0.0,), "y": (0.0,), "dash": "wavy"}, "wavy"),
        (Panel, {"name": "a", "title": "A", "x": (1.0, 1.0), "y": (0.0, 1.0)}, "two different numbers"),
        (Panel, {"name": "a", "title": "A", "x": (0.0, 1.0), "y": (0.0, 1.0), "log_y": True}, "axis y"),
        (Panel, {"name": "a", "title": "A", "x": (0.0, float("nan")), "y": (0.0, 1.0)}, "axis x"),
        (Table, {"name": "a", "title": "A", "columns": (("x", "text"),), "rows": (Row(("1", "2")),)}, "give 1"),
        (Table, {"name": "a", "title": "A", "columns": (("x", "pink"),), "rows": ()}, "pink"),
        (Board, {"rows": ((picture_panel("a", "A", PICTURE), picture_panel("a", "B", PICTURE)),)}, "a name of its own"),
    ],
)
def test_what_could_not_be_drawn_is_refused(kind: Any, given: dict[str, Any], told: str) -> None:
    with pytest.raises(ParameterError, match=told):
        kind(**given)


def test_grey_levels_are_shown_as_they_are_and_the_unknown_in_the_middle() -> None:
    plane = np.array([[0.0, 127.6], [300.0, np.nan]], np.float32)
    assert grey_rgb(plane)[..., 0].tolist() == [[0, 128], [255, 128]]
    panel = grey_panel("a", "A", plane)
    assert panel.values is plane
    assert panel.unit == "grey levels"


def test_a_signed_picture_has_a_strip_from_minus_to_plus() -> None:
    panel = signed_panel("a", "A", np.array([[-9.0, 0.0, 9.0, np.nan]], np.float32), 5.0, unit="px")
    assert panel.strip is not None
    assert panel.strip.ends == ("-5", "0", "+5 px")
    assert panel.image is not None
    low, zero, high, unknown = panel.image[0]
    np.testing.assert_array_equal(low, panel.strip.sample[0, 0])
    np.testing.assert_array_equal(high, panel.strip.sample[0, -1])
    np.testing.assert_array_equal(unknown, UNKNOWN_COLOUR)
    assert zero.std() < 3  # neutral


def test_a_map_and_a_flow_bring_their_legends() -> None:
    panel = map_panel("a", "A", np.array([[0.0, 2.0]], np.float32), 2.0, unit="px")
    assert panel.strip is not None
    assert panel.image is not None
    np.testing.assert_array_equal(panel.image[0, 1], panel.strip.sample[0, -1])
    wheel = flow_panel("b", "B", np.zeros((4, 5, 2), np.float32), 3.0)
    assert wheel.value_names == ("u", "v")
    assert wheel.strip is not None
    assert wheel.strip.ends == ("rim 3 px",)
