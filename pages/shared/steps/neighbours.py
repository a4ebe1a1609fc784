"""Step 5: a window of pixels that move alike."""

import math
from dataclasses import replace

from flowlab.drawing.board import Board, Dot, Line, Mark, Panel, Row, Square, Table, Words
from flowlab.drawing.board_pictures import grey_rgb
from flowlab.theory.neighbours import BLUR, INDEX, MOST_ROWS, PART, Neighbours, NeighboursParameters, neighbours

from .measure import dense_query
from .plane import cell, live_motion, motion_arrow, motion_line, motion_plane, reach_of, told
from .step import Place, Step, Try
from .tex import Tex

_LONGER = 8  # times the motion: an arrow of one pixel cannot be seen
_BELOW = 0.36  # px/frame: from a ring to its name
_INKS = {"leaf": "look", "pebbles": "major"}  # of the lines, where a window holds two motions


def _equation(_p: NeighboursParameters, n: Neighbours, tex: Tex) -> str:
    middle = len(n.rows) // 2
    f_x, f_y, f_t = (
        tex.live(f"f_{{{axis},i}}", value, f"f{axis}")
        for axis, value in zip("xyt", n.rows[middle].tolist(), strict=True)
    )
    weight = tex.live("w_i", float(n.weights[middle]), "text")
    estimate = live_motion(tex, n.vote.seen, "flow") if n.vote.known else "(u,v)"
    return (
        rf"{f_x}\,u + {f_y}\,v + {f_t} \approx 0"
        "\n"
        rf"i = 1 \dots {len(n.rows)}\;(\text{{here }}{middle + 1}),\quad \text{{counts }}{weight}"
        "\n"
        rf"\text{{one for all: }}{estimate} \quad \text{{true: }}{live_motion(tex, n.true, 'true')}"
    )


def _board(p: NeighboursParameters, n: Neighbours) -> Board:
    return Board(((_picture(p, n), _plane(n), _table(n)),))


def _picture(p: NeighboursParameters, n: Neighbours) -> Panel:
    x, y, half = float(p.x), float(p.y), p.size // 2
    left, top, width, height = PART
    part = (slice(top, top + height), slice(left, left + width))
    marks: list[Mark] = [*_rim(n), *(_pixel(n, number) for number in _drawn(n))]
    marks.append(Square(x - half, y - half, p.size, p.size, ink="look", width=2.5, held=True))
    if n.vote.known:
        marks += motion_arrow(x, y, n.vote.seen, _LONGER, ink="flow", width=4.5, held=True)
    marks += motion_arrow(x, y, n.true, _LONGER, dash="dash", ink="true", width=1.5, held=True)
    return Panel(
        "picture", f"A window of {p.size}×{p.size} pixels: drag it",
        (left - 0.5, left + width - 0.5), (top + height - 0.5, top - 0.5), tuple(marks),
        image=grey_rgb(n.stage.second[part]), beneath=grey_rgb(n.stage.first[part]), names=("t", "t + dt"),
        values=n.stage.first[part], unit="grey levels", gesture="window", at=(x, y), snap=1, words=_picture_words(n),
    )  # fmt: skip


def _picture_words(n: Neighbours) -> str:
    words = [f"Point at a pixel: its line and its row light up. Green arrow: the window's estimate; dashed: the truth "
             f"at its middle; both {_LONGER} times as long as the motion."]  # fmt: skip
    if len(n.rim):
        words.append("Dotted: where the true motion jumps.")
    if len(n.motions) > 1:
        words.append("Pixels of the leaf orange, of the pebbles purple.")
    return " ".join(words)


def _rim(n: Neighbours) -> tuple[Line, ...]:
    """Return where the true motion jumps: the leaf's outline, as one line with gaps."""
    if not len(n.rim):
        return ()
    gap = (math.nan,)
    x, y = (sum((tuple(ends) + gap for ends in n.rim[..., part].tolist()), ()) for part in (0, 1))
    return (Line(x, y, ink="true", dash="dot", width=1.5, label="here the true motion jumps"),)


def _pixel(n: Neighbours, number: int) -> Square:
    (x, y), several = n.pixels[number].tolist(), len(n.motions) > 1
    return Square(
        x, y, 1, 1, ink=_ink(n, number), width=1, filled=several, held=True, faded=not several, link=_link(number),
        label=_pixel_words(n, number),
    )  # fmt: skip


def _drawn(n: Neighbours) -> list[int]:
    """Return the numbers of all pixels, those in the table last and so on top."""
    return sorted(range(len(n.rows)), key=lambda number: number in n.listed)


def _plane(n: Neighbours) -> Panel:
    marks: list[Mark] = [
        line
        for number in _drawn(n)
        for line in motion_line(
            n.lines[number], ink=_ink(n, number), width=_width(n, number), link=_link(number),
            label=_pixel_words(n, number),
        )
    ]  # fmt: skip
    if len(n.motions) > 1:
        marks += _meetings(n)
    if n.vote.known:
        marks.append(Dot(*n.vote.seen, "dot", 5, ink="flow", link="seen", label=f"estimate {told(n.vote.seen)}"))
    marks += [
        Dot(*motion, "cross", 11, ink="true", link="true", label=f"true motion {told(motion)}") for motion in n.motions
    ]
    return motion_plane(
        "plane", "All motions (u, v): one line for every pixel", tuple(marks), reach_of(n.vote.seen, *n.motions),
        words=_plane_words(n),
    )  # fmt: skip


