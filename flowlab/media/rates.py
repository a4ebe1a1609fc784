"""The rate of a clip, exactly: what a row of time stamps says, and what a header says where it fits."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

USUAL_RATE = Fraction(25)
"""Frames per second where a clip does not say: stills, folders, a single frame."""

_SLOWEST, _FASTEST = Fraction(1, 10_000), Fraction(100_000)
_COMMON = tuple(
    Fraction(rate) for rate in ("24000/1001", "24", "25", "30000/1001", "30", "50", "60000/1001", "60")
)  # fmt: skip
_EVEN_SHARE = 0.9
_MEAN_DENOMINATOR = 1_000_000


@dataclass(frozen=True)
class Rhythm:
    """How frames follow each other.

    Attributes:
        fps: the rate of an even row (holes in it do not count), the mean rate of an uneven one.
        variable: whether the frames are unevenly spaced.
        missing: frames absent from an otherwise even row.
    """

    fps: Fraction
    variable: bool = False
    missing: int = 0


def rhythm(times: NDArray[np.int64] | None, time_base: Fraction, hints: Sequence[Fraction | None]) -> Rhythm:
    """Return the rhythm of frames.

    Stamps count in a unit that need not divide the frame's duration (29.97 fps in milliseconds: 33, 34,
    33), so a rate fits where every stamp lies within one unit of its grid.

    Args:
        times: (N,) strictly increasing, in units of `time_base`; None where unknown.
        time_base: seconds of a unit.
        hints: rates a header claims, most trusted first; None and nonsense are passed over.
    """
    sane = [hint for hint in hints if hint is not None and _SLOWEST <= hint <= _FASTEST]
    if times is None or len(times) < 2:
        return Rhythm(sane[0] if sane else USUAL_RATE)
    steps = np.diff(times)
    unit, usual = math.gcd(*steps.tolist()), int(np.median(steps))
    # Where all steps are multiples of the usual one, that is the frame's duration, exactly.
    candidates = [1 / (usual * time_base)] if unit == usual else _candidates(times, time_base, sane)
    for rate in candidates:
        whole = _steps_on_grid((times - times[0]).astype(np.float64), float(1 / (rate * time_base)), unit)
        if whole is not None:
            return Rhythm(rate, bool((whole != 1).any()), int(whole.sum()) - len(whole))
    return Rhythm(_mean(times, time_base), variable=True)


def _candidates(times: NDArray[np.int64], time_base: Fraction, hints: list[Fraction]) -> Iterator[Fraction]:
    # A header's 2997/100 is 30000/1001 rounded: rates people use come before odd ones.
    yield from (hint for hint in hints if hint.denominator in (1, 1001))
    yield from _COMMON
    yield from hints
    yield _mean(times, time_base)


def _mean(times: NDArray[np.int64], time_base: Fraction) -> Fraction:
    rate = (len(times) - 1) / (int(times[-1] - times[0]) * time_base)
    return rate.limit_denominator(_MEAN_DENOMINATOR)


def _steps_on_grid(since: NDArray[np.float64], frame: float, unit: int) -> NDArray[np.int64] | None:
    """Return the whole frames (N-1,) between stamps, None where they do not lie on a grid of `frame` units."""
    place = np.rint(since / frame)
    if np.abs(since - place * frame).max() > min(unit, frame / 4):
        return None
    steps = np.diff(place).astype(np.int64)
    if steps.min() < 1 or np.count_nonzero(steps == 1) < _EVEN_SHARE * len(steps):
        return None
    return steps
