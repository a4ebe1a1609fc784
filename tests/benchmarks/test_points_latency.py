"""From a moved control to the changed picture of the Sparse tracking page, in a real browser: 640x360, 500 tracks."""

from urllib.parse import quote

import pytest

from tests.benchmarks.tables import heading, median, percentile, row
from tests.benchmarks.test_latency import Watched
from tests.browser.fixtures import AppServer, NewPage

CLIP = quote("scene:two-layers?noise=2")
ROUNDS = 12
LIMIT = 400


def link(server: AppServer, **query: str) -> str:
    return f"{server.url}/sparse_tracking?clip={CLIP}&" + "&".join(f"{k}={v}" for k, v in query.items())


@pytest.mark.parametrize("view", ["tracks", "zoom"])
def test_a_control_moved_to_the_page_redrawn(view: str, app_server: AppServer, new_page: NewPage) -> None:
    heading(f"Sparse tracking, view {view}, 640x360, 500 tracks: control moved -> page redrawn")
    watched = Watched(new_page())
    watched.open(link(app_server, s_view=view, s_frame="20"))
    assert watched.page.get_by_text("500", exact=True).count()
    page = watched.page
    kept, largest = [], 0

    def measured(what: str, actions: list) -> None:
        nonlocal largest
        answers = [watched.time(act) for act in actions]
        times = [ms for ms, _ in answers]
        largest = max(largest, *(size for _, size in answers))
        kept.append(row(f"{what}: median", median(times), LIMIT))
        row(f"{what}: p90", percentile(times, 0.9), None)

    page.mouse.click(1420, 880)  # an empty place: keys then belong to the page
    measured("next frame", [lambda: page.keyboard.press("ArrowRight")] * ROUNDS)
    measured("previous frame", [lambda: page.keyboard.press("ArrowLeft")] * ROUNDS)
    if view == "tracks":  # in the other the points, which are watched, stay where they are
        page.locator(".st-key-s_p_set_trail input[type=range]").first.focus()
        measured("a control of the view: trail", [lambda: page.keyboard.press("ArrowRight")] * ROUNDS)
    row("largest update received so far", largest / 1000, None, "kB")
    for fold, name in (("Detection", "min_distance"), ("Lucas-Kanade", "window")):
        page.get_by_text(fold, exact=True).click()
        page.wait_for_timeout(800)
        page.locator(f".st-key-s_p_set_{name} input[type=range]").first.focus()
        measured(f"parameter {name}, 21 frames anew", [lambda: page.keyboard.press("ArrowRight")] * 4)
    row("largest update received", largest / 1000, None, "kB")
    assert all(kept)
