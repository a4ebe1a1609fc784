"""Parts of frames: what the whole frame's pyramid holds, read bilinearly; their rims, and light equalised first."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.tracking.affine.choices import Photometry
from flowlab.tracking.affine.parameters import AlignParameters
from flowlab.tracking.affine.picture import Part, equalised, part_around, read
from tests.flowlab.tracking.affine.looks import rounded, texture

Matrix = NDArray[np.float64]

PICTURE = texture(150, 210)
GREY = rounded(PICTURE)
ALL = np.array([[0.0, 0], [209, 149]])
PLAIN = AlignParameters()
SHIFT = np.array([[1, 0, 90.3], [0, 1, 70.6], [0, 0, 1.0]])
AFFINE = np.array([[1.1, -0.2, 90.3], [0.15, 0.9, 70.6], [0, 0, 1.0]])
PERSPECTIVE = np.array([[1.1, -0.2, 90.3], [0.15, 0.9, 70.6], [4e-4, -6e-4, 1]])
WARPS = (SHIFT, AFFINE, PERSPECTIVE)


def bilinear(picture: NDArray[np.float32], warp: Matrix, width: int, height: int) -> Matrix:
    """Return the four neighbours' weighted sum at every pixel of a template; NaN where one of them is missing."""
    found = np.full((height, width), np.nan)
    for row in range(height):
        for column in range(width):
            x, y, depth = warp @ (column - (width - 1) / 2, row - (height - 1) / 2, 1)
            x, y = x / depth, y / depth
            left, top = int(np.floor(x)), int(np.floor(y))
            if 0 <= left < picture.shape[1] - 1 and 0 <= top < picture.shape[0] - 1:
                a, b = x - left, y - top
                (p, q), (r, s) = picture[top : top + 2, left : left + 2].astype(np.float64)
                found[row, column] = (1 - b) * ((1 - a) * p + a * q) + b * ((1 - a) * r + a * s)
    return found


def whole_pyramid(levels: int) -> list[NDArray[np.float32]]:
    pyramid = [GREY.astype(np.float32)]
    for _ in range(levels):
        pyramid.append(cv2.pyrDown(pyramid[-1]))
    return pyramid


# --- closed forms -------------------------------------------------------------------------------------


@pytest.mark.parametrize("warp", WARPS, ids=["shift", "affine", "perspective"])
def test_reading_is_bilinear_between_pixels(warp: Matrix) -> None:
    found = read(PICTURE, warp, 31, 24)
    assert found.dtype == np.float32 and found.shape == (24, 31)
    np.testing.assert_allclose(found, bilinear(PICTURE, warp, 31, 24), atol=2e-3)


@pytest.mark.parametrize("warp", WARPS, ids=["shift", "affine", "perspective"])
def test_what_lies_outside_is_unknown_and_nothing_else(warp: Matrix) -> None:
    away = warp.copy()
    away[:2, 2] = -2.4, 145.7
    found, expected = read(PICTURE, away, 31, 24), bilinear(PICTURE, away, 31, 24)
    assert 0.1 < np.isnan(expected).mean() < 0.95
    np.testing.assert_array_equal(np.isnan(found), np.isnan(expected))
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_a_plain_slope_is_read_exactly_where_it_is() -> None:
    y, x = np.mgrid[:60, :80].astype(np.float32)
    warp = np.array([[0.9, 0.1, 40.25], [-0.1, 1.2, 30.125], [0, 0, 1]])
    u, v = np.meshgrid(np.arange(11) - 5.0, np.arange(7) - 3.0)
    at_x, at_y = 0.9 * u + 0.1 * v + 40.25, -0.1 * u + 1.2 * v + 30.125
    np.testing.assert_allclose(read(2 * x - 3 * y + 5, warp, 11, 7), 2 * at_x - 3 * at_y + 5, atol=1e-3)


@pytest.mark.parametrize("level", range(4))
def test_a_placed_warp_takes_pixels_of_a_level_into_that_level(level: int) -> None:
    part = part_around(GREY, np.array([[60.0, 50], [120, 100]]), 5, 3, PLAIN)
    point = np.array([7.0, -4.5, 1])  # template px of the frame
    x, y, depth = PERSPECTIVE @ point
    scale = 2.0**level
    u, v, w = part.placed(PERSPECTIVE, level) @ (point[0] / scale, point[1] / scale, 1)
    np.testing.assert_allclose((u / w, v / w), ((x / depth - part.x) / scale, (y / depth - part.y) / scale))


@pytest.mark.parametrize("level", range(4))
@pytest.mark.parametrize("warp", WARPS, ids=["shift", "affine", "perspective"])
def test_lifting_undoes_placing(warp: Matrix, level: int) -> None:
    part = part_around(GREY, np.array([[60.0, 50], [120, 100]]), 5, 3, PLAIN)
    np.testing.assert_allclose(part.lifted(3.0 * part.placed(warp, level), level), warp, rtol=1e-10)


