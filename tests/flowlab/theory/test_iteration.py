"""Step 8: warp, solve, add; where that leads to the truth, and how dense flow must not be added up."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.core.gradients import gradients
from flowlab.core.resample import warp_back
from flowlab.dense.lucas_kanade import LucasKanadeParameters, lucas_kanade, refine
from flowlab.errors import ParameterError
from flowlab.jobs.clips import open_clip
from flowlab.theory.iteration import (
    ARRIVED,
    FLOW,
    STARTS,
    STEPS,
    TRUE_MOTION,
    Iteration,
    IterationParameters,
    iteration,
    starts,
)
from flowlab.theory.iteration_flow import ROUNDS, course, naive_refine
from pages.shared.steps.iteration import STEP

START = IterationParameters()
CASES = {case.name: case for case in STEP.tries}
PLACES = st.tuples(st.integers(0, 36), st.integers(0, 36))


def both(name: str) -> tuple[Iteration, Iteration]:
    case = CASES[name]
    before, after = iteration(case.before), iteration(case.after)
    assert 0 <= case.right(before, after) < len(case.choices)
    assert case.why(before, after).endswith(".")
    return before, after


# --- one search -------------------------------------------------------------------------------------------------------


def test_the_search_ends_at_the_truth_and_its_residual_falls() -> None:
    found = iteration(START).search
    assert found.arrived
    assert found.distance[-1] < 0.05
    np.testing.assert_allclose(found.displacement[-1], TRUE_MOTION, atol=0.05)
    assert (np.diff(found.distance[:4]) < 0).all()
    assert found.residual[-1] < found.residual[0] / 5


def test_the_first_increment_solves_the_two_equations() -> None:
    """M delta = -sum w r (fx, fy), worked out here by hand over the window at the picked pixel."""
    at = iteration(START)
    half = START.window // 2
    box = np.s_[START.y - half : START.y + half + 1, START.x - half : START.x + half + 1]
    fx, fy = (slope[box].astype(float) for slope in gradients(at.stage.first, "scharr"))
    r = (at.stage.second - at.stage.first)[box].astype(float)
    m = np.array([[(fx * fx).sum(), (fx * fy).sum()], [(fx * fy).sum(), (fy * fy).sum()]])
    solved = np.linalg.solve(m, -np.array([(fx * r).sum(), (fy * r).sum()]))
    np.testing.assert_allclose(at.search.increment[1], solved, atol=1e-3)


@settings(max_examples=20, deadline=None)
@given(PLACES)
def test_a_displacement_is_its_start_and_the_sum_of_increments(start: tuple[int, int]) -> None:
    u, v = (float(axis[at]) for axis, at in zip(starts(), start, strict=True))
    found = iteration(replace(START, start_u=u, start_v=v)).search
    np.testing.assert_allclose(found.displacement - (u, v), np.cumsum(found.increment, axis=0), atol=1e-3)
    assert found.last <= STEPS


@settings(max_examples=20, deadline=None)
@given(PLACES)
def test_the_basin_tells_of_every_start_what_its_search_does(start: tuple[int, int]) -> None:
    u, v = (float(axis[at]) for axis, at in zip(starts(), start, strict=True))
    found = iteration(replace(START, start_u=u, start_v=v)).search
    needed = iteration(START).basin.steps[start[1], start[0]]
    assert np.isfinite(needed) == found.arrived
    if found.arrived:
        at = min(int(needed), found.last)
        assert found.distance[at] < ARRIVED
        assert at == 0 or found.distance[at - 1] >= ARRIVED


def test_the_surface_is_least_at_the_truth() -> None:
    at = iteration(START)
    u, v = starts()
    row, column = np.unravel_index(np.argmin(at.surface), at.surface.shape)
    assert np.hypot(u[column] - TRUE_MOTION[0], v[row] - TRUE_MOTION[1]) < 0.5
    assert at.surface.shape == at.basin.steps.shape == (len(v), len(u))


def test_the_surface_and_the_table_tell_the_same_residual() -> None:
    at = iteration(START)
    u, v = starts()
    here = at.surface[list(v).index(START.start_v), list(u).index(START.start_u)]
    assert here == pytest.approx(at.search.residual[0], rel=1e-4)


@settings(max_examples=20, deadline=None)
@given(PLACES, st.integers(0, STEPS))
def test_the_way_leads_from_the_search_to_the_truth(start: tuple[int, int], k: int) -> None:
    u, v = (float(axis[at]) for axis, at in zip(starts(), start, strict=True))
    at = iteration(replace(START, start_u=u, start_v=v, k=k))
    way, distance = at.way, at.search.distance
    assert -way.begin == pytest.approx(distance[at.at] if distance[at.at] > 0.5 else distance[0], abs=1e-4)
    assert way.place[0] < way.begin <= 0 < way.place[-1]
    assert way.goal < 2
    assert way.hill >= way.goal - 1e-3


def test_the_difference_is_what_warping_back_leaves_and_it_shrinks() -> None:
    sizes = []
    for k in range(6):
        at = iteration(replace(START, k=k))
        flow = np.full((*at.first.shape, 2), at.search.displacement[at.at], np.float32)
        np.testing.assert_allclose(at.difference, warp_back(at.stage.second, flow) - at.first, atol=1e-3)
        sizes.append(float(np.nanmean(np.abs(at.difference))))
    assert sizes[5] < sizes[0] / 10
    assert sizes == sorted(sizes, reverse=True)


def test_blurring_first_widens_the_basins() -> None:
    places = [(x, y) for x in (20, 30, 40) for y in (20, 30, 40)]
    shares = {
        blur: np.mean([iteration(replace(START, x=x, y=y, blur=blur)).basin.share for x, y in places])
        for blur in (0.0, 3.0)
    }
    assert shares[3.0] > shares[0.0] + 0.1


def test_step_k_stands_still_when_the_search_does() -> None:
    late = iteration(replace(START, k=ROUNDS))
    assert late.at == late.search.last < ROUNDS


# --- a flow for every pixel -------------------------------------------------------------------------------------------


def test_naive_increments_diverge_and_the_whole_flow_does_not() -> None:
    found = course(START.window)
    assert found.naive_error[10] > 2 * found.naive_error[2]
    assert found.naive_error[ROUNDS] > found.naive_error[0]  # worse than saying that nothing moves
    assert (np.diff(found.naive_error[2:]) > 0).all()
    assert found.whole_error[1] > found.whole_error[3]
    assert found.whole_error[ROUNDS] < 1.05 * found.whole_error[3] < 0.3
    assert found.naive_error[1] == pytest.approx(found.whole_error[1], rel=1e-4)  # from no motion they are one


@pytest.mark.parametrize("window", [5, 7, 11, 13, 15])
def test_that_holds_for_every_window(window: int) -> None:
    found = course(window)
    assert found.naive_error[10] > 1.5 * found.naive_error.min()
    assert found.whole_error[ROUNDS] < 1.2 * found.whole_error.min()


def test_on_one_motion_for_all_both_schemes_agree() -> None:
    """Where neighbours share their displacement, adding an increment and solving for the whole are the same."""
    at = iteration(START).stage
    p = LucasKanadeParameters(window=15, damping=0.1, median=1)
    flow = np.full_like(at.flow, 1.5)
    inner = np.s_[16:-16, 16:-16]
    whole, naive = (better(at.first, at.second, flow, p)[inner] for better in (refine, naive_refine))
    np.testing.assert_allclose(whole, naive, atol=0.02)


def test_the_whole_flow_is_what_the_dense_method_finds() -> None:
    query = STEP.place(replace(START, k=4, view=FLOW)).query
    knobs = {name.removeprefix("d_lk_"): text for name, text in query.items() if name.startswith("d_lk_")}
    p = LucasKanadeParameters().with_text(knobs)
    clip = open_clip(query["clip"])
    found = lucas_kanade(clip.frame(0).grey, clip.frame(1).grey, p)
    np.testing.assert_allclose(found, course(START.window).whole[4], atol=1e-4)


# --- tries, page, bad settings ----------------------------------------------------------------------------------------


def test_nothing_after_the_start_is_given_away() -> None:
    assert iteration(START).at == 0
    assert all(case.before.view != STARTS for case in STEP.tries)
    assert {name: case.before.k for name, case in CASES.items()} == {"once": 0, "outside": 0, "naive": 1}


def test_try_one_step_is_not_enough() -> None:
    before, after = both("once")
    assert before.at == 0
    assert after.at == 1
    assert after.search.distance[1] > after.search.distance[0] / 3
    assert after.search.distance[3] < 0.05
    assert CASES["once"].right(before, after) == 2


def test_try_a_start_outside_the_basin_comes_to_rest_elsewhere() -> None:
    _, after = both("outside")
    at_home = iteration(replace(START, k=STEPS))
    assert at_home.search.arrived
    assert not after.search.arrived
    assert after.search.distance[-1] > 3
    assert np.abs(after.search.increment[-1]).max() < 0.02
    assert after.search.residual[-1] > 3 * at_home.search.residual[-1]
    assert after.way.hill > 1.3 * after.search.residual[-1], "a hill lies between"
    case = CASES["outside"].after
    column, row = (int(np.argmin(np.abs(axis - at))) for axis, at in
                   zip(starts(), (case.start_u, case.start_v), strict=True))  # fmt: skip
    assert np.isnan(after.basin.steps[row, column])
    assert CASES["outside"].right(CASES["outside"].before, after) == 1


def test_try_adding_up_pixel_by_pixel() -> None:
    before, after = both("naive")
    early, late = CASES["naive"].before.k, CASES["naive"].after.k
    assert late == 10
    assert after.course.naive_error[late] > 2 * before.course.naive_error[early]
    assert after.course.whole_error[late] < 0.3
    assert CASES["naive"].right(before, after) == 1


def test_a_ripple_is_pushed_farther_the_pixel_by_pixel_way() -> None:
    """What that question says: a pixel that is right, between neighbours too far left, is pushed right."""
    at = iteration(START).stage
    p = LucasKanadeParameters(window=START.window, damping=0.1, median=1)
    for x, y in ((22, 32), (30, 30), (40, 24)):
        flow = at.flow - np.float32((1, 0))
        flow[y, x] = at.flow[y, x]
        pushed, kept = (better(at.first, at.second, flow, p)[y, x] - at.flow[y, x] for better in (naive_refine, refine))
        assert pushed[0] > 0.4
        assert np.abs(kept).max() < 0.4


@pytest.mark.parametrize(("name", "value"), [("window", 8), ("k", -1), ("start_u", 99.0), ("x", 2), ("blur", -1.0)])
def test_a_bad_setting_is_named(name: str, value: float) -> None:
    with pytest.raises(ParameterError, match=f"{name} is {value}"):
        replace(START, **{name: value})


def test_a_hand_moves_the_start_and_the_pixel_within_their_ranges() -> None:
    assert STEP.moved(START, "start", 4.5, -3.0) == replace(START, start_u=4.5, start_v=-3.0)
    assert STEP.moved(START, "start", 99.0, -99.0) == replace(START, start_u=12.0, start_v=-11.0)
    assert STEP.moved(START, "pick", 0.0, 63.0) == replace(START, x=8, y=55)


@pytest.mark.parametrize("k", [0, 1, 3, 5, ROUNDS])
def test_the_board_shows_no_later_step(k: int) -> None:
    p = replace(START, k=k)
    at = iteration(p)
    shown = {part.name: part for row in STEP.board(p, at).rows for part in row}
    assert len(shown["increments"].rows) == at.at + 1
    assert [row.link for row in shown["increments"].rows if row.strong] == [f"step{at.at}"]
    links = {mark.link for mark in shown["surface"].marks if mark.link}
    assert links == {f"step{n}" for n in range(at.at + 1)}


def test_the_call_prints_these_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    p = replace(START, k=2, blur=1.0, start_u=1.0)
    exec(STEP.call(p), {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    last = [float(word) for word in lines[-1].replace("[", " ").replace("]", " ").split()]
    np.testing.assert_allclose(last[-2:], iteration(p).search.displacement[2], rtol=1e-4)


@pytest.mark.parametrize("k", [0, 4])
def test_the_call_of_the_flow_prints_the_whole_one(k: int, capsys: pytest.CaptureFixture[str]) -> None:
    exec(STEP.call(replace(START, view=FLOW, k=k)), {})
    printed = float(capsys.readouterr().out.split()[-1])
    assert printed == pytest.approx(course(START.window).whole_error[max(1, k)], rel=1e-3)


@pytest.mark.parametrize("view", [STARTS, FLOW])
def test_each_lesson_has_a_board_of_its_own(view: str) -> None:
    p = replace(START, view=view, k=3)
    names = {part.name for row in STEP.board(p, iteration(p)).rows for part in row}
    assert names == ({"surface", "way", "basin"} if view == STARTS else {"errors", "naive", "whole", "field", "pixel"})
