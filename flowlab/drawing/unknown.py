"""How pixels without a value look: never like a value, never like the picture."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.inputs import checked_picture

UNKNOWN_COLOUR = (128, 128, 128)
"""Mid grey, in every coloured view. The flow wheel holds no grey (its brightest channel is 255, or
191 beyond the scale), and the sequential scales come near none but black and white."""

_HATCH = np.array([104, 148], np.uint8)
_HATCH_WIDTH = 4


def mark_unknown(picture: NDArray[Any]) -> NDArray[np.uint8]:
    """Return a float picture as RGB uint8, its unknown pixels (NaN) under a quiet diagonal hatch.

    A flat grey could be a road or a wall; two greys in diagonal bands 4 px wide could not. The hatch
    is fixed to the pixel grid, so it keeps still while frames change.

    Args:
        picture: (H, W, 3) float, 0..255, red first; NaN in any channel means no source for this
            pixel. What a cubic kernel shot beyond 0..255 is cut.

    Returns:
        (H, W, 3) uint8.

    Raises:
        ParameterError: not a picture of three channels.
    """
    picture = np.asarray(checked_picture(picture), np.float32)
    red, green, blue = np.moveaxis(picture, 2, 0)
    rows, columns = np.nonzero(np.isnan(red + green + blue))
    shown = np.rint(np.clip(picture, 0, 255))
    shown[rows, columns] = _HATCH[(rows + columns) // _HATCH_WIDTH % 2, None]
    return shown.astype(np.uint8)  # type: ignore[no-any-return]
