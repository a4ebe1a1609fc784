"""Step 9: pyramids."""

import math
from dataclasses import replace

from flowlab.drawing.board import Arrow, Board, Line, Mark, Panel, Row, Square, Table, Words, picture_panel
from flowlab.drawing.board_pictures import grey_rgb
from flowlab.theory.pyramids import (
    ARRIVED,
    LEAF,
    LENGTHS,
    MOST_LEVELS,
    SEARCHES,
    Floats,
    Level,
    Pyramids,
    PyramidsParameters,
    frame_of,
    pair,
    place_of,
    pyramids,
)

from .measure import sparse_query
from .step import Place, Step, Try
from .tex import Tex, number

_MIDDLE = 0.6  # share at which a curve carries its number
_ROOM = 2  # pictures beside which the chart has room


def _pair(values: Floats) -> str:
    return "({},\\,{})".format(*(number(float(value)) for value in values))


def _equation(_p: PyramidsParameters, n: Pyramids, tex: Tex) -> str:
    top, dl = n.levels[0], r"d_\ell"
    truth = tex.live(r"\frac{\text{truth}}{2^\ell}", _pair(top.truth), "true")
    found = rf"\quad \text{{found }} {tex.live(dl, _pair(top.found), 'flow')}"
    begin = rf"\;\to\; \text{{begin }} \ell={top.number - 1} \text{{ at }} 2\,{tex.ink(dl, 'flow')}"
    end = rf"\quad\ldots\quad {tex.live('d_0', _pair(n.found), 'flow')}\quad"
    whole = tex.live(r"\text{truth}", _pair(n.truth), "true")
    return rf"\ell={top.number}:\quad {truth}{found}" + (f"{begin}{end}{whole}" if top.number else "")


def _board(p: PyramidsParameters, n: Pyramids) -> Board:
    levels, table, reach = [_level(p, level, n.outline) for level in n.levels], _table(p, n), _reach(p, n)
    if len(levels) <= _ROOM:
        return Board(((*levels, reach), (table,)))
    return Board((tuple(levels), (table, reach)))


def _link(level: int) -> str:
    return f"level{level}"


def _level(p: PyramidsParameters, level: Level, outline: Floats) -> Panel:
    (x, y), link = level.at, _link(level.number)
    height, width = level.first.shape
    (true_u, true_v), (u, v) = level.truth.tolist(), level.found.tolist()
    others: list[Mark] = [
        Arrow(px, py, du, dv, ink="flow", width=1.5, faded=True)
        for (px, py), (du, dv) in zip(level.points.tolist(), level.flow.tolist(), strict=True)
        if math.isfinite(du + dv)
    ]
    if outline.size:
        x_rim, y_rim = (tuple(column) for column in (outline / level.scale).T.tolist())
        others.append(Line(x_rim, y_rim, ink="true", width=1.5, closed=True, label="outline of the leaf at t"))
    marks: tuple[Mark, ...] = (
        *others,
        Square(x - p.window // 2, y - p.window // 2, p.window, p.window, ink="look", held=True, link=link,
               label=f"the window: {p.window} px here are {p.window * level.scale} px of the picture"),
        Arrow(x, y, true_u, true_v, ink="true", dash="dash", link=link,
              label=f"true motion here: {_told(level.truth)} px"),
        Arrow(x, y, u, v, ink="flow", link=link, label=f"found here: {_told(level.found)} px"),
    )  # fmt: skip
    gesture = {"gesture": "pick", "at": level.at, "snap": 1.0} if level.number == 0 else {}
    length = math.hypot(*level.truth)
    return picture_panel(
        f"level{level.number}", f"Level {level.number}: {width} × {height} px", grey_rgb(level.second),
        beneath=grey_rgb(level.first), names=("t", "t + dt"), marks=marks,
        words=f"{length:.2f} px of motion, found ({_told(level.found)})"
        + (" · click to pick a pixel" if level.number == 0 else ""),
        **gesture,
    )  # fmt: skip


