"""Looking for a lost template: after jumps, turned and larger, near and everywhere, and where it is not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.core.region import Box
from flowlab.tracking.affine.parameters import AlignParameters
from flowlab.tracking.affine.picture import part_around
from flowlab.tracking.affine.redetection import found_again
from flowlab.tracking.affine.region_track import box_warp, corners_of
from flowlab.tracking.affine.template import Template, template_of
from tests.flowlab.tracking.affine.looks import moved, rounded, texture

Matrix = NDArray[np.float64]

PICTURE = texture()
BOX = Box(60, 60, 60, 50)
START = box_warp(BOX)


def template_for(box: Box = BOX, levels: int = 2) -> Template:
    warp, size = box_warp(box), (box.w, box.h)
    part = part_around(rounded(PICTURE), corners_of(warp, np.array(size)), 2, levels, AlignParameters())
    return template_of(part, warp, size, AlignParameters())


TEMPLATE = template_for()


def jumped(start: Matrix, x: float, y: float, scale: float = 1, degrees: float = 0) -> Matrix:
    c, s = scale * np.cos(np.deg2rad(degrees)), scale * np.sin(np.deg2rad(degrees))
    end = start.copy()
    end[:2, :2] = np.array([[c, -s], [s, c]]) @ start[:2, :2]
    end[:2, 2] += (x, y)
    return end


def error(found: Matrix | None, truth: Matrix, size: tuple[float, float] = (60, 50)) -> float:
    assert found is not None
    return float(np.linalg.norm(corners_of(found, np.array(size)) - corners_of(truth, np.array(size)), axis=-1).max())


# --- closed forms -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "jump", [(70, 40), (-20, 95), (150, -25), (31, 17, 1.25, 15), (40, 20, 1.25), (40, 20, 1, 15), (40, 20, 0.8, -15)]
)
def test_a_template_is_found_after_a_jump(jump: tuple[float, ...]) -> None:
    truth = jumped(START, *jump)
    found = found_again(rounded(moved(PICTURE, START, truth)), TEMPLATE, START, near=False)
    assert error(found, truth) < 3  # the picture is reduced to 0.4: an alignment starts here
    assert found is not None and found[2, 2] == 1


def test_it_is_found_without_a_bias() -> None:
    off = []
    for seed in range(16):
        truth = jumped(START, *np.random.default_rng(seed).uniform((-20, -20), (160, 90)))
        found = found_again(rounded(moved(PICTURE, START, truth)), TEMPLATE, START, near=False)
        assert found is not None
        off.append((found - truth)[:2, 2])
    np.testing.assert_allclose(np.mean(off, axis=0), 0, atol=0.6)  # cells of 2.5 px: 0.18 px of the mean is chance
    assert np.abs(off).max() < 1.6


def test_the_turn_and_size_it_had_are_where_the_search_begins() -> None:
    last = jumped(START, 0, 0, 1.4, 50)
    truth = jumped(last, 60, 30, 1, 15)
    seen = rounded(moved(PICTURE, START, truth))
    assert error(found_again(seen, TEMPLATE, last, near=False), truth) < 4
    upright = found_again(seen, TEMPLATE, START, near=False)
    assert upright is None or error(upright, truth) > 15


def test_light_does_not_matter() -> None:
    truth = jumped(START, 70, 40)
    seen = rounded(0.5 * moved(PICTURE, START, truth) + 60)
    assert error(found_again(seen, TEMPLATE, START, near=False), truth) < 3


# --- near, everywhere, nowhere ------------------------------------------------------------------------


def test_near_looks_near_only() -> None:
    box = Box(40, 60, 26, 33)
    start, template = box_warp(box), template_for(box, 1)
    close, away = jumped(start, 38, -20), jumped(start, 200, 60)
    for truth in (close, away):
        seen = rounded(moved(PICTURE, start, truth))
        assert error(found_again(seen, template, start, near=False), truth, (26, 33)) < 2
        found = found_again(seen, template, start, near=True)
        if truth is close:
            assert error(found, truth, (26, 33)) < 2
        else:
            assert found is None or error(found, truth, (26, 33)) > 50
            assert found is None or np.linalg.norm((found - start)[:2, 2]) < 2.5 * 33 * np.sqrt(2)


def test_near_the_rim_of_the_picture() -> None:
    last = jumped(START, -80, -70)  # half outside
    truth = jumped(last, 45, 50)
    seen = rounded(moved(PICTURE, START, truth))
    assert error(found_again(seen, TEMPLATE, last, near=True), truth) < 3


@pytest.mark.parametrize("near", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_nothing_in_noise_resembles_it(seed: int, near: bool) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, PICTURE.shape, np.uint8)
    assert found_again(noise, TEMPLATE, START, near=near) is None


@pytest.mark.parametrize("near", [False, True])
def test_nothing_in_a_flat_picture_resembles_it(near: bool) -> None:
    assert found_again(np.full(PICTURE.shape, 90, np.uint8), TEMPLATE, START, near=near) is None


def test_a_last_place_far_outside_or_a_picture_too_small_has_nothing_to_search() -> None:
    grey = rounded(PICTURE)
    assert found_again(grey, TEMPLATE, jumped(START, -2000, 0), near=True) is None
    assert found_again(grey[:12, :12], TEMPLATE, START, near=False) is None


def test_a_small_template_is_found_to_the_pixel() -> None:
    box = Box(60, 60, 20, 20)  # nothing is reduced
    found = found_again(rounded(PICTURE), template_for(box, 0), jumped(box_warp(box), 33, -21), near=False)
    assert error(found, box_warp(box), (20, 20)) < 1e-9
