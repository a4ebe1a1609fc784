"""The store: files under one home folder, named by their content, and answers named by their question.

    home/objects/ab/cdef..      a file whose sha256 is abcdef..
    home/answers/01/2345..      the answer to the key whose sha256 is 012345..
    home/incoming/              files being written, see `incoming`
    home/clips/HASH.json        what is known of a clip, see `clips`

Objects and answers share a quota; those used longest ago go first (see `room`).
"""

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import platformdirs

from flowlab.core.files import LEFTOVER_AGE, is_leftover, temporary_name
from flowlab.errors import ParameterError, StoreError, shown
from flowlab.store.incoming import Incoming, aside
from flowlab.store.room import Room, sharded, told_as_store_error
from flowlab.store.sizes import parse_size

DEFAULT_QUOTA = 20_000_000_000
DISK_RESERVE = 512_000_000

_CHUNK = 1 << 20
_CHECKSUM_BYTES = hashlib.sha256().digest_size
_CONTENT_HASH = re.compile(r"[0-9a-f]{64}")


def default_home() -> Path:
    """Return the home folder: $FLOWLAB_HOME, else the platform's folder for a program's data.

    Raises:
        ParameterError: FLOWLAB_HOME begins with ~ and a name that is no account here.
    """
    named = os.environ.get("FLOWLAB_HOME", "").strip()
    if not named:
        return Path(platformdirs.user_data_dir("flowlab", appauthor=False))
    try:
        return Path(named).expanduser().absolute()
    except RuntimeError:
        raise ParameterError(
            f"FLOWLAB_HOME is {shown(named)}, and there is no such account: give the full path of a folder"
        ) from None


def open_store() -> "Store":
    """Open the store in the default home, with the quota of $FLOWLAB_QUOTA ("20G"; default 20 GB).

    Raises:
        ParameterError: FLOWLAB_QUOTA is not a size.
        StoreError: the home folder cannot be made or written.
    """
    written = os.environ.get("FLOWLAB_QUOTA", "").strip()
    return Store(default_home(), quota=parse_size(written, "FLOWLAB_QUOTA") if written else DEFAULT_QUOTA)


def is_content_hash(text: object) -> TypeGuard[str]:
    """Return whether `text` is 64 lower-case hexadecimal digits, the only names the store joins to a path."""
    return isinstance(text, str) and _CONTENT_HASH.fullmatch(text) is not None


def _touched(path: Path) -> bool:
    """Mark `path` as used now; return whether it is there."""
    try:
        os.utime(path)
    except FileNotFoundError:
        return False
    except OSError:  # a shared home: another account's file can be read, but not be touched
        return path.is_file()
    return True


