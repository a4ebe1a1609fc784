"""Plots of tracks: their structure, as Plotly is told it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from flowlab.drawing.inks import inks
from flowlab.drawing.plot_layout import HEIGHT
from flowlab.drawing.track_plots import (
    alive_plot,
    calibration_plot,
    camera_path_plot,
    endings_plot,
    survival_plot,
)
from flowlab.errors import ParameterError

FRAMES = np.arange(20, 26)
ALIVE, BORN, ENDED = [90, 92, 91, 95, 80, 82], [90, 3, 0, 5, 80, 2], [0, 1, 1, 1, 95, 0]
PATH = np.array([(0, 0), (3, 1), (np.nan, np.nan), (9, 2), (12, -4), (15, -3)])
STATED = np.array([0.1, 0.5, 0.9])
NAMES = ["left the picture", "low texture", "scene cut"]


def alive(**options: Any) -> go.Figure:
    return alive_plot(FRAMES, ALIVE, **{"born": BORN, "ended": ENDED, "cuts": [24], "now": 22, **options})


def survival(**options: Any) -> go.Figure:
    return survival_plot([0, 1, 5], [1, 0.5, 0.125], **options)


def endings(**options: Any) -> go.Figure:
    return endings_plot(NAMES, [30, 0, 90], **options)


def camera(**options: Any) -> go.Figure:
    return camera_path_plot(PATH, FRAMES, **{"now": 23, **options})


def calibration(**options: Any) -> go.Figure:
    return calibration_plot(STATED, STATED**2, **options)


PLOTS = [alive, survival, endings, camera, calibration]


# --- what all of them share ----------------------------------------------------------------------


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize("dark", [False, True])
def test_plots_share_one_look(plot: Callable[..., go.Figure], dark: bool) -> None:
    layout = plot(dark=dark).layout
    assert layout.paper_bgcolor == "rgba(0,0,0,0)" and layout.plot_bgcolor == inks(dark).page
    assert layout.font.color == inks(dark).text and layout.height == HEIGHT
    assert {"sendcharttocloud", "toimage", "zoom", "lasso"} <= set(layout.modebar.remove)


@pytest.mark.parametrize("plot", PLOTS)
def test_every_trace_has_a_colour_and_zoom_survives_the_theme(plot: Callable[..., go.Figure]) -> None:
    for trace in plot().data:
        assert (
            trace.line.color if trace.type == "scatter" and "lines" in trace.mode else trace.marker.color
        ) is not None
    assert plot().layout.uirevision == plot(dark=True).layout.uirevision is not None


def test_long_clips_stay_light() -> None:
    many = np.random.default_rng(0).integers(0, 500, 5000)
    path = np.cumsum(np.random.default_rng(1).normal(0, 1, (5000, 2)), axis=0)
    frames = np.arange(5000)
    for shown in (
        alive_plot(frames, many, born=many, ended=many, cuts=[9, 99], now=3),
        survival_plot(frames, np.linspace(1, 0, 5000)),
        camera_path_plot(path, frames, now=7),
        calibration_plot(np.linspace(0, 1, 99), np.linspace(0, 1, 99)),
    ):
        assert len(shown.to_json()) < 30_000


# --- how many live ----------------------------------------------------------------------------------


def test_the_living_are_a_line_births_go_up_and_ends_down() -> None:
    line, births, ends = alive().data
    np.testing.assert_array_equal(line.x, FRAMES)
    np.testing.assert_array_equal(line.y, ALIVE)
    np.testing.assert_array_equal(births.y, BORN)
    np.testing.assert_array_equal(ends.y, -np.array(ENDED))
    np.testing.assert_array_equal(ends.customdata, ENDED)
    assert (line.yaxis, births.yaxis, ends.yaxis) == (None, "y2", "y2")
    assert "customdata" in ends.hovertemplate and len({line.line.color, births.marker.color, ends.marker.color}) == 3


def test_the_scale_of_births_and_ends_leaves_out_the_first_frame_and_the_cuts() -> None:
    assert alive().layout.yaxis2.tickvals == (-5, 0, 5)
    assert alive(cuts=[]).layout.yaxis2.tickvals == (-100, 0, 100)
    assert alive().layout.yaxis2.ticktext == ("5", "0", "5"), "a number of tracks has no sign"
    assert alive_plot([4], [7], born=[7]).layout.yaxis2.tickvals == (-10, 0, 10), "unless there is nothing else"


def test_cuts_and_the_current_frame_are_marked() -> None:
    for dark in (False, True):
        cut, now = alive(dark=dark).layout.shapes
        assert (cut.x0, cut.x1, cut.line.dash) == (24, 24, "dot") and cut.line.color == inks(dark).text
        assert (now.x0, now.x1, now.line.color) == (22, 22, inks(dark).look)
    assert [note.text for note in alive().layout.annotations] == ["cut"]
    assert not alive(cuts=(), now=None).layout.shapes


def test_without_births_and_ends_there_is_one_panel() -> None:
    shown = alive(born=None, ended=None)
    assert len(shown.data) == 1 and shown.layout.yaxis.domain is None and not shown.layout.showlegend
    assert [trace.name for trace in alive(born=None).data] == ["alive", "ended"]


def test_no_birth_is_lost_in_a_long_clip() -> None:
    born = np.random.default_rng(0).integers(0, 9, 3001)
    frames = np.arange(3001)
    _, bars = alive_plot(frames, frames, born=born).data
    assert len(bars.x) < 400 and np.sum(bars.y) == born.sum()


def test_the_survivors_are_a_staircase_in_per_cent() -> None:
    (line,) = survival().data
    np.testing.assert_array_equal(line.x, [0, 1, 5])
    np.testing.assert_array_equal(line.y, [100, 50, 12.5])
    assert line.line.shape == "hv", "a share holds until the next age"
    assert survival().layout.yaxis.range[0] == 0


# --- why they end -----------------------------------------------------------------------------------


def test_bars_tell_count_and_share_the_first_reason_on_top() -> None:
    shown = endings()
    (bars,) = shown.data
    assert bars.orientation == "h"
    np.testing.assert_array_equal(bars.x, [30, 0, 90])
    np.testing.assert_array_equal(bars.y, [0, 1, 2])
    assert list(bars.text) == ["30 · 25.0 %", "0 · 0.0 %", "90 · 75.0 %"]
    axis = shown.layout.yaxis
    assert list(axis.ticktext) == NAMES and axis.range[0] > axis.range[1]


def test_reasons_may_have_colours_of_their_own() -> None:
    assert list(endings(colours=["#111111", "red", "rgb(1,2,3)"]).data[0].marker.color) == [
        "#111111",
        "red",
        "rgb(1,2,3)",
    ]


def test_nothing_ended_is_an_empty_plot() -> None:
    assert list(endings_plot(["lost"], [0]).data[0].text) == ["0 · 0.0 %"]


def test_names_from_outside_are_text() -> None:
    name = "<a href='x'>%{x}</a>"
    shown = endings_plot([name, "1e3"], [1, 2])
    for text in (shown.layout.yaxis.ticktext[0], shown.data[0].customdata[0]):
        assert "<" not in text and "%{" not in text
    unit = camera_path_plot(PATH, FRAMES, unit="<b>")
    assert "<b>" not in unit.layout.xaxis.title.text and "<b>" not in unit.data[0].hovertemplate


# --- where the camera went, and whether uncertainty is right --------------------------------------------


def test_the_path_is_drawn_as_on_a_picture_and_tells_its_frames() -> None:
    shown = camera()
    line, start, now = shown.data
    np.testing.assert_array_equal(line.x, PATH[:, 0])
    np.testing.assert_array_equal(line.y, PATH[:, 1])
    np.testing.assert_array_equal(line.customdata, FRAMES)
    assert line.connectgaps is False
    assert (start.x[0], start.y[0], start.customdata[0]) == (0, 0, 20)
    assert (now.x[0], now.y[0], now.customdata[0]) == (9, 2, 23)
    assert now.marker.color == inks(False).look
    assert shown.layout.yaxis.autorange == "reversed" and shown.layout.yaxis.scaleanchor == "x"
    assert "frame %{customdata" in line.hovertemplate and " px<" in line.hovertemplate


@pytest.mark.parametrize("now", [None, 22, 99])
def test_a_frame_without_a_place_is_not_marked(now: float | None) -> None:
    assert not len(camera(now=now).data[2].x)


def test_a_path_that_is_not_known_is_empty() -> None:
    line, start, now = camera_path_plot(np.full((3, 2), np.nan), [0, 1, 2], now=1).data
    assert np.isnan(line.x).all() | np.isnan(line.y).all() and not len(start.x) and not len(now.x)


def test_calibration_is_drawn_beside_what_it_should_be() -> None:
    shown = calibration()
    ideal, line = shown.data
    np.testing.assert_array_equal(ideal.x, ideal.y)
    assert (ideal.x[0], ideal.x[-1]) == (0, 100) and ideal.line.dash == "dot"
    np.testing.assert_allclose(line.x, 100 * STATED)
    np.testing.assert_allclose(line.y, 100 * STATED**2, rtol=1e-6)
    assert shown.layout.yaxis.scaleanchor == "x" and line.line.color == inks(False).look


# --- what cannot be drawn --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draw", "what"),
    [
        (lambda: alive_plot([0, 1], [1]), "‘alive’ has 1 numbers: give 2"),
        (lambda: alive_plot([], []), r"‘frames’ has shape \(0,\): give a list of numbers"),
        (lambda: alive(ended=[1, 2]), "‘ended’ has 2 numbers: give 6"),
        (lambda: survival_plot([0, 1], [1]), "‘share’ has 1 numbers: give 2"),
        (lambda: endings_plot(["a"], [1, 2]), "there are 1 names and 2 counts: give as many of both"),
        (lambda: endings(colours=["red"]), "there are 1 colours and 3 counts"),
        (lambda: camera_path_plot(PATH, [1]), "‘frames’ has 1 numbers: give 6"),
        (lambda: camera_path_plot(np.zeros((4, 3)), [1]), r"xy has shape \(4, 3\): give \(frames, 2\)"),
        (lambda: camera_path_plot(np.zeros((0, 2)), []), r"xy has shape \(0, 2\)"),
        (lambda: calibration_plot([0, 1], [1]), "‘observed’ has 1 numbers: give 2"),
    ],
)
def test_series_that_do_not_fit_are_refused(draw: Callable[[], go.Figure], what: str) -> None:
    with pytest.raises(ParameterError, match=what):
        draw()
