"""Layers that turn, grow and slant as one: affine maps in closed form at any time.

A matrix here acts on (x, y) column vectors, x right and y down, so a positive angle turns the picture
clockwise as one sees it.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.scenes.motions import Path, folded
from flowlab.scenes.textures import Positions

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class MatrixMotion:
    """A layer whose point p is seen at matrix(time) p + path(time).

    Attributes:
        matrix: the linear part (2, 2) at a time; never singular.
        path: where the layer's origin stands in the picture, px.
    """

    matrix: Callable[[float], Matrix]
    path: Path

    def to_layer(self, time: float, x: Positions, y: Positions) -> tuple[Positions, Positions]:
        """Return the layer point seen at picture position (x, y)."""
        (xx, xy), (yx, yy) = self.matrix(time)
        determinant = xx * yy - xy * yx
        origin_x, origin_y = self.path(time)
        x, y = (x - origin_x) / determinant, (y - origin_y) / determinant
        return yy * x - xy * y, xx * y - yx * x

    def to_picture(self, time: float, x: Positions, y: Positions) -> tuple[Positions, Positions]:
        """Return the picture position of layer point (x, y)."""
        (xx, xy), (yx, yy) = self.matrix(time)
        origin_x, origin_y = self.path(time)
        return xx * x + xy * y + origin_x, yx * x + yy * y + origin_y


def turned(angle: float) -> Matrix:
    """Return the matrix that turns by `angle`, radians, clockwise as seen."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.array([[cosine, -sine], [sine, cosine]])


def magnified(factor: float) -> Matrix:
    """Return the matrix that makes everything `factor` times as large."""
    return factor * np.eye(2)


def sheared(slope: float) -> Matrix:
    """Return the matrix that moves a point one pixel lower `slope` pixels farther right."""
    return np.array([[1.0, slope], [0.0, 1.0]])


def stretched(factor: float) -> Matrix:
    """Return the matrix that makes x `factor` times longer and y as much shorter."""
    return np.diag([factor, 1 / factor])


def magnification(growth: float, time: float, most: float) -> float:
    """Return what a zoom of `growth` a frame has magnified by at `time`: growth**time, turning back at `most` and 1.

    It is never below 1: a picture made smaller would hold detail finer than its pixels can show.
    """
    return float(np.exp(folded(np.log(growth) * time, 0, np.log(most))))


def least_stretch(matrix: Matrix) -> float:
    """Return the smallest singular value of `matrix`: what becomes of a length that it shortens most."""
    return float(np.linalg.svd(matrix, compute_uv=False)[-1])


def place(width: int, height: int, share_x: float = 0.5, share_y: float = 0.5) -> tuple[float, float]:
    """Return the position (x, y) px at shares of a picture: 0 is the first pixel's centre, 1 the last one's."""
    return share_x * (width - 1), share_y * (height - 1)
