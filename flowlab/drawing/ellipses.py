"""How sure a position is: the region of the plane that holds it 95 times in a hundred."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flowlab.drawing.inputs import checked_count, checked_positive
from flowlab.drawing.point_inputs import checked_points
from flowlab.errors import ParameterError

_RADIUS_95 = math.sqrt(-2 * math.log(0.05))
"""Mahalanobis distance within which 95 % of a plane's normal distribution lies: the square root of chi-square's
95 % quantile with two degrees of freedom, 5.991."""


def ellipse_outlines(
    xy: ArrayLike, covariances: ArrayLike, scale: float = 1.0, corners: int = 24
) -> NDArray[np.float32]:
    """Return the outline of the 95 % region around each point.

    With the eigenvalues a >= b of a covariance and its eigenvectors p, q the outline is
    xy + scale * sqrt(5.991) * (sqrt(a) cos t * p + sqrt(b) sin t * q), so corners lie at the ends of both axes
    where their number is a multiple of four.

    Args:
        xy: (N, 2), pixels.
        covariances: (N, 3), (xx, xy, yy) of each position's error, pixels^2.
        scale: times their true size, above 0.
        corners: of each outline, 3 or more.

    Returns:
        (N, corners + 1, 2) float32, pixels: closed, the first corner at the end of the long axis; NaN where the
        covariance is not finite, or is none since a variance along some direction is below 0.

    Raises:
        ParameterError: a shape or number is not usable.
    """
    points = checked_points("xy", xy)
    scale, corners = checked_positive("scale", scale), checked_count("corners", corners, 3)
    across, mixed, down = _checked_covariances(covariances, len(points)).T
    with np.errstate(invalid="ignore"):
        middle, half = (across + down) / 2, np.hypot((across - down) / 2, mixed)
        # Rounding may take the smaller one of a sharp edge a little below 0.
        long, short = middle + half, np.where(middle - half >= -1e-6 * middle, np.maximum(middle - half, 0), np.nan)
        a, b = (scale * _RADIUS_95 * np.sqrt(eigenvalue) for eigenvalue in (long, short))
    angle = np.arctan2(mixed, (across - down) / 2) / 2
    turn = np.exp(2j * np.pi * np.arange(corners + 1) / corners)
    outline = (a[:, None] * turn.real + 1j * b[:, None] * turn.imag) * np.exp(1j * angle)[:, None]
    around: NDArray[np.float32] = np.stack([outline.real, outline.imag], axis=2).astype(np.float32)
    return points[:, None] + around


def _checked_covariances(covariances: ArrayLike, count: int) -> NDArray[Any]:
    """Return covariances (count, 3), all NaN where one of their numbers is not finite.

    Raises:
        ParameterError: their shape is another.
    """
    found = np.asarray(covariances, np.float64)
    if not count and not found.size:
        return np.zeros((0, 3))
    if found.shape != (count, 3):
        raise ParameterError(f"covariances has shape {found.shape}: give ({count}, 3), (xx, xy, yy) of each point")
    return np.where(np.isfinite(found).all(axis=1, keepdims=True), found, np.nan)
