"""One piece of a whole clip's tracks: read ahead, followed, drawn and encoded, each step in a thread of its own."""

from collections.abc import Iterator
from fractions import Fraction

import cv2

from flowlab.core.clip import Clip, Frame
from flowlab.engine.ahead import ahead
from flowlab.engine.running import check_cancelled
from flowlab.errors import ClipError
from flowlab.jobs.chunk import Chunk
from flowlab.jobs.clip_place import ClipPlace
from flowlab.jobs.dense_chunk import Home
from flowlab.jobs.points_job import PointsJob
from flowlab.jobs.points_kept import Before, PointsDone, PointsKeeper
from flowlab.jobs.track_look import TrackLook, draw_frame
from flowlab.media.video_parts import PartWriter
from flowlab.tracking.points import PointTracker
from flowlab.tracking.tracks import Tracks, joined, no_tracks

Timed = tuple[Frame, Fraction]


def track_in_worker(job: PointsJob, chunk: Chunk, place: ClipPlace, home: Home, before: Before | None) -> PointsDone:
    """Follow and draw a piece in a worker process.

    With `before` what came of it is returned with all its data, to be kept elsewhere; without, what came before is
    read from the store here, and the piece is kept there too.

    Raises:
        ClipNotFoundError: the clip is not on this machine.
        CancelledError: it was called off.
        FlowlabError: it cannot be computed, or kept.
    """
    cv2.setNumThreads(_cores())  # pieces follow one another: no other process works on this clip meanwhile
    store = home.open()
    if before is not None:
        return track_chunk(job, chunk, place.open(store), before)
    keeper = PointsKeeper(store)
    done = track_chunk(job, chunk, place.open(store), keeper.before(job, chunk))
    return keeper.keep(job, done)


def draw_in_worker(job: PointsJob, chunk: Chunk, place: ClipPlace, home: Home, tracks: Tracks | None) -> PointsDone:
    """Draw a piece whose tracks are known: given, or in the store here, where the part of the video is then kept."""
    cv2.setNumThreads(1)  # the other processes have the other cores
    store = home.open()
    if tracks is not None:
        return draw_chunk(job, chunk, place.open(store), tracks)
    keeper = PointsKeeper(store)
    return keeper.keep(job, draw_chunk(job, chunk, place.open(store), keeper.with_tail(job, chunk)))


def track_chunk(job: PointsJob, chunk: Chunk, clip: Clip, before: Before) -> PointsDone:
    """Follow points through the frames of `chunk` of an open clip, and draw them where that is wanted.

    Of a clip that cannot be read to the end, the frames before that.

    Raises:
        CancelledError: it was called off (engine.running).
        ClipError: the frame before the piece cannot be read any more.
        FlowlabError: the parameters do not fit this clip.
    """
    notes: list[str] = []
    tracker = _tracker(job, chunk, clip, before)
    frames = ahead(_readable(clip, chunk, notes))
    followed = ((frame, time, tracker.step(frame.grey)) for frame, time in frames)
    rows = [before.tail]
    part = _Part(job, clip) if job.look else None
    for frame, time, found in ahead(followed) if part else followed:
        check_cancelled()
        rows.append(found)
        if part:
            part.draw(frame, time, _recent(rows, part.look))
    tracks = joined(rows).between(chunk.start, chunk.stop)
    return PointsDone(chunk.start, chunk.pairs, tracks.stop - tracks.start, "".join(notes), tracks, tracker.state(),
                      part.finish() if part else None)  # fmt: skip


def draw_chunk(job: PointsJob, chunk: Chunk, clip: Clip, tracks: Tracks) -> PointsDone:
    """Draw the frames of `chunk`, whose tracks and those of its tail are known; raises as `track_chunk`."""
    notes: list[str] = []
    part = _Part(job, clip)
    known = Chunk(chunk.start, min(chunk.stop, tracks.stop))
    for frame, time in ahead(_readable(clip, known, notes)):
        check_cancelled()
        part.draw(frame, time, tracks)
    return PointsDone(chunk.start, chunk.pairs, part.count, "".join(notes), None, None, part.finish())


def _tracker(job: PointsJob, chunk: Chunk, clip: Clip, before: Before) -> PointTracker:
    if before.state is None:
        return PointTracker(job.parameters, allowed=job.allowed, start=chunk.start)
    last = clip.frame(chunk.start - 1).grey
    return PointTracker.resumed(job.parameters, before.state, last, allowed=job.allowed)


def _readable(clip: Clip, chunk: Chunk, notes: list[str]) -> Iterator[Timed]:
    """Yield the frames up to where the clip is damaged, each with its time, and note what is said there."""
    try:
        for frame in clip.frames(chunk.start, chunk.stop):
            yield frame, clip.time(frame.index)
    except ClipError as error:
        notes.append(str(error))


def _recent(rows: list[Tracks], look: TrackLook) -> Tracks:
    """Return the newest rows, as many frames as trails are long."""
    reach = look.trail + 1
    return joined([part for part in rows[-reach:] if part.stop > part.start] or [no_tracks(0, 0)])


class _Part:
    """The part of the video that shows a piece; it is empty where no frame could be read."""

    def __init__(self, job: PointsJob, clip: Clip) -> None:
        assert job.look is not None
        self.look, self.count = job.look, 0
        self._writer = PartWriter(job.width, job.height, clip.info.fps)

    def draw(self, frame: Frame, time: Fraction, tracks: Tracks) -> None:
        self._writer.write(draw_frame(frame.rgb, tracks, frame.index, self.look), time)
        self.count += 1

    def finish(self) -> bytes:
        with self._writer:
            return self._writer.finish() if self.count else b""


def _cores() -> int:
    """Return how many cores this process may use."""
    return max(1, cv2.getNumberOfCPUs())
