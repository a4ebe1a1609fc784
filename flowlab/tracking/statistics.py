"""What a table of tracks says of itself: how many there were, how long they lived, why they ended, how fast they were.

Everything is counted as chunks of the table go by, so that a clip of any length can be summed up: what is kept are
counts for each frame, for each age, and for each bin of speed and forward-backward error, and the ages of the tracks
alive in the last frame.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ParameterError
from flowlab.tracking.endings import ENDINGS, Status
from flowlab.tracking.tracks import Tracks

Counts = NDArray[np.int64]
Curve = NDArray[np.float64]
Json = int | float | None | list[int] | dict[str, int] | dict[str, float | None]

SPEED_RESOLUTION, FASTEST = 0.01, 200.0
"""Bins of speed, px/frame: centred on multiples of the first, those beyond the second in one."""
ERROR_RESOLUTION, WORST = 0.0001, 10.0
"""Bins of the forward-backward error, px, likewise."""
SURVIVAL_AGES = (10, 30, 100)
"""Frames after birth for which a summary gives the survival."""


@dataclass(frozen=True, eq=False)
class PerFrame:
    """Numbers of each of the frames start .. start + T - 1.

    Attributes:
        start: the first frame.
        alive: (T,) tracks with a position that is believed, those born in the frame among them.
        born: (T,) tracks whose first frame it is.
        ended: (T,) tracks that were alive in the frame before and no longer are.
        speed: (T, 3) float64, px/frame, quartiles (25, 50, 75 %) of the steps that were kept; NaN where there are none.
    """

    start: int
    alive: Counts
    born: Counts
    ended: Counts
    speed: Curve


@dataclass(frozen=True, eq=False)
class Survival:
    """The share of tracks still alive at each age.

    Attributes:
        age: (A,) 0, 1, .. frames since birth.
        share: (A,) 0 .. 1, estimated to be alive at that age; NaN from an age on that no track was seen at.
        at_risk: (A,) tracks that were seen to live on to that age or to end at it: how many the estimate rests on.
    """

    age: Counts
    share: Curve
    at_risk: Counts

    def at(self, age: int) -> float:
        """Return the share alive at an age; NaN beyond the oldest track seen, unless none lives that long."""
        if age < len(self.share):
            return float(self.share[age])
        return 0.0 if self.share[-1] == 0 else math.nan


class TrackSummary:
    """Sums up chunks of a table of tracks, one after the other."""

    def __init__(self) -> None:
        """Start without a frame."""
        self._frames: list[tuple[int, int, int]] = []  # alive, born, ended
        self._speeds: list[Curve] = []
        self._start = self._stop = 0
        self._cuts: list[int] = []
        self._endings = _Tally()
        self._lived, self._at_risk, self._died = _Tally(), _Tally(), _Tally()
        self._error_bins, self._speed_bins = _Tally(), _Tally()
        self._ages_now = np.zeros(0, np.int64)

    def add(self, tracks_chunk: Tracks) -> None:
        """Add the frames of a chunk.

        Raises:
            ParameterError: it does not begin where the one before stopped.
        """
        chunk = tracks_chunk
        if not self._frames:
            self._start = self._stop = chunk.start
        if chunk.start != self._stop:
            raise ParameterError(f"the chunk begins with frame {chunk.start}: give the one of frame {self._stop} next")
        if chunk.stop == chunk.start:
            return
        self._stop = chunk.stop
        self._cuts.extend(chunk.cuts)
        ended, kept = ~chunk.alive, chunk.status == Status.TRACKED
        self._endings.add(chunk.status[ended])
        self._lived.add(chunk.age[ended])
        self._died.add(chunk.age[ended & (chunk.status != Status.CUT)])
        self._at_risk.add(chunk.age[(chunk.status != Status.NEW) & (chunk.status != Status.CUT)])
        self._error_bins.add(_bins(chunk.fb_error[kept], ERROR_RESOLUTION, WORST))
        for frame in range(chunk.start, chunk.stop):
            self._add_frame(chunk.at(frame))
        last = chunk.at(chunk.stop - 1)
        self._ages_now = last.age[last.alive].astype(np.int64)

    def _add_frame(self, rows: Tracks) -> None:
        alive, born = int(rows.alive.sum()), int((rows.status == Status.NEW).sum())
        self._frames.append((alive, born, len(rows) - alive))
        steps = rows.uv[rows.status == Status.TRACKED].astype(np.float64)
        speed = np.hypot(steps[:, 0], steps[:, 1])
        speed = speed[np.isfinite(speed)]
        self._speed_bins.add(_bins(speed, SPEED_RESOLUTION, FASTEST))
        self._speeds.append(np.percentile(speed, (25, 50, 75)) if speed.size else np.full(3, np.nan))

    @property
    def per_frame(self) -> PerFrame:
        """Counts and speeds of each frame added."""
        alive, born, ended = np.array(self._frames, np.int64).reshape(-1, 3).T
        return PerFrame(self._start, alive, born, ended, np.array(self._speeds, np.float64).reshape(-1, 3))

    @property
    def endings(self) -> dict[Status, int]:
        """How many tracks ended for each reason, in the order in which the reasons are looked for."""
        return {status: self._endings[status] for status in ENDINGS}

    @property
    def survival(self) -> Survival:
        """The survival of the tracks added, see `survival`."""
        at_risk = self._at_risk.counts.copy()
        at_risk[:1] = self.tracks
        died = np.zeros(len(at_risk), np.int64)
        died[: len(self._died.counts)] = self._died.counts
        hazard = np.where(at_risk > 0, died / np.maximum(at_risk, 1), np.nan)
        return Survival(np.arange(len(at_risk)), np.cumprod(1 - hazard, dtype=np.float64), at_risk)

    @property
    def tracks(self) -> int:
        """How many tracks there were."""
        return int(self._lived.counts.sum()) + len(self._ages_now)

    def as_json(self) -> dict[str, Json]:
        """Return the summary as JSON values; None for what cannot be said.

        Lengths are frames in which a track had a position, so far for those still alive. The medians of error and
        speed are those of the bins: within half of ERROR_RESOLUTION and SPEED_RESOLUTION.
        """
        lengths = self._lived.copy()
        lengths.add(self._ages_now + 1)
        survival = self.survival
        return {
            "frames": len(self._frames),
            "tracks": self.tracks,
            "alive_at_end": len(self._ages_now),
            "median_length": lengths.median(1),
            "mean_length": lengths.mean(),
            "survival": {str(age): _or_none(survival.at(age)) for age in SURVIVAL_AGES},
            "endings": {status.words: count for status, count in self.endings.items()},
            "median_fb_error": self._error_bins.median(ERROR_RESOLUTION),
            "median_speed": self._speed_bins.median(SPEED_RESOLUTION),
            "cuts": list(self._cuts),
        }


def summary(tracks: Tracks) -> dict[str, Json]:
    """Return what a whole table says, as JSON values; see `TrackSummary.as_json`."""
    return _added(tracks).as_json()


def per_frame(tracks: Tracks) -> PerFrame:
    """Return how many tracks are alive, born and ended in each frame of a table, and how fast they are."""
    return _added(tracks).per_frame


def endings(tracks: Tracks) -> dict[Status, int]:
    """Return how many tracks of a table ended for each reason, every reason in the order they are looked for."""
    return _added(tracks).endings


def survival(tracks: Tracks) -> Survival:
    """Return the share of tracks still alive at each age, up to the oldest seen.

    Tracks alive at the end of the table, and those a scene cut ended, are censored: they count as long as they were
    seen, and are not taken for dead.

    Source:
        Kaplan and Meier 1958, "Nonparametric estimation from incomplete observations": the product over all ages up
        to this one of 1 - d/n, with n tracks seen to reach the age or to end at it and d of them that ended. As
        every row of a table is one such sight, tracks that were born before the table begins count from there on.
    """
    return _added(tracks).survival


def _added(tracks: Tracks) -> TrackSummary:
    summed = TrackSummary()
    summed.add(tracks)
    return summed


class _Tally:
    """Counts small whole numbers; the list grows with the largest."""

    def __init__(self, counts: Counts | None = None) -> None:
        self.counts = np.zeros(1, np.int64) if counts is None else counts

    def __getitem__(self, number: int) -> int:
        return int(self.counts[number]) if number < len(self.counts) else 0

    def copy(self) -> "_Tally":
        return _Tally(self.counts.copy())

    def add(self, numbers: NDArray[np.integer]) -> None:
        more = np.bincount(numbers, minlength=len(self.counts))
        more[: len(self.counts)] += self.counts
        self.counts = more

    def median(self, unit: float) -> float | None:
        """Return the median of the numbers counted, times `unit`; None where there are none."""
        total = int(self.counts.sum())
        if not total:
            return None
        below = np.cumsum(self.counts)
        low, high = np.searchsorted(below, [(total - 1) // 2, total // 2], side="right")
        return round(float(low + high) / 2 * unit, 6)

    def mean(self) -> float | None:
        """Return the mean of the numbers counted; None where there are none."""
        total = int(self.counts.sum())
        return float(self.counts @ np.arange(len(self.counts))) / total if total else None


def _bins(values: NDArray[np.floating], resolution: float, most: float) -> NDArray[np.int64]:
    """Return the numbers of the bins that finite values of at least 0 fall into."""
    finite = values[np.isfinite(values)].astype(np.float64)
    numbers: NDArray[np.int64] = np.rint(np.minimum(finite, most) / resolution).astype(np.int64)
    return numbers


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else value
