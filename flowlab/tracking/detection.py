"""Where tracks begin: corners, or a grid.

J. Shi and C. Tomasi (1994), "Good Features to Track"; C. Harris and M. Stephens (1988), "A Combined Corner and Edge
Detector".
"""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.parameters import GRID, HARRIS, PointParameters

Grey = NDArray[np.uint8]
Points = NDArray[np.float32]

_HARRIS_K = 0.04


def detect(
    grey: Grey, parameters: PointParameters, *, allowed: NDArray[np.bool_] | None, live: Points, most: int
) -> Points:
    """Return new points, (N, 2) float32 px, strongest first; none is found in a flat picture.

    Args:
        grey: (H, W) uint8.
        parameters: detector, quality, distances.
        allowed: (H, W) bool, where a track may begin; None: everywhere.
        live: (K, 2) float32, points that new ones keep the exclusion radius from.
        most: as many points as are wanted at most.
    """
    if most < 1:
        return np.zeros((0, 2), np.float32)
    mask = _free(grey.shape, allowed, live, parameters.exclusion)
    if parameters.detector == GRID:
        return _grid(grey.shape, mask, parameters.min_distance, most)
    found = cv2.goodFeaturesToTrack(
        grey, most, parameters.quality, parameters.min_distance, mask=mask, blockSize=parameters.block_size,
        useHarrisDetector=parameters.detector == HARRIS, k=_HARRIS_K,
    )  # fmt: skip
    return np.zeros((0, 2), np.float32) if found is None else found.reshape(-1, 2).astype(np.float32)


def _free(shape: tuple[int, ...], allowed: NDArray[np.bool_] | None, live: Points, radius: int) -> Grey:
    """Return (H, W) uint8: 255 where a track may begin, 0 on discs around live ones."""
    mask = np.full(shape, 255, np.uint8) if allowed is None else allowed.astype(np.uint8) * np.uint8(255)
    height, width = shape
    for x, y in live.astype(np.int32).tolist():  # towards zero, as the samples do
        if -radius <= x < width + radius and -radius <= y < height + radius:
            cv2.circle(mask, (x, y), radius, 0, cv2.FILLED)
    return mask


def _grid(shape: tuple[int, ...], mask: Grey, distance: float, most: int) -> Points:
    """Return the free points of a grid, centred in the picture, as close as `distance` and `most` allow."""
    height, width = shape
    spacing = max(distance, math.sqrt(height * width / most))
    columns, rows = max(1, int(width / spacing)), max(1, int(height / spacing))
    x = (np.arange(columns) - (columns - 1) / 2) * spacing + (width - 1) / 2
    y = (np.arange(rows) - (rows - 1) / 2) * spacing + (height - 1) / 2
    points = np.stack([np.tile(x, rows), np.repeat(y, columns)], axis=1).astype(np.float32)
    pixel = np.rint(points).astype(np.intp)
    return points[mask[pixel[:, 1], pixel[:, 0]] > 0][:most]
