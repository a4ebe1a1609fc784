"""Step 6: the one (u, v) that fits a window best, and how sure it is.

    E(u, v) = sum (fx u + fy v + ft)^2 = d'M d - 2 q'd + sum ft^2,   d = (u, v),   least where M d = q
    C = 2 s^2 M^-1                     noise of variance s^2 in every pixel of both pictures, so 2 s^2 in ft

B. D. Lucas and T. Kanade (1981), "An Iterative Image Registration Technique"; E. P. Simoncelli, E. H. Adelson and
D. J. Heeger (1991), "Probability Distributions of Optical Flow", equations 6 to 10, for the covariance.
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flowlab.core.gradients import Kernel, gradients, smoothed
from flowlab.core.parameters import Parameters, parameter
from flowlab.core.window import solve
from flowlab.theory.error_surface import Bowl, Cut, Doubles, Track, cut, ring, true_surface
from flowlab.theory.stage import Plane, scene_of, stage
from flowlab.tracking.patches import SCHARR_NOISE

SIDE = 64
TRUE_MOTION = (0.6, 0.4)
FRAME = 29  # the square is in mid-picture
LENS = 1.0  # px; sigma of the lens' blur: a slope cannot describe an edge sharper than a pixel
DRAWS = 60
BY_HAND, LINEAR, TRUE = "by hand", "linear", "true"
PLACES: dict[str, tuple[bool, int, int]] = {
    "corner": (False, 21, 12),
    "edge": (False, 36, 17),
    "flat paper": (False, 30, 34),
    "landscape": (True, 34, 30),
}
"""Name -> (whether on the landscape, column, row)."""

_SCENE = {"width": SIDE, "height": SIDE}
_GRID = 41  # points of the error surface each way
_PAD = 16  # px by which the second picture is mirrored outwards, for windows that are shifted out of it
_ROUNDING = 1 / 12  # grey levels^2: pictures are whole numbers
_STEEP = (2.0, *(4.0 * n for n in range(1, 8)))  # grey levels; contour lines where sqrt((E - least E) / n) is this
_ABOVE_NOISE = 2.0  # times what noise alone would give: an eigenvalue above this is texture


@dataclass(frozen=True)
class LeastSquaresParameters(Parameters):
    """What can be set in step 6."""

    place: str = parameter(
        "corner", choices=(*PLACES, BY_HAND), label="Window on", help="Where the window lies; it can be dragged, too.",
    )  # fmt: skip
    window: int = parameter(7, low=3, high=21, step=2, unit="px", label="Window", help="Side of the window.")
    noise: float = parameter(
        5.0, low=0.0, high=16.0, step=1.0, unit="grey levels", label="Noise",
        help="The camera's noise in both pictures.",
    )  # fmt: skip
    surface: str = parameter(
        LINEAR, choices=(LINEAR, TRUE), label="Error surface",
        help="Linear: the sum of squares of f_x u + f_y v + f_t. True: the second picture moved back by (u, v), and "
        "compared with the first.",
    )  # fmt: skip
    span: float = parameter(
        0.4, low=0.2, high=3.0, step=0.1, unit="px", label="Map reaches",
        help="How far around the true motion the map of the error goes.",
    )  # fmt: skip
    x: int = parameter(21, low=0, high=SIDE - 1, unit="px", help="Column of the window's middle, set by hand.")
    y: int = parameter(12, low=0, high=SIDE - 1, unit="px", help="Row of the window's middle, set by hand.")
    landscape: bool = parameter(False, help="Whether the window set by hand lies on the landscape.")

    @property
    def on_landscape(self) -> bool:
        """Whether the picture is the landscape and not the square."""
        return self.landscape if self.place == BY_HAND else PLACES[self.place][0]

    @property
    def middle(self) -> tuple[int, int]:
        """(column, row) of the window's middle, as near to what was set as the picture's rim allows."""
        x, y = (self.x, self.y) if self.place == BY_HAND else PLACES[self.place][1:]
        half = self.window // 2 + 1  # slopes need one pixel more
        return min(max(x, half), SIDE - 1 - half), min(max(y, half), SIDE - 1 - half)

    @property
    def scene(self) -> str:
        """The scene's text, without lens."""
        if self.on_landscape:
            return scene_of("translation", TRUE_MOTION, **_SCENE, noise=self.noise)
        return scene_of("bars", TRUE_MOTION, **_SCENE, noise=self.noise, pattern="corner", angle=20.0, grain=0.0)


