"""From how far a template finds its place: the experiment of Baker and Matthews, on any template.

S. Baker and I. Matthews (2004), "Lucas-Kanade 20 Years On", section 3.4. Canonical points of the template are moved by
Gaussian noise of a sigma, the warp through them is where every way to align starts, and each takes the same number of
steps on one level, without stopping early. It has converged where the points end within 1 px (root mean square) of
where they belong. All ways see the same draws: the same start, the same noise.

    for share, result in converge(frame.grey, box, AlignParameters(), ConvergenceParameters()):
        ...
    result.share["inverse-compositional"]        # one a sigma
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flowlab.core.parameters import Parameters, parameter
from flowlab.core.region import Box
from flowlab.errors import ParameterError
from flowlab.evaluation.canonical_points import canonical_points, warp_through, warped
from flowlab.evaluation.intervals import paired_difference, wilson
from flowlab.tracking.affine.choices import Formulation, Stopping
from flowlab.tracking.affine.level import LevelAlignment
from flowlab.tracking.affine.outside import EccParameters, ecc
from flowlab.tracking.affine.parameters import AlignParameters
from flowlab.tracking.affine.picture import Part, equalised, part_around
from flowlab.tracking.affine.region_track import box_warp
from flowlab.tracking.affine.template import Template, template_of
from flowlab.tracking.global_motion import MotionModel

Array = NDArray[np.float64]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

ITERATIONS = 15
"""Steps that every way to align takes."""
CONVERGED = 1.0
"""px, root mean square over the canonical points, below which it has converged."""
ECC = "ecc"
"""cv2.findTransformECC, beside the formulations."""
WAYS = (*(str(formulation) for formulation in Formulation), ECC)

_MARGIN = 0.75  # of the template's longer side, how much of the picture around it is kept
_NEVER = 1e-4  # px: a step so small ends the alignment, and nothing would change any more
_NEVER_GROWS = 1e-6  # of the correlation
_DRAW_SECONDS = 5e-3  # a draw, all ways together
_PIXEL_SECONDS = 2.5e-6  # a pixel of the template, likewise
_NOISE_SECONDS = 2e-7  # a pixel of the template, of the picture around it
_FLAWED = 1e4  # px: an alignment that is farther off has no place any more


@dataclass(frozen=True)
class ConvergenceParameters(Parameters):
    """What is tried, and how often."""

    sigma_from: float = parameter(
        1.0, low=0.0, high=30.0, step=1.0, unit="px", label="From sigma", help="Smallest displacement of the points.",
    )  # fmt: skip
    sigma_to: float = parameter(
        10.0, low=0.0, high=30.0, step=1.0, unit="px", label="To sigma",
        help="Largest displacement of the points; in between, every whole pixel more than the smallest.",
    )  # fmt: skip
    draws: int = parameter(
        30, low=1, high=5000, step=1, label="Draws", help="Random starts for each sigma: more, narrower intervals.",
    )  # fmt: skip
    template_noise: float = parameter(
        0.0, low=0.0, high=64.0, step=1.0, unit="grey levels", label="Noise on the template",
        help="Standard deviation of the noise added to the template, another in every draw.",
    )  # fmt: skip
    picture_noise: float = parameter(
        0.0, low=0.0, high=64.0, step=1.0, unit="grey levels", label="Noise on the picture",
        help="Standard deviation of the noise added to the picture it is aligned to, another in every draw.",
    )  # fmt: skip
    seed: int = parameter(0, low=0, high=1_000_000, step=1, label="Seed", help="Another seed, other draws.")

    def __post_init__(self) -> None:
        """Check the range."""
        super().__post_init__()
        if self.sigma_to < self.sigma_from:
            raise ParameterError(
                f"sigma goes from {self.sigma_from:g} to {self.sigma_to:g} px: let it end where it begins or later"
            )

    @property
    def sigmas(self) -> Array:
        """(S,) px."""
        count = int(np.floor(self.sigma_to - self.sigma_from + 1e-9)) + 1
        return self.sigma_from + np.arange(count, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Convergence:
    """What came of the experiment.

    Attributes:
        sigmas: (S,) px.
        errors: name of a way to align -> (S, N, ITERATIONS + 1) float32, px, root mean square over the canonical
            points before the first step, after it, and so on; infinite where it fell apart.
        seconds: the same names -> what one step took on average.
    """

    sigmas: Array
    errors: Mapping[str, Floats]
    seconds: Mapping[str, float]

    @property
    def draws(self) -> int:
        """How many starts each sigma had."""
        return int(next(iter(self.errors.values())).shape[1])

    @property
    def nbytes(self) -> int:
        """Memory it takes."""
        return sum(errors.nbytes for errors in self.errors.values())

    def converged(self, way: str) -> Bools:
        """Return (S, N) bool: draws that ended within CONVERGED."""
        return self.errors[way][..., -1] < CONVERGED

    def share(self, way: str) -> tuple[Array, Array, Array]:
        """Return the share of draws that converged with its 95 % interval, (S,) each, 0 .. 1."""
        found = self.converged(way).sum(axis=1)
        return found / self.draws, *wilson(found, self.draws)

    def difference(self, way: str, other: str) -> tuple[Array, Array, Array]:
        """Return by how much more often one way converges than another, with its 95 % interval, (S,) each."""
        return paired_difference(self.converged(way), self.converged(other))

    def mean_errors(self, sigma: int | None = None) -> tuple[dict[str, Array], int]:
        """Return the mean error by iteration of each way, (ITERATIONS + 1,) px, and of how many draws that is.

        Of the draws in which every way converged, so that all are about the same.

        Args:
            sigma: place in `sigmas`; None: all of them.
        """
        rows = slice(None) if sigma is None else slice(sigma, sigma + 1)
        all_did = np.logical_and.reduce([self.converged(way)[rows] for way in self.errors])
        count = int(all_did.sum())
        if not count:
            return {}, 0
        return {way: errors[rows][all_did].mean(axis=0, dtype=np.float64) for way, errors in self.errors.items()}, count


def joined(parts: Sequence[Convergence]) -> Convergence:
    """Return experiments on the same sigmas, of other draws each, as one."""
    draws = [part.draws for part in parts]
    return Convergence(
        parts[0].sigmas,
        {way: np.concatenate([part.errors[way] for part in parts], axis=1) for way in parts[0].errors},
        {way: float(np.average([part.seconds[way] for part in parts], weights=draws)) for way in parts[0].seconds},
    )


def converge(
    grey: NDArray[np.uint8],
    box: Box,
    align: AlignParameters,
    parameters: ConvergenceParameters,
    *,
    draws: range | None = None,
) -> Iterator[tuple[float, Convergence | None]]:
    """Try every way to align on every draw, yielding (share done, None) after each, and at the end (1, the result).

    A caller that stops asking stops the work. The same seed gives the same draws, however many others there are.

    Args:
        grey: (H, W) uint8, the frame the template is taken from, and aligned to.
        box: where the template is, px.
        align: motion, brightness, blur and weights; the rest is the experiment's.
        parameters: of the experiment.
        draws: which of its draws; None: all of them.

    Raises:
        ParameterError: the template is too small, or too flat.
    """
    scene = _Scene.of(grey, box, align)
    sigmas, chosen = parameters.sigmas, range(parameters.draws) if draws is None else draws
    errors = {way: np.empty((len(sigmas), len(chosen), ITERATIONS + 1), np.float32) for way in WAYS}
    seconds, steps = dict.fromkeys(WAYS, 0.0), dict.fromkeys(WAYS, 0)
    for column, draw in enumerate(chosen):
        for row, sigma in enumerate(sigmas.tolist()):
            start, template, part = scene.drawn(sigma, draw, parameters)
            for way in WAYS:
                began = time.perf_counter()
                warps = _ecc_warps(scene, template, part, start) if way == ECC else _warps(
                    scene, template, part, start, way
                )  # fmt: skip
                seconds[way] += time.perf_counter() - began
                steps[way] += max(1, len(warps) - 1)
                errors[way][row, column] = scene.distances(warps)
            yield (column * len(sigmas) + row + 1) / (len(chosen) * len(sigmas)), None
    yield 1.0, Convergence(sigmas, errors, {way: seconds[way] / steps[way] for way in WAYS})


def surroundings(grey: NDArray[np.uint8], box: Box, align: AlignParameters) -> tuple[NDArray[np.uint8], Box]:
    """Return the part of a frame that an experiment looks at, equalised where that is asked for, and the box in it."""
    margin = int(np.ceil(_MARGIN * max(box.w, box.h)))
    x, y = max(0, int(box.x) - margin), max(0, int(box.y) - margin)
    around = equalised(grey, align)[y : int(box.y + box.h) + margin + 1, x : int(box.x + box.w) + margin + 1]
    return np.ascontiguousarray(around), Box(box.x - x, box.y - y, box.w, box.h)


def convergence_seconds(box: Box, parameters: ConvergenceParameters) -> float:
    """Return what the experiment takes on one core, to a factor of two."""
    noise = bool(parameters.template_noise) + bool(parameters.picture_noise)
    draws = len(parameters.sigmas) * parameters.draws
    return draws * (_DRAW_SECONDS + box.w * box.h * (_PIXEL_SECONDS + noise * _NOISE_SECONDS))


@dataclass(frozen=True, eq=False)
class _Scene:
    """The part of the frame around the template, and where it truly is there."""

    grey: Floats
    truth: Array
    size: tuple[float, float]
    points: Array
    places: Array
    align: AlignParameters
    motion: MotionModel

    @classmethod
    def of(cls, grey: NDArray[np.uint8], box: Box, align: AlignParameters) -> "_Scene":
        align = replace(
            align, levels=0, iterations=ITERATIONS, stopping=Stopping.CORNERS.value, epsilon=_NEVER, damping=0.0
        )
        motion = MotionModel(align.motion)
        around, box = surroundings(grey, box, align)
        truth = box_warp(box)
        points = canonical_points(motion, (box.w, box.h))
        return cls(around.astype(np.float32), truth, (box.w, box.h), points, warped(truth, points), align, motion)

    def drawn(self, sigma: float, draw: int, parameters: ConvergenceParameters) -> tuple[Array, Template, Part]:
        """Return the start, the template and the picture of one draw."""
        # One generator each: noise on one picture leaves the other, and the start, as they are.
        of_start, of_template, of_picture = (
            np.random.default_rng([parameters.seed, round(1000 * sigma), draw, what]) for what in range(3)
        )
        template = self._template
        if parameters.template_noise:
            template = self._taken(self._part(self._noisy(parameters.template_noise, of_template)))
        part = self._plain
        if parameters.picture_noise:
            part = self._part(self._noisy(parameters.picture_noise, of_picture))
        return self._start(sigma, of_start), template, part

    def _start(self, sigma: float, rng: np.random.Generator) -> Array:
        """Return the warp through the points, moved at random."""
        while True:
            places = self.places + sigma * rng.standard_normal(self.points.shape)
            try:
                return warp_through(self.motion, self.points, places)
            except np.linalg.LinAlgError:  # on one line: as good as never
                continue

    def _noisy(self, noise: float, rng: np.random.Generator) -> Floats:
        noisy: Floats = self.grey + np.float32(noise) * rng.standard_normal(self.grey.shape, dtype=np.float32)
        return noisy

    def _part(self, picture: Floats) -> Part:
        corners = np.array([[0, 0], [picture.shape[1] - 1, picture.shape[0] - 1]], np.float64)
        return part_around(picture, corners, 0, 0, self.align)

    def _taken(self, part: Part) -> Template:
        return template_of(part, self.truth, self.size, self.align)

    @cached_property
    def _plain(self) -> Part:
        return self._part(self.grey)

    @cached_property
    def _template(self) -> Template:
        return self._taken(self._plain)

    def distances(self, warps: list[Array]) -> Floats:
        """Return how far the canonical points are after each step, (ITERATIONS + 1,) px; the last place stays."""
        found = np.full(ITERATIONS + 1, np.inf, np.float32)
        for number, warp in enumerate(warps):
            if not np.isfinite(warp).all():
                return found
            away = warped(warp, self.points) - self.places
            error = float(np.sqrt((away * away).sum(axis=1).mean()))
            found[number:] = error if error < _FLAWED else np.inf
        return found


def _warps(scene: _Scene, template: Template, part: Part, start: Array, formulation: str) -> list[Array]:
    """Return the warps before the first step, after it, and so on."""
    chosen = replace(scene.align, formulation=formulation)
    warp, steps, _ = LevelAlignment(template.levels[0], part, 0, chosen, scene.motion).finish(start)
    return [*(step.warp for step in steps), warp]


def _ecc_warps(scene: _Scene, template: Template, part: Part, start: Array) -> list[Array]:
    """Return the same of cv2.findTransformECC, which knows no similarity with scale: it is given an affine warp."""
    motion = MotionModel.AFFINE if scene.motion == MotionModel.SIMILARITY else scene.motion
    one_step = EccParameters(motion=motion.value, iterations=1, epsilon=_NEVER_GROWS)
    level = template.levels[0]
    patch = level.picture.reshape(level.height, level.width)
    warps = [start]
    for _ in range(ITERATIONS):
        warp, _ = ecc(patch, part.levels[0], warps[-1], one_step)
        if warp is None:
            return [*warps, np.full((3, 3), np.nan)]
        warps.append(warp)
    return warps
