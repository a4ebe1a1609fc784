"""Paint that hides motion along itself: striped cloth and plain paper, with no more grain than asked for.

Every painter takes the (H, W) of its tile in pixels, `sigma`, the Gaussian sigma of its finest detail in
pixels, and a source of randomness; it returns a tile (H, W, 3) float32 whose opposite edges join.
"""

import numpy as np

from flowlab.scenes.noise import Field, fractal_noise
from flowlab.scenes.textures import Colours, finished, palette

_DYES = ("2c476c", "d9ccb0", "b9503a", "d6a052", "2f7d86", "d9ccb0", "8a3647", "86a58c")
_GRAIN_SIGMA = 1.5  # px: the finest that a pixel grid shows faithfully
_SEAM = 0.36  # share of the light that a seam between two bars swallows
_THREADS = 0.14  # how much lighter or darker one thread is than the next
_PLASTER: Colours = ((-2.5, "4d6066"), (0.0, "6d8286"), (2.5, "90a3a2"))
_METAL: Colours = (
    (-1.0, "3c3428"),
    (-0.75, "7d6840"),
    (-0.35, "dcc07a"),
    (-0.1, "b8944e"),
    (0.4, "80652f"),
    (0.8, "4c3d22"),
    (1.0, "7b6a48"),
)


def stripes(shape: tuple[int, int], sigma: float, rng: np.random.Generator, *, width: float, grain: float) -> Field:
    """Return a tile of cloth whose bars run along x: it changes with y only, but for the grain.

    Args:
        shape: (H, W) of the tile, pixels.
        sigma: Gaussian sigma of the finest detail, px.
        rng: source of randomness.
        width: of a bar on average, px.
        grain: standard deviation of what differs along a bar, grey levels.
    """
    column = (shape[0], 1)
    count = max(3, round(shape[0] / width))
    edges = np.cumsum(rng.uniform(0.5, 1.5, count))
    place = np.arange(shape[0]) * (edges[-1] / shape[0])
    number = np.searchsorted(edges, place, side="right")
    dyes = np.array([list(bytes.fromhex(code)) for code in _DYES], np.float32)[_neighbours_differ(count, rng)]
    upper = np.concatenate([[0.0], edges[:-1]])[number]
    from_seam = np.minimum(place - upper, edges[number] - place) * (shape[0] / edges[-1] / sigma)

    threads = fractal_noise(column, rng, slope=0.3, coarsest=7 * sigma, finest=sigma / 2)
    seam = _SEAM * np.exp(-((from_seam / 0.9) ** 2))
    light = (1 + _THREADS * np.tanh(threads)) * (1 - seam)[:, None]
    cloth = finished((dyes[number, None] * light[..., None]).astype(np.float32), sigma)
    return cloth + _grain(shape, rng, grain)[..., None]


def _neighbours_differ(count: int, rng: np.random.Generator) -> list[int]:
    """Return `count` numbers of dyes in random order: no bar looks like its neighbour, nor the last like the first."""
    order: list[int] = []
    for place in range(count):
        beside = {_DYES[number] for number in (order[-1:] + (order[:1] if place == count - 1 else []))}
        order.append(int(rng.choice([number for number, dye in enumerate(_DYES) if dye not in beside])))
    return order


def paper(shape: tuple[int, int], rng: np.random.Generator, *, colour: str, grain: float) -> Field:
    """Return a tile of plain paper of one `colour` ("rrggbb"), its grain as in `stripes`; no detail needs a sigma."""
    plain = np.array(list(bytes.fromhex(colour)), np.float32)
    return plain + _grain(shape, rng, grain)[..., None]


def plaster(shape: tuple[int, int], sigma: float, rng: np.random.Generator) -> Field:
    """Return a tile of a quiet plastered wall."""
    clouds = fractal_noise(shape, rng, slope=1.5, coarsest=0.5 * min(shape), finest=sigma)
    strokes = fractal_noise(shape, rng, slope=0.6, coarsest=12 * sigma, finest=sigma / 2)
    return finished(palette(0.9 * clouds + 0.8 * strokes, _PLASTER), sigma)


def brass(shape: tuple[int, int], sigma: float, rng: np.random.Generator, *, radius: float) -> Field:
    """Return a tile of a turned brass cap of `radius` px that stands upright, its axis at column 0."""
    columns = np.round(np.fft.fftfreq(shape[1]) * shape[1])
    grooves = fractal_noise((shape[0], 1), rng, slope=0.2, coarsest=6 * sigma, finest=sigma / 2)
    scratches = fractal_noise(shape, rng, slope=0.6, coarsest=8 * sigma, finest=sigma / 2)
    light = 1 + 0.10 * np.tanh(grooves) + 0.06 * np.tanh(scratches)
    metal = palette((columns / radius).astype(np.float32), _METAL)[None] * light[..., None]
    return finished(metal.astype(np.float32), sigma)


def _grain(shape: tuple[int, int], rng: np.random.Generator, level: float) -> Field:
    """Return grain of a standard deviation, fine whatever the paint: coarse grain would drown in 8-bit rounding."""
    return np.float32(level) * fractal_noise(shape, rng, slope=0.0, coarsest=6 * _GRAIN_SIGMA, finest=_GRAIN_SIGMA)
