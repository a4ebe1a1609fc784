"""Finished pieces of a whole clip: how they are kept, so that a job goes on where it was stopped.

A piece counts as finished when its record is in the store, which is written after everything it speaks of.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Protocol

from flowlab.core.files import write_whole
from flowlab.errors import FlowFileError, shown
from flowlab.jobs.chunk import Chunk
from flowlab.jobs.dense_files import Plan
from flowlab.jobs.dense_job import DenseJob
from flowlab.store.objects import Store


@dataclass(frozen=True)
class ChunkDone:
    """What came of one piece.

    Attributes:
        start: its first pair.
        planned: pairs it should have.
        written: pairs it has; fewer where the clip could not be read.
        note: why it has fewer, in a sentence, or "".
        data: a part of a video, or the bytes of the files in order; () once they are kept elsewhere.
    """

    start: int
    planned: int
    written: int
    note: str = ""
    data: tuple[bytes, ...] = field(default=(), repr=False)

    @property
    def record(self) -> dict[str, object]:
        """Everything but the data."""
        return {name: value for name, value in asdict(self).items() if name != "data"}


class Keeper(Protocol):
    """Keeps finished pieces, and finds them again. It means the same in every process of one machine."""

    def keep(self, store: Store, job: DenseJob, done: ChunkDone) -> ChunkDone:
        """Keep a finished piece for good; return it without its data."""

    def found(self, store: Store, job: DenseJob, chunk: Chunk) -> ChunkDone | None:
        """Return a piece that was kept and is still whole, without its data."""

    def remove(self, store: Store, job: DenseJob, chunk: Chunk) -> None:
        """Forget a piece."""


@dataclass(frozen=True)
class PartKeeper:
    """Keeps the parts of a video in the store, each under the job's key, whoever asks for it."""

    def keep(self, store: Store, job: DenseJob, done: ChunkDone) -> ChunkDone:
        """Keep a part; raises StoreError where there is no room."""
        head = json.dumps(done.record).encode()
        store.put_answer(self._key(job, done.start), b"\n".join((head, *done.data)))
        return ChunkDone(**done.record)  # type: ignore[arg-type]

    def found(self, store: Store, job: DenseJob, chunk: Chunk) -> ChunkDone | None:
        """Return what is known of a part that is here."""
        kept = store.answer(self._key(job, chunk.start))
        return None if kept is None else ChunkDone(**json.loads(kept.partition(b"\n")[0]))

    def part(self, store: Store, job: DenseJob, chunk: Chunk) -> bytes | None:
        """Return a part's bytes, b"" where it has no pictures; None where it is not here (any more)."""
        kept = store.answer(self._key(job, chunk.start))
        return None if kept is None else kept.partition(b"\n")[2]

    def remove(self, store: Store, job: DenseJob, chunk: Chunk) -> None:
        """Forget a part."""
        store.remove_answer(self._key(job, chunk.start))

    @staticmethod
    def _key(job: DenseJob, start: int) -> str:
        return f"part:{job.key}:{start}"


@dataclass(frozen=True)
class FileKeeper:
    """Writes one file a pair where the person wants them; the store remembers which are done.

    Attributes:
        plan: where each file goes.
    """

    plan: Plan

    def keep(self, store: Store, job: DenseJob, done: ChunkDone) -> ChunkDone:
        """Write the files of a piece, then its record.

        Raises:
            FlowFileError: a file cannot be written.
            StoreError: the record cannot.
        """
        facts = []
        for number, data in enumerate(done.data):
            path = self.plan.path(done.start + number, job.output.suffix)
            try:
                write_whole(path, data)
                facts.append(_facts(path))
            except OSError as error:
                raise FlowFileError(f"{shown(path.name)} cannot be written: {error.strerror}, choose another") from None
        record = {"done": done.record, "files": facts}
        store.put_answer(self._key(job, done.start), json.dumps(record).encode())
        return ChunkDone(**done.record)  # type: ignore[arg-type]

    def found(self, store: Store, job: DenseJob, chunk: Chunk) -> ChunkDone | None:
        """Return what is known of a piece whose files are there as they were written."""
        kept = store.answer(self._key(job, chunk.start))
        if kept is None:
            return None
        record = json.loads(kept)
        paths = (self.plan.path(chunk.start + number, job.output.suffix) for number in range(len(record["files"])))
        try:
            untouched = all(_facts(path) == known for path, known in zip(paths, record["files"], strict=True))
        except OSError:
            return None
        return ChunkDone(**record["done"]) if untouched else None

    def remove(self, store: Store, job: DenseJob, chunk: Chunk) -> None:
        """Forget a piece; its files stay until they are written again."""
        store.remove_answer(self._key(job, chunk.start))

    def _key(self, job: DenseJob, start: int) -> str:
        return f"files:{job.key}:{start}:{self.plan.out.absolute()}"


def _facts(path: Path) -> list[int]:
    """Return what changes when somebody writes to a file: its size, and when that was."""
    facts = path.stat()
    return [facts.st_size, facts.st_mtime_ns]
