"""A decoded frame becomes an upright RGB picture: the only place where video turns into RGB."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from av.video.frame import VideoFrame
from av.video.reformatter import Interpolation, VideoReformatter

from flowlab.core.clip import Picture
from flowlab.core.resample import resize_picture

_TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
_DEGREES_OFF = 1  # a file asking for 45 degrees is shown as it was recorded


@dataclass(frozen=True)
class Orientation:
    """How a file asks its frames to be shown: turned clockwise by 0, 90, 180 or 270 degrees, then mirrored."""

    rotation: int = 0
    mirrored: bool = False

    def size(self, width: int, height: int) -> tuple[int, int]:
        """Return (width, height) of an upright frame that was recorded as `width` x `height`."""
        return (height, width) if self.rotation in (90, 270) else (width, height)

    def apply(self, picture: Picture) -> Picture:
        """Return the picture (H, W, 3) as the file asks it to be shown."""
        if self.rotation:
            picture = cv2.rotate(picture, _TURNS[self.rotation])  # type: ignore[assignment]
        return cv2.flip(picture, 1) if self.mirrored else picture  # type: ignore[return-value]


def orientation_of(frame: VideoFrame) -> Orientation:
    """Return how the file asks for this frame to be shown, from its display matrix.

    The matrix maps the recorded (x, y) to the shown (a x + c y, b x + d y). Where its determinant is
    negative the file mirrors left to right after turning (front cameras), which is undone by the
    signs of a and c; what is left is a rotation by atan2(b, a), clockwise because y points down.
    """
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return Orientation()
    values = np.frombuffer(memoryview(matrix), np.int32)  # type: ignore[arg-type]
    a, b, _, c, d = values[:5].tolist()
    mirrored = a * d - b * c < 0
    if mirrored:
        a, c = -a, -c
    degrees = math.degrees(math.atan2(b, a)) % 360
    quarter = round(degrees / 90) * 90
    return Orientation(quarter % 360 if abs(degrees - quarter) <= _DEGREES_OFF else 0, mirrored)


class RgbMaker:
    """Turns decoded frames into upright RGB pictures of one size.

    The conversion is bicubic through BGR, which is bit for bit what cv2.VideoCapture gives for
    every pixel format (RGB directly dithers 10-bit clips otherwise).
    """

    def __init__(self, orientation: Orientation, width: int, height: int) -> None:
        """Make upright pictures of `width` x `height`; frames of another size are scaled."""
        self._orientation, self._width, self._height = orientation, width, height
        self._reformatter = VideoReformatter()

    def rgb(self, frame: VideoFrame) -> Picture:
        """Return (H, W, 3) uint8, red first."""
        bgr = self._reformatter.reformat(frame, format="bgr24", interpolation=Interpolation.BICUBIC, threads=1)
        picture = cv2.cvtColor(bgr.to_ndarray(), cv2.COLOR_BGR2RGB)
        return resize_picture(self._orientation.apply(picture), self._width, self._height)  # type: ignore[arg-type]
