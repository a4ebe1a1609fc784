"""A printed poster on a table: one texture with a middle, made for corner detectors and template trackers.

Nothing on it repeats, every part of it has corners, and it holds detail of every size down to its finest.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import cv2
import numpy as np
import scipy.fft
from numpy.typing import NDArray

from flowlab.scenes.noise import Field, fractal_noise
from flowlab.scenes.textures import Colours, finished, landscape, palette, tile_around

Colour = tuple[int, int, int]
Point = tuple[float, float]

_CREAM, _INK, _RUST, _OCHRE, _TEAL, _NIGHT, _SAGE, _ROSE = (
    (int(code[:2], 16), int(code[2:4], 16), int(code[4:], 16))
    for code in ("eadfc6", "20303c", "bf4f36", "dda341", "2c7c85", "1f3b5c", "8aa588", "d9a08c")
)
_INKS: tuple[Colour, ...] = (_INK, _RUST, _OCHRE, _TEAL, _SAGE, _ROSE, _CREAM)
_BINARY_DIGITS = 4  # after the point, in the positions OpenCV draws at
_FINEST_ARC = 3  # degrees
_MAP = ((-1.85, -0.72), (0.42, 1.1))  # upper left and lower right corner, in quarters of the poster's width


@dataclass(frozen=True)
class Poster:
    """A poster seen square on, its middle the origin.

    Attributes:
        width: px; three quarters of it are the height.
    """

    width: float

    @property
    def reach(self) -> tuple[float, float]:
        """Half the width and the height, px."""
        return self.width / 2, self.width * 3 / 8

    def paint(self, sigma: float, rng: np.random.Generator) -> Field:
        """Return a tile (H, W, 3) float32 with the poster's middle at its pixel (0, 0).

        Args:
            sigma: Gaussian sigma of the finest detail, px.
            rng: source of randomness.
        """
        rows, columns = tile_around(self.reach)
        press = _Press(columns, rows, unit=self.width / 4)
        _print_map(press, sigma, rng)
        _print_words(press, rng)
        _print_shapes(press, rng)
        # Print is never quite black nor quite white, which leaves room for what sharpening adds at edges.
        sheet = 16 + 0.84 * press.sheet.astype(np.float32)
        fibre = fractal_noise((rows, columns), rng, slope=0.6, coarsest=10 * sigma, finest=sigma / 2)
        stain = fractal_noise((rows, columns), rng, slope=1.6, coarsest=0.5 * rows, finest=2 * sigma)
        sheet *= (1 + 0.07 * np.tanh(fibre) + 0.03 * stain)[..., None]
        return finished(scipy.fft.ifftshift(sheet, axes=(0, 1)), sigma)


@dataclass(frozen=True, eq=False)
class _Press:
    """Prints on a sheet of `columns` x `rows` px at positions (x, y) counted in `unit` px from its middle."""

    columns: int
    rows: int
    unit: float
    sheet: NDArray[np.uint8] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sheet", np.full((self.rows, self.columns, 3), _NIGHT, np.uint8))

    def pixel(self, point: Point) -> tuple[int, int]:
        """Return the pixel (column, row) nearest to a point."""
        return round(self.columns // 2 + point[0] * self.unit), round(self.rows // 2 + point[1] * self.unit)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        """Fill a polygon, which may be hollow but does not cross itself."""
        middle = np.array([self.columns // 2, self.rows // 2])
        fixed = np.rint((np.array(points) * self.unit + middle) * 2**_BINARY_DIGITS).astype(np.int32)
        cv2.fillPoly(self.sheet, [fixed], colour, cv2.LINE_AA, _BINARY_DIGITS)

    def sector(self, middle: Point, radius: float, first: float, last: float, colour: Colour) -> None:
        """Fill the part of a disc between two directions, degrees, 0 right and 90 down."""
        angles = np.deg2rad(np.linspace(first, last, int(abs(last - first) / _FINEST_ARC) + 2))
        rim = [(middle[0] + radius * np.cos(a), middle[1] + radius * np.sin(a)) for a in angles]
        self.polygon([middle, *rim] if abs(last - first) < 360 else rim, colour)

    def line(self, start: Point, end: Point, width: float, colour: Colour) -> None:
        """Draw a straight line of a width."""
        along = np.subtract(end, start)
        aside = width / 2 * np.array([-along[1], along[0]]) / np.hypot(*along)
        a, b = np.array(start), np.array(end)
        self.polygon([tuple(corner) for corner in (a + aside, b + aside, b - aside, a - aside)], colour)

    def text(self, words: str, start: Point, size: float, colour: Colour, weight: int = 500) -> float:
        """Print words from the left end of their base line on; return where they end."""
        face, pixels = cv2.FontFace("sans"), max(6, round(size * self.unit))
        (right, _), _ = cv2.putText(self.sheet, words, self.pixel(start), colour, face, pixels, weight)
        return float(right - self.columns // 2) / self.unit


def _print_map(press: _Press, sigma: float, rng: np.random.Generator) -> None:
    """Print a chart of islands with meridians, soundings and a current that curls."""
    (left, top), (right, bottom) = (press.pixel(corner) for corner in _MAP)
    land = landscape((-(-(bottom - top) // 32) * 32, -(-(right - left) // 32) * 32), sigma / 2, rng)
    press.sheet[top:bottom, left:right] = np.clip(land[: bottom - top, : right - left], 0, 255).astype(np.uint8)
    (x0, y0), (x1, y1) = _MAP
    for x in np.linspace(x0, x1, 5)[1:-1] + rng.uniform(-0.1, 0.1, 3):
        press.line((x, y0), (x, y1), 0.008, _CREAM)
    for y in np.linspace(y0, y1, 4)[1:-1] + rng.uniform(-0.1, 0.1, 2):
        press.line((x0, y), (x1, y), 0.008, _CREAM)
    eye = (x0 + rng.uniform(0.9, 1.3), y0 + rng.uniform(0.7, 1.1))
    for _ in range(16):
        x, y = rng.uniform(x0 + 0.2, x1 - 0.2), rng.uniform(y0 + 0.2, y1 - 0.2)
        swirl = np.arctan2(y - eye[1], x - eye[0]) + np.pi / 2 - 0.35
        _print_arrow(press, (x, y), float(swirl), rng.uniform(0.16, 0.34))
    for _ in range(7):
        spot = (rng.uniform(x0 + 0.1, x1 - 0.3), rng.uniform(y0 + 0.15, y1 - 0.1))
        press.text(str(rng.integers(12, 990)), spot, 0.11, _CREAM)
    frame = [(x0, y0), (x1, y0), (x1, y1), (x0, y1), (x0, y0)]
    for start, end in pairwise(frame):
        press.line(start, end, 0.028, _CREAM)


def _print_arrow(press: _Press, tail: Point, angle: float, length: float) -> None:
    along, aside = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    head = np.array(tail) + length * along
    neck = head - 0.1 * along
    press.line(tail, tuple(neck), 0.03, _CREAM)
    press.polygon([tuple(p) for p in (head, neck + 0.055 * aside, neck - 0.055 * aside)], _CREAM)


def _print_words(press: _Press, rng: np.random.Generator) -> None:
    end = press.text("OPTICAL", (-1.87, -0.9), 0.48, _CREAM, 800)
    press.text("FLOW", (end + 0.12, -0.9), 0.48, _OCHRE, 800)
    press.text("I(x + u, y + v) = I(x, y)", (-1.86, 1.37), 0.2, _CREAM, 700)
    press.text(f"No. {rng.integers(100, 999)}", (0.6, 1.39), 0.29, _RUST, 800)


def _print_shapes(press: _Press, rng: np.random.Generator) -> None:
    """Print a column of geometry beside the map, each square another figure in other inks."""
    side, figures = 0.607, rng.permutation(6)
    for number in range(6):
        x, y = 0.6 + side * (number % 2), -0.72 + side * (number // 2)
        ground, figure, mark = (_INKS[k] for k in rng.choice(len(_INKS), 3, replace=False))
        press.polygon([(x, y), (x + side, y), (x + side, y + side), (x, y + side)], ground)
        _print_figure(press, int(figures[number]), (x, y), side, figure, mark)


def _print_figure(press: _Press, number: int, corner: Point, side: float, colour: Colour, mark: Colour) -> None:
    (x, y), half = corner, side / 2
    right, bottom, middle = x + side, y + side, (x + half, y + half)
    if number == 0:  # quarter discs in one another
        for radius, ink in ((0.95, colour), (0.62, _CREAM), (0.34, mark)):
            press.sector((x, bottom), radius * side, -90, 0, ink)
    elif number == 1:  # two triangles
        press.polygon([(x, y), (right, y), (x, bottom)], colour)
        press.polygon([(right, y + 0.3 * side), (right, bottom), (x + 0.3 * side, bottom)], mark)
    elif number == 2:  # a sun with rays
        for ray in range(9):
            press.sector(middle, 0.47 * side, 40 * ray, 40 * ray + 17, colour)
        press.sector(middle, 0.24 * side, 0, 360, mark)
    elif number == 3:  # stairs
        for step in range(4):
            left = x + step * side / 4
            press.polygon(
                [(left, y + step * side / 4), (right, y + step * side / 4), (right, bottom), (left, bottom)],
                (colour, _CREAM, mark, _INK)[step],
            )
    elif number == 4:  # two half discs that face away
        press.sector((middle[0], y + 0.28 * side), 0.26 * side, 0, 180, colour)
        press.sector((middle[0], y + 0.86 * side), 0.36 * side, 180, 360, mark)
    else:  # a star
        tips = [
            (0.47 if k % 2 else 0.2) * side * np.array([np.cos(k * np.pi / 5), np.sin(k * np.pi / 5)])
            for k in range(10)
        ]
        press.polygon([(middle[0] + dx, middle[1] + dy) for dx, dy in tips], colour)
        press.sector((x + 0.14 * side, y + 0.14 * side), 0.1 * side, 0, 360, mark)


_WALNUT: Colours = ((-2.4, "35261d"), (-0.8, "523827"), (0.3, "6d4c34"), (1.2, "876046"), (2.4, "a07c5c"))


def walnut(shape: tuple[int, int], sigma: float, rng: np.random.Generator) -> Field:
    """Return a tile (H, W, 3) of a table's planks, which run along x; see `Poster.paint` for the rest."""
    height, width = shape
    planks = max(2, round(height / (60 * sigma)))
    place = np.arange(height)[:, None] * (planks / height)
    tone = rng.uniform(-0.5, 0.5, planks)[np.floor(place).astype(np.intp)]
    seam = np.abs(place - np.rint(place)) * (height / planks / sigma)
    streaks = _stretched(fractal_noise((height, width // 16), rng, slope=0.7, coarsest=20 * sigma, finest=sigma), width)
    clouds = fractal_noise(shape, rng, slope=1.6, coarsest=0.4 * min(shape), finest=2 * sigma)
    pores = fractal_noise(shape, rng, slope=0.4, coarsest=6 * sigma, finest=sigma / 2)
    wood = palette((tone + 0.75 * streaks + 0.4 * clouds + 0.4 * pores).astype(np.float32), _WALNUT)
    light = (1 - 0.55 * np.exp(-((seam / 1.1) ** 2))) * (1 + 0.12 * np.tanh(pores))
    return finished((wood * light[..., None]).astype(np.float32), sigma)


def _stretched(narrow: Field, width: int) -> Field:
    """Return a periodic field stretched along x to `width` px: the same waves, each so much longer."""
    spectrum = scipy.fft.rfft(narrow, axis=1)
    return scipy.fft.irfft(spectrum * (width / narrow.shape[1]), n=width, axis=1).astype(np.float32)
