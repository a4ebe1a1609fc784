"""Tracks on a picture and on a chart with real mouse, finger and keys (harness/points_tools.py)."""

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.fixtures import AppServer, NewPage, running_app, wait_until_settled
from tests.browser.test_picture_tools import Shown, expect_sent, finger, sent_by, visit

WIDTH, HEIGHT = 320, 180
PLACES = {3: (100.0, 60.0), 10: (104.0, 60.0), 17: (200.0, 60.5), 24: (100.0, 140.0), 31: (30.0, 100.0),
          38: (280.75, 150.5)}  # fmt: skip
VOID = (160, 20)
ASK = "point at a track for its numbers"


@pytest.fixture(scope="module")
def points_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """Give a running page with tracks under the pointer."""
    home = tmp_path_factory.mktemp("points") / "home"
    with running_app(home, script="tests/browser/harness/points_tools.py") as server:
        yield server


def told(track: int, frame: int = 0) -> str:
    """Return what is told of a track in a frame: the words, whose spaces Playwright makes one."""
    n = (track - 3) // 7
    x, y = PLACES[track][0] + 2 * frame, PLACES[track][1] + frame
    u, v = n + 0.25, n / 2
    sign = "−" if v else "+"
    ncc = f"{0.9 - n:.2f}".replace("-", "−")
    fb = f"{n / 100:.2f}" if frame else "–"
    return (
        f"track {track} x {x:.1f} y {y:.1f} u +{u:.2f} v {sign}{v:.2f} {(u * u + v * v) ** 0.5:.2f} px "
        f"fb {fb} px λ {30 + n:.1f} ncc {ncc} age {frame}"
    )


def expect_ring(shown: Shown, track: int, frame: int = 0) -> None:
    """Wait for the ring around a track's point."""
    ring = shown.page.locator(".cross")
    expect(ring).to_be_visible()
    box = ring.bounding_box()
    assert box is not None
    x, y = shown.at(PLACES[track][0] + 2 * frame, PLACES[track][1] + frame)
    assert (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) == (
        pytest.approx(x, abs=1),
        pytest.approx(y, abs=1),
    )


def marked(shown: Shown) -> tuple[float, float]:
    """Return where the picked track is marked."""
    left, top, right, bottom = shown.shape("probe")
    return (left + right) / 2, (top + bottom) / 2


def next_frame(shown: Shown, frame: int) -> None:
    shown.page.get_by_role("button", name="Next frame").click()
    expect(shown.page.locator(".stage img.a")).to_have_attribute("data-frame", str(frame))


# --- pointing -------------------------------------------------------------------------------------


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("screen", [1440, 900, 390])
def test_the_nearest_track_tells_its_numbers_and_a_click_picks_it(
    new_page: NewPage, points_server: AppServer, console_errors: list[str], screen: int, colours: str
) -> None:
    """Two points lie 4 px apart; on the narrow screen both are near."""
    page = new_page(viewport={"width": screen, "height": 900}, color_scheme=colours)
    shown = visit(page, points_server)
    expect(shown.readout).to_have_text(ASK)
    high = page.locator(".strip").bounding_box()
    for place, track in (((101.6, 60), 3), ((102.4, 60), 10), ((99, 61), 3), ((279, 151), 38)):
        page.mouse.move(*shown.at(*place))
        expect(shown.readout).to_have_text(told(track))
        expect_ring(shown, track)
        assert page.locator(".strip").bounding_box() == high
    page.mouse.click(*shown.at(104.5, 59.5))
    expect_sent(page, ["pick", 10])
    assert marked(shown) == pytest.approx(PLACES[10], abs=0.3)
    assert page.evaluate("document.documentElement.scrollWidth") <= screen
    readout, strip = shown.readout.bounding_box(), page.locator(".strip").bounding_box()
    assert readout is not None and strip is not None
    assert shown.readout.evaluate("readout => readout.scrollWidth <= readout.clientWidth")
    assert readout["y"] + readout["height"] <= strip["y"] + strip["height"]
    assert console_errors == []


