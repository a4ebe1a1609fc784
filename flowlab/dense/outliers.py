"""The normalised median test: which vectors disagree with their neighbourhood more than it does with itself.

J. Westerweel, F. Scarano (2005), "Universal outlier detection for PIV data", Experiments in Fluids 39:
a vector's distance from its neighbours' median, divided by the neighbours' own median distance from it
(plus the noise to be expected), has one threshold for slow and for turbulent flow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.core.flow_field import check_flow
from flowlab.core.parameters import Parameters, parameter

_Planes = list[NDArray[np.float32]]

_BAND = 32  # rows worked on at a time: sixteen planes of them fit into a processor's cache

# Opposite pairs of the eight neighbours, as (row, column) steps.
_PAIRS = (((0, -1), (0, 1)), ((-1, 0), (1, 0)), ((-1, -1), (1, 1)), ((-1, 1), (1, -1)))

# The exchanges of Batcher's odd-even merge sort of eight values (1968), without the last three: the two
# values in the middle are then in place but for their order, which their mean does not need.
_EXCHANGES = (
    (0, 1), (2, 3), (4, 5), (6, 7), (0, 2), (1, 3), (4, 6), (5, 7), (1, 2), (5, 6),
    (0, 4), (1, 5), (2, 6), (3, 7), (2, 4), (3, 5),
)  # fmt: skip


@dataclass(frozen=True)
class OutlierParameters(Parameters):
    """Parameters of the normalised median test."""

    threshold: float = parameter(
        2.0, low=0.5, high=20.0, step=0.1,
        help="A vector is an outlier where it lies this many times further from its neighbours' median than they do.",
    )  # fmt: skip
    epsilon: float = parameter(
        0.1, low=0.01, high=5.0, step=0.01, unit="px", label="Noise level",
        help="The differences that are expected anyway: without them calm regions would call every ripple an outlier.",
    )  # fmt: skip
    spacing: int = parameter(
        8, low=1, high=64, step=1, unit="px",
        help="Distance to the eight neighbours: next-door pixels of a dense flow share their error, so ask further.",
    )  # fmt: skip


def normalised_residual(flow: NDArray[np.float32], parameters: OutlierParameters | None = None) -> NDArray[np.float32]:
    """Return how far each vector lies from its neighbours' median, in units of their own scatter.

    For each component r = |u - median(u_i)| / (median |u_i - median(u_i)| + epsilon); the residual is
    the length of (r_u, r_v). The u_i are the eight vectors `spacing` px away, without the centre. A
    neighbour counts only together with its opposite: at the rim and beside unknown vectors a one-sided
    neighbourhood would call every plain slope an outlier.

    Args:
        flow: (H, W, 2), pixels; NaN where unknown.
        parameters: epsilon and spacing; None for the defaults.

    Returns:
        (H, W) float32, at least 0; NaN at unknown vectors and where no pair of neighbours is known.

    Raises:
        ParameterError: no flow.

    Source:
        Westerweel and Scarano 2005, equation 2 and the program in the appendix (the two components).
    """
    chosen = parameters or OutlierParameters()
    check_flow(flow)
    height, width = flow.shape[:2]
    known = np.isfinite(flow[..., 0]) & np.isfinite(flow[..., 1])
    vectors = np.where(known[..., None], flow, np.nan).astype(np.float32)
    reach = chosen.spacing
    padded = np.pad(vectors, ((reach, reach), (reach, reach), (0, 0)), constant_values=np.nan)
    residual = np.empty((height, width), np.float32)
    for top in range(0, height, _BAND):
        rows = slice(top, min(top + _BAND, height))
        residual[rows] = _residual(vectors[rows], padded[top : rows.stop + 2 * reach], chosen)
    return residual


def outliers(flow: NDArray[np.float32], parameters: OutlierParameters | None = None) -> NDArray[np.bool_]:
    """Return (H, W) bool, True where a vector fails the normalised median test; unknown vectors do not.

    Args:
        flow: (H, W, 2), pixels; NaN where unknown.
        parameters: threshold, epsilon and spacing; None for the defaults.

    Raises:
        ParameterError: no flow.
    """
    chosen = parameters or OutlierParameters()
    return normalised_residual(flow, chosen) > chosen.threshold


def _residual(
    vectors: NDArray[np.float32], around: NDArray[np.float32], parameters: OutlierParameters
) -> NDArray[np.float32]:
    """Return the residual (h, w) of vectors (h, w, 2), given them and what lies `spacing` px around them."""
    neighbours, missing = _neighbours(around, parameters.spacing)
    middle = _median(neighbours, missing)
    with np.errstate(invalid="ignore"):
        scatter = _median([np.abs(plane - middle) for plane in neighbours], missing)
        r = np.abs(vectors - middle) / (scatter + np.float32(parameters.epsilon))
    length: NDArray[np.float32] = np.sqrt(r[..., 0] * r[..., 0] + r[..., 1] * r[..., 1])
    return length


def _neighbours(around: NDArray[np.float32], spacing: int) -> tuple[_Planes, list[NDArray[np.bool_]]]:
    """Return the eight neighbours of every vector, opposite ones side by side, and where each pair is incomplete."""
    height, width = around.shape[0] - 2 * spacing, around.shape[1] - 2 * spacing
    planes, missing = [], []
    for pair in _PAIRS:
        tops_lefts = [(spacing * (1 + row), spacing * (1 + column)) for row, column in pair]
        one, other = (around[top : top + height, left : left + width] for top, left in tops_lefts)
        planes += [one, other]
        missing.append(np.isnan(one) | np.isnan(other))
    return planes, missing


def _median(planes: _Planes, missing: list[NDArray[np.bool_]]) -> NDArray[np.float32]:
    """Return the median of eight planes; an incomplete pair becomes -inf and +inf, which leaves it where it is."""
    values = [plane.copy() for plane in planes]
    for number, gaps in enumerate(missing):
        np.copyto(values[2 * number], np.float32(-np.inf), where=gaps)
        np.copyto(values[2 * number + 1], np.float32(np.inf), where=gaps)
    spare = np.empty_like(values[0])
    for low, high in _EXCHANGES:
        np.minimum(values[low], values[high], out=spare)
        np.maximum(values[low], values[high], out=values[high])
        values[low], spare = spare, values[low]
    with np.errstate(invalid="ignore"):  # no pair at all: -inf + inf is the NaN it should be
        middle: NDArray[np.float32] = (values[3] + values[4]) * np.float32(0.5)
    return middle
