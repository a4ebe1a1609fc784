"""KITTI's 16-bit PNG: the format of the KITTI and HD1K ground truth (Menze and Geiger 2015).

    R = 64 u + 32768,  G = 64 v + 32768,  B = 1 where the vector is known, all three 0 where not

so displacements are kept to 1/64 px (rounded: 1/128 px at most is lost) from -512 to 511.98 px.

Reading trusts nothing: the chunks are walked here, the picture's bytes inflated under a limit, and
OpenCV is handed a PNG made anew of nothing but the header and those bytes. Neither a second header,
an animation nor a damaged stream reaches libpng, which would print, or return half a picture.
"""

import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.errors import FlowFileError
from flowlab.media.flow_field import DAMAGED, Flow, Metadata, check_size
from flowlab.media.inflating import InflatingReader

STEPS_PER_PIXEL = 64
ZERO = 1 << 15
LARGEST = (ZERO - 1) / STEPS_PER_PIXEL
"""Displacement every component can hold, px: 511.98."""
MAX_SIDE = 1_000_000
"""Width or height at which libpng refuses a picture."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER = struct.Struct(">IIBBBBB")
_MAX_CHUNKS = 100_000
_COLOURS = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGB with alpha"}
_LAST_FILTER = 4


def write_kitti(flow: Flow, _metadata: Metadata) -> bytes:
    """Return a checked flow (H, W, 2) as the bytes of a KITTI PNG, which has no room for metadata.

    Raises:
        FlowFileError: a displacement beyond the range, or a side of more than MAX_SIDE pixels.
    """
    height, width = flow.shape[:2]
    if max(height, width) > MAX_SIDE:
        raise FlowFileError(f"a PNG side holds up to {MAX_SIDE} pixels, not {max(height, width)}: use flo, npz or mat")
    known = ~np.isnan(flow[..., 0])
    levels = np.rint(np.where(known[..., None], flow, 0) * STEPS_PER_PIXEL) + ZERO
    if levels.min() < 0 or levels.max() > 65535:
        raise FlowFileError(
            f"a KITTI PNG holds displacements from -512 to 511.98 px and this flow reaches "
            f"{np.nanmax(np.abs(flow)):.6g} px: use flo, npz or mat, which hold any"
        )
    u, v = levels[..., 0] * known, levels[..., 1] * known
    blue_first = np.stack([known, v, u], axis=2).astype(np.uint16)
    try:
        written, png = cv2.imencode(".png", blue_first)
    except cv2.error:
        written = False
    if not written:
        raise FlowFileError(f"OpenCV cannot write a PNG of {width}x{height} pixels here: use flo, npz or mat")
    return png.tobytes()


def read_kitti(data: bytes) -> Flow:
    """Return the flow (H, W, 2) in the bytes of a KITTI PNG, NaN where B is 0.

    Raises:
        FlowFileError: no PNG, not 16-bit RGB, too large, cut off, damaged, or followed by other bytes.
    """
    header, pixels = b"", []
    for name, body in _chunks(data):
        if name == b"IHDR" and not header:
            header = body
        elif name == b"IDAT":
            pixels.append(body)
    width, height = _checked_header(header)
    picture = _decoded(width, height, b"".join(pixels))
    flow = (picture[..., :0:-1].astype(np.float32) - ZERO) / np.float32(STEPS_PER_PIXEL)
    flow[picture[..., 0] == 0] = np.nan
    return flow


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (name, body) of each chunk, checksums verified, until IEND closes the file."""
    if not data.startswith(_SIGNATURE):
        raise FlowFileError("it does not begin like a PNG: choose the 16-bit PNG of a KITTI flow")
    start = len(_SIGNATURE)
    for number in range(_MAX_CHUNKS):
        if len(data) < start + 12:
            raise FlowFileError(f"it breaks off after {len(data)} bytes, before its picture ends: {DAMAGED}")
        (size,) = struct.unpack_from(">I", data, start)
        name, end = data[start + 4 : start + 8], start + 12 + size
        if (number == 0) != (name == b"IHDR"):
            raise FlowFileError(f"its parts are out of order: {DAMAGED}")
        if end > len(data):
            raise FlowFileError(f"it breaks off after {len(data)} bytes, inside a part of {size}: {DAMAGED}")
        body = data[start + 8 : end - 4]
        if zlib.crc32(name + body) != struct.unpack_from(">I", data, end - 4)[0]:
            raise FlowFileError(f"a checksum in it does not hold: {DAMAGED}")
        yield name, body
        if name == b"IEND":
            if end != len(data):
                raise FlowFileError(f"{len(data) - end} bytes follow the end of its picture: {DAMAGED}")
            return
        start = end
    raise FlowFileError(f"it has more than {_MAX_CHUNKS} parts: save the picture anew")


def _checked_header(header: bytes) -> tuple[int, int]:
    """Return (width, height) of the header of a PNG that may hold a flow."""
    if len(header) != _HEADER.size:
        raise FlowFileError(f"its header has {len(header)} bytes where a PNG has {_HEADER.size}: {DAMAGED}")
    width, height, depth, colour, compression, filtering, interlacing = _HEADER.unpack(header)
    if (depth, colour) != (16, 2):
        raise FlowFileError(
            f"it is a {depth}-bit {_COLOURS.get(colour, 'unknown')} PNG: choose the 16-bit RGB PNG of a KITTI flow"
        )
    if compression or filtering or interlacing:
        raise FlowFileError("it is an interlaced PNG or one of an unknown kind: save it without interlacing")
    check_size(width, height)
    if max(width, height) > MAX_SIDE:
        raise FlowFileError(f"its header says {width}x{height} pixels: a PNG side holds up to {MAX_SIDE}")
    return width, height


def _decoded(width: int, height: int, compressed: bytes) -> NDArray[np.uint16]:
    """Return the picture (H, W, 3), blue first, of the compressed rows of a 16-bit RGB PNG."""
    row = 1 + 6 * width
    reader = InflatingReader(compressed)
    rows = reader.read(row * height)
    if len(rows) != row * height or not reader.finished():
        raise FlowFileError(f"it does not hold the {width}x{height} pixels its header says: {DAMAGED}")
    if max(rows[::row]) > _LAST_FILTER:
        raise FlowFileError(f"a row of it is stored in an unknown way: {DAMAGED}")
    png = _SIGNATURE + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in (
            (b"IHDR", _HEADER.pack(width, height, 16, 2, 0, 0, 0)),
            (b"IDAT", zlib.compress(rows, 0)),
            (b"IEND", b""),
        )
    )
    try:
        picture = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:  # the pixel limit OpenCV takes from the environment may be lower than ours
        picture = None
    if picture is None or picture.shape != (height, width, 3) or picture.dtype != np.uint16:
        raise FlowFileError(f"OpenCV refuses to decode {width}x{height} pixels: crop or scale the flow first")
    return picture  # type: ignore[return-value]
