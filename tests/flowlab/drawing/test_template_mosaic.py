"""What an aligner sees, as one picture: where each part stands, and what its pixels look like."""

from typing import Any

import numpy as np
import pytest

from flowlab.drawing.diverging import signed_colours
from flowlab.drawing.inks import inks
from flowlab.drawing.template_mosaic import Mosaic, Tile, template_mosaic
from flowlab.errors import ParameterError

HEIGHT, WIDTH = 20, 30
RNG = np.random.default_rng(0)
TEMPLATE = RNG.integers(0, 256, (HEIGHT, WIDTH)).astype(np.float32)
WARPED = TEMPLATE + RNG.integers(-9, 10, (HEIGHT, WIDTH)).astype(np.float32)
NAMES = ("h11", "h12", "h13", "h21", "h22", "h23", "h31", "h32")
DESCENT = {name: RNG.normal(0, 10.0 ** (n % 4), (HEIGHT, WIDTH)) for n, name in enumerate(NAMES)}


def seen(mosaic: Mosaic, tile: Tile) -> np.ndarray:
    """Return a tile of a mosaic at the template's own size."""
    x, y, w, h = tile.box
    zoom = w // WIDTH
    assert (w, h) == (zoom * WIDTH, zoom * HEIGHT)
    enlarged = mosaic.picture[y : y + h, x : x + w]
    shown = enlarged[zoom // 2 :: zoom, zoom // 2 :: zoom]
    np.testing.assert_array_equal(enlarged, shown.repeat(zoom, axis=0).repeat(zoom, axis=1))
    return shown


def test_each_part_stands_in_its_place_pixel_by_pixel() -> None:
    mosaic = template_mosaic(TEMPLATE, WARPED, DESCENT)
    template, warped, error, *descent = mosaic.tiles
    np.testing.assert_array_equal(seen(mosaic, template), np.dstack([TEMPLATE] * 3))
    np.testing.assert_array_equal(seen(mosaic, warped), np.dstack([np.clip(WARPED, 0, 255)] * 3))
    assert error.scale is not None
    np.testing.assert_array_equal(seen(mosaic, error), signed_colours(WARPED - TEMPLATE, error.scale))
    for tile, image in zip(descent, DESCENT.values(), strict=True):
        assert tile.scale is not None
        np.testing.assert_array_equal(seen(mosaic, tile), signed_colours(image, tile.scale))
    assert mosaic.picture.dtype == np.uint8 and (template.scale, warped.scale) == (None, None)


def test_the_sign_of_the_error_is_warped_minus_template() -> None:
    brighter = template_mosaic(TEMPLATE, TEMPLATE + 30, error_scale=30)
    red, _, blue = seen(brighter, brighter.tiles[2])[0, 0].astype(int)
    assert red > blue + 100 and brighter.tiles[2].label == "error ±30"
    own = template_mosaic(TEMPLATE, WARPED, error=np.full((HEIGHT, WIDTH), -2.0), error_scale=2, unit="deviations")
    red, _, blue = seen(own, own.tiles[2])[0, 0].astype(int)
    assert blue > red + 100 and "(deviations)" in own.words


def test_scales_are_symmetric_round_and_told() -> None:
    mosaic = template_mosaic(TEMPLATE, WARPED, DESCENT)
    assert [tile.label for tile in mosaic.tiles[3:]] == [
        f"{name} ±{tile.scale:g}" for name, tile in zip(NAMES, mosaic.tiles[3:], strict=True)
    ]
    scales = [tile.scale or 0 for tile in mosaic.tiles[3:]]
    assert scales[3] > 100 * scales[0] and "each on a scale of its own" in mosaic.words
    shared = template_mosaic(TEMPLATE, WARPED, DESCENT, shared_scale=True)
    assert len({tile.scale for tile in shared.tiles[3:]}) == 1 and "all on one scale" in shared.words
    flat = template_mosaic(TEMPLATE, TEMPLATE, {"h11": np.zeros((HEIGHT, WIDTH))})
    assert flat.tiles[2].scale == flat.tiles[3].scale == 1
    lone = TEMPLATE.copy()
    lone[0, 0] += 200
    assert (template_mosaic(TEMPLATE, lone + 1).tiles[2].scale or 0) <= 2, "one wild pixel does not make the rest pale"


@pytest.mark.parametrize("columns", [2, 3, 4, 5])
@pytest.mark.parametrize("width", [390, 700, 1600])
def test_tiles_fill_rows_within_the_width_and_do_not_overlap(columns: int, width: int) -> None:
    mosaic = template_mosaic(TEMPLATE, WARPED, DESCENT, columns=columns, width=max(width, 60 * columns))
    high, wide = mosaic.picture.shape[:2]
    assert wide <= max(width, 60 * columns)
    covered = np.zeros((high, wide), int)
    for tile in mosaic.tiles:
        x, y, w, h = tile.box
        assert x >= 0 and x + w <= wide and y >= 13 and y + h <= high, "with room for its label above"
        covered[y : y + h, x : x + w] += 1
    assert covered.max() == 1
    assert len({tile.box[0] for tile in mosaic.tiles}) == columns
    assert [tile.box[1] for tile in mosaic.tiles] == sorted(tile.box[1] for tile in mosaic.tiles)


@pytest.mark.parametrize("dark", [False, True])
def test_labels_are_written_above_on_the_page_s_own_ground(dark: bool) -> None:
    mosaic = template_mosaic(TEMPLATE, WARPED, DESCENT, dark=dark)
    ground = bytes.fromhex(inks(dark).page[1:])
    letters = bytes.fromhex(inks(dark).text[1:])
    for tile in mosaic.tiles:
        x, y, w, _ = tile.box
        above = mosaic.picture[y - 14 : y, x : x + w].reshape(-1, 3)
        assert (above == tuple(ground)).all(axis=1).any() and (above == tuple(letters)).all(axis=1).any()
    x, y, w, h = mosaic.tiles[-1].box
    assert (mosaic.picture[y : y + h, x + w : x + w + 10] == tuple(ground)).all()


def test_a_long_label_stays_above_its_own_tile() -> None:
    name = "a parameter with a very long name indeed"
    mosaic = template_mosaic(TEMPLATE, WARPED, {name: DESCENT["h11"], "b": DESCENT["h12"]}, columns=5, width=400)
    tile = mosaic.tiles[3]
    assert tile.label.startswith(name)
    gap = mosaic.picture[tile.box[1] - 14 : tile.box[1], tile.box[0] + tile.box[2] : mosaic.tiles[4].box[0]]
    assert (gap == tuple(bytes.fromhex(inks(False).page[1:]))).all()


def test_what_lies_outside_the_picture_is_hatched_and_has_no_error() -> None:
    warped = WARPED.copy()
    warped[:, :8] = np.nan
    before = warped.copy()
    mosaic = template_mosaic(TEMPLATE, warped)
    np.testing.assert_array_equal(warped, before)
    hatched = seen(mosaic, mosaic.tiles[1])[:, :8]
    assert len(np.unique(hatched)) == 2
    assert (seen(mosaic, mosaic.tiles[2])[:, :8] == 128).all()


def test_a_large_template_is_made_smaller() -> None:
    large = RNG.uniform(0, 255, (700, 500))
    mosaic = template_mosaic(large, large, {"h11": large}, columns=4, width=800)
    assert mosaic.picture.shape[1] <= 800 and len(mosaic.tiles) == 4
    x, y, w, h = mosaic.tiles[0].box
    assert h / w == pytest.approx(1.4, abs=0.02)
    assert abs(mosaic.picture[y : y + h, x : x + w].mean() - large.mean()) < 1


@pytest.mark.parametrize(
    ("arguments", "options", "what"),
    [
        ((TEMPLATE, WARPED[1:]), {}, "the warped patch is 30x19 and the template 30x20: give both at one size"),
        ((TEMPLATE, WARPED, {"h11": WARPED[:, 1:]}), {}, "steepest-descent image ‘h11’ is 29x20"),
        ((TEMPLATE, WARPED), {"error": WARPED[1:]}, "the error is 30x19"),
        ((np.zeros((0, 3)), WARPED), {}, r"template have shape \(0, 3\)"),
        ((TEMPLATE, WARPED), {"error_scale": 0}, "error_scale is 0"),
        ((TEMPLATE, WARPED), {"columns": 0}, "columns is 0"),
        ((TEMPLATE, WARPED), {"width": 100}, "width is 100"),
    ],
)
def test_what_cannot_be_shown_is_refused(arguments: Any, options: dict[str, Any], what: str) -> None:
    with pytest.raises(ParameterError, match=what):
        template_mosaic(*arguments, **options)
