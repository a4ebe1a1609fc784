"""The arrows figure: its structure, as Plotly is told it."""

import json
from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest
from numpy.typing import NDArray

from flowlab.core.resample import pixel_grid
from flowlab.drawing.arrows import OUTLINED_LENGTH, arrow_count, arrow_grid
from flowlab.drawing.figures import arrows_figure
from flowlab.drawing.scales import ColourMap, colour_table
from flowlab.errors import ParameterError

URI = "data:image/gif;base64,R0lGODlhAQABAAAAACwAAAAAAQABAAACAkQBADs="


def ramp(height: int = 60, width: int = 110) -> NDArray[np.float32]:
    """Return a flow that differs at every pixel, and in u and v."""
    x, y = pixel_grid(height, width)
    return np.dstack([x / 20 - 1, 3 - y / 10])


def figure(flow: NDArray[np.float32], **options: Any) -> go.Figure:
    return arrows_figure(URI, flow, **{"spacing": 10, "gain": 4, "scale": 5, **options})


def drawn_vectors(trace: go.Quiver) -> NDArray[np.float64]:
    """Return what Plotly makes of u and v, (N, 2): with lengthmode "raw" they are multiplied by lengthfactor."""
    assert trace.lengthmode == "raw" and trace.arrowref == "data" and trace.anchor == "tail"
    return np.stack([trace.u, trace.v], axis=1) * float(trace.lengthfactor)


def test_every_known_grid_point_has_an_arrow_of_gain_times_its_displacement() -> None:
    flow = ramp()
    expected = arrow_grid(flow, 10)
    arrows = figure(flow).data[-1]
    assert len(arrows.x) == arrow_count(60, 110, 10)
    np.testing.assert_array_equal(arrows.x, expected.x)
    np.testing.assert_array_equal(arrows.y, expected.y)
    np.testing.assert_allclose(drawn_vectors(arrows), 4 * np.stack([expected.u, expected.v], axis=1), rtol=1e-5)


def test_unknown_vectors_have_no_arrow() -> None:
    flow = ramp()
    flow[:, :55] = np.nan
    arrows = figure(flow).data[-1]
    assert 0 < len(arrows.x) == len(arrows.y) == len(arrows.u) == len(arrows.v) < arrow_count(60, 110, 10)
    assert min(arrows.x) >= 55


def test_a_wholly_unknown_flow_shows_the_picture_without_arrows() -> None:
    empty = figure(np.full((60, 110, 2), np.nan, np.float32))
    assert [len(trace.x) for trace in empty.data] == [0, 0]
    assert empty.layout.images[0].source == URI


def test_colours_follow_a_fixed_scale() -> None:
    for flow in (ramp(), 100 * ramp()):
        marker = figure(flow).data[-1].marker
        assert (marker.cmin, marker.cmax) == (0, 5)
    np.testing.assert_allclose(marker.color, 100 * arrow_grid(ramp(), 10).speed, rtol=1e-5)


def test_arrows_have_the_colours_of_the_magnitude_view() -> None:
    stops = figure(ramp()).data[-1].marker.colorscale
    assert (stops[0][0], stops[-1][0]) == (0, 1)
    for share, colour in stops:
        red, green, blue = colour_table(ColourMap.SPEED)[round(255 * share)]
        assert colour == f"rgb({red},{green},{blue})"


def test_the_outline_lies_beneath_the_arrows_that_are_long_enough() -> None:
    outline, arrows = figure(ramp()).data
    length = np.hypot(*drawn_vectors(arrows).T)
    long = length >= OUTLINED_LENGTH
    assert 0 < long.sum() < len(long)
    np.testing.assert_array_equal(outline.x, np.array(arrows.x)[long])
    np.testing.assert_array_equal(drawn_vectors(outline), drawn_vectors(arrows)[long])
    assert outline.hoverinfo == "skip"
    assert outline.marker.line.width > arrows.marker.line.width
    assert len(figure(ramp(), outline=False).data) == 1


def test_every_trace_is_a_quiver_with_a_colour_of_its_own() -> None:
    for trace in figure(ramp()).data:
        assert isinstance(trace, go.Quiver)
        assert trace.marker.color is not None


def test_the_picture_fills_the_axes_with_pixel_centres_at_whole_numbers() -> None:
    layout = figure(ramp()).layout
    (image,) = layout.images
    assert (image.source, image.sizing, image.layer) == (URI, "stretch", "below")
    assert (image.xref, image.yref, image.x, image.y, image.sizex, image.sizey) == ("x", "y", -0.5, -0.5, 110, 60)
    assert layout.xaxis.range == (-0.5, 109.5)
    assert layout.yaxis.range == (59.5, -0.5), "y runs down"
    assert layout.yaxis.scaleanchor == "x" and not layout.yaxis.scaleratio, "a pixel stays square"


def test_nothing_but_the_picture_is_seen() -> None:
    layout = figure(ramp()).layout
    assert not layout.xaxis.visible and not layout.yaxis.visible
    assert (layout.margin.l, layout.margin.r, layout.margin.t, layout.margin.b) == (0, 0, 0, 0)
    assert layout.paper_bgcolor == layout.plot_bgcolor == "rgba(0,0,0,0)"


def test_zoom_survives_another_frame_and_ends_with_another_picture_size() -> None:
    first, other_frame = figure(ramp()).layout.uirevision, figure(-ramp(), gain=9).layout.uirevision
    assert first == other_frame
    assert figure(ramp(80, 110)).layout.uirevision != first


