"""Finished pieces of a whole clip's tracks: kept so that a job goes on where it was stopped.

The tracks of a piece and its part of the video are kept apart: other colours are drawn without following the points
again. Of a tracker's states only the newest two are kept, since only the next piece asks for one.
"""

import json
from dataclasses import dataclass, field

from flowlab.errors import StoreError
from flowlab.jobs.chunk import Chunk
from flowlab.jobs.points_job import PointsJob
from flowlab.jobs.track_bytes import State, state_from_bytes, state_to_bytes, tracks_from_bytes, tracks_to_bytes
from flowlab.store.objects import Store
from flowlab.tracking.tracks import Tracks, joined, no_tracks


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


class PointsKeeper:
    """Keeps the pieces of jobs in a store, and finds them again."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, job: PointsJob, done: PointsDone) -> PointsDone:
        """Keep a piece and return what is known of it; raises StoreError where there is no room."""
        if done.tracks is not None and done.state is not None:
            # What a piece holds comes before the state that says it is done.
            self._store.put_answer(_tracks_key(job, done.start), _with_head(done, tracks_to_bytes(done.tracks)))
            self._store.put_answer(_state_key(job, done.start + done.written), state_to_bytes(done.state))
            for other in job.chunks():  # a longer range may go on from this piece's own beginning
                if other.stop == done.start and other.start > job.start:
                    self._store.remove_answer(_state_key(job, other.start))
        if done.part is not None:
            self._store.put_answer(_part_key(job, done.start), _with_head(done, done.part))
        return done.facts

    def tracked(self, job: PointsJob, chunk: Chunk) -> PointsDone | None:
        """Return what is known of a piece whose tracks are kept; None where they are not."""
        kept = self._store.answer(_tracks_key(job, chunk.start))
        found = None if kept is None else _facts(kept)
        return found if found is not None and found.planned == chunk.pairs else None

    def drawn(self, job: PointsJob, chunk: Chunk) -> bool:
        """Return whether the piece's part of the video is kept."""
        kept = self._store.answer(_part_key(job, chunk.start))
        return kept is not None and _facts(kept).planned == chunk.pairs

    def tracks(self, job: PointsJob, chunk: Chunk) -> Tracks | None:
        """Return the rows of a piece, None where they are not kept (any more)."""
        kept = self._store.answer(_tracks_key(job, chunk.start))
        return None if kept is None else tracks_from_bytes(kept.partition(b"\n")[2])

    def part(self, job: PointsJob, chunk: Chunk) -> bytes | None:
        """Return a piece's part of the video, b"" where it has no pictures; None where it is not kept (any more)."""
        kept = self._store.answer(_part_key(job, chunk.start))
        return None if kept is None else kept.partition(b"\n")[2]

    def has_state(self, job: PointsJob, frame: int) -> bool:
        """Return whether the tracker can go on at `frame`."""
        return frame == job.start or self._store.has_answer(_state_key(job, frame))

    def before(self, job: PointsJob, chunk: Chunk) -> Before:
        """Return what a piece must know of those before it; raises StoreError where that is not here (any more)."""
        if chunk.start == job.start:
            return Before(no_tracks(chunk.start, chunk.start), None)
        kept = self._store.answer(_state_key(job, chunk.start))
        if kept is None:
            raise gone()
        return Before(self.tail(job, chunk), state_from_bytes(kept))

    def with_tail(self, job: PointsJob, chunk: Chunk) -> Tracks:
        """Return the rows of a piece with those before it that its trails reach back to."""
        own = self.tracks(job, chunk)
        return joined([self.tail(job, chunk), own if own is not None else no_tracks(chunk.start, chunk.start)])

    def tail(self, job: PointsJob, chunk: Chunk) -> Tracks:
        """Return the rows of the frames before a piece that its trails reach back to."""
        first = max(job.start, chunk.start - (job.look.trail if job.look else 0))
        parts = [self.tracks(job, other) for other in job.chunks() if other.start < chunk.start and other.stop > first]
        known = [part for part in parts if part is not None]
        return joined(known).between(first, chunk.start) if known else no_tracks(chunk.start, chunk.start)

    def remove(self, job: PointsJob, chunk: Chunk) -> None:
        """Forget a piece."""
        for key in (_tracks_key(job, chunk.start), _state_key(job, chunk.stop), _part_key(job, chunk.start)):
            self._store.remove_answer(key)

    def remove_part(self, job: PointsJob, chunk: Chunk) -> None:
        """Forget a piece's part of the video."""
        self._store.remove_answer(_part_key(job, chunk.start))


def gone() -> StoreError:
    """Return the error of a piece that was kept, and is not any more."""
    return StoreError(
        "finished parts of these tracks were removed from the store, for want of room: set FLOWLAB_QUOTA higher, or "
        "choose fewer frames"
    )


def _tracks_key(job: PointsJob, start: int) -> str:
    return f"tracks:{job.tracks_key}:{start}"


def _state_key(job: PointsJob, frame: int) -> str:
    return f"tracker:{job.tracks_key}:{frame}"


def _part_key(job: PointsJob, start: int) -> str:
    return f"points-part:{job.tracks_key}:{job.look}:{start}"


def _with_head(done: PointsDone, data: bytes) -> bytes:
    head = {"start": done.start, "planned": done.planned, "written": done.written, "note": done.note}
    return json.dumps(head).encode() + b"\n" + data


def _facts(kept: bytes) -> PointsDone:
    return PointsDone(**json.loads(kept.partition(b"\n")[0]))
