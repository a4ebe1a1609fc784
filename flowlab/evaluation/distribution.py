"""How motion is distributed over the pixels of a flow: directions and speeds, counted."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ParameterError

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Rose:
    """Directions of a flow in equal bins, the first one centred on 0 degrees (right), then clockwise on the screen.

    Attributes:
        shares: (bins,) share of the moving pixels in each bin; they add up to 1 where anything moves.
        mean_speeds: (bins,) px, mean speed in each bin; 0 where it is empty.
        moving: share of the known pixels that move fast enough to have a direction.
    """

    shares: NDArray[np.float64]
    mean_speeds: NDArray[np.float64]
    moving: float


@dataclass(frozen=True, eq=False)
class Histogram:
    """Speeds of a flow in equal bins.

    Attributes:
        edges: (bins + 1,) px.
        counts: (bins,) pixels in [edge, next edge), the last bin including its upper edge.
    """

    edges: NDArray[np.float64]
    counts: NDArray[np.int64]


def _known(flow: NDArray[np.float32], mask: Mask | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (u, v) of the known vectors that count, each (N,)."""
    if flow.ndim != 3 or flow.shape[2] != 2:
        raise ParameterError(f"the flow has shape {flow.shape}: give (height, width, 2)")
    if mask is not None and mask.shape != flow.shape[:2]:
        raise ParameterError(f"mask has shape {mask.shape}: give {flow.shape[:2]}, the flow's")
    vectors = flow.reshape(-1, 2) if mask is None else flow[mask]
    known: NDArray[np.float64] = vectors[np.isfinite(vectors).all(axis=1)].astype(np.float64)
    return known[:, 0], known[:, 1]


def direction_rose(
    flow: NDArray[np.float32], mask: Mask | None = None, *, bins: int = 36, slowest: float = 0.1
) -> Rose:
    """Count the directions of the vectors that move.

    Args:
        flow: (H, W, 2), px; unknown vectors (NaN) do not count.
        mask: (H, W) bool, True where a pixel counts; None: everywhere.
        bins: number of equal bins, from 4.
        slowest: px; a slower vector has no direction worth counting.

    Raises:
        ParameterError: flow or mask of another shape, or too few bins.
    """
    if bins < 4:
        raise ParameterError(f"bins is {bins}: give 4 or more")
    u, v = _known(flow, mask)
    speed = np.hypot(u, v)
    moving = speed >= slowest
    turn = np.arctan2(v[moving], u[moving]) / (2 * np.pi)
    numbers = np.rint(turn * bins).astype(np.intp) % bins
    counts = np.bincount(numbers, minlength=bins)
    sums = np.bincount(numbers, speed[moving], minlength=bins)
    return Rose(
        shares=counts / max(1, counts.sum()),
        mean_speeds=sums / np.maximum(counts, 1),
        moving=float(moving.mean()) if moving.size else 0.0,
    )


def speed_histogram(flow: NDArray[np.float32], mask: Mask | None = None, *, bins: int = 50) -> Histogram:
    """Count the speeds of a flow from 0 to its fastest vector.

    Args:
        flow: (H, W, 2), px; unknown vectors (NaN) do not count.
        mask: (H, W) bool, True where a pixel counts; None: everywhere.
        bins: number of equal bins, from 1.

    Raises:
        ParameterError: flow or mask of another shape, or no bins.
    """
    if bins < 1:
        raise ParameterError(f"bins is {bins}: give 1 or more")
    speed = np.hypot(*_known(flow, mask))
    fastest = float(speed.max()) if speed.size else 0.0
    counts, edges = np.histogram(speed, bins, (0.0, fastest or 1.0))
    return Histogram(edges, counts.astype(np.int64))
