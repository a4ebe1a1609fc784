"""The tracks of a whole clip as one question: what is followed, from where, and how it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import ClipInfo, Frame, Picture
from flowlab.core.region import NATIVE, Selection
from flowlab.jobs.follow_job import DRAWING_SECONDS, Follower, FollowJob, digest, libraries
from flowlab.jobs.track_bytes import Arrays, tracks_from_bytes, tracks_to_bytes
from flowlab.jobs.track_look import TrackLook, draw_frame
from flowlab.jobs.track_table import table_of
from flowlab.tracking.cost import frame_seconds
from flowlab.tracking.parameters import PointParameters
from flowlab.tracking.points import PointTracker
from flowlab.tracking.statistics import TrackSummary
from flowlab.tracking.tracks import Tracks, joined, no_tracks

# Raise it whenever the same question gets another answer, so that no older piece is taken for it.
_VERSION = 1


@dataclass(frozen=True)
class PointsJob(FollowJob[Tracks]):
    """The tracks of frames start .. stop-1 of a clip, and the video that shows them.

    Attributes:
        parameters: of the tracker.
        selection: where tracks may begin, in pixels of the clip itself.
        factor: (x, y) clip pixels per working pixel.
        look: how the video shows them; None: no video is made.
        describe: whether texture, likeness and covariances are worked out, as a table has them and no video shows.
    """

    parameters: PointParameters
    selection: Selection
    factor: tuple[float, float] = NATIVE
    look: TrackLook | None = None
    describe: bool = True

    @classmethod
    def of(cls, info: ClipInfo, frames: tuple[int, int], parameters: PointParameters, selection: Selection,
           look: TrackLook | None = None, *, table: bool = True) -> "PointsJob":  # fmt: skip
        """Return the job on a clip with these facts; without a `table` nothing is described that nothing shows."""
        factor = float(info.factor[0]), float(info.factor[1])
        return cls(info.content_hash, info.name, info.width, info.height, *frames, parameters.question, selection,
                   factor, look, table or parameters.is_described)  # fmt: skip

    @property
    def allowed(self) -> NDArray[np.bool_] | None:
        """(H, W) bool, where tracks may begin; None: everywhere. Raises ParameterError where that is nowhere."""
        return None if self.selection.is_all else self.selection.mask(self.height, self.width, self.factor)

    @cached_property
    def tracks_key(self) -> str:
        """Name of the question what the tracks are, 64 hexadecimal digits; it does not depend on where they stop."""
        return digest(
            "points", _VERSION, *libraries(), self.content, self.width, self.height, self.start,
            self.parameters.question, self.selection, self.factor, self.describe,
        )  # fmt: skip

    def rows_key(self, _stop: int, /) -> str:
        """Return `tracks_key`, whatever the frame."""
        return self.tracks_key

    @property
    def title(self) -> str:
        """What to call it, plain text."""
        return f"Points of {self.clip_name}"

    @property
    def frame_seconds(self) -> float:
        """What a frame takes on one core, to a factor of two."""
        drawing = DRAWING_SECONDS * self.width * self.height
        return frame_seconds(self.height, self.width, self.parameters) + drawing

    def check(self) -> None:
        """Raise ParameterError where the tracker refuses its parameters, or tracks may begin nowhere."""
        PointTracker(self.parameters, allowed=self.allowed, describe=self.describe)

    def follower(self) -> Follower[Tracks]:
        """Return a tracker that has not been given a frame."""
        return _Points(PointTracker(self.parameters, allowed=self.allowed, start=self.start, describe=self.describe))

    def resumed(self, state: Arrays, last: Frame) -> Follower[Tracks]:
        """Return a tracker that goes on after the frame `last`."""
        return _Points(
            PointTracker.resumed(self.parameters, state, last.grey, allowed=self.allowed, describe=self.describe)
        )

    def drawn(self, frame: Frame, rows: Tracks) -> Picture:
        """Return the frame with its points and their trails."""
        assert self.look is not None
        return draw_frame(frame.rgb, rows, frame.index, self.look)

    def joined(self, parts: Sequence[Tracks]) -> Tracks:
        """Return tables of frames that follow one another as one."""
        return joined(parts)

    def no_rows(self, frame: int) -> Tracks:
        """Return a table without a frame that begins at `frame`."""
        return no_tracks(frame, frame)

    def rows_to_bytes(self, rows: Tracks) -> bytes:
        """Return a table as bytes that `rows_from_bytes` reads."""
        return tracks_to_bytes(rows)

    def rows_from_bytes(self, data: bytes) -> Tracks:
        """Return the table that `rows_to_bytes` wrote."""
        return tracks_from_bytes(data)

    def table_of(self, rows: Tracks, columns: str, /, *, titles: bool) -> bytes:
        """Return a table as CSV, see `track_table`."""
        return table_of(rows, columns, titles=titles)

    def summary(self) -> TrackSummary:
        """Return what sums tracks up, without a frame so far."""
        return TrackSummary()


class _Points:
    """A point tracker, which sees grey only."""

    def __init__(self, tracker: PointTracker) -> None:
        self._tracker = tracker

    def step(self, frame: Frame) -> Tracks:
        return self._tracker.step(frame.grey)

    def state(self) -> Arrays:
        return self._tracker.state()
