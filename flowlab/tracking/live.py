"""The tracks that are alive: what the tracker must remember of each from frame to frame."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.affine_check import Templates
from flowlab.tracking.patches import Floats, Neighbourhoods

Chosen = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Live:
    """N live tracks, in the order of their numbers.

    Attributes:
        track: (N,) int32, their numbers.
        xy: (N, 2) float32, where they are, px.
        uv: (N, 2) float32, their last step, px; 0 for a new one.
        age: (N,) int32, frames since they were born.
        first_step: (N, 3) float32, covariance of their first step, px^2; NaN for a new one.
        covariance: (N, 3) float32, of the position since the birth, px^2; 0 for a new one.
        here: their windows in the newest frame.
        birth: (N, n) float32, the windows they were born with, normalised.
        templates: the same for the affine check; None where it is off.
    """

    track: NDArray[np.int32]
    xy: Floats
    uv: Floats
    age: NDArray[np.int32]
    first_step: Floats
    covariance: Floats
    here: Neighbourhoods
    birth: Floats
    templates: Templates | None

    def __len__(self) -> int:
        """Return the number of live tracks."""
        return len(self.track)

    def where(self, chosen: Chosen) -> "Live":
        """Return those where `chosen` (N,) is True."""
        if chosen.all():
            return self  # the windows are large, and usually nobody has ended
        return live_of({name: part[chosen] for name, part in self.arrays().items()})

    def followed_by(self, others: "Live") -> "Live":
        """Return these and then `others`."""
        ours, theirs = self.arrays(), others.arrays()
        return live_of({name: np.concatenate([ours[name], theirs[name]]) for name in ours})

    def arrays(self) -> dict[str, NDArray[np.generic]]:
        """Return everything by name, each (N, ..), as `live_of` takes it: to keep it in a file."""
        parts = {name: getattr(self, name) for name in _OWN}
        parts |= {f"here.{name}": getattr(self.here, name) for name in _WINDOW}
        if self.templates is not None:
            parts |= {f"templates.{name}": getattr(self.templates, name) for name in _TEMPLATE}
        return parts


_OWN = ("track", "xy", "uv", "age", "first_step", "covariance", "birth")
_WINDOW = tuple(field.name for field in fields(Neighbourhoods))
_TEMPLATE = tuple(field.name for field in fields(Templates))


def live_of(arrays: Mapping[str, NDArray[np.generic]]) -> Live:
    """Return live tracks made of what `Live.arrays` returned."""
    own = {name: arrays[name] for name in _OWN}
    here = Neighbourhoods(**{name: arrays[f"here.{name}"] for name in _WINDOW})  # type: ignore[arg-type]
    kept = None
    if f"templates.{_TEMPLATE[0]}" in arrays:
        kept = Templates(**{name: arrays[f"templates.{name}"] for name in _TEMPLATE})  # type: ignore[arg-type]
    return Live(**own, here=here, templates=kept)  # type: ignore[arg-type]
