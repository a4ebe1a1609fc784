"""The learned appearance: a textured object moved and resized by known amounts, in colour and in grey."""

from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.tracking.affine.appearance import Appearance, Sighting, appearance_of
from tests.flowlab.tracking.affine.looks import moved, rounded, texture

Picture = NDArray[np.uint8]

AT = (150.0, 115.0)
SIZES = ((40, 40), (60, 44), (51, 37), (30, 80), (90, 90))


@cache
def scene(size: tuple[int, int], x: float = 0, y: float = 0, scale: float = 1, grey: bool = False) -> Picture:
    """Return an object of a size px, (x, y) px from AT and scaled, in front of another texture."""
    start = np.array([[1, 0, 160], [0, 1, 120], [0, 0, 1.0]])
    end = np.array([[scale, 0, AT[0] + x], [0, scale, AT[1] + y], [0, 0, 1.0]])
    v, u = np.mgrid[:240, :320]
    away = np.abs(u - end[0, 2]) / size[0], np.abs(v - end[1, 2]) / size[1]
    inside = (away[0] <= scale / 2) & (away[1] <= scale / 2)
    picture = np.where(inside, moved(texture(seed=7), start, end), texture(seed=5))
    if grey:
        return rounded(np.repeat(picture[..., None], 3, axis=-1))
    tint = np.where(inside[..., None], (1.0, 0.7, 0.4), (0.5, 0.7, 1.0))
    return rounded(picture[..., None] * tint)


def error(seen: Sighting, x: float, y: float) -> float:
    return float(np.hypot(seen.centre[0] - AT[0] - x, seen.centre[1] - AT[1] - y))


# --- closed forms -------------------------------------------------------------------------------------


@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
@pytest.mark.parametrize("size", SIZES)
def test_where_it_was_learned_it_is_seen(size: tuple[int, int], grey: bool) -> None:
    picture = scene(size, grey=grey)
    seen = appearance_of(picture, AT, size).locate(picture, AT, 1)
    assert error(seen, 0, 0) < 0.2 and seen.scale == 1
    assert seen.peak == pytest.approx(1, abs=0.03)
    assert seen.score == pytest.approx(0.6 * seen.peak + 0.4 * seen.colour)
    assert seen.colour > (0.4 if grey else 0.9)


@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
@pytest.mark.parametrize("size", SIZES)
def test_a_known_shift_is_found(size: tuple[int, int], grey: bool) -> None:
    known = appearance_of(scene(size, grey=grey), AT, size)
    for shift in ((9, -5), (-6, 0), (0, 7), (-3.5, -8.25)):
        seen = known.locate(scene(size, *shift, grey=grey), AT, 1)
        assert error(seen, *shift) < 1
        assert seen.peak > 0.4


@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
def test_two_percent_larger_and_smaller_are_told_apart(grey: bool) -> None:
    size = (90, 90)
    known = appearance_of(scene(size, grey=grey), AT, size)
    for scale in (1.02, 1.0, 1 / 1.02):
        picture = scene(size, scale=scale, grey=grey)
        seen = known.resized(picture, AT, known.locate(picture, AT, 1))
        assert seen.scale == pytest.approx(scale)
        assert error(seen, 0, 0) < 0.5


@pytest.mark.parametrize("growth", [1.01, 1 / 1.01])
@pytest.mark.parametrize("size", SIZES)
def test_what_grows_and_shrinks_is_followed_while_it_is_learned(size: tuple[int, int], growth: float) -> None:
    known, scale = appearance_of(scene(size), AT, size), 1.0
    for frame in range(1, 16):
        picture = scene(size, scale=growth**frame)
        seen = known.resized(picture, AT, known.locate(picture, AT, scale))
        known, scale = known.learned(picture, seen.centre, seen.scale), seen.scale
    assert scale == pytest.approx(growth**15, rel=0.04)


def test_a_scale_that_is_known_is_looked_at_and_shifts_are_in_pixels_of_the_frame() -> None:
    size = (40, 40)
    known = appearance_of(scene(size), AT, size)
    picture = scene(size, 7, -5, 1.5)
    right, wrong = (known.locate(picture, AT, scale) for scale in (1.5, 1.0))
    assert right.scale == 1.5 and error(right, 7, -5) < 1
    assert right.score > wrong.score + 0.1


