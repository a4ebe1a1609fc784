"""One pair of frames, looked into: what every step of an alignment was worked out from.

In the symbols of `align`, at one step, in the motion's own parameters (pixels of the frame):

    e = I(W) - T        errors: the patch, made comparable, less the template
    SD                  steepest-descent images: how the patch changes with each parameter, (k, n)
    H = SD w SD'        Hessian, w the pixels' weights
    b = SD w e
    d = H^-1 b          the step (with damping, H has more on its diagonal)

What gain and bias explain, where they are estimated beside the motion, is taken out of SD: the k equations that are
left give the same step as the k + 2 that are solved. An additive step in perspective counts places from the first pixel
of the part that is searched.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Frame
from flowlab.core.parameters import Parameters
from flowlab.core.region import Box
from flowlab.errors import ParameterError
from flowlab.tracking.affine.align import Alignment, align
from flowlab.tracking.affine.choices import Formulation, Photometry
from flowlab.tracking.affine.level import LevelAlignment, Look, Step
from flowlab.tracking.affine.motions import NAMES, unit_steps
from flowlab.tracking.affine.parameters import AlignParameters
from flowlab.tracking.affine.picture import Part, equalised, part_around
from flowlab.tracking.affine.region_track import box_warp, corners_of
from flowlab.tracking.affine.template import Template, TemplateLevel, levels_for, template_of
from flowlab.tracking.global_motion import MotionModel

Matrix = NDArray[np.float64]
Floats = NDArray[np.float32]

MOST_SECONDS = 5.0
"""What the alignments of a pair may take while a person waits."""

_MARGIN = 0.5  # of the longer side, how far around the start the picture is prepared
_STEP_SECONDS = 1e-8  # a pixel and parameter, of a step whose images are its own; and as much for everything else
_OFTEN = 15  # steps on each level, of those that are allowed: most alignments end before
_STEEP = 4 / 3  # all levels' pixels together


@dataclass(frozen=True, eq=False)
class InspectedStep:
    """What one step was worked out from. Pictures have the size of the template at the step's level.

    Attributes:
        step: where it stood, and what it did.
        number: of it, from 0, all levels together.
        names: (k,) of the parameters.
        template: (h, w) float32 grey levels.
        patch: (h, w) what lay under the warp, as it was compared; NaN where it is not known.
        error: (h, w) patch - template, NaN likewise.
        weights: (h, w) how much each pixel counted, 0 where the patch is not known.
        descent: (k, h, w) steepest-descent images, grey levels a unit of the parameter.
        hessian: (k, k).
        descended: (k,) the right side b.
    """

    step: Step
    number: int
    names: tuple[str, ...]
    template: Floats
    patch: Floats
    error: Floats
    weights: Floats
    descent: Matrix
    hessian: Matrix
    descended: Matrix
    _sizes: Matrix

    @property
    def update(self) -> Matrix:
        """(k,) the step d."""
        return self.step.update

    @property
    def rim_motion(self) -> Matrix:
        """(k,) px of the frame, by about how much each parameter of the step moves the template's rim."""
        return self.update / self._sizes * 2.0**self.step.level

    @cached_property
    def eigenvalues(self) -> Matrix:
        """(k,) of the Hessian, the largest first."""
        return _eigenvalues(self.hessian)

    @property
    def condition(self) -> float:
        """Largest eigenvalue over smallest; infinite where the Hessian has no inverse."""
        return _condition(self.eigenvalues)

    @property
    def condition_in_unit_steps(self) -> float:
        """The same where each parameter is counted in steps that move the rim by about 1 px, as it is solved."""
        return _condition(_eigenvalues(self.hessian * np.outer(self._sizes, self._sizes)))

    @property
    def ssd(self) -> float:
        """Weighted sum of squared errors, grey levels^2."""
        return float((self.weights * np.nan_to_num(self.error) ** 2).sum(dtype=np.float64))


@dataclass(frozen=True, eq=False)
class Inspection:
    """A template, a picture, and how the one was aligned to the other.

    Attributes:
        template: taken from the first frame.
        part: of the second frame, where it may land.
        start: (3, 3), where the alignment began.
        parameters: of the alignment.
        alignment: how it went.
    """

    template: Template
    part: Part
    start: Matrix
    parameters: AlignParameters
    alignment: Alignment

    def step(self, number: int) -> InspectedStep:
        """Return what a step was worked out from, from 0; raises ParameterError where there is no such step."""
        steps = self.alignment.steps
        if not 0 <= number < len(steps):
            raise ParameterError(f"there is no step {number}: the alignment took {len(steps)}, counted from 0")
        step = steps[number]
        same = [other for other in steps if (other.level, other.motion) == (step.level, step.motion)]
        looks: list[Look] = []
        level = self.template.levels[step.level]
        LevelAlignment(level, self.part, step.level, self.parameters, step.motion).finish(same[0].warp, looks.append)
        return _inspected(step, number, level, self.parameters, looks[min(same.index(step), len(looks) - 1)])

    @cached_property
    def by_formulation(self) -> Mapping[Formulation, Alignment]:
        """How each formulation goes from the same start."""
        found = {}
        for formulation in Formulation:
            if formulation == self.parameters.formulation:
                found[formulation] = self.alignment
                continue
            chosen = replace(self.parameters, formulation=formulation.value)
            found[formulation] = align(self.template, self.part, self.start, chosen)
        return found

    @property
    def nbytes(self) -> int:
        """Memory it takes, about."""
        pixels = self.template.size[0] * self.template.size[1]
        return round(pixels * 4 * 40) + 4 * sum(level.nbytes for level in self.part.levels)


