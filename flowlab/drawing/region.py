"""A tracked region drawn into pixels: its outline, its axes, where it came from, and what its tracker says of it.

States differ in colour and in stroke, so that nobody needs to tell the colours apart; everything has a dark rim, so
that it reads on any picture.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from flowlab.drawing.arrows import SHIFT, darkened_around
from flowlab.drawing.inks import QUANTITY_COLOURS
from flowlab.drawing.inputs import checked_count, checked_picture
from flowlab.drawing.point_inputs import checked_points
from flowlab.drawing.region_colours import STATE_COLOURS
from flowlab.errors import ParameterError, shown

Colour = tuple[int, int, int]
Floats = NDArray[np.float64]


def _rgb(css: str) -> Colour:
    red, green, blue = bytes.fromhex(css.removeprefix("#"))
    return red, green, blue


@dataclass(frozen=True)
class Stroke:
    """How the outline of a region in one state is drawn.

    Attributes:
        colour: red, green, blue.
        dash: (drawn, left out), in widths of the line; None: a line without gaps.
        has_handles: whether its corners are marked with squares, as of something that was drawn by hand.
    """

    colour: Colour
    dash: tuple[int, int] | None = None
    has_handles: bool = False


STROKES: Mapping[str, Stroke] = MappingProxyType({
    "tracked": Stroke(_rgb(STATE_COLOURS["tracked"])),
    "occluded": Stroke(_rgb(STATE_COLOURS["occluded"]), dash=(6, 4)),
    "lost": Stroke(_rgb(STATE_COLOURS["lost"]), dash=(2, 3)),
    "keyframe": Stroke(_rgb(STATE_COLOURS["keyframe"]), has_handles=True),
})  # fmt: skip
"""What a tracker says of a frame -> how that is drawn, in the colours it has in plots."""

AXIS_COLOURS = (_rgb(QUANTITY_COLOURS["u"]), _rgb(QUANTITY_COLOURS["v"]))
"""Of the region's x and y axis: those of x and y in plots."""

_FARTHEST = 16_384  # px: beyond, OpenCV's whole numbers might overflow
_SIDE = 180  # px of the picture's shorter side to one of an outline's width
_FONT, _LETTERS, _LETTER_SIDE = cv2.FONT_HERSHEY_SIMPLEX, 0.4, 360


def draw_region(
    picture: NDArray[np.uint8],
    corners: ArrayLike,
    state: str,
    *,
    centre: ArrayLike | None = None,
    axes: ArrayLike | None = None,
    trail: ArrayLike | None = None,
    words: bool = True,
    magnify: int = 1,
) -> NDArray[np.uint8]:
    """Return the picture with a region drawn on it.

    Positions are true to a sixteenth of a pixel; lines grow with the picture. What is not finite is left out.

    Args:
        picture: (H, W, 3) uint8, red first.
        corners: (4, 2), pixels, in the order in which they are joined.
        state: a name in `STROKES`.
        centre: (2,), pixels, from which the axes start: a dot.
        axes: (2, 2), pixels, where the x and the y axis end.
        trail: (L, 2), pixels, oldest first, where the centre was; a row that is not finite interrupts the line.
        words: whether the state is written beside the region.
        magnify: drawn pixels to a pixel of the picture, 1 or more.

    Returns:
        (H * magnify, W * magnify, 3) uint8. The centre of pixel (x, y) is at (x + 0.5) * magnify - 0.5, likewise y.

    Raises:
        ParameterError: there is no such state, or a shape or number is not usable.
    """
    checked_picture(picture)
    magnify = checked_count("magnify", magnify)
    stroke = _stroke(state)
    placed = [_placed(name, points, magnify) for name, points in
              (("corners", corners), ("centre", None if centre is None else np.reshape(centre, (-1, 2))),
               ("axes", axes), ("trail", trail))]  # fmt: skip
    quad, middle, ends, past = placed
    if magnify > 1:
        picture = cv2.resize(picture, None, fx=magnify, fy=magnify, interpolation=cv2.INTER_LINEAR)  # type: ignore[assignment]
    width = max(1, round(min(picture.shape[:2]) / _SIDE))
    pen = _Pen(picture, width)
    pen.line(past, stroke.colour, thin=True)
    if len(middle) and np.isfinite(middle).all():
        for end, colour in zip(ends, AXIS_COLOURS, strict=False):
            pen.line(np.stack([middle[0], end]), colour)
        pen.dot(middle[0], 1.0 + width, stroke.colour)
    if np.isfinite(quad).all() and len(quad):
        pen.line(np.concatenate([quad, quad[:1]]), stroke.colour, stroke.dash)
        if stroke.has_handles:
            pen.squares(quad, 1.5 + 1.5 * width, stroke.colour)
        if words:
            pen.write(state, quad, stroke.colour)
    return pen.drawn()


def _stroke(state: str) -> Stroke:
    if state not in STROKES:
        raise ParameterError(f"there is no state {shown(state)}: the states are {', '.join(STROKES)}")
    return STROKES[state]


