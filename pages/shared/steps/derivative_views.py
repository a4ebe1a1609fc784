"""The figures of step 3: the three derivatives, the error of f_x for every blur, and stripes pixel by pixel."""

import math
from collections.abc import Iterable

from flowlab.drawing.board import Board, Dot, Line, Mark, Panel, Row, Square, Table, Words
from flowlab.drawing.board_pictures import grey_panel, grey_rgb, signed_panel
from flowlab.theory.derivatives import BLURS, VIEWS, Derivatives, DerivativesParameters
from flowlab.theory.stripes import AROUND, LENGTHS

KERNELS = {"central": "Central", "sobel": "Sobel", "scharr": "Scharr", "five-point": "Five-point"}
_SCALE = 30.0  # levels/px and levels/frame: full colour of all three, so that they can be compared
_TOP = 1.2  # of stripes of height 1: slopes are drawn up to there


def view_board(p: DerivativesParameters, n: Derivatives) -> Board:
    """Return the figures of the chosen view: one thing at a time, so that it is seen without scrolling."""
    if p.view == VIEWS[1]:
        return Board(((_picture(p, n), _slope(p, n), _sweep(p, n)), (_blur_table(p, n),)))
    if p.view == VIEWS[2]:
        return Board(((_stripe(p, n), _shares(p, n)), (_stripe_table(p, n),)))
    return Board(((_picture(p, n), _slope(p, n), *_others(p, n)), (_sum_table(p, n),)))


def plain(value: float, digits: int = 1) -> str:
    """Return a number with its sign and no negative zero."""
    return f"{round(value, digits) + 0.0:+.{digits}f}".replace("-", "−")


def _picked(p: DerivativesParameters) -> Dot:
    return Dot(float(p.x), float(p.y), "square", 5, ink="look", label=f"picked pixel ({p.x}, {p.y})", link="picked")


def _picture(p: DerivativesParameters, n: Derivatives) -> Panel:
    blurred = f", blurred by {p.blur:g} px" if p.blur else ""
    return grey_panel(
        "picture", f"The two pictures{blurred}", n.second, beneath=grey_rgb(n.first), names=("t", "t + dt"),
        marks=(*_footprint(p, n), _picked(p)), gesture="pick", at=(float(p.x), float(p.y)), snap=1,
        words="Click to pick a pixel. Blue box: the pixels that f_x is measured from.",
    )  # fmt: skip


def _slope(p: DerivativesParameters, n: Derivatives) -> Panel:
    words = f"here {plain(float(n.fx[p.y, p.x]))} · red: brighter to the right"
    if p.view == VIEWS[1]:
        words += f" · error in the whole picture {n.of(p.kernel).error:.1f} levels/px"
    return signed_panel(
        "fx", "f_x: slope to the right", n.fx, _SCALE, unit="levels/px", marks=(_picked(p),), ink="fx",
        gesture="pick", at=(float(p.x), float(p.y)), snap=1, words=words,
    )  # fmt: skip


def _others(p: DerivativesParameters, n: Derivatives) -> tuple[Panel, ...]:
    told = {
        "fy": ("f_y: slope downwards", n.fy, "levels/px", "red: brighter below"),
        "ft": ("f_t: change in place", n.ft, "levels/frame",
               f"red: brighter later · typical size in the whole picture {n.change:.1f}"),
    }  # fmt: skip
    return tuple(
        signed_panel(
            name, title, values, _SCALE, unit=unit, marks=(_picked(p),), ink=name, gesture="pick",
            at=(float(p.x), float(p.y)), snap=1, words=f"here {plain(float(values[p.y, p.x]))} · {words}",
        )
        for name, (title, values, unit, words) in told.items()
    )  # fmt: skip


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
        rows.append(Row((f"y = {p.y + r - height // 2}", *cells, plain(sums, digits)), f"row{r}"))
    found, exact = (plain(float(values[p.y, p.x]), 1) for values in (n.fx, n.exact))
    return Table(
        "sum", f"f_x of the picked pixel: weight × grey level ({KERNELS[p.kernel]})", tuple(columns), tuple(rows),
        f"The weights are called a kernel. f_x = sum / {n.divisor} = {found}. The scene is computed, so its exact "
        f"slope here is known: {exact}; noise and kernel make the difference.",
    )  # fmt: skip


def _product(weight: int, level: float, digits: int) -> str:
    """Return a cell of the sum; outside the picture there is no grey level: it is mirrored there."""
    written = f"{weight:+d}".replace("-", "−") if weight else "0"
    return f"{written} × {level:.{digits}f}" if math.isfinite(level) else f"{written} × (mirrored)"


def _blur_table(p: DerivativesParameters, n: Derivatives) -> Table:
    columns = (("kernel", "text"), ("from noise alone", "ft"), ("error of f_x", "ft"))
    rows = tuple(
        Row((KERNELS[k.kernel], f"{k.noise:.1f}", f"{k.error:.1f}"), strong=k.kernel == p.kernel) for k in n.kernels
    )
    return Table("kernels", "The four kernels in the whole picture, levels/px", columns, rows)


def _stripe_table(p: DerivativesParameters, n: Derivatives) -> Table:
    columns = (("kernel", "text"), ("of the slope found", "fx"))
    rows = tuple(
        Row((KERNELS[k.kernel], f"{100 * k.found:.0f} %"), "used" if k.kernel == p.kernel else "",
            k.kernel == p.kernel)
        for k in n.kernels
    )  # fmt: skip
    return Table("kernels", f"The four kernels on stripes of {p.wave:g} px", columns, rows)


