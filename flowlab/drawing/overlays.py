"""What lies outside the region one looks at."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.inputs import check_same_size, checked_picture, checked_plane

_DIMMED = 0.3
"""Brightness of what lies outside, of the picture's own: still to be made out, never looked at."""


def outside_dimmed(picture: NDArray[np.uint8], mask: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the picture, dim and grey where the mask is False.

    Args:
        picture: (H, W, 3) uint8, red first.
        mask: (H, W), True (or not 0) where the picture stays as it is.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ParameterError: a shape is not usable, or picture and mask differ in size.
    """
    checked_picture(picture)
    check_same_size(picture, checked_plane(mask, "mask's values"), "mask")
    dim = cv2.convertScaleAbs(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), alpha=_DIMMED)
    drawn: NDArray[np.uint8] = cv2.cvtColor(dim, cv2.COLOR_GRAY2RGB)  # type: ignore[assignment]
    return cv2.copyTo(picture, mask.astype(bool).view(np.uint8), drawn)  # type: ignore[return-value]
