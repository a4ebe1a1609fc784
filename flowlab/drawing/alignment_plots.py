"""How one template is aligned, and how well that works from afar, as Plotly figures.

Numbers come in measured (`region_inputs`); here they are only drawn, in the look of `plots`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from flowlab.drawing.curves import curve, series_of
from flowlab.drawing.diverging import signed_table
from flowlab.drawing.inks import inks, plain
from flowlab.drawing.plot_layout import NUMBER, plot_layout, upright_line
from flowlab.drawing.region_colours import colours_of
from flowlab.drawing.region_inputs import AlignmentTrace, ConvergenceCurve, ErrorCurve
from flowlab.drawing.stacked import stacked_layout
from flowlab.errors import ParameterError

Array = NDArray[np.float32]

_SPREAD = 0.07  # px of sigma between neighbours, so that intervals do not hide one another
_CELL = 34  # screen px, for each row of a Hessian


def trace_plot(
    traces: Sequence[AlignmentTrace],
    *,
    cost: str = "SSD",
    now: float | None = None,
    enough: float | None = None,
    dark: bool = False,
) -> go.Figure:
    """Return how alignments went: what is made small, and how far each step moved the corners, on log axes.

    Costs of different levels are of different pictures: a line breaks where the next level begins, at a ring. The
    levels of the first trace are written on top.

    Args:
        traces: one a way to align; iterations are counted through, all levels together, from 1.
        cost: what is made small, with its unit.
        now: the iteration that is looked at, marked in the contrast colour.
        enough: px, the motion below which a step is the last one of its level.
        dark: whether the page is dark.

    Raises:
        ParameterError: there is no trace.
    """
    if not traces:
        raise ParameterError("there is no alignment to draw: give one or more")
    ink = inks(dark)
    titles = (f"{cost} before each step", "corners moved by each step (px)")
    layout = stacked_layout(titles, (130, 130), x_title="iteration", unit_before="iteration", dark=dark)
    shown: list[go.Scatter] = []
    for one, colour in zip(traces, colours_of([one.name for one in traces]), strict=True):
        level = series_of("level", one.level)
        begins = np.flatnonzero(np.r_[True, level[1:] != level[:-1]])
        number = np.arange(1, len(level) + 1, dtype=np.float32)
        for axis, name, unit in (("y", "cost", ""), ("y2", "motion", "px")):
            y = _above_zero(series_of(name, getattr(one, name)))
            x_broken, y_broken, levels = (_broken(values, begins) for values in (number, y, level))
            line = curve(one.name, x_broken, y_broken, colour=colour, unit=unit)
            line.update(
                yaxis=axis, mode="lines+markers", legendgroup=plain(one.name), showlegend=axis == "y",
                customdata=levels, hovertemplate=f"%{{y:{NUMBER}}} {unit} (level %{{customdata:.0f}})",
                marker={"color": colour, "size": 4},
            )  # fmt: skip
            ring = {"color": ink.page, "size": 8, "line": {"color": colour, "width": 1.6}}
            rings = go.Scatter(x=number[begins], y=y[begins], yaxis=axis, mode="markers", marker=ring,
                               legendgroup=plain(one.name), showlegend=False, hoverinfo="skip")  # fmt: skip
            shown += [line, rings]
    for axis in ("yaxis", "yaxis2"):
        layout[axis] |= {"type": "log", "dtick": None, "nticks": 5}
    layout["shapes"] = []
    layout["annotations"] += _levels_on_top(traces[0], layout["shapes"], ink.text)
    if enough is not None:
        layout["shapes"].append({"type": "line", "xref": "paper", "x0": 0, "x1": 1, "yref": "y2", "y0": enough,
                                 "y1": enough, "line": {"color": ink.text, "width": 1, "dash": "dash"}})  # fmt: skip
        place = {"x": 1, "xanchor": "right", "y": float(np.log10(enough)), "yref": "y2", "yanchor": "top"}
        layout["annotations"].append(_words(f"enough: {enough:g} px", ink.text, **place))
    if now is not None:
        layout["shapes"].append(upright_line(float(now), ink.look))
    longest = max(len(series_of("level", one.level)) for one in traces)
    layout["xaxis"] |= {"range": [0.5, longest + 0.5]} | ({"dtick": 1} if longest <= 12 else {"nticks": 10})
    layout["showlegend"] = True
    return go.Figure(shown, layout)


def _above_zero(values: Array) -> Array:
    """Return values with a gap where a log axis has no place."""
    return np.where(values > 0, values, np.float32(np.nan))


def _broken(values: Array, begins: NDArray[np.intp]) -> Array:
    """Return values with a NaN before each place in `begins` but the first."""
    return np.insert(values, begins[1:], np.float32(np.nan))


def _levels_on_top(trace: AlignmentTrace, shapes: list[dict[str, Any]], colour: str) -> list[dict[str, Any]]:
    """Return the names of the levels of a trace, and add the lines between them to `shapes`."""
    level = series_of("level", trace.level)
    begins = np.flatnonzero(np.r_[True, level[1:] != level[:-1]])
    if len(begins) < 2:
        return []
    for begin in begins[1:].tolist():
        line = upright_line(begin + 0.5, colour, "dot")
        shapes.append(line | {"line": {"color": colour, "width": 0.8, "dash": "dot"}})
    ends = [*begins[1:].tolist(), len(level)]
    return [
        _words(f"level {level[begin]:.0f}" if number == 0 or end - begin > 2 else f"{level[begin]:.0f}", colour,
               x=(begin + end + 1) / 2, y=1, yref="y domain", xref="x", xanchor="center", yanchor="top")
        for number, (begin, end) in enumerate(zip(begins.tolist(), ends, strict=True))
    ]  # fmt: skip


def _words(words: str, colour: str, **place: Any) -> dict[str, Any]:
    """Return small words in a plot."""
    font = {"color": colour, "size": 10}
    return {"text": plain(words), "xref": "paper", "showarrow": False, "font": font} | place


def convergence_plot(curves: Sequence[ConvergenceCurve], *, dark: bool = False) -> go.Figure:
    """Return how often ways to align converge from how far, with their 95 % intervals.

    Source: Baker & Matthews (2004), "Lucas-Kanade 20 Years On", section 3.4.

    Args:
        curves: one a way to align.
        dark: whether the page is dark.

    Raises:
        ParameterError: there is no curve.
    """
    if not curves:
        raise ParameterError("there is no experiment to draw: give one way to align or more")
    shown = []
    for number, (one, colour) in enumerate(zip(curves, colours_of([c.name for c in curves]), strict=True)):
        sigma, share = series_of("sigma", one.sigma), np.float32(100) * series_of("share", one.share)
        low, high = (np.float32(100) * series_of(name, getattr(one, name)) for name in ("low", "high"))
        line = curve(
            one.name, sigma + np.float32(_SPREAD * (number - (len(curves) - 1) / 2)), share, colour=colour, unit="%"
        )
        line.update(
            mode="lines+markers",
            marker={"color": colour, "size": 5},
            error_y={"type": "data", "symmetric": False, "array": high - share, "arrayminus": share - low,
                     "color": colour, "thickness": 1.2, "width": 3},
            customdata=np.stack([sigma, low, high], axis=1),
            hovertemplate=f"{plain(one.name)}, sigma %{{customdata[0]:{NUMBER}}} px: %{{y:.1f}} % "
            "(95 %: %{customdata[1]:.1f} to %{customdata[2]:.1f})<extra></extra>",
        )  # fmt: skip
        shown.append(line)
    layout = plot_layout(dark, "sigma of the corners' displacements (px)", "converged (%)")
    layout["yaxis"] |= {"range": [-2, 103], "dtick": 25}
    layout["xaxis"] |= {"dtick": 1, "showspikes": False}
    layout |= {"hovermode": "closest", "showlegend": True}
    return go.Figure(shown, layout)


def error_plot(curves: Sequence[ErrorCurve], *, dark: bool = False) -> go.Figure:
    """Return how far from the truth ways to align are, iteration by iteration, on a log axis.

    Args:
        curves: one a way to align.
        dark: whether the page is dark.

    Raises:
        ParameterError: there is no curve.
    """
    if not curves:
        raise ParameterError("there is no experiment to draw: give one way to align or more")
    shown = []
    for one, colour in zip(curves, colours_of([c.name for c in curves]), strict=True):
        error = _above_zero(series_of("error", one.error))
        number = np.arange(len(error), dtype=np.float32)
        line = curve(one.name, number, error, colour=colour, unit="px")
        shown.append(line.update(mode="lines+markers", marker={"color": colour, "size": 4}))
    layout = plot_layout(dark, "iteration", "mean RMS corner error (px)")
    layout["yaxis"] |= {"type": "log", "nticks": 6}
    layout["xaxis"] |= {"rangemode": "tozero", "unifiedhovertitle": {"text": "after iteration %{x:.0f}"}}
    layout |= {"hovermode": "x unified", "showlegend": True}
    return go.Figure(shown, layout)


def hessian_plot(hessian: ArrayLike, names: Sequence[str], *, dark: bool = False) -> go.Figure:
    """Return a Hessian as a table of its numbers, coloured by how much two parameters look alike.

    Its entries differ by many powers of ten, as their parameters do; colours show h_ij / sqrt(h_ii h_jj), from
    -1 (blue) over 0 to 1 (red): what is far from 0 beside the diagonal cannot be told apart from the pictures.

    Args:
        hessian: (k, k), symmetric.
        names: (k,) of the parameters.
        dark: whether the page is dark.

    Raises:
        ParameterError: the Hessian is not square, or has not a name for each row.
    """
    table = np.asarray(hessian, np.float64)
    if table.ndim != 2 or table.shape[0] != table.shape[1] or not table.size:
        raise ParameterError(f"the Hessian has shape {table.shape}: give (parameters, parameters)")
    count, ink = len(table), inks(dark)
    if len(names) != count:
        raise ParameterError(f"there are {len(names)} names and {count} parameters: give as many of both")
    size = np.sqrt(np.abs(np.diag(table)))
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = table / np.outer(size, size)
    places, words = list(range(count)), [plain(name) for name in names]
    steps = np.rint(np.linspace(0, 254, 17)).astype(int).tolist()
    cells = go.Heatmap(
        z=np.where(np.isfinite(alike), alike, np.nan).astype(np.float32),
        x=places,
        y=places,
        zmin=-1,
        zmax=1,
        xgap=1,
        ygap=1,
        colorscale=[[step / 254, "rgb({},{},{})".format(*signed_table()[step])] for step in steps],
        text=[[_short(value) for value in row] for row in table.tolist()],
        texttemplate="%{text}",
        textfont={"size": 11 if count <= 6 else 9},
        customdata=[[f"{words[i]} · {words[j]}" for j in places] for i in places],
        hovertemplate=f"%{{customdata}}: %{{text}}<br>alike %{{z:{NUMBER}}}<extra></extra>",
        colorbar={
            "title": {"text": "alike", "font": {"size": 12}}, "thickness": 10, "len": 0.9, "x": 1.02,
            "tickvals": [-1, 0, 1], "ticktext": ["−1", "0", "1"], "outlinewidth": 0,
        },
    )  # fmt: skip
    layout = plot_layout(dark)
    bare = {"tickvals": places, "ticktext": words, "showgrid": False, "zeroline": False, "showspikes": False}
    layout["xaxis"] |= bare | {"side": "top", "range": [-0.5, count - 0.5], "tickangle": 0}
    layout["yaxis"] |= bare | {"range": [count - 0.5, -0.5]}
    layout |= {"margin": {"l": 36, "r": 12, "t": 30, "b": 8}, "height": max(180, _CELL * count + 40)}
    layout["font"] |= {"color": ink.text}
    layout["hovermode"] = "closest"
    return go.Figure([cells], layout)


def _short(value: float) -> str:
    """Return a number in two digits that mean something, as few letters as can be: 120, 1.2, -3e+05 as -3e5."""
    if not np.isfinite(value):
        return "–"
    if value == 0 or 0.01 <= abs(value) < 1000:
        words = f"{value:.3g}" if abs(value) >= 100 else f"{value:.2g}"
    else:
        mantissa, _, exponent = f"{value:.1e}".partition("e")
        words = f"{mantissa}e{int(exponent)}"
    return words.replace("-", "−")


def eigenvalues_plot(values: ArrayLike, *, dark: bool = False) -> go.Figure:
    """Return the eigenvalues of a Hessian as bars on a log axis, the largest first.

    Args:
        values: (k,) in any order; those not above 0 have no bar, and say so.
        dark: whether the page is dark.

    Raises:
        ParameterError: there are none.
    """
    found, ink = np.sort(series_of("eigenvalues", values))[::-1], inks(dark)
    high = float(found[0]) if found[0] > 0 else 1.0
    low = min((value for value in found.tolist() if value > 0), default=high)
    floor = low / 10
    bars = go.Bar(
        x=np.arange(1, len(found) + 1),
        y=np.maximum(found, np.float32(floor)),
        text=[_short(value) if value > 0 else "0" for value in found.tolist()],
        textposition="outside",
        textangle=0,
        cliponaxis=False,
        width=0.72,
        marker={"color": [ink.look if value == found[-1] else "#0072B2" for value in found.tolist()],
                "line": {"width": 0}},
        hovertemplate="%{text}<extra></extra>",
        outsidetextfont={"color": ink.text, "size": 11},
    )  # fmt: skip
    layout = plot_layout(dark, "eigenvalue, the largest first", "")
    layout["yaxis"] |= {"type": "log", "range": [float(np.log10(floor)), float(np.log10(high)) + 0.6], "nticks": 5}
    layout["xaxis"] |= {"dtick": 1, "showspikes": False, "showgrid": False}
    layout["margin"] |= {"t": 12}
    return go.Figure([bars], layout)
