"""Regions, lines and profiles: which pixels count, in pixels of the clip whatever the working width."""

import numpy as np
import pytest

from flowlab.core.region import Box, Line, Selection, numbers, profile, written
from flowlab.errors import ParameterError


def test_a_box_holds_the_pixels_from_its_first_column_and_row_on() -> None:
    mask = Box(3, 1, 4, 2).mask(6, 10)
    expected = np.zeros((6, 10), bool)
    expected[1:3, 3:7] = True
    np.testing.assert_array_equal(mask, expected)


def test_a_box_of_the_clip_covers_the_same_part_at_half_the_width() -> None:
    # Clip pixels 8..15 and 4..7 are working pixels 4..7 and 2..3 at half size.
    mask = Box(8, 4, 8, 4).mask(6, 12, (2.0, 2.0))
    expected = np.zeros((6, 12), bool)
    expected[2:4, 4:8] = True
    np.testing.assert_array_equal(mask, expected)


def test_excluded_areas_are_taken_out_of_the_region() -> None:
    mask = Selection(Box(1, 1, 6, 3), (Box(2, 0, 2, 3), Box(6, 3, 9, 9))).mask(5, 9)
    expected = np.zeros((5, 9), bool)
    expected[1:4, 1:7] = True
    expected[1:3, 2:4] = False
    expected[3, 6] = False
    np.testing.assert_array_equal(mask, expected)
    assert Selection().is_all and Selection().mask(5, 9).all()
    assert not Selection(excluded=(Box(0, 0, 1, 1),)).is_all


def test_text_goes_there_and_back() -> None:
    for box in (Box(3, 1, 4, 2), Box(0.5, 12.25, 100, 1)):
        assert Box.parse(str(box)) == box
    assert str(Box.parse(" 3, 1,4 ,2")) == "3,1,4,2"
    assert Line.parse(str(Line(0, 1.5, 30, 4))) == Line(0, 1.5, 30, 4)
    assert written((0.1 + 0.2, -0.001, 7.0)) == "0.3,0,7"


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,nan,4", "1,2,inf,4", "1,2,1e9,4", "../../x"]
)
def test_what_is_no_four_numbers_is_refused_in_words(text: str) -> None:
    with pytest.raises(ParameterError, match=r"the region is ‘.*’: give x,y,w,h in pixels, such as 100,60,200,120"):
        Box.parse(text)
    with pytest.raises(ParameterError, match="the line is"):
        Line.parse(text)


def test_points_are_two_numbers() -> None:
    assert numbers("12,34.5", 2, "the probe", "x,y") == (12, 34.5)
    with pytest.raises(ParameterError, match="the probe is ‘12’: give x,y in pixels, such as 320,180"):
        numbers("12", 2, "the probe", "x,y")


@pytest.mark.parametrize("text", ["5,5,0,10", "5,5,10,0", "5,5,-3,4", "5,5,0.5,4"])
def test_a_box_without_size_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="draw one that is at least 1 by 1"):
        Box.parse(text)


def test_a_region_outside_the_picture_is_refused_with_the_pictures_own_size() -> None:
    with pytest.raises(ParameterError, match="the region 700,10,50,50 holds no pixel of the 640x360 picture"):
        Selection(Box(700, 10, 50, 50)).mask(180, 320, (2.0, 2.0))
    with pytest.raises(ParameterError, match="leave no pixel"):
        Selection(Box(2, 2, 3, 3), (Box(0, 0, 9, 9),)).mask(10, 10)


def test_thousands_of_areas_in_a_link_are_refused() -> None:
    box = Box(0, 0, 1, 1)
    assert Selection(excluded=(box,) * 50).mask(4, 5).sum() == 19
    with pytest.raises(ParameterError, match="51 areas are left out: give at most 50"):
        Selection(excluded=(box,) * 51)


def test_a_line_of_no_length_is_refused() -> None:
    with pytest.raises(ParameterError, match="the line is 0 pixels long"):
        Line(3, 4, 3, 4)


def linear_flow(height: int, width: int) -> np.ndarray:
    """Return u = 2 x - y, v = 0.5 x + 3 y, which bilinear reading reproduces exactly."""
    y, x = np.mgrid[:height, :width]
    return np.stack([2 * x - y, 0.5 * x + 3 * y], axis=-1).astype(np.float32)


def test_a_profile_of_a_linear_field_is_exact_at_every_point() -> None:
    read = profile(linear_flow(40, 60), Line(5, 3, 35, 25))
    share = read.distance / read.distance[-1]
    x, y = 5 + 30 * share, 3 + 22 * share
    assert read.distance[-1] == pytest.approx(np.hypot(30, 22))
    assert len(read.distance) == 39  # once a pixel, both ends
    np.testing.assert_allclose(read.u, 2 * x - y, atol=1e-4)
    np.testing.assert_allclose(read.v, 0.5 * x + 3 * y, atol=1e-4)


def test_a_profile_at_half_the_width_reads_the_same_places() -> None:
    # Working pixel X shows clip position 2 X + 0.5.
    read = profile(linear_flow(40, 60), Line(10.5, 6.5, 70.5, 50.5), (2.0, 2.0))
    share = read.distance / read.distance[-1]
    np.testing.assert_allclose(read.u, 2 * (5 + 30 * share) - (3 + 22 * share), atol=1e-4)
    assert read.distance[-1] == pytest.approx(np.hypot(60, 44))


def test_only_the_part_in_the_picture_is_read_and_the_unknown_stays_unknown() -> None:
    flow = linear_flow(20, 30)
    flow[:, 10] = np.nan
    read = profile(flow, Line(-5, 10, 34, 10))
    x = -5 + read.distance
    np.testing.assert_allclose(x, np.arange(30), atol=1e-9)  # the part inside, counted from the line's start
    unknown = np.isnan(read.u)
    assert unknown[10]
    assert not unknown[np.abs(x - 10) > 1.01].any()  # what an unknown pixel touches is unknown
    with pytest.raises(ParameterError, match="the line 100,1,120,9 lies outside the picture"):
        profile(flow, Line(100, 1, 120, 9))


def test_a_line_far_beyond_the_picture_costs_no_memory() -> None:
    read = profile(linear_flow(20, 30), Line(-1e6, 10, 1e6, 10))
    assert len(read.distance) == 30
    assert read.distance[0] == pytest.approx(1e6)
