"""The box that is tracked, drawn, moved and resized with real mouse, finger and keys (harness/box_tool.py)."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from tests.browser.fixtures import AppServer, NewPage, running_app
from tests.browser.test_picture_tools import Shown, expect_sent, finger, sent_by, visit

BOX = [100, 60, 80, 50]  # columns 100..179, rows 60..109
GRIPS = {  # name: where it is gripped, in shares of the box, and which of x, y, w, h follow a drag by (dx, dy)
    "nw": ((0, 0), (1, 1, -1, -1)), "n": ((0.5, 0), (0, 1, 0, -1)), "ne": ((1, 0), (0, 1, 1, -1)),
    "e": ((1, 0.5), (0, 0, 1, 0)), "se": ((1, 1), (0, 0, 1, 1)), "s": ((0.5, 1), (0, 0, 0, 1)),
    "sw": ((0, 1), (1, 0, -1, 1)), "w": ((0, 0.5), (1, 0, -1, 0)),
}  # fmt: skip


@pytest.fixture(scope="module")
def box_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """Give a running page with a picture and the box tool."""
    with running_app(tmp_path_factory.mktemp("box") / "home", script="tests/browser/harness/box_tool.py") as server:
        yield server


def grip(name: str, box: list[int] = BOX) -> tuple[float, float]:
    """Return where one of the eight handles of a box is, in pixels of the picture."""
    (across, down), _ = GRIPS[name]
    return box[0] - 0.5 + across * box[2], box[1] - 0.5 + down * box[3]


def moved_by(start: tuple[float, float], dx: float, dy: float) -> tuple[float, float]:
    return start[0] + dx, start[1] + dy


def expect_box(shown: Shown, box: list[int], error: float = 0.6) -> None:
    """Wait until the box is drawn there, on the screen: an answer that comes meanwhile draws it anew."""
    x, y, w, h = box
    edges = pytest.approx((x - 0.5, y - 0.5, x + w - 0.5, y + h - 0.5), abs=error / shown.zoom)
    for _ in range(40):
        if shown.shape("box") == edges:
            return
        shown.page.wait_for_timeout(50)
    assert shown.shape("box") == edges


def expect_last(page: Page, *last: object) -> None:
    """Wait until this is the last that has reached Python."""
    end = re.escape(json.dumps([*last]) + "]") + "$"
    expect(page.locator("[data-testid=stCode]")).to_have_text(re.compile(end))


def expect_in_address(page: Page, box: str | None) -> None:
    """Wait until the address holds a box, or none."""
    page.wait_for_function("text => new URLSearchParams(location.search).get('a_roi') === text", arg=box)


def roi(*box: float) -> str:
    return ",".join(f"{n:g}" for n in (box or BOX))


# --- mouse ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("screen", "width", "height"), [(1440, 320, 180), (1440, 1300, 700), (390, 321, 243)])
def test_a_box_is_drawn_to_the_pixel_kept_in_the_address_and_there_in_another_browser(
    new_page: NewPage, box_server: AppServer, screen: int, width: int, height: int
) -> None:
    page = new_page(viewport={"width": screen, "height": 900})
    shown = visit(page, box_server, width=width, height=height)
    expect(page.get_by_role("radio", name="Box", exact=True)).to_be_checked()
    x0, y0, x1, y1 = width // 4, height // 3, width // 2 + 3, height // 3 + height // 5
    shown.drag((x1, y1), (x0, y0))
    box = [x0, y0, x1 - x0 + 1, y1 - y0 + 1]
    expect_sent(page, ["box", *box])
    expect_box(shown, box)
    expect(page.get_by_role("textbox", name="Box")).to_have_value(roi(*box))
    expect_in_address(page, roi(*box))
    again = new_page(viewport={"width": screen, "height": 900})
    again.goto(page.url)
    expect(again.locator(".overlay .box.ink")).to_be_attached()
    expect_box(Shown(again, width, height), box)


@pytest.mark.parametrize("name", GRIPS)
def test_every_handle_resizes_its_own_sides_and_no_others(page: Page, box_server: AppServer, name: str) -> None:
    shown = visit(page, box_server, a_roi=roi())
    start = grip(name)
    shown.drag(start, moved_by(start, 20, -10))
    by = GRIPS[name][1]
    expected = [n + d * (20, -10)[i % 2] for i, (n, d) in enumerate(zip(BOX, by, strict=True))]
    expect_sent(page, ["box", *expected])
    expect_box(shown, expected)


def test_the_pointer_tells_what_a_drag_would_do(page: Page, box_server: AppServer) -> None:
    shown = visit(page, box_server, a_roi=roi())
    for name, cursor in {"nw": "nwse-resize", "n": "ns-resize", "sw": "nesw-resize", "w": "ew-resize"}.items():
        page.mouse.move(*shown.at(*grip(name)))
        expect(shown.stage).to_have_css("cursor", cursor)
    page.mouse.move(*shown.at(140, 85))
    expect(shown.stage).to_have_css("cursor", "move")
    page.mouse.move(*shown.at(40, 40))
    expect(shown.stage).to_have_css("cursor", "crosshair")


def test_a_drag_inside_moves_the_box_and_it_stays_whole_at_the_picture_s_edge(
    page: Page, box_server: AppServer
) -> None:
    shown = visit(page, box_server, a_roi=roi())
    shown.drag((140, 85), (125.2, 95.8))
    expect_sent(page, ["box", 85, 71, 80, 50])
    shown.drag((125, 95), (310, -40))
    expect_sent(page, ["box", 85, 71, 80, 50], ["box", 240, 0, 80, 50])
    expect_box(shown, [240, 0, 80, 50])


def test_a_resize_stops_at_eight_pixels_and_at_the_picture_s_edge(page: Page, box_server: AppServer) -> None:
    shown = visit(page, box_server, a_roi=roi())
    shown.drag(grip("se"), grip("nw"))
    assert sent_by(page, 1)[-1] == ["box", 100, 60, 8, 8]
    shown.drag(grip("nw", [100, 60, 8, 8]), (150, 120))
    assert sent_by(page, 2)[-1] == ["box", 100, 60, 8, 8]
    shown.drag(grip("se", [100, 60, 8, 8]), (400, 300))
    assert sent_by(page, 3)[-1] == ["box", 100, 60, 220, 120]


def test_a_box_that_is_too_small_is_dashed_and_not_sent(page: Page, box_server: AppServer) -> None:
    shown = visit(page, box_server, a_roi=roi())
    shown.drag((20, 20), (26, 40), release=False)  # 7 wide
    draft = page.locator(".overlay .box.ink")
    expect(draft).to_have_class(re.compile(r"\bsmall\b"))
    expect(draft).not_to_have_css("stroke-dasharray", "none")
    expect(draft).to_have_css("stroke", "rgb(240, 138, 75)")
    page.mouse.move(*shown.at(27, 40))  # 8 wide
    expect(draft).not_to_have_class(re.compile(r"\bsmall\b"))
    expect(draft).to_have_css("stroke-dasharray", "none")
    page.mouse.move(*shown.at(26, 40))
    page.mouse.up()
    expect_box(shown, BOX)
    shown.drag((20, 20), (27, 27))
    expect_sent(page, ["box", 20, 20, 8, 8])


def test_nothing_is_sent_before_the_drag_ends_and_escape_takes_it_back(page: Page, box_server: AppServer) -> None:
    shown = visit(page, box_server, a_roi=roi())
    shown.drag((140, 85), (160, 95), release=False)
    expect_box(shown, [120, 70, 80, 50])
    page.wait_for_timeout(500)
    expect_sent(page)
    page.keyboard.press("Escape")
    expect_box(shown, BOX)
    page.mouse.up()
    page.wait_for_timeout(300)
    expect_sent(page)


def test_clicks_draw_nothing_and_with_the_point_tool_pin_as_ever(page: Page, box_server: AppServer) -> None:
    shown = visit(page, box_server, a_roi=roi(), numbers=1)
    for place in ((20, 20), (140, 85), grip("se")):
        page.mouse.click(*shown.at(*place))
    shown.choose("Point")
    expect(page.locator(".overlay .box.handle")).to_have_count(0)
    page.mouse.click(*shown.at(140, 85))
    expect_sent(page, ["probe", 140, 85])
    shown.choose("Region")
    shown.drag((10, 10), (30, 30))
    expect_sent(page, ["probe", 140, 85], ["region", 10, 10, 21, 21])
    expect_box(shown, BOX)
    shown.choose("Box")
    shown.drag((140, 85), (141, 86))
    expect_sent(page, ["probe", 140, 85], ["region", 10, 10, 21, 21], ["box", 101, 61, 80, 50])


# --- the way to Python and back ------------------------------------------------------------------


def test_the_box_stays_while_python_is_asked_and_two_drags_in_a_row_do_not_flicker(
    page: Page, box_server: AppServer
) -> None:
    shown = visit(page, box_server, a_roi=roi(), slow=1)
    page.locator(".overlay").evaluate("""overlay => {
        window.seen = new Set();
        window.watch = () => {
            window.seen.add(overlay.querySelector('.box.ink')?.getAttribute('d'));
            requestAnimationFrame(window.watch);
        };
    }""")
    shown.drag((140, 85), (150, 85))
    page.evaluate("window.watch()")
    page.wait_for_timeout(300)
    shown.drag((150, 85), (150, 95), release=False)
    page.mouse.up()
    expect_sent(page, ["box", 110, 60, 80, 50], ["box", 110, 70, 80, 50])
    page.wait_for_timeout(500)
    lefts = page.evaluate("[...window.seen].map((d) => d && d.split(/[M,L]/).slice(1, 3).join(' '))")
    assert "99.5 59.5" not in lefts, "where it was before"
    assert lefts[0] == "109.5 59.5" and lefts[-1] == "109.5 69.5"
    assert len(lefts) == len(set(lefts)) and [float(place.split()[1]) for place in lefts] == sorted(
        float(place.split()[1]) for place in lefts
    ), "never back to the first answer"


def test_a_box_that_python_did_not_take_goes_back(page: Page, box_server: AppServer) -> None:
    shown = visit(page, box_server, a_roi=roi(), refuse=1)
    shown.drag((140, 85), (150, 85))
    expect_sent(page, ["box", 110, 60, 80, 50])
    expect(page.locator(".overlay .box.ink")).to_have_attribute("d", re.compile(r"^M99\.5,59\.5"))


def test_what_the_browser_makes_up_is_clipped_or_dropped(page: Page, box_server: AppServer) -> None:
    shown = visit(page, box_server)
    shown.drag((20, 20), (60, 60))
    first = ["box", 20, 20, 41, 41]
    expect_sent(page, first)
    for made_up in (
        "[300, 170, 500, 500]", "[1, 2, 3]", "[0, 0, 7, 50]", "['a', 0, 50, 50]", "[1e308, 0, 50, 50]",
        "[null, 0, 9, 9]", "{x: 1}", "'10,10,50,50'", "[-20, -10, 60, 70]",
    ):  # fmt: skip
        page.locator(".picture").evaluate(f"picture => picture.view.send('box', {made_up})")
        page.wait_for_timeout(150)
    expect_sent(page, first, ["box", 300, 170, 20, 10], ["box", 0, 0, 40, 60])


def test_a_picture_at_half_the_size_keeps_the_box_in_pixels_of_the_clip(page: Page, box_server: AppServer) -> None:
    shown = visit(page, box_server, half=1)
    shown.drag((100, 60), (179, 109))
    expect_sent(page, ["box", *BOX])
    expect(page.get_by_text("tracked: 100,60,80,50")).to_be_visible()
    expect_in_address(page, "200,120,160,100")
    expect_box(shown, BOX)


def test_a_typed_box_is_shown_and_one_that_does_not_fit_is_said(page: Page, box_server: AppServer) -> None:
    shown = visit(page, box_server, usual=1)
    expect_box(shown, BOX)
    field = page.get_by_role("textbox", name="Box")
    field.fill("10, 20, 30, 40")
    field.press("Enter")
    expect(page.get_by_text("tracked: 10,20,30,40")).to_be_visible()
    expect_box(shown, [10, 20, 30, 40])
    for typed, told, tracked in (
        ("300,20,50,40", "reaches outside the 320x180 picture: its part inside, 300,20,20,40, is used", "300,20,20,40"),
        ("1,2,3", "the box is ‘1,2,3’: give x,y,w,h in pixels", roi()),
        ("10,10,7,50", "the box 10,10,7,50 is 7x50 pixels: draw one of at least 8x8", roi()),
        ("400,10,50,50", "the box 400,10,50,50 lies outside the 320x180 picture: draw it inside", roi()),
    ):  # fmt: skip
        field.fill(typed)
        field.press("Enter")
        expect(page.get_by_text(told)).to_be_visible()
        expect(page.get_by_text(f"tracked: {tracked}")).to_be_visible()
        expect(field).to_have_value(typed)
    field.fill("")
    field.press("Enter")
    expect(page.get_by_text("tracked: 100,60,80,50")).to_be_visible()
    expect_in_address(page, None)


# --- keyboard -------------------------------------------------------------------------------------


def test_keys_draw_move_resize_and_remove_the_box(page: Page, box_server: AppServer) -> None:
    shown = visit(page, box_server)
    label = shown.stage.get_attribute("aria-label") or ""
    assert "arrow keys move the box, with Shift by 10, with Alt they resize it" in label
    shown.stage.focus()
    page.keyboard.press("Enter")
    expect_sent(page, ["box", 120, 68, 80, 45])
    for key in ("ArrowRight", "Shift+ArrowUp", "Alt+ArrowRight", "Alt+Shift+ArrowDown", "ArrowLeft", "ArrowLeft"):
        page.keyboard.press(key)
    expect_box(shown, [119, 58, 81, 55])
    expect_last(page, "box", 119, 58, 81, 55)
    for _ in range(3):
        page.keyboard.press("Alt+Shift+ArrowLeft")
    page.keyboard.press("Enter")
    expect_last(page, "box", 119, 58, 51, 55)
    page.keyboard.press("Delete")
    expect(page.locator(".overlay .box")).to_have_count(0)
    expect_last(page, "box")
    expect(page.locator(".overlay .box")).to_have_count(0)
    expect_in_address(page, None)


def test_a_key_that_is_held_down_sends_nothing_until_it_is_let_go(page: Page, box_server: AppServer) -> None:
    shown = visit(page, box_server, a_roi=roi())
    shown.stage.focus()
    for _ in range(5):
        page.keyboard.down("ArrowRight")
    page.wait_for_timeout(900)
    expect_box(shown, [105, 60, 80, 50])
    expect_sent(page)
    page.keyboard.press("Escape")
    expect_box(shown, BOX)
    page.keyboard.up("ArrowRight")
    page.wait_for_timeout(600)
    expect_sent(page)
    for _ in range(5):
        page.keyboard.down("ArrowDown")
    page.keyboard.up("ArrowDown")
    expect_sent(page, ["box", 100, 65, 80, 50])


def test_keys_keep_the_box_inside_and_no_smaller_than_eight(page: Page, box_server: AppServer) -> None:
    shown = visit(page, box_server, a_roi=roi(2, 3, 20, 12))
    shown.stage.focus()
    for key in ("Shift+ArrowLeft", "Shift+ArrowUp", "Alt+Shift+ArrowUp", "Alt+Shift+ArrowLeft", "Alt+Shift+ArrowLeft"):
        page.keyboard.press(key)
    expect_box(shown, [0, 0, 8, 8])
    page.keyboard.press("Enter")
    expect_sent(page, ["box", 0, 0, 8, 8])


def test_a_box_moved_by_keys_is_sent_when_the_stage_is_left(page: Page, box_server: AppServer) -> None:
    shown = visit(page, box_server, a_roi=roi())
    shown.stage.focus()
    page.keyboard.down("ArrowRight")
    page.get_by_role("radio", name="Point", exact=True).focus()
    page.keyboard.up("ArrowRight")
    expect_sent(page, ["box", 101, 60, 80, 50])
    expect(page.locator(".overlay .box.ink")).to_have_attribute("d", re.compile(r"^M100\.5,59\.5"))


def test_without_a_box_arrow_keys_are_left_to_the_page(page: Page, box_server: AppServer) -> None:
    shown = visit(page, box_server)
    shown.stage.focus()
    page.evaluate("addEventListener('keydown', (event) => { window.heard = event.defaultPrevented; })")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.heard") is False
    page.keyboard.press("Delete")
    page.wait_for_timeout(200)
    expect_sent(page)


# --- finger ---------------------------------------------------------------------------------------


def test_a_finger_draws_moves_and_resizes_without_scrolling(new_page: NewPage, box_server: AppServer) -> None:
    page = new_page(viewport={"width": 390, "height": 500}, has_touch=True, is_mobile=True)
    shown = visit(page, box_server)
    finger(page, shown.at(100, 60), shown.at(150, 90), shown.at(179, 109))
    name, *box = sent_by(page, 1)[-1]
    assert name == "box"
    assert box == pytest.approx(BOX, abs=2)
    x, y, w, h = (int(str(n)) for n in box)
    finger(
        page, shown.at(x + w / 2, y + h / 2), shown.at(x + w / 2 + 20, y + h / 2), shown.at(x + w / 2 + 40, y + h / 2)
    )
    assert sent_by(page, 2)[-1] == ["box", pytest.approx(x + 40, abs=1), y, w, h]
    x = int(str(sent_by(page, 2)[-1][1]))
    off = 11 / shown.zoom  # 11 screen px beside the corner are near enough for a finger
    corner = (x + w - 0.5 + off, y + h - 0.5 + off)
    finger(page, shown.at(*corner), shown.at(corner[0] + 5, corner[1] + 10), shown.at(corner[0] + 10, corner[1] + 20))
    assert sent_by(page, 3)[-1] == ["box", x, y, pytest.approx(w + 10, abs=1), pytest.approx(h + 20, abs=1)]
    assert page.locator("[data-testid=stMain]").evaluate("main => main.scrollTop") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_small_box_can_still_be_moved_by_a_finger(new_page: NewPage, box_server: AppServer) -> None:
    page = new_page(viewport={"width": 390, "height": 500}, has_touch=True, is_mobile=True)
    shown = visit(page, box_server, a_roi=roi(100, 60, 12, 10))
    finger(page, shown.at(105.5, 64.5), shown.at(120, 70), shown.at(135.5, 84.5))
    assert sent_by(page, 1)[-1] == ["box", pytest.approx(130, abs=1), pytest.approx(80, abs=1), 12, 10]


# --- tracked regions ------------------------------------------------------------------------------


def test_a_tracked_region_lies_where_it_is_in_the_colour_of_its_state(page: Page, box_server: AppServer) -> None:
    shown = visit(page, box_server, quads=1)
    colours = {"tracked": "rgb(0, 158, 115)", "occluded": "rgb(230, 159, 0)", "lost": "rgb(204, 121, 167)",
               "keyframe": "rgb(86, 180, 233)"}  # fmt: skip
    for state, colour in colours.items():
        expect(page.locator(f".overlay .quad.{state}.ink")).to_have_css("stroke", colour)
    assert len({page.locator(f".overlay .quad.{s}.ink").evaluate("p => getComputedStyle(p).strokeDasharray")
                for s in ("tracked", "occluded", "lost")}) == 3  # fmt: skip
    left, top, right, _ = shown.shape("axis across")
    assert (left + right) / 2 > 59 and (left, top) == pytest.approx((58.9, 49.4), abs=2)  # 40 + 19, 50 + 8 sin(19 / 3)
    expect(page.locator(".overlay text.quad")).to_have_text(["box 0", "box 1 occluded", "box 2 lost", "box 3 keyframe"])
    assert len(re.findall("M", page.locator(".overlay .trail.ink").first.get_attribute("d") or "")) == 2, "a gap"
    shown.drag((200, 20), (260, 60))
    expect_sent(page, ["box", 200, 20, 61, 41])
