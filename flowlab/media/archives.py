"""Zips of pictures: read without unpacking, refused where they try to be more than that."""

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from flowlab.errors import ClipError, shown
from flowlab.media.containers import check_file
from flowlab.media.hashing import file_hash
from flowlab.media.limits import LIMITS, Limits
from flowlab.media.natural_order import natural_key
from flowlab.media.picture_header import PictureHeader, picture_format, read_header
from flowlab.media.pictures import PictureClip

_MAGIC_BYTES = 16
_PIECE = 1 << 20
_ENTRY_BYTES = 1 << 10  # more than any honest entry of a zip's directory takes
_END_BYTES, _LONGEST_COMMENT = 22, 1 << 16
_ENCRYPTED = 0x1
_UNPACKABLE = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others unpack without bounds
_DRIVE = re.compile(r"[A-Za-z]:")
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
_FIRST_DAY = (1980, 1, 1, 0, 0, 0)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def open_zip(
    path: Path,
    *,
    name: str | None = None,
    limits: Limits = LIMITS,
    progress: Callable[[float, str], None] | None = None,
) -> PictureClip:
    """Open the pictures of a zip as one clip, in natural order of their paths.

    Entries are read when they are asked for; nothing is written to disk. Folders, hidden files, what
    macOS adds (__MACOSX), and entries that are no pictures are passed over.

    Args:
        path: the zip.
        name: what to call the clip; its file name where None.
        limits: files and unpacked bytes of a zip, and what holds for every picture.
        progress: called with (share done, text) while headers are read.

    Raises:
        ClipNotFoundError: there is no such file.
        LimitError: it holds more files, or unpacks to more, than `limits` accept.
        ClipError: it is damaged, holds no pictures, or an entry that points outside, is a link or is encrypted.
    """
    name = path.name if name is None else name
    check_file(path, name, limits)
    source = _ZipPictures(path, name, limits)
    try:
        return PictureClip(source, name=name, content_hash=file_hash(path), limits=limits, progress=progress)
    except BaseException:
        source.close()
        raise


class _ZipPictures:
    """The pictures of a zip (picture_files.PictureSource)."""

    def __init__(self, path: Path, name: str, limits: Limits) -> None:
        self._zip_name, self._limits = name, limits
        _check_directory(path, name, limits)
        try:
            self._zip = zipfile.ZipFile(path)
        except _DAMAGE:
            raise ClipError(f"{shown(name)} is not a whole zip: pack it again, or copy it here again") from None
        try:
            entries = self._zip.infolist()
            limits.check_zip_files(name, len(entries))
            for entry in entries:
                _check_entry(entry, name)
            self._entries = sorted(self._pictures(entries), key=lambda entry: natural_key(entry.filename))
        except BaseException:
            self._zip.close()
            raise
        self.names = [entry.filename for entry in self._entries]
        self.size = sum(entry.file_size for entry in self._entries)

    def _pictures(self, entries: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
        visible = [entry for entry in entries if not entry.is_dir() and not _is_hidden(entry.filename)]
        self._limits.check_zip_bytes(self._zip_name, sum(entry.file_size for entry in visible))
        return [entry for entry in visible if picture_format(self._unpack(entry, _MAGIC_BYTES)) is not None]

    def header(self, index: int) -> PictureHeader | None:
        """Return what an entry's header promises; see PictureSource."""
        entry = self._entries[index]
        self._limits.check_picture_bytes(entry.filename, entry.file_size)
        try:
            with self._zip.open(entry) as packed:
                return read_header(cast(BinaryIO, packed))
        except _DAMAGE:
            raise ValueError("cut off") from None

    def read(self, index: int) -> bytes:
        """Return a whole entry."""
        entry = self._entries[index]
        self._limits.check_picture_bytes(entry.filename, entry.file_size)
        return self._unpack(entry, entry.file_size)

    def _unpack(self, entry: zipfile.ZipInfo, size: int) -> bytes:
        """Return the first `size` bytes of an entry, counting what really comes out piece by piece."""
        data = bytearray()
        try:
            with self._zip.open(entry) as packed:
                while len(data) < size and (piece := packed.read(min(_PIECE, size - len(data)))):
                    data += piece
        except _DAMAGE:
            raise ClipError(
                f"the picture {shown(entry.filename)} in {shown(self._zip_name)} cannot be unpacked: pack the zip again"
            ) from None
        return bytes(data)

    def close(self) -> None:
        """Close the zip."""
        self._zip.close()


def _check_directory(path: Path, name: str, limits: Limits) -> None:
    """Refuse a zip whose directory alone would fill the memory, before zipfile reads it."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - _END_BYTES - _LONGEST_COMMENT))
        tail = file.read()
    end = tail.rfind(b"PK\x05\x06")
    if end >= 0 and len(tail) - end >= _END_BYTES:
        _, _, _, _, files, directory_bytes = struct.unpack_from("<IHHHHI", tail, end)
        limits.check_zip_files(name, max(files, directory_bytes // _ENTRY_BYTES))


def _check_entry(entry: zipfile.ZipInfo, name: str) -> None:
    """Refuse a zip that reaches outside itself, hides its content or unpacks without bounds."""
    kind = stat.S_IFMT(entry.external_attr >> 16)
    path = entry.orig_filename.replace("\\", "/")
    problem = ""
    if path.startswith("/") or _DRIVE.match(path) or ".." in path.split("/") or "\0" in path:
        problem = "points outside the zip"
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        problem = "is a link, not a file"
    elif entry.flag_bits & _ENCRYPTED:
        problem = "is encrypted"
    elif entry.compress_type not in _UNPACKABLE:
        problem = "is packed in an unusual way"
    if problem:
        raise ClipError(f"the entry {shown(entry.orig_filename)} of {shown(name)} {problem}: pack plain pictures "
                        "with ordinary zip compression")  # fmt: skip


def _is_hidden(filename: str) -> bool:
    parts = filename.split("/")
    return "__MACOSX" in parts or any(part.startswith(".") for part in parts)


def pack_pictures(files: Sequence[tuple[str, bytes]], *, limits: Limits = LIMITS) -> bytes:
    """Return several pictures as one zip that `open_zip` reads back in the same order.

    The same pictures under the same names give the same bytes: natural order, no compression, fixed
    time stamps. Names keep their plain characters behind a running number, so that none collide.

    Args:
        files: (name, encoded picture) of each; equal names stay in the order given.
        limits: number of files and bytes of each picture.

    Raises:
        ClipError: no picture was given.
        LimitError: too many pictures, or one that is too large.
    """
    if not files:
        raise ClipError("0 pictures were given: choose at least one")
    limits.check_zip_files("the pictures", len(files))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for number, (name, data) in enumerate(sorted(files, key=lambda file: natural_key(file[0]))):
            limits.check_picture_bytes(name, len(data))
            entry = zipfile.ZipInfo(f"{number:06d}-{_plain_name(name)}", _FIRST_DAY)
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, data)
    return packed.getvalue()


def _plain_name(name: str) -> str:
    """Return the last part of a name with everything but letters, digits, dot, dash and underscore replaced."""
    return _UNSAFE.sub("_", re.split(r"[/\\]", name)[-1])[-60:] or "picture"
