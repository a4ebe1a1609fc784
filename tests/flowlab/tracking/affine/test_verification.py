"""Whether an alignment is believed: warps that may and may not follow, and how much of a template is seen."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.core.region import Box
from flowlab.tracking.affine.align import Alignment, align
from flowlab.tracking.affine.parameters import TrackerParameters
from flowlab.tracking.affine.picture import part_around
from flowlab.tracking.affine.region_track import box_warp, corners_of
from flowlab.tracking.affine.template import template_of
from flowlab.tracking.affine.verification import is_believed, is_plausible, local_linear, visible_share
from tests.flowlab.tracking.affine.looks import moved, rounded, texture

Matrix = NDArray[np.float64]

PICTURE = texture()
BOX = Box(100, 80, 60, 50)
SIZE = (BOX.w, BOX.h)
START = box_warp(BOX)
SETTINGS = TrackerParameters()


def part_of(picture: NDArray[np.floating], warp: Matrix = START):
    return part_around(rounded(picture), corners_of(warp, np.array(SIZE)), 20, 2, SETTINGS)


TEMPLATE = template_of(part_of(PICTURE), START, SIZE, SETTINGS)


def linear(matrix: object, x: float = 130, y: float = 110) -> Matrix:
    warp = np.eye(3)
    warp[:2, :2], warp[:2, 2] = matrix, (x, y)
    return warp


def turn(degrees: float, scale: float = 1) -> Matrix:
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return scale * np.array([[c, -s], [s, c]])


# --- what may follow ----------------------------------------------------------------------------------


@pytest.mark.parametrize("warp", [START, linear(turn(170)), linear(turn(20, 1.2)), linear(np.diag([1.6, 0.7]))])
def test_turned_and_a_little_larger_may_follow(warp: Matrix) -> None:
    assert is_plausible(warp, START)


@pytest.mark.parametrize("matrix", [np.diag([-1, 1]), np.diag([1, -1]), [[0, 1], [1, 0]], np.diag([1, 0])])
def test_what_is_folded_or_mirrored_may_not(matrix: object) -> None:
    assert not is_plausible(linear(matrix), START)


@pytest.mark.parametrize("degrees", [0, 33])
def test_four_times_as_long_as_wide_is_the_limit(degrees: float) -> None:
    for stretch, may in ((3.9, True), (4.1, False)):
        flat = turn(degrees) @ np.diag([np.sqrt(stretch), 1 / np.sqrt(stretch)]) @ turn(-degrees)
        assert is_plausible(linear(flat), START) == may
        assert is_plausible(linear(flat), linear(flat)) == may


@pytest.mark.parametrize("size", [0.5, 1.0, 3.0])
def test_growth_counts_from_the_last_warp_as_area(size: float) -> None:
    before = linear(turn(10, size))
    for area, may in ((1.55, True), (1.65, False), (1 / 1.55, True), (1 / 1.65, False)):
        assert is_plausible(linear(turn(12, size * np.sqrt(area))), before) == may


@pytest.mark.parametrize("place", [(0, 0), (2, 2), (1, 0)])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_may_not(place: tuple[int, int], value: float) -> None:
    warp = START.copy()
    warp[place] = value
    assert not is_plausible(warp, START)


def test_perspective_counts_at_the_centre() -> None:
    warp = np.array([[1.1, 0.2, 40], [-0.1, 0.9, 30], [4e-3, -3e-3, 1]])

    def place(x: float, y: float) -> Matrix:
        u, v, depth = warp @ (x, y, 1)
        return np.array([u, v]) / depth

    small = 1e-5
    slopes = [(place(small, 0) - place(-small, 0)) / (2 * small), (place(0, small) - place(0, -small)) / (2 * small)]
    np.testing.assert_allclose(local_linear(warp), np.transpose(slopes), atol=1e-6)


# --- how much is seen ---------------------------------------------------------------------------------


def test_all_of_it_is_seen_where_nothing_changed() -> None:
    assert visible_share(TEMPLATE, part_of(PICTURE), START) == 1


@pytest.mark.parametrize(("gain", "bias"), [(0.6, 40), (1.3, -20), (0.4, 10), (1, 30), (0.7, 0)])
def test_light_covers_nothing(gain: float, bias: float) -> None:
    assert visible_share(TEMPLATE, part_of(gain * PICTURE + bias), START) == 1


@pytest.mark.parametrize("seed", [1, 2, 4, 5])
def test_what_another_texture_covers_is_not_seen(seed: int) -> None:
    picture = PICTURE.copy()
    picture[80:130, 145:160] = texture(seed=seed)[80:130, 145:160]
    assert visible_share(TEMPLATE, part_of(picture), START) == pytest.approx(0.75 + 0.06, abs=0.1)  # some by chance


@pytest.mark.parametrize("grey", [0, 60, 200, 255])
@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_what_something_plain_covers_is_not_seen(side: str, grey: int) -> None:
    picture = PICTURE.copy()
    strip = {
        "left": np.s_[80:130, 100:107], "right": np.s_[80:130, 153:160],
        "top": np.s_[80:86, 100:160], "bottom": np.s_[124:130, 100:160],
    }[side]  # fmt: skip
    picture[strip] = grey
    # One row or column of 8 x 8 blocks; where the template is nearly as bright as that, a block is taken for seen.
    assert visible_share(TEMPLATE, part_of(picture), START) == pytest.approx(7 / 8, abs=0.05)


OUTSIDE = {"left": (-115, 0), "top": (0, -95), "right": (175, 0), "bottom": (0, 125)}


@pytest.mark.parametrize("side", OUTSIDE)
def test_of_a_template_that_reaches_out_of_the_picture_the_part_inside_is_all_there_is(side: str) -> None:
    away = START.copy()
    away[:2, 2] += OUTSIDE[side]
    picture = moved(PICTURE, START, away)
    assert 0.6 < align(TEMPLATE, part_of(picture, away), away, SETTINGS).inside < 0.8
    assert visible_share(TEMPLATE, part_of(picture, away), away) == 1
    away[:2, 2] += np.sign(OUTSIDE[side]) * 500
    assert visible_share(TEMPLATE, part_of(PICTURE, away), away) == 0


def test_what_is_covered_counts_by_its_share_of_the_part_inside() -> None:
    away = START.copy()
    away[0, 2] -= 115  # 45 of 60 columns, 6 of 8 blocks, are inside
    picture = moved(PICTURE, START, away)
    x = round(away[0, 2] + 29.5) + 1
    picture[80:130, x - 7 : x] = 255
    assert visible_share(TEMPLATE, part_of(picture, away), away) == pytest.approx(5 / 6, abs=0.05)


def test_another_place_is_hardly_seen() -> None:
    away = START.copy()
    away[:2, 2] += (60, 30)
    assert visible_share(TEMPLATE, part_of(PICTURE, away), away) < 0.5


# --- what is believed ---------------------------------------------------------------------------------


def test_an_alignment_is_believed_by_likeness_place_and_shape() -> None:
    found: Alignment = align(TEMPLATE, part_of(PICTURE), START, SETTINGS)
    assert is_believed(found, START, SETTINGS, 0.75)
    for worse in (
        replace(found, ncc=0.74), replace(found, ncc=np.nan), replace(found, inside=0.49),
        replace(found, inside=np.nan), replace(found, fell_apart=True), replace(found, warp=linear(np.diag([-1, 1]))),
        replace(found, warp=linear(1.5 * np.eye(2))),
    ):  # fmt: skip
        assert not is_believed(worse, START, SETTINGS, 0.75)
    assert is_believed(replace(found, ncc=0.75, inside=0.5), START, SETTINGS, 0.75)


@pytest.mark.parametrize("grey", [0, 60, 200, 255])
@pytest.mark.parametrize("columns", [15, 22, 30])
def test_what_something_plain_covers_more_of_is_not_seen(columns: int, grey: int) -> None:
    picture = PICTURE.copy()
    picture[80:130, 160 - columns : 160] = grey
    assert visible_share(TEMPLATE, part_of(picture), START) == pytest.approx(1 - columns / 60, abs=0.2)


@pytest.mark.parametrize("side", ["left", "right", "top", "bottom"])
def test_half_of_it_covered_by_another_texture_is_seen_by_half(side: str) -> None:
    half = {
        "left": np.s_[80:130, 100:130], "right": np.s_[80:130, 130:160],
        "top": np.s_[80:105, 100:160], "bottom": np.s_[105:130, 100:160],
    }[side]  # fmt: skip
    seen = []
    for seed in range(1, 7):
        picture = PICTURE.copy()  # of strong contrast: little of it looks alike by chance
        picture[half] = np.clip(1.8 * (texture(seed=seed)[half] - 110) + 110, 0, 255)
        seen.append(visible_share(TEMPLATE, part_of(picture), START))
    assert np.mean(seen) == pytest.approx(0.5, abs=0.1)


def test_a_quarter_covered_by_a_third_texture_too() -> None:  # seed 3 of test_what_another_texture_covers_is_not_seen
    picture = PICTURE.copy()
    picture[80:130, 145:160] = texture(seed=3)[80:130, 145:160]
    assert visible_share(TEMPLATE, part_of(picture), START) == pytest.approx(0.75 + 0.06, abs=0.1)
