"""One run: pieces go out to the workers, results come back, whatever happens to the workers meanwhile.

When a worker dies, Dask gives up everything it held. What was being computed there cannot be told
from what only waited, so all of it is *suspect*: suspects are computed again, each alone on a worker
of its own, in the order they were given. A piece that kills its worker alone as well is the culprit.
It is tried twice, since the second death may be somebody else's doing (the system short of memory).
"""

import logging
import queue
import threading
import time
import uuid
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from flowlab.engine.link import Link
from flowlab.engine.pieces import Piece, opened
from flowlab.errors import CancelledError, EngineError, TimeLimitError

_log = logging.getLogger(__name__)

_ALONE = 2  # deaths alone on a worker that convict a piece
_TICK_SECONDS = 0.05  # between two looks at the cancel event
_OBEY_SECONDS = 0.6  # for pieces to notice that they were called off, before their worker is ended
_NO_WORKER_SECONDS = 30.0
_ORPHAN_SECONDS = 0.3  # for Dask to say that a piece died with its worker
_LOSSES = 5  # times a piece may vanish without a reason given
_SLACK_SECONDS = 0.5  # a piece began a little before its place says so


@dataclass
class _Ticket:
    piece: Piece
    number: int
    worker: str = ""
    future: Any = None
    deaths: int = 0
    losses: int = 0
    alone: bool = False
    orphaned: float | None = None  # when its worker was first seen to be gone