@dataclass(frozen=True, eq=False)
class LeastSquares:
    """What step 6 shows.

    Attributes:
        first, second: (H, W) float32, the two pictures, grey levels.
        x, y: the window's middle, px.
        pixels: n, in the window.
        m: (2, 2), M, levels^2/px^2.
        q: (2,), levels^2/px.
        flow: (2,), the solution, px; NaN where M has no inverse.
        truth: (2,), the true motion, px: of what moves in the window, 0 where nothing does.
        lowest: (2,), where E is least; where that is a line or everywhere, the point nearest to 0.
        eigenvalues: (2,), of M, the larger one first.
        axes: (2, 2), row i is the unit eigenvector of eigenvalues[i].
        noise_floor: what noise alone adds to either eigenvalue, levels^2/px^2.
        noise: s, standard deviation of a pixel, rounding included, grey levels; known from the knob.
        least: E at `lowest`, levels^2.
        noise_told: the noise as the residuals tell it, sqrt(least E / (n - 2) / 2).
        covariance: (2, 2), C, px^2; infinite where M has no inverse.
        deviation: (2,), its standard deviations along `axes`, px; infinite where the eigenvalue is 0.
        draws: (DRAWS, 2), the solutions with other draws of the noise, px; NaN where there is none.
        u, v: (G,), px, columns and rows of `surface`.
        surface: (G, G), E / n, grey levels^2, linear or true as was set.
        contours: lines of equal E of the linear equations, (x, y) each.
        ellipse: outline of the covariance, 1 sigma around `flow`; None where it is not finite.
        ellipse_of_draws: the same around the draws' mean.
        cuts: along `axes`.
    """

    first: Plane
    second: Plane
    x: int
    y: int
    pixels: int
    m: Doubles
    q: Doubles
    flow: Doubles
    truth: Doubles
    lowest: Doubles
    eigenvalues: Doubles
    axes: Doubles
    noise_floor: float
    noise: float
    least: float
    noise_told: float
    covariance: Doubles
    deviation: Doubles
    draws: Doubles
    u: Doubles
    v: Doubles
    surface: Doubles
    contours: tuple[Track, ...]
    ellipse: Track | None
    ellipse_of_draws: Track | None
    cuts: tuple[Cut, Cut]

    @property
    def solved(self) -> bool:
        """Whether there is one solution."""
        return bool(np.isfinite(self.flow).all())

    @property
    def known(self) -> int:
        """Along how many directions the window holds more than noise: 0 flat, 1 an edge, 2 a corner or texture."""
        return int((self.eigenvalues > _ABOVE_NOISE * self.noise_floor + 1e-3).sum())

    @property
    def stretch(self) -> float:
        """The ellipse's longer axis over its shorter one; infinite along an edge, NaN where nothing is known."""
        larger, smaller = self.eigenvalues
        return math.sqrt(larger / smaller) if smaller > 0 else math.inf if larger > 0 else math.nan

    @property
    def off(self) -> Doubles:
        """(2,): how far the draws' mean misses the truth along `axes`, px; NaN where there is no solution."""
        return self.axes @ (_mean(self.draws) - self.truth)

    @property
    def scatter(self) -> Doubles:
        """(2,): the draws' standard deviations along `axes`, px; NaN where fewer than two have a solution."""
        solved = self.draws[np.isfinite(self.draws).all(axis=1)]
        return (solved @ self.axes.T).std(axis=0, ddof=1) if len(solved) > 1 else np.full(2, np.nan)

    @property
    def within(self) -> tuple[int, int]:
        """How many draws lie within 1 sigma (`deviation`) of their mean, along the first axis and along the second."""
        away = np.abs((self.draws - _mean(self.draws)) @ self.axes.T)
        steep, flat = (away <= self.deviation).sum(axis=0).tolist()  # NaN is never within
        return steep, flat


def _mean(draws: Doubles) -> Doubles:
    """Return the mean of those that have a solution, (2,) px; NaN where none has."""
    solved = draws[np.isfinite(draws).all(axis=1)]
    return solved.mean(axis=0) if len(solved) else np.full(2, np.nan)


def least_squares(p: LeastSquaresParameters) -> LeastSquares:
    """Return the numbers of step 6."""
    films = _films(p.on_landscape, p.noise)
    (x, y), half = p.middle, p.window // 2
    part = (slice(y - half - 1, y + half + 2), slice(x - half - 1, x + half + 2))
    rows = window_rows(films[(slice(None), slice(None), *part)])
    fx, fy, ft = (one[0] for one in rows)
    m, q = _normal(fx, fy, ft)
    eigenvalues, axes = _eigen(m)
    lowest = np.linalg.pinv(m, rcond=1e-9, hermitian=True) @ q
    flows = solutions(rows)
    noise = math.sqrt(p.noise**2 + _ROUNDING)
    u, v = (np.linspace(middle - p.span, middle + p.span, _GRID) for middle in TRUE_MOTION)
    window = films[0, 0][part][1:-1, 1:-1].astype(np.float64)
    second = np.pad(films[1, 0], _PAD, mode="reflect")
    corner = (x - half + _PAD, y - half + _PAD)
    bowl = Bowl(m, q, float((ft * ft).sum()), len(fx))
    linear = p.surface == LINEAR
    surface = bowl.at(*np.meshgrid(u, v)) if linear else true_surface(window, second, corner, u, v)
    left = max(float(bowl.at(*lowest)), 0.0) * len(fx)
    with np.errstate(divide="ignore"):
        deviation = noise * np.sqrt(2 / eigenvalues)
    solved = bool(np.isfinite(flows[0]).all())
    covariance: Doubles = np.full((2, 2), np.inf)
    if solved:
        covariance[:] = 2 * noise**2 * np.linalg.inv(m)
    return LeastSquares(
        films[0, 0], films[1, 0], x, y, len(fx), m, q, flows[0], _truth(p.on_landscape, part), lowest, eigenvalues,
        axes, noise**2 * len(fx) * SCHARR_NOISE, noise, left,
        math.sqrt(left / (len(fx) - 2) / 2),
        covariance, deviation, flows[1:], u, v, surface,
        tuple(ring(lowest, axes, rise * np.sqrt(len(fx) / np.maximum(eigenvalues, 1e-9))) for rise in _STEEP),
        ring(flows[0], axes, deviation) if solved else None,
        ring(_mean(flows[1:]), axes, deviation) if solved else None,
        (cut(bowl, lowest, axes[0], window, second, corner), cut(bowl, lowest, axes[1], window, second, corner)),
    )  # fmt: skip


