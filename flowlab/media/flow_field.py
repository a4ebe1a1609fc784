"""What every flow file format shares: the largest field, the meaning of unknown, the metadata."""

import operator
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from flowlab.errors import FlowFileError, ParameterError, shown
from flowlab.media.limits import LIMITS

Flow = NDArray[np.float32]
Metadata = Mapping[str, int]

MAX_PIXELS = LIMITS.pixels
"""Vectors in the largest flow that is read or written: the flow between two of the largest frames."""

UNKNOWN_ABOVE = 1e9
"""A vector with a larger component is unknown (Middlebury's rule, kept for every format)."""

METADATA_NAMES = ("first_frame", "gap")

DAMAGED = "fetch or export the file again"
"""The remedy for bytes that broke on their way."""


def as_float32(values: NDArray[np.generic]) -> Flow:
    """Return numbers as a float32 array of their own; what float32 cannot hold becomes infinite, silently."""
    with np.errstate(all="ignore"):
        return values.astype(np.float32)


def with_unknown_as_nan(flow: Flow) -> Flow:
    """Return `flow` (H, W, 2), row by row, with NaN in both components of a vector that lacks a usable one."""
    with np.errstate(invalid="ignore"):
        unknown: NDArray[np.bool_] = np.logical_not((np.abs(flow) <= UNKNOWN_ABOVE).all(axis=2))
    return np.ascontiguousarray(np.where(unknown[..., None], np.float32(np.nan), flow) if unknown.any() else flow)


def check_size(width: int, height: int) -> None:
    """Raise FlowFileError unless a file's header promises a field that may be read."""
    if width < 1 or height < 1:
        raise FlowFileError(f"its header says {width}x{height} pixels, and a flow has at least 1x1: {DAMAGED}")
    if width * height > MAX_PIXELS:
        raise FlowFileError(
            f"its header says {width}x{height} pixels, and flowlab reads up to {MAX_PIXELS // 1_000_000} million: "
            "crop or scale the flow first"
        )


def checked_flow(flow: NDArray[np.generic]) -> Flow:
    """Return a flow about to be written as float32 (H, W, 2), unknown vectors all NaN.

    Raises:
        ParameterError: not real numbers, not (H, W, 2), empty, or more than MAX_PIXELS vectors.
    """
    flow = np.asarray(flow)
    if flow.dtype.kind not in "fiu" or flow.ndim != 3 or flow.shape[2] != 2 or flow.size == 0:
        raise ParameterError(
            f"flow is {flow.dtype} of shape {flow.shape}: give float32 of shape (H, W, 2), at least 1x1 pixels"
        )
    if flow.size > 2 * MAX_PIXELS:
        raise ParameterError(
            f"flow is {flow.shape[1]}x{flow.shape[0]} pixels: crop or scale it to {MAX_PIXELS // 1_000_000} million"
        )
    return with_unknown_as_nan(as_float32(flow))


def checked_metadata(metadata: Metadata | None) -> dict[str, int]:
    """Return the metadata as plain numbers; raises ParameterError on another name or no whole number."""
    checked = {}
    for name, value in (metadata or {}).items():
        if name not in METADATA_NAMES:
            raise ParameterError(f"metadata holds {shown(name)}: give only {' and '.join(METADATA_NAMES)}")
        try:
            checked[name] = operator.index(value)
        except TypeError:
            raise ParameterError(f"{name} is {shown(value)}: give a whole number of frames") from None
    return checked
