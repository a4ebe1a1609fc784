"""An old town from above: crooked streets between blocks, each block divided into lots with hipped roofs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.scenes.noise import Cells, Field, cells, fractal_noise
from flowlab.scenes.textures import Colours, finished, palette

_ROOFS: Colours = (
    (0.0, "6f2f22"),
    (0.25, "a34a2c"),
    (0.5, "c4673c"),
    (0.68, "d88d5a"),
    (0.8, "8d5a45"),
    (0.86, "56646f"),
    (0.94, "76828a"),
    (1.0, "c9b79a"),
)
_STREET, _LAWN, _TREE = (np.array(rgb, np.float32) for rgb in ([171, 158, 136], [128, 134, 82], [58, 92, 46]))
_FRONT, _SIDE = 1.25, 0.8  # length and depth of a lot, in houses
_SUN = -0.7 * np.pi  # where the light comes from: the upper left
_GARDENS = 0.16  # share of the lots without a house


@dataclass(frozen=True, eq=False)
class _Lots:
    """The lots a tile is divided into: in rows along each block's own direction, in columns along the row.

    Attributes:
        angle: (H, W) direction of the rows, radians.
        along, across: (H, W) place in the lot, 0..1 of its length and of its depth.
        kind, tone: (H, W) two random numbers 0..1, the same all over a lot.
    """

    angle: Field
    along: Field
    across: Field
    kind: Field
    tone: Field

    @property
    def from_ends(self) -> Field:
        """Distance to the nearer short side, in houses."""
        distance: Field = (0.5 - np.abs(self.along - 0.5)) * np.float32(_FRONT)
        return distance

    @property
    def from_eaves(self) -> Field:
        """Distance to the nearer long side, in houses."""
        distance: Field = (0.5 - np.abs(self.across - 0.5)) * np.float32(_SIDE)
        return distance


def old_town(shape: tuple[int, int], sigma: float, rng: np.random.Generator) -> Field:
    """Return a tile (H, W, 3) of tiled roofs, streets and gardens.

    Args:
        shape: (H, W) of the tile, pixels.
        sigma: Gaussian sigma of the finest detail, px.
        rng: source of randomness.
    """
    house = min(15 * sigma, min(shape) / 9)
    block = 3.6 * house
    bend = np.stack([fractal_noise(shape, rng, slope=1.2, coarsest=4 * block, finest=block / 5) for _ in "xy"])
    blocks = cells(shape, rng, size=block, wobble=0.08 * block * bend)
    grain = np.tanh(fractal_noise(shape, rng, slope=0.4, coarsest=6 * sigma, finest=sigma / 2))
    crowns = np.tanh(fractal_noise(shape, rng, slope=0.8, coarsest=7 * sigma, finest=sigma / 2))

    lots = _lots(blocks, block / house, rng)
    garden = (_LAWN + (_TREE - _LAWN) * (0.5 + 0.5 * crowns)[..., None]) * (1 + 0.22 * grain)[..., None]
    colour = np.where((lots.kind < _GARDENS)[..., None], garden, _roofs(lots, house / sigma, grain))
    paving = _STREET * (1 + 0.13 * grain + 0.06 * crowns)[..., None]
    street = np.clip(0.5 + (3.4 - blocks.gap * np.float32(block / sigma)), 0, 1)[..., None]
    return finished((colour + (paving - colour) * street).astype(np.float32), sigma)


def _lots(blocks: Cells, block: float, rng: np.random.Generator) -> _Lots:
    """Divide `blocks` into lots; `block` is the size of one in houses."""
    angle = rng.uniform(0, np.pi, blocks.count).astype(np.float32)[blocks.owner]
    cosine, sine = np.cos(angle), np.sin(angle)
    along = (blocks.dx * cosine + blocks.dy * sine) * np.float32(block / _FRONT)
    across = (blocks.dy * cosine - blocks.dx * sine) * np.float32(block / _SIDE)
    row: Field = np.floor(across)
    along += _drawn(rng, blocks.owner, row, row)
    column: Field = np.floor(along)
    kind, tone = (_drawn(rng, blocks.owner, row, column) for _ in range(2))
    return _Lots(angle, along - column, across - row, kind, tone)


def _drawn(rng: np.random.Generator, block: NDArray[np.intp], row: Field, column: Field) -> Field:
    """Return a random number 0..1 (H, W), the same wherever block, row and column are the same."""
    table = rng.uniform(0, 1, 4093).astype(np.float32)
    drawn: Field = table[(block * 613 + row.astype(np.intp) * 59 + column.astype(np.intp) * 7) % table.size]
    return drawn


def _roofs(lots: _Lots, house: float, grain: Field) -> Field:
    """Return hipped roofs (H, W, 3); `house` is the size of one in sigmas, `grain` roughens them.

    Such a roof rises from all four sides alike: the side a point is nearest to owns it, and the face is
    lit by where that side looks.
    """
    at_end = lots.from_ends < lots.from_eaves
    to_end = np.where(lots.along < 0.5, np.pi, 0)
    to_eaves = np.where(lots.across < 0.5, -np.pi / 2, np.pi / 2)
    lit = np.cos(lots.angle + np.where(at_end, to_end, to_eaves) - _SUN)
    height = np.minimum(lots.from_ends, lots.from_eaves) * np.float32(house)
    courses = np.cos(2 * np.pi / 4.2 * height)
    alley = 1 - 0.55 * np.exp(-((height / 0.8) ** 2))
    light = (1 + 0.3 * lit + 0.1 * courses + 0.14 * grain) * alley
    roofs = palette(lots.tone, _ROOFS)
    roofs *= light[..., None]
    return roofs