def _meetings(n: Neighbours) -> list[Mark]:
    """Return where the lines of the leaf's pixels meet, and those of the pebbles', ringed and named."""
    marks: list[Mark] = []
    for alone, thing in zip(n.alone, n.things, strict=True):
        label = f"where the lines of the {thing} meet: {told(alone)}"
        marks.append(Dot(*alone, "ring", 15, ink=_INKS[thing], link=thing, label=label))
        marks.append(Words(alone[0], alone[1] + _BELOW, thing, "middle", 14, ink=_INKS[thing], link=thing))
    return marks


def _plane_words(n: Neighbours) -> str:
    if n.vote.known == 0:
        return "No pixel of this window has a slope: there is nothing to estimate."
    cross = f"Cross: the truth, {n.error:.2f} px/frame away."
    if n.vote.known == 1:
        return f"All lines run parallel: the window sees one edge. Dot: the shortest motion they allow. {cross}"
    if len(n.motions) > 1:
        return (
            "Orange: lines of the leaf's pixels; purple: of the pebbles'. Each colour meets in its ring. Dot: the one "
            f"motion that fits all lines best. Crosses: the true motions; that of the middle is {n.error:.2f} "
            "px/frame away."
        )
    which = f" Orange: the {MOST_ROWS} middle pixels, listed beside." if len(n.rows) > MOST_ROWS else ""
    return f"Dot: the estimate, the one motion that fits all lines best (how: next step). {cross}{which}"


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
    which = f"The middle {MOST_ROWS} of {count}. " if count > MOST_ROWS else ""
    return Table(
        "rows", f"{count} pixels, {count} equations",
        (("x, y", "look"), ("f_x", "fx"), ("f_y", "fy"), ("f_t", "ft"), ("w_i", "text"), ("misses by", "text")), rows,
        words=f"{which}Misses by: how far the pixel's line passes the dot, px/frame.",
    )  # fmt: skip


def _ink(n: Neighbours, number: int) -> str:
    if len(n.motions) > 1:
        return _INKS[n.things[n.belongs[number]]]
    return "look" if number in n.listed else "faint"


def _width(n: Neighbours, number: int) -> float:
    """Return how wide a line is: what counts more is wider, and many lines are finer."""
    return (0.6 + 1.2 * float(n.weights[number])) * (0.7 if len(n.rows) > MOST_ROWS else 1.0)


def _link(number: int) -> str:
    return f"p{number}"


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
        f"On Dense flow, every pixel of the picture gets the estimate of the {p.size}×{p.size} window around it.",
        query,
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
            (
                "In one place, at the motion of the leaf, which is nearer",
                "In one place, half way between the two motions",
                "In two places, and the dot lies between them",
            ),
            lambda _before, after: 2 if _between(after) else 0,
            lambda before, after: (
                f"The leaf's pixels alone say {told(after.alone[0])}, the pebbles' {told(after.alone[-1])}; together "
                f"they say {told(after.vote.seen)}, which nothing in the picture does. The lines now miss the dot by "
                f"{after.mean_miss:.2f} px/frame on average, not {before.mean_miss:.2f}: that they do not meet is the "
                "warning."
            ),
        ),
        Try(
            "noise", "A larger window in noise", _NOISY, replace(_NOISY, size=7),
            f"The camera's noise has a standard deviation of {_NOISY.noise:g} grey levels, and the nine lines of a 3×3 "
            "window meet beside the truth (the cross). Now the window grows to 7×7, with 49 lines that are just as "
            "noisy. What becomes of the distance between dot and cross?",
            ("It grows: more noisy lines", "It stays: each line is as noisy", "It falls: errors of many lines cancel"),
            lambda before, after: _change(before.error, after.error),
            lambda before, after: (
                f"In this window it goes from {before.error:.2f} to {after.error:.2f} px/frame. Noise pushes every "
                f"line aside, now even by {after.mean_miss:.2f} on average instead of {before.mean_miss:.2f}, but each "
                "to another side, and the dot takes the middle. Everywhere in the picture: half of all 3×3 windows are "
                f"more than {before.median_error:.2f} off, of all 7×7 windows more than {after.median_error:.2f}."
            ),
        ),
        Try(
            "edge", "Nine pixels of one edge", _STAR, _EDGE,
            "In this landscape the nine lines cross. Now the window stands on a straight bar, whose pixels have steep "
            "slopes as well (bars is another scene). What will the nine lines do?",
            ("Cross in one point as well", "Run parallel, one nearly upon the other"),
            lambda _before, after: int(after.vote.known < 2),
            lambda _before, after: (
                f"In this window the slope across the bar is {after.vote.slopes[0]:.1f} grey levels/px, along it "
                f"{after.vote.slopes[1]:.2f}: nine times the same equation is still one equation. The shortest motion "
                f"it allows, {told(after.vote.seen)}, is {after.error:.2f} px/frame off."
            ),
        ),
    ),
    pitfall="“Neighbours move alike” is false at the rim of every object, where a window holds two motions, and "
    "wherever the motion turns or stretches within it. Large windows calm noise but blur such places; small ones are "
    "the other way round.",
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
