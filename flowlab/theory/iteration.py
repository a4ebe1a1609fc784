"""Step 8: one solution is a first guess. Move the second picture back by it, solve for what is left, add, repeat.

B. D. Lucas and T. Kanade (1981), "An Iterative Image Registration Technique with an Application to Stereo Vision",
section 3, equation (7): h_0 = 0, h_{k+1} = h_k + (least squares about h_k), a Newton-Raphson iteration.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flowlab.core.gradients import smoothed
from flowlab.core.parameters import Parameters, parameter
from flowlab.core.resample import warp_back
from flowlab.theory.iteration_flow import ROUNDS, Course, course
from flowlab.theory.stage import Plane, Stage, scene_of, stage
from flowlab.tracking.patches import around
from flowlab.tracking.transparent import LucasKanadePointParameters, PointFlow, lucas_kanade_points

SIDE = 64
TRUE_MOTION = (3.2, -1.8)
STEPS = 10  # at a point
ARRIVED = 0.1  # px; a start whose search ends this near to the truth is inside the basin
SEARCH, STARTS, FLOW = "one search", "every start", "every pixel"
EPSILON = 0.002  # px; a step no longer than this is the last one
_GRID = 0.5  # px between two starts of the basin
_AROUND = (3.0, -2.0)  # the middle of the plane of starts: the truth, on that grid
_REACH = 9.0  # px from there to the plane's ends
_BEYOND = 2.5  # px of the way before the search and behind the truth
_SAMPLES = 81
_KEPT = 24

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class IterationParameters(Parameters):
    """What can be set in step 8."""

    x: int = parameter(22, low=8, high=SIDE - 9, unit="px", help="Column of the picked pixel.")
    y: int = parameter(32, low=8, high=SIDE - 9, unit="px", help="Row of the picked pixel.")
    k: int = parameter(
        0, low=0, high=ROUNDS, step=1, label="Step k",
        help="How many steps were taken. The search at the picked pixel may stop earlier.",
    )  # fmt: skip
    window: int = parameter(
        9, low=5, high=15, step=2, unit="px", label="Window", help="Side of the window whose pixels vote."
    )
    blur: float = parameter(
        0.0, low=0.0, high=4.0, step=0.5, unit="px", label="Blur first",
        help="Width of the Gaussian blur of both pictures before the search at the picked pixel.",
    )  # fmt: skip
    view: str = parameter(
        SEARCH, choices=(SEARCH, STARTS, FLOW), label="Show",
        help="One search at the picked pixel; which starts of it arrive; or a flow for every pixel, in two ways.",
    )  # fmt: skip
    start_u: float = parameter(
        0.0, low=_AROUND[0] - _REACH, high=_AROUND[0] + _REACH, step=_GRID, unit="px", label="Start, to the right",
        help="The displacement the search begins with.",
    )  # fmt: skip
    start_v: float = parameter(
        0.0, low=_AROUND[1] - _REACH, high=_AROUND[1] + _REACH, step=_GRID, unit="px", label="Start, downwards",
        help="The displacement the search begins with.",
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Search:
    """The search at the picked pixel, K + 1 places: the start, and where each step led.

    Attributes:
        displacement: (K + 1, 2), d_k, px.
        increment: (K + 1, 2), delta_k, px; 0 for the start.
        residual: (K + 1,), root of the mean of r^2 over the window, r = I(x + d_k, t + dt) - I(x, t), grey levels: what
            the search makes least.
        distance: (K + 1,), |d_k - truth|, px.
    """

    displacement: Floats
    increment: Floats
    residual: Floats
    distance: Floats

    @property
    def last(self) -> int:
        """Number of the last step."""
        return len(self.distance) - 1

    @property
    def arrived(self) -> bool:
        """Whether the last step ends within `ARRIVED` of the truth."""
        return bool(self.distance[-1] < ARRIVED)


@dataclass(frozen=True, eq=False)
class Basin:
    """Where a search may begin: one start every half pixel, (n, n) with rows v and columns u (`starts`).

    Attributes:
        steps: (n, n), steps until the search is, and stays, within `ARRIVED` of the truth; NaN where it never is.
    """

    steps: Plane

    @property
    def share(self) -> float:
        """Share of the starts that arrive, 0 to 1."""
        return float(np.isfinite(self.steps).mean())


@dataclass(frozen=True, eq=False)
class Way:
    """The straight way from where the search stands, or began if it has arrived, to the truth and a little farther.

    Attributes:
        place: (n,), px along it; 0 is the truth, what lies before it is negative.
        residual: (n,), root of the mean of r^2 over the window at that displacement, grey levels.
        begin: place where the search stands, px.
    """

    place: Floats
    residual: Floats
    begin: float

    @property
    def hill(self) -> float:
        """The largest residual between the search and the truth, grey levels."""
        return float(self.residual[(self.place >= self.begin) & (self.place <= 0)].max())

    @property
    def goal(self) -> float:
        """The residual at the truth, grey levels."""
        return float(np.interp(0.0, self.place, self.residual))


@dataclass(frozen=True, eq=False)
class Iteration:
    """What step 8 shows.

    Attributes:
        settings: what it was computed for.
        stage: the two pictures and the true motion.
        first: (H, W), the first picture as it is searched: smoothed, where that was asked for.
        search: at the picked pixel.
        at: the step shown, at most the search's last one.
        difference: (H, W), the second picture moved back by d_k minus the first; NaN outside the picture.
        surface: (n, n), root of the mean of r^2 over the window at every displacement of `starts`, grey levels.
    """

    settings: IterationParameters
    stage: Stage
    first: Plane
    search: Search
    at: int
    difference: Plane
    surface: Plane

    @property
    def basin(self) -> Basin:
        """Of the picked pixel; computed when it is asked for, and kept."""
        p = self.settings
        return _basin(p.x, p.y, p.window, p.blur)

    @property
    def course(self) -> Course:
        """Of the dense flow; computed when it is asked for, and kept."""
        return course(self.settings.window)

    @property
    def way(self) -> Way:
        """From the search to the truth; computed when it is asked for."""
        return _way(self.settings, self.search, self.at)


def iteration(p: IterationParameters) -> Iteration:
    """Return the numbers of step 8."""
    shown, first, second = _pictures(p.blur)
    search = _search(p.x, p.y, p.window, p.blur, (p.start_u, p.start_v))
    at = min(p.k, search.last)
    back = warp_back(second, np.broadcast_to(search.displacement[at], (*first.shape, 2)).astype(np.float32))
    return Iteration(p, shown, first, search, at, back - first, _surface(p.x, p.y, p.window, p.blur))


def starts() -> tuple[Floats, Floats]:
    """Return the displacements that searches start from: u and v, (n,) each, px."""
    offsets = np.arange(-_REACH, _REACH + _GRID / 2, _GRID, dtype=np.float32)
    return np.float32(_AROUND[0]) + offsets, np.float32(_AROUND[1]) + offsets


def distance_to_truth(displacement: Floats) -> Floats:
    """Return how far displacements (..., 2), px, are from the true one."""
    away: Floats = np.linalg.norm(displacement - np.asarray(TRUE_MOTION, np.float32), axis=-1)
    return away


@lru_cache(maxsize=_KEPT)
def _pictures(blur: float) -> tuple[Stage, Plane, Plane]:
    shown = stage(scene_of("translation", TRUE_MOTION, width=SIDE, height=SIDE))
    return shown, smoothed(shown.first, blur), smoothed(shown.second, blur)


def _follow(x: int, y: int, window: int, blur: float, starts: Floats) -> PointFlow:
    """Follow one pixel from many starts (N, 2), px, every step kept."""
    _, first, second = _pictures(blur)
    p = LucasKanadePointParameters(window=window, levels=0, iterations=STEPS, epsilon=EPSILON, min_eigenvalue=0.0)
    here = np.broadcast_to(np.array((x, y), np.float32), starts.shape)
    return lucas_kanade_points(first, second, here, p, guess=here + starts, trace=True)


def _search(x: int, y: int, window: int, blur: float, start: tuple[float, float]) -> Search:
    steps = _follow(x, y, window, blur, np.array([start], np.float32)).steps
    displacement = np.concatenate([step.displacement for step in steps])
    increment = np.concatenate([step.increment for step in steps])
    residual = _residuals(x, y, window, blur, displacement)
    return Search(displacement, increment, residual, distance_to_truth(displacement))


def _all_starts() -> Floats:
    return np.stack(np.meshgrid(*starts()), axis=-1).reshape(-1, 2)


@lru_cache(maxsize=_KEPT)
def _basin(x: int, y: int, window: int, blur: float) -> Basin:
    steps = _follow(x, y, window, blur, _all_starts()).steps
    near = np.stack([distance_to_truth(step.displacement) < ARRIVED for step in steps])  # (K + 1, N)
    needed = len(near) - np.cumprod(near[::-1], axis=0).sum(axis=0)  # steps before the last unbroken run of nearness
    side = len(starts()[0])
    return Basin(np.where(near[-1], needed, np.nan).astype(np.float32).reshape(side, side))


@lru_cache(maxsize=_KEPT)
def _surface(x: int, y: int, window: int, blur: float) -> Plane:
    side = len(starts()[0])
    return _residuals(x, y, window, blur, _all_starts()).reshape(side, side)


def _residuals(x: int, y: int, window: int, blur: float, displacements: Floats) -> Floats:
    """Return the root of the mean of r^2 over the window at displacements (N, 2), (N,) grey levels."""
    _, first, second = _pictures(blur)
    here = np.array([[x, y]], np.float32)
    r = around(second, here + displacements, window) - around(first, here, window)
    root: Floats = np.sqrt(np.mean(r * r, axis=1))
    return root


def _way(p: IterationParameters, search: Search, at: int) -> Way:
    truth = np.asarray(TRUE_MOTION, np.float32)
    begin = search.displacement[at if search.distance[at] > _GRID else 0]
    length = float(np.linalg.norm(truth - begin))
    along = (truth - begin) / length if length > 0 else np.array((1, 0), np.float32)
    place = np.linspace(-length - _BEYOND, _BEYOND, _SAMPLES, dtype=np.float32)
    return Way(place, _residuals(p.x, p.y, p.window, p.blur, truth + place[:, None] * along), -length)
