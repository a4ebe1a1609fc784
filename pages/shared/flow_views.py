"""Showing one view of a flow: raster views in the picture component, arrows in Plotly."""

from dataclasses import dataclass, field, replace

import streamlit as st

from flowlab.core.clip import ClipInfo
from flowlab.core.region import Selection
from flowlab.core.truth import SceneObject
from flowlab.core.units import Units, bar_length
from flowlab.dense.trust import Reason
from flowlab.drawing.categories import CATEGORY_COLOURS
from flowlab.drawing.diverging import signed_scale
from flowlab.drawing.figures import arrows_figure
from flowlab.drawing.hsv import OPT_FLOW_RIM, hsv_wheel
from flowlab.drawing.pixels import ColourMap, arrow_count, colour_scale, flow_wheel, outside_dimmed
from flowlab.errors import ParameterError
from flowlab.jobs.answer import Answer
from flowlab.jobs.views import RESIDUAL_SCALE, Look, View

from .chart import chart
from .marks import Marks, draw_on, factor_of, on_picture, outlines
from .picture import Legend, ScaleBar, legend_of, photograph_uri, picture
from .plain import plain

MOST_ARROWS = 2000  # more would keep the browser busy for seconds; they are drawn as pixels instead
_WHEEL, _STRIP = 128, (256, 8)
_NO_TOOLS = "Drag to zoom in, double click to zoom out; the tools are on the other views."


@dataclass(frozen=True)
class Showing:
    """How an answer is shown.

    Attributes:
        view, look: which view, and how it is drawn.
        gap: frames from the first to the second picture.
        swipe: whether the first frame lies beneath, to be uncovered from the left.
        units: how displacements are told.
        marks: what was drawn on the picture.
        objects: what the clip knows of objects in the first frame; empty where they are not to be shown.
        token: names the answer, see `more_numbers`.
        more: whether more numbers of this answer will follow.
    """

    view: View
    look: Look
    gap: int
    swipe: bool
    units: Units
    marks: Marks
    objects: tuple[SceneObject, ...] = field(default=())
    token: str = ""
    more: bool = False


def show_flow(answer: Answer, info: ClipInfo, showing: Showing) -> None:
    """Show the view, with its legend, what was drawn on it and the numbers under the pointer."""
    view, look, units = showing.view, showing.look, showing.units
    height, width = answer.flow.shape[:2]
    index = answer.pair.first.index
    if view.name == "arrows" and arrow_count(height, width, look.spacing) <= MOST_ARROWS:
        _arrows(answer, info, showing)
        return
    try:
        drawn = view.draw(answer, look)
    except ParameterError as error:  # this view needs what the clip does not have; the others do not
        st.info(plain(error))
        return
    selection, beneath = showing.marks.selection, answer.pair.first.rgb
    if not selection.is_all:
        counts = selection.mask(height, width, factor_of(info))
        drawn, beneath = outside_dimmed(drawn, counts), outside_dimmed(beneath, counts)
    picture(
        drawn,
        answer.flow,
        title=f"{view.title} of frame {index}",
        frame=index,
        key="d_picture",
        legend=legend_of_view(answer, info, showing),
        beneath=beneath if showing.swipe else None,
        names=(f"frame {index}", view.title),
        drawn=on_picture(showing.marks, info, showing.objects),
        bar=scale_bar(width, units),
        per_px=units.factor,
        unit=units.speed,
        token=showing.token,
        more=showing.more,
        on_drawn=draw_on(info),
    )


def scale_bar(width: int, units: Units) -> ScaleBar | None:
    """Return a scale bar where lengths have a unit of their own."""
    if units.length == "px":
        return None
    length, px = bar_length(width, units.per_px)
    return ScaleBar(px, f"{length:g} {units.length}")


def legend_of_view(answer: Answer, info: ClipInfo, showing: Showing) -> Legend:
    """Return what the colours of a view mean."""
    view, look, units = showing.view, showing.look, showing.units
    per = "" if units.speed != "px" else " a frame" if showing.gap == 1 else f" in {showing.gap} frames"

    def speed(px: float) -> str:
        return units.told(px) + per

    strip = {
        "speed": (ColourMap.SPEED, speed(look.scale)),
        "residual": (ColourMap.RESIDUAL, f"{RESIDUAL_SCALE:g} grey levels"),
        "error": (ColourMap.ERROR, units.told(look.error)),
    }
    if view.legend in strip:
        colours, end = strip[view.legend]
        return legend_of("scale", colour_scale(colours, *_STRIP), ("0", end), view.shows)
    if view.legend == "wheel":
        return legend_of("wheel", flow_wheel(_WHEEL), (f"rim: {speed(look.scale)}",), view.shows)
    if view.legend == "hsv-tutorial":
        return legend_of("wheel", hsv_wheel("tutorial", _WHEEL), ("rim: fastest pixel, centre: slowest",), view.shows)
    if view.legend == "hsv-opt-flow":
        return legend_of("wheel", hsv_wheel("opt_flow", _WHEEL), (f"rim: {speed(OPT_FLOW_RIM)}",), view.shows)
    if view.legend == "rate":
        end = f"{look.rate * units.rate:.3g}"
        return legend_of("signed", signed_scale(*_STRIP), (f"−{end}", "0", f"+{end} {units.rate_unit}"), view.shows)
    if view.legend == "trust":
        return legend_of("categories", None, (), view.shows, _reasons(answer, look, showing.marks.selection, info))
    return Legend("", "", view.shows, ())


def _reasons(answer: Answer, look: Look, selection: Selection, info: ClipInfo) -> tuple[tuple[str, str], ...]:
    """Return the colour of every reason that occurs where pixels count, with its words and its share."""
    trust = answer.trust(look.trust)
    counts = None if selection.is_all else selection.mask(info.height, info.width, factor_of(info))
    return tuple(
        ("rgb({},{},{})".format(*CATEGORY_COLOURS[reason]), f"{reason.words} {share:.1%}")
        for reason in Reason
        if reason is not Reason.TRUSTED and (share := trust.share_of(reason, counts)) > 0
    )


def _arrows(answer: Answer, info: ClipInfo, showing: Showing) -> None:
    look, units, selection = showing.look, showing.units, showing.marks.selection
    height, width = answer.flow.shape[:2]
    photograph = answer.pair.first.rgb
    if not selection.is_all:
        photograph = outside_dimmed(photograph, selection.mask(height, width, factor_of(info)))
    figure = arrows_figure(
        photograph_uri(photograph), answer.flow, spacing=look.spacing, gain=look.gain, scale=look.scale,
        outline=False, legend=False, dark=st.context.theme.type == "dark", per_px=units.factor, unit=units.speed,
        outlines=outlines(on_picture(showing.marks, info, showing.objects)),
    )  # fmt: skip
    legend = legend_of_view(answer, info, showing)
    chart(
        figure, width, height, legend=replace(legend, words=f"{legend.words} {_NO_TOOLS}"), key="d_arrows",
        per_px=units.factor, unit=units.speed, token=showing.token, more=showing.more,
    )  # fmt: skip
