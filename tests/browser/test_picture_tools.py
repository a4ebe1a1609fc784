"""The picture's tools with real mouse, finger and keys, on a page of their own (harness/picture_tools.py)."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.fixtures import AppServer, NewPage, running_app, wait_until_settled

expect.set_options(timeout=20_000)

WIDTH, HEIGHT = 320, 180
SCREENS = [(1440, 320, 180), (1440, 1300, 700), (700, 320, 180), (390, 321, 243), (390, 100, 160)]


@pytest.fixture(scope="module")
def tools_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """Give a running page with a picture and its tools."""
    home = tmp_path_factory.mktemp("tools") / "home"
    with running_app(home, script="tests/browser/harness/picture_tools.py") as server:
        yield server


@dataclass(frozen=True)
class Shown:
    """The picture on a page: positions are pixels of the picture, (0, 0) the centre of the first."""

    page: Page
    width: int = WIDTH
    height: int = HEIGHT

    @property
    def stage(self) -> Locator:
        return self.page.locator(".stage")

    @property
    def readout(self) -> Locator:
        return self.page.locator(".readout")

    @property
    def box(self) -> dict[str, float]:
        """Return where the picture itself is on the screen."""
        box = self.page.locator(".stage img.a").bounding_box()
        assert box is not None
        return dict(box)

    @property
    def zoom(self) -> float:
        """Return screen px per pixel of the picture."""
        return self.box["width"] / self.width

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the screen position of a place of the picture."""
        return self.box["x"] + (x + 0.5) * self.zoom, self.box["y"] + (y + 0.5) * self.zoom

    def choose(self, tool: str) -> None:
        self.page.get_by_role("radio", name=tool, exact=True).check(force=True)

    def drag(self, start: tuple[float, float], end: tuple[float, float], *, release: bool = True) -> None:
        self.page.mouse.move(*self.at(*start))
        self.page.mouse.down()
        self.page.mouse.move(*self.at(*end), steps=4)
        if release:
            self.page.mouse.up()

    def shape(self, kind: str) -> tuple[float, float, float, float]:
        """Return the left, top, right, bottom of a drawn shape, in pixels of the picture, from the screen."""
        shape = self.page.locator(f".overlay path[class='{kind} ink']").first
        expect(shape).to_be_attached()
        found = shape.evaluate("""path => {
            const box = path.getBBox(), to = path.getScreenCTM();
            const [a, b] = [new DOMPoint(box.x, box.y), new DOMPoint(box.x + box.width, box.y + box.height)]
                .map((point) => point.matrixTransform(to));
            return [a.x, a.y, b.x, b.y];
        }""")
        left, top = self.box["x"], self.box["y"]
        return tuple((n - (left, top)[i % 2]) / self.zoom - 0.5 for i, n in enumerate(found))  # type: ignore[return-value]


def visit(page: Page, server: AppServer, **query: object) -> Shown:
    page.goto(f"{server.url}/?{urlencode(query)}")
    page.locator(".stage img.a").wait_for()
    wait_until_settled(page)
    return Shown(page, int(str(query.get("width", WIDTH))), int(str(query.get("height", HEIGHT))))


def expect_sent(page: Page, *sent: list[object]) -> None:
    """Wait until exactly this has reached Python."""
    expect(page.locator("[data-testid=stCode]")).to_have_text(json.dumps([*sent]))


def sent_by(page: Page, count: int) -> list[list[object]]:
    """Return what reached Python, when it is `count` things."""
    code = page.locator("[data-testid=stCode]")
    expect(code).to_have_text(re.compile(rf"^\[(\[[^\[\]]*\](, )?){{{count}}}\]$"))
    found: list[list[object]] = json.loads(code.inner_text())
    return found


