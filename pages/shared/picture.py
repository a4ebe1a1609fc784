"""The picture component: one picture or two under a swipe, a legend, the numbers under the pointer, and tools."""

import base64
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from flowlab.drawing.pixels import hover_grid
from flowlab.media.encode import encode_jpeg, encode_png

from .frontend import component
from .points_under import PointsUnder, checked_pick
from .region_shown import Quad, RegionShown

_PHOTOGRAPH_QUALITY = 80
_DRAWING_QUALITY = 88
_ENLARGED_QUALITY = 72  # four times the pixels, and hardly more to see in them
_HOVER_SAMPLES = 8_000  # every 6th pixel of 640x480: 43 kB
MAX_HEIGHT = "58vh"  # so that the numbers below stay on the first screen


_SCRIPTS = ("readout.js", "under.js", "points.js", "overlay.js", "box.js", "tools.js", "picture.js")
_picture = component("picture", _SCRIPTS)

OnDrawn = Callable[[str, tuple[float, ...]], None]
Segment = tuple[float, float, float, float]

# so many numbers each sends
_TOOLS = {"probe": 2, "pick": 1, "box": 4, "region": 4, "exclude": 4, "line": 4, "ruler": 4}
LEAST_BOX = 8  # px a side of what the tool "box" draws
FLOW_TOOLS = ("probe", "region", "exclude", "line", "ruler")


@dataclass(frozen=True)
class Drawn:
    """What lies on a picture, in its pixels; (0, 0) is the centre of the first pixel.

    Attributes:
        region: (x, y, w, h), columns x .. x+w-1, the part to look at.
        excluded: boxes to leave out.
        line: (x0, y0, x1, y1), from its start to its end.
        probe: (x, y), the pixel whose numbers stay in view.
        ruler: (x0, y0, x1, y1), two points of known distance.
        objects: (name, four corners) of objects that the clip knows.
        box: (x, y, w, h), the one that the tool "box" draws, moves and resizes.
        quads: tracked regions.
    """

    region: Segment | None = None
    excluded: tuple[Segment, ...] = ()
    line: Segment | None = None
    probe: tuple[float, float] | None = None
    ruler: Segment | None = None
    objects: tuple[tuple[str, Quad], ...] = ()
    box: Segment | None = None
    quads: tuple[RegionShown, ...] = ()


@dataclass(frozen=True)
class ScaleBar:
    """A bar of known length.

    Attributes:
        length: px of the picture.
        words: its length, such as "20 mm".
    """

    length: float
    words: str


@dataclass(frozen=True)
class Legend:
    """What the colours of a picture mean.

    Attributes:
        kind: "wheel", "scale" (a strip from one end to the other), "signed" (a strip with a middle) or "categories".
        source: the sample as a data URI; categories have none.
        words: what it shows, in a few words.
        ends: the values along the strip, or one line.
        entries: of categories: (CSS colour, words).

    A photograph has no sample: kind, source and ends are empty.
    """

    kind: str
    source: str
    words: str
    ends: tuple[str, ...]
    entries: tuple[tuple[str, str], ...] = ()


def data_uri(data: bytes, mime: str) -> str:
    """Return bytes as a data URI."""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"


def photograph_uri(rgb: NDArray[np.uint8]) -> str:
    """Return a frame as the data URI of a JPEG."""
    return data_uri(encode_jpeg(rgb, _PHOTOGRAPH_QUALITY, photograph=True), "image/jpeg")


def drawing_uri(rgb: NDArray[np.uint8]) -> str:
    """Return colours that mean something as the data URI of a JPEG."""
    return data_uri(encode_jpeg(rgb, _DRAWING_QUALITY), "image/jpeg")


def enlarged_uri(rgb: NDArray[np.uint8]) -> str:
    """Return a picture drawn larger than its clip as the data URI of a JPEG: half its colour is the clip's own."""
    return data_uri(encode_jpeg(rgb, _ENLARGED_QUALITY, photograph=True), "image/jpeg")


@lru_cache(maxsize=32)
def _sample_uri(pixels: bytes, shape: tuple[int, ...]) -> str:
    return data_uri(encode_png(np.frombuffer(pixels, np.uint8).reshape(shape)), "image/png")


def legend_of(
    kind: str,
    sample: NDArray[np.uint8] | None,
    ends: tuple[str, ...],
    words: str,
    entries: tuple[tuple[str, str], ...] = (),
) -> Legend:
    """Return a legend around a sample of the colours: (H, W, 3) uint8, or None for categories. See `Legend`."""
    source = "" if sample is None else _sample_uri(sample.tobytes(), sample.shape)
    return Legend(kind, source, words, ends, entries)


