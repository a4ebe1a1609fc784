"""A cache in memory that is bounded by bytes, not by entries: one frame may be 150 MB."""

import threading
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class ByteCache(Generic[T]):
    """Keeps the most recently used values whose sizes add up to at most `limit` bytes; thread-safe."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._lock = threading.Lock()
        self.used = 0

    def get(self, key: Hashable) -> T | None:
        """Return the value kept under `key`, or None."""
        with self._lock:
            if key not in self._values:
                return None
            self._values.move_to_end(key)
            return self._values[key][0]

    def put(self, key: Hashable, value: T, size: int) -> None:
        """Keep `value` of `size` bytes; a value larger than the limit is not kept at all."""
        with self._lock:
            if key in self._values:
                self.used -= self._values.pop(key)[1]
            if size > self._limit:
                return
            self._values[key] = (value, size)
            self.used += size
            while self.used > self._limit:
                _, (_, freed) = self._values.popitem(last=False)
                self.used -= freed
