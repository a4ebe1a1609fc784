"""The slopes of a picture: which way it gets brighter, and how steeply.

    fx = dI/dx,  fy = dI/dy     grey levels/px

Each kernel is the product of two one-dimensional ones: a difference along the axis of the slope, which finds it, and
an average across, which quietens noise. Every kernel answers 1 to a slope of 1 grey level/px; they differ in what
they make of fine detail. To a wave of w rad/px along the axis the true slope is w times its height, and a difference
answers H(w) times its height: sin w for the three-tap difference, (8 sin w - sin 2w) / 6 for the five-tap one.

    kernel      difference             average          good at
    central     (-1, 0, 1) / 2         1                sharpness, and sums that are worked out by hand
    sobel       (-1, 0, 1) / 2         (1, 2, 1) / 4    quiet slopes
    scharr      (-1, 0, 1) / 2         (3, 10, 3) / 16  the slope's direction, whichever way it points
    five-point  (1, -8, 0, 8, -1) / 12 1                waves down to 4 px: its error falls with w^4, not w^2
"""

from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ParameterError, shown

Plane = NDArray[np.float32]


class Kernel(StrEnum):
    """How a slope is measured.

    SOBEL: I. Sobel and G. Feldman (1968), "A 3x3 Isotropic Gradient Operator for Image Processing".
    SCHARR: H. Scharr (2000), "Optimal Operators in Digital Image Processing", dissertation, Heidelberg; OpenCV's
        Lucas-Kanade uses it.
    FIVE_POINT: the central difference of fourth order, which flow methods since J. L. Barron, D. J. Fleet and
        S. S. Beauchemin (1994), "Performance of Optical Flow Techniques", use.
    """

    CENTRAL = "central"
    SOBEL = "sobel"
    SCHARR = "scharr"
    FIVE_POINT = "five-point"


_THREE_POINT = (-1 / 2, 0.0, 1 / 2)
_FIVE_POINT = (1 / 12, -8 / 12, 0.0, 8 / 12, -1 / 12)
_TAPS: dict[Kernel, tuple[tuple[float, ...], tuple[float, ...]]] = {
    Kernel.CENTRAL: (_THREE_POINT, (1.0,)),
    Kernel.SOBEL: (_THREE_POINT, (1 / 4, 2 / 4, 1 / 4)),
    Kernel.SCHARR: (_THREE_POINT, (3 / 16, 10 / 16, 3 / 16)),
    Kernel.FIVE_POINT: (_FIVE_POINT, (1.0,)),
}


def derivative_taps(kernel: Kernel | str) -> NDArray[np.float64]:
    """Return the difference along the slope's axis, (3,) or (5,), per px; it is correlated, not convolved.

    Raises:
        ParameterError: there is no kernel of that name.
    """
    return np.array(_TAPS[_known(kernel)][0])


def smoothing_taps(kernel: Kernel | str) -> NDArray[np.float64]:
    """Return the average across, (1,) or (3,), its sum 1.

    Raises:
        ParameterError: there is no kernel of that name.
    """
    return np.array(_TAPS[_known(kernel)][1])


def gradients(picture: NDArray[np.generic], kernel: Kernel | str = Kernel.SCHARR) -> tuple[Plane, Plane]:
    """Return the slopes of a picture at every pixel.

    Args:
        picture: I, (H, W), any numeric type, grey levels.
        kernel: how slopes are measured.

    Returns:
        (fx, fy), each (H, W) float32, grey levels/px, x to the right and y down. Beyond the rim the picture is
        mirrored about its outermost pixels (OpenCV's BORDER_REFLECT_101), so that the slope across the rim is 0 there.

    Raises:
        ParameterError: the picture is not grey, or there is no kernel of that name.
    """
    values = as_plane(picture)
    along, across = derivative_taps(kernel), smoothing_taps(kernel)
    fx = cv2.sepFilter2D(values, cv2.CV_32F, along, across, borderType=cv2.BORDER_REFLECT_101)
    fy = cv2.sepFilter2D(values, cv2.CV_32F, across, along, borderType=cv2.BORDER_REFLECT_101)
    return fx, fy  # type: ignore[return-value]


def smoothed(picture: NDArray[np.generic], sigma: float) -> Plane:
    """Return a picture averaged with a Gaussian: it takes away the detail that a slope cannot describe, and noise.

    Args:
        picture: (H, W), any numeric type.
        sigma: px, from 0; 0 changes nothing.

    Returns:
        (H, W) float32, a new array; mirrored at the rim like `gradients`.

    Raises:
        ParameterError: the picture is not grey, or sigma is negative or not a number.
    """
    values = as_plane(picture)
    if not 0 <= sigma < np.inf:
        raise ParameterError(f"sigma is {sigma}: give pixels, 0 or more")
    if sigma == 0:
        return values.copy()
    return cv2.GaussianBlur(values, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)  # type: ignore[return-value]


def as_plane(picture: NDArray[np.generic]) -> Plane:
    """Return a grey picture (H, W) as float32: itself where it is that already.

    Raises:
        ParameterError: it has another number of dimensions, or no numbers in it.
    """
    if picture.ndim != 2 or picture.dtype.kind not in "fiub":
        raise ParameterError(f"the picture is {picture.dtype} of shape {picture.shape}: give a grey picture (H, W)")
    return picture.astype(np.float32, copy=False)


def as_pair(first: NDArray[np.generic], second: NDArray[np.generic]) -> tuple[Plane, Plane]:
    """Return two grey pictures of one size as float32.

    Raises:
        ParameterError: one is not grey, or their sizes differ.
    """
    planes = as_plane(first), as_plane(second)
    if planes[0].shape != planes[1].shape:
        sizes = " and ".join(f"{plane.shape[1]}x{plane.shape[0]}" for plane in planes)
        raise ParameterError(f"the two pictures are {sizes}: give two of one size")
    return planes


def _known(kernel: Kernel | str) -> Kernel:
    try:
        return Kernel(kernel)
    except ValueError:
        known = ", ".join(Kernel)
        raise ParameterError(f"there is no kernel {shown(kernel)}: the kernels are {known}") from None
