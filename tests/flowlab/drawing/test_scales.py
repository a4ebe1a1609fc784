"""Sequential colours: their ends, their fixed scale, the unknown; and scales that do not flicker."""

import math

import numpy as np
import pytest

from flowlab.drawing.scales import (
    ColourMap,
    colour_scale,
    colour_table,
    error_colours,
    magnitude_colours,
    nice_scale,
    residual_colours,
)
from flowlab.drawing.unknown import UNKNOWN_COLOUR
from flowlab.errors import ParameterError

# As published with the maps.
ENDS = {
    ColourMap.SPEED: ((68, 1, 84), (253, 231, 37)),
    ColourMap.RESIDUAL: ((0, 0, 4), (252, 253, 191)),
    ColourMap.ERROR: ((255, 245, 235), (127, 39, 4)),
}


@pytest.mark.parametrize("colour_map", ColourMap)
def test_tables_start_and_end_as_published_red_first(colour_map: ColourMap) -> None:
    table = colour_table(colour_map)
    assert table.shape == (256, 3)
    assert (tuple(table[0].tolist()), tuple(table[-1].tolist())) == ENDS[colour_map]


@pytest.mark.parametrize("colour_map", ColourMap)
def test_lightness_only_rises_or_only_falls_so_that_order_shows_without_hue(colour_map: ColourMap) -> None:
    lightness = colour_table(colour_map) @ np.array([0.299, 0.587, 0.114])
    steps = np.diff(lightness) * np.sign(lightness[-1] - lightness[0])
    assert steps.min() > -0.5  # the tables are rounded to whole levels
    assert steps.sum() > 150


def test_only_the_error_map_is_light_where_there_is_nothing() -> None:
    assert [m for m in ColourMap if colour_table(m)[0].min() > 200] == [ColourMap.ERROR]


def test_the_middle_of_the_error_map_is_the_fifth_published_orange() -> None:
    assert np.abs(colour_table(ColourMap.ERROR)[[127, 128]].astype(int) - (253, 141, 60)).max() <= 2


@pytest.mark.parametrize("colour_map", ColourMap)
def test_no_value_has_a_colour_near_that_of_the_unknown(colour_map: ColourMap) -> None:
    assert np.abs(colour_table(colour_map).astype(int) - UNKNOWN_COLOUR).max(axis=1).min() > 60


def test_a_table_cannot_be_changed_by_accident() -> None:
    with pytest.raises(ValueError, match="read-only"):
        colour_table(ColourMap.SPEED)[0] = 0


def test_speed_runs_from_the_first_colour_to_the_last_and_stays_there() -> None:
    table = colour_table(ColourMap.SPEED)
    flow = np.array([[[0, 0], [3, -4], [0, 10], [-60, 80], [1e12, 0]]], np.float32)
    drawn = magnitude_colours(flow, 10)[0]
    expected = table[[0, 128, 255, 255, 255]]
    np.testing.assert_array_equal(drawn, expected)


def test_speed_may_be_given_as_such() -> None:
    flow = np.random.default_rng(0).normal(0, 4, (6, 9, 2)).astype(np.float32)
    speed = np.hypot(flow[..., 0], flow[..., 1])
    np.testing.assert_array_equal(magnitude_colours(speed, 7), magnitude_colours(flow, 7))


def test_a_fixed_scale_gives_the_same_colour_whatever_else_moves() -> None:
    slow = np.full((3, 5), 2, np.float32)
    fast = slow.copy()
    fast[2, 4] = 300
    np.testing.assert_array_equal(magnitude_colours(slow, 8)[:2], magnitude_colours(fast, 8)[:2])


def test_a_residual_counts_alike_in_both_directions() -> None:
    residual = np.array([[-25, 25, 0, -50, 400, -1e12]], np.float32)
    expected = colour_table(ColourMap.RESIDUAL)[[128, 128, 0, 255, 255, 255]]
    np.testing.assert_array_equal(residual_colours(residual, 50)[0], expected)


