"""Journeys through the Theory page in a real browser: pointing, dragging, answering, sharing, going to measure."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from flowlab.theory.aperture import SIDE
from pages.shared.steps.step import AnyStep
from pages.shared.steps.walk import STEPS, number_of, step_named
from pages.shared.theory_step import prefix_of
from tests.browser.fixtures import AppServer, NewPage, wait_until_settled

EVERY = pytest.mark.parametrize("step", [pytest.param(step, id=step.name) for step in STEPS])

expect.set_options(timeout=20_000)  # patience costs nothing where all is well


def visit(page: Page, server: AppServer, step: str = "", query: str = "") -> None:
    page.goto(f"{server.url}/?t_step={step}&{query}")
    page.locator(".board svg").first.wait_for()
    wait_until_settled(page)


def gestures(page: Page, name: str) -> Locator:
    return page.locator(f".board svg[data-gesture='{name}']").first


def expect_setting(page: Page, step: str, name: str, pattern: str) -> None:
    expect(page).to_have_url(re.compile(rf"t_{step}_{name}={pattern}(&|$)"))
    wait_until_settled(page)


def equation(page: Page) -> str:
    return page.locator(".st-key-t_equation").inner_text()


def figures(page: Page) -> str:
    """Return everything the board draws."""
    return str(page.locator(".board").evaluate("board => board.innerHTML.replace(/(clip|swipe|shade)-[^\")]*/g, '')"))


def drag(page: Page, where: Locator, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag from one share of a panel to another, in steps as a hand does."""
    box = where.bounding_box()
    assert box is not None
    (x0, y0), (x1, y1) = ((box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in (start, end))
    page.mouse.move(x0, y0)
    page.mouse.down()
    for part in range(1, 9):
        page.mouse.move(x0 + (x1 - x0) * part / 8, y0 + (y1 - y0) * part / 8)
        page.wait_for_timeout(30)
    page.mouse.up()


def test_the_lab_opens_on_the_worked_example_and_asks_nothing_of_the_network(
    page: Page, app_server: AppServer, console_errors: list[str]
) -> None:
    page.goto(app_server.url)
    page.locator(".board svg").first.wait_for()
    wait_until_settled(page)
    expect(page.locator(".katex-display").first).to_be_visible()
    for svg in page.locator(".board svg").all():
        box = svg.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 900, "the result is on the first screen"
        assert box["width"] / box["height"] == pytest.approx(1, rel=0.02), "and not distorted"
    assert console_errors == []


def test_a_pixel_is_picked_by_a_click_and_its_numbers_come(page: Page, app_server: AppServer) -> None:
    visit(page, app_server, "brightness")
    before = equation(page)
    box = gestures(page, "pick").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] * 40.5 / 64, box["y"] + box["height"] * 20.5 / 64)
    expect_setting(page, "brightness", "x", "40")
    expect_setting(page, "brightness", "y", "20")
    assert equation(page) != before
    assert "(40,20)" in equation(page).replace(" ", "").replace("\n", "")


def test_dragging_moves_at_once_and_ends_where_the_hand_let_go(page: Page, app_server: AppServer) -> None:
    visit(page, app_server, "brightness")
    drag(page, gestures(page, "displacement"), (16.5 / 64, 23.5 / 64), (21.5 / 64, 17.5 / 64))
    expect_setting(page, "brightness", "dx", r"10\.0")  # from (11, 15) to (21, 17)
    expect_setting(page, "brightness", "dy", r"2\.0")


def test_arrow_keys_move_on_a_picture_and_elsewhere_go_through_the_steps(page: Page, app_server: AppServer) -> None:
    visit(page, app_server)
    gestures(page, "pick").focus()
    page.keyboard.press("ArrowRight")
    expect_setting(page, "brightness", "x", "12")
    page.keyboard.press("Shift+ArrowDown")
    expect_setting(page, "brightness", "y", "20")
    assert "t_step" not in page.url
    page.mouse.click(1400, 880)  # an empty place
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(re.compile(f"t_step={STEPS[1].name}"))
    wait_until_settled(page)
    page.keyboard.press("ArrowLeft")
    expect(page).not_to_have_url(re.compile("t_step="))


def test_the_numbers_under_the_pointer_are_the_pictures(page: Page, app_server: AppServer) -> None:
    visit(page, app_server)
    step = STEPS[0]
    first = step.compute(step.parameters()).stage.second
    picture = gestures(page, "displacement")
    box = picture.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 50.5 / 64, box["y"] + box["height"] * 30.5 / 64)
    expect(picture.locator("xpath=..").locator(".words")).to_have_text(f"x 50  y 30: {first[30, 50]:.0f} grey levels")


def test_two_pictures_are_swiped_and_flipped(page: Page, app_server: AppServer) -> None:
    visit(page, app_server)
    covered = page.locator("clipPath[id^=swipe] rect").first
    half = float(covered.get_attribute("width") or 0)
    swipe = page.locator(".board .swipe input").first
    swipe.focus()
    page.keyboard.press("End")
    expect(covered).to_have_attribute("width", "0")
    assert half > 0
    assert "t_step" not in page.url, "the arrow keys of the slider are its own"
    page.get_by_role("button", name="Flip").first.click()
    expect(covered).not_to_have_attribute("width", "0")
    expect(covered).to_have_attribute("width", "0")