# --- boxes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("screen", "width", "height"), SCREENS)
def test_a_dragged_region_reaches_python_to_the_pixel_and_is_shown_there(
    new_page: NewPage, tools_server: AppServer, screen: int, width: int, height: int
) -> None:
    """At every zoom: pictures larger and smaller than the screen has room for."""
    page = new_page(viewport={"width": screen, "height": 900})
    shown = visit(page, tools_server, width=width, height=height)
    shown.choose("Region")
    x0, y0, x1, y1 = width // 4, height // 3, width // 2 + 3, height // 3 + height // 5
    shown.drag((x0, y0), (x1, y1))
    expect_sent(page, ["region", x0, y0, x1 - x0 + 1, y1 - y0 + 1])
    assert shown.shape("region") == pytest.approx((x0 - 0.5, y0 - 0.5, x1 + 0.5, y1 + 0.5), abs=0.6 / shown.zoom)
    assert page.evaluate("document.documentElement.scrollWidth") <= screen


def test_a_box_may_be_dragged_from_any_corner_and_both_edge_pixels_belong_to_it(
    page: Page, tools_server: AppServer
) -> None:
    shown = visit(page, tools_server)
    shown.choose("Region")
    for n, (start, end) in enumerate(
        [((90, 50), (60, 20)), ((60.4, 50.4), (89.6, 19.6)), ((89.6, 19.6), (60.4, 50.4))]
    ):
        shown.drag(start, end)
        assert sent_by(page, n + 1)[-1] == ["region", 60, 20, 31, 31]


def test_a_drag_that_leaves_the_picture_ends_at_its_edge(page: Page, tools_server: AppServer) -> None:
    shown = visit(page, tools_server)
    shown.choose("Region")
    shown.drag((100, 60), (WIDTH + 40, HEIGHT + 30))
    assert sent_by(page, 1)[-1] == ["region", 100, 60, WIDTH - 100, HEIGHT - 60]
    shown.drag((100, 60), (-30, -15))
    assert sent_by(page, 2)[-1] == ["region", 0, 0, 101, 61]
    shown.choose("Line")
    shown.drag((100, 60), (WIDTH + 40, -15))
    assert sent_by(page, 3)[-1] == ["line", 100, 60, WIDTH - 1, 0]


def test_escape_during_a_drag_leaves_everything_as_it_was(page: Page, tools_server: AppServer) -> None:
    shown = visit(page, tools_server)
    shown.choose("Region")
    shown.drag((40, 40), (90, 80))
    expect_sent(page, ["region", 40, 40, 51, 41])
    shown.drag((100, 50), (200, 100), release=False)
    assert shown.shape("region") == pytest.approx((99.5, 49.5, 200.5, 100.5), abs=0.5)
    page.keyboard.press("Escape")
    assert shown.shape("region") == pytest.approx((39.5, 39.5, 90.5, 80.5), abs=0.5)
    page.mouse.move(*shown.at(220, 120))
    page.mouse.up()
    shown.drag((10, 10), (20, 20))
    expect_sent(page, ["region", 40, 40, 51, 41], ["region", 10, 10, 11, 11])


def test_a_click_with_a_drawing_tool_draws_nothing(page: Page, tools_server: AppServer) -> None:
    shown = visit(page, tools_server)
    for tool in ("Region", "Exclude", "Line", "Scale"):
        shown.choose(tool)
        x, y = shown.at(100, 60)
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 2, y + 1)
        page.mouse.up()
        expect(page.locator(".overlay path")).to_have_count(0)
    shown.choose("Point")
    page.mouse.click(*shown.at(100, 60))
    expect_sent(page, ["probe", 100, 60])


def test_excluded_boxes_add_up_and_delete_takes_what_the_tool_drew(page: Page, tools_server: AppServer) -> None:
    shown = visit(page, tools_server)
    shown.choose("Region")
    shown.drag((10, 10), (30, 30))
    sent_by(page, 1)
    shown.choose("Exclude")
    shown.drag((40, 40), (59, 49))
    sent_by(page, 2)
    shown.drag((80, 80), (99, 89))
    before = sent_by(page, 3)
    assert before[1:] == [["exclude", 40, 40, 20, 10], ["exclude", 80, 80, 20, 10]]
    expect(page.locator(".overlay .exclude.fill")).to_have_count(2)
    page.keyboard.press("Delete")
    expect_sent(page, *before, ["exclude"])
    expect(page.locator(".overlay .exclude")).to_have_count(0)
    expect(page.locator(".overlay .region")).to_have_count(2)
    shown.choose("Region")
    shown.stage.focus()
    page.keyboard.press("Backspace")
    expect_sent(page, *before, ["exclude"], ["region"])
    expect(page.locator(".overlay path")).to_have_count(0)
    page.keyboard.press("Delete")  # there is nothing left to take
    shown.drag((10, 10), (30, 30))
    expect_sent(page, *before, ["exclude"], ["region"], ["region", 10, 10, 21, 21])


