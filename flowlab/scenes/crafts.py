"""Things made by hand: a woven tartan and a wall of painted tiles.

Every painter takes the (H, W) of its picture tile in pixels, `sigma`, the Gaussian sigma of its finest
detail in pixels, and a source of randomness; it returns (H, W, 3) float32 whose opposite edges join.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.scenes.noise import Field, cells, fractal_noise
from flowlab.scenes.textures import Colours, finished

# The order of coloured stripes in a tartan: (share of the repeat, colour), mirrored at both ends.
_SETT: Colours = (
    (0.16, "24467c"),
    (0.05, "1e2634"),
    (0.06, "24467c"),
    (0.05, "1e2634"),
    (0.18, "256444"),
    (0.035, "d2b144"),
    (0.18, "256444"),
    (0.05, "1e2634"),
    (0.12, "b02a2a"),
    (0.03, "bab5a8"),
    (0.085, "b02a2a"),
)
_TWILL = 4  # threads after which the weave repeats


def tartan(shape: tuple[int, int], sigma: float, rng: np.random.Generator) -> Field:
    """Return a tile of woollen cloth in twill, two over and two under; see the module for the arguments."""
    height, width = shape
    pitch = 5.2 * sigma
    uneven = np.stack([fractal_noise(shape, rng, slope=1.2, coarsest=60 * sigma, finest=sigma) for _ in "xy"])
    warp, warp_colour, round_warp = _threads(width, np.arange(width)[None, :] + 0.32 * sigma * uneven[0], pitch, rng)
    weft, weft_colour, round_weft = _threads(height, np.arange(height)[:, None] + 0.32 * sigma * uneven[1], pitch, rng)
    over = (warp + weft) % _TWILL < _TWILL // 2
    fibre = fractal_noise(shape, rng, slope=0.5, coarsest=8 * sigma, finest=sigma / 2)
    wear = fractal_noise(shape, rng, slope=1.5, coarsest=0.5 * min(shape), finest=3 * sigma)
    colour = np.where(over[..., None], warp_colour, weft_colour)
    light = np.where(over, round_warp, 0.9 * round_weft) + 0.24 * np.tanh(fibre) + 0.07 * wear
    fluff = 22 * (np.tanh(fibre) + 1.0)
    return finished((colour * light[..., None] + fluff[..., None]).astype(np.float32), sigma)


def _threads(
    length: int, position: Field, pitch: float, rng: np.random.Generator
) -> tuple[NDArray[np.intp], Field, Field]:
    """Return each pixel's thread number, its colour (H, W, 3), and the light on its round back.

    Whole repeats of the sett and of the twill fit into `length` px, so that the cloth joins itself.
    """
    repeats = max(1, round(length / (52 * pitch)))
    count = max(_TWILL, round(length / pitch / _TWILL / repeats) * _TWILL) * repeats
    place = position * np.float32(count / length)
    number = np.floor(place).astype(np.intp)
    middle = (np.arange(count) + 0.5) / count * repeats % 1
    shares = np.cumsum([share for share, _ in _SETT])
    stripe = np.searchsorted(shares / shares[-1], 1 - np.abs(2 * middle - 1))
    dyes = np.array([list(bytes.fromhex(code)) for _, code in _SETT], np.float32)[stripe]
    dyes *= rng.uniform(0.82, 1.18, (count, 1)).astype(np.float32)
    roundness = 0.55 + 0.4 * np.sin(np.pi * (place - number)).astype(np.float32)
    return number, dyes[number % count], roundness


_CREAM, _COBALT, _SKY, _OCHRE, _LEAF, _RUST, _GROUT = (
    np.array(list(bytes.fromhex(code)), np.float32)
    for code in ("ece2c8", "24428f", "6f9fd2", "dda43c", "4f8a63", "b5532e", "7d7568")
)
_SHAKE = 0.018  # how far a painter's hand strays, in half sides of a tile


def painted_tiles(shape: tuple[int, int], sigma: float, rng: np.random.Generator) -> Field:
    """Return a tile of the picture with a wall of faience, painted by hand; see the module for the arguments."""
    side = min(58 * sigma, min(shape) / 2.2)
    number, u, v = _faience(shape, side)
    shaky = np.stack([fractal_noise(shape, rng, slope=1.4, coarsest=0.4 * side, finest=1.5 * sigma) for _ in "uv"])
    wash = fractal_noise(shape, rng, slope=1.3, coarsest=0.6 * side, finest=sigma)
    grain = np.tanh(fractal_noise(shape, rng, slope=0.5, coarsest=7 * sigma, finest=sigma / 2))
    glaze = rng.uniform(0.88, 1.1, number.max() + 1).astype(np.float32)[number]
    flake = min(11 * sigma, min(shape) / 6)
    flakes = cells(shape, rng, size=flake, wobble=1.2 * sigma * shaky)
    crackle = np.exp(-((flakes.gap * np.float32(flake / (1.35 * sigma))) ** 2))

    brush = _Brush(np.broadcast_to(_CREAM, (*shape, 3)).copy(), 1.6 * sigma / side, np.clip(0.86 + 0.1 * wash, 0.5, 1))
    kind, warm, cool = _choices(number, rng)
    _paint_corners(brush, u + _SHAKE * shaky[0], v + _SHAKE * shaky[1], warm, cool)
    _paint_rose(brush, u + _SHAKE * shaky[0], v + _SHAKE * shaky[1], kind, warm, cool)

    colour = brush.colour * (glaze * (1 + 0.11 * grain + 0.05 * wash) * (1 - 0.3 * crackle))[..., None]
    from_rim = (1 - np.maximum(np.abs(u), np.abs(v))) * np.float32(side / (2 * sigma))
    joint = np.exp(-((from_rim / 1.1) ** 4))[..., None]
    grout = _GROUT * (1 + 0.25 * grain)[..., None]
    return finished((colour + (grout - colour) * joint).astype(np.float32), sigma)


def _faience(shape: tuple[int, int], side: float) -> tuple[NDArray[np.intp], Field, Field]:
    """Divide a torus into tiles about `side` px wide: return each pixel's tile, and where it lies there, -1..1."""
    rows, columns = (max(2, round(size / side)) for size in shape)
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    x, y = (x + 0.5) * np.float32(columns / shape[1]), (y + 0.5) * np.float32(rows / shape[0])
    number = np.floor(y).astype(np.intp) * columns + np.floor(x).astype(np.intp)
    return number, 2 * (x % 1) - 1, 2 * (y % 1) - 1


