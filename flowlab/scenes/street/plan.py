"""The plan of the street: where carriageways, houses and trees stand, and where their shadows fall."""

from dataclasses import dataclass

import numpy as np

from flowlab.scenes.noise import Field
from flowlab.scenes.street.grit import Grit, Values, smooth_step


@dataclass(frozen=True)
class Sun:
    """Where shadows fall.

    Attributes:
        direction: of the shadows on the ground, degrees: 0 right, 90 towards the camera.
        length: of a shadow, heights of what casts it.
        strength: 0 under a grey sky, 1 in full sun.
    """

    direction: float
    strength: float
    length: float = 0.75

    @property
    def run(self) -> tuple[float, float]:
        """How far (x, z) the shadow of something one metre high falls, metres."""
        angle = np.deg2rad(self.direction)
        return float(self.length * np.cos(angle)), float(-self.length * np.sin(angle))


@dataclass(frozen=True)
class Plan:
    """The main street runs across the picture from z = near to far; a side street leads away from it.

    Attributes:
        near, far: kerbs of the main street, metres before the camera.
        axis, half: middle and half width of the side street's carriageway.
        left, right: x of the house fronts along the side street.
        front: z of the house fronts along the main street.
        height: of the houses, about.
        trees: (x, z, height of the crown's middle, its radius) of the trees, farthest first.
    """

    near: float = 8.6
    far: float = 16.4
    axis: float = 1.6
    half: float = 4.5
    left: float = -5.2
    right: float = 8.4
    front: float = 20.0
    height: float = 9.0
    trees: tuple[tuple[float, float, float, float], ...] = (
        (-4.0, 62.0, 5.4, 2.6),
        (7.2, 54.0, 5.2, 2.4),
        (-4.1, 42.0, 5.0, 2.2),
        (7.3, 35.0, 4.9, 2.0),
        (-4.2, 26.5, 4.7, 1.7),
        (9.4, 18.6, 5.2, 1.9),
    )

    @property
    def middle(self) -> float:
        """The line between the main street's lanes."""
        return (self.near + self.far) / 2

    def carriageway(self, x: Values, z: Values) -> Field:
        """Return metres from (x, z) to the nearest kerb, negative on the carriageway."""
        main = np.maximum(self.near - z, z - self.far)
        side = np.maximum(np.abs(x - self.axis) - self.half, self.near - z)
        # The kerbs of the two streets meet in a curve of this radius.
        corner = np.float32(1.6)
        a, b = np.maximum(corner - main, 0), np.maximum(corner - side, 0)
        rounded: Field = np.maximum(np.minimum(main, side), corner) - np.hypot(a, b)
        return rounded

    def shadowed(self, x: Values, z: Values, sun: Sun, shapes: Grit) -> Field:
        """Return how much of the sun houses and trees keep from the ground at (x, z), 0..1."""
        run_x, run_z = sun.run
        dark = np.zeros_like(x)
        for rise in np.linspace(0.5, self.height, 12):
            # Walk towards the sun, up to the roofs: is there a house?
            at_x, at_z = x - np.float32(run_x * rise), z - np.float32(run_z * rise)
            beside = np.maximum(self.left - at_x, at_x - self.right)
            inside = np.minimum(beside, at_z - self.front)
            soft = 0.05 + 0.03 * rise
            dark = np.maximum(dark, smooth_step(inside, -soft, soft))
        for number, tree in enumerate(self.trees):
            # Only the part of the ground that the shadow can reach.
            reach = 1.6 * tree[3] + sun.length * tree[2]
            near = (np.abs(x - tree[0]) < reach) & (np.abs(z - tree[1]) < reach)
            if near.any():
                rows, columns = (np.flatnonzero(near.any(axis=axis)) for axis in (1, 0))
                part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
                shadow = self._tree_shadow(x[part], z[part], tree, number, sun, shapes)
                dark[part] = np.maximum(dark[part], shadow)
        return dark

    def _tree_shadow(
        self, x: Values, z: Values, tree: tuple[float, float, float, float], number: int, sun: Sun, shapes: Grit
    ) -> Field:
        """Return the shadow of a tree: a crown that lets spots of sun through, and its stem."""
        (tree_x, tree_z, crown, radius), (run_x, run_z) = tree, sun.run
        off_x, off_z = x - tree_x - run_x * crown, z - tree_z - run_z * crown
        rim = np.hypot(off_x, off_z) / radius + 0.16 * shapes.fractal(x, z, 1.5, 3, 0.8, salt=30 + number)
        dapple = smooth_step(shapes.fractal(x, z, 0.55, 3, 0.7, salt=50 + number), -1.6, 0.1)
        leaves = smooth_step(rim, 1.05, 0.8) * (0.35 + 0.65 * dapple)
        return np.maximum(leaves, self._stem(x - tree_x, z - tree_z, sun, crown))

    def _stem(self, x: Values, z: Values, sun: Sun, height: float) -> Field:
        """Return the shadow of an upright stem at the origin."""
        run_x, run_z = sun.run
        along = np.clip((x * run_x + z * run_z) / (run_x**2 + run_z**2), 0, height)
        return smooth_step(np.hypot(x - along * run_x, z - along * run_z), 0.22, 0.1)
