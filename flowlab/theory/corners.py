"""Step 7: which points can be followed? The matrix of step 6 is the structure tensor, and its eigenvalues tell.

    both small: flat       one large: an edge       both large: a corner, or texture

    Shi and Tomasi: lambda_2       Harris and Stephens: R = det M - k (trace M)^2 = l1 l2 - k (l1 + l2)^2

C. Harris and M. Stephens (1988), "A Combined Corner and Edge Detector"; J. Shi and C. Tomasi (1994), "Good Features to
Track", section 3. M is averaged over the window here, and not summed, so that a threshold says the same for any window.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.gradients import Kernel
from flowlab.core.parameters import Parameters, parameter
from flowlab.core.structure_tensor import smaller_eigenvalue, smaller_root, structure_tensor
from flowlab.theory.stage import Plane, scene_of, stage
from flowlab.tracking.lucas_kanade import OPENCV_EIGENVALUE
from flowlab.tracking.parameters import HARRIS, SHI_TOMASI

Doubles = NDArray[np.float64]
Track = tuple[tuple[float, ...], tuple[float, ...]]

SIDE = 96
SCENE = scene_of("bars", width=SIDE, height=SIDE, pattern="barber-pole")
CORNER, EDGE, NEAR, FLAT = (64, 84), (43, 51), (61, 79), (87, 68)
"""Pixels of the scene, (column, row): where a stripe meets the pole's foot, on that stripe's edge, there but near the
foot, on the wall."""

OPENCV_MIN_EIGEN = 4.0
"""cv2.cornerMinEigenVal of a float picture, ksize 3, per grey-level^2/px^2."""

OPENCV_BYTES = 255.0**2
"""By which cv2.cornerMinEigenVal divides that for an 8-bit picture: it counts levels from 0 to 1."""

MOST_POINTS = 60
_EVERY = 5  # pixels between those drawn in the eigenvalue plane, each way
_LAMBDAS = np.geomspace(0.5, 20000.0, 120)


@dataclass(frozen=True)
class CornersParameters(Parameters):
    """What can be set in step 7."""

    score: str = parameter(
        SHI_TOMASI, choices=(SHI_TOMASI, HARRIS), label="Score",
        help="Which score is mapped, and picks the points: Shi and Tomasi's λ₂, or Harris and Stephens' R.",
    )  # fmt: skip
    window: int = parameter(
        5, low=3, high=15, step=2, unit="px", label="Window", help="Side of the window that M is averaged over.",
    )  # fmt: skip
    k: float = parameter(
        0.04, low=0.01, high=0.24, step=0.01, label="Harris' k",
        help="How much Harris' score takes off for an edge: at 0.25 nothing is left of any corner.",
    )  # fmt: skip
    quality: float = parameter(
        0.05, low=0.01, high=0.9, step=0.01, label="Quality",
        help="The weakest point taken, as a share of the strongest score in the picture.",
    )  # fmt: skip
    min_distance: float = parameter(
        5.0, low=1.0, high=30.0, step=1.0, unit="px", label="Minimum distance",
        help="Of two points closer than this the weaker one is left out.",
    )  # fmt: skip
    light: float = parameter(
        100.0, low=25.0, high=100.0, step=5.0, unit="%", label="Light", help="How bright the picture is.",
    )  # fmt: skip
    least: float = parameter(
        20.0, low=1.0, high=200.0, step=1.0, unit="levels²/px²", label="Fixed threshold",
        help="A least value of the smaller eigenvalue that stays the same in any light, to compare with quality.",
    )  # fmt: skip
    x: int = parameter(CORNER[0], low=0, high=SIDE - 1, unit="px", help="Column of the picked pixel.")
    y: int = parameter(CORNER[1], low=0, high=SIDE - 1, unit="px", help="Row of the picked pixel.")


@dataclass(frozen=True)
class OpenCvScale:
    """One eigenvalue as OpenCV writes it.

    Attributes:
        sobel, scharr: the smaller eigenvalue by flowlab with either kernel, levels^2/px^2.
        corner_float, corner_bytes: cv2.cornerMinEigenVal of the float picture and of the 8-bit one.
        lucas_kanade: what calcOpticalFlowPyrLK compares with minEigThreshold.
    """

    sobel: float
    scharr: float
    corner_float: float
    corner_bytes: float
    lucas_kanade: float


@dataclass(frozen=True, eq=False)
class Corners:
    """What step 7 shows.

    Attributes:
        picture: (H, W) float32, whole grey levels.
        larger, smaller: (H, W) float32, the eigenvalues of M, levels^2/px^2.
        harris: (H, W) float32, R, levels^4/px^4.
        threshold: quality times the largest score: of lambda_2 or of R.
        edge_threshold: quality times the largest lambda_1: above it a pixel that is no corner is an edge.
        points: (N, 2) float32, those picked, px, strongest first.
        fixed: how many of them have a smaller eigenvalue of at least the fixed threshold.
        m: (2, 2), M of the picked pixel, levels^2/px^2.
        axes: (2, 2), its unit eigenvectors as rows, that of the larger eigenvalue first.
        eigenvalues: (2,), of the picked pixel, the larger first.
        r: R of the picked pixel.
        kind: of the picked pixel, "corner", "edge" or "flat".
        sampled: (K, 2), (lambda_1, lambda_2) of every few pixels.
        taken: (K,) bool, whether the score of these reaches the threshold.
        borders: lines in the eigenvalue plane, (lambda_1, lambda_2) each: around the corners, between edges and flat,
            and with Harris' score where it is 0.
        opencv: the picked pixel's smaller eigenvalue on OpenCV's scales.
    """

    picture: Plane
    larger: Plane
    smaller: Plane
    harris: Plane
    threshold: float
    edge_threshold: float
    points: NDArray[np.float32]
    fixed: int
    m: Doubles
    axes: Doubles
    eigenvalues: Doubles
    r: float
    kind: str
    sampled: Doubles
    taken: NDArray[np.bool_]
    borders: tuple[Track, ...]
    opencv: OpenCvScale


def corners(p: CornersParameters) -> Corners:
    """Return the numbers of step 7."""
    picture = _picture(p.light)
    xx, xy, yy = cv2.split(structure_tensor(picture, p.window))
    smaller = smaller_root(xx, xy, yy)  # type: ignore[arg-type]
    larger = xx + yy - smaller
    harris = larger * smaller - np.float32(p.k) * (xx + yy) ** 2
    score = harris if p.score == HARRIS else smaller
    threshold, edge_threshold = (p.quality * float(each.max()) for each in (score, larger))
    points = _picked(picture, p)
    column, row = points.T.astype(np.intp)
    m = np.array([[xx[p.y, p.x], xy[p.y, p.x]], [xy[p.y, p.x], yy[p.y, p.x]]], np.float64)
    values, vectors = np.linalg.eigh(m)
    kind = "corner" if score[p.y, p.x] >= threshold else "edge" if larger[p.y, p.x] >= edge_threshold else "flat"
    every = (slice(_EVERY // 2, None, _EVERY),) * 2
    sampled = np.stack([larger[every].ravel(), smaller[every].ravel()], axis=1).astype(np.float64)
    return Corners(
        picture, larger, smaller, harris, threshold, edge_threshold, points,
        int((smaller[row, column] >= p.least).sum()), m, vectors.T[::-1], np.maximum(values[::-1], 0),
        float(harris[p.y, p.x]), kind, sampled,
        score[every].ravel() >= threshold, _borders(p, threshold, edge_threshold),
        _opencv(picture, p, float(smaller[p.y, p.x])),
    )  # fmt: skip


@lru_cache(maxsize=8)
def _picture(light: float) -> Plane:
    lit: Plane = np.rint(stage(SCENE).first * np.float32(light / 100))
    lit.flags.writeable = False
    return lit


def _picked(picture: Plane, p: CornersParameters) -> NDArray[np.float32]:
    """Return (N, 2): the peaks of the score above quality, none closer to a stronger one than the distance."""
    found = cv2.goodFeaturesToTrack(
        picture, MOST_POINTS, p.quality, p.min_distance, blockSize=p.window, useHarrisDetector=p.score == HARRIS, k=p.k
    )
    return np.zeros((0, 2), np.float32) if found is None else found.reshape(-1, 2).astype(np.float32)


def _borders(p: CornersParameters, threshold: float, edge_threshold: float) -> tuple[Track, ...]:
    upright = ((edge_threshold,) * 2, (1e-3, min(threshold, edge_threshold)))
    if p.score == HARRIS:
        touch = _harris_least(threshold, edge_threshold, p.k)
        return _harris_border(threshold, p.k), ((edge_threshold,) * 2, (1e-3, touch)), _harris_border(0.0, p.k)
    return ((threshold, float(_LAMBDAS[-1])), (threshold,) * 2), upright


def _harris_least(r: float, larger: float, k: float) -> float:
    """Return the smaller eigenvalue with which a `larger` one has the score R = r; at most the larger one itself."""
    smaller = _harris_smaller(r, np.array([larger]), k)[0]
    return float(smaller) if 0 < smaller <= larger else larger


def _harris_border(r: float, k: float) -> Track:
    """Return the line R = r, (lambda_1, lambda_2), where 0 < lambda_2 <= lambda_1; NaN elsewhere."""
    smaller = _harris_smaller(r, _LAMBDAS, k)
    fits = (smaller > 0) & (smaller <= _LAMBDAS)
    return tuple(_LAMBDAS.tolist()), tuple(np.where(fits, smaller, np.nan).tolist())


def _harris_smaller(r: float, larger: Doubles, k: float) -> Doubles:
    """Return lambda_2 where R = r, (K,): the smaller root of k l2^2 - (1 - 2 k) l1 l2 + k l1^2 + r = 0, or NaN."""
    rest, part = k * larger**2 + r, (1 - 2 * k) * larger
    with np.errstate(invalid="ignore"):
        root: Doubles = 2 * rest / (part + np.sqrt(part**2 - 4 * k * rest))
    return root


def _opencv(picture: Plane, p: CornersParameters, sobel: float) -> OpenCvScale:
    """Return what OpenCV calls the picked pixel's smaller eigenvalue."""
    grey = picture.astype(np.uint8)
    scharr = smaller_eigenvalue(picture, p.window, kernel=Kernel.SCHARR)[p.y, p.x]
    of_float, of_bytes = (float(cv2.cornerMinEigenVal(each, p.window, ksize=3)[p.y, p.x]) for each in (picture, grey))
    point = np.array([[[p.x, p.y]]], np.float32)
    _, _, eigenvalue = cv2.calcOpticalFlowPyrLK(
        grey, grey, point, None, winSize=(p.window, p.window), maxLevel=0, flags=cv2.OPTFLOW_LK_GET_MIN_EIGENVALS,
        minEigThreshold=0.0,
    )  # type: ignore[call-overload]  # fmt: skip
    return OpenCvScale(sobel, float(scharr), of_float, of_bytes, float(eigenvalue.ravel()[0]))


def from_lucas_kanade(eigenvalue: float) -> float:
    """Return an eigenvalue of calcOpticalFlowPyrLK in levels^2/px^2."""
    return eigenvalue * OPENCV_EIGENVALUE
