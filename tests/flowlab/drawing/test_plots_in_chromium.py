"""What Plotly's own code makes of the plots, in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import plotly
import pytest
from playwright.sync_api import Browser, Page

from flowlab.drawing.plots import direction_rose, profile_plot, speed_histogram

pytestmark = pytest.mark.browser

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
SHOW = "text => { const f = JSON.parse(text); return Plotly.react('chart', f.data, f.layout, {displaylogo: false}); }"
TITLES = {"x_title": "distance (px)", "y_title": "displacement (px)"}


@pytest.fixture
def chart(chromium: Browser) -> Iterator[Page]:
    """Give a page with an empty chart as wide as a page's column."""
    page = chromium.new_page(viewport={"width": 500, "height": 300})
    page.set_content('<body style="margin:0"><div id="chart"></div></body>')
    page.add_script_tag(path=PLOTLY)
    yield page
    page.close()


def said(page: Page) -> str:
    """Return what the box under the pointer says."""
    page.locator("g.hoverlayer text").first.wait_for(state="attached")
    return " ".join(page.locator("g.hoverlayer text").all_text_contents())


def test_a_bar_that_means_down_points_down(chart: Page) -> None:
    shares = np.array([0, 0, 1, 0, 0, 0, 0, 0])
    chart.evaluate(SHOW, direction_rose(shares, shares * 3.0, unit="mm/s").to_json())
    words = {text: chart.locator(f"text='{text}'").bounding_box() for text in ("right", "down", "left", "up")}
    bars = [path.bounding_box() for path in chart.locator(".barlayer .point path").all()]
    bar = max(filter(None, bars), key=lambda box: box["height"])
    middle = (words["left"]["y"] + words["right"]["y"]) / 2
    assert words["left"]["x"] < words["up"]["x"] < words["right"]["x"]
    assert words["up"]["y"] < middle < bar["y"] + bar["height"] / 2 < words["down"]["y"]
    chart.mouse.move(bar["x"] + bar["width"] / 2, bar["y"] + 0.8 * bar["height"])
    told = said(chart)
    assert "90°: 100.0 % of the moving pixels" in told and "mean speed 3 mm/s" in told


def test_the_pointer_is_told_the_bin_of_the_histogram(chart: Page) -> None:
    chart.evaluate(SHOW, speed_histogram([0, 0.5, 1], [2500, 7500], unit="px", marks={"median": 0.6}).to_json())
    box = chart.locator(".nsewdrag").bounding_box()
    chart.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.8 * box["height"])
    told = said(chart)
    assert "0.5 to 1 px" in told and "75 %: 7,500 pixels" in told
    assert chart.locator("text='median 0.6 px'").is_visible()


def test_the_pointer_is_told_all_curves_at_one_place_with_units(chart: Page) -> None:
    x = np.arange(101)
    chart.evaluate(SHOW, profile_plot(x, {"u": x / 3, "true u": 12345 + x}, **TITLES, unit="mm", dark=True).to_json())
    box = chart.locator(".nsewdrag").bounding_box()
    chart.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    told = said(chart)
    assert "distance (px): 50" in told and "16.67 mm" in told and "true u" in told
    assert "e+" not in told, "no powers of ten"


def test_no_buttons_lie_above_a_plot(chart: Page) -> None:
    for figure in (
        direction_rose([1, 0, 0, 0], [1, 0, 0, 0]),
        speed_histogram([0, 1], [1]),
        profile_plot([0, 1], {"u": [0, 1]}, **TITLES),
    ):
        chart.evaluate(SHOW, figure.to_json())
        chart.mouse.move(250, 150)
        assert chart.locator(".modebar-btn").count() == 0


def test_zoom_stays_where_it_is_when_the_frame_changes(chart: Page) -> None:
    x = np.arange(101)
    chart.evaluate(SHOW, profile_plot(x, {"u": np.sin(x / 9)}, **TITLES).to_json())
    box = chart.locator(".nsewdrag").bounding_box()
    chart.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.2 * box["height"])
    chart.mouse.down()
    chart.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 0.8 * box["height"], steps=4)
    chart.mouse.up()
    seen = "() => document.getElementById('chart')._fullLayout.xaxis.range"
    chart.wait_for_function(f"({seen})()[0] > 20")
    zoomed = chart.evaluate(seen)
    np.testing.assert_allclose(zoomed, [40, 60], atol=2)
    chart.evaluate(SHOW, profile_plot(x, {"u": np.cos(x / 9)}, **TITLES, dark=True).to_json())
    assert chart.evaluate(seen) == zoomed
