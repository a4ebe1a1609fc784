"""Tracks and a tracker's state as bytes, to keep and to send: NumPy's own container, numbers only."""

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.tracks import COLUMNS, Tracks

State = dict[str, NDArray[np.generic]]


def tracks_to_bytes(tracks: Tracks) -> bytes:
    """Return a table as bytes that `tracks_from_bytes` reads."""
    extent = np.array([tracks.start, tracks.stop, *tracks.cuts], np.int64)
    return state_to_bytes({name: getattr(tracks, name) for name in COLUMNS} | {"extent": extent})


def tracks_from_bytes(data: bytes) -> Tracks:
    """Return the table that `tracks_to_bytes` wrote."""
    arrays = state_from_bytes(data)
    start, stop, *cuts = arrays.pop("extent").tolist()
    return Tracks(start, stop, **arrays, cuts=tuple(cuts))  # type: ignore[arg-type]


def state_to_bytes(arrays: Mapping[str, NDArray[np.generic]]) -> bytes:
    """Return arrays by name as bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def state_from_bytes(data: bytes) -> State:
    """Return the arrays that `state_to_bytes` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
