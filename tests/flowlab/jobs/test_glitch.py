"""The glitch of OpenCV's opt_flow sample: its own few lines, carried over frames, kept as it grows."""

import cv2
import numpy as np
import pytest

from flowlab.dense.methods import METHODS
from flowlab.errors import ParameterError
from flowlab.jobs.answer import answer_pair
from flowlab.jobs.glitch import MOST_FRAMES, accumulated, carried, carrying
from flowlab.jobs.pairs import stream_pairs
from flowlab.scenes.registry import open_scene

SCENE = open_scene("scene:two-layers?width=160&height=96&frames=40&speed=3")
FARNEBACK = METHODS["farneback"]


def warp_flow(img: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """Warp as samples/python/opt_flow.py does, line for line."""
    h, w = flow.shape[:2]
    flow = -flow
    flow[:, :, 0] += np.arange(w)
    flow[:, :, 1] += np.arange(h)[:, np.newaxis]
    return cv2.remap(img, flow, None, cv2.INTER_LINEAR)  # type: ignore[call-overload, no-any-return]


def flow_from(index: int) -> np.ndarray:
    return FARNEBACK.estimate(SCENE.frame(index).grey, SCENE.frame(index + 1).grey).flow


def test_one_step_is_the_samples_own_up_to_its_rounding() -> None:
    picture, flow = SCENE.frame(0).rgb, flow_from(0)
    ours, theirs = carried(picture, flow).astype(int), warp_flow(picture, flow).astype(int)
    # The sample gives remap both coordinates in one array, which OpenCV 5 rounds to 1/32 px.
    assert np.abs(ours - theirs)[2:-2, 2:-2].mean() < 0.6
    assert np.percentile(np.abs(ours - theirs), 99) <= 6


def test_whole_pixels_move_exactly_and_the_unknown_stays() -> None:
    picture = SCENE.frame(0).rgb
    flow = np.broadcast_to(np.float32([5, -3]), (96, 160, 2)).copy()
    flow[40:50, 60:80] = np.nan
    moved = carried(picture, flow)
    np.testing.assert_array_equal(moved[:40, 5:60], picture[3:43, :55])
    np.testing.assert_array_equal(moved[40:50, 60:80], picture[40:50, 60:80])
    assert not moved[-3:, 5:60].any()  # black comes in from outside


class Memory:
    """Remembers pictures, and counts the flows it was asked for."""

    def __init__(self) -> None:
        self.kept: dict[int, np.ndarray] = {}
        self.asked: list[int] = []

    def run(self, start: int, stop: int) -> np.ndarray:
        def flow(index: int) -> np.ndarray:
            self.asked.append(index)
            return flow_from(index)

        return accumulated(
            start, stop, first=lambda index: SCENE.frame(index).rgb, flow=flow, known=self.kept.get,
            remember=self.kept.__setitem__,
        )  # fmt: skip


def test_it_accumulates_over_the_frames_and_goes_on_from_what_it_has() -> None:
    memory = Memory()
    expected = SCENE.frame(2).rgb
    for index in (2, 3, 4):
        expected = carried(expected, flow_from(index))
    np.testing.assert_array_equal(memory.run(2, 5), expected)
    assert memory.asked == [2, 3, 4]
    np.testing.assert_array_equal(memory.run(2, 6), carried(expected, flow_from(5)))
    assert memory.asked == [2, 3, 4, 5]
    np.testing.assert_array_equal(memory.run(2, 4), memory.kept[4])
    assert memory.asked == [2, 3, 4, 5]
    np.testing.assert_array_equal(memory.run(7, 7), SCENE.frame(7).rgb)


@pytest.mark.parametrize(("start", "stop"), [(5, 4), (0, MOST_FRAMES + 1)])
def test_its_reach_is_bounded(start: int, stop: int) -> None:
    with pytest.raises(ParameterError, match=f"starts at frame {start} and frame {stop} is asked for"):
        Memory().run(start, stop)


def test_along_a_clip_it_begins_anew_after_its_reach() -> None:
    pairs = stream_pairs(SCENE, 0, MOST_FRAMES + 3)
    answers = [answer_pair(pair, FARNEBACK, FARNEBACK.parameters()) for pair in pairs]
    pictures = [answer.accumulated for answer in carrying(answers)]
    memory = Memory()
    np.testing.assert_array_equal(pictures[3], memory.run(0, 4))
    anew = carried(SCENE.frame(MOST_FRAMES).rgb, answers[MOST_FRAMES].flow)
    np.testing.assert_array_equal(pictures[MOST_FRAMES], anew)