def test_the_legend_names_the_scale_and_follows_the_theme() -> None:
    light, dark = (figure(ramp(), scale=5, dark=d).data[-1].marker.colorbar for d in (False, True))
    assert light.tickvals == (0, 2.5, 5) and light.ticktext == ("0", "2.5", "5 px")
    assert light.tickfont.color != dark.tickfont.color and light.bgcolor != dark.bgcolor
    bare = figure(ramp(), legend=False).data[-1].marker
    assert bare.showscale is False


def test_the_pointer_is_told_position_displacement_and_speed() -> None:
    arrows = figure(ramp()).data[-1]
    expected = arrow_grid(ramp(), 10)
    np.testing.assert_array_equal(arrows.customdata, np.stack([expected.u, expected.v], axis=1))
    for word in ("x %{x}", "y %{y}", "u %{customdata[0]", "v %{customdata[1]", "speed %{marker.color"):
        assert word in arrows.hovertemplate


def test_u_v_and_speed_can_be_told_in_another_unit_and_nothing_else_changes() -> None:
    plain, told = figure(ramp()), figure(ramp(), unit="mm/s", per_px=2.5)
    px, mm = plain.data[-1], told.data[-1]
    np.testing.assert_allclose(mm.customdata, 2.5 * np.array(px.customdata), rtol=1e-6)
    np.testing.assert_allclose(mm.marker.color, 2.5 * np.array(px.marker.color), rtol=1e-6)
    assert (mm.marker.cmin, mm.marker.cmax) == (0, 12.5), "so that colours stay"
    assert mm.hovertemplate.count(" mm/s") == 2 and "px" not in mm.hovertemplate
    assert mm.marker.colorbar.ticktext == ("0", "6.25", "12.5 mm/s")
    for trace, other in zip(plain.data, told.data, strict=True):
        np.testing.assert_array_equal(drawn_vectors(trace), drawn_vectors(other))
        np.testing.assert_array_equal(trace.x, other.x)
        np.testing.assert_array_equal(trace.y, other.y)


def test_further_numbers_are_told_by_each_arrow_at_its_own_pixel() -> None:
    x, y = pixel_grid(60, 110)
    error = x + y / 100
    error[:, 60:] = np.nan
    fb = np.full((60, 110), 0.126)
    fb[:30] = np.inf
    arrows = figure(ramp(), extra={"fb error": fb, "error": error}, unit="mm", per_px=2).data[-1]
    expected = arrow_grid(ramp(), 10)
    u, v, told_fb, told_error = zip(*arrows.customdata, strict=True)
    np.testing.assert_allclose(u, 2 * expected.u, rtol=1e-3)
    np.testing.assert_allclose(v, 2 * expected.v, rtol=1e-3)
    assert list(told_fb) == ["–" if row < 30 else "0.13" for row in expected.y]
    assert list(told_error) == [
        "–" if column >= 60 else f"{error[row, column]:.2f}" for column, row in zip(expected.x, expected.y, strict=True)
    ]
    assert "fb error %{customdata[2]} px<br>error %{customdata[3]} px<extra>" in arrows.hovertemplate


def test_a_name_from_outside_is_text_in_the_hover() -> None:
    arrows = figure(ramp(), extra={"<b>%{x}": np.zeros((60, 110))}).data[-1]
    assert "&lt;b&gt;" in arrows.hovertemplate and arrows.hovertemplate.count("%{x}") == 1


def test_numbers_of_another_size_are_refused() -> None:
    with pytest.raises(ParameterError, match=r"‘error’ has shape \(110, 60\): give \(60, 110\), the flow's"):
        figure(ramp(), extra={"error": np.zeros((110, 60))})
    with pytest.raises(ParameterError, match="per_px is 0"):
        figure(ramp(), per_px=0)


def test_nothing_offers_to_send_the_picture_to_a_server() -> None:
    assert "sendcharttocloud" in figure(ramp()).layout.modebar.remove


def test_two_further_numbers_add_little() -> None:
    flow = np.random.default_rng(5).normal(0, 5, (480, 640, 2)).astype(np.float32)
    extra = {"fb error": np.abs(flow[..., 0]), "error": np.abs(flow[..., 1])}
    bare, told = (
        len(arrows_figure(URI, flow, spacing=16, gain=3, scale=10, outline=False, extra=e).to_json())
        for e in (None, extra)
    )
    assert told - bare < 30_000


def test_1200_arrows_weigh_little() -> None:
    flow = np.random.default_rng(5).normal(0, 5, (480, 640, 2)).astype(np.float32)
    text = arrows_figure(URI, flow, spacing=16, gain=3, scale=10).to_json()
    assert len(text) < 85_000, "with a JPEG of 60 KB the update stays below 150 KB"
    assert '"bdata"' in text, "arrays travel as typed arrays"
    assert json.loads(text)["data"][-1]["type"] == "quiver"


@pytest.mark.parametrize(
    ("wrong", "what"),
    [({"gain": 0}, "gain is 0"), ({"scale": -1}, "scale is -1"), ({"spacing": 0}, "spacing is 0")],
)
def test_numbers_that_draw_nothing_are_refused(wrong: dict[str, float], what: str) -> None:
    with pytest.raises(ParameterError, match=what):
        figure(ramp(), **wrong)


def test_a_flow_of_another_shape_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"the flow has shape \(6, 7\)"):
        figure(np.zeros((6, 7), np.float32))
