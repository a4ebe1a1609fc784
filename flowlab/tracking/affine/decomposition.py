"""A warp in the words people think in: how it turns, scales, stretches and shears, and where its centre goes.

    A = R(t) [[s_x, k s_y], [0, s_y]] = R(t) [[1, k], [0, 1]] diag(s_x, s_y)
    R(t) = [[cos t, -sin t], [sin t, cos t]]

The template is scaled along its own axes, then sheared along x, then turned: t is where its x axis points (clockwise
as seen, since y points down), k by how much of its height the bottom slides along x. It is the QR factorisation of A
with positive s_x; s_y is negative of a mirror image.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Decomposition:
    """The parts of warps; every attribute has the warps' leading axes.

    Attributes:
        centre: (.., 2) px, where the template's centre is.
        rotation: degrees, -180 .. 180, clockwise as seen.
        scale: square root of the area one pixel of the template covers.
        aspect: s_x / s_y, above 1 where it is stretched along its own x axis.
        shear: k, tangent of the angle by which its y axis leans from the perpendicular of its x axis.
    """

    centre: Floats
    rotation: Floats
    scale: Floats
    aspect: Floats
    shear: Floats


def decomposed(warp: Floats) -> Decomposition:
    """Return the parts of warps (.., 3, 3), the first order of a homography at the template's centre.

    What is not finite, or collapses the template to a line, has parts that are NaN.
    """
    matrix = np.asarray(warp, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        jacobian, centre = jacobian_at_centre(matrix)
        (a, b), (c, d) = np.moveaxis(jacobian, (-2, -1), (0, 1))
        determinant = a * d - b * c
        s_x = np.hypot(a, c)
        s_y = determinant / s_x
        shear = (a * b + c * d) / s_x / s_y
        rotation = np.where(s_x > 0, np.degrees(np.arctan2(c, a)), np.nan)
        aspect = s_x / s_y
    collapsed = ~np.isfinite(shear) | ~np.isfinite(aspect)
    parts = (np.where(collapsed, np.nan, part) for part in (rotation, np.sqrt(np.abs(determinant)), aspect, shear))
    return Decomposition(centre, *parts)


def jacobian_at_centre(warp: Floats) -> tuple[Floats, Floats]:
    """Return the derivative (.., 2, 2) of warps (.., 3, 3) at the template's centre, and where that goes, (.., 2) px.

    x' = (h11 x + h12 y + h13) / (h31 x + h32 y + h33), so at (0, 0) dx'/dx = (h11 - x' h31) / h33, and so on.
    """
    depth = warp[..., 2, 2]
    centre = warp[..., :2, 2] / depth[..., None]
    jacobian = (warp[..., :2, :2] - centre[..., :, None] * warp[..., 2:, :2]) / depth[..., None, None]
    return jacobian, centre


def composed(centre: tuple[float, float], *, rotation: float = 0.0, scale: float = 1.0, aspect: float = 1.0,
             shear: float = 0.0) -> Floats:  # fmt: skip
    """Return the affine warp (3, 3) with these parts; see `Decomposition`."""
    t = np.radians(rotation)
    s_x, s_y = scale * np.sqrt(abs(aspect)), np.sign(aspect) * scale / np.sqrt(abs(aspect))
    turn = np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]])
    warp = np.eye(3)
    warp[:2, :2] = turn @ np.array([[s_x, shear * s_y], [0, s_y]])
    warp[:2, 2] = centre
    return warp
