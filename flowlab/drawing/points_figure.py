"""Tracked points over a picture, as a Plotly figure: to zoom into, to point at and to click."""

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from flowlab.drawing.arrows import OUTLINE_COLOUR
from flowlab.drawing.ellipses import ellipse_outlines
from flowlab.drawing.inks import inks, plain
from flowlab.drawing.inputs import checked_count
from flowlab.drawing.picture_layout import picture_layout
from flowlab.drawing.point_inputs import (
    checked_colours,
    checked_outline,
    checked_points,
    checked_selected,
    checked_trails,
    up_to_points,
)
from flowlab.errors import ParameterError

Told = tuple[str, str, str | None]
"""A number under the pointer: its name, its format in Python's words (".2f"; "d" is a whole number) and its unit;
None for a unit means that the next number stands on the same line and has the same one."""

_MARKER_SIZE = 7.0  # screen pixels, as all that follows
_RING_SIZE = 18.0
_TRAIL_WIDTH = 1.8
_RIM = f"rgb{OUTLINE_COLOUR}"
_HUE_BINS = 11  # and one for greys: a browser draws twelve lines of many pieces as fast as one
_GREY = 24  # a colour whose channels differ by less has no hue
_ELLIPSE_CORNERS = 16
_ELLIPSE_LINE, _ELLIPSE_GROUND = "rgba(255,255,255,0.9)", f"rgba{(*OUTLINE_COLOUR, 0.35)}"


def points_figure(
    picture_uri: str,
    width: int,
    height: int,
    xy: ArrayLike,
    *,
    colours: NDArray[np.uint8],
    hover: Sequence[Told],
    numbers: ArrayLike,
    trails: ArrayLike | None = None,
    covariances: ArrayLike | None = None,
    ellipse_scale: float = 1.0,
    outline: ArrayLike | None = None,
    selected: int | None = None,
    dark: bool = False,
) -> go.Figure:
    """Return points over their picture, each at the end of its trail and inside the region that holds it.

    The figure holds the picture and nothing around it: give it the picture's aspect ratio. Zoom
    survives a change of frame, since everything a person can move is keyed on the picture's size alone.
    A point that is not finite is left out.

    Args:
        picture_uri: the picture as a data URI ("data:image/jpeg;base64,..."), stretched to the size given.
        width: of the picture, pixels.
        height: of the picture, pixels.
        xy: (N, 2), pixels.
        colours: (N, 3) uint8, red first.
        hover: what each column of `numbers` is called under the pointer, and how its numbers are written:
            [("track", "d", ""), ("x", ".2f", None), ("y", ".2f", "px")] reads "track 7", and "x 1.50  y 2.25 px" below.
        numbers: (N, C), one row a point. The first column is the track's number, by which a click tells the track;
            what is not finite reads "–".
        trails: (N, L, 2), pixels, oldest first, where each point was before; NaN leaves a gap. A trail ends at its
            point, whether or not that is its last position too. It has the hue of its point.
        covariances: (N, 3), (xx, xy, yy) of each position's error, pixels^2, drawn as the ellipse that holds the
            true position 95 times in a hundred; what is not finite draws none.
        ellipse_scale: times its true size each ellipse is drawn, above 0.
        outline: (M, 2), pixels, corners of a closed line in the contrast colour; one that is not finite draws none.
        selected: index of a point to draw a ring around.
        dark: whether the page is dark; hover text and contrast colour follow.

    Returns:
        A figure of `go.Scatter` traces; the one named "points" has a marker for each point, the track's
        number first in its customdata. No other trace answers to the pointer.

    Raises:
        ParameterError: a shape, type or number is not usable.
    """
    width, height = checked_count("width", width), checked_count("height", height)
    points = checked_points("xy", xy)
    colours, trails = checked_colours(colours, len(points)), checked_trails(trails, len(points))
    rows = _written(numbers, hover, len(points))
    chosen = points[np.arange(len(points)) == checked_selected(selected, len(points))]
    traces = []
    if covariances is not None:
        traces.append(_ellipses(ellipse_outlines(points, covariances, ellipse_scale, _ELLIPSE_CORNERS)))
    known = np.flatnonzero(np.isfinite(points).all(axis=1))
    if trails.shape[1]:
        traces += _trail_lines(points[known], trails[known], colours[known])
    told = [rows[i] for i in known.tolist()]
    traces.append(_markers(points[known], colours[known], told, _template(hover)))
    traces += [_ring("rim", chosen, _RIM, 5.0), _ring("ring", chosen, inks(dark).look, 2.5)]
    corners = checked_outline(outline).tolist()
    closed = [([*corners, corners[0]], False)] if corners else []
    return go.Figure(traces, picture_layout(picture_uri, height, width, dark=dark, outlines=closed))


