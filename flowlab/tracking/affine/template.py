"""A template: what was under the box when it was drawn, with everything that can be worked out beforehand.

Baker & Matthews 2004, section 3.2: gradients, Jacobian, steepest-descent images and Hessian of the template do not
change while it is aligned; the inverse-compositional formulation needs no others.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ParameterError
from flowlab.tracking.affine.motions import jacobian, unit_steps
from flowlab.tracking.affine.parameters import AlignParameters
from flowlab.tracking.affine.photometry import Reference, left_by, reference
from flowlab.tracking.affine.picture import Part
from flowlab.tracking.affine.weights import centre_window
from flowlab.tracking.global_motion import MotionModel

Matrix = NDArray[np.float64]
Floats = NDArray[np.float32]

SMALLEST = 8
"""Least width and height of a template, px."""
LEAST_TEXTURE = 1.0
"""Least texture measure of a template, grey-levels^2/px^2: noise of one grey level alone reaches a half."""

_COARSEST = 12  # px: levels on which the template's shorter side would be less are left out


def levels_for(width: float, height: float, wanted: int) -> int:
    """Return how many of the `wanted` levels above the picture a template of that size has."""
    level = 0
    while level < wanted and min(width, height) / 2 ** (level + 1) >= _COARSEST:
        level += 1
    return level


@dataclass(frozen=True, eq=False)
class TemplateLevel:
    """The template at one level.

    Attributes:
        width, height: px of this level.
        picture: (n,) float32 grey levels, row by row; NaN where the template lay outside the picture.
        gx, gy: (n,) float32, its gradients, grey levels per px of this level.
        x, y: (n,) float32, px of this level from the centre.
        window: (n,) float32, how much each pixel counts from the start: 0 outside the picture.
    """

    width: int
    height: int
    picture: Floats
    gx: Floats
    gy: Floats
    x: Floats
    y: Floats
    window: Floats

    @cached_property
    def whole(self) -> bool:
        """Whether every pixel counts fully."""
        return bool((self.window == 1).all())

    @cached_property
    def reference(self) -> Reference:
        """The template as patches are compared with it."""
        return reference(self.picture)

    @cached_property
    def reach(self) -> float:
        """Half the diagonal, px of this level."""
        return float(np.hypot(self.width, self.height)) / 2

    def sizes(self, motion: MotionModel) -> NDArray[np.float64]:
        """Return (k,) the unit steps of a motion, see `unit_steps`."""
        return unit_steps(motion, self.reach)

    def images(self, motion: MotionModel, gx: Floats, gy: Floats, warp: Matrix | None = None) -> Floats:
        """Return the steepest-descent images (k, n) of gradients (n,), a step of each counted in its unit."""
        if warp is None:
            along = self.jacobian_of(motion)
        else:
            along = jacobian(motion, self.x, self.y, warp) * self.sizes(motion)[None, :, None].astype(np.float32)
        images: Floats = gx * along[0] + gy * along[1]
        return images

    def jacobian_of(self, motion: MotionModel) -> Floats:
        """Return dW/dd at the identity, (2, k, n), in unit steps; worked out once."""
        known = self._jacobians.get(motion)
        if known is None:
            known = jacobian(motion, self.x, self.y) * self.sizes(motion)[None, :, None].astype(np.float32)
            self._jacobians[motion] = known
        return known

    @cached_property
    def _jacobians(self) -> dict[MotionModel, Floats]:
        return {}

    @cached_property
    def _descents(self) -> dict[tuple[MotionModel, str], tuple[Floats, Matrix]]:
        return {}

    def descent(self, motion: MotionModel, photometry: str) -> tuple[Floats, Matrix]:
        """Return the template's own steepest-descent images (k, n) and their Hessian (k, k), worked out once."""
        key = motion, photometry
        known = self._descents.get(key)
        if known is None:
            images = left_by(photometry, self.images(motion, self.gx, self.gy), self.picture)
            known = images, hessian(images, None if self.whole else self.window)
            self._descents[key] = known
        return known

    @property
    def texture(self) -> float:
        """The smaller eigenvalue of the structure tensor, averaged over the template, grey-levels^2/px^2.

        Source: Shi and Tomasi 1994, "Good features to track", section 3.
        """
        weight = self.window / max(float(self.window.sum()), 1e-6)
        xx, xy, yy = (float((weight * a) @ b) for a, b in ((self.gx, self.gx), (self.gx, self.gy), (self.gy, self.gy)))
        return (xx + yy) / 2 - float(np.hypot((xx - yy) / 2, xy))


