"""What Plotly's own code makes of the figures of tracks, in a real browser."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import plotly
import plotly.graph_objects as go
import pytest
from playwright.sync_api import Browser, Page

from flowlab.drawing.points_figure import points_figure
from flowlab.drawing.track_plots import (
    alive_plot,
    calibration_plot,
    camera_path_plot,
    endings_plot,
    survival_plot,
)
from flowlab.drawing.tracks import track_colours

pytestmark = pytest.mark.browser

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
GREY = "data:image/gif;base64,R0lGODlhAQABAIAAAICAgAAAACwAAAAAAQABAAACAkQBADs="
HEIGHT, WIDTH, ZOOM = 60, 110, 5
SHOW = (
    "text => { const f = JSON.parse(text); return Plotly.react('chart', f.data, f.layout, {displayModeBar: false}); }"
)
POINTS = np.array([(20.25, 30.5), (90, 10), (60, 50)], np.float32)
NUMBERS = np.array([(7, 20.25, 1.5), (8, 90, np.nan), (1_000_003, 60, 0)])


@pytest.fixture(scope="module")
def page_with_plotly(chromium: Browser) -> Iterator[Page]:
    """Give a page with Plotly in it, which takes seconds to read."""
    page = chromium.new_page(viewport={"width": WIDTH * ZOOM, "height": HEIGHT * ZOOM})
    page.set_content("<body></body>")
    page.add_script_tag(path=PLOTLY)
    yield page
    page.close()


@pytest.fixture
def chart(page_with_plotly: Page) -> Page:
    """Give a page with an empty chart, five screen pixels to a picture pixel."""
    page_with_plotly.mouse.move(0, 0)
    page_with_plotly.evaluate(
        """() => {
            document.body.style.margin = 0;
            document.body.innerHTML = '<div id="chart" style="width:100vw;height:100vh"></div>';
        }"""
    )
    return page_with_plotly


def points(**options: Any) -> go.Figure:
    hover = [("track", "d", ""), ("x", ".2f", None), ("u", ".2f", "px")]
    return points_figure(
        GREY, WIDTH, HEIGHT, POINTS, colours=track_colours([7, 8, 9]), hover=hover, numbers=NUMBERS, **options
    )


def middle(page: Page, selector: str) -> list[tuple[float, float]]:
    """Return where the centres of elements are, in pixels of the picture."""
    boxes = [mark.bounding_box() for mark in page.locator(selector).all()]
    return [
        ((box["x"] + box["width"] / 2) / ZOOM - 0.5, (box["y"] + box["height"] / 2) / ZOOM - 0.5)
        for box in boxes
        if box is not None
    ]


def said(page: Page) -> str:
    """Return what the box under the pointer says."""
    page.locator("g.hoverlayer text").first.wait_for(state="attached")
    return " ".join(page.locator("g.hoverlayer text").all_text_contents())


def test_markers_trails_and_ellipses_lie_where_they_should(chart: Page) -> None:
    along = np.array((1, 2)) / math.sqrt(5)
    long = np.outer(along, along) + 0.001 * np.eye(2)
    covariances = [(long[0, 0], long[0, 1], long[1, 1]), (np.nan, 0, 0), (np.nan, 0, 0)]
    trails = np.stack([POINTS - (8, 4), POINTS], axis=1)
    chart.evaluate(SHOW, points(trails=trails, covariances=covariances, selected=2).to_json())
    found = middle(chart, ".scatterlayer .points path")
    np.testing.assert_allclose(found[:3], POINTS, atol=0.15)
    np.testing.assert_allclose(found[3:], [POINTS[2]] * 2, atol=0.15)
    lines = [path.bounding_box() for path in chart.locator(".scatterlayer .lines path.js-line").all()]
    ellipse, *ways = [(box["width"] / ZOOM, box["height"] / ZOOM) for box in lines if box is not None]
    reach = 2 * math.sqrt(5.991)
    np.testing.assert_allclose(ellipse, reach * along, atol=0.5)
    assert len(ways) == 3
    np.testing.assert_allclose(ways, [(8, 4)] * 3, atol=0.5)


def test_the_pointer_is_told_the_numbers_and_a_click_the_track(chart: Page) -> None:
    chart.evaluate(SHOW, points(selected=2, covariances=[(9, 0, 9)] * 3).to_json())
    chart.evaluate(
        "() => document.getElementById('chart').on('plotly_click', e => { window.track = e.points[0].customdata[0]; })"
    )
    for number, track, words in ((1, 8, "x 90.00  u – px"), (2, 1_000_003, "x 60.00  u 0.00 px")):
        x, y = ((POINTS[number] + 0.5) * ZOOM).tolist()
        chart.mouse.move(x, y)
        # Plotly looks for what is under the pointer a few times a second only, and a click takes what it found last.
        chart.locator(f"g.hoverlayer text:has-text('track {track}')").wait_for(state="attached")
        assert words in said(chart)
        for _ in range(20):  # two clicks that follow quickly are a double click, and a busy machine makes any two quick
            chart.wait_for_timeout(400)
            chart.mouse.down()
            chart.mouse.up()
            chart.wait_for_timeout(100)
            if chart.evaluate("() => window.track") == track:
                break
        assert chart.evaluate("() => window.track") == track


def test_zoom_stays_where_it_is_when_the_frame_changes(chart: Page) -> None:
    chart.evaluate(SHOW, points(trails=POINTS[:, None] - 2).to_json())
    chart.mouse.move(200, 100)
    chart.mouse.down()
    chart.mouse.move(360, 190, steps=4)
    chart.mouse.up()
    seen = "() => { const l = document.getElementById('chart')._fullLayout; return [l.xaxis.range, l.yaxis.range]; }"
    chart.wait_for_function(f"({seen})()[0][0] > 1")
    zoomed = chart.evaluate(seen)
    chart.evaluate(SHOW, points(selected=1, covariances=np.ones((3, 3)) * (1, 0, 1)).to_json())
    assert chart.evaluate(seen) == zoomed


def test_the_pointer_is_told_the_living_the_born_and_the_ended_at_once(chart: Page) -> None:
    frames = np.arange(11)
    shown = alive_plot(frames, frames + 1234, born=frames + 40, ended=frames + 60, cuts=[8], now=2)
    chart.evaluate(SHOW, shown.to_json())
    box = chart.locator(".nsewdrag").first.bounding_box()
    assert box is not None
    chart.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    told = said(chart)
    assert "frame 5" in told and "1239 tracks" in told
    assert "45 tracks" in told and "65 tracks" in told and "-65" not in told
    assert chart.locator("text='cut'").is_visible()


def test_all_plots_of_tracks_are_drawn_without_buttons(chart: Page) -> None:
    path = np.array([(0, 0), (2, 9), (5, 3)])
    for shown in (
        survival_plot([0, 1, 2], [1, 0.5, 0.2]),
        endings_plot(["low texture", "1e3"], [3, 90], dark=True),
        camera_path_plot(path, [0, 1, 2], now=1),
        calibration_plot([0.5, 0.9], [0.4, 0.8]),
    ):
        chart.evaluate(SHOW, shown.to_json())
        drawn = chart.locator(".scatterlayer path, .barlayer path")
        assert drawn.count() > 0 and drawn.first.is_visible()
        assert chart.locator(".modebar-btn").count() == 0


def test_a_way_down_leads_down_and_reasons_stand_first_to_last(chart: Page) -> None:
    chart.evaluate(SHOW, camera_path_plot([(0, 0), (3, 9)], [0, 1], now=1).to_json())
    (_, start), (_, now) = middle(chart, ".scatterlayer .points path")
    assert start < now
    chart.evaluate(SHOW, endings_plot(["first", "1e3"], [3, 90]).to_json())
    above, below = (chart.locator(f"text='{name}'").bounding_box() for name in ("first", "1e3"))
    assert above is not None and below is not None and above["y"] < below["y"]
