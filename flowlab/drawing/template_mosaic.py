"""What a template aligner sees, as one picture: template, warped patch, error, and what each parameter would change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.diverging import signed_colours
from flowlab.drawing.inks import inks
from flowlab.drawing.inputs import checked_count, checked_plane, checked_positive
from flowlab.drawing.scales import nice_scale
from flowlab.drawing.unknown import mark_unknown
from flowlab.errors import ParameterError, shown

_LETTERS = 0.115
"""Height of the letters to the width of a tile, within `_LETTER_LIMITS`."""

_LETTER_LIMITS = (13, 20)
_GAP = 10
_LARGEST_TILE = 420
_USUAL = 98  # percentile: a few wild pixels at the rim must not make the rest pale


@dataclass(frozen=True)
class Tile:
    """One picture of a mosaic.

    Attributes:
        label: what is written above it: its name, and for signed values the value of the last colour.
        box: (x, y, w, h) where it is in the mosaic, pixels, without its label.
        scale: value of the last colour; None where grey levels are shown as they are.
    """

    label: str
    box: tuple[int, int, int, int]
    scale: float | None = None


@dataclass(frozen=True, eq=False)
class Mosaic:
    """Several pictures as one.

    Attributes:
        picture: (H, W, 3) uint8, red first.
        tiles: what it is made of, in the order of reading.
        words: what the colours mean, in a sentence.
    """

    picture: NDArray[np.uint8]
    tiles: tuple[Tile, ...]
    words: str


def template_mosaic(
    template: NDArray[Any],
    warped: NDArray[Any],
    descent: Mapping[str, NDArray[Any]] | None = None,
    *,
    error: NDArray[Any] | None = None,
    error_scale: float | None = None,
    shared_scale: bool = False,
    unit: str = "grey levels",
    columns: int = 4,
    width: int = 1200,
    dark: bool = False,
) -> Mosaic:
    """Return template, warped patch, signed error and steepest-descent images as one picture.

    Signed values are blue below zero, light grey at zero and red above, on a scale that is the same on both sides.
    Template pixels stay whole where there is room to enlarge them.

    Args:
        template: (h, w), grey levels 0..255.
        warped: (h, w), what lies under the warp, grey levels; NaN (outside the picture) is hatched.
        descent: name of a parameter -> (h, w), by how much the patch changes with it; the names are written as given.
        error: (h, w), warped minus template, in `unit`, where it was computed otherwise (normalised, weighted).
        error_scale: error of the last colours, in `unit`; None: a round number that hardly any pixel exceeds.
        shared_scale: whether the steepest-descent images share one scale; otherwise each has its own, since those of
            a rotation are as many times larger than those of a shift as the template is wide.
        unit: of the error.
        columns: tiles in a row: 4 suit a desk, 2 a telephone.
        width: pixels of the mosaic at most: twice the screen's for fine displays.
        dark: whether the page is dark.

    Raises:
        ParameterError: the pictures are not of one size, or a number is not usable.
    """
    columns, width = checked_count("columns", columns), checked_count("width", width, 60 * columns)
    pictures = {"template": template, "warped patch": warped}
    pictures |= {} if error is None else {"error": error}
    pictures |= {f"steepest-descent image {shown(name)}": image for name, image in (descent or {}).items()}
    for name, plane in pictures.items():
        if checked_plane(np.asarray(plane), name).shape != np.shape(template):
            raise ParameterError(
                f"the {name} is {plane.shape[1]}x{plane.shape[0]} and the template "
                f"{np.shape(template)[1]}x{np.shape(template)[0]}: give both at one size"
            )
    if error is None:
        error = np.asarray(warped, np.float32) - np.asarray(template, np.float32)
    scale = _scale([error]) if error_scale is None else checked_positive("error_scale", error_scale, unit)
    drawn = [
        ("template", mark_unknown(np.dstack([template] * 3)), None),
        ("warped patch", mark_unknown(np.dstack([warped] * 3)), None),
        (f"error ±{scale:g}", signed_colours(error, scale), scale),
    ]
    images = dict(descent or {})
    common = _scale(list(images.values())) if shared_scale and images else 0.0
    for name, image in images.items():
        own = common or _scale([image])
        drawn.append((f"{name} ±{own:g}", signed_colours(image, own), own))
    picture, tiles = _laid_out(drawn, columns, width, dark)
    return Mosaic(picture, tiles, _words(unit, bool(images), shared_scale))


def _scale(planes: Sequence[NDArray[Any]]) -> float:
    """Return a round number that hardly any value exceeds."""
    values = np.abs(np.concatenate([np.ravel(plane) for plane in planes]).astype(np.float64))
    known = values[np.isfinite(values)]
    usual = float(np.percentile(known, _USUAL)) if known.size else 0.0
    return nice_scale(usual, smallest=1e-9) if usual > 0 else 1.0


def _words(unit: str, has_descent: bool, shared_scale: bool) -> str:
    words = f"Error: warped patch minus template ({unit}); blue is below zero, red above."
    if not has_descent:
        return words
    scales = "all on one scale" if shared_scale else "each on a scale of its own, written above it"
    return f"{words} Steepest-descent images: how the patch changes with each parameter, {scales}."


def _laid_out(
    drawn: Sequence[tuple[str, NDArray[np.uint8], float | None]], columns: int, width: int, dark: bool
) -> tuple[NDArray[np.uint8], tuple[Tile, ...]]:
    """Return pictures of one size in rows, their labels above them, on the page's own ground, and where each is."""
    height, wide = drawn[0][1].shape[:2]
    columns = min(columns, len(drawn))
    tile_w, tile_h = _tile_size(wide, height, (width - (columns - 1) * _GAP) // columns)
    low, high = _LETTER_LIMITS
    letters = min(high, max(low, round(_LETTERS * tile_w)))
    above = letters + 8
    rows = -(-len(drawn) // columns)
    ink = inks(dark)
    sheet = np.empty((rows * (above + tile_h + _GAP) - _GAP, columns * (tile_w + _GAP) - _GAP, 3), np.uint8)
    sheet[:] = tuple(bytes.fromhex(ink.page.removeprefix("#")))
    colour = tuple(bytes.fromhex(ink.text.removeprefix("#")))
    tiles = []
    for number, (label, picture, scale) in enumerate(drawn):
        x, y = number % columns * (tile_w + _GAP), number // columns * (above + tile_h + _GAP) + above
        sheet[y : y + tile_h, x : x + tile_w] = _resized(picture, tile_w, tile_h)
        _write(sheet[y - above : y, x : x + tile_w], label, letters, colour)
        tiles.append(Tile(label, (x, y, tile_w, tile_h), scale))
    return sheet, tuple(tiles)


def _tile_size(width: int, height: int, room: int) -> tuple[int, int]:
    """Return (w, h) of a tile for a picture: enlarged by a whole number, or made smaller to fit."""
    zoom = min(room / width, _LARGEST_TILE / height, _LARGEST_TILE / width)
    if zoom >= 1:
        return width * int(zoom), height * int(zoom)
    return max(1, round(width * zoom)), max(1, round(height * zoom))


def _resized(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[Any]:
    larger = width >= picture.shape[1]
    return cv2.resize(picture, (width, height), interpolation=cv2.INTER_NEAREST if larger else cv2.INTER_AREA)


def _write(strip: NDArray[np.uint8], label: str, letters: int, colour: tuple[int, ...]) -> None:
    """Write a label into the strip above its tile, smaller where it would be too long."""
    face, size = cv2.FontFace("sans"), letters
    while size > 7:
        _, _, long, _ = cv2.getTextSize((0, 0), label, (0, 0), face, size)
        if long <= strip.shape[1]:
            break
        size -= 1
    canvas = np.ascontiguousarray(strip)
    cv2.putText(canvas, label, (0, letters), colour, face, size)
    strip[:] = canvas
