"""One motion for a whole window: least squares over all its pixels.

A pixel alone gives one equation for two unknowns, fx u + fy v + ft = 0. Let the n pixels of a window share (u, v) and
ask for the least sum of squares; setting its derivatives to zero leaves the normal equations, two for two unknowns:

    | xx  xy | |u|   |bx|      xx = mean fx^2    xy = mean fx fy    yy = mean fy^2
    | xy  yy | |v| = |by|      bx = -mean fx ft  by = -mean fy ft

B. D. Lucas and T. Kanade (1981), "An Iterative Image Registration Technique with an Application to Stereo Vision".
Means over the window, not sums, so that a number says the same whatever the window's size.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ParameterError

Plane = NDArray[np.float32]

# A determinant this small beside its own terms is rounding of float32.
_NO_DETERMINANT = 1e-6


def window_mean(plane: Plane, window: int, *, gaussian: bool = False) -> Plane:
    """Return the mean of a plane over the window around every pixel.

    Args:
        plane: (H, W) float32.
        window: its side, an odd number of pixels from 1.
        gaussian: weigh its pixels by a Gaussian of `window_sigma` px instead of all alike.

    Returns:
        (H, W) float32; beyond the rim the plane is mirrored (BORDER_REFLECT_101).

    Raises:
        ParameterError: `window` is not odd.
    """
    if window < 1 or window != int(window) or window % 2 == 0:
        raise ParameterError(f"window is {window}: give an odd number of pixels from 1")
    side = (int(window), int(window))
    if gaussian:
        return cv2.GaussianBlur(plane, side, window_sigma(window))  # type: ignore[return-value]
    return cv2.blur(plane, side)  # type: ignore[return-value]


def window_sigma(window: int) -> float:
    """Return the sigma, px, of a Gaussian window of that side: OpenCV's own rule, about a sixth of the side."""
    return 0.3 * ((window - 1) / 2 - 1) + 0.8


def averaged_products(fx: Plane, fy: Plane, window: int, *, gaussian: bool = False) -> tuple[Plane, Plane, Plane]:
    """Return (xx, xy, yy), each (H, W) float32, grey-levels^2/px^2: the left side of the normal equations.

    Args:
        fx: (H, W) float32, grey levels/px.
        fy: of the same shape.
        window: side, an odd number of pixels from 1.
        gaussian: as in `window_mean`.

    Raises:
        ParameterError: `window` is not odd.
    """
    xx, xy, yy = (window_mean(a * b, window, gaussian=gaussian) for a, b in ((fx, fx), (fx, fy), (fy, fy)))
    return xx, xy, yy


def solve(xx: Plane, xy: Plane, yy: Plane, bx: Plane, by: Plane, damping: float | Plane = 0.0) -> tuple[Plane, Plane]:
    """Return (u, v) of the normal equations, everywhere at once, by Cramer's rule.

    Args:
        xx: left side, any shape, float32, grey-levels^2/px^2.
        xy: of that shape.
        yy: of that shape.
        bx: right side, of that shape, grey-levels^2/px.
        by: of that shape.
        damping: grey-levels^2/px^2, from 0, added to xx and yy: what is measured worse than this is drawn to 0
            (K. Levenberg 1944; the prior of E. P. Simoncelli, E. H. Adelson and D. J. Heeger 1991).

    Returns:
        (u, v) float32, px; NaN where the equations have no one answer: a flat window, a straight edge.
    """
    a, d = xx + damping, yy + damping
    determinant = a * d
    determinant -= xy * xy
    determinant = np.where(determinant > _NO_DETERMINANT * (a + d) ** 2, determinant, np.float32(np.nan))
    return (d * bx - xy * by) / determinant, (a * by - xy * bx) / determinant  # type: ignore[return-value]


def least_squares(
    fx: Plane, fy: Plane, ft: Plane, window: int, *, gaussian: bool = False, damping: float = 0.0
) -> tuple[Plane, Plane]:
    """Return the displacement that the window around every pixel agrees on.

    Args:
        fx: (H, W) float32, slope to the right, grey levels/px.
        fy: slope downwards.
        ft: (H, W) float32, change in time, grey levels a frame.
        window: side, an odd number of pixels from 1.
        gaussian: as in `window_mean`.
        damping: as in `solve`.

    Returns:
        (u, v), each (H, W) float32, px a frame; NaN as in `solve`.

    Raises:
        ParameterError: `window` is not odd.
    """
    bx, by = (-window_mean(slope * ft, window, gaussian=gaussian) for slope in (fx, fy))
    return solve(*averaged_products(fx, fy, window, gaussian=gaussian), bx, by, damping)
