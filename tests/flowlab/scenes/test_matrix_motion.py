"""Layers that turn, grow and slant: exact both ways, and what the matrices do to a length."""

import numpy as np
import pytest

from flowlab.scenes.matrix_motion import (
    MatrixMotion,
    least_stretch,
    magnification,
    magnified,
    place,
    sheared,
    stretched,
    turned,
)

MATRICES = {
    "turned": turned(0.7),
    "magnified": magnified(1.3),
    "sheared": sheared(-0.4),
    "stretched": stretched(1.2),
    "all": turned(-2.1) @ magnified(1.4) @ sheared(0.3) @ stretched(0.9),
}


def test_a_positive_angle_turns_right_into_down():
    np.testing.assert_allclose(turned(np.pi / 2) @ [1, 0], [0, 1], atol=1e-12)


def test_a_shear_moves_lower_points_to_the_right_and_keeps_rows():
    np.testing.assert_allclose(sheared(0.25) @ [3, 8], [5, 8])


def test_a_stretch_lengthens_x_and_keeps_the_area():
    np.testing.assert_allclose(stretched(1.25) @ [4, 5], [5, 4])


@pytest.mark.parametrize("name", MATRICES)
def test_a_motion_is_matrix_times_point_plus_path_and_is_undone_exactly(name):
    motion = MatrixMotion(lambda time: MATRICES[name], lambda time: (30 + 2 * time, 5 - time))
    rng = np.random.default_rng(1)
    points = rng.uniform(-2000, 2000, (2, 40))
    x, y = motion.to_picture(1.5, *points)
    np.testing.assert_allclose([x, y], MATRICES[name] @ points + [[33], [3.5]], rtol=1e-12)
    np.testing.assert_allclose(motion.to_layer(1.5, x, y), points, atol=1e-9)


def test_rows_and_columns_broadcast_like_full_grids():
    motion = MatrixMotion(lambda time: MATRICES["all"], lambda time: (3.0, 4.0))
    x, y = np.arange(9.0)[None, :], np.arange(7.0)[:, None]
    for to in (motion.to_layer, motion.to_picture):
        for short, full in zip(to(0, x, y), to(0, *np.meshgrid(np.arange(9.0), np.arange(7.0))), strict=True):
            np.testing.assert_allclose(np.broadcast_to(short, (7, 9)), full, atol=1e-12)


@pytest.mark.parametrize("name", MATRICES)
def test_the_least_stretch_is_that_of_the_direction_shortened_most(name):
    angle = np.linspace(0, np.pi, 20_001)
    lengths = np.hypot(*(MATRICES[name] @ [np.cos(angle), np.sin(angle)]))
    assert least_stretch(MATRICES[name]) == pytest.approx(lengths.min(), abs=1e-6)


def test_a_magnification_grows_by_its_factor_and_turns_back_at_both_bounds():
    assert magnification(1.1, 0, 1.6) == 1
    assert magnification(1.1, 2.5, 1.6) == pytest.approx(1.1**2.5)
    there = np.log(1.6) / np.log(1.1)
    assert magnification(1.1, there + 1, 1.6) == pytest.approx(1.6 / 1.1)
    assert magnification(1.1, 2 * there + 1, 1.6) == pytest.approx(1.1)
    assert magnification(1.0, 1000, 1.6) == 1
    sizes = [magnification(1.3, time, 1.6) for time in np.arange(-30, 30, 0.37)]
    assert 1 <= min(sizes) < 1.1 and 1.5 < max(sizes) <= 1.6 + 1e-12


def test_a_place_is_a_share_of_the_way_between_the_outermost_pixel_centres():
    assert place(641, 361) == (320, 180)
    assert place(641, 361, 0, 1) == (0, 360)
    assert place(641, 361, 0.25, 0.75) == (160, 270)
