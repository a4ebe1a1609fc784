"""Finished pieces of a whole clip's tracks: kept so that a job goes on where it was stopped.

The tracks of a piece and its part of the video are kept apart: other colours are drawn without following the points
again. A piece counts as followed when its record is in the store, a few bytes that are written after everything they
speak of. Of a tracker's states only the newest two are kept, since only the next piece asks for one.
"""

import json
from dataclasses import asdict, dataclass, field, replace

from flowlab.errors import StoreError
from flowlab.jobs.chunk import Chunk
from flowlab.jobs.points_job import PointsJob
from flowlab.jobs.track_bytes import State, state_from_bytes, state_to_bytes, tracks_from_bytes, tracks_to_bytes
from flowlab.store.objects import Store
from flowlab.tracking.tracks import Tracks, joined, no_tracks


class PieceGoneError(StoreError):
    """A piece that was kept is not in the store any more: whoever can computes it again."""


@dataclass(frozen=True, eq=False)
class Before:
    """What a piece must know of those before it.

    Attributes:
        tail: the rows of the last frames before it, as many as trails need.
        state: the tracker's; None where the piece is the first.
    """

    tail: Tracks
    state: State | None


@dataclass(frozen=True, eq=False)
class PointsDone:
    """What came of one piece.

    Attributes:
        start: its first frame.
        planned: frames it should have.
        written: frames it has; fewer where the clip could not be read.
        note: why it has fewer, in a sentence, or "".
        tracks: its rows; None where they were known, or are kept.
        state: the tracker's after it; None likewise.
        part: its part of the video; None where none was made, or it is kept.
    """

    start: int
    planned: int
    written: int
    note: str = ""
    tracks: Tracks | None = field(default=None, repr=False)
    state: State | None = field(default=None, repr=False)
    part: bytes | None = field(default=None, repr=False)

    @property
    def facts(self) -> "PointsDone":
        """The same without its data."""
        return PointsDone(self.start, self.planned, self.written, self.note)

    @property
    def is_short(self) -> bool:
        """Whether the clip could not be read to the end of it."""
        return self.written < self.planned


class PointsKeeper:
    """Keeps the pieces of jobs in a store, and finds them again."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, job: PointsJob, done: PointsDone) -> PointsDone:
        """Keep a piece and return what is known of it; raises StoreError where there is no room."""
        if done.tracks is not None and done.state is not None:
            self._store.put_answer(_rows_key(job, done.start), tracks_to_bytes(done.tracks))
            if done.written == job.step:  # no piece begins anywhere else
                self._store.put_answer(_state_key(job, done.start + done.written), state_to_bytes(done.state))
            record = {name: value for name, value in asdict(done.facts).items() if value is not None}
            self._store.put_answer(_record_key(job, done.start), json.dumps(record).encode())
            # Not that of its own beginning: a longer range may go on from there.
            self._store.remove_answer(_state_key(job, done.start - job.step))
        if done.part is not None:
            self._store.put_answer(_part_key(job, Chunk(done.start, done.start + done.planned)), done.part)
        return done.facts

    def tracked(self, job: PointsJob, chunk: Chunk) -> PointsDone | None:
        """Return what is known of a piece whose tracks are kept, if only as the beginning of a longer one."""
        kept = self._store.answer(_record_key(job, chunk.start))
        if kept is None or not self._store.has_answer(_rows_key(job, chunk.start)):
            return None
        piece = PointsDone(**json.loads(kept))
        if piece.planned < chunk.pairs and not piece.is_short:
            return None  # it was the last one of a shorter range
        found = replace(piece, planned=chunk.pairs, written=min(piece.written, chunk.pairs))
        return found if found.is_short else replace(found, note="")

    def drawn(self, job: PointsJob, chunk: Chunk) -> bool:
        """Return whether the piece's part of the video is kept."""
        return self._store.has_answer(_part_key(job, chunk))

    def tracks(self, job: PointsJob, chunk: Chunk) -> Tracks:
        """Return the rows of a piece; raises PieceGoneError where they are not kept (any more)."""
        kept = self._store.answer(_rows_key(job, chunk.start))
        if kept is None:
            raise gone()
        return tracks_from_bytes(kept).between(chunk.start, chunk.stop)

    def part(self, job: PointsJob, chunk: Chunk) -> bytes:
        """Return a piece's part of the video, b"" where it has no pictures; raises as `tracks`."""
        kept = self._store.answer(_part_key(job, chunk))
        if kept is None:
            raise gone()
        return kept

    def has_state(self, job: PointsJob, frame: int) -> bool:
        """Return whether the tracker can go on at `frame`."""
        return frame == job.start or self._store.has_answer(_state_key(job, frame))

    def before(self, job: PointsJob, chunk: Chunk) -> Before:
        """Return what a piece must know of those before it; raises PieceGoneError where that is not here."""
        if chunk.start == job.start:
            return Before(no_tracks(chunk.start, chunk.start), None)
        kept = self._store.answer(_state_key(job, chunk.start))
        if kept is None:
            raise gone()
        return Before(self.tail(job, chunk), state_from_bytes(kept))

    def with_tail(self, job: PointsJob, chunk: Chunk) -> Tracks:
        """Return the rows of a piece with those before it that its trails reach back to; raises as `tracks`."""
        return joined([self.tail(job, chunk), self.tracks(job, chunk)])

    def tail(self, job: PointsJob, chunk: Chunk) -> Tracks:
        """Return the rows of the frames before a piece that its trails reach back to; raises as `tracks`."""
        first = max(job.start, chunk.start - (job.look.trail if job.look else 0))
        if first == chunk.start:
            return no_tracks(first, first)
        parts = [self.tracks(job, other) for other in job.chunks(first, chunk.start)]
        return joined(parts).between(first, chunk.start)

    def remove(self, job: PointsJob, chunk: Chunk) -> None:
        """Forget a piece."""
        for key in (_record_key(job, chunk.start), _rows_key(job, chunk.start), _state_key(job, chunk.stop)):
            self._store.remove_answer(key)
        self.remove_part(job, chunk)

    def remove_part(self, job: PointsJob, chunk: Chunk) -> None:
        """Forget a piece's part of the video."""
        self._store.remove_answer(_part_key(job, chunk))


def gone() -> PieceGoneError:
    """Return the error of a piece that was kept, and is not any more."""
    return PieceGoneError(
        "finished parts of these tracks were removed from the store, for want of room: set FLOWLAB_QUOTA higher, or "
        "choose fewer frames"
    )


def _record_key(job: PointsJob, start: int) -> str:
    return f"tracks-record:{job.tracks_key}:{start}"


def _rows_key(job: PointsJob, start: int) -> str:
    return f"tracks:{job.tracks_key}:{start}"


def _state_key(job: PointsJob, frame: int) -> str:
    return f"tracker:{job.tracks_key}:{frame}"


def _part_key(job: PointsJob, chunk: Chunk) -> str:
    return f"tracks-part:{job.look_key}:{chunk.start}:{chunk.stop}"
