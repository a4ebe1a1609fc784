"""Pictures into bytes: for pages, downloads and tests."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Picture
from flowlab.errors import ParameterError
from flowlab.media.video_writer import VideoWriter

__all__ = ["VideoWriter", "encode_jpeg", "encode_png"]

_TO_OPENCV = {3: cv2.COLOR_RGB2BGR, 4: cv2.COLOR_RGBA2BGRA}


def encode_jpeg(rgb: Picture, quality: int = 90, *, photograph: bool = False) -> bytes:
    """Return a picture (H, W, 3) or (H, W), uint8, as JPEG.

    Colour is kept at full resolution (4:4:4), since the thin coloured lines and wheels of flow pictures
    bleed otherwise; a photograph keeps half of it each way (4:2:0), which nobody sees and halves the file.

    Args:
        rgb: the picture, red first.
        quality: 1 (small) to 100 (faithful).
        photograph: whether it is one.

    Raises:
        ParameterError: the picture or the quality cannot be encoded.
    """
    if not 1 <= quality <= 100:
        raise ParameterError(f"quality is {quality}: give a whole number from 1 to 100")
    _check(rgb, channels=(1, 3), types=(np.uint8,))
    sampling = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420 if photograph else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    return _encode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling])


def encode_png(picture: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """Return a picture (H, W), (H, W, 3) RGB or (H, W, 4) RGBA, 8 or 16 bits a channel, as PNG: lossless.

    Raises:
        ParameterError: the picture cannot be encoded.
    """
    _check(picture, channels=(1, 3, 4), types=(np.uint8, np.uint16))
    return _encode(".png", picture, [])


def _check(picture: NDArray[np.generic], *, channels: tuple[int, ...], types: tuple[type, ...]) -> None:
    count = 1 if picture.ndim == 2 else picture.shape[2] if picture.ndim == 3 else 0
    if count not in channels or (picture.ndim == 3 and count == 1) or picture.dtype not in types or picture.size == 0:
        kinds = " or ".join(np.dtype(kind).name for kind in types)
        raise ParameterError(
            f"the picture is {picture.dtype} of shape {picture.shape}: give {kinds}, grey (H, W) or colour (H, W, 3)"
        )


def _encode(extension: str, picture: NDArray[np.generic], options: list[int]) -> bytes:
    if picture.ndim == 3:
        picture = cv2.cvtColor(picture, _TO_OPENCV[picture.shape[2]])  # type: ignore[arg-type]
    try:
        done, data = cv2.imencode(extension, np.ascontiguousarray(picture), options)
    except cv2.error:
        done = False
    if not done:
        height, width = picture.shape[:2]
        raise ParameterError(f"a picture of {width}x{height} does not fit into {extension[1:]}: give a smaller one")
    return data.tobytes()
