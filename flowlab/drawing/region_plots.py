"""A tracked region over time, and how well it was tracked, as Plotly figures.

Numbers come in measured (`region_inputs`); here they are only drawn, in the look of `plots`.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from flowlab.drawing.curves import curve, evenly, series_of
from flowlab.drawing.inks import FURTHER_COLOURS, QUANTITY_COLOURS, inks, plain
from flowlab.drawing.plot_layout import NUMBER, plot_layout, upright_line
from flowlab.drawing.region_colours import STATE_COLOURS, colours_of
from flowlab.drawing.region_inputs import RegionCourse, ScoredCurve
from flowlab.drawing.stacked import stacked_layout
from flowlab.errors import ParameterError

Array = NDArray[np.float32]

COURSE_COLOURS: Mapping[str, str] = {
    "x": QUANTITY_COLOURS["u"],
    "y": QUANTITY_COLOURS["v"],
    "scale": FURTHER_COLOURS[1],
    "rotation": FURTHER_COLOURS[2],
    "shear": FURTHER_COLOURS[0],
    "ncc": FURTHER_COLOURS[4],
}
"""Of what is known of a region: x and y have those of u and v."""

_PANELS = (
    ("position (px)", ("x", "y"), "px"),
    ("scale (×)", ("scale",), "×"),
    ("rotation (°, clockwise)", ("rotation",), "°"),
    ("shear", ("shear",), ""),
    ("NCC with the template", ("ncc",), ""),
)
_HEIGHTS = (92, 62, 62, 62, 70, 16)
_MOST_BANDS = 360
_BELIEVED = ("tracked", "keyframe")
_STATES = tuple(STATE_COLOURS)
_WORST = tuple(_STATES.index(state) for state in ("lost", "occluded", "keyframe", "tracked"))


def course_plot(
    course: RegionCourse,
    *,
    thresholds: Mapping[str, float] | None = None,
    truth: RegionCourse | None = None,
    now: float | None = None,
    dark: bool = False,
) -> go.Figure:
    """Return where a region was over time: position, scale, rotation, shear, likeness, and its state as a band.

    Where the tracker does not believe its own answer (occluded, lost) curves are thin and dotted. Keyframes are marked
    by dotted upright lines.

    Args:
        course: what is known, frame by frame.
        thresholds: name -> likeness below which the tracker changes its mind.
        truth: the same for what is true, drawn dashed; its likeness and state do not matter.
        now: the frame that is looked at, marked in the contrast colour.
        dark: whether the page is dark.
    """
    frame, ink = series_of("frame", course.frame), inks(dark)
    picked, state = evenly(len(frame)), np.asarray(course.state, np.intp)
    believed = np.isin(state, [_STATES.index(name) for name in _BELIEVED])
    titles = [title for title, _, _ in _PANELS]
    layout = stacked_layout([*titles, ""], _HEIGHTS, x_title="frame", unit_before="frame", dark=dark)
    traces: list[Any] = []
    for number, (_, names, unit) in enumerate(_PANELS):
        axis = "y" + (str(number + 1) if number else "")
        for name in names:
            for line in _two_ways(name, frame, series_of(name, getattr(course, name)), believed, picked, unit):
                traces.append(line.update(yaxis=axis))
            if truth is not None and name != "ncc":
                traces.append(_true_line(name, truth, unit).update(yaxis=axis))
    band = f"y{len(_HEIGHTS)}"
    traces += [trace.update(yaxis=band) for trace in (_bands(frame, state), *_entries(state))]
    layout["yaxis5"] |= {"range": [min(0.0, _least(course.ncc)) - 0.04, 1.04], "tickvals": [0, 0.5, 1]}
    hidden = {"range": [0, 1], "showticklabels": False, "showgrid": False, "zeroline": False, "fixedrange": True}
    layout[f"yaxis{len(_HEIGHTS)}"] |= hidden
    layout["shapes"] = [
        upright_line(float(at), ink.text, "dot") | {"line": {"color": ink.text, "width": 0.8, "dash": "dot"}}
        for at in frame[state == _STATES.index("keyframe")][:_MOST_BANDS]
    ]
    for name, value in (thresholds or {}).items():
        layout["shapes"].append(_level_line(value, ink.text))
        side = "top" if value < max((thresholds or {}).values()) else "bottom"  # two near one another stay apart
        layout["annotations"].append(_level_words(f"{name} {value:g}", value, ink.text, side))
    if now is not None:
        layout["shapes"].append(upright_line(float(now), ink.look))
    half = 0.5 * (float(np.median(np.diff(frame))) if len(frame) > 1 else 1)
    layout["xaxis"]["range"] = [float(frame[0]) - half, float(frame[-1]) + half]
    layout |= {"barmode": "overlay", "bargap": 0, "showlegend": True}
    return go.Figure(traces, layout)


def _least(values: ArrayLike) -> float:
    known = [value for value in series_of("ncc", values).tolist() if np.isfinite(value)]
    return max(-1.0, min(known, default=0.0))


def _two_ways(
    name: str, frame: Array, values: Array, believed: NDArray[np.bool_], picked: NDArray[np.intp], unit: str
) -> Iterator[go.Scatter]:
    """Yield the curve of a quantity where it is believed, and a thin one that joins it where it is not."""
    colour, shown = COURSE_COLOURS[name], "NCC" if name == "ncc" else name
    solid = np.where(believed, values, np.float32(np.nan))
    yield curve(shown, frame[picked], solid[picked], colour=colour, unit=unit).update(
        mode="lines+markers", marker={"color": colour, "size": 2.5}, showlegend=name in ("x", "y")
    )
    if believed.all():
        return
    doubtful = ~believed
    joined = doubtful | np.roll(doubtful, 1) | np.roll(doubtful, -1)
    joined[[0, -1]] = doubtful[[0, -1]] | doubtful[[min(1, len(doubtful) - 1), -min(2, len(doubtful))]]
    thin = np.where(joined, values, np.float32(np.nan))
    faint = curve(f"{shown}, not believed", frame[picked], thin[picked], colour=colour, unit=unit, dash="dot", width=1)
    # Where the two meet, the pointer is told the believed one.
    told = np.where(doubtful, values, np.float32(np.nan))[picked]
    yield faint.update(
        showlegend=False, customdata=told, hovertemplate=f"%{{customdata:{NUMBER}}} {unit}", hoverinfo="skip"
        if not np.isfinite(told).any() else None,
    )  # fmt: skip


def _true_line(name: str, truth: RegionCourse, unit: str) -> go.Scatter:
    frame = series_of("frame", truth.frame)
    picked = evenly(len(frame))
    values = series_of(name, getattr(truth, name))[picked]
    line = curve(f"true {name}", frame[picked], values, colour=COURSE_COLOURS[name], unit=unit, dash="dash", width=1.3)
    return line.update(showlegend=name == "x", name="true" if name == "x" else f"true {name}")


def _level_line(value: float, colour: str) -> dict[str, Any]:
    """Return a threshold across the panel of likeness."""
    return {
        "type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y5", "y0": value, "y1": value,
        "line": {"color": colour, "width": 1, "dash": "dash"},
    }  # fmt: skip


def _level_words(words: str, value: float, colour: str, side: str) -> dict[str, Any]:
    return {
        "text": plain(words), "xref": "paper", "x": 1, "xanchor": "right", "yref": "y5", "y": value,
        "yanchor": side, "showarrow": False, "font": {"color": colour, "size": 10},
    }  # fmt: skip


def _bands(frame: Array, state: NDArray[np.intp]) -> go.Bar:
    """Return a bar for each run of frames in one state, in its colour."""
    starts = np.flatnonzero(np.r_[True, state[1:] != state[:-1]])
    codes = state[starts]
    if len(starts) > _MOST_BANDS:  # so many changes cannot be seen: a bar tells the worst of its frames
        starts = np.unique(np.linspace(0, len(state), _MOST_BANDS, endpoint=False).astype(np.intp))
        codes = np.asarray(_WORST)[np.minimum.reduceat(np.argsort(_WORST)[state], starts)]
    steps = np.r_[np.diff(frame), np.float32(1)]
    ends = np.r_[starts[1:], len(state)] - 1
    left, right = frame[starts] - steps[starts] / 2, frame[ends] + steps[ends] / 2
    names = [_STATES[code] for code in codes.tolist()]
    runs = [
        name if a == b else f"{name}, frames {a:.0f} to {b:.0f}"
        for name, a, b in zip(names, frame[starts].tolist(), frame[ends].tolist(), strict=True)
    ]
    return go.Bar(
        name="state",
        x=(left + right) / 2,
        y=np.ones(len(starts), np.float32),
        width=right - left,
        customdata=runs,
        marker={"color": [STATE_COLOURS[name] for name in names], "line": {"width": 0}},
        hovertemplate="%{customdata}",
        showlegend=False,
    )


def _entries(state: NDArray[np.intp]) -> Iterator[go.Scatter]:
    """Yield what stands in the legend for each state that occurs, and has no place in the plot."""
    for code, (name, colour) in enumerate(STATE_COLOURS.items()):
        if (state == code).any():
            square = {"color": colour, "symbol": "square", "size": 10}
            yield go.Scatter(x=[None], y=[None], name=name, mode="markers", marker=square, hoverinfo="skip")


def success_plot(curves: Sequence[ScoredCurve], *, dark: bool = False) -> go.Figure:
    """Return which share of the frames has an overlap above a threshold; the legend tells the area under it.

    Source: Wu, Lim & Yang (2013), "Online Object Tracking: A Benchmark".

    Args:
        curves: one a tracker, thresholds of the overlap (IoU) 0 .. 1.
        dark: whether the page is dark.

    Raises:
        ParameterError: there is no curve.
    """
    return _scored(curves, "overlap threshold (IoU)", "frames that pass (%)", "AUC {:.3f}", dark)


def precision_plot(curves: Sequence[ScoredCurve], *, at: float = 20, dark: bool = False) -> go.Figure:
    """Return which share of the frames has its centre within a distance of the true one; the legend tells it at 20 px.

    Source: Wu, Lim & Yang (2013), "Online Object Tracking: A Benchmark".

    Args:
        curves: one a tracker, thresholds in px.
        at: px, where the score is read: marked.
        dark: whether the page is dark.

    Raises:
        ParameterError: there is no curve.
    """
    score = f"{{:.1%}} at {at:g} px"
    figure = _scored(curves, "centre error threshold (px)", "frames that pass (%)", score, dark)
    return figure.update_layout(shapes=[upright_line(at, inks(dark).text, "dot")])


def _scored(curves: Sequence[ScoredCurve], x_title: str, y_title: str, score: str, dark: bool) -> go.Figure:
    if not curves:
        raise ParameterError("there is no curve to draw: give one tracker or more")
    traces = []
    for one, colour in zip(curves, colours_of([one.name for one in curves]), strict=True):
        x, y = series_of("threshold", one.threshold), series_of("share", one.share)
        dash = "dash" if one.dashed else "solid"
        picked = evenly(len(x))
        line = curve("", x[picked], 100 * y[picked], colour=colour, unit="%", dash=dash, width=2.4)
        helped = " with keyframes" if one.dashed else ""
        traces.append(line.update(name=plain(f"{one.name}{helped} · {score.format(one.score)}")))
    layout = plot_layout(dark, x_title, y_title)
    layout["yaxis"] |= {"range": [0, 103], "dtick": 25}
    layout["xaxis"] |= {"rangemode": "tozero", "unifiedhovertitle": {"text": f"threshold %{{x:{NUMBER}}}"}}
    layout |= {"hovermode": "x unified", "showlegend": True}
    return go.Figure(traces, layout)


def corner_error_plot(
    frame: ArrayLike, errors: Sequence[tuple[str, ArrayLike, bool]], *, dark: bool = False
) -> go.Figure:
    """Return how far a region's farthest corner is from its true place over time, on a log axis.

    Args:
        frame: (N,) rising numbers of the frames.
        errors: (name of the tracker, (N,) px, whether it had help such as keyframes); NaN leaves a gap.
        dark: whether the page is dark.

    Raises:
        ParameterError: there is none, or one is not as long as `frame`.
    """
    if not errors:
        raise ParameterError("there is no curve to draw: give one tracker or more")
    number, traces = series_of("frame", frame), []
    picked = evenly(len(number))
    for (name, values, helped), colour in zip(errors, colours_of([one[0] for one in errors]), strict=True):
        found = series_of("error", values, like=number)[picked]
        above = np.where(found > 0, found, np.float32(np.nan))  # a log axis has no place for 0
        line = curve("", number[picked], above, colour=colour, unit="px", dash="dash" if helped else "solid")
        traces.append(line.update(name=plain(name + " with keyframes" * helped)))
    layout = plot_layout(dark, "frame", "farthest corner (px)")
    layout["yaxis"] |= {"type": "log", "nticks": 6}
    layout["xaxis"]["unifiedhovertitle"] = {"text": f"frame %{{x:{NUMBER}}}"}
    layout |= {"hovermode": "x unified", "showlegend": True}
    return go.Figure(traces, layout)
