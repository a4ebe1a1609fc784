"""What a person drew on the picture: a region, areas left out, a line, a probe, a scale. Kept in the address.

Everything is in pixels of the clip itself; the picture shows working pixels, `factor` of the clip's each.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import streamlit as st

from flowlab.core.clip import ClipInfo
from flowlab.core.region import Box, Line, Selection, numbers, written
from flowlab.core.truth import SceneObject
from flowlab.errors import ParameterError

from .picture import Drawn, OnDrawn, Segment
from .plain import plain
from .region_shown import Quad
from .url import set_text, text

T = TypeVar("T")

REGION, EXCLUDED, LINE, PROBE, RULER = "region", "exclude", "line", "probe", "ruler"  # as the picture calls them
DENSE = "d_"  # prefix of the Dense flow page's marks in the address
_FORMS = {
    REGION: ("Region", "x,y,w,h: numbers and picture keep to it."),
    EXCLUDED: ("Left out", "Boxes x,y,w,h, joined by ; whose pixels do not count."),
    LINE: ("Line", "x0,y0,x1,y1: the profile is read along it."),
    PROBE: ("Probe", "x,y: the pixel whose motion is followed over time."),
    RULER: ("Scale line", "x0,y0,x1,y1: two points whose distance you know."),
}


@dataclass(frozen=True)
class Marks:
    """What was drawn, in pixels of the clip; `refused` says in sentences what could not be used."""

    selection: Selection
    line: Line | None
    probe: tuple[float, float] | None
    ruler: Line | None
    refused: tuple[str, ...]


def read_marks(info: ClipInfo, prefix: str = DENSE) -> Marks:
    """Return what the address holds under a page's prefix; what cannot be used on this clip is left out, with why."""
    refused: list[str] = []

    def read(name: str, parse: Callable[[str], T]) -> T | None:
        held = text(prefix + name)
        try:
            return parse(held) if held else None
        except ParameterError as error:
            refused.append(str(error))
            return None

    def boxes(held: str) -> tuple[Box, ...]:
        return tuple(Box.parse(part, "an excluded area") for part in held.split(";") if part)

    def usable(region: Box | None, excluded: tuple[Box, ...]) -> Selection:
        try:
            selection = Selection(region, excluded)
            selection.mask(info.height, info.width, factor_of(info))
        except ParameterError as error:
            refused.append(str(error))
            return Selection()
        return selection

    region, excluded = read(REGION, Box.parse), read(EXCLUDED, boxes)
    return Marks(
        selection=usable(region, excluded or ()),
        line=read(LINE, Line.parse),
        probe=read(PROBE, lambda held: _inside(held, info)),
        ruler=read(RULER, lambda held: Line.parse(held, "the scale line")),
        refused=tuple(refused),
    )


def show_refused(marks: Marks, units_refused: str) -> None:
    """Say what was drawn and cannot be used, and why displacements cannot be told as was asked."""
    for sentence in (*marks.refused, units_refused):
        if sentence:
            st.warning(plain(sentence))


def _inside(held: str, info: ClipInfo) -> tuple[float, float]:
    x, y = numbers(held, 2, "the probe", "x,y")
    width, height = info.source_width or info.width, info.source_height or info.height
    if not (-0.5 <= x < width - 0.5 and -0.5 <= y < height - 0.5):
        raise ParameterError(f"the probe {held} lies outside the {width}x{height} picture: point at it again")
    return x, y


def factor_of(info: ClipInfo) -> tuple[float, float]:
    """Return clip pixels per working pixel, in x and y."""
    return float(info.factor[0]), float(info.factor[1])


def probe_pixel(marks: Marks, info: ClipInfo) -> tuple[int, int] | None:
    """Return the working pixel (x, y) of the probe."""
    if marks.probe is None:
        return None
    x, y = _to_working(marks.probe, info)
    return min(info.width - 1, max(0, round(x))), min(info.height - 1, max(0, round(y)))


