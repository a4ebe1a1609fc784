"""Journeys through the Dense flow page in a real browser: what AppTest cannot see."""

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from flowlab.dense.methods import METHODS
from flowlab.jobs.clips import open_clip
from flowlab.media.flow_files import decode_flow
from tests.browser.fixtures import AppServer, NewPage, wait_until_settled
from tests.hostile import HOSTILE, Hostile, moving_texture, write_video

SMALL = "scene%3Atwo-layers%3Fwidth%3D192%26height%3D128%26frames%3D12"
PICTURE = ".stage img.a"

expect.set_options(timeout=20_000)  # patience costs nothing where all is well


def visit(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(f"{PICTURE}, .flowlab-plot .main-svg, [data-testid=stAlert]").first.wait_for()
    wait_until_settled(page)


def shown_frame(page: Page) -> str | None:
    return page.locator(PICTURE).get_attribute("data-frame")


def expect_frame(page: Page, frame: int) -> None:
    """Wait until the page shows `frame`: on a busy machine that may be after the page looks settled."""
    expect(page.locator(PICTURE)).to_have_attribute("data-frame", str(frame))
    wait_until_settled(page)


def expect_in_address(page: Page, text: str) -> None:
    """Wait until the address holds `text`."""
    expect(page).to_have_url(re.compile(re.escape(text)))


def numbers(page: Page) -> dict[str, str]:
    """Return the metrics but for the time, which differs from run to run; they come after the picture, one by one."""
    expect(page.locator("[data-testid=stMetricLabel]", has_text="Time")).to_be_visible(timeout=20_000)
    wait_until_settled(page)
    names = page.locator("[data-testid=stMetricLabel]").all_inner_texts()
    values = page.locator("[data-testid=stMetricValue]").all_inner_texts()
    return {name.strip(): value for name, value in zip(names, values, strict=True) if name.strip() != "Time"}


def press(page: Page, key: str) -> None:
    page.keyboard.press(key)
    page.wait_for_timeout(400)  # until the page has heard of it, on a busy machine too
    wait_until_settled(page)


def upload(page: Page, *paths: Path) -> None:
    page.get_by_role("button", name="Use your own").click()
    page.locator("input[type=file]").first.set_input_files([str(path) for path in paths])
    page.wait_for_timeout(300)
    wait_until_settled(page)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "moving.mp4", moving_texture(20))


def test_the_lab_opens_on_a_picture_and_asks_nothing_of_the_network(
    page: Page, app_server: AppServer, console_errors: list[str]
) -> None:
    visit(page, f"{app_server.url}/dense_flow")
    box = page.locator(PICTURE).bounding_box()
    assert box is not None
    assert box["width"] / box["height"] == pytest.approx(640 / 360, rel=0.01)  # not distorted
    assert box["y"] + box["height"] < 900  # the whole result is on the first screen
    expect(page.locator(".legend img.wheel")).to_be_visible()
    assert numbers(page)["Endpoint error"].endswith(" px")
    assert console_errors == []


def test_a_slider_changes_the_picture_and_the_link_brings_it_back_elsewhere(
    new_page: NewPage, app_server: AppServer
) -> None:
    """Every control is set to another value; a fresh browser that opens the link shows the same."""
    query = "d_gap=2&d_width=160&d_method=dis&d_view=residual&d_dis_patch_size=12&d_dis_mean_normalization=false"
    page = new_page()
    visit(page, f"{app_server.url}/dense_flow?clip={SMALL}&{query}")
    before = page.locator(".stage img.b").get_attribute("src")
    page.locator(".st-key-d_dis_patch_stride input[type=range]").focus()
    press(page, "ArrowRight")
    expect_in_address(page, "d_dis_patch_stride=4")
    press(page, "ArrowRight")
    expect_in_address(page, "d_dis_patch_stride=5")
    page.locator(".st-key-d_frame input[type=range]").focus()
    press(page, "ArrowRight")
    expect_frame(page, 1)
    assert page.locator(".stage img.b").get_attribute("src") != before
    expect_in_address(page, "d_dis_patch_stride=5")
    expect_in_address(page, "d_frame=1")
    assert "d_dis_finest_scale" not in page.url  # a default stays out of the address

    other = new_page()
    visit(other, page.url)
    assert shown_frame(other) == shown_frame(page) == "1"
    assert other.locator(".stage img.b").get_attribute("src") == page.locator(".stage img.b").get_attribute("src")
    assert numbers(other) == numbers(page)
    assert other.url == page.url