def test_a_question_is_asked_answered_by_the_picture_and_explained(page: Page, app_server: AppServer) -> None:
    visit(page, app_server)
    case = STEPS[0].tries[0]
    page.get_by_role("button", name=case.title).click()
    expect(page.locator(".st-key-t_question")).to_contain_text(case.question)
    wait_until_settled(page)
    before = figures(page)
    right = case.right(STEPS[0].compute(case.before), STEPS[0].compute(case.after))
    page.get_by_role("button", name=case.choices[right]).click()
    expect(page.locator(".st-key-t_question")).to_contain_text("Right.")
    wait_until_settled(page)
    assert figures(page) != before


def test_the_aperture_is_dragged_to_the_corner_and_the_motion_appears(page: Page, app_server: AppServer) -> None:
    step = step_named("aperture")
    case = next(case for case in step.tries if case.name == "corner")
    query = "&".join(f"{prefix_of(step)}{name}={value}" for name, value in case.before.changed().items())
    visit(page, app_server, step.name, query)
    told = equation(page)
    before, after = case.before.as_dict(), case.after.as_dict()
    start, end = (((n["centre_x"] + 0.5) / SIDE, (n["centre_y"] + 0.5) / SIDE) for n in (before, after))
    drag(page, gestures(page, "aperture"), start, end)
    for name in ("centre_x", "centre_y"):
        expect(page).to_have_url(re.compile(f"{prefix_of(step)}{name}="))
        page.wait_for_function(
            "([name, value]) => Math.abs(new URL(location).searchParams.get(name) - value) <= 1",
            arg=[prefix_of(step) + name, after[name]],
        )
    wait_until_settled(page)
    assert equation(page) != told
    seen, true = step.compute(case.after).vote.seen, step.compute(case.after).true
    assert seen == pytest.approx(true, abs=0.1)


def test_a_row_lights_its_pixel_and_its_line(page: Page, app_server: AppServer) -> None:
    visit(page, app_server, "neighbours")
    row = page.locator(".board tbody tr[data-link]").nth(2)
    link = row.get_attribute("data-link")
    row.hover()
    lit = page.locator(".board .lit")
    expect(lit.first).to_be_visible()
    assert {element.get_attribute("data-link") for element in lit.all()} == {link}
    panels = page.locator(f".board svg:has([data-link='{link}'].lit)")
    assert panels.count() == 2, "in the picture and in the plane of lines"
    page.mouse.move(5, 5)
    expect(lit).to_have_count(0)
    row.focus()  # by keyboard too
    expect(page.locator(".board .lit").first).to_be_visible()


def test_a_pointer_that_rests_after_a_drag_points_at_nothing(page: Page, app_server: AppServer) -> None:
    visit(page, app_server, "neighbours")
    drag(page, gestures(page, "window"), (0.3, 0.3), (0.6, 0.6))
    page.wait_for_timeout(500)
    wait_until_settled(page)
    expect(page.locator(".board .lit")).to_have_count(0)


@EVERY
def test_a_steps_link_shows_the_same_in_a_fresh_browser(
    step: AnyStep, new_page: NewPage, app_server: AppServer, console_errors: list[str]
) -> None:
    """A question that was answered: its settings differ from the usual ones, and the link holds all of it."""
    page, case = new_page(), step.tries[-1]
    visit(page, app_server, step.name)
    page.locator(f".st-key-t_try_{step.name}_{case.name} button").click()
    page.locator(".st-key-t_say_0 button").click()
    expect(page).to_have_url(re.compile("t_said=1"))
    page.wait_for_timeout(300)
    wait_until_settled(page)
    other = new_page()
    other.goto(page.url)
    other.locator(".board svg").first.wait_for()
    wait_until_settled(other)
    expect(other.locator(".st-key-t_question")).to_contain_text(case.question[:40])
    assert other.locator(".st-key-t_heading").inner_text() == page.locator(".st-key-t_heading").inner_text()
    assert equation(other) == equation(page)
    assert figures(other) == figures(page)
    assert console_errors == []


@EVERY
def test_to_the_measure_page_of_a_step_and_back(step: AnyStep, page: Page, app_server: AppServer) -> None:
    visit(page, app_server, step.name)
    place = step.place(step.parameters())
    page.get_by_role("link", name=place.label).click()
    page.locator(".stage img.a, .flowlab-plot .main-svg").first.wait_for()
    wait_until_settled(page)
    query = parse_qs(urlsplit(page.url).query)
    assert query["clip"] == [place.query["clip"]]
    assert page.locator("[data-testid=stAlertContentError]").count() == 0
    page.go_back()
    page.locator(".board svg").first.wait_for()
    expect(page.locator(".st-key-t_heading")).to_contain_text(f"{number_of(step)}. {step.title}")


@EVERY
def test_on_a_telephone_nothing_is_wider_than_the_screen(
    step: AnyStep, new_page: NewPage, app_server: AppServer
) -> None:
    page = new_page(viewport={"width": 390, "height": 844}, color_scheme="dark")
    visit(page, app_server, step.name)
    for svg in page.locator(".board svg").all():
        box = svg.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") <= 390


def test_another_step_begins_at_its_top(page: Page, app_server: AppServer) -> None:
    visit(page, app_server)
    page.locator(".st-key-t_go_on button").click()
    expect(page).to_have_url(re.compile(f"t_step={STEPS[1].name}"))
    wait_until_settled(page)
    expect(page.locator(".st-key-t_heading")).to_be_in_viewport()
