"""One place to compute at a time, where only the latest request counts."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class SupersededError(Exception):
    """A newer request came while this one waited; its answer is not wanted any more."""


class LatestSlot:
    """Lets one computation run and the newest one wait; older ones that wait are dropped.

    A person who drags a slider makes many requests. However many come while one computes, at most
    one more will: the newest.
    """

    def __init__(self) -> None:
        self._busy = threading.Lock()
        self.requests = 0
        self._count = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for the slot and hold it; raises SupersededError when a newer request came meanwhile."""
        with self._count:
            self.requests += 1
            mine = self.requests
        with self._busy:
            if mine != self.requests:
                raise SupersededError
            yield
