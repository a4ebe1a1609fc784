"""A tracked region as a table and in numbers: the columns of the contract, and sums that can be counted by hand."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flowlab.errors import FlowFileError, ParameterError
from flowlab.jobs.region_table import RegionSummary, summary, table_of, write_region
from flowlab.jobs.track_bytes import region_from_bytes, region_to_bytes
from flowlab.tracking.affine.decomposition import composed
from flowlab.tracking.affine.region_track import COLUMNS, RegionTrack, joined, no_rows, row
from flowlab.tracking.affine.states import State

K, T, HIDDEN, L = State.KEYFRAME, State.TRACKED, State.OCCLUDED, State.LOST
STATES = (K, T, T, HIDDEN, L, L, T, L, K, T)
CONTRACT = ("frame,state,x0,y0,x1,y1,x2,y2,x3,y3,h11,h12,h13,h21,h22,h23,h31,h32,ncc,iterations,"
            "sd_h11,sd_h12,sd_h13,sd_h21,sd_h22,sd_h23,sd_h31,sd_h32,x,y,scale,aspect,rotation_deg,shear")  # fmt: skip


def track_of(states: tuple[State, ...] = STATES, start: int = 5) -> RegionTrack:
    """Return a track that goes (3, 4) px a frame, 11x7 px large, and is as alike as 0.9 where it is believed."""
    rows = []
    for number, state in enumerate(states):
        ncc = 0.9 + 0.01 * number if state.is_believed else 0.1
        warp = composed((50 + 3.0 * number, 60 + 4.0 * number), rotation=90, scale=2)
        covariance = np.diag(np.arange(8.0) ** 2)
        rows.append(row(start + number, state, warp, (11, 7), ncc=ncc, iterations=3 + number, covariance=covariance))
    return joined(rows)


def cells(track: RegionTrack) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table_of(track).decode())))


def test_the_columns_are_those_of_the_contract_and_further_ones() -> None:
    lines = table_of(track_of()).decode().splitlines()
    assert lines[0] == CONTRACT
    assert len(lines) == 1 + len(STATES)
    assert table_of(track_of(), titles=False).decode().splitlines() == lines[1:]


def test_every_cell_is_what_its_column_says() -> None:
    first, *_, last = cells(track_of())
    # Turned by a quarter and twice as large: what lay 5 px to the right now lies 10 px below.
    corners = {"x0": 56, "y0": 50, "x1": 56, "y1": 70, "x2": 44, "y2": 70, "x3": 44, "y3": 50}
    warp = {"h11": 0, "h12": -2, "h13": 50, "h21": 2, "h22": 0, "h23": 60, "h31": 0, "h32": 0}
    parts = {"x": 50, "y": 60, "scale": 2, "aspect": 1, "rotation_deg": 90, "shear": 0}
    spread = {f"sd_{name}": number for number, name in enumerate(warp)}
    for name, value in (corners | warp | parts | spread | {"frame": 5, "ncc": 0.9, "iterations": 3}).items():
        assert float(first[name]) == pytest.approx(value, abs=1e-6), name
    assert (first["state"], last["state"]) == ("keyframe", "tracked")
    assert [one["state"] for one in cells(track_of())][3:5] == ["occluded", "lost"]


def test_what_is_unknown_is_empty() -> None:
    (only,) = cells(row(0, L, np.eye(3), (9, 9)))
    assert {only[name] for name in ("ncc", "sd_h11", "sd_h32")} == {""}
    assert only["iterations"] == "0"


def test_a_homographys_warp_and_centre_are_in_the_table() -> None:
    warp = np.array([[1, 0, 30], [0, 1, 20], [0.01, 0.002, 1.0]])
    (only,) = cells(row(0, T, warp, (21, 11)))
    assert (only["h31"], only["h32"]) == ("0.01", "0.002")
    x, y, depth = warp @ (10, 5, 1)
    assert (float(only["x2"]), float(only["y2"])) == pytest.approx((x / depth, y / depth))
    assert (float(only["x"]), float(only["y"])) == (30, 20)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    write_region(tmp_path / "t.csv", track_of())
    assert (tmp_path / "t.csv").read_bytes() == table_of(track_of())
    with pytest.raises(FlowFileError, match="cannot be written"):
        write_region(tmp_path / "nowhere" / "t.csv", track_of())


def test_a_summary_counts_states_and_measures_what_is_believed() -> None:
    assert summary(track_of()) == {
        "frames": 10,
        "states": {"tracked": 4, "occluded": 1, "lost": 3, "keyframe": 2},
        "tracked_share": 0.6,
        "median_ncc": pytest.approx(0.94),  # of 0.9, 0.91, 0.92, 0.96, 0.98, 0.99
        "mean_ncc": pytest.approx(0.943333),
        "longest_lost": 2,
        "path_px": pytest.approx(5 + 5 + 4 * 5 + 5),  # 4 frames at once after the loss; not the keyframe's jump
    }


@pytest.mark.parametrize("cut", range(1, 10))
def test_a_summary_does_not_tell_how_the_table_was_cut(cut: int) -> None:
    track, parts = track_of(), RegionSummary()
    for part in (track.between(5, 5 + cut), track.between(5 + cut, 15)):
        parts.add(part)
    assert parts.as_json() == summary(track)
    with pytest.raises(ParameterError, match="give the one of frame 15 next"):
        parts.add(track)


def test_a_summary_of_nothing_says_so() -> None:
    nothing = summary(no_rows(3))
    assert (nothing["frames"], nothing["tracked_share"], nothing["median_ncc"]) == (0, None, None)
    unsure = summary(replace(track_of((K, K)), ncc=np.full(2, np.nan, np.float32)))
    assert (unsure["mean_ncc"], unsure["path_px"]) == (None, 0)


def test_tracks_come_back_from_bytes_as_they_were() -> None:
    for track in (track_of(), no_rows(7)):
        back = region_from_bytes(region_to_bytes(track))
        assert (back.start, back.stop) == (track.start, track.stop)
        for name in COLUMNS:
            assert getattr(back, name).dtype == getattr(track, name).dtype
            np.testing.assert_array_equal(getattr(back, name), getattr(track, name))