def _markers(
    points: NDArray[np.float32], colours: NDArray[np.uint8], rows: list[list[Any]], template: str
) -> go.Scatter:
    """Return the points: in SVG, since without a graphics card WebGL takes longer to start than 500 markers to draw."""
    return go.Scatter(
        name="points",
        mode="markers",
        x=points[:, 0],
        y=points[:, 1],
        marker={
            "color": [_css(colour) for colour in colours],
            "size": _MARKER_SIZE,
            "opacity": 1,
            "line": {"color": _RIM, "width": 1},
        },
        customdata=rows,
        hovertemplate=template,
    )


def _ring(name: str, points: NDArray[np.float32], colour: str, width: float) -> go.Scatter:
    """Return a ring around each of the points that are chosen."""
    return go.Scatter(
        name=name,
        mode="markers",
        x=points[:, 0],
        y=points[:, 1],
        marker={"symbol": "circle-open", "size": _RING_SIZE, "color": colour, "opacity": 1, "line": {"width": width}},
        hoverinfo="skip",
    )


def _lines(name: str, paths: NDArray[np.float32], line: dict[str, Any], **more: Any) -> go.Scatter:
    """Return paths (N, L, 2) as one trace, with a gap after each and where they are not finite."""
    gapped = np.concatenate([paths, np.full((len(paths), 1, 2), np.nan, np.float32)], axis=1).reshape(-1, 2)
    known = np.isfinite(gapped).all(axis=1)
    # One gap is enough, however long the stretch without a position.
    x, y = np.where(known[:, None], gapped, np.nan)[known | np.append(True, known[:-1])].T
    return go.Scatter(
        name=name, mode="lines", x=x, y=y, connectgaps=False, line={**line, "simplify": False}, hoverinfo="skip", **more
    )


def _trail_lines(
    points: NDArray[np.float32], trails: NDArray[np.float32], colours: NDArray[np.uint8]
) -> list[go.Scatter]:
    """Return the trails, a trace for each range of hues: a line of Plotly's has one colour."""
    paths = up_to_points(trails, points)
    traces = []
    for bin_, alike in _by_hue(colours):
        colour = _css(colours[alike].mean(axis=0))
        traces.append(_lines(f"trails-{bin_}", paths[alike], {"color": colour, "width": _TRAIL_WIDTH}))
    return traces


def _by_hue(colours: NDArray[np.uint8]) -> list[tuple[int, NDArray[np.intp]]]:
    """Return the ranges of hue that occur, each by its number, with the indices of their colours."""
    if not len(colours):
        return []
    hue = cv2.cvtColor(colours[None], cv2.COLOR_RGB2HSV_FULL)[0, :, 0].astype(np.intp)
    bins = np.where(np.ptp(colours, axis=1) < _GREY, _HUE_BINS, hue * _HUE_BINS // 256)
    return [(int(number), np.flatnonzero(bins == number)) for number in np.unique(bins)]


def _ellipses(outlines: NDArray[np.float32]) -> go.Scatter:
    """Return the ellipses as one trace: pale lines on a dark haze, to be seen on any picture."""
    known = outlines[np.isfinite(outlines).all(axis=(1, 2))]
    line = {"color": _ELLIPSE_LINE, "width": 1.2}
    return _lines("ellipses", known, line, fill="toself", fillcolor=_ELLIPSE_GROUND)


def _css(colour: NDArray[Any]) -> str:
    """Return a colour (3,), 0..255, as CSS writes it."""
    return "#{:02x}{:02x}{:02x}".format(*np.rint(colour).astype(int).tolist())


def _written(numbers: ArrayLike, hover: Sequence[Told], count: int) -> list[list[Any]]:
    """Return what each point says: whole numbers as numbers, the others as text, since Plotly writes NaN as "NaN".

    Raises:
        ParameterError: there is not a row for each point and a column for each name, or tracks have no number.
    """
    table = np.asarray(numbers, np.float64)
    if not count and not table.size:
        table = np.zeros((0, len(hover)))
    if table.shape != (count, len(hover)):
        raise ParameterError(f"numbers has shape {table.shape}: give ({count}, {len(hover)}), as many columns as names")
    if not hover or hover[0][1] != "d" or not np.isfinite(table[:, 0]).all():
        raise ParameterError("the first column of numbers is not the track's number: give it first, with format ‘d’")
    return [[_number(value, form) for value, (_, form, _) in zip(row, hover, strict=True)] for row in table.tolist()]


def _number(value: float, form: str) -> int | str:
    """Return a number as it stands in the figure's customdata."""
    if not math.isfinite(value):
        return "–"
    return round(value) if form == "d" else format(value, form)


def _template(hover: Sequence[Told]) -> str:
    """Return the text under the pointer, as Plotly's hovertemplate."""
    words = []
    for column, (name, _, unit) in enumerate(hover):
        end = "  " if unit is None else f" {plain(unit)}<br>" if unit else "<br>"
        words.append(f"{plain(name)} %{{customdata[{column}]}}{end}")
    return "".join(words).removesuffix("<br>").rstrip() + "<extra></extra>"
