"""Finished pieces of a clip that is followed: kept so that a job goes on where it was stopped.

The rows of a piece and its part of the video are kept apart: other colours are drawn without following anything again.
A piece counts as followed when its record is in the store, a few bytes that are written after everything they speak of.
Of a follower's states only the newest two are kept, since only the next piece asks for one, unless the job says that
other questions will ask for older ones.
"""

import json
from dataclasses import dataclass, field, replace
from typing import Generic

from flowlab.errors import StoreError
from flowlab.jobs.chunk import Chunk
from flowlab.jobs.follow_job import FollowJob, R
from flowlab.jobs.track_bytes import Arrays, arrays_from_bytes, arrays_to_bytes
from flowlab.store.objects import Store


class PieceGoneError(StoreError):
    """A piece that was kept is not in the store any more: whoever can computes it again."""


@dataclass(frozen=True, eq=False)
class Before(Generic[R]):
    """What a piece must know of those before it.

    Attributes:
        tail: the rows of the last frames before it, as many as trails need.
        state: the follower's; None where the piece is the first.
    """

    tail: R
    state: Arrays | None


@dataclass(frozen=True, eq=False)
class PieceDone(Generic[R]):
    """What came of one piece.

    Attributes:
        start: its first frame.
        planned: frames it should have.
        written: frames it has; fewer where the clip could not be read.
        note: why it has fewer, in a sentence, or "".
        rows: its rows; None where they were known, or are kept.
        state: the follower's after it; None likewise, and where it cannot be kept.
        part: its part of the video; None where none was made, or it is kept.
    """

    start: int
    planned: int
    written: int
    note: str = ""
    rows: R | None = field(default=None, repr=False)
    state: Arrays | None = field(default=None, repr=False)
    part: bytes | None = field(default=None, repr=False)

    @property
    def facts(self) -> "PieceDone[R]":
        """The same without its data."""
        return PieceDone(self.start, self.planned, self.written, self.note)

    @property
    def is_short(self) -> bool:
        """Whether the clip could not be read to the end of it."""
        return self.written < self.planned


class PieceKeeper:
    """Keeps the pieces of jobs in a store, and finds them again."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, job: FollowJob[R], done: PieceDone[R]) -> PieceDone[R]:
        """Keep a piece and return what is known of it; raises StoreError where there is no room."""
        if done.rows is not None:
            self._store.put_answer(_rows_key(job, done.start), job.rows_to_bytes(done.rows))
            if done.written == job.step and done.state is not None:  # no piece begins anywhere else
                self._store.put_answer(_state_key(job, done.start + done.written), arrays_to_bytes(done.state))
            record = {"start": done.start, "planned": done.planned, "written": done.written, "note": done.note}
            self._store.put_answer(_record_key(job, done.start), json.dumps(record).encode())
            if not job.keeps_states:
                # Not that of its own beginning: a longer range may go on from there.
                self._store.remove_answer(_state_key(job, done.start - job.step))
        if done.part is not None:
            self._store.put_answer(_part_key(job, Chunk(done.start, done.start + done.planned)), done.part)
        return done.facts

    def followed(self, job: FollowJob[R], chunk: Chunk) -> PieceDone[R] | None:
        """Return what is known of a piece whose rows are kept, if only as the beginning of a longer one."""
        kept = self._store.answer(_record_key(job, chunk.start))
        if kept is None or not self._store.has_answer(_rows_key(job, chunk.start)):
            return None
        piece: PieceDone[R] = PieceDone(**json.loads(kept))
        if piece.planned < chunk.pairs and not piece.is_short:
            return None  # it was the last one of a shorter range
        found = replace(piece, planned=chunk.pairs, written=min(piece.written, chunk.pairs))
        return found if found.is_short else replace(found, note="")

    def drawn(self, job: FollowJob[R], chunk: Chunk) -> bool:
        """Return whether the piece's part of the video is kept."""
        return self._store.has_answer(_part_key(job, chunk))

    def rows(self, job: FollowJob[R], chunk: Chunk) -> R:
        """Return the rows of a piece; raises PieceGoneError where they are not kept (any more)."""
        kept = self._store.answer(_rows_key(job, chunk.start))
        if kept is None:
            raise gone()
        return job.rows_from_bytes(kept).between(chunk.start, chunk.stop)

    def part(self, job: FollowJob[R], chunk: Chunk) -> bytes:
        """Return a piece's part of the video, b"" where it has no pictures; raises as `rows`."""
        kept = self._store.answer(_part_key(job, chunk))
        if kept is None:
            raise gone()
        return kept

    def has_state(self, job: FollowJob[R], frame: int) -> bool:
        """Return whether the follower can go on at `frame`."""
        return frame == job.start or self._store.has_answer(_state_key(job, frame))

    def before(self, job: FollowJob[R], chunk: Chunk) -> Before[R]:
        """Return what a piece must know of those before it; raises PieceGoneError where that is not here."""
        if chunk.start == job.start:
            return Before(job.no_rows(chunk.start), None)
        kept = self._store.answer(_state_key(job, chunk.start))
        if kept is None:
            raise gone()
        return Before(self.tail(job, chunk), arrays_from_bytes(kept))

    def with_tail(self, job: FollowJob[R], chunk: Chunk) -> R:
        """Return the rows of a piece with those before it that its trails reach back to; raises as `rows`."""
        return job.joined([self.tail(job, chunk), self.rows(job, chunk)])

    def tail(self, job: FollowJob[R], chunk: Chunk) -> R:
        """Return the rows of the frames before a piece that its trails reach back to; raises as `rows`."""
        first = max(job.start, chunk.start - (job.look.trail if job.look else 0))
        if first == chunk.start:
            return job.no_rows(first)
        parts = [self.rows(job, other) for other in job.chunks(first, chunk.start)]
        return job.joined(parts).between(first, chunk.start)

    def remove(self, job: FollowJob[R], chunk: Chunk) -> None:
        """Forget a piece."""
        for key in (_record_key(job, chunk.start), _rows_key(job, chunk.start), _state_key(job, chunk.stop)):
            self._store.remove_answer(key)
        self.remove_part(job, chunk)

    def remove_part(self, job: FollowJob[R], chunk: Chunk) -> None:
        """Forget a piece's part of the video."""
        self._store.remove_answer(_part_key(job, chunk))


def gone() -> PieceGoneError:
    """Return the error of a piece that was kept, and is not any more."""
    return PieceGoneError(
        "finished parts of these tracks were removed from the store, for want of room: set FLOWLAB_QUOTA higher, or "
        "choose fewer frames"
    )


def _record_key(job: FollowJob[R], start: int) -> str:
    return f"tracks-record:{job.rows_key(job.chunk(start).stop)}:{start}"


def _rows_key(job: FollowJob[R], start: int) -> str:
    return f"tracks:{job.rows_key(job.chunk(start).stop)}:{start}"


def _state_key(job: FollowJob[R], frame: int) -> str:
    return f"tracker:{job.rows_key(frame)}:{frame}"


def _part_key(job: FollowJob[R], chunk: Chunk) -> str:
    return f"tracks-part:{job.part_key(chunk.stop)}:{chunk.start}:{chunk.stop}"
