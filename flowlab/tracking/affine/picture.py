"""The part of a frame where a template may land, as a pyramid of float pictures.

Preparing only this part makes an alignment independent of the frame's size. Levels halve with pyrDown, so the point x
of the frame is x / 2^l at level l, and parts begin at multiples of the coarsest level's pixels: inside, they hold what
the pyramid of the whole frame would.
"""

from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.gradients import Kernel, gradients
from flowlab.core.pyramid import pyramid
from flowlab.tracking.affine.choices import Photometry
from flowlab.tracking.affine.motions import scaled
from flowlab.tracking.affine.parameters import AlignParameters

Matrix = NDArray[np.float64]
Floats = NDArray[np.float32]
Grey = NDArray[np.uint8]

CLAHE_LIMIT, CLAHE_TILES = 2.0, 8
"""OpenCV's own defaults for a full frame: clip limit, and tiles a side."""


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a frame at each level.

    Attributes:
        levels: (H, W) float32 each, the finest first.
        x, y: the frame's pixel that is the part's first one.
        frame_size: (width, height) of the whole frame.
    """

    levels: tuple[Floats, ...]
    x: int
    y: int
    frame_size: tuple[int, int]
    _slopes: dict[int, tuple[Floats, Floats]] = field(default_factory=dict, repr=False)

    def placed(self, warp: Matrix, level: int) -> Matrix:
        """Return a warp into the frame as one from template pixels of `level`, from its centre, into that level."""
        scale = 2.0**level
        into = np.array([[1 / scale, 0, -self.x / scale], [0, 1 / scale, -self.y / scale], [0, 0, 1.0]])
        matrix: Matrix = into @ warp @ np.diag([scale, scale, 1.0])
        return matrix

    def lifted(self, placed: Matrix, level: int) -> Matrix:
        """Return the warp into the frame of which `placed` returned this one."""
        scale = 2.0**level
        out = np.array([[scale, 0, self.x], [0, scale, self.y], [0, 0, 1.0]])
        return scaled(out @ placed @ np.diag([1 / scale, 1 / scale, 1.0]))

    def read(self, warp: Matrix, level: int, width: int, height: int) -> Floats:
        """Return what lies under a template of width x height px of that level, bilinearly; NaN outside the part."""
        return read(self.levels[level], self.placed(warp, level), width, height)

    def read_placed(self, warp: Matrix, level: int, width: int, height: int) -> Floats:
        """Return the same for a warp that is `placed` already."""
        return read(self.levels[level], warp, width, height)

    def read_gradients(self, warp: Matrix, level: int, width: int, height: int) -> tuple[Floats, Floats, Floats]:
        """Return (picture, gx, gy) under a warp that is `placed` already, gradients along the picture's own axes."""
        gx, gy = self._gradients(level)
        return tuple(read(plane, warp, width, height) for plane in (self.levels[level], gx, gy))  # type: ignore

    def _gradients(self, level: int) -> tuple[Floats, Floats]:
        if level not in self._slopes:
            self._slopes[level] = gradients(self.levels[level], Kernel.CENTRAL)
        return self._slopes[level]


def read(picture: Floats, warp: Matrix, width: int, height: int) -> Floats:
    """Return a picture read under a warp of a template's pixels, from its centre, (height, width); NaN outside it."""
    corner = np.array([[1, 0, -(width - 1) / 2], [0, 1, -(height - 1) / 2], [0, 0, 1.0]])
    matrix = warp @ corner
    # OpenCV's linear warps of one float channel are exact. NaN spreads to every pixel that needs one from outside.
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    border = {"flags": flags, "borderMode": cv2.BORDER_CONSTANT, "borderValue": np.nan}
    if matrix[2, 0] == 0 and matrix[2, 1] == 0:
        return cv2.warpAffine(picture, matrix[:2] / matrix[2, 2], (width, height), **border)  # type: ignore
    return cv2.warpPerspective(picture, matrix, (width, height), **border)  # type: ignore


def part_around(grey: Grey | Floats, corners: Matrix, margin: float, levels: int, parameters: AlignParameters) -> Part:
    """Prepare the part of a frame around a quad.

    Args:
        grey: (H, W) uint8 or float32, the whole frame; equalised already where CLAHE is asked for, see `equalised`.
        corners: (.., 2) px, what the part must hold.
        margin: px on every side besides.
        levels: pyramid levels above the picture itself.
        parameters: blur.
    """
    height, width = grey.shape
    low = np.nan_to_num(corners.reshape(-1, 2).min(axis=0) - margin, nan=0, posinf=0, neginf=0)
    high = np.nan_to_num(corners.reshape(-1, 2).max(axis=0) + margin + 1, nan=1, posinf=1, neginf=1)
    grid = 2**levels
    x0, x1 = _span(low[0], high[0], width, grid)
    y0, y1 = _span(low[1], high[1], height, grid)
    picture = grey[y0:y1, x0:x1].astype(np.float32)
    if parameters.blur > 1:
        side = parameters.blur | 1
        picture = cv2.GaussianBlur(picture, (side, side), parameters.blur_sigma)  # type: ignore[assignment]
    return Part(pyramid(picture, levels, least=1), x0, y0, (width, height))


def _span(low: float, high: float, size: int, grid: int) -> tuple[int, int]:
    """Return the first pixel, a multiple of `grid`, and the one after the last of a span, cut to the picture."""
    first = int(np.clip(np.floor(low / grid) * grid, 0, max(0, (size - 1) // grid * grid)))
    return first, int(np.clip(np.ceil(high), first + 1, size))


def equalised(grey: Grey, parameters: AlignParameters) -> Grey:
    """Return a whole frame as the photometry wants it: with CLAHE, or as it is.

    Source: K. Zuiderveld (1994), "Contrast Limited Adaptive Histogram Equalization". Of the full frame, never of the
    template's surroundings: tiles that move with the template would move brightness with them.
    """
    if parameters.photometry != Photometry.CLAHE:
        return grey
    clahe = cv2.createCLAHE(CLAHE_LIMIT, (CLAHE_TILES, CLAHE_TILES))
    return clahe.apply(grey)  # type: ignore[return-value]
