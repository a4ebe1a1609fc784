"""A process of its own that answers calls, contained in memory and time, replaced when it dies."""

import contextlib
import logging
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from flowlab.engine.messages import receive, send
from flowlab.errors import EngineError, TimeLimitError

_log = logging.getLogger(__name__)
Progress = Callable[[float, str], None]

_START_SECONDS = 60.0  # generous: a cold import on a busy machine


class ServiceProcess:
    """One child process holding one object, whose methods are called one at a time.

    A crash, a call over its time, or memory beyond the limit ends the child and nothing else: the
    call raises, and the next call gets a fresh child. Any number of threads may call; they queue.

    Args:
        service: "module:Class"; the class is made without arguments inside the child.
        memory_bytes: address space the child may take beyond its imports (not enforced on Windows).
        what: what the process is, in messages: "the decoding process".
    """

    def __init__(self, service: str, *, memory_bytes: int = 6 << 30, what: str = "the process") -> None:
        self._command = [sys.executable, "-m", "flowlab.engine.child", service, str(memory_bytes)]
        self._what = what
        self._turn = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._answers: queue.Queue[tuple[Any, ...] | None] = queue.Queue()
        self._pump = threading.Thread()

    @property
    def pid(self) -> int | None:
        """Process id of the living child, or None."""
        child = self._child
        return child.pid if child is not None and child.poll() is None else None

    def start(self) -> None:
        """Start the child now, so that the first call need not wait; harmless when it runs."""
        with self._turn:
            self._ensure()

    def call(self, method: str, *, seconds: float, progress: Progress | None = None, **arguments: Any) -> Any:
        """Return what `method(**arguments)` returns inside the child.

        Args:
            method: name of a method of the service.
            seconds: wall clock the call may take once it has its turn.
            progress: called with (share 0..1, text) as the method reports; may raise to give up,
                which ends the child.
            arguments: passed to the method; picklable.

        Raises:
            FlowlabError: the method raised it.
            TimeLimitError: the call took longer than `seconds`; the child was stopped.
            EngineError: the child died, or failed in a way nobody foresaw (its log says how).
        """
        with self._turn:
            child = self._ensure()
            assert child.stdin is not None
            try:
                send(child.stdin, (method, arguments, progress is not None))  # type: ignore[arg-type]
                return self._await(seconds, progress)
            except OSError:
                failure = self._death()
                self._stop()
                raise failure from None
            except BaseException as error:
                # Anything but an answer leaves the child in an unknown state.
                if not getattr(error, "answered", False):
                    self._stop()
                raise

    def _await(self, seconds: float, progress: Progress | None) -> Any:
        deadline = time.monotonic() + seconds
        while True:
            try:
                message = self._answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeLimitError(
                    f"{self._what} took longer than {seconds:g} s and was stopped: use a smaller or shorter file"
                ) from None
            if message is None:
                raise self._death()
            kind, *rest = message
            if kind == "progress" and progress is not None:
                progress(*rest)
            elif kind == "done":
                return rest[0]
            elif kind == "failed":
                error = rest[0]
                error.answered = True
                raise error
            elif kind == "broken":
                _log.error("%s failed:\n%s", self._what, rest[0])
                failure = EngineError(f"{self._what} failed on this file: the log says how; try another file")
                failure.answered = True  # type: ignore[attr-defined]
                raise failure

    def _death(self) -> EngineError:
        child, code = self._child, None
        if child is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):  # its output is closed, but it lingers
                code = child.wait(5)
        _log.error("%s died with exit status %s", self._what, code)
        return EngineError(
            f"{self._what} died on this file (exit status {code}) and was replaced: it may be damaged, try another"
        )

    def _ensure(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._stop()
        # One BLAS thread: the child decodes, and each thread would reserve memory against its limit.
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
        self._child = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment)
        self._answers = queue.Queue()
        self._pump = threading.Thread(target=_pump, args=(self._child.stdout, self._answers), daemon=True)
        self._pump.start()
        try:
            if self._answers.get(timeout=_START_SECONDS) != ("ready",):
                raise EngineError(f"{self._what} could not start: the log says why")
        except queue.Empty:
            self._stop()
            raise EngineError(f"{self._what} did not start within {_START_SECONDS:g} s: try again") from None
        return self._child

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        self._pump.join()  # it ends with the child's output, and must not read from a closed stream
        for stream in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):  # closing flushes what the dead child never read
                stream.close()  # type: ignore[union-attr]

    def close(self) -> None:
        """End the child; a later call would start another."""
        with self._turn:
            self._stop()


def _pump(stream: Any, answers: "queue.Queue[tuple[Any, ...] | None]") -> None:
    """Carry messages from the child into the queue; None says that it is gone."""
    message: tuple[Any, ...] | None = ()
    while message is not None:
        message = receive(stream)
        answers.put(message)
