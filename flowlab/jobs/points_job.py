"""The tracks of a whole clip as one question: what is followed, in which pieces, and under which name."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import ClipInfo
from flowlab.core.region import NATIVE, Selection
from flowlab.jobs.chunk import Chunk
from flowlab.jobs.track_look import TrackLook
from flowlab.media.video_parts import PART_CRF, PART_PRESET, encoder_versions
from flowlab.tracking.cost import frame_seconds
from flowlab.tracking.parameters import PointParameters

# Raise it whenever the same question gets another answer, so that no older piece is taken for it.
_VERSION = 1
_CHUNK_SECONDS = 2.0
_DRAWING_SECONDS = 2e-8  # a pixel: reading, drawing and encoding
_FEWEST, _MOST = 10, 240  # frames of a piece


@dataclass(frozen=True)
class PointsJob:
    """The tracks of frames start .. stop-1 of a clip, and the video that shows them.

    A pure description: two jobs with the same keys have the same tables and bytes as their answer, whoever computes
    them and however often it was interrupted. A frame's tracks depend on all frames before it, so pieces follow one
    another; drawing them does not.

    Attributes:
        content: content hash of the clip, or its canonical text.
        clip_name: what to call the clip; not part of the question.
        width, height: pixels of a frame at the working width.
        start, stop: the frames.
        parameters: of the tracker.
        selection: where tracks may begin, in pixels of the clip itself.
        factor: (x, y) clip pixels per working pixel.
        look: how the video shows them; None: no video is made.
        describe: whether texture, likeness and covariances are worked out, as a table has them and no video shows.
    """

    content: str
    clip_name: str
    width: int
    height: int
    start: int
    stop: int
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
    def frames(self) -> int:
        """Number of frames."""
        return max(0, self.stop - self.start)

    @property
    def allowed(self) -> NDArray[np.bool_] | None:
        """(H, W) bool, where tracks may begin; None: everywhere. Raises ParameterError where that is nowhere."""
        return None if self.selection.is_all else self.selection.mask(self.height, self.width, self.factor)

    @cached_property
    def tracks_key(self) -> str:
        """Name of the question what the tracks are, 64 hexadecimal digits; it does not depend on where they stop."""
        return _digest(
            "points", _VERSION, cv2.__version__, np.__version__, encoder_versions(), self.content, self.width,
            self.height, self.start, self.parameters.question, self.selection, self.factor,
            self.describe,
        )  # fmt: skip

    @cached_property
    def look_key(self) -> str:
        """Name of the question what the video shows, 64 hexadecimal digits; it does not depend on where it stops."""
        return _digest(self.tracks_key, self.look, *((PART_PRESET, PART_CRF) if self.look else ()))

    @cached_property
    def key(self) -> str:
        """Name of the whole question, with the video and where it ends."""
        return _digest(self.look_key, self.stop)

    @property
    def seconds(self) -> float:
        """What it takes, to a factor of two."""
        return self.frames * self.frame_seconds

    @property
    def frame_seconds(self) -> float:
        """What a frame takes on one core, to a factor of two."""
        drawing = _DRAWING_SECONDS * self.width * self.height
        return frame_seconds(self.height, self.width, self.parameters) + drawing

    @cached_property
    def step(self) -> int:
        """Frames of every piece but the last. They follow from the job alone, never from the machine."""
        return min(_MOST, max(_FEWEST, int(_CHUNK_SECONDS / self.frame_seconds)))

    def chunks(self, first: int | None = None, stop: int | None = None) -> list[Chunk]:
        """Return the pieces of work, in order; they begin where they do whatever the range ends with.

        Args:
            first: leave out those that end at this frame or before; None: none.
            stop: leave out those that begin at this frame or after; None: none.
        """
        low = self.start if first is None else max(self.start, first)
        high = self.stop if stop is None else min(self.stop, stop)
        begin = low - (low - self.start) % self.step
        pieces = [Chunk(place, min(place + self.step, self.stop)) for place in range(begin, high, self.step)]
        return [piece for piece in pieces if piece.stop > low]

    @property
    def title(self) -> str:
        """What to call it, plain text."""
        return f"Points of {self.clip_name}"


def _digest(*question: object) -> str:
    return sha256(repr(question).encode("utf-8", "surrogatepass")).hexdigest()
