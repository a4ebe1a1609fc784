"""Step 8: iterate."""

from dataclasses import replace
from typing import Any

from flowlab.drawing.board import Board, Dot, Line, Mark, Panel, Row, Square, Table, Words
from flowlab.drawing.board_pictures import flow_panel, grey_rgb, map_panel, signed_panel
from flowlab.drawing.scales import ColourMap
from flowlab.theory.iteration import (
    ARRIVED,
    EPSILON,
    FLOW,
    ROUNDS,
    STEPS,
    TRUE_MOTION,
    Basin,
    Floats,
    Iteration,
    IterationParameters,
    iteration,
)
from flowlab.theory.stage import Plane

from .measure import dense_query
from .step import Place, Step, Try
from .tex import Tex, number

_DIFFERENCE = 60.0  # grey levels: full colour, the same at every step, so that shrinking is seen
_SURFACE = 60.0
_FLOW = 4.0  # px at the rim of the wheel, in all three flows
_ERRORS = (0.1, 4.0)  # px, ends of the logarithmic axis
_OUTSIDE = (6.0, -8.0)  # px, a start from which the search at the first picked pixel comes to rest elsewhere
_WIDE = 2.2  # width over height of the errors' plot where only a table stands beside it
_AXES: dict[str, Any] = {"x_title": "u, px to the right", "y_title": "v, px downwards"}


def _pair(values: Floats) -> str:
    return "({},\\,{})".format(*(number(float(value)) for value in values))


def _equation(_p: IterationParameters, i: Iteration, tex: Tex) -> str:
    k, search = i.at, i.search
    now = tex.live("d_k", _pair(search.displacement[k]), "flow")
    left = rf"\qquad \text{{mean }} {tex.live('|r|', float(search.residual[k]), 'ft', 1)}"
    if not k:
        return rf"k=0:\qquad {now} \;=\; \text{{the start}}{left}"
    step, before = tex.live(r"\delta_k", _pair(search.increment[k]), "flow"), _pair(search.displacement[k - 1])
    sums = rf"\textstyle\sum w\, {tex.ink('r', 'ft')} \tbinom{{{tex.ink('f_x', 'fx')}}}{{{tex.ink('f_y', 'fy')}}}"
    increment = tex.ink(r"\delta_k", "flow")
    added = rf"{now} = {tex.live('d_{k-1}', before, 'flow')} + {increment}"
    return rf"k={k}:\quad M\,{step} = -{sums}\qquad {added}{left}"


def _board(p: IterationParameters, i: Iteration) -> Board:
    maps = _difference(p, i), _surface(p, i), _basin(p, i)
    table, errors = _increments(i), _errors(p, i)
    naive, whole, truth = _flows(p, i)
    if p.view == FLOW:
        return Board(((errors, naive, whole), maps, (table, truth)))
    return Board((maps, (table, replace(errors, aspect=_WIDE)), (naive, whole, truth)))


def _difference(p: IterationParameters, i: Iteration) -> Panel:
    half = p.window // 2
    marks = (
        Square(p.x - half, p.y - half, p.window, p.window, ink="look", held=True, label=f"window of {p.window} px"),
        Dot(p.x, p.y, "square", 3, ink="look", held=True, label=f"picked pixel ({p.x}, {p.y})"),
    )
    u, v = i.search.displacement[i.at]
    return signed_panel(
        "difference", f"What is left after moving back by d{_sub(i.at)}", i.difference,
        _DIFFERENCE, beneath=grey_rgb(i.first), names=("first", "difference"), marks=marks, gesture="pick",
        at=(float(p.x), float(p.y)), snap=1, ink="ft",
        words=f"d{_sub(i.at)} = ({_told(u)}, {_told(v)}) px · click or drag to pick a pixel",
    )  # fmt: skip


def _plane(name: str, title: str, basin: Basin, values: Plane, scale: float, unit: str, **more: Any) -> Panel:
    """Return a map over the plane of displacements, a cell for every start."""
    half = float(basin.u[1] - basin.u[0]) / 2
    panel = map_panel(name, title, values, scale, unit=unit, gesture="start", snap=2 * half, **_AXES, **more)
    across = float(basin.u[0]) - half, float(basin.u[-1]) + half
    return replace(panel, x=across, y=(float(basin.v[-1]) + half, float(basin.v[0]) - half))


def _surface(p: IterationParameters, i: Iteration) -> Panel:
    return _plane(
        "surface", "The way through the error surface", i.basin, i.basin.surface, _SURFACE, "grey levels",
        colours=ColourMap.RESIDUAL, marks=(*_path(i), _truth()), smooth=True, at=(p.start_u, p.start_v),
        words="dark: window and picture agree · × the true motion · drag the start ○",
    )  # fmt: skip


