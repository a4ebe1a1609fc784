"""Evenly spaced streamlines: the paths a still flow would carry a dust grain along.

After Jobard & Lefer (1997), "Creating Evenly-Spaced Streamlines of Arbitrary Density", Eurographics
Workshop on Visualization in Scientific Computing: a line starts no nearer than `spacing` to those that
are there, and ends where it comes nearer than half of that to one. They grow each line before they seek the
next start beside it, one point at a time. Here candidates start on grids, coarse to fine, and all lines of a
grid grow at once as one array; then they are taken longest first and each is cut where it comes too near
to one taken before. Long lines first is what makes such pictures calm (Mebarki, Alliez & Devillers 2005,
"Farthest Point Seeding for Efficient Placement of Streamlines", IEEE Visualization).
"""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.arrows import SHIFT, as_sixteenths, darkened_around, fill_heads, head_triangles
from flowlab.drawing.inputs import check_same_size, checked_count, checked_flow, checked_picture, checked_positive
from flowlab.drawing.scales import magnitude_colours

_STILL = 0.05  # of the scale: what moves less has no direction worth following
_FASTEST = 1e18  # px: beyond, squares leave single precision; NaN is no faster and no slower
_FINEST = 4  # spacing, px: closer lines would be a grey haze
_STEP = 4.0  # px between the points of a line, at most; a quarter of the spacing where that is less
_CELLS = 6  # of the map of what is taken, a spacing; even, so that starts lie on centres of cells
_OUTSIDE = (np.nan, np.nan, np.nan)
_LEVELS = (8, 2, 1)  # coarse to fine, in half spacings
_BATCH = 2000  # starts at once: of more, most would be taken before their turn
_PALE = 0.5  # share of white in the picture beneath
_SHORTEST = 1.5  # spacings: shorter lines say nothing an arrow head would not cover
_HEAD_EVERY = 6.0  # spacings along a line
_HEAD_LENGTH = 7.0  # of the line's width

Points = NDArray[np.complex64]
"""Positions x + iy, pixels, and directions, as complex numbers: a turn is then a product."""


