"""The pairs and sequences of the data sets in FLOWLAB_DATA as clips that know their truth: data:SET/NAME."""

import os
from pathlib import Path

from flowlab.errors import ClipNotFoundError, shown
from flowlab.jobs.memory import ByteCache
from flowlab.media.box_sets import BoxSequence, BoxSet, find_box_sets
from flowlab.media.flow_sets import FlowSequence, FlowSet, find_sets
from flowlab.media.natural_order import natural_key
from flowlab.media.true_pair import TruePair

PREFIX = "data:"
FOLDER = "FLOWLAB_DATA"
"""Environment variable that names the folder of data sets."""
MOST_LISTED = 200
"""Pairs or sequences of one data set that a list to choose from holds."""

_PAIRS_KEPT = 16  # each holds the facts of a pair and one encoded picture


DataSet = FlowSet | BoxSet


class DataClips:
    """Looks pairs and sequences up by name in the data sets of FLOWLAB_DATA; a name is never part of a path.

    The folder is listed once, and again when a name is not found: a large data set has 70,000 files.
    """

    def __init__(self) -> None:
        """Start with nothing listed."""
        self._listed: tuple[str, tuple[DataSet, ...]] = ("", ())
        self._opened: ByteCache[TruePair] = ByteCache(_PAIRS_KEPT)

    def open(self, name: str) -> TruePair | BoxSequence:
        """Open the pair `data:SET/NAME`, or find the sequence of that name, for jobs.library to open.

        Raises:
            ClipNotFoundError: there is no such pair or sequence; the message says what there is.
            ClipError: the pictures of a pair cannot be read.
        """
        key = (os.environ.get(FOLDER, ""), name)
        pair = self._opened.get(key)
        if pair is None:
            found = self._find(name)
            if isinstance(found, BoxSequence):
                return found
            pair = TruePair(found, name=name)
            self._opened.put(key, pair, 1)
        return pair

    def titles(self, chosen: str = "") -> dict[str, str]:
        """Return name -> title of the first MOST_LISTED clips of each data set, and of `chosen` where it is one."""
        listed = self._sets()
        kinds = [one.layout for one in listed]
        titles: dict[str, str] = {}
        for one in listed:
            title = one.layout.title if kinds.count(one.layout) == 1 else f"{one.layout.title} ({one.key})"
            names = [name for name in one.names[:MOST_LISTED] if _is_text(name)]
            chosen_name = chosen.removeprefix(f"{PREFIX}{one.key}/")
            if chosen_name != chosen and chosen_name in one.names and chosen_name not in names:
                names.append(chosen_name)
            titles |= {f"{PREFIX}{one.key}/{name}": f"{title} {name}" for name in names if _is_text(one.key)}
        return titles

    @property
    def note(self) -> str:
        """Which data sets `titles` does not list whole, and how to open the rest, in a sentence; or ""."""
        long = [one for one in self._sets() if len(one.names) > MOST_LISTED]
        if not long:
            return ""
        counts = ", ".join(f"{len(one.names):,} {_noun(one)}s of {one.key}" for one in long)
        example = f"clip={PREFIX}{long[0].key}/{long[0].names[-1]}"
        return f"Listed are the first {MOST_LISTED} of {counts}; the address opens any other: {example}."

    def _sets(self, *, anew: bool = False) -> tuple[DataSet, ...]:
        folder = os.environ.get(FOLDER, "")
        if anew or self._listed[0] != folder:
            found: list[DataSet] = [*find_sets(Path(folder)), *find_box_sets(Path(folder))] if folder else []
            self._listed = (folder, tuple(sorted(found, key=lambda one: natural_key(one.key))))
        return self._listed[1]

    def _find(self, name: str) -> FlowSequence | BoxSequence:
        key, _, pair = name.removeprefix(PREFIX).partition("/")
        for anew in (False, True):
            for one in self._sets(anew=anew):
                if one.key == key and pair in one.names:
                    return one.sequence(pair)
        raise ClipNotFoundError(self._refusal(name, key))

    def _refusal(self, name: str, key: str) -> str:
        if not os.environ.get(FOLDER):
            return f"there is no clip {shown(name)}: {FOLDER} is unset, set it to the folder that holds your data sets"
        sets = self._sets()
        if not sets:
            return f"there is no clip {shown(name)}: the folder {FOLDER} names holds no data set that is known here"
        for one in sets:
            if one.key == key:
                names = [shown(pair) for pair in one.names]
                several = f"{len(names)} {_noun(one)}s, {names[0]} to {names[-1]}"
                has = f"the {_noun(one)} {names[0]}" if len(names) == 1 else several
                return f"there is no clip {shown(name)}: {shown(key)} has {has}"
        known = ", ".join(shown(one.key) for one in sets)
        return f"there is no clip {shown(name)}: the data sets here are {known}, give {PREFIX}SET/NAME"


def _noun(one: DataSet) -> str:
    """Return what the clips of a data set are called."""
    return "pair" if isinstance(one, FlowSet) else "sequence"


def _is_text(name: str) -> bool:
    """Return whether a file's name can stand in a list and in an address."""
    return name.isprintable()
