"""From a moved control to the changed picture, in a real browser on 640x480; and how fast the lab opens."""

import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import av
import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page

from flowlab.dense.dis import DisParameters
from flowlab.dense.methods import METHODS
from tests.benchmarks.tables import heading, median, percentile, row
from tests.browser.fixtures import AppServer, NewPage, running_app, wait_until_settled
from tests.hostile import moving_texture

FRAMES = 300
ROUNDS = 15

# Notes when a control is let go of and when the picture that follows has been painted.
WATCH = """
() => {
  window.watch = { from: 0 };
  for (const kind of ['keydown', 'pointerup'])
    document.addEventListener(kind, () => { window.watch.from = performance.now(); }, true);
  const deep = (root, selector) => {
    const found = root.querySelector(selector);
    if (found) return found;
    for (const host of root.querySelectorAll('*'))
      if (host.shadowRoot) { const inner = deep(host.shadowRoot, selector); if (inner) return inner; }
    return null;
  };
  const shown = () => {
    const arrows = document.querySelectorAll(".flowlab-plot .main-svg path");
    const place = (path) => path.getAttribute('d') + path.getAttribute('transform');
    if (arrows.length) return [...arrows].slice(-400).map(place).join('');
    const b = deep(document, '.stage img.b'), a = deep(document, '.stage img.a');
    const top = b && !b.hidden ? b : a;
    return top && top.complete && top.naturalWidth ? top.src : null;
  };
  window.nextPicture = () => {
    const before = shown();
    window.answer = new Promise((resolve, reject) => {
      setTimeout(() => reject(new Error('no new picture within 10 s')), 10000);
      const look = () => {
        const now = shown();
        if (now !== null && now !== before)
          requestAnimationFrame(() => resolve(performance.now() - window.watch.from));
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
        self.page = page
        self.received = 0
        page.on("websocket", lambda socket: socket.on("framereceived", self._count))

    def _count(self, payload: str | bytes) -> None:
        self.received += len(payload)

    def open(self, url: str) -> None:
        self.page.goto(url)
        wait_until_settled(self.page)
        self.page.locator(".stage img.a, .flowlab-plot .main-svg").first.wait_for()
        self.page.wait_for_timeout(1500)
        self.page.evaluate(WATCH)

    def time(self, act: Callable[[], None]) -> tuple[float, int]:
        """Return (ms from the control to the painted picture, bytes received until the page is settled)."""
        self.received = 0
        self.page.evaluate("() => window.nextPicture()")
        act()
        took = self.page.evaluate("() => window.answer")
        wait_until_settled(self.page)
        self.page.wait_for_timeout(120)
        return float(took), self.received


@pytest.fixture(scope="module")
def gop_250(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A 640x480 clip of 300 frames with a key frame every 250, noisy so that every setting changes the flow."""
    path = tmp_path_factory.mktemp("bench") / "gop250.mp4"
    frames = moving_texture(FRAMES, 480, 640)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 640, 480, "yuv420p"
        stream.codec_context.gop_size = 250
        stream.options = {"preset": "veryfast", "x264-params": "scenecut=0:keyint=250:min-keyint=250"}
        noise = np.random.default_rng(0)
        for rgb in frames:
            noisy = np.clip(rgb + noise.normal(0, 6, rgb.shape), 0, 255).astype(np.uint8)
            for packet in stream.encode(av.VideoFrame.from_ndarray(noisy, "rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


@pytest.fixture
def clip_link(app_server: AppServer, gop_250: Path, new_page: NewPage) -> Iterator[Callable[..., str]]:
    """Give a function that makes a link to the clip with further parameters, the clip being in the lab."""
    page = new_page()
    page.goto(f"{app_server.url}/dense_flow")
    wait_until_settled(page)
    page.get_by_role("button", name="Use your own").click()
    page.locator("input[type=file]").first.set_input_files(str(gop_250))
    page.wait_for_url(lambda url: "clip=scene" not in url and "clip=" in url, timeout=60_000)
    wait_until_settled(page)
    link = page.url.split("&d_")[0]
    yield lambda **query: link + "".join(f"&{name}={quote(value)}" for name, value in query.items())


def computing(method: str, parameters: object, path: Path) -> float:
    """Return the method's own median time on the clip's first pair, ms."""
    reader = cv2.VideoCapture(str(path))
    first, second = (cv2.cvtColor(reader.read()[1], cv2.COLOR_BGR2GRAY) for _ in range(2))
    row_ = METHODS[method]
    return median([row_.estimate(first, second, parameters).seconds * 1e3 for _ in range(9)])  # type: ignore[arg-type]


def measure_slider(watched: Watched, key: str) -> tuple[list[float], list[int]]:
    """Move a slider by arrow keys, back and forth over values not seen before."""
    thumb = watched.page.locator(f".st-key-{key} input[type=range]").first
    thumb.focus()
    times, sizes = [], []
    for _ in range(ROUNDS):
        took, size = watched.time(lambda: watched.page.keyboard.press("ArrowRight"))
        times.append(took)
        sizes.append(size)
    return times[2:], sizes[2:]


def test_parameter_to_picture(clip_link: Callable[..., str], new_page: NewPage, gop_250: Path) -> None:
    heading("Parameter moved -> new picture, Chromium, 640x480, median")
    cases = [
        ("dis", "d_dis_alpha", {"d_dis_alpha": "5.1"}, "colour", 200),
        ("dis", "d_dis_alpha", {"d_dis_alpha": "5.1"}, "arrows", 350),
        ("farneback", "d_fb_winsize", {"d_fb_winsize": "15"}, "colour", 200),
        ("farneback", "d_fb_winsize", {"d_fb_winsize": "15"}, "arrows", 350),
    ]
    largest = 0
    for method, key, query, view, limit in cases:
        watched = Watched(new_page())
        watched.open(clip_link(d_method=method, d_view=view, d_frame="20", **query))
        times, sizes = measure_slider(watched, key)
        own = computing(method, METHODS[method].parameters(), gop_250) if method == "farneback" else 0.0
        most = limit + 2 * own
        row(f"{method}, {view}" + (f" (computing {own:.0f} ms)" if own else ""), median(times), round(most))
        row(f"{method}, {view}: p90", percentile(times, 0.9), None)
        largest = max(largest, *sizes)
    row("largest update received", largest / 1000, 300, "kB")


def test_frame_to_picture(clip_link: Callable[..., str], new_page: NewPage, gop_250: Path) -> None:
    heading("Frame moved -> new picture, DIS fast, colour, 640x480, GOP 250")
    fast = {"d_method": "dis", "d_dis_finest_scale": "2", "d_dis_patch_stride": "4"}
    own = computing("dis", DisParameters.preset("fast"), gop_250)
    watched = Watched(new_page())
    watched.open(clip_link(d_frame="150", **fast))
    for name, key in (("next", "ArrowRight"), ("previous", "ArrowLeft")):
        watched.page.mouse.click(1420, 880)  # an empty place: keys then belong to the page
        times = [watched.time(lambda key=key: watched.page.keyboard.press(key))[0] for _ in range(20)]
        row(f"{name} frame: median", median(times), round(250 + own))
        row(f"{name} frame: p90", percentile(times, 0.9), None)
        watched.open(clip_link(d_frame="250", **fast))
    track = watched.page.locator(".st-key-d_frame [role=group] > div").first.bounding_box()
    assert track is not None
    places = [n / 24 for n in range(1, 24)]
    random.Random(1).shuffle(places)
    times = []
    for place in places:
        x, y = track["x"] + place * track["width"], track["y"] + track["height"] / 2
        times.append(watched.time(lambda x=x, y=y: watched.page.mouse.click(x, y))[0])
    row("random jump: median", median(times), None)
    row("random jump: p90", percentile(times, 0.9), 400)


def test_opening(tmp_path: Path, browser: Browser) -> None:
    heading("Opening the lab")
    start = time.monotonic()
    with running_app(tmp_path / "home") as server:
        row("server up", time.monotonic() - start, 4, "s")
        for name, limit in (("first picture, cold", 7.0), ("first picture, warm", 3.5)):
            context = browser.new_context(viewport={"width": 1440, "height": 900})
            page = context.new_page()
            start = time.monotonic()
            page.goto(f"{server.url}/dense_flow")
            page.wait_for_function(
                """() => [...document.querySelectorAll('*')].some((host) => {
                  const image = host.shadowRoot?.querySelector('.stage img.a');
                  return image && image.complete && image.naturalWidth; })"""
            )
            row(name, time.monotonic() - start, limit, "s")
            context.close()
