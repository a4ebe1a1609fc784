"""A pole that turns about its upright axis: a sheet of paint rolled round a cylinder, seen from far away.

The light falls on it evenly: shading would stay where it is while the paint moves on, and then no point
would keep its brightness. The sheet has no end, so what comes round again is new.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.core.truth import SceneObject, bounding_box
from flowlab.scenes.layers import Layer, LayeredWorld, pixel_positions
from flowlab.scenes.matrix_motion import turned
from flowlab.scenes.noise import Field
from flowlab.scenes.textures import Positions


@dataclass(frozen=True)
class Rolled:
    """The motion of paint on an upright cylinder that turns at a steady rate.

    Attributes:
        axis: column of the cylinder's axis, px.
        radius: px.
        speed: of the surface, px/frame; positive moves the near side to the right.
        slant: angle by which the sheet was turned before it was rolled up, radians, clockwise as seen.

    A point of the sheet that lies s px round the cylinder stands at axis + radius sin(s / radius), so in
    the picture it moves by speed cos(angle): fastest in the middle, not at all at the rim.
    """

    axis: float
    radius: float
    speed: float
    slant: float

    def angle(self, time: float, x: Positions, y: Positions) -> Positions:
        """Return how far round from the near side a point of the sheet stands, radians; beyond pi / 2 it is behind."""
        (xx, xy), _ = turned(self.slant)
        angle: Positions = (xx * x + xy * y + self.speed * time) / self.radius
        return angle

    def to_layer(self, time: float, x: Positions, y: Positions) -> tuple[Positions, Positions]:
        """Return the point of the sheet seen at (x, y); beside the cylinder, the point on its rim."""
        around = self.radius * np.arcsin(np.clip((x - self.axis) / self.radius, -1, 1)) - self.speed * time
        (xx, xy), (yx, yy) = turned(-self.slant)
        return xx * around + xy * y, yx * around + yy * y

    def to_picture(self, time: float, x: Positions, y: Positions) -> tuple[Positions, Positions]:
        """Return where a point of the sheet stands, seen or hidden behind the cylinder."""
        _, (yx, yy) = turned(self.slant)
        return self.axis + self.radius * np.sin(self.angle(time, x, y)), yx * x + yy * y


@dataclass(frozen=True, eq=False)
class Pole(Layer):
    """A layer rolled round a cylinder: it covers the columns within `radius` of `axis`, from top to bottom."""

    motion: Rolled

    def covers(self, time: float, x: Positions, y: Positions) -> NDArray[np.bool_]:  # noqa: ARG002  (it stays there)
        """Return whether the pole covers picture positions (x, y)."""
        beside = np.broadcast_to(x, np.broadcast_shapes(x.shape, y.shape))
        return np.abs(beside - self.motion.axis) < self.motion.radius

    def box(self, time: float, height: int, width: int) -> tuple[slice, slice]:  # noqa: ARG002
        """Return the rows and columns of a (height, width) picture that the pole touches."""
        first, last = self.motion.axis - self.motion.radius, self.motion.axis + self.motion.radius
        return slice(0, height), slice(max(0, int(first) - 1), min(width, int(last) + 3))

    def draw_over(self, picture: Field, time: float) -> None:
        """Draw the pole as it stands at `time` over `picture` (H, W, 3), in place."""
        box = self.box(time, picture.shape[0], picture.shape[1])
        x, y = pixel_positions(*box)
        behind = picture[box]
        share = np.clip(0.5 + self.motion.radius - np.abs(x - self.motion.axis), 0, 1).astype(np.float32)
        colours = self.texture.at(*self.motion.to_layer(time, x, y))
        picture[box] = behind + (colours - behind) * share[..., None]

    def turns_away(self, start: float, end: float, x: Positions, y: Positions) -> NDArray[np.bool_]:
        """Return whether the paint seen at (x, y) at time `start` is on the far side at time `end`, or has been."""
        angle = self.motion.angle(end, *self.motion.to_layer(start, x, y))
        return np.abs(angle) > np.pi / 2


class PoleWorld(LayeredWorld):
    """A pole before a wall, and what stands in front of it."""

    def __init__(self, width: int, height: int, wall: Layer, pole: Pole, front: Sequence[Layer]) -> None:
        """Put `pole` before `wall`, and before it the layers `front`, the farthest first."""
        super().__init__(width, height, [wall, pole, *front])
        self.pole, self.front = pole, tuple(front)

    def occlusion(self, start: float, end: float) -> NDArray[np.bool_]:
        """Return (H, W): True where a point seen at `start` is covered, turned away, or outside, at `end`."""
        lost = super().occlusion(start, end)
        box = self.pole.box(start, self.height, self.width)
        x, y = pixel_positions(*box)
        seen = self.pole.covers(start, x, y)
        for nearer in self.front:
            seen &= ~nearer.covers(start, x, y)
        lost[box] |= seen & self.pole.turns_away(start, end, x, y)
        return lost

    def objects(self, time: float) -> tuple[SceneObject, ...]:  # noqa: ARG002  (it stays where it is)
        """Return the pole, which has a box and is not flat."""
        left, right = (self.pole.motion.axis + side * self.pole.motion.radius for side in (-1, 1))
        corners = np.array([[left, 0.0], [right, self.height - 1.0]])
        return (SceneObject("pole", bounding_box(corners)),)
