"""Tracked points with their trails, drawn into pixels: fast enough for every frame of a video."""

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from flowlab.drawing.arrows import SHIFT
from flowlab.drawing.inks import inks
from flowlab.drawing.inputs import checked_count, checked_picture, checked_positive
from flowlab.drawing.point_inputs import (
    checked_colours,
    checked_outline,
    checked_points,
    checked_selected,
    checked_trails,
    up_to_points,
)
from flowlab.drawing.scales import ColourMap, colour_table
from flowlab.drawing.unknown import UNKNOWN_COLOUR
from flowlab.errors import ParameterError

_HUES, _TURN = 55, 34
"""Neighbouring Fibonacci numbers: 34 / 55 of a turn from one track to the next is the golden ratio, and 55 such
turns take every hue once."""

_LIGHTNESS = (74, 62, 86)  # L* of CIE Lab, from one track to the next
_CHROMAS = range(16, 76, 2)

_LOOK = tuple(bytes.fromhex(inks(True).look.removeprefix("#")))
"""The contrast colour, bright as on the dark page, since all strokes have a dark rim."""

Lines = list[NDArray[np.int32]]
"""Corners of each line, (n, 2), sixteenths of a drawn pixel."""

_RIM_STRENGTH = 0.75
_CROSS = 3.0  # half the width of a cross, px at magnify 1
_FARTHEST = 16_384  # px: beyond, OpenCV's whole numbers might overflow


def track_colours(tracks: ArrayLike) -> NDArray[np.uint8]:
    """Return a colour for every track: the same one in every frame, far from those of the tracks born next to it.

    Hues are golden-ratio steps around the circle of CIE Lab, so that each lies in the widest gap its forerunners
    left; lightness takes turns in three levels, all of them above mid grey: with a dark rim they read on any picture.

    Args:
        tracks: (N,) whole numbers, the tracks' names.

    Returns:
        (N, 3) uint8, red first, 55 colours in all.

    Raises:
        ParameterError: they are not whole numbers in a row.
    """
    names = np.asarray(tracks)
    if names.ndim != 1 or (names.dtype.kind not in "iu" and names.size):
        raise ParameterError(f"the tracks are {names.dtype} of shape {names.shape}: give whole numbers, (N,)")
    colours: NDArray[np.uint8] = _TRACK_COLOURS[names.astype(np.int64) % _HUES]
    return colours


def _track_colours() -> NDArray[np.uint8]:
    """Return the colours of tracks 0 .. 54, (55, 3), each as vivid as a screen can show its hue and lightness."""
    number = np.arange(_HUES)
    hue = 2 * np.pi * (number * _TURN % _HUES) / _HUES
    lightness = np.array(_LIGHTNESS)[number % len(_LIGHTNESS)]
    rgb = np.zeros((1, _HUES, 3), np.float32)
    for chroma in _CHROMAS:
        lab = np.dstack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)]).astype(np.float32)
        tried = np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1)
        # What a screen cannot show is another colour once it is cut to 0 .. 1.
        kept = np.abs(cv2.cvtColor(tried, cv2.COLOR_RGB2Lab) - lab).max(axis=2) < 2
        rgb[kept] = tried[kept]
    colours: NDArray[np.uint8] = np.rint(255 * rgb[0]).astype(np.uint8)
    return colours


_TRACK_COLOURS = _track_colours()


def value_colours(values: ArrayLike, scale: float, colour_map: ColourMap = ColourMap.SPEED) -> NDArray[np.uint8]:
    """Return the colour of a quantity at each point.

    Args:
        values: (N,), 0 or more, in the unit of `scale`; what is below 0 has the colour of 0.
        scale: value of the last colour, above 0; larger ones have the last colour too.
        colour_map: which colours.

    Returns:
        (N, 3) uint8, red first, `UNKNOWN_COLOUR` where the value is not finite.

    Raises:
        ParameterError: the scale is not usable, or the values are no list.
    """
    scale = checked_positive("scale", scale)
    numbers = np.asarray(values, np.float64)
    if numbers.ndim != 1:
        raise ParameterError(f"the values have shape {numbers.shape}: give a list of numbers")
    known = np.isfinite(numbers)
    steps = np.rint(255 * np.clip(np.where(known, numbers, 0) / scale, 0, 1)).astype(np.uint8)
    colours: NDArray[np.uint8] = colour_table(colour_map)[steps]
    colours[~known] = UNKNOWN_COLOUR
    return colours


