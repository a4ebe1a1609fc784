"""Arrows on a regular grid, and arrows drawn into pixels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.inputs import check_same_size, checked_count, checked_flow, checked_picture, checked_positive
from flowlab.drawing.scales import ColourMap, colour_table

OUTLINE_COLOUR = (10, 12, 14)
"""Near black, under every arrow: the colours of speed then read on any picture."""

OUTLINED_LENGTH = 2.0
"""Arrows drawn shorter than this, pixels, are dots without an outline: what does not move stays quiet."""

SHIFT = 4
"""OpenCV places points at sixteenths of a pixel: 1 << 4."""

_HEAD_LENGTH = 6.0  # of the line's width
_HEAD_SHARE = 0.6  # of the arrow's length, where that is short
_HEAD_ANGLE = np.deg2rad(24)  # between the shaft and an edge of the head
_OUTLINE_STRENGTH = 0.75


@dataclass(frozen=True, eq=False, slots=True)
class Arrows:
    """Flow vectors at points of a grid, unknown ones left out.

    Attributes:
        x, y: (N,) int32, pixel of each tail, row after row.
        u, v: (N,) float32, displacement there, pixels.
    """

    x: NDArray[np.int32]
    y: NDArray[np.int32]
    u: NDArray[np.float32]
    v: NDArray[np.float32]

    @property
    def speed(self) -> NDArray[np.float32]:
        """Length of each displacement, (N,) pixels."""
        return np.hypot(self.u, self.v)


def _grid_line(length: int, spacing: int) -> NDArray[np.int32]:
    """Return the positions every `spacing` pixels that stand centred in 0 .. length-1; at least one."""
    steps = (length - 1) // spacing
    start = (length - 1 - steps * spacing) // 2
    return np.arange(steps + 1, dtype=np.int32) * spacing + start


def arrow_count(height: int, width: int, spacing: int) -> int:
    """Return how many arrows a grid holds where the whole flow is known.

    Args:
        height: rows of the flow, pixels.
        width: columns of the flow, pixels.
        spacing: pixels between arrows, at least 1.

    Raises:
        ParameterError: the spacing is not usable.
    """
    spacing = checked_count("spacing", spacing)
    return len(_grid_line(height, spacing)) * len(_grid_line(width, spacing))


def arrow_grid(flow: NDArray[Any], spacing: int) -> Arrows:
    """Return the flow at every `spacing`-th pixel, the grid centred in the picture.

    Args:
        flow: (H, W, 2), pixels; NaN and infinite vectors are left out.
        spacing: pixels between arrows, at least 1.

    Raises:
        ParameterError: the flow's shape or the spacing is not usable.
    """
    flow, spacing = checked_flow(flow), checked_count("spacing", spacing)
    height, width = flow.shape[:2]
    y, x = (
        line.ravel() for line in np.meshgrid(_grid_line(height, spacing), _grid_line(width, spacing), indexing="ij")
    )
    u, v = flow[y, x].T
    known = np.isfinite(u) & np.isfinite(v)
    return Arrows(x[known], y[known], u[known], v[known])


def draw_arrows(
    picture: NDArray[np.uint8], flow: NDArray[Any], *, spacing: int, gain: float, scale: float
) -> NDArray[np.uint8]:
    """Return a copy of the picture with the flow drawn on it as arrows, outlined, fast ones on top.

    Args:
        picture: (H, W, 3) uint8, red first.
        flow: (H, W, 2), pixels; unknown vectors draw nothing, still ones a dot.
        spacing: pixels between arrows, at least 1. Lines grow thicker with it beyond 16.
        gain: length drawn for a displacement of 1 px, pixels, above 0.
        scale: speed of the last colour of `ColourMap.SPEED`, pixels, above 0.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ParameterError: a shape or number is not usable, or picture and flow differ in size.
    """
    check_same_size(checked_picture(picture), checked_flow(flow), "flow")
    gain, scale = checked_positive("gain", gain), checked_positive("scale", scale, "px")
    arrows = arrow_grid(flow, spacing)
    width = max(1, spacing // 16)
    shafts, heads = _arrow_shapes(arrows, gain, width, limit=2.0 * sum(picture.shape[:2]))
    outlined = gain * arrows.speed >= OUTLINED_LENGTH
    cover = np.zeros(picture.shape[:2], np.uint8)
    _draw(cover, shafts[outlined], heads[outlined], (255,), width)
    drawn = darkened_around(picture, cover, width)
    steps = np.rint(255 * np.minimum(arrows.speed / scale, 1)).astype(np.uint8)
    for step in np.unique(steps):
        colour = colour_table(ColourMap.SPEED)[step].tolist()
        _draw(drawn, shafts[steps == step], heads[steps == step], colour, width)
    return drawn


def _arrow_shapes(arrows: Arrows, gain: float, width: int, limit: float) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return shafts (N, 2, 2), tail to tip, and heads (N, 3, 2), triangles, in sixteenths of a pixel.

    Positions are complex numbers x + iy here, so that a turn is a product. An arrow longer than
    `limit` leaves the picture whatever its length, so it is cut there, direction kept: OpenCV's
    whole numbers would overflow.
    """
    tail = arrows.x + 1j * arrows.y
    shift: NDArray[Any] = gain * (arrows.u + 1j * arrows.v.astype(np.float64))
    shift *= limit / np.maximum(np.abs(shift), limit)
    length = np.abs(shift)
    edge = np.minimum(_HEAD_LENGTH * width, _HEAD_SHARE * length) * shift / np.where(length > 0, length, 1)
    tip: NDArray[Any] = tail + shift
    return as_sixteenths(np.stack([tail, tip], axis=1)), head_triangles(tip, edge)