def hessian(images: Floats, weights: Floats | None = None) -> Matrix:
    """Return the Gauss-Newton Hessian (k, k) float64 of steepest-descent images (k, n)."""
    return ((images if weights is None else images * weights) @ images.T).astype(np.float64)


@dataclass(frozen=True, eq=False)
class Template:
    """The template at every level, the finest first.

    Attributes:
        levels: the finest first.
        size: width and height, px of the frame it was taken from.
    """

    levels: tuple[TemplateLevel, ...]
    size: tuple[float, float]

    @property
    def texture(self) -> float:
        """The texture measure at the finest level, see `TemplateLevel.texture`."""
        return self.levels[0].texture


def template_of(part: Part, warp: Matrix, size: tuple[float, float], parameters: AlignParameters) -> Template:
    """Take a template from a picture.

    Args:
        part: the picture, with as many levels as the template is to have.
        warp: where the template is, (3, 3).
        size: its width and height, px.
        parameters: whether pixels near its rim count less.

    Raises:
        ParameterError: it is too small, or it is flat.
    """
    if min(size) < SMALLEST:
        raise ParameterError(
            f"the box is {size[0]:g} by {size[1]:g} pixels: a template needs at least {SMALLEST} by {SMALLEST}"
        )
    levels = tuple(_level(part, warp, size, level, parameters) for level in range(len(part.levels)))
    template = Template(levels, size)
    if not template.texture >= LEAST_TEXTURE:
        raise ParameterError(
            f"the region is too flat to be followed: its texture measure, the smaller eigenvalue of the structure "
            f"tensor, is {template.texture:.3g} grey levels²/px², draw a box with corners in it (at least "
            f"{LEAST_TEXTURE:g})"
        )
    return template


def _level(
    part: Part, warp: Matrix, size: tuple[float, float], level: int, parameters: AlignParameters
) -> TemplateLevel:
    width, height = (max(3, round(side / 2**level)) for side in size)
    rimmed = part.read(warp, level, width + 2, height + 2)
    picture, gx, gy = with_gradients(rimmed)
    window = centre_window(width, height) if parameters.centre else np.ones(width * height, np.float32)
    known = np.isfinite(picture)
    if not known.all():
        window = window * known
        picture = np.where(known, picture, picture[known].mean() if known.any() else 0).astype(np.float32)
    return TemplateLevel(width, height, picture, gx, gy, *_grid(width, height), window)


def with_gradients(rimmed: Floats) -> tuple[Floats, Floats, Floats]:
    """Return (picture, gx, gy), (n,) each, of a patch with a rim of one pixel: central differences.

    A gradient beside a pixel that is not known is 0.
    """
    gx = (rimmed[1:-1, 2:] - rimmed[1:-1, :-2]) * np.float32(0.5)
    gy = (rimmed[2:, 1:-1] - rimmed[:-2, 1:-1]) * np.float32(0.5)
    return rimmed[1:-1, 1:-1].ravel(), np.nan_to_num(gx.ravel(), copy=False), np.nan_to_num(gy.ravel(), copy=False)


_KEPT = ("picture", "gx", "gy", "window")


def template_arrays(template: Template) -> dict[str, NDArray[np.float32] | Matrix]:
    """Return a template as arrays by name, which `template_from` reads."""
    sizes = [number for level in template.levels for number in (level.width, level.height)]
    arrays: dict[str, NDArray[np.float32] | Matrix] = {"sizes": np.array([*template.size, *sizes], np.float64)}
    for name in _KEPT:
        arrays[name] = np.concatenate([getattr(level, name) for level in template.levels])
    return arrays


def template_from(arrays: Mapping[str, NDArray[Any]]) -> Template:
    """Return the template that `template_arrays` wrote."""
    width, height, *sizes = arrays["sizes"].tolist()
    levels, begin = [], 0
    for columns, rows in zip(sizes[::2], sizes[1::2], strict=True):
        columns, rows = int(columns), int(rows)
        kept = (arrays[name][begin : begin + columns * rows] for name in _KEPT)
        picture, gx, gy, window = kept
        levels.append(TemplateLevel(columns, rows, picture, gx, gy, *_grid(columns, rows), window))
        begin += columns * rows
    return Template(tuple(levels), (width, height))


def _grid(width: int, height: int) -> tuple[Floats, Floats]:
    """Return (x, y), (n,) float32: the pixels of a template from its centre."""
    x, y = np.meshgrid(
        np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2),
        np.arange(height, dtype=np.float32) - np.float32((height - 1) / 2),
    )
    return x.ravel(), y.ravel()