class Store:
    """Content-addressed files and keyed answers under one home folder.

    Threads and processes may share a home; see `room` for why no lock is needed.

    Attributes:
        home: the home folder.
        room: its quota and reserve.
    """

    def __init__(self, home: Path, *, quota: int = DEFAULT_QUOTA, reserve: int = DISK_RESERVE) -> None:
        """Open (or make) the store in `home` and sweep what dead processes left there.

        Args:
            home: the folder; made where it is missing.
            quota: bytes objects and answers may take together, above 0.
            reserve: bytes of the disk that stay free whatever the quota says.

        Raises:
            ParameterError: quota or reserve outside its range.
            StoreError: the folder cannot be made.
        """
        self.home = home.absolute()
        self._objects, self._answers = self.home / "objects", self.home / "answers"
        self.room = Room(self.home, (self._objects, self._answers), quota=quota, reserve=reserve)
        with told_as_store_error(self.home):
            for folder in (self._objects, self._answers, aside(self.home)):
                folder.mkdir(parents=True, exist_ok=True)
        self.sweep()

    @property
    def quota(self) -> int:
        """Bytes objects and answers may take together."""
        return self.room.quota

    def used(self) -> int:
        """Return the bytes objects and answers take now."""
        return self.room.used()

    def sweep(self) -> None:
        """Remove partly written files whose process is gone, or that nobody has written to for an hour."""
        now = time.time()
        # Another process may sweep at the same time; what cannot be removed today is tried next time.
        with contextlib.suppress(OSError):
            for leftover in aside(self.home).iterdir():
                with contextlib.suppress(OSError):
                    if is_leftover(leftover) or now - leftover.lstat().st_mtime > LEFTOVER_AGE:
                        leftover.unlink()

    def incoming(self, *, announced: int = 0) -> Incoming:
        """Begin an object whose bytes arrive piece by piece; `announced` bytes where the size is known.

        Raises:
            StoreError: there is no room, or the home folder cannot be written.
        """
        return Incoming(self.room, lambda content_hash: sharded(self._objects, content_hash), announced=announced)

    def put_bytes(self, data: bytes | bytearray | memoryview) -> str:
        """Store `data` and return its content hash; what is there already is not written again.

        Raises:
            StoreError: there is no room, or the home folder cannot be written.
        """
        content_hash = hashlib.sha256(data).hexdigest()
        size = memoryview(data).nbytes
        if self._holds(content_hash, size):
            return content_hash
        with self.incoming(announced=size) as arriving:
            arriving.write(data)
            return arriving.commit()

    def put_file(self, path: Path) -> str:
        """Store a copy of the file `path`, read piece by piece, and return its content hash.

        Raises:
            StoreError: the file cannot be read, there is no room, or the home folder cannot be written.
        """
        try:
            if path.exists() and not path.is_file():
                raise StoreError(f"{shown(path.name)} is a folder or a device: give a file")
            with path.open("rb") as source:
                content_hash, size = hashlib.file_digest(source, "sha256").hexdigest(), source.tell()
                if self._holds(content_hash, size):
                    return content_hash
                source.seek(0)
                with self.incoming(announced=size) as arriving:
                    while chunk := source.read(_CHUNK):
                        arriving.write(chunk)
                    return arriving.commit()
        except OSError as error:  # the store's own come as StoreError, so this is the source's
            raise StoreError(
                f"{shown(path.name)} cannot be read ({error.strerror or error}): check its name, its place and "
                "its permissions"
            ) from error

    @contextlib.contextmanager
    def making(self, suffix: str = "") -> Iterator[Path]:
        """Yield a path in the store where a file can be made piece by piece; it is gone when the block ends.

        What is worth keeping goes into the store by `put_file` before that.

        Raises:
            StoreError: the home folder cannot be written.
        """
        path = aside(self.home) / temporary_name(suffix)
        with told_as_store_error(self.home):
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def path(self, content_hash: str) -> Path:
        """Return where the object lies, and mark it as used now.

        Raises:
            StoreError: `content_hash` is not 64 lower-case hexadecimal digits, or no such object is here.
        """
        if not is_content_hash(content_hash):
            raise StoreError(
                f"{shown(content_hash)} is not a content hash: give the 64 digits 0-9 and a-f that the store returned"
            )
        place = sharded(self._objects, content_hash)
        if not _touched(place):
            raise StoreError(
                f"the store does not hold {shown(content_hash[:12] + '…')} (any more): give the file again"
            )
        return place

    def has(self, content_hash: str) -> bool:
        """Return whether the object is here, without marking it as used; False for what is no content hash."""
        return is_content_hash(content_hash) and sharded(self._objects, content_hash).is_file()

    def remove(self, content_hash: str) -> None:
        """Remove an object; harmless where there is none, and where another process holds it open (Windows)."""
        if is_content_hash(content_hash):
            with contextlib.suppress(OSError):
                sharded(self._objects, content_hash).unlink()

    def put_answer(self, key: str, data: bytes | bytearray | memoryview) -> None:
        """Keep `data` as the answer to `key` (any text that says the whole question); replaces an older one.

        Raises:
            StoreError: there is no room, or the home folder cannot be written.
        """
        checksum = hashlib.sha256(data).digest()
        place = self._answer_place(key)
        size = len(checksum) + memoryview(data).nbytes
        with Incoming(self.room, lambda _: place, announced=size) as arriving:
            arriving.write(checksum)
            arriving.write(data)
            arriving.commit()

    def answer(self, key: str) -> bytes | None:
        """Return the answer kept for `key` and mark it as used; None where there is none, or it is damaged."""
        place = self._answer_place(key)
        try:
            kept = place.read_bytes()
        except OSError:  # never asked, evicted, or unreadable: computing it again is the remedy for all three
            return None
        checksum, data = kept[:_CHECKSUM_BYTES], kept[_CHECKSUM_BYTES:]
        if hashlib.sha256(data).digest() != checksum:
            with contextlib.suppress(OSError):
                place.unlink()
            return None
        _touched(place)
        return data

    def has_answer(self, key: str) -> bool:
        """Return whether an answer is kept for `key`, without reading it or marking it as used."""
        return self._answer_place(key).is_file()

    def remove_answer(self, key: str) -> None:
        """Remove an answer; harmless where there is none, and where another process holds it open (Windows)."""
        with contextlib.suppress(OSError):
            self._answer_place(key).unlink()

    def _holds(self, content_hash: str, size: int) -> bool:
        """Mark the object as used now; return whether it is there with all its bytes."""
        place = sharded(self._objects, content_hash)
        try:
            return _touched(place) and place.stat().st_size == size
        except OSError:  # evicted this moment
            return False

    def _answer_place(self, key: str) -> Path:
        # surrogatepass: a key may hold the name of a file that is not valid Unicode.
        return sharded(self._answers, hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest())
