"""One patch through time: what a tracker saw at each step, side by side."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.inputs import checked_count
from flowlab.drawing.unknown import mark_unknown
from flowlab.errors import ParameterError

_GROUND = (128, 128, 128)


def patch_strip(
    patches: NDArray[Any] | Sequence[NDArray[Any]],
    *,
    zoom: int = 4,
    per_row: int = 12,
    gap: int = 2,
    ground: tuple[int, int, int] = _GROUND,
) -> NDArray[np.uint8]:
    """Return grey patches side by side, enlarged so that their pixels can be told apart, row after row.

    Grey levels stay what they are, so that a change of light is seen as one.

    Args:
        patches: (K, h, w), grey levels 0..255, float or whole; NaN is hatched.
        zoom: drawn pixels to a pixel of a patch, 1 or more.
        per_row: patches in a row, 1 or more; fewer patches make a shorter row.
        gap: drawn pixels between patches, 0 or more.
        ground: RGB of the gaps, and of what the last row leaves free: the page's own, if the strip is to lie on it.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ParameterError: there are no patches, or a shape or number is not usable.
    """
    seen = np.asarray(patches, np.float32)
    if seen.ndim != 3 or not seen.size:
        raise ParameterError(f"the patches have shape {seen.shape}: give (patches, height, width), one patch or more")
    zoom, per_row, gap = checked_count("zoom", zoom), checked_count("per_row", per_row), checked_count("gap", gap, 0)
    large = seen.repeat(zoom, axis=1).repeat(zoom, axis=2)
    count, height, width = large.shape
    columns = min(per_row, count)
    rows = -(-count // columns)
    strip = np.empty((rows * (height + gap) - gap, columns * (width + gap) - gap, 3), np.uint8)
    strip[:] = ground
    for number, patch in enumerate(large):
        top, left = number // columns * (height + gap), number % columns * (width + gap)
        strip[top : top + height, left : left + width] = mark_unknown(np.dstack([patch] * 3))
    return strip
