"""Whether an alignment is to be believed, and how much of the template it shows."""

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.affine.align import Alignment, look_at
from flowlab.tracking.affine.choices import Weights
from flowlab.tracking.affine.parameters import TrackerParameters
from flowlab.tracking.affine.picture import Part
from flowlab.tracking.affine.template import Template
from flowlab.tracking.affine.weights import error_scale, robust_weights

Matrix = NDArray[np.float64]
Floats = NDArray[np.float32]

_MOST_STRETCH = 4.0  # longest over shortest semi-axis of what a circle becomes
_MOST_GROWTH = 1.6  # of the area, from one frame to the next
_BLOCKS = 8  # a side
_ALIKE = 0.6  # of the template's contrast: a block's mean error up to which it looks as expected
_FITTING = 0.25  # of the template's contrast, the largest scale of errors that fit
_MOST_GAIN = 5.0  # or its inverse
_FITS = 3  # rounds of finding gain and bias from what fits


def is_plausible(warp: Matrix, before: Matrix) -> bool:
    """Return whether a warp may follow another: not folded, not torn, not much larger or smaller at once."""
    if not np.isfinite(warp).all():
        return False
    linear = local_linear(warp)
    area = float(np.linalg.det(linear))
    if area <= 0:
        return False
    growth = area / max(float(np.linalg.det(local_linear(before))), 1e-9)
    long, short = np.linalg.svd(linear, compute_uv=False)
    return bool(1 / _MOST_GROWTH <= growth <= _MOST_GROWTH and long <= _MOST_STRETCH * short)


def local_linear(warp: Matrix) -> Matrix:
    """Return the linear part (2, 2) of a warp at the template's centre: its derivative there."""
    matrix: Matrix = warp[:2, :2] - np.outer(warp[:2, 2], warp[2, :2])
    return matrix


def visible_share(template: Template, part: Part, warp: Matrix) -> float:
    """Return the share of the template that looks as expected under a warp, 0 .. 1.

    Gain and bias are found from the pixels that fit, then errors are averaged over blocks: a block counts as seen where
    its mean error is small against the template's contrast. Of a template that reaches out of the picture, the part
    inside is all there is to see.
    """
    finest = template.levels[0]
    patch = look_at(template, part, warp).ravel()
    known = np.isfinite(patch)
    if known.sum() < known.size // 8:
        return 0.0
    errors = np.zeros(patch.shape, np.float32)
    errors[known] = np.abs(_left(patch[known], finest.picture[known]))
    contrast = float(finest.picture.std())
    shape = finest.height, finest.width
    blocks = min(_BLOCKS, *shape)
    capped = np.minimum(errors, 4 * contrast).reshape(shape)
    means, share = (
        cv2.resize(plane, (blocks, blocks), interpolation=cv2.INTER_AREA)
        for plane in (capped, known.reshape(shape).astype(np.float32))
    )
    inside = share > 0.5
    return float((means <= _ALIKE * contrast * share)[inside].mean()) if inside.any() else 0.0


def _left(patch: Floats, template: Floats) -> Floats:
    """Return the errors (n,) that gain and bias do not explain, fitted to what fits.

    What covers a part may capture a fit that begins with every pixel: it also begins with those that are alike as they
    are, and with those that are but for a bias, and of the three the one that explains most is taken.
    """
    contrast = float(template.std())
    plain = patch - template
    starts = (
        np.ones_like(patch), _counted(plain, contrast), _counted(plain - np.float32(np.median(plain)), contrast)
    )  # fmt: skip
    tried = [_fitted(patch, template, weights, contrast) for weights in starts]
    return max(tried, key=lambda errors: int((np.abs(errors) <= _ALIKE * contrast).sum()))


def _fitted(patch: Floats, template: Floats, weights: Floats, contrast: float) -> Floats:
    """Return the errors (n,) after a few rounds of fitting gain and bias to what fits."""
    errors = patch - template
    for _ in range(_FITS):
        total = float(weights.sum())
        mean_t, mean_p = float(weights @ template) / total, float(weights @ patch) / total
        centred = template - np.float32(mean_t)
        spread = float(weights @ (centred * centred))
        gain = float(weights @ (centred * (patch - np.float32(mean_p)))) / max(spread, 1e-6)
        errors = (patch - np.float32(mean_p)) / np.float32(min(max(gain, 1 / _MOST_GAIN), _MOST_GAIN)) - centred
        weights = _counted(errors, contrast)
    return errors


def _counted(errors: Floats, contrast: float) -> Floats:
    """Return how much each error counts: Tukey's weights, of a scale that a large cover cannot raise."""
    return robust_weights(errors, Weights.TUKEY, min(error_scale(errors), _FITTING * contrast)) + np.float32(1e-3)


def is_believed(found: Alignment, before: Matrix, parameters: TrackerParameters, least_ncc: float) -> bool:
    """Return whether an alignment is one: whole, in the picture, plausible after the last warp, and alike."""
    if found.fell_apart or not found.inside >= parameters.min_inside or not found.ncc >= least_ncc:
        return False
    return is_plausible(found.warp, before)
