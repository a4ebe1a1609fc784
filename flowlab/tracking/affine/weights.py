"""How much each pixel counts: less where it does not fit, less near the rim.

Iteratively reweighted least squares: P. J. Huber (1964) and A. E. Beaton and J. W. Tukey (1974). The scale of the
errors is 1.4826 times their median absolute value (P. J. Rousseeuw and C. Croux 1993), the thresholds 1.345 and 4.685
times that: 95 % efficient where errors are Gaussian.
"""

import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.affine.choices import Weights

Floats = NDArray[np.float32]

HUBER_THRESHOLD, TUKEY_THRESHOLD = 1.345, 4.685
_MAD_TO_SIGMA = 1.4826
_LEAST_SCALE = 0.5  # grey levels: rounding alone leaves that much
_SAMPLED = 600  # errors that tell the scale: their median is good to 5 %


def error_scale(errors: Floats) -> float:
    """Return the robust standard deviation of errors (n,), grey levels, at least that of rounding."""
    step = max(1, errors.size // _SAMPLED) | 1  # an odd step does not walk down one column
    sizes = np.abs(errors[::step])
    middle = sizes.size // 2
    return max(_MAD_TO_SIGMA * float(np.partition(sizes, middle)[middle]), _LEAST_SCALE)


def robust_weights(errors: Floats, weights: str, scale: float | None = None) -> Floats:
    """Return how much each error (n,) counts, 0 .. 1; `scale` is its standard deviation, estimated where it is None."""
    if weights == Weights.NONE:
        return np.ones_like(errors)
    sigma = error_scale(errors) if scale is None else scale
    size = np.abs(errors)
    if weights == Weights.HUBER:
        threshold = np.float32(HUBER_THRESHOLD * sigma)
        return np.asarray(threshold / np.maximum(size, threshold), np.float32)
    inside = np.maximum(1 - np.square(size / np.float32(TUKEY_THRESHOLD * sigma)), 0)
    return np.asarray(inside * inside, np.float32)


def centre_window(width: int, height: int) -> Floats:
    """Return (n,) weights of a template's pixels by rows: a Gaussian that is 1 in the middle and 0.14 at each side."""
    x = np.linspace(-2, 2, width, dtype=np.float32)
    y = np.linspace(-2, 2, height, dtype=np.float32)
    window: Floats = np.exp(-(y[:, None] ** 2 + x[None, :] ** 2) / 2).ravel()
    return window
