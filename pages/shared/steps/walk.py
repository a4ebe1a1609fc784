"""The walk: every step, in order. The contents list, the links and the tests go by this table."""

from collections.abc import Iterable

from .aperture import STEP as APERTURE
from .brightness import STEP as BRIGHTNESS
from .corners import STEP as CORNERS
from .derivatives import STEP as DERIVATIVES
from .iteration import STEP as ITERATE
from .least_squares import STEP as LEAST_SQUARES
from .linearisation import STEP as LINEARISE
from .neighbours import STEP as NEIGHBOURS
from .pyramids import STEP as PYRAMID
from .step import AnyStep

PARTS: tuple[tuple[str, tuple[AnyStep, ...]], ...] = (
    ("A. One pixel", (BRIGHTNESS, LINEARISE, DERIVATIVES, APERTURE)),
    ("B. A window that votes", (NEIGHBOURS, LEAST_SQUARES, CORNERS, ITERATE, PYRAMID)),
)
STEPS: tuple[AnyStep, ...] = tuple(step for _, steps in PARTS for step in steps)
_BY_NAME = {step.name: step for step in STEPS}


def step_named(name: str) -> AnyStep:
    """Return the step of that name; the first one where there is none."""
    return _BY_NAME.get(name, STEPS[0])


def number_of(step: AnyStep) -> int:
    """Return the number of a step, from 1."""
    return STEPS.index(step) + 1


def neighbours(step: AnyStep) -> tuple[AnyStep | None, AnyStep | None]:
    """Return the steps before and after."""
    at = STEPS.index(step)
    return (STEPS[at - 1] if at else None), (STEPS[at + 1] if at + 1 < len(STEPS) else None)


def new_symbols(step: AnyStep) -> tuple[str, ...]:
    """Return the symbols that no earlier step has."""
    known = {name for earlier in STEPS[: STEPS.index(step)] for name in earlier.symbols}
    return tuple(name for name in step.symbols if name not in known)


def part_of(step: AnyStep) -> str:
    """Return the title of the part a step stands in."""
    return next(title for title, steps in PARTS if step in steps)


def titles(steps: Iterable[AnyStep] = STEPS) -> dict[str, str]:
    """Return name -> numbered title."""
    return {step.name: f"{number_of(step)}. {step.title}" for step in steps}
