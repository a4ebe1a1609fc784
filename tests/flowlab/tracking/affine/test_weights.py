"""Weights of pixels: Huber's and Tukey's in closed form, the scale of errors among outliers, the centre window."""

import numpy as np
import pytest

from flowlab.tracking.affine.choices import Weights
from flowlab.tracking.affine.weights import (
    HUBER_THRESHOLD,
    TUKEY_THRESHOLD,
    centre_window,
    error_scale,
    robust_weights,
)

ERRORS = np.linspace(-60, 60, 481, dtype=np.float32)


# --- closed forms -------------------------------------------------------------------------------------


def test_huber_counts_large_errors_by_the_threshold_over_their_size() -> None:
    found = robust_weights(ERRORS, Weights.HUBER, 5.0)
    threshold = 1.345 * 5
    expected = [1.0 if abs(e) <= threshold else threshold / abs(e) for e in ERRORS.tolist()]
    assert found.dtype == np.float32 and pytest.approx(1.345) == HUBER_THRESHOLD
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_tukey_does_not_count_very_large_errors() -> None:
    found = robust_weights(ERRORS, Weights.TUKEY, 5.0)
    threshold = 4.685 * 5
    expected = [(1 - (e / threshold) ** 2) ** 2 if abs(e) < threshold else 0.0 for e in ERRORS.tolist()]
    assert found.dtype == np.float32 and pytest.approx(4.685) == TUKEY_THRESHOLD
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (found == 0).sum() > 200


def test_without_weights_all_count_the_same() -> None:
    np.testing.assert_array_equal(robust_weights(ERRORS, Weights.NONE), np.ones_like(ERRORS))


@pytest.mark.parametrize("weights", [Weights.HUBER, Weights.TUKEY])
def test_the_scale_is_estimated_where_it_is_not_given(weights: Weights) -> None:
    errors = np.random.default_rng(0).normal(0, 7, 500).astype(np.float32)
    np.testing.assert_array_equal(robust_weights(errors, weights), robust_weights(errors, weights, error_scale(errors)))


@pytest.mark.parametrize(("width", "height"), [(31, 21), (30, 20)])
def test_the_centre_window_is_a_gaussian_of_two_sigmas_at_each_side(width: int, height: int) -> None:
    window = centre_window(width, height).reshape(height, width)
    x, y = (np.arange(side) - (side - 1) / 2 for side in (width, height))
    sigma_x, sigma_y = (width - 1) / 4, (height - 1) / 4
    expected = np.exp(-0.5 * ((y[:, None] / sigma_y) ** 2 + (x[None] / sigma_x) ** 2))
    np.testing.assert_allclose(window, expected, rtol=1e-4)
    np.testing.assert_allclose(window, window[::-1, ::-1], rtol=1e-5)


# --- what the scale of errors is worth ----------------------------------------------------------------


def test_the_scale_of_every_error_is_1_4826_times_their_median_size() -> None:
    errors = np.random.default_rng(1).normal(0, 6, 301).astype(np.float32)
    assert error_scale(errors) == pytest.approx(1.4826 * np.median(np.abs(errors)), rel=1e-5)


@pytest.mark.parametrize("sigma", [2.0, 8.0, 30.0])
@pytest.mark.parametrize("count", [800, 6000])
def test_the_scale_of_gaussian_errors_is_their_standard_deviation(sigma: float, count: int) -> None:
    found = [error_scale(np.random.default_rng(s).normal(0, sigma, count).astype(np.float32)) for s in range(30)]
    assert np.mean(found) == pytest.approx(sigma, rel=0.03)
    assert np.std(found) < 0.08 * sigma


def test_thirty_percent_of_outliers_hardly_change_the_scale_and_hardly_count() -> None:
    rng = np.random.default_rng(2)
    errors = rng.normal(0, 5, 5000).astype(np.float32)
    outliers = rng.random(errors.size) < 0.3
    errors[outliers] += rng.choice([-1, 1], outliers.sum()) * rng.uniform(60, 150, outliers.sum()).astype(np.float32)
    # 0.5 / 0.7 of the good ones lie below the median of all: 1.067 sigma instead of 0.674
    assert 5 < error_scale(errors) < 1.75 * 5 < errors.std() / 4
    tukey, huber = (robust_weights(errors, weights) for weights in (Weights.TUKEY, Weights.HUBER))
    assert tukey[outliers].max() == 0 and tukey[~outliers].mean() > 0.85
    assert huber[outliers].mean() < 0.2 and huber[~outliers].mean() > 0.95


def test_columns_of_a_template_do_not_fool_the_scale() -> None:
    # 1200 wide: every second error, or every twelve-hundredth, would see one kind of column only
    errors = np.zeros((10, 1200), np.float32)
    errors[:, ::2] = 40
    errors += np.random.default_rng(3).normal(0, 1, errors.shape).astype(np.float32)
    sampled = np.abs(errors.ravel()[:: max(1, errors.size // 600) | 1])
    assert 0.4 < (sampled > 20).mean() < 0.6
    assert error_scale(errors.ravel() - 20) == pytest.approx(1.4826 * 20, rel=0.05)


# --- bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 700])
def test_errors_of_nothing_have_the_scale_of_rounding(count: int) -> None:
    errors = np.zeros(count, np.float32)
    assert error_scale(errors) == 0.5
    for weights in Weights:
        np.testing.assert_array_equal(robust_weights(errors, weights), np.ones(count))
