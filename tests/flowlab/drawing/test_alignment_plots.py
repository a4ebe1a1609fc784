"""Plots of alignments: their structure, as Plotly is told it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from flowlab.drawing.alignment_plots import (
    convergence_plot,
    eigenvalues_plot,
    error_plot,
    hessian_plot,
    trace_plot,
)
from flowlab.drawing.inks import inks
from flowlab.drawing.region_colours import ALIGNER_COLOURS
from flowlab.drawing.region_inputs import AlignmentTrace, ConvergenceCurve, ErrorCurve
from flowlab.errors import ParameterError

LEVELS = [2, 2, 1, 1, 1, 0]
TRACES = [
    AlignmentTrace("esm", LEVELS, [90, 60, 80, 40, 20, 30], [8, 2, 4, 1, 0.1, 0]),
    AlignmentTrace("forward-additive", [1, 0], [50, 20], [3, 0.5]),
]
SIGMA = np.arange(1, 11)
NAMES = ("h13", "h23", "h11")
HESSIAN = np.array([(100.0, 50, -1e6), (50, 400, 0), (-1e6, 0, 1e12)])


def trace(**options: Any) -> go.Figure:
    return trace_plot(TRACES, **{"now": 3, "enough": 0.02, **options})


def convergence(**options: Any) -> go.Figure:
    share = np.linspace(1, 0.5, 10)
    curves = [ConvergenceCurve(name, SIGMA, share, share - 0.05, share + 0.02) for name in ("esm", "ecc", "else")]
    return convergence_plot(curves, **options)


def error(**options: Any) -> go.Figure:
    return error_plot([ErrorCurve("ecc", [5, 1, 0.1, 0]), ErrorCurve("esm", [5, 0.5])], **options)


def hessian(**options: Any) -> go.Figure:
    return hessian_plot(HESSIAN, NAMES, **options)


def eigenvalues(**options: Any) -> go.Figure:
    return eigenvalues_plot([3, 2000, 10], **options)


PLOTS = [trace, convergence, error, hessian, eigenvalues]


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize("dark", [False, True])
def test_plots_share_one_look(plot: Callable[..., go.Figure], dark: bool) -> None:
    layout = plot(dark=dark).layout
    assert layout.paper_bgcolor == "rgba(0,0,0,0)" and layout.plot_bgcolor == inks(dark).page
    assert layout.font.color == inks(dark).text and layout.uirevision is not None
    assert {"sendcharttocloud", "toimage"} <= set(layout.modebar.remove)


# --- one alignment --------------------------------------------------------------------------------


def test_cost_and_motion_are_drawn_on_log_axes_broken_between_levels() -> None:
    shown = trace()
    cost, rings, motion, _ = shown.data[:4]
    np.testing.assert_array_equal(cost.x, [1, 2, np.nan, 3, 4, 5, np.nan, 6])
    np.testing.assert_array_equal(cost.y, [90, 60, np.nan, 80, 40, 20, np.nan, 30])
    np.testing.assert_array_equal(cost.customdata, [2, 2, np.nan, 1, 1, 1, np.nan, 0])
    np.testing.assert_array_equal(rings.x, [1, 3, 6])
    assert np.isnan(motion.y[-1]), "a step of nothing has no place on a log axis"
    assert (cost.yaxis, motion.yaxis) == ("y", "y2") and shown.layout.yaxis.type == shown.layout.yaxis2.type == "log"
    assert shown.layout.xaxis.anchor == "y2"
    assert "level %{customdata" in cost.hovertemplate and " px (" in motion.hovertemplate


def test_ways_to_align_have_their_own_colours_and_one_entry_each() -> None:
    shown = trace()
    entries = [line for line in shown.data if line.showlegend]
    assert [line.name for line in entries] == ["esm", "forward-additive"]
    for line in entries:
        assert line.line.color == ALIGNER_COLOURS[line.name]
    assert {line.legendgroup for line in shown.data} == {"esm", "forward-additive"}, "hidden together"


def test_levels_the_step_and_what_is_enough_are_marked() -> None:
    for dark in (False, True):
        *levels, enough, now = trace(dark=dark).layout.shapes
        assert [line.x0 for line in levels] == [2.5, 5.5]
        assert (enough.yref, enough.y0) == ("y2", 0.02)
        assert (now.x0, now.line.color) == (3, inks(dark).look)
    notes = {note.text: note for note in trace(cost="mean squared error").layout.annotations}
    assert "mean squared error before each step" in notes and "corners moved by each step (px)" in notes
    assert (notes["level 2"].x, notes["level 1"].x, notes["0"].x) == (1.5, 4, 6)
    assert notes["enough: 0.02 px"].y == pytest.approx(np.log10(0.02)), "annotations take logarithms"


def test_one_iteration_on_one_level_can_be_drawn() -> None:
    shown = trace_plot([AlignmentTrace("esm", [0], [3], [0.1])])
    assert not shown.layout.shapes and tuple(shown.layout.xaxis.range) == (0.5, 1.5)


# --- experiments ----------------------------------------------------------------------------------


def test_convergence_is_told_in_per_cent_with_its_interval_beside_its_neighbours() -> None:
    shown = convergence()
    for line in shown.data:
        np.testing.assert_allclose(line.y, 100 * np.linspace(1, 0.5, 10), rtol=1e-6)
        np.testing.assert_allclose(line.error_y.array, 2, atol=1e-4)
        np.testing.assert_allclose(line.error_y.arrayminus, 5, atol=1e-4)
        np.testing.assert_array_equal(line.customdata[:, 0], SIGMA)
        assert line.error_y.symmetric is False and line.error_y.color == line.line.color
    first, second, third = (line.x[0] for line in shown.data)
    assert first < second < third and second == 1 and third - first < 0.5
    assert len({line.line.color for line in shown.data}) == 3
    assert "95 %" in shown.data[0].hovertemplate


def test_errors_begin_before_the_first_iteration() -> None:
    shown = error()
    np.testing.assert_array_equal(shown.data[0].x, [0, 1, 2, 3])
    assert np.isnan(shown.data[0].y[3]) and shown.layout.yaxis.type == "log"
    assert [line.line.color for line in shown.data] == [ALIGNER_COLOURS["ecc"], ALIGNER_COLOURS["esm"]]
    assert "(px)" in shown.layout.yaxis.title.text


# --- Hessian --------------------------------------------------------------------------------------


def test_the_hessian_tells_its_numbers_and_colours_how_alike_parameters_are() -> None:
    (cells,) = hessian().data
    np.testing.assert_allclose(cells.z, [(1, 0.25, -0.1), (0.25, 1, 0), (-0.1, 0, 1)], rtol=1e-6)
    assert (cells.zmin, cells.zmax) == (-1, 1)
    assert [list(row) for row in cells.text] == [["100", "50", "−1.0e6"], ["50", "400", "0"], ["−1.0e6", "0", "1.0e12"]]
    layout = hessian().layout
    assert list(layout.xaxis.ticktext) == list(layout.yaxis.ticktext) == list(NAMES)
    assert layout.yaxis.range[0] > layout.yaxis.range[1], "the first row on top"


def test_a_parameter_without_any_effect_is_like_none() -> None:
    (cells,) = hessian_plot([(4.0, 0), (0, 0)], ("a", "b")).data
    assert cells.z[0][0] == 1 and np.isnan(cells.z[1][1]) and np.isnan(cells.z[0][1])


def test_eigenvalues_fall_and_the_smallest_stands_out() -> None:
    (bars,) = eigenvalues().data
    np.testing.assert_array_equal(bars.y, [2000, 10, 3])
    assert list(bars.text) == ["2.0e3", "10", "3"]
    assert bars.marker.color[2] == inks(False).look != bars.marker.color[0]
    low, high = eigenvalues().layout.yaxis.range
    assert low < np.log10(3) and high > np.log10(2000)
    (flat,) = eigenvalues_plot([5, 0, -1e-9]).data
    assert list(flat.text) == ["5", "0", "0"] and (flat.y > 0).all()
    assert list(eigenvalues_plot([0, 0]).data[0].text) == ["0", "0"]


def test_names_from_outside_are_text() -> None:
    name = "<b>%{x}</b>"
    for shown in (
        trace_plot([AlignmentTrace(name, [0], [3], [1])]),
        convergence_plot([ConvergenceCurve(name, [1], [1], [1], [1])]),
        error_plot([ErrorCurve(name, [1])]),
    ):
        assert "<b>" not in shown.data[0].name and "<b>" not in shown.data[0].hovertemplate
    assert "<b>" not in hessian_plot([[1.0]], [name]).layout.xaxis.ticktext[0]


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: AlignmentTrace("a", [1, 0], [1], [1, 1]), "‘cost’ has 1 numbers: give 2"),
        (lambda: AlignmentTrace("a", [0, 1], [1, 1], [1, 1]), "the levels of ‘a’ rise: give them from the coarsest"),
        (lambda: AlignmentTrace("a", [], [], []), r"‘level’ has shape \(0,\)"),
        (lambda: ConvergenceCurve("a", [1, 2], [1, 1], [1], [1, 1]), "‘low’ has 1 numbers: give 2"),
        (lambda: ErrorCurve("a", []), r"‘error’ has shape \(0,\)"),
        (lambda: trace_plot([]), "there is no alignment to draw"),
        (lambda: convergence_plot([]), "there is no experiment to draw"),
        (lambda: error_plot([]), "there is no experiment to draw"),
        (lambda: hessian_plot(np.zeros((2, 3)), ["a", "b"]), r"the Hessian has shape \(2, 3\)"),
        (lambda: hessian_plot(np.eye(2), ["a"]), "there are 1 names and 2 parameters"),
        (lambda: eigenvalues_plot([]), r"‘eigenvalues’ has shape \(0,\)"),
    ],
)
def test_what_cannot_be_drawn_is_refused(make: Callable[[], object], what: str) -> None:
    with pytest.raises(ParameterError, match=what):
        make()
