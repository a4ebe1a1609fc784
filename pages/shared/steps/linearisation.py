"""Step 2: linearise, and arrive at one linear equation for the flow."""

import math
from dataclasses import replace

from flowlab.drawing.board import Arrow, Board, Dot, Line, Panel, Words
from flowlab.drawing.board_pictures import grey_panel, grey_rgb
from flowlab.theory.linearisation import TEXTURES, Linearisation, LinearisationParameters, Reach, linearisation

from .measure import dense_query
from .step import Place, Step, Try
from .tangent import SNAP, axis_of, ends, plain, slice_panel
from .tex import Tex

_REACH_X, _REACH_Y = (0.5, 30.0), (0.3, 200.0)  # ends of the axes of the plot of errors
_LIMIT = LinearisationParameters.field("dx").high or 0


def _equation(p: LinearisationParameters, n: Linearisation, tex: Tex) -> str:
    slope_x, slope_y = tex.live("f_x", n.fx, "fx", 1), tex.live("f_y", n.fy, "fy", 1)
    moved, now = tex.live(r"I(x+dx,\,y+dy,\,t+dt)", n.moved, "second", 0), tex.live("I(x,y,t)", n.now, "first", 0)
    change = tex.live("f_t", n.ft, "ft", 1)
    dx, dy, u, v = (tex.live(s, d, "flow") for s, d in (("dx", p.dx), ("dy", p.dy), ("u", p.dx), ("v", p.dy)))
    return (
        r"\begin{aligned}"
        rf"{moved} \;&\approx\; {now} + {slope_x}\cdot {dx} + {slope_y}\cdot {dy} + {change}\,dt \\[.4em]"
        r"\text{both } I \text{ are equal; divide by } dt\text{:}\qquad "
        rf"0 \;&\approx\; {slope_x}\cdot {u} + {slope_y}\cdot {v} + {change} \;=\; {tex.value(n.left_over, 'ft', 1)}"
        r"\end{aligned}"
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
        words=f"{p.texture.capitalize()} texture, detail of {TEXTURES[p.texture]:g} px. Click to pick a pixel.",
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
                label=f"here and now: {n.miss:.1f} missed, {n.change:.1f} happen"),
        ]  # fmt: skip
    halves = ", ".join(f"{reach.texture} {reach.half:.1f} px" for reach in n.reaches)
    return Panel(
        "errors", "What the tangent misses, over the whole picture", _REACH_X, _REACH_Y, tuple(marks),
        x_title="displacement, px", y_title="missed, grey levels", log_x=True, log_y=True, aspect=1.1, ink="ft",
        words=f"Rings: from here on it misses more than half of what happens: {halves}.",
    )  # fmt: skip


