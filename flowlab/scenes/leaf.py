"""An autumn leaf: one outline and one texture, in coordinates whose origin is the leaf's middle."""

from dataclasses import dataclass

import numpy as np
import scipy.fft

from flowlab.scenes.noise import Field, fractal_noise
from flowlab.scenes.textures import Colours, Positions, finished, palette, tile_around

_AUTUMN: Colours = (
    (-1.0, "6e1f10"),
    (-0.5, "a8360f"),
    (0.0, "d0601a"),
    (0.5, "e29a33"),
    (1.0, "efcb63"),
)
_VEIN = np.array([247, 224, 150], np.float32)
_STALK_HALF_WIDTH = 0.011  # leaf lengths


@dataclass(frozen=True)
class Leaf:
    """An ovate leaf with a stalk.

    Attributes:
        length: from the base of the blade to its tip, px.
        tilt: direction from base to tip, degrees; 0 points right, 90 down.
    """

    length: float
    tilt: float

    @property
    def reach(self) -> tuple[float, float]:
        """Half the width and height (px) of an upright box around the origin that holds the leaf."""
        along = np.linspace(0, 1, 101)
        half_width = np.maximum(_blade_half_width(along)[0], _STALK_HALF_WIDTH) + 0.01
        along, across = np.tile(along, 2) - 0.5, np.concatenate([half_width, -half_width])
        across += _midrib(along)
        cosine, sine = self._axis
        x, y = along * cosine - across * sine, along * sine + across * cosine
        return float(self.length * np.abs(x).max()), float(self.length * np.abs(y).max())

    @property
    def _axis(self) -> tuple[float, float]:
        return float(np.cos(np.deg2rad(self.tilt))), float(np.sin(np.deg2rad(self.tilt)))

    def _axes(self, x: Positions, y: Positions) -> tuple[Positions, Positions]:
        """Return how far along the leaf (0 base, 1 tip) and across its midrib (in lengths) a point lies."""
        cosine, sine = self._axis
        along = (x * cosine + y * sine) / self.length
        across = (y * cosine - x * sine) / self.length
        return along + 0.5, across - _midrib(along)

    def outline(self, x: Positions, y: Positions) -> Positions:
        """Return a function of position (px) that is negative inside the leaf, positive outside, 0 on its edge."""
        along, across = self._axes(x, y)
        half_width, beyond = _blade_half_width(along)
        blade = np.abs(across) - half_width + beyond
        stalk = np.maximum(np.abs(across) - _STALK_HALF_WIDTH, np.abs(along - 0.11) - 0.1)
        return self.length * np.minimum(blade, stalk)

    def paint(self, sigma: float, rng: np.random.Generator) -> Field:
        """Return a tile (H, W, 3) float32 with the leaf's middle at its pixel (0, 0).

        Args:
            sigma: Gaussian sigma of the finest detail, px.
            rng: source of randomness.
        """
        shape = tile_around(self.reach)
        y, x = (np.round(scipy.fft.fftfreq(size) * size) for size in shape)
        along, across = self._axes(x[None, :], y[:, None])
        edge = self.outline(x[None, :], y[:, None]) / self.length

        blotch = fractal_noise(shape, rng, slope=1.2, coarsest=0.4 * self.length, finest=sigma / 2)
        grain = fractal_noise(shape, rng, slope=0.5, coarsest=7 * sigma, finest=sigma / 2)
        ripeness = 0.3 + 0.3 * blotch + 0.12 * grain - 2.6 * np.abs(across) + 0.3 * (0.5 - along)
        colour = palette(np.clip(ripeness, -1, 1).astype(np.float32), _AUTUMN)

        # Side veins leave the midrib at about 45 degrees, eleven a leaf; between them the blade bulges.
        rank = 12 * (along - 0.75 * np.abs(across) - 0.12) + 0.06 * blotch
        from_vein = np.abs(rank - np.round(rank)) / 12 * self.length
        side_veins = 0.85 * np.exp(-((from_vein / (1.0 * sigma)) ** 2)) * np.clip(1.3 - 4 * np.abs(across), 0, 1)
        midrib = np.exp(-((across * self.length / (1.5 * sigma * np.clip(1.3 - along, 0.3, 1))) ** 2))
        vein = np.maximum(midrib, side_veins)[..., None].astype(np.float32)

        bulge = np.cos(2 * np.pi * (rank - 0.6))
        light = 1 + 0.16 * bulge + 0.16 * np.tanh(grain) - 0.12 * np.sign(across)
        light *= 1 - 0.35 * np.exp(-((np.minimum(edge, 0) / 0.02) ** 2))
        colour = (colour * (1 - 0.75 * vein) + 0.75 * vein * _VEIN) * light[..., None]
        return finished(colour.astype(np.float32), sigma)


def _midrib(along: Positions) -> Positions:
    """Return how far the bent midrib lies beside the straight axis, in lengths; `along` from the middle."""
    return 0.22 * along**2 - 0.02


def _blade_half_width(along: Positions) -> tuple[Positions, Positions]:
    """Return half the toothed blade's width, and how far `along` (0 base, 1 tip) lies beyond its ends."""
    blade = (along - 0.14) / 0.86
    inside = np.clip(blade, 0, 1)
    teeth = 1 + 0.035 * np.abs((13 * inside) % 1 - 0.5)
    return 0.7 * inside**0.66 * (1 - inside) * teeth, np.abs(blade - inside)
