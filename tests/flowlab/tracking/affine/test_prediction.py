"""Prediction by points: known similarities between two warped pictures, pictures without points, rims."""

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.core.region import Box
from flowlab.tracking.affine.prediction import moved_by_points
from flowlab.tracking.affine.region_track import box_warp, corners_of
from tests.flowlab.tracking.affine.looks import moved, rounded, texture

Matrix = NDArray[np.float64]

PICTURE = texture()
GREY = rounded(PICTURE)
BOX = Box(100, 80, 60, 50)
START = box_warp(BOX)


def similarity(start: Matrix, x: float, y: float, degrees: float = 0, scale: float = 1) -> Matrix:
    """Return the warp shifted by (x, y) px, turned clockwise on the screen and scaled around the template's centre."""
    c, s = scale * np.cos(np.deg2rad(degrees)), scale * np.sin(np.deg2rad(degrees))
    end = start.copy()
    end[:2, :2] = np.array([[c, -s], [s, c]]) @ start[:2, :2]
    end[:2, 2] += (x, y)
    return end


def error(found: Matrix | None, truth: Matrix, box: Box = BOX) -> float:
    assert found is not None
    size = np.array((box.w, box.h))
    return float(np.linalg.norm(corners_of(found, size) - corners_of(truth, size), axis=-1).max())


# --- closed forms -------------------------------------------------------------------------------------


def test_a_picture_that_stands_still_moves_nothing() -> None:
    found = moved_by_points(GREY, GREY, START, (BOX.w, BOX.h))
    assert error(found, START) < 1e-3
    assert found is not None and found[2, 2] == 1


@pytest.mark.parametrize("motion", [(4.25, -3.5), (-14, 9), (2, 1, 5), (-3, 2, -8, 0.95), (5, -4, 3, 1.05)])
def test_a_known_similarity_is_found(motion: tuple[float, ...]) -> None:
    truth = similarity(START, *motion)
    found = moved_by_points(GREY, rounded(moved(PICTURE, START, truth)), START, (BOX.w, BOX.h))
    assert error(START, truth) > 2
    assert error(found, truth) < 0.15


def test_it_goes_on_from_a_warp_that_is_turned_and_seen_in_perspective_already() -> None:
    start = similarity(START, 0, 0, 30, 1.2)
    start[2, :2] = 4e-4, -6e-4
    truth = np.array([[1, 0, 3.5], [0, 1, -2.25], [0, 0, 1]]) @ start
    after = rounded(moved(PICTURE, start, truth))
    assert error(moved_by_points(GREY, after, start, (BOX.w, BOX.h)), truth / truth[2, 2]) < 0.15


def test_a_third_of_it_may_be_covered() -> None:
    truth = similarity(START, 5, -4, 2)
    after = moved(PICTURE, START, truth)
    x, y = (int(v) for v in truth[:2, 2])
    after[y - 30 : y + 30, x + 10 : x + 40] = texture(seed=9)[y - 30 : y + 30, x + 10 : x + 40]
    assert error(moved_by_points(GREY, rounded(after), START, (BOX.w, BOX.h)), truth) < 0.3


# --- rims and bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize("corner", [(-15, 80), (275, 90), (120, -12), (120, 205), (-15, -12), (270, 200)])
def test_a_region_at_the_rim_of_the_picture(corner: tuple[int, int]) -> None:
    box = Box(*corner, 60, 50)
    start = box_warp(box)
    inwards = np.sign(np.array([160, 120]) - start[:2, 2])
    truth = similarity(start, *(inwards * (4.5, 3.25)), 2)
    assert error(moved_by_points(GREY, rounded(moved(PICTURE, start, truth)), start, (60, 50)), truth, box) < 0.3


@pytest.mark.parametrize("corner", [(-59, -49), (-400, 80), (315, 236)])
def test_a_region_outside_the_picture_has_no_points(corner: tuple[int, int]) -> None:
    assert moved_by_points(GREY, GREY, box_warp(Box(*corner, 60, 50)), (60, 50)) is None


def test_a_flat_picture_tells_nothing() -> None:
    flat = np.full_like(GREY, 90)
    assert moved_by_points(flat, flat, START, (BOX.w, BOX.h)) is None
    assert moved_by_points(GREY, flat, START, (BOX.w, BOX.h)) is None


@pytest.mark.parametrize("seed", range(3))
def test_points_that_do_not_agree_tell_nothing(seed: int) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, GREY.shape, np.uint8)
    assert moved_by_points(GREY, noise, START, (BOX.w, BOX.h)) is None
