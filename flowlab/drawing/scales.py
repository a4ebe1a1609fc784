"""Sequential colours for quantities that only grow: speed, residual, error. Fixed scales, so nothing flickers.

Viridis and magma (Smith & van der Walt 2015) rise evenly in lightness and read the same with any
kind of colour vision, and in grey. Oranges (Harrower & Brewer 2003, "ColorBrewer.org") does so falling, from
nearly white: where the error is nothing, an error map is paper, and cannot be taken for one of the others.
"""

import functools
import math
from enum import Enum
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.inputs import checked_count, checked_flow, checked_plane, checked_positive
from flowlab.drawing.unknown import UNKNOWN_COLOUR
from flowlab.errors import ParameterError


class ColourMap(Enum):
    """Which colours a quantity has: the same in every view, plot and legend."""

    SPEED = cv2.COLORMAP_VIRIDIS
    RESIDUAL = cv2.COLORMAP_MAGMA
    ERROR = "oranges"


_ORANGES = ("fff5eb", "fee6ce", "fdd0a2", "fdae6b", "fd8d3c", "f16913", "d94801", "a63603", "7f2704")
"""As published, nine steps from the least to the most."""


@functools.cache
def colour_table(colour_map: ColourMap) -> NDArray[np.uint8]:
    """Return the 256 colours of a map, (256, 3) uint8, red first, from 0 to the scale; read-only."""
    table = _oranges() if colour_map is ColourMap.ERROR else _published_by_opencv(colour_map)
    table.flags.writeable = False
    return table


def _published_by_opencv(colour_map: ColourMap) -> NDArray[np.uint8]:
    """Return a map OpenCV holds, (256, 3), red first."""
    steps = np.arange(256, dtype=np.uint8)[:, None]
    return np.ascontiguousarray(cv2.applyColorMap(steps, colour_map.value)[:, 0, ::-1])


def _oranges() -> NDArray[np.uint8]:
    """Return the nine published colours joined by straight lines, (256, 3)."""
    anchors = np.array([list(bytes.fromhex(colour)) for colour in _ORANGES], np.float64)
    place = np.linspace(0, len(anchors) - 1, 256)
    channels = [np.interp(place, np.arange(len(anchors)), channel) for channel in anchors.T]
    table: NDArray[np.uint8] = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    return table


def magnitude_colours(flow: NDArray[Any], scale: float) -> NDArray[np.uint8]:
    """Return the speed in colours (`ColourMap.SPEED`).

    Args:
        flow: (H, W, 2), pixels, or the speed itself (H, W), pixels.
        scale: speed of the last colour, pixels, above 0; faster pixels have the last colour too.

    Returns:
        (H, W, 3) uint8, `UNKNOWN_COLOUR` where the flow is not finite.

    Raises:
        ParameterError: the shape or the scale is not usable.
    """
    scale = checked_positive("scale", scale, "px")
    if flow.ndim != 2:
        flow = cv2.magnitude(*cv2.split(checked_flow(flow)))
    return sequential_colours(flow, scale, ColourMap.SPEED)


def residual_colours(residual: NDArray[Any], scale: float) -> NDArray[np.uint8]:
    """Return a photometric residual in colours (`ColourMap.RESIDUAL`), its sign left aside.

    Args:
        residual: (H, W), grey levels.
        scale: residual of the last colour, grey levels, above 0; larger ones have the last colour too.

    Returns:
        (H, W, 3) uint8, `UNKNOWN_COLOUR` where the residual is not finite.

    Raises:
        ParameterError: the shape or the scale is not usable.
    """
    return sequential_colours(residual, checked_positive("scale", scale, "grey levels"), ColourMap.RESIDUAL)


def error_colours(error: NDArray[Any], scale: float) -> NDArray[np.uint8]:
    """Return an endpoint error in colours (`ColourMap.ERROR`).

    Args:
        error: (H, W), pixels.
        scale: error of the last colour, pixels, above 0; larger ones have the last colour too.

    Returns:
        (H, W, 3) uint8, `UNKNOWN_COLOUR` where the error is not finite.

    Raises:
        ParameterError: the shape or the scale is not usable.
    """
    return sequential_colours(error, checked_positive("scale", scale, "px"), ColourMap.ERROR)


def sequential_colours(values: NDArray[Any], scale: float, colour_map: ColourMap) -> NDArray[np.uint8]:
    """Return |values| / scale, (H, W), read in a colour map."""
    checked_plane(values)
    # Cut before the conversion, which would wrap the huge around to 0.
    share = np.minimum(np.abs(np.asarray(values, np.float32)), np.float32(scale))
    steps = cv2.convertScaleAbs(share, alpha=255 / scale)
    colours: NDArray[np.uint8] = cv2.applyColorMap(steps, colour_table(colour_map)[:, None])  # type: ignore[assignment]
    colours[~np.isfinite(values)] = UNKNOWN_COLOUR
    return colours


def colour_scale(colour_map: ColourMap, length: int, thickness: int) -> NDArray[np.uint8]:
    """Return the legend of a sequential map: a strip that runs from 0 on the left to the scale on the right.

    Args:
        colour_map: whose colours.
        length: width, pixels, at least 2.
        thickness: height, pixels, at least 1.

    Returns:
        (thickness, length, 3) uint8.

    Raises:
        ParameterError: a size is too small.
    """
    length, thickness = checked_count("length", length, 2), checked_count("thickness", thickness)
    steps = np.rint(np.linspace(0, 255, length)).astype(np.uint8)
    return np.tile(colour_table(colour_map)[steps], (thickness, 1, 1))


def nice_scale(value: float, *, smallest: float = 0.5) -> float:
    """Return the first of 0.5, 1, 2, 3, 5, 10, 20, 30, 50 .. that is not below `value`: a scale that rarely changes.

    Taken once from a clip (say the 95th percentile of its speed) and kept, it holds colours still
    from frame to frame, and clips of like motion share one scale.

    Args:
        value: speed (pixels) or any other quantity, 0 or more; NaN (nothing known) gives `smallest`.
        smallest: lower bound. Below it lies noise, which a finer scale would only magnify.

    Returns:
        The scale, in the unit of `value`.

    Raises:
        ParameterError: the value is negative or infinite.
    """
    smallest = checked_positive("smallest", smallest)
    if value < 0 or math.isinf(value):
        raise ParameterError(f"the value to scale is {value:g}: give a number of 0 or more")
    if math.isnan(value) or value <= smallest:
        return smallest
    exponent = math.floor(math.log10(value))
    # Written and read as text: 3 * 10**-1 is not 0.3. The margin forgives float32's last digit.
    candidates = (float(f"{digit}e{exponent}") for digit in (1, 2, 3, 5, 10))
    return max(smallest, next(c for c in candidates if value <= c * (1 + 1e-6)))
