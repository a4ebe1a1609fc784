"""What every pixel says about its motion, and what several of them agree on.

A pixel says fx u + fy v + ft = 0: a line in the plane of all motions (u, v). Pixels that share one motion are asked
together by least squares, M (u, v)' = q with M = sum w [fx^2 fxfy; fxfy fy^2] and q = -sum w [fx ft; fy ft].

B. K. P. Horn and B. G. Schunck (1981), "Determining Optical Flow", section 4 (the line);
B. D. Lucas and T. Kanade (1981), "An Iterative Image Registration Technique" (the sums).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.core.gradients import Kernel, gradients, smoothed
from flowlab.core.window import averaged_products, window_mean
from flowlab.theory.stage import Plane, stage

Floats = NDArray[np.float64]
Numbers = NDArray[np.floating[Any]] | np.floating[Any]

LEAST_SLOPE = 0.3
"""Grey levels/px: a slope that is smaller all over an aperture tells nothing. Pictures of whole grey levels have
slopes of about 0.02 along a straight edge (blurred by 1.5 px), where there should be none."""


@dataclass(frozen=True, eq=False)
class Slopes:
    """The three derivatives at every pixel, (H, W) float32.

    Attributes:
        fx, fy: grey levels/px, of the mean of the two pictures: half way in time, where f_t belongs as well.
        ft: the second picture less the first, grey levels/frame.
    """

    fx: Plane
    fy: Plane
    ft: Plane


def slopes(first: Plane, second: Plane, sigma: float, kernel: Kernel = Kernel.SCHARR) -> Slopes:
    """Return the derivatives of two pictures (H, W) that are blurred by `sigma` px first."""
    one, other = smoothed(first, sigma), smoothed(second, sigma)
    return Slopes(*gradients((one + other) / 2, kernel), other - one)


@lru_cache(maxsize=24)
def slopes_of(scene: str, index: int, sigma: float) -> Slopes:
    """Return the derivatives between frames `index` and `index + 1` of a scene, read-only; see `slopes`."""
    shown = stage(scene, index)
    found = slopes(shown.first, shown.second, sigma)
    for plane in (found.fx, found.fy, found.ft):
        plane.flags.writeable = False
    return found


@dataclass(frozen=True)
class Vote:
    """What pixels agree on.

    Attributes:
        seen: (u, v) of the least sum of squares, px/frame; of all that are equally good the shortest, which is the
            normal flow of a straight edge; (0, 0) where there is no slope at all.
        across: (x, y), the unit vector along which brightness changes most: across the strongest edge.
        slopes: root mean square slope across and along that edge, grey levels/px: the roots of the eigenvalues of
            M / sum w.
    """

    seen: tuple[float, float]
    across: tuple[float, float]
    slopes: tuple[float, float]

    @property
    def known(self) -> int:
        """In how many directions the motion is known: 0, 1 (across the edge only) or 2."""
        return sum(slope >= LEAST_SLOPE for slope in self.slopes)

    def split(self, u: float, v: float) -> tuple[float, float]:
        """Return the parts (across, along) the strongest edge of a vector (u, v)."""
        x, y = self.across
        return u * x + v * y, v * x - u * y


def vote(fx: NDArray[Any], fy: NDArray[Any], ft: NDArray[Any], w: Floats) -> Vote:
    """Return what pixels with these derivatives and weights, all of one shape, agree on.

    A direction in which the root mean square slope is below LEAST_SLOPE counts as not seen.
    """
    share = (w / (w.sum() or 1.0)).ravel()[:, None]
    rows = np.stack([fx.ravel(), fy.ravel()], axis=1).astype(np.float64)
    matrix, q = (rows * share).T @ rows, -(rows * share).T @ ft.ravel().astype(np.float64)
    seen, values, vectors = _shortest(matrix, q)
    x, y = vectors[:, 1] * (-1 if vectors[0, 1] < 0 else 1)
    smaller, larger = np.sqrt(np.maximum(values, 0))
    return Vote(pair(seen), (float(x), float(y)), (float(larger), float(smaller)))


def votes_everywhere(f: Slopes, window: int, gaussian: bool) -> Floats:
    """Return what the window around every pixel agrees on, (H, W, 2) px/frame; `vote` for all of them at once."""
    xx, xy, yy = averaged_products(f.fx, f.fy, window, gaussian=gaussian)
    bx, by = (-window_mean(slope * f.ft, window, gaussian=gaussian) for slope in (f.fx, f.fy))
    matrix = np.stack([xx, xy, xy, yy], axis=-1).reshape(*xx.shape, 2, 2)
    return _shortest(matrix.astype(np.float64), np.stack([bx, by], axis=-1).astype(np.float64))[0]


def _shortest(matrix: Floats, q: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the shortest solution (..., 2) of `matrix` (..., 2, 2) d = `q` (..., 2), eigenvalues and -vectors.

    The eigenvalues are means of squared slopes, the smaller one first; those below LEAST_SLOPE squared count as 0.
    """
    values, vectors = np.linalg.eigh(matrix)
    seen = values >= LEAST_SLOPE**2
    along = (vectors * q[..., :, None]).sum(axis=-2)
    parts = np.where(seen, along / np.where(seen, values, 1), 0)
    return (vectors * parts[..., None, :]).sum(axis=-1), values, vectors


def pair(motion: NDArray[Any]) -> tuple[float, float]:
    """Return a motion (2,) as two plain numbers."""
    u, v = motion
    return float(u), float(v)


def normal_flow(fx: Numbers, fy: Numbers, ft: Numbers) -> Floats:
    """Return the point of every constraint line that is closest to no motion, (..., 2) px/frame; NaN without a slope.

    -ft (fx, fy) / (fx^2 + fy^2): the motion across the edge, all that one pixel can tell.
    """
    gradient = np.stack([fx, fy], axis=-1).astype(np.float64)
    square = (gradient**2).sum(axis=-1, keepdims=True)
    return -np.asarray(ft, np.float64)[..., None] * gradient / np.where(square > 0, square, np.nan)


def line_ends(fx: Numbers, fy: Numbers, ft: Numbers, reach: float) -> Floats:
    """Return two points of every constraint line, `reach` px/frame to either side of its normal flow, (..., 2, 2)."""
    along = np.stack([-np.asarray(fy, np.float64), np.asarray(fx, np.float64)], axis=-1)
    length = np.hypot(along[..., 0], along[..., 1])[..., None]
    step = reach * along / np.where(length > 0, length, np.nan)
    foot = normal_flow(fx, fy, ft)
    return np.stack([foot - step, foot + step], axis=-2)


def distances(fx: Numbers, fy: Numbers, ft: Numbers, at: tuple[float, float]) -> Floats:
    """Return how far every constraint line passes a motion (u, v), px/frame; NaN without a slope."""
    length = np.hypot(fx, fy).astype(np.float64)
    return np.abs(fx * at[0] + fy * at[1] + ft) / np.where(length > 0, length, np.nan)
