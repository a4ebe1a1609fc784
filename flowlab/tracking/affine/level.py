"""The alignment on one level: what is seen under a warp, and the step that follows from it; see `align`."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.affine.choices import Formulation, Photometry, Stopping, Weights
from flowlab.tracking.affine.motions import change, exponential, generator, inverse_composed, scaled, unit_steps
from flowlab.tracking.affine.parameters import AlignParameters
from flowlab.tracking.affine.photometry import brightened, left_by, matched, reference
from flowlab.tracking.affine.picture import Part
from flowlab.tracking.affine.region_track import corners_of
from flowlab.tracking.affine.template import TemplateLevel, hessian, with_gradients
from flowlab.tracking.affine.weights import error_scale, robust_weights
from flowlab.tracking.global_motion import MotionModel

Matrix = NDArray[np.float64]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

LEAST_SEEN = 0.15
"""Share of the template that must lie in the picture for a step to mean anything."""

_COARSE_STEP = 0.1  # px of a coarse level: the next level goes on from there
_DAMPING_STEP = 10.0  # Marquardt 1963


@dataclass(frozen=True, eq=False)
class Step:
    """One step of an alignment.

    Attributes:
        part: the picture.
        motion: what was estimated.
        level: of the pyramid, 0 the picture itself.
        iteration: from 0 on each level.
        placed: (3, 3), the warp before the step, in that level's pixels.
        step: (k,), the step in that level's pixels.
        error: mean squared error before it, grey levels^2 a pixel, weighted: what the step is to make smaller.
        moved: px of the frame, how far the farthest corner of the template moved.
        taken: whether it was kept; a damped step that made the error larger is taken back by the next.
    """

    part: Part
    motion: MotionModel
    level: int
    iteration: int
    placed: Matrix
    step: Matrix
    error: float
    moved: float
    taken: bool = True

    @property
    def warp(self) -> Matrix:
        """(3, 3), the warp before the step, into the frame."""
        return self.part.lifted(self.placed, self.level)

    @property
    def update(self) -> Matrix:
        """(k,), the step in the motion's own parameters (motions.NAMES), px of the frame."""
        scale = 2.0**self.level
        update: Matrix = self.step * scale * unit_steps(self.motion, scale)
        return update


@dataclass(frozen=True, eq=False)
class Look:
    """What is seen under a warp: errors, weights, steepest-descent images and their Hessian.

    Attributes:
        warp: (3, 3), in the level's pixels.
        errors: (n,) float32 grey levels, made comparable; 0 where the patch is not known.
        weights: (n,) float32, how much each pixel counts; None: all the same.
        images: (k, n) float32, steepest-descent images of unit steps; of `GAIN_BIAS` with two more, the template and 1.
        hessian: (k, k), likewise.
        cost: mean squared error, grey levels^2, weighted.
    """

    warp: Matrix
    errors: Floats
    weights: Floats | None
    images: Floats
    hessian: Matrix
    cost: float


