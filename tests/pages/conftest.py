"""What the tests of pages share."""

import pytest


@pytest.fixture(autouse=True)
def _no_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the worker processes alone until a test asks for a job: hundreds of pages are drawn here."""
    monkeypatch.setattr("pages.shared.lab.warm_up", lambda: None)
