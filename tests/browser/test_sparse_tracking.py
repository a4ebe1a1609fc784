"""Journeys through the Sparse tracking page in a real browser: what AppTest cannot see."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from flowlab.core.region import Box
from flowlab.jobs.clips import open_clip
from flowlab.jobs.track_table import table_of
from flowlab.tracking.points import track_points
from flowlab.tracking.tracks import Tracks
from tests.browser.fixtures import AppServer, NewPage, running_app, wait_until_settled
from tests.browser.test_dense_flow import expect_frame, expect_in_address, press
from tests.browser.test_picture_tools import Shown

CLIP = "scene:two-layers?width=192&height=128&frames=12"
LONG = "scene:two-layers?width=480&height=270&frames=600"
PICTURE = ".stage img.a"
PLOT = ".flowlab-plot"
PANELS = ("track", "lives", "motion", "camera", "truth", "whole clip")

expect.set_options(timeout=20_000)  # patience costs nothing where all is well


def address(server: AppServer, **query: object) -> str:
    return f"{server.url}/sparse_tracking?{urlencode({'clip': CLIP} | query)}"


def visit(page: Page, where: str) -> Shown:
    page.goto(where)
    page.locator(f"{PICTURE}, {PLOT} .main-svg, [data-testid=stAlert]").first.wait_for()
    wait_until_settled(page)
    return Shown(page, 192, 128)


def numbers(page: Page) -> dict[str, str]:
    """Return the metrics; they come after the picture."""
    expect(page.locator("[data-testid=stMetricLabel]", has_text="With the camera")).to_be_visible()
    wait_until_settled(page)
    names = page.locator("[data-testid=stMetricLabel]").all_inner_texts()
    values = page.locator("[data-testid=stMetricValue]").all_inner_texts()
    return {name.strip(): value for name, value in zip(names, values, strict=True)}


def tracks_until(stop: int, region: Box | None = None) -> Tracks:
    clip = open_clip(CLIP)
    return track_points(clip, allowed=None if region is None else region.mask(128, 192), stop=stop)


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def ranges(page: Page) -> list[list[float]]:
    found: list[list[float]] = page.locator(PLOT).first.evaluate(
        "({_fullLayout: {xaxis, yaxis}}) => [xaxis.range, yaxis.range].map((range) => range.map(Math.round))"
    )
    return found


# --- links -----------------------------------------------------------------------------------------


def test_a_link_brings_picture_numbers_and_address_to_a_fresh_browser(
    new_page: NewPage, app_server: AppServer, console_errors: list[str]
) -> None:
    query = {
        "s_frame": 7, "s_from": 2, "s_width": 160, "s_colour": "speed", "s_scale": 4, "s_model": "affine",
        "s_ransac": 1.5, "s_outline": "true", "s_region": "20,10,150,100", "s_exclude": "70,40,20,20",
        "s_ruler": "10,20,40,60", "s_unit_length": "mm", "s_unit_ruler": 80, "s_p_quality": 0.02, "s_p_window": 21,
        "s_p_trail": 4, "s_closer": "motion",
    }  # fmt: skip
    page = new_page()
    visit(page, address(app_server, **query))
    before = page.locator(PICTURE).get_attribute("src")
    page.locator(".st-key-s_p_window_open, [data-testid=stExpander]", has_text="Lucas-Kanade").last.click()
    slider = page.locator(".st-key-s_p_set_window input[type=range]")
    slider.focus()
    press(page, "ArrowRight")
    expect_in_address(page, "s_p_window=23")
    page.locator(".st-key-s_frame input[type=range]").focus()
    press(page, "ArrowRight")
    expect_frame(page, 8)
    expect_in_address(page, "s_frame=8")
    assert page.locator(PICTURE).get_attribute("src") != before
    for name in query.keys() - {"s_frame", "s_p_window"}:
        assert f"{name}=" in page.url
    assert "s_p_levels" not in page.url  # a default stays out of the address

    other = new_page()
    visit(other, page.url)
    expect_frame(other, 8)
    assert other.locator(PICTURE).get_attribute("src") == page.locator(PICTURE).get_attribute("src")
    assert numbers(other) == numbers(page)
    assert numbers(page)["Median step"].endswith(" mm/frame")
    assert other.url == page.url
    assert console_errors == []


@pytest.fixture
def cold_server(tmp_path: Path) -> Iterator[AppServer]:
    with running_app(tmp_path / "home") as server:
        yield server


def test_a_link_to_the_page_may_be_the_first_request_of_a_cold_server(
    page: Page, cold_server: AppServer, console_errors: list[str]
) -> None:
    missing: list[str] = []
    page.on("response", lambda answer: missing.append(answer.url) if answer.status >= 400 else None)
    visit(page, address(cold_server, s_frame=4, s_p_window=21, s_colour="age"))
    expect_frame(page, 4)
    for title in ("Dense flow", "Sparse tracking"):
        expect(page.get_by_role("link", name=title)).to_be_visible()
    box = page.locator(".stMainBlockContainer").bounding_box()
    assert box is not None
    assert box["width"] > 1000  # wide
    expect(page).to_have_title("flowlab")
    for text in ("s_frame=4", "s_p_window=21", "s_colour=age", urlencode({"clip": CLIP})):
        expect_in_address(page, text)
    assert numbers(page)["Tracks"]
    assert console_errors == []
    assert {url.rpartition("/sparse_tracking/")[2] for url in missing} <= {"_stcore/health", "_stcore/host-config"}
    assert "Traceback" not in cold_server.log


def test_the_navigation_leads_from_page_to_page_with_the_same_clip(page: Page, app_server: AppServer) -> None:
    visit(page, f"{app_server.url}/dense_flow?{urlencode({'clip': CLIP})}")
    page.get_by_role("link", name="Sparse tracking").click()
    expect(page.locator(".readout")).to_have_text(re.compile("point at a track"))
    assert numbers(page)["Tracks"]
    expect_in_address(page, urlencode({"clip": CLIP}))
    page.get_by_role("link", name="Dense flow").click()
    expect(page.locator("[data-testid=stMetricLabel]", has_text="Endpoint error")).to_be_visible()
    expect_in_address(page, urlencode({"clip": CLIP}))


# --- pointing and drawing ----------------------------------------------------------------------------


def test_a_click_on_a_point_shows_its_track_and_a_click_beside_lets_it_go(page: Page, app_server: AppServer) -> None:
    shown = visit(page, address(app_server, s_frame=5, s_closer="track"))
    expect(page.get_by_text("Click a point on the picture")).to_be_visible()
    tracks = tracks_until(7)
    lives_on = set(tracks.at(6).track[tracks.at(6).alive].tolist())
    now = tracks.at(5)
    now = now.where(now.alive)
    apart = np.hypot(*(now.xy[:, None] - now.xy[None]).transpose(2, 0, 1)) + 99 * np.eye(len(now))
    row = max(range(len(now)), key=lambda row: (now.track[row] in lives_on and now.age[row] > 0) * apart[row].min())
    track, (x, y) = int(now.track[row]), now.xy[row]
    page.mouse.move(*shown.at(float(x), float(y)))
    expect(shown.readout).to_have_text(re.compile(rf"^track\s+{track}\s+x\s+{x:.1f}\s+y\s+{y:.1f}\s"))
    page.mouse.click(*shown.at(float(x), float(y)))
    expect_in_address(page, f"s_pick={track}")
    born = tracks.of(track)
    expect(page.get_by_text(f"Born in frame {born.frame[0]} at ({born.xy[0, 0]:.1f}")).to_be_visible()
    wait_until_settled(page)
    expect(page.locator(".st-key-s_pick_number input")).to_have_value(str(track))
    expect(page.locator(".overlay .probe").first).to_be_attached()

    press(page, "ArrowRight")  # the track is followed to the next frame
    expect_frame(page, 6)
    expect(shown.readout).to_have_text(re.compile(rf"^track\s+{track}\s"))
    page.mouse.move(*shown.at(float(x), float(y)))
    shown.stage.focus()
    page.keyboard.press("Delete")
    expect(page.get_by_text("Click a point on the picture")).to_be_visible()
    expect(page).not_to_have_url(re.compile("s_pick"))


def test_a_region_is_dragged_and_tracks_begin_only_there(page: Page, app_server: AppServer) -> None:
    shown = visit(page, address(app_server, s_frame=0))
    everywhere = int(numbers(page)["Tracks"])
    shown.choose("Region")
    shown.drag((60, 30), (129, 89))
    expect_in_address(page, urlencode({"s_region": "60,30,70,60"}))
    expected = len(tracks_until(1, Box(60, 30, 70, 60)))
    label = page.locator("[data-testid=stMetric]", has_text="Tracks").first
    expect(label.locator("[data-testid=stMetricValue]")).to_have_text(str(expected))
    assert 0 < expected < everywhere / 2
    with_region = page.url
    shown.stage.focus()
    page.keyboard.press("Delete")
    expect(page).not_to_have_url(re.compile("s_region"))
    expect(label.locator("[data-testid=stMetricValue]")).to_have_text(str(everywhere))
    visit(page, with_region)
    expect(label.locator("[data-testid=stMetricValue]")).to_have_text(str(expected))


def test_the_keyboard_steps_and_plays_and_leaves_sliders_alone(page: Page, app_server: AppServer) -> None:
    visit(page, address(app_server, s_frame=2))
    press(page, "ArrowRight")
    expect_frame(page, 3)
    press(page, "ArrowLeft")
    expect_frame(page, 2)
    page.locator(".st-key-s_p_set_trail input[type=range]").focus()
    press(page, "ArrowRight")
    expect_in_address(page, "s_p_trail=16")
    expect_frame(page, 2)
    page.locator(".stage").focus()
    page.keyboard.press("Space")
    expect(page.locator(PICTURE)).not_to_have_attribute("data-frame", "2")
    page.keyboard.press("Space")
    page.wait_for_timeout(1200)
    wait_until_settled(page)
    stopped = page.locator(PICTURE).get_attribute("data-frame")
    page.wait_for_timeout(600)
    assert page.locator(PICTURE).get_attribute("data-frame") == stopped


def test_the_zoom_survives_a_step_and_points_tell_their_numbers(
    page: Page, app_server: AppServer, console_errors: list[str]
) -> None:
    visit(page, address(app_server, s_view="zoom", s_frame=5, s_closer="track"))
    plot = page.locator(PLOT).first
    expect(plot.locator(".scatterlayer path.point").first).to_be_attached()
    box = plot.bounding_box()
    assert box is not None
    whole = ranges(page)
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + box["height"] * 0.2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.6, steps=5)
    page.mouse.up()
    page.wait_for_function(
        "left => Math.round(document.querySelector('.flowlab-plot')._fullLayout.xaxis.range[0]) !== left",
        arg=whole[0][0],
    )
    zoomed = ranges(page)
    press(page, "ArrowRight")
    expect_in_address(page, "s_frame=6")
    now = tracks_until(7).at(6)
    now = now.where(now.alive)
    page.wait_for_function(
        """tracks => JSON.stringify(document.querySelector('.flowlab-plot')._fullData
            .find((trace) => trace.name === 'points').customdata.map((row) => row[0])) === tracks""",
        arg=str(now.track.tolist()).replace(" ", ""),
    )
    assert ranges(page) == zoomed

    (left, right), (bottom, top) = zoomed
    inside = (now.xy[:, 0] > left + 8) & (now.xy[:, 0] < right - 8) & (now.xy[:, 1] > top + 8)
    inside &= now.xy[:, 1] < bottom - 8
    row = int(np.flatnonzero(inside & (now.age > 0))[0])
    x, y = now.xy[row]
    place = plot.evaluate(
        """(plot, [x, y]) => {
            const { xaxis, yaxis } = plot._fullLayout, box = plot.getBoundingClientRect();
            return [box.left + xaxis._offset + xaxis.c2p(x), box.top + yaxis._offset + yaxis.c2p(y)];
        }""",
        [float(x), float(y)],
    )
    page.wait_for_timeout(400)  # else the click and the drag's last one make a double click, which zooms out
    page.mouse.move(*place)
    u, v = (f"{n:.2f}" for n in now.uv[row])
    hovered = plot.locator(".hoverlayer")
    expect(hovered).to_contain_text(f"track {now.track[row]}")
    for told in (f"x {x:.2f}", f"y {y:.2f} px", f"u {u}", f"v {v}"):
        expect(hovered).to_contain_text(told)
    page.mouse.click(*place)
    expect_in_address(page, f"s_pick={now.track[row]}")
    expect(page.get_by_text(re.compile("Born in frame"))).to_be_visible()
    assert ranges(page) == zoomed
    assert console_errors == []


# --- screens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_cut_or_distorted_at_any_width(
    new_page: NewPage, app_server: AppServer, console_errors: list[str], scheme: str
) -> None:
    page = new_page(color_scheme=scheme)
    query = {"s_pick": 3, "s_ruler": "10,20,40,60", "s_unit_length": "mm", "s_colour": "camera"}
    visit(page, address(app_server, **query))
    for panel in PANELS:
        page.get_by_role("radio", name=panel, exact=True).or_(button(page, panel)).first.click()
        expect_in_address(page, urlencode({"s_closer": panel}))
        wait_until_settled(page)
        expect_it_fits(page, PICTURE, panel)
    button(page, "zoom").or_(page.get_by_role("radio", name="zoom")).first.click()
    page.locator(f"{PLOT} .scatterlayer path.point").first.wait_for()
    wait_until_settled(page)
    expect_it_fits(page, PLOT, "zoom")
    assert console_errors == []


def expect_it_fits(page: Page, shown: str, what: str) -> None:
    """Make the window narrower, and look whether everything is there."""
    for width in (1440, 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(120)  # plots are drawn anew
        where = f"{what}, {width} px"
        assert page.evaluate("document.documentElement.scrollWidth") <= width, where
        box = page.locator(shown).first.bounding_box()
        assert box is not None
        assert box["width"] / box["height"] == pytest.approx(192 / 128, rel=0.02), where
        assert box["x"] >= 0 and box["x"] + box["width"] <= width, where
        assert cut(page) == [], where
    page.set_viewport_size({"width": 1440, "height": 900})


def cut(page: Page) -> list[str]:
    """Return the words on the page that do not fit into what holds them."""
    words = page.locator(
        ".stMainBlockContainer :is([data-testid=stMetricValue], [data-testid=stMetricLabel], button, p), .readout, "
        ".legend .words"
    )
    found: list[str] = words.evaluate_all("""words => words
        .filter((part) => part.checkVisibility() && part.clientWidth > 0)
        .filter((part) => part.scrollWidth > part.clientWidth + 1
            || (part.matches('.words, .readout') && part.scrollHeight > part.clientHeight + 1))
        .map((part) => part.textContent)""")
    return found


def test_the_first_screen_shows_picture_numbers_and_what_to_do_next(
    page: Page, app_server: AppServer, console_errors: list[str]
) -> None:
    page.goto(f"{app_server.url}/sparse_tracking")
    expect_frame(page, 15)
    assert set(numbers(page)) >= {"Tracks", "Median step", "Right steps"}
    picture, row = page.locator(PICTURE).bounding_box(), page.locator(".st-key-s_numbers").bounding_box()
    assert picture is not None and row is not None
    assert picture["width"] / picture["height"] == pytest.approx(640 / 360, rel=0.01)
    assert row["y"] + row["height"] < 900
    assert console_errors == []


# --- taking away -----------------------------------------------------------------------------------


def test_the_table_that_is_downloaded_holds_the_tracks_that_are_shown(page: Page, app_server: AppServer) -> None:
    visit(page, address(app_server, s_frame=6))
    button(page, "Download").click()
    page.locator(".st-key-s_get_flowlab button").wait_for()
    wait_until_settled(page)
    for key, name in (("flowlab", "tracks.csv"), ("trackpy", "tracks_trackpy.csv")):
        with page.expect_download() as waiting:
            page.locator(f".st-key-s_get_{key} button").click()
        assert waiting.value.suggested_filename == name
        assert Path(waiting.value.path()).read_bytes() == table_of(tracks_until(7), key)
    with page.expect_download() as waiting:
        page.locator(".st-key-s_get_view button").click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")


def test_a_whole_clip_is_started_watched_cancelled_gone_on_with_and_played(
    page: Page, app_server: AppServer, console_errors: list[str]
) -> None:
    visit(page, address(app_server, clip=LONG, s_closer="whole clip", s_clip_range="0:160"))
    button(page, "Run on the whole clip").click()
    bar = page.locator(".stMainBlockContainer [data-testid=stProgress]")
    expect(bar).to_contain_text(re.compile(r"\d+ of 160 frames"), timeout=60_000)
    button(page, "Cancel").click()
    expect(button(page, "Go on")).to_be_visible()
    expect(page.get_by_text("What was finished is kept.")).to_be_visible()
    button(page, "Go on").click()
    video = page.locator("video")
    expect(video).to_be_visible(timeout=90_000)
    page.wait_for_function("document.querySelector('video').readyState === 4", timeout=30_000)
    video.evaluate("video => { video.muted = true; return video.play(); }")
    page.wait_for_function("document.querySelector('video').currentTime > 0.2", timeout=30_000)
    size = "video => [video.videoWidth, video.videoHeight, Math.round(video.duration * 25)]"
    assert video.evaluate(size) == [480, 270, 160]
    with page.expect_download() as waiting:
        page.locator(".st-key-s_get_table button").click()
    with Path(waiting.value.path()).open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert {int(row["frame"]) for row in rows} == set(range(160))
    assert list(rows[0])[:7] == ["frame", "track", "x", "y", "fb_error", "min_eig", "status"]
    assert console_errors == []
