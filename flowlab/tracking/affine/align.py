"""Aligning a template to a picture: Gauss-Newton from coarse to fine, in any of the family's formulations.

S. Baker and I. Matthews (2004), "Lucas-Kanade 20 Years On". In the symbols used below:

    e = I(W) - T                  errors, both made comparable (photometry)
    SD = (gx, gy) dW/dd           steepest-descent images, (k, n)
    H = SD w SD'                  Gauss-Newton Hessian, w the pixels' weights
    d = H^-1 SD w e               the step

    forward additive (3.1)        gradients of I at W, Jacobian at W          M <- M - sum d_i B_i
    forward compositional (3.1.3) gradients of I(W), Jacobian at the identity M <- M (I - sum d_i B_i)
    inverse compositional (3.2)   gradients of T: SD and H are worked out once  M <- M (I + sum d_i B_i)^-1
    ESM                           the mean of the gradients of T and I(W)      M <- M exp(-sum d_i B_i)
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.affine.choices import Photometry, Weights
from flowlab.tracking.affine.level import LEAST_SEEN, LevelAlignment, Step, without_light
from flowlab.tracking.affine.parameters import AlignParameters
from flowlab.tracking.affine.photometry import correlation, matched, reference
from flowlab.tracking.affine.picture import Part
from flowlab.tracking.affine.template import Template
from flowlab.tracking.affine.uncertainty import warp_covariance
from flowlab.tracking.affine.weights import error_scale
from flowlab.tracking.global_motion import MotionModel

Matrix = NDArray[np.float64]
Floats = NDArray[np.float32]

_FEWEST = 10  # pixels that tell how far a warp may be off
_LARGEST, _SMALLEST = 8.0, 1 / 8  # by which an alignment may change the template's area before it counts as torn apart


@dataclass(frozen=True, eq=False)
class Alignment:
    """Where a template lies in a picture.

    Attributes:
        warp: (3, 3), template coordinates from its centre to the frame, px; the start where it fell apart.
        ncc: normalised correlation of template and patch there, -1 .. 1; NaN where it cannot be said.
        error: root mean square error there, grey levels; NaN likewise.
        inside: share of the template that lies in the picture.
        converged: whether the last step was a small one.
        fell_apart: whether the template folded up, blew up or left the picture on the way.
        steps: every step, in order.
        spread: returns `covariance`, which is not worked out where nobody asks.
    """

    warp: Matrix
    ncc: float
    error: float
    inside: float
    converged: bool
    fell_apart: bool
    steps: tuple[Step, ...]
    spread: Callable[[], Matrix] = field(repr=False)

    @property
    def covariance(self) -> Matrix:
        """(8, 8) of the warp's elements, see RegionTrack.covariance."""
        return self.spread()

    @property
    def iterations(self) -> int:
        """Number of steps, all levels together."""
        return len(self.steps)


def align(
    template: Template, part: Part, start: Matrix, parameters: AlignParameters, *, first: MotionModel | None = None
) -> Alignment:
    """Align a template to a picture, from its coarsest level to the finest.

    Args:
        template: what to look for.
        part: where to look; has at least as many levels as are used.
        start: (3, 3), where to begin.
        parameters: of the alignment.
        first: a simpler motion that is aligned on the coarsest level before the parameters' own.
    """
    motion = MotionModel(parameters.motion)
    coarsest = min(len(template.levels), len(part.levels)) - 1
    runs = [(level, motion) for level in range(coarsest, -1, -1)]
    if first is not None:
        runs = [(coarsest, first), *runs]
    warp, steps, converged = start, list[Step](), False
    for level, kind in runs:
        warp, done, converged = LevelAlignment(template.levels[level], part, level, parameters, kind).finish(warp)
        steps += done
        if not _is_whole(warp, start):
            return replace(_judged(template, part, start, parameters, steps), fell_apart=True)
    return replace(_judged(template, part, warp, parameters, steps), converged=converged)


def look_at(template: Template, part: Part, warp: Matrix, level: int = 0) -> Floats:
    """Return what lies under the template at a level, (h, w) float32 grey levels, NaN outside the picture."""
    one = template.levels[level]
    return part.read(warp, level, one.width, one.height)


def _judged(template: Template, part: Part, warp: Matrix, parameters: AlignParameters, steps: list[Step]) -> Alignment:
    """Return an alignment with what is found where it ended."""
    finest = template.levels[0]
    patch = look_at(template, part, warp).ravel()
    seen = np.isfinite(patch) & (finest.window > 0)
    inside = float(seen.mean())
    unknown = np.full((8, 8), np.nan)
    if inside < LEAST_SEEN:
        return Alignment(warp, np.nan, np.nan, inside, False, False, tuple(steps), lambda: unknown)
    compared = matched(patch[seen], reference(finest.picture[seen]), parameters.photometry)
    errors = compared.patch - compared.template
    if parameters.photometry == Photometry.GAIN_BIAS:
        errors = without_light(errors, compared.template, None)
    mean_square = float(errors @ errors) / errors.size

    def spread() -> Matrix:
        if errors.size <= _FEWEST:
            return unknown
        motion = MotionModel(parameters.motion)
        _, matrix = finest.descent(motion, parameters.photometry)
        # What does not fit says nothing of how well the rest does.
        variance = mean_square if parameters.weights == Weights.NONE else error_scale(errors) ** 2
        # Of images that are cut off by the picture's rim the Hessian shrinks with what is left.
        return warp_covariance(motion, warp, matrix * inside, variance, finest.sizes(motion))

    return Alignment(
        warp, correlation(patch[seen], finest.picture[seen]), float(np.sqrt(mean_square)), inside,
        False, False, tuple(steps), spread,
    )  # fmt: skip


def _is_whole(warp: Matrix, start: Matrix) -> bool:
    """Return whether a warp is still one that a template may undergo."""
    if not np.isfinite(warp).all():
        return False
    area = float(np.linalg.det(warp[:2, :2])) / max(abs(float(np.linalg.det(start[:2, :2]))), 1e-9)
    return _SMALLEST < area < _LARGEST
