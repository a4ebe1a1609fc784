"""The slice of step 2: brightness along a line of pixels in both pictures, its tangent, and what that predicts."""

from dataclasses import dataclass

from flowlab.drawing.board import Arrow, Dot, Line, Panel, Words
from flowlab.theory.linearisation import SIDE, Linearisation, LinearisationParameters

SNAP = 0.25
"""Steps in which the tangent is dragged, px."""

_AROUND = 9  # px of the line shown on either side of the picked pixel
_APART = 0.3  # px between the two bars, which would cover each other
_LEAST_SPAN = 100.0  # grey levels that the plot shows at least: a coarse texture shall look as smooth as it is


@dataclass(frozen=True)
class Axis:
    """The line of pixels that is drawn, and what belongs to it: the axis of x, or that of y."""

    at: float
    shift: float
    slope: float
    part: float  # what the tangent along it predicts
    rest: float  # what the one across it adds
    slope_ink: str
    rest_ink: str
    names: tuple[str, str, str]  # of the displacement, of the part and of the rest


def axis_of(p: LinearisationParameters, n: Linearisation) -> Axis:
    """Return the line of pixels that the settings ask for."""
    names = "−f_x dx", "−f_y dy"
    if p.along == "row":
        return Axis(p.x, p.dx, n.fx, n.along_x, n.along_y, "fx", "fy", ("dx", *names))
    return Axis(p.y, p.dy, n.fy, n.along_y, n.along_x, "fy", "fx", ("dy", *names[::-1]))


def ends(axis: Axis) -> tuple[float, float]:
    """Return the two ends of the part of the line that is drawn, px."""
    middle = min(SIDE - 1 - _AROUND, max(_AROUND, axis.at))
    return float(middle - _AROUND), float(middle + _AROUND)


def slice_panel(p: LinearisationParameters, n: Linearisation) -> Panel:
    """Return the plot of the slice; its gesture drags the tangent."""
    axis = axis_of(p, n)
    low, high = ends(axis)
    inside = (n.positions >= low) & (n.positions <= high)
    places = tuple(map(float, n.positions[inside]))
    now, later = (tuple(map(float, line[inside])) for line in (n.slice_now, n.slice_later))
    levels = (*now, *later, n.now + n.predicted, n.now + axis.part)
    least, most = max(-80.0, min(levels)), min(335.0, max(levels))
    slack = max(0.0, _LEAST_SPAN - (most - least)) / 2
    least, most = least - slack, most + slack
    strip = 0.14 * (most - least)  # free of curves, for the words
    bottom, top = least - 2 * strip, most + strip
    marks = (
        Line((axis.at,) * 2, (bottom, top), ink="look", width=1.2, dash="dot", label="the picked pixel"),
        Line(places, now, ink="first", width=2, label=f"brightness along the {p.along} at t"),
        Line(places, later, ink="second", width=4, label=f"brightness along the {p.along} at t + dt"),
        *_tangents(axis, n, (least, most)),
        Words(low + 0.3, most + 0.4 * strip, "thin: t", ink="first"),
        Words(high - 0.3, most + 0.4 * strip, "thick: t + dt", "end", ink="second"),
        *_bars(axis, n, bottom + 0.8 * strip),
    )
    where = f"row {p.y}" if p.along == "row" else f"column {p.x}"
    shift = axis.names[0]
    return Panel(
        "slice", f"Brightness along {where}: drag the dashed tangent sideways", (low, high), (bottom, top), marks,
        x_title="column x, px" if p.along == "row" else "row y, px", y_title="brightness, grey levels", aspect=1.5,
        gesture=shift, at=(axis.at + axis.shift, n.now + axis.rest), snap=SNAP, words=_words(p, axis),
    )  # fmt: skip


