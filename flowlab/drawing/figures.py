"""Plotly figures. The only module that imports plotly."""

from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from flowlab.drawing.arrows import OUTLINE_COLOUR, OUTLINED_LENGTH, Arrows, arrow_grid
from flowlab.drawing.inputs import checked_flow, checked_positive
from flowlab.drawing.scales import ColourMap, colour_table

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

    Returns:
        A figure of one or two `go.Quiver` traces; the last one has an arrow for every known grid
        point and tells x, y, u, v and speed under the pointer.

    Raises:
        ParameterError: a shape or number is not usable.
    """
    flow = checked_flow(flow)
    gain, scale = checked_positive("gain", gain), checked_positive("scale", scale, "px")
    arrows = arrow_grid(flow, spacing)
    ink, paper = ("#E6E8EA", "rgba(18,22,26,0.82)") if dark else ("#1B1F23", "rgba(251,251,249,0.85)")
    traces = [_coloured(arrows, gain, scale, legend=_legend(scale, ink, paper) if legend else None)]
    if outline:
        traces.insert(0, _outline(arrows, gain))
    layout = _layout(picture_uri, *flow.shape[:2])
    layout["hoverlabel"] = {"bgcolor": paper, "bordercolor": ink, "font": {"color": ink, "size": 13}}
    return go.Figure(traces, layout)


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


def _coloured(arrows: Arrows, gain: float, scale: float, *, legend: dict[str, Any] | None) -> go.Quiver:
    """Return the arrows in the colours of their speed, with what they say under the pointer."""
    return _quiver(
        arrows,
        gain,
        uid="arrows",
        name="",
        customdata=np.stack([arrows.u, arrows.v], axis=1),
        hovertemplate=(
            "x %{x}  y %{y}<br>u %{customdata[0]:.2f}  v %{customdata[1]:.2f} px<br>"
            "speed %{marker.color:.2f} px<extra></extra>"
        ),
        marker={
            "color": arrows.speed,
            "cmin": 0,
            "cmax": scale,
            "colorscale": _colour_stops(ColourMap.SPEED),
            "showscale": legend is not None,
            "colorbar": legend,
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


def _colour_stops(colour_map: ColourMap, stops: int = 16) -> list[list[Any]]:
    """Return a colour map as Plotly writes one, so that plot and picture agree."""
    steps = np.rint(np.linspace(0, 255, stops)).astype(int)
    return [[step / 255, "rgb({},{},{})".format(*colour_table(colour_map)[step])] for step in steps.tolist()]


def _legend(scale: float, ink: str, paper: str) -> dict[str, Any]:
    """Return a short horizontal colour bar inside the picture's lower left corner."""
    font = {"color": ink, "size": 12}
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
        "ticktext": ["0", f"{scale / 2:g}", f"{scale:g} px"],
        "tickangle": 0,
        "ticklabeloverflow": "allow",
        "tickfont": font,
        "bgcolor": paper,
        "outlinewidth": 0,
    }


def _layout(picture_uri: str, height: int, width: int) -> dict[str, Any]:
    """Return a layout that is the picture: pixel centres at whole numbers, y down, never distorted."""
    nothing = "rgba(0,0,0,0)"
    across, down = (-0.5, width - 0.5), (-0.5, height - 0.5)
    hidden = {"visible": False, "constrain": "domain"}
    return {
        "template": go.layout.Template(),
        "images": [
            {
                "source": picture_uri,
                "xref": "x",
                "yref": "y",
                "x": across[0],
                "y": down[0],
                "sizex": width,
                "sizey": height,
                "sizing": "stretch",
                "layer": "below",
            }
        ],
        "xaxis": {
            **hidden,
            "range": list(across),
            "minallowed": across[0],
            "maxallowed": across[1],
            # In a box of another shape the picture stays beside its legend.
            "constraintoward": "left",
        },
        "yaxis": {
            **hidden,
            "range": list(reversed(down)),
            "minallowed": down[0],
            "maxallowed": down[1],
            "scaleanchor": "x",
            "constraintoward": "top",
        },
        "margin": {"l": 0, "r": 0, "t": 0, "b": 0},
        "paper_bgcolor": nothing,
        "plot_bgcolor": nothing,
        "showlegend": False,
        "hovermode": "closest",
        "uirevision": f"{width}x{height}",
    }
