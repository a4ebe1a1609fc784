"""The chart component: a Plotly figure in the shape of a picture, changed in place so that zoom survives."""

from pathlib import Path
from typing import Any

import streamlit as st

from flowlab.drawing.figures import Figure, empty_figure

from .picture import MAX_HEIGHT

_HERE = Path(__file__).parent


def _component() -> Any:
    html, css, js = ((_HERE / f"chart.{kind}").read_text("utf-8") for kind in ("html", "css", "js"))
    # Plotly writes its style sheet into the page's head, which does not reach into a shadow root.
    return st.components.v2.component("flowlab_chart", html=html, css=css, js=js, isolate_styles=False)


_chart = _component()


def chart(figure: Figure, width: int, height: int, *, words: str, key: str) -> None:
    """Show a figure that fills the width and keeps the shape width : height of its picture, with words beneath."""
    data = {"spec": figure.to_json(), "width": width, "height": height, "maxHeight": MAX_HEIGHT, "words": words}
    _chart(key=key, data=data)
    with st.container(key="load_plotly"):  # out of sight, see style.css and chart.js
        st.plotly_chart(empty_figure(), key="plotly_loader")
