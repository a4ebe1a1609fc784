"""Many pairs of a clip at once: mean and RMS of the flow, and one pixel's motion over time."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Clip
from flowlab.core.parameters import Parameters
from flowlab.dense.estimator import Flow, Method
from flowlab.errors import ParameterError
from flowlab.jobs.pairs import INTERACTIVE_SECONDS, check_cost, estimate_pair, stream_pairs

MOST_SECONDS = 12 * INTERACTIVE_SECONDS


class FlowMoments:
    """Mean and root-mean-square of flows, added one by one; memory does not grow with their number.

    Source: Welford (1962), "Note on a method for calculating corrected sums of squares", pixel by pixel.
    """

    def __init__(self, height: int, width: int) -> None:
        """Start with no flow of (height, width)."""
        self._count = np.zeros((height, width, 1), np.float64)
        self._mean = np.zeros((height, width, 2), np.float64)
        self._squares = np.zeros((height, width, 2), np.float64)

    def add(self, flow: Flow) -> None:
        """Add one flow (H, W, 2); its unknown vectors do not count."""
        known = np.isfinite(flow).all(axis=2, keepdims=True)
        self._count += known
        off = np.where(known, flow - self._mean, 0.0)
        self._mean += off / np.maximum(self._count, 1)
        self._squares += off * np.where(known, flow - self._mean, 0.0)

    def _where_known(self, values: NDArray[np.float64]) -> Flow:
        return np.where(self._count > 0, values, np.nan).astype(np.float32)

    @property
    def mean(self) -> Flow:
        """Mean of the known vectors at each pixel, (H, W, 2) px; NaN where none was known."""
        return self._where_known(self._mean)

    @property
    def fluctuation(self) -> NDArray[np.float32]:
        """RMS distance of the vectors from their mean, (H, W) px: how unsteady the motion is at each pixel."""
        variance = self._squares / np.maximum(self._count, 1)
        return self._where_known(np.sqrt(variance.sum(axis=2, keepdims=True)))[..., 0]

    @property
    def rms(self) -> NDArray[np.float32]:
        """RMS speed at each pixel, (H, W) px: the square root of the mean squared length."""
        mean_square = self._mean**2 + self._squares / np.maximum(self._count, 1)
        return self._where_known(np.sqrt(mean_square.sum(axis=2, keepdims=True)))[..., 0]


@dataclass(frozen=True, eq=False)
class OverTime:
    """The flows of frames start .. stop-1, `gap` apart, seen as one.

    Attributes:
        frames: (N,) index of each pair's first frame.
        mean: (H, W, 2) float32, px, see `FlowMoments.mean`.
        fluctuation: (H, W) float32, px, see `FlowMoments.fluctuation`.
        rms: (H, W) float32, px, see `FlowMoments.rms`.
        median_speed: (N,) px.
        probe: (N, 2) float32, the flow of one pixel; NaN where unknown or where no pixel was asked for.
    """

    frames: NDArray[np.int64]
    mean: Flow
    fluctuation: NDArray[np.float32]
    rms: NDArray[np.float32]
    median_speed: NDArray[np.float64]
    probe: Flow

    @property
    def nbytes(self) -> int:
        """Memory the arrays take."""
        arrays = (self.frames, self.mean, self.fluctuation, self.rms, self.median_speed, self.probe)
        return sum(array.nbytes for array in arrays)


def flow_over_time(
    clip: Clip,
    frames: tuple[int, int],
    gap: int,
    method: Method,
    parameters: Parameters,
    *,
    probe: tuple[int, int] | None = None,
    counts: NDArray[np.bool_] | None = None,
) -> Iterator[tuple[float, OverTime | None]]:
    """Estimate every pair of a range, yielding (share done, None) after each, and at the end (1, the result).

    One pair is in memory at a time. A caller that stops asking stops the work.

    Args:
        clip: at its working width.
        frames: (start, stop), frames start .. stop-1 are used.
        gap: frames from the first to the second of a pair.
        method: estimator.
        parameters: of the method.
        probe: (x, y) of a pixel to follow; it does not move along.
        counts: (H, W) bool, True where a pixel counts for the median speed; None: everywhere.

    Raises:
        ParameterError: the range holds no pair, or would take longer than a page may.
    """
    start, stop = frames
    count = stop - gap - start
    if count < 1:
        raise ParameterError(f"frames {start}:{stop} with gap {gap} hold no pair: choose more frames or a smaller gap")
    _check_time(clip, count, method, parameters)
    height, width = clip.info.height, clip.info.width
    moments = FlowMoments(height, width)
    indices: list[int] = []
    speeds: list[float] = []
    course: list[NDArray[np.float32]] = []
    for pair in stream_pairs(clip, start, stop, gap):
        flow = estimate_pair(pair, method, parameters).flow
        moments.add(flow)
        indices.append(pair.first.index)
        speeds.append(flow_median_speed(flow if counts is None else flow[counts]))
        course.append(flow[probe[1], probe[0]] if probe else np.full(2, np.nan, np.float32))
        yield len(indices) / count, None
    yield (
        1.0,
        OverTime(
            frames=np.array(indices),
            mean=moments.mean,
            fluctuation=moments.fluctuation,
            rms=moments.rms,
            median_speed=np.array(speeds),
            probe=np.array(course, np.float32).reshape(-1, 2),
        ),
    )


def flow_median_speed(vectors: Flow) -> float:
    """Return the median length of the known vectors (.., 2), px; NaN where none is known."""
    speed = np.hypot(vectors[..., 0], vectors[..., 1])
    known = speed[np.isfinite(speed)]
    return float(np.median(known)) if known.size else math.nan


def _check_time(clip: Clip, count: int, method: Method, parameters: Parameters) -> None:
    check_cost(method, clip.info.width, clip.info.height, parameters)
    seconds = count * method.cost(clip.info.height, clip.info.width, parameters)
    if seconds > MOST_SECONDS:
        fits = max(1, int(count * MOST_SECONDS / seconds))
        raise ParameterError(
            f"{count} pairs with {method.title} would take about {seconds:.0f} s, more than the {MOST_SECONDS:g} s "
            f"of a page: choose at most {fits} pairs, or a smaller working width"
        )
