"""Coloured textures: fixed continuous functions of a layer's own coordinates.

A texture is a periodic cubic spline through the pixels of a tile. Being a spline, and not pixels, it
has a value at every position, so a frame drawn at a displacement of 0.37 px is the same surface
seen 0.37 px further on, not a picture interpolated from its neighbour.
"""

import threading
from collections.abc import Callable, Sequence

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from flowlab.scenes.noise import Cells, Field, cells, focused, fractal_noise

Positions = NDArray[np.float64]
Colours = Sequence[tuple[float, str]]
_RIM = 16  # px of paint beyond every side of a thing: what a blurred edge and a spline reach for
_MARGIN = 2  # pixels a cubic spline reaches beyond the pixel it is read at


class Texture:
    """A periodic cubic spline with a value at every position, made from a tile when first read."""

    def __init__(self, paint: Callable[[], Field]) -> None:
        """Remember how to `paint` the tile: (H, W, 3) float32, its opposite edges joining."""
        self._paint = paint
        self._padded: Field | None = None
        self._painting = threading.Lock()

    def release(self) -> None:
        """Let go of the tile; it is painted again when the texture is next read."""
        self._padded = None

    def _tile(self) -> Field:
        """Return the spline's coefficients with a margin, painted once whoever asks first."""
        with self._painting:
            if self._padded is None:
                edges = ((_MARGIN, _MARGIN + 1), (_MARGIN, _MARGIN + 1), (0, 0))
                self._padded = np.pad(_spline_coefficients(self._paint()), edges, mode="wrap")
            return self._padded

    def at(self, x: Positions, y: Positions) -> Field:
        """Return the colours (H, W, 3) float32 at positions (x, y) that broadcast to (H, W).

        A cubic B-spline is four bilinear readings a pixel, between neighbours shifted towards the
        heavier one; OpenCV's bilinear remap is exact with float maps, its cubic one (a = -0.75)
        moves slopes by up to 0.05 px.

        Source: Sigg & Hadwiger (2005), Fast third-order texture filtering, GPU Gems 2, ch. 20.
        """
        tile = self._tile()
        height, width = (size - 2 * _MARGIN - 1 for size in tile.shape[:2])
        shape = np.broadcast_shapes(x.shape, y.shape)
        left, right, share_x = (np.broadcast_to(a, shape) for a in _bilinear_pair(x, width))
        above, below, share_y = (np.broadcast_to(a, shape) for a in _bilinear_pair(y, height))
        upper = _mix(_read(tile, left, above), _read(tile, right, above), share_x)
        lower = _mix(_read(tile, left, below), _read(tile, right, below), share_x)
        return _mix(upper, lower, share_y)


def _spline_coefficients(tile: Field) -> Field:
    """Return the cubic B-spline coefficients whose spline passes through the periodic `tile`.

    The spline's samples at whole pixels are the coefficients filtered by (1, 4, 1) / 6 along each
    axis, which is (2 + cos w) / 3 in the Fourier domain: divide by it.
    """
    height, width = tile.shape[:2]
    filter_y = (2 + np.cos(2 * np.pi * scipy.fft.fftfreq(height))) / 3
    filter_x = (2 + np.cos(2 * np.pi * scipy.fft.rfftfreq(width))) / 3
    spectrum = scipy.fft.rfft2(tile, axes=(0, 1))
    spectrum /= (filter_y[:, None] * filter_x[None, :])[..., None].astype(np.float32)
    return scipy.fft.irfft2(spectrum, s=(height, width), axes=(0, 1)).astype(np.float32)


def _bilinear_pair(position: Positions, period: int) -> tuple[Field, Field, Field]:
    """Return two positions in the padded tile and the share of the second, which make the spline.

    Whole periods and pixels are taken off in double precision: what is left fits float32.
    """
    whole = np.floor(position)
    t = position - whole
    first, fourth = (1 - t) ** 3 / 6, t**3 / 6
    second = 2 / 3 - t**2 * (1 - t / 2)
    share = 1 - first - second
    base = np.mod(whole, period) + _MARGIN
    low = base - 1 + second / (1 - share)
    high = base + 1 + fourth / share
    return low.astype(np.float32), high.astype(np.float32), share.astype(np.float32)


def _read(tile: Field, x: Field, y: Field) -> Field:
    return cv2.remap(  # type: ignore[return-value]
        tile, np.ascontiguousarray(x), np.ascontiguousarray(y), cv2.INTER_LINEAR
    )


def _mix(first: Field, second: Field, share: Field) -> Field:
    return first + (second - first) * share[..., None]


