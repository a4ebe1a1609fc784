"""Data sets of picture sequences with a true box in every frame: where the OTB benchmark keeps what.

    for sequence in box_sequences("otb", "otb"):     # or one sequence of it, or the folder otb lies in
        sequence.name, sequence.pictures, sequence.truth

The layout, of Wu, Lim & Yang (2013), "Online Object Tracking: A Benchmark": NAME/img/0001.jpg .. and
NAME/groundtruth_rect.txt; where several things were followed, groundtruth_rect.1.txt and so on, which are the
sequences NAME.1 .. here. Only names are listed: whether a file can be read is found out when the sequence is opened
(true_sequence.TrueSequence), so that one bad sequence never hides the others.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from flowlab.errors import ClipError, ClipNotFoundError, ParameterError, shown
from flowlab.media.natural_order import natural_key

_NAMED = 5  # data sets named in an error before it says "and more"


@dataclass(frozen=True)
class BoxSequence:
    """A folder of pictures and the file of true boxes; either may be missing.

    Attributes:
        dataset: name of the layout: "otb".
        name: what the data set calls the sequence, unique in it.
        pictures: folder of its pictures.
        truth: file of its true boxes.
        keyframes: file of hand-drawn boxes of all sequences of the data set (media.keyframes); None: not given.
        root: folder all of them must lie in, links followed.
    """

    dataset: str
    name: str
    pictures: Path
    truth: Path
    keyframes: Path | None
    root: Path


@dataclass(frozen=True)
class BoxLayout:
    """How a data set lays out its files.

    Attributes:
        name: what the command line calls it.
        title: what it is called on a page.
        pictures: folder of a sequence's pictures, in the sequence's folder.
        truth: pattern of its files of true boxes; group 1 is what a second one adds to the sequence's name.
        keyframes: file beside the sequences' folders.
    """

    name: str
    title: str
    pictures: str
    truth: re.Pattern[str]
    keyframes: str

    @property
    def plain_truth(self) -> str:
        """Name of the file of true boxes where there is one."""
        return "groundtruth_rect.txt"


BOX_LAYOUTS: Mapping[str, BoxLayout] = MappingProxyType(
    {
        row.name: row
        for row in (
            BoxLayout("otb", "OTB", "img", re.compile(r"groundtruth_rect(\.[0-9]{1,3})?\.txt"), "keyframes.json"),
        )
    }
)
"""The layouts by name."""


@dataclass(frozen=True)
class BoxSet:
    """A data set that was found.

    Attributes:
        key: name of its folder.
        layout: how its files are laid out.
        files: name of a sequence -> (its folder, name of its file of true boxes), in natural order.
        keyframes: file of hand-drawn boxes; None: not given.
        root: folder all files must lie in, links followed.
    """

    key: str
    layout: BoxLayout
    files: Mapping[str, tuple[Path, str]]
    keyframes: Path | None
    root: Path

    @property
    def names(self) -> tuple[str, ...]:
        """Its sequences, in natural order."""
        return tuple(self.files)

    def sequence(self, name: str) -> BoxSequence:
        """Return a sequence by one of `names`."""
        folder, truth = self.files[name]
        return BoxSequence(
            self.layout.name, name, folder / self.layout.pictures, folder / truth, self.keyframes, self.root
        )


def box_sequences(root: str | os.PathLike[str], dataset: str) -> tuple[BoxSequence, ...]:
    """Return the sequences of a data set, in natural order of their names.

    Args:
        root: its folder; the folder of one sequence; or the folder it lies in, if it is the only one there.
        dataset: "otb".

    Raises:
        ParameterError: no such data set.
        ClipNotFoundError: there is no such folder.
        ClipError: it holds no sequence, or several data sets.
    """
    if dataset not in BOX_LAYOUTS:
        raise ParameterError(f"there is no data set {shown(dataset)}: the data sets are {', '.join(BOX_LAYOUTS)}")
    layout = BOX_LAYOUTS[dataset]
    folder = Path(os.path.realpath(root))
    if not folder.is_dir():
        raise ClipNotFoundError(f"there is no folder {shown(root)}: check the name")
    found = _set_at(folder, layout, folder)
    if found is None:
        below = [one for one in find_box_sets(folder) if one.layout is layout]
        if len(below) > 1:
            known = ", ".join(shown(one.key) for one in below[:_NAMED]) + (" and more" if len(below) > _NAMED else "")
            raise ClipError(f"{shown(root)} holds {len(below)} {layout.title} sets: give one of them, {known}")
        found = below[0] if below else None
    if found is None:
        raise ClipError(
            f"{shown(root)} holds no {layout.title} sequence: looked for NAME/{layout.pictures}/0001.jpg and "
            f"NAME/{layout.plain_truth}"
        )
    return tuple(found.sequence(name) for name in found.names)


def find_box_sets(folder: Path) -> tuple[BoxSet, ...]:
    """Return the data sets lying in a folder, one a sub-folder, in natural order; none where it cannot be read.

    Sub-folders that are links are passed over: what lies elsewhere was not put here.
    """
    root = Path(os.path.realpath(folder))
    sets = (_set_at(root / name, layout, root) for name in _folders(root) for layout in BOX_LAYOUTS.values())
    return tuple(one for one in sets if one is not None)


def _set_at(folder: Path, layout: BoxLayout, root: Path) -> BoxSet | None:
    """Return the data set in `folder`, or the one sequence that it is, or None."""
    alone = _files_of(folder, layout)
    if _is_whole(alone, layout):
        return BoxSet(folder.name, layout, alone, _keyframes_at(folder, layout), root)
    files: dict[str, tuple[Path, str]] = {}
    for name in _folders(folder):
        for sequence, place in _files_of(folder / name, layout).items():
            files.setdefault(sequence, place)
    return BoxSet(folder.name, layout, files, _keyframes_at(folder, layout), root) if _is_whole(files, layout) else None


def _is_whole(files: Mapping[str, tuple[Path, str]], layout: BoxLayout) -> bool:
    """Return whether one of the sequences has both pictures and boxes; the others are listed, to say what they lack."""
    return any((place / layout.pictures).is_dir() and (place / truth).exists() for place, truth in files.values())


def _files_of(folder: Path, layout: BoxLayout) -> dict[str, tuple[Path, str]]:
    """Return name -> (folder, file of true boxes) of the sequences whose folder this is; none where it is none."""
    plain = layout.plain_truth
    if (folder / plain).exists():
        return {folder.name: (folder, plain)}
    if not (folder / layout.pictures).is_dir():
        return {}
    numbered = {
        f"{folder.name}{match[1]}": (folder, match[0])
        for name in _names(folder, folders=False)
        if (match := layout.truth.fullmatch(name))
    }
    return numbered or {folder.name: (folder, plain)}


def _keyframes_at(folder: Path, layout: BoxLayout) -> Path | None:
    file = folder / layout.keyframes
    return file if file.is_file() else None


def _folders(folder: Path) -> list[str]:
    return _names(folder, folders=True)


def _names(folder: Path, *, folders: bool) -> list[str]:
    """Return the names of sub-folders (links left out) or of everything else, in natural order; none if unreadable."""
    try:
        with os.scandir(folder) as entries:
            found = [one.name for one in entries if one.is_dir(follow_symlinks=False) == folders]
    except OSError:
        return []  # not there or not ours to read: it holds nothing for us, and the caller says what was looked for
    return sorted((name for name in found if not name.startswith(".")), key=natural_key)