def _choices(number: NDArray[np.intp], rng: np.random.Generator) -> tuple[NDArray[np.intp], Field, Field]:
    """Return which rose every tile shows, (H, W) 0..2, and its warm and its cool colour, (H, W, 3)."""
    count = int(number.max()) + 1
    kind = rng.integers(0, 3, count)
    warm = np.where(rng.uniform(0, 1, (count, 1)) < 0.5, _OCHRE, _RUST)
    cool = np.where(rng.uniform(0, 1, (count, 1)) < 0.6, _SKY, _LEAF)
    return kind[number], warm[number], cool[number]


@dataclass(frozen=True, eq=False)
class _Brush:
    """A brush at work on `colour` (H, W, 3): edges 2 `sharp` wide, and at each pixel as much ink as `wet` says."""

    colour: Field
    sharp: float
    wet: Field

    def fill(self, ink: Field, depth: NDArray[np.floating[Any]]) -> None:
        """Paint `ink` where `depth` (half sides of a tile) is positive."""
        covers = np.clip(0.5 + depth / (2 * self.sharp), 0, 1) * self.wet
        np.copyto(self.colour, self.colour + (ink - self.colour) * covers[..., None], casting="same_kind")


def _paint_corners(brush: _Brush, u: Field, v: Field, warm: Field, cool: Field) -> None:
    """Paint what a tile shares with its neighbours: a quarter of a ring at each corner, half a dot at each side."""
    x, y = np.abs(u), np.abs(v)
    corner, turn = np.hypot(1 - x, 1 - y), np.arctan2(1 - y, 1 - x)
    side = np.hypot(np.maximum(x, y) - 1, np.minimum(x, y))
    brush.fill(_COBALT, 0.035 - np.abs(corner - 0.52))
    brush.fill(cool, 0.1 - np.abs(corner - 0.36) + 0.05 * np.cos(12 * turn))
    brush.fill(warm, 0.2 - corner)
    brush.fill(_COBALT, 0.13 - side)


def _paint_rose(brush: _Brush, u: Field, v: Field, kind: NDArray[np.intp], warm: Field, cool: Field) -> None:
    """Paint the middle of every tile: a flower, a star or a quatrefoil, outlined, with a heart of its own."""
    x, y = np.abs(u), np.abs(v)
    radius, angle = np.hypot(u, v), np.arctan2(v, u)
    lobes = np.abs(np.cos(2 * angle))
    flower = 0.66 * np.sqrt(np.abs(np.cos(4 * angle))) * (0.55 + 0.45 * lobes) - radius
    star = 0.56 - np.minimum(np.maximum(x, y), (x + y) / np.sqrt(2))
    foil = 0.3 - np.hypot(np.maximum(x, y) - 0.36, np.minimum(x, y))
    rose = np.choose(kind, [flower, star, foil])
    heart = np.choose(
        kind, [0.26 * (0.7 + 0.3 * np.cos(8 * angle)) - radius, 0.36 * np.sqrt(lobes) - radius, foil - 0.14]
    )
    brush.fill(_COBALT, rose + 0.05)
    brush.fill(cool, rose - 0.01)
    brush.fill(_COBALT, heart + 0.04)
    brush.fill(warm, heart)
    brush.fill(_CREAM, 0.06 - radius)
