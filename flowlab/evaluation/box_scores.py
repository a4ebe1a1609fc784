"""How well a followed region agrees with true boxes, and how honest its states are.

Success and precision as in Wu, Lim & Yang (2013), "Online Object Tracking: A Benchmark" (OTB).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ParameterError
from flowlab.tracking.affine.region_track import RegionTrack, bounding_boxes
from flowlab.tracking.affine.states import State

Array = NDArray[np.float64]

OVERLAPS: Array = np.arange(21) / 20
"""Thresholds of the success curve: 0, 0.05 .. 1."""
DISTANCES: Array = np.arange(51.0)
"""Thresholds of the precision curve: 0 .. 50 px."""
WRONG, RIGHT = 0.1, 0.5
"""Overlap below which a box is wrong, and from which it is right."""

_USUAL_DISTANCE = 20  # px: the one number OTB reports of the precision curve


@dataclass(frozen=True, eq=False)
class BoxScores:
    """A followed region against the truth, over the N frames in which the truth is known.

    Attributes:
        frame: (N,) the numbers of those frames.
        overlap: (N,) intersection over union, 0 .. 1.
        distance: (N,) px between the centres of the boxes; infinite where the tracker's has none.
        believed: (N,) bool, frames whose state is tracked or keyframe.
    """

    frame: NDArray[np.int64]
    overlap: Array
    distance: Array
    believed: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return the number of frames that count."""
        return len(self.frame)

    @property
    def success(self) -> Array:
        """(21,) share of frames whose overlap is larger than each of OVERLAPS."""
        shares: Array = (self.overlap[:, None] > OVERLAPS).mean(axis=0)
        return shares

    @property
    def auc(self) -> float:
        """Mean of the success curve. A box that is always exact reaches 20/21: no overlap is larger than 1."""
        return float(self.success.mean())

    @property
    def precision(self) -> Array:
        """(51,) share of frames whose centre is at most each of DISTANCES from the true one."""
        shares: Array = (self.distance[:, None] <= DISTANCES).mean(axis=0)
        return shares

    @property
    def precision20(self) -> float:
        """Share of frames whose centre is at most 20 px from the true one."""
        return float(self.precision[_USUAL_DISTANCE])

    @property
    def tracked_share(self) -> float:
        """Share of frames that the tracker believes."""
        return float(self.believed.mean())

    @property
    def wrong_but_tracked(self) -> float:
        """Share of frames that the tracker believes although their overlap is less than 0.1."""
        return float((self.believed & (self.overlap < WRONG)).mean())

    @property
    def lost_but_right(self) -> float:
        """Share of frames called lost or occluded although the overlap of the box that stands there is 0.5 or more."""
        return float((~self.believed & (self.overlap >= RIGHT)).mean())


def box_scores(track: RegionTrack, truth: Array) -> BoxScores:
    """Compare a followed region with the truth; every frame counts, a lost one with the box that stands there.

    The box of a region that turned or sheared is the upright one that holds its four corners.

    Args:
        track: the region.
        truth: (frames of the clip, 4) x, y, w, h, px; NaN where it is not known. Row 0 is frame 0.

    Raises:
        ParameterError: the truth ends before the track, or knows none of its frames.
    """
    if len(truth) < track.stop:
        raise ParameterError(
            f"the truth has {len(truth)} frames and the track reaches frame {track.stop - 1}: give its own clip's"
        )
    return scores(bounding_boxes(track.corners), track.state, truth[track.start : track.stop], start=track.start)


def scores(boxes: Array, state: NDArray[np.uint8], truth: Array, *, start: int = 0) -> BoxScores:
    """Compare boxes with the truth, frame by frame.

    Args:
        boxes: (N, 4) x, y, w, h, px; not finite where there is none, which agrees with nothing.
        state: (N,) uint8, a `State` each.
        truth: (N, 4); NaN where it is not known, and the frame does not count.
        start: number of the first frame.

    Raises:
        ParameterError: no frame's truth is known.
    """
    known = _finite(truth)
    if not known.any():
        raise ParameterError("the true box is unknown in all of these frames: choose frames that have one")
    boxes, truth = boxes[known], truth[known]
    believed = (state == State.TRACKED) | (state == State.KEYFRAME)
    return BoxScores(np.flatnonzero(known) + start, overlap(boxes, truth), _distance(boxes, truth), believed[known])


def overlap(first: Array, second: Array) -> Array:
    """Return intersection over union of boxes (.., 4) x, y, w, h, 0 .. 1; 0 where a box is not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        low = np.maximum(first[..., :2], second[..., :2])
        high = np.minimum(first[..., :2] + first[..., 2:], second[..., :2] + second[..., 2:])
        shared = np.clip(high - low, 0, None).prod(axis=-1)
        union = first[..., 2:].prod(axis=-1) + second[..., 2:].prod(axis=-1) - shared
        share = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    return np.where(_finite(first) & _finite(second), np.minimum(share, 1), 0)


def _distance(first: Array, second: Array) -> Array:
    """Return the distance between the centres of boxes (.., 4), px; infinite where a box is not finite."""
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.hypot(
            *np.moveaxis(first[..., :2] + first[..., 2:] / 2 - second[..., :2] - second[..., 2:] / 2, -1, 0)
        )
    return np.where(_finite(first) & _finite(second), apart, np.inf)


def _finite(boxes: Array) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(boxes).all(axis=-1))
