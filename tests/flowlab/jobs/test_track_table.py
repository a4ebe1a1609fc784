"""The table of tracks: the command line's contract, column by column, and what trackpy takes."""

import csv
import io
from itertools import groupby

import numpy as np
import pytest

from flowlab.errors import ParameterError
from flowlab.jobs.track_table import COLUMNS, CONTRACT, TRACKPY, table_of
from flowlab.scenes.registry import open_scene
from flowlab.tracking.endings import ENDINGS, Status
from flowlab.tracking.points import track_points
from flowlab.tracking.tracks import Tracks, no_tracks

FIRST = ["frame", "track", "x", "y", "fb_error", "min_eig", "status"]
Row = dict[str, str]


@pytest.fixture(scope="module")
def tracks() -> Tracks:
    return track_points(open_scene("scene:two-layers?width=160&height=96&frames=24&speed=3"))


def rows_of(table: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(table.decode())))


@pytest.fixture(scope="module")
def rows(tracks: Tracks) -> list[Row]:
    return rows_of(table_of(tracks))


def test_the_first_seven_columns_are_the_contracts(tracks: Tracks) -> None:
    title = table_of(tracks).decode().splitlines()[0]
    assert title.split(",")[:7] == FIRST
    assert title.split(",")[7:] == ["u", "v", "ncc", "age", "cov_xx", "cov_xy", "cov_yy", "note"]


def test_every_row_holds_its_numbers(tracks: Tracks, rows: list[Row]) -> None:
    assert len(rows) == len(tracks)
    columns = {
        "frame": tracks.frame, "track": tracks.track, "x": tracks.xy[:, 0], "y": tracks.xy[:, 1],
        "fb_error": tracks.fb_error, "min_eig": tracks.min_eig, "u": tracks.uv[:, 0], "v": tracks.uv[:, 1],
        "ncc": tracks.ncc, "age": tracks.age, "cov_xx": tracks.covariance[:, 0], "cov_xy": tracks.covariance[:, 1],
        "cov_yy": tracks.covariance[:, 2],
    }  # fmt: skip
    for name, values in columns.items():
        read = np.array([float(row[name] or "nan") for row in rows])
        np.testing.assert_allclose(read, values, rtol=1e-6, err_msg=name)


def test_statuses_are_words_and_every_reason_is_one(tracks: Tracks, rows: list[Row]) -> None:
    assert [row["status"] for row in rows] == [Status(status).words for status in tracks.status]
    assert [row["note"] for row in rows] == [Status(note).words for note in tracks.note]
    assert {row["status"] for row in rows} - {"new", "tracked"} <= {status.words for status in ENDINGS}
    assert len({row["status"] for row in rows}) > 3


def test_every_track_begins_with_new_and_ends_once_with_its_reason(rows: list[Row]) -> None:
    reasons = {status.words for status in ENDINGS}
    for _, life in groupby(sorted(rows, key=lambda row: (int(row["track"]), int(row["frame"]))), lambda r: r["track"]):
        first, *later = life
        assert first["status"] == "new"
        assert first["fb_error"] == first["u"] == first["v"] == ""
        assert all(row["status"] == "tracked" for row in later[:-1])
        assert not later or later[-1]["status"] in {"tracked", *reasons}
        assert all(row["fb_error"] != "" for row in later if row["status"] == "tracked")


def test_trackpys_columns_hold_the_live_rows_only(tracks: Tracks) -> None:
    table = table_of(tracks, TRACKPY)
    assert table.decode().splitlines()[0] == "y,x,ep,frame,particle"
    read = np.array([[float(row[name]) for name in ("y", "x", "ep", "frame", "particle")] for row in rows_of(table)])
    live = tracks.where(tracks.alive)
    assert len(read) == len(live) < len(tracks)
    np.testing.assert_allclose(read[:, :2], live.xy[:, ::-1], rtol=1e-6)
    np.testing.assert_allclose(read[:, 2] ** 2, (live.covariance[:, 0] + live.covariance[:, 2]) / 2, rtol=1e-5)
    np.testing.assert_array_equal(read[:, 3:], np.stack([live.frame, live.track], axis=1))


@pytest.mark.parametrize("columns", COLUMNS)
def test_tables_of_pieces_follow_one_another(tracks: Tracks, columns: str) -> None:
    pieces = [tracks.between(start, start + 7) for start in range(0, 24, 7)]
    joined = b"".join(table_of(piece, columns, titles=number == 0) for number, piece in enumerate(pieces))
    assert joined == table_of(tracks, columns)


@pytest.mark.parametrize("columns", COLUMNS)
def test_no_tracks_are_a_line_of_titles(columns: str) -> None:
    assert table_of(no_tracks(0, 5), columns).count(b"\n") == 1
    assert table_of(no_tracks(0, 5), columns, titles=False) == b""


def test_other_columns_are_refused_with_the_names_there_are(tracks: Tracks) -> None:
    with pytest.raises(ParameterError, match=f"no columns ‘mine’: give one of {CONTRACT}, {TRACKPY}"):
        table_of(tracks, "mine")
