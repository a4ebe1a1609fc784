"""A rectangle around a layer's origin: its outline, and the tile that holds its paint."""

import numpy as np

from flowlab.scenes.layers import Outline
from flowlab.scenes.textures import Positions

_RIM = 16  # px of paint beyond every side: what a blurred edge and a spline reach for


def rectangle(reach: tuple[float, float]) -> Outline:
    """Return the outline of a rectangle of half-size `reach` (x, y) px."""
    half_width, half_height = reach

    def distance(x: Positions, y: Positions) -> Positions:
        return np.maximum(np.abs(x) - half_width, np.abs(y) - half_height)

    return Outline(distance, reach)


def tile_around(reach: tuple[float, float]) -> tuple[int, int]:
    """Return (H, W) of a tile that holds a rectangle of half-size `reach` (x, y) px around its first pixel."""
    width, height = (-(-2 * (int(half) + 1 + _RIM) // 32) * 32 for half in reach)  # multiples of 32: quick transforms
    return height, width
