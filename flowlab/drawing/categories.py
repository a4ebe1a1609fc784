"""One reason a pixel, laid over the picture it belongs to.

Colours of Okabe & Ito (2008), "Color Universal Design", which every kind of colour vision tells apart.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.inputs import check_same_size, checked_picture, checked_plane
from flowlab.errors import ParameterError

Rgb = tuple[int, int, int]

CATEGORY_COLOURS: tuple[Rgb, ...] = (
    (0, 0, 0),  # category 0 is the picture itself: never drawn
    (0, 158, 115),  # bluish green
    (204, 121, 167),  # reddish purple
    (213, 94, 0),  # vermillion
    (86, 180, 233),  # sky blue
    (230, 159, 0),  # orange
    (0, 114, 178),  # blue
)
"""The colour of each category; the first one is not used."""

_DIMMED = 0.55
"""How bright the grey picture is beneath the colours."""


def category_colours(
    picture: NDArray[np.uint8],
    categories: NDArray[Any],
    colours: Sequence[Rgb] = CATEGORY_COLOURS,
    strength: float = 0.6,
) -> NDArray[np.uint8]:
    """Return the picture, with the pixels of every category but 0 in its colour over a dimmed grey.

    Args:
        picture: (H, W, 3) uint8, red first.
        categories: (H, W), whole numbers: 0 leaves the picture as it is, k has colour `colours[k]`.
        colours: RGB of every category; the first one is not used.
        strength: share of the colour, 0 (the dimmed picture alone) to 1 (the colour alone).

    Returns:
        (H, W, 3) uint8.

    Raises:
        ParameterError: a shape is not usable, sizes differ, a category has no colour, or the strength is not
            within 0 to 1.
    """
    checked_picture(picture)
    check_same_size(picture, checked_plane(categories, "categories"), "map of categories")
    if not 0 <= strength <= 1:
        raise ParameterError(f"strength is {strength:g}: give a number from 0 to 1")
    if categories.dtype.kind not in "bui" or categories.min() < 0 or categories.max() >= len(colours):
        raise ParameterError(
            f"the categories run from {categories.min():g} to {categories.max():g}: "
            f"give whole numbers from 0 to {len(colours) - 1}, or more colours"
        )
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    # Every mixture there can be, (categories, grey levels, 3), then one look at the table for each pixel.
    dimmed = _DIMMED * np.arange(256)[None, :, None]
    table = strength * np.array(colours, np.float64)[:, None] + (1 - strength) * dimmed
    drawn: NDArray[np.uint8] = np.rint(table).astype(np.uint8)[categories.astype(np.uint8), grey]
    drawn[categories == 0] = picture[categories == 0]
    return drawn
