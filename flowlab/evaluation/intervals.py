"""How far counted shares can be believed: 95 % intervals of a share, and of the difference of two on the same draws."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_Z = 1.959963984540054  # of the normal distribution, 95 % within


def wilson(successes: NDArray[np.integer] | int, count: int) -> tuple[Array, Array]:
    """Return the ends (low, high) of the 95 % interval of a share, 0 .. 1.

    Source: E. B. Wilson (1927), "Probable Inference, the Law of Succession, and Statistical Inference".

    Args:
        successes: any shape, how often it happened.
        count: of how many, at least 1.
    """
    share = np.asarray(successes, np.float64) / count
    middle = (share + _Z**2 / (2 * count)) / (1 + _Z**2 / count)
    half = _Z / (1 + _Z**2 / count) * np.sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def paired_difference(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Return (share of `first` less share of `second`, low, high), -1 .. 1, with the 95 % interval.

    Both are about the same draws: what both or neither managed says nothing of their difference.

    Source: A. Agresti and Y. Min (2005), "Simple improved confidence intervals for comparing matched proportions":
    half a draw is added to each of the four cases.

    Args:
        first: (.., N) bool, N at least 1: draws in which one managed.
        second: (.., N) bool, those in which the other did.
    """
    count = first.shape[-1]
    only_first = (first & ~second).sum(axis=-1).astype(np.float64)
    only_second = (second & ~first).sum(axis=-1).astype(np.float64)
    difference = (only_first - only_second) / count
    b, c, n = only_first + 0.5, only_second + 0.5, count + 2
    middle = (b - c) / n
    half = _Z * np.sqrt(b + c - (b - c) ** 2 / n) / n
    return difference, np.clip(middle - half, -1, 1), np.clip(middle + half, -1, 1)
