"""The picture component: one picture or two under a swipe, a legend, and the numbers under the pointer."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from flowlab.drawing.pixels import ColourMap, colour_scale, flow_wheel, hover_grid
from flowlab.media.encode import encode_jpeg, encode_png

_HERE = Path(__file__).parent
_PHOTOGRAPH_QUALITY = 80
_DRAWING_QUALITY = 88
_HOVER_SAMPLES = 8_000  # every 6th pixel of 640x480: 43 kB
MAX_HEIGHT = "58vh"  # so that the numbers below stay on the first screen


def _component() -> Any:
    html, css, js = ((_HERE / f"picture.{kind}").read_text("utf-8") for kind in ("html", "css", "js"))
    return st.components.v2.component("flowlab_picture", html=html, css=css, js=js)


_picture = _component()


@dataclass(frozen=True)
class Legend:
    """What the colours of a picture mean.

    Attributes:
        kind: "wheel" or "scale", the form of the sample.
        source: the sample as a data URI.
        words: what it shows, in a few words.
        ends: the values at its two ends, or one line.

    A photograph has no sample: kind, source and ends are empty.
    """

    kind: str
    source: str
    words: str
    ends: tuple[str, ...]


def data_uri(data: bytes, mime: str) -> str:
    """Return bytes as a data URI."""
    return f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"


def photograph_uri(rgb: NDArray[np.uint8]) -> str:
    """Return a frame as the data URI of a JPEG."""
    return data_uri(encode_jpeg(rgb, _PHOTOGRAPH_QUALITY, photograph=True), "image/jpeg")


def drawing_uri(rgb: NDArray[np.uint8]) -> str:
    """Return colours that mean something as the data URI of a JPEG."""
    return data_uri(encode_jpeg(rgb, _DRAWING_QUALITY), "image/jpeg")


@st.cache_data(max_entries=8)
def _sample(kind: str) -> str:
    if kind == "wheel":
        return data_uri(encode_png(flow_wheel(128)), "image/png")
    colours = {"speed": ColourMap.SPEED, "residual": ColourMap.RESIDUAL}[kind]
    return data_uri(encode_png(colour_scale(colours, 256, 8)), "image/png")


def legend(kind: str, end: str, words: str) -> Legend:
    """Return the legend of a view: `kind` as in jobs.views.View, `end` the value at full colour."""
    if not kind:
        return Legend("", "", words, ())
    if kind == "wheel":
        return Legend("wheel", _sample("wheel"), words, (f"rim: {end}",))
    return Legend("scale", _sample(kind), words, ("0", end))


def picture(
    rgb: NDArray[np.uint8],
    flow: NDArray[np.float32],
    *,
    title: str,
    frame: int,
    key: str,
    legend: Legend,
    beneath: NDArray[np.uint8] | None = None,
    names: tuple[str, str] = ("", ""),
) -> None:
    """Show a picture that fills the width and keeps its aspect ratio.

    Args:
        rgb: (H, W, 3) uint8.
        flow: (H, W, 2), the numbers under the pointer.
        title: what it shows, for those who cannot see it.
        frame: its frame index.
        key: Streamlit key; the same key keeps the probe and the swipe where they are.
        legend: what the colours mean.
        beneath: a second picture of the same size, to the left of the swipe.
        names: of `beneath` and `rgb`, written on the picture when both are given.
    """
    height, width = rgb.shape[:2]
    grid = hover_grid(flow, _HOVER_SAMPLES)
    drawn = photograph_uri(rgb) if not legend.kind else drawing_uri(rgb)
    one, two = (photograph_uri(beneath), drawn) if beneath is not None else (drawn, "")
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
            "grid": {
                "step": grid.step,
                "columns": grid.columns,
                "channels": grid.channels,
                "unit": grid.unit,
                "values": base64.b64encode(grid.to_bytes()).decode("ascii"),
            },
        },
    )
