"""What a job is, and what everyone may see of it: its state, its place in the queue, how far and how fast it is."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import NamedTuple

Report = Callable[[int, int, int], None]
"""report(done, total, reused): frames finished so far, frames in all, and how many of the finished ones were
read from the store. Cheap, never blocks; called by one thread at a time."""

_WINDOW_SECONDS = 10.0
_SAMPLE_SECONDS = 0.25  # closer reports are not remembered one by one: a thousand a second would be ten thousand
_FEWEST_SECONDS = 1.0  # the first frames come in a burst, or carry a start-up: less than this says nothing


class State(Enum):
    """Where a job stands; the value is the word for people."""

    QUEUED = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self not in (State.QUEUED, State.RUNNING)


@dataclass(frozen=True, eq=False)
class Work:
    """One question, and how to answer it.

    Attributes:
        key: name of the question: the same key is the same question.
        title: what to call it, plain text.
        link: query parameters that lead a person back to the page that shows it.
        run: run(report, stop) returns the answer. Once the event `stop` is set it raises
            flowlab.errors.CancelledError, soon.
        unit: what is counted in reports, in the plural.
    """

    key: str
    title: str
    link: Mapping[str, str]
    run: Callable[[Report, threading.Event], object]
    unit: str = "frames"


@dataclass(frozen=True, eq=False)
class Ticket:
    """A job at one moment; it does not change afterwards.

    All times are seconds of the board's clock and mean something only beside each other.

    Attributes:
        key, title, link: as in `Work`.
        owner: who asked for it first.
        state: where it stands.
        seen: when this was written down.
        asked: when somebody asked for it.
        began, ended: when it began and ended to run; None before, `began` also for one cancelled in the queue.
        position: place in the queue, 1 = served next, if all jobs took equally long; 0: not queued.
        ahead: how many jobs run while this one is queued; 0: not queued.
        stopping: it runs, but was cancelled: it will end soon.
        done, total, reused: frames finished, frames in all, finished ones read from the store; 0 before the first
            report.
        fps: frames computed per second, without reused ones: while it runs over about the last 10 s,
            afterwards over the whole run; None before it is known, and where nothing was computed.
        seconds_left: what is left to run if no further frame is reused; None before it is known and after the end.
        error: why it failed, a sentence for people; None otherwise.
        result: what `run` returned; None before it is done.
        unit: as in `Work`.
    """

    key: str
    title: str
    link: Mapping[str, str]
    owner: str
    state: State
    seen: float
    asked: float
    began: float | None = None
    ended: float | None = None
    position: int = 0
    ahead: int = 0
    stopping: bool = False
    done: int = 0
    total: int = 0
    reused: int = 0
    fps: float | None = None
    seconds_left: float | None = None
    error: str | None = None
    result: object = field(default=None, repr=False)
    unit: str = "frames"

    @property
    def seconds(self) -> float:
        """How long it has run, or ran; 0 before it began."""
        if self.began is None:
            return 0.0
        return (self.seen if self.ended is None else self.ended) - self.began


class _Count(NamedTuple):
    """What was reported, and when (seconds)."""

    time: float
    done: int = 0
    total: int = 0
    reused: int = 0

    @property
    def computed(self) -> int:
        return self.done - self.reused


class Progress:
    """How far a job is and how fast it goes.

    One thread reports, any number look, and no lock slows either: what was reported is kept in one tuple of
    immutable counts, replaced whole.

    Args:
        began: when the job began, seconds of `clock`.
        clock: seconds, monotonic.
    """

    def __init__(self, began: float, clock: Callable[[], float]) -> None:
        self._clock = clock
        # First the one that speed is measured from, last the newest report; between them what the window moves over.
        self._counts: tuple[_Count, ...] = (_Count(began), _Count(began))

    def report(self, done: int, total: int, reused: int) -> None:
        """Take down how far the job is; see `Report`."""
        new = _Count(self._clock(), done, total, reused)
        *kept, newest = self._counts
        if new.computed <= 0 or new.computed < newest.computed:
            # What came before the first frame was start-up, or reading; and whoever begins anew is measured anew.
            self._counts = (new, new)
            return
        if new.computed == newest.computed:
            # Speed is measured from frame to frame, however often somebody says in between that nothing is new.
            self._counts = (*kept, new._replace(time=newest.time))
            return
        if newest.time - kept[-1].time >= _SAMPLE_SECONDS:
            kept.append(newest)
        while len(kept) > 1 and kept[1].time <= new.time - _WINDOW_SECONDS:
            del kept[0]
        self._counts = (*kept, new)

    @property
    def latest(self) -> tuple[int, int, int]:
        """(done, total, reused) as last reported."""
        newest = self._counts[-1]
        return newest.done, newest.total, newest.reused

    def fps(self, now: float) -> float | None:
        """Return frames computed per second over about the last 10 s; None before it is known.

        Frames come in pieces: the speed is measured up to the newest piece, and sinks only once the wait for the
        next is longer than what was measured.
        """
        counts = self._counts
        base, newest = counts[0], counts[-1]
        gained = newest.computed - base.computed
        if gained <= 0 or now - base.time < _FEWEST_SECONDS:
            return None
        return gained / max(newest.time - base.time, now - newest.time)

    def seconds_left(self, now: float) -> float | None:
        """Return what is left at this speed; None before it is known.

        Counts down between two pieces, and rests at 0 when the last one takes longer than expected.
        """
        newest, fps = self._counts[-1], self.fps(now)
        if fps is None or not newest.total:
            return None
        return max(0.0, (newest.total - newest.done) / fps - (now - newest.time))

    def mean_fps(self, seconds: float) -> float | None:
        """Return frames computed per second over a whole run that took `seconds`; None where none was computed."""
        computed = self._counts[-1].computed
        return computed / seconds if computed > 0 and seconds > 0 else None


@dataclass(eq=False)
class Job:
    """A job as the board keeps it: changed under the board's lock, but for `progress` and `stop`.

    Attributes:
        key, title, link, owner, asked, state, began, ended, result, error, unit: as in `Ticket`.
        run: as in `Work`; None once the job has ended, since it may hold a whole clip.
        number: the lower, the earlier it was asked for.
        progress: what `run` reports to.
        stop: asks `run` to stop.
    """

    key: str
    title: str
    link: Mapping[str, str]
    owner: str
    run: Callable[[Report, threading.Event], object] | None
    number: int
    asked: float
    progress: Progress
    state: State = State.QUEUED
    stop: threading.Event = field(default_factory=threading.Event)
    began: float | None = None
    ended: float | None = None
    result: object = None
    error: str | None = None
    unit: str = "frames"

    def ticket(self, now: float, position: int, ahead: int) -> Ticket:
        """Return how it stands at `now`; `position` and `ahead` are what `Ticket` says, for a queued job."""
        queued, running = self.state is State.QUEUED, self.state is State.RUNNING
        done, total, reused = self.progress.latest
        ran = 0.0 if self.began is None or self.ended is None else self.ended - self.began
        return Ticket(
            key=self.key,
            title=self.title,
            link=dict(self.link),
            owner=self.owner,
            state=self.state,
            seen=now,
            asked=self.asked,
            began=self.began,
            ended=self.ended,
            position=position if queued else 0,
            ahead=ahead if queued else 0,
            stopping=running and self.stop.is_set(),
            done=done,
            total=total,
            reused=reused,
            fps=self.progress.fps(now) if running else self.progress.mean_fps(ran),
            seconds_left=self.progress.seconds_left(now) if running else None,
            error=self.error,
            result=self.result,
            unit=self.unit,
        )
