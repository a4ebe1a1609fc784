"""Intervals: textbook values, their ends, and that they cover the truth as often as they say."""

import numpy as np
import pytest

from flowlab.evaluation.intervals import paired_difference, wilson


@pytest.mark.parametrize(
    ("successes", "count", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (81, 263, 0.2553, 0.3662)],
)
def test_wilson_gives_the_values_of_the_textbooks(successes: int, count: int, low: float, high: float) -> None:
    found = wilson(successes, count)
    assert [float(end) for end in found] == pytest.approx([low, high], abs=5e-5)


def test_wilson_takes_many_at_once() -> None:
    low, high = wilson(np.array([0, 5, 10]), 10)
    assert low.shape == high.shape == (3,)
    assert (low < [1e-9, 0.5, 1]).all() and (high > [0, 0.5, 1 - 1e-9]).all()


def test_a_paired_difference_counts_only_where_the_two_differ() -> None:
    first = np.array([True] * 60 + [False] * 40)
    second = np.array([True] * 50 + [False] * 10 + [True] * 4 + [False] * 36)
    difference, low, high = paired_difference(first, second)
    assert float(difference) == pytest.approx((10 - 4) / 100)
    b, c, n = 10.5, 4.5, 102  # Agresti & Min 2005
    half = 1.959964 * np.sqrt(b + c - (b - c) ** 2 / n) / n
    assert (float(low), float(high)) == pytest.approx(((b - c) / n - half, (b - c) / n + half), abs=1e-6)
    back, low_back, high_back = paired_difference(second, first)
    assert (float(back), float(low_back), float(high_back)) == pytest.approx((-difference, -high, -low))


def test_the_same_draws_differ_by_nothing_and_the_interval_is_not_empty() -> None:
    draws = np.ones((2, 1000), np.bool_)
    difference, low, high = paired_difference(draws, draws)
    assert (difference == 0).all() and (low < 0).all() and (high > 0).all() and (high < 0.005).all()


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(1)
    together = rng.random((2000, 80, 1))
    both = (together < [0.6, 0.5]) ^ (rng.random((2000, 80, 2)) < 0.1)  # true shares .58 and .5
    low, high = wilson(both[..., 0].sum(axis=1), 80)
    assert 0.93 < np.mean((low <= 0.58) & (high >= 0.58)) < 0.98
    _, low, high = paired_difference(both[..., 0], both[..., 1])
    assert 0.92 < np.mean((low <= 0.08) & (high >= 0.08)) < 0.98
