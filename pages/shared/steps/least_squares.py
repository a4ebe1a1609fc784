"""Step 6: least squares."""

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.board import Board, Dot, Line, Mark, Panel, Row, Square, Strip, Table
from flowlab.drawing.board_pictures import grey_panel
from flowlab.drawing.scales import ColourMap, colour_scale, sequential_colours
from flowlab.theory.error_surface import REACH, Cut
from flowlab.theory.least_squares import (
    BY_HAND,
    DRAWS,
    FRAME,
    LENS,
    LINEAR,
    LeastSquares,
    LeastSquaresParameters,
    least_squares,
)

from .marks import dots
from .measure import dense_query
from .step import Place, Step, Try
from .tex import Tex

_SCALE = 30.0  # grey levels: full colour of the root mean square residual, the same for every window
_MOST = 800.0  # grey levels^2: top of the cuts' axis, the same for every window
_NONE = r"\text{no one answer}"
_VERDICTS = (
    "flat paper: no slope but noise, so every motion fits alike and there is no answer",
    "an edge: a valley, so the motion is known across the edge and not along it",
    "a bowl with one lowest point: the motion is known both ways",
)


def _equation(_p: LeastSquaresParameters, n: LeastSquares, tex: Tex) -> str:
    (xx, xy), (_, yy) = n.m
    mixed = tex.live(r"\sum f_xf_y", xy, "text", 0)
    matrix = _stack(
        tex.live(r"\sum f_x^2", xx, "fx", 0) + "&" + mixed, mixed + "&" + tex.live(r"\sum f_y^2", yy, "fy", 0)
    )
    sums = _stack(*(tex.live(rf"-\sum f_{axis}f_t", q, "ft", 0) for axis, q in zip("xy", n.q, strict=True)))
    flow = tex.ink(_stack("u", "v", gap="0.2em"), "flow")
    values = _stack(*(tex.value(value, "flow") for value in n.flow), gap="0.2em")
    answer = rf"{tex.ink('M^{-1}', 'text')}\,{tex.ink('q', 'ft')} = {values}" if n.solved else _NONE
    noise = tex.live(r"\sigma_n", n.noise, "text", 1)
    return (
        rf"\underbrace{{{matrix}}}_{{M}} {flow} = \underbrace{{{sums}}}_{{q}} \;\Rightarrow\; "
        rf"{flow} = {answer} \qquad {tex.ink('C', 'flow')} = 2\,{noise}^2\,M^{{-1}}"
    )


def _stack(upper: str, lower: str, *, gap: str = "1.4em") -> str:
    """Return a matrix of two rows."""
    return rf"\begin{{bmatrix}} {upper} \\[{gap}] {lower} \end{{bmatrix}}"


def _board(p: LeastSquaresParameters, n: LeastSquares) -> Board:
    half = p.window // 2
    window = Square(
        n.x - half, n.y - half, p.window, p.window, ink="look", held=True,
        label=f"the window: {n.pixels} pixels around ({n.x}, {n.y})",
    )  # fmt: skip
    picture = grey_panel(
        "picture", "The window that votes", n.first, marks=(window,), gesture="window",
        at=(float(n.x), float(n.y)), snap=1, words="Drag the window: corner, edge, flat paper.",
    )  # fmt: skip
    return Board(((picture, _map(p, n), _cuts(n)), (_table(n),)))


def _map(p: LeastSquaresParameters, n: LeastSquares) -> Panel:
    left = np.sqrt(n.surface)
    margin = (n.u[1] - n.u[0]) / 2
    which = "the linear equations leave" if p.surface == LINEAR else "really shifting leaves"
    return Panel(
        "map", "E(u,v): what each motion leaves unexplained", (n.u[0] - margin, n.u[-1] + margin),
        (n.v[-1] + margin, n.v[0] - margin), image=sequential_colours(left, _SCALE, ColourMap.RESIDUAL), smooth=True,
        values=left, unit="grey levels", x_title="u, px (right)", y_title="v, px (down)", ink="ft",
        strip=Strip(colour_scale(ColourMap.RESIDUAL, 256, 8), ("0", f"{_SCALE:g} grey levels")), marks=_marks(n),
        words=f"Colour: √(E / {n.pixels}), what {which} a pixel on average. {_VERDICTS[n.known].capitalize()}.",
    )  # fmt: skip