# --- lines, ruler, probe --------------------------------------------------------------------------


@pytest.mark.parametrize(("screen", "width", "height"), SCREENS)
def test_lines_and_rulers_run_from_pixel_to_pixel(
    new_page: NewPage, tools_server: AppServer, screen: int, width: int, height: int
) -> None:
    page = new_page(viewport={"width": screen, "height": 900})
    shown = visit(page, tools_server, width=width, height=height)
    x0, y0, x1, y1 = width // 2, height // 4, width // 5, height // 2
    for n, (tool, what) in enumerate((("Line", "line"), ("Scale", "ruler"))):
        shown.choose(tool)
        shown.drag((x0, y0), (x1, y1))
        name, *numbers = sent_by(page, n + 1)[-1]
        assert name == what
        assert numbers == pytest.approx([x0, y0, x1, y1], abs=0 if what == "line" else 0.15 + 0.5 / shown.zoom)
        # the bounding box of a segment that runs down to the left
        assert shown.shape(what) == pytest.approx((x1, y0, x0, y1), abs=0.2 + 0.6 / shown.zoom)


def test_a_click_pins_a_point_whose_own_numbers_stay_when_nothing_is_pointed_at(
    page: Page, tools_server: AppServer
) -> None:
    shown = visit(page, tools_server, width=640, height=360)  # sampled every 6th pixel: 100 and 61 are not
    page.mouse.click(*shown.at(100, 61))
    expect_sent(page, ["probe", 100, 61])
    left, top, right, bottom = shown.shape("probe")
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((100, 61), abs=0.5)
    page.mouse.move(*shown.at(400, 200))
    expect(shown.readout).to_have_text(re.compile(r"^x +(399|40[0-3]) "))
    page.mouse.move(5, 5)
    expect(shown.readout).to_have_text("x  100  y   61  u  +12.50  v   −3.81  13.07 px")  # 100/8, -61/16
    expect(page.locator(".cross")).to_be_hidden()
    shown.stage.focus()
    page.keyboard.press("Delete")
    expect_sent(page, ["probe", 100, 61], ["probe"])


def test_dragging_swipes_with_the_point_tool_only_and_a_click_leaves_the_swipe(
    page: Page, tools_server: AppServer
) -> None:
    shown = visit(page, tools_server, swipe=1)
    slider = page.locator(".swipe input")
    page.mouse.click(*shown.at(80, 60))
    assert slider.input_value() == "50"
    shown.drag((200, 60), (240 - 0.5, 60))
    assert float(slider.input_value()) == pytest.approx(75, abs=0.5)
    shown.choose("Region")
    shown.drag((40, 40), (80, 80))
    assert float(slider.input_value()) == pytest.approx(75, abs=0.5)
    expect_sent(page, ["probe", 80, 60], ["region", 40, 40, 41, 41])


def test_without_a_listener_there_are_no_tools_and_a_click_swipes(page: Page, tools_server: AppServer) -> None:
    shown = visit(page, tools_server, swipe=1, plain=1)
    expect(page.locator(".tools")).to_be_hidden()
    page.mouse.click(*shown.at(80 - 0.5, 60))
    assert float(page.locator(".swipe input").input_value()) == pytest.approx(25, abs=0.5)
    expect(page.locator(".overlay path")).to_have_count(0)


# --- keyboard and touch ---------------------------------------------------------------------------


