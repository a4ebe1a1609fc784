"""Step 4: the constraint line and the aperture problem."""

import math
from dataclasses import replace
from typing import Any

from flowlab.drawing.board import Arrow, Board, Disc, Dot, Line, Mark, Panel, Row, Square, Table, Words
from flowlab.drawing.board_pictures import grey_panel, grey_rgb
from flowlab.theory.aperture import BLUR, INDEX, SIDE, Aperture, ApertureParameters, aperture
from flowlab.theory.constraints import LEAST_SLOPE

from .measure import dense_query
from .plane import cell, motion_arrow, motion_line, motion_plane, reach_of, told
from .step import Place, Step, Try
from .tex import Tex, number

_LONGER = 15  # times the motion: an arrow of one pixel cannot be seen
_CLOSE = 6  # px: how far the close-up reaches on either side of the picked pixel
_CLOSER = 6  # times the motion: its arrow there
_NAME = 14  # px that an arrow's name takes
_STILL = 0.05  # px/frame: a difference that is not worth a minus or a plus
_KNOWN = (
    "Nothing in the aperture has a slope, so no motion can be seen at all.",
    "It is known across only: along the edge every motion fits alike, and the shortest of them is shown.",
    "It is known both across and along.",
)
_WAYS = ("To the right, as the surface does", "At right angles to themselves", "Straight up, along the pole")
_HALF_TURN = 180.0


def _equation(_p: ApertureParameters, a: Aperture, tex: Tex) -> str:
    fx, fy, ft = a.pixel
    line = rf"{tex.live('f_x', fx, 'fx')}\,u + {tex.live('f_y', fy, 'fy')}\,v + {tex.live('f_t', ft, 'ft')} = 0"
    f_x, f_y, f_t = tex.ink("f_x", "fx"), tex.ink("f_y", "fy"), tex.ink("f_t", "ft")
    length = rf"\sqrt{{{f_x}^2+{f_y}^2}}"
    normal = tex.live("u_n", _normal_size(a), "flow")
    return f"{line}\n" + rf"{normal} = \frac{{{f_x}\,u + {f_y}\,v}}{{{length}}} = -\frac{{{f_t}}}{{{length}}}"


def _normal_size(a: Aperture) -> float:
    return -a.pixel[2] / a.slope if a.slope else math.nan


def _board(p: ApertureParameters, a: Aperture) -> Board:
    return Board(((_picture(p, a), _close_up(p, a), _plane(a)), (_table(a),)))


def _picture(p: ApertureParameters, a: Aperture) -> Panel:
    x, y, seen = float(p.centre_x), float(p.centre_y), a.vote.seen
    label = f"aperture, radius {p.radius:g} px"
    marks: list[Mark] = [Disc(x, y, p.radius, shade=True, softness=p.softness, ink="look", held=True, label=label)]
    if a.vote.known:
        label = f"motion seen in the aperture {told(seen)}"
        marks += _named_arrow(x, y, seen, "seen", a.true, label, ink="flow", width=4.5)
    label = f"true motion in the aperture {told(a.true)}"
    marks += _named_arrow(x, y, a.true, "true", seen, label, ink="true", dash="dash", width=1.5)
    marks.append(Dot(x, y, "square", 2, ink="look", link="pixel", held=True, label=_pixel_words(p)))
    return grey_panel(
        "aperture", "An aperture, a hole to look through: drag it", a.stage.second, beneath=grey_rgb(a.stage.first),
        names=("t", "t + dt"), marks=tuple(marks), gesture="aperture", at=(x, y), snap=1,
        words="Flip: which way does what is in it seem to move? Seen: the one motion that fits all pixels in it best. "
        f"Arrows are {_LONGER} times as long as the motion; dashed is the truth.",
    )  # fmt: skip


def _named_arrow(
    x: float, y: float, motion: tuple[float, float], name: str, other: tuple[float, float], label: str, **more: Any
) -> tuple[Mark, ...]:
    """Return an arrow from (x, y) with its name at its tip, on the side away from the tip of the `other`."""
    u, v = motion
    below = v > other[1] + _STILL or (abs(v - other[1]) <= _STILL and name == "true")
    left, tip = u < -_STILL, x + u * _LONGER
    inside = max(tip, _NAME) if left else min(tip, SIDE - _NAME)
    away = 4.5 + abs(inside - tip) / 2  # a name that must step back stands beside the arrow
    place = inside, y + v * _LONGER + (away if below else -away)
    return (
        *motion_arrow(x, y, motion, _LONGER, **more, link=name, held=True, label=label),
        Words(*place, name, "end" if left else "start", 13, ink=more["ink"], link=name, held=True),
    )


