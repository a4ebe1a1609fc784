"""Plots: their structure, as Plotly is told it."""

import base64
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from flowlab.drawing.inks import QUANTITY_COLOURS, inks
from flowlab.drawing.plot_layout import HEIGHT
from flowlab.drawing.plots import direction_rose, profile_plot, sparsification_plot, speed_histogram
from flowlab.drawing.scales import ColourMap, colour_table
from flowlab.errors import ParameterError

SHARES = np.array([0.5, 0.25, 0, 0.125, 0.125, 0, 0, 0])
SPEEDS = np.array([1, 4, 0, 2.5, 0.5, 0, 0, 0])
TITLES = {"x_title": "distance (px)", "y_title": "displacement (px)"}


def rose(**options: Any) -> go.Figure:
    return direction_rose(SHARES, SPEEDS, **options)


def histogram(**options: Any) -> go.Figure:
    return speed_histogram([0, 1, 2, 4], [150, 300, 50], marks={"95 %": 3.5, "median": 1.2}, **options)


def profile(**options: Any) -> go.Figure:
    x = np.arange(300)
    return profile_plot(x, {"u": np.sin(x), "v": np.cos(x), "true u": np.sin(x)}, **TITLES, **options)


def sparsification(**options: Any) -> go.Figure:
    share = np.linspace(0.01, 1, 100)
    return sparsification_plot(share, {"trust": share, "residual": 2 * share}, share / 2, **options)


PLOTS = [rose, histogram, profile, sparsification]


# --- what all of them share ----------------------------------------------------------------------


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize("dark", [False, True])
def test_plots_share_one_look(plot: Callable[..., go.Figure], dark: bool) -> None:
    layout = plot(dark=dark).layout
    assert layout.paper_bgcolor == "rgba(0,0,0,0)" and layout.plot_bgcolor == inks(dark).page
    assert layout.font.color == inks(dark).text
    assert layout.height == HEIGHT
    assert max(layout.margin.l, layout.margin.r, layout.margin.t, layout.margin.b) <= 60
    assert {"sendcharttocloud", "toimage", "zoom", "lasso"} <= set(layout.modebar.remove)


@pytest.mark.parametrize("plot", PLOTS)
def test_every_trace_has_a_colour_and_speaks_under_the_pointer(plot: Callable[..., go.Figure]) -> None:
    for trace in plot().data:
        colour = trace.line.color if isinstance(trace, go.Scatter) else trace.marker.color
        assert colour is not None
        assert " px" in trace.hovertemplate


@pytest.mark.parametrize("plot", PLOTS)
def test_zoom_survives_other_numbers_and_the_theme(plot: Callable[..., go.Figure]) -> None:
    assert plot().layout.uirevision == plot(dark=True).layout.uirevision is not None


@pytest.mark.parametrize("plot", PLOTS[:2])
def test_units_are_told(plot: Callable[..., go.Figure]) -> None:
    text = str(json.loads(plot(unit="mm/s").to_json()))
    assert text.count("mm/s") >= 2 and " px" not in text


def test_plots_are_light() -> None:
    many = np.random.default_rng(0).normal(0, 3, 2000)
    names = ("u", "v", "speed", "true u", "true v", "true speed")
    share = np.linspace(0.01, 1, 100)
    for figure in (
        direction_rose(np.full(36, 1 / 36), np.arange(36)),
        speed_histogram(np.linspace(0, 9, 51), np.arange(50), marks={"median": 3.0}),
        profile_plot(np.arange(2000), dict.fromkeys(names, many), **TITLES),
        sparsification_plot(share, dict.fromkeys("abcd", share), share),
    ):
        assert len(figure.to_json()) < 30_000


# --- the rose ------------------------------------------------------------------------------------


def test_bars_of_the_rose_stand_where_the_picture_has_the_direction() -> None:
    figure = rose()
    (bars,) = figure.data
    assert np.array(bars.theta).tolist() == [0, 45, 90, 135, 180, 225, 270, 315]
    assert set(bars.width) == {45}
    np.testing.assert_array_equal(bars.r, 100 * SHARES)
    axis = figure.layout.polar.angularaxis
    assert (axis.direction, axis.rotation) == ("clockwise", 0)
    assert dict(zip(axis.tickvals, axis.ticktext, strict=True)) == {0: "right", 90: "down", 180: "left", 270: "up"}


def test_bars_of_the_rose_have_the_colours_of_the_magnitude_view() -> None:
    marker = rose().data[0].marker
    np.testing.assert_array_equal(marker.color, SPEEDS)
    assert (marker.cmin, marker.cmax) == (0, 5), "a round number"
    assert rose(scale=12.0).data[0].marker.cmax == 12
    red, green, blue = colour_table(ColourMap.SPEED)[255]
    assert marker.colorscale[-1] == (1, f"rgb({red},{green},{blue})")


def test_a_rose_of_nothing_is_empty_and_still_a_rose() -> None:
    figure = direction_rose(np.zeros(8), np.full(8, np.nan))
    assert not np.any(figure.data[0].r)
    assert figure.layout.polar.radialaxis.range == (0, 1)


# --- the histogram -------------------------------------------------------------------------------


def test_bars_of_the_histogram_cover_their_bins_in_per_cent() -> None:
    (bars,) = histogram().data
    assert np.array(bars.x).tolist() == [0.5, 1.5, 3]
    assert np.array(bars.width).tolist() == [1, 1, 2]
    np.testing.assert_allclose(bars.y, [30, 60, 10])
    assert np.array(bars.customdata).tolist() == [[0, 1, 150], [1, 2, 300], [2, 4, 50]]


