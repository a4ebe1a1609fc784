"""Other people's trackers, as references to measure against: OpenCV's ECC alignment and its TrackerMIL."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Frame
from flowlab.core.parameters import Parameters, Preset, parameter
from flowlab.core.region import Box
from flowlab.errors import ParameterError
from flowlab.tracking.affine.motions import scaled
from flowlab.tracking.affine.photometry import correlation
from flowlab.tracking.affine.picture import read
from flowlab.tracking.affine.region_track import RegionTrack, box_warp, row
from flowlab.tracking.affine.states import State
from flowlab.tracking.global_motion import MotionModel

Matrix = NDArray[np.float64]
Floats = NDArray[np.float32]

_ECC_MOTIONS = {
    MotionModel.TRANSLATION: cv2.MOTION_TRANSLATION,
    MotionModel.SIMILARITY: cv2.MOTION_EUCLIDEAN,
    MotionModel.AFFINE: cv2.MOTION_AFFINE,
    MotionModel.HOMOGRAPHY: cv2.MOTION_HOMOGRAPHY,
}


@dataclass(frozen=True)
class EccParameters(Parameters):
    """What cv2.findTransformECC can be told."""

    motion: str = parameter(
        MotionModel.AFFINE.value, choices=tuple(str(motion) for motion in MotionModel), label="Motion",
        help="What the template may do; OpenCV's similarity is without scale.",
    )  # fmt: skip
    iterations: int = parameter(50, low=1, high=500, step=1, label="Iterations", help="Most steps.")
    epsilon: float = parameter(
        0.0001, low=0.000001, high=0.1, step=0.0001, label="Epsilon",
        help="It stops when the correlation grows by less than this in one step.",
    )  # fmt: skip
    presets: ClassVar[tuple[Preset["EccParameters"], ...]] = ()


@dataclass(frozen=True)
class MilParameters(Parameters):
    """TrackerMIL is used as OpenCV sets it."""

    presets: ClassVar[tuple[Preset["MilParameters"], ...]] = ()


class EccFollower:
    """Aligns the first template to every frame by cv2.findTransformECC, from where it was last."""

    def __init__(self, frame: Frame, box: Box, parameters: EccParameters) -> None:
        self._p = parameters
        self._size = box.w, box.h
        self._warp = box_warp(box)
        grey = frame.grey.astype(np.float32)
        patch = read(grey, self._warp, round(box.w), round(box.h))
        self._patch: Floats = np.nan_to_num(patch, nan=float(np.nanmean(patch)))

    def follow(self, frame: Frame) -> RegionTrack:
        """Take the next frame and return its row; where ECC does not converge, it is lost and repeats the last warp."""
        warp, ncc = ecc(self._patch, frame.grey, self._warp, self._p)
        if warp is not None:
            self._warp = warp
        state = State.LOST if warp is None else State.TRACKED
        return row(frame.index, state, self._warp, self._size, ncc=ncc)

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what another follower needs to go on."""
        return {"patch": self._patch, "warp": self._warp, "size": np.array(self._size)}

    @classmethod
    def resumed(cls, parameters: EccParameters, state: Mapping[str, NDArray[Any]], last: Frame) -> "EccFollower":
        """Return a follower that goes on where the one whose `state` this is stopped; it needs no `last` frame."""
        del last
        follower = cls.__new__(cls)
        follower._p, follower._patch, follower._warp = parameters, state["patch"], state["warp"]
        width, height = state["size"].tolist()
        follower._size = width, height
        return follower


def ecc(
    template: Floats, grey: NDArray[np.uint8] | Floats, start: Matrix, parameters: EccParameters
) -> tuple[Matrix | None, float]:
    """Return (warp, correlation) of cv2.findTransformECC, unsmoothed; the warp is None where it does not converge.

    Args:
        template: (h, w) float32, grey levels.
        grey: (H, W) uint8 or float32, the frame.
        start: (3, 3), from the template's centre into the frame.
        parameters: motion and when to stop.

    Source:
        Evangelidis and Psarakis 2008, "Parametric Image Alignment Using Enhanced Correlation Coefficient Maximization".
    """
    height, width = template.shape
    corner = np.array([[1, 0, -(width - 1) / 2], [0, 1, -(height - 1) / 2], [0, 0, 1.0]])
    kind = _ECC_MOTIONS[MotionModel(parameters.motion)]
    rows = 3 if kind == cv2.MOTION_HOMOGRAPHY else 2
    guess = (start @ corner)[:rows].astype(np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, parameters.iterations, parameters.epsilon)
    picture, no_mask = grey.astype(np.float32), np.full(grey.shape, 255, np.uint8)
    try:
        # A Gaussian of 1 px is none: OpenCV's default of 5 moves the corners by a tenth of a pixel.
        likeness, found = cv2.findTransformECC(template, picture, guess, kind, criteria, no_mask, 1)
    except cv2.error:
        return None, float("nan")
    matrix = np.eye(3)
    matrix[:rows] = found
    if not np.isfinite(matrix).all() or abs(np.linalg.det(matrix)) < 1e-6:
        return None, float("nan")
    return scaled(matrix @ np.linalg.inv(corner)), float(likeness)


class MilFollower:
    """OpenCV's TrackerMIL: an upright box that keeps its size.

    Raises:
        ParameterError: the box leaves the picture, or no room around it.

    Source: B. Babenko, M.-H. Yang and S. Belongie (2009), "Visual Tracking with Online Multiple Instance Learning".
    """

    def __init__(self, frame: Frame, box: Box, parameters: MilParameters) -> None:
        del parameters  # there are none
        self._size = float(round(box.w)), float(round(box.h))
        self._tracker = cv2.TrackerMIL.create()
        x, y, (width, height) = round(box.x), round(box.y), self._size
        rows, columns = frame.grey.shape
        refused = ParameterError(
            f"OpenCV's MIL cannot begin with the box {box} in a {columns}x{rows} picture: draw one that lies in it, "
            "with some of the picture around it"
        )
        if x < 0 or y < 0 or x + width > columns or y + height > rows:
            raise refused
        try:
            self._tracker.init(_bgr(frame), (x, y, int(width), int(height)))
        except cv2.error:  # no room around the box for what it compares with
            raise refused from None
        self._warp = box_warp(box)
        self._patch = _patch(frame, self._warp, self._size)

    def follow(self, frame: Frame) -> RegionTrack:
        """Take the next frame and return its row: MIL always answers, and never says that it is lost."""
        try:
            seen, (x, y, w, h) = self._tracker.update(_bgr(frame))
        except cv2.error:  # nothing of the picture is left where it looks
            seen = False
        if seen:
            self._warp = box_warp(Box(x, y, w, h))
        patch = _patch(frame, self._warp, self._size)
        known = np.isfinite(patch)
        ncc = correlation(patch[known], self._patch[known])
        return row(frame.index, State.TRACKED if seen else State.LOST, self._warp, self._size, ncc=ncc)

    def state(self) -> None:
        """Return None: what MIL has learned cannot be taken out of it."""


def _patch(frame: Frame, warp: Matrix, size: tuple[float, float]) -> Floats:
    return read(frame.grey.astype(np.float32), warp, round(size[0]), round(size[1])).ravel()


def _bgr(frame: Frame) -> NDArray[np.uint8]:
    return cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2BGR)  # type: ignore[return-value]
