"""Working ahead: a step of a pipeline runs in a thread of its own while the next one works on what came before."""

import queue
import threading
from collections.abc import Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

_TICK_SECONDS = 0.02


def ahead(items: Iterable[T], most: int = 4) -> Generator[T]:
    """Yield `items`, made by another thread that is at most `most` of them ahead.

    What `items` raises is raised here, in its place. When this generator is closed, or Ctrl-C comes while it waits,
    the thread stops before its next item; `items` is closed by the thread that made them.
    """
    given: queue.Queue[_Made[T] | _Ended] = queue.Queue(most)
    stopped = threading.Event()
    thread = threading.Thread(target=_make, args=(items, given, stopped), name="flowlab-ahead", daemon=True)
    thread.start()
    try:
        while isinstance(made := given.get(), _Made):
            yield made.item
    finally:
        stopped.set()
        while thread.is_alive():  # make room for what it still wants to give
            with suppress(queue.Empty):
                given.get_nowait()
            thread.join(_TICK_SECONDS)
    if made.error is not None:
        raise made.error


@dataclass(frozen=True)
class _Made(Generic[T]):
    item: T


@dataclass(frozen=True)
class _Ended:
    error: BaseException | None = None


def _make(items: Iterable[T], given: "queue.Queue[_Made[T] | _Ended]", stopped: threading.Event) -> None:
    ended = _Ended()
    try:
        with _closed(items):
            for item in items:
                given.put(_Made(item))
                if stopped.is_set():
                    break
    except BaseException as error:  # it belongs to whoever asked for the items
        ended = _Ended(error)
    given.put(ended)


@contextmanager
def _closed(items: Iterable[T]) -> Generator[None]:
    """Close a generator where it is left before its end."""
    try:
        yield
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()
