"""Step 3: the three derivatives of brightness, f_x, f_y and f_t, as they are measured in pictures.

Slopes are weighted sums of neighbouring grey levels (`core.gradients`), the change in time is a difference of two
pictures. E. P. Simoncelli (1994), "Design of multi-dimensional derivative filters": what a kernel makes of a wave, and
why one blurs first; J. L. Barron, D. J. Fleet and S. S. Beauchemin (1994), "Performance of Optical Flow Techniques".
"""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flowlab.core.gradients import Kernel, gradients, smoothed
from flowlab.core.parameters import Parameters, parameter
from flowlab.scenes.textures import Texture, landscape, tile_shape
from flowlab.scenes.translation import TranslationParameters
from flowlab.theory.stage import Plane, Stage, scene_of, stage
from flowlab.theory.stripes import Stripe, answer, footprint, shares, stripe, whole_weights

SIDE = 64
TEXTURE = 1.5  # px: fine, so that kernels and blur have something to lose
DIRECTION = (0.8, 0.6)
VIEWS = ("three derivatives", "noise and blur", "fine stripes")
BLURS = tuple(0.25 * n for n in range(17))
"""Sigmas at which the error of f_x is told, px."""

_RIM = 6  # px left out of means: a picture's rim is mirrored by kernel and blur
_GREY = (0.299, 0.587, 0.114)  # cv2.COLOR_RGB2GRAY
_NEAR = 0.05  # px: over so little the spline's own third derivative is nothing


