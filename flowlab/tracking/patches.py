"""The neighbourhood of each point: its grey levels, its gradients, and how alike two of them are."""

import functools
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.gradients import Kernel, gradients
from flowlab.core.structure_tensor import smaller_root

Floats = NDArray[np.float32]

SCHARR_NOISE = 2 * (3**2 + 10**2 + 3**2) / 32**2
"""Variance of a slope that noise of variance 1 in every pixel makes by itself."""

_BLOCK = 1 << 22  # samples read at once: 16 MB a plane, however many points there are


@functools.cache
def offsets(side: int) -> Floats:
    """Return (side^2, 2) float32: (x, y) of a patch's pixels from its centre, row by row."""
    steps = np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2)
    x, y = np.meshgrid(steps, steps)
    return np.stack([x.ravel(), y.ravel()], axis=1)


def read(grey: Floats, x: Floats, y: Floats, border: int = cv2.BORDER_REFLECT_101) -> Floats:
    """Return a picture (H, W) float32 read bilinearly at (x, y), each (N, K); beyond the rim it is mirrored.

    Positions are used up. `border` is OpenCV's word for another rim: cv2.BORDER_CONSTANT reads 0 there.
    """
    if not x.size:
        return np.empty(x.shape, np.float32)  # OpenCV refuses to read nothing
    height, width = grey.shape
    np.clip(x, -width, 2 * width, out=x)  # a point may be anywhere by now
    np.clip(y, -height, 2 * height, out=y)
    return cv2.remap(grey, x, y, cv2.INTER_LINEAR, borderMode=border)  # type: ignore[return-value]


def around(grey: Floats, points: Floats, side: int, border: int = cv2.BORDER_REFLECT_101) -> Floats:
    """Return the upright patches around points, (N, side^2) float32 grey levels; `border` as in `read`."""
    around_centre = offsets(side)
    found = np.empty((len(points), side * side), np.float32)
    step = max(1, _BLOCK // (side * side))
    for first in range(0, len(points), step):
        part = points[first : first + step]
        x = part[:, :1] + around_centre[:, 0]
        y = part[:, 1:] + around_centre[:, 1]
        found[first : first + step] = read(grey, x, y, border)
    return found


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """What the window around each point holds.

    Attributes:
        values: (N, n) float32, grey levels, n = window^2, row by row.
        gx, gy: (N, n) float32, slopes in grey levels/px (Scharr).
        tensor: (N, 3) float32, (xx, xy, yy) of the gradients' products averaged over the window.
        fineness: (N,) float32, 1/4 .. 1, by how much reading between pixels lowers the variance of pixel noise.
    """

    values: Floats
    gx: Floats
    gy: Floats
    tensor: Floats
    fineness: Floats

    def __len__(self) -> int:
        """Return the number of points."""
        return len(self.values)

    def where(self, chosen: NDArray[np.bool_]) -> "Neighbourhoods":
        """Return those where `chosen` (N,) is True."""
        parts = (self.values, self.gx, self.gy, self.tensor, self.fineness)
        return self if chosen.all() else Neighbourhoods(*(part[chosen] for part in parts))

    @property
    def min_eig(self) -> Floats:
        """(N,) float32, the smaller eigenvalue of the tensor, grey-levels^2/px^2."""
        return smaller_root(*self.tensor.T)


def neighbourhoods(grey: Floats, points: Floats, window: int) -> Neighbourhoods:
    """Return the neighbourhoods of points (N, 2) px in a picture (H, W) float32; `window` is the side, px."""
    side = window + 2  # the gradient at the rim needs one pixel more
    count = len(points)
    rim = around(grey, points, side).reshape(count, side, side)
    if count == 0:
        empty = np.zeros((0, window * window), np.float32)
        return Neighbourhoods(empty, empty, empty, np.zeros((0, 3), np.float32), np.zeros(0, np.float32))
    # All patches as one tall picture: what the filter mixes across two patches lies on the rim that is cut off.
    tall = rim.reshape(count * side, side)
    gx, gy = (slope.reshape(count, side, side)[:, 1:-1, 1:-1] for slope in gradients(tall, Kernel.SCHARR))
    values, gx, gy = (part.reshape(count, window * window) for part in (rim[:, 1:-1, 1:-1], gx, gy))
    products = [np.einsum("ij,ij->i", a, b) for a, b in ((gx, gx), (gx, gy), (gy, gy))]
    tensor = (np.stack(products, axis=1) / (window * window)).astype(np.float32)
    return Neighbourhoods(values, gx, gy, tensor, fineness(points))


def unseen(count: int) -> Neighbourhoods:
    """Return `count` neighbourhoods that nobody looked at: no pixel, and NaN for what would be said of them."""
    nothing = np.zeros((count, 0), np.float32)
    unknown = np.full((count, 3), np.nan, np.float32)
    return Neighbourhoods(nothing, nothing, nothing, unknown, np.full(count, np.nan, np.float32))


def fineness(points: Floats) -> Floats:
    """Return what bilinear reading at points (N, 2) leaves of the variance of noise in pixels, (N,), 1/4 .. 1."""
    part = points - np.floor(points)
    left: Floats = np.prod(part * part + (1 - part) ** 2, axis=1)
    return left


def normalised(values: Floats) -> Floats:
    """Return patches (N, n) with mean 0 and length 1; a flat one becomes NaN."""
    if not values.shape[1]:
        return values
    centred = values - values.mean(axis=1, keepdims=True)
    length = np.sqrt(np.einsum("ij,ij->i", centred, centred))
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled: Floats = centred / np.where(length > 1e-3, length, np.nan).astype(np.float32)[:, None]
    return scaled


def correlation(first: Floats, second: Floats) -> Floats:
    """Return the normalised correlation, -1 .. 1, of normalised patches (N, n) row by row; NaN where one is flat."""
    alike: Floats = np.einsum("ij,ij->i", first, second)
    return alike if first.shape[1] else np.full(len(first), np.nan, np.float32)