def _marks(n: LeastSquares) -> tuple[Mark, ...]:
    marks: list[Mark] = [
        Line(x, y, ink="ft", width=1.0, closed=True, faded=True, label="a line of equal E of the linear equations")
        for x, y in n.contours
    ]
    marks.append(dots(n.draws, ink="flow", width=3.5, label=f"answers with {DRAWS} other draws of the noise"))
    if n.ellipse:
        x, y = n.ellipse
        u, v = n.flow.tolist()
        size = " × ".join(f"{axis:.2f}" for axis in n.deviation)
        marks.append(
            Line(x, y, ink="flow", closed=True, filled=True, link="ellipse", label=f"1 σ of noise: ± {size} px")
        )
        marks += [
            Line(
                tuple((u + np.array([-1, 1]) * way[0] * reach).tolist()),
                tuple((v + np.array([-1, 1]) * way[1] * reach).tolist()), ink=ink, link=ink, width=1.0,
            )
            for ink, way, reach in zip(("major", "minor"), n.axes, n.deviation, strict=True)
        ]  # fmt: skip
        marks.append(Dot(u, v, ink="flow", label=f"estimate ({u:.2f}, {v:.2f}) px"))
    true_u, true_v = n.truth.tolist()
    return (*marks, Dot(true_u, true_v, "cross", 6, ink="true", label=f"truth ({true_u:g}, {true_v:g}) px"))


def _cuts(n: LeastSquares) -> Panel:
    def lines(cut: Cut, ink: str, words: str) -> tuple[Line, Line]:
        at = tuple(cut.distance.tolist())
        return (
            Line(at, tuple(cut.linear.tolist()), ink=ink, link=ink, width=2.5, label=f"{words}, linear equations"),
            Line(
                at,
                tuple(cut.true.tolist()),
                ink=ink,
                link=ink,
                width=1.5,
                dash="dash",
                label=f"{words}, really shifted",
            ),
        )

    marks = (*lines(n.cuts[1], "minor", "the flattest way"), *lines(n.cuts[0], "major", "the steepest way"))
    return Panel(
        "cuts", "Two cuts through the lowest point: steepest, flattest", (-REACH, REACH), (0.0, _MOST), marks=marks,
        x_title="px from the lowest point", y_title="E / n, grey levels²", aspect=1.0,
        words="Solid: the linear equations, a parabola. Dashed: the picture really shifted. "
        "Farther out the two part.",
    )  # fmt: skip


def _table(n: LeastSquares) -> Table:
    named = zip(("steepest way", "flattest way"), ("major", "minor"), range(2), strict=True)
    rows = tuple(
        Row(
            (f"{name} {_way(n.axes[i])}", f"{n.eigenvalues[i]:.0f}", f"{n.noise_floor:.0f}",
             _px(n.deviation[i]), _px(n.scatter[i]), _px(n.off[i], signed=True)),
            link=ink,
        )
        for name, ink, i in named
    )  # fmt: skip
    columns = (
        ("along the axes of M", "text"), ("steepness λ, levels²/px²", "text"), ("noise alone would give", "faint"),
        ("1 σ by C", "flow"), (f"scatter of {DRAWS} answers", "flow"), ("their mean misses the truth by", "true"),
    )  # fmt: skip
    return Table(
        "axes", f"What the covariance predicts, and what {DRAWS} other draws of the noise do (small dots)", columns,
        rows,
        words=f"σₙ is known from the noise set here, with the rounding to whole levels: {n.noise:.2f}. "
        f"Where it is not known, the residuals tell it: {n.noise_told:.2f}. "
        "Two answers in three lie within 1 σ, either way.",
    )  # fmt: skip


def _way(axis: NDArray[np.float64]) -> str:
    return f"({axis[0]:.2f}, {axis[1]:.2f})".replace("-", "−")


def _px(value: float, signed: bool = False) -> str:
    if math.isnan(value):
        return "no answer"
    if math.isinf(value):
        return "∞"
    return f"{round(value, 3) + 0.0:{'+' if signed else ''}.3f} px".replace("-", "−")


def _moved(p: LeastSquaresParameters, _gesture: str, x: float, y: float) -> LeastSquaresParameters:
    return replace(p, place=BY_HAND, x=int(x), y=int(y), landscape=p.on_landscape)


def _place(p: LeastSquaresParameters) -> Place:
    return Place(
        "pages/dense_flow.py", "Measure this pair on Dense flow",
        "The method lucas-kanade solves this 2×2 system around every pixel.",
        dense_query(p.scene, frame=FRAME, window=p.window),
    )  # fmt: skip


