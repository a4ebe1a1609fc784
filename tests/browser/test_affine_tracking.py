"""Journeys through the Affine tracking page in a real browser: what AppTest cannot see."""

import csv
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page, expect

from flowlab.core.region import Box
from flowlab.jobs.clips import open_clip
from flowlab.jobs.region_start import first_box
from flowlab.jobs.region_table import table_of
from flowlab.tracking.affine.region_track import RegionTrack
from flowlab.tracking.regions import track_region
from tests.browser.fixtures import AppServer, NewPage, wait_until_settled
from tests.browser.test_dense_flow import expect_frame, expect_in_address, press
from tests.browser.test_picture_tools import Shown

CLIP = "scene:planar?width=192&height=128&frames=12"
LONG = "scene:planar?width=320&height=180&frames=300"
PICTURE = ".stage img.a"

expect.set_options(timeout=20_000)  # patience costs nothing where all is well


def address(server: AppServer, **query: object) -> str:
    return f"{server.url}/affine_tracking?{urlencode({'clip': CLIP} | query)}"


def visit(page: Page, where: str, width: int = 192, height: int = 128) -> Shown:
    page.goto(where)
    page.locator(f"{PICTURE}, [data-testid=stAlert]").first.wait_for()
    wait_until_settled(page)
    return Shown(page, width, height)


def numbers(page: Page) -> dict[str, str]:
    """Return the metrics; they come after the picture."""
    expect(page.locator("[data-testid=stMetricLabel]", has_text="Iterations")).to_be_visible()
    wait_until_settled(page)
    names = page.locator("[data-testid=stMetricLabel]").all_inner_texts()
    values = page.locator("[data-testid=stMetricValue]").all_inner_texts()
    return {name.strip(): value for name, value in zip(names, values, strict=True)}


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def tracked(box: Box | None = None, **options: object) -> RegionTrack:
    clip = open_clip(CLIP)
    return track_region(clip, box or first_box(clip, 0), tracker="esm-homography", **options)  # type: ignore[arg-type]


def outline(page: Page) -> NDArray[np.float64]:
    """Return the corners of the region that is drawn, (4, 2) px of the picture."""
    path = page.locator(".overlay .quad.ink").first
    expect(path).to_be_attached()
    return np.array(re.findall(r"-?[0-9.]+", path.get_attribute("d") or ""), float).reshape(-1, 2)[:4]


def expect_outline(page: Page, corners: NDArray[np.float64]) -> None:
    """Wait until the region is drawn there."""
    for _ in range(100):
        if np.allclose(outline(page), corners, atol=0.02):
            return
        page.wait_for_timeout(100)
    np.testing.assert_allclose(outline(page), corners, atol=0.02)


def in_address(page: Page, name: str) -> str:
    return parse_qs(urlsplit(page.url).query).get(name, [""])[0]


# --- what it opens on ------------------------------------------------------------------------------


def test_the_first_screen_shows_a_region_that_is_followed_and_its_numbers(
    page: Page, app_server: AppServer, console_errors: list[str]
) -> None:
    page.goto(f"{app_server.url}/affine_tracking")
    expect_frame(page, 20)
    assert numbers(page)["State"] == "tracked"
    clip = open_clip("scene:planar")
    track = track_region(clip, first_box(clip, 0), tracker="esm-homography", stop=21)
    expect_outline(page, track.corners[-1])
    picture, row = page.locator(PICTURE).bounding_box(), page.locator(".st-key-a_numbers").bounding_box()
    assert picture is not None and row is not None
    assert picture["width"] / picture["height"] == pytest.approx(640 / 360, rel=0.01)
    assert row["y"] + row["height"] < 900
    assert console_errors == []


def test_the_navigation_keeps_a_clip_that_was_chosen_and_opens_on_its_own_otherwise(
    page: Page, app_server: AppServer
) -> None:
    page.goto(f"{app_server.url}/dense_flow")
    expect(page.locator("[data-testid=stMetricLabel]", has_text="Endpoint error")).to_be_visible()
    page.get_by_role("link", name="Affine tracking").click()
    expect_in_address(page, urlencode({"clip": "scene:planar"}))
    assert numbers(page)["State"] == "tracked"
    page.get_by_role("link", name="Dense flow").click()
    expect_in_address(page, urlencode({"clip": "scene:two-layers"}))
    visit(page, address(app_server))
    page.get_by_role("link", name="Sparse tracking").click()
    expect_in_address(page, urlencode({"clip": CLIP}))


# --- drawing -----------------------------------------------------------------------------------------


