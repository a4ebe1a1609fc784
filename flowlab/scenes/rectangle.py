"""A rectangle around a layer's origin."""

import numpy as np

from flowlab.scenes.layers import Outline
from flowlab.scenes.textures import Positions


def rectangle(reach: tuple[float, float]) -> Outline:
    """Return the outline of a rectangle of half-size `reach` (x, y) px."""
    half_width, half_height = reach

    def distance(x: Positions, y: Positions) -> Positions:
        return np.maximum(np.abs(x) - half_width, np.abs(y) - half_height)

    return Outline(distance, reach)
