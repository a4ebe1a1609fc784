"""Living ground as seen from above: a meadow in flower and a coral reef.

Every painter takes the (H, W) of its tile in pixels, `sigma`, the Gaussian sigma of its finest detail in
pixels, and a source of randomness; it returns a tile (H, W, 3) float32 whose opposite edges join.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.scenes.noise import Cells, Field, cells, fractal_noise
from flowlab.scenes.textures import Colours, finished, palette

_GRASS: Colours = (
    (-2.2, "1c3a17"),
    (-1.0, "2f5a22"),
    (-0.2, "4a7a2c"),
    (0.5, "6d9a3a"),
    (1.3, "97b650"),
    (2.2, "c3cf78"),
)
_PETALS = np.array(
    [[214, 44, 34], [238, 234, 226], [84, 92, 206], [240, 198, 46], [222, 110, 168], [150, 76, 178]], np.float32
)
_HEARTS = np.array(
    [[38, 26, 30], [236, 186, 40], [44, 40, 110], [206, 128, 24], [244, 214, 96], [246, 210, 80]], np.float32
)


def meadow(shape: tuple[int, int], sigma: float, rng: np.random.Generator) -> Field:
    """Return a tile of grass with poppies, daisies and cornflowers; see the module for the arguments."""
    blades = fractal_noise(shape, rng, slope=0.6, coarsest=9 * sigma, finest=sigma / 2)
    patches = fractal_noise(shape, rng, slope=1.4, coarsest=0.5 * min(shape), finest=2 * sigma)
    grain = np.tanh(fractal_noise(shape, rng, slope=0.4, coarsest=5 * sigma, finest=sigma / 2))
    colour = palette(0.85 * blades + 0.5 * patches, _GRASS)
    colour *= (1 + 0.14 * grain)[..., None]
    straight = np.zeros((2, *shape), np.float32)
    for size in (min(9 * sigma, min(shape) / 5), min(19 * sigma, min(shape) / 5)):
        _bloom(colour, cells(shape, rng, size=size, wobble=straight), sigma / size, grain, rng)
    return finished(colour, sigma)


def _bloom(colour: Field, plants: Cells, sharp: float, grain: Field, rng: np.random.Generator) -> None:
    """Paint a flower on most `plants` over `colour`, in place; `sharp` is half an edge's width in cell sizes."""
    flower, reach, lobe = _petals(plants, grain, rng)
    x, y = plants.dx, plants.dy
    shadow = _inside(1.25 * reach - np.hypot(x - 0.25 * reach, y - 0.3 * reach), 2 * sharp)
    colour *= (1 - 0.45 * shadow * (reach > 0))[..., None]
    petal = _inside(reach * (0.62 + 0.38 * np.sqrt(lobe)) - np.hypot(x, y), sharp) * (reach > 0)
    colour += (flower - colour) * petal[..., None]


def _petals(plants: Cells, grain: Field, rng: np.random.Generator) -> tuple[Field, Field, Field]:
    """Return the colours (H, W, 3) of flowers, how far they reach in cell sizes, and 0 between to 1 on petals.

    One plant in four has no flower: it reaches 0.
    """
    kind = rng.integers(0, len(_PETALS), plants.count)[plants.owner]
    blooms = rng.uniform(0, 1, plants.count) < 0.75
    reach = (rng.uniform(0.24, 0.44, plants.count) * blooms).astype(np.float32)[plants.owner]
    turn = rng.uniform(0, 2 * np.pi, plants.count).astype(np.float32)[plants.owner]
    petals = rng.integers(5, 9, plants.count).astype(np.float32)[plants.owner]
    lobe: Field = np.abs(np.cos(petals / 2 * (np.arctan2(plants.dy, plants.dx) + turn)))
    radius = np.hypot(plants.dx, plants.dy) / np.maximum(reach, 1e-3)
    light = 0.72 + 0.34 * np.clip(radius, 0, 1) * (0.55 + 0.45 * lobe) + 0.12 * grain
    in_heart = (radius < 0.3)[..., None]
    colour = np.where(in_heart, _HEARTS[kind] * (1 + 0.2 * grain)[..., None], _PETALS[kind] * light[..., None])
    return colour, reach, lobe


def _inside(depth: NDArray[np.floating[Any]], sharp: float) -> Field:
    """Return 1 where `depth` is positive, 0 where negative, and a slope from -`sharp` to `sharp` between."""
    step: Field = np.clip(0.5 + depth / (2 * sharp), 0, 1).astype(np.float32)
    return step


_CORAL: Colours = (
    (0.0, "c4586a"),
    (0.2, "e08a5c"),
    (0.38, "d8b25a"),
    (0.52, "6f9a6c"),
    (0.66, "3f8f9a"),
    (0.82, "7a6bb0"),
    (1.0, "c77fb4"),
)
_SAND = np.array([232, 214, 160], np.float32)
_WATER = np.array([18, 120, 140], np.float32)


def reef(shape: tuple[int, int], sigma: float, rng: np.random.Generator) -> Field:
    """Return a tile of coral heads on pale sand in clear water; see the module for the arguments."""
    size = min(30 * sigma, min(shape) / 5)
    wobble = np.stack([fractal_noise(shape, rng, slope=1.4, coarsest=size, finest=2 * sigma) for _ in "xy"])
    heads = cells(shape, rng, size=size, wobble=0.09 * size * wobble)
    grain = fractal_noise(shape, rng, slope=0.4, coarsest=6 * sigma, finest=sigma / 2)
    depth = fractal_noise(shape, rng, slope=1.8, coarsest=0.7 * min(shape), finest=3 * sigma)
    # Noise of nearly one wavelength, folded at zero, makes the winding ridges of a brain coral.
    winding = fractal_noise(shape, rng, slope=-2.5, coarsest=1e6, finest=1.9 * sigma)
    ridges = np.tanh(1.6 * winding)
    knobs = np.tanh(fractal_noise(shape, rng, slope=-1.0, coarsest=1e6, finest=1.2 * sigma))

    tone = rng.uniform(0, 1, heads.count).astype(np.float32)[heads.owner]
    brain = (rng.uniform(0, 1, heads.count) < 0.6)[heads.owner]
    relief = np.where(brain, 0.34 * ridges, 0.26 * knobs) + 0.12 * np.tanh(grain)
    bulge = 1 - 0.38 * (heads.dx + heads.dy) + 0.25 * np.sqrt(np.clip(heads.gap, 0, 1))
    coral = palette(tone + 0.05 * grain, _CORAL) * ((0.85 + relief) * bulge)[..., None]
    sand = _SAND * (1 + 0.10 * np.tanh(winding) + 0.12 * np.tanh(grain))[..., None]
    bare = (rng.uniform(0, 1, heads.count) < 0.22)[heads.owner]
    edge = heads.gap * size / sigma
    rim = np.where(bare, 0, _inside((edge - 2.6).astype(np.float32), 0.5))[..., None]
    shadow = np.where(bare, 1, 1 - 0.4 * np.exp(-(((edge - 2.2) / 1.6) ** 2)))[..., None]
    colour = (sand + (coral - sand) * rim) * shadow
    veil = np.clip(0.22 - 0.12 * depth, 0.05, 0.5)[..., None]
    return finished((colour + (_WATER - colour) * veil).astype(np.float32), sigma)
