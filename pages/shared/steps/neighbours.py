"""Step 5: a window of pixels that move alike."""

import math
from dataclasses import replace

from flowlab.drawing.board import Board, Dot, Line, Mark, Panel, Row, Square, Table
from flowlab.drawing.board_pictures import grey_rgb
from flowlab.theory.neighbours import BLUR, INDEX, MOST_ROWS, PART, Neighbours, NeighboursParameters, neighbours

from .measure import dense_query
from .plane import cell, live_motion, motion_arrow, motion_line, motion_plane, reach_of, told
from .step import Place, Step, Try
from .tex import Tex

_LONGER = 5  # times the motion: an arrow of one pixel cannot be seen


def _equation(_p: NeighboursParameters, n: Neighbours, tex: Tex) -> str:
    middle = len(n.rows) // 2
    fx, fy, ft = n.rows[middle].tolist()
    row = rf"{tex.live('f_x', fx, 'fx')}\,u + {tex.live('f_y', fy, 'fy')}\,v + {tex.live('f_t', ft, 'ft')} \approx 0"
    weight = tex.live("w_i", float(n.weights[middle]), "text")
    pixels = rf"i = 1 \dots {len(n.rows)} \quad {weight}"
    agreed = rf"\text{{one }} {live_motion(tex, n.vote.seen, 'flow')} \text{{ for all}}"
    true = rf"\text{{true }} {live_motion(tex, n.true, 'true')}"
    return rf"\begin{{gathered}}{row} \quad {pixels}\\[.9em]{agreed} \qquad {true}\end{{gathered}}"


def _board(p: NeighboursParameters, n: Neighbours) -> Board:
    return Board(((_picture(p, n), _plane(n), _table(n)),))


def _picture(p: NeighboursParameters, n: Neighbours) -> Panel:
    x, y, half = float(p.x), float(p.y), p.size // 2
    left, top, width, height = PART
    part = (slice(top, top + height), slice(left, left + width))
    marks: list[Mark] = [*_rim(n), *motion_arrow(x, y, n.true, _LONGER, dash="dash", ink="true", held=True)]
    if n.vote.known:
        marks += motion_arrow(x, y, n.vote.seen, _LONGER, ink="flow", held=True)
    marks += (_pixel(n, number) for number in _drawn(n))  # above the arrows, so that each can be pointed at
    marks.append(Square(x - half, y - half, p.size, p.size, ink="look", width=2.5, held=True))
    return Panel(
        "picture", f"A window of {p.size}×{p.size} pixels: drag it",
        (left - 0.5, left + width - 0.5), (top + height - 0.5, top - 0.5), tuple(marks),
        image=grey_rgb(n.stage.second[part]), beneath=grey_rgb(n.stage.first[part]), names=("t", "t + dt"),
        values=n.stage.first[part], unit="grey levels", gesture="window", at=(x, y), snap=1,
        words=f"Point at a pixel: its line and its row light up. Arrows, {_LONGER} times as long as the motion: the "
        f"estimate; dashed the truth.{' Dotted: here the true motion jumps.' if len(n.rim) else ''}",
    )  # fmt: skip


def _rim(n: Neighbours) -> tuple[Line, ...]:
    """Return where the true motion jumps: the leaf's outline, as one line with gaps."""
    if not len(n.rim):
        return ()
    gap = (math.nan,)
    x, y = (sum((tuple(ends) + gap for ends in n.rim[..., part].tolist()), ()) for part in (0, 1))
    return (Line(x, y, ink="true", dash="dot", width=1.5, label="here the true motion jumps"),)


def _pixel(n: Neighbours, number: int) -> Square:
    x, y = n.pixels[number].tolist()
    return Square(
        x, y, 1, 1, ink=_ink(n, number), width=1, dash=_dash(n, number), held=True, faded=True,
        link=_link(number), label=_pixel_words(n, number),
    )  # fmt: skip


def _drawn(n: Neighbours) -> list[int]:
    """Return the numbers of all pixels, those in the table last and so on top."""
    return sorted(range(len(n.rows)), key=lambda number: number in n.listed)


