"""Following a drawn region through a clip, with keyframes that start it anew.

Frame by frame:

tracker = RegionTracker(TRACKERS["flowlab"], None, Box(100, 60, 80, 80))
for frame in clip.frames():
    row = tracker.step(frame)        # RegionTrack of this frame
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Clip, Frame
from flowlab.core.parameters import Parameters
from flowlab.core.region import Box
from flowlab.errors import ParameterError, shown
from flowlab.tracking.affine.parameters import AlignParameters
from flowlab.tracking.affine.picture import part_around
from flowlab.tracking.affine.region_track import RegionTrack, box_warp, corners_of, joined, row
from flowlab.tracking.affine.states import State
from flowlab.tracking.affine.template import SMALLEST, template_of
from flowlab.tracking.trackers import DEFAULT_TRACKER, Follower, Tracker, tracker

LARGEST = 1024
"""Most pixels of a side of a box that is followed: what is worked out beforehand grows with its area."""
LEAST_INSIDE = 0.5
"""Share of a drawn box that must lie in the picture."""

NO_KEYFRAMES: Mapping[int, Box] = MappingProxyType({})


class RegionTracker:
    """Follows a region from frame to frame.

    Args:
        tracker: a row of trackers.TRACKERS.
        parameters: of it; None for its usual ones.
        box: where the region is in the first frame, px.
        keyframes: frame -> box that was drawn there: the tracker starts anew, and nothing before changes.
        start: number of the first frame that will be given.

    Raises:
        ParameterError: another tracker's parameters.
    """

    def __init__(
        self, tracker: Tracker, parameters: Parameters | None, box: Box, *, keyframes: Mapping[int, Box] = NO_KEYFRAMES,
        start: int = 0,
    ) -> None:  # fmt: skip
        self._tracker, self._parameters = tracker, tracker.checked(parameters)
        self._keyframes = {start: box} | dict(keyframes)
        self._frame = start
        self._follower: Follower | None = None
        self._shape: tuple[int, ...] | None = None

    def step(self, frame: Frame) -> RegionTrack:
        """Take the next frame and return its row; the first one, and every keyframe, has the state KEYFRAME.

        Raises:
            ParameterError: a box that lies outside the picture, is too small or too large, or is too flat to be
                followed; a frame of another size than those before.
        """
        number = self._frame
        self._check_size(frame)
        here = replace(frame, index=number)
        drawn = self._keyframes.get(number)
        if drawn is not None:
            check_box(drawn, frame.grey.shape[1], frame.grey.shape[0], number)
            check_texture(frame, drawn)
            self._follower = self._tracker.start(here, drawn, self._parameters)
            found = row(number, State.KEYFRAME, box_warp(drawn), (drawn.w, drawn.h), ncc=1.0,
                        covariance=np.zeros((8, 8)))  # fmt: skip
        else:
            assert self._follower is not None
            found = self._follower.follow(here)
        self._frame, self._shape = number + 1, frame.grey.shape
        return found

    def state(self) -> dict[str, NDArray[Any]] | None:
        """Return what another tracker needs to go on, as arrays by name; None where this one's cannot be told."""
        known = None if self._follower is None else self._follower.state()
        return None if known is None else {"frame": np.array([self._frame])} | known

    @classmethod
    def resumed(
        cls, tracker: Tracker, parameters: Parameters | None, state: Mapping[str, NDArray[Any]], *,
        keyframes: Mapping[int, Box] = NO_KEYFRAMES, last: Frame,
    ) -> Self:  # fmt: skip
        """Return a tracker that goes on where the one whose `state` this is stopped.

        Args:
            tracker: the same.
            parameters: the same.
            state: what `state` returned.
            keyframes: the same, or others from here on.
            last: the last frame that was given to it.

        Raises:
            ParameterError: this tracker cannot go on elsewhere.
        """
        if tracker.resume is None:
            raise ParameterError(f"{tracker.name} cannot go on where it stopped: follow the clip from its start")
        going = cls.__new__(cls)
        going._tracker, going._parameters = tracker, tracker.checked(parameters)
        going._frame = int(state["frame"][0])
        going._keyframes = {frame: box for frame, box in keyframes.items() if frame >= going._frame}
        going._follower = tracker.resume(going._parameters, state, last)
        going._shape = last.grey.shape
        return going

    def _check_size(self, frame: Frame) -> None:
        if self._shape is not None and frame.grey.shape != self._shape:
            was, now = (f"{shape[1]}x{shape[0]}" for shape in (self._shape, frame.grey.shape))
            raise ParameterError(f"frame {self._frame} is {now}, those before {was}: give frames of one size")


