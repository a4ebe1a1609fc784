"""A browser for the tests that ask what Plotly's own code makes of a figure."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.browser import find_browser
from tests.browser.fixtures import ARGUMENTS


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Give a browser that lives as long as a file of tests: Playwright keeps an event loop in its thread."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=ARGUMENTS)
        yield browser
        browser.close()