def test_what_is_far_from_every_track_tells_none_of_them(page: Page, points_server: AppServer) -> None:
    """Near is 14 screen px, whatever the zoom."""
    shown = visit(page, points_server)
    x, y = shown.at(*PLACES[24])
    page.mouse.move(x + 12, y)
    expect(shown.readout).to_have_text(told(24))
    page.mouse.move(x + 16, y)
    expect(shown.readout).to_have_text(ASK)
    expect(page.locator(".cross")).to_be_hidden()


def test_numbers_of_the_picked_track_stay_and_follow_it_from_frame_to_frame(
    page: Page, points_server: AppServer
) -> None:
    shown = visit(page, points_server)
    page.mouse.click(*shown.at(*PLACES[17]))
    expect_sent(page, ["pick", 17])
    page.mouse.move(*shown.at(*PLACES[24]))
    expect(shown.readout).to_have_text(told(24))
    page.mouse.move(*shown.at(*VOID))
    expect(shown.readout).to_have_text(told(17))
    expect(page.locator(".cross")).to_be_hidden()
    page.mouse.move(*shown.at(*PLACES[24]))
    page.mouse.move(5, 5)
    expect(shown.readout).to_have_text(told(17))
    for frame in (1, 2):
        next_frame(shown, frame)
        expect(shown.readout).to_have_text(told(17, frame))
        assert marked(shown) == pytest.approx((200 + 2 * frame, 60.5 + frame), abs=0.3)


def test_a_track_that_is_read_is_followed_until_the_pointer_moves(page: Page, points_server: AppServer) -> None:
    shown = visit(page, points_server)
    page.mouse.move(*shown.at(*PLACES[31]))
    expect(shown.readout).to_have_text(told(31))
    page.get_by_role("button", name="Next frame").dispatch_event("click")  # the mouse stays where it is
    expect(shown.readout).to_have_text(told(31, 1))
    expect_ring(shown, 31, 1)


def test_a_click_in_the_void_lets_go_and_so_does_delete(page: Page, points_server: AppServer) -> None:
    shown = visit(page, points_server)
    page.mouse.click(*shown.at(*PLACES[3]))
    expect_sent(page, ["pick", 3])
    page.mouse.click(*shown.at(*VOID))
    expect_sent(page, ["pick", 3], ["pick"])
    expect(page.locator(".overlay path")).to_have_count(0)
    expect(shown.readout).to_have_text(ASK)
    page.mouse.click(*shown.at(*PLACES[3]))
    expect_sent(page, ["pick", 3], ["pick"], ["pick", 3])
    expect(page.locator(".overlay .probe").first).to_be_attached()
    page.keyboard.press("Escape")  # there is nothing half drawn
    page.keyboard.press("Delete")
    expect_sent(page, ["pick", 3], ["pick"], ["pick", 3], ["pick"])
    expect(page.locator(".overlay path")).to_have_count(0)
    page.keyboard.press("Delete")  # there is nothing left to let go
    page.mouse.click(*shown.at(*PLACES[17]))
    expect_sent(page, ["pick", 3], ["pick"], ["pick", 3], ["pick"], ["pick", 17])


def test_a_picked_track_that_has_ended_is_said_to_be_elsewhere_and_can_be_let_go(
    page: Page, points_server: AppServer
) -> None:
    shown = visit(page, points_server)
    page.mouse.click(*shown.at(*PLACES[10]))
    expect_sent(page, ["pick", 10])
    next_frame(shown, 1)
    expect(shown.readout).to_have_text("track 10 is not in this frame")
    expect(page.locator(".overlay path")).to_have_count(0)
    expect(page.locator(".cross")).to_be_hidden()
    shown.stage.focus()
    page.keyboard.press("Delete")
    expect_sent(page, ["pick", 10], ["pick"])
    expect(shown.readout).to_have_text(ASK)


