"""Pictures and flows at other sizes and other positions.

Pixel (0, 0) has its centre at (0, 0), so scaling by s moves the point x to (x + 0.5) s - 0.5:
every resize here keeps pixel centres honest, and a flow's numbers are scaled with its grid.
"""

from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ParameterError

T = TypeVar("T", bound=np.generic)

_REMAP_SIDE = 32767  # cv2.remap addresses positions in 16 bits


def working_size(width: int, height: int, working_width: int) -> tuple[int, int]:
    """Return (width, height) of a picture scaled down to `working_width`, never up; 0 means native.

    The height is rounded to the nearest pixel (at least 1), so the exact factors back to original
    pixels are width / result[0] and height / result[1], which may differ a little.

    Raises:
        ParameterError: `working_width` is negative.
    """
    if working_width < 0:
        raise ParameterError(f"width is {working_width}: give pixels, or 0 for the clip's own size")
    if working_width == 0 or working_width >= width:
        return width, height
    return working_width, max(1, round(height * working_width / width))


def resize_picture(picture: NDArray[T], width: int, height: int) -> NDArray[T]:
    """Return `picture` (H, W[, C]) at (height, width): area average going down, bilinear going up."""
    if picture.shape[:2] == (height, width):
        return picture
    shrinks = width <= picture.shape[1] and height <= picture.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return cv2.resize(picture, (width, height), interpolation=how)  # type: ignore[arg-type, return-value]


def resize_flow(flow: NDArray[np.float32], width: int, height: int) -> NDArray[np.float32]:
    """Return `flow` (H, W, 2) on a grid of (height, width), its displacements scaled with the grid.

    Unknown vectors (NaN) spread to every output pixel they touch.
    """
    old_height, old_width = flow.shape[:2]
    scale = np.array([width / old_width, height / old_height], np.float32)
    return resize_picture(flow, width, height) * scale


def pixel_grid(height: int, width: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return (x, y), each (H, W) float32: the position of every pixel's centre."""
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return x, y


def bilinear(picture: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `picture` (H, W) read between its four nearest pixels at positions (x, y), each (h, w) float32.

    Exact to float32. Beyond the outermost pixel centres the nearest of them is read.

    Raises:
        ParameterError: a side is longer than OpenCV's remap can address.
    """
    _check_sides(picture, x)
    return cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[return-value]


def sample(picture: NDArray[np.float32], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return `picture` (H, W[, C]) read at positions (x, y) by cubic convolution (Keys 1981).

    Args:
        picture: (H, W) or (H, W, C) float32.
        x: horizontal positions, (h, w) float32, pixels.
        y: vertical positions, of the same shape.

    Returns:
        (h, w) or (h, w, C) float32.

    Raises:
        ParameterError: a side is longer than OpenCV's remap can address.

    Positions outside the picture, and positions that are NaN, give NaN; between the outermost
    pixel centres the border is replicated where the kernel reaches past it.

    OpenCV's own INTER_CUBIC is another kernel (a = -0.75 where Keys has -0.5): it moves a plain slope
    by up to 0.048 px, more than good methods err. Its bilinear remap is exact with float maps, so
    Keys' four weights are read as three bilinear values an axis: the middle two share one reading.
    """
    height, width = picture.shape[:2]
    _check_sides(picture, x)
    channels = picture.shape[2] if picture.ndim == 3 else 1
    if picture.ndim == 3 and channels < 3:
        # Of a flow's two channels remap rounds positions to 1/32 px, unlike of one, three or four; one it squeezes.
        return np.stack([sample(picture[..., channel], x, y) for channel in range(channels)], axis=-1)
    inside = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    columns = _keys_readings(np.where(inside, x, 0).astype(np.float32), channels)
    values = np.zeros(x.shape + picture.shape[2:], np.float32)
    for at_y, weight_y in _keys_readings(np.where(inside, y, 0).astype(np.float32), channels):
        line = np.zeros_like(values)
        for at_x, weight_x in columns:
            read = cv2.remap(picture, at_x, at_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
            line += read.reshape(values.shape) * weight_x
        values += line * weight_y
    values[~inside] = np.nan
    return values


def _check_sides(picture: NDArray[np.float32], x: NDArray[np.float32]) -> None:
    height, width = picture.shape[:2]
    if max(height, width, *x.shape) >= _REMAP_SIDE:
        raise ParameterError(
            f"the picture is {width}x{height}: a side may have at most {_REMAP_SIDE - 1} pixels, scale it down"
        )


def _keys_readings(
    position: NDArray[np.float32], channels: int
) -> list[tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """Return three (position, weight) pairs along one axis; reading each bilinearly makes Keys' kernel.

    The weights are repeated for every channel of the picture: multiplying arrays of one shape is fast.
    """
    pixel: NDArray[np.float32] = np.floor(position)
    t = position - pixel
    rest = 1 - t
    before, after = -t * rest * rest / 2, -t * t * rest / 2
    middle = 1 - before - after
    second = t * (1 + 4 * t - 3 * t * t) / 2
    weights = (before, middle, after)
    if channels > 1:
        weights = tuple(cv2.merge([weight] * channels) for weight in weights)
    return list(zip((pixel - 1, pixel + second / middle, pixel + 2), weights, strict=True))


def warp_back(picture: NDArray[np.generic], flow: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the second picture warped back by the flow: R(x, y) = I1(x + u, y + v), rebuilding I0.

    Args:
        picture: I1, (H, W) or (H, W, C), any numeric type.
        flow: (H, W, 2) float32, pixels.

    Returns:
        float32 of the picture's shape; NaN where the flow is unknown or points outside the picture.

    Raises:
        ParameterError: picture and flow differ in size.
    """
    if picture.shape[:2] != flow.shape[:2]:
        raise ParameterError(
            f"the picture is {picture.shape[1]}x{picture.shape[0]} and the flow "
            f"{flow.shape[1]}x{flow.shape[0]}: give both at one size"
        )
    x, y = pixel_grid(*flow.shape[:2])
    return sample(picture.astype(np.float32), x + flow[..., 0], y + flow[..., 1])


def photometric_residual(
    first: NDArray[np.generic], second: NDArray[np.generic], flow: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return |I1 warped back by the flow - I0| in grey levels: what the flow leaves unexplained.

    Args:
        first: I0, (H, W) or (H, W, C).
        second: I1, of the same shape.
        flow: (H, W, 2) float32, pixels.

    Returns:
        float32 of the pictures' shape; NaN where the flow is unknown or points outside the picture.

    Raises:
        ParameterError: sizes differ.
    """
    return np.abs(warp_back(second, flow) - first.astype(np.float32))
