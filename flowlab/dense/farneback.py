"""Farneback's method as OpenCV implements it.

G. Farneback (2003), "Two-Frame Motion Estimation Based on Polynomial Expansion", SCIA.
Each neighbourhood becomes a quadratic f(x) = x'Ax + b'x + c; a shift d changes b by -2 A d, so
d = -1/2 A^-1 (b2 - b1), averaged over a window, iterated, from coarse to fine.
"""

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.parameters import Parameters, Preset, parameter


@dataclass(frozen=True)
class FarnebackParameters(Parameters):
    """Parameters of cv2.calcOpticalFlowFarneback, by its own names."""

    pyr_scale: float = parameter(
        0.5, low=0.1, high=0.9, step=0.05, label="Pyramid scale",
        help="Size of each pyramid level relative to the one below: 0.5 halves, 0.8 takes smaller steps and longer.",
    )  # fmt: skip
    levels: int = parameter(
        3, low=0, high=10, step=1, label="Levels",
        help="Pyramid levels ABOVE the picture itself (OpenCV leaves the base out of the count): 0 is the picture "
        "alone. More levels reach faster motion; OpenCV stops before a level is smaller than 32 px.",
    )  # fmt: skip
    winsize: int = parameter(
        15, low=3, high=99, step=2, unit="px", label="Window",
        help="Side of the window over which displacements are averaged: large is calm and blurred, "
        "small is sharp and noisy.",
    )  # fmt: skip
    iterations: int = parameter(
        3, low=1, high=20, step=1, label="Iterations", help="Refinements at each pyramid level.",
    )  # fmt: skip
    poly_n: int = parameter(
        5, low=3, high=11, step=2, unit="px", label="Polynomial size",
        help="Reach of the neighbourhood fitted by a quadratic: 5 or 7 are usual; larger is smoother.",
    )  # fmt: skip
    poly_sigma: float = parameter(
        1.2, low=0.5, high=3.0, step=0.1, unit="px", label="Polynomial sigma",
        help="Gaussian weight of that fit: 1.1 goes with 5, 1.5 with 7.",
    )  # fmt: skip
    gaussian: bool = parameter(
        False, label="Gaussian window",
        help="Weight the window by a Gaussian instead of a box: more accurate, slower; use a larger window with it.",
    )  # fmt: skip

    presets: ClassVar[tuple[Preset["FarnebackParameters"], ...]]


FarnebackParameters.presets = (
    Preset("tutorial", FarnebackParameters(), "OpenCV's optical-flow tutorial: 0.5, 3, 15, 3, 5, 1.2"),
    Preset(
        "smooth",
        FarnebackParameters(winsize=31, poly_n=7, poly_sigma=1.5, gaussian=True),
        "poly_n 7 with sigma 1.5 and a wide Gaussian window, as OpenCV's reference advises for noise",
    ),
)


def farneback(first: NDArray[np.uint8], second: NDArray[np.uint8], p: FarnebackParameters) -> NDArray[np.float32]:
    """Return the flow (H, W, 2) of cv2.calcOpticalFlowFarneback, bit for bit."""
    flags = cv2.OPTFLOW_FARNEBACK_GAUSSIAN if p.gaussian else 0
    return cv2.calcOpticalFlowFarneback(  # type: ignore[call-overload, no-any-return]
        first, second, None, p.pyr_scale, p.levels, p.winsize, p.iterations, p.poly_n, p.poly_sigma, flags
    )


def farneback_cost(height: int, width: int, p: FarnebackParameters) -> float:
    """Return the seconds a pair takes, to a factor of two on one ordinary core."""
    pyramid = sum(p.pyr_scale ** (2 * level) for level in range(p.levels + 1))
    # A box window is a running sum, whatever its size; a Gaussian one is a separable filter.
    averaging = 25e-9 + (1.1e-9 * p.winsize if p.gaussian else 0.0)
    return height * width * pyramid * (p.iterations * averaging + 2 * 4e-9 * p.poly_n)
