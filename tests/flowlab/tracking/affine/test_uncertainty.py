"""The warp's covariance: the derivative of its elements in closed form and by differences, and by trying."""

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.core.region import Box
from flowlab.tracking.affine.align import align
from flowlab.tracking.affine.motions import change, inverse_composed, unit_steps
from flowlab.tracking.affine.parameters import AlignParameters
from flowlab.tracking.affine.picture import part_around
from flowlab.tracking.affine.region_track import WARP_NAMES, box_warp, corners_of
from flowlab.tracking.affine.template import template_of
from flowlab.tracking.affine.uncertainty import warp_covariance
from flowlab.tracking.global_motion import MotionModel
from tests.flowlab.tracking.affine.looks import rounded, texture

Matrix = NDArray[np.float64]

WARPS = {
    "shift": np.array([[1, 0, 40.0], [0, 1, 30], [0, 0, 1]]),
    "affine": np.array([[1.1, 0.2, 40], [-0.1, 0.9, 30], [0, 0, 1]]),
    "perspective": np.array([[1.1, 0.2, 40], [-0.1, 0.9, 30], [4e-4, -3e-4, 1]]),
}
H13, H23 = WARP_NAMES.index("h13"), WARP_NAMES.index("h23")


def positive(count: int, seed: int = 0) -> Matrix:
    """Return a Hessian."""
    images = np.random.default_rng(seed).normal(0, 30, (count, 5 * count))
    return np.asarray(images @ images.T)


# --- closed forms -------------------------------------------------------------------------------------


def test_a_shift_is_off_by_the_inverse_hessian() -> None:
    matrix = np.array([[400.0, 120], [120, 250]])
    found = warp_covariance(MotionModel.TRANSLATION, WARPS["shift"], matrix, 9.0, np.ones(2))
    inverse = 9 / (400 * 250 - 120**2) * np.array([[250, -120], [-120, 400]])
    np.testing.assert_allclose(found[np.ix_([H13, H23], [H13, H23])], inverse, rtol=1e-12)
    others = [n for n in range(8) if n not in (H13, H23)]
    np.testing.assert_array_equal(found[others], 0)
    np.testing.assert_array_equal(found[:, others], 0)


def test_a_step_in_a_turned_template_is_turned_into_the_frame() -> None:
    turned = np.array([[0, -2, 40.0], [2, 0, 30], [0, 0, 1]])  # x of the template runs down, twice as long
    found = warp_covariance(MotionModel.TRANSLATION, turned, np.diag([100.0, 25]), 1.0, np.ones(2))
    assert found[H13, H13] == pytest.approx(4 / 25) and found[H23, H23] == pytest.approx(4 / 100)
    assert found[H13, H23] == pytest.approx(0)


@pytest.mark.parametrize("name", WARPS)
@pytest.mark.parametrize("motion", list(MotionModel))
def test_it_goes_by_the_derivative_of_the_elements(motion: MotionModel, name: str) -> None:
    warp, sizes = WARPS[name], unit_steps(motion, 30.0)
    small = 1e-5
    slopes = np.empty((8, len(sizes)))
    for number in range(len(sizes)):
        step = np.zeros(len(sizes))
        step[number] = small * sizes[number]
        ahead, behind = (inverse_composed(warp, change(motion, sign * step)) for sign in (1, -1))
        slopes[:, number] = ((ahead - behind) / (2 * small)).ravel()[:8]
    matrix = positive(len(sizes))
    expected = 7.0 * slopes @ np.linalg.inv(matrix) @ slopes.T
    found = warp_covariance(motion, warp, matrix, 7.0, sizes)
    scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=float(scale.max()) * 1e-8)
    np.testing.assert_allclose(found, found.T, atol=1e-12)
    assert np.linalg.eigvalsh(found).min() > -1e-9 * np.abs(found).max()


def test_units_of_steps_do_not_matter() -> None:
    matrix, sizes, other = positive(6), unit_steps(MotionModel.AFFINE, 30.0), unit_steps(MotionModel.AFFINE, 7.0)
    rescaled = matrix * np.outer(other / sizes, other / sizes)
    np.testing.assert_allclose(
        warp_covariance(MotionModel.AFFINE, WARPS["affine"], matrix, 2.0, sizes),
        warp_covariance(MotionModel.AFFINE, WARPS["affine"], rescaled, 2.0, other), rtol=1e-9, atol=1e-15,
    )  # fmt: skip


def test_unknowns_of_light_make_it_less_certain() -> None:
    matrix, sizes = positive(8), unit_steps(MotionModel.AFFINE, 30.0)
    found = warp_covariance(MotionModel.AFFINE, WARPS["affine"], matrix, 2.0, sizes)
    # The Schur complement is the Hessian once light is taken out.
    a, b, c = matrix[:6, :6], matrix[:6, 6:], matrix[6:, 6:]
    left = a - b @ np.linalg.inv(c) @ b.T
    np.testing.assert_allclose(
        found, warp_covariance(MotionModel.AFFINE, WARPS["affine"], left, 2.0, sizes), rtol=1e-8, atol=1e-15
    )
    known = warp_covariance(MotionModel.AFFINE, WARPS["affine"], a, 2.0, sizes)
    assert (np.diag(found)[:6] > np.diag(known)[:6]).all()


# --- by trying ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("motion", "photometry", "weights"),
    [("translation", "none", "none"), ("translation", "gain-bias", "huber"), ("affine", "unit-variance", "none")],
)
def test_noise_moves_an_alignment_by_what_the_covariance_says(motion: str, photometry: str, weights: str) -> None:
    picture = texture(90, 110, 2)
    box, rng = Box(35, 28, 36, 30), np.random.default_rng(0)
    warp, size = box_warp(box), (box.w, box.h)
    settings = AlignParameters(motion=motion, photometry=photometry, weights=weights, levels=0, epsilon=0.001)
    corners = corners_of(warp, np.array(size))
    clean = np.clip(picture, 40, 215)
    template = template_of(part_around(rounded(clean), corners, 2, 0, settings), warp, size, settings)
    off, told = [], []
    for _ in range(200):
        noisy = rounded(clean + rng.normal(0, 8, picture.shape))
        found = align(template, part_around(noisy, corners, 8, 0, settings), warp, settings)
        assert found.converged
        off.append((found.warp - warp)[:2, 2])
        told.append(found.covariance[np.ix_([H13, H23], [H13, H23])])
    covariance = np.mean(told, axis=0)
    assert covariance[0, 0] > 1e-5
    normalised = np.square(off) / np.diagonal(told, axis1=1, axis2=2)
    assert (normalised.mean(axis=0) > 0.6).all() and (normalised.mean(axis=0) < 1.6).all()
    # whitened, both together: the mean squared Mahalanobis distance is 2
    distance = np.einsum("ni,nij,nj->n", off, np.linalg.inv(told), off)
    assert 2 * 0.6 < distance.mean() < 2 * 1.6


# --- bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("motion", list(MotionModel))
def test_without_an_inverse_nothing_is_said(motion: MotionModel) -> None:
    sizes = unit_steps(motion, 30.0)
    found = warp_covariance(motion, WARPS["affine"], np.zeros((len(sizes),) * 2), 1.0, sizes)
    assert found.shape == (8, 8) and np.isnan(found).all()
