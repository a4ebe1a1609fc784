"""Names for content: the same bytes have the same name, whatever their file is called."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from flowlab.errors import ClipError, ClipNotFoundError, shown
from flowlab.media.picture_files import pictures_in


def file_hash(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal, read in pieces.

    Raises:
        ClipNotFoundError: there is no such file.
        ClipError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, ValueError):  # ValueError: a name no system has
        raise ClipNotFoundError(f"there is no file {shown(path.name)}: check the name") from None
    except OSError as error:
        raise ClipError(f"{shown(path.name)} cannot be read ({error.strerror}): check the file") from None


def folder_hash(paths: Iterable[Path]) -> str:
    """Return one sha256 for several files in their order; their names do not enter.

    It is the hash of the files' hashes, so that no two lists of files share one by the way
    their bytes are cut.
    """
    whole = hashlib.sha256(b"flowlab pictures\n")
    for path in paths:
        whole.update(bytes.fromhex(file_hash(path)))
    return whole.hexdigest()


def content_hash(path: Path) -> str:
    """Return the hash by which a clip is known: of a file, or of the pictures in a folder.

    Raises:
        ClipNotFoundError: there is no such file or folder.
        ClipError: it cannot be read, or the folder holds no pictures.
    """
    return folder_hash(pictures_in(path)) if path.is_dir() else file_hash(path)
