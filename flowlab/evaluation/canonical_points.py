"""The few points that fix a motion: where they go says what the warp is.

S. Baker and I. Matthews (2004), "Lucas-Kanade 20 Years On", section 3.4, moves three of a template to get an affine
warp, its two lower corners and the middle of its upper side; other motions have as many as they need.
"""

import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.affine.motions import BASES
from flowlab.tracking.global_motion import MotionModel

Array = NDArray[np.float64]

_PLACES = {
    MotionModel.TRANSLATION: ((0, 0),),
    MotionModel.SIMILARITY: ((-1, 1), (1, -1)),
    MotionModel.AFFINE: ((-1, 1), (1, 1), (0, -1)),
    MotionModel.HOMOGRAPHY: ((-1, -1), (1, -1), (1, 1), (-1, 1)),
}
"""In halves of the template's width and height from its centre."""


def canonical_points(motion: MotionModel, size: tuple[float, float]) -> Array:
    """Return the points (P, 2) of a template of width and height `size`, px from its centre."""
    half = (np.array(size) - 1) / 2
    points: Array = np.array(_PLACES[motion], np.float64) * half
    return points


def warped(warp: Array, points: Array) -> Array:
    """Return where a warp (3, 3) takes points (P, 2)."""
    moved = np.column_stack([points, np.ones(len(points))]) @ warp.T
    result: Array = moved[:, :2] / moved[:, 2:]
    return result


def warp_through(motion: MotionModel, points: Array, places: Array) -> Array:
    """Return the warp (3, 3) of a motion that takes its canonical points (P, 2) to `places` (P, 2).

    M = I + sum d_i B_i takes q to the place (X, Y) where (M q)_xy = (X, Y) (M q)_z, which is linear in d.

    Raises:
        numpy.linalg.LinAlgError: no such warp exists; for a homography, three of the places lie on one line.
    """
    ones = np.ones(len(points))
    moved = BASES[motion] @ np.vstack([points.T, ones])  # (k, 3, P)
    along = moved[:, :2] - places.T[None] * moved[:, 2:]  # (k, 2, P)
    wanted = (places - points).T  # (2, P)
    step = np.linalg.solve(along.reshape(len(moved), -1).T, wanted.ravel())
    warp = np.eye(3) + np.tensordot(step, BASES[motion], axes=1)
    return np.asarray(warp / warp[2, 2], np.float64)
