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
_SHORT = 4.0  # px; up to here nearly every search on one level arrives
_ROOM = 2  # pictures beside which the chart has room


def _pair(values: Floats) -> str:
    return "({},\\,{})".format(*(number(float(value)) for value in values))


def _equation(_p: PyramidsParameters, n: Pyramids, tex: Tex) -> str:
    top, motion = n.levels[0], tex.ink(r"\text{true motion}", "true")
    if not top.number:
        found = rf"{tex.ink('d_0', 'flow')} = {tex.value(_pair(n.found), 'flow')}"
        return rf"\text{{level 0:}}\;\; {motion} = {tex.value(_pair(n.truth), 'true')}" + "\n" + found
    level, below = top.number, n.levels[1]
    dl, twice = tex.ink(f"d_{level}", "flow"), tex.ink(rf"2\,d_{level}", "flow")
    return (
        rf"\text{{level {level}:}}\;\; \frac{{{motion}}}{{2^{level}}} = {tex.value(_pair(top.truth), 'true')}"
        "\n"
        rf"{dl} = {tex.value(_pair(top.found), 'flow')} \;\to\; \text{{level {level - 1} begins at}}\; {twice}"
        rf" = {tex.value(_pair(below.start), 'flow')}"
        "\n"
        rf"\text{{level 0:}}\;\; {tex.ink('d_0', 'flow')} = {tex.value(_pair(n.found), 'flow')}"
    )


def _board(p: PyramidsParameters, n: Pyramids) -> Board:
    levels, table = [_level(p, level, n.outline) for level in n.levels], _table(p, n)
    if p.scene == LEAF:  # the chart of reach is about the landscape
        return Board(((*levels, table),) if len(levels) <= _ROOM else (tuple(levels), (table,)))
    reach = _reach(p, n)
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
    words = f"this pixel moves {math.hypot(*level.truth):.2f} px here; found ({_told(level.found)})"
    if level.number == 0:
        words += " · arrow: found, dashed: true; faint: other pixels · click or drag to pick a pixel"
    return picture_panel(
        f"level{level.number}", f"Level {level.number}: {width} × {height} px", grey_rgb(level.second),
        beneath=grey_rgb(level.first), names=("t", "t + dt"), marks=marks, words=words, **gesture,
    )  # fmt: skip