def test_a_box_drawn_with_the_mouse_is_followed(page: Page, app_server: AppServer, console_errors: list[str]) -> None:
    shown = visit(page, address(app_server, a_frame=0))
    usual = first_box(open_clip(CLIP), 0)
    shown.drag((usual.x + usual.w / 2, usual.y + usual.h / 2), (usual.x + usual.w / 2 + 6, usual.y + usual.h / 2 - 4))
    moved = Box(usual.x + 6, usual.y - 4, usual.w, usual.h)
    expect_in_address(page, urlencode({"a_roi": str(moved)}))
    shown.drag((2, 2), (3, 3))  # too small to be followed: nothing is drawn
    shown.drag((140, 110), (95, 70))  # from outside the box: another one
    drawn = Box(95, 70, 46, 41)
    expect_in_address(page, urlencode({"a_roi": str(drawn)}))
    expect(page.get_by_role("textbox", name="Box")).to_have_value(str(drawn))
    page.locator(".st-key-a_frame input[type=range]").focus()
    press(page, "End")
    expect_frame(page, 11)
    track = tracked(drawn)
    expect_outline(page, track.corners[-1])
    x, y = track.centre[-1]
    assert numbers(page)["Position"] == f"{x:.1f}, {y:.1f} px"
    assert console_errors == []


def test_by_keyboard_a_box_is_moved_a_frame_is_reached_and_a_keyframe_set(
    page: Page, app_server: AppServer, console_errors: list[str]
) -> None:
    shown = visit(page, address(app_server, a_frame=0, a_roi="60,45,40,30"))
    shown.stage.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Alt+ArrowDown")
    expect_in_address(page, urlencode({"a_roi": "61,45,40,31"}))
    wait_until_settled(page)
    page.get_by_role("button", name="Download").focus()  # elsewhere arrow keys step through the clip
    press(page, "ArrowRight")
    expect_frame(page, 1)
    press(page, "ArrowRight")
    expect_frame(page, 2)
    expect_outline(page, tracked(Box(61, 45, 40, 31)).corners[2])
    button(page, "Keyframe here").focus()
    press(page, "Enter")
    expect_in_address(page, "a_keys=2%3A")
    expect(button(page, "Remove keyframe")).to_be_visible()
    expect(page.locator(".overlay .box.ink")).to_be_attached()
    before = in_address(page, "a_keys")
    shown.stage.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function("was => new URLSearchParams(location.search).get('a_keys') !== was", arg=before)
    x, y, w, h = map(float, before.partition(":")[2].split(","))
    wait_until_settled(page)
    assert in_address(page, "a_keys") == f"2:{Box(x, y + 1, w, h)}"
    assert console_errors == []


def test_a_box_drawn_in_a_later_frame_is_a_keyframe_and_the_rows_before_stay(
    page: Page, app_server: AppServer, console_errors: list[str]
) -> None:
    shown = visit(page, address(app_server, a_roi="60,45,40,30", a_frame=6))
    expect(page.get_by_text("Drag a box on the picture to put the tracker right")).to_be_visible()
    expect(page.locator(".overlay .box.ink")).not_to_be_attached()
    shown.drag((70, 50), (115, 89))
    expect_in_address(page, urlencode({"a_keys": "6:70,50,46,40"}))
    expect(page.get_by_text("the tracker starts anew in frame 6")).to_be_visible()
    assert numbers(page)["State"] == "keyframe"
    page.locator(".st-key-a_frame input[type=range]").focus()
    press(page, "End")
    expect_frame(page, 11)
    helped = tracked(Box(60, 45, 40, 30), keyframes={6: Box(70, 50, 46, 40)})
    expect_outline(page, helped.corners[11])
    page.locator(".st-key-a_frame input[type=range]").focus()
    for _ in range(6):
        press(page, "ArrowLeft")
    expect_frame(page, 5)
    expect_outline(page, tracked(Box(60, 45, 40, 30)).corners[5])

    press(page, "ArrowRight")
    expect_frame(page, 6)
    wait_until_settled(page)
    shown.stage.focus()
    page.keyboard.press("Delete")
    expect(page).not_to_have_url(re.compile("a_keys"))
    expect_outline(page, tracked(Box(60, 45, 40, 30)).corners[6])
    assert console_errors == []


def test_a_box_that_cannot_be_followed_is_said_and_another_one_is_drawn(page: Page, app_server: AppServer) -> None:
    shown = visit(page, address(app_server, a_frame=0, a_roi="900,10,40,40"))
    expect(page.get_by_text("lies outside the 192x128 picture: draw it inside")).to_be_visible()
    shown.drag((2, 110), (41, 125))
    expect_in_address(page, urlencode({"a_roi": "2,110,40,16"}))
    expect(page.get_by_text("lies outside")).not_to_be_visible()


# --- links -----------------------------------------------------------------------------------------


def test_a_link_brings_picture_numbers_and_address_to_a_fresh_browser(
    new_page: NewPage, app_server: AppServer, console_errors: list[str]
) -> None:
    query = {
        "a_frame": 9, "a_from": 2, "a_width": 160, "a_roi": "60,45,48,36", "a_keys": "5:66,48,48,36",
        "a_tracker": "flowlab", "a_fl_motion": "affine", "a_fl_blur": 3, "a_fl_update": "never", "a_trail": 5,
        "a_truth": "true",
    }  # fmt: skip
    page = new_page()
    visit(page, address(app_server, **query), 160, 107)
    page.locator(".st-key-a_frame input[type=range]").focus()
    press(page, "ArrowRight")
    expect_frame(page, 10)
    expect_in_address(page, "a_frame=10")
    told = numbers(page)
    for name in query.keys() - {"a_frame"}:
        assert f"{name}=" in page.url
    assert "a_fl_levels" not in page.url  # a default stays out of the address

    other = new_page()
    visit(other, page.url, 160, 107)
    expect_frame(other, 10)
    np.testing.assert_array_equal(outline(other), outline(page))
    assert numbers(other) == told
    assert other.url == page.url
    assert console_errors == []


