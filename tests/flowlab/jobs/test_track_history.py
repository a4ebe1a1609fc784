"""Tracks that grow as they are looked at: each frame followed once, whoever asks and however often."""

import threading
from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.core.region import Box
from flowlab.errors import ClipError, ParameterError
from flowlab.jobs.track_history import FRAME_SECONDS, TrackHistory, check_frame_cost
from flowlab.scenes.registry import open_scene
from flowlab.tracking.parameters import PointParameters
from flowlab.tracking.points import PointTracker, track_points
from flowlab.tracking.tracks import COLUMNS, Tracks

SCENE = open_scene("scene:two-layers?width=160&height=96&frames=24&speed=3&noise=3")
FAST = PointParameters(redetect_every=2, max_corners=80)


@pytest.fixture
def followed(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Give the frames that trackers were given, in order, as they come."""
    frames: list[int] = []
    step = PointTracker.step

    def counted(tracker: PointTracker, grey: NDArray[np.uint8]) -> Tracks:
        rows = step(tracker, grey)
        frames.append(rows.start)
        return rows

    monkeypatch.setattr(PointTracker, "step", counted)
    return frames


def grown(history: TrackHistory, stop: int) -> list[float]:
    """Follow up to frame `stop` - 1 and return the shares that were told."""
    return list(history.until(SCENE, stop))


def assert_equal(found: Tracks, expected: Tracks) -> None:
    assert (found.start, found.stop, found.cuts) == (expected.start, expected.stop, expected.cuts)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


def test_it_holds_what_following_all_at_once_gives_and_any_earlier_stop_is_a_prefix() -> None:
    history = TrackHistory(FAST, None, 3)
    for stop in (5, 6, 20):
        grown(history, stop)
    for stop in (20, 4, 11):  # later first: asking for less must not take anything away
        assert_equal(history.tracks(stop), track_points(SCENE, FAST, start=3, stop=stop))
    assert len(history.tracks(3)) == 0


def test_a_frame_is_followed_once_however_often_it_is_asked_for(followed: list[int]) -> None:
    history = TrackHistory(FAST, None, 0)
    for stop in (6, 6, 2, 9, 4, 9):
        grown(history, stop)
        history.tracks(stop)
    assert followed == list(range(9))
    assert history.stop == 9


def test_two_threads_at_once_follow_no_frame_twice_and_leave_none_out(followed: list[int]) -> None:
    history, together = TrackHistory(FAST, None, 0), threading.Barrier(4)
    found: list[Tracks] = []

    def ask() -> None:
        together.wait()
        for _ in history.until(SCENE, 24):
            pass
        found.append(history.tracks(24))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert followed == list(range(24))
    expected = track_points(SCENE, FAST)
    assert len(found) == 4
    for tracks in found:
        assert_equal(tracks, expected)


def test_whoever_stops_reading_stops_it_and_the_next_goes_on_from_there(followed: list[int]) -> None:
    history = TrackHistory(FAST, None, 0)
    for share in history.until(SCENE, 20):
        if share >= 0.25:
            break
    assert followed == [0, 1, 2, 3, 4]
    grown(history, 7)
    assert followed == list(range(7))


def test_the_share_that_is_done_grows_to_one() -> None:
    assert grown(TrackHistory(FAST, None, 4), 8) == [0.25, 0.5, 0.75, 1]


def test_tracks_begin_only_where_they_may() -> None:
    allowed = Box(40, 20, 60, 50).mask(96, 160)
    history = TrackHistory(FAST, allowed, 0)
    grown(history, 8)
    tracks = history.tracks(8)
    assert_equal(tracks, track_points(SCENE, FAST, allowed=allowed, stop=8))
    x, y = tracks.xy[tracks.age == 0].T
    assert len(x) > 20
    assert x.min() >= 40 and x.max() <= 99 and y.min() >= 20 and y.max() <= 69


def test_a_frame_that_cannot_be_read_leaves_what_was_followed_before() -> None:
    class Broken:
        info = SCENE.info

        def frame(self, index: int) -> object:
            if index == 5:
                raise ClipError("frame 5 is damaged")
            return SCENE.frame(index)

    history = TrackHistory(FAST, None, 0)
    with pytest.raises(ClipError, match="frame 5"):
        list(history.until(Broken(), 9))  # type: ignore[arg-type]
    assert_equal(history.tracks(9), track_points(SCENE, FAST, stop=5))
    grown(history, 9)  # the disk is back
    assert_equal(history.tracks(9), track_points(SCENE, FAST, stop=9))


def test_the_memory_it_takes_is_told_and_grows() -> None:
    history = TrackHistory(FAST, None, 0)
    assert history.nbytes == 0
    grown(history, 2)
    early = history.nbytes
    grown(history, 20)
    assert early > history.tracks(2).nbytes
    assert history.nbytes > early + history.tracks(20).nbytes


def test_what_takes_too_long_for_a_page_is_refused_with_a_remedy() -> None:
    costly = PointParameters(max_corners=20_000, window=21)
    TrackHistory(costly, None, 0)  # the tracker would hold them
    with pytest.raises(ParameterError) as refused:
        check_frame_cost(SCENE.info, costly)
    words = str(refused.value)
    assert "20000 corners" in words and "21 px" in words and SCENE.info.name in words
    assert "fewer corners or a smaller window" in words and f"{FRAME_SECONDS:g} s" in words
    check_frame_cost(SCENE.info, PointParameters(max_corners=20_000, window=3))
    check_frame_cost(open_scene("scene:translation?width=1280&height=720").info, PointParameters())


def test_a_history_stops_where_it_holds_as_much_as_a_page_may(monkeypatch: pytest.MonkeyPatch) -> None:
    clip = open_scene("translation?width=160&height=120&frames=12")
    monkeypatch.setattr("flowlab.jobs.track_history.MOST_BYTES", 1)
    history = TrackHistory(PointParameters(), None, 0)
    with pytest.raises(ParameterError, match="choose fewer corners"):
        list(history.until(clip, 12))
    assert history.stop == 1, "what was followed stays"
