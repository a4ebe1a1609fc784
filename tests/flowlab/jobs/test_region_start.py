"""Where a region begins that nobody has drawn: on what the clip knows of, inside it, and always somewhere."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.core.clip import ClipInfo
from flowlab.core.region import Box
from flowlab.core.truth import SceneObject
from flowlab.errors import FlowFileError
from flowlab.jobs.clips import open_clip
from flowlab.jobs.region_start import first_box

INFO = ClipInfo("clip", "video", 90, 60, Fraction(25), 10, "hash")
MIDDLE = Box(30, 20, 30, 20)


class Plain:
    info = INFO


class Known(Plain):
    """A clip that knows where one thing is."""

    truth_note = ""

    def __init__(self, *boxes: tuple[float, ...]) -> None:
        self.boxes = np.array(boxes)
        self.keyframes: dict[int, Box] = {}


class Scene(Plain):
    """A clip that knows its objects."""

    def __init__(self, *things: SceneObject) -> None:
        self.things = things

    def objects(self, index: int) -> tuple[SceneObject, ...]:
        return self.things

    flow = backward_flow = occlusion = objects


def start(clip: Any, frame: int = 0) -> Box:
    return first_box(clip, frame)


def square(side: float, degrees: float, x: float = 45, y: float = 30) -> NDArray[np.float64]:
    """Return the corners of a turned square about a place."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) * side / 2 @ turn.T + (x, y)


def test_it_is_the_true_box_of_the_frame() -> None:
    clip = Known((10, 12, 20, 16), (13, 12, 20, 16))
    assert start(clip) == Box(10, 12, 20, 16)
    assert start(clip, 1) == Box(13, 12, 20, 16)


def test_of_a_true_box_that_reaches_out_it_is_the_part_in_the_picture() -> None:
    assert start(Known((-5, 50, 30, 40))) == Box(0, 50, 25, 10)


@pytest.mark.parametrize("box", [(np.nan,) * 4, (200, 10, 20, 20), (84, 10, 20, 20), (10, 10, 3, 3)])
def test_without_a_true_box_that_can_be_followed_it_is_the_middle_third(box: tuple[float, ...]) -> None:
    assert start(Known(box)) == MIDDLE


def test_a_clip_that_knows_nothing_begins_in_its_middle() -> None:
    assert start(Plain()) == start(Scene()) == MIDDLE


def test_in_an_upright_square_it_leaves_a_margin_on_every_side() -> None:
    box = start(Scene(SceneObject.flat("square", square(40, 0))))
    assert box.w == box.h == pytest.approx(0.92 * 41, abs=1)
    assert (box.x + (box.w - 1) / 2, box.y + (box.h - 1) / 2) == pytest.approx((45, 30), abs=0.5)


@pytest.mark.parametrize("degrees", [10, 30, 45, 80])
def test_in_a_turned_square_all_corners_lie_inside_and_it_is_as_large_as_fits(degrees: float) -> None:
    # The upright square inside a square turned by t has 1 / (cos t + sin t) of its side.
    box = start(Scene(SceneObject.flat("square", square(44, degrees))))
    angle = np.radians(degrees)
    assert box.w == pytest.approx(0.92 * 44 / (np.cos(angle) + np.sin(angle)), abs=1.5)


def test_in_what_is_not_flat_it_is_in_the_middle_of_its_box() -> None:
    box = start(Scene(SceneObject("ball", (20, 10, 40, 40))))
    assert box.w == box.h == pytest.approx(40 / np.sqrt(2), abs=1)
    assert box.x + (box.w - 1) / 2 == pytest.approx(39.5, abs=0.6)


def test_what_is_too_small_is_passed_over_and_what_is_seen_whole_comes_first() -> None:
    small, cut, whole = (SceneObject("thing", box) for box in ((5, 5, 6, 6), (-30, 5, 60, 40), (50, 10, 30, 30)))
    assert start(Scene(small, cut, whole)).x > 50
    assert start(Scene(small, cut)).x == 0
    assert start(Scene(small)) == MIDDLE


def test_a_truth_that_cannot_be_told_leaves_the_middle() -> None:
    class Spoilt(Scene):
        def objects(self, index: int) -> tuple[SceneObject, ...]:
            raise FlowFileError("the truth is damaged: fetch it again")

    assert start(Spoilt()) == MIDDLE


def test_on_the_poster_it_lies_on_the_poster() -> None:
    clip = open_clip("scene:planar")
    box = first_box(clip, 0)
    (poster,) = clip.objects(0)  # type: ignore[attr-defined]
    edges = np.roll(poster.quad, -1, axis=0) - poster.quad
    for x in (box.x, box.x + box.w - 1):
        for y in (box.y, box.y + box.h - 1):
            away = np.array([x, y]) - poster.quad
            assert (edges[:, 0] * away[:, 1] - edges[:, 1] * away[:, 0] > 0).all()
    assert box.w * box.h > 0.25 * poster.box[2] * poster.box[3]
