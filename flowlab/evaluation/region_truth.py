"""Where a drawn box truly is in every frame, as far as its clip knows."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Clip, ClipInfo
from flowlab.core.region import Box
from flowlab.core.truth import BoxTruth, KnownBoxes, SceneObject, Truth, bounding_box
from flowlab.errors import FlowFileError
from flowlab.evaluation.canonical_points import warp_through, warped
from flowlab.tracking.affine.region_track import RegionTrack, box_warp, corners_of
from flowlab.tracking.global_motion import MotionModel

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RegionTruth:
    """Where the thing in a drawn box is.

    Attributes:
        boxes: (frames of the clip, 4) x, y, w, h, px; NaN where it is not known. What scores are made of.
        corners: (frames of the clip, 4, 2) px: where the drawn box's own corner pixels are, NaN likewise; None where
            only boxes are known.
        source: where it is from, in a few words.
        note: what is missing, in a sentence, or "".
    """

    boxes: Array
    corners: Array | None
    source: str
    note: str = ""

    def corner_errors(self, track: RegionTrack) -> Array | None:
        """Return how far the farthest corner is from its true place in each frame of a track, (N,) px; NaN likewise.

        None where only boxes are known.
        """
        if self.corners is None:
            return None
        away = track.corners - self.corners[track.start : track.stop]
        errors: Array = np.sqrt((away * away).sum(axis=-1)).max(axis=-1)
        return errors


def region_truth(
    clip: Clip, box: Box, start: int, keyframes: Mapping[int, Box] = MappingProxyType({})
) -> RegionTruth | None:
    """Return where the thing in a box is that was drawn in frame `start`; None where the clip cannot tell.

    A sequence knows the boxes of one thing. Of a flat thing of a scene the box is carried along by its homography, of
    another one by the shift and the size of what bounds it.

    Args:
        clip: at its working width.
        box: working px.
        start: the frame it was drawn in.
        keyframes: later frame -> box drawn there: from then on the corners are those of that box. The boxes stay those
            of the first one, since it is the same thing that is followed.
    """
    if isinstance(clip, BoxTruth):
        known = np.isfinite(clip.boxes[start:]).all(axis=1).any()
        return RegionTruth(clip.boxes, None, "the sequence's own boxes", clip.truth_note) if known else None
    if isinstance(clip, Truth):
        thing = _thing_in(clip.objects(start), box)
        if thing is not None:
            truth = _carried(clip, clip.info, box, start, thing)
            for frame in sorted(keyframes) if truth.corners is not None else ():
                again = region_truth(clip, keyframes[frame], frame)
                corners = again.corners if again is not None else None
                truth.corners[frame:] = np.nan if corners is None else corners[frame:]  # type: ignore[index]
            return truth
    return None


def uploaded_truth(boxes: Array, info: ClipInfo) -> RegionTruth:
    """Return the boxes (N, 4) of a file, in pixels of the clip itself, as the truth of a clip at its working width.

    Raises:
        FlowFileError: there are more of them than frames.
    """
    if len(boxes) > info.frame_count:
        raise FlowFileError(
            f"the truth has {len(boxes)} lines and the clip {info.frame_count} frames: give the file of this clip"
        )
    missing = info.frame_count - len(boxes)
    known = np.vstack([boxes, np.full((missing, 4), np.nan)])
    x, y = info.factor
    note = f"the file has {len(boxes)} lines for {info.frame_count} frames: those after them do not count"
    return RegionTruth(KnownBoxes(known).scaled((float(x), float(y))).boxes, None, "the file", note if missing else "")


def _thing_in(things: tuple[SceneObject, ...], box: Box) -> SceneObject | None:
    """Return the nearest thing that bounds the middle of a box."""
    middle = box_warp(box)[:2, 2]
    for thing in reversed(things):
        x, y, w, h = thing.box
        if x <= middle[0] <= x + w - 1 and y <= middle[1] <= y + h - 1:
            return thing
    return None


def _carried(clip: Truth, info: ClipInfo, box: Box, start: int, thing: SceneObject) -> RegionTruth:
    corners = np.full((info.frame_count, 4, 2), np.nan)
    drawn = corners_of(box_warp(box), np.array([box.w, box.h]))
    for frame in range(start, info.frame_count):
        now = next((other for other in clip.objects(frame) if other.name == thing.name), None)
        if now is not None:
            corners[frame] = _moved(drawn, thing, now)
    boxes = np.array([bounding_box(quad) for quad in corners])
    if thing.quad is None:
        return RegionTruth(boxes, None, f"the box around {thing.name}")
    return RegionTruth(boxes, corners, f"the homography of {thing.name}")


def _moved(points: Array, before: SceneObject, now: SceneObject) -> Array:
    """Return where points (N, 2) of a thing are now."""
    if before.quad is not None and now.quad is not None:
        middle = before.quad.mean(axis=0)
        return warped(warp_through(MotionModel.HOMOGRAPHY, before.quad - middle, now.quad), points - middle)
    old, new = np.array(before.box), np.array(now.box)
    moved: Array = new[:2] - 0.5 + (points - (old[:2] - 0.5)) * new[2:] / old[2:]
    return moved
