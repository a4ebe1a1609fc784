"""Arrows over a picture, as a Plotly figure."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from flowlab.drawing.arrows import OUTLINE_COLOUR, OUTLINED_LENGTH, Arrows, arrow_grid
from flowlab.drawing.inks import Inks, inks, plain
from flowlab.drawing.inputs import checked_flow, checked_positive
from flowlab.drawing.picture_layout import picture_layout
from flowlab.drawing.scales import ColourMap, colour_table
from flowlab.errors import ParameterError, shown

_LINE_WIDTH = 1.6
_HEAD_SIZE = 1.1
_OUTLINE_WIDTH = 3.2

# Plotly 7.1 rounds u and v to whole screen pixels BEFORE it multiplies by lengthfactor: 0.4 px with
# a gain of 8 would be drawn as nothing. Handed over 1024 times too long and shortened again, the
# rounding falls on what nobody sees.
_FINENESS = 1024


Figure = go.Figure


def empty_figure() -> go.Figure:
    """Return a figure without anything in it."""
    return go.Figure(layout={"margin": {"l": 0, "r": 0, "t": 0, "b": 0}, "height": 20})


def arrows_figure(
    picture_uri: str,
    flow: NDArray[Any],
    *,
    spacing: int,
    gain: float,
    scale: float,
    dark: bool = False,
    outline: bool = True,
    legend: bool = True,
    extra: Mapping[str, NDArray[Any]] | None = None,
    unit: str = "px",
    per_px: float = 1.0,
    outlines: Sequence[tuple[Sequence[tuple[float, float]], bool]] = (),
) -> go.Figure:
    """Return the flow as arrows over its first picture, to zoom into and to point at.

    The figure holds the picture and nothing around it: give it the picture's aspect ratio. Zoom
    survives a change of frame or parameters, since everything a person can move is keyed on the
    picture's size alone.

    Args:
        picture_uri: the picture as a data URI ("data:image/jpeg;base64,..."), stretched to the flow's size.
        flow: (H, W, 2), pixels. Unknown vectors have no arrow.
        spacing: pixels between arrows, at least 1. Browsers slow down beyond about 2,000 arrows:
            see `pixels.arrow_count`, and `pixels.draw_arrows` for more.
        gain: length drawn for a displacement of 1 px, picture pixels, above 0.
        scale: speed of the last colour, pixels, above 0: fixed, whatever this flow holds.
        dark: whether the page is dark; colours of legend and hover text follow.
        outline: whether arrows have a dark rim, without which they drown in busy pictures. It costs the
            browser about half as much again.
        legend: whether the colour scale lies in the picture's lower left corner.
        extra: further numbers for the text under the pointer, name -> (H, W), pixels; not finite reads "–".
        unit: in which u, v and speed are told, in the text and the legend; arrows stay as they are.
        per_px: how many of it a displacement of 1 px is, above 0.
        outlines: lines to draw on the picture: (points (x, y) in pixels, whether dashed).

    Returns:
        A figure of one or two `go.Quiver` traces; the last one has an arrow for every known grid
        point and tells x, y, u, v and speed under the pointer.

    Raises:
        ParameterError: a shape or number is not usable.
    """
    flow = checked_flow(flow)
    gain, scale = checked_positive("gain", gain), checked_positive("scale", scale, "px")
    per_px = checked_positive("per_px", per_px)
    further = {name: _checked_extra(name, values, flow) for name, values in (extra or {}).items()}
    arrows = arrow_grid(flow, spacing)
    ink = inks(dark)
    traces = [_coloured(arrows, gain, scale * per_px, per_px, _told(arrows, further, unit, per_px))]
    if legend:
        traces[0].marker.update(showscale=True, colorbar=_legend(scale * per_px, unit, ink))
    if outline:
        traces.insert(0, _outline(arrows, gain))
    return go.Figure(traces, picture_layout(picture_uri, *flow.shape[:2], dark=dark, outlines=outlines))


def _quiver(arrows: Arrows, gain: float, **more: Any) -> go.Quiver:
    """Return arrows of true direction and of length gain * displacement in the picture's pixels."""
    return go.Quiver(
        x=arrows.x,
        y=arrows.y,
        u=arrows.u * _FINENESS,
        v=arrows.v * _FINENESS,
        arrowref="data",
        lengthmode="raw",
        lengthfactor=gain / _FINENESS,
        anchor="tail",
        showlegend=False,
        **more,
    )


