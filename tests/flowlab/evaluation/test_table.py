"""The table of an evaluation: columns stand under their titles, whatever the names are."""

from flowlab.evaluation.benchmark import NUMBERS, Row
from flowlab.evaluation.table import Table

NUMBERS_OF = dict.fromkeys(NUMBERS, 0.25) | {"epe": 12.3456, "ms": 98.7, "epe_noc": 1.5, "fl_noc": 0.5}


def test_columns_stand_under_their_titles() -> None:
    table = Table(["RubberWhale", "Venus"], ["dis", "farneback"])
    lines = [table.header, table.row(Row("Venus", "dis", NUMBERS_OF)), table.mean("farneback", NUMBERS_OF)]
    assert len({len(line) for line in lines}) == 1
    assert len(lines[0]) <= 80
    assert lines[1].split() == ["Venus", "dis", "12.346", "0.25", *["25.00"] * 4, "25.0", "99"]
    assert lines[2].startswith("mean        farneback ")
    for title, value in (("EPE px", "12.346"), ("Fl %", "25.00"), ("ms", "99")):
        end = lines[0].index(title) + len(title)
        assert lines[1][:end].endswith(value)


def test_visible_points_have_columns_of_their_own_where_they_are_known() -> None:
    table = Table(["000010"], ["dis"], visible=True)
    assert "EPEnoc Fl-noc     ms" in table.header
    assert table.row(Row("000010", "dis", NUMBERS_OF)).endswith("1.500  50.00     99")
    assert len(table.header) <= 100
    assert "noc" not in Table(["000010"], ["dis"]).header


def test_what_is_missing_is_a_dash_or_a_reason() -> None:
    table = Table(["a"], ["dis"], visible=True)
    assert table.row(Row("a", "dis", note="there is no truth")) == "a    dis    there is no truth"
    part = table.row(Row("a", "dis", NUMBERS_OF | {"epe_noc": None}, "it cannot be read"))
    assert "      -  50.00     99  it cannot be read" in part
    assert table.mean("dis", dict.fromkeys(NUMBERS)).split() == ["mean", "dis", *["-"] * 10]


def test_a_name_from_outside_stays_on_its_line_and_in_its_column() -> None:
    hostile = "a\n\x1b[31m" + "b" * 300
    table = Table([hostile, "fine"], ["dis"])
    line = table.row(Row(hostile, "dis", NUMBERS_OF))
    assert "\n" not in line and "\x1b" not in line
    assert len(line) == len(table.row(Row("fine", "dis", NUMBERS_OF))) <= 100