class LevelAlignment:
    """The alignment on one level, in that level's own pixels."""

    def __init__(
        self, template: TemplateLevel, part: Part, level: int, parameters: AlignParameters, motion: MotionModel
    ) -> None:
        self._t, self._part, self._level = template, part, level
        self._p, self._motion = parameters, motion
        self._sizes = template.sizes(motion)
        self._corners = np.ones((3, 4))
        self._corners[:2] = corners_of(np.eye(3), np.array([template.width, template.height])).T
        self._weights: Floats | None = None
        self._all = np.ones(template.picture.shape, np.bool_)
        self._observe: Callable[[Matrix], Look | None] = {
            Formulation.FORWARD_ADDITIVE: self._seen_additive,
            Formulation.FORWARD_COMPOSITIONAL: self._seen_forward,
            Formulation.INVERSE_COMPOSITIONAL: self._seen_inverse,
            Formulation.ESM: self._seen_forward,
        }[Formulation(parameters.formulation)]

    def finish(self, start: Matrix, watch: Callable[[Look], None] | None = None) -> tuple[Matrix, list[Step], bool]:
        """Take steps until one is small; return (the warp, the steps, whether one was).

        `watch` is given what each step was worked out from.
        """
        warp, steps = self._part.placed(start, self._level), list[Step]()
        epsilon = self._p.epsilon if self._level == 0 else max(self._p.epsilon, _COARSE_STEP)
        damping, kept = self._p.damping, None
        converged, scale = False, 2.0**self._level
        for iteration in range(self._p.iterations):
            look = self._observe(warp)
            if look is None:
                break
            if self._p.damping:
                if kept is not None and look.cost > kept.cost:
                    look, damping = kept, damping * _DAMPING_STEP
                    steps[-1] = replace(steps[-1], taken=False)
                else:
                    damping = max(damping / _DAMPING_STEP, self._p.damping * 1e-6) if kept is not None else damping
                kept = look
            step = _solved(look, damping)
            if step is None:
                break
            if watch is not None:
                watch(look)
            step = step[: len(self._sizes)] * self._sizes
            moved_to = self._updated(look.warp, step)
            moved = self._corner_motion(look.warp, moved_to)
            steps.append(
                Step(self._part, self._motion, self._level, iteration, look.warp, step, look.cost, moved * scale)
            )
            if not np.isfinite(moved):
                return moved_to, steps, False
            warp = moved_to
            size = moved if self._p.stopping == Stopping.CORNERS else float(np.linalg.norm(step))
            if size < epsilon:
                converged = True
                break
        return self._part.lifted(warp, self._level), steps, converged

    # -- what is seen under a warp ---------------------------------------------------------------

    def _seen_inverse(self, warp: Matrix) -> Look | None:
        patch = self._part.read_placed(warp, self._level, self._t.width, self._t.height).ravel()
        images, matrix = self._t.descent(self._motion, self._p.photometry)
        return self._looked(warp, patch, lambda _: images, matrix)

    def _seen_forward(self, warp: Matrix) -> Look | None:
        rimmed = self._part.read_placed(warp, self._level, self._t.width + 2, self._t.height + 2)
        patch, gx, gy = with_gradients(rimmed)
        if self._p.formulation == Formulation.ESM:

            def both(gain: float) -> Floats:
                half, share = np.float32(0.5), np.float32(gain / 2)
                return self._t.images(self._motion, gx * share + self._t.gx * half, gy * share + self._t.gy * half)

            return self._looked(warp, patch, both)
        return self._looked(warp, patch, lambda gain: self._t.images(self._motion, gx, gy) * np.float32(gain))

    def _seen_additive(self, warp: Matrix) -> Look | None:
        patch, gx, gy = (
            plane.ravel() for plane in self._part.read_gradients(warp, self._level, self._t.width, self._t.height)
        )
        return self._looked(warp, patch, lambda gain: self._t.images(self._motion, gx, gy, warp) * np.float32(gain))

    def _looked(
        self, warp: Matrix, patch: Floats, images_at: Callable[[float], Floats], matrix: Matrix | None = None
    ) -> Look | None:
        """Return errors, weights and images where the patch is known; None where that is too little of it.

        `images_at` takes the gain by which the patch's gradients count; `matrix` is the Hessian where it is known.
        """
        p, template, window = self._p, self._t.picture, self._t.window
        if p.photometry == Photometry.MEAN_CLAHE:
            patch = brightened(patch, template, self._t.width)
        whole = math.isfinite(float(patch @ patch))  # faster than to look at every pixel
        known = self._all if whole else np.isfinite(patch)
        seen = known if self._t.whole else known & (window > 0)
        if not whole and seen.mean() < LEAST_SEEN:
            return None
        known_of = self._t.reference if whole else reference(template[seen])
        compared = matched(patch if whole else patch[seen], known_of, p.photometry)
        errors = compared.patch - compared.template
        if not whole:
            errors, target = _spread(errors, seen), _spread(compared.template, seen)
        else:
            target = compared.template
        weights = None if whole and self._t.whole else window * seen
        errors, weights = self._robust(errors, target, weights)
        images = images_at(compared.gain)
        if matrix is None:
            images = left_by(p.photometry, np.nan_to_num(images, copy=False) if not whole else images, template)
        if matrix is None or weights is not None:
            matrix = hessian(images, weights)
        cost = float(errors @ errors) / errors.size if weights is None else _weighted_mean(errors, weights)
        return Look(warp, errors, weights, images, matrix, cost)

    def _robust(self, errors: Floats, target: Floats, weights: Floats | None) -> tuple[Floats, Floats | None]:
        """Return errors without what gain and bias explain, and how much each counts."""
        p = self._p
        if p.photometry == Photometry.GAIN_BIAS:
            errors = without_light(errors, target, self._weights if self._weights is not None else weights)
        if p.weights != Weights.NONE:
            seen = errors if weights is None else errors[weights > 0]
            robust = robust_weights(errors, p.weights, error_scale(seen))
            weights = robust if weights is None else robust * weights
            self._weights = weights
        return errors, weights

    # -- what a step does ------------------------------------------------------------------------

    def _updated(self, warp: Matrix, step: Matrix) -> Matrix:
        match self._p.formulation:
            case Formulation.FORWARD_ADDITIVE:
                return scaled(warp - generator(self._motion, step))
            case Formulation.FORWARD_COMPOSITIONAL:
                return scaled(warp @ change(self._motion, -step))
            case Formulation.ESM:
                return scaled(warp @ exponential(self._motion, -step))
        return inverse_composed(warp, change(self._motion, step))

    def _corner_motion(self, before: Matrix, after: Matrix) -> float:
        """Return how far the farthest corner moved, px of this level; not finite where the template fell apart."""
        if not np.isfinite(after).all():
            return float("nan")
        old, new = before @ self._corners, after @ self._corners
        away = new[:2] / new[2] - old[:2] / old[2]
        return float(np.sqrt((away * away).sum(axis=0).max()))


