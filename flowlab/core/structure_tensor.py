"""The structure tensor: how much a picture changes in each direction around every pixel.

    S = | xx  xy |   each entry a product of gradients (grey levels/px), averaged over a box.
        | xy  yy |

Its smaller eigenvalue says how well a displacement can be measured: zero in a flat place and along a
straight edge (the aperture problem), large where the picture varies both ways.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.gradients import Kernel, gradients
from flowlab.core.window import averaged_products

Plane = NDArray[np.float32]


def structure_tensor(
    grey: NDArray[np.generic], window: int, *, kernel: Kernel | str = Kernel.SOBEL, gaussian: bool = False
) -> NDArray[np.float32]:
    """Return the structure tensor at every pixel, averaged over a window.

    Args:
        grey: (H, W), any numeric type, grey levels.
        window: its side, an odd number of pixels from 1.
        kernel: how slopes are measured.
        gaussian: weigh the window's pixels by a Gaussian instead of all alike, see `core.window.window_mean`.

    Returns:
        (H, W, 3) float32: xx, xy, yy in grey-levels^2/px^2. At the rim the picture is mirrored.

    Raises:
        ParameterError: the picture is not grey, `window` is not odd, or there is no such kernel.

    Source:
        Foerstner and Guelch 1987, "A fast operator for detection and precise location of distinct points".
        A slope of 1 grey level a pixel has xx = 1.
    """
    products = averaged_products(*gradients(grey, kernel), window, gaussian=gaussian)
    return cv2.merge(products)  # type: ignore[return-value]


def smaller_eigenvalue(
    grey: NDArray[np.generic], window: int, *, kernel: Kernel | str = Kernel.SOBEL, gaussian: bool = False
) -> NDArray[np.float32]:
    """Return the smaller eigenvalue of the structure tensor at every pixel.

    Args:
        grey: (H, W), any numeric type, grey levels.
        window: side of the window that is averaged over, an odd number of pixels from 1.
        kernel: how slopes are measured.
        gaussian: as in `structure_tensor`.

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
    return smaller_root(*averaged_products(*gradients(grey, kernel), window, gaussian=gaussian))


def smaller_root(xx: Plane, xy: Plane, yy: Plane) -> Plane:
    """Return the smaller eigenvalue of symmetric 2x2 matrices, any one shape, at least 0."""
    half_sum, half_difference = (xx + yy) / 2, (xx - yy) / 2
    smaller = half_sum - np.sqrt(half_difference * half_difference + xy * xy)
    return np.maximum(smaller, 0)
