"""Step 9: a motion too long for one level is found level by level, and what is small is lost."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.errors import ParameterError
from flowlab.jobs.clips import open_clip
from flowlab.theory.pyramids import (
    ARRIVED,
    LEAF,
    LENGTHS,
    MOST_LEVELS,
    Pyramids,
    PyramidsParameters,
    pair,
    pyramids,
    reach,
)
from flowlab.tracking.parameters import PointParameters
from flowlab.tracking.transparent import LucasKanadePointParameters, lucas_kanade_points
from pages.shared.steps.pyramids import STEP

START = PyramidsParameters()
BUILT = replace(START, length=14.0, levels=3)
CASES = {case.name: case for case in STEP.tries}


def both(name: str) -> tuple[Pyramids, Pyramids]:
    case = CASES[name]
    before, after = pyramids(case.before), pyramids(case.after)
    assert 0 <= case.right(before, after) < len(case.choices)
    assert case.why(before, after).endswith(".")
    return before, after


# --- levels -----------------------------------------------------------------------------------------------------------


def test_it_fails_with_no_level_and_succeeds_with_three() -> None:
    assert pyramids(replace(BUILT, levels=0)).error > 5
    assert pyramids(BUILT).error < 0.1


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 3), st.integers(20, 100), st.integers(20, 100), st.sampled_from([5, 9, 15]))
def test_motion_halves_with_every_level_and_answers_are_doubled(levels: int, x: int, y: int, window: int) -> None:
    found = pyramids(replace(START, levels=levels, x=x, y=y, window=window))
    assert [level.number for level in found.levels] == list(range(levels, -1, -1))
    np.testing.assert_array_equal(found.levels[0].start, 0)
    for level in found.levels:
        assert level.first.shape == (128 // level.scale, 128 // level.scale)
        np.testing.assert_allclose(level.truth * level.scale, found.truth, rtol=1e-5)
    for above, below in pairwise(found.levels):
        np.testing.assert_allclose(below.start, 2 * above.found, rtol=1e-4, atol=1e-4)
        assert below.scale * 2 == above.scale


def test_every_level_comes_nearer() -> None:
    errors = [level.error for level in pyramids(BUILT).levels]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 0.05 < 0.2 < errors[0]


def test_the_error_by_levels_is_that_of_each_search() -> None:
    errors = pyramids(BUILT).errors
    for levels in range(4):
        assert errors[levels] == pytest.approx(pyramids(replace(BUILT, levels=levels)).error, abs=1e-3)
    assert np.isnan(errors[4])  # 8 px are fewer than the window's 9


def test_a_level_smaller_than_the_window_is_left_out() -> None:
    assert len(pyramids(replace(START, levels=4, window=9)).levels) == 4
    assert len(pyramids(replace(START, levels=4, window=7)).levels) == 5


def test_no_motion_is_found_as_none() -> None:
    found = pyramids(replace(START, length=0.0))
    assert found.error < 1e-3
    for level in found.levels:
        np.testing.assert_allclose(level.found, 0, atol=1e-3)


# --- reach ------------------------------------------------------------------------------------------------------------


def test_each_level_reaches_farther() -> None:
    shares = reach(9)
    assert shares.shape == (MOST_LEVELS + 1, len(LENGTHS))
    half = [max(length for length, share in zip(LENGTHS, row, strict=True) if share >= 0.5) for row in shares[:4]]
    for shorter, longer in pairwise(half):
        assert longer >= 1.4 * shorter
    assert (shares[:4, 0] == 1).all()
    assert (np.diff(shares[:4], axis=0) >= 0).all()
    assert np.isnan(shares[4]).all()


def test_up_to_four_px_no_level_is_needed() -> None:
    """What the question after the number of levels says of the chart."""
    shares = reach(9)[0]
    assert (shares[: LENGTHS.index(4.0) + 1] >= 0.95).all()
    assert shares[LENGTHS.index(6.0)] < 0.9


@pytest.mark.parametrize("length", [8.0, 16.0])
@pytest.mark.parametrize("levels", [0, 1, 2, 3])
def test_starting_far_from_the_truth_is_as_hard_as_moving_far(length: float, levels: int) -> None:
    """The chart's one pair of pictures, searched from far away, against pictures that really move so far."""
    side = np.array([44.0, 62.0, 80.0])
    points = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2).astype(np.float32)
    p = LucasKanadePointParameters(window=9, levels=levels, iterations=12, min_eigenvalue=0)
    right = []
    for direction in (25.0, 115.0, -155.0, -65.0):
        shown = pair(replace(START, length=length, direction=direction))
        found = lucas_kanade_points(shown.first, shown.second, points, p).there - points
        right.append(np.linalg.norm(found - shown.flow[0, 0], axis=1) < ARRIVED)
    assert np.mean(right) == pytest.approx(reach(9)[levels][LENGTHS.index(length)], abs=0.12)


