"""Step 5: neighbours move alike, so their constraint lines meet in one point.

B. D. Lucas and T. Kanade (1981), "An Iterative Image Registration Technique with an Application to Stereo Vision":
one displacement for all pixels of a window.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flowlab.core.parameters import Parameters, parameter
from flowlab.core.window import window_mean
from flowlab.theory.constraints import Floats, Vote, distances, line_ends, slopes_of, vote, votes_everywhere
from flowlab.theory.stage import Stage, scene_of, stage

SIDE = 64
LARGEST = 7  # px, side of a window
PART = (8, 16, 32, 32)  # x, y, w, h, px: the part that is shown, so large that every pixel can be pointed at
TRUE_MOTION = (0.8, 0.3)  # of the landscape, of the leaf and of the bars
PEBBLES = {"background_speed": 0.8, "background_direction": 160.0}
INDEX = 29  # of the first frame: the leaf is in mid-picture
BLUR = 1.0  # px
MOST_ROWS = 9
_REACH = 40.0  # px/frame: beyond every plot
_RIM = 6  # px left out where the whole picture is judged: slopes and windows reach beyond its rim there
_SAME = 0.02  # px/frame: motions less far apart than this are one


@dataclass(frozen=True)
class NeighboursParameters(Parameters):
    """What can be set in step 5."""

    scene: str = parameter(
        "translation", choices=("translation", "two-layers", "bars"), label="Scene",
        help="translation: a landscape that moves as one. two-layers: a leaf over pebbles that move the other way. "
        "bars: straight bars, each of one brightness along its length.",
    )  # fmt: skip
    size: int = parameter(3, low=3, high=LARGEST, step=2, unit="px", label="Window", help="Side of the window.")
    weights: str = parameter(
        "box", choices=("box", "gaussian"), label="Weights",
        help="box: every pixel of the window counts alike. gaussian: the middle counts more than the rim.",
    )  # fmt: skip
    noise: float = parameter(
        0.0, low=0.0, high=10.0, step=1.0, unit="grey levels", label="Noise",
        help="The camera's noise in both pictures: its standard deviation.",
    )  # fmt: skip
    x: int = parameter(
        14, low=PART[0] + LARGEST // 2, high=PART[0] + PART[2] - 1 - LARGEST // 2, unit="px",
        help="Column of the window's middle.",
    )  # fmt: skip
    y: int = parameter(
        21, low=PART[1] + LARGEST // 2, high=PART[1] + PART[3] - 1 - LARGEST // 2, unit="px",
        help="Row of the window's middle.",
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Neighbours:
    """What step 5 shows; n is the number of pixels in the window, row by row.

    Attributes:
        stage: the two pictures and the true motion.
        pixels: (n, 2) whole numbers (x, y).
        rows: (n, 3), f_x and f_y in grey levels/px and f_t in grey levels/frame.
        weights: (n,), 0..1, the largest is 1.
        lines: (n, 2, 2), two points (u, v) of every constraint line; NaN where a pixel has no slope.
        misses: (n,), how far each line passes the estimate, px/frame; NaN where a pixel has no slope.
        listed: numbers of the at most nine pixels that weigh most, the nearest to the middle among equals.
        vote: the estimate, with the slopes across and along the strongest edge.
        motions: the true motions in the window, px/frame, that of its middle first.
        belongs: (n,), the number in `motions` of every pixel's own.
        alone: what the pixels of each of `motions` agree on without the others, px/frame.
        rim: (k, 2, 2), ends (x, y) of the pixel sides in the part that is shown across which the true motion jumps.
        median_error: median distance of the estimate from the truth, over all windows of the picture, px/frame.
    """

    stage: Stage
    pixels: NDArray[np.intp]
    rows: Floats
    weights: Floats
    lines: Floats
    misses: Floats
    listed: tuple[int, ...]
    vote: Vote
    motions: tuple[tuple[float, float], ...]
    belongs: NDArray[np.intp]
    alone: tuple[tuple[float, float], ...]
    rim: Floats
    median_error: float

    @property
    def true(self) -> tuple[float, float]:
        """True motion of the window's middle, px/frame."""
        return self.motions[0]

    @property
    def things(self) -> tuple[str, ...]:
        """What has each of `motions`, where a window may hold several: "leaf" or "pebbles"."""
        return tuple("leaf" if math.dist(motion, TRUE_MOTION) <= _SAME else "pebbles" for motion in self.motions)

    @property
    def mean_miss(self) -> float:
        """Weighted mean of how far the lines pass the estimate, px/frame; NaN where no pixel has a slope."""
        known = np.isfinite(self.misses)
        total = self.weights[known].sum()
        return float((self.weights * self.misses)[known].sum() / total) if total else math.nan

    @property
    def residual(self) -> float:
        """Weighted root mean square of f_x u + f_y v + f_t at the estimate, grey levels/frame."""
        left = self.rows @ (*self.vote.seen, 1.0)
        return math.sqrt(float((self.weights * left**2).sum() / self.weights.sum()))

    @property
    def error(self) -> float:
        """Distance of the estimate from the true motion of the window's middle, px/frame."""
        return math.dist(self.vote.seen, self.true)


