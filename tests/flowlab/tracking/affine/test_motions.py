"""Motions as sets of matrices: Jacobians, composition, units."""

import numpy as np
import pytest

from flowlab.tracking.affine.motions import (
    BASES,
    NAMES,
    change,
    exponential,
    generator,
    inverse_composed,
    jacobian,
    unit_steps,
)
from flowlab.tracking.global_motion import MotionModel

KINDS = list(MotionModel)
X, Y = (np.array(v, np.float32) for v in ([-30, 5, 12, 28], [-20, 17, -3, 9]))
WARP = np.array([[1.1, 0.2, 40], [-0.1, 0.9, 30], [4e-4, -3e-4, 1]])


def places(warp: np.ndarray) -> np.ndarray:
    x, y, depth = warp @ np.stack([X, Y, np.ones_like(X)]).astype(np.float64)
    return np.stack([x / depth, y / depth])


@pytest.mark.parametrize("kind", KINDS)
def test_the_jacobian_is_the_derivative_of_the_warp(kind: MotionModel) -> None:
    found = jacobian(kind, X, Y, WARP)
    for number in range(len(BASES[kind])):
        step = 1e-6 / max(1, np.abs(BASES[kind][number][2]).max() * 1000)
        d = np.zeros(len(BASES[kind]))
        d[number] = step
        slope = (places(WARP + generator(kind, d)) - places(WARP - generator(kind, d))) / (2 * step)
        np.testing.assert_allclose(found[:, number], slope, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("kind", KINDS)
def test_the_jacobian_at_the_identity_is_that_of_a_compositional_step(kind: MotionModel) -> None:
    np.testing.assert_array_equal(jacobian(kind, X, Y), jacobian(kind, X, Y, np.eye(3)))


def test_an_affine_step_has_baker_and_matthews_order() -> None:
    np.testing.assert_array_equal(change(MotionModel.AFFINE, np.arange(1.0, 7.0)), [[2, 3, 5], [2, 5, 6], [0, 0, 1]])


def test_a_similarity_turns_clockwise_on_the_screen_by_its_second_number() -> None:
    warp = change(MotionModel.SIMILARITY, np.array([0, 0.1, 0, 0]))
    np.testing.assert_allclose(warp @ [1, 0, 1], [1, 0.1, 1])


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_has_a_name(kind: MotionModel) -> None:
    assert len(NAMES[kind]) == len(BASES[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_forth_and_back_is_no_motion(kind: MotionModel) -> None:
    step = 0.01 * unit_steps(kind, 20.0)
    composed = WARP @ exponential(kind, step) @ exponential(kind, -step)
    np.testing.assert_allclose(composed / composed[2, 2], WARP, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_composing_with_an_inverse_is_what_numpy_says(kind: MotionModel) -> None:
    step = change(kind, 2.0 * unit_steps(kind, 20.0))
    expected = WARP @ np.linalg.inv(step)
    np.testing.assert_allclose(inverse_composed(WARP, step), expected / expected[2, 2], rtol=1e-9)


def test_a_step_that_folds_the_template_up_has_no_inverse() -> None:
    assert np.isnan(inverse_composed(WARP, np.diag([1.0, 0.0, 1.0]))).all()


@pytest.mark.parametrize("kind", KINDS)
def test_a_unit_step_moves_the_rim_by_about_a_pixel(kind: MotionModel) -> None:
    reach = 50.0
    for number, size in enumerate(unit_steps(kind, reach)):
        d = np.zeros(len(BASES[kind]))
        d[number] = size
        angle = np.linspace(0, 2 * np.pi, 60)
        rim = np.stack([reach * np.cos(angle), reach * np.sin(angle), np.ones(60)])
        x, y, depth = change(kind, d) @ rim
        away = np.hypot(x / depth - rim[0], y / depth - rim[1]).max()
        assert 0.9 < away < 1.1