def _plane(n: Neighbours) -> Panel:
    marks: list[Mark] = [
        line
        for number in _drawn(n)
        for line in motion_line(
            n.lines[number], ink=_ink(n, number), width=0.6 + 1.2 * float(n.weights[number]), link=_link(number),
            dash=_dash(n, number), label=_pixel_words(n, number),
        )
    ]  # fmt: skip
    if len(n.motions) > 1:
        marks += [
            Dot(*alone, "ring", 6, ink="flow", label=f"where the lines of motion {told(motion)} meet: {told(alone)}")
            for alone, motion in zip(n.alone, n.motions, strict=True)
        ]
    if n.vote.known:
        marks.append(Dot(*n.vote.seen, "dot", 6, ink="flow", link="seen", label=f"estimate {told(n.vote.seen)}"))
    marks += [
        Dot(*motion, "cross", 9, ink="true", link="true", label=f"true motion {told(motion)}") for motion in n.motions
    ]
    return motion_plane(
        "plane", "All motions (u, v): one line for every pixel", tuple(marks), reach_of(n.vote.seen, *n.motions),
        words=_plane_words(n),
    )  # fmt: skip


def _plane_words(n: Neighbours) -> str:
    meet = (
        f"The lines miss the estimate (dot) by {n.mean_miss:.2f} px/frame in the mean and leave {n.residual:.1f} grey "
        f"levels over; the truth (cross) is {n.error:.2f} away, over all windows of the picture "
        f"{n.median_error:.2f} in the median."
    )
    if n.vote.known == 0:
        return "No pixel of this window has a slope: there is nothing to estimate."
    if n.vote.known == 1:
        return f"All lines are parallel: the window sees one edge. The dot is the shortest motion they allow. {meet}"
    if len(n.motions) > 1:
        return f"Two motions: lines of the second are dashed. Rings: where the lines of either meet. {meet}"
    return f"{meet} How the dot is found is the next step."


def _table(n: Neighbours) -> Table:
    count = len(n.rows)
    rows = tuple(
        Row(
            (
                f"{x}, {y}", *(cell(part, 1) for part in n.rows[number].tolist()), f"{n.weights[number]:.2f}",
                cell(float(n.misses[number])).lstrip("+"),
            ),
            _link(number),
        )
        for number, (x, y) in enumerate(n.pixels.tolist())
        if number in n.listed
    )  # fmt: skip
    which = (
        f"The {MOST_ROWS} that weigh most, of {count} in all." if count > MOST_ROWS else "misses: line to dot, px/frame"
    )
    return Table(
        "rows", f"{count} pixels, {count} equations",
        (("x, y", "look"), ("f_x", "fx"), ("f_y", "fy"), ("f_t", "ft"), ("w", "text"), ("misses", "text")), rows,
        words=which,
    )  # fmt: skip


def _ink(n: Neighbours, number: int) -> str:
    return "look" if number in n.listed else "faint"


def _link(number: int) -> str:
    return f"p{number}"


def _dash(n: Neighbours, number: int) -> str:
    return "dash" if n.belongs[number] else "solid"


def _pixel_words(n: Neighbours, number: int) -> str:
    x, y = n.pixels[number].tolist()
    fx, fy, ft = (cell(part, 1) for part in n.rows[number].tolist())
    return f"pixel ({x}, {y}): {fx} u {fy} v {ft} = 0"


def _moved(p: NeighboursParameters, _gesture: str, x: float, y: float) -> NeighboursParameters:
    return replace(p, x=_kept("x", x), y=_kept("y", y))


def _kept(name: str, value: float) -> int:
    """Return a position at which the whole window lies in the part that is shown."""
    field = NeighboursParameters.field(name)
    return round(min(max(value, field.low or 0), field.high or 0))


def _place(p: NeighboursParameters) -> Place:
    scene = neighbours(p).stage.scene
    query = dense_query(scene, frame=INDEX, window=p.size, levels=0, gaussian=p.weights == "gaussian")
    return Place(
        "pages/dense_flow.py", "Measure this scene on Dense flow",
        f"There a window of {p.size}×{p.size} px votes around every pixel of the picture.", query,
    )  # fmt: skip


