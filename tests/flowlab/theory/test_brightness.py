"""Step 1: what is seen here now is seen there a moment later, as long as the light stays."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.theory.brightness import TRUE_MOTION, BrightnessParameters, brightness
from pages.shared.steps.brightness import STEP

TRUE = BrightnessParameters()
CASES = {case.name: case for case in STEP.tries}


def test_the_worked_example() -> None:
    """The pixel at (11, 15) goes to (16, 23): its flow is (5, 8), and its brightness comes along."""
    found = brightness(BrightnessParameters(x=11, y=15, dx=5, dy=8))
    assert found.now == found.stage.first[15, 11]
    assert found.later == pytest.approx(found.stage.second[23, 16], abs=1e-3)
    np.testing.assert_allclose(found.stage.flow[15, 11], TRUE_MOTION, atol=1e-5)
    assert abs(found.residual) <= 1  # what 8 bits round off


def test_the_true_motion_leaves_nothing_and_none_leaves_the_plain_difference() -> None:
    assert brightness(TRUE).mean_warped < 0.5
    still = brightness(replace(TRUE, dx=0.0, dy=0.0))
    np.testing.assert_allclose(still.warped, still.stage.second - still.stage.first, atol=1e-3)
    assert still.mean_warped == still.mean_unmoved > 20


def test_no_other_displacement_explains_more() -> None:
    sizes = {
        (dx, dy): brightness(replace(TRUE, dx=float(dx), dy=float(dy))).mean_warped
        for dx in range(3, 8)
        for dy in range(6, 11)
    }
    assert min(sizes, key=sizes.__getitem__) == TRUE_MOTION


@settings(max_examples=12, deadline=None)
@given(st.integers(-8, 8))
def test_a_change_of_light_changes_brightness_by_its_share(fifth: int) -> None:
    """With gain g the residual at the true motion is g I, but for rounding to whole grey levels."""
    found = brightness(replace(TRUE, light=5.0 * fifth))
    known = np.isfinite(found.warped) & (found.stage.first < 150)  # where no colour is cut off at 255
    np.testing.assert_allclose(found.warped[known], (fifth / 20 * found.stage.first)[known], atol=2.1)


def test_outside_the_picture_there_is_nothing_to_compare() -> None:
    found = brightness(BrightnessParameters(x=63, y=63))
    assert math.isnan(found.later)
    assert math.isnan(found.residual)
    assert np.isnan(found.warped[:, -5:]).all()


def outcome(name: str) -> tuple[str, float, float]:
    case = CASES[name]
    before, after = STEP.compute(case.before), STEP.compute(case.after)
    return case.choices[case.right(before, after)], before.mean_warped, after.mean_warped


def test_try_the_light_spoils_the_difference_at_the_true_motion() -> None:
    choice, before, after = outcome("light")
    assert "large" in choice
    assert after > 20 > 1 > before


def test_try_half_the_way_explains_less_than_half() -> None:
    choice, before, after = outcome("half")
    assert choice.startswith("No")
    assert after > 0.6 * before


def test_try_noise_adds_up() -> None:
    choice, before, after = outcome("noise")
    assert choice.startswith("More than 8")
    assert after == pytest.approx(10 * math.sqrt(2) * math.sqrt(2 / math.pi), rel=0.1)  # E|n1 - n0|
    assert before < 0.5
