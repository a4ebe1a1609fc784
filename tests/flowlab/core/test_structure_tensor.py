"""The structure tensor: slopes and waves worked out by hand, then OpenCV's cornerMinEigenVal with its factor."""

import cv2
import numpy as np
import pytest

from flowlab.core.resample import pixel_grid
from flowlab.core.structure_tensor import smaller_eigenvalue, structure_tensor
from flowlab.errors import ParameterError

HEIGHT, WIDTH = 40, 57


def test_a_slope_has_the_products_of_its_gradient():
    x, y = pixel_grid(HEIGHT, WIDTH)
    tensor = structure_tensor(2 * x - 3 * y, window=5)[4:-4, 4:-4]
    np.testing.assert_allclose(tensor, np.broadcast_to([4, -6, 9], tensor.shape), rtol=1e-5)


def test_a_slope_and_a_straight_edge_have_no_smaller_eigenvalue():
    x, y = pixel_grid(HEIGHT, WIDTH)
    edge = np.where(x + 2 * y > 60, 200, 40).astype(np.float32)
    assert smaller_eigenvalue(2 * x - 3 * y, 7)[5:-5, 5:-5].max() < 1e-4
    blurred = cv2.GaussianBlur(edge, (0, 0), 2)
    inner = smaller_eigenvalue(blurred, 7)[12:-12, 12:-12]
    assert inner.max() < 0.01 * structure_tensor(blurred, 7).max()
    assert (smaller_eigenvalue(np.full((9, 14), 128, np.uint8), 5) == 0).all()


def test_crossed_waves_have_the_mean_square_of_their_weaker_gradient():
    x, y = pixel_grid(120, 160)
    period = 20  # a window of 41 holds about two periods, so that the mean of cos^2 is about a half
    picture = 30 * np.sin(2 * np.pi * x / period) + 12 * np.sin(2 * np.pi * y / period)
    expected = (12 * 2 * np.pi / period) ** 2 / 2
    middle = smaller_eigenvalue(picture, 41)[45:-45, 45:-45]
    np.testing.assert_allclose(middle, np.full_like(middle, expected), rtol=0.06)


@pytest.mark.parametrize("window", [3, 7, 15])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_opencv_agrees_but_for_its_factor(window, dtype):
    picture = np.random.default_rng(3).integers(0, 256, (HEIGHT, WIDTH)).astype(dtype)
    factor = 4 / 255**2 if dtype == np.uint8 else 4
    expected = cv2.cornerMinEigenVal(picture, window, ksize=3) / factor
    np.testing.assert_allclose(smaller_eigenvalue(picture, window), expected, rtol=1e-3, atol=1e-2)


def test_the_tensor_has_the_eigenvalues_numpy_finds():
    picture = np.random.default_rng(5).integers(0, 256, (HEIGHT, WIDTH), np.uint8)
    xx, xy, yy = np.moveaxis(structure_tensor(picture, 5).astype(np.float64), 2, 0)
    matrices = np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -2)
    np.testing.assert_allclose(smaller_eigenvalue(picture, 5), np.linalg.eigvalsh(matrices)[..., 0], rtol=1e-4)


def test_the_units_are_grey_levels_squared():
    picture = np.random.default_rng(6).integers(0, 100, (HEIGHT, WIDTH), np.uint8)
    np.testing.assert_allclose(smaller_eigenvalue(picture * 2, 7), 4 * smaller_eigenvalue(picture, 7), rtol=1e-3)
    np.testing.assert_allclose(smaller_eigenvalue(picture + 50, 7), smaller_eigenvalue(picture, 7), rtol=1e-3)


@pytest.mark.parametrize("window", [0, -3, 4, 2.5])
def test_a_window_that_is_not_odd_is_refused(window):
    with pytest.raises(ParameterError, match=f"window is {window}: give an odd number of pixels from 1"):
        smaller_eigenvalue(np.zeros((8, 9), np.uint8), window)


def test_a_coloured_picture_is_refused():
    with pytest.raises(ParameterError, match=r"give a grey picture \(H, W\)"):
        structure_tensor(np.zeros((8, 9, 3), np.uint8), 3)


def test_the_kernel_and_the_gaussian_window_can_be_chosen():
    picture = np.random.default_rng(7).integers(0, 256, (HEIGHT, WIDTH), np.uint8).astype(np.float32)
    gx, gy = (cv2.Scharr(picture, cv2.CV_32F, dx, 1 - dx, scale=1 / 32) for dx in (1, 0))
    sigma = 0.3 * ((9 - 1) / 2 - 1) + 0.8
    expected = [cv2.GaussianBlur(a * b, (9, 9), sigma) for a, b in ((gx, gx), (gx, gy), (gy, gy))]
    found = structure_tensor(picture, 9, kernel="scharr", gaussian=True)
    np.testing.assert_allclose(found, np.stack(expected, axis=-1), rtol=1e-4, atol=1e-2)
    smaller = smaller_eigenvalue(picture, 9, kernel="scharr", gaussian=True)
    xx, xy, yy = np.moveaxis(found.astype(np.float64), 2, 0)
    matrices = np.stack([np.stack([xx, xy], -1), np.stack([xy, yy], -1)], -2)
    np.testing.assert_allclose(smaller, np.linalg.eigvalsh(matrices)[..., 0], rtol=1e-3)
