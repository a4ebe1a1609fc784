"""One piece of a clip that is followed: read ahead, followed, drawn and encoded, each step in a thread of its own."""

from collections.abc import Iterator
from contextlib import closing, nullcontext
from fractions import Fraction
from types import TracebackType
from typing import Generic, Self

import cv2

from flowlab.core.clip import Clip, Frame
from flowlab.engine.ahead import ahead
from flowlab.engine.running import check_cancelled
from flowlab.errors import ClipError
from flowlab.jobs.chunk import Chunk
from flowlab.jobs.clip_place import ClipPlace
from flowlab.jobs.dense_chunk import Home
from flowlab.jobs.follow_job import Follower, FollowJob, R
from flowlab.jobs.follow_kept import Before, PieceDone, PieceKeeper
from flowlab.media.video_parts import PartWriter

Timed = tuple[Frame, Fraction]


def follow_in_worker(
    job: FollowJob[R], chunk: Chunk, place: ClipPlace, home: Home, before: Before[R] | None
) -> PieceDone[R]:
    """Follow and draw a piece in a worker process.

    With `before` what came of it is returned with all its data, to be kept elsewhere; without, what came before is
    read from the store here, and the piece is kept there too.

    Raises:
        ClipNotFoundError: the clip is not on this machine.
        CancelledError: it was called off.
        PieceGoneError: what came before is not in the store any more.
        FlowlabError: it cannot be computed, or kept.
    """
    # Pieces follow one another: no other process works on this clip meanwhile. Drawing and encoding keep one core busy.
    cv2.setNumThreads(max(1, _cores() - 1) if job.look else _cores())
    store = home.open()
    if before is not None:
        return follow_chunk(job, chunk, place.open(store), before)
    keeper = PieceKeeper(store)
    done = follow_chunk(job, chunk, place.open(store), keeper.before(job, chunk))
    return keeper.keep(job, done)


def draw_in_worker(job: FollowJob[R], chunk: Chunk, place: ClipPlace, home: Home, rows: R | None) -> PieceDone[R]:
    """Draw a piece whose rows are known: given, or in the store here, where the part of the video is then kept."""
    cv2.setNumThreads(1)  # the other processes have the other cores
    store = home.open()
    if rows is not None:
        return draw_chunk(job, chunk, place.open(store), rows)
    keeper = PieceKeeper(store)
    return keeper.keep(job, draw_chunk(job, chunk, place.open(store), keeper.with_tail(job, chunk)))


def follow_chunk(job: FollowJob[R], chunk: Chunk, clip: Clip, before: Before[R]) -> PieceDone[R]:
    """Follow through the frames of `chunk` of an open clip, and draw them where that is wanted.

    Of a clip that cannot be read to the end, the frames before that.

    Raises:
        CancelledError: it was called off (engine.running).
        ClipError: the frame before the piece cannot be read any more.
        FlowlabError: the parameters do not fit this clip.
    """
    notes: list[str] = []
    follower = _follower(job, chunk, clip, before)
    rows = [before.tail]
    with (
        _Part(job, clip) if job.look else nullcontext() as part,
        closing(ahead(_readable(clip, chunk, notes))) as frames,
        closing((frame, time, follower.step(frame)) for frame, time in frames) as followed,
        closing(ahead(followed) if part else followed) as drawable,  # the last thread that reads is ended first
    ):
        for frame, time, found in drawable:
            check_cancelled()
            rows.append(found)
            if part:
                part.draw(frame, time, job.joined(rows[-part.trail - 1 :]))
        followed_rows = job.joined(rows).between(chunk.start, chunk.stop)
        return PieceDone(chunk.start, chunk.pairs, followed_rows.stop - followed_rows.start, "".join(notes),
                         followed_rows, follower.state(), part.finish() if part else None)  # fmt: skip


def draw_chunk(job: FollowJob[R], chunk: Chunk, clip: Clip, rows: R) -> PieceDone[R]:
    """Draw the frames of `chunk` that were followed; their rows and those of their tail are known.

    Raises:
        CancelledError: it was called off (engine.running).
        ClipError: a frame that was followed cannot be read any more.
    """
    stop = min(chunk.stop, rows.stop)
    timed = ((frame, clip.time(frame.index)) for frame in clip.frames(chunk.start, stop))
    with _Part(job, clip) as part, closing(ahead(timed)) as frames:
        for frame, time in frames:
            check_cancelled()
            part.draw(frame, time, rows)
        return PieceDone(chunk.start, chunk.pairs, stop - chunk.start, part=part.finish())


def _follower(job: FollowJob[R], chunk: Chunk, clip: Clip, before: Before[R]) -> Follower[R]:
    if before.state is None:
        return job.follower()
    (last,) = clip.frames(chunk.start - 1, chunk.start)  # `frame` may read on, and the next run would begin anew
    return job.resumed(before.state, last)


def _readable(clip: Clip, chunk: Chunk, notes: list[str]) -> Iterator[Timed]:
    """Yield the frames up to where the clip is damaged, each with its time, and note what is said there."""
    here = chunk.start
    try:
        for frame in clip.frames(here, chunk.stop):
            yield frame, clip.time(frame.index)
            here = frame.index + 1
        return
    except ClipError:
        pass  # a clip that reads some frames at once gives none of them where one is damaged
    try:
        for index in range(here, chunk.stop):
            (frame,) = clip.frames(index, index + 1)
            yield frame, clip.time(index)
    except ClipError as error:
        notes.append(str(error))


class _Part(Generic[R]):
    """The part of the video that shows a piece; it is empty where no frame could be read."""

    def __init__(self, job: FollowJob[R], clip: Clip) -> None:
        assert job.look is not None
        self.trail = job.look.trail
        self._job = job
        self._count = 0
        self._writer = PartWriter(job.width, job.height, clip.info.fps)

    def draw(self, frame: Frame, time: Fraction, rows: R) -> None:
        self._writer.write(self._job.drawn(frame, rows), time)
        self._count += 1

    def finish(self) -> bytes:
        return self._writer.finish() if self._count else b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()


def _cores() -> int:
    """Return how many cores this process may use."""
    return max(1, cv2.getNumberOfCPUs())