def _words(p: LinearisationParameters, axis: Axis) -> str:
    """Return what the plot says, in words."""
    shift, part, rest = axis.names
    down = p.along == "column"
    came = (("above", "below") if down else ("to the left", "to the right"))[axis.shift < 0]
    words = "The column is laid on its side: right is down. " if down else ""
    words += (
        f"Straight line: the tangent, which touches the curve of t. Moved by {shift} (dashed), it tells "
        "this pixel's new brightness on the dotted line."
    )
    if axis.shift:
        words += f" Predicted = {part}: what arrives here comes from {abs(axis.shift):g} px {came}, hence the minus."
    if axis.rest:
        words += f" The motion across the {p.along} adds {rest} = {plain(axis.rest)}."
    return words


def _tangents(axis: Axis, n: Linearisation, levels: tuple[float, float]) -> tuple[Line | Arrow | Dot, ...]:
    """Return the tangent where it touches, and moved along with the picture, past the picked pixel again."""
    at, half, slope, ink = axis.at, 3.0, axis.slope, axis.slope_ink
    start, there = n.now + axis.rest, at + axis.shift
    left, right = min(there - half, at - 1), max(there + half, at + 1)
    name = axis.names[0]
    return (
        Line(*_straight((at - half, at + half), (at, n.now), slope, levels), ink=ink,
             label=f"tangent: {plain(slope)} grey levels a px"),
        Line(*_straight((left, right), (there, start), slope, levels), ink=ink, dash="dash",
             label=f"the tangent, moved along by {name}", held=True),
        Arrow(at, n.now, axis.shift, 0, ink="flow", label=f"{name} = {axis.shift:g} px"),
        Dot(there, start, "dot", 5, ink="flow", held=True, label=f"{name} = {axis.shift:g} px: drag it"),
        Dot(at, n.now, "ring", 5, ink="look", label=f"picked pixel at t: {n.now:.0f}", link="picked"),
    )  # fmt: skip


def _straight(
    ends: tuple[float, float], through: tuple[float, float], slope: float, levels: tuple[float, float]
) -> tuple[tuple[float, float], tuple[float, float]]:
    """Return the two ends, (x, x) and (y, y), of a straight line, no further than the levels: words stand beyond."""
    x, y = through
    reach = sorted(x + (level - y) / slope for level in levels) if slope else ends
    left, right = (min(max(end, reach[0]), reach[1]) for end in ends)
    return (left, right), (y + (left - x) * slope, y + (right - x) * slope)


def _bars(axis: Axis, n: Linearisation, height: float) -> tuple[Line | Dot | Words, ...]:
    """Return what the tangent predicts at the picked pixel, in its two parts, beside what happens there."""
    left, right, beside = axis.at - _APART, axis.at + _APART, axis.at - 2.6 * _APART
    after, (_, part, rest) = n.now + axis.part, axis.names
    bars: list[Line | Dot | Words] = [
        Line((left, left), (n.now, after), ink=axis.slope_ink, width=5, link="bar",
             label=f"predicted: {part} = {plain(axis.part)}"),
        Line((right, right), (n.now, n.later), ink="ft", width=5, link="bar", label=f"real: f_t = {plain(n.ft)}"),
    ]  # fmt: skip
    if axis.rest:
        bars += [
            Line((beside, left), (after, after), ink="faint", width=1.5),
            Line((beside, beside), (after, after + axis.rest), ink=axis.rest_ink, width=5, link="bar",
                 label=f"and across the line: {rest} = {plain(axis.rest)}"),
        ]  # fmt: skip
    return (
        *bars,
        Dot(
            axis.at, n.now + n.predicted, size=3, ink=axis.slope_ink, link="bar", label="where the moved tangent passes"
        ),
        Dot(axis.at, n.later, size=3, ink="second", link="bar", label=f"picked pixel at t + dt: {n.later:.0f}"),
        Words(left, height, f"predicted {plain(n.predicted)}", "end", 13, ink=axis.slope_ink, link="bar"),
        Words(right, height, f"real {plain(n.ft)}", "start", 13, ink="ft", link="bar"),
    )


def plain(value: float) -> str:
    """Return a number with its sign, one digit, and no negative zero."""
    return f"{round(value, 1) + 0.0:+.1f}".replace("-", "−")
