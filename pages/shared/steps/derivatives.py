"""Step 3: the three derivatives, how they are measured, and what blurring first does."""

import math
from collections.abc import Iterable
from dataclasses import replace

from flowlab.drawing.board import Board, Dot, Line, Mark, Panel, Row, Square, Table, Words
from flowlab.drawing.board_pictures import grey_panel, grey_rgb, signed_panel
from flowlab.theory.derivatives import BLURS, Derivatives, DerivativesParameters, derivatives

from .measure import dense_query
from .step import Place, Step, Try
from .tex import Tex

_SCALE = 30.0  # levels/px and levels/frame: full colour of all three, so that they can be compared
_KERNELS = {"central": "Central", "sobel": "Sobel", "scharr": "Scharr", "five-point": "Five-point"}
_TRUE_END = math.pi  # rad/px: the slope of the finest wave that pixels can hold


def _equation(p: DerivativesParameters, n: Derivatives, tex: Tex) -> str:
    at = p.y, p.x
    f_x, f_y, f_t = (
        tex.live(symbol, float(values[at]), ink, 1)
        for symbol, values, ink in (("f_x", n.fx, "fx"), ("f_y", n.fy, "fy"), ("f_t", n.ft, "ft"))
    )
    now = tex.live("I(x,y,t)", float(n.first[at]), "first", 1)
    later = tex.live("I(x,y,t+dt)", float(n.second[at]), "second", 1)
    sigma = tex.live(r"\sigma", p.blur, "text")
    return (
        r"\begin{gathered}"
        rf"{f_x} = \tfrac{{1}}{{{n.divisor}}}\textstyle\sum \text{{weight}} \times I \qquad "
        rf"{f_y} = \text{{the same, downwards}} \qquad {f_t} = {later} - {now} \\[.4em]"
        rf"\text{{blurred by }} {sigma} \text{{ px, at the true motion:}}\quad "
        rf"{f_x} \cdot {tex.live('u', n.u, 'flow')} + "
        rf"{f_y} \cdot {tex.live('v', n.v, 'flow')} + {f_t} \;=\; {tex.value(n.left_over, 'ft', 1)}"
        r"\end{gathered}"
    )


def _pictures(p: DerivativesParameters, n: Derivatives) -> tuple[Panel, ...]:
    x, y = float(p.x), float(p.y)
    at = p.y, p.x
    mark = Dot(x, y, "square", 5, ink="look", label=f"picked pixel ({p.x}, {p.y})", link="picked")
    blurred = f" after a blur of {p.blur:g} px" if p.blur else ""
    picture = grey_panel(
        "picture", f"The two pictures{blurred}", n.second, beneath=grey_rgb(n.first), names=("t", "t + dt"),
        marks=(*_footprint(p, n), mark), gesture="pick", at=(x, y), snap=1,
        words="Click to pick. Box: kernel of f_x.",
    )  # fmt: skip
    told = {
        "fx": ("f_x: slope to the right", n.fx, "levels/px", "red: brighter to the right"),
        "fy": ("f_y: slope downwards", n.fy, "levels/px", "red: brighter below"),
        "ft": ("f_t: change in place", n.ft, "levels/frame", _change_words(n)),
    }
    return (
        picture,
        *(
            signed_panel(
                name, title, values, _SCALE, unit=unit, marks=(mark,), ink=name, gesture="pick", at=(x, y), snap=1,
                words=f"here {_plain(float(values[at]))} · {words}",
            )
            for name, (title, values, unit, words) in told.items()
        ),
    )  # fmt: skip


def _change_words(n: Derivatives) -> str:
    if not (n.u or n.v):
        return f"nothing moves, typical size {n.change:.1f}"
    return (
        f"f_x u + f_y v leaves {100 * n.unexplained:.0f} % of it unexplained, "
        f"{100 * n.unexplained_mean:.0f} % with the slopes of both pictures"
    )


