"""Step 4: the constraint line and the aperture problem."""

import math
from dataclasses import replace

from flowlab.drawing.board import Arrow, Board, Disc, Dot, Mark, Panel, Row, Table
from flowlab.drawing.board_pictures import grey_panel, grey_rgb
from flowlab.theory.aperture import BLUR, INDEX, Aperture, ApertureParameters, aperture
from flowlab.theory.constraints import LEAST_SLOPE

from .measure import dense_query
from .plane import cell, live_motion, motion_arrow, motion_line, motion_plane, reach_of, told
from .step import Place, Step, Try
from .tex import Tex

_LONGER = 15  # times the motion: an arrow of one pixel cannot be seen
_KNOWN = (
    "Nothing in the aperture has a slope: no motion can be seen at all.",
    "Known in one direction only: across the edge. Along it every motion fits alike, and the shortest is shown: the "
    "normal flow.",
    "Known in both directions.",
)
_WAYS = ("To the right, as the surface does", "At right angles to themselves", "Straight up, along the pole")
_HALF_TURN = 180.0


def _equation(_p: ApertureParameters, a: Aperture, tex: Tex) -> str:
    fx, fy, ft = a.pixel
    line = rf"{tex.live('f_x', fx, 'fx')}\,u + {tex.live('f_y', fy, 'fy')}\,v + {tex.live('f_t', ft, 'ft')} = 0"
    length = rf"\sqrt{{{tex.ink('f_x', 'fx')}^2+{tex.ink('f_y', 'fy')}^2}}"
    size = -ft / a.slope if a.slope else math.nan
    normal = rf"{tex.live('u_n', size, 'flow')} = -\frac{{{tex.ink('f_t', 'ft')}}}{{{length}}}"
    seen = live_motion(tex, a.vote.seen, "flow") if a.vote.known else r"\text{nothing}"
    both = rf"\text{{seen }} {seen} \qquad \text{{true }} {live_motion(tex, a.true, 'true')}"
    return rf"\begin{{gathered}}{line} \qquad {normal}\\[.9em]{both}\end{{gathered}}"


def _board(p: ApertureParameters, a: Aperture) -> Board:
    return Board(((_picture(p, a), _plane(a), _window(p, a)), (_table(a),)))


def _picture(p: ApertureParameters, a: Aperture) -> Panel:
    x, y = float(p.x), float(p.y)
    label = f"true motion here {told(a.pixel_true)}"
    marks = (
        *motion_arrow(x, y, a.pixel_true, _LONGER, dash="dash", ink="true", label=label, held=True),
        *motion_arrow(x, y, a.normal, _LONGER, ink="flow", link="normal", label=_normal_words(a), held=True),
        Dot(x, y, "square", 6, ink="look", link="pixel", held=True, label=f"picked pixel ({p.x}, {p.y})"),
    )
    words = "Click to pick another: its line is the orange one."
    if a.slope == 0:
        words = "This pixel has no slope: it allows every motion and has no line. Pick one on an edge."
    return grey_panel(
        "pixel", "One pixel", a.stage.first, marks=marks, gesture="pick", at=(x, y), snap=1,
        words=f"{words} Arrows, {_LONGER} times as long as the motion: the normal flow; dashed the truth.",
    )  # fmt: skip


def _normal_words(a: Aperture) -> str:
    return f"normal flow of the picked pixel {told(a.normal)}"


def _plane(a: Aperture) -> Panel:
    marks: list[Mark] = [
        line
        for (x, y), ends in zip(a.sample.tolist(), a.lines, strict=True)
        for line in motion_line(
            ends, ink="faint", width=1.0, faded=True, link=f"s{x}-{y}", label=f"what pixel ({x}, {y}) allows"
        )
    ]
    label = "all motions that the picked pixel allows"
    marks += motion_line(a.line, ink="look", width=2.5, link="pixel", label=label)
    if a.slope > 0:
        marks.append(Arrow(0, 0, *a.normal, ink="flow", link="normal", label=_normal_words(a)))
    if a.vote.known:
        marks.append(Dot(*a.vote.seen, "dot", 6, ink="flow", link="seen", label=f"motion seen {told(a.vote.seen)}"))
    marks.append(Dot(*a.true, "cross", 9, ink="true", link="true", label=f"true motion {told(a.true)}"))
    return motion_plane(
        "plane", "All motions (u, v), and what a pixel allows", tuple(marks), reach_of(a.vote.seen, a.true),
        words="Every point is a motion, down is down as in the picture. A pixel allows those on its line; the arrow "
        "is the shortest. Faint: lines of the aperture. Dot: motion seen in it. Cross: the truth.",
    )  # fmt: skip