def _call(p: NeighboursParameters) -> str:
    half = p.size // 2
    rows, columns = (f"{at - half}:{at + half + 1}" for at in (p.y, p.x))
    return f"""\
import flowlab
from flowlab.core.gradients import gradients, smoothed
from flowlab.theory.constraints import distances, vote
from flowlab.theory.neighbours import window_weights

clip = flowlab.open_clip({neighbours(p).stage.scene!r})
first, second = (smoothed(clip.frame(n).grey, {BLUR}) for n in ({INDEX}, {INDEX + 1}))
fx, fy = gradients((first + second) / 2)  # half way between the two, where f_t belongs as well
ft = second - first

rows = [plane[{rows}, {columns}] for plane in (fx, fy, ft)]  # f_x, f_y, f_t of the window's pixels
estimate = vote(*rows, window_weights({p.size}, gaussian={p.weights == "gaussian"}))
print(estimate.seen, distances(*rows, estimate.seen))
"""


_STAR = NeighboursParameters()
_NOISY = NeighboursParameters(noise=4.0, x=18, y=23)
_LEAF = NeighboursParameters(scene="two-layers", size=5, x=31, y=34)
_EDGE = NeighboursParameters(scene="bars", x=12, y=42)
STEP = Step(
    name="neighbours",
    title="Neighbours agree",
    claim="Neighbours mostly move alike: ask all pixels of a small window for one motion, and their lines meet near "
    "the truth.",
    parameters=NeighboursParameters,
    compute=neighbours,
    equation=_equation,
    symbols=("fx", "fy", "ft", "uv", "i", "w"),
    board=_board,
    moved=_moved,
    controls=("scene", "size", "weights", "noise"),
    tries=(
        Try(
            "boundary", "Ask two motions at once", _LEAF, replace(_LEAF, x=27, y=44),
            "The window lies on a leaf that drifts to the right over pebbles that move to the left. Now it is moved "
            "onto the leaf's rim, where it holds pixels of both. Where do its lines meet?",
            ("In one place, the motion of the nearer thing", "In two places, and the estimate lies between them"),
            lambda _before, after: int(_between(after)),
            lambda before, after: (
                f"The leaf's pixels alone say {told(after.alone[0])}, the pebbles' {told(after.alone[-1])}; together "
                f"they say {told(after.vote.seen)}, which nothing in the picture does. The error grows from "
                f"{before.error:.2f} to {after.error:.2f} px/frame."
            ),
        ),
        Try(
            "noise", "A larger window in noise", _NOISY, replace(_NOISY, size=7),
            f"The camera's noise has a standard deviation of {_NOISY.noise:g} grey levels, and the nine lines of a 3×3 "
            "window meet beside the truth. Now the window grows to 7×7, with 49 lines that are just as noisy. What "
            "becomes of the error?",
            ("It grows: more noisy lines", "It stays: each line is as noisy", "It falls: errors of many lines cancel"),
            lambda before, after: _change(before.median_error, after.median_error),
            lambda before, after: (
                f"Here it changes from {before.error:.2f} to {after.error:.2f} px/frame, and over the whole picture "
                f"from {before.median_error:.2f} to {after.median_error:.2f} in the median: every pixel's noise pushes "
                "its line to another side, and a window of many pixels takes the middle."
            ),
        ),
        Try(
            "edge", "Nine pixels of one edge", _STAR, _EDGE,
            "In the landscape the nine lines cross. Now the window stands on a straight bar, whose pixels have steep "
            "slopes as well. What will the nine lines do?",
            ("Cross in one point as well", "Run parallel, one nearly upon the other"),
            lambda _before, after: int(after.vote.known < 2),
            lambda _before, after: (
                f"Across the bar the brightness changes by {after.vote.slopes[0]:.1f} grey levels/px, along it by "
                f"{after.vote.slopes[1]:.2f}: nine times the same equation is still one equation. The shortest motion "
                f"it allows, {told(after.vote.seen)}, is {after.error:.2f} px/frame off."
            ),
        ),
    ),
    pitfall="“Neighbours move alike” fails at the rim of every object, where a window holds two motions, and wherever "
    "the motion turns or stretches within it. Large windows calm noise and blur such places; small ones are the other "
    "way round.",
    place=_place,
    call=_call,
)  # fmt: skip


def _between(n: Neighbours) -> bool:
    """Return whether the estimate is far from either of two true motions, beside how far these are apart."""
    nearest = min(math.dist(n.vote.seen, motion) for motion in n.motions)
    return nearest > math.dist(n.motions[0], n.motions[-1]) / 4


def _change(before: float, after: float) -> int:
    """Return 0 where an error grew, 1 where it stayed within a fifth, 2 where it fell."""
    return 1 if abs(after - before) <= before / 5 else 0 if after > before else 2
