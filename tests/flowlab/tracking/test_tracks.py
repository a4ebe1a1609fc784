"""The table of tracks: five lives written out, cut, chosen, joined, and the trails behind them."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.tracking.endings import Status
from flowlab.tracking.tracks import COLUMNS, Tracks, column_type, joined, no_tracks, trails

START, STOP = 10, 16
# track: (birth, end or None, why): frames 10 .. 15, in frame 14 nobody is left but the fourth, in 13 nobody begins.
LIVES = {
    0: (10, 12, Status.OUTSIDE),
    1: (10, 13, Status.CHANGED),
    2: (11, 13, Status.FLAT),
    5: (12, None, None),
    6: (15, None, None),
}


def place(track, frame):
    return 100 * track + frame, 1000 + 10 * track - frame


def table(lives=LIVES, start=START, stop=STOP, cuts=(12, 15)):
    """Return the table of some lives; every column of a row tells its track and its frame."""
    rows = []
    for track, (birth, end, why) in lives.items():
        for frame in range(birth, (stop - 1 if end is None else end) + 1):
            status = why if frame == end else Status.NEW if frame == birth else Status.TRACKED
            rows.append((frame, track, frame - birth, status))
    rows.sort()
    frame, track, age, status = np.array(rows).reshape(-1, 4).T
    columns = {}
    for number, name in enumerate(COLUMNS):
        kind, width = column_type(name)
        value = (1000 * number + 100 * track + frame).astype(kind)
        columns[name] = np.repeat(value[:, None], width, axis=1) if width else value
    columns |= {"frame": frame.astype(np.int32), "track": track.astype(np.int32), "age": age.astype(np.int32)}
    columns |= {"status": status.astype(np.uint8), "note": status.astype(np.uint8)}
    columns["xy"] = np.stack(place(track, frame), axis=1).astype(np.float32)
    return Tracks(start, stop, **columns, cuts=cuts)


def assert_same(one, other):
    assert (one.start, one.stop, one.cuts) == (other.start, other.stop, other.cuts)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def rows_of(tracks):
    return list(zip(tracks.frame.tolist(), tracks.track.tolist(), strict=True))


# --- rows ----------------------------------------------------------------------------------------------


def test_a_frame_has_its_rows():
    tracks = table()
    assert rows_of(tracks.at(11)) == [(11, 0), (11, 1), (11, 2)]
    assert rows_of(tracks.at(12)) == [(12, 0), (12, 1), (12, 2), (12, 5)]
    assert tracks.at(12).status.tolist() == [Status.OUTSIDE, Status.TRACKED, Status.TRACKED, Status.NEW]
    assert rows_of(tracks.at(14)) == [(14, 5)]
    assert (tracks.at(12).start, tracks.at(12).stop) == (12, 13)


def test_a_range_ends_before_its_stop():
    part = table().between(11, 13)
    assert rows_of(part) == [(11, 0), (11, 1), (11, 2), (12, 0), (12, 1), (12, 2), (12, 5)]
    assert (part.start, part.stop, part.cuts) == (11, 13, (12,))
    for name in COLUMNS:
        whole = getattr(table(), name)
        np.testing.assert_array_equal(getattr(part, name), whole[2:9], err_msg=name)


def test_a_range_of_a_range_is_counted_in_frames_of_the_clip():
    assert_same(table().between(11, 15).between(12, 14), table().between(12, 14))


def test_a_range_is_a_view_and_takes_no_memory():
    tracks = table()
    for name in COLUMNS:
        assert np.shares_memory(getattr(tracks.between(11, 15), name), getattr(tracks, name)), name


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ((0, 99), (10, 16)), ((0, 12), (10, 12)), ((14, 99), (14, 16)), ((12, 12), (12, 12)), ((13, 11), (13, 13)),
        ((0, 5), (10, 10)), ((30, 40), (16, 16)), ((-9, -3), (10, 10)),
    ],
)  # fmt: skip
def test_a_range_is_cut_to_what_there_is(asked, given):
    part = table().between(*asked)
    assert (part.start, part.stop) == given
    assert set(part.frame.tolist()) == set(range(*given))


@pytest.mark.parametrize("frame", [9, 16, -1])
def test_a_frame_outside_has_no_rows(frame):
    assert len(table().at(frame)) == 0


def test_frames_without_tracks_are_empty_at_either_end_and_in_between():
    tracks = table({0: (12, 13, Status.FLAT), 1: (15, None, None)}, start=10, stop=17, cuts=())
    assert [len(tracks.at(frame)) for frame in range(10, 17)] == [0, 0, 1, 1, 0, 1, 1]


def test_rows_are_chosen_and_the_frames_stay():
    tracks = table()
    chosen = tracks.where(tracks.track == 5)
    assert rows_of(chosen) == [(12, 5), (13, 5), (14, 5), (15, 5)]
    assert (chosen.start, chosen.stop, chosen.cuts) == (START, STOP, (12, 15))
    assert rows_of(chosen.at(14)) == [(14, 5)], "and can be asked by frame"
    assert_same(tracks.of(5), chosen)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(chosen, name), getattr(tracks, name)[tracks.track == 5], err_msg=name)


def test_of_a_track_that_is_none_there_are_no_rows():
    assert len(table().of(3)) == 0


def test_alive_are_the_rows_whose_place_is_believed():
    tracks = table()
    assert [rows_of(tracks)[i] for i in np.flatnonzero(~tracks.alive)] == [(12, 0), (13, 1), (13, 2)]
    for status in Status:
        one = replace(tracks.at(14), status=np.array([status], np.uint8))
        assert one.alive.tolist() == [status.is_alive]


def test_memory_is_that_of_all_columns():
    row = sum(np.dtype(kind).itemsize * (width or 1) for kind, width in map(column_type, COLUMNS))
    assert table().nbytes == len(table()) * row > 0


def test_a_table_without_rows_has_every_column():
    none = no_tracks(3, 7)
    assert (len(none), none.start, none.stop, none.nbytes) == (0, 3, 7, 0)
    for name in COLUMNS:
        whole = getattr(table(), name)
        assert (getattr(none, name).dtype, getattr(none, name).shape[1:]) == (whole.dtype, whole.shape[1:]), name
    assert len(none.at(5)) == len(none.between(0, 99)) == 0


# --- joined --------------------------------------------------------------------------------------------


@given(st.lists(st.integers(START, STOP), max_size=5))
@settings(max_examples=50, deadline=None)
def test_cut_anywhere_and_joined_it_is_the_same_table(cuts):
    edges = [START, *sorted(cuts), STOP]
    parts = [table().between(a, b) for a, b in pairwise(edges)]
    assert_same(joined(parts), table())


@pytest.mark.parametrize(
    "parts",
    [
        [],
        [table().between(10, 12), table().between(13, 16)],
        [table().between(10, 13), table().between(12, 16)],
        [table().between(13, 16), table().between(10, 13)],
    ],
    ids=["none", "gap", "overlap", "order"],
)
def test_parts_that_do_not_follow_one_another_are_refused(parts):
    with pytest.raises(ValueError, match="do not follow"):
        joined(parts)


# --- trails --------------------------------------------------------------------------------------------


def test_a_trail_is_oldest_first_and_nan_before_the_birth():
    now, places = trails(table(), 12, 3)
    assert now.track.tolist() == [1, 2, 5], "track 0 ended in this frame"
    assert places.shape == (3, 4, 2)
    nowhere = (np.nan, np.nan)
    np.testing.assert_array_equal(
        places,
        [
            [nowhere, place(1, 10), place(1, 11), place(1, 12)],
            [nowhere, nowhere, place(2, 11), place(2, 12)],
            [nowhere, nowhere, nowhere, place(5, 12)],
        ],
    )
    np.testing.assert_array_equal(places[:, -1], now.xy)


def test_a_trail_shorter_than_the_life_is_the_newest_part_of_it():
    now, places = trails(table(), 15, 2)
    assert now.track.tolist() == [5, 6]
    np.testing.assert_array_equal(places[0], [place(5, 13), place(5, 14), place(5, 15)])
    assert np.isnan(places[1, :2]).all()


def test_a_trail_of_no_length_is_the_place_itself():
    now, places = trails(table(), 12, 0)
    np.testing.assert_array_equal(places, now.xy[:, None])


def test_who_ended_within_the_window_has_no_trail():
    now, places = trails(table(), 14, 4)
    assert now.track.tolist() == [5]
    np.testing.assert_array_equal(places[0, 2:], [place(5, 12), place(5, 13), place(5, 14)])
    assert np.isnan(places[0, :2]).all(), "tracks 0, 1 and 2 left nothing in it"


@pytest.mark.parametrize("length", [2, 40])
def test_a_trail_does_not_reach_back_beyond_the_table(length):
    now, places = trails(table(), 10, length)
    assert now.track.tolist() == [0, 1]
    assert places.shape == (2, length + 1, 2)
    assert np.isnan(places[:, :-1]).all()
    np.testing.assert_array_equal(places[:, -1], [place(0, 10), place(1, 10)])


@pytest.mark.parametrize("tracks", [no_tracks(10, 16), table({0: (10, 13, Status.CUT)}, cuts=())])
def test_where_nobody_lives_there_are_no_trails(tracks):
    now, places = trails(tracks, 13, 5)
    assert len(now) == 0
    assert places.shape == (0, 6, 2)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9), st.booleans()), max_size=8),
    st.integers(0, 9),
    st.integers(0, 12),
)
@settings(max_examples=100, deadline=None)
def test_trails_are_what_a_plain_loop_finds(courses, frame, length):
    lives = {}
    for track, (birth, age, ends) in enumerate(courses):
        end = birth + age
        lives[2 * track] = (birth, end, Status.FAILED) if ends and end < 10 else (birth, None, None)
    tracks = table(lives, start=0, stop=10, cuts=())
    now, places = trails(tracks, frame, length)
    known = {(f, t): tuple(xy) for f, t, xy in zip(tracks.frame, tracks.track, tracks.xy, strict=True)}
    alive = [t for t, (birth, end, _) in lives.items() if birth <= frame and (end is None or frame < end)]
    assert now.track.tolist() == alive
    for row, track in enumerate(alive):
        expected = [known.get((f, track), (np.nan, np.nan)) for f in range(frame - length, frame + 1)]
        np.testing.assert_array_equal(places[row], np.array(expected, np.float32))