def check_box(box: Box, width: int, height: int, frame: int) -> None:
    """Raise ParameterError where a box drawn in a frame of a size cannot be followed."""
    where = f"the box {box} in frame {frame}"
    if min(box.w, box.h) < SMALLEST:
        raise ParameterError(f"{where} is {box.w:g} by {box.h:g} pixels: draw one of at least {SMALLEST} by {SMALLEST}")
    if max(box.w, box.h) > LARGEST:
        raise ParameterError(
            f"{where} is {box.w:g} by {box.h:g} pixels: draw one of at most {LARGEST} by {LARGEST}, or choose a "
            "smaller working width"
        )
    across = min(box.x + box.w, width) - max(box.x, 0)
    down = min(box.y + box.h, height) - max(box.y, 0)
    inside = max(across, 0) * max(down, 0) / (box.w * box.h)
    if inside <= 0:
        raise ParameterError(f"{where} lies outside the {width}x{height} picture: draw it inside")
    if inside < LEAST_INSIDE:
        raise ParameterError(
            f"{where} has {inside:.0%} of its area in the {width}x{height} picture: move it so that at least "
            f"{LEAST_INSIDE:.0%} are inside"
        )


def check_texture(frame: Frame, box: Box) -> None:
    """Raise ParameterError, with the texture measure, where a box holds nothing to follow, whatever follows it."""
    warp, size = box_warp(box), (box.w, box.h)
    plain = AlignParameters(levels=0)
    template_of(part_around(frame.grey, corners_of(warp, np.array(size)), 2, 0, plain), warp, size, plain)


def track_frames(
    clip: Clip, box: Box, parameters: Parameters | None = None, *, tracker: str = DEFAULT_TRACKER,
    keyframes: Mapping[int, Box] = NO_KEYFRAMES, start: int = 0, stop: int | None = None,
) -> Iterator[RegionTrack]:  # fmt: skip
    """Yield the rows of frames start .. stop-1 of a clip, a frame at a time; memory does not grow.

    Args:
        clip: the clip, at the size to track at.
        box: where the region is in frame `start`, px.
        parameters: of the tracker; None for its usual ones.
        tracker: name of a row of TRACKERS.
        keyframes: see `RegionTracker`.
        start: first frame.
        stop: the frame after the last; None: to the end.

    Raises:
        ParameterError: as `RegionTracker` and its `step`, no frame in the range, or a keyframe beyond the clip.
        ClipError: a frame cannot be read.
    """
    count = clip.info.frame_count
    stop = count if stop is None else min(stop, count)
    if not 0 <= start < stop:
        name = shown(clip.info.name)
        raise ParameterError(f"the frames {start}:{stop} are none of {name}: give a range in 0:{count}")
    for number in keyframes:
        if not 0 <= number < count:
            raise ParameterError(
                f"there is a keyframe at frame {number}, and {shown(clip.info.name)} has frames 0 to {count - 1}: "
                "leave it out"
            )
    following = RegionTracker(_row(tracker), parameters, box, keyframes=keyframes, start=start)
    for frame in clip.frames(start, stop):
        yield following.step(frame)


def track_region(
    clip: Clip, box: Box, parameters: Parameters | None = None, *, tracker: str = DEFAULT_TRACKER,
    keyframes: Mapping[int, Box] = NO_KEYFRAMES, start: int = 0, stop: int | None = None,
) -> RegionTrack:  # fmt: skip
    """Return where a region was in frames start .. stop-1 of a clip as one table; see `track_frames`."""
    return joined(list(track_frames(
        clip, box, parameters, tracker=tracker, keyframes=keyframes, start=start, stop=stop,
    )))  # fmt: skip


def _row(name: str) -> Tracker:
    return tracker(name)
