"""A clip followed frame by frame, in pieces that go on one from another: the question, and what differs in each kind.

A frame's rows depend on all frames before it, so pieces follow one another; drawing them does not.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar

import cv2
import numpy as np

from flowlab.core.clip import Frame, Picture
from flowlab.jobs.chunk import Chunk
from flowlab.jobs.track_bytes import Arrays
from flowlab.media.video_parts import PART_CRF, PART_PRESET, encoder_versions

DRAWING_SECONDS = 2e-8
"""A pixel: reading, drawing and encoding."""

_CHUNK_SECONDS = 2.0
_FEWEST, _MOST = 10, 240  # frames of a piece
_ENDLESS = 1 << 31  # frames: longer than any clip


class Rows(Protocol):
    """A table about frames start .. stop-1."""

    @property
    def start(self) -> int:
        """The first frame."""

    @property
    def stop(self) -> int:
        """The frame after the last."""

    def between(self, start: int, stop: int) -> Self:
        """Return the rows of frames start .. stop-1; the range is cut to what there is."""


R = TypeVar("R", bound=Rows)
R_co = TypeVar("R_co", bound=Rows, covariant=True)
R_contra = TypeVar("R_contra", bound=Rows, contravariant=True)


class Follower(Protocol[R_co]):
    """What is given one frame after the other."""

    def step(self, frame: Frame, /) -> R_co:
        """Take the next frame and return its rows."""

    def state(self) -> Arrays | None:
        """Return what another one needs to go on; None: nobody else can."""


class Summary(Protocol[R_contra]):
    """Sums up tables of frames that follow one another."""

    def add(self, rows: R_contra, /) -> None:
        """Add the frames of a table."""

    def as_json(self) -> dict[str, Any]:
        """Return the sums as JSON values."""


class Look(Protocol):
    """How rows are drawn on their frame."""

    @property
    def trail(self) -> int:
        """Frames of the past that are drawn too."""


@dataclass(frozen=True)
class FollowJob(ABC, Generic[R]):
    """What is followed through frames start .. stop-1 of a clip, and the video that shows it.

    A pure description: two jobs with the same keys have the same tables and bytes as their answer, whoever computes
    them and however often it was interrupted.

    Attributes:
        content: content hash of the clip, or its canonical text.
        clip_name: what to call the clip; not part of the question.
        width, height: pixels of a frame at the working width.
        start, stop: the frames.
    """

    content: str
    clip_name: str
    width: int
    height: int
    start: int
    stop: int

    keeps_states: ClassVar[bool] = False
    """Whether a follower's state is kept after every piece, since questions that differ later on only go on from it;
    else the newest two are."""

    # -- what differs ------------------------------------------------------------------------

    @property
    @abstractmethod
    def look(self) -> Look | None:
        """How the video shows it; None: no video is made."""

    @property
    @abstractmethod
    def title(self) -> str:
        """What to call it, plain text."""

    @property
    @abstractmethod
    def frame_seconds(self) -> float:
        """What a frame takes on one core, to a factor of two."""

    @property
    def in_one_piece(self) -> bool:
        """Whether nobody can go on where another follower stopped."""
        return False

    @abstractmethod
    def rows_key(self, stop: int, /) -> str:
        """Return the name of the question what the rows of the frames before `stop` are, 64 hexadecimal digits.

        It does not depend on where the job stops, nor on anything that changes later frames only.
        """

    @abstractmethod
    def check(self) -> None:
        """Raise ParameterError for what can be refused before a frame is seen."""

    @abstractmethod
    def follower(self) -> Follower[R]:
        """Return one that has not been given a frame."""

    @abstractmethod
    def resumed(self, state: Arrays, last: Frame) -> Follower[R]:
        """Return one that goes on where another, whose state and last frame these are, stopped."""

    @abstractmethod
    def drawn(self, frame: Frame, rows: R) -> Picture:
        """Return the frame as the look shows it; `rows` hold it and those its trails reach back to."""

    @abstractmethod
    def joined(self, parts: Sequence[R]) -> R:
        """Return tables of frames that follow one another as one."""

    @abstractmethod
    def no_rows(self, frame: int) -> R:
        """Return a table without a frame that begins at `frame`."""

    @abstractmethod
    def rows_to_bytes(self, rows: R) -> bytes:
        """Return a table as bytes that `rows_from_bytes` reads."""

    @abstractmethod
    def rows_from_bytes(self, data: bytes) -> R:
        """Return the table that `rows_to_bytes` wrote."""

    @abstractmethod
    def table_of(self, rows: R, columns: str, /, *, titles: bool) -> bytes:
        """Return a table as CSV; `columns` names which of it, `titles` whether it begins with a line of titles."""

    @abstractmethod
    def summary(self) -> Summary[R]:
        """Return what sums it up, without a frame so far."""

    # -- what is the same --------------------------------------------------------------------

    def part_key(self, stop: int) -> str:
        """Return the name of the question what the video shows before frame `stop`; see `rows_key`."""
        return digest(self.rows_key(stop), self.look, *((PART_PRESET, PART_CRF) if self.look else ()))

    @cached_property
    def key(self) -> str:
        """Name of the whole question, with the video and where it ends."""
        return digest(self.part_key(self.stop), self.stop)

    @property
    def frames(self) -> int:
        """Number of frames."""
        return max(0, self.stop - self.start)

    @property
    def seconds(self) -> float:
        """What it takes, to a factor of two."""
        return self.frames * self.frame_seconds

    @cached_property
    def step(self) -> int:
        """Frames of every piece but the last. They follow from the job alone, never from the machine."""
        if self.in_one_piece:
            return _ENDLESS
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
        pieces = [self.chunk(place) for place in range(begin, high, self.step)]
        return [piece for piece in pieces if piece.stop > low]

    def chunk(self, start: int) -> Chunk:
        """Return the piece that begins at a frame."""
        return Chunk(start, min(start + self.step, self.stop))


def libraries() -> tuple[object, ...]:
    """Return what computes and encodes: another version may do so a little differently."""
    return cv2.__version__, np.__version__, encoder_versions()


def digest(*question: object) -> str:
    """Return the name of a question, 64 hexadecimal digits."""
    return sha256(repr(question).encode("utf-8", "surrogatepass")).hexdigest()
