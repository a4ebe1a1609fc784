"""A page with a picture, its tools and a chart, driven by its address; the tests read what reached Python.

The flow is u = x / 8, v = -y / 16, so that every place has numbers of its own.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

from flowlab.drawing.figures import Figure, arrows_figure
from flowlab.drawing.pixels import flow_wheel
from pages.shared.chart import chart, plot
from pages.shared.more_numbers import more_numbers
from pages.shared.picture import Drawn, Legend, ScaleBar, legend_of, photograph_uri, picture

st.set_page_config(layout="wide")
st.html(Path("pages/shared/style.css"))
options = st.query_params
shrunk = st.toggle("Smaller")
WIDTH, HEIGHT = (int(options.get(side, size)) // (1 + shrunk) for side, size in (("width", 320), ("height", 180)))
state = st.session_state
state.setdefault("drawn", Drawn())
state.setdefault("sent", [])
state.setdefault("frame", 0)
EMPTY = {"region": None, "line": None, "probe": None, "ruler": None}


def note(what: str, numbers: tuple[float, ...]) -> None:
    """Keep what was drawn, as a page does."""
    state.sent = [*state.sent, [what, *numbers]]
    if what == "exclude":
        state.drawn = replace(state.drawn, excluded=(*state.drawn.excluded, numbers) if numbers else ())
    else:
        state.drawn = replace(state.drawn, **{what: numbers or EMPTY[what]})


def one_legend(kind: str) -> Legend:
    """Return a legend of every form."""
    strip = np.tile(np.linspace(0, 255, 256).astype(np.uint8)[None, :, None], (8, 1, 3))
    if kind == "signed":
        return legend_of("signed", strip, ("−1", "0", "+1"), "Turning left is blue, right is red.")
    if kind == "categories":
        names = ("trusted", "leaves the picture", "occluded", "no texture", "disagrees forward and backward")
        colours = ("#2a9d8f", "#e9c46a", "#264653", "#8d99ae", "#c2410c")
        return legend_of("categories", None, (), "Why.", tuple(zip(colours, names, strict=True)))
    if kind == "wheel":
        return legend_of("wheel", flow_wheel(128), ("rim: 10 px a frame",), "Colour is direction, strength is speed.")
    return Legend("", "", "A photograph.", ())


@st.fragment
def show() -> None:
    """Show everything; a fragment, as on a page."""
    frame, unit = state.frame, options.get("unit", "px")
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    flow = np.stack([x / 8, -y / 16], axis=-1) + np.float32(frame)
    rgb = np.stack([x % 256, 255 - y % 256, (x + y) % 97], axis=-1).astype(np.uint8)
    objects = (("crate", ((30.0, 20.0), (90.0, 28.0), (84.0, 70.0), (26.0, 60.0))),) if "objects" in options else ()
    bar = ScaleBar(WIDTH / 4, "20 mm") if "bar" in options else None
    token, more, per_px = f"frame {frame}", "more" in options, float(options.get("per_px", 1))
    if options.get("show") == "chart":
        figure = arrows_figure(photograph_uri(rgb), flow, spacing=16, gain=0.5, scale=40, legend=False,
                               per_px=per_px, unit=unit)  # fmt: skip
        words = Legend("", "", "Each arrow is the motion of the point at its tail.", ())
        chart(figure, WIDTH, HEIGHT, legend=words, key="chart",
              per_px=per_px, unit=unit, token=token, more=more)  # fmt: skip
    else:
        picture(
            rgb, flow, title="A ramp", frame=frame, key="picture", legend=one_legend(options.get("legend", "wheel")),
            beneath=rgb[::-1] if "swipe" in options else None, names=("before", "after"),
            drawn=replace(state.drawn, objects=objects), bar=bar, per_px=per_px, unit=unit, token=token, more=more,
            on_drawn=None if "plain" in options else note,
        )  # fmt: skip
    if "plot" in options:
        curve = {"data": [{"x": [0, 1, 2], "y": [frame, 1, 4], "type": "scatter"}], "layout": {}}
        plot(Figure(curve), key="curve", words="A curve.")
        plot(Figure(curve), key="curve2", height=180)
    st.code(json.dumps(state.sent), language=None)
    if st.button("Next frame"):
        state.frame += 1
        st.rerun(scope="fragment")
    if more and st.toggle("Send more", key="send"):
        known = np.hypot(x, y) / 100 + frame
        more_numbers(known, None if "one" in options else known * 2, token=token, key="more", probe=state.drawn.probe)


show()
