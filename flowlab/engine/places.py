"""Which piece lies at which worker: two for each of its threads, one to compute and one to follow.

The cluster's own books, shared by all runs. Dask could place the pieces as well, but then nobody
would know which of them was being computed when a worker died.
"""

import threading
import time
from collections.abc import Callable, Mapping

_PER_THREAD = 2


class Places:
    """The pieces at each worker in the order they came. Any number of threads may use it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: dict[str, int] = {}
        self._rows: dict[str, list[tuple[str, str]]] = {}  # worker -> (run, key)
        self._since: dict[str, float] = {}  # key -> when its computing began, as far as one can tell here
        self._reserved: dict[str, str] = {}  # worker -> run
        self._waiting: dict[str, Callable[[], None]] = {}  # run -> how to wake it

    def update(self, threads: Mapping[str, int]) -> None:
        """Note which workers there are, and how many threads each has."""
        with self._lock:
            self._threads = dict(threads)
            for worker in threads:
                self._rows.setdefault(worker, [])
            for worker in [w for w, row in self._rows.items() if w not in threads and not row]:
                del self._rows[worker]
            self._reserved = {w: run for w, run in self._reserved.items() if w in threads}
        self._wake()

    def drop(self, worker: str) -> None:
        """Note that a worker has died: it gets no more pieces."""
        with self._lock:
            self._threads.pop(worker, None)
            self._reserved.pop(worker, None)

    @property
    def workers(self) -> int:
        """How many workers there are now."""
        return len(self._threads)

    def take(self, run: str, key: str, wake: Callable[[], None]) -> str | None:
        """Take a place for a piece and return its worker; None when it is not this run's turn.

        A run that waits and holds less goes first; `wake` is called when it is worth asking again.
        """
        with self._lock:
            mine = self._held(run)
            free = [w for w, n in self._threads.items() if w not in self._reserved and self._load(w) < _PER_THREAD * n]
            if not free or any(self._held(other) < mine for other in self._waiting if other != run):
                self._waiting[run] = wake
                return None
            self._waiting.pop(run, None)
            worker = min(free, key=lambda w: self._load(w) / self._threads[w])
            self._enter(worker, run, key)
            return worker

    def take_alone(self, run: str, key: str, wake: Callable[[], None]) -> str | None:
        """Take a worker for one piece alone; None until what it has is done. `release` ends that."""
        with self._lock:
            worker = next((w for w, owner in self._reserved.items() if owner == run), None)
            if worker is None:
                worker = min((w for w in self._threads if w not in self._reserved), key=self._load, default=None)
            if worker is not None:
                self._reserved[worker] = run
                if not self._load(worker):
                    self._waiting.pop(run, None)
                    self._enter(worker, run, key)
                    return worker
            self._waiting[run] = wake
            return None

    def release(self, run: str) -> None:
        """Give back the worker a run had for itself."""
        with self._lock:
            self._reserved = {w: owner for w, owner in self._reserved.items() if owner != run}
        self._wake()

    def forget(self, run: str) -> None:
        """Note that a run waits for nothing."""
        with self._lock:
            self._waiting.pop(run, None)

    def leave(self, key: str) -> float | None:
        """Give a piece's place back; return for how long it was computed, None when it never began.

        The time is what one can tell from here: it begins when all before it have left.
        """
        with self._lock:
            for worker, row in self._rows.items():
                if any(key == k for _, k in row):
                    self._rows[worker] = [entry for entry in row if entry[1] != key]
                    self._note_begun(worker)
                    break
            since = self._since.pop(key, None)
        self._wake()
        return None if since is None else time.monotonic() - since

    def exists(self, worker: str) -> bool:
        """Return whether a worker is there."""
        return worker in self._threads

    def _enter(self, worker: str, run: str, key: str) -> None:
        self._rows[worker].append((run, key))
        self._note_begun(worker)

    def _note_begun(self, worker: str) -> None:
        for _, key in self._rows[worker][: self._threads.get(worker, 0)]:
            self._since.setdefault(key, time.monotonic())

    def _load(self, worker: str) -> int:
        return len(self._rows[worker])

    def _held(self, run: str) -> int:
        return sum(run == owner for row in self._rows.values() for owner, _ in row)

    def _wake(self) -> None:
        with self._lock:
            waiting = list(self._waiting.values())
        for wake in waiting:
            wake()
