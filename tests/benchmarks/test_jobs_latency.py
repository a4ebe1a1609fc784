"""A slider while the server works on whole clips: the page has to stay quick."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode

from tests.benchmarks.tables import heading, median, percentile, row
from tests.benchmarks.test_latency import Watched, measure_slider
from tests.browser.fixtures import AppServer, NewPage, running_app, wait_until_settled

# Farneback in a wide Gaussian window on 600 frames of 640x360: minutes of work, more than the slider needs.
LONG_JOB = {
    "clip": "scene:street?frames=600",
    "d_method": "farneback",
    "d_fb_winsize": "31",
    "d_fb_gaussian": "true",
    "d_closer": "whole clip",
}
SLIDER = {"clip": "scene:street", "d_method": "dis", "d_dis_alpha": "5.1", "d_view": "colour"}


def link(server: AppServer, query: dict[str, str]) -> str:
    return f"{server.url}/dense_flow?{urlencode(query)}"


@contextmanager
def job_running(server: AppServer, new_page: NewPage) -> Iterator[None]:
    """Have two workers busy with a job that a page asked for, and cancel it in the end."""
    page = new_page()
    page.goto(link(server, LONG_JOB))
    wait_until_settled(page)
    page.get_by_role("button", name="Run on the whole clip").click()
    page.get_by_text(re.compile(r"\d+ of \d+ frames · ")).first.wait_for(timeout=60_000)  # the first pieces are done
    yield
    cancel = page.get_by_role("button", name="Cancel")
    assert cancel.is_visible(), "the job was done before the slider was"
    start = time.monotonic()
    cancel.click()
    page.get_by_role("button", name="Go on").wait_for(timeout=30_000)
    row("the job cancelled, as its page shows it", time.monotonic() - start, None, "s")


def test_slider_beside_a_job(new_page: NewPage, tmp_path_factory) -> None:
    heading("Slider moved -> new picture, DIS, colour, scene:street, with a job of two workers in the same server")
    with running_app(tmp_path_factory.mktemp("busy") / "home") as server:
        watched = Watched(new_page())
        watched.open(link(server, SLIDER))
        idle, _ = measure_slider(watched, "d_dis_alpha")
        with job_running(server, new_page):
            busy, _ = measure_slider(watched, "d_dis_alpha")
    row("idle: median", median(idle), None)
    row("idle: p90", percentile(idle, 0.9), None)
    row("beside the job: p90", percentile(busy, 0.9), None)
    assert row("beside the job: median", median(busy), 2 * median(idle))
