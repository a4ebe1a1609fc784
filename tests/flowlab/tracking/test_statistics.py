"""What a table of tracks says of itself: five lives worked out by hand, any lives against the definitions."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.errors import ParameterError
from flowlab.tracking.endings import ENDINGS, Status
from flowlab.tracking.statistics import (
    ERROR_RESOLUTION,
    FASTEST,
    SPEED_RESOLUTION,
    TrackSummary,
    endings,
    per_frame,
    summary,
    survival,
)
from flowlab.tracking.tracks import COLUMNS, Tracks, column_type, joined, no_tracks


def lives(stop, *courses, cuts=(), seed=0):
    """Return a table of frames 0 .. stop-1; a course is (birth, frame of the end or None, why).

    Steps and forward-backward errors are random.
    """
    rng = np.random.default_rng(seed)
    rows = []
    for track, (birth, end, why) in enumerate(courses):
        last = stop - 1 if end is None else end
        for frame in range(birth, last + 1):
            status = Status.NEW if frame == birth else why if frame == end else Status.TRACKED
            rows.append((frame, track, frame - birth, status))
    rows.sort()
    columns = {name: np.full((len(rows), column_type(name)[1] or 1), np.nan, np.float32) for name in COLUMNS}
    columns = {name: column if column_type(name)[1] else column[:, 0] for name, column in columns.items()}
    for name, values in zip(("frame", "track", "age", "status"), np.array(rows).reshape(-1, 4).T, strict=True):
        columns[name] = values.astype(column_type(name)[0])
    columns["note"] = columns["status"]
    stepped = columns["age"] > 0
    columns["uv"][stepped] = rng.normal(0, 2, (stepped.sum(), 2))
    columns["fb_error"][stepped] = rng.exponential(0.1, stepped.sum())
    return Tracks(0, stop, **columns, cuts=cuts)


FIVE = lives(
    6,
    (0, None, None),  # seen up to age 5
    (0, 2, Status.FLAT),
    (1, 4, Status.OUTSIDE),
    (1, 3, Status.CUT),  # seen up to age 1
    (3, None, None),  # seen up to age 2
    cuts=(3,),
)


def test_the_frames_of_five_lives():
    counts = per_frame(FIVE)
    assert counts.start == 0
    assert counts.alive.tolist() == [2, 4, 3, 3, 2, 2]
    assert counts.born.tolist() == [2, 2, 0, 1, 0, 0]
    assert counts.ended.tolist() == [0, 0, 1, 1, 1, 0]


def test_the_survival_of_five_lives():
    found = survival(FIVE)
    # at age 2 four are seen to live on or to end, one ends; at age 3 two, one ends
    assert found.age.tolist() == [0, 1, 2, 3, 4, 5]
    assert found.at_risk.tolist() == [5, 5, 4, 2, 1, 1]
    np.testing.assert_allclose(found.share, [1, 1, 3 / 4, 3 / 8, 3 / 8, 3 / 8])
    assert found.at(3) == 0.375
    assert np.isnan(found.at(6))


def test_the_summary_of_five_lives():
    lengths = [6, 2, 3, 2, 3]
    said = summary(FIVE)
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert (said["frames"], said["tracks"], said["alive_at_end"]) == (6, 5, 2)
    assert said["median_length"] == 3
    assert said["mean_length"] == pytest.approx(np.mean(lengths))
    assert said["survival"] == {"10": None, "30": None, "100": None}
    assert list(said["endings"]) == [status.words for status in ENDINGS]
    assert {words: n for words, n in said["endings"].items() if n} == {
        "left the picture": 1, "low texture": 1, "scene cut": 1,
    }  # fmt: skip
    assert said["cuts"] == [3]


def test_when_all_have_died_none_lives_longer():
    found = survival(lives(9, (0, 4, Status.FAILED), (2, 8, Status.MERGED)))
    np.testing.assert_allclose(found.share, [1, 1, 1, 1, 0.5, 0.5, 0])
    assert found.at(6) == found.at(500) == 0
    said = summary(lives(9, (0, 4, Status.FAILED), (2, 8, Status.MERGED)))
    assert said["survival"] == {"10": 0, "30": 0, "100": 0}
    assert said["alive_at_end"] == 0


def test_endings_are_counted_in_the_order_they_are_looked_for():
    courses = [(0, 1 + i, status) for i, status in enumerate(ENDINGS) for _ in range(i + 1)]
    assert list(endings(lives(9, *courses)).items()) == [(status, i + 1) for i, status in enumerate(ENDINGS)]


def test_speeds_are_of_the_steps_that_were_kept():
    tracks = lives(3, *[(0, None, None)] * 4, (0, 1, Status.CHANGED))
    tracks.uv[tracks.age > 0] = [(3, 4), (0, 1), (0, -2), (-3, 0), (600, 0), (0.6, 0.8), (2, 0), (np.nan, 1), (0, 0)]
    speed = per_frame(tracks).speed
    np.testing.assert_allclose(speed, [[np.nan] * 3, np.percentile([5, 1, 2, 3], (25, 50, 75)), [0.5, 1, 1.5]])
    assert summary(tracks)["median_speed"] == pytest.approx(2)  # of 0, 1, 1, 2, 2, 3, 5


def test_what_is_beyond_the_bins_still_counts():
    tracks = lives(2, *[(0, None, None)] * 3)
    tracks.uv[tracks.age > 0] = [(1e5, 0), (0, 1e6), (1, 0)]
    tracks.fb_error[tracks.age > 0] = [np.inf, np.nan, 0.25]
    said = summary(tracks)
    assert said["median_speed"] == FASTEST
    assert said["median_fb_error"] == 0.25


def test_nothing_says_nothing():
    for said in (TrackSummary().as_json(), summary(no_tracks(4, 4)), summary(no_tracks(4, 7))):
        assert json.loads(json.dumps(said, allow_nan=False)) == said
        assert (said["tracks"], said["median_length"], said["mean_length"]) == (0, None, None)
        assert (said["median_speed"], said["median_fb_error"]) == (None, None)
        assert set(said["survival"].values()) == {None}
    assert per_frame(no_tracks(4, 7)).alive.tolist() == [0, 0, 0]
    assert per_frame(no_tracks(4, 7)).start == 4
    assert TrackSummary().per_frame.speed.shape == (0, 3)


def test_tracks_born_before_the_table_count_from_where_they_are_seen():
    # without the rows of frames 0 and 1, two of the five are not seen at age 1
    later = FIVE.between(2, 6)
    found = survival(later)
    assert found.at_risk.tolist() == [5, 3, 4, 2, 1, 1]
    np.testing.assert_allclose(found.share, [1, 1, 3 / 4, 3 / 8, 3 / 8, 3 / 8])
    assert summary(later)["tracks"] == 5
    unseen = survival(lives(9, (0, None, None), (1, 7, Status.FLAT)).between(4, 9))
    assert unseen.at_risk.tolist() == [2, 0, 0, 1, 2, 2, 2, 1, 1]
    assert np.isnan(unseen.share[1:]).all()  # no track was seen at ages 1 and 2: how many die then cannot be said


def test_chunks_come_in_order():
    summed = TrackSummary()
    summed.add(FIVE.between(0, 2))
    for wrong in (FIVE.between(3, 6), FIVE.between(0, 2), FIVE.between(1, 6)):
        with pytest.raises(ParameterError, match=r"begins with frame \d: give the one of frame 2 next"):
            summed.add(wrong)
    summed.add(FIVE.between(2, 2))
    summed.add(FIVE.between(2, 6))
    assert summed.as_json() == summary(FIVE)


courses = st.integers(0, 14).flatmap(
    lambda birth: st.one_of(
        st.tuples(st.just(birth), st.none(), st.none()),
        st.tuples(st.just(birth), st.integers(birth + 1, 15), st.sampled_from(ENDINGS)),
    )
)


@given(st.lists(courses, max_size=25), st.sets(st.integers(1, 15)), st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_any_lives_in_any_chunks_agree_with_the_definitions(chosen, breaks, seed):
    tracks = lives(16, *chosen, seed=seed)
    edges = [0, *sorted(breaks), 16]
    summed = TrackSummary()
    chunks = [tracks.between(start, stop) for start, stop in pairwise(edges)]
    for chunk in chunks:
        summed.add(chunk)
    assert len(joined(chunks)) == len(tracks)
    said = summed.as_json()
    assert said == summary(tracks)

    lengths = [(16 if end is None else end) - birth for birth, end, _ in chosen]
    assert said["tracks"] == len(chosen)
    kept = tracks.status == Status.TRACKED
    speed = np.hypot(*tracks.uv[kept].astype(np.float64).T)
    if chosen:
        assert said["median_length"] == np.median(lengths)
        assert said["mean_length"] == pytest.approx(np.mean(lengths))
    if kept.any():
        assert said["median_speed"] == pytest.approx(np.median(speed), abs=SPEED_RESOLUTION / 2 + 1e-9)
        error = np.median(tracks.fb_error[kept].astype(np.float64))
        assert said["median_fb_error"] == pytest.approx(error, abs=ERROR_RESOLUTION / 2 + 1e-9)

    expected, found = 1.0, summed.survival
    for age in range(1, len(found.share)):
        # how long each was seen to live, and whether it was seen to die
        died = [end is not None and why is not Status.CUT for _, end, why in chosen]
        seen = [length if dead else length - 1 for length, dead in zip(lengths, died, strict=True)]
        risk = sum(last >= age for last in seen)
        deaths = sum(dead and last == age for last, dead in zip(seen, died, strict=True))
        assert found.at_risk[age] == risk
        expected *= 1 - deaths / risk
        assert found.share[age] == pytest.approx(expected)
