"""The geometry conventions: pixel centres, the sign of a flow, and exact positions."""

import numpy as np
import pytest

from flowlab.core.resample import (
    bilinear,
    photometric_residual,
    pixel_grid,
    resize_flow,
    resize_picture,
    sample,
    warp_back,
    working_size,
)
from flowlab.errors import ParameterError

H, W = 24, 36


def plane(a: float, b: float, c: float) -> np.ndarray:
    """Return the picture a x + b y + c, whose value at any position is known."""
    x, y = pixel_grid(H, W)
    return (a * x + b * y + c).astype(np.float32)


def test_the_grid_is_x_to_the_right_and_y_down() -> None:
    x, y = pixel_grid(3, 5)
    assert x.shape == y.shape == (3, 5)
    assert x[0].tolist() == [0, 1, 2, 3, 4]
    assert y[:, 0].tolist() == [0, 1, 2]


def test_sampling_reads_a_slope_exactly_between_pixels() -> None:
    x, y = pixel_grid(H, W)
    at_x, at_y = (x[2:-2, 2:-2] + 0.37), (y[2:-2, 2:-2] - 0.81)
    read = sample(plane(2, -3, 50), at_x, at_y)
    np.testing.assert_allclose(read, 2 * at_x - 3 * at_y + 50, atol=1e-3)


def test_bilinear_reading_is_exact_on_a_slope_and_repeats_the_rim() -> None:
    x, y = pixel_grid(H, W)
    at_x, at_y = x + 0.013, y - 0.81
    expected = 2 * np.clip(at_x, 0, W - 1) - 3 * np.clip(at_y, 0, H - 1) + 50
    np.testing.assert_allclose(bilinear(plane(2, -3, 50), at_x, at_y), expected, atol=1e-3)
    with pytest.raises(ParameterError, match="a side may have at most 32766 pixels"):
        bilinear(np.zeros((1, 40_000), np.float32), at_x, at_y)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_sampling_is_exact_whatever_the_number_of_channels(channels: int) -> None:
    rng = np.random.default_rng(1)
    at_x, at_y = (rng.uniform(2, high, (21, 33)).astype(np.float32) for high in (60, 40))
    x, y = pixel_grid(45, 65)
    slopes = np.stack([(2 + k) * x - 3 * y for k in range(channels)], axis=-1)
    expected = np.stack([(2 + k) * at_x - 3 * at_y for k in range(channels)], axis=-1)
    np.testing.assert_allclose(sample(slopes, at_x, at_y), expected, atol=1e-3)


def test_sampling_follows_a_parabola_to_a_thousandth_of_a_step() -> None:
    """Keys' kernel (a = -1/2) reproduces polynomials up to the second degree."""
    x, y = pixel_grid(H, W)
    at_x, at_y = x[3:-3, 3:-3] + 0.013, y[3:-3, 3:-3] + 0.25
    read = sample((x * x + x * y).astype(np.float32), at_x, at_y)
    np.testing.assert_allclose(read, at_x * at_x + at_x * at_y, atol=5e-3)


def test_positions_outside_and_unknown_give_nan_and_the_border_pixels_do_not() -> None:
    picture = plane(1, 0, 0)
    x = np.array([[-0.01, 0.0, W - 1.0, W - 0.99, np.nan]], np.float32)
    read = sample(picture, x, np.zeros_like(x))[0]
    assert np.isnan(read[[0, 3, 4]]).all()
    np.testing.assert_allclose(read[[1, 2]], [0, W - 1], atol=1e-4)


def test_warping_back_by_the_flow_rebuilds_the_first_picture() -> None:
    """I1(x + u, y + v) = I0(x, y): a scene that moved by (u, v) is pulled back by reading ahead."""
    u, v = 3.25, -1.5
    x, y = pixel_grid(H, W)
    first = plane(2, 5, 10)
    second = 2 * (x - u) + 5 * (y - v) + 10  # what was at (x, y) is now at (x + u, y + v)
    flow = np.broadcast_to(np.array([u, v], np.float32), (H, W, 2))
    rebuilt = warp_back(second, flow)
    inside = np.isfinite(rebuilt)
    np.testing.assert_allclose(rebuilt[3:-6, 3:-6], first[3:-6, 3:-6], atol=1e-3)
    assert not inside[:, -3:].any()  # they moved out to the right
    assert not inside[0, :].any()  # and out at the top
    assert inside[3, 0]


def test_the_residual_is_zero_for_the_truth_and_grows_with_the_error() -> None:
    first, second = plane(4, 0, 0), plane(4, 0, -8)  # moved by 2 px to the right
    truth = np.zeros((H, W, 2), np.float32)
    truth[..., 0] = 2
    assert np.nanmax(photometric_residual(first, second, truth)[2:-2, 2:-4]) < 1e-3
    assert np.nanmedian(photometric_residual(first, second, truth * 0)) == pytest.approx(8)


def test_a_flow_of_another_size_is_refused() -> None:
    with pytest.raises(ParameterError, match="36x24 and the flow 24x36"):
        warp_back(plane(1, 1, 0), np.zeros((W, H, 2), np.float32))


def test_resizing_keeps_pixel_centres() -> None:
    """Scaling by s puts x at (x + 0.5) s - 0.5; a slope shows a shift of half a pixel at once."""
    small = resize_picture(plane(1, 2, 0), W // 2, H // 2)
    x, y = pixel_grid(H // 2, W // 2)
    np.testing.assert_allclose(small, (2 * x + 0.5) + 2 * (2 * y + 0.5), atol=1e-4)
    large = resize_picture(plane(1, 0, 0), W * 2, H)[:, 2:-2]
    x, _ = pixel_grid(H, W * 2)
    np.testing.assert_allclose(large, ((x + 0.5) / 2 - 0.5)[:, 2:-2], atol=1e-4)


def test_a_flow_is_scaled_with_its_grid_in_each_direction() -> None:
    flow = np.zeros((H, W, 2), np.float32)
    flow[...] = (6, -4)
    small = resize_flow(flow, W // 3, H // 2)
    assert small.shape == (H // 2, W // 3, 2)
    np.testing.assert_allclose(small, np.broadcast_to(np.float32([2, -2]), small.shape), atol=1e-5)


def test_the_working_size_goes_down_and_never_up() -> None:
    assert working_size(640, 360, 0) == (640, 360)
    assert working_size(640, 360, 2000) == (640, 360)
    assert working_size(640, 360, 320) == (320, 180)
    assert working_size(1001, 3, 100) == (100, 1)
    with pytest.raises(ParameterError, match="width is -1"):
        working_size(640, 360, -1)


def test_a_side_opencv_cannot_address_is_refused_in_words() -> None:
    strip = np.zeros((1, 32767), np.float32)
    with pytest.raises(ParameterError, match="the picture is 32767x1"):
        warp_back(strip, np.zeros((1, 32767, 2), np.float32))
