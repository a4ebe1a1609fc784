"""Opening a clip by name, whatever kind of name it is: the one function every shell and script uses."""

from collections.abc import Callable
from pathlib import Path

from flowlab.core.clip import Clip
from flowlab.errors import ClipNotFoundError, shown
from flowlab.jobs.data_clips import PREFIX
from flowlab.jobs.library import Library
from flowlab.store.objects import is_content_hash


def open_clip(
    name: str | Path,
    *,
    width: int = 0,
    library: Library | None = None,
    progress: Callable[[float, str], None] | None = None,
) -> Clip:
    """Open a clip on this machine.

    Args:
        name: a video file, a folder or zip of pictures, one picture, `scene:NAME?knob=value&..`,
            `sample:KEY` (once downloaded), `data:SET/NAME` (a pair or sequence of a data set in FLOWLAB_DATA), or the
            content hash of a clip in the store.
        width: working width in pixels; 0, or more than the clip has, means its own size.
        library: the lab whose processes decode; without one, the clip brings its own.
        progress: called with (share 0..1, text) while a new clip is checked.

    Raises:
        ClipNotFoundError: there is no such clip.
        ClipError: it cannot be read as one.
    """
    if library is not None:
        return _open_in(library, str(name), width, progress)
    own = Library(one_process=True)
    try:
        return _open_in(own, str(name), width, progress)  # the clip ends the process when it is closed
    except BaseException:
        own.close()
        raise


def _open_in(library: Library, name: str, width: int, progress: Callable[[float, str], None] | None) -> Clip:
    if name.startswith(("scene:", "sample:", PREFIX)) or is_content_hash(name):
        return library.open(name, width=width, progress=progress)
    if not Path(name).exists():
        raise ClipNotFoundError(f"there is no file or folder {shown(name)}: check the name, or give scene:NAME")
    return library.open_path(Path(name), width=width, progress=progress)
