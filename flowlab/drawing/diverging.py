"""Colours for quantities with a sign: divergence, vorticity.

The cool-warm map of Moreland (2009), "Diverging Color Maps for Scientific Visualization", Int. Symposium on
Visual Computing: blue is negative, light grey is zero, red is positive. Both arms darken alike, so
neither sign looks larger, and blue and red differ for every kind of colour vision.
"""

import functools
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.inputs import checked_count, checked_plane, checked_positive
from flowlab.drawing.unknown import UNKNOWN_COLOUR

# Moreland's polar form of CIELAB, (M, s, h): lightness is M cos s, chroma M sin s, hue h.
_END = (80.0, 1.08)
_HUES = (-1.1, 0.5)  # radians: blue, red
_MIDDLE = 88.0

_STEPS = 127
"""Colours on either side of zero: an odd number in all, so that zero itself has the neutral one."""


@functools.cache
def signed_table() -> NDArray[np.uint8]:
    """Return the 255 colours from -scale to +scale, (255, 3) uint8, red first; entry 127 is zero; read-only."""
    share = np.linspace(-1, 1, 2 * _STEPS + 1)
    size, spread = _END
    # Eq. of section 5.3: hues spin towards the middle so that steps look alike although M grows.
    spin = spread * np.sqrt(_MIDDLE**2 - size**2) / (size * np.sin(spread))
    cool, warm = _HUES
    away = np.abs(share)
    m = _MIDDLE + (size - _MIDDLE) * away
    s = spread * away
    h = np.where(share < 0, cool - (1 - away) * spin, warm + (1 - away) * spin)
    lab = np.stack([m * np.cos(s), m * np.sin(s) * np.cos(h), m * np.sin(s) * np.sin(h)], axis=1)
    rgb = cv2.cvtColor(lab.astype(np.float32)[None], cv2.COLOR_LAB2RGB)[0]
    table: NDArray[np.uint8] = np.rint(255 * np.clip(rgb, 0, 1)).astype(np.uint8)
    table.flags.writeable = False
    return table


def signed_colours(values: NDArray[Any], scale: float) -> NDArray[np.uint8]:
    """Return a quantity with a sign in colours: blue below zero, light grey at zero, red above.

    Args:
        values: (H, W), for example divergence or vorticity, 1/frame.
        scale: size of what gets the last colours, in the unit of `values`, above 0; what is larger has them too.

    Returns:
        (H, W, 3) uint8, `UNKNOWN_COLOUR` where the value is not finite.

    Raises:
        ParameterError: the shape or the scale is not usable.
    """
    values = np.asarray(checked_plane(values), np.float32)
    scale = checked_positive("scale", scale)
    known = np.isfinite(values)
    share = np.clip(np.where(known, values, 0), -scale, scale) * np.float32(_STEPS / scale)
    steps = (np.rint(share) + _STEPS).astype(np.uint8)
    colours = signed_table()[steps]
    colours[~known] = UNKNOWN_COLOUR
    return colours


def signed_scale(length: int, thickness: int) -> NDArray[np.uint8]:
    """Return the legend of `signed_colours`: a strip from -scale on the left over 0 to +scale on the right.

    Args:
        length: width, pixels, at least 3.
        thickness: height, pixels, at least 1.

    Returns:
        (thickness, length, 3) uint8.

    Raises:
        ParameterError: a size is too small.
    """
    length, thickness = checked_count("length", length, 3), checked_count("thickness", thickness)
    steps = np.rint(np.linspace(0, 2 * _STEPS, length)).astype(np.uint8)
    return np.tile(signed_table()[steps], (thickness, 1, 1))
