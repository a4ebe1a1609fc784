"""What can be said of a flow field alone: its error against another, where it spreads and where it turns.

A vector is known where both its components are finite; what cannot be said is NaN.
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ParameterError

Flow = NDArray[np.float32]
ErrorMap = NDArray[np.float64]
Scalar = NDArray[np.float32]


def endpoint_error(flow: Flow, truth: Flow) -> ErrorMap:
    """Return the length of the difference of two flows at each pixel, |flow - truth|.

    Args:
        flow: the estimate, (H, W, 2), pixels.
        truth: the true flow, (H, W, 2), pixels.

    Returns:
        (H, W) float64, pixels; NaN where either is unknown.

    Raises:
        ParameterError: the two differ in size or are no flows.
    """
    u, v, true_u, true_v = paired_components(flow, truth)
    return vector_length(u - true_u, v - true_v)


def divergence(flow: Flow, sigma: float = 0.0) -> Scalar:
    """Return how fast the motion spreads at each pixel, du/dx + dv/dy.

    A zoom by the rate s, (u, v) = s (x, y), has the divergence 2 s; a shift or a turn has none.

    Args:
        flow: (H, W, 2), pixels/frame, at least 2x2.
        sigma: width of the Gaussian the derivatives are averaged with, pixels; 0: plain differences.

    Returns:
        (H, W) float32, 1/frame, positive where the picture expands; NaN at unknown vectors and beside them.

    Raises:
        ParameterError: no flow, a flow one pixel wide or high, or no such `sigma`.
    """
    with np.errstate(invalid="ignore"):
        return _averaged(_slope(flow, 0, axis=1) + _slope(flow, 1, axis=0), sigma)


def vorticity(flow: Flow, sigma: float = 0.0) -> Scalar:
    """Return how fast the motion turns at each pixel, dv/dx - du/dy.

    y points down, so positive turns clockwise on the screen: (u, v) = w (-y, x) has the vorticity 2 w.

    Args:
        flow: (H, W, 2), pixels/frame, at least 2x2.
        sigma: width of the Gaussian the derivatives are averaged with, pixels; 0: plain differences.

    Returns:
        (H, W) float32, 1/frame (radians, twice the turn of a rigid body); NaN at unknown vectors and beside them.

    Raises:
        ParameterError: no flow, a flow one pixel wide or high, or no such `sigma`.
    """
    with np.errstate(invalid="ignore"):
        return _averaged(_slope(flow, 1, axis=1) - _slope(flow, 0, axis=0), sigma)


def check_flow(flow: Flow, name: str = "flow") -> None:
    """Raise ParameterError, calling the array `name`, where it is not numbers of shape (H, W, 2)."""
    if flow.ndim != 3 or flow.shape[2] != 2 or flow.dtype.kind not in "fiu":
        raise ParameterError(f"{name} is {flow.dtype} of shape {flow.shape}: give float32 of shape (H, W, 2)")


def components(flow: Flow) -> tuple[ErrorMap, ErrorMap]:
    """Return (u, v) in double precision, both NaN where either is not finite; raises as `check_flow`."""
    check_flow(flow)
    u, v = flow[..., 0].astype(np.float64), flow[..., 1].astype(np.float64)
    unknown = ~(np.isfinite(u) & np.isfinite(v))
    if unknown.any():
        u[unknown] = v[unknown] = np.nan
    return u, v


def paired_components(flow: Flow, truth: Flow) -> tuple[ErrorMap, ErrorMap, ErrorMap, ErrorMap]:
    """Return (u, v, true u, true v) as `components` does; raises ParameterError where the sizes differ."""
    check_flow(flow)
    check_flow(truth, "truth")
    if flow.shape != truth.shape:
        raise ParameterError(
            f"the flow is {flow.shape[1]}x{flow.shape[0]} and the truth {truth.shape[1]}x{truth.shape[0]}: "
            "give both at one size"
        )
    return *components(flow), *components(truth)


def vector_length(u: ErrorMap, v: ErrorMap) -> ErrorMap:
    """Return sqrt(u^2 + v^2); several times faster than hypot, which guards against sizes no picture has."""
    return np.sqrt(u * u + v * v)


def _slope(flow: Flow, component: int, axis: int) -> Scalar:
    """Return the derivative of u (0) or v (1) along y (0) or x (1): central differences, one-sided at the rim."""
    check_flow(flow)
    height, width = flow.shape[:2]
    if min(height, width) < 2:
        raise ParameterError(f"the flow is {width}x{height}: derivatives need at least 2x2 vectors")
    # NaN where either component is unknown; 0 where both are known.
    gap = (flow[..., 0] - flow[..., 0]) + (flow[..., 1] - flow[..., 1])
    # A central difference does not read the pixel itself: the second gap keeps an unknown vector unknown.
    slope: Scalar = np.gradient((flow[..., component] + gap).astype(np.float32, copy=False), axis=axis) + gap
    return slope


def _averaged(derivative: Scalar, sigma: float) -> Scalar:
    """Return a Gaussian average over what is known around each known pixel.

    Averaging the derivative equals deriving the averaged flow, except that here a linear flow keeps its
    exact value also at the rim and beside unknown vectors, where the Gaussian is cut off.
    """
    if not (sigma >= 0 and math.isfinite(sigma)):
        raise ParameterError(f"sigma is {sigma}: give 0 or a width in pixels")
    if sigma == 0:
        return derivative
    known = np.isfinite(derivative)
    weight = known.astype(np.float32)
    total = cv2.GaussianBlur(np.where(known, derivative, np.float32(0)), (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    share = cv2.GaussianBlur(weight, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    with np.errstate(invalid="ignore", divide="ignore"):
        averaged: Scalar = np.where(known, total / share, np.float32(np.nan))
    return averaged
