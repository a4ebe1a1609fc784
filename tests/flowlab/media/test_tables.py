"""Numbers as CSV."""

import csv
import io

import numpy as np
import pytest

from flowlab.errors import ParameterError
from flowlab.media.tables import csv_table


def test_columns_are_read_back_with_their_titles_and_the_unknown_is_empty() -> None:
    data = csv_table({"frame": np.array([0, 1, 2]), "u (px)": np.array([0.125, np.nan, -3e-5], np.float32)})
    rows = list(csv.reader(io.StringIO(data.decode())))
    assert rows[0] == ["frame", "u (px)"]
    assert [row[0] for row in rows[1:]] == ["0", "1", "2"]
    assert rows[2][1] == ""
    assert [float(rows[1][1]), float(rows[3][1])] == pytest.approx([0.125, -3e-5])


def test_a_title_never_becomes_a_formula() -> None:
    for title in ("=1+1", "+a", "-a", "@a"):
        assert csv_table({title: np.arange(2)}).decode().splitlines()[0] == f"'{title}"


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ParameterError, match="the columns have 2, 3 rows"):
        csv_table({"a": np.arange(2), "b": np.arange(3)})
