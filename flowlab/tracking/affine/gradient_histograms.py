"""Histograms of gradient directions in small cells: what an object looks like, whatever the light.

N. Dalal and B. Triggs (2005), "Histograms of Oriented Gradients for Human Detection", with the signed and unsigned
directions and the cap of P. Felzenszwalb et al. (2010), "Object Detection with Discriminatively Trained Part-Based
Models", section 6. Cells are normalised by the energy of the 3x3 cells around them instead of four blocks of 2x2.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

CELL = 4
"""Side of a cell, px."""
CHANNELS = 27
"""9 directions without and 18 with their sign."""

_UNSIGNED = 9
_CAP = 0.4  # of a normalised value: one strong edge must not outvote the rest
_FLAT = 1e-4  # energy, in grey levels of 0 .. 1 squared, below which a cell counts as flat
_SLOPE = np.array([[-1, 0, 1]], np.float32)


def gradient_histograms(grey: NDArray[np.uint8]) -> Floats:
    """Return the histograms of a picture's cells.

    Args:
        grey: (H, W) uint8, both multiples of CELL.

    Returns:
        (H / CELL, W / CELL, CHANNELS) float32, 0 .. _CAP.
    """
    picture = grey.astype(np.float32) / 255
    gx, gy = cv2.filter2D(picture, -1, _SLOPE), cv2.filter2D(picture, -1, _SLOPE.T)
    length, angle = cv2.cartToPolar(gx, gy)
    directions = 2 * _UNSIGNED
    place = angle * np.float32(directions / (2 * np.pi))
    lower = place.astype(np.int32)
    upper_share = (place - lower) * length
    lower %= directions
    rows, columns = grey.shape[0] // CELL, grey.shape[1] // CELL
    cell = (np.arange(grey.shape[0]) // CELL)[:, None] * columns + (np.arange(grey.shape[1]) // CELL)[None, :]
    first = cell * directions
    count = rows * columns * directions
    signed = np.bincount((first + lower).ravel(), (length - upper_share).ravel(), count)
    signed += np.bincount((first + (lower + 1) % directions).ravel(), upper_share.ravel(), count)
    signed = signed.reshape(rows, columns, directions).astype(np.float32)
    unsigned = signed[..., :_UNSIGNED] + signed[..., _UNSIGNED:]
    energy = cv2.blur((unsigned * unsigned).sum(axis=-1), (3, 3)) * np.float32(9 / 4)
    scale = 1 / np.sqrt(energy + np.float32(_FLAT))[..., None]
    histograms: Floats = np.minimum(np.concatenate([unsigned, signed], axis=-1) * scale, np.float32(_CAP))
    return histograms
