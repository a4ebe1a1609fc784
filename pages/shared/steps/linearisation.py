"""Step 2: linearise, and arrive at one linear equation for the flow."""

import math
from dataclasses import replace

from flowlab.drawing.board import Arrow, Board, Dot, Line, Panel, Words
from flowlab.drawing.board_pictures import grey_panel, grey_rgb
from flowlab.theory.linearisation import TEXTURES, Linearisation, LinearisationParameters, Reach, linearisation

from .measure import dense_query
from .step import Place, Step, Try
from .tangent import SNAP, axis_of, ends, plain, slice_panel
from .tex import Tex, number

_REACH_X, _REACH_Y = (0.5, 30.0), (0.3, 200.0)  # ends of the axes of the plot of errors
_LIMIT = LinearisationParameters.field("dx").high or 0


def _equation(p: LinearisationParameters, n: Linearisation, tex: Tex) -> str:
    slope_x, slope_y = tex.live("f_x", n.fx, "fx", 1), tex.live("f_y", n.fy, "fy", 1)
    moved, now = tex.live(r"I(x+dx,\,y+dy,\,t+dt)", n.moved, "second", 0), tex.live("I(x,y,t)", n.now, "first", 0)
    change = tex.live("f_t", n.ft, "ft", 1)
    dx, dy, u, v = (tex.live(s, d, "flow") for s, d in (("dx", p.dx), ("dy", p.dy), ("u", p.dx), ("v", p.dy)))
    missed = tex.ink(rf"\underset{{\text{{missed}}}}{{{number(n.left_over, 1)}}}", "ft")
    return (
        rf"{moved} \approx {now} + {slope_x}\cdot {dx} + {slope_y}\cdot {dy} + {change}\cdot dt"
        "\n"
        rf"0 \approx {slope_x}\cdot {u} + {slope_y}\cdot {v} + {change} = {missed}"
    )


def _picture(p: LinearisationParameters, n: Linearisation) -> Panel:
    x, y = float(p.x), float(p.y)
    along, across = ends(axis_of(p, n)), (y if p.along == "row" else x,) * 2
    line = (along, across) if p.along == "row" else (across, along)
    marks = (
        Line(*line, ink="look", width=1.5, label=f"the {p.along} whose brightness is drawn beside"),
        Arrow(x, y, p.dx, p.dy, ink="flow", label=f"true displacement ({p.dx:g}, {p.dy:g}) px"),
        Dot(x, y, "square", 5, ink="look", label=f"picked pixel ({p.x}, {p.y})", link="picked"),
    )
    return grey_panel(
        "picture", "The picture moves: t to t + dt", n.stage.second, beneath=grey_rgb(n.stage.first),
        names=("t", "t + dt"), marks=marks, gesture="pick", at=(x, y), snap=1,
        words=f"{p.texture.capitalize()} texture: no detail finer than about {TEXTURES[p.texture]:g} px. "
        "Click to pick a pixel.",
    )  # fmt: skip


def _errors(p: LinearisationParameters, n: Linearisation) -> Panel:
    marks: list[Line | Dot | Words] = []
    for reach in n.reaches:
        chosen = reach.texture == p.texture
        marks += _error_curve(reach, chosen)
    length = math.hypot(p.dx, p.dy)
    if length >= _REACH_X[0]:
        inside = min(length, _REACH_X[1])
        marks += [
            Line((inside, inside), _REACH_Y, ink="flow", width=1.5, dash="dot", label=f"displacement {length:.3g} px"),
            Dot(inside, max(n.miss, _REACH_Y[0]), ink="look", size=6,
                label=f"now, whole picture: the tangent misses {n.miss:.1f} of a real change of {n.change:.1f}"),
        ]  # fmt: skip
    halves = ", ".join(f"{reach.texture} {reach.half:.1f} px" for reach in n.reaches)
    return Panel(
        "errors", "What the tangent misses in the whole picture", _REACH_X, _REACH_Y, tuple(marks),
        x_title="displacement, px (logarithmic)", y_title="missed, grey levels (logarithmic)",
        log_x=True, log_y=True, aspect=1.1, ink="ft",
        words=f"Orange dot: now, {n.miss:.1f} missed of a real change of {n.change:.1f}. Rings: from this displacement "
        f"on, more than half of the real change is missed: {halves}.",
    )  # fmt: skip


def _error_curve(reach: Reach, chosen: bool) -> tuple[Line | Dot | Words, ...]:
    sigma = TEXTURES[reach.texture]
    far = reach.distance >= _REACH_X[0]
    x, y = (tuple(map(float, values[far])) for values in (reach.distance, reach.miss))
    label = f"{reach.texture} texture: detail of {sigma:g} px"
    half = f"{reach.texture}: half is missed from {reach.half:.1f} px on"
    return (
        Line(x, y, ink="ft", width=3.5 if chosen else 1.5, label=label, link=reach.texture),
        Dot(reach.half, reach.half_miss, "ring", 8, ink="ft", label=half, link=reach.texture),
        Words(x[-1] * 1.08, y[-1], reach.texture, size=11, ink="ft"),
    )  # fmt: skip


def _board(p: LinearisationParameters, n: Linearisation) -> Board:
    return Board(((_picture(p, n), slice_panel(p, n), _errors(p, n)),))


def _moved(p: LinearisationParameters, gesture: str, x: float, y: float) -> LinearisationParameters:
    if gesture == "pick":
        return replace(p, x=int(x), y=int(y))
    start = p.x if gesture == "dx" else p.y
    shift = min(_LIMIT, max(-_LIMIT, round((x - start) / SNAP) * SNAP))
    return replace(p, dx=shift) if gesture == "dx" else replace(p, dy=shift)


