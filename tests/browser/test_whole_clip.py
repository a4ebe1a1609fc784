"""Whole-clip jobs in a real browser: what is seen while one runs, leaving, coming back, and the video playing."""

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.fixtures import AppServer, NewPage, running_app, wait_until_settled
from tests.processes import processes_of, processor_seconds, wait_for, workers_of

LONG = "/dense_flow?clip=scene%3Atwo-layers%3Fwidth%3D400%26height%3D224%26frames%3D600&d_closer=whole+clip"
SHORT = "/dense_flow?clip=scene%3Atwo-layers%3Fwidth%3D192%26height%3D128%26frames%3D40&d_closer=whole+clip"
FRAMES = 599

expect.set_options(timeout=60_000)  # patience costs nothing where all is well


def visit(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator("[data-testid=stMetricLabel]", has_text="Time")).to_be_visible()
    wait_until_settled(page)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def progress(page: Page) -> Locator:
    return page.locator(".stMainBlockContainer [data-testid=stProgress]")


def finished(page: Page) -> int:
    """Wait until the bar tells of frames, and return how many are finished."""
    expect(progress(page)).to_contain_text(re.compile(rf"\d+ of {FRAMES} frames"))
    told = re.search(rf"(\d+) of {FRAMES}", progress(page).inner_text())
    assert told is not None
    return int(told[1])


def is_idle(home: Path) -> bool:
    """Return whether the workers of a home use next to no processor."""
    workers = workers_of(home)
    before = processor_seconds(workers)
    time.sleep(0.4)
    return processor_seconds(workers) - before < 0.1


def expect_it_plays(page: Page, width: int, height: int) -> None:
    video = page.locator("video")
    expect(video).to_be_visible()
    page.wait_for_function("document.querySelector('video').readyState === 4", timeout=30_000)
    video.evaluate("video => { video.muted = true; return video.play(); }")
    page.wait_for_function("document.querySelector('video').currentTime > 0.2", timeout=30_000)
    assert video.evaluate("video => [video.videoWidth, video.videoHeight]") == [width, height]


def test_a_job_is_started_watched_left_cancelled_gone_on_with_and_played(
    new_page: NewPage, app_server: AppServer, console_errors: list[str]
) -> None:
    page = new_page()
    visit(page, app_server.url + LONG)
    button(page, "Run on the whole clip").click()
    first = finished(page)
    wait_for("progress", lambda: finished(page) > first)

    page.reload()  # the job belongs to the server
    finished(page)
    other = new_page()  # another browser, without the link
    visit(other, f"{app_server.url}/dense_flow")
    other.get_by_text("Jobs: 1 running").click()
    expect(other.get_by_text("Farneback, colour of")).to_be_visible()

    button(page, "Cancel").click()
    expect(button(page, "Go on")).to_be_visible()
    wait_for("idle workers", lambda: is_idle(app_server.home))
    expect(other.get_by_text("Jobs: 1 running")).to_have_count(0)

    button(page, "Go on").click()
    expect(page.locator("video")).to_be_visible(timeout=90_000)
    expect_it_plays(page, 400, 224)
    assert page.locator("video").evaluate("video => video.duration") == pytest.approx(FRAMES / 25, abs=0.1)
    assert LONG.partition("&")[2] in page.url  # the link still says where one is
    visit(other, page.url)
    expect_it_plays(other, 400, 224)
    assert console_errors == []


def test_the_link_in_the_list_of_jobs_leads_to_the_job(new_page: NewPage, app_server: AppServer) -> None:
    page = new_page()
    visit(page, app_server.url + SHORT + "&d_view=magnitude&d_method=dis")
    button(page, "Run on the whole clip").click()
    expect(page.locator("video")).to_be_visible(timeout=60_000)
    other = new_page()
    visit(other, f"{app_server.url}/dense_flow")
    other.get_by_text(re.compile(r"Jobs: \d")).click()
    other.get_by_text("DIS, magnitude of").click()
    expect_it_plays(other, 192, 128)
    expect(other).to_have_url(re.compile("d_view=magnitude"))


def test_a_server_that_is_ended_during_a_job_leaves_nothing_and_the_next_goes_on(
    new_page: NewPage, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with running_app(home) as server:
        page = new_page()
        visit(page, server.url + LONG)
        button(page, "Run on the whole clip").click()
        wait_for("two finished pieces", lambda: finished(page) > 100)
        server.process.terminate()
        server.process.wait(30)
        wait_for("the end of every process", lambda: not processes_of(home))
        assert "Traceback" not in server.log
    with running_app(home) as server:
        page = new_page()
        visit(page, server.url + LONG)
        button(page, "Run on the whole clip").click()
        assert finished(page) > 100  # from before
        expect(page.locator("video")).to_be_visible(timeout=90_000)
        expect_it_plays(page, 400, 224)
        assert not list((home / "incoming").iterdir())
