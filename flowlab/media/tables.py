"""Numbers out, as CSV that spreadsheets and pandas read alike."""

import csv
import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ParameterError


def csv_table(columns: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Return columns of numbers as CSV, UTF-8, with a line of titles; unknown values (NaN) are empty cells.

    Args:
        columns: title -> (N,) numbers, all of one length.

    Raises:
        ParameterError: the columns differ in length.
    """
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise ParameterError(f"the columns have {', '.join(map(str, sorted(lengths)))} rows: give all of one length")
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow([_safe(title) for title in columns])
    table.writerows(zip(*(map(_cell, values.tolist()) for values in columns.values()), strict=True))
    return text.getvalue().encode()


def _cell(value: float) -> str:
    if value != value:
        return ""
    return str(value) if isinstance(value, int) else f"{value:.7g}"


def _safe(title: str) -> str:
    """Return a title that no spreadsheet takes for a formula."""
    return f"'{title}" if title.startswith(("=", "+", "-", "@")) else title