def _table(p: PyramidsParameters, n: Pyramids) -> Table:
    rows = tuple(
        Row(
            (str(level.number), f"{p.window * level.scale}", f"{100 * level.alike:.0f} %",
             _told(level.truth), _told(level.start), _told(level.found), _distance(level.error)),
            link=_link(level.number), strong=level.number == 0,
        )
        for level in n.levels
    )  # fmt: skip
    columns = (
        ("ℓ", "text"), ("window covers¹", "look"), ("moving alike", "look"), ("true motion", "true"), ("start", "flow"),
        ("found", "flow"), ("off by¹", "true"),
    )  # fmt: skip
    missing = p.levels + 1 - len(n.levels)
    left_out = "; a level above would be smaller than the window" if missing else ""
    return Table(
        "table", "Level by level, the coarsest first", columns, rows,
        words=f"in px of each level; ¹ in px of the picture{left_out}",
    )  # fmt: skip


def _reach(p: PyramidsParameters, n: Pyramids) -> Panel:
    marks: list[Mark] = [
        Line((p.length, p.length), (0.0, 1.0), ink="true", dash="dash", label=f"this motion: {p.length:g} px")
    ]
    for levels in range(MOST_LEVELS + 1):
        share = n.reach[levels]
        if not math.isfinite(float(share[0])):
            continue
        is_chosen = levels == p.levels
        label = f"{levels} levels above the picture"
        marks.append(Line(LENGTHS, tuple(map(float, share)), ink="flow", width=3.5 if is_chosen else 1.5,
                          link=f"reach{levels}", label=label))  # fmt: skip
        marks.append(_name_of_curve(levels, share))
    return Panel(
        "reach", "How far each number of levels reaches", (0.0, LENGTHS[-1] + 1.0), (-0.02, 1.12), tuple(marks),
        x_title="motion, px", y_title="share of pixels found", aspect=1.9,
        words=f"{SEARCHES} searches in the landscape each, {p.window} px window · picked pixel: {_verdicts(p, n)}",
    )  # fmt: skip


def _name_of_curve(levels: int, share: Floats) -> Words:
    """Return a curve's number, where it falls through the middle, or near its end."""
    after = next((i for i, value in enumerate(share) if value < _MIDDLE), len(share) - 2)
    return Words(
        LENGTHS[after] + 0.4, float(share[after]) + 0.05, str(levels), size=13, ink="flow", link=f"reach{levels}"
    )


def _verdicts(p: PyramidsParameters, n: Pyramids) -> str:
    """Return with how many levels, up to those chosen, the picked pixel is lost and found."""
    errors = [error for error in n.errors.tolist()[: p.levels + 1] if math.isfinite(error)]
    said: dict[str, list[str]] = {"lost": [], "found": []}
    for levels, error in enumerate(errors):
        said["found" if error < ARRIVED else "lost"].append(str(levels))
    return "; ".join(f"{fate} with {', '.join(levels)}" for fate, levels in said.items() if levels)


def _told(pair: Floats) -> str:
    return ", ".join(f"{round(float(value), 2) + 0.0:.2f}".replace("-", "−") for value in pair)


def _distance(error: float) -> str:
    return f"{error:.2f}" if error < 10 else f"{error:.1f}"


def _moved(p: PyramidsParameters, gesture: str, x: float, y: float) -> PyramidsParameters:
    return replace(p, x=int(x), y=int(y)) if gesture == "pick" else p


def _place(p: PyramidsParameters) -> Place:
    return Place(
        "pages/sparse_tracking.py", "Follow points of this scene on Sparse tracking",
        "Levels and window are those of its Lucas-Kanade; watch how many tracks end (×) in one frame with 0 levels.",
        sparse_query(pair(p).scene, start=frame_of(p), frame=frame_of(p) + 1, levels=p.levels, window=p.window,
                     cuts=False),
    )  # fmt: skip


def _call(p: PyramidsParameters) -> str:
    shown, frame = pair(p), frame_of(p)
    x, y = place_of(p)
    return f"""\
import numpy as np
import flowlab
from flowlab.tracking.transparent import LucasKanadePointParameters, lucas_kanade_points

clip = flowlab.open_clip({shown.scene!r})
first, second = (clip.frame(n).grey.astype(np.float32) for n in ({frame}, {frame + 1}))
p = LucasKanadePointParameters(window={p.window}, levels={p.levels}, iterations=20, epsilon=0.01, min_eigenvalue=0.0)
here = np.array([[{x}, {y}]], np.float32)
found = lucas_kanade_points(first, second, here, p, trace=True)
for step in found.steps:
    print(step.level, step.iteration, step.displacement[0])
print(found.there - here, clip.flow({frame})[{y}, {x}])
"""