def test_gradients_are_half_the_difference_of_neighbours_along_the_pictures_axes() -> None:
    y, x = np.mgrid[:60, :80].astype(np.float32)
    part = Part((x * x - 3 * x * y,), 0, 0, (80, 60))
    turned = np.array([[0, -1, 40.5], [1, 0, 30.25], [0, 0, 1.0]])  # the picture's own axes, not the template's
    picture, gx, gy = part.read_gradients(part.placed(turned, 0), 0, 9, 7)
    u, v = np.meshgrid(np.arange(9) - 4.0, np.arange(7) - 3.0)
    at_x, at_y = 40.5 - v, 30.25 + u
    np.testing.assert_allclose(gx, 2 * at_x - 3 * at_y, atol=1e-2)
    np.testing.assert_allclose(gy, -3 * at_x, atol=1e-2)
    np.testing.assert_array_equal(picture, part.read(turned, 0, 9, 7))


# --- the whole frame as the reference -----------------------------------------------------------------


@pytest.mark.parametrize("corner", [(60, 50), (61, 53), (67, 47)])
def test_inside_a_part_is_the_pyramid_of_the_whole_frame(corner: tuple[int, int]) -> None:
    x, y = corner
    part = part_around(GREY, np.array([[x, y], [x + 70.0, y + 60]]), 3, 3, PLAIN)
    assert part.x % 8 == part.y % 8 == 0 and part.x <= x - 3 and part.y <= y - 3
    rim = 2  # px of each level that pyrDown made of what is not there
    for level, (mine, whole) in enumerate(zip(part.levels, whole_pyramid(3), strict=True)):
        left, top = part.x >> level, part.y >> level
        there = whole[top : top + mine.shape[0], left : left + mine.shape[1]]
        inner = np.s_[rim:-rim, rim:-rim]
        np.testing.assert_allclose(mine[inner], there[inner], atol=1e-3)
        assert mine[inner].size >= 30


def test_a_part_of_all_is_the_whole_frame_to_its_rim() -> None:
    part = part_around(GREY, ALL, 0, 3, PLAIN)
    assert (part.x, part.y, part.frame_size) == (0, 0, (210, 150))
    for mine, whole in zip(part.levels, whole_pyramid(3), strict=True):
        np.testing.assert_allclose(mine, whole, atol=1e-3)


@pytest.mark.parametrize("level", range(3))
def test_what_is_read_does_not_depend_on_the_part(level: int) -> None:
    small = part_around(GREY, np.array([[60.0, 45], [120, 100]]), 12, 2, PLAIN)
    all_of_it = part_around(GREY, ALL, 0, 2, PLAIN)
    size = 40 >> level, 32 >> level
    np.testing.assert_allclose(small.read(AFFINE, level, *size), all_of_it.read(AFFINE, level, *size), atol=2e-3)


def test_blur_comes_before_the_pyramid_and_an_even_side_is_made_odd() -> None:
    part = part_around(GREY, ALL, 0, 1, AlignParameters(blur=6, blur_sigma=1.7))
    blurred = cv2.GaussianBlur(GREY.astype(np.float32), (7, 7), 1.7)
    np.testing.assert_allclose(part.levels[0], blurred, atol=1e-3)
    np.testing.assert_allclose(part.levels[1], cv2.pyrDown(blurred), atol=1e-3)


def test_equalising_is_of_the_whole_frame() -> None:
    found = equalised(GREY, AlignParameters(photometry=Photometry.CLAHE))
    np.testing.assert_array_equal(found, cv2.createCLAHE(2.0, (8, 8)).apply(GREY))
    part = part_around(found, np.array([[60.0, 50], [120, 100]]), 0, 0, AlignParameters(photometry=Photometry.CLAHE))
    height, width = part.levels[0].shape
    np.testing.assert_array_equal(part.levels[0], found[part.y : part.y + height, part.x : part.x + width])


@pytest.mark.parametrize("photometry", [kind for kind in Photometry if kind != Photometry.CLAHE])
def test_nothing_else_equalises_the_frame(photometry: Photometry) -> None:
    assert equalised(GREY, AlignParameters(photometry=photometry)) is GREY


# --- rims and bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(("x", "y"), [(-20, 60), (190, 60), (80, -25), (80, 130), (-20, -25), (190, 130)])
def test_a_box_partly_outside_is_seen_as_far_as_it_is_inside(x: int, y: int) -> None:
    warp = np.array([[1, 0, x + 19.5 + 0.25], [0, 1, y + 19.5 + 0.25], [0, 0, 1]])
    corners = np.array([[x, y], [x + 39.0, y + 39]])
    part = part_around(GREY, corners, 4, 2, PLAIN)
    seen = part.read(warp, 0, 40, 40)
    np.testing.assert_allclose(seen, bilinear(GREY.astype(np.float32), warp, 40, 40), atol=2e-3)
    assert 0.1 < np.isfinite(seen).mean() < 0.9


@pytest.mark.parametrize("away", [-4000.0, 4000.0, np.nan, np.inf])
def test_a_quad_that_is_nowhere_still_gives_a_part(away: float) -> None:
    part = part_around(GREY, np.full((4, 2), away), 10, 3, PLAIN)
    assert len(part.levels) == 4 and min(min(level.shape) for level in part.levels) >= 1
    assert 0 <= part.x < 210 and 0 <= part.y < 150
    far = SHIFT.copy()
    far[:2, 2] = -4000
    assert np.isnan(part.read(far, 0, 20, 20)).all()
