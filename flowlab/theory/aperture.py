"""Step 4: one equation, two unknowns. A pixel's constraint line, its normal flow, and the aperture problem.

B. K. P. Horn and B. G. Schunck (1981), "Determining Optical Flow", section 4, figure 1 (the constraint line);
H. Wallach (1935), "Ueber visuell wahrgenommene Bewegungsrichtung" (what is seen through an aperture; barber pole).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.core.gradients import smoothed
from flowlab.core.parameters import Parameters, parameter
from flowlab.core.resample import pixel_grid
from flowlab.theory.constraints import Floats, Slopes, Vote, line_ends, normal_flow, pair, slopes_of, vote
from flowlab.theory.stage import Plane, Stage, scene_of, stage

SIDE = 96
SPEED = 1.0  # px/frame: small beside the blurred edges, so that the tangent of step 2 holds
INDEX = 29  # of the first frame: the square stands in mid-picture
BLUR = 1.5  # px
MOST_LINES = 40
_STEEP = 0.25  # share of the steepest slope in the aperture: the lines of flatter pixels are rounding
_REACH = 40.0  # px/frame: beyond every plot
_RIM = 6  # px: the picture is mirrored beyond its rim, and the blur takes slopes from there that no edge has


@dataclass(frozen=True)
class ApertureParameters(Parameters):
    """What can be set in step 4."""

    pattern: str = parameter(
        "bars", choices=("bars", "barber-pole", "corner"),
        help="Bars that fill the picture, a pole that turns to the right, or a plain square before plain paper.",
    )  # fmt: skip
    radius: float = parameter(10.0, low=3.0, high=40.0, step=1.0, unit="px", help="Radius of the aperture.")
    softness: float = parameter(
        0.0, low=0.0, high=20.0, step=1.0, unit="px", label="Soft rim",
        help="Width of a rim around the aperture in which pixels count less and less. 0: a sharp rim.",
    )  # fmt: skip
    direction: float = parameter(
        25.0, low=-180.0, high=180.0, step=5.0, unit="degrees",
        help="Where bars and square really move to: 0 is right, 90 down. The pole always turns to the right.",
    )  # fmt: skip
    grain: float = parameter(
        0.0, low=0.0, high=10.0, step=0.5, unit="grey levels",
        help="How much the brightness differs along a bar. 0: not at all.",
    )  # fmt: skip
    centre_x: int = parameter(
        66, low=_RIM, high=SIDE - 1 - _RIM, unit="px", help="Column of the picked pixel, the aperture's middle."
    )
    centre_y: int = parameter(
        29, low=_RIM, high=SIDE - 1 - _RIM, unit="px", help="Row of the picked pixel, the aperture's middle."
    )


@dataclass(frozen=True, eq=False)
class Aperture:
    """What step 4 shows.

    Attributes:
        stage: the two pictures and the true motion.
        slopes: the derivatives at every pixel.
        blurred: (H, W), the mean of the two pictures, blurred: what the slopes are slopes of.
        pixel: (f_x, f_y, f_t) at the picked pixel, the aperture's middle, grey levels/px and grey levels/frame.
        normal: its normal flow (u, v), px/frame; NaN where it has no slope.
        line: (2, 2), two points (u, v) of its constraint line; NaN where it has no slope.
        weights: (H, W) float64, 0..1, of the aperture; 0 at the picture's outermost 6 px, whose slopes are not its own.
        vote: what the aperture's pixels agree on.
        true: (u, v), mean true motion of what moves in the aperture, px/frame; (0, 0) where nothing does.
        sample: (n, 2) whole numbers (x, y), n <= 40, of steep pixels in the aperture.
        lines: (n, 2, 2), two points (u, v) of the constraint line of each.
    """

    stage: Stage
    slopes: Slopes
    blurred: Plane
    pixel: tuple[float, float, float]
    normal: tuple[float, float]
    line: Floats
    weights: Floats
    vote: Vote
    true: tuple[float, float]
    sample: NDArray[np.intp]
    lines: Floats

    @property
    def slope(self) -> float:
        """Length of the picked pixel's gradient, grey levels/px."""
        return math.hypot(*self.pixel[:2])

    @property
    def across(self) -> tuple[float, float]:
        """Unit vector across the strongest edge in the aperture, towards the brighter side of the picked pixel."""
        x, y = self.vote.across
        return (x, y) if x * self.pixel[0] + y * self.pixel[1] >= 0 else (-x, -y)

    def split(self, motion: tuple[float, float]) -> tuple[float, float]:
        """Return the parts of a motion (u, v) along `across` and at right angles to it, to its right."""
        (u, v), (x, y) = motion, self.across
        return u * x + v * y, v * x - u * y

    @property
    def error(self) -> tuple[float, float]:
        """Size of (seen - true) across and along the strongest edge in the aperture, px/frame."""
        (u, v), (true_u, true_v) = self.vote.seen, self.true
        across, along = self.vote.split(u - true_u, v - true_v)
        return abs(across), abs(along)

    @property
    def miss(self) -> float:
        """Distance between seen and true motion, px/frame."""
        return math.hypot(*self.error)


