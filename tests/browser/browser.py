"""How the tests come by a browser, from the least to the most work:

1. the one named in FLOWLAB_BROWSER;
2. an installed Chrome or Chromium;
3. the Chromium that Playwright downloaded earlier;
4. only when asked to install: Playwright's own download, now;
5. only when asked to install, as root on Debian: the `chromium` package.

    python tests/browser/browser.py [--install]

prints the path; where no browser can be had it prints the remedy and exits with 1.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    r"C:\Program Files\Google\Chrome\Application\chrome.exe",
    r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
)
REMEDY = (
    "no Chrome or Chromium was found: install one (on Debian `apt-get install chromium`), or run "
    "`python -m playwright install chromium` in .venv, or give the path of one in FLOWLAB_BROWSER; "
    "`make test BROWSER=0` leaves the browser tests out"
)


class NoBrowserError(Exception):
    """There is no browser to drive; the message is the remedy."""


def find_browser() -> str:
    """Return the path of a Chrome or Chromium that starts; raises NoBrowserError with the remedy."""
    named = os.environ.get("FLOWLAB_BROWSER")
    if named:
        if starts(named):
            return named
        raise NoBrowserError(
            f"FLOWLAB_BROWSER is {named!r}, which does not start: give the path of a Chrome or Chromium"
        )
    for path in candidates():
        if starts(path):
            return path
    raise NoBrowserError(REMEDY)


def candidates() -> Iterator[str]:
    """Yield the places where a browser may be, the quickest to look at first."""
    yield from filter(None, map(shutil.which, NAMES))
    yield from APPLICATIONS
    yield playwright_chromium()


def starts(path: str) -> bool:
    """Return whether the program at `path` starts: a name alone may be a stub, or lack its libraries."""
    if not Path(path).is_file():
        return False
    if sys.platform == "win32":  # there --version opens a window
        return True
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def playwright_chromium() -> str:
    """Return where Playwright keeps its own Chromium, downloaded or not."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return playwright.chromium.executable_path


def install_browser() -> str:
    """Return the path of a browser, fetching one where none is installed; raises NoBrowserError."""
    try:
        return find_browser()
    except NoBrowserError:
        if os.environ.get("FLOWLAB_BROWSER"):
            raise
    _run([sys.executable, "-m", "playwright", "install", "chromium"])
    if starts(playwright_chromium()):
        return playwright_chromium()
    if sys.platform == "linux" and os.geteuid() == 0 and shutil.which("apt-get"):
        _run(["apt-get", "update"])
        _run(["apt-get", "install", "--yes", "chromium"])
    return find_browser()


def _run(command: list[str]) -> None:
    """Run a step of the installation; whether it helped is found out by looking for the browser again."""
    print("$", *command, file=sys.stderr, flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    try:
        subprocess.run(command, env=environment, stdout=sys.stderr, timeout=600, check=False)
    except subprocess.TimeoutExpired:
        print("gave up after ten minutes", file=sys.stderr)


if __name__ == "__main__":
    try:
        print("browser:", install_browser() if "--install" in sys.argv[1:] else find_browser())
    except NoBrowserError as error:
        sys.exit(f"browser: {error}")
