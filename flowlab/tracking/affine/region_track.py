"""Where a drawn region was in every frame of a clip, as a table."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from flowlab.core.region import Box
from flowlab.tracking.affine.states import State

Matrix = NDArray[np.float64]

WARP_NAMES = ("h11", "h12", "h13", "h21", "h22", "h23", "h31", "h32")
"""The eight elements of a warp that may vary, in the order of rows; h33 is 1."""


@dataclass(frozen=True, eq=False)
class RegionTrack:
    """Where the region was in frames start .. stop-1: one row a frame.

    Attributes:
        start, stop: the frames.
        state: (N,) uint8, a `State`.
        warp: (N, 3, 3) float64, takes (x, y, 1) of the template, relative to its centre, into the frame, px; of a
            frame that is lost, the last believed one.
        size: (N, 2) float64, width and height of the template, px: its corner pixels lie (w-1)/2 and (h-1)/2 from its
            centre.
        ncc: (N,) float32, -1 .. 1, normalised correlation of the template with what lies under the warp that was
            tried; NaN where it cannot be said.
        iterations: (N,) int32, steps of the alignment, all levels together.
        covariance: (N, 8, 8) float32, of the elements WARP_NAMES of the warp; 0 for those that were not estimated,
            NaN where it cannot be said.
    """

    start: int
    stop: int
    state: NDArray[np.uint8]
    warp: Matrix
    size: Matrix
    ncc: NDArray[np.float32]
    iterations: NDArray[np.int32]
    covariance: NDArray[np.float32]

    def __len__(self) -> int:
        """Return the number of frames."""
        return len(self.state)

    @property
    def frame(self) -> NDArray[np.int32]:
        """(N,) int32, the numbers of the frames."""
        return np.arange(self.start, self.stop, dtype=np.int32)

    @cached_property
    def corners(self) -> Matrix:
        """(N, 4, 2) px: the template's corner pixels in the frame, clockwise from its top left."""
        return corners_of(self.warp, self.size)

    @cached_property
    def centre(self) -> Matrix:
        """(N, 2) px: where the template's centre is."""
        return self.warp[:, :2, 2] / self.warp[:, 2:, 2]

    @cached_property
    def believed(self) -> NDArray[np.bool_]:
        """(N,) bool: frames whose own warp is believed."""
        return np.isin(self.state, (State.TRACKED, State.KEYFRAME))

    def between(self, start: int, stop: int) -> "RegionTrack":
        """Return the rows of frames start .. stop-1, as views; the range is cut to what there is."""
        start = min(max(start, self.start), self.stop)
        stop = max(start, min(stop, self.stop))
        rows = slice(start - self.start, stop - self.start)
        return RegionTrack(start, stop, **{name: getattr(self, name)[rows] for name in COLUMNS})

    def at(self, frame: int) -> "RegionTrack":
        """Return the row of one frame."""
        return self.between(frame, frame + 1)


COLUMNS = ("state", "warp", "size", "ncc", "iterations", "covariance")


def row(
    frame: int, state: State, warp: Matrix, size: tuple[float, float], *, ncc: float = np.nan, iterations: int = 0,
    covariance: NDArray[np.floating] | None = None,
) -> RegionTrack:  # fmt: skip
    """Return the table of one frame; see `RegionTrack` for what is in it, here without the first axis."""
    spread = np.full((8, 8), np.nan) if covariance is None else covariance
    return RegionTrack(
        frame, frame + 1, np.array([state], np.uint8), np.array(warp, np.float64)[None],
        np.array([size], np.float64), np.array([ncc], np.float32), np.array([iterations], np.int32),
        np.asarray(spread, np.float32)[None],
    )  # fmt: skip


def joined(parts: Sequence[RegionTrack]) -> RegionTrack:
    """Return tables of frames that follow one another as one; raises ValueError where they do not, or there is none."""
    if not parts or any(before.stop != after.start for before, after in pairwise(parts)):
        raise ValueError("the parts do not follow one another")
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}
    return RegionTrack(parts[0].start, parts[-1].stop, **columns)


def no_rows(frame: int) -> RegionTrack:
    """Return a table without a row that begins at `frame`."""
    return row(frame, State.LOST, np.eye(3), (1, 1)).between(frame, frame)


def corners_of(warp: Matrix, size: Matrix) -> Matrix:
    """Return where warps (.., 3, 3) take a template's corner pixels, (.., 4, 2) px, clockwise from its top left.

    Args:
        warp: (.., 3, 3).
        size: (.., 2), width and height of the template, px.
    """
    half = (np.asarray(size, np.float64) - 1) / 2
    x = half[..., 0, None] * np.array([-1.0, 1, 1, -1])
    y = half[..., 1, None] * np.array([-1.0, -1, 1, 1])
    points = warp @ np.stack([x, y, np.ones_like(x)], axis=-2)
    return np.moveaxis(points[..., :2, :] / points[..., 2:, :], -1, -2)


def box_warp(box: Box) -> Matrix:
    """Return the warp (3, 3) of a template that was just drawn: a shift to the box's centre."""
    return np.array([[1, 0, box.x + (box.w - 1) / 2], [0, 1, box.y + (box.h - 1) / 2], [0, 0, 1.0]])


def bounding_boxes(corners: Matrix) -> Matrix:
    """Return the upright boxes (.., 4) x, y, w, h that hold quads (.., 4, 2) px, pixels counted at both ends."""
    low, high = corners.min(axis=-2), corners.max(axis=-2)
    return np.concatenate([low, high - low + 1], axis=-1)
