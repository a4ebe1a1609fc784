"""What Plotly's own code makes of the figures of tracked regions, in a real browser."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import plotly
import pytest
from playwright.sync_api import Browser, Page

from flowlab.drawing.alignment_plots import convergence_plot, eigenvalues_plot, error_plot, hessian_plot, trace_plot
from flowlab.drawing.region_inputs import AlignmentTrace, ConvergenceCurve, ErrorCurve, RegionCourse, ScoredCurve
from flowlab.drawing.region_plots import course_plot, precision_plot, success_plot

pytestmark = pytest.mark.browser

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
SHOW = """text => {
    const f = JSON.parse(text), box = document.getElementById('chart');
    box.style.height = `${f.layout.height}px`;
    return Plotly.react(box, f.data, f.layout, {displayModeBar: false});
}"""
COUNT = 31


@pytest.fixture(scope="module", params=[900, 390])
def chart(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    """Give a page with an empty chart, on a desk and on a telephone."""
    page = chromium.new_page(viewport={"width": request.param, "height": 800})
    page.set_content('<body style="margin:0"><div id="chart" style="width:100vw"></div></body>')
    page.add_script_tag(path=PLOTLY)
    yield page
    page.close()


def course() -> RegionCourse:
    frame = np.arange(COUNT)
    state = np.repeat([3, 0, 1, 0, 2], [1, 9, 10, 1, 10])
    return RegionCourse(frame, frame + 100, frame + 50, frame / 30, frame - 9, frame / 99, frame / 31, state)


def test_the_pointer_is_told_every_quantity_and_the_state_of_one_frame(chart: Page) -> None:
    chart.evaluate(SHOW, course_plot(course(), thresholds={"lost below": 0.4}, now=3).to_json())
    box = chart.locator(".nsewdrag").first.bounding_box()
    assert box is not None
    for frame, words in (
        (5, ("tracked, frames 1 to 9", "x : 105 px", "y : 55 px", "NCC : ")),
        (15, ("occluded, frames 10 to 19", "x, not believed : 115 px", "rotation, not believed : 6 °")),
    ):
        chart.mouse.move(box["x"] + box["width"] * (frame + 0.5) / COUNT, box["y"] + box["height"] / 2)
        chart.locator(f"g.hoverlayer text:has-text('frame {frame}')").wait_for(state="attached")
        told = " ".join(chart.locator("g.hoverlayer text").all_text_contents())
        for word in words:
            assert word in told
        assert told.count("frames ") == 1, "one state"
    chart.mouse.move(0, 0)


def test_nothing_is_cut_and_legends_leave_the_panels_free(chart: Page) -> None:
    x = np.linspace(0, 1, 21)
    ways = ("forward-additive", "forward-compositional", "inverse-compositional", "esm", "ecc")
    ten = np.arange(1, 11)
    width = chart.evaluate("innerWidth")
    for figure in (
        course_plot(course(), now=3),
        trace_plot([AlignmentTrace(name, [1, 1, 0, 0], [9, 4, 5, 1], [4, 1, 0.5, 0.01]) for name in ways[:4]], now=2),
        success_plot([ScoredCurve(name, x, 1 - x, 0.5) for name in ways]),
        precision_plot([ScoredCurve("flowlab", 50 * x, x, 0.4, dashed=True)]),
        convergence_plot([ConvergenceCurve(name, ten, 1 / ten, 0.9 / ten, 1 / ten) for name in ways]),
        error_plot([ErrorCurve(name, 1 / ten) for name in ways]),
        hessian_plot(np.diag(10.0 ** np.arange(8)), [f"h{n}" for n in range(8)], dark=True),
        eigenvalues_plot(10.0 ** np.arange(8)),
    ):
        chart.evaluate(SHOW, figure.to_json())
        assert chart.evaluate("document.documentElement.scrollWidth") <= width
        drag = chart.locator(".nsewdrag").first.bounding_box()
        assert drag is not None and drag["width"] > 0.5 * width and drag["height"] > 30
        legend = chart.locator("g.legend .bg")
        if legend.count():
            box = legend.first.bounding_box()
            assert box is not None and box["y"] + box["height"] <= drag["y"] + 2
