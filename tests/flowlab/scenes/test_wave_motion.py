"""Crossing waves: exact both ways, area preserving, and how much they shorten a length."""

import numpy as np
import pytest

from flowlab.scenes.wave_motion import CrossingWaves, Wave, least_stretch_of

MOTION = CrossingWaves(Wave(120, 0.25, 1.5), Wave(90, 0.4, 0.7), np.deg2rad(35))
RNG = np.random.default_rng(5)


def jacobian(motion: CrossingWaves, time: float, x, y, step=1e-4):
    """Return d(picture) / d(layer) at points (N,) as (N, 2, 2), by central differences."""
    columns = [
        (np.array(motion.to_picture(time, x + dx, y + dy)) - motion.to_picture(time, x - dx, y - dy)) / (2 * step)
        for dx, dy in ((step, 0), (0, step))
    ]
    return np.moveaxis(np.stack(columns, axis=1), -1, 0)


def test_a_wave_has_its_length_slope_and_speed():
    wave = Wave(length=80, slope=0.3, speed=2.5)
    position = np.linspace(0, 160, 3201)
    moved = wave.displacement(1.3, position)
    np.testing.assert_allclose(wave.displacement(1.3, position + 80), moved, atol=1e-9)
    assert np.gradient(moved, position).max() == pytest.approx(0.3, rel=1e-4)
    later = wave.displacement(1.3 + 1e-5, position)
    assert (np.abs(later - moved) / 1e-5).max() == pytest.approx(2.5, rel=1e-4)


def test_a_wave_runs_towards_growing_positions():
    wave = Wave(length=80, slope=0.3, speed=0.5)
    position = np.linspace(0, 80, 801)
    crests = [position[wave.displacement(time, position).argmax()] for time in (0, 3)]
    # Frequency w = speed / amplitude; the crest moves w / k a frame, which is speed / slope.
    assert crests[1] - crests[0] == pytest.approx(3 * 0.5 / 0.3, abs=0.15)


@pytest.mark.parametrize("time", [-0.25, 0, 3.5, 4000])
def test_crossing_waves_are_undone_exactly(time):
    x, y = RNG.uniform(-500, 1500, (2, 200))
    np.testing.assert_allclose(MOTION.to_layer(time, *MOTION.to_picture(time, x, y)), (x, y), atol=1e-9)
    np.testing.assert_allclose(MOTION.to_picture(time, *MOTION.to_layer(time, x, y)), (x, y), atol=1e-9)


def test_the_first_wave_moves_points_along_its_direction_and_runs_across_it():
    still = Wave(90, 1e-9, 0.0)
    motion = CrossingWaves(Wave(120, 0.25, 1.5), still, np.deg2rad(90))  # along is down, across is to the left
    x, y = RNG.uniform(0, 300, (2, 50))
    new_x, new_y = motion.to_picture(2, x, y)
    np.testing.assert_allclose(new_x, x, atol=1e-6)
    np.testing.assert_allclose(new_y - y, Wave(120, 0.25, 1.5).displacement(2, -x), atol=1e-6)


def test_crossing_waves_keep_areas():
    x, y = RNG.uniform(0, 400, (2, 500))
    np.testing.assert_allclose(np.linalg.det(jacobian(MOTION, 2.5, x, y)), 1, atol=1e-6)


def test_no_length_is_shortened_more_than_the_least_stretch_and_some_are_by_as_much():
    y, x = (grid.ravel() for grid in np.mgrid[0:240:1.5, 0:240:1.5])
    shortest = np.linalg.svd(jacobian(MOTION, 2.5, x, y), compute_uv=False)[:, 1].min()
    bound = least_stretch_of(0.25, 0.4)
    assert bound - 1e-9 <= shortest < 1.005 * bound


def test_one_still_wave_leaves_a_plain_shear():
    slope = 0.5
    expected = np.linalg.svd(np.array([[1, slope], [0, 1]]), compute_uv=False)[1]
    assert least_stretch_of(slope, 0) == pytest.approx(expected)
    assert least_stretch_of(0, 0) == 1
