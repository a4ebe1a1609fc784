"""What runs where the work is done: in a worker, or in this very process.

Long work calls `check_cancelled()` every half second or so, and stops where it raises.
"""

import contextlib
import contextvars
import faulthandler
import importlib.metadata
import os
import pickle
import platform
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from typing import Any

from flowlab.errors import CancelledError, FlowlabError

_KEPT = 1000  # runs that were called off are remembered for pieces still on their way; then forgotten

_run: contextvars.ContextVar[str | None] = contextvars.ContextVar("flowlab_run", default=None)
_event: contextvars.ContextVar[threading.Event | None] = contextvars.ContextVar("flowlab_cancel", default=None)
_called_off: dict[str, None] = {}  # in the order they came
_at_work: list[str] = []  # the runs whose pieces are being computed in this process


def check_cancelled() -> None:
    """Return at once, or raise where the work that is running now was called off.

    In a worker that is decided by the run the piece belongs to; in this process by the event of
    `cancelled_by`. Threads that the work starts itself are not told: check in the one that was called.

    Raises:
        CancelledError: the work was called off.
    """
    event = _event.get()
    if _run.get() in _called_off or (event is not None and event.is_set()):
        raise CancelledError("this work was called off: start it again if it is still wanted")


@contextlib.contextmanager
def cancelled_by(event: threading.Event | None) -> Iterator[None]:
    """Let `event` call off what is done inside the `with`, in this thread; None leaves it be."""
    reset = _event.set(event)
    try:
        yield
    finally:
        _event.reset(reset)


def call_off(run: str) -> None:
    """Call off the pieces of a run in this process: those that run now and those that come later."""
    _called_off[run] = None
    while len(_called_off) > _KEPT:
        del _called_off[next(iter(_called_off))]


def is_at_work(run: str) -> bool:
    """Return whether this process computes a piece of a run."""
    return run in _at_work


def perform(run: str, packed: bytes, seconds: float) -> tuple[Any, ...]:
    """Make the call of a piece (`Piece.packed`) and return how it went; runs in a worker.

    Returns:
        ("done", result), ("failed", an error of ours), ("memory",) or ("broken", traceback).
    """
    reset = _run.set(run)
    _at_work.append(run)
    try:
        check_cancelled()
        with _clock.limit(seconds):
            function, arguments = pickle.loads(packed)
            return ("done", function(*arguments))
    except FlowlabError as error:
        return ("failed", error)
    except Exception as error:  # any failure is the caller's to see
        return ("memory",) if _lacked_memory(error) else ("broken", traceback.format_exc())
    finally:
        _at_work.remove(run)
        _run.reset(reset)


def _lacked_memory(error: BaseException) -> bool:
    """Return whether memory ran out; OpenCV has an error of its own for that, with code -4."""
    return isinstance(error, MemoryError) or getattr(error, "code", None) == -4


class _Clock:
    """Ends this process when a piece takes longer than it may, even one that never lets Python run.

    The interpreter has one such alarm, and a worker may have several threads: it is set to whatever
    ends first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ends: dict[object, float] = {}
        self._nowhere = os.open(os.devnull, os.O_WRONLY)  # the alarm would tell the terminal where everybody was

    @contextlib.contextmanager
    def limit(self, seconds: float) -> Iterator[None]:
        """Allow what is inside `seconds` of wall clock."""
        mark = object()
        with self._lock:
            self._ends[mark] = time.monotonic() + seconds
            self._set()
        try:
            yield
        finally:
            with self._lock:
                del self._ends[mark]
                self._set()

    def _set(self) -> None:
        if not self._ends:
            faulthandler.cancel_dump_traceback_later()
            return
        left = max(0.001, min(self._ends.values()) - time.monotonic())
        faulthandler.dump_traceback_later(left, exit=True, file=self._nowhere)


_clock = _Clock()


def versions() -> dict[str, str]:
    """Return what must be the same everywhere for a cluster to give the same results."""
    return {
        "Python": ".".join(platform.python_version_tuple()[:2]),
        "flowlab": importlib.metadata.version("flowlab"),
        "distributed": importlib.metadata.version("distributed"),
    }


async def end_process(dask_worker: Any) -> bool:
    """Kill the worker of a nanny, which then makes a new one; runs in the nanny, so that nothing can delay it."""
    process = dask_worker.process.process if dask_worker.process is not None else None
    if process is None or sys.is_finalizing():
        return False
    await process.kill()
    return True