def inspect_pair(
    first: Frame, box: Box, second: Frame, start: Matrix | None, parameters: AlignParameters
) -> Inspection:
    """Align the template that a box cuts out of one frame to another frame, to be looked into.

    Args:
        first: where the box was drawn.
        box: px of it.
        second: the frame the template is aligned to.
        start: (3, 3), where the alignment begins; None: where the box is.
        parameters: of the alignment.

    Raises:
        ParameterError: the template is too small or too flat, or it would take too long.
    """
    seconds = inspection_seconds(box, parameters)
    if seconds > MOST_SECONDS:
        raise ParameterError(
            f"looking into a box of {box.w:g} by {box.h:g} pixels, each formulation with up to {parameters.iterations} "
            f"iterations, would take about {seconds:.0f} s, more than the {MOST_SECONDS:g} s of a page: draw a smaller "
            "box, or choose fewer iterations"
        )
    size, place = (box.w, box.h), box_warp(box)
    levels = levels_for(*size, parameters.levels)
    around = part_around(equalised(first.grey, parameters), corners_of(place, np.array(size)), 2, levels, parameters)
    template = template_of(around, place, size, parameters)
    begin = place if start is None else start
    corners = corners_of(begin, np.array(size))
    margin = _MARGIN * float(np.ptp(corners, axis=0).max())
    part = part_around(equalised(second.grey, parameters), corners, margin, levels, parameters)
    return Inspection(template, part, begin, parameters, align(template, part, begin, parameters))


def aligner_of(parameters: Parameters) -> AlignParameters:
    """Return a tracker's parameters of its alignment alone; the defaults for a tracker that has none."""
    if not isinstance(parameters, AlignParameters):
        return AlignParameters()
    return AlignParameters(**{field.name: getattr(parameters, field.name) for field in AlignParameters.fields()})


def inspection_seconds(box: Box, parameters: AlignParameters) -> float:
    """Return what all formulations take on one core, to a factor of two."""
    steps = len(Formulation) * min(parameters.iterations, _OFTEN)
    count = len(NAMES[MotionModel(parameters.motion)])
    return box.w * box.h * _STEEP * steps * (2 * count) * _STEP_SECONDS


def _inspected(step: Step, number: int, level: TemplateLevel, parameters: AlignParameters, look: Look) -> InspectedStep:
    shape = level.height, level.width
    count = len(step.step)
    seen = np.isfinite(step.part.read_placed(look.warp, step.level, level.width, level.height)).ravel()
    seen &= np.isfinite(level.picture) & (level.window > 0)
    weights = np.ones(seen.shape, np.float32) if look.weights is None else look.weights
    images = look.images.astype(np.float64)
    if parameters.photometry == Photometry.GAIN_BIAS:
        images = _without(images[:count], images[count:], weights)
    # From unit steps of the level's pixels to the motion's own parameters in the frame's.
    scale = 2.0**step.level
    sizes = level.sizes(step.motion) * scale * unit_steps(step.motion, scale)
    images = images / sizes[:, None]
    weighted = images * weights
    error = np.where(seen, look.errors, np.float32(np.nan)).reshape(shape)
    template = level.picture.reshape(shape)
    return InspectedStep(
        step=step, number=number, names=NAMES[step.motion], template=template, patch=template + error, error=error,
        weights=(weights * seen).reshape(shape), descent=images.reshape(count, *shape), hessian=weighted @ images.T,
        descended=weighted @ look.errors.astype(np.float64), _sizes=sizes,
    )  # fmt: skip


def _without(images: Matrix, others: Matrix, weights: Floats) -> Matrix:
    """Return images (k, n) less what `others` (m, n) explain of them, weighted."""
    weighted = others * weights
    shares = np.linalg.solve(weighted @ others.T, weighted @ images.T)
    return np.asarray(images - shares.T @ others, np.float64)


def _eigenvalues(matrix: Matrix) -> Matrix:
    return np.asarray(np.linalg.eigvalsh(matrix)[::-1], np.float64)


def _condition(values: Matrix) -> float:
    return float(values[0] / values[-1]) if values[-1] > 0 else float("inf")
