"""Tracks that grow as they are looked at: followed once, from their first frame to the farthest asked for."""

import threading
from collections.abc import Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import ClipInfo, Frame
from flowlab.errors import ParameterError, shown
from flowlab.tracking.cost import frame_seconds
from flowlab.tracking.parameters import PointParameters
from flowlab.tracking.points import PointTracker
from flowlab.tracking.tracks import Tracks, joined, no_tracks


class Frames(Protocol):
    """What gives the frames of a clip: the clip, or what keeps some of them in memory."""

    def frame(self, index: int) -> Frame:
        """Return frame `index`."""


FRAME_SECONDS = 1.0
"""What one frame may take while a person waits."""

MOST_BYTES = 200_000_000
"""Tracks of one history, whose memory everyone shares: 500 tracks over 6,000 frames."""


class TrackHistory:
    """The tracks of a clip from frame `start` on; any number of threads may ask, and none follows a frame twice.

    Args:
        parameters: of the tracker.
        allowed: (H, W) bool, where tracks may begin; None: everywhere.
        start: the first frame.

    Raises:
        ParameterError: as `PointTracker`.
    """

    def __init__(self, parameters: PointParameters, allowed: NDArray[np.bool_] | None, start: int) -> None:
        self._tracker = PointTracker(parameters, allowed=allowed, start=start)
        self._lock = threading.Lock()
        self._start = start
        self._parts: list[Tracks] = []
        self._held = 0  # bytes
        self._joined = no_tracks(start, start)

    @property
    def stop(self) -> int:
        """The frame after the last one that is followed."""
        return self._start + len(self._parts)

    @property
    def nbytes(self) -> int:
        """Memory the tracks take, and about what the tracker remembers."""
        return 2 * self._held + self._tracker.nbytes

    def until(self, clip: Frames, stop: int) -> Iterator[float]:
        """Follow the points up to frame `stop` - 1, and yield the share that is done after each frame.

        Whoever reads on decides whether it goes on; what is followed stays.

        Raises:
            ParameterError: the parameters do not fit this clip.
            ClipError: a frame cannot be read.
        """
        while self.stop < stop:
            if self._held > MOST_BYTES:
                raise ParameterError(
                    f"the tracks up to frame {self.stop - 1} take {self._held / 1e6:.0f} MB, all a page may hold: "
                    "choose fewer corners, a later first frame or the whole clip as a job"
                )
            frame = clip.frame(self.stop)
            with self._lock:
                if frame.index == self.stop:  # or another thread was faster
                    self._parts.append(self._tracker.step(frame.grey))
                    self._held += self._parts[-1].nbytes
            yield (self.stop - self._start) / (stop - self._start)

    def tracks(self, stop: int) -> Tracks:
        """Return the tracks up to frame `stop` - 1, of those that are followed."""
        with self._lock:
            if self._joined.stop < self.stop:
                self._joined = joined([self._joined, *self._parts[self._joined.stop - self._start :]])
        return self._joined.between(self._start, stop)


def check_frame_cost(info: ClipInfo, parameters: PointParameters) -> None:
    """Raise ParameterError where one frame would take too long for a person to wait for."""
    seconds = frame_seconds(info.height, info.width, parameters)
    if seconds > FRAME_SECONDS:
        raise ParameterError(
            f"following {parameters.max_corners} corners with a window of {parameters.window} px through "
            f"{shown(info.name)} would take about {seconds:.1f} s a frame, more than the {FRAME_SECONDS:g} s of a "
            "page: choose fewer corners or a smaller window, or use the shell"
        )
