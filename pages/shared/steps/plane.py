"""The plane of all motions: where constraint lines are drawn and estimates meet the truth."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.board import Arrow, Line, Mark, Panel

from .tex import Tex, number, signed

_LADDER = (2.0, 3.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0)


def motion_plane(name: str, title: str, marks: tuple[Mark, ...], reach: float, **more: Any) -> Panel:
    """Return the plane of motions (u, v) up to `reach` px/frame either way: both axes alike, v downwards as y is."""
    return Panel(
        name, title, (-reach, reach), (reach, -reach), marks, x_title="u, px/frame to the right",
        y_title="v, px/frame downwards", **more,
    )  # fmt: skip


def reach_of(*motions: tuple[float, float]) -> float:
    """Return how far a plane reaches that holds these motions (u, v): one of few steps, so that it seldom changes."""
    most = max((abs(part) for motion in motions for part in motion if math.isfinite(part)), default=0.0)
    return next((reach for reach in _LADDER if 1.1 * most <= reach), _LADDER[-1])


def motion_line(ends: NDArray[np.floating[Any]], **more: Any) -> tuple[Line, ...]:
    """Return a constraint line given by two motions (2, 2); none where it has no place."""
    if not np.isfinite(ends).all():
        return ()
    (u, v), (other_u, other_v) = ends.tolist()
    return (Line((u, other_u), (v, other_v), **more),)


def motion_arrow(x: float, y: float, motion: tuple[float, float], longer: float, **more: Any) -> tuple[Arrow, ...]:
    """Return a motion at (x, y) of a picture, drawn `longer` times as long as it is; none where it is not known."""
    u, v = motion
    return (Arrow(x, y, u * longer, v * longer, **more),) if math.isfinite(u) and math.isfinite(v) else ()


def told(motion: tuple[float, float]) -> str:
    """Return a motion in words: "(0.43, −0.30) px/frame"."""
    u, v = (number(part).replace("-", "\N{MINUS SIGN}") for part in motion)
    return f"({u}, {v}) px/frame"


def cell(value: float, digits: int = 2) -> str:
    """Return a number with its sign for a table, with a true minus; a dash where it is not known."""
    return signed(value, digits).replace("-", "\N{MINUS SIGN}") if math.isfinite(value) else "\N{EN DASH}"


def live_motion(tex: Tex, motion: tuple[float, float], ink: str) -> str:
    """Return (u, v) with its numbers beneath."""
    return tex.live("(u,v)", rf"({number(motion[0])},\;{number(motion[1])})", ink)