def picture(
    rgb: NDArray[np.uint8],
    flow: NDArray[np.float32] | None = None,
    *,
    title: str,
    frame: int,
    key: str,
    legend: Legend,
    size: tuple[int, int] | None = None,
    points: PointsUnder | None = None,
    beneath: NDArray[np.uint8] | None = None,
    names: tuple[str, str] = ("", ""),
    drawn: Drawn = Drawn(),
    bar: ScaleBar | None = None,
    per_px: float = 1.0,
    unit: str = "px",
    token: str = "",
    more: bool = False,
    tools: tuple[str, ...] = FLOW_TOOLS,
    on_drawn: OnDrawn | None = None,
) -> None:
    """Show a picture that fills the width and keeps its aspect ratio.

    Args:
        rgb: (H, W, 3) uint8.
        flow: (H, W, 2), the numbers under the pointer; without it, and without points, there are none.
        title: what it shows, for those who cannot see it.
        frame: its frame index.
        key: Streamlit key; the same key keeps the probe and the swipe where they are.
        legend: what the colours mean.
        size: (width, height) in the pixels all positions count in, where `rgb` was drawn larger; its own otherwise.
        points: what is under the pointer instead of a flow; they go with the tool "pick".
        beneath: a second picture of the same size, to the left of the swipe.
        names: of `beneath` and `rgb`, written on the picture when both are given.
        drawn: what lies on the picture.
        bar: a scale bar for its lower left corner.
        per_px: what 1 px is in `unit`, for the numbers under the pointer; positions stay px.
        unit: the unit they are told in.
        token: names the flow, see `more_numbers`.
        more: whether more numbers of this token will come.
        tools: which of those that `on_drawn` names are offered; the first one is chosen to begin with.
        on_drawn: called before the page is drawn again with what the person drew ("region" or "exclude",
            with x, y, w, h; "box" too, at least `LEAST_BOX` a side; "line" or "ruler", with x0, y0, x1, y1; "probe",
            with x, y; "pick", with a track) and its numbers in whole pixels, of a ruler in tenths; with none when it
            was removed. Without it there are no tools.
    """
    width, height = size or (rgb.shape[1], rgb.shape[0])
    if rgb.shape[1] > width:
        encoded = enlarged_uri(rgb)
    else:
        encoded = photograph_uri(rgb) if not legend.kind else drawing_uri(rgb)
    one, two = (photograph_uri(beneath), encoded) if beneath is not None else (encoded, "")
    _picture(
        key=key,
        data={
            "title": title,
            "frame": frame,
            "width": width,
            "height": height,
            "maxHeight": MAX_HEIGHT,
            "a": {"source": one, "name": names[0]},
            "b": {"source": two, "name": names[1]} if two else None,
            "legend": vars(legend),
            "grid": None if flow is None else hover_data(flow, drawn.probe),
            "points": points.to_data() if points else None,
            "drawn": asdict(replace(drawn, quads=())) | {"quads": [quad.to_data() for quad in drawn.quads]},
            "leastBox": LEAST_BOX,
            "bar": asdict(bar) if bar else None,
            "readout": {"perPx": per_px, "unit": unit, "token": token, "more": more},
            "tools": list(tools) if on_drawn else [],
        },
        **(_callbacks(key, tools, width, height, on_drawn) if on_drawn else {}),
    )


def hover_data(channels: NDArray[np.floating], pixel: tuple[float, float] | None = None) -> dict[str, Any]:
    """Return (H, W, C) numbers for readout.js: thinned out, and those of one pixel (x, y) themselves."""
    grid = hover_grid(channels, _HOVER_SAMPLES)
    height, width = channels.shape[:2]
    exact = None
    if pixel is not None and 0 <= pixel[0] < width and 0 <= pixel[1] < height:
        x, y = int(pixel[0]), int(pixel[1])
        numbers = [n if math.isfinite(n) else None for n in channels[y, x].tolist()]
        exact = {"x": x, "y": y, "numbers": numbers}
    return {
        "width": width,
        "height": height,
        "step": grid.step,
        "columns": grid.columns,
        "channels": grid.channels,
        "unit": grid.unit,
        "values": base64.b64encode(grid.to_bytes()).decode("ascii"),
        "exact": exact,
    }


def _callbacks(
    key: str, tools: tuple[str, ...], width: int, height: int, on_drawn: OnDrawn
) -> dict[str, Callable[[], None]]:
    """Return Streamlit's callbacks, one a tool: each takes what the browser sent and hands it on."""

    def hand_on(what: str) -> None:
        numbers = _checked(what, st.session_state[key].get(what), width, height)
        if numbers is not None:
            on_drawn(what, numbers)

    return {f"on_{what}_change": partial(hand_on, what) for what in tools}


def _checked(what: str, sent: object, width: int, height: int) -> tuple[float, ...] | None:
    """Return numbers from the browser, inside the picture; None when they are not what this tool sends."""
    if what == "pick":
        return checked_pick(sent)
    if sent == []:
        return ()
    if not isinstance(sent, list) or len(sent) != _TOOLS[what]:
        return None
    if not all(isinstance(n, int | float) and -math.inf < n < math.inf for n in sent):  # isfinite(10**400) raises
        return None
    if what in ("region", "exclude", "box"):
        return _clipped([int(n) for n in sent], width, height, least=LEAST_BOX if what == "box" else 1)
    return tuple(min(max(n, 0), (width, height)[i % 2] - 1) for i, n in enumerate(sent))


def _clipped(box: list[int], width: int, height: int, least: int) -> tuple[float, ...] | None:
    """Return the part of (x, y, w, h) that lies in the picture; None when it has not `least` px a side."""
    x, y = max(0, box[0]), max(0, box[1])
    w, h = min(width, box[0] + box[2]) - x, min(height, box[1] + box[3]) - y
    return (x, y, w, h) if w >= least and h >= least else None
