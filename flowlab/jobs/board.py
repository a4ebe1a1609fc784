"""The jobs of one server: asked for by anyone, run by a few threads, seen by everyone.

A job belongs to the server and not to the session that asked for it: a person may close the page, come back by
the job's link, and find it done.
"""

import contextlib
import itertools
import logging
import queue
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping

from flowlab.errors import CancelledError, EngineError, FlowlabError, ParameterError, shown
from flowlab.jobs.ticket import Job, Progress, State, Ticket, Work

_log = logging.getLogger(__name__)

MOST_QUEUED = 100
"""Jobs that may wait in all."""
MOST_QUEUED_EACH = 20
"""Jobs of one person that may wait."""

_CLOSE_SECONDS = 5.0
_OWNERS_REMEMBERED = 1000  # when each was last served; an older one counts as never served


class Board:
    """Runs at most `slots` jobs at once; the others queue, fairly between the people who asked.

    Next comes the oldest job of the person with the fewest running jobs; among equals, of the one who was served
    longest ago. So whoever asks for one job beside somebody's twenty waits for one of them, not for twenty.

    Thread-safe. Nothing here asks who is calling: a lab is shared, and anyone may cancel any job.

    Args:
        slots: jobs that run at once, or a function that says so: it is called once, when the first job is asked
            for, and may take its time.
        keep: jobs that have ended and are still shown; older ones are forgotten.
        clock: seconds, monotonic: what times and speeds are measured with.

    Raises:
        ParameterError: `slots` below 1, or `keep` below 0.
    """

    def __init__(
        self, slots: int | Callable[[], int], *, keep: int = 50, clock: Callable[[], float] = time.monotonic
    ) -> None:
        if isinstance(slots, int) and slots < 1:
            raise ParameterError(f"slots is {slots}: a board runs at least 1 job at a time")
        if keep < 0:
            raise ParameterError(f"keep is {keep}: a board keeps 0 or more ended jobs")
        self._ask_slots = slots
        self._slots, self._keep, self._clock = 0, keep, clock
        self._lock = threading.Lock()
        self._change = threading.Condition(self._lock)  # some job has ended
        self._jobs: dict[str, Job] = {}  # those that have ended in the order in which they did
        self._queued: list[Job] = []  # oldest first
        self._running: list[Job] = []  # in the order in which they began
        self._order: list[Job] | None = None  # expected order of service, until something changes
        self._served: OrderedDict[str, int] = OrderedDict()  # owner -> number of the turn; last served last
        self._numbers = itertools.count(1)
        self._given: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._closed = False

    def ask(self, work: Work, owner: str) -> Ticket:
        """Ask for a job and return how it stands; never waits for it.

        A job of the same key that waits, runs or is done is returned as it is, whoever asked first. One that
        failed or was cancelled runs again.

        Raises:
            EngineError: too many jobs wait already, or the board is closed; also what `slots` raises.
        """
        if not self._slots:
            asked = self._ask_slots
            self._slots = max(1, asked if isinstance(asked, int) else asked())
        with self._lock:
            if self._closed:
                raise EngineError(f"{shown(work.title)} cannot begin, the server is shutting down: ask again later")
            known = self._jobs.get(work.key)
            if known is not None and known.state not in (State.FAILED, State.CANCELLED):
                return self._ticket(known)
            self._check_room(owner)
            self._start_threads()
            now = self._clock()
            number, progress = next(self._numbers), Progress(now, self._clock)
            job = Job(work.key, work.title, dict(work.link), owner, work.run, number, now, progress, unit=work.unit)
            self._jobs[work.key] = job
            self._queued.append(job)
            self._give_out()
            return self._ticket(job)

    def find(self, key: str) -> Ticket | None:
        """Return how the job of that key stands; None: not known, or forgotten."""
        with self._lock:
            job = self._jobs.get(key)
            return None if job is None else self._ticket(job)

    def tickets(self) -> list[Ticket]:
        """Return all jobs: running ones, queued ones in the expected order of service, ended ones newest first."""
        with self._lock:
            over = [job for job in reversed(self._jobs.values()) if job.state.is_over]
            return [self._ticket(job) for job in (*self._running, *self._expected(), *over)]

    def cancel(self, key: str) -> Ticket | None:
        """Call a job off and return how it stands; None: not known. One that has ended stays as it is.

        A queued job is cancelled at once. A running one is asked to stop, and is cancelled when it does; one that
        ends well all the same is done. Anyone may cancel, also for others who wait for the same job.
        """
        with self._lock:
            job = self._jobs.get(key)
            if job is None:
                return None
            self._call_off(job)
            return self._ticket(job)

    def forget(self, key: str) -> None:
        """Drop a job that has ended, for instance because its result is gone; one that has not ended stays."""
        with self._lock:
            if key in self._jobs and self._jobs[key].state.is_over:
                del self._jobs[key]

    def wait(self, key: str, seconds: float) -> Ticket:
        """Wait until the job has ended, at most `seconds`, and return how it stands then.

        Raises:
            EngineError: no job of that key is known.
        """
        with self._change:
            job = self._jobs.get(key)
            if job is None:
                raise EngineError(f"no job {shown(key)} is known here: ask for it again")
            self._change.wait_for(lambda: job.state.is_over, min(seconds, threading.TIMEOUT_MAX))
            return self._ticket(job)

    def close(self, seconds: float = _CLOSE_SECONDS) -> None:
        """Cancel all jobs and wait for their threads, at most `seconds` in all; harmless when closed already.

        A job that does not stop in time is left behind on its thread, which does not keep the process alive.
        """
        deadline = time.monotonic() + seconds
        with self._lock:
            self._closed = True
            for job in (*self._queued, *self._running):
                self._call_off(job)
            for _ in self._threads:
                self._given.put(None)  # behind what was given out before; one too many is read by nobody
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    # --- under the lock ---------------------------------------------------------------------------

    def _check_room(self, owner: str) -> None:
        if len(self._queued) >= MOST_QUEUED:
            raise EngineError(f"{len(self._queued)} jobs wait already, and no more may: ask again when some have ended")
        own = sum(job.owner == owner for job in self._queued)
        if own >= MOST_QUEUED_EACH:
            raise EngineError(f"{own} of your jobs wait already, and no more may: cancel one, or wait for one to begin")

    def _start_threads(self) -> None:
        while len(self._threads) < self._slots:
            name = f"flowlab-job-{len(self._threads) + 1}"
            thread = threading.Thread(target=self._serve, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def _give_out(self) -> None:
        """Let queued jobs run while there are slots."""
        self._order = None
        while self._queued and len(self._running) < self._slots:
            job = self._expected()[0]
            self._order = None
            self._queued.remove(job)
            self._running.append(job)
            self._served[job.owner] = next(self._numbers)
            self._served.move_to_end(job.owner)
            if len(self._served) > _OWNERS_REMEMBERED:
                self._served.popitem(last=False)
            job.state, job.began = State.RUNNING, self._clock()
            job.progress = Progress(job.began, self._clock)
            self._given.put(job)

    def _expected(self) -> list[Job]:
        if self._order is None:
            self._order = _expected_order(self._queued, self._running, self._slots, self._served)
        return self._order

    def _call_off(self, job: Job) -> None:
        if job.state is State.QUEUED:
            self._queued.remove(job)
            self._end(job, State.CANCELLED)
        elif job.state is State.RUNNING:
            job.stop.set()

    def _end(self, job: Job, state: State, result: object = None, error: str | None = None) -> None:
        job.state, job.result, job.error, job.ended, job.run = state, result, error, self._clock(), None
        self._order = None
        self._jobs[job.key] = self._jobs.pop(job.key)  # the last to end
        over = [key for key, other in self._jobs.items() if other.state.is_over]
        for key in over[: max(0, len(over) - self._keep)]:
            del self._jobs[key]
        self._change.notify_all()

    def _ticket(self, job: Job) -> Ticket:
        position = self._expected().index(job) + 1 if job.state is State.QUEUED else 0
        return job.ticket(self._clock(), position, len(self._running))

    # --- in a slot's thread -------------------------------------------------------------------------

    def _serve(self) -> None:
        while self._serve_one():
            pass  # nothing of a job is held while waiting for the next

    def _serve_one(self) -> bool:
        job = self._given.get()
        if job is None:
            return False
        state, result, error = _outcome(job)
        with self._lock:
            self._running.remove(job)
            self._end(job, state, result, error)
            self._give_out()
        return True


def _expected_order(queued: Iterable[Job], running: Iterable[Job], slots: int, served: Mapping[str, int]) -> list[Job]:
    """Return `queued` (oldest first) in the order of service, if jobs end in the order in which they began."""
    waiting: dict[str, deque[Job]] = {}
    for job in queued:
        waiting.setdefault(job.owner, deque()).append(job)
    turns = itertools.count(max(served.values(), default=0) + 1)
    last = {owner: served.get(owner, 0) for owner in waiting}
    busy = deque(job.owner for job in running)
    order: list[Job] = []
    while waiting:
        if len(busy) >= slots:
            busy.popleft()
        runs = Counter(busy)
        owner = min(waiting, key=lambda name: (runs[name], last[name], waiting[name][0].number))
        order.append(waiting[owner].popleft())
        if not waiting[owner]:
            del waiting[owner]
        busy.append(owner)
        last[owner] = next(turns)
    return order


def _outcome(job: Job) -> tuple[State, object, str | None]:
    """Run a job and return its last state, its result and its error; raises nothing whatever the job raises."""
    assert job.run is not None
    try:
        if job.stop.is_set():  # called off between being given out and getting here
            return State.CANCELLED, None, None
        return State.DONE, job.run(job.progress.report, job.stop), None
    except BaseException as failure:  # also SystemExit: a library that exits must not take the slot with it
        if not isinstance(failure, FlowlabError):
            with contextlib.suppress(Exception):  # memory may be short even for the log
                _log.error("job %s failed", shown(job.title), exc_info=failure)
        if job.stop.is_set() or isinstance(failure, CancelledError):
            return State.CANCELLED, None, None
        return State.FAILED, None, _sentence(failure, job.title)


def _sentence(failure: BaseException, title: str) -> str:
    if isinstance(failure, FlowlabError) and str(failure):
        return str(failure)
    if isinstance(failure, MemoryError):
        return f"{shown(title)} needs more memory than there is: use a smaller width or fewer frames"
    return f"{shown(title)} failed in a way nobody foresaw: the log says how; try again, or other settings"