def test_the_keyboard_steps_and_plays_and_leaves_sliders_alone(page: Page, app_server: AppServer) -> None:
    visit(page, f"{app_server.url}/dense_flow?clip={SMALL}")
    press(page, "ArrowRight")
    expect_frame(page, 1)
    press(page, "ArrowRight")
    expect_frame(page, 2)
    press(page, "ArrowLeft")
    expect_frame(page, 1)
    page.locator(".st-key-d_fb_winsize input[type=range]").focus()
    press(page, "ArrowRight")
    expect_frame(page, 1)
    expect_in_address(page, "d_fb_winsize=17")
    page.locator(".stage").click()
    page.keyboard.press("Space")
    expect(page.locator(PICTURE)).not_to_have_attribute("data-frame", "1")
    page.keyboard.press("Space")
    page.wait_for_timeout(1500)
    wait_until_settled(page)
    stopped = shown_frame(page)
    page.wait_for_timeout(700)
    assert shown_frame(page) == stopped


def test_another_clip_starts_at_its_first_frame_and_keeps_the_method(page: Page, app_server: AppServer) -> None:
    visit(page, f"{app_server.url}/dense_flow?clip={SMALL}&d_frame=7&d_fb_winsize=25")
    expect_frame(page, 7)
    page.locator(".st-key-clip_pick input").click()
    page.get_by_text("Scene: Gliding landscape").click()
    expect(page.locator(PICTURE)).to_have_attribute("data-frame", "0")
    wait_until_settled(page)
    expect(page).not_to_have_url(re.compile("d_frame"))
    expect_in_address(page, "d_fb_winsize=25")


def test_pointing_reads_the_flow_under_the_pointer(page: Page, app_server: AppServer) -> None:
    visit(page, f"{app_server.url}/dense_flow?clip={SMALL}&d_swipe=false")
    box = page.locator(".stage").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.75)
    text = page.locator(".readout").inner_text().strip()
    read = re.match(r"x +(\d+) +y +(\d+) +u +([+−][\d.]+) +v +([+−][\d.]+)", text)
    assert read is not None
    x, y = int(read[1]), int(read[2])
    assert (x, y) == (pytest.approx(48, abs=3), pytest.approx(96, abs=3))
    clip = open_clip("scene:two-layers?width=192&height=128&frames=12")
    flow = METHODS["farneback"].estimate(clip.frame(0).grey, clip.frame(1).grey).flow
    said = [float(n.replace("−", "-")) for n in (read[3], read[4])]
    np.testing.assert_allclose(said, flow[y, x], atol=0.02)


def test_the_swipe_uncovers_the_frame_beneath(page: Page, app_server: AppServer) -> None:
    visit(page, f"{app_server.url}/dense_flow?clip={SMALL}&d_view=warped")
    slider = page.locator(".swipe input")
    slider.focus()
    page.keyboard.press("End")
    assert page.locator(".stage").evaluate("stage => stage.style.getPropertyValue('--swipe')") == "100%"
    page.locator(".st-key-d_fb_winsize input[type=range]").focus()
    press(page, "ArrowRight")
    assert slider.input_value() == "100"  # what the person did stays when the picture changes


def test_zoom_into_the_arrows_survives_a_change(page: Page, app_server: AppServer, console_errors: list[str]) -> None:
    visit(page, f"{app_server.url}/dense_flow?clip={SMALL}&d_view=arrows")
    plot = page.locator(".flowlab-plot")
    expect(plot.locator(".quiverlayer path").first).to_be_attached()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.25)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.5, steps=5)
    page.mouse.up()
    zoomed = plot.evaluate("plot => plot._fullLayout.xaxis.range.map(Math.round)")
    assert zoomed[1] - zoomed[0] < 100
    first = plot.evaluate("plot => plot.data.at(-1).u[40]")
    page.locator(".st-key-d_fb_winsize input[type=range]").focus()
    for _ in range(4):
        press(page, "ArrowRight")
    page.wait_for_function("first => document.querySelector('.flowlab-plot').data.at(-1).u[40] !== first", arg=first)
    assert plot.evaluate("plot => plot._fullLayout.xaxis.range.map(Math.round)") == zoomed
    assert console_errors == []


@pytest.mark.parametrize(("width", "scheme"), [(1440, "dark"), (1024, "light"), (390, "light"), (390, "dark")])
def test_nothing_is_cut_or_distorted_at_any_width(
    new_page: NewPage, app_server: AppServer, width: int, scheme: str
) -> None:
    page = new_page(viewport={"width": width, "height": 844}, color_scheme=scheme)
    for view in ("colour", "arrows"):
        visit(page, f"{app_server.url}/dense_flow?clip={SMALL}&d_view={view}")
        box = page.locator(".stage" if view == "colour" else ".flowlab-plot").bounding_box()
        assert box is not None
        assert box["width"] / box["height"] == pytest.approx(192 / 128, rel=0.02)
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_downloads_hold_the_flow_that_is_shown(page: Page, app_server: AppServer) -> None:
    visit(page, f"{app_server.url}/dense_flow?clip={SMALL}&d_frame=3")
    clip = open_clip("scene:two-layers?width=192&height=128&frames=12")
    direct = METHODS["farneback"].estimate(clip.frame(3).grey, clip.frame(4).grey).flow
    page.get_by_role("button", name="Download", exact=False).click()
    page.locator(".st-key-d_get_flo button").wait_for()
    wait_until_settled(page)
    for name, suffix in (("flo", ".flo"), ("npz", ".npz")):
        with page.expect_download() as waiting:
            page.locator(f".st-key-d_get_{name} button").click()
        assert waiting.value.suggested_filename == f"flow_000003{suffix}"
        np.testing.assert_array_equal(decode_flow(Path(waiting.value.path()).read_bytes(), name), direct)
    with page.expect_download() as waiting:
        page.locator(".st-key-d_get_view button").click()
    assert Path(waiting.value.path()).read_bytes().startswith(b"\x89PNG")


