"""Step 7: which points can be followed."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.board import Board, Dot, Line, Mark, Panel, Row, Square, Table, Words
from flowlab.drawing.board_pictures import grey_panel, map_panel, signed_panel
from flowlab.theory.corners import (
    CORNER,
    EDGE,
    OPENCV_BYTES,
    OPENCV_MIN_EIGEN,
    SCENE,
    Corners,
    CornersParameters,
    corners,
    from_lucas_kanade,
)
from flowlab.tracking.parameters import HARRIS, SHI_TOMASI

from .marks import dots
from .measure import sparse_query
from .step import Place, Step, Try
from .tex import Tex

_STEEP = 15.0  # levels/px: full colour of the roots of both eigenvalues, so that they can be compared
_ROOT = 20.0  # levels/px: full colour of the fourth root of Harris' score
_X, _Y = (1.0, 5000.0), (0.1, 1000.0)  # ends of the eigenvalue plane, levels^2/px^2
_AXIS = 9.0  # px; length of the longer axis drawn in the picture
_KINDS = {
    "flat": "flat: hardly any slope, nothing to hold on to",
    "edge": "an edge: one way is steep, and along the other a point slides unseen",
    "corner": "a corner: steep every way, so a point can be followed",
}


def _ink(p: CornersParameters) -> str:
    return "minor" if p.score == SHI_TOMASI else "text"


def _equation(p: CornersParameters, n: Corners, tex: Tex) -> str:
    larger, smaller = n.eigenvalues
    (xx, xy), (_, yy) = n.m
    numbers = [tex.value(xx, "fx", 1), tex.value(xy, "text", 1), tex.value(yy, "fy", 1)]
    matrix = rf"\begin{{bmatrix}} {numbers[0]} & {numbers[1]} \\ {numbers[1]} & {numbers[2]} \end{{bmatrix}}"
    one, two = tex.live(r"\lambda_1", larger, "major", 1), tex.live(r"\lambda_2", smaller, "minor", 1)
    score, minor = tex.live("R", n.r, "text", 0), tex.ink(r"\lambda_2", "minor")
    return (
        rf"\tfrac{{1}}{{{p.window**2}}}\,M = {matrix} \;\Rightarrow\; {one},\;\; {two} \qquad "
        rf"\text{{Shi–Tomasi: }} {minor} \qquad "
        rf" \text{{Harris: }} {score} = \lambda_1\lambda_2 - {p.k:g}\,(\lambda_1+\lambda_2)^2"
    )


def _board(p: CornersParameters, n: Corners) -> Board:
    return Board(((_picture(p, n), _larger(p, n), _score(p, n), _plane(p, n)), (_picked(p, n), _opencv(n))))


def _picture(p: CornersParameters, n: Corners) -> Panel:
    half = p.window // 2
    marks: list[Mark] = [
        Dot(x, y, "ring", 4, ink=_ink(p), link=f"point {i}", label=f"point {i + 1} by score, at ({x:.0f}, {y:.0f})")
        for i, (x, y) in enumerate(n.points.tolist())
    ]
    marks.append(Square(p.x - half, p.y - half, p.window, p.window, ink="look", held=True, link="picked",
                        label=f"picked pixel ({p.x}, {p.y}) and its window"))  # fmt: skip
    roots = np.sqrt(n.eigenvalues)
    for ink, way, root in zip(("major", "minor"), n.axes, roots, strict=True):
        reach = _AXIS * root / max(float(roots[0]), 1e-9)
        x, y = (tuple((at + np.array([-reach, reach]) * part).tolist()) for at, part in ((p.x, way[0]), (p.y, way[1])))
        marks.append(Line(x, y, ink=ink, held=True, label="along this axis slopes are "
                          f"{root:.1f} levels/px, root mean square"))  # fmt: skip
    return grey_panel(
        "picture", f"{len(n.points)} points picked", n.picture, marks=tuple(marks), gesture="pick",
        at=(float(p.x), float(p.y)), snap=1,
        words=f"Drag the window. ({p.x}, {p.y}) is {_KINDS[n.kind]}.",
    )  # fmt: skip


def _larger(p: CornersParameters, n: Corners) -> Panel:
    return _told(
        map_panel("larger", "Larger eigenvalue λ₁", np.sqrt(n.larger), _STEEP, unit="levels/px", ink="major",
                  **_pickable(p), words="Colour: √λ₁, the slope the steepest way. Edges and corners alike."),
        n.larger, "levels²/px²",
    )  # fmt: skip


def _score(p: CornersParameters, n: Corners) -> Panel:
    if p.score == HARRIS:
        root = np.sign(n.harris) * np.sqrt(np.sqrt(np.abs(n.harris)))
        panel = signed_panel(
            "score", f"Harris' score R, k = {p.k:g}", root, _ROOT, unit="levels/px", ink="text", **_pickable(p),
            words="Colour: the fourth root of R. Red: corners. Blue: edges, R is below 0.",
        )  # fmt: skip
        return _told(panel, n.harris, "levels⁴/px⁴")
    panel = map_panel("score", "Smaller eigenvalue λ₂ (Shi–Tomasi)", np.sqrt(n.smaller), _STEEP, unit="levels/px",
                      ink="minor", **_pickable(p),
                      words="Colour: √λ₂, the slope the flattest way. Corners only.")  # fmt: skip
    return _told(panel, n.smaller, "levels²/px²")


def _pickable(p: CornersParameters) -> dict[str, Any]:
    x, y = float(p.x), float(p.y)
    mark = Dot(x, y, "square", 5, ink="look", link="picked", held=True)
    return {"marks": (mark,), "gesture": "pick", "at": (x, y), "snap": 1}


def _told(panel: Panel, values: NDArray[Any], unit: str) -> Panel:
    """Return a panel that tells other values under the pointer than those that make its colours."""
    return replace(panel, values=values, unit=unit)


def _plane(p: CornersParameters, n: Corners) -> Panel:
    inside = np.maximum(n.sampled, (_X[0], _Y[0]))
    marks: list[Mark] = [
        dots(inside[~n.taken], ink="faint", width=3.0), dots(inside[n.taken], ink=_ink(p), width=3.0),
    ]  # fmt: skip
    marks.append(Line((_Y[0], _X[1]), (_Y[0], _X[1]), ink="faint", width=1.0, label="λ₂ = λ₁: alike every way"))
    names = ("the score's threshold", "λ₁ at the same share of its largest", "R = 0")
    marks += [
        Line(x, y, ink="faint" if i else _ink(p), dash="dash" if i else "solid", width=1.5 if i else 2.0, label=name)
        for i, ((x, y), name) in enumerate(zip(n.borders, names, strict=False))
    ]  # fmt: skip
    column, row = n.points.T.astype(int)
    marks += [
        Dot(float(one), float(two), "ring", 4, ink=_ink(p), link=f"point {i}", label=f"point {i + 1}")
        for i, (one, two) in enumerate(zip(n.larger[row, column], n.smaller[row, column], strict=True))
    ]
    marks += [Words(1.3, 0.16, "flat", ink="faint"), Words(_X[1] * 0.75, 0.16, "edge", "end", ink="faint"),
              Words(_X[1] * 0.75, 700.0, "corner", "end", ink=_ink(p))]  # fmt: skip
    larger, smaller = n.eigenvalues.tolist()
    marks.append(Dot(max(larger, _X[0]), max(smaller, _Y[0]), size=6, ink="look", link="picked",
                     label=f"picked pixel: λ₁ {larger:.1f}, λ₂ {smaller:.1f}"))  # fmt: skip
    return Panel(
        "plane", "The eigenvalue plane: a dot a pixel", _X, _Y, marks=tuple(marks), log_x=True, log_y=True, aspect=1.0,
        x_title="λ₁, levels²/px²", y_title="λ₂, levels²/px²",
        words="Inside the solid line: good enough to follow. Rings: the points picked.",
    )  # fmt: skip


def _picked(p: CornersParameters, n: Corners) -> Table:
    taken, unit = ("λ₂", "levels²/px²") if p.score == SHI_TOMASI else ("R", "levels⁴/px⁴")
    rows = (
        Row(("larger eigenvalue λ₁", f"{n.eigenvalues[0]:.1f} levels²/px²"), link="picked"),
        Row(("smaller eigenvalue λ₂", f"{n.eigenvalues[1]:.1f} levels²/px²"), link="picked"),
        Row(("Harris' score R", f"{_thousands(n.r)} levels⁴/px⁴"), link="picked"),
        Row((f"a corner where {taken} is at least", f"{n.threshold:,.1f} {unit}"), link="picked"),
        Row(("so this pixel is", n.kind), link="picked", strong=True),
        Row(("points picked by quality", f"{len(n.points)}")),
        Row((f"of these λ₂ ≥ {p.least:g}, whatever the light", f"{n.fixed}")),
    )
    return Table("picked", f"The picked pixel ({p.x}, {p.y}), and the points", (("", "text"), ("", "text")), rows)


def _opencv(n: Corners) -> Table:
    o = n.opencv
    bytes_, lucas_kanade = OPENCV_MIN_EIGEN / OPENCV_BYTES, 1 / from_lucas_kanade(1)
    rows = tuple(
        Row((name, slopes, _short(says), times, _short(says / factor)))
        for name, slopes, says, times, factor in (
            ("flowlab: smaller_eigenvalue", "Sobel", o.sobel, "", 1.0),
            ("cv2.cornerMinEigenVal, float", "Sobel", o.corner_float, f"× {OPENCV_MIN_EIGEN:g}", OPENCV_MIN_EIGEN),
            ("cv2.cornerMinEigenVal, 8-bit", "Sobel", o.corner_bytes, f"× {OPENCV_MIN_EIGEN:g} / 255²", bytes_),
            ("flowlab: lucas_kanade_points", "Scharr", o.scharr, "", 1.0),
            ("cv2.calcOpticalFlowPyrLK", "Scharr", o.lucas_kanade, f"÷ {1 / lucas_kanade:g}", lucas_kanade),
        )
    )
    columns = (
        ("λ₂ of the picked pixel by", "text"), ("slopes", "text"), ("says", "minor"), ("scale", "text"),
        ("levels²/px²", "minor"),
    )  # fmt: skip
    words = "minEigThreshold is on the last line's scale; Sobel and Scharr slopes differ a little."
    return Table("opencv", "OpenCV's scale of eigenvalues", columns, rows, words=words)


def _short(value: float) -> str:
    return f"{value:.2f}" if value >= 0.1 or value == 0 else f"{value:.2e}".replace("e-0", "e−")


def _thousands(value: float) -> str:
    return f"{value:,.0f}".replace("-", "−")


def _moved(p: CornersParameters, _gesture: str, x: float, y: float) -> CornersParameters:
    return replace(p, x=int(x), y=int(y))


def _place(p: CornersParameters) -> Place:
    return Place(
        "pages/sparse_tracking.py", "Follow these points on Sparse tracking",
        "The same score, quality and distance begin the tracks there. Those at the pole's rim follow no thing.",
        sparse_query(SCENE, detector=p.score, quality=p.quality, min_distance=p.min_distance, block_size=p.window),
    )  # fmt: skip


def _call(p: CornersParameters) -> str:
    given = ", ".join(f"{name}={value!r}" for name, value in p.changed().items())
    return f"""\