def _window(p: ApertureParameters, a: Aperture) -> Panel:
    x, y, label = p.centre_x, p.centre_y, f"aperture, radius {p.radius:g} px"
    marks: list[Mark] = [
        Disc(x, y, p.radius, shade=True, softness=p.softness, ink="look", held=True, label=label),
        *motion_arrow(
            x, y, a.true, _LONGER, dash="dash", ink="true", link="true", held=True,
            label=f"true motion {told(a.true)}",
        ),
    ]  # fmt: skip
    if a.vote.known:
        label = f"motion seen {told(a.vote.seen)}"
        marks += motion_arrow(x, y, a.vote.seen, _LONGER, ink="flow", link="seen", held=True, label=label)
    return grey_panel(
        "aperture", "An aperture: drag it", a.stage.second, beneath=grey_rgb(a.stage.first), names=("t", "t + dt"),
        marks=tuple(marks), gesture="aperture", at=(x, y), snap=0.5,
        words="Flip between the two pictures: which way does the paint in it seem to move?",
    )  # fmt: skip


def _table(a: Aperture) -> Table:
    def cells(name: str, motion: tuple[float, float]) -> tuple[str, ...]:
        return (name, *(cell(part) for part in (*motion, *a.vote.split(*motion))))

    seen = a.vote.seen if a.vote.known else (math.nan, math.nan)
    steep, flat = a.vote.slopes
    return Table(
        "motions", "Motion in the aperture, px/frame, and its parts across and along the strongest edge",
        tuple((title, "text") for title in ("", "u", "v", "across", "along")),
        (
            Row(cells("motion seen", seen), "seen"),
            Row(cells("true motion", a.true), "true"),
            Row(cells("error", (seen[0] - a.true[0], seen[1] - a.true[1])), strong=True),
        ),
        words=f"{_KNOWN[a.vote.known]} Brightness in the aperture changes by {steep:.1f} grey levels/px across its "
        f"strongest edge and by {flat:.2f} along it; what is below {LEAST_SLOPE} counts as rounding.",
    )  # fmt: skip


def _moved(p: ApertureParameters, gesture: str, x: float, y: float) -> ApertureParameters:
    if gesture == "pick":
        return replace(p, x=round(_kept("x", x)), y=round(_kept("y", y)))
    return replace(p, centre_x=_kept("centre_x", x), centre_y=_kept("centre_y", y))


def _kept(name: str, value: float) -> float:
    """Return a position inside the picture: its rim reaches half a pixel further than the last centre."""
    field = ApertureParameters.field(name)
    return min(max(value, field.low or 0), field.high or 0)


def _place(p: ApertureParameters) -> Place:
    return Place(
        "pages/dense_flow.py", "Measure this scene on Dense flow",
        "Its view trust colours what cannot be believed, and says which test failed: straight edges and flat paint.",
        dense_query(aperture(p).stage.scene, frame=INDEX, view="trust"),
    )  # fmt: skip


def _call(p: ApertureParameters) -> str:
    return f"""\
import flowlab
from flowlab.core.gradients import gradients, smoothed
from flowlab.theory.aperture import aperture_weights
from flowlab.theory.constraints import normal_flow, vote

clip = flowlab.open_clip({aperture(p).stage.scene!r})
first, second = (smoothed(clip.frame(n).grey, {BLUR}) for n in ({INDEX}, {INDEX + 1}))
fx, fy = gradients((first + second) / 2)  # half way between the two, where f_t belongs as well
ft = second - first
print(normal_flow(fx, fy, ft)[{p.y}, {p.x}])  # of the picked pixel

weights = aperture_weights(first.shape, ({p.centre_x}, {p.centre_y}), {p.radius}, {p.softness})
seen = vote(fx, fy, ft, weights)
print(seen.seen, seen.slopes)  # the motion seen, and the slopes across and along the edge
"""


