"""What Plotly's own code makes of the arrows figure, in a real browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import plotly
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page

from flowlab.drawing.arrows import arrow_grid
from flowlab.drawing.figures import arrows_figure

pytestmark = pytest.mark.browser

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
GREY = "data:image/gif;base64,R0lGODlhAQABAIAAAICAgAAAACwAAAAAAQABAAACAkQBADs="
HEIGHT, WIDTH, ZOOM = 90, 160, 5
SHOW = (
    "text => { const f = JSON.parse(text); return Plotly.react('chart', f.data, f.layout, {displayModeBar: false}); }"
)


@pytest.fixture
def chart(chromium: Browser) -> Iterator[Page]:
    """Give a page with an empty chart, five screen pixels to a picture pixel."""
    page = chromium.new_page(viewport={"width": WIDTH * ZOOM, "height": HEIGHT * ZOOM})
    page.set_content('<body style="margin:0"><div id="chart" style="width:100vw;height:100vh"></div></body>')
    page.add_script_tag(path=PLOTLY)
    yield page
    page.close()


def drawn_arrows(page: Page) -> NDArray[np.float64]:
    """Return (tail x, tail y, tip x, tip y) of every arrow, in pixels of the picture."""
    paths = page.evaluate(
        "[...document.querySelectorAll('.trace:last-child path.js-line')].map(p => p.getAttribute('d'))"
    )
    ends = [[float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?", path)[:4]] for path in paths]
    return np.array(ends) / ZOOM - 0.5


def test_arrows_start_at_pixel_centres_and_end_at_gain_times_the_displacement(chart: Page) -> None:
    # A displacement so small that Plotly, told plainly, would round it to nothing before the gain.
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    flow[...] = (0.06, -0.04)
    flow[:45] = (-2.5, 1.5)
    chart.evaluate(SHOW, arrows_figure(GREY, flow, spacing=20, gain=6, scale=3).to_json())
    expected = arrow_grid(flow, 20)
    drawn = drawn_arrows(chart)
    np.testing.assert_allclose(drawn[:, 0], expected.x, atol=1e-6)
    np.testing.assert_allclose(drawn[:, 1], expected.y, atol=1e-6)
    np.testing.assert_allclose(drawn[:, 2] - drawn[:, 0], 6 * expected.u, atol=0.002)
    np.testing.assert_allclose(drawn[:, 3] - drawn[:, 1], 6 * expected.v, atol=0.002)


def test_the_picture_covers_the_chart_and_the_pointer_tells_the_numbers(chart: Page) -> None:
    flow = np.full((HEIGHT, WIDTH, 2), (1.25, -0.5), np.float32)
    chart.evaluate(SHOW, arrows_figure(GREY, flow, spacing=20, gain=6, scale=3).to_json())
    image = chart.locator("image").first
    box = image.bounding_box()
    assert box is not None
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, WIDTH * ZOOM, HEIGHT * ZOOM)
    arrows = arrow_grid(flow, 20)
    chart.mouse.move((arrows.x[9] + 0.5) * ZOOM + 3, (arrows.y[9] + 0.5) * ZOOM)
    said = chart.locator("g.hovertext tspan")
    said.first.wait_for(state="attached")
    lines = [line.split() for line in said.all_text_contents()]
    assert ["x", str(arrows.x[9]), "y", str(arrows.y[9])] in lines
    assert ["u", "1.25", "v", "-0.50", "px"] in lines
    assert ["speed", "1.35", "px"] in lines


def test_further_numbers_and_another_unit_are_told_under_the_pointer(chart: Page) -> None:
    flow = np.full((HEIGHT, WIDTH, 2), (1.25, -0.5), np.float32)
    extra = {"fb error": np.full((HEIGHT, WIDTH), 0.254), "error": np.full((HEIGHT, WIDTH), np.nan)}
    figure = arrows_figure(
        GREY, flow, spacing=20, gain=6, scale=3, outline=False, extra=extra, unit="mm/s", per_px=1000.0
    )
    chart.evaluate(SHOW, figure.to_json())
    arrows = arrow_grid(flow, 20)
    np.testing.assert_allclose(drawn_arrows(chart)[:, 2] - arrows.x, 6 * 1.25, atol=0.002)
    chart.mouse.move((arrows.x[9] + 0.5) * ZOOM + 3, (arrows.y[9] + 0.5) * ZOOM)
    said = chart.locator("g.hovertext tspan")
    said.first.wait_for(state="attached")
    lines = [line.split() for line in said.all_text_contents()]
    assert ["u", "1250", "v", "-500", "mm/s"] in lines
    assert ["speed", "1346", "mm/s"] in lines
    assert ["fb", "error", "0.25", "px"] in lines and ["error", "–", "px"] in lines


def test_zoom_stays_where_it_is_when_the_frame_changes(chart: Page) -> None:
    flow = np.full((HEIGHT, WIDTH, 2), (1.25, -0.5), np.float32)
    chart.evaluate(SHOW, arrows_figure(GREY, flow, spacing=20, gain=6, scale=3).to_json())
    chart.mouse.move(200, 100)
    chart.mouse.down()
    chart.mouse.move(360, 190, steps=4)
    chart.mouse.up()
    seen = "() => { const l = document.getElementById('chart')._fullLayout; return [l.xaxis.range, l.yaxis.range]; }"
    chart.wait_for_function(f"({seen})()[0][0] > 1")
    zoomed = np.array(chart.evaluate(seen))
    np.testing.assert_allclose(zoomed, [[39.5, 71.5], [37.5, 19.5]], atol=1)
    chart.evaluate(SHOW, arrows_figure(GREY, -flow, spacing=20, gain=6, scale=3).to_json())
    np.testing.assert_array_equal(chart.evaluate(seen), zoomed)