def test_everything_can_be_drawn_by_keys(page: Page, tools_server: AppServer) -> None:
    shown = visit(page, tools_server)  # sampled every 3rd pixel
    shown.stage.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+Alt+ArrowDown")
    page.keyboard.press("Enter")
    expect_sent(page, ["probe", 163, 91])
    page.get_by_role("radio", name="Point", exact=True).focus()
    page.keyboard.press("ArrowRight")  # to the next tool
    expect(page.get_by_role("radio", name="Region", exact=True)).to_be_checked()
    shown.stage.focus()
    page.keyboard.press("Enter")
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    assert shown.shape("region") == pytest.approx((162.5, 90.5, 165.5, 93.5), abs=0.3)
    page.keyboard.press("Enter")
    expect_sent(page, ["probe", 163, 91], ["region", 163, 91, 3, 3])
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    assert shown.shape("region") == pytest.approx((162.5, 90.5, 165.5, 93.5), abs=0.3)
    page.keyboard.press("Delete")
    expect_sent(page, ["probe", 163, 91], ["region", 163, 91, 3, 3], ["region"])


def finger(page: Page, *places: tuple[float, float]) -> None:
    """Drag a finger: real touches go through the browser's own decision between scrolling and drawing."""
    session = page.context.new_cdp_session(page)
    kinds = ["touchStart", *["touchMove"] * (len(places) - 1)]
    for kind, (x, y) in zip(kinds, places, strict=True):
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})


def test_a_finger_draws_and_pins_without_scrolling_the_page(new_page: NewPage, tools_server: AppServer) -> None:
    page = new_page(viewport={"width": 390, "height": 500}, has_touch=True)
    shown = visit(page, tools_server, plot=1)
    expect(page.locator(".flowlab-plot .main-svg").first).to_be_visible()  # the page is long enough to scroll
    page.touchscreen.tap(*shown.at(100, 60))
    name, x, y = sent_by(page, 1)[-1]
    assert (name, x, y) == ("probe", pytest.approx(100, abs=1), pytest.approx(60, abs=1))
    shown.choose("Region")
    finger(page, shown.at(100, 20), *(shown.at(180, y) for y in (40, 80, 120)))
    name, *box = sent_by(page, 2)[-1]
    assert name == "region"
    assert box == pytest.approx([100, 20, 81, 101], abs=2)
    assert page.locator("[data-testid=stMain]").evaluate("main => main.scrollTop") == 0


# --- what is shown --------------------------------------------------------------------------------


def test_known_objects_and_the_scale_bar_stand_where_they_should(page: Page, tools_server: AppServer) -> None:
    shown = visit(page, tools_server, objects=1, bar=1)
    assert shown.shape("object") == pytest.approx((26, 20, 90, 70), abs=0.3)
    bar = page.locator(".bar").bounding_box()
    assert bar is not None
    assert bar["width"] == pytest.approx(WIDTH / 4 * shown.zoom, abs=0.5)
    assert bar["y"] > shown.at(0, HEIGHT * 0.9)[1]
    expect(page.locator(".bar")).to_have_text("20 mm")
    page.set_viewport_size({"width": 500, "height": 900})
    expect(page.locator(".stage")).to_have_css("width", re.compile(r"^4\d\d"))
    assert shown.shape("object") == pytest.approx((26, 20, 90, 70), abs=0.3)


def test_every_form_of_legend_is_shown(page: Page, tools_server: AppServer) -> None:
    visit(page, tools_server, legend="categories")
    expect(page.locator(".entries li")).to_have_text(
        ["trusted", "leaves the picture", "occluded", "no texture", "disagrees forward and backward"]
    )
    expect(page.locator(".entries span").first).to_have_css("background-color", "rgb(42, 157, 143)")
    expect(page.locator(".sample")).to_be_hidden()
    visit(page, tools_server, legend="signed")
    expect(page.locator(".ends span:visible")).to_have_text(["−1", "0", "+1"])
    expect(page.locator(".sample img.signed")).to_be_visible()
    expect(page.locator(".entries")).to_be_hidden()
    visit(page, tools_server, legend="")
    expect(page.locator(".sample")).to_be_hidden()


READ = re.compile(
    r"x +(\d+)  y +(\d+)  u +([+−][\d.]+)  v +([+−][\d.]+)  ([\d.]+) (\S+)(?:\nfb ([\d.]+)  err ([\d.]+) \S+)?$"
)


