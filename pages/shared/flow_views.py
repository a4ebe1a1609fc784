"""Showing one view of a flow: raster views in the picture component, arrows in Plotly."""

import streamlit as st

from flowlab.dense.estimator import Flow
from flowlab.drawing.figures import arrows_figure
from flowlab.drawing.pixels import arrow_count
from flowlab.jobs.pairs import Pair
from flowlab.jobs.views import RESIDUAL_SCALE, Look, View

from .chart import chart
from .picture import legend, photograph_uri, picture

MOST_ARROWS = 2000  # more would keep the browser busy for seconds; they are drawn as pixels instead


def show_flow(pair: Pair, flow: Flow, view: View, look: Look, *, gap: int, swipe: bool) -> None:
    """Show `view` of the flow, with its legend and the numbers under the pointer.

    With `swipe` the first frame lies beneath, to be uncovered from the left.
    """
    height, width = flow.shape[:2]
    if view.name == "arrows" and arrow_count(height, width, look.spacing) <= MOST_ARROWS:
        _arrows(pair, flow, look, view.shows)
        return
    per = "px a frame" if gap == 1 else f"px in {gap} frames"
    end = f"{RESIDUAL_SCALE:g} grey levels" if view.legend == "residual" else f"{look.scale:g} {per}"
    picture(
        view.draw(pair, flow, look),
        flow,
        title=f"{view.title} of frame {pair.first.index}",
        frame=pair.first.index,
        key="d_picture",
        legend=legend(view.legend, end, view.shows),
        beneath=pair.first.rgb if swipe else None,
        names=(f"frame {pair.first.index}", view.title),
    )


def _arrows(pair: Pair, flow: Flow, look: Look, words: str) -> None:
    height, width = flow.shape[:2]
    figure = arrows_figure(
        photograph_uri(pair.first.rgb), flow, spacing=look.spacing, gain=look.gain, scale=look.scale,
        outline=False, dark=st.context.theme.type == "dark",
    )  # fmt: skip
    chart(figure, width, height, words=words, key="d_arrows")
