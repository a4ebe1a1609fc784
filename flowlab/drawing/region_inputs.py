"""What the figures of a tracked region are made of: numbers and names."""

from dataclasses import dataclass, fields

from numpy.typing import ArrayLike

from flowlab.drawing.curves import series_of
from flowlab.drawing.region_colours import STATE_COLOURS
from flowlab.errors import ParameterError, shown


@dataclass(frozen=True, eq=False)
class RegionCourse:
    """Where a region was, over time.

    Attributes:
        frame: (N,) rising numbers of the frames.
        x, y: (N,) px, its centre.
        scale: (N,) its size, 1 as it was drawn.
        rotation: (N,) degrees, clockwise on the screen.
        shear: (N,) without unit.
        ncc: (N,) -1 .. 1, likeness to the template.
        state: (N,) whole numbers, places in `STATE_COLOURS`.

    NaN leaves a gap.

    Raises:
        ParameterError: a column is not as long as `frame`, or a state is none.
    """

    frame: ArrayLike
    x: ArrayLike
    y: ArrayLike
    scale: ArrayLike
    rotation: ArrayLike
    shear: ArrayLike
    ncc: ArrayLike
    state: ArrayLike

    def __post_init__(self) -> None:
        """Check the lengths and the states."""
        for column in fields(self):
            series_of(column.name, getattr(self, column.name), like=self.frame)
        for state in series_of("state", self.state).tolist():
            if state not in range(len(STATE_COLOURS)):
                raise ParameterError(f"a state is {state:g}: give whole numbers from 0 to {len(STATE_COLOURS) - 1}")


@dataclass(frozen=True, eq=False)
class AlignmentTrace:
    """How one alignment went, iteration by iteration.

    Attributes:
        name: of the way to align; those in `ALIGNER_COLOURS` have colours of their own.
        level: (K,) whole numbers, pyramid level of each iteration, 0 the finest; they never rise.
        cost: (K,) what is made small.
        motion: (K,) px of the finest level, how far the step moved the corners.

    Raises:
        ParameterError: the columns differ in length, or a level is coarser than the one before it.
    """

    name: str
    level: ArrayLike
    cost: ArrayLike
    motion: ArrayLike

    def __post_init__(self) -> None:
        """Check the lengths and the order of levels."""
        levels = series_of("level", self.level)
        for column in ("cost", "motion"):
            series_of(column, getattr(self, column), like=levels)
        if (levels[1:] > levels[:-1]).any():
            raise ParameterError(f"the levels of {shown(self.name)} rise: give them from the coarsest to 0, the finest")


@dataclass(frozen=True, eq=False)
class ScoredCurve:
    """One curve of a success or precision plot, and the number it stands for.

    Attributes:
        name: of the tracker.
        threshold: (N,) rising.
        share: (N,) of the frames that pass, 0 .. 1.
        score: the area under it (success), or the share at 20 px (precision), 0 .. 1.
        dashed: whether it had help, such as keyframes.

    Raises:
        ParameterError: the two differ in length.
    """

    name: str
    threshold: ArrayLike
    share: ArrayLike
    score: float
    dashed: bool = False

    def __post_init__(self) -> None:
        """Check the lengths."""
        series_of("share", self.share, like=series_of("threshold", self.threshold))


@dataclass(frozen=True, eq=False)
class ConvergenceCurve:
    """How often a way to align converges.

    Attributes:
        name: of the way to align.
        sigma: (N,) px, size of the random displacements.
        share: (N,) of the draws that converged, 0 .. 1.
        low, high: (N,) ends of the 95 % interval, 0 .. 1.

    Raises:
        ParameterError: a column is not as long as `sigma`.
    """

    name: str
    sigma: ArrayLike
    share: ArrayLike
    low: ArrayLike
    high: ArrayLike

    def __post_init__(self) -> None:
        """Check the lengths."""
        for column in ("share", "low", "high"):
            series_of(column, getattr(self, column), like=series_of("sigma", self.sigma))


@dataclass(frozen=True, eq=False)
class ErrorCurve:
    """How far from the truth a way to align is after each iteration.

    Attributes:
        name: of the way to align.
        error: (K + 1,) px, mean RMS error of the corners before the first iteration, after it, and so on.

    Raises:
        ParameterError: there is no error.
    """

    name: str
    error: ArrayLike

    def __post_init__(self) -> None:
        """Check that there is something to draw."""
        series_of("error", self.error)
