"""Where tracks begin: corners where they were drawn, OpenCV's own, and who keeps them away."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from flowlab.tracking.detection import detect
from flowlab.tracking.parameters import PointParameters
from tests.flowlab.tracking.surfaces import HEIGHT, WIDTH, grain, points

NOBODY = points()
PLAIN = PointParameters(quality=0.1, min_distance=5.0, block_size=3)


def found(grey, parameters=PLAIN, allowed=None, live=NOBODY, most=500):
    return detect(grey, parameters, allowed=allowed, live=live, most=most)


def box():
    """A bright box of columns 20..49 and rows 12..33."""
    grey = np.full((HEIGHT, WIDTH), 60, np.uint8)
    grey[12:34, 20:50] = 200
    return grey


@pytest.mark.parametrize("detector", ["shi-tomasi", "harris"])
def test_the_corners_of_a_box_are_found_and_its_edges_are_not(detector):
    corners = found(box(), replace(PLAIN, detector=detector))
    expected = np.array([(20, 12), (49, 12), (20, 33), (49, 33)])
    assert len(corners) == 4
    gaps = np.abs(corners[:, None] - expected).max(axis=2)
    assert (gaps.min(axis=0) <= 1).all()
    assert corners.dtype == np.float32


def test_the_strongest_come_first():
    grey = box()
    grey[12:34, 60:80] = 110  # a paler box
    corners = found(grey, replace(PLAIN, quality=0.01))
    assert (corners[:4, 0] < 51).all()
    assert (corners[4:8, 0] > 58).all()
    np.testing.assert_array_equal(found(grey, replace(PLAIN, quality=0.01), most=3), corners[:3])
    assert len(found(grey, replace(PLAIN, quality=0.5))) == 4, "the paler ones are below half the quality"


@pytest.mark.parametrize(("quality", "most"), [(0.03, 40), (0.3, 500)])
@pytest.mark.parametrize("detector", ["shi-tomasi", "harris"])
def test_the_corners_are_opencvs_own(detector, quality, most):
    p = PointParameters(detector=detector, quality=quality, min_distance=6.0, block_size=5)
    grey = grain()
    expected = cv2.goodFeaturesToTrack(
        grey, most, quality, 6.0, blockSize=5, useHarrisDetector=detector == "harris", k=0.04
    )
    assert len(expected) == 40 if most == 40 else len(expected) < len(found(grey, replace(p, quality=0.03)))
    np.testing.assert_array_equal(found(grey, p, most=most), expected.reshape(-1, 2))


def test_harris_and_shi_tomasi_are_not_the_same():
    one, other = (found(grain(), replace(PLAIN, detector=name)) for name in ("shi-tomasi", "harris"))
    assert len(one) != len(other) or (one != other).any()


@pytest.mark.parametrize("detector", ["shi-tomasi", "harris", "grid"])
def test_none_is_nearer_than_the_exclusion_to_a_live_one(detector):
    p = PointParameters(detector=detector, quality=0.01, min_distance=3.0, exclusion=12)
    live = points((20, 15), (60.9, 40.9), (2, 50))
    new, free = found(grain(), p, live=live), found(grain(), p)
    near = np.hypot(*(free[:, None] - np.trunc(live)[None]).transpose(2, 0, 1)).min(axis=1)
    assert (near < 11).any(), "without them some would be"
    assert len(new) > 10
    assert np.hypot(*(new[:, None] - np.trunc(live)[None]).transpose(2, 0, 1)).min() > 11.5


def test_a_live_one_far_outside_keeps_nobody_away():
    far = points((-1e6, 10), (30, 1e6), (WIDTH + 40, 5))
    np.testing.assert_array_equal(found(grain(), live=far), found(grain()))
    just = points((-3, 28))  # its disc reaches into the picture
    p = replace(PLAIN, detector="grid", min_distance=3.0, exclusion=8)
    gone = {tuple(xy) for xy in found(grain(), p).tolist()} - {
        tuple(xy) for xy in found(grain(), p, live=just).tolist()
    }
    assert gone
    assert all(x <= 5.5 for x, _ in gone)


@pytest.mark.parametrize("detector", ["shi-tomasi", "harris", "grid"])
def test_all_begin_where_it_is_allowed(detector):
    allowed = np.zeros((HEIGHT, WIDTH), np.bool_)
    allowed[5:20, 50:80] = True  # neither square nor in the middle: a swap shows
    new = found(grain(), PointParameters(detector=detector, min_distance=3.0), allowed=allowed)
    assert len(new) > 5
    x, y = np.rint(new).astype(int).T
    assert allowed[y, x].all()


def test_the_mask_that_was_given_is_not_changed():
    allowed = np.ones((HEIGHT, WIDTH), np.bool_)
    found(grain(), allowed=allowed, live=points((30, 30)))
    assert allowed.all()


@pytest.mark.parametrize("most", [0, -3])
def test_where_no_room_is_left_none_is_found(most):
    assert found(grain(), most=most).shape == (0, 2)


@pytest.mark.parametrize("detector", ["shi-tomasi", "harris"])
def test_a_flat_picture_has_no_corner(detector):
    assert found(np.full((HEIGHT, WIDTH), 77, np.uint8), replace(PLAIN, detector=detector)).shape == (0, 2)


def test_where_nothing_is_allowed_none_is_found():
    for detector in ("shi-tomasi", "harris", "grid"):
        none = found(grain(), replace(PLAIN, detector=detector), allowed=np.zeros((HEIGHT, WIDTH), np.bool_))
        assert none.shape == (0, 2)


def test_a_grid_stands_in_the_middle_texture_or_not():
    p = replace(PLAIN, detector="grid", min_distance=10.0)
    grid = found(np.zeros((HEIGHT, WIDTH), np.uint8), p)
    x, y = np.unique(grid[:, 0]), np.unique(grid[:, 1])
    assert (len(x), len(y)) == (8, 5)
    np.testing.assert_allclose(np.diff(x), 10)
    np.testing.assert_allclose(np.diff(y), 10)
    assert x[0] + x[-1] == pytest.approx(WIDTH - 1)
    assert y[0] + y[-1] == pytest.approx(HEIGHT - 1)
    np.testing.assert_array_equal(grid[:8, 1], np.full(8, y[0]))  # row by row
    np.testing.assert_array_equal(found(grain(), p), grid)


@pytest.mark.parametrize("most", [1, 7, 40, 500])
def test_a_grid_has_as_many_points_as_are_wanted_at_most(most):
    grid = found(grain(), replace(PLAIN, detector="grid", min_distance=1.0), most=most)
    assert most / 2 <= len(grid) <= most
    if most > 1:
        assert (np.ptp(grid, axis=0) > (0.4 * WIDTH, 0.4 * HEIGHT)).all(), "all over the picture"
