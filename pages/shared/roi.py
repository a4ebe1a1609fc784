"""The box to track: drawn on the picture or typed, kept in the address in pixels of the clip.

A picture shows working pixels, `factor` of the clip's each; `to_working` and `to_clip` lead from one to the other.
"""

from dataclasses import astuple
from typing import TypeVar

import streamlit as st

from flowlab.core.clip import ClipInfo
from flowlab.core.region import Box, written
from flowlab.errors import ParameterError

from .marks import factor_of
from .picture import LEAST_BOX, OnDrawn, Segment
from .url import set_text, text

ROI = "a_roi"
BOX = "box"  # as the picture calls it

_WHOLE = 0.02  # px: an address holds hundredths, so what was drawn to the pixel comes back as near as this

Default = TypeVar("Default", Box, None)


def read_roi(info: ClipInfo, default: Default) -> tuple[Box | Default, str | None]:
    """Return the box the address holds, in pixels of the clip, and a sentence where it is not what was asked for.

    Of a box that reaches outside the picture the part inside is used. Where there is none, or it cannot be used, the
    default is: that of the clip, in its pixels too, or None.
    """
    held = text(ROI)
    if not held:
        return default, None
    try:
        box = Box.parse(held, "the box")
        inside = _inside(box, info)
    except ParameterError as error:
        return default, str(error)
    if inside == box:
        return box, None
    return inside, f"the box {box} reaches outside the {_size(info)} picture: its part inside, {inside}, is used"


def _inside(box: Box, info: ClipInfo) -> Box:
    """Return the part of a box that lies in the picture; raises ParameterError where it is too small to be tracked."""
    width, height = info.source_width or info.width, info.source_height or info.height
    x, y = max(0.0, box.x), max(0.0, box.y)
    w, h = min(float(width), box.x + box.w) - x, min(float(height), box.y + box.h) - y
    is_inside = w >= box.w - _WHOLE and h >= box.h - _WHOLE
    if w <= 0 or h <= 0:
        raise ParameterError(f"the box {box} lies outside the {_size(info)} picture: draw it inside")
    fx, fy = factor_of(info)
    if w < LEAST_BOX * fx - _WHOLE or h < LEAST_BOX * fy - _WHOLE:
        least = written((LEAST_BOX * fx, LEAST_BOX * fy)).replace(",", "x")
        part = "" if is_inside else "the part inside the picture of "
        raise ParameterError(f"{part}the box {box} is {w:.4g}x{h:.4g} pixels: draw one of at least {least}")
    return box if is_inside else Box(x, y, w, h)


def _size(info: ClipInfo) -> str:
    return f"{info.source_width or info.width}x{info.source_height or info.height}"


def to_working(box: Box, info: ClipInfo) -> Box:
    """Return a box of the clip in pixels of the picture shown, which is what is tracked."""
    fx, fy = factor_of(info)

    def near(value: float, factor: float) -> float:
        whole = round(value / factor)
        return float(whole) if abs(whole * factor - value) <= _WHOLE else value / factor

    return Box(near(box.x, fx), near(box.y, fy), near(box.w, fx), near(box.h, fy))


def to_clip(box: Box, info: ClipInfo) -> Box:
    """Return a box of the picture shown in pixels of the clip."""
    fx, fy = factor_of(info)
    return Box(box.x * fx, box.y * fy, box.w * fx, box.h * fy)


def roi_on_picture(box: Box | None, info: ClipInfo) -> Segment | None:
    """Return a box of the clip as `Drawn.box` has it."""
    if box is None:
        return None
    x, y, w, h = astuple(to_working(box, info))
    return x, y, w, h


def draw_roi(info: ClipInfo, others: OnDrawn | None = None) -> OnDrawn:
    """Return what takes the box drawn on the picture of a clip and writes it into the address.

    Args:
        info: of the clip.
        others: takes what was drawn with the other tools.
    """

    def take(what: str, drawn: tuple[float, ...]) -> None:
        if what == BOX:
            set_roi(to_clip(Box(*drawn), info) if drawn else None)
        elif others:
            others(what, drawn)

    return take


def set_roi(box: Box | None) -> None:
    """Write a box, in pixels of the clip, into the address; None takes it out."""
    set_text(ROI, "" if box is None else str(box))


def offer_roi_text(default: Box | None = None) -> None:
    """Show the box as text to type, correct and clear."""
    name = f"{ROI}_text"

    def typed() -> None:
        set_text(ROI, st.session_state[name].replace(" ", ""))

    st.session_state[name] = text(ROI)
    st.text_input(
        "Box", key=name, max_chars=100, on_change=typed, placeholder=str(default or "x,y,w,h"),
        help="x,y,w,h in pixels of the clip, from its upper left corner. Draw it with the box tool on the picture, or "
        "type it; empty goes back to the one the clip begins with." if default else
        "x,y,w,h in pixels of the clip. Draw it with the box tool on the picture, or type it; empty removes it.",
    )  # fmt: skip
