"""Step 9: motion too long for one level is short in a small copy of the picture: search there first, then refine.

J.-Y. Bouguet (2000), "Pyramidal Implementation of the Lucas Kanade Feature Tracker", sections 2.1 and 2.3: a level is
half the one below, its answer g, doubled, begins the search there: g^(l-1) = 2 (g^l + d^l).
"""

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.parameters import Parameters, parameter
from flowlab.core.pyramid import levels_possible, pyramid
from flowlab.theory.stage import Plane, Stage, scene_of, stage
from flowlab.tracking.lucas_kanade import round_trip
from flowlab.tracking.parameters import PointParameters
from flowlab.tracking.transparent import LucasKanadePointParameters, PointFlow, lucas_kanade_points

WIDTH = 128
LANDSCAPE, LEAF = "landscape", "leaf"
MOST_LEVELS = 4
LONGEST = 20.0  # px
ARRIVED = 0.1  # px; an answer this near to the truth is right
LENGTHS = tuple(float(length) for length in range(0, 33, 2))  # px, of the chart of reach
_HEIGHTS = {LANDSCAPE: 128, LEAF: 64}  # a low picture makes a small leaf
_LEAF_FRAME = 29  # the leaf is in mid-picture there
_SEARCH = LucasKanadePointParameters(iterations=20, epsilon=0.01, min_eigenvalue=0.0)
_DIRECTIONS = np.deg2rad([25.0, 115.0, 205.0, 295.0])
_REACH_MOTION = (3.3, 1.4)  # px; of the pair whose starts are varied
_REACH_SIDE = (44.0, 62.0, 80.0)  # px, columns and rows of its points
SEARCHES = len(_REACH_SIDE) ** 2 * len(_DIRECTIONS)  # for each share of that chart
_REACH_STEPS = 12  # at each level
_ALIKE = 0.5  # px; flows that differ by less are one motion
_GRID = 6  # arrows across the picture
_KEPT = 24

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class PyramidsParameters(Parameters):
    """What can be set in step 9."""

    scene: str = parameter(
        LANDSCAPE, choices=(LANDSCAPE, LEAF), label="Scene",
        help="A landscape that moves as one piece, or a small leaf that moves over pebbles that lie still.",
    )  # fmt: skip
    x: int = parameter(51, low=0, high=WIDTH - 1, unit="px", help="Column of the picked pixel.")
    y: int = parameter(48, low=0, high=WIDTH - 1, unit="px", help="Row of the picked pixel.")
    length: float = parameter(
        8.0, low=0.0, high=LONGEST, step=0.5, unit="px", label="Motion", help="How far the scene moves."
    )
    direction: float = parameter(
        25.0, low=-180.0, high=180.0, step=5.0, unit="degrees", label="Direction",
        help="Where it moves to: 0 is right, 90 down.",
    )  # fmt: skip
    levels: int = parameter(
        1, low=0, high=MOST_LEVELS, step=1, label="Levels above the picture",
        help="0 is the picture alone; each further level is a copy half as large as the one before.",
    )  # fmt: skip
    window: int = parameter(
        9, low=5, high=15, step=2, unit="px", label="Window",
        help="Side of the window, the same number of pixels on every level.",
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Level:
    """One level of the pyramid, and the search at the picked pixel there. All in px of that level unless said.

    Attributes:
        number: 0 for the picture itself.
        first, second: (h, w), grey levels.
        at: (x, y) of the picked pixel.
        truth: (u, v), the true motion there.
        start: (u, v), where the search begins: twice what the level above found, 0 on the coarsest.
        found: (u, v), where it ends.
        error: |found - truth|, px of the PICTURE.
        points: (N, 2), a grid of further points.
        flow: (N, 2), what the search at these found.
        alike: share of the pixels in the window that move as the picked one does, 0 to 1.
    """

    number: int
    first: Plane
    second: Plane
    at: tuple[float, float]
    truth: Floats
    start: Floats
    found: Floats
    error: float
    points: Floats
    flow: Floats
    alike: float

    @property
    def scale(self) -> int:
        """Px of the picture a px of this level is long."""
        return int(2**self.number)


@dataclass(frozen=True, eq=False)
class Pyramids:
    """What step 9 shows.

    Attributes:
        stage: the two pictures and the true motion.
        window: side of the window, px of every level.
        at: (x, y), the picked pixel, inside the picture.
        truth: (u, v), the true motion of the picked pixel, px.
        levels: the coarsest first; fewer than were asked for where a level would be smaller than the window.
        errors: (MOST_LEVELS + 1,), how far the search at the picked pixel ends from the truth by levels, px; NaN for
            levels that the picture has no room for.
        outline: (K, 2), around what moves where something lies still, px; empty in the landscape.
    """

    stage: Stage
    window: int
    at: tuple[int, int]
    truth: Floats
    levels: tuple[Level, ...]
    errors: Floats
    outline: Floats

    @property
    def reach(self) -> Floats:
        """(MOST_LEVELS + 1, len(LENGTHS)), see `reach`; computed when it is asked for, and kept."""
        return reach(self.window)

    @property
    def found(self) -> Floats:
        """(u, v) of the picked pixel, px: what the last level found."""
        return self.levels[-1].found

    @property
    def error(self) -> float:
        """How far that is from the truth, px."""
        return self.levels[-1].error


def pyramids(p: PyramidsParameters) -> Pyramids:
    """Return the numbers of step 9."""
    shown = pair(p)
    width, height = shown.size
    at = place_of(p)
    grid = _grid(width, height)
    points = np.concatenate([np.array([at], np.float32), grid])
    search = replace(_SEARCH, levels=p.levels, window=p.window)
    followed = lucas_kanade_points(shown.first, shown.second, points, search, trace=True)
    firsts, seconds = (pyramid(picture, p.levels, least=p.window + 1) for picture in (shown.first, shown.second))
    truth = shown.flow[at[1], at[0]]
    levels = tuple(
        _level(number, (firsts[number], seconds[number]), at, truth, followed, grid,
               _alike(shown, at, truth, p.window * 2**number / 2))
        for number in reversed(range(len(firsts)))
    )  # fmt: skip
    return Pyramids(
        shown, p.window, at, truth, levels,
        _errors(shown, at, truth, p.window), _outline(shown),
    )  # fmt: skip


def place_of(p: PyramidsParameters) -> tuple[int, int]:
    """Return (x, y) of the picked pixel, px, inside the picture of the scene chosen."""
    width, height = pair(p).size
    return min(p.x, width - 1), min(p.y, height - 1)


def pair(p: PyramidsParameters) -> Stage:
    """Return the two pictures of step 9 and their true motion."""
    knobs: dict[str, Any] = {"width": WIDTH, "height": _HEIGHTS[p.scene], "speed": p.length, "direction": p.direction}
    if p.scene == LANDSCAPE:
        return stage(scene_of("translation", **knobs))
    return stage(scene_of("two-layers", background_speed=0.0, **knobs), _LEAF_FRAME)


def frame_of(p: PyramidsParameters) -> int:
    """Return the index of the first picture in its scene."""
    return _LEAF_FRAME if p.scene == LEAF else 0


def _grid(width: int, height: int) -> Floats:
    """Return (N, 2), points spread evenly over a picture, px."""
    step = width / _GRID
    x, y = np.arange(step / 2, width, step), np.arange(step / 2, height, step)
    return np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2).astype(np.float32)


