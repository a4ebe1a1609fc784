"""The pairs of the data sets in FLOWLAB_DATA as clips that know their truth: data:SET/NAME."""

import os
from pathlib import Path

from flowlab.errors import ClipNotFoundError, shown
from flowlab.jobs.memory import ByteCache
from flowlab.media.flow_sets import FlowSequence, FlowSet, find_sets
from flowlab.media.true_pair import TruePair

PREFIX = "data:"
FOLDER = "FLOWLAB_DATA"
"""Environment variable that names the folder of data sets."""
MOST_LISTED = 200
"""Pairs of one data set that a list to choose from holds."""

_PAIRS_KEPT = 16  # each holds the facts of a pair and one encoded picture


class DataClips:
    """Looks pairs up by name among the data sets lying in FLOWLAB_DATA; a name is never part of a path.

    The folder is listed once, and again when a name is not found: a large data set has 70,000 files.
    """

    def __init__(self) -> None:
        """Start with nothing listed."""
        self._listed: tuple[str, tuple[FlowSet, ...]] = ("", ())
        self._opened: ByteCache[TruePair] = ByteCache(_PAIRS_KEPT)

    def open(self, name: str) -> TruePair:
        """Open `data:SET/NAME`.

        Raises:
            ClipNotFoundError: there is no such pair; the message says what there is.
            ClipError: its pictures cannot be read.
        """
        key = (os.environ.get(FOLDER, ""), name)
        pair = self._opened.get(key)
        if pair is None:
            pair = TruePair(self._find(name), name=name)
            self._opened.put(key, pair, 1)
        return pair

    def titles(self, chosen: str = "") -> dict[str, str]:
        """Return name -> title of the first MOST_LISTED pairs of each data set, and of `chosen` where it is one."""
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
        counts = ", ".join(f"{len(one.names):,} pairs of {one.key}" for one in long)
        example = f"clip={PREFIX}{long[0].key}/{long[0].names[-1]}"
        return f"Listed are the first {MOST_LISTED} of {counts}; the address opens any other: {example}."

    def _sets(self, *, anew: bool = False) -> tuple[FlowSet, ...]:
        folder = os.environ.get(FOLDER, "")
        if anew or self._listed[0] != folder:
            self._listed = (folder, find_sets(Path(folder)) if folder else ())
        return self._listed[1]

    def _find(self, name: str) -> FlowSequence:
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
                has = f"the pair {names[0]}" if len(names) == 1 else f"{len(names)} pairs, {names[0]} to {names[-1]}"
                return f"there is no clip {shown(name)}: {shown(key)} has {has}"
        known = ", ".join(shown(one.key) for one in sets)
        return f"there is no clip {shown(name)}: the data sets here are {known}, give {PREFIX}SET/NAME"


def _is_text(name: str) -> bool:
    """Return whether a file's name can stand in a list and in an address."""
    return name.isprintable()
