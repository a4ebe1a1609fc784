"""The lab's server and a Chromium in front of it, shared by the browser tests and the benchmarks.

They live as long as the tests of a folder (scope "package", which is why these folders hold an
`__init__.py`): Playwright keeps an event loop running in the thread it was started from, and no
other test may find one there.
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from tests.browser.browser import NoBrowserError, find_browser

ROOT = Path(__file__).parents[2]
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
LOOPBACK = ("127.0.0.1", "localhost", "::1")
NETWORK_SCHEMES = ("http", "https", "ws", "wss", "ftp")
SETTLED = "[data-testid='stApp'][data-test-connection-state='CONNECTED'][data-test-script-state='notRunning']"

NewPage = Callable[..., Page]


@dataclass(frozen=True)
class AppServer:
    """A running lab.

    Attributes:
        url: its address, without a slash at the end.
        process: the server's process, the leader of a group of its own.
        home: its FLOWLAB_HOME.
        log_path: where its output goes.
    """

    url: str
    process: subprocess.Popen[bytes]
    home: Path
    log_path: Path

    @property
    def log(self) -> str:
        """Return what the server has written so far."""
        return self.log_path.read_text(errors="replace")

    def is_up(self) -> bool:
        """Return whether the server's process lives and answers its health check."""
        if self.process.poll() is not None:
            return False
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=2)
        try:
            connection.request("GET", "/_stcore/health")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def free_port() -> int:
    """Return a loopback port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_app(
    home: Path, *options: str, script: str = "streamlit_app.py", patience: float = 60
) -> Iterator[AppServer]:
    """Run the lab on a free port with `home` as its FLOWLAB_HOME; its whole process group ends with the block.

    Args:
        home: folder for FLOWLAB_HOME; the log goes beside it.
        options: further options of `streamlit run`.
        script: what to run, relative to the root; the lab itself by default.
        patience: seconds until the server must answer.

    Raises:
        RuntimeError: the server did not come up; the message holds its log.
    """
    port = free_port()
    log_path = home.with_name(f"{home.name}-{port}.log")
    command = [sys.executable, "-m", "streamlit", "run", script]
    command += ["--server.port", str(port), "--server.headless", "true", *options]
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"FLOWLAB_HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    server = AppServer(f"http://127.0.0.1:{port}", process, home, log_path)
    try:
        deadline = time.monotonic() + patience
        while not server.is_up():
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the lab did not come up; its log:\n{server.log}")
            time.sleep(0.02)
        yield server
    finally:
        _end_group(process)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a process and everything it started: asked first, then killed."""
    with suppress(ProcessLookupError, subprocess.TimeoutExpired):
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_until_settled(page: Page, timeout: float = 60_000) -> None:
    """Wait until the page is connected and its script has finished (`timeout` in ms)."""
    page.locator(SETTLED).wait_for(state="attached", timeout=timeout)


@pytest.fixture(scope="package")
def app_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AppServer]:
    """Give a running lab with an empty FLOWLAB_HOME."""
    with running_app(tmp_path_factory.mktemp("app") / "home") as server:
        yield server


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Give a running Chromium; where none can be had, every test that asks fails with the remedy."""
    try:
        path = find_browser()
    except NoBrowserError as error:
        pytest.fail(str(error), pytrace=False)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def requests_outside() -> list[str]:
    """Give the addresses outside this machine that pages asked for, gathered as they are asked."""
    return []


@pytest.fixture
def console_errors() -> list[str]:
    """Give the errors that pages wrote to the console or raised, gathered as they come."""
    return []


@pytest.fixture
def new_page(browser: Browser, requests_outside: list[str], console_errors: list[str]) -> Iterator[NewPage]:
    """Give a function that opens a page in a fresh session: `new_page(color_scheme="dark", viewport={..})`.

    A test fails when any of its pages asked for anything outside this machine.
    """
    contexts: list[BrowserContext] = []

    def open_page(**options: Any) -> Page:
        options = {"viewport": {"width": 1440, "height": 900}} | options
        context = browser.new_context(**options)
        contexts.append(context)
        context.on("request", lambda request: _note_outside(request.url, requests_outside))
        page = context.new_page()
        page.on("websocket", lambda socket: _note_outside(socket.url, requests_outside))
        page.on("console", lambda said: _note_error(said, console_errors))
        page.on("pageerror", lambda error: console_errors.append(str(error)))
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not requests_outside, f"requests left this machine: {requests_outside}"


@pytest.fixture
def page(new_page: NewPage) -> Page:
    """Give an empty page of 1440x900, light, in a fresh session."""
    return new_page(color_scheme="light")


def _note_error(said: ConsoleMessage, seen: list[str]) -> None:
    """Note an error, but for one that a link to a page itself brings.

    The browser's part of Streamlit looks for its server below the page's own path first, and does not find it there.
    """
    looks_for_server = "/_stcore/" in str(said.location.get("url", "")) and "404" in said.text
    if said.type == "error" and not looks_for_server:
        seen.append(said.text)


def _note_outside(url: str, seen: list[str]) -> None:
    parts = urlsplit(url)
    if parts.scheme in NETWORK_SCHEMES and parts.hostname not in LOOPBACK:
        seen.append(url)
