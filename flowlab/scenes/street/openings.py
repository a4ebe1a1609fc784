"""What opens in a house front: windows with reveals, sills and curtains, doors, shops with their signs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.scenes.noise import Field
from flowlab.scenes.street.grit import Grit, Values, mixed, rgb, smooth_step

TRIM = rgb("cfc6b4")
SHOP = 3.7  # height of a ground floor, metres
_STOREY = 3.05
_FRAME, _CURTAIN = rgb("d8d4c8"), rgb("b9b0a0")
_GLASS, _SKYLIT = rgb("39444c"), rgb("8fa3b2")
_PAINTWORK = np.stack([rgb(code) for code in ("8e3b35", "2f6157", "3d5a80", "a06a2c", "6b4c6e")])
_GOODS = np.stack(
    [rgb(code) for code in ("a4644a", "c9b083", "b98a6a", "9aa08f", "c2a99a", "8f5f4c", "d0c3a4", "93a0a8")]
)


@dataclass(frozen=True, eq=False)
class Fronts:
    """House fronts while they are painted; all fields are (H, W).

    Attributes:
        colour: (H, W, 3), painted in place.
        grain: standard deviation of the mottle, grey levels; painted in place.
        along, v: metres from the left edge of the house, and above the ground.
        width, height: of the house a point belongs to.
        house: its number in the row.
        row: number of the row.
        grit: chance and noise.
    """

    colour: Field
    grain: Field
    along: Values
    v: Values
    width: Values
    height: Values
    house: Values
    row: int
    grit: Grit

    @property
    def bays(self) -> tuple[Values, Values]:
        """Which bay a point lies in, and how far beside its middle: every bay holds one window."""
        pitch = self.width / np.maximum(np.round(self.width / 2.5), 1)
        bay = np.floor(self.along / pitch)
        return bay, self.along - (bay + 0.5) * pitch


@dataclass(frozen=True, eq=False)
class _Windows:
    """Windows of one size.

    Attributes:
        across, up: metres from the middle of the nearest.
        half: half their width and height, metres.
        fits: where there are any.
        bay, storey: which one a point belongs to.
    """

    across: Values
    up: Values
    half: tuple[float, float]
    fits: NDArray[np.bool_]
    bay: Values
    storey: Values


def paint_upper_floors(fronts: Fronts) -> None:
    """Paint windows, ledges and the shadow below them on the upper storeys, in place."""
    v, height, colour = fronts.v, fronts.height, fronts.colour
    bay, across = fronts.bays
    storey = np.floor((v - SHOP) / _STOREY)
    up = v - SHOP - (storey + 0.5) * _STOREY
    fits = (storey >= 0) & (SHOP + (storey + 1) * _STOREY < height + 0.4)
    _paint_windows(fronts, _Windows(across, up, (0.56, 0.92), fits, bay, storey))
    ledge = (np.abs(v - SHOP + 0.06) < 0.13) | (np.abs(v - height + 0.2) < 0.2)
    colour[ledge] = 0.55 * colour[ledge] + 0.45 * TRIM
    under = ((v < SHOP - 0.19) & (v > SHOP - 0.5)) | ((v < height - 0.4) & (v > height - 0.75))
    colour[under] *= 0.78


def paint_ground_floor(fronts: Fronts) -> None:
    """Paint the ground floors, in place: every other house has a shop, the others a door and windows."""
    plinth = fronts.v < 0.45
    fronts.colour[plinth] = fronts.colour[plinth] * 0.45 + 0.3 * TRIM
    chance = fronts.grit.scatter(fronts.house, fronts.row, 60)
    paintwork = _PAINTWORK[np.floor(chance * 4.99).astype(int)]
    below = fronts.v < SHOP - 0.2
    odd = np.mod(fronts.house + fronts.row, 2) == 1
    _paint_flats(fronts, below & odd, paintwork)
    _paint_shops(fronts, below & ~odd, paintwork)


def _paint_windows(fronts: Fronts, windows: _Windows) -> None:
    colour, across, up, fits = fronts.colour, windows.across, windows.up, windows.fits
    half_width, half_height = windows.half
    above = np.abs(up) - half_height
    opening = np.maximum(np.abs(across) - half_width, above)
    trim = fits & (opening < 0.13) & (opening >= 0)
    colour[trim] = 0.3 * colour[trim] + 0.7 * TRIM
    sill = fits & (np.abs(across) < half_width + 0.2) & (np.abs(up + half_height + 0.13) < 0.08)
    colour[sill] = TRIM * 1.04
    shaded = fits & (np.abs(across) < half_width + 0.15) & (np.abs(up + half_height + 0.36) < 0.15)
    colour[shaded] *= 0.72
    glass = fits & (opening < 0)
    pane = _panes(fronts, windows)
    lintel = smooth_step(above, -0.34, -0.06) * (up > 0)
    reveal = smooth_step(across, -half_width + 0.2, -half_width)
    pane *= (1 - 0.45 * lintel - 0.3 * reveal)[..., None]
    bars = (opening > -0.085) | (np.abs(across) < 0.04) | (np.abs(up - 0.3 * half_height) < 0.035)
    pane = np.where(bars[..., None], _FRAME * 0.98, pane)
    colour[glass] = pane[glass]
    fronts.grain[glass] = 4.5


def _panes(fronts: Fronts, windows: _Windows) -> Field:
    """Return what is seen in the glass: the room's dark, the sky's image, curtains drawn more or less."""
    across, up, (half_width, half_height) = windows.across, windows.up, windows.half
    who = windows.bay + 40 * fronts.house
    chance = fronts.grit.scatter(who, windows.storey, 40 + fronts.row)
    clouds = fronts.grit.noise(across + 3 * who, up + 3 * windows.storey, 0.7, 6)
    tilt = 0.5 + 0.5 * up / half_height
    pane = mixed(_GLASS, _SKYLIT, smooth_step(tilt + 0.9 * (chance - 0.5) + 0.25 * clouds, 0.35, 1.0))
    drawn = (chance > 0.45) & (np.abs(across) > half_width * (0.95 - 0.9 * np.mod(chance * 7, 1)))
    folds = 0.80 + 0.16 * np.sin(across * 46 + 9 * chance)
    return np.where(drawn[..., None], 0.35 * pane + 0.6 * folds[..., None] * _CURTAIN, pane).astype(np.float32)


def _paint_flats(fronts: Fronts, here: NDArray[np.bool_], paintwork: Field) -> None:
    colour, v = fronts.colour, fronts.v
    bay, across = fronts.bays
    windows = _Windows(across, v - 1.75, (0.58, 0.85), here & (bay != 1), bay, -fronts.house - 1)
    _paint_windows(fronts, windows)
    door = here & (bay == 1) & (np.abs(across) < 0.55) & (v < 2.45)
    panel = (np.abs(np.abs(across) - 0.25) < 0.17) & ((np.abs(v - 0.6) < 0.35) | (np.abs(v - 1.6) < 0.45))
    colour[door] = (paintwork * np.where(panel, 0.72, 0.95)[..., None])[door]
    frame = here & (bay == 1) & (np.abs(across) < 0.7) & (v < 2.6) & ~door
    colour[frame] = TRIM * 0.95


def _paint_shops(fronts: Fronts, here: NDArray[np.bool_], paintwork: Field) -> None:
    """Paint wide panes over a painted base, goods behind the glass, a sign above."""
    colour, along, v, grit = fronts.colour, fronts.along, fronts.v, fronts.grit
    colour[here] = (paintwork * 0.82)[here]
    beside = np.abs(along - fronts.width / 2)
    bay = along - 1.35 * np.floor(along / 1.35) - 0.675
    pane = here & (np.abs(bay) < 0.6) & (v > 0.6) & (v < 2.75) & (beside < fronts.width / 2 - 0.35)
    heaps = grit.noise(along + 20 * fronts.house, v, 0.5, 12) + 0.8 * grit.noise(along, v, 0.22, 13)
    goods = _GOODS[np.floor(grit.scatter(np.floor(along / 0.3), np.floor(v / 0.35), 70) * 7.99).astype(int)]
    inside = mixed(_GLASS * 0.9, goods * 0.9, smooth_step(heaps, -0.2, 1.3) * smooth_step(v, 2.3, 1.3))
    inside = mixed(inside, _SKYLIT, 0.45 * smooth_step(v - 0.5 * bay, 1.5, 2.7))
    colour[pane] = inside[pane]
    sign = here & (v > 2.85) & (v < 3.4)
    letters = (beside < 0.3 * fronts.width) & (np.abs(v - 3.12) < 0.15)
    letters &= grit.scatter(np.floor(along / 0.11), np.floor(v / 0.1), 80) > 0.45
    colour[sign] = (paintwork * 0.62)[sign]
    colour[sign & letters] = TRIM
