"""Middlebury's `.flo`: the format most optical-flow tools share.

Little-endian, no padding (Baker et al. 2011, http://vision.middlebury.edu/flow/code/flow-code/README.txt):

    0   float32   202021.25, which reads "PIEH" as text
    4   int32     width
    8   int32     height
    12  float32   u, v of pixel (0, 0), u, v of pixel (1, 0), ... row by row

A vector is unknown where a component exceeds 1e9; 1e10 is written.
"""

import struct

import numpy as np

from flowlab.errors import FlowFileError, shown
from flowlab.media.flow_field import DAMAGED, Flow, Metadata, as_float32, check_size

MAGIC = struct.pack("<f", 202021.25)
UNKNOWN = np.float32(1e10)
_HEADER = struct.Struct("<4sii")


def write_flo(flow: Flow, _metadata: Metadata) -> bytes:
    """Return a checked flow (H, W, 2) as the bytes of a `.flo` file, which has no room for metadata."""
    height, width = flow.shape[:2]
    vectors = np.where(np.isnan(flow), UNKNOWN, flow).astype("<f4")
    return _HEADER.pack(MAGIC, width, height) + vectors.tobytes()


def read_flo(data: bytes) -> Flow:
    """Return the flow (H, W, 2) in the bytes of a `.flo` file, unknown vectors as they stand.

    Raises:
        FlowFileError: another magic number, impossible dimensions, too few bytes or too many.
    """
    if data[:4] != MAGIC:
        raise FlowFileError(
            f"it begins with {shown(repr(data[:4]))} where a .flo file has {MAGIC!r}: choose a .flo file"
        )
    if len(data) < _HEADER.size:
        raise FlowFileError(f"it ends inside its header, after {len(data)} of {_HEADER.size} bytes: {DAMAGED}")
    _, width, height = _HEADER.unpack_from(data)
    check_size(width, height)
    expected = _HEADER.size + 8 * width * height
    if len(data) != expected:
        raise FlowFileError(f"it has {len(data)} bytes where {width}x{height} pixels take {expected}: {DAMAGED}")
    vectors = np.frombuffer(data, "<f4", offset=_HEADER.size)
    return as_float32(vectors.reshape(height, width, 2))
