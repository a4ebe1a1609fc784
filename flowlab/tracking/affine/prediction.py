"""Where a template will be in the next frame, before it is aligned.

Points all over the region are followed by pyramidal Lucas-Kanade there and back; those that come home agree on a
similarity (Kalal, Mikolajczyk & Matas 2010, "Forward-Backward Error", with the consensus of Fischler & Bolles 1981 in
place of medians).
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.affine.motions import scaled
from flowlab.tracking.global_motion import MotionModel, global_motion

Matrix = NDArray[np.float64]
Grey = NDArray[np.uint8]

_SIDE = 10  # points a side
_SPREAD = 0.9  # of the template's sides that they cover
_WINDOW, _LEVELS = 15, 3
_ROUND_TRIP = 1.0  # px
_AGREE = 2.0  # px
_FEWEST, _LEAST_SHARE = 10, 0.3
_MARGIN = 0.75  # of the longer side, how far around the region is looked
_LEAST_MARGIN = 40.0  # px: what the pyramid of a small region needs


def moved_by_points(before: Grey, after: Grey, warp: Matrix, size: tuple[float, float]) -> Matrix | None:
    """Return the warp in the next frame as the points inside the region tell it; None where they do not agree.

    Args:
        before: (H, W) uint8, the frame in which `warp` is where the template is.
        after: (H, W) uint8, the next one.
        warp: (3, 3).
        size: width and height of the template, px.
    """
    points = _points(warp, size)
    height, width = before.shape
    inside = (points[:, 0] >= 0) & (points[:, 0] <= width - 1) & (points[:, 1] >= 0) & (points[:, 1] <= height - 1)
    points = points[inside]
    if len(points) < _FEWEST:
        return None
    (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
    margin = max(_MARGIN * max(x1 - x0, y1 - y0), _LEAST_MARGIN)
    left, top = max(0, int(x0 - margin)), max(0, int(y0 - margin))
    part = np.s_[top : int(y1 + margin) + 1, left : int(x1 + margin) + 1]
    shift = np.array([left, top], np.float32)
    first, second = np.ascontiguousarray(before[part]), np.ascontiguousarray(after[part])
    there, found = _followed(first, second, points - shift)
    back, _ = _followed(second, first, there)
    home = found & (np.abs(back - (points - shift)).max(axis=1) <= _ROUND_TRIP)
    if home.sum() < _FEWEST:
        return None
    motion = global_motion(points[home], there[home] + shift, MotionModel.SIMILARITY, threshold=_AGREE)
    if not motion.found or motion.share < _LEAST_SHARE or motion.inliers.sum() < _FEWEST:
        return None
    return scaled(motion.matrix @ warp)


def _points(warp: Matrix, size: tuple[float, float]) -> NDArray[np.float32]:
    across = np.linspace(-_SPREAD / 2, _SPREAD / 2, _SIDE)
    x, y = np.meshgrid(across * size[0], across * size[1])
    x, y, depth = warp @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    return np.column_stack([x / depth, y / depth]).astype(np.float32)


def _followed(first: Grey, second: Grey, points: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    guess: Any = None
    there, status, _ = cv2.calcOpticalFlowPyrLK(
        first, second, points.reshape(-1, 1, 2), guess, winSize=(_WINDOW, _WINDOW), maxLevel=_LEVELS
    )
    return there.reshape(-1, 2), status.ravel() > 0  # type: ignore[return-value]
