"""Step 8, every pixel: a flow iterated pixel by pixel, and as a whole."""

from dataclasses import replace

from flowlab.drawing.board import Board, Dot, Line, Mark, Panel, Row, Square, Table, Words
from flowlab.drawing.board_pictures import flow_panel, grey_rgb
from flowlab.theory.iteration import Floats, Iteration, IterationParameters, iteration
from flowlab.theory.iteration_flow import ROUNDS

from .measure import dense_query
from .plane import told
from .step import Place
from .tex import Tex, number

BY_PIXEL, WHOLE = "pixel by pixel", "whole flow"
_FLOW = 4.0  # px at the rim of the wheel, in all three flows
_ERRORS = (0.1, 4.0)  # px, ends of the logarithmic axis
_LATE = 6  # from this step on, a curve's name stands before its end


def flow_equation(p: IterationParameters, i: Iteration, tex: Tex) -> str:
    """Return what both ways solve and add, with the numbers of the picked pixel."""
    here = p.y, p.x
    fx, fy, flow = tex.ink("f_x", "fx"), tex.ink("f_y", "fy"), "flow"
    now = tex.live("d_k", _pair(i.course.naive[p.k][here]), flow)
    before = tex.ink("d_{k-1}", flow)
    if p.k:
        before = tex.live("d_{k-1}", _pair(i.course.naive[p.k - 1][here]), flow)
    whole = tex.live("(u,v)", _pair(i.course.whole[p.k][here]), flow)
    last = tex.ink(r"u_{k-1}", flow), tex.ink(r"v_{k-1}", flow)
    added = tex.ink(r"\delta_k", flow)
    sums = rf"{fx}\,{tex.ink('u', flow)} + {fy}\,{tex.ink('v', flow)}"
    return (
        rf"\text{{{BY_PIXEL}:}}\;\; {now} = {before} + {added}"
        "\n"
        rf"\text{{{WHOLE}:}}\;\; {sums} = {fx}\,{last[0]} + {fy}\,{last[1]} - {tex.ink('r', 'ft')}"
        "\n"
        rf"\text{{for all of a window, anew:}}\;\; {whole}"
    )


def _pair(values: Floats) -> str:
    return "({},\\,{})".format(*(number(float(value)) for value in values))


def flow_board(p: IterationParameters, i: Iteration) -> Board:
    """Return the errors of both ways, both flows and the true one."""
    naive, whole, truth = _flows(p, i)
    return Board(((_errors(p, i), naive, whole), (_this_pixel(p, i), truth)))


def _flows(p: IterationParameters, i: Iteration) -> tuple[Panel, ...]:
    course, k = i.course, p.k
    truth = flow_panel("field", "True flow: a leaf over pebbles", course.stage.flow, _FLOW,
                       beneath=grey_rgb(course.stage.first), names=("picture", "true flow"),
                       words="colour: direction; its strength: length. Click or drag to pick a pixel")  # fmt: skip
    shown = (
        _flow("naive", BY_PIXEL, k, course.naive[k], course.naive_error[k]),
        _flow("whole", WHOLE, k, course.whole[k], course.whole_error[k]),
        replace(truth, values=None),
    )
    at = float(p.x), float(p.y)
    label = f"picked pixel ({p.x}, {p.y}), truly {told(tuple(course.stage.flow[p.y, p.x].tolist()))}"
    mark = Square(*at, 1, 1, ink="look", held=True, link="picked", label=label)
    return tuple(replace(panel, marks=(mark,), gesture="pick", at=at, snap=1.0) for panel in shown)


def _this_pixel(p: IterationParameters, i: Iteration) -> Table:
    rows = []
    for k in range(p.k + 1):
        both = (flow[k, p.y, p.x] for flow in (i.course.naive, i.course.whole))
        cells = (told((float(u), float(v))).removesuffix(" px/frame") for u, v in both)
        rows.append(Row((str(k), *cells), link=f"step{k}", strong=k == p.k))
    return Table(
        "pixel", "This pixel, step by step", (("k", "text"), (BY_PIXEL, "flow"), (WHOLE, "flow")), tuple(rows),
        words=f"px/frame; true: {told(tuple(i.course.stage.flow[p.y, p.x].tolist()))}",
    )  # fmt: skip


def _flow(name: str, way: str, k: int, flow: Floats, error: float) -> Panel:
    return flow_panel(
        name, f"{way.capitalize()}, k = {k}", flow, _FLOW,
        words=f"whole picture: off by {error:.2f} px on average",
    )  # fmt: skip


def _errors(p: IterationParameters, i: Iteration) -> Panel:
    steps = tuple(float(k) for k in range(p.k + 1))
    still = float(i.course.naive_error[0])
    marks: list[Mark] = [
        Line((0.0, float(ROUNDS)), (still, still), ink="faint", dash="dash",
             label="error of saying that nothing moves"),
        Words(float(ROUNDS), still * 1.14, "no motion at all", "end", 11, ink="faint"),
    ]  # fmt: skip
    for name, errors, dash, above in (
        (BY_PIXEL, i.course.naive_error, "dot", 1.15), (WHOLE, i.course.whole_error, "solid", 0.86),
    ):  # fmt: skip
        shown = tuple(errors[: p.k + 1].tolist())
        marks.append(Line(steps, shown, ink="flow", dash=dash, label=name))
        marks += [
            Dot(k, error, size=3.5, ink="flow", link=f"step{int(k)}", label=f"{name}, k = {int(k)}: {error:.2f} px")
            for k, error in zip(steps, shown, strict=True)
        ]
        if p.k > 1:  # until then both are one
            anchor = "end" if p.k >= _LATE else "start"
            marks.append(Words(steps[-1], shown[-1] * above, name, anchor, 12, ink="flow"))
    return Panel(
        "errors", "Error of both flows over steps", (-0.4, ROUNDS + 0.4), _ERRORS,
        marks=tuple(marks), x_title="steps k", y_title="mean error of the whole picture, px", log_y=True, aspect=1.3,
        words="the first step is the same in both ways" if p.k < 2 else "how far the flow is from the true one",
    )  # fmt: skip


def flow_place(p: IterationParameters) -> Place:
    """Return the link to Dense flow with this scene."""
    return Place(
        "pages/dense_flow.py", "Iterate this flow on Dense flow",
        f"The method lucas-kanade on Dense flow solves for the {WHOLE} at every step, with this window.",
        dense_query(
            iteration(p).course.stage.scene, window=p.window, iterations=max(1, p.k), levels=0, kernel="central",
            damping=0.1, median=1,
        ),
    )  # fmt: skip


def flow_call(p: IterationParameters) -> str:
    """Return Python that computes the whole flow with flowlab alone."""
    settings = f'window={p.window}, levels=0, iterations={max(1, p.k)}, kernel="central", damping=0.1, median=1'
    return f"""\
import numpy as np
import flowlab
from flowlab.dense.lucas_kanade import LucasKanadeParameters, lucas_kanade

clip = flowlab.open_clip({iteration(p).course.stage.scene!r})
p = LucasKanadeParameters({settings})
flow = lucas_kanade(clip.frame(0).grey, clip.frame(1).grey, p)
print(flow[{p.y}, {p.x}], np.linalg.norm(flow - clip.flow(0), axis=-1).mean())
"""
