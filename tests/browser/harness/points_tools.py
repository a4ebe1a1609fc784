"""A page with tracked points, on a picture drawn at twice its size or as a chart; the tests read what reached Python.

Track t is the n-th of its list: t = 7 n + 3. It moves by (2, 1) px a frame, and its numbers tell which one it is.
Track 10 ends after the first frame.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

from flowlab.drawing.figures import Figure
from pages.shared.chart import chart
from pages.shared.picture import Drawn, Legend, legend_of, photograph_uri, picture
from pages.shared.points_under import PointsUnder, Told

st.set_page_config(layout="wide")
st.html(Path("pages/shared/style.css"))
options = st.query_params
WIDTH, HEIGHT = 320, 180
PLACES = [(100.0, 60.0), (104.0, 60.0), (200.0, 60.5), (100.0, 140.0), (30.0, 100.0), (280.75, 150.5)]
TOOLS = ("pick", "region", "exclude", "ruler")
BESIDE = (Told("u", 2, "", signed=True, width=6), Told("v", 2, "", signed=True, width=6), Told("", 2, "px"))
BENEATH = (
    Told("fb", 2, "px", about="forward-backward error"), Told("λ", 1, width=6, about="smaller eigenvalue"),
    Told("ncc", 2, width=5), Told("age", 0, width=3),
)  # fmt: skip
state = st.session_state
state.setdefault("drawn", Drawn())
state.setdefault("picked", None)
state.setdefault("sent", [])
state.setdefault("frame", 0)


def note(what: str, numbers: tuple[float, ...]) -> None:
    """Keep what was drawn or picked, as a page does."""
    state.sent = [*state.sent, [what, *numbers]]
    if what in ("pick", "picked"):
        state.picked = int(numbers[0]) if numbers else None
    elif what == "exclude":
        state.drawn = replace(state.drawn, excluded=(*state.drawn.excluded, numbers) if numbers else ())
    else:
        state.drawn = replace(state.drawn, **{what: numbers or None})


def table(frame: int) -> np.ndarray:
    """Return what is told of every track: u and v tell which one it is, a first fb is not known."""
    rows = []
    for n, (x, y) in enumerate(PLACES):
        if n == 1 and frame:
            continue
        u, v = n + 0.25, -n / 2
        fb = np.nan if frame == 0 else n / 100
        rows.append([7 * n + 3, x + 2 * frame, y + frame, u, v, np.hypot(u, v), fb, 30 + n, 0.9 - n, frame])
    return np.array(rows, np.float32)


def canvas(numbers: np.ndarray) -> np.ndarray:
    """Return a picture of twice the size with the points on it."""
    y, x = np.mgrid[: 2 * HEIGHT, : 2 * WIDTH]
    rgb = np.stack([60 + x // 8, 150 - y // 4, 90 + (x + y) % 60], axis=-1).astype(np.uint8)
    for column, row in np.rint(2 * numbers[:, 1:3] + 0.5).astype(int):
        rgb[max(0, row - 3) : row + 4, max(0, column - 3) : column + 4] = (255, 220, 60)
    return rgb


def points_chart(numbers: np.ndarray, rgb: np.ndarray) -> Figure:
    """Return the points as Plotly's markers, with the picture behind them."""
    photograph = {"source": photograph_uri(rgb), "xref": "x", "yref": "y", "x": -0.5, "y": -0.5, "sizex": WIDTH,
                  "sizey": HEIGHT, "sizing": "stretch", "layer": "below"}  # fmt: skip
    markers = {
        "type": "scatter", "mode": "markers", "x": numbers[:, 1], "y": numbers[:, 2], "customdata": numbers[:, :1],
        "marker": {"size": 9, "color": "#f08a4b"}, "hovertemplate": "track %{customdata[0]}<extra></extra>",
    }  # fmt: skip
    axes = {
        "xaxis": {"range": [-0.5, WIDTH - 0.5], "visible": False},
        "yaxis": {"range": [HEIGHT - 0.5, -0.5], "visible": False},
    }
    margin = {"l": 0, "r": 0, "t": 0, "b": 0}
    return Figure([markers], {**axes, "margin": margin, "images": [photograph], "uirevision": "same"})


@st.fragment
def show() -> None:
    """Show everything; a fragment, as on a page."""
    numbers = table(state.frame)
    rgb = canvas(numbers)
    if options.get("show") == "chart":
        words = Legend("", "", "Each point is a track.", ())
        picks = None if "plain" in options else lambda track: note("picked", (track,))
        chart(points_chart(numbers, rgb), WIDTH, HEIGHT, legend=words, key="chart", readout=False, on_picked=picks)
    else:
        strip = np.tile(np.linspace(0, 255, 256).astype(np.uint8)[None, :, None], (8, 1, 3))
        points = None if "nothing" in options else PointsUnder(numbers, BESIDE, BENEATH, state.picked)
        picture(
            rgb, title="Six tracks", frame=state.frame, key="picture", size=(WIDTH, HEIGHT), points=points,
            legend=legend_of("scale", strip, ("0", "10 px"), "Each point with its trail, in the colour of its speed."),
            drawn=state.drawn, tools=TOOLS, on_drawn=None if "plain" in options else note,
        )  # fmt: skip
    st.code(json.dumps(state.sent), language=None)
    if st.button("Next frame"):
        state.frame += 1
        st.rerun(scope="fragment")


show()