class Run:
    """Computes pieces over a connection.

    Args:
        link: the connection; a run ends with it.
        pieces: taken one by one as places become free.
        cancel: calls the run off when it is set.
    """

    def __init__(self, link: Link, pieces: Iterable[Piece], cancel: threading.Event | None) -> None:
        self._link, self._fresh, self._cancel = link, iter(pieces), cancel
        self._name = f"flowlab-{uuid.uuid4().hex}"
        self._taken = self._tries = 0
        self._exhausted = False
        self._again: deque[_Ticket] = deque()
        self._suspects: list[_Ticket] = []
        self._flying: dict[str, _Ticket] = {}
        self._answers: queue.SimpleQueue[tuple[str, str, Any] | None] = queue.SimpleQueue()
        self._had_worker = time.monotonic()

    def results(self) -> Iterator[tuple[Piece, Any]]:
        """Yield each piece with its result as they are done; see `Cluster.run`."""
        try:
            self._send_out()
            while self._flying or self._again or self._suspects or not self._exhausted:
                done = self._next_done()
                self._send_out()
                if done is not None:
                    self._link.places.forget(self._name)
                    yield done
        finally:
            self._end()

    # --- out --------------------------------------------------------------------------------------------

    def _send_out(self) -> None:
        """Send out what there is a place for; while there are suspects, them alone."""
        if self._suspects:
            if not any(ticket.alone for ticket in self._flying.values()):
                self._try_suspect()
            return
        while self._again or not self._exhausted:
            key = self._next_key()
            worker = self._link.places.take(self._name, key, self._wake)
            if worker is None:
                return
            try:
                ticket = self._again.popleft() if self._again else self._next_fresh()
            except BaseException:
                self._link.places.leave(key)
                raise
            if ticket is None:
                self._link.places.leave(key)
                self._link.places.forget(self._name)
                return
            self._submit(ticket, key, worker)

    def _next_fresh(self) -> _Ticket | None:
        piece = next(self._fresh, None)
        if piece is None:
            self._exhausted = True
            return None
        self._taken += 1
        return _Ticket(piece, self._taken)

    def _try_suspect(self) -> None:
        key = self._next_key()
        worker = self._link.places.take_alone(self._name, key, self._wake)
        if worker is not None:
            self._suspects.sort(key=lambda ticket: ticket.number)
            ticket = self._suspects.pop(0)
            ticket.alone = True
            self._submit(ticket, key, worker)

    def _submit(self, ticket: _Ticket, key: str, worker: str) -> None:
        ticket.worker, ticket.orphaned = worker, None
        self._flying[key] = ticket

        def deliver(kind: str, value: Any) -> None:
            self._answers.put((key, kind, value))

        call = (self._name, ticket.piece.packed(), ticket.piece.seconds)
        ticket.future = self._link.submit(key, worker, call, deliver)

    def _next_key(self) -> str:
        self._tries += 1
        return f"{self._name}-{self._tries}"

    def _wake(self) -> None:
        self._answers.put(None)

    # --- back -------------------------------------------------------------------------------------------

    def _next_done(self) -> tuple[Piece, Any] | None:
        """Wait a moment for an answer; return a finished piece, or None where there is none yet."""
        try:
            answer = self._answers.get(timeout=_TICK_SECONDS)
        except queue.Empty:
            answer = None
        if self._cancel is not None and self._cancel.is_set():
            raise CancelledError("the work was cancelled: start it again, what was finished is kept")
        self._look()
        if answer is None or answer[0] not in self._flying:  # or an answer to what was asked anew since
            return None
        key, kind, value = answer
        was_alone = self._flying[key].alone
        ticket, seconds = self._landed(key)
        if kind == "done":
            return ticket.piece, opened(ticket.piece, value)
        if kind == "killed":
            self._note_death(ticket, value, seconds, was_alone)
        elif kind == "lost":
            self._note_loss(ticket)
        else:
            _log.error("%s could not be computed", ticket.piece.what, exc_info=value)
            raise EngineError(f"{ticket.piece.what} could not be computed: the log says how; try another")
        return None

    def _landed(self, key: str) -> tuple[_Ticket, float | None]:
        """Give a piece's place back; return it, and for how long it was computed."""
        ticket = self._flying.pop(key)
        seconds = self._link.places.leave(key)
        if ticket.alone:
            ticket.alone = False
            self._link.places.release(self._name)
        return ticket, seconds

    def _note_death(self, ticket: _Ticket, worker: str, seconds: float | None, was_alone: bool) -> None:
        places, piece = self._link.places, ticket.piece
        places.drop(worker)
        self._link.look(wait=True)
        if worker in self._link.ended:
            self._again.append(ticket)
            return
        if seconds is not None and seconds > max(piece.seconds - _SLACK_SECONDS, piece.seconds / 2):
            raise TimeLimitError(
                f"{piece.what} took longer than {piece.seconds:g} s and was stopped: "
                "use a smaller width or fewer frames"
            )
        _log.info("a worker died while it held %s", piece.what)
        ticket.deaths += was_alone
        if ticket.deaths >= _ALONE:
            raise EngineError(
                f"a worker died while computing {piece.what} ({1 + ticket.deaths} times) and was replaced: "
                "the file may be damaged, or need more memory than there is; try another, or a smaller width"
            )
        self._suspects.append(ticket)

    def _note_loss(self, ticket: _Ticket) -> None:
        if self._link.lost:
            raise self._link.loss()
        ticket.losses += 1
        if ticket.losses > _LOSSES:
            raise EngineError(f"{ticket.piece.what} was lost by the cluster {ticket.losses} times: try again")
        self._again.append(ticket)

    def _take_back_orphans(self) -> None:
        """Take back pieces whose worker has gone and of which Dask says nothing more.

        It waits for that worker to come back, where it was told to try again or the piece had only just been sent.
        """
        now = time.monotonic()
        for key, ticket in list(self._flying.items()):
            if self._link.places.exists(ticket.worker):
                ticket.orphaned = None
            elif ticket.orphaned is None:
                ticket.orphaned = now
            elif now - ticket.orphaned > _ORPHAN_SECONDS:
                self._link.cancel([ticket.future])
                was_alone = ticket.alone
                _, seconds = self._landed(key)
                self._note_death(ticket, ticket.worker, seconds and seconds - _ORPHAN_SECONDS, was_alone)

    def _look(self) -> None:
        if self._link.lost:
            raise self._link.loss()
        self._link.look()
        self._take_back_orphans()
        if self._link.places.workers:
            self._had_worker = time.monotonic()
        elif time.monotonic() - self._had_worker > _NO_WORKER_SECONDS:
            raise EngineError(f"the cluster has had no worker for {_NO_WORKER_SECONDS:g} s: start one, or restart it")

    # --- the end ----------------------------------------------------------------------------------------

    def _end(self) -> None:
        """Stop what is still on its way; afterwards nothing of this run computes any more."""
        places = self._link.places
        if self._flying and not self._link.lost:
            self._link.call_off(self._name, sorted({ticket.worker for ticket in self._flying.values()}))
            self._drain(_OBEY_SECONDS)
        if self._flying and not self._link.lost:
            workers = sorted({ticket.worker for ticket in self._flying.values()})
            self._link.cancel([ticket.future for ticket in self._flying.values()])
            self._link.end_workers(self._link.deaf(self._name, workers))
        for key in self._flying:
            places.leave(key)
        self._flying.clear()
        places.release(self._name)
        places.forget(self._name)

    def _drain(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._flying and (left := deadline - time.monotonic()) > 0 and not self._link.lost:
            try:
                answer = self._answers.get(timeout=min(left, _TICK_SECONDS))
            except queue.Empty:
                continue
            if answer is not None:
                self._flying.pop(answer[0], None)
                self._link.places.leave(answer[0])
