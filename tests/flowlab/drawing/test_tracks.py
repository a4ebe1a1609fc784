"""Tracks drawn into pixels: where the ink is, in which colour, and what must leave the picture alone."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.drawing.scales import ColourMap, colour_table
from flowlab.drawing.tracks import draw_tracks, track_colours, value_colours
from flowlab.drawing.unknown import UNKNOWN_COLOUR
from flowlab.errors import ParameterError

HEIGHT, WIDTH, LIGHT = 61, 101, 230
GREEN = (20, 220, 60)


def light_picture() -> NDArray[np.uint8]:
    return np.full((HEIGHT, WIDTH, 3), LIGHT, np.uint8)


def draw(xy: Any, picture: NDArray[np.uint8] | None = None, **options: Any) -> NDArray[np.uint8]:
    """Return green points on a light picture."""
    colours = np.tile(np.array(GREEN, np.uint8), (len(xy), 1))
    return draw_tracks(light_picture() if picture is None else picture, xy, colours, **options)


def ink(drawn: NDArray[np.uint8]) -> Any:
    """Return how much each pixel differs from the light picture, (H, W)."""
    return np.abs(drawn.astype(np.float64) - LIGHT).sum(axis=2)


def centroid(weight: NDArray[Any]) -> tuple[float, float]:
    """Return the mean (x, y) of a weight, pixels."""
    y, x = np.indices(weight.shape)
    return float((x * weight).sum() / weight.sum()), float((y * weight).sum() / weight.sum())


def box(weight: NDArray[Any]) -> tuple[int, int, int, int]:
    """Return first and last column, first and last row of what is drawn."""
    rows, columns = np.nonzero(weight)
    return int(columns.min()), int(columns.max()), int(rows.min()), int(rows.max())


# --- colours ------------------------------------------------------------------------------------


def test_a_track_keeps_its_colour_whatever_the_others() -> None:
    many = track_colours(np.arange(400))
    np.testing.assert_array_equal(track_colours([7, 399, 0]), many[[7, 399, 0]])
    assert many.shape == (400, 3) and many.dtype == np.uint8


def test_tracks_of_neighbouring_numbers_differ_and_all_colours_stand_out_from_black_rims() -> None:
    colours = track_colours(np.arange(55))
    assert len({*map(tuple, colours.tolist())}) == 55
    lab = cv2.cvtColor(colours[None].astype(np.float32) / 255, cv2.COLOR_RGB2Lab)[0]
    for apart, difference in ((1, 50), (2, 40), (3, 20)):
        assert np.linalg.norm(lab[apart:] - lab[:-apart], axis=1).min() > difference
    assert (colours @ np.array([0.299, 0.587, 0.114])).min() > 100


def test_no_tracks_have_no_colours_and_names_must_be_whole_numbers() -> None:
    assert track_colours([]).shape == (0, 3)
    with pytest.raises(ParameterError, match=r"the tracks are float64 of shape \(2,\): give whole numbers"):
        track_colours([0.5, 1.0])
    with pytest.raises(ParameterError, match="whole numbers"):
        track_colours(np.zeros((2, 2), int))


def test_values_have_the_colours_of_their_map_on_a_fixed_scale() -> None:
    drawn = value_colours([0, 2, 4, 99, -1, np.nan, np.inf], 4, ColourMap.ERROR)
    table = colour_table(ColourMap.ERROR)
    np.testing.assert_array_equal(drawn[:5], table[[0, 128, 255, 255, 0]])
    np.testing.assert_array_equal(drawn[5:], [UNKNOWN_COLOUR] * 2)
    np.testing.assert_array_equal(value_colours([4], 4), colour_table(ColourMap.SPEED)[[255]])
    assert value_colours([], 4).shape == (0, 3)


def test_values_that_cannot_be_coloured_are_refused() -> None:
    with pytest.raises(ParameterError, match="scale is 0"):
        value_colours([1], 0)
    with pytest.raises(ParameterError, match=r"the values have shape \(2, 2\): give a list of numbers"):
        value_colours(np.zeros((2, 2)), 1)


# --- points -------------------------------------------------------------------------------------


@pytest.mark.parametrize("magnify", [1, 2, 3])
@pytest.mark.parametrize(("x", "y"), [(70, 20), (70.25, 20.5), (30.8, 40.3)])
def test_a_point_is_drawn_where_it_is(x: float, y: float, magnify: int) -> None:
    drawn = draw([(x, y)], magnify=magnify)
    assert drawn.shape == (magnify * HEIGHT, magnify * WIDTH, 3) and drawn.dtype == np.uint8
    place = ((x + 0.5) * magnify - 0.5, (y + 0.5) * magnify - 0.5)
    np.testing.assert_allclose(centroid(ink(drawn)), place, atol=0.1)
    green = np.maximum(drawn[..., 1].astype(float) - drawn[..., 0], 0)
    np.testing.assert_allclose(centroid(green), place, atol=0.1)


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_point_has_its_colour_and_a_rim_that_sets_it_off(level: int) -> None:
    drawn = draw([(50, 30)], np.full((HEIGHT, WIDTH, 3), level, np.uint8))
    assert tuple(drawn[30, 50]) == GREEN
    grey = drawn @ np.array([0.299, 0.587, 0.114])
    assert grey[30, 50] - grey[30, 44:57].min() > 50


def test_what_has_no_ink_over_it_is_the_picture_itself() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    before = picture.copy()
    drawn = draw([(50, 30)], picture)
    np.testing.assert_array_equal(picture, before)
    far = np.ones((HEIGHT, WIDTH), bool)
    far[25:36, 45:56] = False
    np.testing.assert_array_equal(drawn[far], picture[far])


def test_nothing_to_draw_gives_the_picture_in_memory_of_its_own() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    nothing = np.zeros((0, 2), np.float32)
    for trails in (None, np.zeros((0, 5, 2), np.float32)):
        drawn = draw(nothing, picture, trails=trails, ended=nothing, outline=nothing)
        np.testing.assert_array_equal(drawn, picture)
        assert not np.shares_memory(drawn, picture)


@pytest.mark.parametrize("lost", [(np.nan, 20), (20, np.inf), (-500, 20), (1e30, -1e30), (WIDTH + 50, HEIGHT + 50)])
def test_what_is_unknown_or_outside_draws_nothing(lost: tuple[float, float]) -> None:
    trails = np.tile(np.array(lost, np.float32), (1, 4, 1))
    drawn = draw([lost], trails=trails, ended=[lost], outline=[lost, lost], selected=0)
    np.testing.assert_array_equal(drawn, light_picture())


def test_colours_stay_with_their_points_when_others_are_unknown() -> None:
    colours = np.array([(250, 0, 0), (0, 250, 0), (0, 0, 250)], np.uint8)
    drawn = draw_tracks(light_picture(), [(20, 10), (np.nan, 5), (80, 50)], colours)
    assert tuple(drawn[10, 20]) == (250, 0, 0) and tuple(drawn[50, 80]) == (0, 0, 250)


# --- trails -------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_itself", [False, True])
def test_a_trail_runs_from_its_oldest_position_to_its_point(with_itself: bool) -> None:
    x = np.arange(20, 61 if with_itself else 60, 10)
    trail = np.stack([x, np.full(len(x), 15)], axis=1)[None]
    drawn = draw([(60, 15)], trails=trail)
    first, last, top, bottom = box(ink(drawn))
    assert abs(first - 19) <= 1 and abs(last - 64) <= 1 and top >= 11 and bottom <= 19
    middle = drawn[15, 25:55].astype(int)
    assert (middle[:, 1] - middle[:, 0] > 100).all(), "green without a gap"
    assert ink(drawn)[14, 40] > 100 and ink(drawn)[12, 40] == 0, "a thin line with a rim"


def test_a_track_has_no_trail_from_before_it_existed() -> None:
    trail = np.full((1, 5, 2), np.nan, np.float32)
    trail[0, 3:] = [(40, 15), (50, 15)]
    first, last, _, _ = box(ink(draw([(60, 15)], trails=trail)))
    assert abs(first - 39) <= 1 and abs(last - 64) <= 1


def test_a_trail_beneath_its_own_point_changes_nothing() -> None:
    trail = 50 + 0.2 * np.random.default_rng(0).uniform(-1, 1, (1, 9, 2)) - [(0, 20)]
    np.testing.assert_array_equal(draw([(50, 30)], trails=trail), draw([(50, 30)]))


def test_a_trail_comes_in_from_outside_the_picture() -> None:
    drawn = draw([(50, 30)], trails=[[(-3000, 30), (-80, 30)]])
    assert (ink(drawn)[30, :48] > 0).all()


# --- what has the contrast colour ----------------------------------------------------------------


def orange(drawn: NDArray[np.uint8]) -> Any:
    """Return where a pixel is near the contrast colour."""
    return np.abs(drawn.astype(int) - (0xF0, 0x8A, 0x4B)).max(axis=2) < 50


@pytest.mark.parametrize("magnify", [1, 2])
def test_a_track_that_ended_is_a_cross(magnify: int) -> None:
    drawn = draw(np.zeros((0, 2)), ended=[(70, 20), (np.nan, 3)], magnify=magnify)
    place = (70.5 * magnify - 0.5, 20.5 * magnify - 0.5)
    np.testing.assert_allclose(centroid(ink(drawn)), place, atol=0.1)
    first, last, top, bottom = box(orange(drawn).astype(float))
    assert abs((last - first) - (bottom - top)) <= 1 and last - first > 3 * magnify


def test_the_selected_point_has_a_ring_around_it() -> None:
    drawn = draw([(20, 40), (70, 20)], selected=1)
    ring = orange(drawn)
    np.testing.assert_allclose(centroid(ring.astype(float)), (70, 20), atol=0.3)
    assert not ring[20, 70] and tuple(drawn[20, 70]) == GREEN and not ring[:, :50].any()


def test_the_outline_is_a_closed_line_through_its_corners() -> None:
    ring = orange(draw(np.zeros((0, 2)), outline=[(10, 5), (90, 5), (90, 50), (10, 50)]))
    assert ring[5, 11:90].all() and ring[50, 11:90].all() and ring[6:50, 10].all() and ring[6:50, 90].all()
    assert not ring[8:48, 13:88].any()


# --- what cannot be drawn -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"xy": np.zeros((2, 3))}, r"xy has shape \(2, 3\): give \(points, 2\), x before y"),
        ({"colours": np.zeros((3, 3), np.uint8)}, r"colours are uint8 of shape \(3, 3\): give uint8, \(2, 3\)"),
        ({"colours": np.zeros((2, 3))}, r"colours are float64"),
        ({"trails": np.zeros((3, 5, 2))}, r"trails has shape \(3, 5, 2\): give \(2, length, 2\)"),
        ({"ended": [1, 2, 3]}, r"ended has shape \(3,\)"),
        ({"outline": np.zeros((4, 3))}, r"outline has shape \(4, 3\)"),
        ({"selected": 2}, "selected is 2: give the index of one of 2 points, or None"),
        ({"selected": -1}, "selected is -1"),
        ({"magnify": 0}, "magnify is 0"),
        ({"magnify": 1.5}, "magnify is 1.5"),
        ({"picture": np.zeros((6, 7), np.uint8)}, r"the picture has shape \(6, 7\)"),
    ],
)
def test_what_does_not_fit_is_refused(wrong: dict[str, Any], what: str) -> None:
    given = {"picture": light_picture(), "xy": np.zeros((2, 2)), "colours": np.zeros((2, 3), np.uint8), **wrong}
    with pytest.raises(ParameterError, match=what):
        draw_tracks(given.pop("picture"), given.pop("xy"), given.pop("colours"), **given)
