"""What a kernel makes of stripes: the part of step 3 that needs no picture.

E. P. Simoncelli (1994), "Design of multi-dimensional derivative filters".
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from flowlab.core.gradients import derivative_taps, gradients, smoothed, smoothing_taps
from flowlab.theory.stage import Plane

LENGTHS = np.linspace(2, 24, 89)
"""Lengths of stripes at which it is told how much of their slope is found, px."""

AROUND = 6
"""Pixels of a stripe that are shown on either side of the one that is asked for its slope."""

_MOST_TAPS = 33  # px: the widest blur with the widest kernel


@dataclass(frozen=True, eq=False)
class Stripe:
    """Stripes of height 1, rising through 0 at column 0, where their slope is asked for.

    Attributes:
        columns, curve: (n,) the stripes between the pixels, after the blur.
        pixels, levels: (m,) the same at the pixels.
        used: (m,) whether the kernel gives that pixel a weight.
        true: slope before the blur, 1/px.
        found: what kernel and blur make of it, 1/px.
    """

    columns: NDArray[np.float64]
    curve: NDArray[np.float64]
    pixels: NDArray[np.int64]
    levels: NDArray[np.float64]
    used: NDArray[np.bool_]
    true: float
    found: float


def stripe(kernel: str, blur: float, length: float) -> Stripe:
    """Return stripes of a length, px, as a kernel sees them after a blur."""
    turn = 2 * math.pi / length
    height = _height(blur, 1 / length)
    columns, pixels = np.linspace(-AROUND, AROUND, 40 * AROUND + 1), np.arange(-AROUND, AROUND + 1)
    weights = whole_weights(kernel)[0]
    near = np.abs(pixels) <= weights.shape[1] // 2
    used = np.zeros(len(pixels), bool)
    used[near] = weights.any(axis=0)
    return Stripe(
        columns, height * np.sin(turn * columns), pixels, height * np.sin(turn * pixels), used,
        turn, float(answer(kernel, blur, 1 / length)),
    )  # fmt: skip


def shares(kernel: str, blur: float) -> NDArray[np.float64]:
    """Return the share of their slope that is found of stripes of all `LENGTHS`, (n,), 1 for all of it."""
    return answer(kernel, blur, 1 / LENGTHS) * LENGTHS / (2 * np.pi)


def _height(blur: float, waves: float) -> float:
    """Return what a blur leaves of the height of waves along x, so many in a px."""
    spot = np.zeros((1, 2 * _MOST_TAPS + 1), np.float32)
    spot[0, _MOST_TAPS] = 1
    along = smoothed(spot, blur)[0].astype(np.float64)
    return float((np.cos(2 * np.pi * waves * (np.arange(len(along)) - _MOST_TAPS)) * along).sum())


@lru_cache(maxsize=128)
def footprint(kernel: str, blur: float) -> Plane:
    """Return blur and kernel in one, (n, n) weights of the pixels around: what becomes of a single bright pixel.

    f_x at a pixel is the sum of weights times grey levels, the middle weight being that of the pixel itself.
    """
    spot = np.zeros((_MOST_TAPS + 2, _MOST_TAPS + 2), np.float32)
    spot[_MOST_TAPS // 2 + 1, _MOST_TAPS // 2 + 1] = 1
    fx, _ = gradients(smoothed(spot, blur), kernel)
    weights: Plane = fx[::-1, ::-1][1:-1, 1:-1]  # the spot answers at -p with the weight of p
    weights.flags.writeable = False
    return weights


def answer(kernel: str, blur: float, waves: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return the slope that is found of waves of height 1 along x; the true one is 2 pi times their number per px.

    Args:
        kernel: how slopes are measured.
        blur: sigma, px.
        waves: how many fit in a px, any shape.
    """
    along = footprint(kernel, blur).sum(axis=0, dtype=np.float64)
    places = np.arange(len(along)) - len(along) // 2
    turns = 2 * np.pi * np.asarray(waves)[..., None] * places
    return (np.sin(turns) * along).sum(axis=-1)  # type: ignore[no-any-return]


def whole_weights(kernel: str) -> tuple[NDArray[np.int64], int]:
    """Return the weights of a kernel's f_x, (h, w) whole numbers, and what their sum is to be divided by."""
    along, across = (
        [Fraction(tap).limit_denominator(64) for tap in taps]
        for taps in (derivative_taps(kernel), smoothing_taps(kernel))
    )
    products = [[a * b for b in along] for a in across]
    divisor = math.lcm(*(one.denominator for row in products for one in row))
    return np.array([[int(one * divisor) for one in row] for row in products]), divisor
