"""The structure tensor: how much a picture changes in each direction around every pixel.

    S = | xx  xy |   each entry a product of gradients (grey levels/px), averaged over a box.
        | xy  yy |

Its smaller eigenvalue says how well a displacement can be measured: zero in a flat place and along a
straight edge (the aperture problem), large where the picture varies both ways.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ParameterError

Plane = NDArray[np.float32]

_SOBEL_GAIN = 8.0  # what a 3x3 Sobel filter answers to a slope of one grey level a pixel


def structure_tensor(grey: NDArray[np.generic], window: int) -> NDArray[np.float32]:
    """Return the structure tensor at every pixel, averaged over a box.

    Args:
        grey: (H, W), any numeric type, grey levels.
        window: side of the box, an odd number of pixels from 1.

    Returns:
        (H, W, 3) float32: xx, xy, yy in grey-levels^2/px^2. At the rim the picture is mirrored.

    Raises:
        ParameterError: the picture is not grey, or `window` is not odd.

    Source:
        Foerstner and Guelch 1987, "A fast operator for detection and precise location of distinct points".
        Gradients by Sobel 3x3, divided by its gain, so that a slope of 1 grey level a pixel has xx = 1.
    """
    return cv2.merge(_averaged_products(grey, window))  # type: ignore[return-value]


def smaller_eigenvalue(grey: NDArray[np.generic], window: int) -> NDArray[np.float32]:
    """Return the smaller eigenvalue of the structure tensor at every pixel.

    Args:
        grey: (H, W), any numeric type, grey levels.
        window: side of the box that is averaged over, an odd number of pixels from 1.

    Returns:
        (H, W) float32, grey-levels^2/px^2, at least 0.

    Raises:
        ParameterError: as `structure_tensor`.

    Source:
        Shi and Tomasi 1994, "Good features to track", section 3.

    OpenCV's cornerMinEigenVal(grey, window, ksize=3) is 4 times this for a float picture and 4 / 255^2
    times this for a uint8 one: it sums over the box gradients of twice the true size, divided by the
    box's side, and counts 8-bit pictures from 0 to 1.
    """
    xx, xy, yy = _averaged_products(grey, window)
    half_sum, half_difference = (xx + yy) / 2, (xx - yy) / 2
    smaller = half_sum - np.sqrt(half_difference * half_difference + xy * xy)
    return np.maximum(smaller, 0)


def _averaged_products(grey: NDArray[np.generic], window: int) -> tuple[Plane, Plane, Plane]:
    """Return xx, xy and yy, each (H, W): planes are averaged faster apart than together."""
    if grey.ndim != 2 or grey.dtype.kind not in "fiub":
        raise ParameterError(f"the picture is {grey.dtype} of shape {grey.shape}: give a grey picture (H, W)")
    if window < 1 or window != int(window) or window % 2 == 0:
        raise ParameterError(f"window is {window}: give an odd number of pixels from 1")
    picture = grey.astype(np.float32)
    gx = cv2.Sobel(picture, cv2.CV_32F, 1, 0, ksize=3, scale=1 / _SOBEL_GAIN)
    gy = cv2.Sobel(picture, cv2.CV_32F, 0, 1, ksize=3, scale=1 / _SOBEL_GAIN)
    box = (int(window), int(window))
    return cv2.blur(gx * gx, box), cv2.blur(gx * gy, box), cv2.blur(gy * gy, box)  # type: ignore[return-value]