def _footprint(p: DerivativesParameters, n: Derivatives) -> tuple[Mark, ...]:
    """Return the kernel's box on the picture, a strip for each row that lights up with the table's row."""
    height, width = n.weights.shape
    left, top = p.x - width // 2, p.y - height // 2
    rows = [
        Square(left, top + r, width, 1, ink="fx", width=1.0, link=f"row{r}", label=f"row {top + r} of the kernel")
        for r in range(height)
    ]
    return (*rows, Square(left, top, width, height, ink="fx"))


def _sum_table(p: DerivativesParameters, n: Derivatives) -> Table:
    """Return the picked pixel's neighbourhood times the kernel, summed."""
    height, width = n.weights.shape
    digits = 1 if p.blur else 0
    columns = [("row", "text"), *((f"x = {p.x + c - width // 2}", "first") for c in range(width)), ("sum", "fx")]
    rows = []
    for r in range(height):
        sums = float((n.weights[r] * n.patch[r])[n.weights[r] != 0].sum())
        cells = (_product(int(w), float(level), digits) for w, level in zip(n.weights[r], n.patch[r], strict=True))
        rows.append(Row((f"y = {p.y + r - height // 2}", *cells, _plain(sums, digits)), f"row{r}"))
    found, exact = (_plain(float(values[p.y, p.x]), 2) for values in (n.fx, n.exact))
    return Table(
        "sum", f"{_KERNELS[p.kernel]} kernel: weight × grey level", tuple(columns), tuple(rows),
        f"f_x = sum / {n.divisor} = {found}; exact {exact}",
    )  # fmt: skip


def _product(weight: int, level: float, digits: int) -> str:
    """Return a cell of the sum; outside the picture there is no grey level: it is mirrored there."""
    written = f"{weight:+d}".replace("-", "−") if weight else "0"
    return f"{written} × {level:.{digits}f}" if math.isfinite(level) else f"{written} × (mirrored)"


def _kernel_table(p: DerivativesParameters, n: Derivatives) -> Table:
    """Return what each kernel is worth here; its sentence is short, as it may not be wider than the table."""
    columns = (("kernel", "text"), ("noise in", "ft"), (f"{p.wave:g} px stripes", "fx"), ("error", "ft"))
    rows = tuple(
        Row((_KERNELS[k.kernel], f"× {k.noise:.2f}", f"{100 * k.found:.0f} %", f"{k.error:.1f}"),
            strong=k.kernel == p.kernel)
        for k in n.kernels
    )  # fmt: skip
    return Table(
        "kernels", "What each kernel lets in, finds and misses", columns, rows,
        f"Error of f_x, levels/px; exact slopes are about {n.exact_slope:.0f}.",
    )  # fmt: skip


def _waves(p: DerivativesParameters, n: Derivatives) -> Panel:
    here, check = 1 / p.wave, n.of(p.kernel)
    true = 2 * math.pi * here
    found = check.found * true
    marks: list[Mark] = [
        Line((0, 0.5), (0, _TRUE_END), ink="true", dash="dash", label="the true slope"),
        Line(_points(n.waves), _points(n.three), ink="faint", width=1.5, label="central, Sobel, Scharr, without blur"),
        Line(_points(n.waves), _points(n.five), ink="faint", width=1.5, label="five-point, without blur"),
        Line(_points(n.waves), _points(n.answers), ink="fx", width=3,
             label=f"{_KERNELS[p.kernel]}, blur {p.blur:g} px"),
        Line((here, here), (found, true), ink="ft", width=5, label=f"missed: {100 * (1 - check.found):.0f} %"),
        Dot(here, true, "cross", 5, ink="true", label=f"true slope {true:.2f}"),
        Dot(here, found, ink="fx", held=True, label=f"found: {found:.2f}, {100 * check.found:.0f} %"),
        Words(0.38, 2.6, "true slope", "end", ink="true"),
        Words(0.3, 1.56, "five-point", ink="faint"),
        Words(0.4, 0.45, "central, Sobel, Scharr", "end", ink="faint"),
    ]  # fmt: skip
    return Panel(
        "waves", "What the kernel finds of stripes", (0, 0.5), (0, 3.2), tuple(marks), x_title="stripes per px",
        y_title="slope of stripes of height 1", aspect=1.9, gesture="wave", at=(here, found), ink="fx",
        words=f"Stripes of {p.wave:g} px: {100 * check.found:.0f} % of the slope is found. Drag the dot.",
    )  # fmt: skip


