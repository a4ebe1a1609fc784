"""Step 8: iterate."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from flowlab.drawing.board import Board, Dot, Line, Mark, Panel, Row, Square, Table
from flowlab.drawing.board_pictures import grey_rgb, map_panel, signed_panel
from flowlab.drawing.scales import ColourMap
from flowlab.theory.iteration import (
    ARRIVED,
    EPSILON,
    FLOW,
    STARTS,
    STEPS,
    TRUE_MOTION,
    Floats,
    Iteration,
    IterationParameters,
    iteration,
    starts,
)
from flowlab.theory.stage import Plane

from .iteration_flow import BY_PIXEL, WHOLE, flow_board, flow_call, flow_equation, flow_place
from .measure import sparse_query
from .step import Place, Step, Try
from .tex import Tex, number

_DIFFERENCE, _SURFACE = 60.0, 45.0  # grey levels: full colour, the same at every step, so that shrinking is seen
_OUTSIDE = (-4.5, -7.0)  # px, a start from which the search at the first picked pixel comes to rest elsewhere
_AXES: dict[str, Any] = {"x_title": "u, px to the right", "y_title": "v, px downwards"}


def _pair(values: Floats) -> str:
    return "({},\\,{})".format(*(number(float(value)) for value in values))


def _equation(p: IterationParameters, i: Iteration, tex: Tex) -> str:
    if p.view == FLOW:
        return flow_equation(p, i, tex)
    k, search = i.at, i.search
    now = tex.live("d_k", _pair(search.displacement[k]), "flow")
    slopes = rf"\begin{{bmatrix}}{tex.ink('f_x', 'fx')}\\{tex.ink('f_y', 'fy')}\end{{bmatrix}}"
    sums = rf"-\textstyle\sum w\, {tex.ink('r', 'ft')} {slopes}"
    increment = tex.ink(r"\delta_k" if k else r"\delta_1", "flow")
    if not k:
        return rf"k = 0:\;\; {now} = \text{{start}}" + "\n" + rf"\text{{next:}}\;\; M\,{increment} = {sums}"
    step, before = tex.live(r"\delta_k", _pair(search.increment[k]), "flow"), _pair(search.displacement[k - 1])
    added = rf"{now} = {tex.live('d_{k-1}', before, 'flow')} + {increment}"
    return rf"k = {k}:\;\; M\,{step} = {sums}" + "\n" + added


def _board(p: IterationParameters, i: Iteration) -> Board:
    if p.view == FLOW:
        return flow_board(p, i)
    if p.view == STARTS:
        return Board(((_surface(p, i), _way(i), _basin(p, i)),))
    return Board(((_difference(p, i), _surface(p, i), _increments(i)),))


def _difference(p: IterationParameters, i: Iteration) -> Panel:
    half = p.window // 2
    marks = (
        Square(p.x - half, p.y - half, p.window, p.window, ink="look", held=True, label=f"window of {p.window} px"),
        Dot(p.x, p.y, "square", 3, ink="look", held=True, label=f"picked pixel ({p.x}, {p.y})"),
    )
    u, v = i.search.displacement[i.at]
    return signed_panel(
        "difference", "r: what is left after moving back by d_k", i.difference,
        _DIFFERENCE, beneath=grey_rgb(i.first), names=("first", "r"), marks=marks, gesture="pick",
        at=(float(p.x), float(p.y)), snap=1, ink="ft",
        words=f"d_k = ({_told(u)}, {_told(v)}) px"
        + (": nothing moved yet, so r is f_t" if i.at == 0 and not (u or v) else ": r takes the place of f_t")
        + " · red: second picture brighter, grey rim: outside · click or drag to pick a pixel",
    )  # fmt: skip


def _plane(name: str, title: str, values: Plane, scale: float, unit: str, **more: Any) -> Panel:
    """Return a map over the plane of displacements, a cell for every start."""
    u, v = starts()
    half = float(u[1] - u[0]) / 2
    panel = map_panel(name, title, values, scale, unit=unit, gesture="start", snap=2 * half, **_AXES, **more)
    across = float(u[0]) - half, float(u[-1]) + half
    return replace(panel, x=across, y=(float(v[-1]) + half, float(v[0]) - half))


def _surface(p: IterationParameters, i: Iteration) -> Panel:
    way: tuple[Mark, ...] = ()
    if p.view == STARTS:
        (u, v), (to_u, to_v) = i.search.displacement[i.at].tolist(), TRUE_MOTION
        way = (Line((u, to_u), (v, to_v), ink="true", dash="dash", width=1.5, label="the straight way to ×"),)
    return _plane(
        "surface", "Typical |r| of this window, by displacement", i.surface, _SURFACE, "grey levels",
        colours=ColourMap.RESIDUAL, marks=(*way, *_path(i), _truth()), smooth=True, at=(p.start_u, p.start_v),
        words="typical |r|: root of the mean of r². Every step goes downhill, to the dark, wherever that leads · × the "
        "true motion · drag the start ○",
    )  # fmt: skip


def _path(i: Iteration) -> tuple[Mark, ...]:
    """Return the way up to the step shown, a dot for each place."""
    u, v = ([float(value) for value in column] for column in i.search.displacement[: i.at + 1].T)
    places = [
        Dot(u[k], v[k], "dot" if k else "ring", 4.0 if k else 7.0, ink="flow", link=f"step{k}", held=not k,
            label=f"k = {k}: ({_told(u[k])}, {_told(v[k])}), {i.search.distance[k]:.2f} px from the truth")
        for k in range(i.at + 1)
    ]  # fmt: skip
    return (Line(tuple(u), tuple(v), ink="flow", width=2.5), *places)


def _truth() -> Dot:
    return Dot(*TRUE_MOTION, "cross", 6, ink="true", label=f"true motion ({TRUE_MOTION[0]:g}, {TRUE_MOTION[1]:g}) px")


def _basin(p: IterationParameters, i: Iteration) -> Panel:
    start = Dot(p.start_u, p.start_v, "ring", 7, ink="flow", held=True, link="step0", label="where this search starts")
    return _plane(
        "basin", "Basin of convergence: starts that arrive", i.basin.steps, STEPS, "steps needed",
        colours=ColourMap.SPEED, marks=(start, _truth()), at=(p.start_u, p.start_v),
        words=f"this window: {100 * i.basin.share:.0f} % of these starts come within {ARRIVED:g} px of ×; grey: never",
    )  # fmt: skip


def _way(i: Iteration) -> Panel:
    """Return the residual along the straight way: a hill on it holds the search back."""
    way = i.way
    here = float(np.interp(way.begin, way.place, way.residual))
    k = i.at if -way.begin == float(i.search.distance[i.at]) else 0
    most = max(_SURFACE, float(way.residual.max()))
    marks = (
        Line(tuple(way.place.tolist()), tuple(way.residual.tolist()), ink="ft", label="typical |r|"),
        Dot(way.begin, here, "dot", 5, ink="flow", link=f"step{k}", label=f"k = {k}: {here:.1f} grey levels"),
        Dot(0.0, way.goal, "cross", 6, ink="true", label=f"the true motion: {way.goal:.1f} grey levels"),
    )
    origin = "d_k" if k else "the start"
    return Panel(
        "way", f"Typical |r| on the straight way from {origin} to ×", (float(way.place[0]), float(way.place[-1])),
        (0.0, most), marks, x_title="px before × (0)", y_title="typical |r|, grey levels", aspect=1.2,
        words=f"this window: {here:.1f} at {origin}, up to {way.hill:.1f} on the way, {way.goal:.1f} at ×",
    )  # fmt: skip


def _increments(i: Iteration) -> Table:
    search = i.search
    rows = [
        Row(
            (str(k), "start" if not k else f"{_told(search.increment[k][0])}, {_told(search.increment[k][1])}",
             f"{_told(search.displacement[k][0])}, {_told(search.displacement[k][1])}",
             f"{search.residual[k]:.1f}", f"{search.distance[k]:.2f}"),
            link=f"step{k}", strong=k == i.at,
        )
        for k in range(i.at + 1)
    ]  # fmt: skip
    return Table(
        "increments", "The search at this pixel, step by step",
        (("k", "text"), ("increment, px", "flow"), ("d_k, px", "flow"), ("typical |r|", "ft"), ("off by, px", "true")),
        tuple(rows), words=_ended(i),
    )  # fmt: skip


def _ended(i: Iteration) -> str:
    search = i.search
    if i.at < search.last:
        return "move k to take a step"
    shortest = math.hypot(*search.increment[-1]) <= EPSILON
    why = f"the increment fell below {EPSILON:g} px" if shortest else "the search ends here"
    left = "; the |r| that is left: grey levels between pixels are only estimated" if search.arrived else ""
    return f"stopped after step {i.at}: {why}{left}"


def _told(value: float) -> str:
    return number(float(value)).replace("-", "−")


def _moved(p: IterationParameters, gesture: str, x: float, y: float) -> IterationParameters:
    if gesture == "pick":
        return replace(p, x=int(_inside("x", x)), y=int(_inside("y", y)))
    return replace(p, start_u=_inside("start_u", x), start_v=_inside("start_v", y))


def _inside(name: str, value: float) -> float:
    field = IterationParameters.field(name)
    return min(field.high or 0.0, max(field.low or 0.0, value))


def _place(p: IterationParameters) -> Place:
    if p.view == FLOW:
        return flow_place(p)
    return Place(
        "pages/sparse_tracking.py", "Search at many points on Sparse tracking",
        "Every point followed on Sparse tracking is such a search, with this window and at most this many steps.",
        sparse_query(iteration(p).stage.scene, frame=1, window=p.window, iterations=STEPS, levels=0),
    )  # fmt: skip


def _call(p: IterationParameters) -> str:
    i = iteration(p)
    if p.view == FLOW:
        return flow_call(p)
    return f"""\
