"""Step 2: over a small displacement a picture is nearly a slope, and brightness constancy becomes linear.

    I(x + dx, y + dy, t + dt) = I + f_x dx + f_y dy + f_t dt + terms of second order      (Taylor)

The left side is I again (step 1); dividing what is left by dt gives f_x u + f_y v + f_t = 0.

B. K. P. Horn and B. G. Schunck (1981), "Determining Optical Flow", section 4. How far it holds: the first term left
out is half the curvature times the displacement squared.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flowlab.core.gradients import Kernel, gradients
from flowlab.core.parameters import Parameters, parameter
from flowlab.core.resample import sample
from flowlab.theory.stage import Plane, Stage, scene_of, stage

SIDE = 64
KERNEL = Kernel.FIVE_POINT  # the most exact: what a tangent misses shall not be its slope's error
TEXTURES = {"fine": 1.5, "medium": 3.0, "coarse": 6.0}
"""Name -> Gaussian sigma of the finest detail, px."""

_RIM = 4  # px left out of means: slopes at the rim are not to be trusted
_FINE_STEP = 0.25  # px between two points of a slice
_PACE = 0.25  # px/frame of the scene that is measured at many displacements
_PLAIN = 1.0  # px; at less, what happens on a coarse texture is hardly more than the rounding to whole grey levels
_FRAMES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48)


@dataclass(frozen=True)
class LinearisationParameters(Parameters):
    """What can be set in step 2."""

    x: int = parameter(35, low=0, high=SIDE - 1, unit="px", help="Column of the picked pixel.")
    y: int = parameter(32, low=0, high=SIDE - 1, unit="px", help="Row of the picked pixel.")
    dx: float = parameter(
        2.0, low=-8.0, high=8.0, step=0.25, unit="px", label="dx", help="How far the picture moves to the right.",
    )  # fmt: skip
    dy: float = parameter(
        0.0, low=-8.0, high=8.0, step=0.25, unit="px", label="dy", help="How far the picture moves down.",
    )  # fmt: skip
    texture: str = parameter(
        "medium", choices=tuple(TEXTURES), label="Texture",
        help="Size of the finest detail: fine 1.5 px, medium 3 px, coarse 6 px (sigma of a Gaussian blur).",
    )  # fmt: skip
    along: str = parameter(
        "row", choices=("row", "column"), label="Slice along",
        help="Which line of pixels through the picked one is drawn: its row shows f_x and dx, its column f_y and dy.",
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Reach:
    """How far a tangent is good on one texture, measured over a whole picture that moves to the right.

    Attributes:
        texture: name of the texture.
        distance: (n,) displacements, px.
        miss: (n,) root mean square of what the tangent misses, grey levels.
        change: (n,) root mean square of what really happens, grey levels.
    """

    texture: str
    distance: NDArray[np.float64]
    miss: NDArray[np.float64]
    change: NDArray[np.float64]

    @property
    def half(self) -> float:
        """The displacement from which on the tangent misses more than half of what happens, px."""
        far = self.distance >= _PLAIN
        return float(np.interp(0.5, self.miss[far] / self.change[far], self.distance[far]))

    @property
    def half_miss(self) -> float:
        """What the tangent misses there, grey levels."""
        return float(np.exp(np.interp(math.log(self.half), np.log(self.distance), np.log(self.miss))))


@dataclass(frozen=True, eq=False)
class Linearisation:
    """What step 2 shows; the picked pixel is (x, y).

    Attributes:
        stage: the two pictures and the true motion.
        now: I(x, y, t), grey levels.
        later: I(x, y, t + dt): at the same place.
        moved: I(x + dx, y + dy, t + dt): at the place the point went to; NaN outside the picture.
        fx, fy: slopes at the picked pixel, grey levels/px.
        along_x: -f_x dx, what the motion to the right alone lets one expect, grey levels.
        along_y: -f_y dy, the same of the motion downwards.
        positions: (n,) places along the picked row or column at which it is told, px.
        slice_now, slice_later: (n,) brightness there in both pictures, grey levels.
        miss, change: root mean square over the whole picture of what the tangent misses and of what happens.
        reaches: of the three textures, fine to coarse.
    """

    stage: Stage
    now: float
    later: float
    moved: float
    fx: float
    fy: float
    along_x: float
    along_y: float
    positions: NDArray[np.float32]
    slice_now: NDArray[np.float32]
    slice_later: NDArray[np.float32]
    miss: float
    change: float
    reaches: tuple[Reach, ...]

    @property
    def ft(self) -> float:
        """What really happens at the picked pixel, grey levels."""
        return self.later - self.now

    @property
    def predicted(self) -> float:
        """What the tangent lets one expect there: -(f_x dx + f_y dy), grey levels."""
        return self.along_x + self.along_y

    @property
    def left_over(self) -> float:
        """f_x u + f_y v + f_t at the true motion, grey levels: 0 if the picture were its tangent."""
        return self.ft - self.predicted

    def reach(self, texture: str) -> Reach:
        """Return the reach on a texture."""
        return next(reach for reach in self.reaches if reach.texture == texture)


def linearisation(p: LinearisationParameters) -> Linearisation:
    """Return the numbers of step 2."""
    shown = stage(scene_text_of(p))
    fx, fy = gradients(shown.first, KERNEL)
    expected = -(fx * np.float32(p.dx) + fy * np.float32(p.dy))
    change = shown.second - shown.first
    at = p.y, p.x
    positions = np.arange(0, SIDE - 1 + _FINE_STEP, _FINE_STEP, dtype=np.float32)
    still = np.full_like(positions, p.y if p.along == "row" else p.x)
    line = (positions, still) if p.along == "row" else (still, positions)
    now, later = (sample(picture, *(part[None] for part in line))[0] for picture in (shown.first, shown.second))
    slope_x, slope_y = float(fx[at]), float(fy[at])
    return Linearisation(
        shown, float(shown.first[at]), float(shown.second[at]), _read(shown.second, p.x + p.dx, p.y + p.dy),
        slope_x, slope_y, -slope_x * p.dx, -slope_y * p.dy, positions, now, later,
        _size(change - expected), _size(change), tuple(reach_on(texture) for texture in TEXTURES),
    )  # fmt: skip


def scene_text_of(p: LinearisationParameters) -> str:
    """Return the scene whose frames 0 and 1 are the two pictures."""
    return scene_of("translation", (p.dx, p.dy), width=SIDE, height=SIDE, texture=TEXTURES[p.texture])


@lru_cache(maxsize=len(TEXTURES))
def reach_on(texture: str) -> Reach:
    """Return how far a tangent is good on a texture, by its name."""
    scene = scene_of("translation", (_PACE, 0.0), width=SIDE, height=SIDE, texture=TEXTURES[texture])
    first = stage(scene, 0, 1).first
    fx, _ = gradients(first, KERNEL)
    distance = np.multiply(_FRAMES, _PACE)
    change = [stage(scene, 0, gap).second - first for gap in _FRAMES]
    miss = [_size(happens + fx * np.float32(d)) for happens, d in zip(change, distance, strict=True)]
    return Reach(texture, distance, np.array(miss), np.array([_size(happens) for happens in change]))


def _size(difference: Plane) -> float:
    return float(np.sqrt(np.mean(np.square(difference[_RIM:-_RIM, _RIM:-_RIM], dtype=np.float64))))


def _read(picture: Plane, x: float, y: float) -> float:
    return float(sample(picture, np.full((1, 1), x, np.float32), np.full((1, 1), y, np.float32))[0, 0])
