"""Plots of a tracked region: their structure, as Plotly is told it."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from flowlab.drawing.inks import QUANTITY_COLOURS, inks
from flowlab.drawing.region_colours import ALIGNER_COLOURS, STATE_COLOURS, colours_of
from flowlab.drawing.region_inputs import RegionCourse, ScoredCurve
from flowlab.drawing.region_plots import COURSE_COLOURS, corner_error_plot, course_plot, precision_plot, success_plot
from flowlab.errors import ParameterError
from flowlab.tracking.affine.choices import Formulation
from flowlab.tracking.affine.states import State

FRAMES = np.arange(10, 22)
STATES = [3, 0, 0, 1, 1, 0, 2, 2, 2, 3, 0, 0]  # keyframe, tracked, occluded, tracked, lost, keyframe, tracked
COLUMNS = {
    "x": FRAMES * 2.0, "y": 90 - FRAMES, "scale": FRAMES / 10, "rotation": FRAMES - 15.0, "shear": FRAMES / 100,
    "ncc": np.linspace(0.9, -0.2, 12),
}  # fmt: skip
THRESHOLDS = np.linspace(0, 1, 21)


def course(**changes: Any) -> RegionCourse:
    return RegionCourse(**{"frame": FRAMES, **COLUMNS, "state": STATES, **changes})


def drawn(**options: Any) -> go.Figure:
    return course_plot(course(), **{"thresholds": {"tracked from": 0.7}, "now": 14, **options})


def success(**options: Any) -> go.Figure:
    curves = [
        ScoredCurve("flowlab", THRESHOLDS, 1 - THRESHOLDS, 0.5),
        ScoredCurve("flowlab", THRESHOLDS, 1 - THRESHOLDS**2, 0.6667, dashed=True),
        ScoredCurve("textbook", THRESHOLDS, (1 - THRESHOLDS) ** 2, 0.3333),
    ]
    return success_plot(curves, **options)


def precision(**options: Any) -> go.Figure:
    return precision_plot([ScoredCurve("mil", np.arange(51), np.arange(51) / 50, 0.4)], **options)


def named(figure: go.Figure, name: str) -> Any:
    (found,) = [trace for trace in figure.data if trace.name == name]
    return found


def in_legend(figure: go.Figure) -> list[str]:
    """Return the states that the legend explains."""
    return [trace.name for trace in figure.data if trace.type == "scatter" and trace.marker.symbol == "square"]


PLOTS = [drawn, success, precision]


@pytest.mark.parametrize("plot", PLOTS)
@pytest.mark.parametrize("dark", [False, True])
def test_plots_share_one_look(plot: Callable[..., go.Figure], dark: bool) -> None:
    layout = plot(dark=dark).layout
    assert layout.paper_bgcolor == "rgba(0,0,0,0)" and layout.plot_bgcolor == inks(dark).page
    assert layout.font.color == inks(dark).text and layout.uirevision is not None
    assert {"sendcharttocloud", "toimage"} <= set(layout.modebar.remove)


# --- colours --------------------------------------------------------------------------------------


def test_states_and_formulations_have_fixed_colours_in_the_tracker_s_own_order() -> None:
    assert list(STATE_COLOURS) == [state.words for state in State]
    assert list(ALIGNER_COLOURS) == [*map(str, Formulation), "ecc"]
    for colours in (STATE_COLOURS, ALIGNER_COLOURS):
        assert len(set(colours.values())) == len(colours)


def test_other_names_get_colours_that_the_fixed_ones_leave() -> None:
    names = ["esm", "b", "a", "b", "ecc"]
    found = colours_of(names)
    assert found[0] == ALIGNER_COLOURS["esm"] and found[4] == ALIGNER_COLOURS["ecc"]
    assert found[1] == found[3] != found[2]
    assert len({found[0], found[1], found[2], found[4]}) == 4
    assert colours_of(["esm", "ecc"]) == colours_of(["ecc", "esm"])[::-1]
    assert len(colours_of([f"tracker {n}" for n in range(30)])) == 30
    assert len(colours_of([*ALIGNER_COLOURS, "mil"])) == 6


# --- over time ------------------------------------------------------------------------------------


def test_every_quantity_has_its_panel_and_colour_over_one_axis_of_frames() -> None:
    shown = drawn()
    for panel, names in enumerate((("x", "y"), ("scale",), ("rotation",), ("shear",), ("NCC",))):
        for name in names:
            line = named(shown, name)
            assert line.yaxis == ("y" if panel == 0 else f"y{panel + 1}")
            assert line.line.color == COURSE_COLOURS[name.lower()]
            np.testing.assert_array_equal(line.x, FRAMES)
    assert named(shown, "x").line.color == QUANTITY_COLOURS["u"], "as u, which goes the same way"
    assert shown.layout.xaxis.anchor == "y6" and shown.layout.hoversubplots == "axis"
    titles = [note.text for note in shown.layout.annotations]
    assert titles[:5] == ["position (px)", "scale (×)", "rotation (°, clockwise)", "shear", "NCC with the template"]


def test_panels_stand_above_one_another_at_the_heights_they_need() -> None:
    layout = drawn().layout
    domains = [layout["yaxis" + (str(n) if n > 1 else "")].domain for n in range(1, 7)]
    inner = layout.height - layout.margin.t - layout.margin.b
    assert [round((high - low) * inner) for low, high in domains] == [92, 62, 62, 62, 70, 16]
    for (low, _), (_, high) in pairwise(domains):
        assert low > high, "nothing overlaps"
    assert domains[-1][0] == pytest.approx(0, abs=1e-9) and domains[0][1] < 1


def test_what_is_not_believed_is_thin_and_joins_the_rest() -> None:
    shown = drawn()
    solid, faint = named(shown, "x"), named(shown, "x, not believed")
    believed = np.isin(STATES, (0, 3))
    np.testing.assert_array_equal(np.isfinite(solid.y), believed)
    np.testing.assert_array_equal(solid.y[believed], COLUMNS["x"][believed])
    assert faint.line.dash == "dot" and faint.line.width < solid.line.width and not faint.showlegend
    np.testing.assert_array_equal(np.isfinite(faint.y), [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0])
    np.testing.assert_array_equal(np.isfinite(faint.customdata), ~believed)
    everywhere = course_plot(course(state=np.zeros(12, int)))
    assert not [trace for trace in everywhere.data if "believed" in trace.name]
    ends = course_plot(course(state=[2] + [0] * 10 + [1]))
    np.testing.assert_array_equal(np.isfinite(named(ends, "y, not believed").y), [1, 1] + [0] * 8 + [1, 1])


def test_the_state_is_a_band_of_runs_without_gaps() -> None:
    band = named(drawn(), "state")
    assert band.yaxis == "y6"
    assert list(band.marker.color) == [
        STATE_COLOURS[name] for name in ("keyframe", "tracked", "occluded", "tracked", "lost", "keyframe", "tracked")
    ]
    left, right = band.x - band.width / 2, band.x + band.width / 2
    np.testing.assert_allclose(left, [9.5, 10.5, 12.5, 14.5, 15.5, 18.5, 19.5])
    np.testing.assert_allclose(right, [*left[1:], 21.5])
    assert band.customdata[2] == "occluded, frames 13 to 14" and band.customdata[3] == "tracked"
    entries = in_legend(drawn())
    assert entries == ["tracked", "occluded", "lost", "keyframe"]
    only = course_plot(course(state=np.ones(12, int)))
    assert in_legend(only) == ["occluded"]


def test_the_frame_the_keyframes_and_the_thresholds_are_marked() -> None:
    for dark in (False, True):
        shapes = drawn(dark=dark).layout.shapes
        *keyframes, threshold, now = shapes
        assert [(line.x0, line.line.dash) for line in keyframes] == [(10, "dot"), (19, "dot")]
        assert (threshold.yref, threshold.y0, threshold.y1, threshold.line.dash) == ("y5", 0.7, 0.7, "dash")
        assert (now.x0, now.x1, now.yref, now.line.color) == (14, 14, "paper", inks(dark).look)
    assert [note.text for note in drawn().layout.annotations][-1] == "tracked from 0.7"
    low, high = drawn().layout.yaxis5.range
    assert low < -0.2 and high > 1, "a negative likeness has room"


def test_truth_is_dashed_in_the_same_colours() -> None:
    shown = drawn(truth=course(x=FRAMES * 2 + 1))
    line = named(shown, "true")
    np.testing.assert_array_equal(line.y, FRAMES * 2 + 1)
    assert line.line.dash == "dash" and line.line.color == COURSE_COLOURS["x"] and line.showlegend
    assert named(shown, "true rotation").yaxis == "y3" and not named(shown, "true rotation").showlegend


def test_one_frame_and_a_long_clip_can_be_drawn() -> None:
    one = {name: [1.0] for name in COLUMNS}
    figure = course_plot(RegionCourse(frame=[7], **one, state=[3]), now=7)
    assert named(figure, "state").customdata == ("keyframe",) and tuple(figure.layout.xaxis.range) == (6.5, 7.5)
    rng = np.random.default_rng(0)
    many = {name: rng.normal(0, 1, 5000) for name in COLUMNS}
    state = np.arange(5000) % 3
    long = course_plot(RegionCourse(frame=np.arange(5000), **many, state=state), truth=None, now=3)
    band = named(long, "state")
    assert len(long.to_json()) < 130_000 and len(band.x) <= 360
    assert set(band.marker.color) == {STATE_COLOURS["lost"]}, "of many changes in one bar the worst is told"


# --- success and precision ------------------------------------------------------------------------


def test_success_is_told_in_per_cent_with_its_area_in_the_legend() -> None:
    alone, helped, textbook = success().data
    np.testing.assert_allclose(alone.y, 100 * (1 - THRESHOLDS), atol=1e-4)
    assert [line.name for line in success().data] == [
        "flowlab · AUC 0.500", "flowlab with keyframes · AUC 0.667", "textbook · AUC 0.333",
    ]  # fmt: skip
    assert (alone.line.dash, helped.line.dash) == ("solid", "dash")
    assert alone.line.color == helped.line.color != textbook.line.color
    assert success().layout.showlegend and success().layout.yaxis.range[0] == 0


def test_precision_is_read_at_twenty_pixels() -> None:
    shown = precision()
    assert shown.data[0].name == "mil · 40.0% at 20 px"
    (mark,) = shown.layout.shapes
    assert (mark.x0, mark.x1, mark.line.dash) == (20, 20, "dot")
    assert "px" in shown.layout.xaxis.title.text


def test_corner_errors_have_the_colours_of_the_scores_and_a_log_axis() -> None:
    errors = [("flowlab", [0, 0.5, 20], False), ("flowlab", [0.1, np.nan, 0.2], True), ("textbook", [1, 2, 3], False)]
    shown = corner_error_plot([5, 6, 7], errors)
    assert [line.name for line in shown.data] == ["flowlab", "flowlab with keyframes", "textbook"]
    assert [line.line.color for line in shown.data] == [line.line.color for line in success().data]
    assert [line.line.dash for line in shown.data] == ["solid", "dash", "solid"]
    assert shown.layout.yaxis.type == "log" and "px" in shown.layout.yaxis.title.text
    np.testing.assert_array_equal(shown.data[0].y, np.float32([np.nan, 0.5, 20]))
    np.testing.assert_array_equal(shown.data[0].x, [5, 6, 7])


def test_names_from_outside_are_text() -> None:
    name = "<a href='x'>%{x}</a>"
    shown = success_plot([ScoredCurve(name, [0, 1], [1, 0], 0.5)])
    assert "<" not in shown.data[0].name and "%{" not in shown.data[0].name
    words = course_plot(course(), thresholds={name: 0.5}).layout.annotations[-1].text
    assert "<" not in words


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (lambda: course(x=[1, 2]), "‘x’ has 2 numbers: give 12"),
        (lambda: course(frame=[], x=[]), r"‘frame’ has shape \(0,\)"),
        (lambda: course(state=[4] * 12), "a state is 4: give whole numbers from 0 to 3"),
        (lambda: course(state=[0.5] * 12), "a state is 0.5"),
        (lambda: course(state=[np.nan] * 12), "a state is nan"),
        (lambda: ScoredCurve("a", [0, 1], [1], 0.5), "‘share’ has 1 numbers: give 2"),
        (lambda: success_plot([]), "there is no curve to draw"),
        (lambda: precision_plot([]), "there is no curve to draw"),
        (lambda: corner_error_plot([1], []), "there is no curve to draw"),
        (lambda: corner_error_plot([1, 2], [("a", [1], False)]), "‘error’ has 1 numbers: give 2"),
    ],
)
def test_what_cannot_be_drawn_is_refused(make: Callable[[], object], what: str) -> None:
    with pytest.raises(ParameterError, match=what):
        make()