# --- learning, going on elsewhere ---------------------------------------------------------------------


def test_another_look_is_learned() -> None:
    size = (60, 44)
    known = appearance_of(scene(size), AT, size)
    other = np.ascontiguousarray(scene(size)[:, ::-1])
    place = 319 - AT[0], AT[1]
    before = known.locate(other, place, 1)
    learning = known
    for _ in range(60):
        learning = learning.learned(other, place, 1)
    after = learning.locate(other, place, 1)
    assert after.peak > before.peak + 0.2
    assert known.locate(other, place, 1) == before  # what was known is another object


def test_what_is_not_there_scores_less() -> None:
    size = (60, 44)
    known = appearance_of(scene(size), AT, size)
    nothing = rounded(np.repeat(texture(seed=5)[..., None], 3, axis=-1) * (0.5, 0.7, 1.0))
    assert known.locate(nothing, AT, 1).score < 0.5 * known.locate(scene(size), AT, 1).score


def test_light_leaves_it_where_it_is() -> None:
    size = (60, 44)
    known = appearance_of(scene(size, grey=True), AT, size)
    dim = rounded(scene(size, 6, -4, grey=True) * 0.6 + 20)
    assert error(known.locate(dim, AT, 1), 6, -4) < 1


@pytest.mark.parametrize("size", SIZES)
def test_arrays_make_the_same_appearance(size: tuple[int, int]) -> None:
    known = appearance_of(scene(size), AT, size).learned(scene(size, 1, 1), (AT[0] + 1, AT[1] + 1), 1)
    again = Appearance.from_arrays(known.arrays())
    assert (again.size, again.cells, again.zoom) == (known.size, known.cells, known.zoom)
    assert again.locate(scene(size, 3, 2), AT, 1.1) == known.locate(scene(size, 3, 2), AT, 1.1)
    further = [one.learned(scene(size, 3, 2), AT, 1).locate(scene(size), AT, 1) for one in (again, known)]
    assert further[0] == further[1]


# --- rims and bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [(-135, 0), (0, -100), (150, 110)])
def test_an_object_at_the_rim_of_the_picture(shift: tuple[int, int]) -> None:
    size = (60, 44)
    place = AT[0] + shift[0], AT[1] + shift[1]
    known = appearance_of(scene(size, *shift), place, size)
    inwards = -np.sign(shift) * 5
    seen = known.locate(scene(size, *(inwards + shift).tolist()), place, 1)
    assert error(seen, *(inwards + shift)) < 1.5


@pytest.mark.parametrize("size", [(8, 8), (8, 120), (200, 10), (300, 230)])
def test_small_long_and_large_objects(size: tuple[int, int]) -> None:
    picture = scene(size)
    known = appearance_of(picture, AT, size)
    columns, rows = known.cells
    assert min(known.cells) >= 8 and columns * rows * 16 < 2 * 100 * 100
    seen = known.locate(picture, AT, 1)
    assert error(seen, 0, 0) < 2 and np.isfinite(seen.score)


def test_a_flat_picture_and_a_place_outside_stay_finite() -> None:
    size = (60, 44)
    flat = np.full((240, 320, 3), 90, np.uint8)
    known = appearance_of(scene(size), AT, size)
    for seen in (known.locate(flat, AT, 1), known.locate(scene(size), (-500, 900), 1),
                 appearance_of(flat, AT, size).locate(flat, AT, 1)):  # fmt: skip
        assert np.isfinite([*seen.centre, seen.peak, seen.colour]).all()


@pytest.mark.parametrize("size", [(60, 44), (44, 60), (70, 50), (41, 87)])
def test_a_plain_object_that_stands_still_does_not_creep(size: tuple[int, int]) -> None:
    v, u = np.mgrid[:240, :320]
    inside = (np.abs(u - AT[0]) <= size[0] / 2) & (np.abs(v - AT[1]) <= size[1] / 2)
    plain = np.where(inside[..., None], (200, 60, 40), (60, 140, 70)).astype(np.uint8)
    rng, place, known = np.random.default_rng(0), AT, appearance_of(plain, AT, size)
    for _ in range(30):
        noisy = rounded(plain + rng.integers(-15, 16, (240, 320, 1)))
        place = known.locate(noisy, place, 1).centre
        known = known.learned(noisy, place, 1)
    np.testing.assert_allclose(place, AT, atol=0.75)
