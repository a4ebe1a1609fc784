"""Step 8: one solution is a first guess. Move the second picture back by it, solve for what is left, add, repeat.

B. D. Lucas and T. Kanade (1981), "An Iterative Image Registration Technique with an Application to Stereo Vision",
section 3, equation (7): h_0 = 0, h_{k+1} = h_k + (least squares about h_k), a Newton-Raphson iteration.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flowlab.core.gradients import Kernel, smoothed
from flowlab.core.parameters import Parameters, parameter
from flowlab.core.resample import warp_back
from flowlab.core.window import averaged_products, solve, window_mean
from flowlab.dense.lucas_kanade import LucasKanadeParameters, linearised, refine
from flowlab.theory.stage import Plane, Stage, scene_of, stage
from flowlab.tracking.patches import around
from flowlab.tracking.transparent import LucasKanadePointParameters, PointFlow, lucas_kanade_points

SIDE = 64
TRUE_MOTION = (3.2, -1.8)
STEPS = 10  # at a point
ROUNDS = 15  # of dense flow
ARRIVED = 0.1  # px; a start whose search ends this near to the truth is inside the basin
PIXEL, FLOW = "one pixel", "every pixel"
FIELD = "two-layers"
_FIELD_SIZE = (80, 64)
_FIELD_SPEED = 3.0
EPSILON = 0.002  # px; a step no longer than this is the last one
_GRID = 0.5  # px between two starts of the basin
_AROUND = (3.0, -2.0)  # the middle of the plane of starts: the truth, on that grid
_REACH = 9.0  # px from there to the plane's ends
_KEPT = 24

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class IterationParameters(Parameters):
    """What can be set in step 8."""

    x: int = parameter(33, low=8, high=SIDE - 9, unit="px", help="Column of the picked pixel.")
    y: int = parameter(24, low=8, high=SIDE - 9, unit="px", help="Row of the picked pixel.")
    k: int = parameter(
        5, low=0, high=ROUNDS, step=1, label="Step k",
        help="How many steps were taken: of the search at the picked pixel, until it stands still, and of both flows.",
    )  # fmt: skip
    window: int = parameter(
        9, low=5, high=15, step=2, unit="px", label="Window", help="Side of the window whose pixels vote."
    )
    blur: float = parameter(
        0.0, low=0.0, high=4.0, step=0.5, unit="px", label="Blur first",
        help="Sigma of a Gaussian that smooths both pictures before the search at the picked pixel.",
    )  # fmt: skip
    view: str = parameter(
        PIXEL, choices=(PIXEL, FLOW), label="Show first",
        help="The search at the picked pixel, or a flow for every pixel, iterated in two ways.",
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
        residual: (K + 1,), mean |I(x + d_k, t + dt) - I(x, t)| over the window, grey levels.
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
    """Where a search may begin: one start every half pixel, (n, n) with rows v and columns u.

    Attributes:
        u, v: (n,), the displacements that are started from, px.
        surface: (n, n), root of the mean squared residual of the window at that displacement, grey levels.
        steps: (n, n), steps until the search is, and stays, within `ARRIVED` of the truth; NaN where it never is.
    """

    u: Floats
    v: Floats
    surface: Plane
    steps: Plane

    @property
    def share(self) -> float:
        """Share of the starts that arrive, 0 to 1."""
        return float(np.isfinite(self.steps).mean())


@dataclass(frozen=True, eq=False)
class Course:
    """A dense flow, iterated in two ways from no motion.

    Attributes:
        stage: two pictures with two motions.
        naive: (ROUNDS + 1, H, W, 2), px: every pixel's increment is added to its own displacement.
        whole: (ROUNDS + 1, H, W, 2), px: at every warp the window is solved for the whole flow.
        naive_error, whole_error: (ROUNDS + 1,), mean distance to the true flow, px.
    """

    stage: Stage
    naive: Floats
    whole: Floats
    naive_error: Floats
    whole_error: Floats


@dataclass(frozen=True, eq=False)
class Iteration:
    """What step 8 shows.

    Attributes:
        stage: the two pictures and the true motion.
        first: (H, W), the first picture as it is searched: smoothed, where that was asked for.
        search: at the picked pixel.
        at: the step shown, at most the search's last one.
        difference: (H, W), the second picture moved back by d_k minus the first; NaN outside the picture.
        basin: of the picked pixel.
        course: of the dense flow.
    """

    stage: Stage
    first: Plane
    search: Search
    at: int
    difference: Plane
    basin: Basin
    course: Course


def iteration(p: IterationParameters) -> Iteration:
    """Return the numbers of step 8."""
    shown, first, second = _pictures(p.blur)
    search = _search(p.x, p.y, p.window, p.blur, (p.start_u, p.start_v))
    at = min(p.k, search.last)
    back = warp_back(second, np.broadcast_to(search.displacement[at], (*first.shape, 2)).astype(np.float32))
    return Iteration(
        shown, first, search, at, back - first, _basin(p.x, p.y, p.window, p.blur), course(p.window)
    )  # fmt: skip


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
    residual = np.concatenate([step.residual for step in steps])
    return Search(displacement, increment, residual, distance_to_truth(displacement))


@lru_cache(maxsize=_KEPT)
def _basin(x: int, y: int, window: int, blur: float) -> Basin:
    offsets = np.arange(-_REACH, _REACH + _GRID / 2, _GRID, dtype=np.float32)
    u, v = (np.float32(middle) + offsets for middle in _AROUND)
    starts = np.stack(np.meshgrid(u, v), axis=-1).reshape(-1, 2)
    steps = _follow(x, y, window, blur, starts).steps
    near = np.stack([distance_to_truth(step.displacement) < ARRIVED for step in steps])  # (K + 1, N)
    needed = len(near) - np.cumprod(near[::-1], axis=0).sum(axis=0)  # steps before the last unbroken run of nearness
    arrival = np.where(near[-1], needed, np.nan).astype(np.float32)
    shape = (len(v), len(u))
    return Basin(u, v, _surface(x, y, window, blur, starts).reshape(shape), arrival.reshape(shape))


def _surface(x: int, y: int, window: int, blur: float, displacements: Floats) -> Floats:
    """Return the root of the mean squared residual over the window at displacements (N, 2), (N,) grey levels."""
    _, first, second = _pictures(blur)
    here = np.array([[x, y]], np.float32)
    error = around(second, here + displacements, window) - around(first, here, window)
    rms: Floats = np.sqrt(np.mean(error * error, axis=1))
    return rms


@lru_cache(maxsize=_KEPT)
def course(window: int) -> Course:
    """Return two ways to iterate a dense flow over the scene `FIELD`, with a window of that side."""
    width, height = _FIELD_SIZE
    pair = stage(scene_of(FIELD, width=width, height=height, speed=_FIELD_SPEED))
    p = LucasKanadeParameters(window=window, kernel=Kernel.CENTRAL.value, damping=0.1, median=1)
    flows = {naive_refine: [np.zeros_like(pair.flow)], refine: [np.zeros_like(pair.flow)]}
    for better, found in flows.items():
        for _ in range(ROUNDS):
            found.append(better(pair.first, pair.second, found[-1], p))
    naive, whole = (np.stack(found) for found in flows.values())
    return Course(pair, naive, whole, *(_mean_error(flow, pair.flow) for flow in (naive, whole)))


def naive_refine(first: Plane, second: Plane, flow: Floats, p: LucasKanadeParameters) -> Floats:
    """Return the flow after one step of the naive scheme: solve for an increment, add it pixel by pixel.

    Everything but the unknown is as in `dense.lucas_kanade.refine`; it is here to be seen to diverge.

    Args:
        first: (H, W), grey levels.
        second: of the same shape.
        flow: (H, W, 2), px, so far.
        p: window, gaussian, kernel and damping are used.
    """
    fx, fy, ft = linearised(first, second, flow, p.kernel)
    bx, by = (-window_mean(slope * ft, p.window, gaussian=p.gaussian) for slope in (fx, fy))
    step = solve(*averaged_products(fx, fy, p.window, gaussian=p.gaussian), bx, by, p.damping)
    added: Floats = flow + np.nan_to_num(np.stack(step, axis=-1))
    return added


def _mean_error(flows: Floats, truth: Floats) -> Floats:
    error: Floats = np.nanmean(np.linalg.norm(flows - truth, axis=-1), axis=(1, 2))
    return error
