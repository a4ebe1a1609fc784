"""The symbols of the walk: one notation throughout, explained where a symbol first appears and beside it ever after."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .tex import Tex


@dataclass(frozen=True)
class Symbol:
    """A symbol.

    Attributes:
        tex: how it is written.
        ink: its colour.
        meaning: what it means, with its unit: told where it first appears.
        short: the same in two or three words: told ever after.
    """

    tex: str
    ink: str
    meaning: str
    short: str


SYMBOLS: Mapping[str, Symbol] = {
    "I": Symbol("I(x,y,t)", "first", "brightness at column x, row y, time t; grey levels, 0 to 255", "brightness"),
    "I'": Symbol(r"I(\cdot,t+dt)", "second", "brightness one moment later", "one moment later"),
    "dx": Symbol("(dx,dy)", "flow", "displacement: how far the point moves right and down, px", "displacement, px"),
    "dt": Symbol("dt", "text", "time between the two pictures: 1 frame", "1 frame"),
    "r": Symbol("r", "ft", "residual: what is left of the difference after moving back, levels", "residual, levels"),
    "fx": Symbol(
        "f_x", "fx", "slope to the right, ∂I/∂x: how much brightness grows a column, levels/px", "slope to the right"
    ),
    "fy": Symbol("f_y", "fy", "slope downwards, ∂I/∂y, levels/px", "slope downwards"),
    "ft": Symbol(
        "f_t", "ft", "change in place, ∂I/∂t: how much this pixel brightens in one frame, levels/frame",
        "change in place",
    ),
    "uv": Symbol(
        "(u,v)", "flow", "flow: velocity to the right and downwards, (dx/dt, dy/dt), px/frame", "flow, px/frame"
    ),
    "un": Symbol("u_n", "flow", "normal flow: a pixel's motion across its edge, px/frame", "normal flow"),
    "i": Symbol("i", "text", "number of a pixel in the window; the numbers above are those of its middle", "pixel"),
    "w": Symbol("w_i", "text", "weight: how much the equation of pixel i counts, 0 to 1", "weight"),
    "M": Symbol("M", "text", "the 2×2 matrix of summed products of slopes, levels²/px²", "sums of slopes"),
    "q": Symbol(
        "q", "ft", "the vector of summed products of slope and change, levels²/px", "sums of slope times change"
    ),
    "E": Symbol(
        "E(u,v)", "ft", "sum over the window of the squared residual, levels²; beneath it: at the answer",
        "sum of squared residuals",
    ),
    "noise": Symbol(r"\sigma_n", "text", "standard deviation of the camera's noise in a pixel, grey levels", "noise"),
    "C": Symbol(
        "C", "flow",
        "covariance: the scatter, squared, that noise gives the answer, px²; the 2, since both pictures have noise",
        "squared scatter of the answer",
    ),
    "l1": Symbol(
        r"\lambda_1", "major",
        "larger eigenvalue of M ÷ n, which is the average over the window's n pixels (step 6 used the sum): squared "
        "slope the steepest way, levels²/px²",
        "larger eigenvalue",
    ),
    "l2": Symbol(
        r"\lambda_2", "minor", "smaller eigenvalue of M ÷ n: squared slope the flattest way, levels²/px²",
        "smaller eigenvalue",
    ),
    "R": Symbol("R", "text", "score of Harris, if set: λ₁λ₂ − k (λ₁ + λ₂)², levels⁴/px⁴", "Harris' score"),
    "k": Symbol("k", "text", "number of the step, from 0", "step"),
    "dk": Symbol("d_k", "flow", "displacement after step k, px", "displacement after step k"),
    "delta": Symbol(r"\delta_k", "flow", "increment that step k finds, px", "increment of step k"),
    "level": Symbol(
        r"\ell", "text", "pyramid level: 0 is the picture itself, every further one half as large", "pyramid level"
    ),
    "dl": Symbol(r"d_\ell", "flow", "displacement found at level ℓ, px of that level", "found at level ℓ"),
}  # fmt: skip


def legend(names: Iterable[str], new: Iterable[str], tex: Tex) -> str:
    """Return Markdown that explains symbols: the new ones in full and first, those known already briefly, in grey."""
    fresh, names = set(new), list(names)
    ordered = [name for name in names if name in fresh] + [name for name in names if name not in fresh]
    parts = []
    for name in ordered:
        symbol = SYMBOLS[name]
        words = symbol.meaning if name in fresh else f":gray[{symbol.short}]"
        parts.append(f"${tex.ink(symbol.tex, symbol.ink)}$ {words}")
    return " &nbsp;·&nbsp; ".join(parts)
