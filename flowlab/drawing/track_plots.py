"""Curves and bars about tracks, as Plotly figures: how many live, for how long, why they end, where the camera went.

Numbers come in counted and measured; here they are only drawn, in the look of `plots`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from flowlab.drawing.curves import curve, evenly, series_of
from flowlab.drawing.inks import Inks, inks, plain
from flowlab.drawing.plot_layout import NUMBER, plot_layout, upright_line
from flowlab.drawing.scales import nice_scale
from flowlab.errors import ParameterError

ALIVE_COLOUR, BORN_COLOUR, ENDED_COLOUR = "#56B4E9", "#009E73", "#CC79A7"
"""Colours of Okabe & Ito (2008): sky blue, bluish green, reddish purple; the same in every plot of tracks."""

_HAZE = "rgba(86,180,233,0.18)"  # the sky blue, beneath its curve
_CHANGES = 0.26  # share of the height that births and ends have for themselves
_WHOLE = ",.0f"


def alive_plot(
    frames: ArrayLike,
    alive: ArrayLike,
    *,
    born: ArrayLike | None = None,
    ended: ArrayLike | None = None,
    cuts: Sequence[float] = (),
    now: float | None = None,
    dark: bool = False,
) -> go.Figure:
    """Return how many tracks live in each frame, and beneath it how many are born and how many end.

    Births and ends have a scale of their own, births up and ends down: beside hundreds that live they
    would not be seen. For the same reason the many of the first frame and of a cut may be taller than their panel;
    the pointer is told how many. In a long clip a bar stands for a few frames together, so that none is lost.

    Args:
        frames: (T,) rising numbers of the frames.
        alive: (T,) tracks alive in each.
        born: (T,) tracks that begin in each.
        ended: (T,) tracks that end in each.
        cuts: frames that begin a new scene, marked by dotted lines.
        now: the frame that is looked at, marked in the contrast colour.
        dark: whether the page is dark.

    Raises:
        ParameterError: a series is not as long as `frames`.
    """
    frame, ink = series_of("frames", frames), inks(dark)
    picked = evenly(len(frame))
    y = series_of("alive", alive, like=frame)[picked]
    traces: list[Any] = [curve("alive", frame[picked], y, colour=ALIVE_COLOUR, unit="tracks", width=2.5)]
    layout = plot_layout(dark, "frame", "tracks")
    for name, counts, colour, sign in (("born", born, BORN_COLOUR, 1), ("ended", ended, ENDED_COLOUR, -1)):
        if counts is not None:
            # Bars stand for all frames up to the next: thinned out like a curve, they would lose some.
            total = np.add.reduceat(series_of(name, counts, like=frame), picked)
            traces.append(_change_bars(name, frame[picked], sign * total, colour))
    if len(traces) > 1:
        upheavals = np.searchsorted(frame[picked], [frame[0], *cuts], side="right") - 1
        layout |= _two_panels(layout, _usual_most([bars.customdata for bars in traces[1:]], upheavals))
    layout["yaxis"]["rangemode"] = "tozero"
    layout["xaxis"]["unifiedhovertitle"] = {"text": f"frame %{{x:{_WHOLE}}}"}
    layout["shapes"] = [upright_line(float(cut), ink.text, "dot") for cut in cuts]
    layout["annotations"] = [_cut_word(float(cut), ink) for cut in cuts]
    if now is not None:
        layout["shapes"].append(upright_line(float(now), ink.look))
    layout |= {"hovermode": "x unified", "showlegend": len(traces) > 1}
    return go.Figure(traces, layout)


def _change_bars(name: str, x: NDArray[np.float32], y: NDArray[np.float32], colour: str) -> go.Bar:
    """Return bars of the lower panel, which tell their height without its sign."""
    return go.Bar(
        x=x,
        y=y,
        yaxis="y2",
        name=name,
        customdata=np.abs(y),
        marker={"color": colour, "line": {"width": 0}},
        hovertemplate=f"%{{customdata:{_WHOLE}}} tracks",
    )


def _usual_most(counts: Sequence[NDArray[np.float32]], upheavals: NDArray[np.intp]) -> float:
    """Return the largest of several counts (T,) apart from those at `upheavals`, unless there are no others."""
    usual = np.ones(len(counts[0]), bool)
    usual[upheavals] = False
    table = np.stack(counts)
    return float(table[:, usual].max(initial=0) or table.max())


def _two_panels(layout: dict[str, Any], most: float) -> dict[str, Any]:
    """Return what makes a plot one of two panels over one axis of frames; bars below reach `most` up or down."""
    end = nice_scale(most, smallest=1)
    lower = {
        **layout["yaxis"],
        "title": {},
        "domain": [0, _CHANGES],
        "range": [-1.1 * end, 1.1 * end],
        "tickvals": [-end, 0, end],
        "ticktext": [f"{end:g}", "0", f"{end:g}"],
        "tickfont": {"size": 11},
        "fixedrange": True,
    }
    upper = {**layout["yaxis"], "domain": [_CHANGES + 0.06, 1]}
    return {
        "yaxis": upper,
        "yaxis2": lower,
        "xaxis": {**layout["xaxis"], "anchor": "y2"},
        "barmode": "relative",
        "bargap": 0.15,
        "hoversubplots": "axis",
    }


def _cut_word(frame: float, ink: Inks) -> dict[str, Any]:
    """Return the word beside the mark of a scene cut."""
    return {
        "text": "cut",
        "x": frame,
        "yref": "paper",
        "y": 1,
        "yanchor": "top",
        "xanchor": "left",
        "showarrow": False,
        "font": {"color": ink.text, "size": 11},
    }


def survival_plot(ages: ArrayLike, share: ArrayLike, *, dark: bool = False) -> go.Figure:
    """Return which share of the tracks is still alive at an age: a staircase that only goes down.

    Args:
        ages: (N,) rising ages, frames since a track was born.
        share: (N,) of the tracks still alive at that age, 0..1.
        dark: whether the page is dark.

    Raises:
        ParameterError: the two differ in length.
    """
    age = series_of("ages", ages)
    picked = evenly(len(age))
    y = np.float32(100) * series_of("share", share, like=age)[picked]
    line = curve("still alive", age[picked], y, colour=ALIVE_COLOUR, unit="% still alive", width=2.5)
    line.update(line_shape="hv", fill="tozeroy", fillcolor=_HAZE)
    layout = plot_layout(dark, "age (frames)", "still alive (%)")
    layout["yaxis"] |= {"range": [0, 103], "dtick": 25}
    layout["xaxis"] |= {"rangemode": "tozero", "unifiedhovertitle": {"text": f"age %{{x:{_WHOLE}}} frames"}}
    layout["hovermode"] = "x unified"
    return go.Figure([line], layout)


def endings_plot(
    names: Sequence[str], counts: ArrayLike, colours: Sequence[str] | None = None, *, dark: bool = False
) -> go.Figure:
    """Return why tracks have ended, the first reason on top.

    Args:
        names: (N,) of the reasons.
        counts: (N,) tracks that ended for each.
        colours: (N,) CSS colours, where the reasons have colours of their own.
        dark: whether the page is dark.

    Raises:
        ParameterError: names, counts and colours are not equally many.
    """
    count, ink = series_of("counts", counts), inks(dark)
    for what, told in (("names", names), ("colours", colours)):
        if told is not None and len(told) != len(count):
            raise ParameterError(f"there are {len(told)} {what} and {len(count)} counts: give as many of both")
    share = 100 * count / max(float(count.sum()), 1.0)
    words = [plain(name) for name in names]
    bars = go.Bar(
        orientation="h",
        x=count,
        y=np.arange(len(count), dtype=np.float32),
        width=0.72,
        text=[f"{n:,.0f} · {part:.1f} %" for n, part in zip(count.tolist(), share.tolist(), strict=True)],
        textposition="auto",
        textangle=0,
        insidetextanchor="end",
        cliponaxis=False,
        customdata=words,
        marker={"color": ENDED_COLOUR if colours is None else list(colours), "line": {"width": 0}},
        outsidetextfont={"color": ink.text},
        hovertemplate="%{customdata}: %{text}<extra></extra>",
    )
    layout = plot_layout(dark, "tracks", "")
    layout["xaxis"] |= {"rangemode": "tozero", "showspikes": False}
    layout["yaxis"] |= {
        # Places and not names: two reasons of one name, or one that looks like a number, keep their bars.
        "tickvals": list(range(len(count))),
        "ticktext": words,
        "range": [len(count) - 0.5, -0.5],
        "showgrid": False,
        "zeroline": False,
        "ticklen": 4,
        "tickcolor": "rgba(0,0,0,0)",
    }
    layout["margin"] |= {"r": 24, "t": 12}
    return go.Figure([bars], layout)


def camera_path_plot(
    xy: ArrayLike, frames: ArrayLike, *, now: float | None = None, unit: str = "px", dark: bool = False
) -> go.Figure:
    """Return where the camera went, y down as in a picture and both axes of one scale.

    Args:
        xy: (T, 2), in `unit`; NaN leaves a gap.
        frames: (T,) number of the frame for each.
        now: the frame that is looked at, marked in the contrast colour; None, or one that is not there, has no mark.
        unit: of the path.
        dark: whether the page is dark.

    Raises:
        ParameterError: the path is not (T, 2), or there is not a frame for each of its points.
    """
    path = np.asarray(xy, np.float32)
    if path.ndim != 2 or path.shape[1] != 2 or not len(path):
        raise ParameterError(f"xy has shape {path.shape}: give (frames, 2), x before y, one frame or more")
    frame, ink = series_of("frames", frames, like=path), inks(dark)
    picked = evenly(len(path))
    line = curve("path", *path[picked].T, colour=ALIVE_COLOUR, unit=unit)
    line.update(customdata=frame[picked], hovertemplate=_place(unit))
    known = np.flatnonzero(np.isfinite(path).all(axis=1))
    traces = [line, _place_mark("start", path[known[:1]], frame[known[:1]], unit, ink.text, "circle-open")]
    here = known[frame[known] == now]
    traces.append(_place_mark("now", path[here], frame[here], unit, ink.look, "circle"))
    layout = plot_layout(dark, f"x ({unit})", f"y ({unit})")
    layout["xaxis"] |= {"showspikes": False, "constrain": "domain"}
    layout["yaxis"] |= {"autorange": "reversed", "scaleanchor": "x", "constrain": "domain"}
    layout |= {"hovermode": "closest", "showlegend": True}
    return go.Figure(traces, layout)


def _place(unit: str) -> str:
    """Return what a place of the path says under the pointer."""
    return f"frame %{{customdata:{_WHOLE}}}<br>x %{{x:{NUMBER}}}  y %{{y:{NUMBER}}} {plain(unit)}<extra></extra>"


def _place_mark(
    name: str, at: NDArray[np.float32], frame: NDArray[np.float32], unit: str, colour: str, symbol: str
) -> go.Scatter:
    """Return one place of the path, or none, that stands out."""
    return go.Scatter(
        name=name,
        mode="markers",
        x=at[:, 0],
        y=at[:, 1],
        customdata=frame,
        marker={"color": colour, "size": 10, "symbol": symbol, "line": {"width": 2, "color": colour}},
        hovertemplate=_place(unit),
    )


def calibration_plot(stated: ArrayLike, observed: ArrayLike, *, dark: bool = False) -> go.Figure:
    """Return how often the truth lies inside regions that are said to hold it with some probability.

    Args:
        stated: (N,) rising probabilities of the regions, 0..1.
        observed: (N,) share of the true positions inside them, 0..1. Below the diagonal the regions are too small.
        dark: whether the page is dark.

    Raises:
        ParameterError: the two differ in length.
    """
    said, ink = np.float32(100) * series_of("stated", stated), inks(dark)
    found = np.float32(100) * series_of("observed", observed, like=said)
    ends = np.array([0, 100], np.float32)
    ideal = curve("as it should be", ends, ends, colour=ink.text, unit="%", dash="dot", width=1.2)
    ideal.update(hoverinfo="skip", hovertemplate=None)
    line = curve("observed", said, found, colour=ink.look, unit="%", width=2.5)
    line.update(
        mode="lines+markers", hovertemplate=f"stated %{{x:{NUMBER}}} %: %{{y:{NUMBER}}} % inside<extra></extra>"
    )
    layout = plot_layout(dark, "stated probability (%)", "found inside (%)")
    for axis in ("xaxis", "yaxis"):
        layout[axis] |= {"range": [0, 103], "dtick": 25, "showspikes": False, "constrain": "domain"}
    layout["yaxis"]["scaleanchor"] = "x"
    layout |= {"hovermode": "closest", "showlegend": True}
    return go.Figure([ideal, line], layout)
