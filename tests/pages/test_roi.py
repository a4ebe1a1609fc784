"""The box to track and the tracked region, as the picture gets them and gives them back."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
import pytest

from flowlab.core.clip import ClipInfo
from flowlab.core.region import Box
from flowlab.drawing.region_colours import STATE_COLOURS
from flowlab.tracking.affine.region_track import RegionTrack, joined, row
from flowlab.tracking.affine.states import State
from pages.shared import roi
from pages.shared.picture import _checked
from pages.shared.region_shown import RegionShown, region_shown
from pages.shared.roi import draw_roi, read_roi, roi_on_picture, to_clip, to_working

USUAL = Box(10, 20, 30, 40)


def clip(width: int = 640, height: int = 360, source: tuple[int, int] = (0, 0)) -> ClipInfo:
    return ClipInfo("clip", "video", width, height, Fraction(25), 10, "hash", source_width=source[0],
                    source_height=source[1])  # fmt: skip


@pytest.fixture
def address(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Give what the address holds."""
    held: dict[str, str] = {}
    monkeypatch.setattr(roi, "text", lambda name: held.get(name, ""))
    monkeypatch.setattr(roi, "set_text", held.__setitem__)
    yield held


# --- the box in the address -----------------------------------------------------------------------


def test_without_a_box_in_the_address_there_is_the_usual_one(address: dict[str, str]) -> None:
    assert read_roi(clip(), USUAL) == (USUAL, None)
    assert read_roi(clip(), None) == (None, None)


@pytest.mark.parametrize(
    ("held", "box", "told"),
    [
        ("100,60,80,50", Box(100, 60, 80, 50), None),
        ("100.5,60.25,80,50", Box(100.5, 60.25, 80, 50), None),
        ("600,340,80,50", Box(600, 340, 40, 20), "the box 600,340,80,50 reaches outside the 640x360 picture"),
        ("-10,-5,40,30", Box(0, 0, 30, 25), "its part inside, 0,0,30,25, is used"),
        ("635,10,80,50", USUAL, "the part inside the picture of the box 635,10,80,50 is 5x50 pixels"),
        ("640,10,80,50", USUAL, "the box 640,10,80,50 lies outside the 640x360 picture: draw it inside"),
        ("10,10,7.9,50", USUAL, "the box 10,10,7.9,50 is 7.9x50 pixels: draw one of at least 8x8"),
        ("10,10,0,50", USUAL, "the box is 0 by 50 pixels"),
        ("1,2,3", USUAL, "the box is ‘1,2,3’: give x,y,w,h in pixels"),
        ("nan,2,30,30", USUAL, "the box is ‘nan,2,30,30’"),
        ("<b>,2,30,30", USUAL, "the box is ‘<b>,2,30,30’"),
        ("1e300,2,30,30", USUAL, "the box is ‘1e300,2,30,30’"),
    ],
)
def test_a_box_that_does_not_fit_is_said(address: dict[str, str], held: str, box: Box, told: str | None) -> None:
    address["a_roi"] = held
    found, refused = read_roi(clip(), USUAL)
    assert found == box
    assert (refused is None) if told is None else (refused is not None and told in refused)


def test_a_box_too_small_for_the_working_width_is_said_in_pixels_of_the_clip(address: dict[str, str]) -> None:
    scaled = clip(320, 180, source=(1280, 720))
    address["a_roi"] = "100,100,32,32"
    assert read_roi(scaled, None) == (Box(100, 100, 32, 32), None)
    address["a_roi"] = "100,100,31,40"
    assert read_roi(scaled, USUAL) == (USUAL, "the box 100,100,31,40 is 31x40 pixels: draw one of at least 32x32")


@pytest.mark.parametrize("source", [(0, 0), (1280, 720), (1707, 959), (641, 361)])
def test_what_is_drawn_comes_back_to_the_pixel(address: dict[str, str], source: tuple[int, int]) -> None:
    info = clip(source=source)
    take = draw_roi(info)
    for drawn in ((0, 0, 8, 8), (37, 113, 74, 91), (101, 3, 333, 201), (632, 352, 8, 8), (0, 0, 640, 360)):
        take("box", drawn)
        box, refused = read_roi(info, None)
        assert refused is None and box is not None
        assert roi_on_picture(box, info) == drawn
        assert to_working(box, info) == Box(*drawn)
    take("box", ())
    assert read_roi(info, None) == (None, None) and roi_on_picture(None, info) is None