def _fate(n: Pyramids) -> int:
    """Return 0 where the search ends more than 2 px from the truth, 2 within `ARRIVED`, 1 between."""
    return 2 if n.error < ARRIVED else 0 if n.error > 2 else 1


def _fewest(n: Pyramids) -> int:
    """Return the least number of levels that finds the picked pixel; one too many where none does."""
    return next((levels for levels, error in enumerate(n.errors) if error < ARRIVED), MOST_LEVELS + 1)


def _why_level_by_level(before: Pyramids, after: Pyramids) -> str:
    top = after.levels[0]
    return (
        f"It ends {after.error:.2f} px off instead of {before.error:.1f}. At level {top.number} the motion is "
        f"{math.hypot(*top.truth):.2f} px, which one level can find; every level below only has to make good what the "
        f"one above left, " + ", then ".join(f"{level.error:.2f}" for level in after.levels) + " px of the picture."
    )


def _why_lost(_before: Pyramids, after: Pyramids) -> str:
    top = after.levels[0]
    return (
        f"It is lost, {after.error:.1f} px off. At level {top.number} the window covers {after.window * top.scale} px "
        f"of the picture, and {100 * top.alike:.0f} % of them move as the leaf does: the pebbles outvote it. The level "
        f"below starts {top.error:.1f} px from the truth, and none finds back from there."
    )


_START = PyramidsParameters()
_FAR = 12.0
_COUNTS = ("One", "Two", "Three")
_LEAF = replace(_START, scene=LEAF, x=64, y=32, length=10.0, direction=90.0, window=7)
STEP = Step(
    name="pyramid",
    title="Pyramids: long motion becomes short",
    claim="A motion too long to be found is short in a small copy of the picture: find it there, double it, and refine "
    "it in the next larger copy.",
    parameters=PyramidsParameters,
    compute=pyramids,
    equation=_equation,
    symbols=("level", "dl"),
    board=_board,
    moved=_moved,
    controls=("length", "direction", "levels", "window", "scene"),
    tries=(
        Try(
            "build", "Build a pyramid", replace(_START, levels=0), _START,
            f"On one level the search for a motion of {_START.length:g} px goes astray. Now come 3 smaller copies, "
            "searched first; in the smallest, a pixel is 8 px of the picture. How near to the truth does it end?",
            ("Still several px off: small copies are coarse", "About 1 px off, as fine as the smallest copy allows",
             "Within a tenth of a px"),
            lambda _before, after: _fate(after),
            _why_level_by_level,
        ),
        Try(
            "fewest", "How many levels?", replace(_START, length=_FAR, levels=0),
            replace(_START, length=_FAR, levels=2),
            f"The motion is {_FAR:g} px, too long for one level; the chart says how far each number of levels reaches. "
            "What is the least number of levels above the picture that finds the picked pixel?",
            tuple(f"{said}, where the motion is {_FAR / 2**levels:g} px" for levels, said in enumerate(_COUNTS, 1)),
            lambda before, _after: _fewest(before) - 1,
            lambda before, after: (
                f"With 0 and 1 it ends {before.errors[0]:.1f} and {before.errors[1]:.1f} px off, with "
                f"2 it ends {after.error:.2f} px off. Each level doubles the reach, and fewer than the longest motion "
                "needs are too few."
            ),
        ),
        Try(
            "leaf", "A small thing, fast", replace(_LEAF, levels=1), replace(_LEAF, levels=3),
            f"A small leaf moves {_LEAF.length:g} px over pebbles that lie still; with 1 level above the picture the "
            "search finds it. Now 3 levels. Does that make it safer?",
            ("Yes, it is found as well: more levels reach farther", "The leaf is lost"),
            lambda _before, after: int(after.error > ARRIVED),
            _why_lost,
        ),
    ),
    pitfall="What is small vanishes in a small copy, and what lies behind it is found instead; a wrong answer up there "
    "starts every level below in the wrong basin. Levels hardly larger than the window see little but their mirrored "
    "rim. OpenCV's PyrLK counts as here: maxLevel is the number of levels above the picture, and 0 means no pyramid.",
    place=_place,
    call=_call,
)  # fmt: skip
