"""Curves and bars about a flow, as Plotly figures: directions, speeds, profiles, sparsification.

Numbers come in counted and measured; here they are only drawn. All figures share one look: no ground
of their own, small margins, units in the titles and under the pointer, zoom that survives an update.
"""

from collections.abc import Mapping

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike

from flowlab.drawing.curves import curve, evenly, series_of
from flowlab.drawing.figures import colour_stops
from flowlab.drawing.inks import FURTHER_COLOURS, QUANTITY_COLOURS, inks, plain
from flowlab.drawing.inputs import checked_positive
from flowlab.drawing.plot_layout import NOTHING, NUMBER, plot_layout, upright_line
from flowlab.drawing.scales import ColourMap, nice_scale
from flowlab.errors import ParameterError

_TRUE = "true "


def direction_rose(
    shares: ArrayLike, mean_speeds: ArrayLike, *, unit: str = "px", scale: float | None = None, of: str = "pixels",
    dark: bool = False,
) -> go.Figure:  # fmt: skip
    """Return a rose of directions: how many pixels move which way, and how fast.

    Args:
        shares: (N,) share of the pixels in each of N equal bins, 0..1. Bin k is centred on k * 360 / N degrees;
            0 is right, 90 down, as on the picture.
        mean_speeds: (N,) mean speed of each bin, in `unit`.
        unit: of the speeds.
        scale: speed of the last colour of `ColourMap.SPEED`, in `unit`, above 0; None: a round number above the
            fastest bin.
        of: what moves, in the plural.
        dark: whether the page is dark.

    Raises:
        ParameterError: the two differ in length, or the scale is not usable.
    """
    share, speed = series_of("shares", shares), series_of("mean_speeds", mean_speeds, like=shares)
    fastest = max((value for value in speed.tolist() if np.isfinite(value)), default=0.0)
    end = nice_scale(fastest) if scale is None else checked_positive("scale", scale, unit)
    rim, ink = nice_scale(100 * float(share.max()), smallest=1), inks(dark)
    bars = go.Barpolar(
        r=np.float32(100) * share,
        theta=np.linspace(0, 360, len(share), endpoint=False, dtype=np.float32),
        width=[360 / len(share)] * len(share),
        customdata=speed,
        marker={
            "color": speed,
            "cmin": 0,
            "cmax": end,
            "colorscale": colour_stops(ColourMap.SPEED),
            "line": {"color": ink.text, "width": 0.5},
            "colorbar": {
                "title": {"text": f"mean speed<br>({unit})", "font": {"size": 12}},
                "thickness": 10,
                "len": 0.9,
                "x": 1.02,
                "nticks": 5,
                "outlinewidth": 0,
            },
        },
        hovertemplate=(
            f"%{{theta:.0f}}°: %{{r:.1f}} % of the moving {plain(of)}<br>"
            f"mean speed %{{customdata:{NUMBER}}} {unit}<extra></extra>"
        ),
    )
    layout = plot_layout(dark)
    layout["margin"] = {"l": 44, "r": 8, "t": 26, "b": 26}
    layout["polar"] = {
        "bgcolor": NOTHING,
        "angularaxis": {
            "direction": "clockwise",
            "rotation": 0,
            "tickvals": [0, 90, 180, 270],
            "ticktext": ["right", "down", "left", "up"],
            "gridcolor": ink.faint,
            "linecolor": ink.faint,
        },
        "radialaxis": {"range": [0, rim], "tickvals": [rim / 2, rim], "angle": 45, "tickangle": 45,
                       "ticktext": [f"{rim / 2:g} %", f"{rim:g} %"],
                       "gridcolor": ink.faint, "linecolor": NOTHING, "ticklen": 0, "tickfont": {"size": 11}},
    }  # fmt: skip
    return go.Figure([bars], layout)


