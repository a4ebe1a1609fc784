"""The rows of a tracking evaluation as lines of an aligned table, each as soon as it is known."""

from collections.abc import Iterable, Mapping, Sequence

from flowlab.evaluation.table import cell
from flowlab.evaluation.tracking_benchmark import ALONE, WITH_KEYFRAMES, Number, TrackingRow

# title, key in a row's numbers, width, decimals, factor
_COLUMNS = (
    ("AUC", "auc", 5, 3, 1),
    ("20px %", "precision20", 6, 1, 100),
    ("tracked %", "tracked_share", 9, 1, 100),
    ("wrong %", "wrong_but_tracked", 7, 1, 100),
    ("missed %", "lost_but_right", 8, 1, 100),
    ("fps", "fps", 6, 1, 1),
    ("ms", "ms", 6, 1, 1),
    ("frames", "frames", 6, 0, 1),
)
_MODE = max(len(ALONE), len(WITH_KEYFRAMES))
_MEAN = "mean"


class TrackingTable:
    """Formats rows; widths are fixed beforehand, so that no row waits for the next."""

    def __init__(self, sequences: Iterable[str], trackers: Sequence[str]) -> None:
        """Lay out a table for sequences and trackers of these names."""
        self._name = max([len("sequence"), *(len(cell(name)) for name in sequences)])
        self._tracker = max([len("tracker"), *map(len, trackers)])

    @property
    def header(self) -> str:
        """The titles."""
        return self._line("sequence", "tracker", "mode", " ".join(f"{title:>{w}}" for title, _, w, _, _ in _COLUMNS))

    def row(self, row: TrackingRow) -> str:
        """Return the line of a row; one without numbers says why."""
        if row.numbers["auc"] is None:
            return self._line(row.sequence, row.tracker, row.mode, row.note)
        line = self._line(row.sequence, row.tracker, row.mode, _numbers(row.numbers))
        return f"{line}  {row.note}" if row.note else line

    def mean(self, tracker: str, mode: str, numbers: Mapping[str, Number]) -> str:
        """Return the line of the means of a tracker in a mode."""
        return self._line(_MEAN, tracker, mode, _numbers(numbers))

    def _line(self, name: str, tracker: str, mode: str, rest: str) -> str:
        return f"{cell(name):{self._name}} {tracker:{self._tracker}} {mode:{_MODE}} {rest}".rstrip()


def _numbers(numbers: Mapping[str, Number]) -> str:
    return " ".join(
        f"{'-':>{width}}" if (number := numbers[key]) is None else f"{number * factor:{width}.{decimals}f}"
        for _, key, width, decimals, factor in _COLUMNS
    )
