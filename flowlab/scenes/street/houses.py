"""Rows of houses: brick and plaster, what opens in them, roofs."""

from dataclasses import dataclass

import numpy as np

from flowlab.scenes.noise import Field
from flowlab.scenes.street.grit import Grit, Values, mixed, rgb, smooth_step
from flowlab.scenes.street.openings import Fronts, paint_ground_floor, paint_upper_floors
from flowlab.scenes.street.surfaces import Paint

_WALLS = [rgb(code) for code in ("a4644a", "c9b083", "b98a6a", "9aa08f", "c2a99a", "8f5f4c", "d0c3a4", "93a0a8")]
_BRICK = (0, 2, 5)  # which of them are brick
_MORTAR, _TILES, _HAZE = rgb("b7ab9b"), rgb("8a5f50"), rgb("b9c0c4")
_SHADE = rgb("7788a4") / 255 * 1.12  # what is left of the light out of the sun


@dataclass(frozen=True)
class Row:
    """A row of houses along one side of a street.

    Attributes:
        edges: where one house ends and the next begins, metres along the row; ends included.
        heights: of the walls, metres, one a house.
        number: tells this row's chances from another's.
        sun: how much sun falls on it, 0..1.
        recedes: whether it leads away from the camera, into the haze; u is then metres from the camera.
    """

    edges: tuple[float, ...]
    heights: tuple[float, ...]
    number: int
    sun: float
    recedes: bool = True


def paint_row(u: Values, v: Values, row: Row, grit: Grit) -> Paint:
    """Paint the fronts of a row of houses at `u` metres along it and `v` metres above the ground."""
    house = np.clip(np.searchsorted(np.array(row.edges, np.float32), u) - 1, 0, len(row.heights) - 1)
    left, right = (np.array(row.edges, np.float32)[house + k] for k in (0, 1))
    height = np.array(row.heights, np.float32)[house]
    rank = np.floor(grit.scatter(np.arange(len(row.heights)), row.number, 3) * len(_WALLS)).astype(int)
    for k in range(1, len(rank)):
        rank[k] += (rank[k] == rank[k - 1]) * 3
    kind = (rank % len(_WALLS))[house]
    # Far houses are built of larger stones: theirs would be too small to be seen at all.
    stone = np.maximum(np.float32(1), left / 26) if row.recedes else np.float32(1)
    colour, grain = _wall(u / stone, v / stone, kind, grit)
    along, house = u - left, house.astype(np.float32)
    _stains(colour, u, v, height, grit)
    fronts = Fronts(colour, grain, along, v, right - left, height, house, row.number, grit)
    paint_upper_floors(fronts)
    paint_ground_floor(fronts)
    edge = np.minimum(along, right - u)
    colour *= (1 - 0.35 * smooth_step(edge, 0.14, 0.03) * (v < height))[..., None]
    _roof(colour, grain, u, v, height, grit)
    shade = _SHADE + (1.05 - _SHADE) * row.sun
    colour *= shade * (1 - 0.30 * smooth_step(v, 1.3, 0.0))[..., None]
    if row.recedes:
        haze = 0.6 * smooth_step(u, 25, 190)
        colour = mixed(colour, _HAZE, haze)
        grain = grain * (1 - haze)
    top = height + 1.5
    chimney = (np.abs(along - 0.2 * (right - left)) < 0.45) & (v < height + 2.5)
    inside = ((v < top) | chimney) & (v > 0) & (u > row.edges[0]) & (u < row.edges[-1])
    return Paint(colour, inside.astype(np.float32), grain * (0.6 + 0.4 * row.sun))


def _wall(u: Values, v: Values, kind: Values, grit: Grit) -> tuple[Field, Field]:
    """Return colour and grain of bare walls."""
    base = np.stack(_WALLS)[kind]
    course = np.floor(v / 0.19)
    along = u / 0.40 + 0.5 * np.mod(course, 2)
    stone = np.floor(along)
    tone = grit.scatter(stone, course, 1)
    joint = np.minimum(0.095 - np.abs(v - (course + 0.5) * 0.19), 0.2 - np.abs(along - stone - 0.5) * 0.40)
    brick = base * (0.68 + 0.56 * tone[..., None]) * (1 + 0.10 * (grit.scatter(stone, course, 2) - 0.5))[..., None]
    brick = mixed(brick, _MORTAR, 0.7 * smooth_step(joint, 0.035, 0.01))
    plaster = base * (1 + 0.07 * grit.fractal(u, v, 1.1, 5, 0.85, salt=2))[..., None]
    is_brick = np.isin(kind, _BRICK)
    colour = np.where(is_brick[..., None], brick, plaster)
    return colour.astype(np.float32), np.where(is_brick, np.float32(8), np.float32(9.5))


def _stains(colour: Field, u: Values, v: Values, height: Values, grit: Grit) -> None:
    streak = grit.fractal(u, v * 0.12, 0.8, 4, 0.8, salt=9)
    wide = grit.fractal(u, v, 5.0, 3, 0.7, salt=10)
    colour *= (1 + 0.045 * streak * (0.4 + v / height) + 0.05 * wide)[..., None]


def _roof(colour: Field, grain: Field, u: Values, v: Values, height: Values, grit: Grit) -> None:
    """Paint tiled roofs above the walls, in place; they lean away from the street, so they are seen low."""
    roof = v > height
    course = np.floor(v / 0.16)
    tile = np.floor(u / 0.24 + 0.5 * np.mod(course, 2))
    tone = 0.72 + 0.5 * grit.scatter(tile, course, 4) - 0.25 * smooth_step(np.mod(v / 0.16, 1), 0.25, 0.0)
    colour[roof] = (_TILES * tone[..., None])[roof]
    colour[(v > height + 1.5)] *= 1.08
    grain[roof] = 10.0