import numpy as np
import flowlab
from flowlab.core.gradients import smoothed
from flowlab.tracking.transparent import LucasKanadePointParameters, lucas_kanade_points

clip = flowlab.open_clip({i.stage.scene!r})
first, second = (smoothed(clip.frame(n).grey, {p.blur}) for n in (0, 1))
here = np.array([[{p.x}, {p.y}]], np.float32)
start = np.array([[{p.start_u}, {p.start_v}]], np.float32)
p = LucasKanadePointParameters(window={p.window}, levels=0, iterations={STEPS}, epsilon={EPSILON}, min_eigenvalue=0.0)
found = lucas_kanade_points(first, second, here, p, guess=here + start, trace=True)
for step in found.steps[: {i.at} + 1]:
    print(step.iteration, step.increment[0], step.displacement[0])
"""


def _left(i: Iteration) -> int:
    """Return 0 where the first step leaves next to nothing of the way to the truth, 1 where little, 2 where much."""
    share = float(i.search.distance[1] / i.search.distance[0])
    return 0 if share < 0.02 else 1 if share < 0.2 else 2


def _rises(before: Iteration, after: Iteration, early: int, late: int) -> int:
    """Return 1 where the error of adding pixel by pixel is larger at a later step, else 0."""
    return int(after.course.naive_error[late] > before.course.naive_error[early])


def _why_lost(_before: Iteration, i: Iteration) -> str:
    (u, v), way = i.search.displacement[-1], i.way
    return (
        f"It stops at ({_told(u)}, {_told(v)}), {i.search.distance[-1]:.1f} px from ×. On the way to × |r| of this "
        f"window would first rise from {i.search.residual[-1]:.0f} to {way.hill:.0f} grey levels, before it falls to "
        f"{way.goal:.0f}: the search sits in another valley."
    )


def _why_adding_up(_before: Iteration, i: Iteration) -> str:
    naive, whole = i.course.naive_error, i.course.whole_error
    return (
        f"All are pushed right, and that pixel was right already. Such ripples grow with every step: {BY_PIXEL}, the "
        f"whole picture is off by {naive[_EARLY]:.2f} px after step {_EARLY} and {naive[_LATE]:.2f} px after step "
        f"{_LATE}. The {WHOLE} is solved for anew, one for a window, so ripples do not last: {whole[_LATE]:.2f} px."
    )


_START = IterationParameters()
_FIELD = replace(_START, view=FLOW)
_EARLY, _LATE = 1, 10
STEP = Step(
    name="iterate",
    title="Iterate: warp, solve, add",
    claim="One solution is only a first guess. Move the second picture back by it, which is called warping; solve for "
    "what is left; add; and repeat.",
    parameters=IterationParameters,
    compute=iteration,
    equation=_equation,
    symbols=("k", "dk", "delta", "M", "w", "fx", "fy", "uv", "r"),
    board=_board,
    moved=_moved,
    controls=("view", "k", "window", "blur"),
    tries=(
        Try(
            "once", "Take one step", _START, replace(_START, k=1),
            "The search starts with no displacement. It takes one step: least squares over the window. "
            "How much of the way to the true motion × is then left?",
            ("Nothing", "Less than a fifth", "More than a third"),
            lambda before, _after: _left(before),
            lambda _before, after: (
                f"{after.search.distance[1]:.1f} of {after.search.distance[0]:.1f} px are left: slopes describe "
                f"brightness only nearby. From the new place a step is better: {after.search.distance[3]:.2f} px are "
                "left after step 3. Move k to see."
            ),
        ),
        Try(
            "outside", "Start elsewhere", replace(_START, start_u=_OUTSIDE[0], start_v=_OUTSIDE[1]),
            replace(_START, view=STARTS, k=STEPS, start_u=_OUTSIDE[0], start_v=_OUTSIDE[1]),
            f"The search now begins at the ring ○, ({_told(_OUTSIDE[0])}, {_told(_OUTSIDE[1])}) px. Every step goes "
            "downhill on the map. Where does it end?",
            ("At ×, after more steps", "Somewhere else, and stays"),
            lambda _before, after: int(not after.search.arrived),
            _why_lost,
        ),
        Try(
            "naive", "A flow for every pixel", replace(_FIELD, k=_EARLY), replace(_FIELD, k=_LATE),
            f"{BY_PIXEL.capitalize()}: an increment makes good the average error of its window, but only the pixel in "
            "the middle gets it. Say this pixel is right, and its neighbours are 1 px too far left. What do its next "
            f"increments do, and so the error of the whole picture until step {_LATE}?",
            ("Leave it: errors shrink", "Push it right: errors grow"),
            lambda before, after: _rises(before, after, _EARLY, _LATE),
            _why_adding_up,
        ),
    ),
    pitfall="Small increments do not prove the truth: a search comes to rest in a wrong valley as well. Look at what "
    "is left of |r|, or search backwards, from the second picture to the first: does it return to the pixel? A basin "
    "is about as wide as the detail around it. Blur often widens it, not always; the next step does better.",
    place=_place,
    call=_call,
)  # fmt: skip