def neighbours(p: NeighboursParameters) -> Neighbours:
    """Return the numbers of step 5."""
    shown = stage(scene_text_of(p), INDEX)
    f = slopes_of(shown.scene, INDEX, BLUR)
    w = window_weights(p.size, p.weights == "gaussian").ravel()
    reach = np.arange(p.size) - p.size // 2
    pixels = np.stack([np.tile(p.x + reach, p.size), np.repeat(p.y + reach, p.size)], axis=1)
    x, y = pixels.T
    fx, fy, ft = (plane[y, x].astype(np.float64) for plane in (f.fx, f.fy, f.ft))
    agreed = vote(fx, fy, ft, w)
    motions, belongs = _motions(shown.flow[y, x].astype(np.float64))
    return Neighbours(
        shown, pixels, np.stack([fx, fy, ft], axis=1), w, line_ends(fx, fy, ft, _REACH),
        distances(fx, fy, ft, agreed.seen), _listed(w, pixels - np.array([p.x, p.y])), agreed, motions, belongs,
        tuple(vote(fx, fy, ft, w * (belongs == number)).seen for number in range(len(motions))),
        _rim(shown.scene),
        _median_error(shown.scene, p.size, p.weights == "gaussian"),
    )  # fmt: skip


def scene_text_of(p: NeighboursParameters) -> str:
    """Return the text of the scene that step 5 looks at."""
    more = {"two-layers": PEBBLES, "bars": {"grain": 0.0}}.get(p.scene, {})
    return scene_of(p.scene, TRUE_MOTION, 1, width=SIDE, height=SIDE, noise=p.noise, **more)


def window_weights(size: int, gaussian: bool) -> Floats:
    """Return the weights (size, size) of a window as `core.window.window_mean` gives them, the largest made 1."""
    impulse = np.zeros((2 * size + 1, 2 * size + 1), np.float32)
    impulse[size, size] = 1
    half = size // 2
    around = slice(size - half, size + half + 1)
    weights = window_mean(impulse, size, gaussian=gaussian)[around, around].astype(np.float64)
    return np.asarray(weights / weights.max())


def _listed(weights: Floats, offsets: NDArray[np.intp]) -> tuple[int, ...]:
    """Return the numbers of the pixels that weigh most, in the window's order."""
    square = offsets**2
    # Round before flat: of a box, the nine in the middle are the 3x3 and not a cross.
    order = np.lexsort((square.sum(axis=1), square.max(axis=1), -weights.round(6)))
    return tuple(sorted(int(number) for number in order[:MOST_ROWS]))


def _motions(flow: Floats) -> tuple[tuple[tuple[float, float], ...], NDArray[np.intp]]:
    """Return the different motions among `flow` (n, 2), that of the middle first, and which one each row has."""
    found: list[Floats] = []
    belongs = np.full(len(flow), -1)
    for number in (len(flow) // 2, *range(len(flow))):
        if belongs[number] < 0:
            same = (np.hypot(*(flow - flow[number]).T) <= _SAME) & (belongs < 0)
            belongs[same] = len(found)
            found.append(flow[number])
    return tuple((float(u), float(v)) for u, v in found), belongs


@lru_cache(maxsize=32)
def _rim(scene: str) -> Floats:
    """Return the sides (k, 2, 2) of pixels of the part that is shown between which the true motion differs."""
    left, top, width, height = PART
    flow = stage(scene, INDEX).flow[top : top + height, left : left + width].astype(np.float64)
    sides = []
    for axis in (0, 1):
        rows, columns = np.nonzero(np.linalg.norm(np.diff(flow, axis=axis), axis=-1) > _SAME)
        step, half = np.array(((0.0, 0.5), (0.5, 0.0)))[[axis, 1 - axis]]  # to the next pixel's side, and along it
        middle = np.stack([columns + left, rows + top], axis=1) + step
        sides.append(np.stack([middle - half, middle + half], axis=1))
    return np.concatenate(sides)


@lru_cache(maxsize=32)
def _median_error(scene: str, size: int, gaussian: bool) -> float:
    """Return the median of |estimate - truth| over the picture without its rim, px/frame."""
    found = votes_everywhere(slopes_of(scene, INDEX, BLUR), size, gaussian)
    off = np.hypot(*np.moveaxis(found - stage(scene, INDEX).flow, -1, 0))
    return float(np.median(off[_RIM:-_RIM, _RIM:-_RIM]))
