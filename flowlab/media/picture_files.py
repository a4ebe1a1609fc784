"""Where encoded pictures come from: files here, entries of a zip elsewhere (archives.py)."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from flowlab.errors import ClipError, ClipNotFoundError, shown
from flowlab.media.natural_order import natural_key
from flowlab.media.picture_header import PictureHeader, picture_format, read_header

_MAGIC_BYTES = 16


class PictureSource(Protocol):
    """Encoded pictures by number, in the order they are shown."""

    @property
    def names(self) -> Sequence[str]:
        """Names of the files, one each."""

    @property
    def size(self) -> int:
        """Bytes of all files."""

    def header(self, index: int) -> PictureHeader | None:
        """Return what a file's header promises, None where it is no picture; raises ValueError where it is damaged."""

    def read(self, index: int) -> bytes:
        """Return a whole file."""

    def close(self) -> None:
        """Let go of what is open."""


class FilePictures:
    """Picture files of this machine (a PictureSource)."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Serve `paths` in this order."""
        self._paths = paths
        self.names = [path.name for path in paths]
        try:
            self.size = sum(path.stat().st_size for path in paths)
        except OSError as error:
            raise ClipNotFoundError(f"there is no file {shown(Path(error.filename).name)}: check the name") from None

    def header(self, index: int) -> PictureHeader | None:
        """Return what a file's header promises; see PictureSource."""
        try:
            with self._paths[index].open("rb") as file:
                return read_header(file)
        except OSError as error:
            raise _unreadable(self.names[index], error) from None

    def read(self, index: int) -> bytes:
        """Return a whole file."""
        try:
            return self._paths[index].read_bytes()
        except OSError as error:
            raise _unreadable(self.names[index], error) from None

    def close(self) -> None:
        """Nothing stays open."""


def in_natural_order(paths: Sequence[Path]) -> list[Path]:
    """Return files as people number them: 2 before 10."""
    return sorted(paths, key=lambda path: natural_key(path.name))


def pictures_in(folder: Path) -> list[Path]:
    """Return the pictures lying directly in a folder, in natural order; hidden and other files are passed over.

    Raises:
        ClipNotFoundError: there is no such folder.
        ClipError: it cannot be read, or holds no pictures.
    """
    try:
        files = [path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file()]
    except (FileNotFoundError, NotADirectoryError):
        raise ClipNotFoundError(f"there is no folder {shown(folder.name)}: check the name") from None
    except OSError as error:
        raise _unreadable(folder.name, error) from None
    pictures = [path for path in files if _is_picture(path)]
    if not pictures:
        raise ClipError(
            f"the folder {shown(folder.name)} holds no pictures: give one with png, jpg, bmp, tif, webp or ppm files"
        )
    return in_natural_order(pictures)


def _is_picture(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return picture_format(file.read(_MAGIC_BYTES)) is not None
    except OSError as error:
        raise _unreadable(path.name, error) from None


def _unreadable(name: str, error: OSError) -> ClipError:
    return ClipError(f"{shown(name)} cannot be read ({error.strerror}): check the file and its permissions")
