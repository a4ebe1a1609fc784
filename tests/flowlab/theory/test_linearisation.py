"""Step 2: the tangent's prediction, what happens, and how far one agrees with the other."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.core.gradients import gradients
from flowlab.errors import ParameterError
from flowlab.scenes.registry import open_scene
from flowlab.theory.linearisation import SIDE, TEXTURES, LinearisationParameters, linearisation, reach_on
from pages.shared.steps.linearisation import STEP
from pages.shared.steps.tex import Tex

TRIES = {case.name: case for case in STEP.tries}
displacements = st.integers(-32, 32).map(lambda n: n / 4)


@settings(max_examples=25, deadline=None)
@given(x=st.integers(0, SIDE - 1), y=st.integers(0, SIDE - 1), dx=displacements, dy=displacements)
def test_what_is_left_of_the_equation_is_what_the_tangent_misses(x: int, y: int, dx: float, dy: float) -> None:
    n = linearisation(LinearisationParameters(x=x, y=y, dx=dx, dy=dy))
    assert n.left_over == pytest.approx(n.fx * dx + n.fy * dy + n.ft, abs=1e-4)
    assert n.predicted == pytest.approx(n.along_x + n.along_y)
    assert n.ft == n.later - n.now


def test_the_numbers_are_those_of_the_scene() -> None:
    p = LinearisationParameters(x=20, y=31, dx=1.5, dy=-0.75, texture="coarse")
    n = linearisation(p)
    scene = open_scene(n.stage.scene)
    first, second = (scene.frame(index).grey.astype(np.float32) for index in (0, 1))
    fx, fy = gradients(first, "five-point")
    assert (n.now, n.later) == (first[31, 20], second[31, 20])
    assert (n.fx, n.fy) == pytest.approx((fx[31, 20], fy[31, 20]))
    assert np.allclose(scene.flow(0), (1.5, -0.75), atol=1e-5)
    assert scene.parameters.texture == TEXTURES["coarse"]


def test_the_point_keeps_its_brightness_where_it_goes() -> None:
    n = linearisation(LinearisationParameters(dx=3.25, dy=-2.5))
    assert n.moved == pytest.approx(n.now, abs=1.5)  # two roundings to whole grey levels, and reading between pixels


def test_outside_the_picture_nothing_is_known() -> None:
    assert math.isnan(linearisation(LinearisationParameters(x=SIDE - 1, dx=1)).moved)


@pytest.mark.parametrize(("along", "motion"), [("row", {"dx": 4, "dy": 0}), ("column", {"dx": 0, "dy": 4})])
def test_the_second_slice_is_the_first_one_moved(along: str, motion: dict[str, float]) -> None:
    p = LinearisationParameters(along=along, **motion)
    n = linearisation(p)
    step = round(4 / (n.positions[1] - n.positions[0]))
    assert np.abs(n.slice_later[step:] - n.slice_now[:-step]).max() < 2
    assert n.slice_now[4 * (p.x if along == "row" else p.y)] == n.now


def test_without_displacement_nothing_happens_and_nothing_is_predicted() -> None:
    n = linearisation(LinearisationParameters(dx=0, dy=0))
    assert (n.ft, n.predicted, n.left_over, n.miss, n.change) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize(("texture", "near", "far"), [("fine", 1, 2), ("medium", 2, 4), ("coarse", 4, 8)])
def test_the_miss_grows_with_the_square_of_the_displacement(texture: str, near: float, far: float) -> None:
    reach = reach_on(texture)
    miss = dict(zip(reach.distance, reach.miss, strict=True))
    change = dict(zip(reach.distance, reach.change, strict=True))
    assert 3.3 < miss[far] / miss[near] < 4.2
    assert 1.8 < change[far] / change[near] < 2.1


def test_a_tangent_is_good_for_about_the_size_of_the_detail() -> None:
    halves = [reach_on(texture).half for texture in TEXTURES]
    assert halves == sorted(halves)
    for half, sigma in zip(halves, TEXTURES.values(), strict=True):
        assert 0.8 * sigma < half < 1.4 * sigma


def test_where_half_is_missed_half_is_missed() -> None:
    reach = reach_on("medium")
    change = float(np.interp(reach.half, reach.distance, reach.change))
    assert reach.half_miss == pytest.approx(change / 2, rel=0.05)


def test_the_plot_agrees_with_the_picked_displacement() -> None:
    n = linearisation(LinearisationParameters(dx=3, texture="medium"))
    reach = n.reach("medium")
    assert n.miss == pytest.approx(float(reach.miss[reach.distance == 3][0]), rel=0.02)


def test_try_coarse_turns_a_wrong_sign_into_a_good_prediction() -> None:
    case = TRIES["coarse"]
    before, after = linearisation(case.before), linearisation(case.after)
    assert before.predicted * before.ft < 0
    assert abs(before.left_over) > 70
    assert abs(after.left_over) < 0.15 * abs(after.ft)
    assert case.choices[case.right(before, after)].startswith("Nearly")
    assert before.reach("fine").half < case.before.dx < after.reach("coarse").half - 1, "the rings say the same"


def test_try_double_misses_four_times_as_much() -> None:
    case = TRIES["double"]
    before, after = linearisation(case.before), linearisation(case.after)
    assert 3.5 < after.miss / before.miss < 4.2
    assert 3.5 < after.left_over / before.left_over < 4.2, "the picked pixel says the same"
    assert case.choices[case.right(before, after)] == "About four times"


def test_try_down_changes_brightness_through_the_other_slope() -> None:
    case = TRIES["down"]
    before, after = linearisation(case.before), linearisation(case.after)
    assert (before.along_y, after.along_x) == (0, 0)
    assert abs(after.ft) > 10
    assert after.predicted == pytest.approx(after.ft, abs=2.5)
    assert case.choices[case.right(before, after)].startswith("Yes")


def test_a_hand_sets_what_it_should() -> None:
    p = LinearisationParameters()
    assert STEP.moved(p, "pick", 3, 60) == replace(p, x=3, y=60)
    assert STEP.moved(p, "dx", p.x - 1.3, 50) == replace(p, dx=-1.25)
    assert STEP.moved(p, "dx", p.x + 40, 50).dx == 8
    assert STEP.moved(p, "dy", p.y + 2, 50) == replace(p, dy=2)


@settings(max_examples=25, deadline=None)
@given(
    x=st.integers(0, SIDE - 1), y=st.integers(0, SIDE - 1), dx=displacements, dy=displacements,
    texture=st.sampled_from(list(TEXTURES)), along=st.sampled_from(["row", "column"]),
)  # fmt: skip
def test_every_setting_can_be_drawn(x: int, y: int, dx: float, dy: float, texture: str, along: str) -> None:
    p = LinearisationParameters(x, y, dx, dy, texture, along)
    n = linearisation(p)
    slice_panel = STEP.board(p, n).rows[0][1]
    assert slice_panel.at[1] - n.now == pytest.approx(n.along_y if along == "row" else n.along_x)
    assert STEP.moved(p, slice_panel.gesture, *slice_panel.at) == p
    assert STEP.equation(p, n, Tex(False)).count("{") == STEP.equation(p, n, Tex(True)).count("}")


@pytest.mark.parametrize(
    ("name", "value"), [("x", SIDE), ("y", -1), ("dx", 8.5), ("dy", float("nan")), ("texture", "velvet")]
)
def test_a_bad_setting_is_named(name: str, value: object) -> None:
    with pytest.raises(ParameterError, match=f"{name} is .*: give"):
        replace(LinearisationParameters(), **{name: value})  # type: ignore[arg-type]