def _to_working(points: Sequence[float], info: ClipInfo) -> tuple[float, ...]:
    """Return x, y, x, y, .. of the clip as working pixels."""
    factor = factor_of(info)
    return tuple((value + 0.5) / factor[i % 2] - 0.5 for i, value in enumerate(points))


def on_picture(marks: Marks, info: ClipInfo, objects: Sequence[SceneObject] = ()) -> Drawn:
    """Return what was drawn, and what the clip knows of objects, in pixels of the picture shown."""
    fx, fy = factor_of(info)

    def box(b: Box) -> Segment:
        return b.x / fx, b.y / fy, b.w / fx, b.h / fy  # a box counts pixels from its outer edge

    def line(drawn: Line | None) -> Segment | None:
        if drawn is None:
            return None
        x0, y0, x1, y1 = _to_working((drawn.x0, drawn.y0, drawn.x1, drawn.y1), info)
        return x0, y0, x1, y1

    chosen = marks.selection
    return Drawn(
        region=box(chosen.region) if chosen.region else None,
        excluded=tuple(box(b) for b in chosen.excluded),
        line=line(marks.line),
        probe=probe_pixel(marks, info),
        ruler=line(marks.ruler),
        objects=tuple((thing.name, _outline(thing)) for thing in objects),
    )


def _outline(thing: SceneObject) -> Quad:
    if thing.quad is not None:
        a, b, c, d = ((float(x), float(y)) for x, y in thing.quad)
        return a, b, c, d
    x, y, w, h = thing.box
    return (x, y), (x + w - 1, y), (x + w - 1, y + h - 1), (x, y + h - 1)


def outlines(drawn: Drawn) -> list[tuple[tuple[tuple[float, float], ...], bool]]:
    """Return what was drawn as lines through points, each with whether it is dashed: known, and not drawn."""

    def around(x: float, y: float, w: float, h: float) -> tuple[tuple[float, float], ...]:
        left, top, right, bottom = x - 0.5, y - 0.5, x + w - 0.5, y + h - 0.5
        return (left, top), (right, top), (right, bottom), (left, bottom), (left, top)

    boxes = ([drawn.region] if drawn.region else []) + list(drawn.excluded)
    lines = [line for line in (drawn.line, drawn.ruler) if line]
    return [
        *((around(*box), False) for box in boxes),
        *((((x0, y0), (x1, y1)), False) for x0, y0, x1, y1 in lines),
        *(((*quad, quad[0]), True) for _, quad in drawn.objects),
    ]


def draw_on(info: ClipInfo, prefix: str = DENSE) -> OnDrawn:
    """Return what takes a drawing on the picture of a clip and writes it into the address, under a page's prefix."""
    fx, fy = factor_of(info)

    def take(what: str, drawn: tuple[float, ...]) -> None:
        if what in (REGION, EXCLUDED):
            native = [value * (fx, fy)[i % 2] for i, value in enumerate(drawn)]
        else:
            native = [(value + 0.5) * (fx, fy)[i % 2] - 0.5 for i, value in enumerate(drawn)]
        name, new = prefix + what, written(tuple(native))
        if what == EXCLUDED:
            new = ";".join(filter(None, (text(name), new)))
        set_text(name, new if drawn else "")

    return take


def offer_marks(
    prefix: str = DENSE, names: tuple[str, ...] = tuple(_FORMS), title: str = "Region, line, scale …"
) -> None:
    """Show under a fold what was drawn under a page's prefix, as text to type, correct and clear."""
    place = st.expander(title, key=f"{prefix}marks", on_change="rerun")
    if not place.open:
        return

    def typed(name: str) -> None:
        set_text(name, st.session_state[f"{name}_text"].replace(" ", ""))

    with place:
        st.caption("Draw them with the tools on the picture, or type pixels of the clip; empty removes.")
        for form in names:
            name, (label, about) = prefix + form, _FORMS[form]
            st.session_state[f"{name}_text"] = text(name)
            st.text_input(label, key=f"{name}_text", help=about, on_change=partial(typed, name), max_chars=400)
