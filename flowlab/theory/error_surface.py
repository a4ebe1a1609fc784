"""The error E(u, v) of a window over the plane of motions: the linear equations' bowl, and the true one beside it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.core.resample import pixel_grid, sample
from flowlab.theory.stage import Plane

Doubles = NDArray[np.float64]
Track = tuple[tuple[float, ...], tuple[float, ...]]

FAR = 60.0
"""px; a contour of an endless valley is drawn this far."""

REACH = 2.0
"""px; how far cuts go to either side."""


@dataclass(frozen=True, eq=False)
class Cut:
    """The error along a line through its lowest point.

    Attributes:
        way: (2,), unit vector in the (u, v) plane: an eigenvector of M.
        distance: (K,), px from the lowest point.
        linear: (K,), E / n of the linear equations, grey levels^2.
        true: (K,), the same with the second picture really shifted.
    """

    way: Doubles
    distance: Doubles
    linear: Doubles
    true: Doubles


@dataclass(frozen=True, eq=False)
class Bowl:
    """The error of the linear equations, a quadratic.

    Attributes:
        m: (2, 2), M, levels^2/px^2.
        q: (2,), levels^2/px.
        still: E at (0, 0), sum of ft^2, levels^2.
        pixels: n.
    """

    m: Doubles
    q: Doubles
    still: float
    pixels: int

    def at(self, u: Doubles, v: Doubles) -> Doubles:
        """Return E / n at (u, v), any one shape, grey levels^2."""
        (xx, xy), (_, yy) = self.m
        total = xx * u * u + 2 * xy * u * v + yy * v * v - 2 * (self.q[0] * u + self.q[1] * v) + self.still
        return np.asarray(total / self.pixels)


def true_surface(window: Doubles, second: Plane, corner: tuple[int, int], u: Doubles, v: Doubles) -> Doubles:
    """Return the mean squared difference between a window and the second picture shifted back by each (u, v).

    Args:
        window: (side, side), of the first picture.
        second: (H, W), the second picture.
        corner: (column, row) in `second` of the window's first pixel at (u, v) = 0.
        u: (G,), px.
        v: (G,), px.

    Returns:
        (G, G), rows by v, columns by u, grey levels^2.

    Reading between pixels is the same linear map in every row and column, so it is written as a matrix, once an axis.
    """
    side = len(window)
    (left, right), (top, bottom) = (
        (max(0, int(start + shift.min()) - 3), int(start + shift.max()) + side + 4)
        for start, shift in zip(corner, (u, v), strict=True)
    )
    part = second[top:bottom, left:right]
    across, down = (
        _reader(size, start + np.add.outer(shift, np.arange(side)).ravel())
        for size, start, shift in ((part.shape[1], corner[0] - left, u), (part.shape[0], corner[1] - top, v))
    )
    read = (down @ part @ across.T).reshape(len(v), side, len(u), side)
    read -= window[None, :, None, :].astype(np.float32)
    total: Doubles = np.einsum("iajb,iajb->ij", read, read).astype(np.float64)
    return total / side**2


def _reader(size: int, position: Doubles) -> Plane:
    """Return the matrix (K, size) that reads a line of pixels at positions (K,) px, as `core.resample.sample` does."""
    pixel, _ = pixel_grid(len(position), size)
    at = np.repeat(position[:, None], size, axis=1).astype(np.float32)
    return sample(np.eye(size, dtype=np.float32), pixel, at)


def ring(middle: Doubles, axes: Doubles, reach: Doubles) -> Track:
    """Return the outline of an ellipse as (x, y): `reach` (2,) px along the rows of `axes`, at most FAR."""
    turn = np.linspace(0, 2 * np.pi, 97)
    a, b = np.minimum(reach, FAR)
    outline = middle + np.outer(np.cos(turn) * a, axes[0]) + np.outer(np.sin(turn) * b, axes[1])
    return tuple(outline[:, 0].tolist()), tuple(outline[:, 1].tolist())


def cut(bowl: Bowl, lowest: Doubles, way: Doubles, window: Doubles, second: Plane, corner: tuple[int, int]) -> Cut:
    """Return the error along a line.

    Args:
        bowl: E of the linear equations.
        lowest: (2,), a point of the line, px.
        way: (2,), its direction, a unit vector.
        window: as in `true_surface`.
        second: as there.
        corner: as there.

    Where `second` ends the true error is not known: NaN.
    """
    distance = np.linspace(-REACH, REACH, 49)
    u, v = lowest[:, None] + np.outer(way, distance)
    side = len(window)
    columns, rows = pixel_grid(side, side)
    x, y = (
        np.add.outer(shift, start + grid.ravel()).astype(np.float32)
        for shift, start, grid in ((u, corner[0], columns), (v, corner[1], rows))
    )
    left = sample(second, x, y).astype(np.float64) - window.ravel()
    return Cut(way, distance, bowl.at(u, v), (left * left).mean(axis=1))
