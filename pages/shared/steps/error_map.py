"""The map of the error E(u, v) of step 6, with the window's answer, its ellipse, and answers with other noise."""

import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.board import Dot, Line, Mark, Panel, Strip
from flowlab.drawing.scales import ColourMap, colour_scale, sequential_colours
from flowlab.theory.least_squares import DRAWS, LINEAR, LeastSquares, LeastSquaresParameters

from .marks import dots

WAYS = ("steepest", "flattest")
"""Names of the axes of M, that of the larger eigenvalue first."""

_SCALE = 25.0  # grey levels: full colour of the root mean square residual, the same for every window
_VERDICTS = (
    "Flat paper: this window holds no slope but noise, so the answer is made of noise and its ellipse is worth nothing",
    "An edge: a valley, so the motion is known across the edge and hardly along it, where the ellipse is too hopeful",
    "A bowl with one lowest point: the motion is known both ways",
)


def error_map(p: LeastSquaresParameters, n: LeastSquares) -> Panel:
    """Return the map of step 6."""
    left = np.sqrt(n.surface)
    margin = (n.u[1] - n.u[0]) / 2
    which = "" if p.surface == LINEAR else ", the second picture really moved back by (u, v)"
    return Panel(
        "map", "E(u,v): what each motion leaves unexplained", (n.u[0] - margin, n.u[-1] + margin),
        (n.v[-1] + margin, n.v[0] - margin), image=sequential_colours(left, _SCALE, ColourMap.RESIDUAL), smooth=True,
        values=left, unit="grey levels", x_title="u, px (right)", y_title="v, px (down)", ink="ft",
        strip=Strip(colour_scale(ColourMap.RESIDUAL, 256, 8), ("0", f"{_SCALE:g} grey levels")), marks=_marks(n),
        words=f"{_VERDICTS[n.known]}. Colour: √(E / {n.pixels}), what is left over in a pixel of the window{which}. "
        f"Faint rings: equal E. Big dot: this window's answer. {_ellipse_words(n)}"
        "Small dots: answers with other noise. Cross: the truth.",
    )  # fmt: skip


def _ellipse_words(n: LeastSquares) -> str:
    """Return what the ellipses are."""
    if not n.ellipse:
        return ""
    return (
        "Green ellipse: how far noise is expected to throw it (1 σ; its half-axes are the roots of C's eigenvalues); "
        "thin, the same around the small dots' mean. "
    )


def _marks(n: LeastSquares) -> tuple[Mark, ...]:
    marks: list[Mark] = [
        Line(x, y, ink="ft", width=1.0, closed=True, faded=True, label="a line of equal E of the linear equations")
        for x, y in n.contours
    ]
    marks.append(dots(n.draws, ink="flow", width=3.0, label=f"answers with {DRAWS} other draws of noise"))
    if n.ellipse and n.ellipse_of_draws:
        x, y = n.ellipse_of_draws
        marks.append(
            Line(x, y, ink="flow", width=1.0, faded=True, closed=True, label="the ellipse around the small dots' mean")
        )
        x, y = n.ellipse
        size = " × ".join(f"{axis:.3f}" for axis in n.deviation)
        marks.append(
            Line(x, y, ink="flow", closed=True, filled=bool(n.known), dash="solid" if n.known else "dash",
                 faded=not n.known, link="ellipse", label=f"1 σ of noise: ± {size} px")
        )  # fmt: skip
        marks += _half_axes(n)
        u, v = n.flow.tolist()
        marks.append(Dot(u, v, size=4, ink="flow", label=f"this window's answer ({u:.2f}, {v:.2f}) px"))
    true_u, true_v = n.truth.tolist()
    return (*marks, Dot(true_u, true_v, "cross", 6, ink="true", label=f"truth ({true_u:g}, {true_v:g}) px"))


def _half_axes(n: LeastSquares) -> tuple[Line, ...]:
    """Return the axes of the ellipse."""
    u, v = n.flow.tolist()
    return tuple(
        Line(
            tuple((u + np.array([-1, 1]) * way[0] * reach).tolist()),
            tuple((v + np.array([-1, 1]) * way[1] * reach).tolist()), ink=ink, link=ink, width=1.0, faded=not n.known,
            label=f"the {name} way {_way(way)}: ± {reach:.3f} px",
        )
        for name, ink, way, reach in zip(WAYS, ("major", "minor"), n.axes, n.deviation, strict=True)
    )  # fmt: skip


def _way(axis: NDArray[np.float64]) -> str:
    return f"({axis[0]:.2f}, {axis[1]:.2f})".replace("-", "−")
