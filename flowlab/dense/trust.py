"""Which vectors of a dense flow can be believed, and why not the others.

Four tests, each with a threshold of its own: does the way back lead home (`forward_backward`), is there
enough texture (`min_eigenvalue`), is the brightness explained (`residual`), does the vector agree with
those around it (`deviation`). A vector is trusted where it passes all. How far to trust it is one number,
the error to be expected in pixels, in which the same measurements add up as independent errors do:

    error^2  =  forward_backward^2  +  (2 deviation)^2  +  (1.2^2 + residual^2) / (160 min_eigenvalue)

The last term is the Cramer-Rao bound of a displacement measured from noisy pixels: their noise (what is left
unexplained, and at least the 1.2 grey levels that rounding and interpolation cost) over the texture of the
pixels behind one vector, here 160. The constants are fitted by AUSE (evaluation.sparsification) on 88 cases:
ten scenes plain, noisy, brightening and fast, and four Middlebury pairs, each with Farneback and DIS. What
was tried there, mean AUSE (lower is better; tests/benchmarks/test_trust.py prints the present numbers):

    forward-backward alone                           0.32     the largest of the four over its threshold  0.33
    eigenvalue alone                                 0.54     their sum of squares over the thresholds    0.25
    residual alone, averaged over the window         0.40     the sum above without the deviation         0.27
    residual alone, of the pixel                     0.51     with the flow's gradient in its stead       0.24
    deviation alone                                  0.21     the sum above                               0.18

The gradient of a flow does worse than its deviation since a zoom or a shear is no error. Two habits made no
difference and are left out: a forward-backward tolerance that grows with speed (Sundaram, Brox and Keutzer
2010), and averaging that error over 5 or 15 px.

With the default thresholds 81 % of the vectors on Middlebury are trusted; their mean error is 0.36 px, that
of the others 1.6 px. On the KITTI pair, which had no part in the fit, it falls from 4.8 to 0.5 px with
Farneback and from 2.9 to 0.3 px with DIS, keeping 62 and 72 %.
"""

from dataclasses import dataclass
from enum import IntEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.flow_field import check_flow
from flowlab.core.parameters import Parameters, parameter
from flowlab.core.resample import pixel_grid
from flowlab.core.structure_tensor import smaller_eigenvalue
from flowlab.errors import ParameterError

Grey = NDArray[np.uint8]
Flow = NDArray[np.float32]
Scalar = NDArray[np.float32]
Mask = NDArray[np.bool_]

_NOISE = 1.2  # grey levels of rounding and interpolation in the cleanest picture
_PIXELS_USED = 160  # independent pixels behind one vector
_DEVIATION_WEIGHT = 2.0
_LEAST_EIGENVALUE = 1e-3  # keeps the expected error finite in a flat place
_REMAP_SIDE = 32767  # cv2.remap addresses positions in 16 bits


class Reason(IntEnum):
    """Why a vector is not trusted; where several apply, the first of this list."""

    TRUSTED = 0
    UNKNOWN = 1
    OUTSIDE = 2
    INCONSISTENT = 3
    FLAT = 4
    UNEXPLAINED = 5
    ABRUPT = 6

    @property
    def words(self) -> str:
        """A short label for a legend."""
        return _WORDS[self]


_WORDS = {
    Reason.TRUSTED: "trusted",
    Reason.UNKNOWN: "no flow known",
    Reason.OUTSIDE: "leaves the picture",
    Reason.INCONSISTENT: "forward and backward disagree",
    Reason.FLAT: "too little texture",
    Reason.UNEXPLAINED: "brightness not explained",
    Reason.ABRUPT: "motion changes abruptly",
}


