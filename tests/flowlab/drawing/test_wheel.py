"""The flow's colours against the published table and a plain transcription of the published formula."""

import math

import numpy as np
import pytest

from flowlab.drawing.unknown import UNKNOWN_COLOUR
from flowlab.drawing.wheel import WHEEL, flow_colours, flow_wheel
from flowlab.errors import ParameterError


def colour_of(u: float, v: float, scale: float = 8.0) -> tuple[int, ...]:
    """Return the colour of one vector."""
    return tuple(flow_colours(np.array([[[u, v]]], np.float32), scale)[0, 0].tolist())


def published(u: float, v: float) -> list[int]:
    """Return the colour of one vector, in units of the scale, by the published formula, step by step."""
    radius = math.sqrt(u * u + v * v)
    angle = math.atan2(-v, -u) / math.pi
    place = (angle + 1) / 2 * (55 - 1)
    before = int(place)
    after = (before + 1) % 55
    share = place - before
    colour = []
    for channel in range(3):
        mixed = (1 - share) * WHEEL[before][channel] / 255 + share * WHEEL[after][channel] / 255
        mixed = 1 - radius * (1 - mixed) if radius <= 1 else 0.75 * mixed
        colour.append(int(255 * mixed))
    return colour


@pytest.mark.parametrize(
    ("entry", "colour"),
    [
        (0, (255, 0, 0)),
        (1, (255, 17, 0)),
        (14, (255, 238, 0)),
        (15, (255, 255, 0)),
        (20, (43, 255, 0)),
        (21, (0, 255, 0)),
        (24, (0, 255, 191)),
        (25, (0, 255, 255)),
        (35, (0, 24, 255)),
        (36, (0, 0, 255)),
        (48, (235, 0, 255)),
        (49, (255, 0, 255)),
        (54, (255, 0, 43)),
    ],
)
def test_the_wheel_is_the_published_table(entry: int, colour: tuple[int, ...]) -> None:
    assert WHEEL.shape == (55, 3)
    assert tuple(WHEEL[entry].tolist()) == colour


# Right is entry 0 of the wheel, down 13.5, left 27, up 40.5.
@pytest.mark.parametrize(
    ("u", "v", "colour"),
    [(8, 0, (255, 0, 0)), (0, 8, (255, 229.5, 0)), (-8, 0, (0, 209, 255)), (0, -8, (88, 0, 255))],
)
def test_right_is_red_down_yellow_left_cyan_up_violet(u: float, v: float, colour: tuple[float, ...]) -> None:
    assert np.abs(np.subtract(colour_of(u, v), colour)).max() <= 1


def test_no_motion_is_white() -> None:
    assert colour_of(0, 0) == (255, 255, 255)


def test_half_the_scale_is_half_way_to_white() -> None:
    assert np.abs(np.subtract(colour_of(-4, 0), ((0 + 255) / 2, (209 + 255) / 2, 255))).max() <= 1


def test_the_scale_itself_is_full_colour_and_anything_beyond_is_darkened() -> None:
    assert colour_of(8, 0) == (255, 0, 0)
    assert colour_of(8.001, 0) == (191, 0, 0)
    assert colour_of(1e6, 0) == (191, 0, 0)


def test_colours_equal_the_published_formula_within_one_level() -> None:
    flow = np.random.default_rng(3).normal(0, 5, (60, 90, 2)).astype(np.float32)
    flow[0, :] = np.linspace([-8, -8], [8, 8], 90)
    ours = flow_colours(flow, 8.0).astype(int)
    expected = np.array([[published(u / 8.0, v / 8.0) for u, v in row] for row in flow.tolist()])
    assert (np.hypot(flow[..., 0], flow[..., 1]) > 8).mean() > 0.1, "the test should look beyond the scale too"
    assert np.abs(ours - expected).max() <= 1


def test_a_changed_sign_or_swapped_axes_show() -> None:
    flow = np.full((4, 7, 2), (6, 2), np.float32)
    right = flow_colours(flow, 8).astype(int)
    for wrong in (-flow, flow[..., ::-1], flow * np.float32([1, -1]), flow * np.float32([-1, 1])):
        assert np.abs(flow_colours(wrong, 8) - right).max() > 50