def _stripe(p: DerivativesParameters, n: Derivatives) -> Panel:
    s, share = n.stripe, n.of(p.kernel).found
    pixels = tuple(zip(_points(s.pixels), _points(s.levels), s.used, strict=True))
    marks: list[Mark] = [
        Line(_points(s.columns), _points(s.curve), ink="first", label="the stripes between the pixels"),
        _straight(s.true, "true", f"true slope: {s.true:.2f} a px", dash="dash"),
        _straight(s.found, "fx", f"slope found: {s.found:.2f} a px", width=3.5, link="used"),
        *(Dot(x, y, ink="first", size=4, label=f"pixel {x:+.0f}: {y:.2f}") for x, y, _ in pixels),
        *(Dot(x, y, "ring", 8, ink="fx", link="used", label="the kernel uses it") for x, y, used in pixels if used),
        Words(_end(s.true) - 0.3, 1.35, "true", "end", ink="true"),
        Words(min(_end(s.found), AROUND - 2) + 0.3, 1.35, "found", ink="fx"),
    ]
    blurred = f", blurred by {p.blur:g} px" if p.blur else ""
    if p.kernel == "central" and not p.blur:
        told = f"The line through these two finds {100 * share:.0f} % of the true slope (dashed)."
    else:
        told = f"It finds {100 * share:.0f} % of the true slope (dashed)."
    return Panel(
        "stripe", f"Stripes of {p.wave:g} px{blurred}: how steep are they in the middle?", (-AROUND, AROUND),
        (-1.5, 1.6), tuple(marks), x_title="column, px from the middle", y_title="brightness, height 1", aspect=1.7,
        words=f"Dots: all that the pixels know of the stripes. Rings: pixels that the kernel uses. {told}",
    )  # fmt: skip


def _end(slope: float) -> float:
    return min(AROUND, _TOP / slope) if slope > 0 else AROUND


def _straight(slope: float, ink: str, label: str, **more: str | float) -> Line:
    end = _end(slope)
    return Line((-end, end), (-end * slope, end * slope), ink=ink, label=label, **more)  # type: ignore[arg-type]


def _shares(p: DerivativesParameters, n: Derivatives) -> Panel:
    share = 100 * n.of(p.kernel).found
    lengths = _points(LENGTHS)
    marks: list[Mark] = [
        Line((2, 24), (100, 100), ink="true", dash="dash", width=1.5, label="all of the slope"),
        Line(lengths, _points(100 * n.three), ink="faint", width=2, label="central, Sobel, Scharr, without blur"),
        Line(lengths, _points(100 * n.five), ink="faint", width=2, label="five-point, without blur"),
        Line(lengths, _points(100 * n.answers), ink="fx", width=3.5,
             label=f"{KERNELS[p.kernel]}, blur {p.blur:g} px"),
        Dot(p.wave, share, ink="look", size=6, held=True, label=f"stripes of {p.wave:g} px: {share:.0f} %"),
        Words(23.7, 108, "five-point", "end", ink="faint"),
        Words(23.7, 85, "central, Sobel, Scharr", "end", ink="faint"),
        Words(23.7, 8, f"blue: {p.kernel}, blur {p.blur:g} px", "end", ink="fx"),
    ]  # fmt: skip
    return Panel(
        "shares", "How much of the slope is found", (2, 24), (0, 115), tuple(marks),
        x_title="stripes repeat every … px", y_title="found, % of the true slope", aspect=1.4, gesture="wave",
        at=(p.wave, share), snap=0.5, ink="fx",
        words="Drag the orange dot: the finer the stripes, the flatter they look. Grey: kernels without blur.",
    )  # fmt: skip


def _sweep(p: DerivativesParameters, n: Derivatives) -> Panel:
    s = n.sweep
    here = n.of(p.kernel).error
    best = min(range(len(BLURS)), key=lambda i: s.total[i])
    top = max(10.0, 1 + math.ceil(max(s.total)))
    marks: list[Mark] = [
        Line(BLURS, _points(s.lost), ink="fx", dash="dash", width=2, label="from detail that is lost, without noise"),
        Line(BLURS, _points(s.total), ink="ft", width=3, label="both together"),
        Dot(BLURS[best], float(s.total[best]), "ring", 9, ink="ft", label=f"least, at {BLURS[best]:g} px"),
        Dot(p.blur, here, ink="look", held=True, size=6, label=f"here: {here:.1f} levels/px"),
        Words(3.95, float(s.lost[-1]) - 0.13 * top, "detail lost", "end", ink="fx"),
    ]
    if p.noise:
        marks += [
            Line(BLURS, _points(s.noise), ink="faint", width=2, label="from noise alone"),
            Words(3.95, float(s.noise[-1]) + 0.06 * top, "noise", "end", ink="faint"),
            Words(2.2, float(s.total[8]) + 0.1 * top, "together", "end", ink="ft"),
        ]
    return Panel(
        "sweep", "Error of f_x in the whole picture", (0, BLURS[-1]), (0, top), tuple(marks), x_title="blur, px",
        y_title="typical error, levels/px", aspect=1.3, gesture="blur", at=(p.blur, here), ink="ft",
        words=f"Ring: least error, {s.total[best]:.1f} at a blur of {BLURS[best]:g} px. More blur, less noise, but "
        f"less detail. The slopes themselves are about {n.exact_slope:.0f} levels/px. Drag the dot.",
    )  # fmt: skip


def _points(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(map(float, values))
