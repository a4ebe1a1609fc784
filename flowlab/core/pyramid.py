"""A picture at half, a quarter, an eighth of its size: motion that is long in the picture is short up there.

P. J. Burt and E. H. Adelson (1983), "The Laplacian Pyramid as a Compact Image Code". Each level is the one below,
averaged with (1, 4, 6, 4, 1) / 16 both ways and read at every second pixel: pixel x of level k lies on the picture's
pixel 2^k x, so a position is divided by 2 with each level, and so is a displacement.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.gradients import as_plane
from flowlab.core.resample import bilinear, pixel_grid
from flowlab.errors import ParameterError

Plane = NDArray[np.float32]
Flow = NDArray[np.float32]

LEAST_SIDE = 8
"""px; a level whose shorter side has fewer holds too little to find motion in."""


def pyramid(picture: NDArray[np.generic], levels: int, least: int = LEAST_SIDE) -> tuple[Plane, ...]:
    """Return the picture and smaller and smaller copies of it.

    Args:
        picture: (H, W), any numeric type, grey levels.
        levels: how many copies ABOVE the picture itself, from 0.
        least: px; no copy is made whose shorter side would fall below this.

    Returns:
        At most `levels` + 1 planes (h, w) float32; [0] is the picture itself, level k is read at x / 2^k.

    Raises:
        ParameterError: the picture is not grey, or `levels` is negative.
    """
    if levels < 0:
        raise ParameterError(f"levels is {levels}: give 0 or more")
    planes = [as_plane(picture)]
    while len(planes) <= levels and min(_halved(*planes[-1].shape)) >= least:
        planes.append(cv2.pyrDown(planes[-1]))  # type: ignore[arg-type]
    return tuple(planes)


def levels_possible(height: int, width: int, least: int = LEAST_SIDE) -> int:
    """Return how many levels above a picture of this size have a shorter side of at least `least` px.

    Raises:
        ParameterError: `least` is below 2: one pixel halves to one pixel, again and again.
    """
    if least < 2:
        raise ParameterError(f"least is {least}: give 2 px or more")
    levels = 0
    while min(height, width) > 1 and min(_halved(height, width)) >= least:
        height, width = _halved(height, width)
        levels += 1
    return levels


def expanded(flow: Flow, size: tuple[int, int]) -> Flow:
    """Return a coarser level's flow on the grid of the finer one: displacements doubled, read at x / 2.

    Args:
        flow: (h, w, 2) float32, px of the coarser level.
        size: (height, width) of the finer level, about twice (h, w).

    Returns:
        (height, width, 2) float32, px of the finer level: bilinear between the coarser pixels, and beyond the last
        of them, where an even size leaves one finer pixel over, the last one again.

    `core.resample.resize_flow` is for pictures scaled by their area; their pixels lie elsewhere than a pyramid's.
    """
    x, y = pixel_grid(*size)
    x *= 0.5
    y *= 0.5
    # One channel at a time: of two together remap rounds positions to 1/32 px.
    parts = [2 * bilinear(np.ascontiguousarray(flow[..., part]), x, y) for part in (0, 1)]
    return cv2.merge(parts)  # type: ignore[return-value]


def _halved(height: int, width: int) -> tuple[int, int]:
    """Return (height, width) of what pyrDown makes."""
    return (height + 1) // 2, (width + 1) // 2