def test_the_lines_stand_still_and_say_what_short_names_mean(page: Page, points_server: AppServer) -> None:
    shown = visit(page, points_server)
    lengths = set()
    for place in PLACES.values():
        page.mouse.move(*shown.at(*place))
        expect(page.locator(".cross")).to_be_visible()
        lengths.add(tuple(len(line) for line in shown.readout.inner_text().split("\n")))
    assert len(lengths) == 1
    expect(shown.readout).to_have_attribute("title", "fb: forward-backward error, λ: smaller eigenvalue")


def test_without_numbers_the_readout_is_empty_and_nothing_is_ringed(page: Page, points_server: AppServer) -> None:
    shown = visit(page, points_server, nothing=1, plain=1)
    expect(page.locator(".tools")).to_be_hidden()
    page.mouse.move(*shown.at(*PLACES[3]))
    page.mouse.click(*shown.at(*PLACES[3]))
    expect(shown.readout).to_be_empty()
    expect(page.locator(".cross")).to_be_hidden()
    expect(shown.stage).to_have_attribute("aria-label", "Six tracks.")


def test_without_a_listener_tracks_can_be_read_and_not_picked(page: Page, points_server: AppServer) -> None:
    shown = visit(page, points_server, plain=1)
    expect(page.locator(".tools")).to_be_hidden()
    page.mouse.click(*shown.at(*PLACES[3]))
    expect(shown.readout).to_have_text(told(3))
    shown.stage.focus()
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    expect(shown.readout).to_have_text(told(10))
    expect_sent(page)


# --- tools ----------------------------------------------------------------------------------------


def test_only_the_tools_asked_for_are_offered(page: Page, points_server: AppServer) -> None:
    visit(page, points_server)
    expect(page.get_by_role("radio")).to_have_count(4)
    for name in ("Track", "Region", "Exclude", "Scale"):
        expect(page.get_by_role("radio", name=name, exact=True)).to_be_attached()
    expect(page.get_by_role("radio", name="Track", exact=True)).to_be_checked()
    page.get_by_role("radio", name="Track", exact=True).focus()
    for name in ("Region", "Exclude", "Scale", "Track"):  # keys pass over what is not offered
        page.keyboard.press("ArrowRight")
        expect(page.get_by_role("radio", name=name, exact=True)).to_be_checked()


def test_a_region_is_dragged_over_tracks_while_they_tell_their_numbers(page: Page, points_server: AppServer) -> None:
    """Positions count in pixels of the clip, although the picture was drawn twice as large."""
    shown = visit(page, points_server)
    shown.choose("Region")
    shown.drag((60, 40), (100, 60), release=False)
    expect(shown.readout).to_have_text(told(3))
    page.mouse.up()
    expect_sent(page, ["region", 60, 40, 41, 21])
    assert shown.shape("region") == pytest.approx((59.5, 39.5, 100.5, 60.5), abs=0.3)
    shown.drag((WIDTH - 20, HEIGHT - 20), (WIDTH + 30, HEIGHT + 20))
    assert sent_by(page, 2)[-1] == ["region", WIDTH - 20, HEIGHT - 20, 20, 20]
    page.mouse.click(*shown.at(*PLACES[17]))  # a click with a drawing tool picks nothing
    shown.choose("Scale")
    shown.drag(PLACES[3], PLACES[24])
    what, *ends = sent_by(page, 3)[-1]
    assert what == "ruler"
    assert ends == pytest.approx([*PLACES[3], *PLACES[24]], abs=0.4)


def test_a_finger_picks_and_draws(new_page: NewPage, points_server: AppServer) -> None:
    page = new_page(viewport={"width": 390, "height": 700}, has_touch=True)
    shown = visit(page, points_server)
    x, y = shown.at(*PLACES[38])
    page.touchscreen.tap(x + 8, y - 6)
    expect_sent(page, ["pick", 38])
    shown.choose("Region")
    finger(page, shown.at(100, 20), *(shown.at(180, y) for y in (40, 80, 120)))
    what, *box = sent_by(page, 2)[-1]
    assert what == "region"
    assert box == pytest.approx([100, 20, 81, 101], abs=2)


