"""Tracks as a table: one row for every track in every frame, in the order of the frames."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.endings import Status

Floats = NDArray[np.float32]
Integers = NDArray[np.int32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Tracks:
    """What became of points in frames start .. stop-1: M rows, sorted by frame, then by track.

    A track has one row in every frame it lives in, the first with status NEW, and a last one that says why it
    ended, at the place that was not believed.

    Attributes:
        start, stop: the frames the table covers; a frame without tracks has no rows.
        frame: (M,) int32.
        track: (M,) int32, the track's number, never used twice.
        xy: (M, 2) float32, position, px.
        uv: (M, 2) float32, the step from the frame before, px; NaN in a track's first row.
        fb_error: (M,) float32, px, the larger of |x| and |y| by which the way back misses; NaN in a first row.
        min_eig: (M,) float32, smaller eigenvalue of the structure tensor, grey-levels^2/px^2, averaged over the window.
        ncc: (M,) float32, -1 .. 1, normalised correlation with the patch the track was born with; 1 in a first row,
            NaN where it cannot be said.
        age: (M,) int32, frames since the track was born.
        step_covariance: (M, 3) float32, (xx, xy, yy) of the last step's error, px^2; NaN in a first row.
        covariance: (M, 3) float32, the same of the position since the birth, px^2; 0 in a first row.
        status: (M,) uint8, a `Status`.
        note: (M,) uint8, a `Status`: the test that failed, whether or not it decides; TRACKED where none did.
        cuts: frames that were found to begin a new scene.
    """

    start: int
    stop: int
    frame: Integers
    track: Integers
    xy: Floats
    uv: Floats
    fb_error: Floats
    min_eig: Floats
    ncc: Floats
    age: Integers
    step_covariance: Floats
    covariance: Floats
    status: NDArray[np.uint8]
    note: NDArray[np.uint8]
    cuts: tuple[int, ...] = ()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.frame)

    @cached_property
    def alive(self) -> Mask:
        """(M,) bool: rows with a position that is believed."""
        return self.status <= Status.NEW

    @cached_property
    def _edges(self) -> NDArray[np.intp]:
        return np.searchsorted(self.frame, np.arange(self.start, self.stop + 1))

    @property
    def nbytes(self) -> int:
        """Memory the arrays take."""
        return sum(getattr(self, name).nbytes for name in COLUMNS)

    def between(self, start: int, stop: int) -> "Tracks":
        """Return the rows of frames start .. stop-1, as views; the range is cut to what there is."""
        start = min(max(start, self.start), self.stop)
        stop = max(start, min(stop, self.stop))
        rows = slice(self._edges[start - self.start], self._edges[stop - self.start])
        columns = {name: getattr(self, name)[rows] for name in COLUMNS}
        return Tracks(start, stop, **columns, cuts=tuple(cut for cut in self.cuts if start <= cut < stop))

    def at(self, frame: int) -> "Tracks":
        """Return the rows of one frame."""
        return self.between(frame, frame + 1)

    def where(self, rows: Mask) -> "Tracks":
        """Return the rows where `rows` (M,) is True."""
        return Tracks(self.start, self.stop, **{name: getattr(self, name)[rows] for name in COLUMNS}, cuts=self.cuts)

    def of(self, track: int) -> "Tracks":
        """Return the rows of one track."""
        return self.where(self.track == track)


COLUMNS = tuple(field.name for field in fields(Tracks) if field.name not in ("start", "stop", "cuts"))

_SHAPES = {"xy": 2, "uv": 2, "step_covariance": 3, "covariance": 3}
_TYPES = {"frame": np.int32, "track": np.int32, "age": np.int32, "status": np.uint8, "note": np.uint8}


def column_type(name: str) -> tuple[type, int]:
    """Return the (NumPy type, width) of a column; width 0 is a plain list."""
    return _TYPES.get(name, np.float32), _SHAPES.get(name, 0)


def no_tracks(start: int, stop: int) -> Tracks:
    """Return a table of frames start .. stop-1 without any row."""
    columns: dict[str, NDArray[Any]] = {}
    for name in COLUMNS:
        kind, width = column_type(name)
        columns[name] = np.zeros((0, width) if width else 0, kind)
    return Tracks(start, stop, **columns)  # type: ignore[arg-type]


def joined(parts: Sequence[Tracks]) -> Tracks:
    """Return tables of frames that follow one another as one.

    Raises:
        ValueError: they do not, or there are none.
    """
    if not parts or any(before.stop != after.start for before, after in pairwise(parts)):
        raise ValueError("the parts do not follow one another")
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}
    cuts = tuple(cut for part in parts for cut in part.cuts)
    return Tracks(parts[0].start, parts[-1].stop, **columns, cuts=cuts)


def trails(tracks: Tracks, frame: int, length: int) -> tuple[Tracks, Floats]:
    """Return the live rows of a frame, and where each of these tracks was lately.

    Args:
        tracks: holds the frame and those before it.
        frame: the frame.
        length: how many frames back a trail reaches, 0 or more.

    Returns:
        N rows, and (N, length + 1, 2) float32, px: oldest first, the frame itself last, NaN where the track was not
        born yet.
    """
    now = tracks.at(frame)
    now = now.where(now.alive)
    past = tracks.between(frame - length, frame + 1)
    places = np.full((len(now), length + 1, 2), np.nan, np.float32)
    if len(now):
        row = np.minimum(np.searchsorted(now.track, past.track), len(now) - 1)
        ours = now.track[row] == past.track
        places[row[ours], past.frame[ours] - (frame - length)] = past.xy[ours]
    return now, places
