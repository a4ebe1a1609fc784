"""What is done about light: patches are made comparable, and gradients keep only what that leaves.

In all of it T is the template, I the patch under the warp, both (n,) grey levels, and `counts` says which pixels lie in
the picture. A normalised patch is back in the template's own grey levels, so errors always are.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.affine.choices import Photometry

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

_DARKEST, _BRIGHTEST = 1.0, 254.0  # grey levels between which means are kept: the logarithm of 0 or 1 is no use here
_CROP_LIMIT, _CROP_TILES = 12.0, 2


@dataclass(frozen=True, eq=False)
class Reference:
    """A template as patches are compared with it.

    Attributes:
        picture: (n,) float32, grey levels.
        mean: its mean.
        centred: (n,) float32, less its mean.
        length: of that, its Euclidean norm.
    """

    picture: Floats
    mean: float
    centred: Floats
    length: float


def reference(picture: Floats) -> Reference:
    """Return a template (n,) as patches are compared with it."""
    mean = _mean(picture)
    centred = picture - np.float32(mean)
    return Reference(picture, mean, centred, _length(centred))


def _mean(values: Floats) -> float:
    return float(np.add.reduce(values)) / max(values.size, 1)  # np.mean takes three times as long to begin


def _length(values: Floats) -> float:
    return math.sqrt(float(values @ values))


@dataclass(frozen=True, eq=False)
class Matched:
    """A patch made comparable with its template.

    Attributes:
        patch: (n,) float32, grey levels of the template.
        template: (n,) float32, what to compare it with.
        gain: by which the patch's gradients were multiplied.
    """

    patch: Floats
    template: Floats
    gain: float


def brightened(patch: Floats, template: Floats, width: int) -> Floats:
    """Return a patch (n,) of rows of `width` px with CLAHE where it is dimmer than the template, else itself.

    Pixels outside the picture (NaN) count as the patch's mean and stay unknown.
    """
    known = np.isfinite(patch)
    mean = float(patch[known].mean()) if known.any() else 0.0
    if not mean < float(template.mean()):
        return patch
    levels = np.clip(np.where(known, patch, mean), 0, 255).astype(np.uint8).reshape(-1, width)
    equal = cv2.createCLAHE(_CROP_LIMIT, (_CROP_TILES, _CROP_TILES)).apply(levels)
    return np.where(known, equal.ravel(), np.nan).astype(np.float32)


def matched(patch: Floats, template: Reference, photometry: str) -> Matched:
    """Return a patch (n,) and its template as they are compared; of `MEAN_CLAHE` after `brightened`."""
    if photometry in (Photometry.MEAN, Photometry.MEAN_CLAHE):
        gain = template.mean / max(_mean(patch), _DARKEST)
        return Matched(patch * np.float32(gain), template.picture, gain)
    if photometry == Photometry.UNIT_VARIANCE:
        centred = patch - np.float32(_mean(patch))
        gain = template.length / max(_length(centred), 1e-3)
        return Matched(centred * np.float32(gain), template.centred, gain)
    if photometry == Photometry.GAMMA:
        power = math.log(_clear(template.mean) / 255) / math.log(_clear(_mean(patch)) / 255)
        share = np.clip(patch, 0, 255) / 255
        return Matched((255 * share**power).astype(np.float32), template.picture, 1.0)
    return Matched(patch, template.picture, 1.0)


def _clear(mean: float) -> float:
    return min(max(mean, _DARKEST), _BRIGHTEST)


def left_by(photometry: str, descent: Floats, template: Floats) -> Floats:
    """Return what of steepest-descent images (k, n) a normalised patch can show.

    A patch of mean 0 and fixed length changes neither along 1 nor along T: that part of each image is taken out. The
    gain and bias of `GAIN_BIAS` are unknowns beside the motion: two more images, T and 1.
    """
    if photometry == Photometry.UNIT_VARIANCE:
        target = template - template.mean()
        length = max(float(target @ target), 1e-6)
        plain = descent - descent.mean(axis=1, keepdims=True)
        kept: Floats = plain - (plain @ target)[:, None] / np.float32(length) * target
        return kept
    if photometry == Photometry.GAIN_BIAS:
        return np.concatenate([descent, template[None], np.ones_like(template)[None]])
    return descent


def correlation(patch: Floats, template: Floats) -> float:
    """Return the normalised correlation of two patches (n,), -1 .. 1; NaN where one of them is flat or empty."""
    if patch.size < 2:
        return float("nan")
    a, b = patch - patch.mean(), template - template.mean()
    length = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / length if length > 1e-3 * patch.size else float("nan")