# --- keyboard -------------------------------------------------------------------------------------


def test_keys_go_from_track_to_track_and_pick(page: Page, points_server: AppServer) -> None:
    shown = visit(page, points_server)
    expect(shown.stage).to_have_attribute(
        "aria-label",
        "Six tracks. Shift and arrow keys go from track to track. Enter picks the track or draws, Delete removes.",
    )
    shown.stage.focus()
    page.keyboard.press("Enter")  # there is nothing in the middle to pick
    for key, track in (
        ("Right", 17),  # from the middle: the nearest within 45 degrees
        ("Left", 10),
        ("Left", 3),
        ("Up", 3),  # there is none
        ("Down", 24),
        ("Right", 17),  # nearer than the one that lies more to the right
        ("Down", 38),
        ("Left", 24),
        ("Up", 3),
        ("Right", 10),
    ):
        page.keyboard.press(f"Shift+Arrow{key}")
        expect(shown.readout).to_have_text(told(track))
        expect_ring(shown, track)
    expect(shown.readout).to_have_attribute("aria-live", "polite")
    page.keyboard.press("Enter")
    expect_sent(page, ["pick", 10])
    assert marked(shown) == pytest.approx(PLACES[10], abs=0.3)
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Enter")
    expect_sent(page, ["pick", 10], ["pick", 17])
    page.mouse.move(*shown.at(*VOID))
    expect(shown.readout).to_have_attribute("aria-live", "off")