from flowlab.theory.corners import CornersParameters, corners

# Scene {SCENE!r}, frame 0.
n = corners(CornersParameters({given}))
print("eigenvalues", n.eigenvalues, "R", n.r, n.kind)
print(len(n.points), "points, score at least", n.threshold)
print(n.opencv)
"""


def _growth(before: Corners, after: Corners) -> float:
    return float(np.mean(after.eigenvalues / before.eigenvalues))


def _fewer(before: Corners, after: Corners) -> int:
    """Return 0 where as many points remain, 1 where fewer do, 2 where more."""
    more = len(after.points) - len(before.points)
    return 0 if more == 0 else 1 if more < 0 else 2


_START = CornersParameters()
_HARRIS = replace(_START, score=HARRIS, x=CORNER[0], y=CORNER[1])
STEP = Step(
    name="corners",
    title="Which points can be followed?",
    claim="Before anything has moved, M tells how steep the window is in its steepest direction and in its flattest: "
    "its two eigenvalues. Both large make a corner, which can be followed; one, an edge; none, a flat place.",
    parameters=CornersParameters,
    compute=corners,
    equation=_equation,
    symbols=("M", "l1", "l2", "R", "fx", "fy"),
    board=_board,
    moved=_moved,
    controls=("score", "quality", "min_distance", "window", "k", "light", "least"),
    tries=(
        Try(
            "edge", "From a corner to an edge", _HARRIS, replace(_HARRIS, x=EDGE[0], y=EDGE[1]),
            "At the corner both eigenvalues are large and Harris' R is positive. The picked pixel moves to the "
            "middle of a stripe's edge, which is as steep. What happens to R?",
            ("It stays positive: the edge is as steep", "It becomes 0: nothing to see there", "It becomes negative"),
            lambda _before, after: 2 if after.r < -1 else 1 if after.r <= 1 else 0,
            lambda before, after: (
                f"λ₁ = {after.eigenvalues[0]:.0f} (before: {before.eigenvalues[0]:.0f}) stays large, λ₂ falls from "
                f"{before.eigenvalues[1]:.0f} to {after.eigenvalues[1]:.1f}. Their product is small, and the term with "
                f"k takes R below 0: {_thousands(after.r)}. Shi and Tomasi just look at λ₂: it is small, so no."
            ),
        ),
        Try(
            "light", "Double the light", replace(_START, light=50.0), _START,
            "The picture gets twice as bright, so all contrasts double. By how much do the eigenvalues grow?",
            ("Not at all", "2 times", "4 times"),
            lambda before, after: 0 if (grown := _growth(before, after)) < 1.4 else 1 if grown < 3 else 2,
            lambda before, after: (
                f"{_growth(before, after):.1f} times: slopes double, and M holds their squares. Quality, a share of "
                f"the best, takes {len(before.points)} points in dim light, {len(after.points)} in bright; a fixed "
                f"threshold passes {before.fixed} and {after.fixed} of them."
            ),
        ),
        Try(
            "quality", "Ask for better points", _START, replace(_START, quality=0.3),
            "Quality 0.05 takes every peak of at least 5 % of the best score. It is raised to 0.3. Which points "
            "remain?",
            ("All: a corner is a corner", "Fewer: only where λ₂ is largest", "More: weak ones no longer compete"),
            _fewer,
            lambda before, after: (
                f"{len(after.points)} of {len(before.points)}: the line in the eigenvalue plane rose from λ₂ = "
                f"{before.threshold:.0f} to {after.threshold:.0f}."
            ),
        ),
    ),
    pitfall="A corner of the picture need not be a corner of a thing. Where a stripe meets the pole's rim both "
    "eigenvalues are large, but as the pole turns that meeting point slides along the rim: it is followed perfectly, "
    "and says nothing true. And a fixed threshold on an eigenvalue means another thing in other light.",
    place=_place,
    call=_call,
)  # fmt: skip
