"""How far a measured step may be from the true one: its covariance from texture and noise.

Lucas-Kanade ends where sum g r = 0: g the gradients (grey levels/px) in the first window, r what is left between
the two. With noise of variance s^2 in every pixel of both pictures that puts the step off by

    e = T^-1 sum g (n1 - n0),      cov(e) = (1 + f) s^2 T^-1 G T^-1,      G = sum g g',  T = G - noise in G

(W. Förstner 1987, "Reliability analysis of parameter estimation in linear models", for T = G). Noise makes gradients
look steeper than they are: G holds n k s^2 on its diagonal that carries no information, k = 236/1024 being what the
Scharr filter makes of unit variance. s^2 itself comes from r, whose variance is s^2 times what reading between
pixels leaves of it, the share f of either picture. Of the noise that enters the sum reading leaves less than all and
more than f, for neighbouring pixels then share theirs: (1 + f) / 2 is taken.
"""

import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.patches import SCHARR_NOISE, Neighbourhoods

Floats = NDArray[np.float32]

_LEAST_SHARE = 0.1  # of an eigenvalue that is information, however noisy the picture
_LEAST_EIGENVALUE = 1e-6  # of the larger one: a smaller one is what rounding left of 0 along an edge
_ROUNDING = 1 / 12  # grey-levels^2: pictures are whole numbers


def step_covariance(first: Neighbourhoods, second: Neighbourhoods) -> Floats:
    """Return the covariance of the step between two windows, (N, 3) float32: xx, xy, yy in px^2.

    Args:
        first: the windows where the points were.
        second: the windows where they are now; as many, of one size.

    Along an edge it is large along the edge and small across; in a flat window it is infinite.
    """
    pixels = first.values.shape[1]
    left = second.values - first.values
    reading = first.fineness + second.fineness
    variance = np.einsum("ij,ij->i", left, left) / max(pixels - 2, 1) / reading
    noise = np.maximum(variance, _ROUNDING).astype(np.float64)
    entering, spoiled = noise * (2 + reading) / 2, SCHARR_NOISE * pixels * noise * first.fineness
    return _propagated(first.tensor.astype(np.float64) * pixels, entering, spoiled)


def since_birth(first_step: Floats, last_step: Floats) -> Floats:
    """Return the covariance of a position since the track's birth, (N, 3) px^2.

    Args:
        first_step: (N, 3), covariance of the track's first step.
        last_step: (N, 3), of its last one.

    Steps do not add up like those of a random walk: the noise of a frame puts the point off on arrival, and the next
    step, which begins in the same noise, back by as much. What remains is that of the two ends, half of either step.
    That is noise alone: windows that stretch, turn or hide let a track drift by more (see `affine_check`).
    """
    return (first_step + last_step) / np.float32(2)


def _propagated(g: NDArray[np.float64], entering: NDArray[np.float64], spoiled: NDArray[np.float64]) -> Floats:
    """Return s^2 T^-1 G T^-1, (N, 3), in the eigenvectors of G (N, 3), which T = G - spoiled shares."""
    xx, xy, yy = g.T
    half, difference = (xx + yy) / 2, (xx - yy) / 2
    radius = np.hypot(difference, xy)
    angle = 0.5 * np.arctan2(xy, difference)  # of the eigenvector of the larger eigenvalue
    c, s = np.cos(angle), np.sin(angle)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        vx, vy = (
            entering * e / np.maximum(e - spoiled, _LEAST_SHARE * e) ** 2
            for e in (half + radius, np.maximum(half - radius, _LEAST_EIGENVALUE * (half + radius)))
        )
        covariance = np.stack([c * c * vx + s * s * vy, c * s * (vx - vy), s * s * vx + c * c * vy], axis=1)
    return np.where(np.isfinite(covariance), covariance, np.inf).astype(np.float32)