def aperture(p: ApertureParameters) -> Aperture:
    """Return the numbers of step 4."""
    shown = stage(scene_text_of(p), INDEX)
    f = slopes_of(shown.scene, INDEX, BLUR)
    w = aperture_weights(shown.first.shape, (p.centre_x, p.centre_y), p.radius, p.softness)
    at = p.centre_y, p.centre_x
    fx, fy, ft = f.fx[at], f.fy[at], f.ft[at]
    inside = w > 0
    sample = _sample(np.sqrt(w) * np.hypot(f.fx, f.fy))
    x, y = sample.T
    return Aperture(
        shown, f, smoothed((shown.first + shown.second) / 2, BLUR),
        (float(fx), float(fy), float(ft)), pair(normal_flow(fx, fy, ft)), line_ends(fx, fy, ft, _REACH),
        w, vote(f.fx[inside], f.fy[inside], f.ft[inside], w[inside]),
        _moving_mean(shown.flow, w), sample, line_ends(f.fx[y, x], f.fy[y, x], f.ft[y, x], _REACH),
    )  # fmt: skip


def scene_text_of(p: ApertureParameters) -> str:
    """Return the text of the scene that step 4 looks at."""
    turn = 0.0 if p.pattern == "barber-pole" else math.radians(p.direction)
    motion = (SPEED * math.cos(turn), SPEED * math.sin(turn))
    return scene_of("bars", motion, width=SIDE, height=SIDE, pattern=p.pattern, grain=p.grain)


def aperture_weights(shape: tuple[int, ...], centre: tuple[float, float], radius: float, softness: float) -> Floats:
    """Return (H, W), the weight of every pixel: 1 within `radius` px of the centre, 0 from `softness` px beyond on.

    The outermost 6 px of the picture have no weight: their slopes come in part from its mirror image.
    """
    x, y = pixel_grid(shape[0], shape[1])
    distance = np.hypot(x - centre[0], y - centre[1]).astype(np.float64)
    disc = np.clip((radius + softness - distance) / softness, 0, 1) if softness > 0 else distance <= radius
    inner = np.zeros(disc.shape)
    inner[_RIM:-_RIM, _RIM:-_RIM] = disc[_RIM:-_RIM, _RIM:-_RIM]
    return inner


def _moving_mean(flow: NDArray[np.float32], weights: Floats) -> tuple[float, float]:
    """Return the weighted mean of those vectors of `flow` (H, W, 2) that are not zero; (0, 0) where there are none."""
    moves = np.where(np.isfinite(flow).all(axis=-1) & flow.any(axis=-1), weights, 0)
    total = moves.sum() or 1.0
    u, v = ((moves * np.nan_to_num(flow[..., part])).sum() / total for part in (0, 1))
    return float(u), float(v)


def _sample(steepness: NDArray[np.floating]) -> NDArray[np.intp]:
    """Return (x, y) of at most MOST_LINES pixels, evenly from those that are steep beside the steepest."""
    rows, columns = np.nonzero((steepness >= _STEEP * steepness.max()) & (steepness > 0))
    chosen = np.unique(np.linspace(0, len(rows) - 1, min(MOST_LINES, len(rows))).round().astype(int))
    return np.stack([columns[chosen], rows[chosen]], axis=1)