def _most_levels(shown: Stage, window: int) -> int:
    """Return how many levels above the picture are larger than the window, of those that can be asked for."""
    width, height = shown.size
    return min(MOST_LEVELS, levels_possible(height, width, least=window + 1))


def _errors(shown: Stage, at: tuple[int, int], truth: Floats, window: int) -> Floats:
    """Return how far the search ends from the truth by number of levels, (MOST_LEVELS + 1,) px."""
    errors = np.full(MOST_LEVELS + 1, np.nan, np.float32)
    for levels in range(1 + _most_levels(shown, window)):
        p = replace(_SEARCH, levels=levels, window=window)
        steps = lucas_kanade_points(shown.first, shown.second, np.array([at], np.float32), p, trace=True).steps
        errors[levels] = np.linalg.norm(steps[-1].displacement[0] - truth)
    return errors


def _outline(shown: Stage) -> Floats:
    """Return the rim of what moves, (K, 2) px; empty where nothing does, or all."""
    moves = np.linalg.norm(shown.flow, axis=-1) > 0
    if moves.all() or not moves.any():
        return np.zeros((0, 2), np.float32)
    rims, _ = cv2.findContours(moves.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    rim: Floats = max(rims, key=len).reshape(-1, 2).astype(np.float32)
    return rim


def _alike(shown: Stage, at: tuple[int, int], truth: Floats, reach: float) -> float:
    """Return the share of the pixels within `reach` px of a place, both ways, that move as it does, 0 to 1."""
    columns, rows = (slice(max(0, math.ceil(c - reach)), math.floor(c + reach) + 1) for c in at)
    apart = np.linalg.norm(shown.flow[rows, columns] - truth, axis=-1)
    return float(np.mean(apart < _ALIKE))


def _level(number: int, pictures: tuple[Plane, Plane], at: tuple[int, int], truth: Floats, followed: PointFlow,
           grid: Floats, alike: float) -> Level:  # fmt: skip
    steps = [step for step in followed.steps if step.level == number]
    scale = np.float32(2**number)
    start, end = steps[0].displacement, steps[-1].displacement  # px of the picture, the picked pixel first
    return Level(
        number, *pictures, (at[0] / float(scale), at[1] / float(scale)), truth / scale, start[0] / scale,
        end[0] / scale, float(np.linalg.norm(end[0] - truth)), grid / scale, end[1:] / scale, alike,
    )  # fmt: skip


@lru_cache(maxsize=_KEPT)
def reach(window: int) -> Floats:
    """Return the share of right answers, (MOST_LEVELS + 1, len(LENGTHS)), by levels and length of the motion.

    Nine points of the landscape, four directions each. Where everything moves alike, only the way from the start of
    a search to the truth matters; so one pair of pictures serves every length, searched from starts that far away.
    Thousands of searches: OpenCV's, the same algorithm as `tracking.transparent` and twenty times as fast.
    """
    shown = stage(scene_of("translation", _REACH_MOTION, width=WIDTH, height=_HEIGHTS[LANDSCAPE]))
    first, second = (picture.astype(np.uint8) for picture in (shown.first, shown.second))
    points = np.stack(np.meshgrid(_REACH_SIDE, _REACH_SIDE), axis=-1).reshape(-1, 1, 1, 2)
    ways = np.stack([np.cos(_DIRECTIONS), np.sin(_DIRECTIONS)], axis=-1)
    starts = np.asarray(_REACH_MOTION) - np.asarray(LENGTHS)[:, None, None] * ways  # (L, A, 2)
    parts = np.broadcast_arrays(points, points + starts)  # (P, L, A, 2)
    here, begin = (np.ascontiguousarray(part, np.float32).reshape(-1, 2) for part in parts)
    shares = np.full((MOST_LEVELS + 1, len(LENGTHS)), np.nan, np.float32)
    for levels in range(1 + _most_levels(shown, window)):
        p = PointParameters(
            window=window, levels=levels, iterations=_REACH_STEPS, epsilon=_SEARCH.epsilon, min_eigenvalue=0.0
        )
        found = round_trip(first, second, here, p, begin).there
        error = np.linalg.norm(found - here - np.asarray(_REACH_MOTION, np.float32), axis=1)
        shares[levels] = (error < ARRIVED).reshape(parts[0].shape[:3]).mean(axis=(0, 2))
    return shares
