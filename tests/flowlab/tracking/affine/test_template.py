"""Templates: gradients, texture and Hessian against their formulas, what is refused, arrays and back."""

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.core.region import Box
from flowlab.errors import ParameterError
from flowlab.tracking.affine.motions import BASES, jacobian, unit_steps
from flowlab.tracking.affine.parameters import AlignParameters
from flowlab.tracking.affine.picture import part_around
from flowlab.tracking.affine.region_track import box_warp, corners_of
from flowlab.tracking.affine.template import (
    LEAST_TEXTURE,
    Template,
    hessian,
    levels_for,
    template_arrays,
    template_from,
    template_of,
)
from flowlab.tracking.affine.weights import centre_window
from flowlab.tracking.global_motion import MotionModel
from tests.flowlab.tracking.affine.looks import rounded, texture

PICTURE = texture(120, 160)
BOX = Box(50, 40, 41, 34)


def taken(
    box: Box = BOX, picture: NDArray[np.floating] = PICTURE, levels: int = 1, parameters: AlignParameters | None = None
) -> Template:
    warp, size, parameters = box_warp(box), (box.w, box.h), parameters or AlignParameters()
    part = part_around(rounded(picture), corners_of(warp, np.array(size)), 2, levels, parameters)
    return template_of(part, warp, size, parameters)


# --- closed forms -------------------------------------------------------------------------------------


def test_a_template_is_what_lies_in_the_box() -> None:
    level = taken().levels[0]
    np.testing.assert_array_equal(level.picture.reshape(34, 41), rounded(PICTURE)[40:74, 50:91])
    assert (level.width, level.height) == (41, 34) and taken().size == (41, 34)
    assert level.whole and level.reach == pytest.approx(np.hypot(41, 34) / 2)
    x, y = level.x.reshape(34, 41), level.y.reshape(34, 41)
    np.testing.assert_allclose(x[0], np.arange(41) - 20)
    np.testing.assert_allclose(y[:, 0], np.arange(34) - 16.5)


def test_its_gradients_are_central_differences_with_the_pixels_around_it() -> None:
    level = taken().levels[0]
    grey = rounded(PICTURE).astype(np.float64)
    np.testing.assert_allclose(level.gx.reshape(34, 41), (grey[40:74, 51:92] - grey[40:74, 49:90]) / 2, atol=1e-4)
    np.testing.assert_allclose(level.gy.reshape(34, 41), (grey[41:75, 50:91] - grey[39:73, 50:91]) / 2, atol=1e-4)


def test_the_texture_measure_is_the_smaller_eigenvalue_of_the_mean_structure_tensor() -> None:
    template = taken()
    gx, gy = template.levels[0].gx.astype(np.float64), template.levels[0].gy.astype(np.float64)
    tensor = np.array([[gx @ gx, gx @ gy], [gx @ gy, gy @ gy]]) / gx.size
    assert template.texture == pytest.approx(np.linalg.eigvalsh(tensor)[0], rel=1e-4)


def test_the_texture_of_zigzags_is_their_slope_squared() -> None:
    # Slopes of 3 along x and 2 along y with both signs alike: the tensor is diag(9, 4), but for the turns.
    y, x = np.mgrid[:120, :160]
    zigzag = 60 + 3 * np.abs(x % 40 - 20.0) + 2 * np.abs(y % 40 - 20.0)
    assert taken(Box(20, 20, 80, 80), zigzag).texture == pytest.approx(4 * 38 / 40, rel=1e-4)


def test_the_texture_counts_pixels_by_their_window() -> None:
    level = taken(parameters=AlignParameters(centre=True)).levels[0]
    window = centre_window(41, 34).astype(np.float64)
    np.testing.assert_allclose(level.window, window, rtol=1e-6)
    assert not level.whole
    xx, xy, yy = (np.average(a * b, weights=window) for a, b in
                  ((level.gx, level.gx), (level.gx, level.gy), (level.gy, level.gy)))  # fmt: skip
    assert level.texture == pytest.approx(np.linalg.eigvalsh([[xx, xy], [xy, yy]])[0], rel=1e-4)


@pytest.mark.parametrize(
    ("width", "height", "wanted", "levels"),
    [
        (24, 24, 3, 1),
        (23.9, 24, 3, 0),
        (200, 48, 6, 2),
        (200, 47.9, 6, 1),
        (96, 96, 2, 2),
        (96, 96, 0, 0),
        (8, 8, 6, 0),
    ],
)
def test_levels_end_where_a_side_would_be_under_12_px(width: float, height: float, wanted: int, levels: int) -> None:
    assert levels_for(width, height, wanted) == levels


