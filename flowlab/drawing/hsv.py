"""Flow in hue and value, the two forms in which OpenCV publishes it.

Both put direction into hue at full saturation and speed into value, so what stands still is black.
They differ in two ways, and neither is the Middlebury wheel:

    tutorial    the optical flow tutorial (optical_flow_dense.py): red points right; value runs from the
                slowest to the fastest pixel OF THIS FRAME, so colours of two frames do not compare
    opt_flow    samples/python/opt_flow.py, draw_hsv: hue is turned by pi, so red points left; value is
                min(4 |v|, 255), full at 63.75 px whatever the frame

Red and up have the hues OpenCV gives 0 and 270 degrees: with y down, hue runs clockwise on the screen.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.inputs import checked_flow
from flowlab.drawing.unknown import UNKNOWN_COLOUR
from flowlab.drawing.wheel import flow_disc
from flowlab.errors import ParameterError, shown

HsvForm = Literal["tutorial", "opt_flow"]

OPT_FLOW_RIM = 255 / 4
"""Speed of full value in `hsv_opt_flow`, pixels."""


def hsv_tutorial(flow: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the flow as OpenCV's tutorial draws it, bit for bit: value normalised within this frame.

    Args:
        flow: (H, W, 2), pixels. Unknown vectors take no part in the normalisation.

    Returns:
        (H, W, 3) uint8, red first: black where the flow is slowest, full colour where it is fastest, black
        everywhere when all pixels are equally fast; `UNKNOWN_COLOUR` where it is not finite.

    Raises:
        ParameterError: the flow's shape is not usable.
    """
    u, v = cv2.split(checked_flow(flow))
    magnitude, angle = cv2.cartToPolar(u, v)
    known = np.isfinite(magnitude)
    value = np.zeros_like(magnitude)
    cv2.normalize(magnitude, value, 0, 255, cv2.NORM_MINMAX, mask=known.view(np.uint8))
    # In the tutorial's order of operations: rounding in float32 decides the last bit.
    return _hsv_colours(angle * 180 / np.pi / 2, value, known)


def hsv_opt_flow(flow: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the flow as OpenCV's sample opt_flow.py draws it, bit for bit: value min(4 |v|, 255).

    Args:
        flow: (H, W, 2), pixels.

    Returns:
        (H, W, 3) uint8, red first: black where nothing moves, full colour from 63.75 px on;
        `UNKNOWN_COLOUR` where the flow is not finite.

    Raises:
        ParameterError: the flow's shape is not usable.
    """
    u, v = cv2.split(checked_flow(flow))
    known = np.isfinite(u) & np.isfinite(v)
    angle = np.arctan2(v, u) + np.pi
    with np.errstate(over="ignore", invalid="ignore"):  # beyond 1e19 px a square is infinite, and 255 all the same
        speed = np.sqrt(u * u + v * v)
        return _hsv_colours(angle * (180 / np.pi / 2), np.minimum(speed * 4, 255), known)


def _hsv_colours(hue: NDArray[Any], value: NDArray[Any], known: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Return RGB of hue (half degrees) and value at full saturation; both are truncated, as published."""
    hsv = np.empty((*hue.shape, 3), np.uint8)
    hsv[..., 0] = np.where(known, hue, 0)
    hsv[..., 1] = 255
    hsv[..., 2] = np.where(known, value, 0)
    colours: NDArray[np.uint8] = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)  # type: ignore[assignment]
    colours[~known] = UNKNOWN_COLOUR
    return colours


_DISCS: Mapping[str, Any] = MappingProxyType(
    {"tutorial": (hsv_tutorial, 1.0), "opt_flow": (hsv_opt_flow, OPT_FLOW_RIM)}
)


def hsv_wheel(form: HsvForm, size: int, *, background: tuple[int, int, int] | None = None) -> NDArray[np.uint8]:
    """Return the legend of an HSV form: a disc whose colour at (u, v) from its centre is that of the flow (u, v).

    The rim stands for 63.75 px in the form "opt_flow"; in "tutorial" it stands for the fastest pixel of
    the frame at hand and the centre for the slowest.

    Args:
        form: "tutorial" or "opt_flow".
        size: width and height, pixels, at least 8.
        background: RGB outside the disc; None leaves it transparent.

    Returns:
        (size, size, 4) uint8 RGBA, or (size, size, 3) uint8 RGB with a background. The rim is smoothed.

    Raises:
        ParameterError: there is no such form, or the size is too small.
    """
    if form not in _DISCS:
        raise ParameterError(f"form is {shown(form)}: give one of {', '.join(_DISCS)}")
    draw, rim = _DISCS[form]
    return flow_disc(draw, rim, size, background=background)
