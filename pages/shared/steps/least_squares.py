"""Step 6: least squares."""

import math
from dataclasses import replace

import numpy as np

from flowlab.drawing.board import Board, Line, Panel, Row, Square, Table, Words
from flowlab.drawing.board_pictures import grey_panel
from flowlab.theory.error_surface import REACH, Cut
from flowlab.theory.least_squares import (
    BY_HAND,
    DRAWS,
    FRAME,
    LENS,
    LeastSquares,
    LeastSquaresParameters,
    least_squares,
)

from .error_map import WAYS, error_map
from .measure import dense_query
from .step import Place, Step, Try
from .tex import Tex

_MOST = 800.0  # grey levels^2: top of the cuts' axis, the same for every window
_NONE = r"\text{no one answer}"


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
    least = tex.live("E(u,v)", n.least, "ft", 0)
    squares = rf"({tex.ink('f_x', 'fx')}u + {tex.ink('f_y', 'fy')}v + {tex.ink('f_t', 'ft')})^2"
    noise = tex.live(r"\sigma_n", n.noise, "text", 1)
    return (
        rf"{least} = \sum {squares} \to \text{{least}}"
        "\n"
        rf"\underbrace{{{matrix}}}_{{M}} {flow} = \underbrace{{{sums}}}_{{q}} \;\Rightarrow\; {flow} = {answer}"
        "\n"
        rf"{tex.ink('C', 'flow')} = 2\,{noise}^2\,M^{{-1}}"
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
        at=(float(n.x), float(n.y)), snap=1,
        words="Drag the window: corner, edge, flat paper. All numbers of this step belong to it.",
    )  # fmt: skip
    return Board(((picture, error_map(p, n), _cuts(n)), (_table(n),)))


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
                label=f"{words}, picture really moved back",
            ),
        )

    marks = (
        *lines(n.cuts[1], "minor", "the flattest way"), *lines(n.cuts[0], "major", "the steepest way"),
        Words(0.08, 0.94 * _MOST, "steepest way", ink="major"), Words(0.08, 0.86 * _MOST, "flattest way", ink="minor"),
    )  # fmt: skip
    return Panel(
        "cuts", "E along two lines through its lowest point", (-REACH, REACH), (0.0, _MOST), marks=marks,
        x_title="px from the lowest point", y_title="E / n, grey levels²", aspect=1.0,
        words=f"Per pixel of this window, E / {n.pixels}. Solid: the linear equations, a parabola. Dashed: the second "
        "picture really moved back. Farther out the two part.",
    )  # fmt: skip


def _table(n: LeastSquares) -> Table:
    named = zip(WAYS, ("major", "minor"), range(2), strict=True)
    rows = tuple(
        Row(
            (name, f"{n.eigenvalues[i]:.0f}", f"{n.noise_floor:.0f}",
             _px(n.deviation[i]), _px(n.scatter[i]), _px(n.off[i], signed=True)),
            link=ink,
        )
        for name, ink, i in named
    )  # fmt: skip
    columns = (
        ("way", "text"), ("Σ slope²", "text"), ("noise", "text"),
        ("1 σ", "flow"), ("scatter", "flow"), ("miss", "true"),
    )  # fmt: skip
    return Table(
        "axes", f"This window: what C predicts, px, and what {DRAWS} other draws of the noise do (small dots)", columns,
        rows,
        words="Σ slope²: of the window that way, levels²/px² (an eigenvalue of M); noise: about how much of it noise "
        "alone makes. 1 σ: by C. Scatter: standard deviation of the small dots. Miss: their mean minus the truth. "
        f"{_share(n)} σₙ = {n.noise:.2f}: the noise set here, with rounding to whole levels; were it not known, what "
        f"is left over would tell it: √(E / ({n.pixels} − 2) / 2) = {n.noise_told:.2f}.",
    )  # fmt: skip