def test_a_typed_box_keeps_its_fractions() -> None:
    box = Box(10.5, 20.25, 30, 40)
    assert to_working(box, clip()) == box
    scaled = clip(source=(1280, 720))
    assert to_working(box, scaled) == Box(5.25, 10.125, 15, 20)
    assert to_clip(to_working(box, scaled), scaled) == box


def test_other_drawings_are_handed_on(address: dict[str, str]) -> None:
    seen: list[tuple[str, tuple[float, ...]]] = []
    take = draw_roi(clip(), lambda what, numbers: seen.append((what, numbers)))
    take("ruler", (1, 2, 3, 4))
    take("box", (1, 2, 30, 40))
    draw_roi(clip())("ruler", (1, 2, 3, 4))
    assert seen == [("ruler", (1, 2, 3, 4))] and address == {"a_roi": "1,2,30,40"}


# --- what the browser sends -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sent", "numbers"),
    [
        ([10, 20, 30, 40], (10, 20, 30, 40)),
        ([-5, -5, 20, 30], (0, 0, 15, 25)),
        ([300, 170, 900, 900], (300, 170, 20, 10)),
        ([], ()),
        ([10, 20, 7, 40], None),
        ([315, 20, 30, 40], None),
        ([10, 20, -30, -40], None),
        ([10, 20, 30], None),
        ([10, 20, 30, 40, 50], None),
        (["10", 20, 30, 40], None),
        ([10, 20, 30, None], None),
        ([float("nan"), 20, 30, 40], None),
        ([10, 20, float("inf"), 40], None),
        ([10**400, 20, 30, 40], None),
        ({"x": 10}, None),
        ("10,20,30,40", None),
        (None, None),
    ],
)
def test_a_box_from_the_browser_is_clipped_or_dropped(sent: object, numbers: tuple[float, ...] | None) -> None:
    assert _checked("box", sent, 320, 180) == numbers


# --- a tracked region -----------------------------------------------------------------------------


def track(*states: State) -> RegionTrack:
    """Return a region of 41x21 px, turned by 90 degrees, that moves right by 2 px a frame from frame 5 on."""
    warps = [np.array([(0, -1, 100 + 2 * n), (1, 0, 50), (0, 0, 1.0)]) for n in range(len(states))]
    return joined(
        [row(5 + n, state, warp, (41, 21)) for n, (state, warp) in enumerate(zip(states, warps, strict=True))]
    )


def test_a_region_has_its_corners_axes_trail_and_state() -> None:
    found = region_shown(track(State.KEYFRAME, State.TRACKED, State.LOST, State.OCCLUDED), 8, name="car")
    assert found == RegionShown(
        name="car occluded",
        quad=((116, 30), (116, 70), (96, 70), (96, 30)),
        axes=((106, 50), (106, 70), (96, 50)),
        trail=((100, 50), (102, 50), None, None),
        state="occluded",
    )
    assert found.to_data()["colour"] == STATE_COLOURS["occluded"]


def test_the_trail_ends_at_the_frame_and_is_as_long_as_asked_for() -> None:
    tracked = track(*[State.TRACKED] * 6)
    now = region_shown(tracked, 8, trail=2)
    assert now is not None and now.trail == ((104, 50), (106, 50)) and now.name == ""
    without = region_shown(tracked, 8, trail=0)
    assert without is not None and without.trail == ()
    assert region_shown(tracked, 4) is None and region_shown(tracked, 11) is None


def test_a_perspective_axis_ends_in_the_middle_of_the_side_as_the_template_knows_it() -> None:
    warp = np.array([(1, 0, 50), (0, 1, 40), (0.01, 0, 1.0)])
    shown = region_shown(row(0, State.TRACKED, warp, (21, 11)), 0)
    assert shown is not None and shown.axes is not None
    assert shown.axes[1] == pytest.approx((60 / 1.1, 40 / 1.1), abs=0.01)


def test_what_is_nowhere_is_not_shown() -> None:
    assert region_shown(row(0, State.LOST, np.full((3, 3), np.nan), (21, 11)), 0) is None
    beyond = np.array([(1, 0, 50), (0, 1, 40), (0.1, 0, 1.0)])  # the left edge lies at infinity
    with np.errstate(divide="ignore", invalid="ignore"):
        assert region_shown(row(0, State.TRACKED, beyond, (21, 11)), 0) is None
    square = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
    with pytest.raises(ValueError, match="the state is 'gone'"):
        RegionShown("a", square, state="gone")
    with pytest.raises(ValueError, match="not finite"):
        RegionShown("a", square, trail=((float("nan"), 0.0),))
