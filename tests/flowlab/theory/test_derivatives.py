"""Step 3: slopes and change as kernels measure them, against exact slopes and closed forms."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.core.gradients import Kernel, gradients, smoothed
from flowlab.errors import ParameterError
from flowlab.scenes.registry import open_scene
from flowlab.theory.derivatives import (
    BLURS,
    SIDE,
    DerivativesParameters,
    derivatives,
    exact_slope,
    scene_text_of,
    size,
    sweep,
)
from flowlab.theory.stage import stage
from flowlab.theory.stripes import AROUND, LENGTHS, answer, footprint, shares, stripe, whole_weights
from pages.shared.steps.derivatives import STEP
from pages.shared.steps.tex import Tex

TRIES = {case.name: case for case in STEP.tries}
KERNELS = [kernel.value for kernel in Kernel]
FIRST_PANELS = {
    "three derivatives": ["picture", "fx", "fy", "ft"],
    "noise and blur": ["picture", "fx", "sweep"],
    "fine stripes": ["stripe", "shares"],
}
QUIET = DerivativesParameters(noise=0)


@pytest.mark.parametrize(
    ("kernel", "weights", "divisor"),
    [
        ("central", [[-1, 0, 1]], 2),
        ("sobel", [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], 8),
        ("scharr", [[-3, 0, 3], [-10, 0, 10], [-3, 0, 3]], 32),
        ("five-point", [[1, -8, 0, 8, -1]], 12),
    ],
)
def test_the_weights_are_those_of_the_books(kernel: str, weights: list[list[int]], divisor: int) -> None:
    whole, by = whole_weights(kernel)
    assert (whole.tolist(), by) == (weights, divisor)


@settings(max_examples=30, deadline=None)
@given(
    x=st.integers(2, SIDE - 3), y=st.integers(2, SIDE - 3),
    kernel=st.sampled_from(KERNELS), blur=st.sampled_from(BLURS),
)  # fmt: skip
def test_the_sum_over_the_patch_is_the_slope(x: int, y: int, kernel: str, blur: float) -> None:
    n = derivatives(DerivativesParameters(x=x, y=y, kernel=kernel, blur=blur))
    assert float((n.weights * n.patch).sum()) / n.divisor == pytest.approx(float(n.fx[y, x]), abs=1e-3)
    assert n.left_over == pytest.approx(float(n.fx[y, x] * n.u + n.fy[y, x] * n.v + n.ft[y, x]), abs=1e-3)


def test_beneath_the_rim_there_is_no_grey_level() -> None:
    patch = derivatives(replace(QUIET, x=0, y=0, kernel="sobel")).patch
    assert np.isnan(patch).tolist() == [[True] * 3, [True, False, False], [True, False, False]]


def test_the_exact_slope_is_that_of_the_scene() -> None:
    """The five-point kernel without noise errs by the rounding to whole grey levels, and hardly by more."""
    first = stage(scene_text_of(0.0, 1.0)).first
    rounding = 1 / math.sqrt(12) * float(np.sqrt(np.square(footprint("five-point", 0.0)).sum()))
    assert size(gradients(first, "five-point")[0] - exact_slope()) < 1.5 * rounding


def test_the_exact_slope_is_the_limit_of_ever_smaller_motion() -> None:
    scene = open_scene("scene:translation?width=64&height=64&speed=0.5&direction=0")
    first, second = (scene.frame(index).grey.astype(np.float32) for index in (0, 1))
    assert size((second - first) / -0.5 - exact_slope()) < 0.2 * size(exact_slope())


@pytest.mark.parametrize("wave", [3.0, 4.0, 8.0, 30.0])
def test_answers_are_the_closed_forms(wave: float) -> None:
    w = 2 * math.pi / wave
    for kernel in ("central", "sobel", "scharr"):
        assert float(answer(kernel, 0.0, 1 / wave)) == pytest.approx(math.sin(w), abs=1e-5)
    five = (8 * math.sin(w) - math.sin(2 * w)) / 6
    assert float(answer("five-point", 0.0, 1 / wave)) == pytest.approx(five, abs=1e-5)
    assert float(answer("central", 2.0, 1 / wave)) == pytest.approx(math.sin(w) * math.exp(-2 * w * w), abs=2e-3)


@settings(max_examples=20, deadline=None)
@given(length=st.floats(2.5, 24), blur=st.sampled_from(BLURS[:9]))
def test_the_line_through_the_two_used_pixels_is_as_steep_as_what_the_kernel_finds(length: float, blur: float) -> None:
    s = stripe("central", blur, length)
    assert s.pixels[s.used].tolist() == [-1, 1]
    left, right = s.levels[s.used]
    assert (right - left) / 2 == pytest.approx(s.found, abs=1e-5)
    assert s.true == pytest.approx(2 * math.pi / length)


def test_stripes_are_drawn_as_they_are() -> None:
    s = stripe("five-point", 0.0, 4.0)
    assert s.pixels[s.used].tolist() == [-2, -1, 1, 2]
    np.testing.assert_allclose(s.levels[AROUND : AROUND + 3], [0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(np.interp(s.pixels, s.columns, s.curve), s.levels, atol=1e-6)
    assert np.abs(stripe("central", 1.0, 4.0).levels).max() == pytest.approx(math.exp(-(math.pi**2) / 8), abs=2e-3)


def test_shares_are_slopes_over_true_slopes() -> None:
    found = shares("central", 0.0)
    np.testing.assert_allclose(found, np.sinc(2 / LENGTHS), atol=1e-6)
    assert (np.diff(found) > 0).all(), "the finer, the flatter"


@pytest.mark.parametrize(
    ("kernel", "noise"),
    [("central", math.sqrt(1 / 2)), ("sobel", math.sqrt(12) / 8), ("scharr", math.sqrt(236) / 32),
     ("five-point", math.sqrt(130) / 12)],
)  # fmt: skip
def test_noise_let_in_is_the_root_of_the_squared_weights(kernel: str, noise: float) -> None:
    n = derivatives(replace(QUIET, noise=10))
    assert n.of(kernel).noise == pytest.approx(10 * noise, rel=1e-5)
    assert sweep(kernel, 10.0).noise[0] == pytest.approx(10 * noise, rel=0.06)


@pytest.mark.parametrize("kernel", KERNELS)
def test_more_blur_lets_in_less_noise_and_loses_more_detail(kernel: str) -> None:
    s = sweep(kernel, 10.0)
    assert (np.diff(s.noise[1:]) < 0).all()
    assert (np.diff(s.lost[1:]) > 0).all()
    assert 0 < int(np.argmin(s.total)) < len(BLURS) - 1  # some blur is best, and not the most
    independent = np.hypot(s.lost, s.noise)
    assert np.abs(s.total / independent - 1).max() < 0.1


def test_blur_extends_the_reach_of_the_equation() -> None:
    far = replace(QUIET, motion=3)
    assert derivatives(replace(far, blur=2.0)).unexplained < 0.75 * derivatives(far).unexplained


def test_slopes_of_both_pictures_explain_more() -> None:
    n = derivatives(QUIET)
    assert n.unexplained_mean < n.unexplained / 2


def test_the_sweep_passes_through_the_shown_error() -> None:
    n = derivatives(DerivativesParameters(noise=6, blur=1.5))
    assert n.sweep.total[BLURS.index(1.5)] == pytest.approx(n.of("central").error)


@settings(max_examples=15, deadline=None)
@given(added=st.floats(-50, 50), kernel=st.sampled_from(KERNELS), blur=st.sampled_from(BLURS))
def test_adding_a_constant_to_both_pictures_changes_no_derivative(added: float, kernel: str, blur: float) -> None:
    shown = stage(scene_text_of(0.0, 1.0))
    plain, brighter = (
        (*gradients(smoothed(first, blur), kernel), smoothed(second, blur) - smoothed(first, blur))
        for first, second in ((shown.first, shown.second), (shown.first + added, shown.second + added))
    )
    for one, other in zip(plain, brighter, strict=True):
        assert np.abs(one - other).max() < 1e-3


def test_try_noise_halves_the_error_and_shrinks_the_slopes() -> None:
    case = TRIES["noise"]
    before, after = derivatives(case.before), derivatives(case.after)
    assert after.of("central").error < before.of("central").error / 2
    assert after.slope < 0.85 * size(after.exact)
    assert after.sweep.total[BLURS.index(2.0)] > 1.5 * after.of("central").error
    assert case.choices[case.right(before, after)] == "It falls below half"


def test_try_stripes_finds_two_thirds() -> None:
    case = TRIES["stripes"]
    before, after = derivatives(case.before), derivatives(case.after)
    assert before.of("central").found > 0.95
    assert after.of("central").found == pytest.approx(2 / math.pi, abs=1e-4)
    assert after.of("five-point").found > 0.8
    assert case.choices[case.right(before, after)] == "About two thirds"


def test_try_still_leaves_the_noise_of_two_pictures() -> None:
    case = TRIES["still"]
    before, after = derivatives(case.before), derivatives(case.after)
    assert after.change == pytest.approx(10 * math.sqrt(2), rel=0.05)
    assert after.change > 0.7 * before.change
    assert case.choices[case.right(before, after)].startswith("Noise")


def test_nothing_moves_and_there_is_no_noise() -> None:
    n = derivatives(replace(QUIET, motion=0))
    assert n.change == 0
    assert math.isnan(n.unexplained)
    STEP.board(replace(QUIET, motion=0), n)


def test_a_hand_sets_what_it_should() -> None:
    p = DerivativesParameters()
    assert STEP.moved(p, "pick", 3, 60) == replace(p, x=3, y=60)
    assert STEP.moved(p, "blur", 1.6, 3).blur == 1.5
    assert STEP.moved(p, "wave", 4.2, 3).wave == 4
    assert STEP.moved(p, "wave", 0.0, 3).wave == 2


@settings(max_examples=25, deadline=None)
@given(
    x=st.integers(0, SIDE - 1), y=st.integers(0, SIDE - 1), kernel=st.sampled_from(KERNELS),
    blur=st.sampled_from([*BLURS, 0.1]), noise=st.integers(0, 20), motion=st.integers(0, 20), wave=st.floats(2, 24),
    view=st.sampled_from(list(FIRST_PANELS)),
)  # fmt: skip
def test_every_setting_can_be_drawn(
    x: int, y: int, kernel: str, blur: float, noise: int, motion: int, wave: float, view: str
) -> None:
    p = DerivativesParameters(x, y, view, kernel, blur, noise, motion / 4, wave)
    n = derivatives(p)
    assert [part.name for part in STEP.board(p, n).rows[0]] == FIRST_PANELS[view]
    assert STEP.equation(p, n, Tex(False)).count("{") == STEP.equation(p, n, Tex(True)).count("}")


@pytest.mark.parametrize(
    ("name", "value"),
    [("x", SIDE), ("kernel", "roberts"), ("blur", -0.25), ("noise", 21), ("motion", 6), ("wave", 1.9)],
)
def test_a_bad_setting_is_named(name: str, value: object) -> None:
    with pytest.raises(ParameterError, match=f"{name} is .*: give"):
        replace(DerivativesParameters(), **{name: value})  # type: ignore[arg-type]
