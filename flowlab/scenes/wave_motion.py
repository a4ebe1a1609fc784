"""A sheet that sways in two crossing waves: smooth, not rigid, yet in closed form both ways.

A wave that moves every point along one axis by an amount that depends on the other axis only is undone
by subtracting that amount. Two of them, one after the other, give a motion without any straight line
left in it, which keeps areas (each has determinant 1) and is undone in the opposite order.
"""

from dataclasses import dataclass

import numpy as np

from flowlab.scenes.textures import Positions


@dataclass(frozen=True)
class Wave:
    """A transverse wave: slope / k * sin(k s - w t) at position s along its course, with k = 2 pi / length.

    Attributes:
        length: wavelength, px.
        slope: the greatest slope of the displacement, px/px: amplitude times k.
        speed: the greatest speed of a point, px/frame: amplitude times w.
    """

    length: float
    slope: float
    speed: float

    def displacement(self, time: float, position: Positions) -> Positions:
        """Return the displacement (px) at `position` (px) along the wave's course."""
        number = 2 * np.pi / self.length
        amplitude = self.slope / number
        moved: Positions = amplitude * np.sin(number * position - self.speed / amplitude * time)
        return moved


@dataclass(frozen=True)
class CrossingWaves:
    """A layer under two waves that run at right angles to each other.

    The first moves points along `direction` and runs across it; the second, on top of the first, moves
    points across it and runs along it.

    Attributes:
        first, second: the waves.
        direction: radians, 0 right, a quarter turn down.
    """

    first: Wave
    second: Wave
    direction: float

    def to_layer(self, time: float, x: Positions, y: Positions) -> tuple[Positions, Positions]:
        """Return the layer point seen at picture position (x, y)."""
        along, across = self._along_and_across(x, y)
        second = self.second.displacement(time, along)
        first = self.first.displacement(time, across - second)
        return self._moved(x, y, -first, -second)

    def to_picture(self, time: float, x: Positions, y: Positions) -> tuple[Positions, Positions]:
        """Return the picture position of layer point (x, y)."""
        along, across = self._along_and_across(x, y)
        first = self.first.displacement(time, across)
        second = self.second.displacement(time, along + first)
        return self._moved(x, y, first, second)

    def _along_and_across(self, x: Positions, y: Positions) -> tuple[Positions, Positions]:
        cosine, sine = np.cos(self.direction), np.sin(self.direction)
        return cosine * x + sine * y, cosine * y - sine * x

    def _moved(self, x: Positions, y: Positions, along: Positions, across: Positions) -> tuple[Positions, Positions]:
        cosine, sine = np.cos(self.direction), np.sin(self.direction)
        return x + cosine * along - sine * across, y + sine * along + cosine * across


def least_stretch_of(first: float, second: float) -> float:
    """Return the smallest factor by which two crossing waves of these greatest slopes shorten a length anywhere.

    Where both slopes are greatest and of one sign the map's matrix is [[1, a], [b, 1 + a b]]. It has
    determinant 1, so its singular values are s and 1 / s, and s^2 + 1 / s^2 is the sum of its squared entries.
    """
    squares = 1 + first**2 + second**2 + (1 + first * second) ** 2
    return float((np.sqrt(squares + 2) - np.sqrt(squares - 2)) / 2)
