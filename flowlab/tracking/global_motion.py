"""How the whole picture moved between two frames, because the camera did: one warp that most points agree with.

A warp is a 3x3 matrix that takes (x, y, 1) of the first frame to the second, its lower right element 1:

    translation   x + a, y + b               1 point tells it
    similarity    turn, zoom and shift       2 points
    affine        any parallelogram          3 points
    homography    a plane in perspective     4 points

Points that move on their own are outvoted (Fischler & Bolles 1981): warps through a few points at random compete,
the one that explains the others best wins, and is fitted again to all points it explains.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ParameterError
from flowlab.tracking import consensus
from flowlab.tracking.tracks import Tracks

Points = NDArray[np.float64]
Matrix = NDArray[np.float64]
Mask = NDArray[np.bool_]
Integers = NDArray[np.int32]
_Living = tuple[Integers, NDArray[np.float32]]

THRESHOLD = 3.0
"""How far from its place, px, a point may be that agrees with a warp."""

_FARTHEST = 1e6  # px: what no picture reaches
_FEWEST, _FEWEST_TIMES = 12, 3  # tracks that reach a frame directly: so many, and so many times the model's least
_LEAST_SHARE = 0.3  # of them that agree


class MotionModel(StrEnum):
    """What kind of warp the picture may have undergone."""

    TRANSLATION = "translation"
    SIMILARITY = "similarity"
    AFFINE = "affine"
    HOMOGRAPHY = "homography"

    @property
    def least(self) -> int:
        """The least number of points that tell such a warp."""
        return _FAMILIES[self].least

    @property
    def citation(self) -> str:
        """Where it is described."""
        return _CITATIONS[self]


_FAMILIES = {
    MotionModel.TRANSLATION: consensus.TRANSLATION,
    MotionModel.SIMILARITY: consensus.SIMILARITY,
    MotionModel.AFFINE: consensus.AFFINE,
    MotionModel.HOMOGRAPHY: consensus.HOMOGRAPHY,
}
_CITATIONS = {
    MotionModel.TRANSLATION: 'R. Szeliski (2006), "Image Alignment and Stitching: A Tutorial", section 2',
    MotionModel.SIMILARITY: 'S. Umeyama (1991), "Least-Squares Estimation of Transformation Parameters Between Two '
    'Point Patterns"',
    MotionModel.AFFINE: 'R. Hartley and A. Zisserman (2004), "Multiple View Geometry", section 2.4.3',
    MotionModel.HOMOGRAPHY: 'R. Hartley and A. Zisserman (2004), "Multiple View Geometry", algorithm 4.2',
}


@dataclass(frozen=True, eq=False)
class GlobalMotion:
    """One warp for all points, and who agrees with it.

    Attributes:
        matrix: (3, 3) float64, takes (x, y, 1) of the first frame to the second; the identity where nothing was found.
        inliers: (N,) bool, the points that agree; none where nothing was found.
        residual: px, RMS distance of the inliers from where the warp takes them; NaN where nothing was found.
        share: 0 .. 1, inliers among the points that have a position in both frames.
    """

    matrix: Matrix
    inliers: Mask
    residual: float
    share: float

    @property
    def found(self) -> bool:
        """Whether there is a warp that points agree on: enough of them, not degenerate, not all at odds."""
        return bool(self.inliers.any())


def global_motion(
    before: NDArray[np.floating],
    after: NDArray[np.floating],
    model: MotionModel,
    *,
    threshold: float = THRESHOLD,
    seed: int = 0,
) -> GlobalMotion:
    """Return the warp that takes most points of one frame to where they are in another.

    Args:
        before: (N, 2), positions in the first frame, px; a row that is not finite, or beyond any picture, never agrees.
        after: (N, 2), positions of the same points in the second.
        model: the kind of warp.
        threshold: distance in the second frame, px, up to which a point agrees.
        seed: of the random samples; the same points and seed give the same warp.

    Returns:
        The warp. It is not found where there are fewer points than the model needs, where they are degenerate
        (one place for a similarity, one line for an affine warp or a homography), or where no point agrees with
        a warp beyond those it was made from.

    Raises:
        ParameterError: arrays of other shapes, or no positive threshold.

    Source:
        Fischler and Bolles 1981, "Random sample consensus"; see `consensus`.
    """
    _check(before, after, threshold)
    start, end = np.asarray(before, np.float64), np.asarray(after, np.float64)
    known = (np.abs(start) <= _FARTHEST).all(axis=1) & (np.abs(end) <= _FARTHEST).all(axis=1)
    matrix = consensus.consensus(start[known], end[known], _FAMILIES[model], threshold, seed)
    if matrix is None:
        return _nothing(len(start))
    squared = consensus.squared_distances(matrix, start[known], end[known])
    agrees = squared <= threshold**2
    inliers = np.zeros(len(start), np.bool_)
    inliers[known] = agrees
    return GlobalMotion(matrix, inliers, float(np.sqrt(squared[agrees].mean())), float(agrees.mean()))


def carried(outline: NDArray[np.floating], matrix: Matrix) -> Points:
    """Return points (M, 2), px, where a warp (3, 3) takes them: (M, 2) float64; NaN for one it takes to infinity."""
    x, y, depth = matrix[:, :2] @ np.asarray(outline, np.float64).T + matrix[:, 2:]
    reach = np.abs(outline) @ np.abs(matrix[2, :2]) + abs(matrix[2, 2])
    depth = np.where(np.abs(depth) > 1e-12 * reach, depth, np.nan)
    return np.column_stack([x / depth, y / depth])


def frame_outline(width: int, height: int) -> Points:
    """Return the centres of a picture's corner pixels, (4, 2) px, clockwise from the top left."""
    right, bottom = width - 1.0, height - 1.0
    return np.array([[0, 0], [right, 0], [right, bottom], [0, bottom]])