def draw_streamlines(
    picture: NDArray[np.uint8], flow: NDArray[Any], *, spacing: int, scale: float
) -> NDArray[np.uint8]:
    """Return the picture, paler, with the flow drawn on it as evenly spaced streamlines.

    A line follows the flow of this one moment; its colour is the speed at each of its points, its
    arrow heads tell the direction. Lines end at the unknown, where the flow is slower than 5 % of
    `scale`, where it turns back on itself, and where a line has gone round once.

    Args:
        picture: (H, W, 3) uint8, red first.
        flow: (H, W, 2), pixels; where it is unknown or still nothing is drawn.
        spacing: pixels between neighbouring lines, at least 4. Lines grow thicker with it from 48 on.
        scale: speed of the last colour of `ColourMap.SPEED`, pixels, above 0.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ParameterError: a shape or number is not usable, or picture and flow differ in size.
    """
    flow = checked_flow(flow)
    check_same_size(checked_picture(picture), flow, "flow")
    scale = checked_positive("scale", scale, "px")
    lines = streamlines(flow, spacing, still=_STILL * scale)
    width = max(1, spacing // 24)
    cover = _cover(lines, flow.shape[:2], spacing, width)
    coloured = magnitude_colours(flow, scale)
    weight = cover * np.float32(1 / 255)
    # Slow lines are dark, and so is their rim: on a pale picture both read, and fast ones still have their rim.
    pale: NDArray[np.uint8] = cv2.convertScaleAbs(picture, alpha=1 - _PALE, beta=255 * _PALE)  # type: ignore[assignment]
    return cv2.blendLinear(coloured, darkened_around(pale, cover, width), weight, 1 - weight)  # type: ignore[return-value]


def streamlines(flow: NDArray[Any], spacing: int, *, still: float) -> list[Points]:
    """Return evenly spaced streamlines of a flow, each from its upstream end to its downstream end.

    Args:
        flow: (H, W, 2), pixels; read bilinearly, NaN where any neighbour is unknown.
        spacing: pixels between neighbouring lines, at least 4.
        still: speed below which a line ends, pixels, above 0.

    Returns:
        Lines of at least two points each, x + iy in pixels, equally far apart along the line.

    Raises:
        ParameterError: the flow's shape or a number is not usable.
    """
    flow = checked_flow(flow)
    field = _Field(np.where(np.abs(flow) < _FASTEST, flow, np.float32(np.nan)), checked_positive("still", still, "px"))
    spacing = checked_count("spacing", spacing, _FINEST)
    step = min(_STEP, spacing / 4)
    taken = _Taken(flow.shape[:2], spacing)
    lines: list[Points] = []
    for starts in _starts(flow.shape[:2], spacing / 2):
        starts = starts[taken.is_free(starts)]
        if not len(starts):
            continue
        paths, first, last = _grown(field, taken, starts, step)
        middle = paths.shape[1] // 2
        for i in np.argsort(first - last, kind="stable"):
            if last[i] - first[i] < _SHORTEST * spacing / step:
                break
            if not taken.is_free(starts[i : i + 1])[0]:
                continue
            line = taken.free_part(paths[i, first[i] : last[i] + 1], at=middle - first[i])
            if len(line) - 1 >= _SHORTEST * spacing / step:
                taken.take(line)
                lines.append(line)
    return lines


class _Field:
    """A flow, to be read between pixels."""

    def __init__(self, flow: NDArray[np.float32], still: float) -> None:
        # OpenCV reads one, three and four channels exactly, and two at the nearest 1/32 px only.
        u, v = cv2.split(flow)
        self._flow, self._still = cv2.merge([u, v, v]), still
        self.reach = sum(flow.shape[:2])

    def direction(self, at: Points) -> Points:
        """Return the unit vectors at positions (N,); 0 where the flow is unknown, still, or outside the picture."""
        place = at.view(np.float32).reshape(1, -1, 2)
        read = cv2.remap(  # type: ignore[call-overload]  # its stub does not know that the second map may be None
            self._flow, place, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=_OUTSIDE
        )
        vector: Points = read[..., :2].copy().view(np.complex64).ravel()
        speed = np.abs(vector)
        still = ~(speed >= self._still)  # NaN is still too
        vector[still], speed[still] = 0, 1
        vector /= speed
        return vector


class _Taken:
    """A map of what the lines so far have taken, in cells of a sixth of the spacing."""

    def __init__(self, shape: tuple[int, int], spacing: int) -> None:
        self._cell = spacing / _CELLS
        rows, self._stride = (int(size / self._cell) + 2 * _CELLS + 6 for size in shape)
        # A cell in the middle of the map has its centre in the middle of the picture, as the starts have.
        self._origin = np.array(
            [n // 2 + 0.5 - (size - 1) / 2 / self._cell for n, size in ((self._stride, shape[1]), (rows, shape[0]))],
            np.float32,
        )
        self._near = np.zeros(rows * self._stride, bool)  # a line may not go here: half the spacing from another
        self._beside = np.zeros_like(self._near)  # a line may not start here: less than the spacing from another
        self._around_near, self._around_beside = (self._disc(radius) for radius in (_CELLS / 2, _CELLS))

    def _disc(self, radius: float) -> NDArray[np.intp]:
        """Return the offsets of the cells that are nearer than `radius` cells, (N,)."""
        y, x = np.mgrid[-_CELLS : _CELLS + 1, -_CELLS : _CELLS + 1]
        nearer = x**2 + y**2 < radius**2
        offsets: NDArray[np.intp] = (y * self._stride + x)[nearer].astype(np.intp)
        return offsets

    def _cells(self, at: Points) -> NDArray[np.intp]:
        """Return the cells of positions (N,); the map has a margin of a spacing and more."""
        place = np.ascontiguousarray(at).view(np.float32).reshape(-1, 2) / self._cell
        # Whole numbers by cutting, which is rounding here since nothing is below 0.
        cell = (place + self._origin).astype(np.intp)
        cells: NDArray[np.intp] = cell[:, 1] * self._stride + cell[:, 0]
        return cells

    def is_free(self, starts: Points) -> NDArray[np.bool_]:
        """Return where a line may start, (N,)."""
        return ~self._beside[self._cells(starts)]

    def is_near(self, at: Points) -> NDArray[np.bool_]:
        """Return where a line has to end, (N,)."""
        near: NDArray[np.bool_] = self._near[self._cells(at)]
        return near

    def free_part(self, line: Points, at: int) -> Points:
        """Return the stretch of a line around its point `at`, a free start, that comes near no other line."""
        ends = np.flatnonzero(self.is_near(line))
        after = int(np.searchsorted(ends, at))
        return line[ends[after - 1] + 1 if after else 0 : ends[after] if after < len(ends) else None]

    def take(self, line: Points) -> None:
        """Mark what is near and beside a line as taken."""
        cells = self._cells(line)[:, None]
        self._near[cells + self._around_near] = True
        self._beside[cells + self._around_beside] = True


def _starts(shape: tuple[int, int], pitch: float) -> Iterator[Points]:
    """Yield points of a grid of `pitch` pixels around the picture's centre, coarse to fine, in batches all over it."""
    for level in _LEVELS:
        lines = []
        for size in shape:
            half = int((size - 1) / 2 / pitch) // level * level
            lines.append((size - 1) / 2 + pitch * np.arange(-half, half + 1, level))
        y, x = np.meshgrid(*lines, indexing="ij")
        grid: Points = (x + 1j * y).astype(np.complex64).ravel()
        batches = -(-len(grid) // _BATCH)
        yield from (grid[number::batches] for number in range(batches))


def _grown(
    field: _Field, taken: _Taken, starts: Points, step: float
) -> tuple[Points, NDArray[np.intp], NDArray[np.intp]]:
    """Return the lines through starts (N,) as far as they may go, grown both ways at once.

    A step is the midpoint rule (Runge-Kutta of order 2) in arc length: on a circle of radius r it drifts
    outwards by step^4 / 16 r^3, 0.0003 px at 40 px.

    Returns:
        Points (N, 2 K + 1), a line a row, upstream to downstream with the start in column K; the first and the
        last column each line fills, (N,).
    """
    whole, half = np.float32(step), np.float32(step / 2)  # so that all stays in single precision
    number = np.arange(2 * len(starts))  # downstream halves, then upstream ones
    sign = np.repeat(np.array([1, -1], np.float32), len(starts))
    at = np.tile(starts, 2)
    heading = sign * field.direction(at)
    turned = np.zeros(len(at), np.float32)
    steps = np.zeros(len(at), np.intp)
    trail: list[tuple[NDArray[np.intp], Points]] = []
    going = heading != 0
    for k in range(1, int(field.reach / step) + 1):
        if not going.all():
            number, sign, at, heading, turned = (of[going] for of in (number, sign, at, heading, turned))
        if not len(number):
            break
        middle = sign * field.direction(at + half * heading)
        at = at + whole * middle
        ahead = sign * field.direction(at)
        bend = ahead * heading.conj()
        # Half a turn each way closes a circle. A bend of more than 90 degrees is noise, or an edge of motion.
        going = (middle != 0) & (bend.real > 0) & (np.abs(turned) < np.pi) & ~taken.is_near(at)
        turned = turned + np.arctan2(bend.imag, bend.real)
        heading = ahead
        steps[number[going]] = k
        trail.append((number[going], at[going]))
    paths = np.zeros((len(starts), 2 * len(trail) + 1), np.complex64)
    paths[:, len(trail)] = starts
    for k, (number, at) in enumerate(trail, 1):
        upstream = number >= len(starts)
        paths[number % len(starts), len(trail) + np.where(upstream, -k, k)] = at
    return paths, len(trail) - steps[len(starts) :], len(trail) + steps[: len(starts)]


def _cover(lines: list[Points], shape: tuple[int, int], spacing: int, width: int) -> NDArray[np.uint8]:
    """Return how much of each pixel the lines and their heads cover, (H, W), 255 for wholly."""
    cover = np.zeros(shape, np.uint8)
    cv2.polylines(cover, [as_sixteenths(line) for line in lines], False, (255,), width, cv2.LINE_AA, SHIFT)
    tips, edges = [], []
    for line in lines:
        length = (len(line) - 1) * np.abs(line[1] - line[0])
        heads = max(1, round(length / (_HEAD_EVERY * spacing)))
        middles = ((len(line) - 1) * (np.arange(heads) + 0.5) / heads).astype(np.intp)
        towards = line[middles + 1] - line[middles]
        edges.append(_HEAD_LENGTH * width * towards / np.abs(towards))
        tips.append(line[middles] + edges[-1] / 2)
    if lines:
        fill_heads(cover, head_triangles(np.concatenate(tips), np.concatenate(edges)), (255,))
    return cover