def test_a_dropped_video_plays_its_part_and_its_link_works_for_a_teammate(
    new_page: NewPage, app_server: AppServer, video: Path
) -> None:
    page = new_page()
    visit(page, f"{app_server.url}/dense_flow")
    upload(page, video)
    expect(page.get_by_text("moving.mp4").first).to_be_visible()
    assert re.search(r"clip=[0-9a-f]{64}", page.url)
    assert numbers(page)["Median speed"].startswith("2.2")
    expect(page.locator("input[type=file]")).to_have_count(0)  # the popover has closed
    page.locator(".st-key-d_fb_levels input[type=range]").focus()
    press(page, "ArrowRight")
    page.get_by_role("radio", name="dis").or_(page.get_by_role("button", name="dis", exact=True)).first.click()
    page.wait_for_timeout(200)
    wait_until_settled(page)
    expect_in_address(page, "d_method=dis")
    page.locator(".st-key-d_dis_patch_size input[type=range]").focus()
    press(page, "ArrowRight")
    expect_in_address(page, "d_dis_patch_size=10")  # the link goes on carrying what is set
    mate = new_page()
    visit(mate, page.url)
    assert numbers(mate) == numbers(page)


WORST = [case for case in HOSTILE if case.outcome == "error" or case.name in ("hostile name", "corrupt in the middle")]


@pytest.mark.parametrize("case", WORST, ids=lambda case: case.name)
def test_a_hostile_file_hurts_nobody(new_page: NewPage, app_server: AppServer, case: Hostile, tmp_path: Path) -> None:
    """The one who brings it reads a sentence or sees a result; another's session goes on; the server lives."""
    before = app_server.process.pid
    other = new_page()
    visit(other, f"{app_server.url}/dense_flow?clip={SMALL}")
    page = new_page()
    visit(page, f"{app_server.url}/dense_flow")
    upload(page, case.make(tmp_path))
    expect(page.locator("[data-testid=stAlert], .stage").first).to_be_visible()
    if case.outcome == "error":
        expect(page.locator("[data-testid=stAlert]")).to_be_visible()
    assert "encountered an error" not in page.locator("body").inner_text()
    press(other, "ArrowRight")
    expect_frame(other, 1)
    assert app_server.is_up()
    assert app_server.process.pid == before
    assert "Traceback" not in app_server.log


def test_a_hostile_name_is_never_markup(page: Page, app_server: AppServer, tmp_path: Path) -> None:
    name = "![x](x) <img src=x onerror=alert(1)> **b** $x$ :red[y].mp4"
    path = write_video(tmp_path / "x.mp4", moving_texture(3))
    visit(page, f"{app_server.url}/dense_flow")
    page.get_by_role("button", name="Use your own").click()
    data = {"name": name, "mimeType": "video/mp4", "buffer": path.read_bytes()}
    page.locator("input[type=file]").first.set_input_files(data)  # type: ignore[arg-type]
    expect(page.locator("[data-testid=stCaptionContainer]").filter(has_text="onerror")).to_be_visible()
    caption = page.locator("[data-testid=stCaptionContainer]").filter(has_text="onerror")
    assert caption.inner_text().startswith(name)
    assert caption.locator("img, strong, b, .katex, span[style]").count() == 0


def test_nonsense_in_a_link_is_one_sentence_or_the_default(page: Page, app_server: AppServer) -> None:
    visit(page, f"{app_server.url}/dense_flow?clip=..%2F..%2Fetc%2Fpasswd&d_frame=abc&d_fb_winsize=-3")
    alert = page.locator("[data-testid=stAlert]")
    expect(alert).to_have_count(1)
    assert "this lab has no clip" in alert.inner_text()
    visit(page, f"{app_server.url}/dense_flow?clip={SMALL}&d_frame=abc&d_fb_winsize=-3&d_method=%3Cb%3E&d_view=..")
    expect_frame(page, 0)
    assert page.locator("[data-testid=stAlert]").count() == 0
    assert "winsize" not in page.url
