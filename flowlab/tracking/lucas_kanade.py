"""Pyramidal Lucas-Kanade at points, there and back.

B. D. Lucas and T. Kanade (1981), "An Iterative Image Registration Technique"; J.-Y. Bouguet (2000), "Pyramidal
Implementation of the Lucas Kanade Feature Tracker", which OpenCV follows; Z. Kalal, K. Mikolajczyk and J. Matas
(2010), "Forward-Backward Error: Automatic Detection of Tracking Failures".
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.parameters import PointParameters

Grey = NDArray[np.uint8]
Points = NDArray[np.float32]

OPENCV_EIGENVALUE = 1024.0
"""Grey-levels^2/px^2 per unit of OpenCV's eigenvalue: it measures slopes 32 times too large (Scharr's gain) and
divides their products by 2^20."""


@dataclass(frozen=True, eq=False)
class RoundTrip:
    """Points followed from one picture to the next, and back again.

    Attributes:
        there: (N, 2) float32, where they are in the second picture, px.
        found: (N,) bool, OpenCV's status.
        start_eigenvalue: (N,) float32, smaller eigenvalue of the gradient matrix where they start, averaged over the
            window, grey-levels^2/px^2.
        error: (N,) float32, px, the larger of |x| and |y| by which the way back misses the start.
    """

    there: Points
    found: NDArray[np.bool_]
    start_eigenvalue: NDArray[np.float32]
    error: NDArray[np.float32]


def round_trip(
    first: Grey, second: Grey, points: Points, parameters: PointParameters, guess: Points | None = None
) -> RoundTrip:
    """Follow points from `first` to `second` and back.

    Args:
        first: I0, (H, W) uint8.
        second: I1, the same size.
        points: (N, 2) float32, N at least 1, px.
        parameters: window, levels, iterations, epsilon and least eigenvalue.
        guess: (N, 2) float32, where to begin the search in `second`; None: where the points are.
    """
    there, found, eigenvalue = _follow(first, second, points, parameters, guess)
    back, _, _ = _follow(second, first, there, parameters, None if guess is None else points)
    error = np.abs(points - back).max(axis=1)
    return RoundTrip(there, found, eigenvalue * np.float32(OPENCV_EIGENVALUE), error)


def _follow(
    first: Grey, second: Grey, points: Points, p: PointParameters, guess: Points | None
) -> tuple[Points, NDArray[np.bool_], NDArray[np.float32]]:
    """Return (positions, status, OpenCV's eigenvalues) of one way."""
    flags = cv2.OPTFLOW_LK_GET_MIN_EIGENVALS
    start: Any = None
    if guess is not None:
        flags |= cv2.OPTFLOW_USE_INITIAL_FLOW
        start = guess.reshape(-1, 1, 2).copy()  # OpenCV writes the answer into it
    there, status, eigenvalue = cv2.calcOpticalFlowPyrLK(
        first, second, points.reshape(-1, 1, 2), start,
        winSize=(p.window, p.window), maxLevel=p.levels,
        criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, p.iterations, p.epsilon),
        flags=flags, minEigThreshold=p.min_eigenvalue / OPENCV_EIGENVALUE,
    )  # fmt: skip
    return there.reshape(-1, 2), status.ravel().astype(bool), eigenvalue.ravel()  # type: ignore[return-value]