def test_a_region_can_be_drawn_by_keys_from_any_pixel(page: Page, points_server: AppServer) -> None:
    shown = visit(page, points_server)
    page.get_by_role("radio", name="Track", exact=True).focus()
    page.keyboard.press("ArrowRight")
    shown.stage.focus()
    page.keyboard.press("Shift+ArrowUp")  # from the middle, 160, 90
    page.keyboard.press("Shift+Alt+ArrowLeft")
    expect(page.locator(".cross")).to_be_visible()
    expect(shown.readout).to_have_text(ASK)
    page.keyboard.press("Enter")
    for key in ("Shift+ArrowRight", "ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect_sent(page, ["region", 159, 80, 12, 2])


# --- what a browser may send ----------------------------------------------------------------------


def test_nonsense_from_a_browser_picks_nothing(page: Page, points_server: AppServer) -> None:
    visit(page, points_server)
    picture = page.locator(".picture")
    for what, sent in (
        ("pick", ["x"]), ("pick", [1e99]), ("pick", [-1]), ("pick", [1, 2]), ("pick", [2.5]), ("pick", [True]),
        ("pick", [None]), ("pick", 3), ("pick", "3"), ("pick", {"0": 3}), ("pick", [[3]]), ("pick", [1 << 24]),
        ("probe", [1, 2]), ("line", [1, 2, 3, 4]),
    ):  # fmt: skip
        picture.evaluate("(picture, [what, sent]) => picture.view.send(what, sent)", [what, sent])
        wait_until_settled(page)
    picture.evaluate("picture => picture.view.send('pick', [0])")
    expect_sent(page, ["pick", 0])


# --- charts ---------------------------------------------------------------------------------------


def visit_chart(page: Page, server: AppServer, **query: object) -> Locator:
    page.goto(f"{server.url}/?{urlencode({'show': 'chart'} | query)}")
    plot = page.locator(".flowlab-plot").first
    expect(plot.locator(".scatterlayer path.point").first).to_be_attached()
    wait_until_settled(page)
    return plot


def marker(plot: Locator, number: int) -> tuple[float, float]:
    """Return where a marker is on the screen."""
    box = plot.locator(".scatterlayer path.point").nth(number).bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def ranges(page: Page) -> list[list[float]]:
    found: list[list[float]] = page.evaluate(
        "(({xaxis, yaxis}) => [xaxis.range, yaxis.range])(document.querySelector('.flowlab-plot')._fullLayout)"
    )
    return found


@pytest.mark.parametrize("screen", [1440, 390])
def test_a_click_on_a_marker_picks_its_track_and_the_zoom_stays(
    new_page: NewPage, points_server: AppServer, console_errors: list[str], screen: int
) -> None:
    page = new_page(viewport={"width": screen, "height": 900})
    plot = visit_chart(page, points_server)
    whole = ranges(page)
    page.mouse.click(*marker(plot, 2))
    expect_sent(page, ["picked", 17])
    x, y = marker(plot, 2)
    page.mouse.move(x - 60, y - 30)
    page.mouse.down()
    page.mouse.move(x + 60, y + 60, steps=4)
    page.mouse.up()
    page.wait_for_function(
        "before => document.querySelector('.flowlab-plot')._fullLayout.xaxis.range[0] !== before", arg=whole[0][0]
    )
    expect_sent(page, ["picked", 17])  # dragging picks nothing
    page.wait_for_timeout(400)  # else two clicks make a double click, which zooms out
    zoomed = ranges(page)
    page.mouse.click(*marker(plot, 2))
    expect_sent(page, ["picked", 17], ["picked", 17])
    wait_until_settled(page)
    assert ranges(page) == zoomed
    page.get_by_role("button", name="Next frame").click()
    page.wait_for_function("document.querySelector('.flowlab-plot').calcdata[0][0].x === 102")
    assert ranges(page) == zoomed
    assert console_errors == []


def test_a_click_beside_the_markers_does_nothing(page: Page, points_server: AppServer) -> None:
    plot = visit_chart(page, points_server)
    x, y = marker(plot, 2)
    page.mouse.click(x, y - 90)
    page.wait_for_timeout(400)
    page.mouse.click(*marker(plot, 0))
    expect_sent(page, ["picked", 3])


def test_a_chart_nobody_listens_to_sends_nothing(page: Page, points_server: AppServer) -> None:
    plot = visit_chart(page, points_server, plain=1)
    page.mouse.click(*marker(plot, 2))
    page.get_by_role("button", name="Next frame").click()
    page.wait_for_function("document.querySelector('.flowlab-plot').calcdata[0][0].x === 102")
    expect_sent(page)


def test_the_figure_tells_its_numbers_itself(page: Page, points_server: AppServer) -> None:
    plot = visit_chart(page, points_server)
    page.mouse.move(*marker(plot, 3))
    expect(plot.locator(".hoverlayer")).to_have_text("track 24")
    expect(page.locator(".flowlab-readout")).to_be_hidden()
    expect(page.locator(".flowlab-words")).to_have_text("Each point is a track.")


def test_nonsense_from_a_chart_picks_nothing(page: Page, points_server: AppServer) -> None:
    plot = visit_chart(page, points_server)
    for sent in (["x"], [1e99], [-1], [1, 2], [], "3", None):
        plot.evaluate("(plot, sent) => plot.send('picked', sent)", sent)
        wait_until_settled(page)
    plot.evaluate("plot => plot.send('picked', [0])")
    expect_sent(page, ["picked", 0])


def test_the_picture_and_the_chart_of_points_are_equally_high(page: Page, points_server: AppServer) -> None:
    """Nothing below may jump from view to view, nor when a track is read."""
    widths = (1440, 1024, 700, 390)
    heights: dict[int, list[float]] = {width: [] for width in widths}
    for show in ("chart", "picture"):
        if show == "chart":
            visit_chart(page, points_server)
        else:
            shown = visit(page, points_server)
        for width in widths:
            page.set_viewport_size({"width": width, "height": 900})
            if show == "picture":
                page.mouse.move(*shown.at(*PLACES[38]))
                expect(shown.readout).to_have_text(re.compile("^track"))
            box = page.locator(".stBidiComponent").first.bounding_box()
            assert box is not None
            heights[width].append(box["height"])
    for width, found in heights.items():
        assert max(found) - min(found) < 1, (width, found)
