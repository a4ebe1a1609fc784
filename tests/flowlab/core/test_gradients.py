"""Gradients: slopes, quadratics and waves whose derivative is known, then OpenCV's filters, then bad input."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.core.gradients import Kernel, derivative_taps, gradients, smoothed, smoothing_taps
from flowlab.core.resample import pixel_grid
from flowlab.errors import ParameterError

H, W = 40, 57
KERNELS = list(Kernel)


def inner(plane: NDArray[np.float32], rim: int = 4) -> NDArray[np.float32]:
    return plane[rim:-rim, rim:-rim]


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_slope_of_one_grey_level_a_pixel_answers_one(kernel: Kernel) -> None:
    x, y = pixel_grid(H, W)
    fx, fy = gradients(x - 3 * y + 7, kernel)
    assert fx.dtype == fy.dtype == np.float32
    np.testing.assert_allclose(inner(fx), np.full_like(inner(fx), 1), atol=1e-4)
    np.testing.assert_allclose(inner(fy), np.full_like(inner(fy), -3), atol=1e-4)


@pytest.mark.parametrize("kernel", KERNELS)
def test_a_quadratic_has_its_derivative_at_every_pixel(kernel: Kernel) -> None:
    x, y = pixel_grid(H, W)
    fx, fy = gradients(0.5 * x * x + 0.25 * x * y - y * y, kernel)
    np.testing.assert_allclose(inner(fx), inner(x + 0.25 * y), atol=2e-3)
    np.testing.assert_allclose(inner(fy), inner(0.25 * x - 2 * y), atol=2e-3)


@pytest.mark.parametrize("period", [3.0, 4.0, 8.0, 20.0])
@pytest.mark.parametrize("kernel", KERNELS)
def test_a_wave_is_answered_as_its_taps_foretell(kernel: Kernel, period: float) -> None:
    x, _ = pixel_grid(H, W)
    w = 2 * np.pi / period
    answer = (8 * np.sin(w) - np.sin(2 * w)) / 6 if kernel == Kernel.FIVE_POINT else np.sin(w)
    fx, fy = gradients(100 * np.sin(w * x), kernel)
    np.testing.assert_allclose(inner(fx), inner(100 * answer * np.cos(w * x)), atol=1e-3)
    np.testing.assert_allclose(inner(fy), np.zeros_like(inner(fy)), atol=1e-3)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_taps_are_a_difference_of_slope_one_and_an_average(kernel: Kernel) -> None:
    along, across = derivative_taps(kernel), smoothing_taps(kernel.value)
    places = np.arange(len(along)) - len(along) // 2
    assert along.sum() == pytest.approx(0)
    assert along @ places == pytest.approx(1)
    assert across.sum() == pytest.approx(1)
    impulse = np.zeros((9, 9), np.float32)
    impulse[4, 4] = 1
    # Correlation with an impulse shows the taps turned round.
    np.testing.assert_allclose(gradients(impulse, kernel)[0][4, 4 + places], along[::-1] * across.max(), atol=1e-6)


def test_five_points_are_nearer_to_the_true_slope_than_three() -> None:
    x, _ = pixel_grid(H, W)
    w = 2 * np.pi / 8
    errors = [
        np.abs(inner(gradients(np.sin(w * x), kernel)[0] - w * np.cos(w * x))).max()
        for kernel in (Kernel.CENTRAL, Kernel.FIVE_POINT)
    ]
    assert errors[1] < 0.15 * errors[0]


def test_scharr_tells_the_direction_of_a_wave_best() -> None:
    x, y = pixel_grid(H, W)
    wave = np.sin(0.9 * (np.cos(0.4) * x + np.sin(0.4) * y))
    turned = {}
    for kernel in KERNELS:
        fx, fy = (inner(part) for part in gradients(wave, kernel))
        turned[kernel] = abs(np.arctan2((fx * fy).sum(), (fx * fx).sum()) - 0.4)
    assert min(turned, key=turned.__getitem__) == Kernel.SCHARR


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
def test_opencv_agrees(dtype: type) -> None:
    picture = np.random.default_rng(3).integers(0, 256, (H, W)).astype(dtype)
    values = picture.astype(np.float32)
    for direction in (0, 1):
        dx, dy = 1 - direction, direction
        np.testing.assert_array_equal(
            gradients(picture, Kernel.SCHARR)[direction], cv2.Scharr(values, cv2.CV_32F, dx, dy, scale=1 / 32)
        )
        np.testing.assert_array_equal(
            gradients(picture, Kernel.SOBEL)[direction], cv2.Sobel(values, cv2.CV_32F, dx, dy, ksize=3, scale=1 / 8)
        )


@pytest.mark.parametrize("kernel", KERNELS)
def test_transposing_the_picture_exchanges_the_slopes(kernel: Kernel) -> None:
    picture = np.random.default_rng(4).integers(0, 256, (H, W), np.uint8)
    fx, fy = gradients(picture, kernel)
    of_transposed = gradients(np.ascontiguousarray(picture.T), kernel)
    np.testing.assert_allclose(of_transposed[0], fy.T, atol=1e-4)
    np.testing.assert_allclose(of_transposed[1], fx.T, atol=1e-4)


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_slope_across_the_rim_is_nothing_where_the_picture_is_mirrored(kernel: Kernel) -> None:
    picture = np.random.default_rng(5).integers(0, 256, (H, W), np.uint8)
    fx, fy = gradients(picture, kernel)
    assert np.abs(fx[:, [0, -1]]).max() < 1e-4
    assert np.abs(fy[[0, -1]]).max() < 1e-4


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2)])
def test_the_smallest_pictures_have_slopes(shape: tuple[int, int]) -> None:
    for kernel in KERNELS:
        assert np.isfinite(gradients(np.ones(shape, np.uint8), kernel)).all()


def test_smoothing_lowers_a_wave_by_the_gaussian_of_its_frequency() -> None:
    x, _ = pixel_grid(60, 90)
    w, sigma = 2 * np.pi / 12, 1.5
    wave = np.sin(w * x)
    kept = np.exp(-((w * sigma) ** 2) / 2)
    np.testing.assert_allclose(inner(smoothed(wave, sigma), 12), inner(kept * wave, 12), atol=2e-3)


def test_no_smoothing_is_a_copy() -> None:
    picture = np.random.default_rng(6).random((H, W)).astype(np.float32)
    copy = smoothed(picture, 0)
    np.testing.assert_array_equal(copy, picture)
    copy[:] = 0
    assert picture.any()
    assert smoothed(np.ones((4, 5), np.uint8), 0).dtype == np.float32


def test_bad_input_is_refused_in_words() -> None:
    picture = np.zeros((8, 9), np.uint8)
    with pytest.raises(
        ParameterError, match=r"there is no kernel ‘roberts’: the kernels are central, sobel, scharr, five"
    ):
        gradients(picture, "roberts")
    with pytest.raises(ParameterError, match=r"\(8, 9, 3\): give a grey picture \(H, W\)"):
        gradients(np.zeros((8, 9, 3), np.uint8))
    for sigma in (-1, float("nan"), float("inf")):
        with pytest.raises(ParameterError, match=f"sigma is {sigma}: give pixels, 0 or more"):
            smoothed(picture, sigma)
