"""Step 7: which points can be followed."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.board import Board, Dot, Line, Mark, Panel, Row, Square, Table
from flowlab.drawing.board_pictures import grey_panel, map_panel, signed_panel
from flowlab.theory.corners import (
    EDGE,
    NEAR,
    OPENCV_BYTES,
    OPENCV_MIN_EIGEN,
    SCENE,
    Corners,
    CornersParameters,
    corners,
    from_lucas_kanade,
)
from flowlab.tracking.parameters import HARRIS, SHI_TOMASI

from .eigenvalue_plane import eigenvalue_plane, score_ink
from .measure import sparse_query
from .step import Place, Step, Try
from .tex import Tex

_STEEP = 15.0  # levels/px: full colour of the root of the larger eigenvalue
_FLATTEST = 8.0  # levels/px: of the smaller one's, which is small nearly everywhere
_ROOT = 20.0  # levels/px: full colour of the fourth root of Harris' score
_AXIS = 9.0  # px; length of the longer axis drawn in the picture
_KINDS = {
    "flat": "flat: hardly any slope, nothing to hold on to",
    "edge": "an edge: one way is steep, and along the other a point slides unseen",
    "corner": "a corner: steep every way, so a point can be followed",
}


def _equation(p: CornersParameters, n: Corners, tex: Tex) -> str:
    larger, smaller = n.eigenvalues
    (xx, xy), (_, yy) = n.m
    numbers = [tex.value(xx, "fx", 1), tex.value(xy, "text", 1), tex.value(yy, "fy", 1)]
    matrix = rf"\begin{{bmatrix}} {numbers[0]} & {numbers[1]} \\ {numbers[1]} & {numbers[2]} \end{{bmatrix}}"
    one, two = tex.live(r"\lambda_1", larger, "major", 1), tex.live(r"\lambda_2", smaller, "minor", 1)
    mean = rf"\frac{{M}}{{{p.window**2}}} = {matrix} \;\Rightarrow\; {one},\; {two}"
    major, minor = tex.ink(r"\lambda_1", "major"), tex.ink(r"\lambda_2", "minor")
    if p.score == SHI_TOMASI:
        return mean + "\n" + rf"\text{{score (Shi–Tomasi)}} = {minor}"
    score = tex.live("R", n.r, "text", 0)
    return mean + "\n" + rf"\text{{score (Harris)}} = {score} = {major}{minor} - {p.k:g}\,({major}+{minor})^2"


def _board(p: CornersParameters, n: Corners) -> Board:
    return Board(((_picture(p, n), _larger(p, n), _score(p, n), eigenvalue_plane(p, n)), (_picked(p, n), _opencv(n))))


def _picture(p: CornersParameters, n: Corners) -> Panel:
    half = p.window // 2
    marks: list[Mark] = [
        Dot(
            x, y, "ring", 4, ink=score_ink(p), link=f"point {i}", label=f"point {i + 1} by score, at ({x:.0f}, {y:.0f})"
        )
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
        "picture", f"{len(n.points)} points picked in the whole picture", n.picture, marks=tuple(marks), gesture="pick",
        at=(float(p.x), float(p.y)), snap=1,
        words=f"A barber's pole: a striped tube before a wall. Drag the window. ({p.x}, {p.y}) is {_KINDS[n.kind]}. "
        "Bars: the window's steepest way (violet) and flattest (pink), as long as √λ₁ to √λ₂. Rings: points picked.",
    )  # fmt: skip


def _larger(p: CornersParameters, n: Corners) -> Panel:
    return _told(
        map_panel("larger", "Larger eigenvalue λ₁", np.sqrt(n.larger), _STEEP, unit="levels/px", ink="major",
                  **_pickable(p),
                  words="Colour: √λ₁ of each pixel's window, its slope the steepest way. Edges and corners alike."),
        n.larger, "levels²/px²",
    )  # fmt: skip


def _score(p: CornersParameters, n: Corners) -> Panel:
    if p.score == HARRIS:
        root = np.sign(n.harris) * np.sqrt(np.sqrt(np.abs(n.harris)))
        panel = signed_panel(
            "score", f"Harris' score R, k = {p.k:g}", root, _ROOT, unit="levels/px", ink="text", **_pickable(p),
            words="Colour: the fourth root of R of each pixel's window. Red: R is above 0. Blue: below.",
        )  # fmt: skip
        return _told(panel, n.harris, "levels⁴/px⁴")
    panel = map_panel("score", "Smaller eigenvalue λ₂: the score", np.sqrt(n.smaller), _FLATTEST, unit="levels/px",
                      ink="minor", **_pickable(p),
                      words="Colour: √λ₂, its slope the flattest way, on another scale. Corners only.")  # fmt: skip
    return _told(panel, n.smaller, "levels²/px²")


def _pickable(p: CornersParameters) -> dict[str, Any]:
    x, y = float(p.x), float(p.y)
    mark = Dot(x, y, "ring", 8, ink="look", link="picked", held=True)
    return {"marks": (mark,), "gesture": "pick", "at": (x, y), "snap": 1}


def _told(panel: Panel, values: NDArray[Any], unit: str) -> Panel:
    """Return a panel that tells other values under the pointer than those that make its colours."""
    return replace(panel, values=values, unit=unit)


def _picked(p: CornersParameters, n: Corners) -> Table:
    taken, unit = ("λ₂", "levels²/px²") if p.score == SHI_TOMASI else ("R", "levels⁴/px⁴")
    rows = [
        Row(("larger eigenvalue λ₁", f"{n.eigenvalues[0]:.1f} levels²/px²"), link="picked"),
        Row(("smaller eigenvalue λ₂", f"{n.eigenvalues[1]:.1f} levels²/px²"), link="picked"),
    ]
    if p.score == HARRIS:
        rows.append(Row(("Harris' score R", f"{_thousands(n.r)} {unit}"), link="picked"))
    rows += [
        Row((f"a corner has {taken} of at least", f"{n.threshold:,.1f} {unit}"), link="picked"),
        Row(("so this pixel is", n.kind), link="picked", strong=True),
        Row(("whole picture: points picked", f"{len(n.points)}")),
        Row((f"of these with λ₂ of at least {p.least:g}", f"{n.fixed}")),
    ]
    return Table(
        "picked", f"The picked pixel ({p.x}, {p.y}), and the whole picture", (("", "text"), ("", "text")), tuple(rows),
        words=f"A corner has at least {100 * p.quality:.0f} % (quality) of the best {taken} in the picture. The last "
        "line is the fixed threshold, for comparison.",
    )  # fmt: skip


def _opencv(n: Corners) -> Table:
    o = n.opencv
    bytes_, lucas_kanade = OPENCV_MIN_EIGEN / OPENCV_BYTES, 1 / from_lucas_kanade(1)
    rows = tuple(
        Row((name, _short(says), times, _short(says / factor)))
        for name, says, times, factor in (
            ("smaller_eigenvalue", o.sobel, "", 1.0),
            ("cornerMinEigenVal, float", o.corner_float, f"× {OPENCV_MIN_EIGEN:g}", OPENCV_MIN_EIGEN),
            ("cornerMinEigenVal, 8-bit", o.corner_bytes, f"× {OPENCV_MIN_EIGEN:g} / 255²", bytes_),
            ("lucas_kanade_points", o.scharr, "", 1.0),
            ("calcOpticalFlowPyrLK", o.lucas_kanade, f"÷ {1 / lucas_kanade:g}", lucas_kanade),
        )
    )
    columns = (("function", "text"), ("says", "minor"), ("scale", "text"), ("λ₂", "minor"))
    words = (
        "λ₂ of the picked pixel by two functions of flowlab and three of OpenCV (cv2), which count on other scales; "
        "OpenCV's minEigThreshold is on the last line's. The first three take Sobel's slopes, the others Scharr's."
    )
    return Table("opencv", "Only for those who use OpenCV: its scales", columns, rows, words=words)


def _short(value: float) -> str:
    return f"{value:.2f}" if value >= 0.1 or value == 0 else f"{value:.2e}".replace("e-0", "e−")


def _thousands(value: float) -> str:
    return f"{value:,.0f}".replace("-", "−")


def _moved(p: CornersParameters, _gesture: str, x: float, y: float) -> CornersParameters:
    return replace(p, x=int(x), y=int(y))


def _place(p: CornersParameters) -> Place:
    return Place(
        "pages/sparse_tracking.py", "Follow these points on Sparse tracking",
        "There the same score, quality and distance pick the points that are followed. Watch those where a stripe "
        "meets the pole's rim: they slide along the rim, as no paint on the pole does.",
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


_START = CornersParameters()
_NEAR = replace(_START, x=NEAR[0], y=NEAR[1])
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
            "edge", "From a corner to an edge", _START, replace(_START, score=HARRIS, x=EDGE[0], y=EDGE[1]),
            f"Harris and Stephens' score is R = λ₁λ₂ − {_START.k:g} (λ₁ + λ₂)²; it is above 0 at this corner. Now it "
            "is mapped, and the picked pixel moves to the middle of a stripe's edge. What is R there?",
            ("Above 0: the edge is about as steep", "Just about 0: nothing to see there", "Far below 0"),
            lambda _before, after: 2 if after.r < -1 else 1 if after.r <= 1 else 0,
            lambda before, after: (
                f"λ₁ stays large ({before.eigenvalues[0]:.0f} → {after.eigenvalues[0]:.0f}), but λ₂ falls from "
                f"{before.eigenvalues[1]:.0f} to {after.eigenvalues[1]:.1f}, as nothing changes along an edge. With it "
                f"the product goes, and what is taken off stays: R = {_thousands(after.r)}, and edges are blue in the "
                "map. Shi and Tomasi's score is λ₂ itself: small, so no corner either."
            ),
        ),
        Try(
            "light", "Double the light", replace(_START, light=50.0), _START,
            "The picture gets twice as bright, so all contrasts double. By how much do the eigenvalues grow?",
            ("Not at all", "2 times", "4 times"),
            lambda before, after: 0 if (grown := _growth(before, after)) < 1.4 else 1 if grown < 3 else 2,
            lambda before, after: (
                f"{_growth(before, after):.1f} times: slopes double, and M holds their squares. Quality is a share of "
                f"the best score, which grows as much, so {len(before.points)} points were picked and "
                f"{len(after.points)} are now. The fixed threshold (dotted line) does not grow: {before.fixed} of them "
                f"were above it, {after.fixed} are now."
            ),
        ),
        Try(
            "window", "A wider window", _NEAR, replace(_NEAR, window=15),
            f"The picked pixel ({NEAR[0]}, {NEAR[1]}) lies on a stripe's edge, some 5 pixels from where the stripe "
            "meets the pole's foot. The window grows from 5 to 15 pixels a side. What does the pixel count as then?",
            ("Still an edge: the pixel has not moved", "A corner", "Flat: the edge is averaged away"),
            lambda _before, after: ("edge", "corner", "flat").index(after.kind),
            lambda before, after: (
                f"The window now reaches the foot, whose slopes point another way: λ₂ grows from "
                f"{before.eigenvalues[1]:.1f} to {after.eigenvalues[1]:.1f}. (λ₁ falls from "
                f"{before.eigenvalues[0]:.0f} to {after.eigenvalues[0]:.0f}, an average that takes in more flat "
                "pixels.) It is the window that is a corner, not the pixel in its middle: a wide one finds corners "
                "that lie some pixels off."
            ),
        ),
    ),
    pitfall="A corner of the picture need not be a corner of a thing. Where a stripe meets the pole's upright rim both "
    "eigenvalues are large, but as the pole turns that meeting point slides along the rim: it is followed perfectly, "
    "and says nothing true. And a fixed threshold on an eigenvalue means another thing in other light.",
    place=_place,
    call=_call,
    unfold=(
        "Shi–Tomasi and Harris: two scores",
        "Both are called after their authors. **Shi and Tomasi** (1994) take λ₂ itself: a window is as good as its "
        "flattest direction. **Harris and Stephens** (1988) take R = λ₁λ₂ − k (λ₁ + λ₂)², which can be had from M "
        "without its eigenvalues: λ₁λ₂ is the determinant of M ÷ n and λ₁ + λ₂ the sum of its diagonal. It is large "
        "where both are, and the larger k is, the nearer λ₂ must be to λ₁. *Score*, on the left, chooses.",
    ),
)  # fmt: skip
