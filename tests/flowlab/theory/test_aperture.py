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
CORNER = replace(SIDE_OF_SQUARE, centre_x=77, centre_y=46)


def answered(name: str) -> tuple[Aperture, Aperture, int]:
    """Return the numbers before and after a Try, and which answer is right."""
    case = TRIES[name]
    before, after = aperture(case.before), aperture(case.after)
    return before, after, case.right(before, after)


@settings(max_examples=25, deadline=None)
@given(direction=st.sampled_from([5.0 * n for n in range(-36, 37)]), radius=st.integers(6, 30))
def test_of_straight_bars_only_the_motion_across_is_seen(direction: float, radius: int) -> None:
    a = aperture(replace(BARS, direction=direction, radius=radius, centre_x=48, centre_y=48))
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
    true = a.stage.flow[BARS.centre_y, BARS.centre_x]
    assert abs(fx * true[0] + fy * true[1] + ft) / a.slope < 0.08


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
    a = aperture(replace(SIDE_OF_SQUARE, centre_x=48, centre_y=48))
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


@pytest.mark.parametrize("direction", [25.0, 55.0, 145.0, -125.0])
def test_across_has_the_sign_of_the_pixels_normal_flow(direction: float) -> None:
    a = aperture(replace(BARS, direction=direction))
    normal = -a.pixel[2] / a.slope
    across, along = a.split(a.vote.seen)
    assert across * normal >= 0  # no motion across the bars when they slide along themselves
    assert across == pytest.approx(
        normal, rel=0.25, abs=0.02
    )  # the pixel's own tangent against that of a whole aperture
    assert along == pytest.approx(0, abs=0.02)
    assert a.split(a.normal) == pytest.approx((normal, 0), abs=0.03)
    assert np.abs(np.subtract(a.split(a.vote.seen), a.split(a.true))) == pytest.approx(a.error, abs=1e-9)


@pytest.mark.parametrize("case", STEP.tries, ids=lambda case: case.name)
def test_the_picked_pixel_stands_on_an_edge(case: object) -> None:
    for settings_ in (case.before, case.after):  # type: ignore[attr-defined]
        a = aperture(settings_)
        assert a.slope > 5
        assert a.blurred.shape == a.stage.first.shape


def test_adding_a_constant_to_both_pictures_changes_nothing() -> None:
    a = aperture(BARS)
    from flowlab.theory.aperture import BLUR
    from flowlab.theory.constraints import slopes

    f = slopes(a.stage.first + 20, a.stage.second + 20, BLUR)
    assert vote(f.fx, f.fy, f.ft, a.weights).seen == pytest.approx(a.vote.seen, abs=1e-4)


def test_a_hand_moves_the_aperture_and_the_pixel_in_its_middle() -> None:
    moved = STEP.moved(BARS, "aperture", 12.0, 43.0)
    assert moved == replace(BARS, centre_x=12, centre_y=43)
    a = aperture(moved)
    assert a.pixel == tuple(float(plane[43, 12]) for plane in (a.slopes.fx, a.slopes.fy, a.slopes.ft))
    assert STEP.moved(BARS, "aperture", 95.5, -0.5) == replace(BARS, centre_x=SIDE - 7, centre_y=6)


@pytest.mark.parametrize(("x", "y"), [(6, 6), (SIDE - 7, SIDE - 7), (6, SIDE - 7)])
def test_it_can_be_drawn_at_the_ends_of_its_way(x: int, y: int) -> None:
    p = replace(SIDE_OF_SQUARE, radius=3, centre_x=x, centre_y=y)
    a = aperture(p)
    assert (a.vote.known, a.true) == (0, (0.0, 0.0))
    STEP.board(p, a)
    STEP.board(replace(BARS, centre_x=x, centre_y=y), aperture(replace(BARS, centre_x=x, centre_y=y)))


@pytest.mark.parametrize(
    ("name", "value"), [("radius", 0), ("centre_x", 96), ("centre_y", 2), ("pattern", "dots"), ("grain", -1)]
)
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
