"""Tracks as columns of a CSV file: the command line's contract, or trackpy's names."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.core.files import write_whole
from flowlab.errors import FlowFileError, ParameterError, shown
from flowlab.media.tables import csv_table
from flowlab.tracking.endings import Status
from flowlab.tracking.tracks import Tracks

CONTRACT, TRACKPY = "flowlab", "trackpy"

Columns = dict[str, NDArray[Any]]

_WORDS = np.array([status.words for status in Status])


def _contract(tracks: Tracks) -> Columns:
    covariance = dict(zip(("cov_xx", "cov_xy", "cov_yy"), tracks.covariance.T, strict=True))
    u, v = tracks.uv.T
    return {
        "frame": tracks.frame, "track": tracks.track, "x": tracks.xy[:, 0], "y": tracks.xy[:, 1],
        "fb_error": tracks.fb_error, "min_eig": tracks.min_eig, "status": _WORDS[tracks.status],
        "u": u, "v": v, "ncc": tracks.ncc, "age": tracks.age, **covariance, "note": _WORDS[tracks.note],
    }  # fmt: skip


def _trackpy(tracks: Tracks) -> Columns:
    """Return what trackpy's `link` gives: believed positions only; `ep` is the standard error of a position, px."""
    live = tracks.where(tracks.alive)
    xx, _, yy = live.covariance.T
    error = np.sqrt((xx + yy) / 2)
    return {"y": live.xy[:, 1], "x": live.xy[:, 0], "ep": error, "frame": live.frame, "particle": live.track}


COLUMNS: Mapping[str, Callable[[Tracks], Columns]] = MappingProxyType({CONTRACT: _contract, TRACKPY: _trackpy})


def table_of(tracks: Tracks, columns: str = CONTRACT, *, titles: bool = True) -> bytes:
    """Return tracks as CSV, UTF-8.

    Args:
        tracks: the rows.
        columns: "flowlab": frame, track, x, y, fb_error, min_eig, status and further ones; "trackpy": y, x, ep,
            frame, particle, the live rows only.
        titles: whether it begins with a line of titles.

    Raises:
        ParameterError: there are no such columns.
    """
    if columns not in COLUMNS:
        raise ParameterError(f"there are no columns {shown(columns)}: give one of {', '.join(COLUMNS)}")
    return csv_table(COLUMNS[columns](tracks), titles=titles)


def write_tracks(path: str | Path, tracks: Tracks, *, columns: str = CONTRACT) -> None:
    """Write tracks as a CSV file, whole or not at all; `columns` as in `table_of`.

    Raises:
        ParameterError: there are no such columns.
        FlowFileError: the file cannot be written.
    """
    table = table_of(tracks, columns)
    try:
        write_whole(Path(path), table)
    except OSError as error:
        raise FlowFileError(f"{shown(Path(path).name)} cannot be written: {error.strerror}, choose another") from None
