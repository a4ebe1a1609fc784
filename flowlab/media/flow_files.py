"""Flow files: the formats, to and from bytes, to and from disk.

    write_flow("flow.flo", flow)             # the suffix chooses the format
    flow = read_flow("000010_10.png")        # .png is KITTI's
    data = encode_flow(flow, "npz", metadata={"first_frame": 12, "gap": 1})

A flow is float32 (H, W, 2); NaN means unknown, and a vector is known wholly or not at all: one with a
NaN, an infinite or a more than 1e9 px long component comes back as (NaN, NaN) from every format.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from flowlab.core.files import write_whole
from flowlab.errors import FlowFileError, ParameterError, shown
from flowlab.media.flow_field import UNKNOWN_ABOVE, Flow, Metadata, checked_flow, checked_metadata, with_unknown_as_nan
from flowlab.media.flow_flo import read_flo, write_flo
from flowlab.media.flow_kitti import LARGEST, read_kitti, write_kitti
from flowlab.media.flow_mat import read_mat, write_mat
from flowlab.media.flow_npz import read_npz, write_npz

MAX_FILE_BYTES = 1 << 30
"""Size of the largest file that is opened: more than the largest flow takes in any format."""


@dataclass(frozen=True)
class FlowFormat:
    """One format a flow can be kept in.

    Attributes:
        name: what the command line and links call it.
        suffix: ending of its files, with the dot.
        description: what it holds and for whom, in a sentence.
        mime: media type of its files.
        writer: (checked flow, metadata) -> bytes of a file.
        reader: bytes of a file -> flow, checked; raises FlowFileError and nothing else.
        largest: displacement it can hold, px.
    """

    name: str
    suffix: str
    description: str
    mime: str
    writer: Callable[[Flow, Metadata], bytes]
    reader: Callable[[bytes], Flow]
    largest: float = UNKNOWN_ABOVE


_BINARY = "application/octet-stream"
_ROWS = (
    FlowFormat(
        "flo", ".flo", "Middlebury .flo: exact float32, read by most optical-flow tools.", _BINARY,
        write_flo, read_flo,
    ),
    FlowFormat(
        "kitti", ".png", "KITTI 16-bit PNG: rounded to 1/64 px, displacements up to 512 px.", "image/png",
        write_kitti, read_kitti, LARGEST,
    ),
    FlowFormat(
        "npz", ".npz", "NumPy archive: exact float32, with the frames it belongs to.", _BINARY,
        write_npz, read_npz,
    ),
    FlowFormat(
        "mat", ".mat", "MATLAB 5 file: u, v and their grid x, y, for MATLAB and PIV tools.", _BINARY,
        write_mat, read_mat,
    ),
)  # fmt: skip

FORMATS: Mapping[str, FlowFormat] = MappingProxyType({row.name: row for row in _ROWS})
"""The formats by name."""


def encode_flow(flow: NDArray[np.generic], format: str, *, metadata: Metadata | None = None) -> bytes:
    """Return a flow as the bytes of a file.

    Args:
        flow: (H, W, 2) real numbers, pixels; NaN means unknown.
        format: "flo", "kitti", "npz" or "mat".
        metadata: `first_frame` (index, from 0) and `gap` (frames); kept by npz and mat, left out by the others.

    Raises:
        ParameterError: no such format, another shape or type, unknown metadata.
        FlowFileError: displacements the format cannot hold.
    """
    return _named(format).writer(checked_flow(flow), checked_metadata(metadata))


def decode_flow(data: bytes, format: str) -> Flow:
    """Return the flow in the bytes of a file: float32 (H, W, 2), pixels, NaN where unknown.

    Raises:
        ParameterError: no such format.
        FlowFileError: the bytes are not a whole, sound file of that format, or hold more than 50 million pixels.
    """
    chosen = _named(format)
    try:
        return with_unknown_as_nan(chosen.reader(data))
    except FlowFileError as error:
        raise FlowFileError(f"this cannot be read as {chosen.name}: {error}") from None


def write_flow(
    path: str | os.PathLike[str],
    flow: NDArray[np.generic],
    *,
    format: str | None = None,
    metadata: Metadata | None = None,
) -> None:
    """Write a flow to a file, whole or not at all: a reader never meets half of it, a failure leaves nothing behind.

    Args:
        path: the file; one that exists is replaced.
        flow: (H, W, 2) real numbers, pixels; NaN means unknown.
        format: name of the format; None: chosen by the suffix (.png is kitti).
        metadata: as for `encode_flow`.

    Raises:
        ParameterError: as for `encode_flow`.
        FlowFileError: unknown suffix, displacements the format cannot hold, or the disk refuses.
    """
    path = Path(path)
    data = encode_flow(flow, format or _format_of(path), metadata=metadata)
    try:
        write_whole(path, data)
    except (OSError, ValueError) as error:
        raise FlowFileError(f"{shown(path.name)} cannot be written: {_reason(error)}") from None


def read_flow(path: str | os.PathLike[str], *, format: str | None = None) -> Flow:
    """Return the flow in a file: float32 (H, W, 2), pixels, NaN where unknown.

    Args:
        path: the file.
        format: name of the format; None: chosen by the suffix (.png is kitti).

    Raises:
        ParameterError: no such format.
        FlowFileError: unknown suffix, no such file, or not a sound file of that format.
    """
    path = Path(path)
    chosen = _named(format or _format_of(path))
    try:
        return with_unknown_as_nan(chosen.reader(_read_bounded(path)))
    except FlowFileError as error:
        raise FlowFileError(f"{shown(path.name)} cannot be read as {chosen.name}: {error}") from None
    except (OSError, ValueError) as error:
        raise FlowFileError(f"{shown(path.name)} cannot be read: {_reason(error)}") from None


def _named(format: str) -> FlowFormat:
    if format not in FORMATS:
        raise ParameterError(f"format is {shown(format)}: give one of {', '.join(FORMATS)}")
    return FORMATS[format]


def _format_of(path: Path) -> str:
    for row in FORMATS.values():
        if row.suffix == path.suffix.lower():
            return row.name
    suffixes = ", ".join(row.suffix for row in FORMATS.values())
    raise FlowFileError(f"{shown(path.name)} has no suffix of a flow file: use one of {suffixes}, or name the format")


def _reason(error: OSError | ValueError) -> str:
    """Say why the system refused; a ValueError is a path no system takes (a NUL in it)."""
    return f"{error.strerror}, choose another path" if isinstance(error, OSError) else "choose another path"


def _read_bounded(path: Path) -> bytes:
    if path.exists() and not path.is_file():
        raise FlowFileError("it is a folder or a device, choose a file")
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size > MAX_FILE_BYTES:
            raise FlowFileError(f"it is larger than {MAX_FILE_BYTES >> 30} GiB, crop or scale the flow first")
        return file.read()
