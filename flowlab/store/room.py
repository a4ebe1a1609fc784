"""Room for one more file: a quota of bytes, a reserve of free disk, and what goes to make room.

The files used longest ago go first; a file's time of last use is its modification time.

Several processes may share one home, and no lock guards it, because a lock can stay behind when
its owner dies while every race here is harmless:

- Two processes evict at once: both choose the same oldest files, and a file that is already gone
  counts as freed. At worst the store is over its quota by the files put in that instant, until
  the next put, or has lost one old file more than it had to.
- A file is used between listing and eviction: its time is compared once more just before it is
  removed. A reader that comes later still finds it missing, as it would have a moment later; one
  that has it open keeps it (POSIX), or makes the removal fail, and the file stays (Windows).
- Each process counts the files itself, and again before it evicts anything.
"""

import os
import re
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flowlab.errors import ParameterError, StoreError, shown
from flowlab.store.sizes import size_text

# Evicting a little more than needed means that a full store is not listed again for every put.
_SPARE_SHARE = 32
# Counting the files anew may take at most this share of the time: 1/20.
_COUNTING_SHARE = 20
_ATTEMPTS = 3
_SHARD, _NAME = re.compile(r"[0-9a-f]{2}"), re.compile(r"[0-9a-f]{62}")


def sharded(root: Path, digest: str) -> Path:
    """Return where a file named by `digest` (64 hexadecimal digits) lies under `root`: ab/cdef.."""
    return root / digest[:2] / digest[2:]


@dataclass(frozen=True, order=True, slots=True)
class Stored:
    """One file in the store; sorts by time of last use, oldest first.

    Attributes:
        used_at: time of last use, nanoseconds since the epoch.
        path: where it lies.
        bytes: its size.
    """

    used_at: int
    path: Path
    bytes: int


def stored_files(roots: Iterable[Path]) -> Iterator[Stored]:
    """Yield the files that lie under `roots` as `sharded` puts them; anything else there is not ours."""
    for root in roots:
        for folder, _, names in os.walk(root):
            if not _SHARD.fullmatch(Path(folder).name):
                continue
            for name in filter(_NAME.fullmatch, names):
                path = Path(folder, name)
                try:
                    facts = path.lstat()
                except OSError:  # gone since it was listed: another process evicted it
                    continue
                yield Stored(facts.st_mtime_ns, path, facts.st_size)


def _evicted(file: Stored) -> bool:
    """Remove `file` unless it has been used since it was listed; return whether its bytes are free."""
    try:
        if file.path.lstat().st_mtime_ns != file.used_at:
            return False
        file.path.unlink()
    except FileNotFoundError:
        return True
    except OSError:  # open in another process (Windows), or not ours to remove
        return False
    return True


@contextmanager
def told_as_store_error(home: Path) -> Iterator[None]:
    """Turn what the operating system says about the folder `home` into a StoreError."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"the store in {shown(home)} cannot be written ({error.strerror or error}): "
            "check its disk and its permissions, or set FLOWLAB_HOME to another folder"
        ) from error


class Room:
    """Keeps the files under `roots` within a quota, and some of the disk free. Threads may share it.

    A file on its way in does not count before it is whole, so that the store is beyond its quota
    by what other processes are writing at that moment; the reserve of free disk holds all the same.

    Attributes:
        home: the folder whose disk is watched.
        quota: bytes the files may take together.
    """

    def __init__(self, home: Path, roots: tuple[Path, ...], *, quota: int, reserve: int) -> None:
        """Watch the files of `roots`; `quota` in bytes, above 0; `reserve` in bytes, 0 or more.

        Raises:
            ParameterError: quota or reserve outside its range.
        """
        if quota < 1:
            raise ParameterError(f"quota is {quota}: give the bytes the store may take, 1 or more")
        if reserve < 0:
            raise ParameterError(f"reserve is {reserve}: give the bytes of disk to keep free, 0 or more")
        self.home, self.quota = home, quota
        self._roots, self._reserve = roots, reserve
        self._lock = threading.Lock()
        self._used = 0
        self._count_after = 0.0

    def used(self) -> int:
        """Return the bytes of all files in the store, counted now."""
        with self._lock:
            return sum(file.bytes for file in self._count())

    def taken(self, size: int) -> None:
        """Note that a file of `size` bytes has been put."""
        with self._lock:
            self._used += size

    def make(self, size: int, *, coming: int = 0) -> None:
        """Make room for a file, evicting those used longest ago.

        Args:
            size: bytes of the file, as far as they are known.
            coming: those of its bytes that are about to be written.

        Raises:
            StoreError: the file is larger than the quota, everything else is in use, or the disk
                would have less free than the reserve.
        """
        if size > self.quota:
            raise StoreError(
                f"a file of {size_text(size)} or more does not fit into a store that may hold "
                f"{size_text(self.quota)}: give a smaller file, or set FLOWLAB_QUOTA higher"
            )
        with self._lock:
            if self._used + size > self.quota or time.monotonic() > self._count_after:
                self._evict_for(size)
        if coming:
            self._check_disk(coming)

    def _count(self) -> list[Stored]:
        began = time.monotonic()
        files = list(stored_files(self._roots))
        ended = time.monotonic()
        self._used = sum(file.bytes for file in files)
        self._count_after = ended + _COUNTING_SHARE * (ended - began)
        return files

    def _evict_for(self, size: int) -> None:
        for _ in range(_ATTEMPTS):
            files = self._count()
            if self._used + size <= self.quota:
                return
            enough = max(self.quota - self.quota // _SPARE_SHARE - size, 0)
            for file in sorted(files):
                if self._used <= enough:
                    return
                if _evicted(file):
                    self._used -= file.bytes
            if self._used + size <= self.quota:
                return
        raise StoreError(
            f"the store has no room for {size_text(size)}: {size_text(self._used)} of its "
            f"{size_text(self.quota)} are in use just now: try again in a moment, or set FLOWLAB_QUOTA higher"
        )

    def _check_disk(self, coming: int) -> None:
        with told_as_store_error(self.home):
            free = shutil.disk_usage(self.home).free
        if free - coming < self._reserve:
            raise StoreError(
                f"the disk of {shown(self.home)} has {size_text(free)} free and flowlab leaves at least "
                f"{size_text(self._reserve)}: free some space, lower FLOWLAB_QUOTA, "
                "or set FLOWLAB_HOME to a folder on another disk"
            )
