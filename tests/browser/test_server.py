"""The server's own promises: who may reach it, and how it looks in light and dark."""

import http.client
from urllib.parse import urlsplit

import pytest

from tests.browser.fixtures import AppServer, NewPage, wait_until_settled


def handshake(server: AppServer, host: str, origin: str) -> int:
    """Return the status of opening the page's WebSocket as `host`, from a page of `origin`."""
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.netloc, timeout=10)
    headers = {
        "Host": f"{host}:{address.port}",
        "Origin": f"http://{origin}:{address.port}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }
    try:
        connection.request("GET", "/_stcore/stream", headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_this_computer_may_connect(app_server: AppServer, host: str) -> None:
    assert handshake(app_server, host, host) == 101


def test_a_name_that_was_rebound_to_this_computer_may_not_connect(app_server: AppServer) -> None:
    assert handshake(app_server, "rebound.example", "rebound.example") == 403


@pytest.mark.parametrize(
    ("scheme", "paper", "ink"),
    [
        ("light", "rgb(251, 251, 249)", "rgb(27, 31, 35)"),
        ("dark", "rgb(18, 22, 26)", "rgb(230, 232, 234)"),
    ],
)
def test_the_theme_follows_the_system(
    new_page: NewPage, app_server: AppServer, console_errors: list[str], scheme: str, paper: str, ink: str
) -> None:
    page = new_page(color_scheme=scheme)
    page.goto(app_server.url)
    wait_until_settled(page)
    style = "getComputedStyle(document.querySelector('[data-testid=stApp]'))"
    assert page.evaluate(f"{style}.backgroundColor") == paper
    assert page.evaluate(f"{style}.color") == ink
    assert console_errors == []


def test_the_log_has_no_warning_about_the_settings(app_server: AppServer) -> None:
    assert "is not a valid config option" not in app_server.log
    assert "http://127.0.0.1" in app_server.log
