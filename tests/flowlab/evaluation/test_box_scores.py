"""Scores of boxes: by hand first, then against slow formulas pixel by pixel and frame by frame, then bad input."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from flowlab.core.region import Box
from flowlab.errors import ParameterError
from flowlab.evaluation.box_scores import DISTANCES, OVERLAPS, BoxScores, box_scores, overlap, scores
from flowlab.media.true_boxes import read_boxes
from flowlab.tracking.affine.region_track import RegionTrack, box_warp, joined, row
from flowlab.tracking.affine.states import State

Array = NDArray[np.float64]
TRUE = Box(10, 20, 40, 30)


def boxes(*rows: tuple[float, float, float, float]) -> Array:
    return np.array(rows, np.float64)


def track(*rows: tuple[Box, State], start: int = 0) -> RegionTrack:
    return joined([row(start + i, state, box_warp(box), (box.w, box.h)) for i, (box, state) in enumerate(rows)])


def truth(count: int) -> Array:
    return np.tile(np.array([TRUE.x, TRUE.y, TRUE.w, TRUE.h], np.float64), (count, 1))


def moved(x: float, y: float = 0) -> Box:
    return Box(TRUE.x + x, TRUE.y + y, TRUE.w, TRUE.h)


# --- overlap ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "share"),
    [
        ((0, 0, 10, 20), (0, 0, 10, 20), 1),
        ((0, 0, 10, 20), (5, 0, 10, 20), 1 / 3),
        ((0, 0, 10, 20), (0, 5, 10, 20), 0.6),
        ((0, 0, 10, 20), (10, 0, 10, 20), 0),  # side by side
        ((0, 0, 10, 20), (30, 40, 10, 20), 0),  # neither axis meets: no product of two negative lengths
        ((0, 0, 10, 20), (2, 2, 5, 4), 0.1),
        ((0.5, 0, 1, 1), (0, 0, 1, 1), 1 / 3),
        ((0, 0, 10, 20), (np.nan, 0, 10, 20), 0),
        ((0, 0, np.inf, 20), (0, 0, 10, 20), 0),
        ((0, 0, 0, 0), (0, 0, 0, 0), 0),
    ],
)
def test_overlap_is_intersection_over_union(first: tuple[float, ...], second: tuple[float, ...], share: float) -> None:
    for a, b in ((first, second), (second, first)):
        assert overlap(np.array([a], np.float64), np.array([b], np.float64)) == pytest.approx(share)


whole_boxes = st.tuples(*[st.integers(0, 12)] * 2, *[st.integers(1, 12)] * 2)


@given(whole_boxes, whole_boxes)
def test_overlap_counts_pixels(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    masks = [Box(*box).mask(24, 24) for box in (first, second)]
    counted = (masks[0] & masks[1]).sum() / (masks[0] | masks[1]).sum()
    assert overlap(np.array([first], np.float64), np.array([second], np.float64)) == pytest.approx(counted)


# --- curves -------------------------------------------------------------------------------------


def test_a_box_that_is_always_exact_reaches_twenty_of_twenty_one() -> None:
    found = box_scores(track(*[(TRUE, State.TRACKED)] * 5), truth(5))
    assert found.auc == pytest.approx(20 / 21)
    np.testing.assert_array_equal(found.success, [1.0] * 20 + [0.0])
    np.testing.assert_array_equal(found.precision, np.ones(51))
    assert (found.precision20, found.tracked_share, found.wrong_but_tracked, found.lost_but_right) == (1, 1, 0, 0)
    assert len(found) == 5


def test_a_box_elsewhere_reaches_nothing() -> None:
    found = box_scores(track((moved(200), State.TRACKED), (moved(0, 90), State.LOST)), truth(2))
    assert (found.auc, found.precision20) == (0, 0)
    assert not found.success.any() and not found.precision.any()
    assert (found.tracked_share, found.wrong_but_tracked, found.lost_but_right) == (0.5, 0.5, 0)


def test_thresholds_leave_equal_overlaps_out_and_equal_distances_in() -> None:
    # 40 wide, 8 to the right: 32 / 48 = 2/3. A quarter of the area: exactly 0.25 = OVERLAPS[5].
    quarter = Box(TRUE.x, TRUE.y, 20, 15)
    found = box_scores(track((moved(8), State.TRACKED), (quarter, State.TRACKED)), truth(2))
    np.testing.assert_allclose(found.overlap, [2 / 3, 0.25])
    np.testing.assert_array_equal(found.success, [1.0] * 5 + [0.5] * 9 + [0.0] * 7)
    assert found.auc == pytest.approx((5 + 9 * 0.5) / 21)
    at20 = box_scores(track((moved(12, 16), State.TRACKED), (moved(12, 16.001), State.TRACKED)), truth(2))
    np.testing.assert_allclose(at20.distance, [20, 20.0008], atol=1e-4)
    assert at20.precision20 == 0.5
    np.testing.assert_array_equal(at20.precision, [0.0] * 20 + [0.5] + [1.0] * 30)
    assert OVERLAPS[3] == 0.15 and len(OVERLAPS) == 21 and (DISTANCES[0], DISTANCES[-1]) == (0, 50)


def test_the_centre_is_measured_and_not_the_corner() -> None:
    grown = Box(TRUE.x - 15, TRUE.y - 20, TRUE.w + 30, TRUE.h + 40)
    assert box_scores(track((grown, State.TRACKED)), truth(1)).distance == pytest.approx(0)


@given(st.lists(st.tuples(st.floats(0, 60), st.floats(-60, 60), st.sampled_from(State)), min_size=1, max_size=30))
def test_the_numbers_are_those_of_a_slow_formula(rows: list[tuple[float, float, State]]) -> None:
    found = box_scores(track(*[(moved(x, y), state) for x, y, state in rows]), truth(len(rows)))
    shares, apart, believed = [], [], []
    for x, y, state in rows:
        both = max(0.0, 40 - abs(x)) * max(0.0, 30 - abs(y))
        shares.append(both / (2 * 40 * 30 - both))
        apart.append((x * x + y * y) ** 0.5)
        believed.append(state.name in ("TRACKED", "KEYFRAME"))
    np.testing.assert_allclose(found.overlap, shares, atol=1e-9)
    np.testing.assert_allclose(found.distance, apart, atol=1e-9)
    # the curves from the very overlaps, so that a threshold met exactly cannot fall to either side
    curve = [sum(share > k / 20 for share in found.overlap) / len(rows) for k in range(21)]
    assert found.auc == pytest.approx(sum(curve) / 21)
    assert found.precision20 == pytest.approx(sum(d <= 20 for d in found.distance) / len(rows))
    pairs = list(zip(found.overlap, believed, strict=True))
    assert found.tracked_share == pytest.approx(sum(believed) / len(rows))
    assert found.wrong_but_tracked == pytest.approx(sum(b and s < 0.1 for s, b in pairs) / len(rows))
    assert found.lost_but_right == pytest.approx(sum(not b and s >= 0.5 for s, b in pairs) / len(rows))


# --- honesty ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "tracked", "wrong", "right"),
    [
        (State.TRACKED, 1, 0.5, 0),
        (State.KEYFRAME, 1, 0.5, 0),
        (State.OCCLUDED, 0, 0, 0.25),
        (State.LOST, 0, 0, 0.25),
    ],
)
def test_honesty_counts_shares_of_all_frames(state: State, tracked: float, wrong: float, right: float) -> None:
    # overlaps: exact, about a third, none, none
    found = box_scores(track(*[(moved(x), state) for x in (0, 20, 40, 90)]), truth(4))
    assert (found.tracked_share, found.wrong_but_tracked, found.lost_but_right) == (tracked, wrong, right)


def test_the_limits_of_wrong_and_right() -> None:
    at = np.array([0.0999, 0.1, 0.4999, 0.5])
    frames = np.arange(4)
    believed = BoxScores(frames, at, np.zeros(4), np.ones(4, np.bool_))
    doubted = BoxScores(frames, at, np.zeros(4), np.zeros(4, np.bool_))
    assert (believed.wrong_but_tracked, believed.lost_but_right) == (0.25, 0)
    assert (doubted.wrong_but_tracked, doubted.lost_but_right) == (0, 0.25)


# --- what is compared with what -----------------------------------------------------------------


def test_a_turned_region_counts_with_the_box_that_holds_it() -> None:
    quarter_turn = np.array([[0, -1, 29.5], [1, 0, 34.5], [0, 0, 1.0]])  # 40x30 about the true centre: 30x40
    found = box_scores(row(0, State.TRACKED, quarter_turn, (40, 30)), truth(1))
    assert found.overlap == pytest.approx(30 * 30 / (2 * 40 * 30 - 30 * 30))
    assert found.distance == pytest.approx(0)


def test_frames_without_truth_do_not_count_and_keep_their_numbers() -> None:
    known = truth(9)
    known[[0, 5, 7]] = np.nan
    known[6, 2] = np.nan
    found = box_scores(track(*[(moved(0 if i != 1 else 90), State.TRACKED) for i in range(5)], start=4), known)
    np.testing.assert_array_equal(found.frame, [4, 8])
    np.testing.assert_allclose(found.overlap, [1, 1])
    assert found.tracked_share == 1


def test_a_box_that_is_nowhere_agrees_with_nothing_and_still_counts() -> None:
    at_the_horizon = np.array([[1, 0, 29.5], [0, 1, 34.5], [1 / 19.5, 0, 1]])
    with np.errstate(all="ignore"):
        found = box_scores(joined([row(0, State.TRACKED, at_the_horizon, (40, 30)),
                                   row(1, State.TRACKED, box_warp(TRUE), (40, 30))]), truth(2))  # fmt: skip
    np.testing.assert_array_equal(found.overlap, [0, 1])
    assert found.distance[0] == np.inf
    assert (found.precision20, found.wrong_but_tracked) == (0.5, 0.5)


def test_boxes_may_be_given_as_they_are() -> None:
    state = np.array([State.TRACKED, State.LOST], np.uint8)
    found = scores(boxes((10, 20, 40, 30), (10, 20, 20, 30)), state, truth(2), start=7)
    np.testing.assert_allclose(found.overlap, [1, 0.5])
    np.testing.assert_array_equal(found.frame, [7, 8])
    assert found.lost_but_right == 0.5


def test_a_truth_of_another_clip_is_refused() -> None:
    one = track(*[(TRUE, State.TRACKED)] * 3, start=2)
    with pytest.raises(ParameterError, match="4 frames and the track reaches frame 4"):
        box_scores(one, truth(4))
    with pytest.raises(ParameterError, match="unknown in all of these frames"):
        box_scores(one, truth(5) * np.nan)


# --- against what others measured -----------------------------------------------------------------


@pytest.mark.realdata
@pytest.mark.parametrize(("name", "known"), [("Car4", 0.237), ("Bolt2", 0.136), ("DragonBaby", 0.273)])
def test_a_box_left_where_it_was_overlaps_as_others_measured(name: str, known: float, data_folder: Path) -> None:
    true = read_boxes(data_folder / "otb" / name / "groundtruth_rect.txt")
    found = scores(np.tile(true[0], (len(true), 1)), np.zeros(len(true), np.uint8), true)
    # They let an overlap equal to a threshold count, so that even no overlap reaches 0; the benchmark's own does not.
    assert (found.overlap[:, None] >= OVERLAPS).mean() == pytest.approx(known, abs=0.0005)
    never, always = (found.overlap == 0).mean(), (found.overlap == 1).mean()
    assert found.auc == pytest.approx(known - (never + always) / 21, abs=0.002)
