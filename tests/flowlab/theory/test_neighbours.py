"""Step 5: nine lines that nearly meet."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.core.window import window_sigma
from flowlab.drawing.board import Line, Panel, Square, Table
from flowlab.errors import ParameterError
from flowlab.theory.constraints import slopes, vote
from flowlab.theory.neighbours import (
    BLUR,
    MOST_ROWS,
    TRUE_MOTION,
    Neighbours,
    NeighboursParameters,
    neighbours,
    window_weights,
)
from pages.shared.steps.neighbours import STEP

TRIES = {case.name: case for case in STEP.tries}
DEFAULT = NeighboursParameters()
ANYWHERE = {"x": st.integers(11, 36), "y": st.integers(19, 44), "size": st.sampled_from([3, 5, 7])}


def answered(name: str) -> tuple[Neighbours, Neighbours, int]:
    """Return the numbers before and after a Try, and which answer is right."""
    case = TRIES[name]
    before, after = neighbours(case.before), neighbours(case.after)
    return before, after, case.right(before, after)


@settings(max_examples=40, deadline=None)
@given(**ANYWHERE, weights=st.sampled_from(["box", "gaussian"]))
def test_the_estimate_is_the_solution_of_the_rows(x: int, y: int, size: int, weights: str) -> None:
    n = neighbours(replace(DEFAULT, x=x, y=y, size=size, weights=weights))
    if n.vote.known < 2:
        return
    root = np.sqrt(n.weights)
    solution = np.linalg.lstsq(n.rows[:, :2] * root[:, None], -n.rows[:, 2] * root, rcond=None)[0]
    assert n.vote.seen == pytest.approx(tuple(solution), abs=1e-6)
    left = n.rows @ (*n.vote.seen, 1.0)
    assert n.residual == pytest.approx(math.sqrt(float((n.weights * left**2).sum() / n.weights.sum())))


@settings(max_examples=25, deadline=None)
@given(**ANYWHERE, constant=st.floats(-60, 60))
def test_adding_a_constant_to_both_pictures_changes_nothing(x: int, y: int, size: int, constant: float) -> None:
    n = neighbours(replace(DEFAULT, x=x, y=y, size=size))
    lighter = np.float32(constant)
    f = slopes(n.stage.first + lighter, n.stage.second + lighter, BLUR)
    columns, rows = n.pixels.T
    again = vote(f.fx[rows, columns], f.fy[rows, columns], f.ft[rows, columns], n.weights)
    assert again.seen == pytest.approx(n.vote.seen, abs=1e-2 / min(1.0, n.vote.slopes[1] ** 2))


@pytest.mark.parametrize("size", [3, 5, 7])
def test_weights_that_are_all_equal_are_the_box(size: int) -> None:
    box = neighbours(replace(DEFAULT, size=size))
    assert (box.weights == 1).all()
    fx, fy, ft = box.rows.T
    assert vote(fx, fy, ft, np.full(len(fx), 0.37)).seen == pytest.approx(box.vote.seen, abs=1e-9)
    gaussian = window_weights(size, True)
    reach = np.arange(size) - size // 2
    line = np.exp(-(reach**2) / (2 * window_sigma(size) ** 2))
    assert gaussian == pytest.approx(np.outer(line, line), abs=1e-3)


def test_the_nine_lines_nearly_meet_at_the_truth() -> None:
    n = neighbours(DEFAULT)
    assert n.true == pytest.approx(TRUE_MOTION, abs=1e-3)
    assert (len(n.rows), n.vote.known, len(n.motions)) == (9, 2, 1)
    assert n.error < 0.05
    assert n.mean_miss < 0.05
    for row, ends in zip(n.rows, n.lines, strict=True):
        assert ends @ row[:2] + row[2] == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(("size", "weights"), [(5, "box"), (7, "box"), (7, "gaussian")])
def test_of_a_larger_window_the_nine_in_the_middle_are_listed(size: int, weights: str) -> None:
    n = neighbours(replace(DEFAULT, size=size, weights=weights))
    listed = {tuple(place) for place in n.pixels[list(n.listed)].tolist()}
    assert listed == {(DEFAULT.x + i, DEFAULT.y + j) for i in (-1, 0, 1) for j in (-1, 0, 1)}


@pytest.mark.parametrize("size", [3, 5, 7])
def test_every_row_shares_its_link_with_a_pixel_and_a_line(size: int) -> None:
    p = replace(DEFAULT, size=size)
    (row,) = STEP.board(p, neighbours(p)).rows
    panels = {part.name: part for part in row if isinstance(part, Panel)}
    (table,) = (part for part in row if isinstance(part, Table))
    pixels = [mark.link for mark in panels["picture"].marks if isinstance(mark, Square) and mark.link]
    lines = [mark.link for mark in panels["plane"].marks if isinstance(mark, Line)]
    assert len(table.rows) == MOST_ROWS
    assert sorted(pixels) == sorted(lines) == sorted(f"p{number}" for number in range(size * size))
    assert {one.link for one in table.rows} <= set(lines)


def test_two_motions_meet_in_two_places_and_the_estimate_lies_between() -> None:
    before, after, right = answered("boundary")
    assert right == 2
    assert (len(before.motions), len(after.motions)) == (1, 2)
    assert after.things == ("leaf", "pebbles")
    assert after.error > 3 * before.error
    assert after.mean_miss > 5 * before.mean_miss
    for alone, motion in zip(after.alone, after.motions, strict=True):
        assert math.dist(alone, motion) < 0.3
    assert after.alone[1][0] < after.vote.seen[0] < after.alone[0][0]


def test_the_rim_lies_between_pixels_of_different_motion() -> None:
    n = neighbours(TRIES["boundary"].after)
    assert len(n.rim) > 40
    for one, other in n.rim:
        middle, across = (one + other) / 2, np.abs(one - other)[::-1] / 2
        first, second = ((middle + sign * across).round().astype(int) for sign in (-1, 1))
        assert math.dist(n.stage.flow[tuple(first[::-1])], n.stage.flow[tuple(second[::-1])]) > 1
    assert not len(neighbours(DEFAULT).rim)


def test_a_larger_window_calms_noise() -> None:
    before, after, right = answered("noise")
    assert right == 2
    assert after.median_error < 0.6 * before.median_error
    assert after.error < 0.6 * before.error


@pytest.mark.parametrize("size", [3, 5, 7])
def test_lines_of_a_straight_edge_are_parallel(size: int) -> None:
    before, after, right = answered("edge")
    assert right == 1
    assert (before.vote.known, after.vote.known) == (2, 1)
    n = neighbours(replace(TRIES["edge"].after, size=size))
    size_of = np.hypot(n.rows[:, 0], n.rows[:, 1])
    gradient = (n.rows[:, :2] / size_of[:, None])[size_of > 3]  # flatter ones are rounding
    assert np.abs(gradient @ n.vote.across).min() > 0.999
    assert n.error == pytest.approx(abs(n.vote.split(*TRUE_MOTION)[1]), abs=0.03)


def test_a_hand_keeps_the_window_inside_what_is_shown() -> None:
    assert STEP.moved(DEFAULT, "window", 20.0, 30.0) == replace(DEFAULT, x=20, y=30)
    assert STEP.moved(DEFAULT, "window", -5.0, 99.0) == replace(DEFAULT, x=11, y=44)


@pytest.mark.parametrize(("name", "value"), [("size", 4), ("size", 9), ("x", 3), ("scene", "street"), ("noise", 11)])
def test_bad_settings_are_named(name: str, value: object) -> None:
    with pytest.raises(ParameterError, match=rf"{name} is .*: give"):
        replace(DEFAULT, **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("case", STEP.tries, ids=lambda case: case.name)
def test_the_call_prints_these_numbers(case: object, capsys: pytest.CaptureFixture[str]) -> None:
    n = neighbours(case.after)  # type: ignore[attr-defined]
    exec(STEP.call(case.after), {})  # type: ignore[attr-defined]
    numbers = [
        float(part)
        for part in capsys.readouterr().out.replace(",", " ").translate(str.maketrans("", "", "()[]")).split()
    ]
    assert numbers[:2] == pytest.approx(n.vote.seen, abs=1e-4)
    assert numbers[2:] == pytest.approx(n.misses, abs=1e-4)