def _weighted_mean(errors: Floats, weights: Floats) -> float:
    """Return the weighted mean of squared errors."""
    return float((errors * errors) @ weights) / max(float(weights.sum()), 1e-6)


def _spread(values: Floats, seen: Mask) -> Floats:
    """Return values of the pixels that are seen among all, 0 elsewhere."""
    full = np.zeros(seen.shape, np.float32)
    full[seen] = values
    return full


def without_light(errors: Floats, template: Floats, weights: Floats | None) -> Floats:
    """Return errors (n,) less the gain and bias of the template that explain them best, weighted where asked."""
    if weights is None:
        total, of_t, of_e = float(errors.size), float(np.add.reduce(template)), float(np.add.reduce(errors))
        weighted = template
    else:
        weighted = template * weights
        total, of_t, of_e = float(np.add.reduce(weights)), float(np.add.reduce(weighted)), float(errors @ weights)
    square, product = float(weighted @ template), float(weighted @ errors)
    spread = total * square - of_t * of_t
    if not spread > 1e-9 * total * square:
        return errors
    gain = (total * product - of_t * of_e) / spread
    bias = (of_e - gain * of_t) / total
    rest: Floats = errors - (np.float32(gain) * template + np.float32(bias))
    return rest


def _solved(look: Look, damping: float) -> Matrix | None:
    """Return H^-1 SD w e, in unit steps; None where H has no inverse."""
    weighted = look.errors if look.weights is None else look.errors * look.weights
    descended = (look.images @ weighted).astype(np.float64)
    matrix = look.hessian
    if damping:
        matrix = matrix + np.diag(damping * np.diag(matrix))
    try:
        return np.asarray(np.linalg.solve(matrix, descended), np.float64)
    except np.linalg.LinAlgError:
        return None