def speed_histogram(
    edges: ArrayLike,
    counts: ArrayLike,
    *,
    unit: str = "px",
    marks: Mapping[str, float] | None = None,
    of: str = "pixels",
    dark: bool = False,
) -> go.Figure:
    """Return a histogram of speeds.

    Args:
        edges: (N + 1,) rising edges of the bins, in `unit`.
        counts: (N,) pixels in each.
        unit: of the speeds.
        marks: names and speeds of vertical lines, for example {"median": 1.2, "95 %": 4.0}; those not finite are
            left out.
        of: what is counted, in the plural.
        dark: whether the page is dark.

    Raises:
        ParameterError: there is not one edge more than there are counts.
    """
    ends, pixels = series_of("edges", edges), series_of("counts", counts)
    if len(ends) != len(pixels) + 1:
        raise ParameterError(f"there are {len(ends)} edges and {len(pixels)} counts: give one edge more than counts")
    ink = inks(dark)
    total = max(float(pixels.sum()), 1.0)
    bars = go.Bar(
        x=(ends[:-1] + ends[1:]) / 2,
        y=np.float32(100 / total) * pixels,
        width=np.diff(ends),
        customdata=np.stack([ends[:-1], ends[1:], pixels], axis=1),
        marker={"color": QUANTITY_COLOURS["speed"], "line": {"width": 0}},
        hovertemplate=(
            f"%{{customdata[0]:{NUMBER}}} to %{{customdata[1]:{NUMBER}}} {unit}<br>"
            f"%{{y:.2~f}} %: %{{customdata[2]:,.0f}} {plain(of)}<extra></extra>"
        ),
    )
    layout = plot_layout(dark, f"speed ({unit})", f"share of {of} (%)")
    layout["bargap"] = 0
    layout["yaxis"]["rangemode"] = "tozero"
    layout["shapes"], layout["annotations"] = [], []
    known = {name: float(value) for name, value in (marks or {}).items() if np.isfinite(value)}
    for row, (name, value) in enumerate(sorted(known.items(), key=lambda mark: mark[1])):
        layout["shapes"].append(upright_line(value, ink.look))
        at_the_end = value > ends[0] + 0.7 * (ends[-1] - ends[0])
        layout["annotations"].append(
            {"text": f"{plain(name)} {value:.3g} {unit}", "x": value, "yref": "paper", "y": 1, "yshift": -17 * row,
             "yanchor": "top", "xanchor": "right" if at_the_end else "left", "showarrow": False,
             "bgcolor": ink.page, "borderpad": 1,
             "font": {"color": ink.look, "size": 12}}
        )  # fmt: skip
    return go.Figure([bars], layout)


def profile_plot(
    distance: ArrayLike,
    series: Mapping[str, ArrayLike],
    *,
    x_title: str,
    y_title: str,
    unit: str = "px",
    dark: bool = False,
) -> go.Figure:
    """Return quantities along a line, or over time, as curves.

    Args:
        distance: (N,) where on the line, or when.
        series: name -> (N,) values; NaN leaves a gap. "u", "v" and "speed" have colours of their own; "true u" has
            that of u and is dashed, and so on.
        x_title: of the axis, with its unit: "distance (px)".
        y_title: of the axis, with its unit.
        unit: of the values, told under the pointer.
        dark: whether the page is dark.

    Raises:
        ParameterError: a series is not as long as `distance`.
    """
    x = series_of("distance", distance)
    picked = evenly(len(x))
    traces, further = [], iter(FURTHER_COLOURS * (len(series) // len(FURTHER_COLOURS) + 1))
    for name, values in series.items():
        quantity = name.removeprefix(_TRUE)
        colour = QUANTITY_COLOURS.get(quantity) or next(further)
        dash = "dash" if name.startswith(_TRUE) else "solid"
        y = series_of(name, values, like=distance)[picked]
        traces.append(curve(name, x[picked], y, colour=colour, dash=dash, unit=unit))
    layout = plot_layout(dark, x_title, y_title)
    layout["xaxis"]["unifiedhovertitle"] = {"text": f"{plain(x_title)}: %{{x:{NUMBER}}}"}
    layout |= {"hovermode": "x unified", "showlegend": len(traces) > 1}
    return go.Figure(traces, layout)


def sparsification_plot(
    share_kept: ArrayLike,
    curves: Mapping[str, ArrayLike],
    oracle: ArrayLike,
    *,
    colours: Mapping[str, str] | None = None,
    unit: str = "px",
    dark: bool = False,
) -> go.Figure:
    """Return the error of what is kept against the share that is kept: the lower a curve, the better its measure.

    Args:
        share_kept: (N,) shares of the pixels, 0..1.
        curves: name of a measure of trust -> (N,) mean error of what it keeps; the first one stands out.
        oracle: (N,) the same, when the true error decides: no measure can be below it.
        colours: name of a curve -> its CSS colour, where it has one of its own elsewhere.
        unit: of the errors.
        dark: whether the page is dark.

    Raises:
        ParameterError: a curve is not as long as `share_kept`.
    """
    share = 100 * series_of("share_kept", share_kept)
    picked, ink = evenly(len(share)), inks(dark)
    traces = []
    for number, (name, values) in enumerate(curves.items()):
        y = series_of(name, values, like=share_kept)[picked]
        further = FURTHER_COLOURS[(number - 1) % len(FURTHER_COLOURS)] if number else ink.look
        colour = (colours or {}).get(name, further)
        traces.append(curve(name, share[picked], y, colour=colour, unit=unit, width=1.6 if number else 3.0))
    y = series_of("oracle", oracle, like=share_kept)[picked]
    traces.append(curve("best possible", share[picked], y, colour=ink.text, dash="dot", unit=unit, width=1.2))
    layout = plot_layout(dark, "share of pixels kept (%)", f"their mean error ({unit})")
    layout["xaxis"]["unifiedhovertitle"] = {"text": f"%{{x:{NUMBER}}} % kept"}
    layout["yaxis"]["rangemode"] = "tozero"
    layout["legend"] |= {"entrywidth": 112, "font": {"size": 11}}  # two columns on a telephone
    layout |= {"hovermode": "x unified", "showlegend": True}
    return go.Figure(traces, layout)