def _table(p: PyramidsParameters, n: Pyramids) -> Table:
    wide = n.stage.size[0]
    rows = tuple(
        Row(
            (str(level.number), f"{min(wide, p.window * level.scale)} of {wide} px", f"{100 * level.alike:.0f} %",
             _told(level.truth), _told(level.start), _told(level.found), _distance(level.error / level.scale)),
            link=_link(level.number), strong=level.number == 0,
        )
        for level in n.levels
    )  # fmt: skip
    columns = (
        ("ℓ", "text"), ("window covers", "look"), ("alike", "look"), ("true motion", "true"), ("start", "flow"),
        ("found", "flow"), ("off by", "true"),
    )  # fmt: skip
    missing = p.levels + 1 - len(n.levels)
    left_out = "; a level above would be smaller than the window" if missing else ""
    return Table(
        "table", "The search at this pixel, the coarsest level first", columns, rows,
        words="covers: of the picture's width; alike: share of the window that moves as this pixel does; "
        f"the rest in px of its own level{left_out}",
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
        "reach", "How far 0, 1, 2 ... levels above the picture reach", (0.0, LENGTHS[-1] + 1.0), (-0.02, 1.12),
        tuple(marks),        x_title="motion, px", y_title="share of pixels found", aspect=1.9,
        words=f"whole picture: {SEARCHES} searches; found: within {ARRIVED:g} px; at the curves: levels · "
        f"the picked pixel, by number of levels: {_verdicts(p, n)}",
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
    return ", ".join(f"{fate} with {', '.join(levels)}" for fate, levels in said.items() if levels)


def _told(pair: Floats) -> str:
    return ", ".join(f"{round(float(value), 2) + 0.0:.2f}".replace("-", "−") for value in pair)


def _distance(error: float) -> str:
    return f"{error:.2f}" if error < 10 else f"{error:.1f}"


def _moved(p: PyramidsParameters, gesture: str, x: float, y: float) -> PyramidsParameters:
    return replace(p, x=int(x), y=int(y)) if gesture == "pick" else p


def _place(p: PyramidsParameters) -> Place:
    return Place(
        "pages/sparse_tracking.py", "Follow points of this scene on Sparse tracking",
        "Sparse tracking follows many points at once, with these levels and this window. With 0 levels many are lost "
        "within one frame; a lost one is marked ×.",
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


def _needed(n: Pyramids) -> int:
    """Return the least number of levels above the picture whose topmost shows a motion that 0 levels find."""
    length = math.hypot(*n.truth)
    return next((levels for levels in range(MOST_LEVELS + 1) if length / 2**levels <= _SHORT), MOST_LEVELS)


def _why_level_by_level(before: Pyramids, after: Pyramids) -> str:
    top = after.levels[0]
    return (
        f"It ends {after.error:.2f} px off instead of {before.error:.1f}. At level {top.number} the motion is "
        f"{math.hypot(*top.truth):.2f} px, which one level can find; every level below only has to make good what the "
        f"one above left: "
        + ", ".join(f"{level.error:.2f}" for level in after.levels)
        + " px of the picture, level by level."
    )


def _why_lost(_before: Pyramids, after: Pyramids) -> str:
    top, below = after.levels[0], after.levels[1]
    return (
        f"It is lost, {after.error:.1f} px off. At level {top.number} only {100 * top.alike:.0f} % of the window "
        f"moves as the leaf does: the pebbles outvote it. Level {below.number} then begins "
        f"{top.error / below.scale:.1f} of its px from the truth, but {100 - 100 * below.alike:.0f} % of its window is "
        "pebbles too, and it ends farther off."
    )


def _why_two(before: Pyramids, after: Pyramids) -> str:
    half = math.hypot(*after.truth) / 2
    return (
        f"{half:g} px one level up are still too long, {half / 2:g} px two levels up are short enough. This pixel ends "
        f"{before.errors[1]:.1f} px off with 1 level, {after.error:.2f} px off with 2."
    )


_START = PyramidsParameters()
_FAR, _LONG = 12.0, 14.0  # px
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
            "build", "Build a pyramid", replace(_START, length=_LONG, levels=0),
            replace(_START, length=_LONG, levels=3),
            f"On one level the search for a motion of {_LONG:g} px goes astray. Now come 3 smaller copies, searched "
            "first; in the smallest, a pixel is 8 px of the picture. How near to the truth does it end, back in the "
            "picture?",
            ("Several px off", "About 1 px off", "Within 0.1 px"),
            lambda _before, after: _fate(after),
            _why_level_by_level,
        ),
        Try(
            "fewest", "How many levels?", replace(_START, length=_FAR, levels=0),
            replace(_START, length=_FAR, levels=2),
            f"The motion is {_FAR:g} px, and every level halves it. With 0 levels nearly all searches succeed up to "
            f"{_SHORT:g} px (chart). With how many levels is the motion in the topmost first {_SHORT:g} px or less?",
            ("One", "Two", "Three"),
            lambda before, _after: _needed(before) - 1,
            _why_two,
        ),
        Try(
            "leaf", "A small thing, fast", replace(_LEAF, levels=1), replace(_LEAF, levels=3),
            f"A small leaf moves {_LEAF.length:g} px over pebbles that lie still; with 1 level above the picture the "
            "search finds it. Now 3 levels. Does that make it safer?",
            ("Yes: more levels reach farther", "No: the leaf is lost"),
            lambda _before, after: int(after.error > ARRIVED),
            _why_lost,
        ),
    ),
    pitfall="What is small vanishes in a small copy, and what lies behind it is found instead; a wrong answer up there "
    "starts every level below in the wrong basin. In a copy hardly larger than the window, most of the window hangs "
    "over the rim, where nothing is to be seen. OpenCV's calcOpticalFlowPyrLK counts maxLevel the same way: 0 is no "
    "pyramid.",
    place=_place,
    call=_call,
)  # fmt: skip