def _sweep(p: DerivativesParameters, n: Derivatives) -> Panel:
    s = n.sweep
    here = n.of(p.kernel).error
    best = min(range(len(BLURS)), key=lambda i: s.total[i])
    top = max(10.0, 1 + math.ceil(max(s.total)))
    marks: list[Mark] = [
        Line(BLURS, _points(s.noise), ink="faint", width=2, label="from noise alone"),
        Line(BLURS, _points(s.lost), ink="fx", dash="dash", width=2, label="from detail that is lost, without noise"),
        Line(BLURS, _points(s.total), ink="ft", width=3, label="together"),
        Dot(BLURS[best], float(s.total[best]), "ring", 7, ink="ft", label=f"least, at {BLURS[best]:g} px"),
        Dot(p.blur, here, ink="look", held=True, size=6, label=f"here: {here:.1f} levels/px"),
        Words(2.9, 0.08 * top, "from noise", ink="faint"),
        Words(1.65, float(s.lost[6]) - 0.1 * top, "from detail lost", ink="fx"),
    ]
    return Panel(
        "sweep", "Error of f_x against blur", (0, BLURS[-1]), (0, top), tuple(marks), x_title="blur σ, px",
        y_title="error, levels/px", aspect=1.9, gesture="blur", at=(p.blur, here), ink="ft",
        words=f"Least ({s.total[best]:.1f}) at {BLURS[best]:g} px: more blur, less noise, less detail. Drag the dot.",
    )  # fmt: skip


