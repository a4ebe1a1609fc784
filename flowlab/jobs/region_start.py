"""Where a region may begin that nobody has drawn yet: on what the clip itself knows of."""

import math

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Clip
from flowlab.core.region import Box
from flowlab.core.truth import BoxTruth, SceneObject, Truth, bounding_box
from flowlab.errors import FlowlabError
from flowlab.tracking.affine.template import SMALLEST

_MARGIN = 0.92  # of what would just fit: its rim belongs to what is behind it
_ROUND = 1 / math.sqrt(2)  # of what is not known to be a rectangle: a square in a circle
_STEPS = 40  # halvings of the size: far below a pixel


def first_box(clip: Clip, frame: int) -> Box:
    """Return a box to begin with in a frame, whole px that lie in the picture.

    It is the true box of that frame where the clip knows one, else the largest upright box in the first object that
    is large enough, else the middle third of the picture.
    """
    info = clip.info
    if isinstance(clip, BoxTruth) and frame < len(clip.boxes):
        known = _inside(clip.boxes[frame], info.width, info.height)
        if known is not None:
            return known
    for thing in _objects(clip, frame):
        found = _inside(_inscribed(thing), info.width, info.height)
        if found is not None:
            return found
    w, h = max(1, info.width // 3), max(1, info.height // 3)
    return Box((info.width - w) // 2, (info.height - h) // 2, w, h)


def _objects(clip: Clip, frame: int) -> tuple[SceneObject, ...]:
    """Return the objects, those that can be seen whole first."""
    try:
        things = clip.objects(frame) if isinstance(clip, Truth) else ()
    except FlowlabError:
        return ()
    width, height = clip.info.width, clip.info.height

    def reaches_out(thing: SceneObject) -> bool:
        x, y, w, h = thing.box
        return x < 0 or y < 0 or x + w > width or y + h > height

    return tuple(sorted(things, key=reaches_out))


def _inscribed(thing: SceneObject) -> NDArray[np.float64]:
    """Return an upright box (x, y, w, h) inside a thing, px, of the proportions of the box around it."""
    x, y, w, h = thing.box if thing.quad is None else bounding_box(thing.quad)
    centre = np.array([x + (w - 1) / 2, y + (h - 1) / 2])
    share = _ROUND
    if thing.quad is not None:
        centre = thing.quad.mean(axis=0)
        share = _MARGIN * _largest(thing.quad - centre, np.array([w - 1, h - 1]) / 2)
    size = share * np.array([w, h])
    return np.concatenate([centre - (size - 1) / 2, size])


def _largest(quad: NDArray[np.float64], half: NDArray[np.float64]) -> float:
    """Return the largest share of a box of half sizes (2,) about (0, 0) in a convex, clockwise quad (4, 2)."""
    edges = np.roll(quad, -1, axis=0) - quad
    corners = half * np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)])
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        share = (low + high) / 2
        away = share * corners[:, None] - quad[None]
        inside = edges[None, :, 0] * away[..., 1] - edges[None, :, 1] * away[..., 0] >= 0
        low, high = (share, high) if inside.all() else (low, share)
    return low


def _inside(box: NDArray[np.float64], width: int, height: int) -> Box | None:
    """Return the part of (x, y, w, h) that lies in the picture, to the pixel; None where it is none to be followed."""
    if not np.isfinite(box).all():
        return None
    left, top = (max(0, round(float(value))) for value in box[:2])
    right = min(width, round(float(box[0] + box[2])))
    bottom = min(height, round(float(box[1] + box[3])))
    if right - left < SMALLEST or bottom - top < SMALLEST:
        return None
    return Box(left, top, right - left, bottom - top)
