"""Whether a measure of doubt knows where the errors are.

Leave out the most doubtful pixels first and watch the mean error of the rest: where doubt knows, it falls.
No ranking can do better than the error itself, the oracle; the area between the two curves is the AUSE.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ParameterError

Curve = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sparsification:
    """The error of what is kept against the share that is kept.

    Attributes:
        kept: (steps,) shares from 1/steps to 1.
        error: (steps,) mean error of the least doubtful share, in the error's unit.
        oracle: (steps,) the same where the error itself ranks the pixels: the least possible.
    """

    kept: Curve
    error: Curve
    oracle: Curve

    @property
    def mean_error(self) -> float:
        """Mean error of all pixels, what both curves end at."""
        return float(self.error[-1])

    @property
    def ause(self) -> float:
        """Area under the sparsification error: between the curves, both divided by the mean error of all.

        0 for a perfect ranking; a random one has the area above the oracle's normalised curve (0.5 where
        errors are spread evenly from 0). Where there is no error at all, 0. NaN where nothing was judged.

        Source:
            Ilg et al. 2018, "Uncertainty estimates and multi-hypotheses networks for optical flow", section 4
            (the curves there run over the share left out; the area is the same).
        """
        if self.mean_error == 0:
            return 0.0
        gap = (self.error - self.oracle) / self.mean_error
        # Below the first share the gap is held: nothing is left out of the area from 0 to 1.
        return float(np.trapezoid(gap, self.kept) + gap[0] * self.kept[0])


def sparsification(error: NDArray[np.floating], doubt: NDArray[np.floating], steps: int = 100) -> Sparsification:
    """Return the mean error of what is kept when the most doubtful pixels are left out first.

    Pixels of equal doubt have no order: wherever a share ends among them, each counts by its chance of
    being kept, the expected value over all their orders.

    Args:
        error: error of each pixel, any shape, at least 0; NaN where there is none, and the pixel does not count.
        doubt: of the same shape, larger is more doubtful; infinity and NaN (unknown) are the most doubtful alike.
        steps: how many shares, at least 1.

    Returns:
        The curve and its oracle; NaN throughout where no pixel counts.

    Raises:
        ParameterError: shapes that differ, or no steps.
    """
    if error.shape != doubt.shape:
        raise ParameterError(
            f"the errors have shape {error.shape} and the doubts {doubt.shape}: give both of one shape"
        )
    if steps < 1:
        raise ParameterError(f"steps is {steps}: give a whole number from 1")
    kept = np.arange(1, steps + 1) / steps
    judged = ~np.isnan(error)
    errors = error[judged].astype(np.float64)
    if not errors.size:
        nothing = np.full(steps, math.nan)
        return Sparsification(kept, nothing, nothing)
    doubts = doubt[judged]
    doubts = np.where(np.isnan(doubts), np.inf, doubts)
    return Sparsification(kept, _kept_means(errors, doubts, kept), _kept_means(errors, errors, kept))


def _kept_means(errors: Curve, rank: NDArray[np.floating], kept: Curve) -> Curve:
    """Return the expected mean error of the `kept` shares of lowest rank."""
    order = np.argsort(rank, kind="stable")
    ranks, total = rank[order], np.cumsum(errors[order])
    ends = np.flatnonzero(np.append(ranks[1:] != ranks[:-1], True))  # last pixel of each group of equals
    counts, sums = np.append(0, ends + 1), np.append(0, total[ends])
    count = kept * errors.size
    means: Curve = np.interp(count, counts, sums) / count
    return means
