"""The chart component: Plotly figures changed in place, so that zoom survives."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitDuplicateElementKey

from flowlab.drawing.figures import Figure, empty_figure

from .frontend import component
from .picture import MAX_HEIGHT, Legend
from .points_under import checked_pick

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
    readout: bool = True,
    on_picked: Callable[[int], None] | None = None,
) -> None:
    """Show a figure that fills the width and keeps the shape width : height of its picture.

    Args:
        figure: its points have the picture's x and y, and customdata that begins with u, v in `unit`; without a
            readout, with the track that a click on the point picks.
        width: of the picture, px.
        height: of the picture, px.
        legend: what its colours mean, a strip with two ends, and its words.
        key: Streamlit key; the same key keeps the zoom.
        per_px: what 1 px is in `unit`, for the numbers that come later.
        unit: the unit of the numbers under the pointer.
        token: names the flow, see `more_numbers`.
        more: whether more numbers of this token will come.
        readout: whether the numbers under the pointer stand beneath; without, the figure tells them itself.
        on_picked: called before the page is drawn again with the track of the point that was clicked.
    """
    shape = {"width": width, "height": height, "maxHeight": MAX_HEIGHT}
    numbers = {"perPx": per_px, "unit": unit, "token": token, "more": more} if readout else None
    data = {"spec": figure.to_json(), "picture": shape, "words": legend.words, "legend": vars(legend)}
    _show(data | {"readout": numbers, "picks": on_picked is not None}, key, on_picked)


def plot(figure: Figure, *, key: str, height: int = 260, words: str = "") -> None:
    """Show a figure of numbers over the full width.

    Args:
        figure: any figure.
        key: Streamlit key; the same key keeps the zoom.
        height: screen px.
        words: what it shows, written beneath.
    """
    figure.update_layout(height=height)
    _show({"spec": figure.to_json(), "plotHeight": height, "words": words}, key)


def _show(data: dict[str, Any], key: str, on_picked: Callable[[int], None] | None = None) -> None:
    def hand_on() -> None:
        picked = checked_pick(st.session_state[key].get("picked"))
        if picked and on_picked:
            on_picked(*picked)

    _chart(key=key, data=data, **({"on_picked_change": hand_on} if on_picked else {}))
    # An empty chart of Streamlit's own loads Plotly, out of sight (style.css, chart.js). One a page is
    # enough: the key is taken when another figure has asked for it.
    with suppress(StreamlitDuplicateElementKey), st.container(key="load_plotly"):
        st.plotly_chart(empty_figure(), key="plotly_loader")
