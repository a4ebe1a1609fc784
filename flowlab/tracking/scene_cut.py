"""Whether the film cut to another scene between two frames."""

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]

_THUMBNAIL = (32, 18)
_ALIKE = 0.6  # correlation of the thumbnails; motion of a tenth of the picture leaves more
_FLAT = 1.0  # grey levels: deviation of a thumbnail without anything to compare
_FEW = 8  # tracks, whose fate alone says nothing
_MOSTLY_LOST = 0.6


def is_cut(before: Grey, after: Grey, lost: int, tracks: int) -> bool:
    """Return whether another scene begins with `after`.

    Both must hold: the pictures, 32x18 pixels small, do not correlate, and most tracks were lost. Light that changes
    does not touch the correlation, fast motion does not lose most tracks.

    Args:
        before: (H, W) uint8.
        after: (H, W) uint8, the next frame.
        lost: how many tracks could not be followed.
        tracks: how many there were; few of them do not count.
    """
    if tracks >= _FEW and lost < _MOSTLY_LOST * tracks:
        return False
    one, two = _thumbnail(before), _thumbnail(after)
    deviations = float(one.std()), float(two.std())
    if max(deviations) < _FLAT:
        return False
    if min(deviations) < _FLAT:
        return True
    return float((one * two).mean()) < _ALIKE * deviations[0] * deviations[1]


def _thumbnail(grey: Grey) -> NDArray[np.float32]:
    """Return the picture, very small and of mean 0."""
    small = cv2.resize(grey, _THUMBNAIL, interpolation=cv2.INTER_AREA).astype(np.float32)
    centred: NDArray[np.float32] = small - small.mean()
    return centred