def _path(i: Iteration) -> tuple[Mark, ...]:
    """Return the way up to the step shown, a dot for each place."""
    u, v = ([float(value) for value in column] for column in i.search.displacement[: i.at + 1].T)
    places = [
        Dot(u[k], v[k], "dot" if k else "ring", 4.0 if k else 7.0, ink="flow", link=f"step{k}", held=not k,
            label=f"d{_sub(k)} = ({_told(u[k])}, {_told(v[k])}), {i.search.distance[k]:.2f} px from the truth")
        for k in range(i.at + 1)
    ]  # fmt: skip
    return (Line(tuple(u), tuple(v), ink="flow", width=2.5), *places)


def _truth() -> Dot:
    return Dot(*TRUE_MOTION, "cross", 6, ink="true", label=f"true motion ({TRUE_MOTION[0]:g}, {TRUE_MOTION[1]:g}) px")


def _basin(p: IterationParameters, i: Iteration) -> Panel:
    start = Dot(p.start_u, p.start_v, "ring", 7, ink="flow", held=True, link="step0", label="where this search starts")
    return _plane(
        "basin", "Basin of convergence: starts that arrive", i.basin, i.basin.steps, STEPS, "steps needed",
        colours=ColourMap.SPEED, marks=(start, _truth()), at=(p.start_u, p.start_v),
        words=f"{100 * i.basin.share:.0f} % of these starts end within {ARRIVED:g} px of ×; grey: never",
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
    ended = "move k to go on"
    if i.at == search.last:
        ended = "it stands still" + ("; what |r| is left comes from reading between pixels" if search.arrived else "")
    return Table(
        "increments", "Increments",
        (("k", "text"), ("δ, px", "flow"), ("d, px", "flow"), ("mean |r|", "ft"), ("off by, px", "true")),
        tuple(rows), words=f"after step {i.at}: {ended}",
    )  # fmt: skip


def _flows(p: IterationParameters, i: Iteration) -> tuple[Panel, ...]:
    course, k = i.course, p.k
    truth = flow_panel("field", "True flow: a leaf over pebbles", course.stage.flow, _FLOW,
                       beneath=grey_rgb(course.stage.first), names=("picture", "true flow"))  # fmt: skip
    return (
        flow_panel("naive", f"Increments added pixel by pixel, k = {k}", course.naive[k], _FLOW,
                   words=f"off by {course.naive_error[k]:.2f} px on average"),
        flow_panel("whole", f"Whole flow solved for at each warp, k = {k}", course.whole[k], _FLOW,
                   words=f"off by {course.whole_error[k]:.2f} px on average"),
        replace(truth, values=None),
    )  # fmt: skip


def _errors(p: IterationParameters, i: Iteration) -> Panel:
    steps = tuple(float(k) for k in range(p.k + 1))
    still = float(i.course.naive_error[0])
    marks: list[Mark] = [
        Line(
            (0.0, float(ROUNDS)), (still, still), ink="faint", dash="dash", label="error of saying that nothing moves"
        ),
        Words(0.8, still * 1.14, "no motion at all", "start", 11, ink="faint"),
    ]
    for name, errors in {"naive": i.course.naive_error, "whole flow": i.course.whole_error}.items():
        shown = tuple(errors[: p.k + 1].tolist())
        marks.append(Line(steps, shown, ink="flow", dash="dot" if name == "naive" else "solid", label=name))
        marks += [
            Dot(k, error, size=3.5, ink="flow", link=f"step{int(k)}", label=f"{name}, k = {int(k)}: {error:.2f} px")
            for k, error in zip(steps, shown, strict=True)
        ]
        if p.k > 1:  # until then both are one
            marks.append(Words(steps[-1] + 0.4, shown[-1], name, "start", 12, ink="flow"))
    return Panel(
        "errors", "A flow for every pixel, in two ways: error over steps", (-0.4, ROUNDS + 4.0), _ERRORS,
        marks=tuple(marks), x_title="steps k", y_title="mean error, px", log_y=True, aspect=1.5,
        words="An increment fits its whole window but is added to one pixel's own displacement, which the neighbours "
        "do not share: what differs between them is fed back, and grows. Solved for, a window's flow stays one.",
    )  # fmt: skip


def _sub(k: int) -> str:
    return str(k).translate(str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉"))


def _told(value: float) -> str:
    return f"{round(float(value), 2) + 0.0:.2f}".replace("-", "−")


def _moved(p: IterationParameters, gesture: str, x: float, y: float) -> IterationParameters:
    if gesture == "pick":
        return replace(p, x=int(_inside("x", x)), y=int(_inside("y", y)))
    return replace(p, start_u=_inside("start_u", x), start_v=_inside("start_v", y))


def _inside(name: str, value: float) -> float:
    field = IterationParameters.field(name)
    return min(field.high or 0.0, max(field.low or 0.0, value))


def _place(p: IterationParameters) -> Place:
    return Place(
        "pages/dense_flow.py", "Iterate this flow on Dense flow",
        "The method lucas-kanade there solves for the whole flow at every warp: these iterations, this window.",
        dense_query(
            iteration(p).course.stage.scene, window=p.window, iterations=max(1, p.k), levels=0, kernel="central",
            damping=0.1, median=1,
        ),
    )  # fmt: skip


def _call(p: IterationParameters) -> str:
    i = iteration(p)
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
    print(step.iteration, step.increment[0], step.displacement[0], step.residual[0])
"""


def _left(i: Iteration) -> int:
    """Return 0 where the first step leaves next to nothing of the way to the truth, 1 where little, 2 where much."""
    share = float(i.search.distance[1] / i.search.distance[0])
    return 0 if share < 0.02 else 1 if share < 0.2 else 2


def _turn(before: Iteration, after: Iteration, early: int, late: int) -> int:
    """Return 0 where the naive error falls from one step to a later one, 1 where it stays, 2 where it rises."""
    ratio = float(after.course.naive_error[late] / before.course.naive_error[early])
    return 0 if ratio < 0.8 else 2 if ratio > 1.25 else 1


def _why_lost(_before: Iteration, i: Iteration) -> str:
    u, v = i.search.displacement[-1]
    return (
        f"It comes to rest at ({_told(u)}, {_told(v)}), {i.search.distance[-1]:.1f} px from the truth, with increments "
        f"as good as 0: a valley of its own. Only the residual tells: {i.search.residual[-1]:.1f} grey levels instead "
        f"of {_before.search.residual[-1]:.1f}."
    )


_START = IterationParameters()
_LOST = replace(_START, k=STEPS, start_u=_OUTSIDE[0], start_v=_OUTSIDE[1])
_FIELD = replace(_START, view=FLOW)
_EARLY, _LATE = 3, 10
STEP = Step(
    name="iterate",
    title="Iterate: warp, solve, add",
    claim="One solution is only a first guess: move the second picture back by it, solve for what is left, add, and "
    "repeat until nothing is left.",
    parameters=IterationParameters,
    compute=iteration,
    equation=_equation,
    symbols=("k", "dk", "delta", "M", "w", "fx", "fy", "r"),
    board=_board,
    moved=_moved,
    controls=("k", "window", "blur", "view"),
    tries=(
        Try(
            "once", "Take one step", replace(_START, k=0), replace(_START, k=1),
            "The search starts with no displacement at all. It takes one step: least squares over the window. "
            "How much of the way to the true motion × is then left?",
            ("Nothing: least squares is exact", "A little, less than a fifth", "Much, more than a third"),
            lambda before, _after: _left(before),
            lambda _before, after: (
                f"{after.search.distance[1]:.1f} of {after.search.distance[0]:.1f} px are left: slopes describe "
                f"brightness only nearby. Repeated, it closes in: {after.search.distance[5]:.2f} px after step 5. "
                "Move k to see."
            ),
        ),
        Try(
            "outside", "Start outside the basin", replace(_START, k=STEPS), _LOST,
            f"The search now begins at ({_told(_OUTSIDE[0])}, {_told(_OUTSIDE[1])}) px, in the grey of the map of "
            "starts. Where does it go?",
            ("To ×, it only takes more steps", "To a wrong place, and it comes to rest there"),
            lambda _before, after: int(not after.search.arrived),
            _why_lost,
        ),
        Try(
            "naive", "Add up, pixel by pixel", replace(_FIELD, k=_EARLY), replace(_FIELD, k=_LATE),
            f"A flow for every pixel of a leaf over pebbles, after {_EARLY} steps. Both ways solve the same equations; "
            f"the naive one adds every increment to its own pixel. What does its error do until step {_LATE}?",
            ("It goes on falling", "It stays as it is", "It rises, and goes on rising"),
            lambda before, after: _turn(before, after, _EARLY, _LATE),
            lambda _before, after: (
                f"It rises from {after.course.naive_error[_EARLY]:.2f} to {after.course.naive_error[_LATE]:.2f} px, "
                f"while solving for the whole flow stays at {after.course.whole_error[_LATE]:.2f} px: what differs "
                "between neighbours' displacements fits no common window, and is added again at every step."
            ),
        ),
    ),
    pitfall="Small increments do not prove the truth: a search that began outside the basin comes to rest as well, in "
    "another valley. Look at the residual that is left, or search from the other picture back. A basin is about as "
    "wide as the detail it lies in: blurring first widens it, and that is what the next step builds on.",
    place=_place,
    call=_call,
)  # fmt: skip
