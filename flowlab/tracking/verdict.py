"""Which test a track fails, and whether that ends it."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from flowlab.tracking.endings import Status
from flowlab.tracking.lucas_kanade import RoundTrip
from flowlab.tracking.parameters import BY_ALL, BY_ROUND_TRIP, PointParameters

Notes = NDArray[np.uint8]
Mask = NDArray[np.bool_]


def failed_tests(trip: RoundTrip, shape: tuple[int, ...], parameters: PointParameters) -> Notes:
    """Return the first test each point fails, (N,) `Status`; TRACKED where it passes them all.

    Args:
        trip: the points, there and back.
        shape: (H, W) of the pictures.
        parameters: thresholds.
    """
    flat = ~trip.found & (trip.start_eigenvalue < parameters.min_eigenvalue)
    note = np.zeros(len(trip.there), np.uint8)
    for why, applies in (  # the last to be written is the first to be named
        (Status.INCONSISTENT, ~is_consistent(trip, parameters)),
        (Status.FAILED, ~trip.found),
        (Status.FLAT, flat),
        (Status.OUTSIDE, ~is_inside(trip.there, shape)),
    ):
        note[applies] = why
    return note


def is_inside(xy: NDArray[np.float32], shape: tuple[int, ...]) -> Mask:
    """Return (N,) bool: whether points (N, 2) lie between the outermost pixel centres of a picture (H, W)."""
    height, width = shape
    x, y = xy.T
    inside: Mask = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)  # also False for NaN
    return inside


def is_consistent(trip: RoundTrip, parameters: PointParameters) -> Mask:
    """Return (N,) bool: whether the way back leads close enough to the start."""
    consistent: Mask = trip.error < parameters.forward_backward
    return consistent


def is_ended(note: Notes, trip: RoundTrip, parameters: PointParameters) -> Mask:
    """Return (N,) bool: whether the test that decides ends the track."""
    if parameters.decides == BY_ALL:
        failed: Mask = note != Status.TRACKED
        return failed
    if parameters.decides == BY_ROUND_TRIP:
        return ~is_consistent(trip, parameters)
    ended: Mask = ~trip.found
    return ended


def merged(xy: NDArray[np.float32], alive: Mask, distance: float) -> Mask:
    """Return (N,) bool: the tracks that stand closer than `distance` px to an older one, which all stays alive."""
    young = np.zeros(len(xy), np.bool_)
    if distance <= 0 or alive.sum() < 2:
        return young
    rows = np.flatnonzero(alive)
    pairs = cKDTree(xy[rows]).query_pairs(distance, output_type="ndarray")
    for older, younger in np.sort(pairs, axis=1)[np.lexsort((pairs.max(axis=1), pairs.min(axis=1)))].tolist():
        if not young[rows[older]]:
            young[rows[younger]] = True
    return young
