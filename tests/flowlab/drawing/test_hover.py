"""The hover table: which pixel each number belongs to, and how exact it is."""

import base64

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.core.resample import pixel_grid
from flowlab.drawing.hover import UNKNOWN_VALUE, HoverGrid, hover_grid
from flowlab.errors import ParameterError


def position_flow(height: int, width: int) -> NDArray[np.float32]:
    """Return a flow whose vectors name their own pixel."""
    return np.dstack(pixel_grid(height, width))


def under_pointer(grid: HoverGrid, x: int, y: int) -> NDArray[np.float64]:
    """Return what a page reads at pixel (x, y)."""
    return grid.values[y // grid.step, x // grid.step] * grid.unit


@pytest.mark.parametrize(("height", "width", "samples"), [(480, 640, 16000), (47, 83, 200), (9, 300, 50), (5, 7, 1)])
def test_the_number_under_the_pointer_belongs_to_the_pixel_the_docstring_names(
    height: int, width: int, samples: int
) -> None:
    grid = hover_grid(position_flow(height, width), samples)
    assert grid.rows * grid.columns <= samples
    for x, y in ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1), (width // 3, height // 2)):
        sampled_x = min(x // grid.step * grid.step + grid.step // 2, width - 1)
        sampled_y = min(y // grid.step * grid.step + grid.step // 2, height - 1)
        assert under_pointer(grid, x, y).tolist() == [sampled_x, sampled_y]


@pytest.mark.parametrize(
    ("height", "width", "samples", "step"), [(480, 640, 16000, 5), (40, 60, 2400, 1), (40, 60, 2399, 2)]
)
def test_the_step_is_the_smallest_that_fits(height: int, width: int, samples: int, step: int) -> None:
    assert hover_grid(position_flow(height, width), samples).step == step


def test_a_small_flow_is_carried_whole() -> None:
    flow = np.random.default_rng(2).uniform(-500, 500, (20, 31, 2)).astype(np.float32)
    grid = hover_grid(flow)
    assert (grid.step, grid.rows, grid.columns, grid.channels) == (1, 20, 31, 2)
    assert grid.unit == 1 / 64
    assert np.abs(grid.values * grid.unit - flow).max() <= 0.5 / 64 + 1e-6


@pytest.mark.parametrize("largest", [501, 4000, 1e6, 3e38])
def test_large_numbers_get_a_coarser_unit_and_keep_their_sign(largest: float) -> None:
    flow = np.zeros((4, 6, 2), np.float32)
    flow[1, 2] = (largest, -largest)
    grid = hover_grid(flow)
    assert grid.unit > 1 / 64
    np.testing.assert_allclose(grid.values[1, 2] * grid.unit, [largest, -largest], rtol=1e-4)
    assert (np.delete(grid.values.reshape(-1, 2), 8, axis=0) == 0).all()


def test_what_is_not_finite_is_unknown_and_hides_nothing_else() -> None:
    flow = np.full((3, 5, 2), (1.5, -2), np.float32)
    flow[0, 1, 0] = np.nan
    flow[2, 4, 1] = -np.inf
    values = hover_grid(flow).values
    assert np.argwhere(values == UNKNOWN_VALUE).tolist() == [[0, 1, 0], [2, 4, 1]]
    assert values[0, 1, 1] == -128 and values[2, 4, 0] == 96


def test_an_unknown_flow_has_a_table_too() -> None:
    grid = hover_grid(np.full((3, 5, 2), np.nan, np.float32))
    assert (grid.values == UNKNOWN_VALUE).all() and grid.unit == 1 / 64


def test_further_channels_ride_along() -> None:
    numbers = np.dstack([position_flow(6, 8), np.full((6, 8), 0.25, np.float32)])
    grid = hover_grid(numbers)
    assert grid.channels == 3
    assert under_pointer(grid, 5, 2).tolist() == [5, 2, 0.25]


def test_channels_are_unknown_each_for_itself() -> None:
    numbers = np.dstack([position_flow(6, 8), np.full((6, 8), 0.5, np.float32), np.full((6, 8), np.nan, np.float32)])
    numbers[2, 5, 2] = np.nan
    grid = hover_grid(numbers)
    assert grid.channels == 4 and grid.unit == 1 / 64
    assert (grid.values[..., 3] == UNKNOWN_VALUE).all(), "a channel may be unknown all through"
    assert np.argwhere(grid.values[..., 2] == UNKNOWN_VALUE).tolist() == [[2, 5]]
    assert under_pointer(grid, 5, 2)[:2].tolist() == [5, 2]


def test_four_channels_of_8000_samples_travel_in_90_kilobytes() -> None:
    numbers = np.random.default_rng(3).normal(0, 9, (480, 640, 4)).astype(np.float32)
    numbers[100:200, :, 2:] = np.nan
    grid = hover_grid(numbers, 8_000)
    assert 6_000 < grid.rows * grid.columns <= 8_000
    assert len(base64.b64encode(grid.to_bytes())) <= 90_000


def test_bytes_are_little_endian_row_after_row() -> None:
    flow = np.zeros((2, 3, 2), np.float32)
    flow[0, 1] = (4, -1 / 64)
    flow[1, 0] = (np.nan, 0)
    sent = hover_grid(flow).to_bytes()
    assert len(sent) == 2 * 3 * 2 * 2
    assert sent[4:8] == b"\x00\x01\xff\xff"
    assert sent[12:16] == b"\x00\x80\x00\x00"


def test_the_flow_is_left_as_it_was() -> None:
    flow = np.full((3, 5, 2), np.nan, np.float32)
    hover_grid(flow)
    assert np.isnan(flow).all()


def test_what_makes_no_table_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"the flow has shape \(3, 4\): give \(height, width, channels\)"):
        hover_grid(np.zeros((3, 4), np.float32))
    with pytest.raises(ParameterError, match="max_samples is 0"):
        hover_grid(np.zeros((3, 4, 2), np.float32), 0)
