"""The plane of the two eigenvalues of step 7: which pixels are corners, edges or flat."""

import numpy as np

from flowlab.drawing.board import Dot, Line, Mark, Panel, Words
from flowlab.theory.corners import Corners, CornersParameters
from flowlab.tracking.parameters import HARRIS, SHI_TOMASI

from .marks import dots

_X, _Y = (1.0, 20000.0), (0.06, 5000.0)  # ends of the eigenvalue plane, levels^2/px^2
_LEAST = 0.2  # levels^2/px^2; what is smaller is drawn here, above the words
_DIAGONAL = 2500.0  # levels^2/px^2; so far the line is drawn, and leaves room for a word


def score_ink(p: CornersParameters) -> str:
    """Return the colour of the score that was set."""
    return "minor" if p.score == SHI_TOMASI else "text"


def eigenvalue_plane(p: CornersParameters, n: Corners) -> Panel:
    """Return the eigenvalue plane of step 7."""
    inside = np.maximum(n.sampled, (_X[0], _LEAST))
    marks: list[Mark] = [
        dots(inside[~n.taken], ink="faint", width=3.0), dots(inside[n.taken], ink=score_ink(p), width=3.0),
    ]  # fmt: skip
    marks.append(Line((_X[0], _DIAGONAL), (_X[0], _DIAGONAL), ink="faint", width=1.0, label="λ₂ = λ₁: alike every way"))
    names = ("the score's threshold", "λ₁ at the same share of its largest", "R = 0")
    marks += [
        Line(x, y, ink="faint" if i else score_ink(p), dash="dash" if i else "solid", width=1.5 if i else 2.0,
             label=name)
        for i, ((x, y), name) in enumerate(zip(n.borders, names, strict=False))
    ]  # fmt: skip
    column, row = n.points.T.astype(int)
    marks += [
        Dot(float(one), float(two), "ring", 4, ink=score_ink(p), link=f"point {i}", label=f"point {i + 1}")
        for i, (one, two) in enumerate(zip(n.larger[row, column], n.smaller[row, column], strict=True))
    ]
    marks += [
        Line(_X, (p.least, p.least), ink="text", dash="dot", width=1.5, label=f"the fixed threshold: λ₂ = {p.least:g}"),
        Words(12.0, 0.1, "flat", ink="faint"), Words(_X[1] * 0.8, 0.1, "edge", "end", ink="faint"),
        Words(_X[1] * 0.8, 3000.0, "corner", "end", ink=score_ink(p)),
        Words(1.3, 1.6 * p.least, f"fixed {p.least:g}", size=11.0),
    ]  # fmt: skip
    larger, smaller = n.eigenvalues.tolist()
    marks.append(Dot(max(larger, _X[0]), max(smaller, _LEAST), size=6, ink="look", link="picked",
                     label=f"picked pixel: λ₁ {larger:.1f}, λ₂ {smaller:.1f}"))  # fmt: skip
    return Panel(
        "plane", "Eigenvalue plane: pixels of the whole picture", _X, _Y, marks=tuple(marks), log_x=True, log_y=True,
        aspect=1.0, x_title="λ₁, levels²/px²", y_title="λ₂, levels²/px²", words=_plane_words(p),
    )  # fmt: skip


def _plane_words(p: CornersParameters) -> str:
    zero = " Lower dashed line: R = 0." if p.score == HARRIS else ""
    return (
        "Above the solid line: corner. Below it, right of the upright dashed line: edge; left of it: flat."
        f"{zero} Dotted: the fixed threshold. Above the diagonal lies nothing, as λ₂ ≤ λ₁. Big dot: the picked pixel."
    )
