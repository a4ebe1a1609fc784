"""The points figure: its structure, as Plotly is told it."""

import colorsys
import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from numpy.typing import NDArray

from flowlab.drawing.figures import arrows_figure
from flowlab.drawing.inks import inks
from flowlab.drawing.points_figure import points_figure
from flowlab.drawing.tracks import track_colours, value_colours
from flowlab.errors import ParameterError

URI = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs="
WIDTH, HEIGHT = 110, 60
HOVER = [
    ("track", "d", ""),
    ("x", ".2f", None),
    ("y", ".2f", "px"),
    ("u", ".2f", None),
    ("v", ".2f", "px"),
    ("fb error", ".3f", "px"),
    ("eigenvalue", ".1f", "grey²/px²"),
]
POINTS = np.array([(10, 20), (100, 5), (50.25, 40.5)], np.float32)
NUMBERS = np.array(
    [
        (7, 10, 20, 1, -2, 0.125, 31.5),
        (1_000_003, 100, 5, np.nan, np.nan, np.nan, 2),
        (0, 50.25, 40.5, 0, 0, 0, 0),
    ]
)
TRAILS = POINTS[:, None] - np.arange(3, 0, -1, dtype=np.float32)[:, None] * (2, 1)


def figure(xy: Any = POINTS, **options: Any) -> go.Figure:
    given = {"colours": track_colours(np.arange(len(xy))), "hover": HOVER, "numbers": NUMBERS[: len(xy)], **options}
    return points_figure(URI, WIDTH, HEIGHT, xy, **given)


def traces(shown: go.Figure, name: str) -> list[go.Scatter]:
    return [trace for trace in shown.data if trace.name.startswith(name)]


def hue(colour: Sequence[int]) -> float:
    """Return the hue of a colour, 0..1 for a turn."""
    return colorsys.rgb_to_hsv(*colour)[0]


def pieces(trace: go.Scatter) -> list[NDArray[np.float64]]:
    """Return the lines a trace draws, apart at its gaps, each (L, 2)."""
    xy = np.stack([trace.x, trace.y], axis=1)
    gaps = np.flatnonzero(np.isnan(xy).any(axis=1))
    return [piece[~np.isnan(piece).any(axis=1)] for piece in np.split(xy, gaps) if (~np.isnan(piece)).any()]


# --- points -------------------------------------------------------------------------------------


def test_every_point_has_a_marker_of_its_colour_where_it_is() -> None:
    (markers,) = traces(figure(), "points")
    np.testing.assert_array_equal(markers.x, POINTS[:, 0])
    np.testing.assert_array_equal(markers.y, POINTS[:, 1])
    expected = ["#{:02x}{:02x}{:02x}".format(*colour) for colour in track_colours(np.arange(3)).tolist()]
    assert list(markers.marker.color) == expected
    assert markers.mode == "markers" and markers.marker.line.width > 0, "with a rim"


def test_the_pointer_is_told_the_numbers_in_their_order() -> None:
    (markers,) = traces(figure(), "points")
    assert list(markers.customdata[0]) == [7, "10.00", "20.00", "1.00", "-2.00", "0.125", "31.5"]
    assert list(markers.customdata[1]) == [1_000_003, "100.00", "5.00", "–", "–", "–", "2.0"]
    assert markers.hovertemplate == (
        "track %{customdata[0]}<br>x %{customdata[1]}  y %{customdata[2]} px<br>"
        "u %{customdata[3]}  v %{customdata[4]} px<br>fb error %{customdata[5]} px<br>"
        "eigenvalue %{customdata[6]} grey²/px²<extra></extra>"
    )


def test_a_point_that_is_not_known_is_left_out_with_all_it_has() -> None:
    xy = POINTS.copy()
    xy[1, 0] = np.nan
    shown = figure(xy, trails=TRAILS, selected=1)
    (markers,) = traces(shown, "points")
    assert np.array(markers.x).tolist() == [10, 50.25] and [row[0] for row in markers.customdata] == [7, 0]
    assert markers.marker.color[1] == "#{:02x}{:02x}{:02x}".format(*track_colours([2])[0])
    assert sum(len(pieces(trail)) for trail in traces(shown, "trails")) == 2