def tile_shape(height: int, width: int) -> tuple[int, int]:
    """Return (H, W) of a tile a picture of (height, width) does not see repeat: a quarter larger."""
    quick = (-(-size * 5 // 4 // 32) * 32 for size in (height, width))  # multiples of 32: quick transforms
    return next(quick), next(quick)


def turning_tile_shape(height: int, width: int) -> tuple[int, int]:
    """Return (H, W) of a tile a picture of (height, width) does not see repeat however it is turned."""
    side = -(-int(np.ceil(np.hypot(height, width))) // 32) * 32
    return side, side


def tile_around(reach: tuple[float, float]) -> tuple[int, int]:
    """Return (H, W) of a tile that holds a box of half-size `reach` (x, y) px around its first pixel, with a rim."""
    width, height = (-(-2 * (int(half) + 1 + _RIM) // 32) * 32 for half in reach)  # multiples of 32: quick transforms
    return height, width


def palette(values: Field, colours: Colours) -> Field:
    """Return RGB (.., 3) float32, 0..255, for `values`: linear between (value, "rrggbb") stops."""
    stops = [stop for stop, _ in colours]
    rgb = np.array([list(bytes.fromhex(code)) for _, code in colours], np.float64)
    return np.stack([np.interp(values, stops, rgb[:, k]) for k in range(3)], axis=-1).astype(np.float32)


def finished(colour: Field, sigma: float) -> Field:
    """Return painted `colour` (H, W, 3) ready to be a tile: band-limited by `sigma` px, with room to 0 and 255."""
    return focused(np.clip(colour, 28, 226), sigma)


_LAND: Colours = (
    (-1.0, "0a3048"),
    (-0.5, "105070"),
    (-0.16, "1d7f93"),
    (-0.04, "4fa9a8"),
    (-0.005, "86bfae"),
    (0.012, "cfc094"),
    (0.04, "b3a76c"),
    (0.09, "7f9650"),
    (0.24, "4f7d3c"),
    (0.45, "35592f"),
    (0.66, "6b6142"),
    (0.82, "94836c"),
    (1.0, "cdcac4"),
)


def landscape(shape: tuple[int, int], sigma: float, rng: np.random.Generator) -> Field:
    """Return a tile (H, W, 3) of islands, forests and shallows seen from high above.

    Args:
        shape: (H, W) of the tile, pixels.
        sigma: Gaussian sigma of the finest detail, px.
        rng: source of randomness.
    """
    finest = sigma / 2
    height = fractal_noise(shape, rng, slope=1.9, coarsest=0.8 * min(shape), finest=finest)
    ground = fractal_noise(shape, rng, slope=0.9, coarsest=16 * sigma, finest=finest)
    trees = fractal_noise(shape, rng, slope=0.3, coarsest=5 * sigma, finest=finest)
    level = np.clip((height + 0.35) / 2.6, -1, 1)
    colour = palette(level + 0.045 * ground * (0.3 + np.abs(level)), _LAND)
    sea = 1 / (1 + np.exp(np.clip((level - 0.004) / 0.01, -40, 40)))
    slope_y, slope_x = (np.roll(height, -1, axis) - np.roll(height, 1, axis) for axis in (0, 1))
    sunlit = -(slope_x + slope_y)
    light = (1 - sea) * (0.30 * np.tanh(sunlit / sunlit.std()) + 0.12 * np.tanh(trees) + 0.08 * np.tanh(ground))
    light += sea * (0.12 * np.tanh(trees) + 0.10 * np.tanh(ground))
    return finished(colour * (1 + light)[..., None], sigma)


_STONE: Colours = (
    (0.0, "38494f"),
    (0.25, "60777a"),
    (0.5, "848f87"),
    (0.72, "678a95"),
    (0.9, "a3b2ae"),
    (1.0, "d3dad4"),
)
_SANDSTONE: Colours = ((0.0, "4b463d"), (0.5, "8a7f68"), (1.0, "b5ae9e"))
_SILT = np.array([14, 26, 32], np.float32)


def pebbles(shape: tuple[int, int], sigma: float, rng: np.random.Generator) -> Field:
    """Return a tile (H, W, 3) of pebbles on the bed of a clear stream; see `landscape` for the arguments."""
    size = min(14 * sigma, min(shape) / 6)
    wobble = np.stack([fractal_noise(shape, rng, slope=1.3, coarsest=2 * size, finest=sigma) for _ in "xy"])
    stones = cells(shape, rng, size=size, wobble=1.1 * sigma * wobble)
    grain = fractal_noise(shape, rng, slope=0.4, coarsest=8 * sigma, finest=sigma / 2)
    stain = fractal_noise(shape, rng, slope=1.2, coarsest=3 * size, finest=sigma)
    colour = _stone_colours(stones, rng)
    edge = np.clip(2.2 * stones.gap, 0, 1)
    crevice = (0.8 * np.exp(-((edge / 0.16) ** 2)))[..., None]
    light = (0.5 + 0.52 * np.sqrt(edge)) * (1 - 0.42 * (stones.dx + stones.dy))
    light = (light + 0.18 * np.tanh(grain)) * (1 + 0.08 * stain)
    return finished(colour * light[..., None] * (1 - crevice) + _SILT * crevice, sigma)


def _stone_colours(stones: Cells, rng: np.random.Generator) -> Field:
    tone = rng.uniform(0, 1, stones.count).astype(np.float32)
    sandy = rng.uniform(0, 1, stones.count) < 0.16
    colours = np.where(sandy[:, None], palette(tone, _SANDSTONE), palette(tone, _STONE))
    return colours[stones.owner]
