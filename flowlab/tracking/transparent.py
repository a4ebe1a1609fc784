"""Pyramidal Lucas-Kanade at points, step by step in the open.

    d        displacement (u, v) of a point, px
    I, J     the first and the second picture
    G        mean over the window of  grad I grad I'   (2x2)
    e(d)     J(x + d) - I(x)  for the pixels x of the window

A window moves from I to J by the d that makes the mean of e(d)^2 least. To first order e(d + s) = e(d) + grad I . s,
so that the best next step s solves  G s = -mean(grad I e(d)).  Take it, read J at the new place, repeat until s is
shorter than epsilon: Gauss-Newton. That finds motion of about the width of a picture's detail; so it is done in a
small copy of the picture first, whose motion is short, and the answer, doubled, begins the search in the next larger.

B. D. Lucas and T. Kanade (1981), "An Iterative Image Registration Technique"; J.-Y. Bouguet (2000), "Pyramidal
Implementation of the Lucas Kanade Feature Tracker", whose steps these are and OpenCV's; J. Shi and C. Tomasi (1994),
"Good Features to Track", for the eigenvalue below which a point is not followed.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.gradients import Kernel, as_pair, gradients
from flowlab.core.parameters import Parameters, parameter
from flowlab.core.pyramid import pyramid
from flowlab.core.structure_tensor import smaller_root
from flowlab.core.window import solve
from flowlab.errors import ParameterError
from flowlab.tracking.lucas_kanade import OPENCV_EIGENVALUE
from flowlab.tracking.patches import around

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]
Picture = NDArray[np.uint8] | NDArray[np.float32]

_SWINGING = 0.01  # px; two steps that cancel this well go to and fro about the answer
_AT_ONCE = 1 << 22  # samples of all windows together: 16 MB for each of the half dozen planes a level needs


@dataclass(frozen=True)
class LucasKanadePointParameters(Parameters):
    """Parameters of pyramidal Lucas-Kanade at points."""

    window: int = parameter(
        21, low=3, high=99, step=2, unit="px", label="Window",
        help="Side of the window whose pixels vote for one motion: large is calm, small is local.",
    )  # fmt: skip
    levels: int = parameter(
        3, low=0, high=8, step=1, label="Levels",
        help="Pyramid levels ABOVE the picture itself (OpenCV's maxLevel), as long as they are larger than the "
        "window: each doubles the motion that can be followed.",
    )  # fmt: skip
    iterations: int = parameter(
        30, low=1, high=100, step=1, label="Iterations", help="Most steps of the alignment at each level.",
    )  # fmt: skip
    epsilon: float = parameter(
        0.01, low=0.0001, high=1.0, step=0.005, unit="px", label="Epsilon",
        help="The alignment stops when a step is no longer than this.",
    )  # fmt: skip
    min_eigenvalue: float = parameter(
        1e-4 * OPENCV_EIGENVALUE, low=0.0, high=1000.0, step=0.1, unit="grey levels²/px²", label="Least eigenvalue",
        help="Texture below which a point is not followed: the smaller eigenvalue of the structure tensor, averaged "
        "over the window. OpenCV's minEigThreshold is this divided by 1024.",
    )  # fmt: skip
    kernel: str = parameter(
        Kernel.SCHARR.value, choices=tuple(kernel.value for kernel in Kernel), label="Gradient kernel",
        help="How the slopes of the first picture are measured; OpenCV takes Scharr's.",
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Increment:
    """Where all points stood after one step.

    Attributes:
        level: of the pyramid, 0 for the picture itself.
        iteration: the step's number at this level, from 1; 0 is how the level began.
        displacement: (N, 2) float32, d after the step, px of the PICTURE; NaN for a point that is not followed.
        increment: (N, 2) float32, s, px of the LEVEL; 0 for a point that has arrived.
        residual: (N,) float32, mean |e(d)| after the step, grey levels.
    """

    level: int
    iteration: int
    displacement: Floats
    increment: Floats
    residual: Floats


@dataclass(frozen=True, eq=False)
class PointFlow:
    """Points followed from one picture to the next.

    Attributes:
        there: (N, 2) float32, where they are in the second picture, px; NaN where not found.
        found: (N,) bool: textured enough, and inside the picture all the way.
        eigenvalue: (N,) float32, smaller eigenvalue of G in the picture itself, grey-levels^2/px^2; NaN for a point
            that began outside.
        residual: (N,) float32, mean |e(d)| in the picture itself, grey levels; NaN where not found.
        steps: every step, the coarsest level first; empty unless a trace was asked for.
    """

    there: Floats
    found: Bools
    eigenvalue: Floats
    residual: Floats
    steps: tuple[Increment, ...] = ()


@dataclass(frozen=True, eq=False)
class _Windows:
    """The windows of N points in the first picture, each of n pixels, and their normal equations.

    Attributes:
        values, fx, fy: (N, n), grey levels and grey levels/px.
        xx, xy, yy: (N,), G of each window.
    """

    values: Floats
    fx: Floats
    fy: Floats
    xx: Floats
    xy: Floats
    yy: Floats

    @property
    def eigenvalue(self) -> Floats:
        """(N,), the smaller eigenvalue of G."""
        return smaller_root(self.xx, self.xy, self.yy)

    def textured(self, least: float) -> Bools:
        """Return which have texture of at least that eigenvalue, and equations with one solution."""
        nothing = np.zeros_like(self.xx)
        is_determined = np.isfinite(solve(self.xx, self.xy, self.yy, nothing, nothing)[0])
        return is_determined & (self.eigenvalue >= least)

    def where(self, chosen: Bools) -> "_Windows":
        """Return those where `chosen` (N,) is True."""
        if chosen.all():
            return self
        return _Windows(*(part[chosen] for part in (self.values, self.fx, self.fy, self.xx, self.xy, self.yy)))


def lucas_kanade_points(
    first: Picture,
    second: Picture,
    points: Floats,
    parameters: LucasKanadePointParameters | None = None,
    *,
    guess: Floats | None = None,
    trace: bool = False,
) -> PointFlow:
    """Follow points from `first` to `second`.

    Args:
        first: I, (H, W) uint8 or float32, grey levels.
        second: J, of the same shape.
        points: (N, 2), (x, y) in `first`, px; NaN, and points outside the picture, are not found.
        parameters: None for the defaults, which are OpenCV's.
        guess: (N, 2), where to begin the search in `second`, px; None: where the points are.
        trace: keep every step; for looking at, so of no more than a few thousand points.

    Raises:
        ParameterError: the pictures are not grey or differ in size, points or guess are not (N, 2), or too many are
            to be traced.
    """
    p = LucasKanadePointParameters() if parameters is None else parameters
    pictures = as_pair(first, second)
    here, start = _checked(points, points if guess is None else guess)
    at_once = max(1, _AT_ONCE // (p.window * p.window))
    if trace and len(here) > at_once:
        raise ParameterError(f"{len(here)} points are to be traced: give at most {at_once} with this window")
    firsts, seconds = (pyramid(picture, p.levels, least=p.window + 1) for picture in pictures)
    parts = [
        _drive(firsts, seconds, here[i : i + at_once], start[i : i + at_once], p, trace)
        for i in range(0, max(1, len(here)), at_once)
    ]
    return parts[0] if len(parts) == 1 else _joined(parts)


def _joined(parts: list[PointFlow]) -> PointFlow:
    return PointFlow(
        np.concatenate([part.there for part in parts]),
        np.concatenate([part.found for part in parts]),
        np.concatenate([part.eigenvalue for part in parts]),
        np.concatenate([part.residual for part in parts]),
    )


def _checked(points: Floats, guess: Floats) -> tuple[Floats, Floats]:
    """Return points and guess as float32 (N, 2), or raise ParameterError."""
    here, start = np.asarray(points, np.float32), np.asarray(guess, np.float32)
    for name, given in (("points", here), ("guess", start)):
        if given.ndim != 2 or given.shape != (len(here), 2):
            raise ParameterError(f"{name} has shape {given.shape}: give (x, y) of each point, (N, 2)")
    return here, start


def _drive(
    firsts: tuple[Floats, ...], seconds: tuple[Floats, ...], points: Floats, guess: Floats,
    p: LucasKanadePointParameters, trace: bool,
) -> PointFlow:  # fmt: skip
    """Go down the pyramid: what one level finds, doubled, begins the search in the next."""
    started = _inside(points, firsts[0].shape) & np.isfinite(guess).all(axis=1)
    # A point that does not start is taken along at the corner, so that every array keeps its N rows.
    here = _only(started, points, 0)
    displacement = (_only(started, guess, 0) - here) / np.float32(2 ** len(firsts))
    steps: list[Increment] = []
    for level in reversed(range(len(firsts))):
        scale = np.float32(2**level)
        at_level, displacement = here / scale, 2 * displacement
        windows = _windows(firsts[level], at_level, p)
        going = started & windows.textured(p.min_eigenvalue)
        states = _alignment(seconds[level], windows, at_level + displacement, going, p)
        for iteration, (there, step) in enumerate(states):
            if trace:
                total = _only(started, (there - at_level) * scale)
                residual = _only(started, _residual(seconds[level], windows, there, p.window))
                steps.append(Increment(level, iteration, total, step, residual))
        displacement = there - at_level
    found = going & _inside(there, firsts[0].shape)
    residual = _only(found, _residual(seconds[0], windows, there, p.window))
    return PointFlow(_only(found, there), found, _only(started, windows.eigenvalue), residual, tuple(steps))


def _alignment(
    second: Floats, windows: _Windows, there: Floats, going: Bools, p: LucasKanadePointParameters
) -> Iterator[tuple[Floats, Floats]]:
    """Align the windows that are `going` (N,) to one level; yield (place, step) before the first step and after each.

    Both are (N, 2) px of the level. A window arrives when a step is no longer than epsilon, when two steps cancel
    (then half the last is taken), or when it has left the picture.
    """
    step = np.full_like(there, np.inf)
    yield there, np.zeros_like(there)
    for _ in range(p.iterations):
        going = going & _inside(there, second.shape, margin=p.window // 2)  # or all its pixels are a mirror image
        if not going.any():
            return
        last, step = step, np.zeros_like(there)
        step[going] = _gauss_newton_step(second, windows.where(going), there[going], p.window)
        long = (step * step).sum(axis=1) > p.epsilon * p.epsilon
        swings = long & (np.abs(step + last) < _SWINGING).all(axis=1)
        step[swings] /= 2
        there = there + step
        yield there, step
        going = going & long & ~swings


def _gauss_newton_step(second: Floats, windows: _Windows, there: Floats, side: int) -> Floats:
    """Return s, (N, 2) px: the solution of G s = -mean(grad I e(d)) for windows now at `there`."""
    error = around(second, there, side) - windows.values
    bx, by = (-_mean_product(slope, error) for slope in (windows.fx, windows.fy))
    return np.stack(solve(windows.xx, windows.xy, windows.yy, bx, by), axis=1)


def _windows(first: Floats, points: Floats, p: LucasKanadePointParameters) -> _Windows:
    """Read the windows around points (N, 2) px of one level of the first picture."""
    values = around(first, points, p.window)
    # Beyond the rim the picture is a mirror image, whose slopes tell nothing: 0 takes away their vote.
    fx, fy = (around(slope, points, p.window, cv2.BORDER_CONSTANT) for slope in gradients(first, p.kernel))
    return _Windows(values, fx, fy, _mean_product(fx, fx), _mean_product(fx, fy), _mean_product(fy, fy))


def _mean_product(a: Floats, b: Floats) -> Floats:
    """Return the mean of a * b over each window, (N,)."""
    mean: Floats = np.einsum("ij,ij->i", a, b) / np.float32(a.shape[1])
    return mean


def _residual(second: Floats, windows: _Windows, there: Floats, side: int) -> Floats:
    """Return the mean of |e(d)| over each window, (N,) grey levels."""
    mean: Floats = np.abs(around(second, there, side) - windows.values).mean(axis=1)
    return mean


def _inside(points: Floats, size: tuple[int, ...], margin: int = 0) -> Bools:
    """Return which points lie in a picture (height, width): between its outermost pixel centres, or `margin` beyond."""
    height, width = size
    x, y = points[:, 0], points[:, 1]
    inside: Bools = (x >= -margin) & (x <= width - 1 + margin) & (y >= -margin) & (y <= height - 1 + margin)
    return inside


def _only(chosen: Bools, values: Floats, otherwise: float = np.nan) -> Floats:
    """Return values (N,) or (N, 2) where `chosen` (N,), and `otherwise` elsewhere."""
    return np.where(chosen if values.ndim == 1 else chosen[:, None], values, np.float32(otherwise))