def _share(n: LeastSquares) -> str:
    """Return how far the dots keep to what C says."""
    if not n.solved:
        return "M has no inverse: there is no answer, and no C."
    steep, flat = n.within
    return (
        "Were only the noise in f_t at work, about 2 dots in 3 would lie within 1 σ of their mean along each axis "
        f"(here {steep} and {flat} of {DRAWS}), and their miss would be 0."
    )


def _px(value: float, signed: bool = False) -> str:
    if math.isnan(value):
        return "no answer"
    if math.isinf(value):
        return "∞"
    return f"{round(value, 3) + 0.0:{'+' if signed else ''}.3f}".replace("-", "−")


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


def _grew(before: LeastSquares, after: LeastSquares) -> str:
    """Return both half-axes before and after, in words."""
    (steep, flat), (steeper, flatter) = before.deviation, after.deviation
    return f"{steep:.3f} → {steeper:.3f} px the steepest way and {flat:.3f} → {flatter:.3f} px the flattest way"


_START = LeastSquaresParameters()
_FAR = replace(_START, span=1.2)  # the edge's ellipse is long
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
            "edge", "From corner to edge", _FAR, replace(_FAR, place="edge"),
            "Here the map reaches farther, so the corner's ellipse looks small. Now the window slides "
            "along the square's side until it sees a straight edge only. What becomes of the ellipse?",
            ("It grows alike in all directions", "It stretches along the edge only", "It stays as it is"),
            _stretches,
            lambda before, after: (
                f"Its half-axes go {_grew(before, after)}, along the edge. In truth it is worse: M finds "
                f"{after.eigenvalues[1]:.0f} levels²/px² along the edge, but about {after.noise_floor:.0f} come from "
                "noise alone. So M sees slopes where there are none, and the small dots gather around an answer that "
                f"is {abs(after.off[1]):.2f} px from the cross along the edge."
            ),
        ),
        Try(
            "noise", "Twice the noise", _START, replace(_START, noise=2 * _START.noise),
            "The camera's noise doubles from 5 to 10 grey levels. How much longer do the axes of the ellipse become?",
            ("About 1.4 times", "About 2 times", "About 4 times"),
            lambda before, after: 0 if (grown := _grown(before, after)) < 1.6 else 1 if grown < 3 else 2,
            lambda before, after: (
                f"The half-axes go {_grew(before, after)}: C holds σₙ², which is 4 times as large, "
                "and the half-axes are the roots of C's eigenvalues."
            ),
        ),
        Try(
            "window", "A larger window", _TEXTURE, replace(_TEXTURE, window=15),
            "On the landscape there is texture everywhere. The window grows from 7 to 15 pixels a side. "
            "What does the ellipse do?",
            ("It shrinks: more pixels vote", "It grows: more noise comes in", "Nothing: noise averages the same"),
            lambda before, after: 0 if (grown := _grown(before, after)) < 0.8 else 1 if grown > 1.25 else 2,
            lambda before, after: (
                f"The half-axes go {_grew(before, after)}: M is a sum, and {after.pixels} "
                f"pixels add up to more than {before.pixels}; C holds M⁻¹. That is good while all of them move alike."
            ),
        ),
    ),
    pitfall="The ellipse knows the noise in $f_t$ and nothing else. But noise makes slopes, too, where there are none, "
    "and M takes them for real: that pulls the answer towards no motion wherever the window holds little else. On an "
    "edge the small dots gather near the motion across it, far from the cross; on flat paper they lie between the "
    "cross and (0, 0), or at (0, 0) with a large window. Set the noise to 0 there, and M has no inverse at all.",
    place=_place,
    call=_call,
    unfold=(
        "How these pictures are made, and where their slopes are taken",
        f"Before the noise is added, both pictures are blurred by σ = {LENS:g} px, as the lens of a camera does. An "
        "edge sharper than a pixel has no slope to speak of, and the straight line of step 2 would be wrong before any "
        "noise came in. Dense flow opens the scene without that blur.\n\n"
        "The slopes of this step are those of the first picture alone; steps 4 and 5 took those of the mean of both. "
        "While the motion is below a pixel the difference is small.",
    ),
)  # fmt: skip