def _pixel_words(p: ApertureParameters) -> str:
    return f"picked pixel ({p.centre_x}, {p.centre_y}), the aperture's middle"


def _normal_words(a: Aperture) -> str:
    return f"normal flow of the picked pixel {told(a.normal)}"


def _close_up(p: ApertureParameters, a: Aperture) -> Panel:
    x, y = p.centre_x, p.centre_y
    part = a.blurred[y - _CLOSE : y + _CLOSE + 1, x - _CLOSE : x + _CLOSE + 1]
    marks: list[Mark] = [Square(x, y, 1, 1, ink="look", link="pixel", label=_pixel_words(p))]
    words = "This pixel has no slope: it says nothing about its motion. Drag the aperture's middle onto an edge."
    if a.slope > 0:
        away_x, away_y = (2 * _CLOSE * part / a.slope for part in (-a.pixel[1], a.pixel[0]))
        u, v = a.normal
        size = number(_normal_size(a)).replace("-", "\N{MINUS SIGN}")
        marks = [
            Line((x - away_x, x + away_x), (y - away_y, y + away_y), ink="look", dash="dot", label="along the edge"),
            *marks,
            Arrow(x, y, u * _CLOSER, v * _CLOSER, ink="flow", link="normal", label=_normal_words(a)),
            Words(x + u * _CLOSER, y + v * _CLOSER + math.copysign(0.8, v), "u_n", "start" if u >= 0 else "end", 14,
                  ink="flow", link="normal"),
        ]  # fmt: skip
        words = (
            f"Dotted: along the edge. Arrow: all that this one pixel can tell, u_n = {size} px/frame across the edge, "
            f"towards its {'brighter' if _normal_size(a) >= 0 else 'darker (minus)'} side."
        )
    return Panel(
        "pixel", "The aperture's middle pixel, close up and blurred", (x - _CLOSE - 0.5, x + _CLOSE + 0.5),
        (y + _CLOSE + 0.5, y - _CLOSE - 0.5), tuple(marks), image=grey_rgb(part), values=part, unit="grey levels",
        words=f"{words} (The blur of {BLUR:g} px belongs to measuring slopes: step 3.)",
    )  # fmt: skip


def _plane(a: Aperture) -> Panel:
    marks: list[Mark] = [
        line
        for (x, y), ends in zip(a.sample.tolist(), a.lines, strict=True)
        for line in motion_line(
            ends, ink="faint", width=1.0, link=f"s{x}-{y}", label=f"what pixel ({x}, {y}) of the aperture allows"
        )
    ]
    label = "all motions that the picked pixel allows"
    marks += motion_line(a.line, ink="look", width=2.5, link="pixel", label=label)
    if a.slope > 0:
        marks.append(Arrow(0, 0, *a.normal, ink="flow", link="normal", label=_normal_words(a)))
    marks.append(Dot(*a.true, "cross", 9, ink="true", link="true", label=f"true motion in the aperture {told(a.true)}"))
    if a.vote.known:
        label = f"motion seen in the aperture {told(a.vote.seen)}"
        marks.append(Dot(*a.vote.seen, "ring", 8, ink="flow", link="seen", label=label))
    return motion_plane(
        "plane", "All motions (u, v), and what a pixel allows", tuple(marks), reach_of(a.vote.seen, a.true),
        words="Every point is a motion; down is down. Orange: those that the picked pixel allows; arrow: the shortest "
        "of them, its normal flow. Grey: lines of other pixels in the aperture. Ring: seen in it. Cross: true in it.",
    )  # fmt: skip


def _table(a: Aperture) -> Table:
    def cells(name: str, motion: tuple[float, float]) -> tuple[str, ...]:
        return (name, *(cell(part) for part in (*motion, *a.split(motion))))

    seen = a.vote.seen if a.vote.known else (math.nan, math.nan)
    steep, flat = a.vote.slopes
    return Table(
        "motions", "In the aperture (not in the picked pixel alone), px/frame",
        tuple((title, "text") for title in ("", "u", "v", "across", "along")),
        (
            Row(cells("seen", seen), "seen"),
            Row(cells("true (mean of what moves)", a.true), "true"),
            Row(cells("error (seen − true)", (seen[0] - a.true[0], seen[1] - a.true[1])), strong=True),
        ),
        words="Across: at right angles to the steepest edge in the aperture, plus towards the picked pixel's brighter "
        f"side. Along: on that edge. {_KNOWN[a.vote.known]} Typical slope across {steep:.1f}, along {flat:.2f} grey "
        f"levels/px; below {LEAST_SLOPE} counts as none: rounding to whole grey levels alone makes such slopes.",
    )  # fmt: skip


