"""From a moved control or hand to the changed figures and numbers of every step of the walk, in a real browser."""

import pytest
from playwright.sync_api import Locator, Page

from pages.shared.steps.step import AnyStep
from pages.shared.steps.walk import STEPS
from pages.shared.theory_step import prefix_of
from tests.benchmarks.tables import heading, median, percentile, row
from tests.browser.fixtures import AppServer, NewPage, wait_until_settled

LIMIT, MOST_KB = 300, 250
ROUNDS = 8
WATCH = """
board => {
  for (const kind of ['keydown'])
    document.addEventListener(kind, () => { window.from = performance.now(); }, true);
  window.nextAnswer = () => {
    const before = board.dataset.turn;
    window.answer = new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error('no answer within 10 s')), 10000);
      const look = () => {
        if (board.dataset.turn !== before) requestAnimationFrame(() => resolve(performance.now() - window.from));
        else requestAnimationFrame(look);
      };
      look();
    });
  };
}
"""


class Watched:
    """A page whose answers are timed and whose traffic is counted."""

    def __init__(self, page: Page) -> None:
        self.page, self.received = page, 0
        page.on("websocket", lambda socket: socket.on("framereceived", self._count))

    def _count(self, payload: str | bytes) -> None:
        self.received += len(payload)

    def open(self, url: str) -> None:
        self.page.goto(url)
        self.page.locator(".board svg").first.wait_for()
        wait_until_settled(self.page)
        self.page.wait_for_timeout(1000)
        self.page.locator(".board").evaluate(WATCH)

    def press(self, what: Locator, key: str) -> tuple[float, int]:
        """Return (ms from the key to the painted figures, bytes received)."""
        what.focus()
        self.received = 0
        self.page.evaluate("() => window.nextAnswer()")
        self.page.keyboard.press(key)
        took = self.page.evaluate("() => window.answer")
        wait_until_settled(self.page)
        self.page.wait_for_timeout(80)
        return float(took), self.received


@pytest.mark.parametrize("step", [pytest.param(step, id=step.name) for step in STEPS])
def test_a_control_moved_to_figures_and_numbers(step: AnyStep, app_server: AppServer, new_page: NewPage) -> None:
    heading(f"Theory, step {step.name}: moved -> figures and numbers painted")
    watched = Watched(new_page())
    watched.open(f"{app_server.url}/?t_step={step.name}")
    page, kept, largest = watched.page, [], 0
    sliders = {name: page.locator(f".st-key-{prefix_of(step)}set_{name} input[type=range]") for name in step.controls}
    handles = {svg.get_attribute("data-gesture"): svg for svg in page.locator(".board svg[data-gesture]").all()}
    for what, place in {**sliders, **{f"{name} (hand)": svg for name, svg in handles.items()}}.items():
        if not place.count():  # a choice, or a switch
            continue
        keys = ["ArrowRight", "ArrowLeft"] * (ROUNDS // 2)
        answers = [watched.press(place.first, key) for key in keys if _moves(place, key)]
        times = [ms for ms, _ in answers]
        largest = max(largest, *(size for _, size in answers))
        kept.append(row(f"{what}: median", median(times), LIMIT))
        row(f"{what}: p90", percentile(times, 0.9), None)
    kept.append(row("largest update", largest / 1000, MOST_KB, "kB"))
    assert all(kept)


def _moves(place: Locator, key: str) -> bool:
    """Return whether a slider has room in the direction of a key; a hand on a picture always has."""
    value, low, high = (place.first.get_attribute(name) for name in ("value", "min", "max"))
    if value is None or low is None or high is None:
        return True
    return float(value) < float(high) if key == "ArrowRight" else float(value) > float(low)
