"""A region that is followed as it is looked at: once, from the frame it was drawn in to the farthest asked for."""

import threading
from collections.abc import Iterator

from flowlab.core.clip import ClipInfo
from flowlab.core.parameters import Parameters
from flowlab.core.region import Box
from flowlab.errors import ParameterError, shown
from flowlab.jobs.region_job import RegionJob
from flowlab.jobs.track_history import FRAME_SECONDS, Frames
from flowlab.tracking.affine.region_track import RegionTrack, joined, no_rows
from flowlab.tracking.regions import RegionTracker
from flowlab.tracking.trackers import Tracker

_ROW_BYTES = 500  # a frame: warp, covariance and the rest
_TEMPLATE_BYTES = 300  # a pixel of the box: templates, what is worked out of them beforehand, a learned appearance
_FRAME_BYTES = 8  # a pixel of the frame that is remembered


class RegionHistory:
    """Where a region is from the frame `start` on, in which it was drawn.

    Any number of threads may ask, and none follows a frame twice. It knows of no keyframe: those begin histories of
    their own, so that one more or less never costs what is before it.

    Args:
        tracker: what follows it.
        parameters: of the tracker.
        box: in the first frame, working px.
        start: the first frame.

    Raises:
        ParameterError: another tracker's parameters.
    """

    def __init__(self, tracker: Tracker, parameters: Parameters, box: Box, start: int) -> None:
        self._tracker = RegionTracker(tracker, parameters, box, start=start)
        self._box = box
        self._lock = threading.Lock()
        self._start = start
        self._parts: list[RegionTrack] = []
        self._joined = no_rows(start)
        self._pixels = 0

    @property
    def stop(self) -> int:
        """The frame after the last one that is followed."""
        return self._start + len(self._parts)

    @property
    def nbytes(self) -> int:
        """About the memory it takes."""
        return int(_ROW_BYTES * 2 * len(self._parts) + _TEMPLATE_BYTES * self._box.w * self._box.h
                   + _FRAME_BYTES * self._pixels)  # fmt: skip

    def until(self, clip: Frames, stop: int) -> Iterator[int]:
        """Follow the region up to frame `stop` - 1, and yield that number after each frame.

        Whoever reads on decides whether it goes on; what is followed stays.

        Raises:
            ParameterError: the box cannot be followed.
            ClipError: a frame cannot be read.
        """
        while self.stop < stop:
            frame = clip.frame(self.stop)
            with self._lock:
                if frame.index == self.stop:  # or another thread was faster
                    self._parts.append(self._tracker.step(frame))
                    self._pixels = frame.grey.size
            yield self.stop - 1

    def track(self, stop: int) -> RegionTrack:
        """Return the rows of the frames before `stop`, of those that are followed."""
        with self._lock:
            if self._joined.stop < self.stop:
                self._joined = joined([self._joined, *self._parts[self._joined.stop - self._start :]])
        return self._joined.between(self._start, stop)


def check_frame_cost(info: ClipInfo, tracker: Tracker, parameters: Parameters, box: Box) -> None:
    """Raise ParameterError where one frame would take too long for a person to wait for.

    Args:
        info: of the clip at its working width.
        tracker: what follows the box.
        parameters: of the tracker.
        box: working px.
    """
    job = RegionJob(info.content_hash, info.name, info.width, info.height, 0, 1, tracker.name, parameters, box)
    if job.frame_seconds > FRAME_SECONDS:
        raise ParameterError(
            f"following a box of {box.w:g}x{box.h:g} pixels through {shown(info.name)} with {tracker.name} would take "
            f"about {job.frame_seconds:.1f} s a frame, more than the {FRAME_SECONDS:g} s of a page: draw a smaller "
            "box, choose a smaller working width or fewer iterations, or use the shell"
        )