@pytest.mark.parametrize(("per_px", "unit", "error"), [(1, "px", 0.009), (12.5, "mm/s", 0.11), (0.002, "m", 3e-5)])
def test_numbers_under_the_pointer_are_the_flow_in_the_unit_asked_for(
    page: Page, tools_server: AppServer, per_px: float, unit: str, error: float
) -> None:
    shown = visit(page, tools_server, per_px=per_px, unit=unit, more=1)
    page.mouse.move(*shown.at(200, 101))
    expect(shown.readout).to_have_text(re.compile("…$"))
    page.get_by_text("Send more").click()
    page.mouse.move(*shown.at(200, 101))
    expect(shown.readout).to_have_text(READ)
    read = READ.match(shown.readout.inner_text())
    assert read is not None
    x, y = int(read[1]), int(read[2])
    assert (x, y) == (pytest.approx(200, abs=2), pytest.approx(101, abs=2))
    u, v, speed = x / 8, -y / 16, ((x / 8) ** 2 + (y / 16) ** 2) ** 0.5
    told = [float(n.replace("−", "-")) for n in read.group(3, 4, 5, 7, 8)]
    known = (x**2 + y**2) ** 0.5 / 100
    assert told == pytest.approx([n * per_px for n in (u, v, speed, known, 2 * known)], abs=error)
    assert read[6] == unit


def test_numbers_of_another_frame_are_never_shown(page: Page, tools_server: AppServer) -> None:
    shown = visit(page, tools_server, more=1)
    page.get_by_text("Send more").click()
    page.mouse.move(*shown.at(100, 60))
    expect(shown.readout).to_have_text(re.compile(r"fb 1\.17  err 2\.34 px$"))
    seen = shown.readout.evaluate_handle("""readout => {
        const picture = readout.closest('.picture').querySelector('.stage img.a');
        const seen = [];
        const note = () => seen.push([picture.dataset.frame, readout.textContent]);
        new MutationObserver(note).observe(readout, { childList: true });
        return seen;
    }""")
    page.get_by_role("button", name="Next frame").click()
    expect(page.locator(".stage img.a")).to_have_attribute("data-frame", "1")
    expect(shown.readout).to_have_text(re.compile(r"fb 2\.17  err 4\.34 px$"))
    told = seen.json_value()
    assert told
    for frame, words in told:
        assert words.endswith(("…", {"0": "fb 1.17  err 2.34 px", "1": "fb 2.17  err 4.34 px"}[frame])), (frame, words)
    page.get_by_text("Send more").click()  # no longer sent
    page.get_by_role("button", name="Next frame").click()
    expect(page.locator(".stage img.a")).to_have_attribute("data-frame", "2")
    expect(shown.readout).to_have_text(re.compile("…$"))


def test_only_what_is_known_is_told_of_the_later_numbers(page: Page, tools_server: AppServer) -> None:
    shown = visit(page, tools_server, more=1, one=1)
    page.get_by_text("Send more").click()
    page.mouse.click(*shown.at(100, 60))
    expect(shown.readout).to_have_text(re.compile(r"\nfb 1\.17 px$"))


def test_a_smaller_picture_forgets_a_pin_that_is_outside(page: Page, tools_server: AppServer) -> None:
    shown = visit(page, tools_server)
    page.mouse.click(*shown.at(300, 150))
    expect_sent(page, ["probe", 300, 150])
    page.get_by_text("Smaller").click()
    expect(page.locator(".overlay")).to_have_attribute("viewBox", "-0.5 -0.5 160 90")
    expect(shown.readout).to_have_text("point at the picture for its numbers")
    shown.stage.focus()
    page.keyboard.press("Delete")
    expect_sent(page, ["probe", 300, 150], ["probe"])
    page.get_by_text("Smaller").click()
    expect(page.locator(".overlay")).to_have_attribute("viewBox", "-0.5 -0.5 320 180")
    page.mouse.move(*shown.at(300, 150))
    page.get_by_text("Smaller").click()
    expect(shown.readout).to_have_text(re.compile(r"^x  159  y   89 "))  # what was read, moved inside


