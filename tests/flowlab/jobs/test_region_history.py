"""A region that is followed as it is looked at: the same rows, each frame once, and nothing without a remedy."""

import threading
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from flowlab.core.clip import Frame
from flowlab.core.region import Box
from flowlab.errors import ParameterError
from flowlab.jobs.clips import open_clip
from flowlab.jobs.region_history import RegionHistory, check_frame_cost
from flowlab.tracking.affine.states import State
from flowlab.tracking.regions import track_region
from flowlab.tracking.trackers import TRACKERS

CLIP = "scene:planar?width=192&height=128&frames=12"
BOX = Box(60, 50, 40, 30)
OURS = TRACKERS["flowlab"]


class Counted:
    """A clip that counts how often each frame is asked for."""

    def __init__(self) -> None:
        self.clip = open_clip(CLIP)
        self.asked: list[int] = []

    def frame(self, index: int) -> Frame:
        self.asked.append(index)
        return self.clip.frame(index)


def history(start: int = 0, box: Box = BOX) -> RegionHistory:
    return RegionHistory(OURS, OURS.usual, box, start)


def test_it_has_the_rows_of_the_whole_and_follows_each_frame_once() -> None:
    clip, one = Counted(), history(2)
    assert list(one.until(clip, 6)) == [2, 3, 4, 5]
    assert list(one.until(clip, 9)) == [6, 7, 8]
    assert list(one.until(clip, 5)) == []
    assert clip.asked == list(range(2, 9))
    whole = track_region(open_clip(CLIP), BOX, start=2, stop=9)
    for stop in (9, 4):
        found = one.track(stop)
        assert (found.start, found.stop) == (2, stop)
        np.testing.assert_array_equal(found.corners, whole.between(2, stop).corners)
        np.testing.assert_array_equal(found.state, whole.between(2, stop).state)
    assert len(one.track(30)) == 7


def test_whoever_stops_reading_keeps_what_is_followed() -> None:
    one, clip = history(), Counted()
    for frame in one.until(clip, 12):
        if frame == 3:
            break
    assert one.stop == 4
    assert list(one.until(clip, 6)) == [4, 5]
    assert clip.asked == list(range(6))


def test_threads_that_ask_at_once_follow_no_frame_twice() -> None:
    one = history()
    threads = [threading.Thread(target=lambda: list(one.until(Counted(), 12))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_array_equal(one.track(12).corners, track_region(open_clip(CLIP), BOX).corners)


def test_before_anything_is_followed_there_is_no_row() -> None:
    one = history(4)
    assert (one.stop, len(one.track(9))) == (4, 0)
    next(one.until(Counted(), 9))
    assert one.track(9).state.tolist() == [State.KEYFRAME]


def test_its_memory_grows_with_the_box_and_the_frames() -> None:
    small, large = history(), history(box=Box(10, 10, 160, 100))
    assert large.nbytes > small.nbytes
    before = small.nbytes
    list(small.until(Counted(), 9))
    assert small.nbytes > before + 9 * 400


def test_a_box_that_cannot_be_followed_is_refused_and_stays_refused() -> None:
    one = history(box=Box(60, 50, 5, 5))
    for _ in range(2):
        with pytest.raises(ParameterError, match="is 5 by 5 pixels"):
            next(one.until(Counted(), 9))
    assert one.stop == 0


def test_only_a_frame_that_would_take_longer_than_a_page_may_is_refused() -> None:
    info: Any = open_clip(CLIP).info
    check_frame_cost(info, OURS, OURS.usual, BOX)
    slow = replace(OURS.usual, formulation="forward-additive", iterations=200)
    check_frame_cost(info, OURS, slow, BOX)
    with pytest.raises(ParameterError, match=r"a box of 1000x1000 pixels .* about \d\.\d s a frame, .*smaller"):
        check_frame_cost(info, OURS, slow, Box(0, 0, 1000, 1000))