def _checked_extra(name: str, values: NDArray[Any], flow: NDArray[np.float32]) -> NDArray[Any]:
    """Return values (H, W); raise ParameterError where they are not of the flow's size."""
    if values.shape != flow.shape[:2]:
        raise ParameterError(f"{shown(name)} has shape {values.shape}: give {flow.shape[:2]}, the flow's")
    return values


def _told(arrows: Arrows, further: Mapping[str, NDArray[Any]], unit: str, per_px: float) -> dict[str, Any]:
    """Return what each arrow says under the pointer, as Plotly's customdata and hovertemplate.

    Displacements travel as a typed array. With further numbers every row is written out instead, in
    two decimals, since a typed array could say unknown only as "NaN": that is as short.
    """
    number = ".2f" if unit == "px" else ".4~r"
    uv = np.stack([arrows.u, arrows.v], axis=1) * np.float32(per_px)
    lines = [
        "x %{x}  y %{y}",
        f"u %{{customdata[0]:{number}}}  v %{{customdata[1]:{number}}} {unit}",
        f"speed %{{marker.color:{number}}} {unit}",
    ]
    rows: NDArray[np.float32] | list[list[Any]] = uv
    if further:
        columns = [values[arrows.y, arrows.x].tolist() for values in further.values()]
        written = [[f"{value:.2f}" if math.isfinite(value) else "–" for value in column] for column in columns]
        # Four digits that mean something are what the text shows at most.
        rows = [[*(float(f"{n:.4g}") for n in pair), *more] for pair, *more in zip(uv.tolist(), *written, strict=True)]
        lines += [f"{plain(name)} %{{customdata[{column}]}} px" for column, name in enumerate(further, 2)]
    return {"customdata": rows, "hovertemplate": "<br>".join(lines) + "<extra></extra>"}


def _coloured(arrows: Arrows, gain: float, scale: float, per_px: float, told: dict[str, Any]) -> go.Quiver:
    """Return the arrows in the colours of their speed, with what they say under the pointer."""
    return _quiver(
        arrows,
        gain,
        uid="arrows",
        name="",
        **told,
        marker={
            "color": arrows.speed * np.float32(per_px),
            "cmin": 0,
            "cmax": scale,
            "colorscale": colour_stops(ColourMap.SPEED),
            "showscale": False,
            "arrowsize": _HEAD_SIZE,
            "line": {"width": _LINE_WIDTH},
        },
    )


def _outline(arrows: Arrows, gain: float) -> go.Quiver:
    """Return the dark rim beneath the arrows that are long enough to have one."""
    long = gain * arrows.speed >= OUTLINED_LENGTH
    shown = Arrows(arrows.x[long], arrows.y[long], arrows.u[long], arrows.v[long])
    return _quiver(
        shown,
        gain,
        uid="outline",
        hoverinfo="skip",
        marker={
            "color": f"rgba{(*OUTLINE_COLOUR, 0.7)}",
            # Heads are sized in line widths: the same head under a wider line.
            "arrowsize": _HEAD_SIZE * _LINE_WIDTH / _OUTLINE_WIDTH,
            "line": {"width": _OUTLINE_WIDTH},
        },
    )


def colour_stops(colour_map: ColourMap, stops: int = 16) -> list[list[Any]]:
    """Return a colour map as Plotly writes one, so that plot and picture agree."""
    steps = np.rint(np.linspace(0, 255, stops)).astype(int)
    return [[step / 255, "rgb({},{},{})".format(*colour_table(colour_map)[step])] for step in steps.tolist()]


def _legend(scale: float, unit: str, ink: Inks) -> dict[str, Any]:
    """Return a short horizontal colour bar inside the picture's lower left corner."""
    font = {"color": ink.text, "size": 12}
    return {
        "orientation": "h",
        "x": 0.01,
        "xanchor": "left",
        "y": 0.015,
        "yanchor": "bottom",
        "lenmode": "pixels",
        "len": 170,
        "thickness": 10,
        "xpad": 24,
        "ypad": 6,
        "tickvals": [0, scale / 2, scale],
        "ticktext": ["0", f"{scale / 2:.4g}", f"{scale:.4g} {unit}"],
        "tickangle": 0,
        "ticklabeloverflow": "allow",
        "tickfont": font,
        "bgcolor": ink.paper,
        "outlinewidth": 0,
    }
