"""The correlation filter: answers to its own training, to shifts, to what it learned since; its peak between pixels."""

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.tracking.affine.correlation_filter import RATE, CorrelationFilter, filter_of, peak_of

Floats = NDArray[np.float32]


def channels(height: int = 24, width: int = 31, count: int = 5, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).uniform(-1, 1, (height, width, count)).astype(np.float32)


def gaussian(height: int, width: int, sigma: float) -> NDArray[np.float64]:
    y, x = np.arange(height) - height // 2, np.arange(width) - width // 2
    return np.exp(-(y[:, None] ** 2 + x[None] ** 2) / (2 * sigma**2))


def paraboloid(x: float, y: float, height: int = 15, width: int = 20) -> Floats:
    """Return a response that is a parabola along each axis around a place given from the middle."""
    v, u = np.arange(height) - height // 2, np.arange(width) - width // 2
    return (1 - 0.03 * (v[:, None] - y) ** 2 - 0.02 * (u[None] - x) ** 2).astype(np.float32)


# --- closed forms -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("height", "width"), [(24, 31), (25, 30), (24, 24)])
def test_the_training_picture_is_answered_with_the_wanted_peak(height: int, width: int) -> None:
    picture = channels(height, width)
    response = filter_of(picture, 32.0).respond(picture)
    assert response.shape == (height, width) and response.dtype == np.float32
    np.testing.assert_allclose(response, gaussian(height, width, 2.0), atol=0.01)
    np.testing.assert_allclose(peak_of(response), 0, atol=1e-3)


@pytest.mark.parametrize("place", [(0, 0), (0.3, -0.4), (-3.25, 2.5), (6.45, -5.1)])
def test_the_peak_of_a_parabola_is_found_exactly(place: tuple[float, float]) -> None:
    np.testing.assert_allclose(peak_of(paraboloid(*place)), place, atol=1e-4)


def test_the_peak_wraps_round_as_the_response_does() -> None:
    response = paraboloid(0.3, -0.2, 9, 10)
    np.testing.assert_allclose(peak_of(np.roll(response, (-4, -5), (0, 1))), (0.3 - 5, -0.2 - 4), atol=1e-4)
    np.testing.assert_allclose(peak_of(np.roll(response, (4, 4), (0, 1))), (0.3 + 4, -0.2 + 4), atol=1e-4)


def test_a_flat_response_has_its_peak_at_its_first_pixel() -> None:
    assert peak_of(np.full((8, 10), 0.5, np.float32)) == (-5, -4)


# --- references ---------------------------------------------------------------------------------------


def test_the_answer_is_danelljans_formula() -> None:
    first, second, seen = (channels(seed=s).astype(np.float64) for s in range(3))
    window = np.outer(np.hanning(26)[1:-1], np.hanning(33)[1:-1])
    y = np.fft.fft2(np.roll(gaussian(24, 31, 1.5), (-12, -15), (0, 1)))
    spectra = [[np.fft.fft2(window * p[..., c]) for c in range(5)] for p in (first, second, seen)]
    share = 0.3
    a = [np.conj(y) * ((1 - share) * f + share * g) for f, g, _ in zip(*spectra, strict=True)]
    b = sum((1 - share) * abs(f) ** 2 + share * abs(g) ** 2 for f, g, _ in zip(*spectra, strict=True))
    product = sum(np.conj(one) * z for one, z in zip(a, spectra[2], strict=True)) / (b + 1e-3)
    expected = np.roll(np.real(np.fft.ifft2(product)), (12, 15), (0, 1))
    trained = filter_of(first.astype(np.float32), 24.0).trained(second.astype(np.float32), share)
    np.testing.assert_allclose(trained.respond(seen.astype(np.float32)), expected, atol=1e-4)


@pytest.mark.parametrize("shift", [(3, 0), (0, -4), (-2, 5)])
def test_a_shifted_picture_shifts_the_peak(shift: tuple[int, int]) -> None:
    wide = channels(60, 60)
    seen = [wide[18 - dy : 42 - dy, 15 - dx : 46 - dx] for dx, dy in ((0, 0), shift)]
    response = filter_of(seen[0], 20.0).respond(seen[1])
    np.testing.assert_allclose(peak_of(response), shift, atol=0.15)
    assert response.max() > 0.3


def test_a_new_picture_counts_by_its_rate() -> None:
    first, second = channels(seed=0), channels(seed=1)
    old, new = filter_of(first, 20.0), filter_of(second, 20.0)
    for rate in (0.0, 0.25, 1.0):
        both = old.trained(second, rate)
        np.testing.assert_allclose(both.numerator, (1 - rate) * old.numerator + rate * new.numerator, atol=1e-3)
        np.testing.assert_allclose(both.denominator, (1 - rate) * old.denominator + rate * new.denominator, rtol=1e-4)
    usual = old.trained(second)
    np.testing.assert_array_equal(usual.denominator, old.trained(second, RATE).denominator)


def test_what_is_shown_often_enough_is_learned() -> None:
    first, second = channels(seed=0), channels(seed=1)
    known = filter_of(first, 20.0)
    assert known.respond(second).max() < 0.4
    for _ in range(40):
        known = known.trained(second, 0.1)
    assert known.respond(second).max() > 0.9
    np.testing.assert_allclose(peak_of(known.respond(second)), 0, atol=0.05)


def test_arrays_make_the_same_filter() -> None:
    known = filter_of(channels(), 20.0).trained(channels(seed=1))
    again = CorrelationFilter.from_arrays(known.arrays(), (24, 31))
    np.testing.assert_array_equal(again.respond(channels(seed=2)), known.respond(channels(seed=2)))
    further = [one.trained(channels(seed=3)).respond(channels(seed=4)) for one in (known, again)]
    np.testing.assert_array_equal(*further)


# --- bad input ----------------------------------------------------------------------------------------


def test_a_picture_of_nothing_is_answered_with_nothing() -> None:
    empty = np.zeros((24, 31, 5), np.float32)
    np.testing.assert_array_equal(filter_of(empty, 20.0).respond(channels()), 0)
    np.testing.assert_array_equal(filter_of(channels(), 20.0).respond(empty), 0)