def as_sixteenths(points: NDArray[np.complexfloating]) -> NDArray[np.int32]:
    """Return points x + iy (...,), pixels, as OpenCV draws them with `SHIFT`: (..., 2) sixteenths of a pixel."""
    pairs = np.ascontiguousarray(points, np.complex128)[..., None].view(np.float64)
    return np.rint(pairs * (1 << SHIFT)).astype(np.int32)


def head_triangles(tip: NDArray[np.complexfloating], edge: NDArray[np.complexfloating]) -> NDArray[np.int32]:
    """Return arrow heads, (N, 3, 2) in sixteenths of a pixel.

    Args:
        tip: (N,) positions x + iy, pixels.
        edge: (N,) direction times length of an edge of the head, pixels.
    """
    left, right = (tip - edge * np.exp(1j * turn) for turn in (-_HEAD_ANGLE, _HEAD_ANGLE))
    return as_sixteenths(np.stack([tip, left, right], axis=1))


def fill_heads(picture: NDArray[np.uint8], heads: NDArray[np.int32], colour: Sequence[int]) -> None:
    """Draw arrow heads of one colour INTO `picture`, smoothed."""
    # One by one: fillPoly would leave holes where two heads overlap.
    for head in heads:
        cv2.fillConvexPoly(picture, head, colour, cv2.LINE_AA, SHIFT)


def _draw(
    picture: NDArray[np.uint8],
    shafts: NDArray[np.int32],
    heads: NDArray[np.int32],
    colour: Sequence[int],
    width: int,
) -> None:
    """Draw arrows of one colour INTO `picture`, smoothed."""
    cv2.polylines(picture, list(shafts), False, colour, width, cv2.LINE_AA, SHIFT)
    fill_heads(picture, heads, colour)


def darkened_around(picture: NDArray[np.uint8], cover: NDArray[np.uint8], width: int) -> NDArray[np.uint8]:
    """Return a copy of the picture, darker under what `cover` (H, W; 255 is wholly) draws and `width` px around it."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * width + 1, 2 * width + 1))
    # Row by row: copying one pixel all over takes ten times as long.
    row = np.tile(np.array(OUTLINE_COLOUR, np.uint8), (picture.shape[1], 1))
    dark = np.broadcast_to(row, picture.shape).copy()
    weight = cv2.dilate(cover, disc) * np.float32(_OUTLINE_STRENGTH / 255)
    return cv2.blendLinear(dark, picture, weight, 1 - weight)  # type: ignore[return-value]
