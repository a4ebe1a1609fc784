"""The chart component: Plotly figures changed in place, so that zoom survives."""

from contextlib import suppress
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitDuplicateElementKey

from flowlab.drawing.figures import Figure, empty_figure

from .frontend import component
from .picture import MAX_HEIGHT, Legend

# Plotly writes its style sheet into the page's head, which does not reach into a shadow root.
_chart = component("chart", ("readout.js", "chart.js"), isolate_styles=False)


def chart(
    figure: Figure,
    width: int,
    height: int,
    *,
    legend: Legend,
    key: str,
    per_px: float = 1.0,
    unit: str = "px",
    token: str = "",
    more: bool = False,
) -> None:
    """Show a figure that fills the width and keeps the shape width : height of its picture.

    Args:
        figure: its points have the picture's x and y, and customdata that begins with u, v in `unit`.
        width: of the picture, px.
        height: of the picture, px.
        legend: what its colours mean, a strip with two ends, and its words.
        key: Streamlit key; the same key keeps the zoom.
        per_px: what 1 px is in `unit`, for the numbers that come later.
        unit: the unit of the numbers under the pointer.
        token: names the flow, see `more_numbers`.
        more: whether more numbers of this token will come.
    """
    shape = {"width": width, "height": height, "maxHeight": MAX_HEIGHT}
    readout = {"perPx": per_px, "unit": unit, "token": token, "more": more}
    data = {"spec": figure.to_json(), "picture": shape, "words": legend.words, "legend": vars(legend)}
    _show(data | {"readout": readout}, key)


def plot(figure: Figure, *, key: str, height: int = 260, words: str = "") -> None:
    """Show a figure of numbers over the full width.

    Args:
        figure: any figure.
        key: Streamlit key; the same key keeps the zoom.
        height: screen px.
        words: what it shows, written beneath.
    """
    _show({"spec": figure.to_json(), "plotHeight": height, "words": words}, key)


def _show(data: dict[str, Any], key: str) -> None:
    _chart(key=key, data=data)
    # An empty chart of Streamlit's own loads Plotly, out of sight (style.css, chart.js). One a page is
    # enough: the key is taken when another figure has asked for it.
    with suppress(StreamlitDuplicateElementKey), st.container(key="load_plotly"):
        st.plotly_chart(empty_figure(), key="plotly_loader")
