"""What the functions that draw tracked points check before they draw."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from flowlab.errors import ParameterError


def checked_points(name: str, points: ArrayLike) -> NDArray[np.float32]:
    """Return points (N, 2) as float32; none at all may come in any shape.

    Raises:
        ParameterError: their shape is another.
    """
    found = np.asarray(points, np.float32)
    if not found.size:
        return np.zeros((0, 2), np.float32)
    if found.ndim != 2 or found.shape[1] != 2:
        raise ParameterError(f"{name} has shape {found.shape}: give (points, 2), x before y")
    return found


def checked_trails(trails: ArrayLike | None, count: int) -> NDArray[np.float32]:
    """Return trails (count, L, 2) as float32, of no points each where there are none.

    Raises:
        ParameterError: their shape is another, or they are not as many as the points.
    """
    found = np.zeros((count, 0, 2), np.float32) if trails is None else np.asarray(trails, np.float32)
    if found.ndim != 3 or found.shape[::2] != (count, 2):
        raise ParameterError(f"trails has shape {found.shape}: give ({count}, length, 2), one for each point")
    return found


def checked_colours(colours: NDArray[Any], count: int) -> NDArray[np.uint8]:
    """Return colours (count, 3), uint8.

    Raises:
        ParameterError: their shape or type is another, or they are not as many as the points.
    """
    found = np.asarray(colours)
    if not count and not found.size:
        return np.zeros((0, 3), np.uint8)
    if found.shape != (count, 3) or found.dtype != np.uint8:
        raise ParameterError(
            f"colours are {found.dtype} of shape {found.shape}: give uint8, ({count}, 3), one for each point"
        )
    return found


def checked_selected(selected: int | None, count: int) -> int | None:
    """Return the index of one of `count` points, or None.

    Raises:
        ParameterError: there is no such point.
    """
    if selected is not None and not 0 <= selected < count:
        raise ParameterError(f"selected is {selected}: give the index of one of {count} points, or None")
    return selected


def checked_outline(outline: ArrayLike | None) -> NDArray[np.float32]:
    """Return the corners of a closed line (M, 2) as float32; of no corners where one is not finite.

    Raises:
        ParameterError: their shape is another.
    """
    corners = checked_points("outline", () if outline is None else outline)
    return corners if np.isfinite(corners).all() else corners[:0]


def up_to_points(trails: NDArray[np.float32], points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return trails (N, L, 2) that end at their points (N, 2), which are appended unless they are there already."""
    if trails.shape[1] and np.array_equal(trails[:, -1], points):
        return trails
    return np.concatenate([trails, points[:, None]], axis=1)
