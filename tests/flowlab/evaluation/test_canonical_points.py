"""Canonical points: as many as a motion needs, and the warp through where they go."""

import numpy as np
import pytest

from flowlab.evaluation.canonical_points import canonical_points, warp_through, warped
from flowlab.tracking.affine.motions import BASES
from flowlab.tracking.global_motion import MotionModel

SIZE = (41.0, 31.0)


@pytest.mark.parametrize("motion", list(MotionModel))
def test_there_are_half_as_many_points_as_parameters_within_the_template(motion: MotionModel) -> None:
    points = canonical_points(motion, SIZE)
    assert len(points) == len(BASES[motion]) / 2
    assert (np.abs(points) <= [20, 15]).all()


def test_of_an_affine_motion_they_are_the_lower_corners_and_the_middle_of_the_upper_side() -> None:
    assert canonical_points(MotionModel.AFFINE, SIZE).tolist() == [[-20, 15], [20, 15], [0, -15]]


@pytest.mark.parametrize("motion", list(MotionModel))
def test_the_warp_is_the_one_that_moved_the_points(motion: MotionModel) -> None:
    rng = np.random.default_rng(5)
    points = canonical_points(motion, SIZE)
    for _ in range(20):
        scale = np.array([0.001 if basis[2].any() else 0.1 if basis[:2, :2].any() else 90 for basis in BASES[motion]])
        true = np.eye(3) + np.tensordot(scale * rng.standard_normal(len(scale)), BASES[motion], axes=1)
        found = warp_through(motion, points, warped(true, points))
        np.testing.assert_allclose(found, true, atol=1e-8)


@pytest.mark.parametrize("motion", list(MotionModel))
def test_any_places_are_reached_exactly(motion: MotionModel) -> None:
    points = canonical_points(motion, SIZE)
    places = points + [200, 120] + 4 * np.random.default_rng(2).standard_normal(points.shape)
    np.testing.assert_allclose(warped(warp_through(motion, points, places), points), places, atol=1e-9)
    assert warp_through(motion, points, places)[2, 2] == 1


def test_points_on_a_line_have_no_warp() -> None:
    points = canonical_points(MotionModel.HOMOGRAPHY, SIZE)
    flat = points * [1, 0]
    with pytest.raises(np.linalg.LinAlgError):
        warp_through(MotionModel.HOMOGRAPHY, points, np.repeat(flat[:1], 4, axis=0))
