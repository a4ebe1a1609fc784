"""A whole clip that is followed, from question to files: what is finished is reused, the rest computed, all checked."""

import json
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from flowlab.core.clip import Clip
from flowlab.core.files import replacing, sweep
from flowlab.engine.cluster import Cluster
from flowlab.errors import ClipError, FlowFileError, shown
from flowlab.jobs.follow_job import FollowJob, R
from flowlab.jobs.follow_kept import PieceGoneError, PieceKeeper, gone
from flowlab.jobs.follow_workers import PieceWorkers, finish
from flowlab.jobs.ticket import Report
from flowlab.jobs.track_table import CONTRACT
from flowlab.jobs.whole_clip import make_folder
from flowlab.media.video_parts import join_parts
from flowlab.store.objects import Store

PRELOAD = ("flowlab.jobs.follow_chunk", "flowlab.jobs.points_job", "flowlab.jobs.region_job")
"""What worker processes import before they are asked for anything."""

_ATTEMPTS = 3


@dataclass(frozen=True)
class FollowOutcome:
    """What came of a whole clip.

    Attributes:
        planned: frames asked for.
        written: frames that were followed; fewer where the clip could not be read.
        reused: those of them that had been followed before.
        note: why there are fewer, in a sentence, or "".
        video, table: content hashes of what was put into the store; "" where nothing was.
        video_bytes, table_bytes: their sizes.
        summary: the rows in numbers, see `FollowJob.summary`; None where nothing was written yet.
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
class FollowFiles:
    """Where what came of a whole clip goes.

    Attributes:
        table: the CSV file; None: none is written, likewise below.
        video: the mp4 file; the job must have a look.
        summary: the JSON file.
        columns: which columns the table has, see `FollowJob.table_of`.
    """

    table: Path | None = None
    video: Path | None = None
    summary: Path | None = None
    columns: str = CONTRACT


@dataclass(frozen=True)
class FollowWorkshop:
    """Where whole clips are followed.

    Attributes:
        store: keeps finished pieces and results.
        cluster: the processes that compute; None: this one does it alone.
    """

    store: Store
    cluster: Cluster | None = None

    def write(self, job: FollowJob[R], clip: Clip, files: FollowFiles, report: Report, cancel: threading.Event,
              *, fresh: bool = False) -> FollowOutcome:  # fmt: skip
        """Follow and write files, each whole or not at all; folders that are missing are made.

        Raises:
            FlowFileError: a file cannot be written; where there is no place for it, before anything is computed.
            FlowlabError: see `follow`.
        """
        assert files.video is None or job.look is not None
        job.check()  # what is refused is told before anything is made
        for path in (files.table, files.video, files.summary):
            if path is not None:
                check_file(path)
                make_folder(path.parent)
                sweep(path.parent)
        first: FollowOutcome | None = None
        for _attempt in range(_ATTEMPTS):
            outcome = self.follow(job, clip, report, cancel, fresh=fresh and first is None)
            first = first or outcome
            try:
                return replace(first, summary=self._written(job, clip, files))
            except PieceGoneError:
                continue  # it was removed for want of room a moment ago, or is damaged
        raise gone()

    def follow(self, job: FollowJob[R], clip: Clip, report: Report, cancel: threading.Event,
               *, fresh: bool = False) -> FollowOutcome:  # fmt: skip
        """Follow, draw where the job has a look, and keep both in pieces.

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
        keeper = PieceKeeper(self.store)
        if fresh:
            for chunk in job.chunks():
                keeper.remove(job, chunk)
        workers = PieceWorkers(self.store, self.cluster, job, clip, cancel)
        done, reused = finish(job, keeper, workers, report)
        note = next((piece.note for piece in done if piece.note), "")
        frames = sum(piece.written for piece in done)
        if not frames:
            raise ClipError(note or "no frame of this clip could be read")
        return FollowOutcome(job.frames, frames, min(reused, frames), note)

    def tables(self, job: FollowJob[R]) -> Iterator[R]:
        """Yield what `follow` kept, piece by piece; raises StoreError where it is not here (any more)."""
        keeper = PieceKeeper(self.store)
        for chunk in job.chunks():
            rows = keeper.rows(job, chunk)
            yield rows
            if rows.stop < chunk.stop:
                return

    def write_table(self, job: FollowJob[R], out: Path, columns: str = CONTRACT) -> dict[str, Any]:
        """Write what `follow` kept as a CSV file, whole or not at all, and return its summary.

        Args:
            job: what was asked.
            out: the file.
            columns: which it has, see `FollowJob.table_of`.

        Raises:
            FlowFileError: the file cannot be written.
            StoreError: a piece is not in the store (any more).
        """
        summary = job.summary()
        with _whole(out) as temporary, temporary.open("wb") as file:
            for number, rows in enumerate(self.tables(job)):
                text = job.table_of(rows, columns, titles=number == 0)
                self._see_to_the_disk(out, text)
                file.write(text)
                summary.add(rows)
        return summary.as_json()

    def summary(self, job: FollowJob[R]) -> dict[str, Any]:
        """Return what `follow` kept in numbers; raises StoreError where a piece is not in the store (any more)."""
        summary = job.summary()
        for rows in self.tables(job):
            summary.add(rows)
        return summary.as_json()

    def write_video(self, job: FollowJob[R], clip: Clip, out: Path) -> None:
        """Join the parts that `follow` kept to a video; raises as `write_table`."""
        try:
            join_parts(out, self._parts(job, out), clip.info.fps)
        except ClipError as error:
            raise FlowFileError(str(error)) from None

    def make(self, job: FollowJob[R], clip: Clip, report: Report, cancel: threading.Event) -> FollowOutcome:
        """Follow and draw, and put table and video into the store, where `result` finds them; raises as `follow`.

        There is no video where the job has no look.
        """
        made = self.result(job)
        if made is not None:
            return made
        with self.store.making(".csv") as table, self.store.making(".mp4") as video:
            files = FollowFiles(table, video if job.look else None)
            outcome = asdict(self.write(job, clip, files, report, cancel))
            outcome |= {"table": self.store.put_file(table), "table_bytes": table.stat().st_size}
            if job.look:
                outcome |= {"video": self.store.put_file(video), "video_bytes": video.stat().st_size}
        self.store.put_answer(_result_key(job), json.dumps(outcome).encode())
        for chunk in job.chunks():  # the video holds them all; the rows stay for other colours
            PieceKeeper(self.store).remove_part(job, chunk)
        return FollowOutcome(**outcome)

    def result(self, job: FollowJob[R]) -> FollowOutcome | None:
        """Return what `make` made, while it is in the store."""
        kept = self.store.answer(_result_key(job))
        made = None if kept is None else FollowOutcome(**json.loads(kept))
        if made is None or not self.store.has(made.table):
            return None
        return made if job.look is None or self.store.has(made.video) else None

    def _written(self, job: FollowJob[R], clip: Clip, files: FollowFiles) -> dict[str, Any]:
        """Write what is wanted of what `follow` kept, and return it in numbers."""
        facts = self.summary(job) if files.table is None else self.write_table(job, files.table, files.columns)
        if files.video is not None:
            self.write_video(job, clip, files.video)
        if files.summary is not None:
            with _whole(files.summary) as temporary:
                temporary.write_bytes(json.dumps(facts, indent=2).encode())
        return facts

    def _parts(self, job: FollowJob[R], out: Path) -> Iterator[bytes]:
        keeper = PieceKeeper(self.store)
        for chunk in job.chunks():
            known = keeper.followed(job, chunk)
            if known is None:
                raise gone()
            if known.written:
                part = keeper.part(job, chunk)
                self._see_to_the_disk(out, part)
                yield part
            if known.is_short:
                return

    def _see_to_the_disk(self, out: Path, coming: bytes) -> None:
        """Raise StoreError where what is being made in the store would fill the disk."""
        if out.is_relative_to(self.store.home):
            self.store.room.make(0, coming=len(coming))


def check_file(path: Path) -> None:
    """Raise FlowFileError where no file can have this name."""
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return  # the folder it is in is another question
    except OSError as error:
        raise _refused(path, error) from None
    if is_folder:
        raise FlowFileError(f"{shown(path.name)} cannot be written: it is a folder, choose another name")


@contextmanager
def _whole(out: Path) -> Iterator[Path]:
    """Yield where to write what becomes `out` when the block ends well; raises FlowFileError where it cannot."""
    try:
        with replacing(out) as temporary:
            yield temporary
    except OSError as error:
        raise _refused(out, error) from None


def _refused(path: Path, error: OSError) -> FlowFileError:
    return FlowFileError(f"{shown(path.name)} cannot be written: {error.strerror or error}, choose another")


def _result_key(job: FollowJob[R]) -> str:
    return f"followed:{job.key}"