@dataclass(frozen=True)
class DerivativesParameters(Parameters):
    """What can be set in step 3."""

    x: int = parameter(33, low=0, high=SIDE - 1, unit="px", help="Column of the picked pixel.")
    y: int = parameter(26, low=0, high=SIDE - 1, unit="px", help="Row of the picked pixel.")
    view: str = parameter(
        VIEWS[0], choices=VIEWS, label="Look at",
        help="The three derivatives of two pictures; the error of f_x for every blur; or stripes, pixel by pixel.",
    )  # fmt: skip
    kernel: str = parameter(
        Kernel.CENTRAL.value, choices=tuple(kernel.value for kernel in Kernel), label="Kernel",
        help="The weights that neighbouring grey levels are summed with to get a slope.",
    )  # fmt: skip
    blur: float = parameter(
        0.0, low=0.0, high=BLURS[-1], step=0.25, unit="px", label="Blur first",
        help="Sigma of a Gaussian that both pictures are averaged with before anything else.",
    )  # fmt: skip
    noise: float = parameter(
        3.0, low=0.0, high=20.0, step=1.0, unit="grey levels", label="Noise",
        help="Standard deviation of the camera's noise in both pictures.",
    )  # fmt: skip
    motion: float = parameter(
        1.0, low=0.0, high=5.0, step=0.25, unit="px/frame", label="Motion",
        help="How far the picture moves between the two frames, 0.8 of it to the right and 0.6 of it down.",
    )  # fmt: skip
    wave: float = parameter(
        8.0, low=2.0, high=24.0, step=0.5, unit="px", label="Stripes",
        help="How often they repeat in the view of fine stripes.",
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class KernelCheck:
    """What a kernel is worth here, after the blur.

    Attributes:
        kernel: its name.
        noise: standard deviation of f_x that the noise makes, levels/px.
        found: share of the true slope that it finds of the chosen stripes.
        error: root mean square error of f_x on the picture, levels/px.
    """

    kernel: str
    noise: float
    found: float
    error: float


@dataclass(frozen=True, eq=False)
class Sweep:
    """The error of f_x for every sigma of `BLURS`, each (n,), levels/px, root mean square.

    Attributes:
        total: of the noisy picture.
        lost: of the same picture without noise: detail that kernel and blur take away.
        noise: what the noise alone adds.
    """

    total: NDArray[np.float64]
    lost: NDArray[np.float64]
    noise: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Derivatives:
    """What step 3 shows; the picked pixel is (x, y), its numbers have no shape.

    Attributes:
        stage: the two pictures and the true motion.
        first, second: (H, W), both after the blur, grey levels.
        fx, fy: (H, W), slopes of the first one, grey levels/px.
        ft: (H, W), second - first, grey levels/frame.
        exact: (H, W), f_x of the scene itself: no pixels, no noise, no blur.
        u, v: true motion, px/frame.
        patch: (h, w), the grey levels beneath the kernel; NaN outside the picture.
        weights: (h, w) whole numbers: the kernel times `divisor`.
        divisor: f_x = sum(weights * patch) / divisor.
        left_over: f_x u + f_y v + f_t at the picked pixel, 0 where the equation holds.
        unexplained: root mean square of f_x u + f_y v + f_t over the picture, as a share of that of f_t; NaN where
            nothing changes.
        unexplained_mean: the same with slopes averaged over both pictures.
        slope, change: root mean square of f_x (levels/px) and of f_t (levels/frame).
        kernels: all four, at this blur and noise.
        stripe: the stripes that are asked for, as the kernel sees them.
        answers: (n,) share of the slope that is found of stripes of all lengths (`stripes.LENGTHS`).
        three, five: (n,) the same without blur, of the difference of three taps and of that of five.
        sweep: error against blur.
    """

    stage: Stage
    first: Plane
    second: Plane
    fx: Plane
    fy: Plane
    ft: Plane
    exact: Plane
    u: float
    v: float
    patch: Plane
    weights: NDArray[np.int64]
    divisor: int
    left_over: float
    unexplained: float
    unexplained_mean: float
    slope: float
    change: float
    kernels: tuple[KernelCheck, ...]
    stripe: Stripe
    answers: NDArray[np.float64]
    three: NDArray[np.float64]
    five: NDArray[np.float64]
    sweep: Sweep

    @property
    def exact_slope(self) -> float:
        """The root mean square of the scene's own f_x, levels/px."""
        return size(self.exact)

    def brightness_at(self, x: int, y: int) -> float:
        """Return I(x, y, t) after the blur; NaN outside the picture."""
        height, width = self.first.shape
        return float(self.first[y, x]) if 0 <= x < width and 0 <= y < height else math.nan

    def of(self, kernel: str) -> KernelCheck:
        """Return what a kernel is worth here."""
        return next(check for check in self.kernels if check.kernel == kernel)


def derivatives(p: DerivativesParameters) -> Derivatives:
    """Return the numbers of step 3."""
    shown = stage(scene_text_of(p.noise, p.motion))
    first, second = (smoothed(picture, p.blur) for picture in (shown.first, shown.second))
    (fx, fy), (next_x, next_y) = (gradients(picture, p.kernel) for picture in (first, second))
    ft = second - first
    u, v = (np.float32(p.motion * part) for part in DIRECTION)
    left = fx * u + fy * v + ft
    mean = (fx + next_x) / 2 * u + (fy + next_y) / 2 * v + ft
    weights, divisor = whole_weights(p.kernel)
    change = size(ft)
    share = 1 / change if change else math.nan
    return Derivatives(
        stage=shown, first=first, second=second, fx=fx, fy=fy, ft=ft, exact=exact_slope(), u=float(u), v=float(v),
        patch=_patch(first, p.x, p.y, weights.shape), weights=weights, divisor=divisor,
        left_over=float(left[p.y, p.x]), unexplained=size(left) * share, unexplained_mean=size(mean) * share,
        slope=size(fx), change=change, kernels=tuple(_checked(kernel, p, first) for kernel in Kernel),
        stripe=stripe(p.kernel, p.blur, p.wave), answers=shares(p.kernel, p.blur),
        three=shares(Kernel.CENTRAL.value, 0.0), five=shares(Kernel.FIVE_POINT.value, 0.0),
        sweep=sweep(p.kernel, p.noise),
    )  # fmt: skip


def scene_text_of(noise: float, motion: float) -> str:
    """Return the scene whose frames 0 and 1 are the two pictures."""
    u, v = (motion * part for part in DIRECTION)
    return scene_of("translation", (u, v), width=SIDE, height=SIDE, texture=TEXTURE, noise=noise)


@lru_cache(maxsize=1)
def exact_slope() -> Plane:
    """Return f_x (H, W) of the scene at its first frame: its surface is a spline, which has a slope everywhere."""
    knobs = TranslationParameters(width=SIDE, height=SIDE, texture=TEXTURE)
    surface = Texture(lambda: landscape(tile_shape(SIDE, SIDE), TEXTURE, knobs.rng(0)))
    x, y = np.arange(SIDE, dtype=np.float64)[None], np.arange(SIDE, dtype=np.float64)[:, None]
    right, left = (surface.at(x + step, y) for step in (_NEAR, -_NEAR))
    slope: Plane = ((right - left) @ np.array(_GREY, np.float32)) / np.float32(2 * _NEAR)
    slope.flags.writeable = False
    return slope


@lru_cache(maxsize=64)
def sweep(kernel: str, noise: float) -> Sweep:
    """Return the error of f_x against blur."""
    noisy, clean = (stage(scene_text_of(level, 1.0)).first for level in (noise, 0.0))
    exact = exact_slope()
    rows = []
    for blur in BLURS:
        with_noise, without = (gradients(smoothed(picture, blur), kernel)[0] for picture in (noisy, clean))
        rows.append((size(with_noise - exact), size(without - exact), size(with_noise - without)))
    return Sweep(*np.array(rows).T)


def size(plane: Plane) -> float:
    """Return the root mean square of a plane away from the picture's rim."""
    return float(np.sqrt(np.mean(np.square(plane[_RIM:-_RIM, _RIM:-_RIM], dtype=np.float64))))


def _checked(kernel: str, p: DerivativesParameters, first: Plane) -> KernelCheck:
    weights = footprint(str(kernel), p.blur)
    found = float(answer(str(kernel), p.blur, 1 / p.wave)) / (2 * math.pi / p.wave)
    error = size(gradients(first, kernel)[0] - exact_slope())
    return KernelCheck(str(kernel), p.noise * float(np.sqrt(np.square(weights).sum())), found, error)


def _patch(picture: Plane, x: int, y: int, shape: tuple[int, ...]) -> Plane:
    reach = max(shape) // 2
    padded = np.pad(picture, reach, constant_values=np.nan)
    height, width = shape
    top, left = y + reach - height // 2, x + reach - width // 2
    return padded[top : top + height, left : left + width]
