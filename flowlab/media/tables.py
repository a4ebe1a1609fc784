"""Numbers out, as CSV that spreadsheets and pandas read alike."""

import csv
import io
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ParameterError


def csv_table(columns: Mapping[str, NDArray[np.generic]], *, titles: bool = True) -> bytes:
    """Return columns as CSV, UTF-8; unknown values (NaN) are empty cells.

    Args:
        columns: title -> (N,) numbers or texts, all of one length.
        titles: whether it begins with a line of titles.

    Raises:
        ParameterError: the columns differ in length.
    """
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise ParameterError(f"the columns have {', '.join(map(str, sorted(lengths)))} rows: give all of one length")
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    if titles:
        table.writerow([_safe(title) for title in columns])
    table.writerows(zip(*map(_cells, columns.values()), strict=True))
    return text.getvalue().encode()


def _cells(values: NDArray[np.generic]) -> Iterable[object]:
    """Return a column's cells: seven digits of a number, nothing of what is unknown."""
    if values.dtype.kind == "U":
        return map(_safe, values.tolist())
    if values.dtype.kind in "iub":
        return values.tolist()  # type: ignore[no-any-return]
    return ("" if value != value else f"{value:.7g}" for value in values.tolist())


def _safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
