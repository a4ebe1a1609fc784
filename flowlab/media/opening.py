"""One door for every clip on a disk: what the bytes are decides, not what the file is called."""

from collections.abc import Callable
from pathlib import Path

from flowlab.core.clip import Clip
from flowlab.errors import ClipError, shown
from flowlab.media.archives import open_zip
from flowlab.media.containers import check_file
from flowlab.media.limits import LIMITS, Limits
from flowlab.media.picture_header import picture_format
from flowlab.media.pictures import open_folder, open_pictures
from flowlab.media.video import open_video
from flowlab.media.video_index import VideoIndex

_MAGIC_BYTES = 16
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


def open_media(
    path: Path,
    *,
    name: str | None = None,
    index: VideoIndex | None = None,
    limits: Limits = LIMITS,
    progress: Callable[[float, str], None] | None = None,
) -> Clip:
    """Open a folder of pictures, a zip of pictures, a picture or a video (a gif is a video) as a clip.

    Args:
        path: the file or folder.
        name: what to call it; its own name where None.
        index: for a video, what `scan_video` found in this very file before.
        limits: see Limits.
        progress: called with (share done, text) while the clip is looked through.

    Raises:
        ClipNotFoundError: there is nothing at `path`.
        LimitError: it is larger or slower than `limits` accept.
        ClipError: it is nothing that can be opened as a clip.
    """
    name = path.name if name is None else name
    if path.is_dir():
        return open_folder(path, name=name, limits=limits, progress=progress)
    check_file(path, name, limits)
    head = _head(path, name)
    if head.startswith(_ZIP):
        return open_zip(path, name=name, limits=limits, progress=progress)
    if picture_format(head) is not None:
        return open_pictures([path], name=name, limits=limits, progress=progress)
    return open_video(path, name=name, index=index, limits=limits, progress=progress)


def _head(path: Path, name: str) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAGIC_BYTES)
    except OSError as error:
        raise ClipError(f"{shown(name)} cannot be read ({error.strerror}): check the file's permissions") from None
