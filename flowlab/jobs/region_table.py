"""A tracked region as columns of a CSV file, and in numbers."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.core.files import write_whole
from flowlab.errors import FlowFileError, ParameterError, shown
from flowlab.media.tables import csv_table
from flowlab.tracking.affine.decomposition import decomposed
from flowlab.tracking.affine.region_track import WARP_NAMES, RegionTrack
from flowlab.tracking.affine.states import State

_WORDS = np.array([state.words for state in State])
_CORNERS = [f"{axis}{corner}" for corner in range(4) for axis in "xy"]


def table_of(track: RegionTrack, *, titles: bool = True) -> bytes:
    """Return a track as CSV, UTF-8.

    The columns: frame, state; x0, y0 .. x3, y3, the template's corners clockwise from its top left, px; h11 .. h32,
    the warp's elements (h33 is 1); ncc, iterations; sd_h11 .. sd_h32, the standard errors of the elements; then the
    warp in words (see `decomposition`): x and y of the centre, px, scale, aspect, rotation_deg and shear. What is not
    known is empty.
    """
    return csv_table(_columns(track), titles=titles)


def write_region(path: str | Path, track: RegionTrack) -> None:
    """Write a track as a CSV file, whole or not at all; see `table_of`.

    Raises:
        FlowFileError: the file cannot be written.
    """
    try:
        write_whole(Path(path), table_of(track))
    except OSError as error:
        raise FlowFileError(f"{shown(Path(path).name)} cannot be written: {error.strerror}, choose another") from None


def _columns(track: RegionTrack) -> dict[str, NDArray[Any]]:
    elements = track.warp.reshape(-1, 9)[:, :8]
    spread = np.diagonal(track.covariance, axis1=1, axis2=2)
    parts = decomposed(track.warp)
    return {
        "frame": track.frame, "state": _WORDS[track.state],
        **dict(zip(_CORNERS, track.corners.reshape(-1, 8).T, strict=True)),
        **dict(zip(WARP_NAMES, elements.T, strict=True)),
        "ncc": track.ncc, "iterations": track.iterations,
        **dict(zip((f"sd_{name}" for name in WARP_NAMES), np.sqrt(np.maximum(spread, 0)).T, strict=True)),
        "x": parts.centre[:, 0], "y": parts.centre[:, 1], "scale": parts.scale, "aspect": parts.aspect,
        "rotation_deg": parts.rotation, "shear": parts.shear,
    }  # fmt: skip


class RegionSummary:
    """Sums up chunks of a track, one after the other."""

    def __init__(self) -> None:
        """Start without a frame."""
        self._states: Counter[int] = Counter()
        self._ncc: list[NDArray[np.float32]] = []
        self._stop: int | None = None
        self._last: NDArray[np.float64] | None = None  # the centre in the last believed frame
        self._lost = self._longest = 0
        self._path = 0.0

    def add(self, track: RegionTrack) -> None:
        """Add the frames of a chunk; raises ParameterError where it does not begin where the one before stopped."""
        if self._stop is not None and track.start != self._stop:
            raise ParameterError(f"the chunk begins with frame {track.start}: give the one of frame {self._stop} next")
        self._stop = track.stop
        self._ncc.append(track.ncc[track.believed & np.isfinite(track.ncc)])
        for state, centre in zip(track.state.tolist(), track.centre, strict=True):
            self._states[state] += 1
            self._lost = self._lost + 1 if state == State.LOST else 0
            self._longest = max(self._longest, self._lost)
            if State(state).is_believed:
                if self._last is not None and state == State.TRACKED:  # a keyframe jumps where somebody drew it
                    self._path += float(np.hypot(*(centre - self._last)))
                self._last = centre

    def as_json(self) -> dict[str, Any]:
        """Return the summary as JSON values; None for what cannot be said.

        The correlations are those of frames whose warp is believed. The path is the way of the centre from one
        believed frame to the next, px; keyframes jump, and their jumps are not counted.
        """
        frames = self._states.total()
        ncc = np.concatenate(self._ncc).astype(np.float64) if self._ncc else np.zeros(0)
        believed = self._states[State.TRACKED] + self._states[State.KEYFRAME]
        return {
            "frames": frames,
            "states": {state.words: self._states[state] for state in State},
            "tracked_share": round(believed / frames, 6) if frames else None,
            "median_ncc": round(float(np.median(ncc)), 6) if len(ncc) else None,
            "mean_ncc": round(float(ncc.mean()), 6) if len(ncc) else None,
            "longest_lost": self._longest,
            "path_px": round(self._path, 3),
        }


def summary(track: RegionTrack) -> dict[str, Any]:
    """Return what a whole track says, as JSON values; see `RegionSummary.as_json`."""
    summed = RegionSummary()
    summed.add(track)
    return summed.as_json()
