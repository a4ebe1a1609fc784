"""A page with a picture and the box tool, driven by its address; the tests read what reached Python.

The box is kept in the address, as a page does: `a_roi`. With `slow` an answer takes a while; with `half` the picture
shows half of the clip's pixels on a side; with `quads` tracked regions lie on it; with `numbers` it has a flow.
"""

import json
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import streamlit as st

from flowlab.core.clip import ClipInfo
from flowlab.core.region import Box
from flowlab.tracking.affine.region_track import joined, row
from flowlab.tracking.affine.states import State
from pages.shared.picture import Drawn, Legend, picture
from pages.shared.region_shown import region_shown
from pages.shared.roi import draw_roi, offer_roi_text, read_roi, roi_on_picture, to_working

st.set_page_config(layout="wide")
st.html(Path("pages/shared/style.css"))
options = st.query_params
WIDTH, HEIGHT = (int(options.get(side, size)) for side, size in (("width", 320), ("height", 180)))
DEFAULT = Box(100, 60, 80, 50) if "usual" in options else None
state = st.session_state
state.setdefault("drawn", Drawn())
state.setdefault("sent", [])
state.setdefault("frame", 0)


def clip_info() -> ClipInfo:
    """Return a clip whose pictures are shown as they are, or at half their size."""
    factor = 2 if "half" in options else 1
    return ClipInfo("ramp", "scene", WIDTH, HEIGHT, Fraction(25), 30, "ramp",
                    source_width=WIDTH * factor, source_height=HEIGHT * factor)  # fmt: skip


def tracks() -> tuple:
    """Return a region in each of the four states, each turned and in a row of its own."""
    shown = []
    for n, now in enumerate(State):
        parts = []
        for frame in range(20):
            turn = 0.3 * n + frame / 60
            c, s = (1 + n / 8) * np.cos(turn), np.sin(turn)
            warp = np.array(
                [[c, -s, 40 + 72 * n + frame], [s, c, 50 + 25 * n + 8 * np.sin(frame / 3)], [0.001 * n, 0, 1]]
            )
            believed = State.LOST if frame in (8, 9, 10) else State.TRACKED
            parts.append(row(frame, now if frame == 19 else believed, warp, (45, 31)))
        shown.append(region_shown(joined(parts), 19, name=f"box {n}"))
    return tuple(shown)


def note(what: str, numbers: tuple[float, ...]) -> None:
    """Keep what was drawn, as a page does."""
    if "slow" in options:
        time.sleep(1.2)
    state.sent = [*state.sent, [what, *numbers]]
    state.drawn = replace(state.drawn, **{what: numbers or None})


@st.fragment
def show() -> None:
    """Show everything; a fragment, as on a page."""
    info = clip_info()
    box, refused = read_roi(info, DEFAULT)
    y, x = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    rgb = np.stack([80 + x % 128, 200 - y % 128, 60 + (x + y) % 97], axis=-1).astype(np.uint8)
    flow = np.stack([x / 8, -y / 16], axis=-1)
    drawn = replace(state.drawn, box=roi_on_picture(box, info), quads=tracks() if "quads" in options else ())

    def take(what: str, numbers: tuple[float, ...]) -> None:
        note(what, numbers)
        if "refuse" not in options:
            draw_roi(info)(what, numbers)

    picture(
        rgb, flow if "numbers" in options else None, title="A ramp", frame=state.frame, key="picture",
        legend=Legend("", "", "A photograph.", ()), drawn=drawn, tools=("box", "probe", "region", "ruler"),
        on_drawn=take,
    )  # fmt: skip
    offer_roi_text(DEFAULT)
    st.code(json.dumps(state.sent), language=None)
    if refused:
        st.warning(refused)
    if box:
        st.text(f"tracked: {to_working(box, info)}")
    if st.button("Next frame"):
        state.frame += 1
        st.rerun(scope="fragment")
    st.html("<div style='height: 60vh'></div>")  # long enough to scroll


show()
