"""What a browser gets of points, and what it may send back."""

import base64

import numpy as np
import pytest

from pages.shared.picture import _checked
from pages.shared.points_under import PointsUnder, Told, checked_pick

HOSTILE = (
    ["x"], [1e99], [-1], [1, 2], [10**400], [1 << 24], [2.5], [3.0], [True], [None], [[3]], [float("nan")],
    "3", 3, {"0": 3}, None, (3,),
)  # fmt: skip


@pytest.mark.parametrize("sent", HOSTILE, ids=lambda sent: repr(sent)[:20])
def test_what_is_no_track_is_ignored(sent: object) -> None:
    assert _checked("pick", sent, 320, 180) is None
    assert checked_pick(sent) is None


def test_a_pick_is_one_track_or_none() -> None:
    assert _checked("pick", [0], 320, 180) == (0,)
    assert _checked("pick", [(1 << 24) - 1], 320, 180) == ((1 << 24) - 1,)
    assert _checked("pick", [], 320, 180) == ()


@pytest.mark.parametrize("what", ["probe", "region", "exclude", "line", "ruler"])
def test_what_a_tool_does_not_send_is_ignored(what: str) -> None:
    for sent in (["x"] * 4, [1, 2, 3], [float("inf")] * 4, [float("nan")] * 2, "1234", None, {"x": 1}):
        assert _checked(what, sent, 320, 180) is None
    assert _checked(what, [], 320, 180) == ()


def test_numbers_of_any_size_end_at_the_edge_of_the_picture() -> None:
    assert _checked("probe", [10**400, -(10**400)], 320, 180) == (319, 0)
    assert _checked("region", [-(10**400), 5, 2 * 10**400, 10**400], 320, 180) == (0, 5, 320, 175)


def test_points_travel_as_float32_rows_with_what_is_told_of_them() -> None:
    numbers = np.array([[42, 10.5, 20.25, 1.5, np.nan], [(1 << 24) - 1, 0, 0, -3, 0.5]], np.float64)
    points = PointsUnder(numbers.astype(np.float32), (Told("u", signed=True),), (Told("fb", 3, "px"),), picked=42)
    data = points.to_data()
    values = np.frombuffer(base64.b64decode(data["values"]), "<f4").reshape(-1, data["columns"])
    np.testing.assert_array_equal(values, numbers)
    assert data["picked"] == 42
    assert [told["name"] for told in data["beside"] + data["beneath"]] == ["u", "fb"]


def test_no_points_are_points_too() -> None:
    assert PointsUnder(np.empty((0, 3), np.float32)).to_data()["values"] == ""


@pytest.mark.parametrize("shape", [(4, 3), (4, 5), (4,), (0,)])
def test_numbers_without_words_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"give \(N, 4\)"):
        PointsUnder(np.zeros(shape, np.float32), (Told("u"),))
