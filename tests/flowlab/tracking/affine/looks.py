"""Textured pictures and exact warps of them, for the tests of template alignment."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.resample import pixel_grid, sample

Matrix = NDArray[np.float64]
Grey = NDArray[np.uint8]


def texture(height: int = 240, width: int = 320, seed: int = 0) -> NDArray[np.float32]:
    """Return a smooth random picture, (H, W) float32 from 20 to 235."""
    rng = np.random.default_rng(seed)
    fine, coarse = (cv2.GaussianBlur(rng.uniform(0, 1, (height, width)), (0, 0), s) for s in (1.5, 8))
    mixed = fine / fine.std() + 2 * coarse / coarse.std()
    return (20 + 215 * (mixed - mixed.min()) / np.ptp(mixed)).astype(np.float32)


def rounded(picture: NDArray[np.floating]) -> Grey:
    """Return a picture as uint8."""
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def moved(picture: NDArray[np.float32], start: Matrix, end: Matrix) -> NDArray[np.float32]:
    """Return the picture in which what lay under the warp `start` lies under `end`: J(end q) = I(start q)."""
    x, y = pixel_grid(*picture.shape)
    back = start @ np.linalg.inv(end)
    places = back @ np.stack([x.ravel(), y.ravel(), np.ones(x.size)])
    at_x, at_y = ((plane / places[2]).reshape(x.shape).astype(np.float32) for plane in places[:2])
    # Keys' cubic: OpenCV's own moves a plain slope by up to 0.05 px.
    return np.nan_to_num(sample(picture, at_x, at_y), nan=float(picture.mean()))
