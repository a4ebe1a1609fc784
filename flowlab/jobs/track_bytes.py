"""Tables of what was followed, and a follower's state, as bytes to keep and to send: NumPy's own container."""

import io
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.tracking.affine import region_track
from flowlab.tracking.affine.region_track import RegionTrack
from flowlab.tracking.tracks import COLUMNS, Tracks

Arrays = Mapping[str, NDArray[Any]]


def tracks_to_bytes(tracks: Tracks) -> bytes:
    """Return a table as bytes that `tracks_from_bytes` reads."""
    extent = np.array([tracks.start, tracks.stop, *tracks.cuts], np.int64)
    return arrays_to_bytes({name: getattr(tracks, name) for name in COLUMNS} | {"extent": extent})


def tracks_from_bytes(data: bytes) -> Tracks:
    """Return the table that `tracks_to_bytes` wrote."""
    arrays = arrays_from_bytes(data)
    start, stop, *cuts = arrays["extent"].tolist()
    return Tracks(start, stop, **{name: arrays[name] for name in COLUMNS}, cuts=tuple(cuts))


def region_to_bytes(track: RegionTrack) -> bytes:
    """Return a table as bytes that `region_from_bytes` reads."""
    extent = np.array([track.start, track.stop], np.int64)
    return arrays_to_bytes({name: getattr(track, name) for name in region_track.COLUMNS} | {"extent": extent})


def region_from_bytes(data: bytes) -> RegionTrack:
    """Return the table that `region_to_bytes` wrote."""
    arrays = arrays_from_bytes(data)
    start, stop = arrays["extent"].tolist()
    return RegionTrack(start, stop, **{name: arrays[name] for name in region_track.COLUMNS})


def arrays_to_bytes(arrays: Arrays) -> bytes:
    """Return arrays by name as bytes."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def arrays_from_bytes(data: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays that `arrays_to_bytes` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}