def test_names_from_outside_are_text_in_the_hover() -> None:
    hover = [("<b>%{x}", "d", ""), *HOVER[1:-1], ("e", ".1f", "<i>")]
    template = traces(figure(hover=hover), "points")[0].hovertemplate
    assert "&lt;b&gt;" in template and "&lt;i&gt;" in template and "%{x}" not in template


def test_no_points_show_the_picture() -> None:
    nothing = np.zeros((0, 2), np.float32)
    shown = figure(nothing, trails=np.zeros((0, 4, 2)), covariances=np.zeros((0, 3)), numbers=np.zeros((0, 7)))
    assert sum(len(trace.x) for trace in shown.data) == 0
    assert shown.layout.images[0].source == URI
    json.loads(shown.to_json())


def test_only_the_points_answer_to_the_pointer() -> None:
    shown = figure(trails=TRAILS, covariances=np.ones((3, 3)) * (1, 0, 1), selected=0)
    speaking = [trace.name for trace in shown.data if trace.hoverinfo != "skip"]
    assert speaking == ["points"]
    assert [trace.name for trace in shown.data if trace.customdata is not None] == ["points"]


# --- trails, ellipses, what has the contrast colour -------------------------------------------------


@pytest.mark.parametrize("with_itself", [False, True])
def test_each_trail_is_a_line_that_ends_at_its_point(with_itself: bool) -> None:
    trails = np.concatenate([TRAILS, POINTS[:, None]], axis=1) if with_itself else TRAILS
    drawn = [piece for trace in traces(figure(trails=trails), "trails") for piece in pieces(trace)]
    drawn.sort(key=lambda piece: piece[-1].tolist())
    for piece, number in zip(drawn, (0, 2, 1), strict=True):
        np.testing.assert_allclose(piece, [*TRAILS[number], POINTS[number]])


def test_a_trail_has_a_gap_where_its_track_did_not_exist() -> None:
    trails = np.full((1, 6, 2), np.nan, np.float32)
    trails[0, 2:4] = [(1, 2), (3, 4)]
    (trace,) = traces(figure(POINTS[:1], trails=trails), "trails")
    assert trace.connectgaps is False
    assert [piece.tolist() for piece in pieces(trace)] == [[[1, 2], [3, 4]], [[10, 20]]]
    assert np.isnan(trace.x).sum() <= 3, "long gaps do not travel"


def test_trails_have_the_hue_of_their_points_in_few_traces() -> None:
    many = np.random.default_rng(0).uniform(0, 60, (200, 2)).astype(np.float32)
    numbers = np.zeros((200, 7))
    for colours in (track_colours(np.arange(200)), value_colours(np.linspace(0, 1, 200), 1)):
        shown = figure(many, trails=many[:, None] - 1, colours=colours, numbers=numbers)
        lines = traces(shown, "trails")
        assert len(lines) <= 12 and sum(len(pieces(line)) for line in lines) == 200
        own = {tuple(point): colour for point, colour in zip(many.tolist(), colours.tolist(), strict=True)}
        for line in lines:
            for piece in pieces(line):
                turn = abs(hue(bytes.fromhex(line.line.color[1:])) - hue(own[tuple(piece[-1].tolist())]))
                assert min(turn, 1 - turn) <= 1 / 11


def test_ellipses_are_one_trace_that_follows_the_edges() -> None:
    along = np.array((1, 2)) / math.sqrt(5)
    covariance = 4 * np.outer(along, along) + 0.01 * np.eye(2)
    covariances = np.full((3, 3), np.nan)
    covariances[[0, 2]] = covariance[0, 0], covariance[0, 1], covariance[1, 1]
    (trace,) = traces(figure(covariances=covariances, ellipse_scale=2), "ellipses")
    drawn = pieces(trace)
    assert len(drawn) == 2
    for piece, number in zip(drawn, (0, 2), strict=True):
        around = piece - POINTS[number]
        tip = around[np.hypot(*around.T).argmax()]
        np.testing.assert_allclose(np.abs(tip @ along), 2 * math.sqrt(5.991 * 4.01), rtol=1e-3)
        np.testing.assert_allclose(piece[0], piece[-1], atol=1e-4)