def draw_tracks(
    picture: NDArray[np.uint8],
    xy: ArrayLike,
    colours: NDArray[np.uint8],
    *,
    trails: ArrayLike | None = None,
    ended: ArrayLike | None = None,
    outline: ArrayLike | None = None,
    selected: int | None = None,
    magnify: int = 1,
) -> NDArray[np.uint8]:
    """Return the picture with points drawn on it, each at the end of its trail, all with a dark rim.

    Rims lie beneath everything, then trails, then points, then what has the contrast colour. Positions are true to
    a sixteenth of a pixel. What lies outside the picture or is not finite is left out.

    Args:
        picture: (H, W, 3) uint8, red first.
        xy: (N, 2), pixels.
        colours: (N, 3) uint8, red first. Few different ones are faster than many.
        trails: (N, L, 2), pixels, oldest first, where each point was before; NaN where it did not exist. A trail
            ends at its point, whether or not that is its last position too; it goes straight across a gap.
        ended: (K, 2), pixels, where tracks have ended: crosses in the contrast colour.
        outline: (M, 2), pixels, corners of a closed line in the contrast colour; one that is not finite draws none.
        selected: index of a point to draw a ring around.
        magnify: drawn pixels to a pixel of the picture, 1 or more. Trails stay thin, and points grow less.

    Returns:
        (H * magnify, W * magnify, 3) uint8. The centre of pixel (x, y) is at (x + 0.5) * magnify - 0.5, likewise y.

    Raises:
        ParameterError: a shape, type or number is not usable.
    """
    checked_picture(picture)
    magnify = checked_count("magnify", magnify)
    points = checked_points("xy", xy)
    colours, trails = checked_colours(colours, len(points)), checked_trails(trails, len(points))
    marks = _marks(points, checked_selected(selected, len(points)), outline, ended, magnify)
    known = np.flatnonzero(np.isfinite(points).all(axis=1))
    groups, order = _by_colour(colours[known])
    points, trails = points[known[order]], trails[known[order]]
    discs = list(_placed(points, magnify)[:, None] + _circle(_radius(magnify), 4 + 2 * magnify))
    paths = _paths(points, trails, magnify)

    if magnify > 1:
        picture = cv2.resize(picture, None, fx=magnify, fy=magnify, interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
    cover = np.zeros(picture.shape[:2], np.uint8)
    _stroke(cover, paths, (255,))
    _stroke(cover, discs, (255,), closed=True)  # their rims alone: colours will cover the rest
    for lines, closed, width in marks:
        _stroke(cover, lines, (255,), closed=closed, width=width)
    drawn = _darkened(picture, cover)
    for colour, alike in groups:
        _stroke(drawn, paths[alike], colour)
    for colour, alike in groups:
        for disc in discs[alike]:
            cv2.fillConvexPoly(drawn, disc, colour, cv2.LINE_AA, SHIFT)
    for lines, closed, width in marks:
        _stroke(drawn, lines, _LOOK, closed=closed, width=width)
    return drawn


def _marks(
    points: NDArray[np.float32],
    selected: int | None,
    outline: ArrayLike | None,
    ended: ArrayLike | None,
    magnify: int,
) -> list[tuple[Lines, bool, int]]:
    """Return what has the contrast colour: lines, whether they are closed, and their width, drawn pixels."""
    corners, places = checked_outline(outline), checked_points("ended", () if ended is None else ended)
    marks = [(_crosses(places, magnify), False, magnify)]
    if len(corners):
        marks.append(([_placed(corners, magnify)], True, magnify))
    if selected is not None and np.isfinite(points[selected]).all():
        ring = _placed(points[selected], magnify) + _circle(_radius(magnify) + 3 * magnify, 24)
        marks.append(([ring], True, magnify + 1))
    return marks


def _radius(magnify: int) -> float:
    """Return the radius of a point, drawn pixels."""
    return 1.0 + magnify


def _placed(points: NDArray[np.float32], magnify: int) -> NDArray[np.int32]:
    """Return points (..., 2) of the picture, pixels, as OpenCV draws them with `SHIFT` into the magnified one."""
    # ((points + 0.5) * magnify - 0.5) * one, multiplied out: less to do for thousands of points.
    one = 1 << SHIFT
    drawn = points * np.float32(one * magnify) + np.float32(one * (magnify - 1) / 2)
    placed: NDArray[np.int32] = np.rint(np.clip(drawn, -_FARTHEST * one, _FARTHEST * one)).astype(np.int32)
    return placed


def _circle(radius: float, corners: int) -> NDArray[np.int32]:
    """Return the corners of a circle around (0, 0), (corners, 2), sixteenths of a drawn pixel."""
    turn = 2 * np.pi * (np.arange(corners) + 0.5) / corners
    corner = radius * (1 << SHIFT) * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return np.rint(corner).astype(np.int32)


def _paths(points: NDArray[np.float32], trails: NDArray[np.float32], magnify: int) -> list[NDArray[np.int32]]:
    """Return trails (N, L, 2) with their points at the end, as OpenCV draws them.

    What is not known lies where the next known position is, so that nothing is drawn from there. A trail that
    stays beneath its point's disc is one position only: most are, where the camera stands still.
    """
    paths = up_to_points(trails, points)
    if not np.isfinite(paths.sum()):
        unknown = ~np.isfinite(paths).all(axis=2)
        last = paths.shape[1] - 1
        place = np.where(unknown, last, np.arange(last + 1))
        following = np.minimum.accumulate(place[:, ::-1], axis=1)[:, ::-1]
        paths = np.take_along_axis(paths, following[..., None], axis=1)
    placed = _placed(paths, magnify)
    farthest = np.abs(placed - placed[:, -1:]).max(axis=(1, 2))
    hidden = farthest < (1 << SHIFT) * _radius(magnify) / 2
    return [path[-1:] if beneath else path for path, beneath in zip(placed, hidden.tolist(), strict=True)]


def _crosses(ended: NDArray[np.float32], magnify: int) -> Lines:
    """Return the strokes of the crosses, two for each."""
    centres = _placed(ended[np.isfinite(ended).all(axis=1)], magnify)
    arm = round(_CROSS * (1 + magnify) / 2 * (1 << SHIFT))
    strokes = np.array([[(-arm, -arm), (arm, arm)], [(-arm, arm), (arm, -arm)]], np.int32)
    return list((centres[:, None, None] + strokes).reshape(-1, 2, 2))


def _by_colour(colours: NDArray[np.uint8]) -> tuple[list[tuple[list[int], slice]], NDArray[np.intp]]:
    """Return every colour with its stretch of the points, once they are in the order that comes second, (N,)."""
    packed = colours @ np.array([1 << 16, 1 << 8, 1])
    order = np.argsort(packed, kind="stable")
    starts = np.flatnonzero(np.diff(packed[order], prepend=-1)).tolist()
    stretches = [slice(*ends) for ends in pairwise([*starts, len(order)])]
    return [(colours[order[alike.start]].tolist(), alike) for alike in stretches], order


def _stroke(
    picture: NDArray[np.uint8], lines: Lines, colour: Sequence[int], *, closed: bool = False, width: int = 1
) -> None:
    """Draw lines of one colour INTO `picture`, smoothed."""
    cv2.polylines(picture, lines, closed, colour, width, cv2.LINE_AA, SHIFT)


def _darkened(picture: NDArray[np.uint8], cover: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a copy of the picture, darker where `cover` (H, W; 255 is wholly) is drawn and one pixel around it."""
    around = cv2.dilate(cover, np.ones((3, 3), np.uint8))
    left = cv2.convertScaleAbs(around, alpha=-_RIM_STRENGTH, beta=255)
    return cv2.multiply(picture, cv2.cvtColor(left, cv2.COLOR_GRAY2RGB), scale=1 / 255)  # type: ignore[return-value]
