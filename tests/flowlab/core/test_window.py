"""The windowed normal equations: sums by hand, NumPy's least squares, and windows that have no answer."""

import numpy as np
import pytest

from flowlab.core.window import averaged_products, least_squares, solve, window_mean, window_sigma
from flowlab.errors import ParameterError

H, W = 23, 34
RNG = np.random.default_rng(2)
FX, FY, FT = (RNG.normal(0, 20, (H, W)).astype(np.float32) for _ in range(3))


def test_pixels_that_obey_one_motion_give_that_motion() -> None:
    u, v = least_squares(FX, FY, -(1.5 * FX - 0.25 * FY), 5)
    np.testing.assert_allclose(u, np.full((H, W), 1.5), atol=1e-4)
    np.testing.assert_allclose(v, np.full((H, W), -0.25), atol=1e-4)


@pytest.mark.parametrize("damping", [0.0, 3.0])
@pytest.mark.parametrize("gaussian", [False, True])
def test_numpy_solves_the_same_window(gaussian: bool, damping: float) -> None:
    u, v = least_squares(FX, FY, FT, 7, gaussian=gaussian, damping=damping)
    row, column, n = 11, 20, 49
    part = np.s_[row - 3 : row + 4, column - 3 : column + 4]
    line = np.exp(-(np.arange(-3, 4) ** 2) / (2 * window_sigma(7) ** 2)) if gaussian else np.ones(7)
    weight = np.sqrt(np.outer(line, line).ravel() / line.sum() ** 2)
    rows = np.stack([FX[part].ravel(), FY[part].ravel()], axis=1) * weight[:, None]
    prior = np.sqrt(damping) * np.eye(2)
    expected = np.linalg.lstsq(np.vstack([rows, prior]), np.r_[-FT[part].ravel() * weight, 0, 0], rcond=None)[0]
    assert rows.shape == (n, 2)
    np.testing.assert_allclose([u[row, column], v[row, column]], expected, rtol=1e-3, atol=1e-5)


def test_the_products_are_means_and_not_sums() -> None:
    xx, xy, yy = averaged_products(np.full((9, 9), 2, np.float32), np.full((9, 9), -3, np.float32), 5)
    assert (xx[4, 4], xy[4, 4], yy[4, 4]) == (4, -6, 9)


def test_a_flat_window_and_a_straight_edge_have_no_answer_without_damping() -> None:
    nothing = np.zeros((H, W), np.float32)
    assert np.isnan(least_squares(nothing, nothing, FT, 5)).all()
    assert np.isnan(least_squares(FX, 2 * FX, FT, 5)).all()


def test_damping_leaves_of_an_edge_its_normal_flow() -> None:
    # Slopes along (3, 4) / 5, moving by (2, 1): 2 px along the slope are all that can be seen of it.
    fx, fy = 0.6 * FX, 0.8 * FX
    u, v = least_squares(fx, fy, -(2 * fx + 1 * fy), 5, damping=0.05)
    np.testing.assert_allclose(u, np.full((H, W), 1.2), atol=0.01)
    np.testing.assert_allclose(v, np.full((H, W), 1.6), atol=0.01)


def test_single_numbers_are_solved_as_well() -> None:
    one = np.float32(1)
    u, v = solve(4 * one, one, 3 * one, 9 * one, 5 * one)
    assert (u, v) == pytest.approx((2, 1))


@pytest.mark.parametrize("window", [0, -3, 4, 2.5])
def test_a_window_that_is_not_odd_is_refused(window: float) -> None:
    with pytest.raises(ParameterError, match=f"window is {window}: give an odd number of pixels from 1"):
        window_mean(FX, window)  # type: ignore[arg-type]