def test_the_colour_stands_at_the_pixel_that_moves() -> None:
    flow = np.zeros((5, 9, 2), np.float32)
    flow[1, 6] = (8, 0)
    coloured = (flow_colours(flow, 8) != 255).any(axis=2)
    assert np.argwhere(coloured).tolist() == [[1, 6]]


def test_a_fixed_scale_gives_the_same_colour_whatever_else_moves() -> None:
    slow = np.full((3, 5, 2), (1, 2), np.float32)
    fast = slow.copy()
    fast[2, 4] = (300, -200)
    assert (flow_colours(slow, 8)[0, 0] == flow_colours(fast, 8)[0, 0]).all()
    assert (flow_colours(slow, 8)[0, 0] != flow_colours(slow, 4)[0, 0]).any()


@pytest.mark.parametrize("bad", [(np.nan, 0), (0, np.nan), (np.nan, np.nan), (np.inf, 1), (1, -np.inf)])
def test_unknown_vectors_have_the_neutral_colour_and_their_neighbours_keep_theirs(bad: tuple[float, float]) -> None:
    flow = np.full((4, 6, 2), (5, -3), np.float32)
    known = flow_colours(flow, 8)
    flow[2, 3] = bad
    drawn = flow_colours(flow, 8)
    assert tuple(drawn[2, 3].tolist()) == UNKNOWN_COLOUR
    drawn[2, 3] = known[2, 3]
    assert (drawn == known).all()


def test_no_flow_has_a_colour_near_that_of_the_unknown() -> None:
    angle, speed = np.meshgrid(np.linspace(0, 2 * np.pi, 720), np.linspace(0, 1.2, 121))
    flow = np.dstack([speed * np.cos(angle), speed * np.sin(angle)])
    assert np.abs(flow_colours(flow, 1).astype(int) - UNKNOWN_COLOUR).max(axis=2).min() > 60


def test_the_flow_is_left_as_it_was() -> None:
    flow = np.full((3, 4, 2), (20, np.nan), np.float32)
    before = flow.copy()
    flow_colours(flow, 8)
    np.testing.assert_array_equal(flow, before)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3), (2, 4, 5, 2), (0, 5, 2)])
def test_a_flow_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ParameterError, match=r"the flow has shape .*: give \(height, width, 2\)"):
        flow_colours(np.zeros(shape, np.float32), 8)


@pytest.mark.parametrize("scale", [0, -2, math.nan, math.inf])
def test_a_scale_that_is_no_positive_number_is_refused(scale: float) -> None:
    with pytest.raises(ParameterError, match=r"scale is .*: give a number above 0 \(px\)"):
        flow_colours(np.zeros((4, 5, 2), np.float32), scale)


def test_the_legend_has_the_colour_of_the_flow_from_its_centre() -> None:
    disc = flow_wheel(101)
    radius = 50
    assert disc.shape == (101, 101, 4)
    assert disc[50, 50].tolist() == [255, 255, 255, 255]
    for u, v in ((40, 0), (0, 40), (-40, 0), (0, -40), (21, -30), (-33, 7)):
        red, green, blue, alpha = disc[50 + v, 50 + u].tolist()
        assert np.abs(np.subtract((red, green, blue), colour_of(u, v, radius))).max() <= 1
        assert alpha == 255


def test_the_legend_is_transparent_outside_its_disc() -> None:
    alpha = flow_wheel(64)[..., 3]
    assert alpha[0, 0] == alpha[0, -1] == alpha[-1, 0] == alpha[-1, -1] == 0
    assert np.pi / 4 - 0.05 < (alpha == 255).mean() < np.pi / 4


def test_the_legend_can_stand_on_a_background() -> None:
    disc = flow_wheel(101, background=(18, 22, 26))
    assert disc.shape == (101, 101, 3)
    assert disc[0, 0].tolist() == [18, 22, 26]
    assert disc[50, 50].tolist() == [255, 255, 255]


def test_no_pixel_of_the_legend_is_darkened_as_beyond_the_scale() -> None:
    disc = flow_wheel(37)
    assert disc[disc[..., 3] > 0][:, :3].max(axis=1).min() == 255


@pytest.mark.parametrize("size", [0, 7, -3])
def test_a_legend_too_small_to_read_is_refused(size: int) -> None:
    with pytest.raises(ParameterError, match=f"size is {size}: give a whole number of pixels, 8 or more"):
        flow_wheel(size)
