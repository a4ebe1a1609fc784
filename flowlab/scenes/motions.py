"""How a layer moves: closed-form maps between its own coordinates and the picture at any time.

Time is counted in frames and need not be whole. The flow between two times is the composition of the
two maps, never a sum of small steps, so it is as exact over fifty frames as over one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from flowlab.scenes.textures import Positions

Path = Callable[[float], tuple[float, float]]


class Motion(Protocol):
    """A one-to-one map between layer and picture coordinates at every time, exact both ways.

    Positions come as pairs of arrays that broadcast against each other, in float64.
    """

    def to_layer(self, time: float, x: Positions, y: Positions) -> tuple[Positions, Positions]:
        """Return the layer point seen at picture position (x, y)."""

    def to_picture(self, time: float, x: Positions, y: Positions) -> tuple[Positions, Positions]:
        """Return the picture position of layer point (x, y)."""


@dataclass(frozen=True)
class Shift:
    """A layer carried along without turning; `path` is where its origin stands in the picture, px."""

    path: Path

    def to_layer(self, time: float, x: Positions, y: Positions) -> tuple[Positions, Positions]:
        """Return the layer point seen at picture position (x, y)."""
        origin_x, origin_y = self.path(time)
        return x - origin_x, y - origin_y

    def to_picture(self, time: float, x: Positions, y: Positions) -> tuple[Positions, Positions]:
        """Return the picture position of layer point (x, y)."""
        origin_x, origin_y = self.path(time)
        return x + origin_x, y + origin_y


def velocity(speed: float, direction: float) -> tuple[float, float]:
    """Return (u, v) in px/frame of `speed` px/frame towards `direction` degrees: 0 right, 90 down."""
    angle = np.deg2rad(direction)
    return float(speed * np.cos(angle)), float(speed * np.sin(angle))


def straight(start: tuple[float, float], step: tuple[float, float]) -> Path:
    """Return the path that leaves `start` (px) at time 0 and moves by `step` (px/frame) for ever."""
    return lambda time: (start[0] + step[0] * time, start[1] + step[1] * time)


def bouncing(
    start: tuple[float, float], step: tuple[float, float], low: tuple[float, float], high: tuple[float, float]
) -> Path:
    """Return a straight path folded at walls, so that low <= (x, y) <= high at all times."""

    def path(time: float) -> tuple[float, float]:
        return (
            folded(start[0] + step[0] * time, low[0], high[0]),
            folded(start[1] + step[1] * time, low[1], high[1]),
        )

    return path


def folded(value: float, low: float, high: float) -> float:
    """Return `value` reflected at `low` and `high` as often as it takes to lie between them.

    A triangle wave of slope 1 or -1; where there is no room (high <= low) the middle.
    """
    room = high - low
    if room <= 0:
        return (low + high) / 2
    return high - abs((value - low) % (2 * room) - room)
