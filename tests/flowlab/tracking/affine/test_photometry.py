"""Light: every way of comparing patches against its formula, what it leaves of gradients, correlation."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.tracking.affine.choices import Photometry
from flowlab.tracking.affine.photometry import brightened, correlation, left_by, matched, reference

Floats = NDArray[np.float32]

RNG = np.random.default_rng(4)
T = RNG.uniform(30, 220, 480).astype(np.float32)
P = (0.6 * T + 25 + RNG.normal(0, 6, T.size)).astype(np.float32)
SD = RNG.normal(0, 20, (6, T.size)).astype(np.float32)
UNCHANGED = (Photometry.NONE, Photometry.GAIN_BIAS, Photometry.CLAHE)


# --- closed forms -------------------------------------------------------------------------------------


def test_a_reference_knows_mean_and_length() -> None:
    known = reference(T)
    assert known.mean == pytest.approx(T.astype(np.float64).mean(), rel=1e-6)
    np.testing.assert_allclose(known.centred, T - T.mean(), atol=1e-4)
    assert known.length == pytest.approx(np.linalg.norm(T.astype(np.float64) - T.mean()), rel=1e-6)


@pytest.mark.parametrize("photometry", UNCHANGED)
def test_what_is_not_normalised_stays(photometry: Photometry) -> None:
    found = matched(P, reference(T), photometry)
    assert found.patch is P and found.template is T and found.gain == 1


@pytest.mark.parametrize("photometry", [Photometry.MEAN, Photometry.MEAN_CLAHE])
def test_equal_means(photometry: Photometry) -> None:
    found = matched(P, reference(T), photometry)
    assert found.gain == pytest.approx(T.mean() / P.mean(), rel=1e-6)
    np.testing.assert_allclose(found.patch, P * (T.mean() / P.mean()), rtol=1e-5)
    np.testing.assert_array_equal(found.template, T)
    np.testing.assert_allclose(matched(0.4 * T, reference(T), photometry).patch, T, rtol=1e-5)


def test_unit_variance_in_grey_levels_of_the_template() -> None:
    found = matched(P, reference(T), Photometry.UNIT_VARIANCE)
    np.testing.assert_allclose(found.patch, (P - P.mean()) / P.std() * T.std(), atol=1e-3)
    np.testing.assert_allclose(found.template, T - T.mean(), atol=1e-4)
    assert found.gain == pytest.approx(T.std() / P.std(), rel=1e-5)


@pytest.mark.parametrize(("gain", "bias"), [(0.3, 0), (1.7, -60), (1, 45), (0.5, 110)])
def test_unit_variance_does_not_see_gain_and_bias(gain: float, bias: float) -> None:
    plain = matched(P, reference(T), Photometry.UNIT_VARIANCE)
    lit = matched((gain * P + bias).astype(np.float32), reference(T), Photometry.UNIT_VARIANCE)
    np.testing.assert_allclose(lit.patch, plain.patch, atol=2e-3)
    assert lit.gain == pytest.approx(plain.gain / gain, rel=1e-4)


def test_gamma_takes_the_mean_to_the_templates() -> None:
    found = matched(P, reference(T), Photometry.GAMMA)
    power = np.log(T.mean() / 255) / np.log(P.mean() / 255)
    np.testing.assert_allclose(found.patch, 255 * (P / 255) ** power, rtol=1e-4)
    assert found.gain == 1
    level = np.full(9, 64, np.float32)  # exactly so where all pixels are alike
    np.testing.assert_allclose(matched(level, reference(np.full(9, 200, np.float32)), "gamma").patch, 200, rtol=1e-5)


def test_unit_variance_leaves_what_is_orthogonal_to_1_and_to_the_template() -> None:
    kept = left_by(Photometry.UNIT_VARIANCE, SD, T).astype(np.float64)
    centred = T.astype(np.float64) - T.mean()
    lengths = np.linalg.norm(SD, axis=1)
    np.testing.assert_allclose(kept.sum(axis=1) / (lengths * np.sqrt(T.size)), 0, atol=1e-6)
    np.testing.assert_allclose(kept @ centred / (lengths * np.linalg.norm(centred)), 0, atol=1e-6)
    # and nothing else is taken out: least squares' residuals
    known = np.column_stack([np.ones(T.size), centred])
    expected = SD.T - known @ np.linalg.lstsq(known, SD.T.astype(np.float64), rcond=None)[0]
    np.testing.assert_allclose(kept, expected.T, atol=1e-3)


def test_unit_variance_leaves_what_a_normalised_patch_changes_by() -> None:
    small = 1e-3
    moved = [matched((T + sign * small * SD[0]).astype(np.float64), reference(T), "unit-variance").patch
             for sign in (-1, 1)]  # fmt: skip
    np.testing.assert_allclose(
        (moved[1] - moved[0]) / (2 * small), left_by("unit-variance", SD, T)[0], atol=0.2, rtol=0.01
    )


def test_gain_and_bias_are_two_more_unknowns() -> None:
    images = left_by(Photometry.GAIN_BIAS, SD, T)
    np.testing.assert_array_equal(images, np.stack([*SD, T, np.ones_like(T)]))


@pytest.mark.parametrize("photometry", [p for p in Photometry if p not in ("gain-bias", "unit-variance")])
def test_the_others_leave_all(photometry: Photometry) -> None:
    assert left_by(photometry, SD, T) is SD


# --- references ---------------------------------------------------------------------------------------


def test_correlation_is_numpys() -> None:
    assert correlation(P, T) == pytest.approx(np.corrcoef(P, T)[0, 1], abs=1e-5)
    assert correlation((3 * T - 20).astype(np.float32), T) == pytest.approx(1, abs=1e-5)
    assert correlation(-T, T) == pytest.approx(-1, abs=1e-5)


def test_only_a_dimmer_patch_is_equalised() -> None:
    bright = np.minimum(T + 20, 255).astype(np.float32)
    assert brightened(bright, T, 24) is bright
    dim = (0.5 * T).astype(np.float32)
    equal = cv2.createCLAHE(12.0, (2, 2)).apply(dim.astype(np.uint8).reshape(-1, 24)).ravel()
    np.testing.assert_array_equal(brightened(dim, T, 24), equal)


def test_unknown_pixels_stay_unknown_and_count_as_the_mean() -> None:
    dim = (0.5 * T).astype(np.float32)
    dim[:30] = np.nan
    filled = np.where(np.isfinite(dim), dim, np.nanmean(dim)).astype(np.uint8).reshape(-1, 24)
    equal = cv2.createCLAHE(12.0, (2, 2)).apply(filled).ravel().astype(np.float32)
    equal[:30] = np.nan
    np.testing.assert_array_equal(brightened(dim, T, 24), equal)


# --- bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("patch", [np.full(480, 70, np.float32), np.zeros(480, np.float32)])
def test_a_flat_patch_correlates_with_nothing(patch: Floats) -> None:
    assert np.isnan(correlation(patch, T)) and np.isnan(correlation(T, patch))


def test_too_few_pixels_correlate_with_nothing() -> None:
    assert np.isnan(correlation(T[:1], P[:1])) and np.isnan(correlation(T[:0], P[:0]))


@pytest.mark.parametrize("photometry", list(Photometry))
@pytest.mark.parametrize("level", [0, 70, 255])
def test_a_flat_patch_stays_finite(photometry: Photometry, level: int) -> None:
    found = matched(np.full(480, level, np.float32), reference(T), photometry)
    assert np.isfinite(found.patch).all() and np.isfinite(found.gain)


def test_a_patch_of_which_nothing_is_known_stays_unknown() -> None:
    assert np.isnan(brightened(np.full(480, np.nan, np.float32), T, 24)).all()