def test_marks_are_lines_with_names_that_do_not_cover_one_another() -> None:
    layout = histogram().layout
    assert [(line.x0, line.x1) for line in layout.shapes] == [(1.2, 1.2), (3.5, 3.5)]
    assert [note.text for note in layout.annotations] == ["median 1.2 px", "95 % 3.5 px"]
    assert layout.annotations[0].yshift != layout.annotations[1].yshift
    assert [note.xanchor for note in layout.annotations] == ["left", "right"], "within the plot"
    assert {line.line.color for line in layout.shapes} == {inks(False).look}


def test_a_mark_that_is_not_known_is_left_out_and_nothing_counted_is_an_empty_plot() -> None:
    figure = speed_histogram([0, 1], [0], marks={"median": np.nan})
    assert not figure.layout.shapes and not figure.layout.annotations
    assert np.array(figure.data[0].y).tolist() == [0]


# --- curves --------------------------------------------------------------------------------------


def test_u_v_and_speed_have_their_own_colours_and_truth_is_dashed() -> None:
    x = np.arange(9)
    names = ["true v", "other", "u", "speed", "another", "v"]
    lines = {trace.name: trace.line for trace in profile_plot(x, dict.fromkeys(names, x), **TITLES).data}
    for name in ("u", "v", "speed"):
        assert lines[name].color == QUANTITY_COLOURS[name] and lines[name].dash == "solid"
    assert (lines["true v"].color, lines["true v"].dash) == (QUANTITY_COLOURS["v"], "dash")
    assert len({lines[name].color for name in ("u", "v", "speed", "other", "another")}) == 5


def test_the_unknown_is_a_gap_in_the_curve() -> None:
    y = np.array([1, np.nan, 3, -np.inf, 5])
    (line,) = profile_plot(np.arange(5), {"u": y}, **TITLES).data
    np.testing.assert_array_equal(line.y, [1, np.nan, 3, np.nan, 5])
    assert line.connectgaps is False and line.mode == "lines"


def test_a_short_curve_travels_whole_and_a_long_one_thinned_from_end_to_end() -> None:
    (short,) = profile_plot(np.arange(300), {"u": np.arange(300)}, **TITLES).data
    np.testing.assert_array_equal(short.x, np.arange(300))
    (long,) = profile_plot(np.arange(5000), {"u": 2 * np.arange(5000)}, **TITLES).data
    assert 300 < len(long.x) <= 500
    assert (long.x[0], long.x[-1]) == (0, 4999)
    np.testing.assert_array_equal(long.y, 2 * np.array(long.x))
    assert np.ptp(np.diff(long.x)) <= 1


def test_axes_carry_their_titles_and_a_single_curve_needs_no_legend() -> None:
    layout = profile().layout
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("distance (px)", "displacement (px)")
    assert layout.showlegend and layout.hovermode == "x unified"
    assert not profile_plot([1, 2], {"u": [1, 2]}, **TITLES).layout.showlegend


def test_the_first_measure_stands_out_and_the_oracle_is_dotted() -> None:
    figure = sparsification(dark=True)
    trust, residual, oracle = figure.data
    assert trust.line.color == inks(True).look and trust.line.width > residual.line.width
    assert (oracle.line.dash, oracle.line.color) == ("dot", inks(True).text)
    np.testing.assert_allclose(trust.x, np.linspace(1, 100, 100), rtol=1e-5)
    np.testing.assert_allclose(residual.y, 2 * np.linspace(0.01, 1, 100), rtol=1e-5)
    assert "%" in figure.layout.xaxis.title.text and "(px)" in figure.layout.yaxis.title.text


def test_numbers_travel_as_typed_arrays_of_single_precision() -> None:
    spec = json.loads(profile().to_json())["data"][0]
    assert spec["y"]["dtype"] == "f4"
    np.testing.assert_allclose(np.frombuffer(base64.b64decode(spec["y"]["bdata"]), "<f4"), np.sin(np.arange(300)), 1e-5)


def test_names_from_outside_are_text() -> None:
    name = "<a href='x'>%{x}</a>"
    texts = [
        profile_plot([0, 1], {name: [1, 2]}, **TITLES).data[0].name,
        speed_histogram([0, 1], [3], marks={name: 0.5}).layout.annotations[0].text,
        profile_plot([0, 1], {"u": [1, 2]}, x_title=name, y_title=name).layout.xaxis.title.text,
    ]
    for text in texts:
        assert "<" not in text and "%{" not in text


# --- what cannot be drawn --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draw", "what"),
    [
        (lambda: direction_rose(SHARES, SPEEDS[1:]), "‘mean_speeds’ has 7 numbers: give 8"),
        (lambda: direction_rose([], []), r"‘shares’ has shape \(0,\): give a list of numbers"),
        (lambda: rose(scale=0), r"scale is 0: give a number above 0 \(px\)"),
        (lambda: speed_histogram([0, 1], [1, 2]), "2 edges and 2 counts: give one edge more than counts"),
        (lambda: profile_plot([0, 1], {"u": [1]}, **TITLES), "‘u’ has 1 numbers: give 2"),
        (lambda: profile_plot(np.zeros((2, 2)), {}, **TITLES), r"‘distance’ has shape \(2, 2\)"),
        (lambda: sparsification_plot([0.5, 1], {"trust": [1, 2]}, [1]), "‘oracle’ has 1 numbers: give 2"),
    ],
)
def test_series_that_do_not_fit_are_refused(draw: Callable[[], go.Figure], what: str) -> None:
    with pytest.raises(ParameterError, match=what):
        draw()