def _placed(name: str, points: ArrayLike | None, magnify: int) -> Floats:
    """Return points (N, 2) of the picture in pixels of the magnified one."""
    found = checked_points(name, () if points is None else points).astype(np.float64)
    if len(found) != {"corners": 4, "axes": 2, "centre": 1}.get(name, len(found)) and (len(found) or name == "corners"):
        raise ParameterError(f"{name} are {len(found)} points: give {4 if name == 'corners' else 2}, x before y")
    placed: Floats = np.clip((found + 0.5) * magnify - 0.5, -_FARTHEST, _FARTHEST)
    return placed


class _Pen:
    """Takes down what is to be drawn; rims lie beneath everything, so they come first."""

    def __init__(self, picture: NDArray[np.uint8], width: int) -> None:
        self._picture, self._width = picture, width
        self._lines: list[tuple[list[NDArray[np.int32]], Colour, int]] = []
        self._shapes: list[tuple[NDArray[np.int32], Colour]] = []
        self._word: tuple[str, tuple[int, int], float, Colour] | None = None

    def line(self, points: Floats, colour: Colour, dash: tuple[int, int] | None = None, *, thin: bool = False) -> None:
        """Join points that are finite and follow one another."""
        known = np.isfinite(points).all(axis=1)
        ends = np.flatnonzero(np.diff(np.concatenate([[False], known, [False]]).astype(np.int8)))
        runs = [points[low:high] for low, high in zip(ends[::2], ends[1::2], strict=True)]
        if dash is not None:
            runs = [part for run in runs for part in _dashes(run, dash[0] * self._width, dash[1] * self._width)]
        width = max(1, self._width // 2) if thin else self._width
        self._lines.append(([_sixteenths(run) for run in runs], colour, width))

    def dot(self, centre: Floats, radius: float, colour: Colour) -> None:
        """Fill a circle."""
        turn = 2 * np.pi * np.arange(16) / 16
        self._shapes.append((_sixteenths(centre + radius * np.stack([np.cos(turn), np.sin(turn)], axis=1)), colour))

    def squares(self, centres: Floats, radius: float, colour: Colour) -> None:
        """Fill a square around each point."""
        around = radius * np.array([(-1.0, -1), (1, -1), (1, 1), (-1, 1)])
        self._shapes += [(_sixteenths(centre + around), colour) for centre in centres]

    def write(self, word: str, quad: Floats, colour: Colour) -> None:
        """Put a word above the outline, below it where there is no room, and always into the picture."""
        rows, columns = self._picture.shape[:2]
        size = max(1.0, min(rows, columns) / _LETTER_SIDE)
        (long, high), below = cv2.getTextSize(word, _FONT, _LETTERS * size, round(size))
        gap = 3 * self._width
        x = min(max(float(quad[:, 0].min()), gap), columns - long - gap)
        y = float(quad[:, 1].min()) - 2 * gap
        if y - high < gap:
            y = float(quad[:, 1].max()) + 2 * gap + high
        y = min(max(y, high + gap), rows - below - gap)
        self._word = word, (round(x), round(y)), size, colour

    def drawn(self) -> NDArray[np.uint8]:
        """Return a copy of the picture with everything on it; only where there is ink is anything computed."""
        cover = np.zeros(self._picture.shape[:2], np.uint8)
        self._ink(cover, (255,))
        drawn = self._picture.copy()
        x, y, w, h = cv2.boundingRect(cover)
        if not w:
            return drawn
        rim = self._width + 1
        here = slice(max(0, y - rim), y + h + rim), slice(max(0, x - rim), x + w + rim)
        drawn[here] = darkened_around(np.ascontiguousarray(drawn[here]), cover[here].copy(), self._width)
        self._ink(drawn, None)
        return drawn

    def _ink(self, picture: NDArray[np.uint8], one: Sequence[int] | None) -> None:
        """Draw INTO `picture`, in one colour or each thing in its own."""
        for lines, colour, width in self._lines:
            cv2.polylines(picture, lines, False, one or colour, width, cv2.LINE_AA, SHIFT)
        for shape, colour in self._shapes:
            cv2.fillConvexPoly(picture, shape, one or colour, cv2.LINE_AA, SHIFT)
        if self._word is not None:
            word, place, size, colour = self._word
            cv2.putText(picture, word, place, _FONT, _LETTERS * size, one or colour, round(size), cv2.LINE_AA)


def _sixteenths(points: Floats) -> NDArray[np.int32]:
    """Return points as OpenCV draws them with `SHIFT`."""
    return np.rint(points * (1 << SHIFT)).astype(np.int32)


def _dashes(points: Floats, drawn: float, left_out: float) -> list[Floats]:
    """Return a line in pieces of a length, px, with gaps of another between them; each side begins with a piece."""
    pieces = []
    for start, end in pairwise(points):
        length = float(np.hypot(*(end - start)))
        for low in np.arange(0, max(length, 1e-9), drawn + left_out):
            shares = np.array([low, min(low + drawn, length)]) / max(length, 1e-9)
            pieces.append(start + shares[:, None] * (end - start))
    return pieces