def test_the_selected_point_has_a_ring_and_the_outline_closes() -> None:
    for dark in (False, True):
        shown = figure(selected=2, outline=[(1, 2), (100, 3), (90, 50)], dark=dark)
        (ring,) = traces(shown, "ring")
        assert (ring.x.tolist(), ring.y.tolist()) == ([50.25], [40.5])
        (line,) = shown.layout.shapes
        assert ring.marker.color == line.line.color == inks(dark).look
        assert line.path == "M1,2L100,3L90,50L1,2"
    bare = figure(outline=[(1, 2), (np.nan, 3), (90, 50)])
    assert not len(traces(bare, "ring")[0].x) and not bare.layout.shapes


# --- the picture beneath --------------------------------------------------------------------------


def test_the_picture_lies_as_it_does_beneath_arrows() -> None:
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    for dark in (False, True):
        arrows = arrows_figure(URI, flow, spacing=10, gain=1, scale=1, dark=dark).layout
        assert figure(dark=dark).layout == arrows


def test_zoom_survives_another_frame_and_ends_with_another_picture_size() -> None:
    assert figure().layout.uirevision == figure(POINTS[:1] + 3, dark=True).layout.uirevision
    other = points_figure(URI, HEIGHT, WIDTH, [], colours=track_colours([]), hover=HOVER, numbers=[])
    assert other.layout.uirevision != figure().layout.uirevision


def test_500_points_with_trails_and_ellipses_weigh_little() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(0, 640, (500, 2)).astype(np.float32)
    trails = points[:, None] + rng.normal(0, 9, (500, 15, 2)).astype(np.float32)
    trails[:, -1] = points
    text = points_figure(
        URI,
        640,
        640,
        points,
        colours=track_colours(np.arange(500)),
        hover=HOVER,
        numbers=rng.uniform(0, 640, (500, 7)),
        trails=trails,
        covariances=np.tile((2, 0.5, 1), (500, 1)),
        ellipse_scale=5,
        outline=[(1, 2), (3, 4), (5, 5)],
        selected=3,
    ).to_json()
    assert len(text) < 250_000
    assert {trace["x"]["dtype"] for trace in json.loads(text)["data"]} == {"f4"}


# --- what cannot be drawn -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        ({"colours": track_colours([1])}, r"colours are uint8 of shape \(1, 3\): give uint8, \(3, 3\)"),
        ({"numbers": NUMBERS[:2]}, r"numbers has shape \(2, 7\): give \(3, 7\), as many columns as names"),
        ({"numbers": NUMBERS[:, :6]}, r"numbers has shape \(3, 6\)"),
        ({"hover": [("x", ".2f", "px"), *HOVER[1:]]}, "first column of numbers is not the track's number"),
        ({"numbers": np.full((3, 7), np.nan)}, "first column of numbers is not the track's number"),
        ({"trails": TRAILS[:2]}, r"trails has shape \(2, 3, 2\): give \(3, length, 2\)"),
        ({"covariances": np.zeros((3, 2))}, r"covariances has shape \(3, 2\)"),
        ({"covariances": np.zeros((3, 3)), "ellipse_scale": 0}, "scale is 0"),
        ({"selected": 3}, "selected is 3: give the index of one of 3 points, or None"),
        ({"outline": [1, 2, 3]}, r"outline has shape \(3,\)"),
    ],
)
def test_what_does_not_fit_is_refused(wrong: dict[str, Any], what: str) -> None:
    with pytest.raises(ParameterError, match=what):
        figure(**wrong)