def _error_curve(reach: Reach, chosen: bool) -> tuple[Line | Dot | Words, ...]:
    sigma = TEXTURES[reach.texture]
    far = reach.distance >= _REACH_X[0]
    x, y = (tuple(map(float, values[far])) for values in (reach.distance, reach.miss))
    label = f"{reach.texture} texture: detail of {sigma:g} px"
    half = f"{reach.texture}: half is missed from {reach.half:.1f} px on"
    return (
        Line(x, y, ink="ft", width=3 if chosen else 2, faded=not chosen, label=label, link=reach.texture),
        Dot(reach.half, reach.half_miss, "ring", 5, ink="ft", faded=not chosen, label=half, link=reach.texture),
        Words(x[-1] * 1.08, y[-1], reach.texture, ink="ft", faded=not chosen),
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
        "Lucas-Kanade without a pyramid and with one iteration rests on this equation as it stands: where the tangent "
        "fails, so does its flow. Then give it levels and iterations.",
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


_SIX = LinearisationParameters(x=36, y=12, dx=6.0, texture="fine")
_ONE = LinearisationParameters(dx=1.0, texture="fine")
_SIDE = LinearisationParameters(dx=2.0)
STEP = Step(
    name="linearise",
    title="A picture is nearly a slope",
    claim="Over a small step a picture is nearly its tangent: slope times displacement tells how a pixel's brightness "
    "changes. That turns constancy into one linear equation for the flow $(u, v)$.",
    parameters=LinearisationParameters,
    compute=linearisation,
    equation=_equation,
    symbols=("I", "I'", "fx", "fy", "ft", "dx", "dt", "uv"),
    board=_board,
    moved=_moved,
    controls=("dx", "dy", "texture", "along"),
    tries=(
        Try(
            "coarse", "6 px, fine and coarse", _SIX, replace(_SIX, texture="coarse"),
            "Fine texture moves by 6 px. At the picked pixel the tangent is wrong even about the sign. Now the texture "
            "becomes four times as coarse, and still moves by 6 px. Does the tangent get it right?",
            ("No: 6 px are too far for a tangent", "Nearly: the slope now lasts for 6 px", "It gets even worse"),
            lambda before, after: (
                1 if abs(after.left_over) < abs(after.ft) / 4 else 0 if after.miss < before.miss else 2
            ),
            lambda before, after: (
                f"Fine: predicted {plain(before.predicted)}, happens {plain(before.ft)}. Coarse: predicted "
                f"{plain(after.predicted)}, happens {plain(after.ft)}. Not the pixels count, but how many of them a "
                "slope lasts: a tangent is good for about the size of the detail."
            ),
        ),
        Try(
            "double", "Move twice as far", _ONE, replace(_ONE, dx=2.0),
            "The picture moves by 1 px; the orange dot tells what the tangent misses. Now it moves by 2 px. "
            "How does the miss grow?",
            ("It doubles", "About four times", "About eight times"),
            lambda before, after: min(2, max(0, round(math.log2(_times(before, after))) - 1)),
            lambda before, after: (
                f"From {before.miss:.1f} to {after.miss:.1f} grey levels, {_times(before, after):.1f} times: a tangent "
                "leaves out the curvature, whose part grows with the square of the displacement. What happens only "
                f"grew {after.change / before.change:.1f} times."
            ),
        ),
        Try(
            "down", "Straight down", _SIDE, replace(_SIDE, dx=0.0, dy=2.0, along="column"),
            "The picture moves 2 px to the right. Now it moves 2 px straight down instead: u = 0, so $f_x u$ is "
            "gone. Does the brightness at the picked pixel still change?",
            ("No: without $f_x u$ nothing is left", "Yes: the slope downwards does the same for v"),
            lambda _before, after: int(abs(after.ft) > 5),
            lambda _before, after: (
                f"It changes by {plain(after.ft)}. The column has a tangent as well, and it predicts $-f_y v$ = "
                f"{plain(after.along_y)}. A motion both ways adds both parts."
            ),
        ),
    ),
    pitfall="Where the motion is longer than the detail, the slope at a pixel says nothing about where the point came "
    "from, and the equation is wrong with full confidence. Coarser pictures (pyramids) and repeating (iteration) are "
    "the two ways out.",
    place=_place,
    call=_call,
    unfold=(
        "Where do the terms come from?",
        "Go from a pixel one step to the right: brightness grows by the slope $f_x$. Go $dx$ px: by about $f_x\\,dx$. "
        "Then $dy$ px down: by about $f_y\\,dy$ more. Then wait for $dt$: by about $f_t\\,dt$ more. So "
        "$I(x+dx,y+dy,t+dt) \\approx I(x,y,t) + f_x\\,dx + f_y\\,dy + f_t\\,dt$, the first terms of Taylor's series; "
        "what is left out grows with the square of the step. But the point we follow keeps its brightness (step 1): "
        "both $I$ are the same number and cancel. What is left, divided by $dt$, has the velocities $u = dx/dt$ and "
        "$v = dy/dt$ in it: $f_x u + f_y v + f_t = 0$, the **optical flow constraint**. Read as "
        "$f_t = -(f_x u + f_y v)$ it says: a pixel brightens because the motion brings brighter points to it, from the "
        "left ($f_x u$) and from above ($f_y v$).",
    ),
)  # fmt: skip
