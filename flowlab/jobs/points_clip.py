"""A whole clip's tracks, from question to files: what is finished is reused, the rest computed, all checked."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from flowlab.core.clip import Clip
from flowlab.core.files import replacing
from flowlab.engine.cluster import Cluster, Piece
from flowlab.engine.running import cancelled_by
from flowlab.errors import ClipError, ClipNotFoundError, FlowFileError, shown
from flowlab.jobs.chunk import Chunk
from flowlab.jobs.clip_place import ClipPlace
from flowlab.jobs.dense_chunk import Home
from flowlab.jobs.points_chunk import draw_chunk, draw_in_worker, track_chunk, track_in_worker
from flowlab.jobs.points_job import PointsJob
from flowlab.jobs.points_kept import PointsDone, PointsKeeper, gone
from flowlab.jobs.shipping import ship
from flowlab.jobs.ticket import Report
from flowlab.jobs.track_table import CONTRACT, table_of
from flowlab.media.video_parts import join_parts
from flowlab.store.objects import Store
from flowlab.tracking.statistics import TrackSummary
from flowlab.tracking.tracks import Tracks

PRELOAD = ("flowlab.jobs.points_chunk",)
"""What worker processes import before they are asked for anything."""

_PATIENCE = 20.0  # times what a piece should take: the machine may be busy
_GRACE = 120.0  # s: opening the clip, and finding its first frame
_ATTEMPTS = 3


@dataclass(frozen=True)
class PointsOutcome:
    """What came of a whole clip's tracks.

    Attributes:
        planned: frames asked for.
        written: frames that were followed; fewer where the clip could not be read.
        reused: those of them that had been followed before.
        note: why there are fewer, in a sentence, or "".
        video, table: content hashes of what was put into the store; "" where nothing was.
        video_bytes, table_bytes: their sizes.
        summary: the tracks in numbers, see `TrackSummary`.
    """

    planned: int
    written: int
    reused: int
    note: str = ""
    video: str = ""
    table: str = ""
    video_bytes: int = 0
    table_bytes: int = 0
    summary: dict[str, Any] | None = None


@dataclass(frozen=True)
class PointsWorkshop:
    """Where the tracks of whole clips are worked on.

    Attributes:
        store: keeps finished pieces and results.
        cluster: the processes that compute; None: this one does it alone.
    """

    store: Store
    cluster: Cluster | None = None

    def follow(self, job: PointsJob, clip: Clip, report: Report, cancel: threading.Event,
               *, fresh: bool = False) -> PointsOutcome:  # fmt: skip
        """Follow the points, draw them where the job has a look, and keep both in pieces.

        Args:
            job: what is asked.
            clip: the clip it is about, open.
            report: told of progress, in frames.
            cancel: set by somebody who does not want it any more.
            fresh: whether to compute anew what was finished before.

        Raises:
            CancelledError: `cancel` was set; what is finished is kept.
            ClipError: no frame could be read.
            StoreError: the store has no room for the pieces.
            EngineError: a process died of this work, or the cluster was lost.
            FlowlabError: the parameters do not fit this clip.
        """
        chunks, keeper = job.chunks(), PointsKeeper(self.store)
        if fresh:
            for chunk in chunks:
                keeper.remove(job, chunk)
        done, missing = self._found(job, keeper)
        reused = sum(piece.written for piece in done)
        report(reused, job.frames, reused)
        workers = _Workers(self, job, clip, cancel)
        frames = reused
        for chunk in missing:  # each goes on where the one before it ended
            piece = workers.tracked(chunk)
            done.append(piece)
            frames += piece.written
            report(frames, job.frames, reused)
            if piece.written < piece.planned:
                break  # the clip cannot be read any further
        if job.look is not None:
            for _ in workers.drawn([chunk for chunk in chunks[: len(done)] if not keeper.drawn(job, chunk)]):
                report(frames, job.frames, reused)
        if not frames:
            raise ClipError(next((piece.note for piece in done if piece.note), "no frame of this clip could be read"))
        note = next((piece.note for piece in done if piece.note), "")
        return PointsOutcome(job.frames, frames, reused, note)

    def tables(self, job: PointsJob) -> Iterator[Tracks]:
        """Yield what `follow` kept, piece by piece; raises StoreError where it is not here (any more)."""
        keeper = PointsKeeper(self.store)
        for chunk in job.chunks():
            tracks = keeper.tracks(job, chunk)
            if tracks is None:
                raise gone()
            yield tracks.between(job.start, job.stop)
            if tracks.stop < chunk.stop:
                return

    def write_table(self, job: PointsJob, out: Path, columns: str = CONTRACT) -> dict[str, Any]:
        """Write what `follow` kept as a CSV file, whole or not at all, and return its summary.

        Args:
            job: what was asked.
            out: the file.
            columns: which columns it has, see `track_table`.

        Raises:
            FlowFileError: the file cannot be written.
            StoreError: a piece is not in the store (any more).
        """
        summary = TrackSummary()
        with _written(out) as temporary, temporary.open("wb") as file:
            for number, tracks in enumerate(self.tables(job)):
                file.write(table_of(tracks, columns, titles=number == 0))
                summary.add(tracks)
        return summary.as_json()

    def summary(self, job: PointsJob) -> dict[str, Any]:
        """Return what `follow` kept in numbers; raises StoreError where a piece is not in the store (any more)."""
        summary = TrackSummary()
        for tracks in self.tables(job):
            summary.add(tracks)
        return summary.as_json()

    def write_video(self, job: PointsJob, clip: Clip, out: Path) -> None:
        """Join the parts that `follow` kept to a video; raises as `write_table`."""
        with _written(out) as temporary:
            join_parts(temporary, self._parts(job), clip.info.fps)

    def make(self, job: PointsJob, clip: Clip, report: Report, cancel: threading.Event) -> PointsOutcome:
        """Follow and draw, and put video and table into the store, where `result` finds them; raises as `follow`."""
        made = self.result(job)
        if made is not None:
            return made
        outcome = asdict(self.follow(job, clip, report, cancel))
        with self.store.making(".csv") as path:
            outcome["summary"] = self.write_table(job, path)
            outcome |= {"table": self.store.put_file(path), "table_bytes": path.stat().st_size}
        with self.store.making(".mp4") as path:
            self.write_video(job, clip, path)
            outcome |= {"video": self.store.put_file(path), "video_bytes": path.stat().st_size}
        self.store.put_answer(_result_key(job), json.dumps(outcome).encode())
        for chunk in job.chunks():  # the video holds them all; the tracks stay for other colours
            PointsKeeper(self.store).remove_part(job, chunk)
        return PointsOutcome(**outcome)

    def result(self, job: PointsJob) -> PointsOutcome | None:
        """Return what `make` made, while it is in the store."""
        kept = self.store.answer(_result_key(job))
        made = None if kept is None else PointsOutcome(**json.loads(kept))
        return made if made is not None and self.store.has(made.video) and self.store.has(made.table) else None

    def _parts(self, job: PointsJob) -> Iterator[bytes]:
        keeper = PointsKeeper(self.store)
        for chunk in job.chunks():
            part = keeper.part(job, chunk)
            if part is None:
                if keeper.tracked(job, chunk) is None:
                    return  # the clip could not be read up to here
                raise gone()
            if part:
                yield part

    def _found(self, job: PointsJob, keeper: PointsKeeper) -> tuple[list[PointsDone], list[Chunk]]:
        """Return the pieces that are finished, from the first on, and those to compute after them."""
        chunks = job.chunks()
        done: list[PointsDone] = []
        for chunk in chunks:
            piece = keeper.tracked(job, chunk)
            if piece is None:
                break
            done.append(piece)
            if piece.written < piece.planned:
                return done, []
        while done and len(done) < len(chunks) and not keeper.has_state(job, chunks[len(done)].start):
            done.pop()  # the state to go on from was removed for want of room
        return done, chunks[len(done) :]


class _Workers:
    """Computes the pieces of one job: in a cluster's processes, or in this one."""

    def __init__(self, workshop: PointsWorkshop, job: PointsJob, clip: Clip, cancel: threading.Event) -> None:
        self._store, self._cluster = workshop.store, workshop.cluster
        self._job, self._clip, self._cancel = job, clip, cancel
        self._keeper = PointsKeeper(workshop.store)
        self._place: ClipPlace | None = None

    def tracked(self, chunk: Chunk) -> PointsDone:
        """Follow and draw one piece, keep it, and return what is known of it."""
        if self._is_alone:
            with cancelled_by(self._cancel):
                return self._keep(track_chunk(self._job, chunk, self._clip, self._keeper.before(self._job, chunk)))
        before = None if self._is_local else self._keeper.before(self._job, chunk)
        (done,) = self._computed(track_in_worker, [(chunk, before)])
        return done

    def drawn(self, chunks: list[Chunk]) -> Iterator[PointsDone]:
        """Draw pieces whose tracks are known, several at once; yield each when its part is kept."""
        if self._is_alone:
            with cancelled_by(self._cancel):
                for chunk in chunks:
                    yield self._keep(draw_chunk(self._job, chunk, self._clip, self._keeper.with_tail(self._job, chunk)))
            return
        local = self._is_local
        tracks = ((chunk, None if local else self._keeper.with_tail(self._job, chunk)) for chunk in chunks)
        yield from self._computed(draw_in_worker, tracks)

    @property
    def _is_alone(self) -> bool:
        return self._cluster is None or ClipPlace.of(self._clip).is_pair

    @property
    def _is_local(self) -> bool:
        return self._cluster is not None and self._cluster.is_local

    def _computed(self, function: Callable[..., Any], calls: Iterable[tuple[Chunk, Any]]) -> Iterator[PointsDone]:
        assert self._cluster is not None
        job = self._job
        home = Home.of(self._store) if self._is_local else Home()
        for attempt in range(_ATTEMPTS):
            place = self._where()
            pieces = (
                Piece(f"{job.key}:{chunk.start}", function, (job, chunk, place, home, known),
                      f"frames {chunk.start} to {chunk.stop - 1} of {shown(job.clip_name)}",
                      _GRACE + _PATIENCE * job.frame_seconds * chunk.pairs)
                for chunk, known in calls
            )  # fmt: skip
            with closing(self._cluster.run(pieces, self._cancel)) as results:
                try:
                    for _, done in results:
                        yield done if self._is_local else self._keep(done)
                    return
                except ClipNotFoundError:
                    if self._is_local or attempt:
                        raise
                    # A worker that came later, or was replaced, has nothing yet: the next attempt sends it the clip.
                    self._place = None

    def _where(self) -> ClipPlace:
        """Return where the workers find the clip; it is sent to those elsewhere once."""
        assert self._cluster is not None
        if self._place is None:
            self._cluster.start()
            here = ClipPlace.of(self._clip)
            self._place = here if self._is_local else ship(self._cluster, here, self._store)
        return self._place

    def _keep(self, done: PointsDone) -> PointsDone:
        return self._keeper.keep(self._job, done)


@contextmanager
def _written(out: Path) -> Iterator[Path]:
    """Yield where to write what becomes `out` when the block ends well; raises FlowFileError where it cannot."""
    try:
        with replacing(out) as temporary:
            yield temporary
    except OSError as error:
        raise FlowFileError(f"{shown(out.name)} cannot be written: {error.strerror}, choose another") from None


def _result_key(job: PointsJob) -> str:
    return f"points-result:{job.key}"
