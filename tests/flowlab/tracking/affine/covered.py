"""A plane that turns, seen past a textured board that sweeps across the picture: where it is and how much shows."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Frame
from flowlab.core.region import Box
from flowlab.scenes.planar import PlanarParameters, planar, planar_homography
from flowlab.tracking.affine.region_track import box_warp, corners_of

BOARD = 160  # px wide
SPEED = 9  # px a frame
BEGINS = 20  # frame


@dataclass(frozen=True, eq=False)
class Covered:
    """One frame.

    Attributes:
        frame: what is seen.
        corners: (4, 2) px, where the box's corners truly are.
        hidden: share of the region that the board covers.
    """

    frame: Frame
    corners: NDArray[np.float64]
    hidden: float


def drawn_box(parameters: PlanarParameters) -> Box:
    """Return a box of 120x90 px in the middle of the poster in the first frame."""
    x, y = planar_homography(parameters, 0)[:2, 2]
    return Box(round(x) - 60, round(y) - 45, 120, 90)


def covered(parameters: PlanarParameters, board: bool = True) -> Iterator[Covered]:
    """Yield the frames of scene `planar`, from BEGINS on with a board that goes from left to right again and again."""
    box = drawn_box(parameters)
    start = planar_homography(parameters, 0)
    rng = np.random.default_rng(parameters.seed)
    shape = parameters.height, parameters.width
    pattern = cv2.resize(rng.uniform(0, 255, (40, 20, 3)).astype(np.uint8), (BOARD, shape[0]))
    for frame in planar(parameters).frames():
        warp = planar_homography(parameters, frame.index) @ np.linalg.inv(start) @ box_warp(box)
        corners = corners_of(warp, np.array([box.w, box.h]))
        rgb, hides = frame.rgb.copy(), np.zeros(shape, np.bool_)
        left = (SPEED * (frame.index - BEGINS) - BOARD) % (shape[1] + BOARD) - BOARD
        if board and frame.index > BEGINS:
            first, last = max(0, left), min(shape[1], left + BOARD)
            rgb[:, first:last] = pattern[:, first - left : last - left]
            hides[:, first:last] = True
        region = np.zeros(shape, np.uint8)
        cv2.fillConvexPoly(region, np.rint(corners).astype(np.int32), 1)
        hidden = float((hides & (region > 0)).sum() / max(int(region.sum()), 1))
        yield Covered(Frame.from_rgb(frame.index, rgb), corners, hidden)