def _call(p: LeastSquaresParameters) -> str:
    given = ", ".join(f"{name}={value!r}" for name, value in p.changed().items())
    return f"""\
from flowlab.theory.least_squares import LeastSquaresParameters, least_squares

# Scene {p.scene!r}, frames {FRAME} and {FRAME + 1}, through a lens that blurs by {LENS:g} px.
n = least_squares(LeastSquaresParameters({given}))
print("M", n.m, "q", n.q)
print("(u, v)", n.flow, "truth", n.truth)
print("C", n.covariance, "1 sigma along its axes", n.deviation)
"""


def _stretches(before: LeastSquares, after: LeastSquares) -> int:
    grows = after.deviation / before.deviation  # major, minor
    return 1 if grows[1] > 2 * grows[0] else 0 if grows[1] > 1.5 else 2


def _grown(before: LeastSquares, after: LeastSquares) -> float:
    return float(np.mean(after.deviation / before.deviation))


_START = LeastSquaresParameters()
_TEXTURE = replace(_START, place="landscape")
STEP = Step(
    name="least-squares",
    title="Least squares: the window's answer",
    claim="One motion cannot satisfy every pixel, so take the one that leaves the least: sums over the window give it, "
    "and the shape of the bowl around it says how far to trust it.",
    parameters=LeastSquaresParameters,
    compute=least_squares,
    equation=_equation,
    symbols=("M", "q", "uv", "E", "noise", "C", "fx", "fy", "ft"),
    board=_board,
    moved=_moved,
    controls=("place", "window", "noise", "surface", "span"),
    tries=(
        Try(
            "edge", "From corner to edge", _START, replace(_START, place="edge"),
            "At the corner the ellipse is small and nearly round. The window slides along to the middle of the edge. "
            "What becomes of the ellipse?",
            ("It grows alike in all directions", "It stretches along the edge only", "It stays as it is"),
            _stretches,
            lambda before, after: (
                f"Across the edge it stays at ± {after.deviation[0]:.2f} px, along it grows from "
                f"± {before.deviation[1]:.2f} to ± {after.deviation[1]:.2f}: "
                f"the longer axis is now {after.stretch:.0f} times the shorter one, {before.stretch:.1f} times before. "
                f"Even that is too hopeful: on average the dots miss the cross by {abs(after.off[1]):.2f} px along it."
            ),
        ),
        Try(
            "noise", "Twice the noise", replace(_START, span=0.5), replace(_START, span=0.5, noise=2 * _START.noise),
            "The camera's noise doubles from 5 to 10 grey levels. How much longer do the axes of the ellipse become?",
            ("About 1.4 times", "About 2 times", "About 4 times"),
            lambda before, after: 0 if (grown := _grown(before, after)) < 1.6 else 1 if grown < 3 else 2,
            lambda before, after: (
                f"{_grown(before, after):.1f} times: from ± {before.deviation[1]:.2f} to ± {after.deviation[1]:.2f} px "
                f"the flattest way. The covariance grows with the noise's variance, so by 4, and an axis is its root."
            ),
        ),
        Try(
            "window", "A larger window", _TEXTURE, replace(_TEXTURE, window=15),
            "On the landscape there is texture everywhere. The window grows from 7 to 15 pixels a side. "
            "What does the ellipse do?",
            ("It shrinks: more pixels vote", "It grows: more noise comes in", "Nothing: noise averages the same"),
            lambda before, after: 0 if (grown := _grown(before, after)) < 0.8 else 1 if grown > 1.25 else 2,
            lambda before, after: (
                f"The flattest way it falls from ± {before.deviation[1]:.2f} to ± {after.deviation[1]:.2f} px: "
                f"M is a sum, and {after.pixels} pixels add up to more than {before.pixels}. "
                "That holds while they all move alike."
            ),
        ),
    ),
    pitfall="The ellipse knows the noise in the change from picture to picture, and nothing else. Noise also makes "
    "slopes look steeper than they are, which pulls the answer towards no motion wherever the window holds little "
    "else: on an edge the small dots gather around the motion across it, far from the cross, and on flat paper around "
    "(0, 0). Set the noise to 0 on flat paper, and M has no inverse at all.",
    place=_place,
    call=_call,
    unfold=(
        "Why the lens?",
        f"Both pictures pass a lens that blurs by σ = {LENS:g} px before the noise is added, as in a real camera. An "
        "edge sharper than a pixel has no slope to speak of, and the straight line of step 2 would be wrong before any "
        "noise came in. The Measure page shows the scene without that lens.",
    ),
)  # fmt: skip
