"""Where a browser is looked for, and what is said when there is none."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.browser import browser as finding


@pytest.fixture
def bare_machine(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Give a machine without any browser, and keep every step of an installation from running."""
    monkeypatch.delenv("FLOWLAB_BROWSER", raising=False)
    monkeypatch.setattr(finding, "NAMES", ())
    monkeypatch.setattr(finding, "APPLICATIONS", ())
    monkeypatch.setattr(finding, "playwright_chromium", lambda: "never-downloaded")
    monkeypatch.setattr(finding, "_run", lambda command: None)
    return monkeypatch


def program(path: Path, exit_status: int) -> str:
    """Write a program that ends with `exit_status`."""
    path.write_text(f"#!/bin/sh\nexit {exit_status}\n")
    path.chmod(0o755)
    return str(path)


def test_without_a_browser_the_remedy_is_named(bare_machine: pytest.MonkeyPatch) -> None:
    with pytest.raises(finding.NoBrowserError, match=r"install one.*FLOWLAB_BROWSER.*BROWSER=0"):
        finding.find_browser()


def test_a_stub_that_does_not_start_is_passed_over(bare_machine: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stub, real = program(tmp_path / "stub", 1), program(tmp_path / "real", 0)
    bare_machine.setattr(finding, "APPLICATIONS", (stub, real))
    assert finding.find_browser() == real


def test_the_named_browser_wins_and_a_wrong_name_is_told(bare_machine: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare_machine.setattr(finding, "APPLICATIONS", (program(tmp_path / "other", 0),))
    bare_machine.setenv("FLOWLAB_BROWSER", program(tmp_path / "named", 0))
    assert finding.find_browser() == str(tmp_path / "named")
    bare_machine.setenv("FLOWLAB_BROWSER", str(tmp_path / "absent"))
    with pytest.raises(finding.NoBrowserError, match="absent"):
        finding.install_browser()


@pytest.mark.skipif(sys.platform != "linux", reason="packages are installed on Debian only")
def test_a_download_is_tried_before_a_package_and_a_package_by_root_only(
    bare_machine: pytest.MonkeyPatch,
) -> None:
    steps: list[str] = []
    bare_machine.setattr(finding, "_run", lambda command: steps.append(command[-1]))
    bare_machine.setattr(shutil, "which", lambda name: name)
    for user, expected in ((0, ["chromium", "update", "chromium"]), (1000, ["chromium"])):
        bare_machine.setattr(os, "geteuid", lambda user=user: user)
        steps.clear()
        with pytest.raises(finding.NoBrowserError):
            finding.install_browser()
        assert steps == expected
