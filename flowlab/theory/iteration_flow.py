"""Step 8, for every pixel: how a dense flow is iterated, and how it must not be.

B. D. Lucas and T. Kanade (1981), section 3, equation (7), taken for every window of a picture at once.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flowlab.core.gradients import Kernel
from flowlab.core.window import averaged_products, solve, window_mean
from flowlab.dense.lucas_kanade import LucasKanadeParameters, linearised, refine
from flowlab.theory.stage import Plane, Stage, scene_of, stage

ROUNDS = 15
FIELD = "two-layers"
_FIELD_SIZE = (80, 64)
_FIELD_SPEED = 3.0
_KEPT = 24

Floats = NDArray[np.float32]


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
