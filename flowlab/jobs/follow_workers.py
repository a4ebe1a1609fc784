"""The pieces of a clip that is followed: which are missing, and who computes them, a cluster or this process."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Generic

from flowlab.core.clip import Clip
from flowlab.engine.cluster import Cluster, Piece
from flowlab.engine.running import cancelled_by
from flowlab.errors import ClipNotFoundError, shown
from flowlab.jobs.chunk import Chunk
from flowlab.jobs.clip_place import ClipPlace
from flowlab.jobs.dense_chunk import Home
from flowlab.jobs.follow_chunk import draw_chunk, draw_in_worker, follow_chunk, follow_in_worker
from flowlab.jobs.follow_job import FollowJob, R
from flowlab.jobs.follow_kept import PieceDone, PieceGoneError, PieceKeeper, gone
from flowlab.jobs.shipping import ship
from flowlab.jobs.ticket import Report
from flowlab.store.objects import Store

_PATIENCE = 20.0  # times what a piece should take: the machine may be busy
_GRACE = 120.0  # s: opening the clip, and finding its first frame
_ATTEMPTS = 3


class PieceWorkers(Generic[R]):
    """Computes the pieces of one job, and keeps them in the store.

    Args:
        store: keeps the pieces.
        cluster: the processes that compute; None: this one does it alone.
        job: what is asked.
        clip: the clip it is about, open.
        cancel: set by somebody who does not want it any more.
    """

    def __init__(
        self, store: Store, cluster: Cluster | None, job: FollowJob[R], clip: Clip, cancel: threading.Event
    ) -> None:
        self._store, self._cluster = store, cluster
        self._job, self._clip, self._cancel = job, clip, cancel
        self._keeper = PieceKeeper(store)
        self._place: ClipPlace | None = None

    def followed(self, chunk: Chunk) -> PieceDone[R]:
        """Follow and draw one piece, keep it, and return what is known of it.

        Raises:
            PieceGoneError: what came before is not in the store any more.
            FlowlabError: see `FollowWorkshop.follow`.
        """
        if self._is_alone:
            with cancelled_by(self._cancel):
                return self._keep(follow_chunk(self._job, chunk, self._clip, self._keeper.before(self._job, chunk)))
        (done,) = self._computed(follow_in_worker, [chunk], self._keeper.before)
        return done

    def drawn(self, chunks: list[Chunk]) -> Iterator[PieceDone[R]]:
        """Draw pieces whose rows are known, several at once; yield each when its part is kept; raises likewise."""
        if self._is_alone:
            with cancelled_by(self._cancel):
                for chunk in chunks:
                    yield self._keep(draw_chunk(self._job, chunk, self._clip, self._keeper.with_tail(self._job, chunk)))
            return
        yield from self._computed(draw_in_worker, chunks, self._keeper.with_tail)

    @property
    def _is_alone(self) -> bool:
        return self._cluster is None or ClipPlace.of(self._clip).is_pair

    def _computed(
        self, function: Callable[..., Any], chunks: list[Chunk], known: Callable[[FollowJob[R], Chunk], object]
    ) -> Iterator[PieceDone[R]]:
        """Compute pieces in the cluster; one elsewhere is sent what is known of each, and sends back what it made."""
        assert self._cluster is not None
        job, local = self._job, self._cluster.is_local
        home = Home.of(self._store) if local else Home()
        left = {chunk.start: chunk for chunk in chunks}
        for attempt in range(_ATTEMPTS):
            place = self._where(self._cluster)
            pieces = (
                Piece(f"{job.key}:{chunk.start}", function,
                      (job, chunk, place, home, None if local else known(job, chunk)),
                      f"frames {chunk.start} to {chunk.stop - 1} of {shown(job.clip_name)}",
                      _GRACE + _PATIENCE * job.frame_seconds * chunk.pairs)
                for chunk in list(left.values())
            )  # fmt: skip
            with closing(self._cluster.run(pieces, self._cancel)) as results:
                try:
                    for _, done in results:
                        del left[done.start]
                        yield done if local else self._keep(done)
                    return
                except ClipNotFoundError:
                    if local or attempt == _ATTEMPTS - 1:
                        raise
                    # A worker that came later, or was replaced, has nothing yet: the next attempt sends it the clip.
                    self._place = None

    def _where(self, cluster: Cluster) -> ClipPlace:
        """Return where the workers find the clip; it is sent to those elsewhere once."""
        if self._place is None:
            cluster.start()
            here = ClipPlace.of(self._clip)
            self._place = here if cluster.is_local else ship(cluster, here, self._store)
        return self._place

    def _keep(self, done: PieceDone[R]) -> PieceDone[R]:
        return self._keeper.keep(self._job, done)


def finish(
    job: FollowJob[R], keeper: PieceKeeper, workers: PieceWorkers[R], report: Report
) -> tuple[list[PieceDone[R]], int]:
    """See to it that every piece of a job is in the store.

    A piece that was there may be removed for want of room while others are computed. It is computed then; where one
    goes that was computed just now, there is no room.

    Returns:
        What is known of every piece, in order, up to where the clip is damaged, and how many of their frames had been
        followed before.

    Raises:
        FlowlabError: see `FollowWorkshop.follow`.
    """
    return _Work(job, keeper, workers, report).finish()


class _Work(Generic[R]):
    """What is to be done of a job, and what has been done in this call."""

    def __init__(self, job: FollowJob[R], keeper: PieceKeeper, workers: PieceWorkers[R], report: Report) -> None:
        self._job, self._keeper, self._workers, self._report = job, keeper, workers, report
        self._computed: Counter[Chunk] = Counter()

    def finish(self) -> tuple[list[PieceDone[R]], int]:
        """See `finish`."""
        reused: int | None = None
        while True:
            done, unfollowed = self._found()
            known = {chunk: done[chunk] for chunk in done.keys() - unfollowed}
            undrawn = sorted(
                (chunk for chunk, piece in known.items() if piece.written and not self._is_drawn(chunk)),
                key=lambda chunk: chunk.start,
            )
            reused = sum(piece.written for piece in known.values()) if reused is None else reused
            if not unfollowed and not undrawn:
                self._report(self._job.frames, self._job.frames, reused)
                return list(done.values()), reused
            lost = {*unfollowed} - done.keys() | {*undrawn}
            if not lost.isdisjoint(self._computed) or max(self._computed.values(), default=0) > _ATTEMPTS:
                raise gone()
            before = self._computed.total()
            try:
                self._compute(unfollowed, undrawn, sum(chunk.pairs for chunk in known.keys() - undrawn))
            except PieceGoneError:
                if self._computed.total() == before:
                    raise

    def _compute(self, unfollowed: list[Chunk], undrawn: list[Chunk], finished: int) -> None:
        reused = finished
        self._report(finished, self._job.frames, reused)
        for chunk in unfollowed:  # each goes on where the one before it ended
            piece = self._workers.followed(chunk)
            self._computed[chunk] += 1
            finished += piece.planned
            self._report(finished, self._job.frames, reused)
            if piece.is_short:
                break
        for piece in self._workers.drawn(undrawn):
            self._computed[Chunk(piece.start, piece.start + piece.planned)] += 1
            finished += piece.planned
            self._report(finished, self._job.frames, reused)

    def _found(self) -> tuple[dict[Chunk, PieceDone[R]], list[Chunk]]:
        """Return the pieces whose rows are kept, and those to follow, in order, so that all are.

        These are the missing ones, and those before a missing one that lead to it from the last state that is kept.
        """
        job, keeper = self._job, self._keeper
        done: dict[Chunk, PieceDone[R]] = {}
        missing: list[Chunk] = []
        chunks = job.chunks()
        for place, chunk in enumerate(chunks):
            piece = keeper.followed(job, chunk)
            if piece is not None:
                done[chunk] = piece
                if piece.is_short:
                    break  # the clip cannot be read any further
                continue
            first, reached = place, missing[-1].stop if missing else job.start
            while chunks[first].start > reached and not keeper.has_state(job, chunks[first].start):
                first -= 1
            missing += chunks[first : place + 1]
        return done, missing

    def _is_drawn(self, chunk: Chunk) -> bool:
        return self._job.look is None or self._keeper.drawn(self._job, chunk)
