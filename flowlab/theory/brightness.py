"""Step 1: a point keeps its brightness while it moves, I(x, y, t) = I(x + dx, y + dy, t + dt).

B. K. P. Horn and B. G. Schunck (1981), "Determining Optical Flow", section 3.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.core.parameters import Parameters, parameter
from flowlab.core.resample import sample, warp_back
from flowlab.theory.stage import Plane, Stage, scene_of, stage

SIDE = 64
TRUE_MOTION = (5.0, 8.0)
GAP = 8  # frames of the scene: its light then changes by up to 40 % between the two
_RIM = 9  # px left out where means are compared: the motion leads out of the picture there


@dataclass(frozen=True)
class BrightnessParameters(Parameters):
    """What can be set in step 1."""

    x: int = parameter(11, low=0, high=SIDE - 1, unit="px", help="Column of the picked pixel.")
    y: int = parameter(15, low=0, high=SIDE - 1, unit="px", help="Row of the picked pixel.")
    dx: float = parameter(5.0, low=-12.0, high=12.0, step=0.5, unit="px", label="dx", help="Displacement to the right.")
    dy: float = parameter(8.0, low=-12.0, high=12.0, step=0.5, unit="px", label="dy", help="Displacement downwards.")
    light: float = parameter(
        0.0, low=-40.0, high=40.0, step=5.0, unit="%", label="Light", help="How much brighter the second picture is.",
    )  # fmt: skip
    noise: float = parameter(
        0.0, low=0.0, high=20.0, step=1.0, unit="grey levels", label="Noise",
        help="The camera's noise in both pictures: two pixels of three are off by less than this (standard deviation).",
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Brightness:
    """What step 1 shows.

    Attributes:
        stage: the two pictures and the true motion.
        now: I(x, y, t) at the picked pixel, grey levels.
        later: I(x + dx, y + dy, t + dt); NaN outside the picture.
        unmoved: (H, W), I(t + dt) - I(t) at the same place.
        warped: (H, W), I(x + dx, y + dy, t + dt) - I(x, y, t); NaN where that leads out of the picture.
        mean_unmoved: mean size of `unmoved` over the inner part of the picture, grey levels.
        mean_warped: the same of `warped`, over those of these pixels where it is known.
    """

    stage: Stage
    now: float
    later: float
    unmoved: Plane
    warped: Plane
    mean_unmoved: float
    mean_warped: float

    @property
    def residual(self) -> float:
        """What the displacement leaves of the picked pixel's brightness difference, grey levels."""
        return self.later - self.now


def brightness(p: BrightnessParameters) -> Brightness:
    """Return the numbers of step 1."""
    scene = scene_of("translation", TRUE_MOTION, GAP, width=SIDE, height=SIDE, gain=p.light / 100 / GAP, noise=p.noise)
    shown = stage(scene, 0, GAP)
    flow = np.full((*shown.first.shape, 2), (p.dx, p.dy), np.float32)
    warped = warp_back(shown.second, flow) - shown.first
    unmoved = shown.second - shown.first
    x, y = (np.full((1, 1), at, np.float32) for at in (p.x + p.dx, p.y + p.dy))
    return Brightness(
        shown, float(shown.first[p.y, p.x]), float(sample(shown.second, x, y)[0, 0]), unmoved, warped,
        _mean_size(unmoved), _mean_size(warped),
    )  # fmt: skip


def _mean_size(difference: NDArray[np.float32]) -> float:
    inner = np.abs(difference[_RIM:-_RIM, _RIM:-_RIM])
    return float(np.nanmean(inner)) if np.isfinite(inner).any() else float("nan")
