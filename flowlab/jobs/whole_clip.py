"""A whole clip's dense flow, from question to file: what is finished is reused, the rest computed, all checked."""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from flowlab.core.clip import Clip
from flowlab.core.files import replacing, sweep, temporary_name
from flowlab.engine.cluster import Cluster, Piece
from flowlab.engine.running import cancelled_by
from flowlab.errors import ClipError, ClipNotFoundError, FlowFileError, StoreError, shown
from flowlab.jobs.chunk import Chunk
from flowlab.jobs.clip_place import ClipPlace
from flowlab.jobs.dense_chunk import Home, compute_chunk, compute_in_worker
from flowlab.jobs.dense_files import Plan
from flowlab.jobs.dense_job import DenseJob
from flowlab.jobs.kept import ChunkDone, FileKeeper, Keeper, PartKeeper
from flowlab.jobs.shipping import ship
from flowlab.jobs.ticket import Report
from flowlab.media.video_parts import join_parts
from flowlab.store.objects import Store

PRELOAD = ("flowlab.jobs.dense_chunk",)
"""What worker processes import before they are asked for anything."""

WORTH_PROCESSES = 3.0
"""Seconds of work from which other processes are worth their start."""

_ATTEMPTS = 3
_PATIENCE = 20.0  # times what a piece should take: the machine may be busy
_GRACE = 120.0  # s: opening the clip, and finding its first frame


@dataclass(frozen=True)
class Outcome:
    """What came of a whole clip.

    Attributes:
        planned: pairs asked for.
        written: pairs that were written; fewer where the clip could not be read.
        reused: those of them that had been computed before.
        note: why there are fewer, in a sentence, or "".
        content: of a video that was put into the store, its content hash; else "".
        bytes: size of that video.
    """

    planned: int
    written: int
    reused: int
    note: str = ""
    content: str = ""
    bytes: int = 0


