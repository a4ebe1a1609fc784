"""Sparsification: curves worked out by hand, the areas of a perfect, a random and a reversed ranking."""

import math

import numpy as np
import pytest

from flowlab.errors import ParameterError
from flowlab.evaluation.sparsification import sparsification

EVEN = np.linspace(0, 2, 2001)  # errors spread evenly from 0: their mean is 1, the oracle's curve is the share kept


def shuffled(values, seed=0):
    return np.random.default_rng(seed).permutation(values)


def test_the_curves_of_four_pixels():
    found = sparsification(np.array([[1.0, 8.0], [3.0, 0.0]]), np.array([[0.1, 0.2], [0.3, 0.4]]), steps=4)
    np.testing.assert_allclose(found.kept, [0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(found.error, [1, 4.5, 4, 3])
    np.testing.assert_allclose(found.oracle, [0, 0.5, 4 / 3, 3])
    assert found.mean_error == 3
    gaps = np.array([1, 4, 8 / 3, 0]) / 3
    assert found.ause == pytest.approx(gaps[0] / 4 + (gaps[:-1] + gaps[1:]).sum() / 2 / 4)


def test_a_share_may_end_within_a_pixel():
    found = sparsification(np.array([2.0, 5.0, 8.0]), np.array([1, 2, 3]), steps=2)
    np.testing.assert_allclose(found.error, [(2 + 0.5 * 5) / 1.5, 5])


def test_a_perfect_ranking_has_no_area():
    error = shuffled(EVEN)
    for doubt in (error, error**3, np.exp(error)):
        found = sparsification(error, doubt)
        np.testing.assert_allclose(found.error, found.oracle)
        assert found.ause == pytest.approx(0, abs=1e-12)


def test_evenly_spread_errors_have_the_closed_forms():
    error = shuffled(EVEN)
    perfect, constant, reversed_ = (sparsification(error, doubt) for doubt in (error, 0 * error, -error))
    np.testing.assert_allclose(perfect.oracle, perfect.kept, atol=1e-3)
    np.testing.assert_allclose(reversed_.error, 2 - perfect.kept, atol=1e-3)
    assert constant.ause == pytest.approx(0.5, abs=2e-3)  # the area above the line from 0 to 1
    assert reversed_.ause == pytest.approx(1, abs=2e-3)  # (2 - s) - s over 0 .. 1


def test_a_random_ranking_has_about_the_area_of_no_ranking():
    error = np.random.default_rng(1).exponential(size=200_000)
    random = sparsification(error, np.random.default_rng(2).random(error.size))
    # the oracle of exponential errors keeps 1 + (1 - s) ln(1 - s) / s on the mean; its area is 2 - pi^2 / 6
    assert random.ause == pytest.approx(1 - (2 - math.pi**2 / 6), abs=0.01)


def test_equal_doubts_are_flat_whatever_the_order_of_the_pixels():
    error = shuffled(EVEN)
    np.testing.assert_allclose(sparsification(error, np.zeros(error.size)).error, np.ones(100))
    two = np.where(error > 1.5, 1.0, 0.0)
    curve = sparsification(error, two).error
    np.testing.assert_allclose(curve[:74], np.full(74, 0.75), atol=1e-3)
    for seed in (1, 2):
        order = shuffled(np.arange(error.size), seed)
        np.testing.assert_allclose(sparsification(error[order], two[order]).error, curve)


def test_ties_count_as_the_mean_over_all_orders():
    error, doubt = np.array([4.0, 0.0, 7.0, 1.0]), np.array([1, 0, 1, 1])
    # two kept: the certain 0 and one of 4, 7, 1 by chance; three kept: two of them
    np.testing.assert_allclose(sparsification(error, doubt, steps=4).error, [0, 4 / 2, 8 / 3, 3])


def test_unknown_doubt_is_the_most_doubtful_like_infinity():
    error = np.array([9.0, 1.0, 2.0, 3.0])
    curve = sparsification(error, np.array([np.nan, 0.0, np.inf, 0.5]), steps=4).error
    np.testing.assert_allclose(curve, [1, 2, (4 + 5.5) / 3, 15 / 4])


def test_pixels_without_error_do_not_count():
    error, doubt = np.array([[1.0, np.nan, 3.0]]), np.array([[0.0, -9.0, 1.0]])
    found = sparsification(error, doubt, steps=2)
    np.testing.assert_allclose(found.error, [1, 2])


def test_the_unit_of_the_error_does_not_change_the_area():
    error, doubt = shuffled(EVEN), shuffled(EVEN, 4)
    assert sparsification(7 * error, doubt).ause == pytest.approx(sparsification(error, doubt).ause)


def test_no_error_anywhere_has_no_area_and_no_pixel_has_none_to_tell():
    assert sparsification(np.zeros(5), np.arange(5)).ause == 0
    nothing = sparsification(np.full((2, 3), np.nan), np.zeros((2, 3)), steps=7)
    assert np.isnan(nothing.error).all() and math.isnan(nothing.ause) and len(nothing.kept) == 7


def test_bad_input_is_refused():
    with pytest.raises(ParameterError, match=r"errors have shape \(2, 3\) and the doubts \(3, 2\): give"):
        sparsification(np.zeros((2, 3)), np.zeros((3, 2)))
    with pytest.raises(ParameterError, match="steps is 0: give a whole number from 1"):
        sparsification(np.zeros(3), np.zeros(3), steps=0)