def _turn(motion: tuple[float, float], other: tuple[float, float]) -> float:
    """Return the angle between two motions, degrees."""
    one, two = (math.degrees(math.atan2(v, u)) for u, v in (motion, other))
    return abs((one - two + _HALF_TURN) % (2 * _HALF_TURN) - _HALF_TURN)


def _seems(before: Aperture, after: Aperture) -> int:
    """Return which of _WAYS is nearest to what is seen afterwards; the second is what was seen before."""
    turns = [_turn(after.vote.seen, way) for way in ((1.0, 0.0), before.vote.seen, (0.0, -1.0))]
    return turns.index(min(turns))


_SIDE = ApertureParameters(pattern="corner")
_NARROW = ApertureParameters(radius=8.0)
_WIDE = replace(_NARROW, radius=30.0)
_GRAIN = replace(_WIDE, grain=2.5)
_POLE = ApertureParameters(pattern="barber-pole", radius=12.0, centre_x=48.0, centre_y=48.0, x=44, y=48)
STEP = Step(
    name="aperture",
    title="One equation, two unknowns",
    claim="One pixel gives one equation for two unknowns: it tells how fast an edge moves across itself, and nothing "
    "of how fast it slides along itself.",
    parameters=ApertureParameters,
    compute=aperture,
    equation=_equation,
    symbols=("fx", "fy", "ft", "uv", "un"),
    board=_board,
    moved=_moved,
    controls=("pattern", "radius", "softness", "direction", "grain"),
    tries=(
        Try(
            "corner", "Go to the corner", _SIDE, replace(_SIDE, centre_x=80.0, centre_y=44.0),
            "The aperture shows one straight side of a square that moves to the right and a little down (the cross). "
            "Now it is dragged to the square's corner. What becomes of the motion along the side, which it could not "
            "see?",
            ("It stays unseen: an aperture is an aperture", "It appears: seen and true motion meet"),
            lambda before, after: int(after.error[1] < before.error[1] / 5),
            lambda before, after: (
                f"The error along the side falls from {before.error[1]:.2f} to {after.error[1]:.2f} px/frame: a corner "
                "has two sides that run differently, so their lines cross, and they cross at the truth."
            ),
        ),
        Try(
            "pole", "Turn the barber's pole", _POLE, replace(_POLE, radius=30.0),
            "The pole turns, so its surface moves to the right; through the small aperture the stripes seem to move at "
            "right angles to themselves. Now the aperture opens until the pole's two rims are in it. Which way do the "
            "stripes seem to move?",
            _WAYS,
            _seems,
            lambda _before, after: (
                f"Seen is {told(after.vote.seen)}, true is {told(after.true)}: the upright rims stand still, which "
                "says u = 0, and the stripes allow that if they climb. The frame decides, not the surface."
            ),
        ),
        Try(
            "wider", "Open the aperture", _NARROW, _WIDE,
            f"Through an aperture of {_NARROW.radius:g} px only straight bars are seen. Now it opens to "
            f"{_WIDE.radius:g} px and shows many more of them. Does that bring the motion seen nearer to the truth?",
            ("It comes nearer: more pixels know more", "It stays as wrong as it was"),
            lambda before, after: int(after.miss > before.miss / 2),
            lambda before, after: (
                f"The error was {before.miss:.2f} and is {after.miss:.2f} px/frame: parallel edges all draw the same "
                "line. Only something that differs along a bar helps: with a grain of "
                f"{_GRAIN.grain:g} grey levels (the last slider) it falls to {aperture(_GRAIN).miss:.2f}."
            ),
        ),
    ),
    pitfall="The motion seen through an aperture fits its pixels perfectly and is still wrong: nothing is left over "
    "that would warn of it. Where all lines coincide, a method that does not ask in how many directions it knows the "
    "motion returns the shortest one, or a random one, without a word.",
    place=_place,
    call=_call,
)  # fmt: skip