@lru_cache(maxsize=2)
def _clean(landscape: bool) -> tuple[Plane, Plane]:
    """Return the two pictures as they fall on the sensor: through the lens, without noise."""
    p = LeastSquaresParameters(place="landscape" if landscape else "corner", noise=0.0)
    shown = stage(p.scene, FRAME)
    return smoothed(shown.first, LENS), smoothed(shown.second, LENS)


def _truth(landscape: bool, part: tuple[slice, slice]) -> Doubles:
    p = LeastSquaresParameters(place="landscape" if landscape else "corner", noise=0.0)
    moves = stage(p.scene, FRAME).flow[part][1:-1, 1:-1].any()
    return np.array(TRUE_MOTION) if moves else np.zeros(2)


@lru_cache(maxsize=1)
def _grain() -> NDArray[np.float32]:
    """Return noise of unit variance, (2, 1 + DRAWS, H, W): of both pictures, the one shown first."""
    return np.random.default_rng(6).standard_normal((2, 1 + DRAWS, SIDE, SIDE), dtype=np.float32)


@lru_cache(maxsize=8)
def _films(landscape: bool, noise: float) -> NDArray[np.float32]:
    """Return what the camera gives, (2, 1 + DRAWS, H, W), whole grey levels."""
    films = np.stack(_clean(landscape))[:, None] + np.float32(noise) * _grain()
    films = np.clip(np.rint(films, out=films), 0, 255, out=films)
    films.flags.writeable = False
    return films


def window_rows(windows: NDArray[np.float32]) -> tuple[Doubles, Doubles, Doubles]:
    """Return the equations of many windows, fx u + fy v + ft = 0, a row a pixel.

    Args:
        windows: (2, draws, side, side), in the first picture and in the second, with a rim of one pixel, grey levels.

    Returns:
        (fx, fy, ft), each (draws, n), n = (side - 2)^2.
    """
    count, side = windows.shape[1:3]
    # One tall picture: what the kernel mixes across two windows lies on the rim that is cut off.
    tall = windows[0].reshape(count * side, side)
    parts = [slope.reshape(count, side, side) for slope in gradients(tall, Kernel.SCHARR)] + [windows[1] - windows[0]]
    fx, fy, ft = (part[:, 1:-1, 1:-1].reshape(count, -1).astype(np.float64) for part in parts)
    return fx, fy, ft


def _sums(rows: tuple[Doubles, Doubles, Doubles]) -> tuple[Doubles, ...]:
    """Return (xx, xy, yy, bx, by), each (draws,)."""
    fx, fy, ft = rows
    pairs = ((fx, fx), (fx, fy), (fy, fy), (-fx, ft), (-fy, ft))
    return tuple((a * b).sum(axis=1) for a, b in pairs)


def _normal(fx: Doubles, fy: Doubles, ft: Doubles) -> tuple[Doubles, Doubles]:
    """Return M and q of one window's rows, (n,) each."""
    xx, xy, yy, bx, by = (float(total[0]) for total in _sums((fx[None], fy[None], ft[None])))
    return np.array([[xx, xy], [xy, yy]]), np.array([bx, by])


def solutions(rows: tuple[Doubles, Doubles, Doubles]) -> Doubles:
    """Return the least squares' (u, v) of every window, (draws, 2) px, NaN where there is none; rows as given above."""
    return np.stack(solve(*_sums(rows)), axis=1)  # type: ignore[arg-type]


def _eigen(m: Doubles) -> tuple[Doubles, Doubles]:
    """Return eigenvalues, the larger first and none below 0, and their unit vectors as rows, pointing right."""
    values, vectors = np.linalg.eigh(m)
    axes = vectors.T[::-1]
    axes = np.where(axes[:, :1] < 0, -axes, axes)
    return np.maximum(values[::-1], 0), axes
