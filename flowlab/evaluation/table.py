"""The rows of an evaluation as lines of an aligned table, each as soon as it is known."""

from collections.abc import Iterable, Mapping, Sequence

from flowlab.errors import shown
from flowlab.evaluation.benchmark import Number, Row

# title, key in a row's numbers, width, decimals, factor
_COLUMNS = (
    ("EPE px", "epe", 7, 3, 1),
    ("AAE deg", "aae", 7, 2, 1),
    ("Fl %", "fl", 6, 2, 100),
    (">1px %", "r1", 6, 2, 100),
    (">3px %", "r3", 6, 2, 100),
    (">5px %", "r5", 6, 2, 100),
    ("filled", "density", 6, 1, 100),
    ("ms", "ms", 6, 0, 1),
)
_VISIBLE = (("EPEnoc", "epe_noc", 7, 3, 1), ("Fl-noc", "fl_noc", 6, 2, 100))
_MOST = 24  # characters of a name
_MEAN = "mean"


class Table:
    """Formats rows; widths are fixed beforehand, so that no row waits for the next."""

    def __init__(self, sequences: Iterable[str], methods: Sequence[str], *, visible: bool = False) -> None:
        """Lay out a table for pairs and methods of these names; `visible` adds the columns of visible points."""
        self._columns = _COLUMNS[:-1] + _VISIBLE + _COLUMNS[-1:] if visible else _COLUMNS
        self._name = max([len(_MEAN), *(len(cell(name)) for name in sequences)])
        self._method = max([len("method"), *map(len, methods)])

    @property
    def header(self) -> str:
        """The titles."""
        titles = (f"{title:>{width}}" for title, _, width, _, _ in self._columns)
        return " ".join((f"{'pair':{self._name}}", f"{'method':{self._method}}", *titles))

    def row(self, row: Row) -> str:
        """Return the line of a row; one without numbers says why."""
        if row.numbers["epe"] is None:
            return self._line(row.sequence, row.method, row.note)
        line = self._line(row.sequence, row.method, self._numbers(row.numbers))
        return f"{line}  {row.note}" if row.note else line

    def mean(self, method: str, numbers: Mapping[str, Number]) -> str:
        """Return the line of a method's means."""
        return self._line(_MEAN, method, self._numbers(numbers))

    def _line(self, name: str, method: str, rest: str) -> str:
        return f"{cell(name):{self._name}} {method:{self._method}} {rest}".rstrip()

    def _numbers(self, numbers: Mapping[str, Number]) -> str:
        cells = []
        for _, key, width, decimals, factor in self._columns:
            number = numbers[key]
            cells.append(f"{'-':>{width}}" if number is None else f"{number * factor:{width}.{decimals}f}")
        return " ".join(cells)


def cell(name: str) -> str:
    """Return a name from outside as plain text of a bounded length."""
    return shown(name, _MOST)[1:-1]