# --- references ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("motion", list(MotionModel))
def test_steepest_descent_is_gradients_times_the_jacobian_in_unit_steps(motion: MotionModel) -> None:
    level = taken().levels[0]
    sizes = unit_steps(motion, level.reach)
    along = jacobian(motion, level.x, level.y) * sizes[None, :, None]
    expected = level.gx * along[0] + level.gy * along[1]
    images, matrix = level.descent(motion, "none")
    np.testing.assert_allclose(images, expected, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(matrix, expected @ expected.T, rtol=1e-4, atol=np.abs(matrix).max() * 1e-6)
    assert len(images) == len(BASES[motion]) and matrix.dtype == np.float64
    np.testing.assert_allclose(level.images(motion, level.gx, level.gy, np.eye(3)), images, rtol=1e-4, atol=1e-3)


def test_the_hessian_counts_pixels_by_their_weights() -> None:
    rng = np.random.default_rng(0)
    images, weights = rng.normal(0, 9, (6, 300)).astype(np.float32), rng.random(300).astype(np.float32)
    np.testing.assert_allclose(hessian(images, weights), np.einsum("in,n,jn->ij", images, weights, images), rtol=1e-3)
    level = taken(parameters=AlignParameters(centre=True)).levels[0]
    images, matrix = level.descent(MotionModel.AFFINE, "none")
    np.testing.assert_allclose(matrix, hessian(images, level.window))


@pytest.mark.parametrize("centre", [False, True])
def test_arrays_make_the_same_template(centre: bool) -> None:
    template = taken(levels=1, parameters=AlignParameters(centre=centre))
    again = template_from(template_arrays(template))
    assert again.size == template.size and len(again.levels) == len(template.levels) == 2
    for one, other in zip(again.levels, template.levels, strict=True):
        assert (one.width, one.height) == (other.width, other.height)
        for name in ("picture", "gx", "gy", "x", "y", "window"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        for mine, theirs in zip(
            one.descent(MotionModel.AFFINE, "gain-bias"), other.descent(MotionModel.AFFINE, "gain-bias"), strict=True
        ):
            np.testing.assert_array_equal(mine, theirs)


# --- rims and bad input -------------------------------------------------------------------------------


def test_what_lies_outside_the_picture_does_not_count() -> None:
    level = taken(Box(-10, 40, 40, 34)).levels[0]
    window = level.window.reshape(34, 40)
    np.testing.assert_array_equal(window[:, :10], 0)
    np.testing.assert_array_equal(window[:, 10:], 1)
    assert np.isfinite(level.picture).all() and np.isfinite(level.gx).all() and np.isfinite(level.gy).all()
    np.testing.assert_array_equal(level.picture.reshape(34, 40)[:, 10:], rounded(PICTURE)[40:74, :30])
    np.testing.assert_array_equal(level.gx.reshape(34, 40)[:, 10], 0)  # its neighbour is not known


@pytest.mark.parametrize("size", [(7.9, 40), (40, 7), (1, 1)])
def test_a_box_that_is_too_small_is_refused_with_its_size(size: tuple[float, float]) -> None:
    with pytest.raises(ParameterError, match=f"{size[0]:g} by {size[1]:g} pixels.*at least 8 by 8"):
        taken(Box(50, 40, *size))
    assert taken(Box(50, 40, 8, 8), levels=0).size == (8, 8)


@pytest.mark.parametrize(
    "picture",
    [np.full((120, 160), 90.0), np.broadcast_to(np.arange(160.0), (120, 160)), PICTURE * 0.02 + 90],
    ids=["flat", "one slope", "faint"],
)
def test_a_flat_box_is_refused_with_its_measure(picture: NDArray[np.floating]) -> None:
    gy, gx = np.gradient(rounded(picture).astype(np.float64))
    gx, gy = (g[40:74, 50:91].ravel() for g in (gx, gy))
    measure = np.linalg.eigvalsh(np.array([[gx @ gx, gx @ gy], [gx @ gy, gy @ gy]]) / gx.size)[0]
    assert measure < LEAST_TEXTURE
    with pytest.raises(ParameterError, match="texture measure") as refused:
        taken(picture=picture)
    told = float(str(refused.value).split("tensor, is ")[1].split()[0])
    assert told == pytest.approx(measure, abs=0.006)
    assert "at least 1)" in str(refused.value)


def test_a_box_outside_the_picture_is_refused() -> None:
    with pytest.raises(ParameterError, match="texture measure"):
        taken(Box(400, 400, 40, 40))
