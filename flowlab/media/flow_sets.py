"""Data sets of picture pairs with measured flow: where Middlebury, KITTI and FlyingChairs keep what.

    for sequence in sequences("kitti", "kitti"):     # or kitti/training, or the folder kitti lies in
        sequence.name, sequence.first, sequence.second, sequence.truth

A layout is a few path patterns with {} where the name of a pair stands. Only names are listed here:
whether a file can be read, and lies where it should, is found out when the pair is opened
(true_pair.TruePair), so that one bad pair never hides the others.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from flowlab.errors import ClipError, ClipNotFoundError, ParameterError, shown
from flowlab.media.natural_order import natural_key

_NAMED = 5  # data sets named in an error before it says "and more"


@dataclass(frozen=True)
class FlowSequence:
    """Two pictures and the file of the flow between them; any of the files may be missing.

    Attributes:
        dataset: name of the layout: "middlebury", "kitti" or "chairs".
        name: what the data set calls the pair, unique in it.
        first, second: files of the pictures.
        truth: file of the true flow from first to second.
        visible_truth: file of the true flow of those points only that are visible in both pictures; None: not given.
        root: folder all of them must lie in, links followed.
    """

    dataset: str
    name: str
    first: Path
    second: Path
    truth: Path
    visible_truth: Path | None
    root: Path


@dataclass(frozen=True)
class Pattern:
    """One way to name the files of a pair, as paths in the folder of a data set with {} for the pair's name."""

    first: str
    second: str
    truth: str
    visible_truth: str = ""

    def names(self, folder: Path) -> set[str]:
        """Return the names of the pairs of which at least one picture is there."""
        inner, first_ending = self.first.split("{}")
        endings = (first_ending, self.second.split("{}")[1])
        listed = _entries(folder / inner, folders=first_ending.startswith("/"))
        if first_ending.startswith("/"):
            return {name for name in listed if any((folder / f"{inner}{name}{end}").is_file() for end in endings)}
        return {name.removesuffix(end) for end in endings for name in listed if name.endswith(end) and name != end}

    def sequence(self, dataset: str, name: str, folder: Path, root: Path) -> FlowSequence:
        """Return the pair of that name, which must be one of `names`."""
        first, second, truth = (folder / part.replace("{}", name) for part in (self.first, self.second, self.truth))
        visible = folder / self.visible_truth.replace("{}", name) if self.visible_truth else None
        if visible is not None and not visible.exists():
            visible = None
        return FlowSequence(dataset, name, first, second, truth, visible, root)

    @property
    def inner_folders(self) -> set[str]:
        """Folders of a data set in which its files lie."""
        parts = (self.first, self.second, self.truth, self.visible_truth)
        return {part.partition("/")[0] for part in parts if "/" in part}


@dataclass(frozen=True)
class Layout:
    """How one data set lays out its files.

    Attributes:
        name: what the command line calls it.
        title: what it is called on a page.
        patterns: ways to name a pair's files; the first that finds any is used.
        below: folder of a release in which they lie, or "".
    """

    name: str
    title: str
    patterns: tuple[Pattern, ...]
    below: str = ""

    @property
    def wanted(self) -> str:
        """What is looked for, in words."""
        pattern = self.patterns[0]
        words = f"{pattern.first}, {pattern.second} and {pattern.truth}".replace("{}", "NAME")
        return f"{words}, here or in {self.below}/" if self.below else words


def _kitti(pictures: str) -> Pattern:
    return Pattern(f"{pictures}/{{}}_10.png", f"{pictures}/{{}}_11.png", "flow_occ/{}_10.png", "flow_noc/{}_10.png")


LAYOUTS = {
    row.name: row
    for row in (
        Layout(
            "middlebury",
            "Middlebury",
            tuple(
                Pattern(f"{pictures}/{{}}/frame10.png", f"{pictures}/{{}}/frame11.png", "other-gt-flow/{}/flow10.flo")
                for pictures in ("other-data", "other-data-gray")
            ),
        ),
        # KITTI 2015 has image_2, KITTI 2012 colour in colored_0 and grey in image_0.
        Layout("kitti", "KITTI", (_kitti("image_2"), _kitti("colored_0"), _kitti("image_0")), "training"),
        Layout(
            "chairs",
            "FlyingChairs",
            (
                Pattern("{}-img0.ppm", "{}-img1.ppm", "{}-gt.flo"),
                Pattern("{}_img1.ppm", "{}_img2.ppm", "{}_flow.flo"),
            ),
            "data",
        ),
    )
}
"""The layouts by name."""


