"""The numbers under the pointer: a flow thinned out to what a page can carry."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.inputs import checked_count
from flowlab.errors import ParameterError

UNKNOWN_VALUE = -32768
"""What stands for NaN in a hover table."""

_FINEST_UNIT = 1 / 64
_LARGEST_VALUE = 32000


@dataclass(frozen=True, eq=False, slots=True)
class HoverGrid:
    """Samples of a flow on a regular grid, as whole numbers.

    Cell (row, column) covers the pixels column*step <= x < (column+1)*step, likewise in y, and holds
    the value AT ONE PIXEL, x = min(column*step + step // 2, W - 1), likewise y: never an average. So the
    pointer over pixel (x, y) reads row y // step, column x // step, and value * unit is the number.

    Attributes:
        step: pixels between samples.
        values: (rows, columns, channels) int16, `UNKNOWN_VALUE` where not finite.
        unit: what 1 stands for, pixels: 1/64, doubled until the largest value fits.
    """

    step: int
    values: NDArray[np.int16]
    unit: float

    @property
    def rows(self) -> int:
        """Number of samples down."""
        return int(self.values.shape[0])

    @property
    def columns(self) -> int:
        """Number of samples across."""
        return int(self.values.shape[1])

    @property
    def channels(self) -> int:
        """Numbers a sample holds: 2 for (u, v)."""
        return int(self.values.shape[2])

    def to_bytes(self) -> bytes:
        """Return the values as little-endian int16, row after row, the channels of a sample together."""
        return self.values.astype("<i2").tobytes()


def hover_grid(flow: NDArray[Any], max_samples: int = 16_000) -> HoverGrid:
    """Return the flow at every n-th pixel, with the smallest n that keeps within `max_samples`.

    Args:
        flow: (H, W, C), pixels: (u, v), and whatever else in pixels belongs under the pointer, each channel known
            or not (NaN) for itself. Up to 500 px the unit is 1/64 px, so numbers are right to 0.008 px.
        max_samples: largest number of samples, at least 1.

    Raises:
        ParameterError: the flow is not (H, W, C), or `max_samples` is below 1.
    """
    if flow.ndim != 3 or flow.size == 0:
        raise ParameterError(f"the flow has shape {flow.shape}: give (height, width, channels)")
    max_samples = checked_count("max_samples", max_samples)
    height, width = flow.shape[:2]
    step = max(1, math.isqrt(height * width // max_samples))
    while -(-height // step) * -(-width // step) > max_samples:
        step += 1
    y, x = (np.minimum(np.arange(0, size, step) + step // 2, size - 1) for size in (height, width))
    samples = flow[np.ix_(y, x)].astype(np.float64)
    known = np.isfinite(samples)
    samples[~known] = 0
    unit = _FINEST_UNIT
    while np.abs(samples).max() > _LARGEST_VALUE * unit:
        unit *= 2
    values = np.where(known, np.rint(samples / unit), UNKNOWN_VALUE).astype(np.int16)
    return HoverGrid(step, values, unit)