def motion_between(
    tracks: Tracks, first: int, second: int, model: MotionModel, threshold: float = THRESHOLD
) -> tuple[GlobalMotion, Integers]:
    """Return the warp from frame `first` to frame `second` by the tracks that live in both, and their numbers.

    Args:
        tracks: the table; a frame outside it has no tracks, and nothing is found.
        first: frame the warp leads from.
        second: frame it leads to, before or after the first.
        model: the kind of warp.
        threshold: px, as in `global_motion`.

    Returns:
        The motion, and (N,) the tracks its `inliers` speak of.

    Raises:
        ParameterError: no positive threshold.
    """
    ids, before, after = _common(_living(tracks, first), _living(tracks, second))
    return global_motion(before, after, model, threshold=threshold), ids


@dataclass(frozen=True, eq=False)
class CameraPath:
    """How the picture moved from one frame to each of the T frames that follow, itself included.

    Attributes:
        reference: the frame the path begins at, the first of the T.
        matrices: (T, 3, 3) float64, takes (x, y, 1) of the reference to each frame; the last one found is held.
        key: (T,) int32, the frame each was measured from: the reference, or where tracks in common with it had run
            out, a later one.
        share: (T,) float64, 0 .. 1, tracks that agree among those in common with the key frame.
        residual: (T,) float64, px, their RMS distance; NaN where nothing was found.
        found: (T,) bool, False where the last matrix is held.
    """

    reference: int
    matrices: Matrix
    key: Integers
    share: Points
    residual: Points
    found: Mask


def camera_path(
    tracks: Tracks, reference: int, stop: int, model: MotionModel, threshold: float = THRESHOLD
) -> CameraPath:
    """Return the warp from frame `reference` to each frame up to `stop` - 1.

    A frame is reached directly from the reference as long as enough tracks live in both and agree. From then on
    the last frame so reached is the key frame, and warps are chained over it, until it too is out of reach: errors
    add up at key frames only, not at every frame.

    Args:
        tracks: the table.
        reference: frame the path begins at.
        stop: frame it ends before.
        model: the kind of warp.
        threshold: px, as in `global_motion`.

    Raises:
        ParameterError: frames outside the table, or no positive threshold.
    """
    if not tracks.start <= reference < stop <= tracks.stop:
        raise ParameterError(
            f"frames {reference}:{stop} are not within {tracks.start}:{tracks.stop}, the tracks': give a range that is"
        )
    key = last = _Reached(reference, np.eye(3), *_living(tracks, reference))
    rows = [(last.matrix, key.frame, 1.0, 0.0, True)]
    for frame in range(reference + 1, stop):
        here = _living(tracks, frame)
        motion = _direct(key, here, model, threshold)
        if not motion.found and last is not key:
            key = last
            motion = _direct(key, here, model, threshold)
        if motion.found:
            chained = motion.matrix @ key.matrix
            last = _Reached(frame, chained / chained[2, 2], *here)
        rows.append((last.matrix, key.frame, motion.share, motion.residual, motion.found))
    matrices, keys, shares, residuals, found = map(np.array, zip(*rows, strict=True))
    return CameraPath(reference, matrices, keys.astype(np.int32), shares, residuals, found)


def relative_to_camera(tracks_at_frame: Tracks, matrix_step: Matrix) -> Points:
    """Return how tracks moved in a frame other than the camera made them: (N, 2) float64, px.

    Args:
        tracks_at_frame: the N rows of one frame.
        matrix_step: (3, 3), the camera's warp from the frame before to this one.

    Returns:
        uv minus what the warp does to the point's position in the frame before; NaN in a track's first row.
    """
    position = tracks_at_frame.xy.astype(np.float64)
    return position - carried(position - tracks_at_frame.uv, matrix_step)


@dataclass(frozen=True, eq=False)
class _Reached:
    """A frame the camera was followed to: its warp from the reference, and the tracks that live in it."""

    frame: int
    matrix: Matrix
    ids: Integers
    xy: NDArray[np.float32]


def _direct(key: _Reached, here: _Living, model: MotionModel, threshold: float) -> GlobalMotion:
    """Return the motion from a key frame; not found where too few tracks are left, or too few of them agree."""
    _, before, after = _common((key.ids, key.xy), here)
    if len(before) < max(_FEWEST, _FEWEST_TIMES * model.least):
        return _nothing(len(before))
    motion = global_motion(before, after, model, threshold=threshold)
    return motion if motion.share >= _LEAST_SHARE else _nothing(len(before))


def _living(tracks: Tracks, frame: int) -> _Living:
    """Return the tracks that live in a frame, ascending, and where they are."""
    rows = tracks.at(frame)
    return rows.track[rows.alive], rows.xy[rows.alive]


def _common(first: _Living, second: _Living) -> tuple[Integers, NDArray[np.float32], NDArray[np.float32]]:
    """Return the tracks in both and their positions in each."""
    ids, of_first, of_second = np.intersect1d(first[0], second[0], assume_unique=True, return_indices=True)
    return ids, first[1][of_first], second[1][of_second]


def _nothing(count: int) -> GlobalMotion:
    return GlobalMotion(np.eye(3), np.zeros(count, np.bool_), math.nan, 0.0)


def _check(before: NDArray[np.floating], after: NDArray[np.floating], threshold: float) -> None:
    if before.shape != after.shape or before.ndim != 2 or before.shape[1] != 2:
        raise ParameterError(f"the points have shapes {before.shape} and {after.shape}: give (N, 2) twice")
    if not (threshold > 0 and math.isfinite(threshold)):
        raise ParameterError(f"threshold is {threshold}: give a distance above 0 in pixels")