def test_nonsense_from_a_browser_is_refused_or_clipped(page: Page, tools_server: AppServer) -> None:
    visit(page, tools_server)
    picture = page.locator(".picture")
    for what, numbers in (
        ("region", [10, 10, 0, 5]), ("region", [400, 10, 5, 5]), ("region", [1, 2, 3]), ("region", "1234"),
        ("line", [1, 2, None, 4]), ("probe", {"x": 1}), ("region", [1, 2, "3", 4]), ("passwd", [1]),
    ):  # fmt: skip
        picture.evaluate("(picture, [what, numbers]) => picture.view.send(what, numbers)", [what, numbers])
        wait_until_settled(page)
    picture.evaluate("picture => picture.view.send('exclude', [-5, -5, 1e9, 10])")
    expect_sent(page, ["exclude", 0, 0, WIDTH, 5])
    picture.evaluate("picture => picture.view.send('probe', [1e9, -3])")
    expect_sent(page, ["exclude", 0, 0, WIDTH, 5], ["probe", WIDTH - 1, 0])


# --- charts ---------------------------------------------------------------------------------------


def visit_chart(page: Page, server: AppServer, **query: object) -> Locator:
    page.goto(f"{server.url}/?{urlencode({'show': 'chart'} | query)}")
    plot = page.locator(".flowlab-plot").first
    expect(plot.locator(".quiverlayer path").first).to_be_attached()
    wait_until_settled(page)
    return plot


def point_at_arrow(page: Page, plot: Locator, x: float, y: float) -> None:
    box = plot.bounding_box()
    assert box is not None
    zoom = box["width"] / WIDTH
    page.mouse.move(box["x"] + (x + 0.5) * zoom, box["y"] + (y + 0.5) * zoom)


def test_an_arrow_tells_its_numbers_beneath_the_chart_and_those_of_a_new_frame(
    page: Page, tools_server: AppServer
) -> None:
    plot = visit_chart(page, tools_server, per_px=2, unit="mm", more=1)
    readout = page.locator(".flowlab-readout").first
    expect(readout).to_have_text("point at an arrow for its numbers")
    point_at_arrow(page, plot, 167, 81)
    expect(readout).to_have_text("x  167  y   81  u  +41.75  v  −10.13  42.96 mm\n…")  # 2 * 167/8, 2 * -81/16
    page.get_by_text("Send more").click()
    # by the nearest sample, every 3rd pixel: hypot(166, 82) / 100 * 2, whole 1/64 px
    expect(readout).to_have_text("x  167  y   81  u  +41.75  v  −10.13  42.96 mm\nfb 3.69  err 7.41 mm")
    page.get_by_role("button", name="Next frame").click()
    expect(readout).to_have_text("x  167  y   81  u  +43.75  v   −8.13  44.50 mm\nfb 5.69  err 11.41 mm")


def test_picture_and_chart_are_equally_high(page: Page, tools_server: AppServer) -> None:
    """Nothing below may jump from view to view."""
    widths = (1440, 1024, 700, 390)
    heights: dict[int, list[float]] = {width: [] for width in widths}
    for legend in (None, "wheel", "categories", "signed"):
        if legend is None:
            visit_chart(page, tools_server)
        else:
            visit(page, tools_server, legend=legend, swipe=1)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            box = page.locator(".stBidiComponent").first.bounding_box()
            assert box is not None
            heights[width].append(box["height"])
    for width, found in heights.items():
        assert max(found) - min(found) < 1, (width, found)


def test_plots_have_the_height_asked_for_and_share_one_loader(
    page: Page, tools_server: AppServer, console_errors: list[str]
) -> None:
    visit_chart(page, tools_server, plot=1)
    plots = page.locator(".flowlab-plot")
    expect(plots).to_have_count(3)
    for plot, height in ((plots.nth(1), 260), (plots.nth(2), 180)):
        expect(plot.locator(".scatterlayer path").first).to_be_attached()
        box = plot.bounding_box()
        assert box is not None
        assert box["height"] == height
    expect(page.locator(".st-key-plotly_loader")).to_have_count(1)
    expect(page.locator(".flowlab-words").nth(1)).to_have_text("A curve.")
    page.get_by_role("button", name="Next frame").click()
    page.wait_for_function("document.querySelectorAll('.flowlab-plot')[1].data[0].y[0] === 1")
    assert console_errors == []
