"""The regions that hold positions: their axes, their size, and what has none."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.drawing.ellipses import ellipse_outlines
from flowlab.errors import ParameterError


def spread_along(direction: tuple[float, float], long: float, short: float) -> list[float]:
    """Return (xx, xy, yy) with variance `long` along a direction and `short` across it."""
    p = np.array(direction) / math.hypot(*direction)
    covariance = long * np.outer(p, p) + short * (np.eye(2) - np.outer(p, p))
    return [covariance[0, 0], covariance[0, 1], covariance[1, 1]]


def long_axis(outline: NDArray[np.float32]) -> Any:
    """Return the unit vector along which an outline reaches farthest from its centre, x not below 0."""
    around = outline[:-1] - outline[:-1].mean(axis=0)
    tip = around[np.hypot(*around.T).argmax()].astype(np.float64)
    return tip / math.hypot(*tip) * np.copysign(1, tip[0])


@pytest.mark.parametrize("direction", [(1, 2), (2, 1), (1, 0), (0, 1), (1, -3)])
def test_an_ellipse_along_an_edge_follows_the_edge(direction: tuple[float, float]) -> None:
    (outline,) = ellipse_outlines([(10, 20)], [spread_along(direction, 9, 0.04)])
    expected = np.array(direction) / math.hypot(*direction)
    np.testing.assert_allclose(np.abs(long_axis(outline) @ expected), 1, atol=1e-5)


def test_axes_have_the_length_of_the_95_per_cent_region_times_the_scale() -> None:
    (outline,) = ellipse_outlines([(10, 20)], [(4, 0, 0.25)], scale=3)
    reach = 3 * math.sqrt(5.991)
    np.testing.assert_allclose(outline.min(axis=0), (10 - 2 * reach, 20 - 0.5 * reach), atol=1e-3)
    np.testing.assert_allclose(outline.max(axis=0), (10 + 2 * reach, 20 + 0.5 * reach), atol=1e-3)


def test_95_of_100_positions_lie_inside() -> None:
    covariance = spread_along((1, 2), 5, 0.5)
    rng = np.random.default_rng(2)
    found = rng.multivariate_normal((0, 0), [covariance[:2], covariance[1:]], 20_000)
    (outline,) = ellipse_outlines([(0, 0)], [covariance], corners=200)
    inside = np.ones(len(found), bool)
    for corner, following in pairwise(outline):
        (dx, dy), (x, y) = following - corner, (found - corner).T
        inside &= dx * y - dy * x >= 0
    assert abs(inside.mean() - 0.95) < 0.006


def test_every_outline_is_closed_and_stands_around_its_own_point() -> None:
    points = np.array([(10, 20), (300, 5), (0, 0)], np.float32)
    outlines = ellipse_outlines(points, [(1, 0.5, 2), (3, 0, 1), (0, 0, 0)], corners=12)
    assert outlines.shape == (3, 13, 2) and outlines.dtype == np.float32
    np.testing.assert_allclose(outlines[:, 0], outlines[:, -1], atol=1e-4)
    np.testing.assert_allclose(outlines[:, :-1].mean(axis=1), points, atol=1e-4)


def test_a_covariance_that_is_not_known_or_none_has_no_outline() -> None:
    wrong = [(np.nan, 0, 1), (1, 0, np.inf), (1, 2, 1), (-1, 0, 1), (-1, 0, -1)]
    assert np.isnan(ellipse_outlines(np.zeros((5, 2)), wrong)).all()
    assert ellipse_outlines([], []).shape == (0, 25, 2)


def test_a_perfect_edge_survives_rounding() -> None:
    covariance = np.array([spread_along((1, 3), 1e5, 0)], np.float32)
    assert np.isfinite(ellipse_outlines([(0, 0)], covariance)).all()


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"covariances": np.zeros((2, 2))}, r"covariances has shape \(2, 2\): give \(2, 3\), \(xx, xy, yy\)"),
        ({"xy": np.zeros((2, 3))}, r"xy has shape \(2, 3\)"),
        ({"scale": 0}, "scale is 0"),
        ({"corners": 2}, "corners is 2"),
    ],
)
def test_what_does_not_fit_is_refused(wrong: dict[str, Any], what: str) -> None:
    with pytest.raises(ParameterError, match=what):
        ellipse_outlines(**{"xy": np.zeros((2, 2)), "covariances": np.zeros((2, 3)), **wrong})
