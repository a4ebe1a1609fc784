"""A sample arrives whole and unaltered, or there is one clear sentence and nothing is kept."""

import hashlib
import http.client
import os
import shutil
import socket
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import fields, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from flowlab.errors import DownloadError, StoreError
from flowlab.store.clips import find_clip, known_clips
from flowlab.store.objects import DISK_RESERVE, Store, is_content_hash
from flowlab.store.samples import Sample, _allowed, _SameSchemeRedirects, fetch_sample, samples

CLIP = bytes(range(256)) * 1000
# How the server answers each path: status, announced length (None: not announced), what it sends.
ANSWERS: dict[str, tuple[int, int | None, bytes]] = {
    "/right.mp4": (200, len(CLIP), CLIP),
    "/unannounced.mp4": (200, None, CLIP),
    "/altered.mp4": (200, len(CLIP), CLIP[:-1] + b"\0"),
    "/longer.mp4": (200, len(CLIP) + 1, CLIP + b"\0"),
    "/endless.mp4": (200, None, CLIP * 20),
    "/shorter.mp4": (200, len(CLIP) - 1, CLIP[:-1]),
    "/cut.mp4": (200, len(CLIP), CLIP[: len(CLIP) // 2]),
    "/cut-unannounced.mp4": (200, None, CLIP[: len(CLIP) // 2]),
    "/busy.mp4": (503, 4, b"busy"),
    "/sign-in.mp4": (200, 20, b"<html>sign in</html>"),
}
REDIRECTS = {
    "/moved.mp4": "/right.mp4",
    "/to-ftp.mp4": "ftp://127.0.0.1/right.mp4",
    "/to-file.mp4": "file:///etc/passwd",
    "/to-https.mp4": "https://127.0.0.1:1/right.mp4",
    "/to-other.mp4": "http://192.0.2.1/right.mp4",
    "/round.mp4": "/round.mp4",
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        server = self.server
        assert isinstance(server, Server)
        server.asked.append(self.path)
        if self.path in REDIRECTS:
            self.send_response(302)
            self.send_header("Location", REDIRECTS[self.path])
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif self.path == "/slow.mp4":
            self.begin(200, len(CLIP))
            self.wfile.write(CLIP[:1000])
            self.wfile.flush()
            server.released.wait(60)
            self.wfile.write(CLIP[1000:])
        elif self.path == "/nonsense.mp4":
            self.wfile.write(b"what?\r\n\r\n")
        elif self.path in ANSWERS:
            status, announced, body = ANSWERS[self.path]
            self.begin(status, announced)
            self.wfile.write(body)
        else:
            self.begin(404, 0)

    def begin(self, status: int, announced: int | None) -> None:
        self.send_response(status)
        if announced is not None:
            self.send_header("Content-Length", str(announced))
        self.end_headers()

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:  # the client hung up, as several tests make it do
            self.close_connection = True

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.released = threading.Event()

    def sample(self, path: str) -> Sample:
        return Sample(
            key="test",
            title="Highway driving",
            url=f"http://127.0.0.1:{self.server_port}{path}",
            sha256=hashlib.sha256(CLIP).hexdigest(),
            bytes=len(CLIP),
            frames=5,
            size="64x48",
            fps=25,
            licence="CC0 1.0",
            credit="nobody",
        )


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


def nothing_kept(store: Store) -> bool:
    return not [path for path in store.home.rglob("*") if path.is_file()]


def test_the_table_is_complete() -> None:
    table = samples()
    assert list(table) == ["solid-white-right", "flower", "car-detection", "box"]
    for key, sample in table.items():
        assert sample.key == key
        assert is_content_hash(sample.sha256)
        assert _allowed(sample.url)
        assert sample.url.startswith("https://")
        assert 0 < sample.bytes < 50_000_000
        width, height = map(int, sample.size.split("x"))
        assert width > height > 0
        assert sample.frames > 0
        assert sample.fps > 0
        assert all(getattr(sample, field.name) for field in fields(sample))


@pytest.mark.realdata
@pytest.mark.parametrize(("key", "name"), [("solid-white-right", "solidWhiteRight.mp4"), ("box", "box.mp4")])
def test_the_table_describes_the_real_clips(key: str, name: str) -> None:
    if "FLOWLAB_DATA" not in os.environ:
        pytest.skip("FLOWLAB_DATA is not set: the real clips are elsewhere")
    content = (Path(os.environ["FLOWLAB_DATA"]) / "clips" / name).read_bytes()
    sample = samples()[key]
    assert (sample.bytes, sample.sha256) == (len(content), hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("path", ["/right.mp4", "/unannounced.mp4", "/moved.mp4"])
def test_a_sample_arrives_and_is_known_by_its_title(store: Store, server: Server, path: str) -> None:
    sample = server.sample(path)
    content_hash = fetch_sample(store, sample)
    assert content_hash == sample.sha256
    assert store.path(content_hash).read_bytes() == CLIP
    assert [(clip.name, clip.bytes, clip.kind) for clip in known_clips(store)] == [
        ("Highway driving", len(CLIP), "video")
    ]


def test_progress_rises_to_one_and_says_how_much(store: Store, server: Server) -> None:
    seen: list[tuple[float, str]] = []
    fetch_sample(store, server.sample("/right.mp4"), progress=lambda share, text: seen.append((share, text)))
    shares = [share for share, _ in seen]
    assert len(shares) > 1
    assert shares == sorted(shares)
    assert shares[0] > 0
    assert seen[-1] == (1.0, "Highway driving: 256 kB of 256 kB")


def test_a_sample_that_is_there_is_not_fetched_again(store: Store, server: Server) -> None:
    sample = server.sample("/right.mp4")
    fetch_sample(store, sample)
    fetch_sample(store, sample)
    assert server.asked == ["/right.mp4"]


def test_a_clip_dropped_by_hand_needs_no_network_to_be_the_sample(store: Store, server: Server) -> None:
    store.put_bytes(CLIP)
    sample = replace(server.sample("/right.mp4"), url="https://example.invalid/right.mp4")
    assert fetch_sample(store, sample) == sample.sha256
    found = find_clip(store, sample.sha256)
    assert found is not None
    assert found.name == "Highway driving"


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (
            "/missing.mp4",
            r"could not be fetched from 127.0.0.1 \(the server said 404 Not Found\): check the network, or",
        ),
        ("/busy.mp4", r"\(the server said 503 Service Unavailable\)"),
        ("/nonsense.mp4", r"\(the answer was not understood\)"),
        ("/altered.mp4", r"is not the sample ‘Highway driving’ \(its checksum differs\)"),
        ("/longer.mp4", r"\(256001 bytes instead of 256000\)"),
        ("/shorter.mp4", r"\(255999 bytes instead of 256000\)"),
        ("/sign-in.mp4", r"\(20 bytes instead of 256000\): check that the network shows no sign-in page"),
        ("/endless.mp4", r"\(more than its 256000 bytes\)"),
        ("/cut.mp4", r"arrived only in part from 127.0.0.1 \(128000 of 256000 bytes\): check the network and try"),
        ("/cut-unannounced.mp4", r"arrived only in part"),
        ("/round.mp4", r"\(the server said 302 Found\)"),
    ],
)
def test_what_did_not_arrive_right_is_refused(store: Store, server: Server, path: str, sentence: str) -> None:
    with pytest.raises(DownloadError, match=sentence) as told:
        fetch_sample(store, server.sample(path))
    assert "drop a clip of your own" in str(told.value)
    assert "\n" not in str(told.value)
    assert nothing_kept(store)


def test_no_more_is_written_than_the_table_says(store: Store, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    most = 0

    def measure(share: float, _sentence: str) -> None:
        nonlocal most
        most = max(most, sum(path.stat().st_size for path in (store.home / "incoming").iterdir()))

    with pytest.raises(DownloadError, match="more than"):
        fetch_sample(store, server.sample("/endless.mp4"), progress=measure)
    assert 0 < most <= len(CLIP)


@pytest.mark.parametrize("path", ["/to-ftp.mp4", "/to-https.mp4", "/to-other.mp4"])
def test_a_redirect_elsewhere_is_refused(store: Store, server: Server, path: str) -> None:
    with pytest.raises(
        DownloadError, match=r"127\.0\.0\.1 sent the download on to ‘.*’, where samples are not fetched"
    ):
        fetch_sample(store, server.sample(path))
    assert nothing_kept(store)


def test_a_redirect_to_a_file_is_refused(store: Store, server: Server) -> None:
    with pytest.raises(DownloadError, match="the server said 302"):
        fetch_sample(store, server.sample("/to-file.mp4"))
    assert nothing_kept(store)


@pytest.mark.parametrize(("target", "followed"), [("https://b.invalid/x", True), ("http://127.0.0.1/x", False)])
def test_https_is_only_left_for_https(target: str, followed: bool) -> None:
    request = urllib.request.Request("https://a.invalid/x")
    with Path(os.devnull).open("rb") as body:
        arguments = (request, body, 302, "Found", http.client.HTTPMessage(), target)
        if followed:
            onward = _SameSchemeRedirects().redirect_request(*arguments)
            assert onward is not None
            assert onward.full_url == target
        else:
            with pytest.raises(DownloadError, match=r"a\.invalid sent the download on"):
                _SameSchemeRedirects().redirect_request(*arguments)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/x",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "data:,x",
        "https://",
        "http://[",
        "",
        "x.mp4",
        "http://localhost.example.com/x",
        "http://127.0.0.1.example.com/x",
        "http://2130706433/x",
    ],
)
def test_only_https_and_this_machine_are_asked(store: Store, server: Server, url: str) -> None:
    with pytest.raises(DownloadError, match="only https addresses are fetched"):
        fetch_sample(store, replace(server.sample("/"), url=url))


@pytest.mark.parametrize(
    "url", ["https://example.com/x", "http://127.0.0.1:8/x", "http://[::1]/x", "http://localhost/x"]
)
def test_https_and_this_machine_are_allowed(url: str) -> None:
    assert _allowed(url)


def test_a_refused_port_is_one_clear_sentence(store: Store, server: Server) -> None:
    with socket.socket() as unused:  # bound, but nobody listens
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/right.mp4"
        with pytest.raises(DownloadError) as told:
            fetch_sample(store, replace(server.sample("/"), url=url))
    assert str(told.value) == (
        "the sample ‘Highway driving’ could not be fetched from 127.0.0.1 (connection refused): "
        "check the network, or drop a clip of your own"
    )
    assert nothing_kept(store)


def test_a_machine_without_network_is_one_clear_sentence(
    store: Store, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_names(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", no_names)
    with pytest.raises(DownloadError, match=r"could not be fetched from example\.invalid \(no connection\): check the"):
        fetch_sample(store, replace(server.sample("/"), url="https://example.invalid/right.mp4"))
    assert nothing_kept(store)


def test_a_silent_server_is_given_up(store: Store, server: Server) -> None:
    with pytest.raises(DownloadError, match=r"nothing came for 0\.1 s"):
        fetch_sample(store, server.sample("/slow.mp4"), timeout=0.1)
    assert nothing_kept(store)


def test_a_slow_download_can_be_cancelled(store: Store, server: Server) -> None:
    cancel = threading.Event()

    def stop_after_the_first_bytes(share: float, _sentence: str) -> None:
        assert share < 1
        cancel.set()

    with pytest.raises(DownloadError, match=r"was cancelled after 1 kB of 256 kB: choose the sample again"):
        fetch_sample(store, server.sample("/slow.mp4"), progress=stop_after_the_first_bytes, cancelled=cancel.is_set)
    assert nothing_kept(store)


def test_a_proxy_of_the_system_is_not_asked_about_this_machine(
    store: Store, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://192.0.2.1:9")
    assert fetch_sample(store, server.sample("/right.mp4"), timeout=1) == server.sample("/").sha256


def test_a_sample_larger_than_the_store_is_a_store_error(tmp_path: Path, server: Server) -> None:
    store = Store(tmp_path, quota=len(CLIP) - 1)
    with pytest.raises(StoreError, match="set FLOWLAB_QUOTA higher"):
        fetch_sample(store, server.sample("/right.mp4"))
    assert nothing_kept(store)


def test_a_disk_without_room_for_the_whole_sample_is_told_before_a_byte_is_written(
    store: Store, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = DISK_RESERVE + len(CLIP) - 1
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free))
    shares: list[float] = []
    with pytest.raises(StoreError, match="free some space"):
        fetch_sample(store, server.sample("/right.mp4"), progress=lambda share, _: shares.append(share))
    assert shares == []
    assert nothing_kept(store)
