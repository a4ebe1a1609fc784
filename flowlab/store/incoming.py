"""Bytes on their way into the store: written aside, then moved into their place in one step."""

import contextlib
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from flowlab.core.files import temporary_name
from flowlab.errors import StoreError, shown
from flowlab.store.room import Room, told_as_store_error


def aside(home: Path) -> Path:
    """Return the folder of partly written files under `home`."""
    return home / "incoming"


class Incoming:
    """A file on its way into the store; visible to others only once it is whole.

        with store.incoming() as arriving:
            for chunk in chunks:
                arriving.write(chunk)
            content_hash = arriving.commit()

    Left without a commit, or after any error, nothing stays. Not for several threads at once.

    Attributes:
        size: bytes written so far.
    """

    def __init__(self, room: Room, place: Callable[[str], Path], *, announced: int = 0) -> None:
        """Begin a file.

        Args:
            room: the store's room.
            place: content hash -> where the whole file goes.
            announced: bytes that will come, where known: room is made before the first is written.

        Raises:
            StoreError: there is no room, or the home folder cannot be written.
        """
        self.size = 0
        self._room, self._place = room, place
        self._hash = hashlib.sha256()
        self._path = aside(room.home) / temporary_name()
        with told_as_store_error(room.home):
            # Made again each time: emptying the home by hand must not stop a running server.
            self._path.parent.mkdir(parents=True, exist_ok=True)
        room.make(announced, coming=announced)
        with told_as_store_error(room.home):
            self._file = self._path.open("xb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    @property
    def content_hash(self) -> str:
        """The sha256 of the bytes written so far, 64 hexadecimal digits."""
        return self._hash.hexdigest()

    def write(self, chunk: bytes | bytearray | memoryview) -> None:
        """Append `chunk`.

        Raises:
            StoreError: there is no room for it; the file is discarded.
        """
        self._check_open()
        view = memoryview(chunk).cast("B")
        try:
            self._room.make(self.size + len(view), coming=len(view))
            with told_as_store_error(self._room.home):
                self._file.write(view)
        except StoreError:
            self.discard()
            raise
        self._hash.update(view)
        self.size += len(view)

    def commit(self, expected_sha256: str | None = None) -> str:
        """Move the whole file into its place and return its content hash.

        Args:
            expected_sha256: the content hash the file must have (64 lower-case hexadecimal digits).

        Raises:
            StoreError: the content is not the expected one, or cannot be stored; nothing is kept.
        """
        self._check_open()
        content_hash = self.content_hash
        try:
            if expected_sha256 is not None and expected_sha256 != content_hash:
                raise StoreError(
                    f"the content's checksum begins with {content_hash[:12]} instead of "
                    f"{shown(expected_sha256[:12])}: it was altered or cut short on its way, get it again"
                )
            self._room.make(self.size)
            with told_as_store_error(self._room.home):
                self._move(self._place(content_hash))
        finally:
            self.discard()
        self._room.taken(self.size)
        return content_hash

    def discard(self) -> None:
        """Remove the file unless it has been committed; harmless when repeated."""
        # A disk that refuses even this leaves a leftover for the next sweep; the first error counts.
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _check_open(self) -> None:
        if self._file.closed:
            raise StoreError("this file has been committed or discarded: begin another one with incoming()")

    def _move(self, target: Path) -> None:
        # Without fsync a power cut could leave the new name on a file whose bytes never arrived.
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        os.utime(self._path)
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._path.replace(target)
        except PermissionError:
            # Windows does not replace a file that someone is reading. What lies there has the same
            # name, so it has the same content, or answers the same question: it will do.
            if not target.is_file():
                raise