@dataclass(frozen=True)
class TrustParameters(Parameters):
    """Thresholds of the tests a vector must pass to be trusted."""

    forward_backward: float = parameter(
        0.5, low=0.05, high=20.0, step=0.05, unit="px", label="Forward-backward",
        help="How far from its start a pixel may land when it follows the flow forward and then backward.",
    )  # fmt: skip
    min_eigenvalue: float = parameter(
        0.5, low=0.0, high=1000.0, step=0.25, unit="grey levels²/px²", label="Smaller eigenvalue",
        help="Texture the window must have in its weakest direction: flat places and straight edges have none.",
    )  # fmt: skip
    residual: float = parameter(
        15.0, low=0.5, high=255.0, step=0.5, unit="grey levels", label="Residual",
        help="How much brightness the flow may leave unexplained, root mean square in the window.",
    )  # fmt: skip
    deviation: float = parameter(
        0.7, low=0.05, high=20.0, step=0.05, unit="px", label="Deviation",
        help="How far a vector may lie from the mean of its window: at the rim of things methods blend motions.",
    )  # fmt: skip
    window: int = parameter(
        21, low=3, high=63, step=2, unit="px", label="Window",
        help="Side of the box over which texture, residual and mean motion are taken.",
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Trust:
    """What the tests say of every vector of a flow.

    Attributes:
        reason: (H, W) uint8, a `Reason`: 0 where the vector is trusted, else the first test it fails.
        forward_backward: (H, W) float32, px; NaN where unknown or outside.
        min_eigenvalue: (H, W) float32, grey-levels^2/px^2, averaged over the window.
        residual: (H, W) float32, grey levels, root mean square of the window; NaN where unknown or outside.
        deviation: (H, W) float32, px: distance of the vector from the mean of its window; NaN where unknown.
        doubt: (H, W) float32, ranks the vectors from best to worst: e / (1 + e) where trusted and 1 + e where
            not, e being the error to be expected in px (see the module); infinite where unknown or outside.
            So it is at most 1 exactly where the vector is trusted.
    """

    reason: NDArray[np.uint8]
    forward_backward: Scalar
    min_eigenvalue: Scalar
    residual: Scalar
    deviation: Scalar
    doubt: Scalar

    @property
    def mask(self) -> Mask:
        """(H, W) bool, True where the vector is trusted."""
        trusted: Mask = self.reason == Reason.TRUSTED
        return trusted

    @property
    def share(self) -> float:
        """Share of the vectors that are trusted, from 0 to 1."""
        return self.share_of(Reason.TRUSTED)

    def share_of(self, reason: Reason, counts: Mask | None = None) -> float:
        """Return the share of the vectors (of those that count, (H, W) bool) that have this reason, from 0 to 1."""
        return float(np.mean((self.reason if counts is None else self.reason[counts]) == reason))


def forward_backward_error(flow: Flow, backward: Flow) -> Scalar:
    """Return how far from its start each pixel lands when it goes forward and back, |f(x) + b(x + f(x))|.

    Args:
        flow: f from I0 to I1, (H, W, 2), pixels.
        backward: b from I1 to I0, the same size; it is read bilinearly.

    Returns:
        (H, W) float32, pixels; NaN where either is unknown or the flow points outside the picture.

    Raises:
        ParameterError: sizes that differ, or no flows.
    """
    _check_flows(flow, backward)
    u, v = _components(flow)
    returned_u, returned_v = _read_at_target(u, v, *_components(backward))
    return _length(u + returned_u, v + returned_v)


def trust(first: Grey, second: Grey, flow: Flow, backward: Flow, parameters: TrustParameters | None = None) -> Trust:
    """Return which vectors of `flow` can be trusted, and why the others cannot.

    Args:
        first: I0, (H, W) uint8 grey.
        second: I1, the same size.
        flow: from I0 to I1, (H, W, 2), pixels; NaN where unknown.
        backward: from I1 to I0, estimated by the same method, the same size.
        parameters: thresholds; None for the defaults.

    Raises:
        ParameterError: pictures that are not grey uint8, no flows, or sizes that differ.

    Source:
        Sundaram, Brox and Keutzer 2010, "Dense point trajectories by GPU-accelerated large displacement optical
        flow" (round trip); Shi and Tomasi 1994, "Good features to track" (eigenvalue).
    """
    chosen = parameters or TrustParameters()
    _check_flows(flow, backward)
    for picture in (first, second):
        _check_picture(picture, flow)
    u, v = _components(flow)
    returned_u, returned_v, landed = _read_at_target(u, v, *_components(backward), second)
    fb = _length(u + returned_u, v + returned_v)
    difference = landed - first
    eigenvalue = smaller_eigenvalue(first, chosen.window)
    residual = np.sqrt(np.maximum(_window_mean(difference * difference, chosen.window), 0))
    deviation = _length(*(part - _mean_around(part, chosen.window) for part in (u, v)))

    unseen = np.isnan(fb)
    outside = unseen & np.isnan(difference) & np.isfinite(u)
    reason = np.zeros(fb.shape, np.uint8)
    for why, applies in (  # the last to be written is the first of the list
        (Reason.ABRUPT, deviation > chosen.deviation),
        (Reason.UNEXPLAINED, residual > chosen.residual),
        (Reason.FLAT, eigenvalue < chosen.min_eigenvalue),
        (Reason.INCONSISTENT, fb > chosen.forward_backward),
        (Reason.UNKNOWN, unseen),
        (Reason.OUTSIDE, outside),
    ):
        reason[applies] = why
    expected = _expected_error(fb, eigenvalue, residual, deviation)
    doubt = np.where(reason == Reason.TRUSTED, expected / (1 + expected), 1 + expected)
    doubt[unseen] = np.inf
    return Trust(reason, fb, eigenvalue, residual, deviation, doubt)


def _expected_error(fb: Scalar, eigenvalue: Scalar, residual: Scalar, deviation: Scalar) -> Scalar:
    """Return the error to be expected, (H, W) px; the formula and its constants are explained at the top."""
    noise = (_NOISE * _NOISE + residual * residual) / (_PIXELS_USED * np.maximum(eigenvalue, _LEAST_EIGENVALUE))
    blend = _DEVIATION_WEIGHT * deviation
    error: Scalar = np.sqrt(fb * fb + blend * blend + noise)
    return error


def _components(flow: Flow) -> tuple[Scalar, Scalar]:
    """Return (u, v), each (H, W) float32 on its own, both NaN where either is not finite."""
    u, v = (flow[..., i].astype(np.float32) for i in (0, 1))
    unknown = ~np.isfinite(u) | ~np.isfinite(v)
    if unknown.any():
        u[unknown] = v[unknown] = np.nan
    return u, v


def _length(u: Scalar, v: Scalar) -> Scalar:
    length: Scalar = np.sqrt(u * u + v * v)
    return length


def _mean_around(part: Scalar, window: int) -> Scalar:
    """Return the mean of what is known in the window around each pixel, (H, W); NaN at what is unknown.

    Beyond the rim the flow is continued by its own slope, so that a zoom deviates nowhere.
    """
    reach = window // 2
    border = (reach, reach, reach, reach)
    mirrored = cv2.copyMakeBorder(part, *border, cv2.BORDER_REFLECT_101)
    continued: Scalar = 2 * cv2.copyMakeBorder(part, *border, cv2.BORDER_REPLICATE) - mirrored
    return _window_mean(continued, window)[reach:-reach, reach:-reach]


def _window_mean(values: NDArray[np.float32], window: int) -> NDArray[np.float32]:
    """Return the mean over a window of what is known there, (H, W); NaN at what is unknown."""
    unknown = ~np.isfinite(values)
    if not unknown.any():
        return cv2.blur(values, (window, window))  # type: ignore[return-value]
    total = cv2.blur(np.where(unknown, np.float32(0), values), (window, window))
    share = cv2.blur((~unknown).astype(np.float32), (window, window))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean: NDArray[np.float32] = np.where(unknown, np.float32(np.nan), total / share)
    return mean


def _check_picture(picture: Grey, flow: Flow) -> None:
    if picture.dtype != np.uint8 or picture.ndim != 2:
        raise ParameterError(f"a picture is {picture.dtype} of shape {picture.shape}: give grey uint8 pictures (H, W)")
    if picture.shape != flow.shape[:2]:
        raise ParameterError(
            f"a picture is {picture.shape[1]}x{picture.shape[0]} and the flow {flow.shape[1]}x{flow.shape[0]}: "
            "give both at one size"
        )


def _check_flows(flow: Flow, backward: Flow) -> None:
    check_flow(flow)
    check_flow(backward, "backward")
    if flow.shape != backward.shape:
        raise ParameterError(
            f"the flow is {flow.shape[1]}x{flow.shape[0]} and the backward flow "
            f"{backward.shape[1]}x{backward.shape[0]}: give both at one size"
        )


def _read_at_target(u: Scalar, v: Scalar, *planes: NDArray[np.generic]) -> list[Scalar]:
    """Return planes (H, W) of the second frame read bilinearly where the flow points; NaN outside and unknown.

    One by one: OpenCV's remap is exact for one channel, but rounds positions to 1/32 px for two.
    """
    height, width = u.shape
    if max(height, width) >= _REMAP_SIDE:
        raise ParameterError(f"the flow is {width}x{height}: a side may have at most {_REMAP_SIDE - 1} pixels")
    x, y = pixel_grid(height, width)
    x += u
    y += v
    outside = ~((x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1))
    x[outside] = y[outside] = 0
    read = []
    for plane in planes:
        values = cv2.remap(plane.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        values[outside] = np.nan
        read.append(values)
    return read  # type: ignore[return-value]
