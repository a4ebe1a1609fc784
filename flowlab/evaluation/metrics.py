"""How far an estimated flow is from the truth, and how well it explains the pictures.

Which pixels count, everywhere in this module:

- A vector is known where both its components are finite.
- A pixel can be judged where the TRUTH is known and the mask (if any) is True.
- Of those, pixels without an ESTIMATE have no error: they are left out of every mean and share, and
  `density` says what part was estimated (Barron, Fleet and Beauchemin 1994, section 4). Compare two
  methods' errors only beside their densities.
- Nothing left to judge gives NaN, without a warning.

Shares are from 0 to 1. Errors are computed in double precision.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.core import resample
from flowlab.core.flow_field import (
    ErrorMap,
    Flow,
    check_flow,
    components,
    endpoint_error,
    paired_components,
    vector_length,
)
from flowlab.errors import ParameterError

__all__ = [
    "FlowErrors",
    "FlowStatistics",
    "angular_error",
    "endpoint_error",
    "fl_outliers",
    "flow_errors",
    "flow_statistics",
    "mean_error",
    "photometric_residual",
    "share_above",
]

Mask = NDArray[np.bool_]

FL_PIXELS = 3.0
FL_SHARE = 0.05


@dataclass(frozen=True)
class FlowErrors:
    """Errors of a flow over the pixels that have both truth and estimate.

    Attributes:
        epe: mean endpoint error in pixels.
        aae: mean angular error in degrees.
        fl: share of KITTI outliers (see `fl_outliers`).
        r05, r1, r3, r5: share with an endpoint error above 0.5, 1, 3 and 5 px.
        a50, a75, a95: endpoint error in pixels that 50, 75 and 95 % of the pixels keep to: Middlebury's accuracy
            percentiles (Baker et al. 2011, "A database and evaluation methodology for optical flow", section 4).
        evaluated: how many pixels were judged.
        density: share of the pixels with truth (inside the mask) that have an estimate.
        truth_share: share of the picture (of the mask) whose truth is known.
    """

    epe: float
    aae: float
    fl: float
    r05: float
    r1: float
    r3: float
    r5: float
    a50: float
    a75: float
    a95: float
    evaluated: int
    density: float
    truth_share: float


@dataclass(frozen=True)
class FlowStatistics:
    """What can be said of a flow alone.

    Attributes:
        median_speed: median length of the known vectors, in pixels.
        p95_speed: 95th percentile of their lengths, in pixels.
        known_share: share of the picture (of the mask) whose vector is known.
    """

    median_speed: float
    p95_speed: float
    known_share: float


def angular_error(flow: Flow, truth: Flow) -> ErrorMap:
    """Return the angle between (u, v, 1) and the true (u, v, 1) at each pixel.

    Args:
        flow: the estimate, (H, W, 2), pixels.
        truth: the true flow, (H, W, 2), pixels.

    Returns:
        (H, W), degrees from 0 to 180; NaN where either is unknown.

    Raises:
        ParameterError: the two differ in size or are no flows.

    Source:
        Barron, Fleet and Beauchemin 1994, "Performance of optical flow techniques", section 4.1. The
        angle is taken as atan2(|a x b|, a . b), which equals their arccos and keeps small angles exact.
    """
    return _angle(*paired_components(flow, truth))


def fl_outliers(flow: Flow, truth: Flow) -> Mask:
    """Return where the flow is an outlier by KITTI's measure: wrong by more than 3 px AND more than 5 %.

    Args:
        flow: the estimate, (H, W, 2), pixels.
        truth: the true flow, (H, W, 2), pixels; the 5 % are of its length.

    Returns:
        (H, W); False where either is unknown, so divide by the number of pixels that are known.

    Raises:
        ParameterError: the two differ in size or are no flows.

    Source:
        Menze and Geiger 2015, "Object scene flow for autonomous vehicles", section 5.
    """
    u, v, true_u, true_v = paired_components(flow, truth)
    return _is_outlier(vector_length(u - true_u, v - true_v), true_u, true_v)


def share_above(error: NDArray[np.floating], threshold: float, mask: Mask | None = None) -> float:
    """Return the share of pixels whose error is greater than a threshold.

    Args:
        error: (H, W), NaN where there is none; those pixels do not count.
        threshold: at least 0, in the error's unit.
        mask: (H, W) bool, True where a pixel counts; None: everywhere.

    Returns:
        From 0 to 1; NaN where no pixel counts.

    Raises:
        ParameterError: mask of another size or type, or no threshold.
    """
    if not threshold >= 0:
        raise ParameterError(f"threshold is {threshold}: give a number of at least 0")
    counted = error[_checked_mask(mask, error.shape) & ~np.isnan(error)]
    return _mean(counted > threshold)


def mean_error(error: NDArray[np.floating], mask: Mask | None = None) -> float:
    """Return the mean of an error map over the pixels that have one.

    Args:
        error: (H, W), NaN where there is none; those pixels do not count.
        mask: (H, W) bool, True where a pixel counts; None: everywhere.

    Returns:
        In the error's unit; NaN where no pixel counts.

    Raises:
        ParameterError: mask of another size or type.
    """
    return _mean(error[_checked_mask(mask, error.shape) & ~np.isnan(error)])


def photometric_residual(first: NDArray[np.generic], second: NDArray[np.generic], flow: Flow) -> NDArray[np.float32]:
    """Return how much of the first picture the flow leaves unexplained: |I1(x + u, y + v) - I0(x, y)|.

    Args:
        first: I0, grey, (H, W).
        second: I1, grey, (H, W).
        flow: (H, W, 2), pixels, from I0 to I1.

    Returns:
        (H, W), grey levels; NaN where the flow is unknown or points outside the picture.

    Raises:
        ParameterError: a picture that is not grey, or sizes that differ.
    """
    if first.ndim != 2 or first.shape != second.shape:
        raise ParameterError(f"the pictures have the shapes {first.shape} and {second.shape}: give both grey, (H, W)")
    check_flow(flow)
    return resample.photometric_residual(first, second, flow)


def flow_statistics(flow: Flow, mask: Mask | None = None) -> FlowStatistics:
    """Return how fast a flow moves and how much of it is known.

    Args:
        flow: (H, W, 2), pixels.
        mask: (H, W) bool, True where a pixel counts; None: everywhere.

    Returns:
        Speeds over the known vectors; NaN where there is none.

    Raises:
        ParameterError: no flow, or a mask of another size or type.
    """
    u, v = components(flow)
    counted = _checked_mask(mask, u.shape)
    known = counted & ~np.isnan(u)
    speeds = vector_length(u[known], v[known])
    median, p95 = np.percentile(speeds, [50, 95]) if speeds.size else (math.nan, math.nan)
    return FlowStatistics(float(median), float(p95), _mean(known[counted]))


def flow_errors(flow: Flow, truth: Flow, mask: Mask | None = None) -> FlowErrors:
    """Return the errors of a flow against the truth, over the pixels that can be judged.

    Args:
        flow: the estimate, (H, W, 2), pixels; NaN where there is none.
        truth: the true flow, (H, W, 2), pixels; NaN where it is not known.
        mask: (H, W) bool, True where a pixel counts (not occluded, say); None: everywhere.

    Returns:
        Means and shares over pixels with truth and estimate; all NaN where there is no such pixel.

    Raises:
        ParameterError: the flows differ in size or are no flows, or the mask has another size or type.
    """
    u, v, true_u, true_v = paired_components(flow, truth)
    counted = _checked_mask(mask, u.shape)
    true = counted & ~np.isnan(true_u)
    judged = true & ~np.isnan(u)
    vectors = u[judged], v[judged], true_u[judged], true_v[judged]
    error = vector_length(vectors[0] - vectors[2], vectors[1] - vectors[3])
    a50, a75, a95 = map(float, np.percentile(error, (50, 75, 95))) if error.size else (math.nan,) * 3
    return FlowErrors(
        epe=_mean(error),
        aae=_mean(_angle(*vectors)),
        fl=_mean(_is_outlier(error, *vectors[2:])),
        r05=_mean(error > 0.5),
        r1=_mean(error > 1),
        r3=_mean(error > 3),
        r5=_mean(error > 5),
        a50=a50,
        a75=a75,
        a95=a95,
        evaluated=int(judged.sum()),
        density=_mean(judged[true]),
        truth_share=_mean(true[counted]),
    )


def _angle(u: ErrorMap, v: ErrorMap, true_u: ErrorMap, true_v: ErrorMap) -> ErrorMap:
    """Return degrees between (u, v, 1) and (true u, true v, 1)."""
    dot = u * true_u + v * true_v + 1
    cross = vector_length(vector_length(v - true_v, u - true_u), u * true_v - v * true_u)
    return np.degrees(np.arctan2(cross, dot))


def _is_outlier(error: ErrorMap, true_u: ErrorMap, true_v: ErrorMap) -> Mask:
    return (error > FL_PIXELS) & (error > FL_SHARE * vector_length(true_u, true_v))


def _mean(values: Mask | NDArray[np.floating]) -> float:
    return float(np.mean(values)) if values.size else math.nan


def _checked_mask(mask: Mask | None, shape: tuple[int, ...]) -> Mask:
    if mask is None:
        return np.ones(shape, np.bool_)
    if mask.dtype != np.bool_ or mask.shape != shape:
        raise ParameterError(
            f"mask is {mask.dtype} of shape {mask.shape}: give bool of shape {shape} (from numbers: mask > 0)"
        )
    return mask
