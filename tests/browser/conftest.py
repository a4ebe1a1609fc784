"""Everything in this folder drives a real browser."""

from pathlib import Path

import pytest

from tests.browser.fixtures import app_server, browser, console_errors, new_page, page, requests_outside

__all__ = ["app_server", "browser", "console_errors", "new_page", "page", "requests_outside"]


@pytest.hookimpl(tryfirst=True)  # before `-m` is applied
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder, so that none can be forgotten by `BROWSER=0`."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)
