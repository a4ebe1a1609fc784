"""One piece of a whole clip: what a worker process does between two looks at the clock."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2

from flowlab.core.clip import Clip
from flowlab.dense.methods import method
from flowlab.engine.running import check_cancelled
from flowlab.errors import ClipError
from flowlab.jobs.answer import Answer, answer_pair
from flowlab.jobs.chunk import Chunk
from flowlab.jobs.clip_place import ClipPlace
from flowlab.jobs.dense_job import DenseJob
from flowlab.jobs.glitch import carrying
from flowlab.jobs.kept import ChunkDone, Keeper
from flowlab.jobs.pairs import Pair, stream_pairs
from flowlab.media.video_parts import PartWriter
from flowlab.store.objects import Store, open_store


@dataclass(frozen=True)
class Home:
    """The store of another process on this machine.

    Attributes:
        path: its home folder; None: what the environment names where this is opened, on another machine.
        quota: bytes it may take.
    """

    path: Path | None = None
    quota: int = 0

    @classmethod
    def of(cls, store: Store) -> "Home":
        """Return where `store` is."""
        return cls(store.home, store.quota)

    def open(self) -> Store:
        """Open it, once a process; raises StoreError where it cannot be."""
        return _opened(self)


@lru_cache(maxsize=4)
def _opened(home: Home) -> Store:
    return open_store() if home.path is None else Store(home.path, quota=home.quota)


def compute_in_worker(job: DenseJob, chunk: Chunk, place: ClipPlace, home: Home, keeper: Keeper | None) -> ChunkDone:
    """Compute a piece in a worker process; keep it here, or without `keeper` return it with its data.

    Raises:
        ClipNotFoundError: the clip is not on this machine.
        CancelledError: it was called off.
        FlowlabError: it cannot be computed, or kept.
    """
    cv2.setNumThreads(1)  # the other processes have the other cores
    store = home.open()
    done = compute_chunk(job, chunk, place.open(store))
    return done if keeper is None else keeper.keep(store, job, done)


def compute_chunk(job: DenseJob, chunk: Chunk, clip: Clip) -> ChunkDone:
    """Compute the pairs of `chunk` of an open clip; of one that cannot be read to the end, those before that.

    Raises:
        CancelledError: it was called off (engine.running).
        FlowlabError: the method, the view or the format cannot do this.
    """
    notes: list[str] = []
    answers = _answers(job, _readable(stream_pairs(clip, chunk.start, chunk.stop + job.gap, job.gap), notes))
    if job.output.is_video:
        written, data = _part(job, answers, clip)
    else:
        data = tuple(job.output.encoded(answer, job.gap) for answer in answers)
        written = len(data)
    return ChunkDone(chunk.start, chunk.pairs, written, "".join(notes), data)


def _readable(pairs: Iterator[Pair], notes: list[str]) -> Iterator[Pair]:
    """Yield the pairs up to where the clip is damaged, and note what is said there."""
    try:
        for pair in pairs:
            check_cancelled()
            yield pair
    except ClipError as error:
        notes.append(str(error))


def _answers(job: DenseJob, pairs: Iterable[Pair]) -> Iterable[Answer]:
    chosen = method(job.method)
    answers = (answer_pair(pair, chosen, job.parameters) for pair in pairs)
    if job.outliers is not None:
        answers = (answer.filtered(job.outliers) for answer in answers)
    return carrying(answers) if job.output.accumulates else answers


def _part(job: DenseJob, answers: Iterable[Answer], clip: Clip) -> tuple[int, tuple[bytes, ...]]:
    """Return how many pictures there are, and the part of the video that shows them."""
    count = 0
    with PartWriter(job.width, job.height, clip.info.fps) as part:
        for answer in answers:
            part.write(job.output.drawn(answer), clip.time(answer.pair.first.index))
            count += 1
        return count, (part.finish(),) if count else ()
