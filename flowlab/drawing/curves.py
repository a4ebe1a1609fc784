"""One curve of a plot, and the numbers it is made of."""

import numpy as np
import plotly.graph_objects as go
from numpy.typing import ArrayLike, NDArray

from flowlab.drawing.inks import plain
from flowlab.drawing.plot_layout import NUMBER
from flowlab.errors import ParameterError, shown

_MOST_POINTS = 360  # of a line: six lines then weigh less than 30 kB


def series_of(name: str, values: ArrayLike, like: ArrayLike | None = None) -> NDArray[np.float32]:
    """Return values (N,) as float32, which travels as a typed array.

    Raises:
        ParameterError: there are none, they are no list, or not as many as in `like`.
    """
    series = np.asarray(values, np.float32)
    if series.ndim != 1 or not series.size:
        raise ParameterError(f"{shown(name)} has shape {series.shape}: give a list of numbers")
    if like is not None and len(series) != len(np.asarray(like)):
        raise ParameterError(f"{shown(name)} has {len(series)} numbers: give {len(np.asarray(like))}")
    return series


def evenly(count: int) -> NDArray[np.intp]:
    """Return at most `_MOST_POINTS` indices of 0 .. count-1, evenly spread, both ends among them."""
    return np.rint(np.linspace(0, count - 1, min(count, _MOST_POINTS))).astype(np.intp)


def curve(
    name: str,
    x: NDArray[np.float32],
    y: NDArray[np.float32],
    *,
    colour: str,
    unit: str,
    dash: str = "solid",
    width: float = 2.0,
) -> go.Scatter:
    """Return one curve, with a gap where y is not finite."""
    return go.Scatter(
        x=x,
        y=np.where(np.isfinite(y), y, np.float32(np.nan)),
        name=plain(name),
        mode="lines" if np.isfinite(y).sum() > 1 else "markers",  # a line through one point would be nothing
        connectgaps=False,
        line={"color": colour, "dash": dash, "width": width},
        hovertemplate=f"%{{y:{NUMBER}}} {unit}",
    )
