"""Which templates are aligned: the first one, and what it has become.

I. Matthews, T. Ishikawa and S. Baker (2004), "The Template Update Problem": a template that is never replaced goes out
of date, one that is replaced in every frame drifts off; theirs is replaced and corrected by the first.
A memory keeps the first and the last few looks of an object instead, all in the coordinates of the first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ParameterError
from flowlab.tracking.affine.align import Alignment, align, look_at
from flowlab.tracking.affine.parameters import DRIFT_CORRECTED, FULL_ONLY, MEMORY, NEVER, TrackerParameters
from flowlab.tracking.affine.photometry import correlation
from flowlab.tracking.affine.picture import Part
from flowlab.tracking.affine.region_track import corners_of
from flowlab.tracking.affine.template import Template, template_arrays, template_from, template_of
from flowlab.tracking.global_motion import MotionModel

Matrix = NDArray[np.float64]

_MOST = 4  # templates in a memory, the first among them
_OUT_OF_DATE = 0.8  # normalised correlation below which what is seen is remembered too
_WORTH_TRYING = 0.6  # the same, of the first template before it is aligned, to be tried again
_DRIFT = 2.0  # px, by which the first template may correct the present one (Matthews et al., section 3.2)


@dataclass(frozen=True, eq=False)
class Memory:
    """The templates of one region.

    Attributes:
        first: what was drawn.
        later: what it has become, the newest last.
        used: number of the template that fitted last, 0 the first.
    """

    first: Template
    later: tuple[Template, ...] = ()
    used: int = 0

    def aligned(self, part: Part, start: Matrix, parameters: TrackerParameters) -> tuple[Alignment, int]:
        """Align the templates to a frame and return the best alignment and the number of its template."""
        newest = len(self.later)
        if parameters.update == DRIFT_CORRECTED and self.later:
            now = in_turn(self.later[-1], part, start, parameters)
            fixed = align(self.first, part, now.warp, parameters)
            if fixed.converged and not fixed.fell_apart and farthest(fixed.warp, now.warp, self.first.size) <= _DRIFT:
                return fixed, 0
            return now, newest
        if parameters.update != MEMORY:
            return in_turn(self.template(newest), part, start, parameters), newest
        found, number = in_turn(self.template(self.used), part, start, parameters), self.used
        # All templates share their coordinates: what lies under the warp is compared with each at once, and another
        # is aligned only where it promises more. The first is preferred: it has not drifted.
        for other in self._promising(part, found, number):
            again = align(self.template(other), part, found.warp, parameters)
            if again.ncc > found.ncc or (other == 0 and again.ncc >= _OUT_OF_DATE):
                return replace(again, steps=(*found.steps, *again.steps)), other
        return found, number

    def template(self, number: int) -> Template:
        """Return a template by its number, 0 the first."""
        return (self.first, *self.later)[number]

    def updated(self, part: Part, found: Alignment, used: int, parameters: TrackerParameters) -> "Memory":
        """Return the templates after an alignment, by the one of that number, that is believed."""
        kind = parameters.update
        if kind == NEVER or (kind == MEMORY and found.ncc >= _OUT_OF_DATE):
            return replace(self, used=used)
        if kind == DRIFT_CORRECTED and self.later and used:
            return self  # the first did not confirm it
        try:
            new = template_of(part, found.warp, self.first.size, parameters)
        except ParameterError:
            return self  # nothing there to hold on to
        if kind != MEMORY:
            return replace(self, later=(new,))
        later = (*self.later[-(_MOST - 2) :], new)
        return replace(self, later=later, used=len(later))

    def _promising(self, part: Part, found: Alignment, number: int) -> list[int]:
        """Return the other templates that look at least as good as the one aligned, at most one beside the first."""
        if found.fell_apart or not self.later:
            return []
        patch = look_at(self.first, part, found.warp).ravel()
        seen = np.isfinite(patch)
        likeness = [
            correlation(patch[seen], self.template(other).levels[0].picture[seen])
            for other in range(len(self.later) + 1)
        ]
        first = [0] if number and likeness[0] >= _WORTH_TRYING else []
        best = int(np.nanargmax(likeness)) if np.isfinite(likeness).any() else number
        return first + ([best] if best not in (0, number) else [])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what `from_arrays` makes this memory of."""
        count = {"templates": np.array([1 + len(self.later), self.used])}
        return count | {
            f"{number}:{name}": array
            for number, template in enumerate((self.first, *self.later))
            for name, array in template_arrays(template).items()
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> "Memory":
        """Return the memory whose `arrays` these are."""
        first, *later = (
            template_from({name.partition(":")[2]: a for name, a in arrays.items() if name.startswith(f"{number}:")})
            for number in range(int(arrays["templates"][0]))
        )
        return cls(first, tuple(later), int(arrays["templates"][1]))


def in_turn(template: Template, part: Part, start: Matrix, parameters: TrackerParameters) -> Alignment:
    """Align by the simple motion first, where one is asked for, and from there by the full one."""
    simple = parameters.simple_first
    is_simpler = simple != FULL_ONLY and _freedom(simple) < _freedom(parameters.motion)
    return align(template, part, start, parameters, first=MotionModel(simple) if is_simpler else None)


def _freedom(motion: str) -> int:
    return list(MotionModel).index(MotionModel(motion))


def farthest(warp: Matrix, other: Matrix, size: tuple[float, float]) -> float:
    """Return how far apart two warps take a template's corners at most, px."""
    away = corners_of(warp, np.array(size)) - corners_of(other, np.array(size))
    return float(np.sqrt((away * away).sum(axis=-1).max()))
