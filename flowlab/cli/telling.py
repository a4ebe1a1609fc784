"""What a shell is told: errors in one line, how far it is, what a clip holds."""

import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import FrameType
from typing import Any, TypeVar

import click

from flowlab.core.clip import ClipInfo
from flowlab.errors import EngineError, FlowlabError
from flowlab.jobs.ticket import Progress

F = TypeVar("F", bound=Callable[..., Any])

_BAR = 24
_REDRAW_SECONDS = 0.1


class Stopped(KeyboardInterrupt):
    """The system asks this process to end (SIGTERM); it leaves as after Ctrl-C."""


def user_errors(command: F) -> F:
    """Turn flowlab's errors into one line on stderr and an exit status."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> Any:
        try:
            with _ending_cleanly(), _failures_only():
                return command(*args, **kwargs)
        except EngineError as error:
            complain(f"{error}")
            complain("what was finished is kept: run the same command again to go on")
            sys.exit(1)
        except FlowlabError as error:
            complain(f"{error}")
            sys.exit(2)
        except KeyboardInterrupt as interrupt:
            complain("stopped; run the same command again to go on where it was")
            sys.exit(143 if isinstance(interrupt, Stopped) else 130)

    return run  # type: ignore[return-value]


def complain(text: str) -> None:
    """Say one line on stderr."""
    click.echo(f"flowlab: {text}", err=True)


@contextmanager
def _ending_cleanly() -> Iterator[None]:
    """Let SIGTERM unwind as Ctrl-C does, so that what is open is closed and half files go."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise Stopped

    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread is told of signals
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _failures_only() -> Iterator[None]:
    """Keep what went well in the end from the terminal; a failure nobody foresaw shows how it came."""
    log = logging.getLogger("flowlab")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def counts(info: ClipInfo) -> str:
    """Return how many frames a clip declares, has and lost."""
    declared = "unknown" if info.declared is None else str(info.declared)
    checked = "" if info.checked else " (too long to check every frame)"
    return f"{declared} declared, {info.frame_count} decoded, {info.damaged} damaged{checked}"


def progress(label: str) -> Callable[[float, str], None]:
    """Return a progress callback that draws one line on a terminal and nothing elsewhere."""
    if not sys.stderr.isatty():
        return lambda *_: None

    def show(share: float, text: str) -> None:
        click.echo(f"\r{label} {share:4.0%}  {text[:60]:60}", nl=share >= 1, err=True)

    return show


class JobLine:
    """One line on a terminal that says how far a job is, how fast it goes and how long it will take."""

    def __init__(self, label: str) -> None:
        """Start the clock."""
        self._label = label
        self._progress = Progress(time.monotonic(), time.monotonic)
        self._drawn = 0.0
        self._draws = sys.stderr.isatty()

    def report(self, done: int, total: int, reused: int) -> None:
        """Take down how far it is (jobs.ticket.Report), and draw the line unless it was drawn just now."""
        self._progress.report(done, total, reused)
        now = time.monotonic()
        if self._draws and (now - self._drawn > _REDRAW_SECONDS or done == total):
            self._drawn = now
            click.echo(f"\r{self._text(done, total, reused):79}", nl=done == total, err=True)

    def _text(self, done: int, total: int, reused: int) -> str:
        full = _BAR * done // max(total, 1)
        now = time.monotonic()
        fps, seconds = self._progress.fps(now), self._progress.seconds_left(now)
        speed = "" if fps is None else f"{fps:.3g} frames/s"
        left = "" if seconds is None or done == total else f"{clock(seconds)} left"
        kept = f"{reused} from before" if reused and done == total else ""
        words = "  ".join(part for part in (f"{done}/{total}", speed, left, kept) if part)
        return f"{self._label} {'█' * full}{'░' * (_BAR - full)} {words}"[:79]


def clock(seconds: float) -> str:
    """Return a duration as people read it: 8 s, 1:05, 2:03:00."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