@dataclass(frozen=True)
class Workshop:
    """Where whole clips are worked on.

    Attributes:
        store: keeps finished pieces and results.
        cluster: the processes that compute; None: this one does it alone.
    """

    store: Store
    cluster: Cluster | None = None

    def write_files(self, job: DenseJob, clip: Clip, plan: Plan, report: Report, cancel: threading.Event,
                    *, fresh: bool = False) -> Outcome:  # fmt: skip
        """Write one file a pair.

        Args:
            job: what is asked.
            clip: the clip it is about, open.
            plan: where the files go.
            report: told of progress.
            cancel: set by somebody who does not want it any more.
            fresh: whether to compute anew what was finished before.

        Raises:
            FlowFileError: a file cannot be written.
            FlowlabError: see `write_video`.
        """
        make_folder(plan.folder)
        sweep(plan.folder)
        try:
            pieces, reused = self._finish(job, clip, FileKeeper(plan), report, cancel, fresh)
        finally:
            sweep(plan.folder)  # a worker that was ended while it wrote could not do it
        return _outcome(pieces, reused)

    def write_video(self, job: DenseJob, clip: Clip, out: Path, report: Report, cancel: threading.Event,
                    *, fresh: bool = False) -> Outcome:  # fmt: skip
        """Write a video to the file `out`; the arguments are those of `write_files`.

        Raises:
            CancelledError: `cancel` was set; what is finished is kept.
            ClipError: no pair could be read.
            StoreError: the store has no room for the parts.
            EngineError: a process died of this work, or the cluster was lost.
            FlowFileError: the file cannot be written; where there is no place for it, before anything is computed.
            FlowlabError: the method or the view cannot do this.
        """
        make_folder(out.parent)
        if out.is_dir():
            raise FlowFileError(f"{shown(out.name)} cannot be written: it is a folder, choose another name")
        sweep(out.parent)
        made = None if fresh else self.result(job)
        if made is not None:
            return self._copied(made, out, report)
        return self._joined(job, clip, out, report, cancel, fresh)

    def make_video(self, job: DenseJob, clip: Clip, report: Report, cancel: threading.Event) -> Outcome:
        """Make a video and put it into the store, where `result` finds it; raises as `write_video` does."""
        made = self.result(job)
        if made is not None:
            return made
        with self.store.making(".mp4") as path:
            outcome = self._joined(job, clip, path, report, cancel, False)
            size = path.stat().st_size
            record = asdict(outcome) | {"content": self.store.put_file(path), "bytes": size}
        self.store.put_answer(_result_key(job), json.dumps(record).encode())
        for chunk in job.chunks():  # the video holds them all
            PartKeeper().remove(self.store, job, chunk)
        return Outcome(**record)

    def result(self, job: DenseJob) -> Outcome | None:
        """Return what `make_video` made, while it is in the store."""
        kept = self.store.answer(_result_key(job))
        made = None if kept is None else Outcome(**json.loads(kept))
        return made if made is not None and self.store.has(made.content) else None

    def _joined(
        self, job: DenseJob, clip: Clip, out: Path, report: Report, cancel: threading.Event, fresh: bool
    ) -> Outcome:
        keeper = PartKeeper()
        for attempt in range(_ATTEMPTS):
            pieces, reused = self._finish(job, clip, keeper, report, cancel, fresh and not attempt)
            try:
                join_parts(out, self._parts(job, out.is_relative_to(self.store.home)), clip.info.fps)
            except _PartGoneError:
                continue
            except ClipError as error:
                raise FlowFileError(str(error)) from None
            return _outcome(pieces, reused)
        raise _no_room()

    def _parts(self, job: DenseJob, in_store: bool) -> Iterator[bytes]:
        for chunk in job.chunks():
            part = PartKeeper().part(self.store, job, chunk)
            if part is None:
                raise _PartGoneError
            if part:
                if in_store:
                    self.store.room.make(0, coming=len(part))  # what is being made must not fill the disk either
                yield part

    def _copied(self, made: Outcome, out: Path, report: Report) -> Outcome:
        try:
            with replacing(out) as temporary:
                shutil.copyfile(self.store.path(made.content), temporary)
        except OSError as error:
            raise FlowFileError(f"{shown(out.name)} cannot be written: {error.strerror}, choose another") from None
        report(made.planned, made.planned, made.planned)
        return Outcome(made.planned, made.written, made.written, made.note)

    # -- computing ---------------------------------------------------------------------------

    def _finish(
        self, job: DenseJob, clip: Clip, keeper: Keeper, report: Report, cancel: threading.Event, fresh: bool
    ) -> tuple[list[ChunkDone], int]:
        """Compute every piece that is not finished; return all of them in order, and the pairs that were."""
        chunks = job.chunks()
        if fresh:
            for chunk in chunks:
                keeper.remove(self.store, job, chunk)
        reused: int | None = None
        computed: set[int] = set()
        for _ in range(_ATTEMPTS):
            # What was computed a moment ago counts as well when it can be read back, and not before.
            found = {chunk: keeper.found(self.store, job, chunk) for chunk in chunks}
            pieces = [piece for piece in found.values() if piece is not None]
            pairs = sum(piece.planned for piece in pieces)
            reused = pairs if reused is None else reused
            report(pairs, job.pairs, reused)
            missing = [chunk for chunk in chunks if found[chunk] is None]
            if not missing:
                return _readable(pieces), reused
            if any(chunk.start in computed for chunk in missing):
                break
            for done in self._computed(job, clip, missing, keeper, cancel):
                computed.add(done.start)
                pairs += done.planned
                report(pairs, job.pairs, reused)
        raise _no_room()

    def _computed(
        self, job: DenseJob, clip: Clip, chunks: list[Chunk], keeper: Keeper, cancel: threading.Event
    ) -> Iterator[ChunkDone]:
        place = ClipPlace.of(clip)
        if self.cluster is None or place.is_pair:
            with cancelled_by(cancel):
                for chunk in chunks:
                    yield keeper.keep(self.store, job, compute_chunk(job, chunk, clip))
            return
        self.cluster.start()
        here = self.cluster.is_local
        place = place if here else ship(self.cluster, place, self.store)
        home, writer = (Home.of(self.store), keeper) if here else (Home(), None)
        seconds = _GRACE + _PATIENCE * job.seconds / job.pairs * max(chunk.pairs for chunk in chunks)
        pieces = (
            Piece(f"{job.key}:{chunk.start}", compute_in_worker, (job, chunk, place, home, writer),
                  f"frames {chunk.start} to {chunk.stop - 1} of {shown(job.clip_name)}", seconds)
            for chunk in chunks
        )  # fmt: skip
        with closing(self.cluster.run(pieces, cancel)) as results:
            try:
                for _, done in results:
                    yield done if here else keeper.keep(self.store, job, done)
            except ClipNotFoundError:
                if here:
                    raise
                # A worker that came later, or was replaced, has nothing yet: the next attempt sends it the clip.


class _PartGoneError(Exception):
    """A finished part was removed from the store."""


def make_folder(folder: Path) -> None:
    """Make the folder, and see now and not after an hour's work that files can be put there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FlowFileError(f"the folder {shown(folder)} cannot be made: {error.strerror}, choose another") from None
    try:
        (probe := folder / temporary_name()).touch()
        probe.unlink()
    except OSError as error:
        raise FlowFileError(
            f"the folder {shown(folder)} cannot be written to: {error.strerror}, choose another"
        ) from None


def _readable(pieces: list[ChunkDone]) -> list[ChunkDone]:
    """Return the pieces; raises ClipError where none of them has a single pair."""
    if not any(piece.written for piece in pieces):
        raise ClipError(next((piece.note for piece in pieces if piece.note), "no frame of this clip could be read"))
    return pieces


def _outcome(pieces: list[ChunkDone], reused: int) -> Outcome:
    written = sum(piece.written for piece in pieces)
    note = next((piece.note for piece in pieces if piece.note), "")
    return Outcome(sum(piece.planned for piece in pieces), written, min(reused, written), note)


def _result_key(job: DenseJob) -> str:
    return f"result:{job.key}"


def _no_room() -> StoreError:
    return StoreError(
        "finished parts of this clip were removed from the store while others were computed, for want of room: "
        "set FLOWLAB_QUOTA higher, or choose fewer frames"
    )
