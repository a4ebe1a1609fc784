"""What the drawing functions check before they draw."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ParameterError


def checked_flow(flow: NDArray[Any]) -> NDArray[np.float32]:
    """Return `flow` as float32 (H, W, 2), without a copy where it is that already.

    Raises:
        ParameterError: its shape is another, or it has no pixels.
    """
    if flow.ndim != 3 or flow.shape[2] != 2 or flow.size == 0:
        raise ParameterError(f"the flow has shape {flow.shape}: give (height, width, 2)")
    return np.asarray(flow, np.float32)


def checked_picture(picture: NDArray[Any]) -> NDArray[Any]:
    """Return `picture`, (H, W, 3) of any numeric type.

    Raises:
        ParameterError: its shape is another, or it has no pixels.
    """
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.size == 0:
        raise ParameterError(f"the picture has shape {picture.shape}: give (height, width, 3), red first")
    return picture


def checked_positive(name: str, value: float, unit: str = "") -> float:
    """Return `value`, a finite number above 0.

    Raises:
        ParameterError: it is zero, negative, infinite or not a number.
    """
    if not (math.isfinite(value) and value > 0):
        raise ParameterError(f"{name} is {value:g}: give a number above 0" + (f" ({unit})" if unit else ""))
    return float(value)


def checked_count(name: str, value: int, low: int = 1) -> int:
    """Return `value`, a whole number of at least `low` pixels.

    Raises:
        ParameterError: it is smaller, or not whole.
    """
    if not math.isfinite(value) or value != int(value) or value < low:
        raise ParameterError(f"{name} is {value:g}: give a whole number of pixels, {low} or more")
    return int(value)


def check_same_size(picture: NDArray[Any], other: NDArray[Any], name: str) -> None:
    """Raise ParameterError unless `other`, called `name`, has the rows and columns of the picture."""
    if picture.shape[:2] != other.shape[:2]:
        raise ParameterError(
            f"the picture is {picture.shape[1]}x{picture.shape[0]} and the {name} "
            f"{other.shape[1]}x{other.shape[0]}: give both at one size"
        )


def checked_plane(values: NDArray[Any], name: str = "values") -> NDArray[Any]:
    """Return `values`, (H, W) of any numeric type.

    Raises:
        ParameterError: their shape is another, or they have no pixels.
    """
    if values.ndim != 2 or values.size == 0:
        raise ParameterError(f"the {name} have shape {values.shape}: give (height, width)")
    return values
