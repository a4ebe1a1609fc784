"""Step 4: the constraint line, and what an aperture can and cannot see."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.errors import ParameterError
from flowlab.theory.aperture import (
    MOST_LINES,
    SIDE,
    SPEED,
    Aperture,
    ApertureParameters,
    aperture,
    aperture_weights,
)
from flowlab.theory.constraints import vote
from pages.shared.steps.aperture import STEP

TRIES = {case.name: case for case in STEP.tries}
BARS = ApertureParameters()
SIDE_OF_SQUARE = ApertureParameters(pattern="corner")
CORNER = replace(SIDE_OF_SQUARE, centre_x=80.0, centre_y=44.0)


def answered(name: str) -> tuple[Aperture, Aperture, int]:
    """Return the numbers before and after a Try, and which answer is right."""
    case = TRIES[name]
    before, after = aperture(case.before), aperture(case.after)
    return before, after, case.right(before, after)


@settings(max_examples=25, deadline=None)
@given(direction=st.sampled_from([5.0 * n for n in range(-36, 37)]), radius=st.integers(6, 30))
def test_of_straight_bars_only_the_motion_across_is_seen(direction: float, radius: int) -> None:
    a = aperture(replace(BARS, direction=direction, radius=radius, centre_x=48.0, centre_y=48.0))
    turn = math.radians(direction - 55)  # bars stand at 55 degrees
    assert a.vote.known == 1
    assert a.error[0] < 0.15 * SPEED
    assert a.error[1] == pytest.approx(SPEED * abs(math.cos(turn)), abs=0.02)
    assert math.hypot(*a.vote.seen) == pytest.approx(SPEED * abs(math.sin(turn)), abs=0.15 * SPEED)
    normal = math.radians(55 - 90)
    assert abs(a.vote.across[0] * math.cos(normal) + a.vote.across[1] * math.sin(normal)) > 0.999


@pytest.mark.parametrize("settings_", [BARS, SIDE_OF_SQUARE])
def test_on_an_edge_the_error_along_it_is_more_than_five_times_that_across(settings_: ApertureParameters) -> None:
    across, along = aperture(settings_).error
    assert along > 5 * across
    assert along == pytest.approx(math.cos(math.radians(30)), abs=0.02)


def test_the_line_of_a_pixel_holds_its_normal_flow_and_nearly_the_truth() -> None:
    a = aperture(BARS)
    fx, fy, ft = a.pixel
    assert a.normal == pytest.approx((-ft * fx / a.slope**2, -ft * fy / a.slope**2))
    assert a.line @ (fx, fy) + ft == pytest.approx(0, abs=1e-3)
    assert abs(fx * a.pixel_true[0] + fy * a.pixel_true[1] + ft) / a.slope < 0.08


def test_lines_of_an_edge_coincide_and_those_of_a_corner_meet_at_the_truth() -> None:
    def spread(a: Aperture) -> float:
        ways = a.lines[:, 1] - a.lines[:, 0]
        turns = np.degrees(np.arctan2(ways[:, 1], ways[:, 0])) % 180
        return float(np.ptp((turns - turns[0] + 90) % 180))

    edge, corner = aperture(SIDE_OF_SQUARE), aperture(CORNER)
    assert spread(edge) < 3
    assert spread(corner) > 45
    assert 0 < len(edge.sample) <= MOST_LINES
    assert math.dist(corner.vote.seen, corner.true) < 0.06


def test_an_aperture_without_an_edge_sees_nothing() -> None:
    a = aperture(replace(SIDE_OF_SQUARE, centre_x=48.0, centre_y=48.0, x=48, y=48))
    assert (a.vote.known, a.slope, len(a.sample)) == (0, 0, 0)
    assert not np.isfinite(a.normal).any()
    STEP.board(SIDE_OF_SQUARE, a)  # it can be drawn


def test_the_corner_shows_what_the_side_hides() -> None:
    before, after, right = answered("corner")
    assert right == 1
    assert before.error[1] > 5 * before.error[0]
    assert after.error[1] < before.error[1] / 10
    assert (before.vote.known, after.vote.known) == (1, 2)


def test_the_pole_seems_to_climb_as_soon_as_its_rims_are_seen() -> None:
    before, after, right = answered("pole")
    assert right == 2
    across = math.degrees(math.atan2(before.vote.seen[1], before.vote.seen[0]))
    assert across == pytest.approx(55 - 90, abs=5)  # at right angles to the stripes
    u, v = after.vote.seen
    assert abs(u) < 0.1
    assert v < -1
    assert after.true[0] > 0.7
    assert abs(after.true[1]) < 1e-6


def test_a_wider_aperture_on_parallel_bars_is_no_help_until_there_is_grain() -> None:
    before, after, right = answered("wider")
    assert right == 1
    assert after.miss > 0.98 * before.miss
    assert aperture(replace(TRIES["wider"].after, grain=2.5)).miss < before.miss / 4


@settings(max_examples=30, deadline=None)
@given(
    x=st.floats(0, SIDE - 1), y=st.floats(0, SIDE - 1), radius=st.integers(3, 40), softness=st.integers(0, 20)
)  # fmt: skip
def test_weights_fall_from_one_to_nothing(x: float, y: float, radius: int, softness: int) -> None:
    w = aperture_weights((SIDE, SIDE), (x, y), radius, softness)
    rows, columns = np.mgrid[:SIDE, :SIDE]
    distance = np.hypot(columns - x, rows - y)
    inner = np.zeros_like(w, bool)
    inner[6:-6, 6:-6] = True
    assert ((w >= 0) & (w <= 1)).all()
    assert (w[(distance < radius - 1e-3) & inner] == 1).all()
    assert not w[(distance > radius + softness + 1e-3) | ~inner].any()


def test_an_aperture_in_the_pictures_corner_is_empty_and_says_so() -> None:
    p = replace(BARS, radius=3, centre_x=0.0, centre_y=0.0)
    a = aperture(p)
    assert (a.vote.known, a.true) == (0, (0.0, 0.0))
    STEP.board(p, a)


def test_adding_a_constant_to_both_pictures_changes_nothing() -> None:
    a = aperture(BARS)
    from flowlab.theory.aperture import BLUR
    from flowlab.theory.constraints import slopes

    f = slopes(a.stage.first + 20, a.stage.second + 20, BLUR)
    assert vote(f.fx, f.fy, f.ft, a.weights).seen == pytest.approx(a.vote.seen, abs=1e-4)


def test_a_hand_moves_the_pixel_and_the_aperture() -> None:
    assert STEP.moved(BARS, "pick", 12.0, 95.0) == replace(BARS, x=12, y=95)
    assert STEP.moved(BARS, "aperture", 0.0, 43.5) == replace(BARS, centre_x=0.0, centre_y=43.5)
    assert STEP.moved(BARS, "pick", 95.5, -0.5) == replace(BARS, x=95, y=0)
    assert STEP.moved(BARS, "aperture", 95.5, -0.5) == replace(BARS, centre_x=95.0, centre_y=0.0)


@pytest.mark.parametrize(("name", "value"), [("radius", 0), ("x", 96), ("pattern", "dots"), ("grain", -1)])
def test_bad_settings_are_named(name: str, value: object) -> None:
    with pytest.raises(ParameterError, match=rf"{name} is .*: give"):
        replace(BARS, **{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("case", STEP.tries, ids=lambda case: case.name)
def test_the_call_prints_these_numbers(case: object, capsys: pytest.CaptureFixture[str]) -> None:
    a = aperture(case.after)  # type: ignore[attr-defined]
    exec(STEP.call(case.after), {})  # type: ignore[attr-defined]
    normal, seen = capsys.readouterr().out.strip().split("\n")
    assert tuple(map(float, normal.strip("[]").split())) == pytest.approx(a.normal, abs=1e-5)
    assert seen == f"{a.vote.seen} {a.vote.slopes}" or tuple(
        float(part) for part in seen.replace("(", "").replace(")", "").replace(",", "").split()
    ) == pytest.approx((*a.vote.seen, *a.vote.slopes), abs=1e-6)