def test_an_error_runs_from_paper_to_the_darkest_orange_and_stays_there() -> None:
    error = np.array([[0, 1, 2, 50, 1e12]], np.float64)
    expected = colour_table(ColourMap.ERROR)[[0, 128, 255, 255, 255]]
    np.testing.assert_array_equal(error_colours(error, 2)[0], expected)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_unknown_values_have_the_neutral_colour(bad: float) -> None:
    values = np.full((3, 5), 4, np.float32)
    values[1, 3] = bad
    for drawn in (magnitude_colours(values, 8), residual_colours(values, 8), error_colours(values, 8)):
        assert tuple(drawn[1, 3].tolist()) == UNKNOWN_COLOUR
        assert np.argwhere((drawn == UNKNOWN_COLOUR).all(axis=2)).tolist() == [[1, 3]]


def test_values_of_another_shape_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"the flow has shape \(3, 4, 3\)"):
        magnitude_colours(np.zeros((3, 4, 3), np.float32), 8)
    with pytest.raises(ParameterError, match=r"the values have shape \(3, 4, 2\): give \(height, width\)"):
        residual_colours(np.zeros((3, 4, 2), np.float32), 8)


@pytest.mark.parametrize("scale", [0, -1, math.nan, math.inf])
def test_a_scale_that_is_no_positive_number_is_refused(scale: float) -> None:
    with pytest.raises(ParameterError, match=r"scale is .*\(px\)"):
        magnitude_colours(np.zeros((3, 4), np.float32), scale)
    with pytest.raises(ParameterError, match=r"scale is .*\(px\)"):
        error_colours(np.zeros((3, 4), np.float32), scale)
    with pytest.raises(ParameterError, match=r"scale is .*\(grey levels\)"):
        residual_colours(np.zeros((3, 4), np.float32), scale)


@pytest.mark.parametrize("colour_map", ColourMap)
def test_the_legend_runs_from_zero_on_the_left_to_the_scale_on_the_right(colour_map: ColourMap) -> None:
    strip = colour_scale(colour_map, 90, 12)
    assert strip.shape == (12, 90, 3)
    assert (strip == strip[0]).all()
    assert (tuple(strip[0, 0].tolist()), tuple(strip[0, -1].tolist())) == ENDS[colour_map]


def test_the_legend_has_the_colours_of_the_picture() -> None:
    ramp = np.linspace(0, 8, 256, dtype=np.float32)[None]
    np.testing.assert_array_equal(colour_scale(ColourMap.SPEED, 256, 1), magnitude_colours(ramp, 8))


@pytest.mark.parametrize(("length", "thickness", "what"), [(1, 5, "length is 1"), (9, 0, "thickness is 0")])
def test_a_legend_without_extent_is_refused(length: int, thickness: int, what: str) -> None:
    with pytest.raises(ParameterError, match=what):
        colour_scale(ColourMap.SPEED, length, thickness)


@pytest.mark.parametrize(
    ("value", "scale"),
    [
        (0, 0.5),
        (0.3, 0.5),
        (0.5, 0.5),
        (0.51, 1),
        (1, 1),
        (1.01, 2),
        (2, 2),
        (3.3, 5),
        (2.1, 3),
        (5.2, 10),
        (10, 10),
        (11, 20),
        (49.9, 50),
        (99, 100),
        (101, 200),
        (12345, 20000),
        (math.nan, 0.5),
    ],
)
def test_scales_are_rounded_up_in_steps_of_1_2_3_5(value: float, scale: float) -> None:
    assert nice_scale(value) == scale


def test_the_last_digit_of_a_float32_does_not_lift_the_scale() -> None:
    assert nice_scale(float(np.nextafter(np.float32(5), np.float32(6)))) == 5


def test_the_smallest_scale_can_be_chosen() -> None:
    assert nice_scale(0.0012, smallest=0.001) == 0.002
    assert nice_scale(3, smallest=10) == 10


@pytest.mark.parametrize("value", [-1, math.inf, -math.inf])
def test_nothing_is_scaled_to_a_negative_or_infinite_value(value: float) -> None:
    with pytest.raises(ParameterError, match="give a number of 0 or more"):
        nice_scale(value)
