"""Neighbourhoods of points: planes and ramps worked out by hand, core's tensor, OpenCV's eigenvalue, far outside."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.core.structure_tensor import structure_tensor
from flowlab.tracking.lucas_kanade import OPENCV_EIGENVALUE
from flowlab.tracking.patches import (
    SCHARR_NOISE,
    around,
    correlation,
    fineness,
    neighbourhoods,
    normalised,
    offsets,
)
from tests.flowlab.tracking.surfaces import HEIGHT, WIDTH, grain, picture, points, waves

PLANE = picture(lambda x, y: 3 * x - 2 * y + 50)


def test_the_pixels_of_a_patch_go_row_by_row_about_its_centre():
    assert offsets(3).tolist() == [[-1, -1], [0, -1], [1, -1], [-1, 0], [0, 0], [1, 0], [-1, 1], [0, 1], [1, 1]]
    assert offsets(2).tolist() == [[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]]


@given(st.lists(st.tuples(st.floats(4, WIDTH - 5), st.floats(4, HEIGHT - 5)), min_size=1, max_size=9))
@settings(max_examples=40, deadline=None)
def test_a_plane_is_read_exactly_between_pixels(places):
    at = points(*places)
    x, y = at[:, :1] + offsets(7)[:, 0], at[:, 1:] + offsets(7)[:, 1]
    np.testing.assert_allclose(around(PLANE, at, 7), 3 * x - 2 * y + 50, atol=1e-4)


def test_positions_are_not_rounded_to_parts_of_a_pixel():
    # OpenCV's fixed-point reading would know multiples of 1/32 px only.
    read = around(PLANE, points((20.01, 9), (20.02, 9)), 1)
    assert read[1, 0] - read[0, 0] == pytest.approx(0.03, abs=1e-4)


def test_many_points_are_read_in_parts_that_join(monkeypatch):
    at = np.random.default_rng(0).uniform(5, 50, (50, 2)).astype(np.float32)
    whole = around(PLANE, at, 5)
    monkeypatch.setattr("flowlab.tracking.patches._BLOCK", 7 * 25)
    np.testing.assert_array_equal(around(PLANE, at, 5), whole)


def test_a_ramp_has_the_products_of_its_slopes():
    here = neighbourhoods(PLANE, points((20, 30), (41.3, 17.8)), 9)
    np.testing.assert_allclose(here.gx, np.full((2, 81), 3), atol=1e-4)
    np.testing.assert_allclose(here.gy, np.full((2, 81), -2), atol=1e-4)
    np.testing.assert_allclose(here.tensor, [[9, -6, 4]] * 2, atol=1e-3)
    np.testing.assert_allclose(here.min_eig, [0, 0], atol=1e-3)


def test_the_smaller_eigenvalue_is_that_of_the_tensor():
    here = neighbourhoods(picture(waves), points((30, 25), (41.3, 30.7), (60, 33)), 9)
    xx, xy, yy = here.tensor.astype(np.float64).T
    found = np.linalg.eigvalsh(np.stack([xx, xy, xy, yy], axis=1).reshape(-1, 2, 2))[:, 0]
    np.testing.assert_allclose(here.min_eig, found, rtol=1e-4)


def test_the_grey_levels_are_those_around_the_point():
    grey, at = picture(waves), points((30, 25), (12.5, 44.2), (60.3, 33.8))
    np.testing.assert_array_equal(neighbourhoods(grey, at, 7).values, around(grey, at, 7))


def test_each_patch_is_filtered_as_if_it_were_alone():
    grey, at = picture(waves), points((30, 25), (12.5, 44), (60.3, 33.8))
    together = neighbourhoods(grey, at, 7)
    for i in range(len(at)):
        alone = neighbourhoods(grey, at[i : i + 1], 7)
        for name in ("values", "gx", "gy", "tensor", "fineness"):
            np.testing.assert_array_equal(getattr(together, name)[i], getattr(alone, name)[0])


def test_the_tensor_agrees_with_cores():
    # A wave of 8 px or more is not steep enough to tell Scharr's slopes from Sobel's by more.
    grey, at = picture(waves), points((30, 25), (41, 30), (60, 33), (22, 40))
    column, row = at.astype(int).T
    expected = structure_tensor(grey, 15)[row, column]
    strength = expected[:, [0, 2]].max(axis=1, keepdims=True)
    assert (np.abs(neighbourhoods(grey, at, 15).tensor - expected) < 0.05 * strength).all()


@pytest.mark.parametrize("window", [5, 9, 15])
@pytest.mark.parametrize("seed", range(3))
def test_the_smaller_eigenvalue_is_opencvs_own(window, seed):
    grey, at = grain(seed=seed), points((30.3, 25.6), (41, 30), (60.5, 33.5), (21.9, 38.2))
    _, _, expected = cv2.calcOpticalFlowPyrLK(
        grey, grey, at.reshape(-1, 1, 2), None, winSize=(window, window), maxLevel=0,
        flags=cv2.OPTFLOW_LK_GET_MIN_EIGENVALS,
    )  # fmt: skip
    found = neighbourhoods(grey.astype(np.float32), at, window).min_eig
    np.testing.assert_allclose(found, expected.ravel() * OPENCV_EIGENVALUE, rtol=4e-3)  # OpenCV reads in fixed point


def test_fineness_is_what_reading_between_pixels_leaves_of_the_noise():
    assert fineness(points((7, 9), (7.5, 9), (7, 9.5), (7.5, 9.5), (-0.5, 3))).tolist() == [1, 0.5, 0.5, 0.25, 0.5]
    noise = np.random.default_rng(1).standard_normal((300, 400)).astype(np.float32)
    for place in ((200, 150), (200.5, 150.5), (200.2, 150), (200.3, 150.7)):
        at = points(place)
        assert around(noise, at, 151).var() == pytest.approx(fineness(at)[0], rel=0.03)


def test_noise_makes_slopes_of_the_variance_that_is_stated():
    noise = np.random.default_rng(2).standard_normal((300, 400)).astype(np.float32)
    here = neighbourhoods(noise, points((200, 150)), 151)
    assert here.gx.var() == pytest.approx(SCHARR_NOISE, rel=0.03)
    assert here.gy.var() == pytest.approx(SCHARR_NOISE, rel=0.03)


def test_beyond_the_rim_the_picture_is_mirrored():
    grey = picture(waves)
    read = around(grey, points((0, 0)), 3).reshape(3, 3)
    np.testing.assert_array_equal(read, np.pad(grey, 1, mode="reflect")[:3, :3])


@pytest.mark.parametrize("place", [(-500, 3), (1e9, -1e9), (WIDTH + 0.5, HEIGHT + 70), (3, 1e30)])
def test_a_point_far_outside_has_numbers_and_no_crash(place):
    here = neighbourhoods(picture(waves), points(place, (30, 25)), 7)
    for name in ("values", "gx", "gy", "tensor", "fineness", "min_eig"):
        assert np.isfinite(getattr(here, name)).all(), name
    assert (here.values >= 0).all() and (here.values <= 255).all()
    np.testing.assert_array_equal(here.values[1:], neighbourhoods(picture(waves), points((30, 25)), 7).values)


def test_patches_are_normalised_to_mean_0_and_length_1():
    found = normalised(neighbourhoods(picture(waves), points((30, 25), (44.3, 20.1)), 9).values)
    np.testing.assert_allclose(found.mean(axis=1), 0, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-5)


def test_correlation_is_that_of_numpy_and_light_changes_nothing():
    values = neighbourhoods(picture(waves), points((30, 25), (33, 26)), 9).values
    one, other = values[:1], values[1:]
    expected = np.corrcoef(one[0], other[0])[0, 1]
    assert 0.05 < abs(expected) < 0.95
    assert correlation(normalised(one), normalised(other))[0] == pytest.approx(expected, abs=1e-5)
    assert correlation(normalised(one), normalised(0.3 * one + 40))[0] == pytest.approx(1, abs=1e-5)
    assert correlation(normalised(one), normalised(200 - one))[0] == pytest.approx(-1, abs=1e-5)


def test_a_flat_patch_correlates_with_nothing():
    flat, textured = np.full((1, 81), 90, np.float32), np.arange(81, dtype=np.float32)[None]
    assert np.isnan(correlation(normalised(flat), normalised(textured)))[0]
    assert np.isnan(correlation(normalised(flat), normalised(flat)))[0]
    hardly = flat + np.float32(1e-5) * (np.arange(81) % 2)  # what rounding makes of flat
    assert hardly.std() > 0
    assert np.isnan(normalised(hardly.astype(np.float32))).all()
    both = np.concatenate([flat, textured])
    assert np.isnan(correlation(normalised(both), normalised(both))).tolist() == [True, False]


def test_no_points_have_no_neighbourhoods():
    none = neighbourhoods(PLANE, points(), 7)
    assert len(none) == 0
    assert (none.values.shape, none.tensor.shape, none.min_eig.shape) == ((0, 49), (0, 3), (0,))


def test_those_that_are_chosen_stay_in_order():
    here = neighbourhoods(picture(waves), points((30, 25), (44.3, 20.1), (50, 40)), 5)
    chosen = here.where(np.array([True, False, True]))
    for name in ("values", "gx", "gy", "tensor", "fineness"):
        np.testing.assert_array_equal(getattr(chosen, name), getattr(here, name)[[0, 2]])