@dataclass(frozen=True)
class FlowSet:
    """A data set that was found.

    Attributes:
        key: name of its folder.
        layout: how its files are laid out.
        names: its pairs, in natural order.
        pattern: how a pair's files are named.
        folder: where the pattern begins.
        root: folder all files must lie in, links followed.
    """

    key: str
    layout: Layout
    names: tuple[str, ...]
    pattern: Pattern
    folder: Path
    root: Path

    def sequence(self, name: str) -> FlowSequence:
        """Return a pair by one of `names`."""
        return self.pattern.sequence(self.layout.name, name, self.folder, self.root)


def sequences(root: str | os.PathLike[str], dataset: str) -> tuple[FlowSequence, ...]:
    """Return the pairs of a data set, in natural order of their names.

    Args:
        root: its folder; the folder it lies in, if it is the only one of its kind there; or one of its inner
            folders (training, other-data, image_2 ..).
        dataset: "middlebury", "kitti" (2012 or 2015) or "chairs" (FlyingChairs).

    Raises:
        ParameterError: no such data set.
        ClipNotFoundError: there is no such folder.
        ClipError: it holds no pair, or several data sets of this kind.
    """
    layout = _layout(dataset)
    folder = Path(os.path.realpath(root))
    if not folder.is_dir():
        raise ClipNotFoundError(f"there is no folder {shown(root)}: check the name")
    found = _set_at(folder, layout, folder)
    if found is None and any(folder.name in pattern.inner_folders for pattern in layout.patterns):
        found = _set_at(folder.parent, layout, folder.parent)
    if found is None:
        below = [one for one in find_sets(folder) if one.layout is layout]
        if len(below) > 1:
            known = ", ".join(shown(one.key) for one in below[:_NAMED]) + (" and more" if len(below) > _NAMED else "")
            raise ClipError(f"{shown(root)} holds {len(below)} {layout.title} sets: give one of them, {known}")
        found = below[0] if below else None
    if found is None:
        raise ClipError(f"{shown(root)} holds no {layout.title} pair: looked for {layout.wanted}")
    return tuple(found.sequence(name) for name in found.names)


def find_sets(folder: Path) -> tuple[FlowSet, ...]:
    """Return the data sets lying in a folder, one a sub-folder, in natural order; none where it cannot be read.

    Sub-folders that are links are passed over: what lies elsewhere was not put here.
    """
    root = Path(os.path.realpath(folder))
    found: list[FlowSet] = []
    for name in sorted(_entries(root, folders=True), key=natural_key):
        sets = (_set_at(root / name, layout, root) for layout in LAYOUTS.values())
        found.extend(one for one in sets if one is not None)
    return tuple(found)


def _layout(dataset: str) -> Layout:
    if dataset not in LAYOUTS:
        raise ParameterError(f"there is no data set {shown(dataset)}: the data sets are {', '.join(LAYOUTS)}")
    return LAYOUTS[dataset]


def _set_at(folder: Path, layout: Layout, root: Path) -> FlowSet | None:
    """Return the data set whose release lies in `folder`, or None."""
    for place in (folder, folder / layout.below) if layout.below else (folder,):
        for pattern in layout.patterns:
            if names := pattern.names(place):
                return FlowSet(folder.name, layout, tuple(sorted(names, key=natural_key)), pattern, place, root)
    return None


def _entries(folder: Path, *, folders: bool) -> list[str]:
    """Return the names of sub-folders (links left out) or of everything else in a folder; none where it is not."""
    return [entry.name for entry in _scan(folder) if entry.is_dir(follow_symlinks=False) == folders]


def _scan(folder: Path) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry for entry in entries if not entry.name.startswith("."))
    except OSError:
        return  # not there or not ours to read: then it holds nothing for us, and the caller says what was looked for