# --- tries, page, bad settings ----------------------------------------------------------------------------------------


def test_try_building_a_pyramid() -> None:
    before, after = both("build")
    assert len(before.levels) == 1
    assert (START.length, START.levels) != (CASES["build"].after.length, CASES["build"].after.levels), "not shown yet"
    assert before.error > 5
    assert after.error < 0.1
    assert CASES["build"].right(before, after) == 2


def test_try_twelve_px_need_two_levels() -> None:
    before, after = both("fewest")
    assert before.errors[0] > 5 < before.errors[1]
    assert abs(before.errors[0] - before.errors[1]) > 1
    assert after.error < 0.1
    assert len(after.levels) == 3
    assert CASES["fewest"].right(before, after) == 1


def test_try_a_small_fast_leaf_is_lost_up_there() -> None:
    before, after = both("leaf")
    assert CASES["leaf"].before.scene == LEAF
    assert before.error < 0.1
    assert after.error > 5
    second = after.levels[1]
    assert after.levels[0].error < 1.5 * second.scale < second.error, "it begins near, and ends farther off"
    assert after.levels[0].alike < 0.5 < 0.9 < after.levels[-1].alike
    assert CASES["leaf"].right(before, after) == 1


def test_what_lies_still_around_the_leaf_is_found_still() -> None:
    case = CASES["leaf"].after
    found = pyramids(replace(case, x=16, y=14))
    np.testing.assert_array_equal(found.truth, 0)
    assert found.error < 0.1


def test_the_outline_runs_around_the_leaf() -> None:
    assert pyramids(START).outline.shape == (0, 2)
    found = pyramids(CASES["leaf"].after)
    columns, rows = found.outline.astype(int).T
    np.testing.assert_allclose(found.stage.flow[rows, columns], np.tile((0.0, 10.0), (len(rows), 1)), atol=1e-4)


def test_a_pixel_below_the_low_picture_is_taken_at_its_rim() -> None:
    found = pyramids(replace(START, scene=LEAF, y=127))
    assert found.at == (START.x, 63)


@pytest.mark.parametrize(
    ("name", "value"), [("levels", 5), ("window", 8), ("length", 25.0), ("scene", "sea"), ("x", 128)]
)
def test_a_bad_setting_is_named(name: str, value: float | str) -> None:
    with pytest.raises(ParameterError, match=f"{name} is"):
        replace(START, **{name: value})


@pytest.mark.parametrize("levels", range(MOST_LEVELS + 1))
@pytest.mark.parametrize("scene", ["landscape", LEAF])
def test_the_board_shows_every_level_once(levels: int, scene: str) -> None:
    p = replace(START, levels=levels, scene=scene, window=7)
    found = pyramids(p)
    shown = {part.name: part for row in STEP.board(p, found).rows for part in row}
    names = [f"level{level.number}" for level in found.levels]
    assert set(shown) == {*names, "table"} | (set() if scene == LEAF else {"reach"})
    assert [row.link for row in shown["table"].rows] == names
    for name in names:
        assert name in {mark.link for mark in shown[name].marks}
    assert STEP.moved(p, "pick", 40.0, 30.0) == replace(p, x=40, y=30)


def test_the_call_prints_these_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    p = CASES["leaf"].before
    exec(STEP.call(p), {})
    last = capsys.readouterr().out.splitlines()[-1]
    numbers = [float(word) for word in last.replace("[", " ").replace("]", " ").split()]
    np.testing.assert_allclose(numbers, [*pyramids(p).found, *pyramids(p).truth], atol=1e-3)


@pytest.mark.parametrize("settings_of", [START, replace(START, levels=0, window=7), CASES["leaf"].after])
def test_its_place_follows_points_of_this_pair_with_these_levels(settings_of: PyramidsParameters) -> None:
    query = STEP.place(settings_of).query
    knobs = {name.removeprefix("s_p_"): text for name, text in query.items() if name.startswith("s_p_")}
    asked = PointParameters().with_text(knobs)
    assert (asked.levels, asked.window, asked.cuts) == (settings_of.levels, settings_of.window, False)
    clip, frame = open_clip(query["clip"]), int(query.get("s_from", "0"))
    np.testing.assert_array_equal(clip.frame(frame).grey, pair(settings_of).first)
    assert int(query["s_frame"]) == frame + 1