def _place(p: LinearisationParameters) -> Place:
    return Place(
        "pages/dense_flow.py", "Measure this pair on Dense flow",
        "The method lucas-kanade, which steps 5 to 9 build, rests on this equation; the link sets it as plain as it "
        "stands here. The view error on Dense flow shows where the tangent fails.",
        dense_query(linearisation(p).stage.scene, view="error", levels=0, iterations=1, median=1),
    )  # fmt: skip


def _call(p: LinearisationParameters) -> str:
    n = linearisation(p)
    return f"""\
import numpy as np
import flowlab
from flowlab.core.gradients import gradients

clip = flowlab.open_clip({n.stage.scene!r})
first, second = (clip.frame(number).grey.astype(np.float32) for number in (0, 1))
fx, fy = gradients(first, "five-point")
ft = second - first
u, v = {p.dx}, {p.dy}
at = {p.y}, {p.x}
print("predicted", -(fx[at] * u + fy[at] * v), "happens", ft[at])
print("left over", fx[at] * u + fy[at] * v + ft[at])
"""


def _times(before: Linearisation, after: Linearisation) -> float:
    return after.miss / before.miss


_FAR = LinearisationParameters(x=16, y=33, dx=4.0, texture="fine")
_ONE = LinearisationParameters(x=35, y=33, dx=1.0, texture="fine")
_SIDE = LinearisationParameters(dx=2.0)
STEP = Step(
    name="linearise",
    title="A picture is nearly a slope",
    claim="Go $dx$ to the right, and brightness grows by about slope times distance, $f_x\\,dx$; then $dy$ down: by "
    "about $f_y\\,dy$ more; then wait for $dt$: by about $f_t\\,dt$ more. But the point keeps its brightness (step 1), "
    "so the three add up to nearly 0: one linear equation for the flow $(u, v)$.",
    parameters=LinearisationParameters,
    compute=linearisation,
    equation=_equation,
    symbols=("I", "I'", "fx", "fy", "ft", "dx", "dt", "uv"),
    board=_board,
    moved=_moved,
    controls=("dx", "dy", "texture", "along"),
    tries=(
        Try(
            "coarse", "Fine and coarse texture", _FAR, replace(_FAR, texture="coarse"),
            f"Fine texture moves by {_FAR.dx:g} px. At the picked pixel the tangent is wrong even about the sign. Now "
            f"the texture becomes four times as coarse, and still moves by {_FAR.dx:g} px. Does the tangent "
            "get it right?",
            (f"No: {_FAR.dx:g} px are too far for it", "Nearly: the slope now lasts that far", "It gets even worse"),
            lambda before, after: (
                1 if abs(after.left_over) < abs(after.ft) / 4 else 0 if after.miss < before.miss else 2
            ),
            lambda before, after: (
                f"At this pixel, fine: predicted {plain(before.predicted)}, real {plain(before.ft)}; coarse: predicted "
                f"{plain(after.predicted)}, real {plain(after.ft)}. In the whole picture the dot is now left of the "
                "ring of coarse, and was right of that of fine: a tangent is good for about the size of the detail."
            ),
        ),
        Try(
            "double", "Move twice as far", _ONE, replace(_ONE, dx=2.0),
            "The picture moves by 1 px, and the tangent misses a little: the gap between the two bars. Now the picture "
            "moves by 2 px. A curve leaves its tangent slowly at first, then ever faster: how does the gap grow?",
            ("It doubles", "About four times", "About eight times"),
            lambda before, after: min(2, max(0, round(math.log2(_times(before, after))) - 1)),
            lambda before, after: (
                f"At this pixel from {abs(before.left_over):.1f} to {abs(after.left_over):.1f} grey levels, "
                f"{abs(after.left_over / before.left_over):.1f} times (in the whole picture from {before.miss:.1f} to "
                f"{after.miss:.1f}, {_times(before, after):.1f} times): the gap grows with the square of the distance. "
                f"The real change of this pixel grew only {after.ft / before.ft:.1f} times."
            ),
        ),
        Try(
            "down", "Straight down", _SIDE, replace(_SIDE, dx=0.0, dy=2.0, along="column"),
            "The picture moves 2 px to the right. Now it moves 2 px straight down instead: u = 0, so $f_x u$ is "
            "gone. Does the brightness at the picked pixel still change?",
            ("No: without $f_x u$ nothing is left", "Yes: the slope downwards does the same for v"),
            lambda _before, after: int(abs(after.ft) > 5),
            lambda _before, after: (
                f"This pixel changes by {plain(after.ft)}. Its column has a tangent as well, and it predicts $-f_y v$ "
                f"= {plain(after.along_y)}. A motion both ways adds both parts."
            ),
        ),
    ),
    pitfall="Where the motion is longer than the detail, the slope at a pixel says nothing about where the point came "
    "from: the equation is wrong, and nothing in it says so. Steps 8 and 9 are the two ways out.",
    place=_place,
    call=_call,
    unfold=(
        "What is left out, and how to read the equation",
        "The sum $I + f_x\\,dx + f_y\\,dy + f_t\\,dt$ is the beginning of Taylor's series; what it leaves out grows "
        "with the square of the step. Both $I$ in it are the same number (step 1) and cancel. What is left, divided by "
        "$dt$, has the velocities $u = dx/dt$ and $v = dy/dt$ in it: $f_x u + f_y v + f_t = 0$, the **optical flow "
        "constraint**. Read as $f_t = -(f_x u + f_y v)$ it says: a pixel brightens because the motion brings brighter "
        "points to it. With a motion to the right they come from the left: hence the minus.",
    ),
)  # fmt: skip