def _moved(p: ApertureParameters, _gesture: str, x: float, y: float) -> ApertureParameters:
    return replace(p, centre_x=_kept("centre_x", x), centre_y=_kept("centre_y", y))


def _kept(name: str, value: float) -> int:
    """Return a position that is allowed, the nearest to where a hand is."""
    field = ApertureParameters.field(name)
    return round(min(max(value, field.low or 0), field.high or 0))


def _place(p: ApertureParameters) -> Place:
    return Place(
        "pages/dense_flow.py", "Measure this scene on Dense flow",
        "The view trust on Dense flow colours every pixel whose motion cannot be believed and says why. A straight "
        "edge counts as “too little texture”, as an area without any pattern does.",
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
print(normal_flow(fx, fy, ft)[{p.centre_y}, {p.centre_x}])  # of the picked pixel

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
_POLE = ApertureParameters(pattern="barber-pole", radius=12.0, centre_x=48, centre_y=48)
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
            "corner", "Go to the corner", _SIDE, replace(_SIDE, centre_x=77, centre_y=46),
            "In the aperture lies one straight side of a square that moves to the right and a little down (the cross). "
            "The motion along that side is not seen. Now the aperture is dragged to the square's corner, where a "
            "second side runs another way. What becomes of the motion along the first side?",
            ("It stays unseen: an aperture is an aperture", "It appears: seen and true motion meet"),
            lambda before, after: int(after.error[1] < before.error[1] / 5),
            lambda before, after: (
                f"The error along the edge falls from {before.error[1]:.2f} to {after.error[1]:.2f} px/frame: the two "
                "sides of a corner draw lines of two directions, and they cross at the truth. The picked pixel alone "
                "still has only its one line."
            ),
        ),
        Try(
            "pole", "Turn the barber's pole", _POLE, replace(_POLE, radius=30.0),
            "The pole turns, so its surface moves to the right; in the small aperture the stripes seem to move at "
            "right angles to themselves. Now the aperture opens until the pole's left and right edges, which stand "
            "still, are in it. Which way do the stripes seem to move?",
            _WAYS,
            _seems,
            lambda before, after: (
                f"Seen is {told(after.vote.seen)}. The upright edges stand still, which says u = 0; the stripes allow "
                "that if they climb. The frame decides, not the surface. (True falls from "
                f"{before.true[0]:.2f} to {after.true[0]:.2f} to the right, as it is the mean over more of the "
                "surface, which turns away from us at the pole's sides and crosses the picture more slowly there.)"
            ),
        ),
        Try(
            "wider", "Open the aperture", _NARROW, _WIDE,
            f"In an aperture of {_NARROW.radius:g} px only straight bars are seen. Now it opens to "
            f"{_WIDE.radius:g} px and shows many more of them, all parallel. Does that bring the motion seen nearer to "
            "the truth?",
            ("It comes nearer: more pixels know more", "It stays as wrong as it was"),
            lambda before, after: int(after.miss > before.miss / 2),
            lambda before, after: (
                f"Seen was {before.miss:.2f} px/frame from the truth and is {after.miss:.2f} now: parallel edges all "
                "draw the same line. Only something that differs along a bar helps: set grain (the last slider) to "
                f"{_GRAIN.grain:g}, and it falls to {aperture(_GRAIN).miss:.2f}."
            ),
        ),
    ),
    pitfall="The motion seen in an aperture can fit all its pixels perfectly and still be wrong, and nothing warns of "
    "it. Where all lines lie on each other, a method must say that it knows the motion across only; many just return "
    "the shortest motion, or a random one of the line, without a word.",
    unfold=(
        "Where does $u_n$ come from?",
        "Divide the pixel's equation by the length of its slope, $\\sqrt{f_x^2 + f_y^2}$. What then stands on the "
        "left is the part of (u, v) in the direction of the slope, and that is across the edge: call it $u_n$. "
        "Everything on the right is measured. A motion along the edge adds nothing to the left side, so this equation "
        "cannot tell it. "
        "The sign: the slope points to the brighter side. A pixel that brightens ($f_t > 0$) is being reached by the "
        "brighter side, so the edge moves towards the darker one, and $u_n$ is negative.",
    ),
    place=_place,
    call=_call,
)  # fmt: skip
