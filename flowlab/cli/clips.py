"""Which clips a shell means: one by name, or several as a batch."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from flowlab.errors import ClipError, ParameterError, shown
from flowlab.media.natural_order import natural_key
from flowlab.media.picture_files import pictures_in
from flowlab.scenes.registry import parse_scene

_ENDINGS = (
    ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".gif", ".ts", ".mpg", ".mpeg", ".flv", ".asf", ".wmv", ".3gp",
    ".zip",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One clip of a command.

    Attributes:
        clip: the name it is opened by.
        stem: what its output is called in a batch; "" where it is the only clip asked for.
    """

    clip: str
    stem: str = ""


def clips_of(words: tuple[str, ...]) -> list[Asked]:
    """Return the clips that the words of a command name: each itself, or what a glob or a folder of clips holds.

    Raises:
        ParameterError: a glob or folder holds no clip.
    """
    clips: list[str] = []
    for word in words:
        clips += _several(word) or [word]
    if len(words) == 1 and clips == [words[0]]:
        return [Asked(words[0])]
    taken: set[str] = set()
    return [Asked(clip, _free(_stem(clip), taken)) for clip in dict.fromkeys(clips)]


def _several(word: str) -> list[str]:
    """Return the clips of a glob or a folder of clips; none where the word names one clip."""
    path = Path(word)
    if word.startswith(("scene:", "sample:", "data:")):
        return []
    if path.is_dir():
        return [] if _holds_pictures(path) else _clips_in(path)
    if path.exists() or not any(sign in word for sign in "*?["):
        return []
    found = _in_order(Path(path.anchor).glob(word.removeprefix(path.anchor)))
    if not found:
        raise ParameterError(f"no file matches {shown(word)}: check the pattern")
    return found


def _holds_pictures(folder: Path) -> bool:
    try:
        return bool(pictures_in(folder))
    except ClipError:
        return False


def _clips_in(folder: Path) -> list[str]:
    """Return the clips in a folder: files with the ending of one, and folders of pictures."""
    found = [
        path
        for path in folder.iterdir()
        if not path.name.startswith(".")
        and (_holds_pictures(path) if path.is_dir() else path.suffix.lower() in _ENDINGS)
    ]
    if not found:
        raise ParameterError(f"the folder {shown(folder)} holds neither pictures nor clips: give one that does")
    return _in_order(found)


def _in_order(paths: Iterable[Path]) -> list[str]:
    return [str(path) for path in sorted(paths, key=lambda path: natural_key(str(path)))]


def _stem(clip: str) -> str:
    if clip.startswith("scene:"):
        return parse_scene(clip)[0].name
    return Path(clip.rpartition(":")[2]).stem if clip.startswith(("sample:", "data:")) else Path(clip).stem


def _free(stem: str, taken: set[str]) -> str:
    """Return `stem`, numbered where another clip of the batch has it already."""
    name, number = stem or "clip", 1
    while name.casefold() in taken:
        number += 1
        name = f"{stem}-{number}"
    taken.add(name.casefold())
    return name
