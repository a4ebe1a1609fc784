"""Marks that several steps draw."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.board import Line


def dots(places: NDArray[Any], *, width: float, **more: Any) -> Line:
    """Return many small dots as one mark: a line whose pieces have no length, so that only their round ends show.

    Args:
        places: (N, 2), (x, y) of each; those that are not finite are left out.
        width: of a dot, screen px.
        more: further attributes of `Line`.
    """
    known = places[np.isfinite(places).all(axis=1)]
    x, y = (tuple(np.stack([part, part, np.full_like(part, np.nan)], axis=1).ravel().tolist()) for part in known.T)
    return Line(x or (np.nan,), y or (np.nan,), width=width, **more)
