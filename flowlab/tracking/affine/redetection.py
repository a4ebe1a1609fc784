"""Looking for a template that was lost: by normalised correlation, near its last place first, then everywhere.

J. P. Lewis (1995), "Fast Template Matching". Pictures are reduced until the template is a few cells wide: what is found
is where an alignment starts, not where it ends.
"""

from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.affine.motions import scaled
from flowlab.tracking.affine.picture import read
from flowlab.tracking.affine.region_track import corners_of
from flowlab.tracking.affine.template import Template
from flowlab.tracking.affine.verification import local_linear

Matrix = NDArray[np.float64]
Grey = NDArray[np.uint8]

_SHORT = 20  # px of the template's shorter side, to which pictures are reduced
_SCALES = (1.0, 0.8, 1.25)
_TURNS = (0.0, -15.0, 15.0)  # degrees
_NEAR = 1.5  # of the template's longer side, how far around its last place "near" reaches
_LEAST = 0.45  # normalised correlation of a place that is worth an alignment


def found_again(grey: Grey, template: Template, last: Matrix, *, near: bool) -> Matrix | None:
    """Return a warp from which a lost template may be aligned; None where nothing resembles it.

    Args:
        grey: (H, W) uint8, the frame.
        template: what is looked for.
        last: (3, 3), the last warp that was believed: its turn and size are tried, the latter also changed a little.
        near: whether to look around the last place only.
    """
    size = np.array(template.size)
    corners = corners_of(last, size)
    longest = float(np.ptp(corners, axis=0).max())
    if near:
        (left, top), (right, bottom) = corners.min(axis=0) - _NEAR * longest, corners.max(axis=0) + _NEAR * longest
        left, top = max(0, int(left)), max(0, int(top))
        view = grey[top : max(0, int(bottom) + 1), left : max(0, int(right) + 1)]
    else:
        left, top, view = 0, 0, grey
    if min(view.shape, default=0) < _SHORT:
        return None
    side = np.sqrt(abs(float(np.linalg.det(local_linear(last))))) * min(template.size)
    reduce = min(1.0, _SHORT / max(side, 1.0))
    small = cv2.resize(view, None, fx=reduce, fy=reduce, interpolation=cv2.INTER_AREA).astype(np.float32)
    best: tuple[float, Matrix] = (_LEAST, last)
    linear = local_linear(last)
    for scale, degrees in product(_SCALES, _TURNS):
        turn = _turned(linear * (scale * reduce), degrees)
        patch = _seen_small(template, turn)
        if patch.shape[0] > small.shape[0] or patch.shape[1] > small.shape[1] or patch.std() < 1:
            continue
        likeness = cv2.matchTemplate(small, patch, cv2.TM_CCOEFF_NORMED)
        _, highest, _, (x, y) = cv2.minMaxLoc(np.nan_to_num(likeness, nan=-1))
        if highest > best[0]:
            middle = np.array([x + (patch.shape[1] - 1) / 2, y + (patch.shape[0] - 1) / 2])
            warp = np.eye(3)
            warp[:2, :2], warp[:2, 2] = turn / reduce, (middle + 0.5) / reduce - 0.5 + (left, top)
            best = highest, warp
    return None if best[1] is last else scaled(best[1])


def _turned(linear: Matrix, degrees: float) -> Matrix:
    """Return a linear part (2, 2) turned clockwise on the screen."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return np.asarray(np.array([[c, -s], [s, c]]) @ linear, np.float64)


def _seen_small(template: Template, turn: Matrix) -> NDArray[np.float32]:
    """Return the template as a linear part (2, 2) shows it, upright around its middle, at its own proportions."""
    scale = float(np.sqrt(abs(np.linalg.det(turn))))
    level = min(len(template.levels) - 1, max(0, round(np.log2(1 / max(scale, 1e-3)))))
    one = template.levels[level]
    width, height = (max(4, round(side * scale)) for side in template.size)
    # With a rim, or what is read at the very edge would be unknown: of a small template that is much.
    picture = cv2.copyMakeBorder(one.picture.reshape(one.height, one.width), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    back = np.eye(3)
    back[:2, :2] = np.linalg.inv(turn) / 2**level
    back[:2, 2] = (one.width + 1) / 2, (one.height + 1) / 2
    patch = read(picture, back, width, height)
    return np.nan_to_num(patch, nan=float(np.nanmean(patch)) if np.isfinite(patch).any() else 0.0)