# --- keyframes as a file ------------------------------------------------------------------------------


def test_keyframes_are_downloaded_and_taken_back_from_the_file(
    page: Page, app_server: AppServer, console_errors: list[str], tmp_path: Path
) -> None:
    visit(page, address(app_server, a_roi="60,45,40,30", a_keys="4:64,47,40,30;8:70,50,40,30"))
    button(page, "Keyframes (2)").or_(page.get_by_role("button", name="Keyframes (2)")).first.click()
    page.locator(".st-key-a_get_keys button").wait_for()
    wait_until_settled(page)
    with page.expect_download() as waiting:
        page.locator(".st-key-a_get_keys button").click()
    file = tmp_path / "keyframes.json"
    waiting.value.save_as(file)
    known = {name: box for name, box in json.loads(file.read_text()).items() if not name.startswith("_")}
    assert known == {"1": [60, 45, 100, 75], "5": [64, 47, 104, 77], "9": [70, 50, 110, 80]}

    visit(page, address(app_server))
    page.get_by_role("button", name="Keyframes").last.click()
    page.locator(".st-key-a_keys_open, [data-testid=stPopoverBody]").last.wait_for()
    page.locator("input[type=file]").last.set_input_files(str(file))
    expect_in_address(page, urlencode({"a_keys": "4:64,47,40,30;8:70,50,40,30"}))
    expect_in_address(page, urlencode({"a_roi": "60,45,40,30"}))
    assert console_errors == []


# --- taking away -----------------------------------------------------------------------------------


def test_the_table_that_is_downloaded_holds_the_region_that_is_shown(page: Page, app_server: AppServer) -> None:
    visit(page, address(app_server, a_frame=6))
    page.get_by_role("button", name="Download").click()
    page.locator(".st-key-a_get_table button").wait_for()
    wait_until_settled(page)
    with page.expect_download() as waiting:
        page.locator(".st-key-a_get_table button").click()
    assert Path(waiting.value.path()).read_bytes() == table_of(tracked(stop=7))
    with page.expect_download() as waiting:
        page.locator(".st-key-a_get_view button").click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")


def test_a_whole_clip_is_started_watched_and_played_and_its_course_is_shown(
    page: Page, app_server: AppServer, console_errors: list[str]
) -> None:
    visit(page, address(app_server, clip=LONG, a_frame=5), 320, 180)
    button(page, "Run on the whole clip").click()
    video = page.locator("video")
    expect(video).to_be_visible(timeout=120_000)
    page.wait_for_function("document.querySelector('video').readyState === 4", timeout=30_000)
    size = "video => [video.videoWidth, video.videoHeight, Math.round(video.duration * 25)]"
    assert video.evaluate(size) == [320, 180, 300]
    with page.expect_download() as waiting:
        page.locator(".st-key-a_get_whole button").click()
    with Path(waiting.value.path()).open(newline="") as table:
        rows = list(csv.DictReader(table))
    assert [int(row["frame"]) for row in rows] == list(range(300))
    assert {row["state"] for row in rows} == {"keyframe", "tracked"}
    expect(page.get_by_text("Frames 0 to 299, as far as they were tracked.")).to_be_visible()
    page.locator(".st-key-a_frame input[type=range]").focus()
    press(page, "End")
    expect_frame(page, 299)
    corner = [float(rows[-1][name]) for name in ("x0", "y0")]
    np.testing.assert_allclose(outline(page)[0], corner, atol=0.02)
    assert console_errors == []


# --- screens ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_cut_or_distorted_at_any_width(
    new_page: NewPage, app_server: AppServer, console_errors: list[str], scheme: str
) -> None:
    page = new_page(color_scheme=scheme)
    visit(page, address(app_server, a_keys="6:70,50,46,40", a_truth="true"))
    for width in (1440, 1024, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(150)  # plots are drawn anew
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width
        box = page.locator(PICTURE).first.bounding_box()
        assert box is not None
        assert box["width"] / box["height"] == pytest.approx(192 / 128, rel=0.02), width
        assert box["x"] >= 0 and box["x"] + box["width"] <= width, width
        assert cut(page) == [], width
    assert console_errors == []


def cut(page: Page) -> list[str]:
    """Return the words on the page that do not fit into what holds them."""
    words = page.locator(
        ".stMainBlockContainer :is([data-testid=stMetricValue], [data-testid=stMetricLabel], button, p), .readout, "
        ".legend .words"
    )
    found: list[str] = words.evaluate_all("""words => words
        .filter((part) => part.checkVisibility() && part.clientWidth > 0)
        .filter((part) => part.scrollWidth > part.clientWidth + 1)
        .map((part) => part.textContent)""")
    return found