def _points(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(map(float, values))


def _plain(value: float, digits: int = 1) -> str:
    """Return a number with its sign and no negative zero."""
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")


def _board(p: DerivativesParameters, n: Derivatives) -> Board:
    return Board((_pictures(p, n), (_sum_table(p, n), _kernel_table(p, n)), (_sweep(p, n), _waves(p, n))))


def _moved(p: DerivativesParameters, gesture: str, x: float, y: float) -> DerivativesParameters:
    if gesture == "pick":
        return replace(p, x=int(x), y=int(y))
    if gesture == "blur":
        return replace(p, blur=min(BLURS, key=lambda blur: abs(blur - x)))
    wave = DerivativesParameters.field("wave")
    return replace(p, wave=min(wave.high or 0, max(wave.low or 0, round(1 / max(x, 0.01), 1))))


def _place(p: DerivativesParameters) -> Place:
    return Place(
        "pages/dense_flow.py", "Measure this pair on Dense flow",
        "Lucas-Kanade there has the same two settings, kernel and blur: watch the error of the flow.",
        dense_query(derivatives(p).stage.scene, view="error", kernel=p.kernel, blur=p.blur),
    )  # fmt: skip


def _call(p: DerivativesParameters) -> str:
    n = derivatives(p)
    return f"""\
import numpy as np
import flowlab
from flowlab.core.gradients import gradients, smoothed

clip = flowlab.open_clip({n.stage.scene!r})
first, second = (smoothed(clip.frame(number).grey, {p.blur}) for number in (0, 1))
fx, fy = gradients(first, {p.kernel!r})
ft = second - first
u, v = clip.flow(0)[{p.y}, {p.x}]
at = {p.y}, {p.x}
print(fx[at], fy[at], ft[at], "left over", fx[at] * u + fy[at] * v + ft[at])
"""


_NOISY = DerivativesParameters(noise=10.0)
_STRIPES = DerivativesParameters(noise=0.0, wave=16.0)
STEP = Step(
    name="derivatives",
    title="Three derivatives",
    claim="Every term of the equation is measured from pixels: the slopes $f_x$ and $f_y$ from neighbours, the change "
    "$f_t$ from two pictures. Which neighbours count, and how much one blurs first, decides between noise and detail.",
    parameters=DerivativesParameters,
    compute=derivatives,
    equation=_equation,
    symbols=("fx", "fy", "ft", "I", "I'", "uv", "sigma"),
    board=_board,
    moved=_moved,
    controls=("kernel", "blur", "noise", "motion"),
    tries=(
        Try(
            "noise", "Blur the noise", _NOISY, replace(_NOISY, blur=1.0),
            "The camera's noise is 10 grey levels. Now both pictures are blurred first, with σ = 1 px. "
            "What becomes of the error of $f_x$?",
            ("It falls below half", "It stays: blur harms as much as it helps", "It grows"),
            lambda before, after: _third(before.of("central").error, after.of("central").error),
            lambda before, after: (
                f"It falls from {before.of('central').error:.1f} to {after.of('central').error:.1f} levels/px: noise, "
                f"different in every pixel, averages out, from × {before.of('central').noise:.2f} to × "
                f"{after.of('central').noise:.2f}. But the slopes of fine detail shrink as well: at 2 px of blur the "
                f"error is {after.sweep.total[BLURS.index(2.0)]:.1f} again."
            ),
        ),
        Try(
            "stripes", "Fine stripes", _STRIPES, replace(_STRIPES, wave=4.0),
            "Of stripes that repeat every 16 px, the central difference finds nearly all of the slope. Now they repeat "
            "every 4 px, without noise. How much of the slope does it find?",
            ("Nearly all", "About two thirds", "Nothing"),
            lambda _before, after: 0 if (found := after.of("central").found) > 0.9 else 1 if found > 0.1 else 2,
            lambda before, after: (
                f"{100 * after.of('central').found:.0f} % instead of {100 * before.of('central').found:.0f} %: its two "
                "pixels lie on crest and trough, and how steep it is between them goes unseen. "
                f"The five-point kernel finds {100 * after.of('five-point').found:.0f} %."
            ),
        ),
        Try(
            "still", "Hold the camera still", _NOISY, replace(_NOISY, motion=0.0),
            "The picture moves by 1 px and is noisy. Now nothing moves at all. What does $f_t$ show?",
            ("Zero everywhere: nothing changes", "Noise, stronger than in one picture", "The picture's edges"),
            lambda _before, after: int(after.change > after.of("central").noise),
            lambda before, after: (
                f"Its typical size falls only from {before.change:.1f} to {after.change:.1f}: two noises of 10 differ "
                f"by √2 · 10 = {10 * math.sqrt(2):.1f}. A method that believes $f_t$ sees motion here."
            ),
        ),
    ),
    pitfall="Slopes are only as good as the pixels: noise adds to them, and stripes finer than about 4 px look flatter "
    "than they are, so the motion comes out too large. Too much blur takes away the detail that was to be followed.",
    place=_place,
    call=_call,
    unfold=(
        "What blurring first does, and which picture the slopes are taken from",
        "A Gaussian of width $\\sigma$ averages over about $2\\sigma$ px each way. Noise is new in every pixel and "
        "averages out; detail finer than $\\sigma$ goes with it. What remains is smoother, so a tangent (step 2) holds "
        "over a longer way: set noise to 0, motion to 3 px, and watch the share that $f_x u + f_y v$ does not explain "
        "fall as you blur. The slopes here are those of the first picture. The motion happens between the two, so "
        "averaging the slopes of both pictures is better, the same as measuring half way; flowlab's Lucas-Kanade does.",
    ),
)  # fmt: skip


def _third(before: float, after: float) -> int:
    """Return 0 where an error falls below half, 1 where it does not, 2 where it grows."""
    return 0 if after < before / 2 else 1 if after <= before else 2
