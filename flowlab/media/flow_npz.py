"""NumPy's `.npz`: the whole float32 field, NaN included, beside the frames it belongs to.

    flow          (H, W, 2) float32
    first_frame   whole number, optional: index of the frame the flow starts from
    gap           whole number, optional: frames from there to the second one

`numpy.load(path)["flow"]` reads it. Reading here looks at the archive and the array's header
itself: nothing is unpickled, nothing evaluated, and no byte of the array is inflated before its
type and size have been found good.
"""

import io
import re
import struct
import zipfile
import zlib
from typing import IO

import numpy as np

from flowlab.errors import FlowFileError, shown
from flowlab.media.flow_field import DAMAGED, Flow, Metadata, as_float32, check_size

_NOT_AN_ARCHIVE = "choose an .npz that numpy.savez or flowlab wrote"
_MAX_HEADER = 10_000
_ENCRYPTED = 0x1
_END_OF_ARCHIVE, _END_SIZE = b"PK\x05\x06", 22
# What zipfile raises on bytes that are no archive, or a damaged one.
_ARCHIVE_ERRORS = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, OSError, ValueError, OverflowError, NotImplementedError,
)  # fmt: skip


def write_npz(flow: Flow, metadata: Metadata) -> bytes:
    """Return a checked flow (H, W, 2) and its metadata as the bytes of an `.npz` archive."""
    buffer = io.BytesIO()
    numbers = {name: np.int64(value) for name, value in metadata.items()}
    np.savez_compressed(buffer, allow_pickle=False, flow=flow, **numbers)
    return buffer.getvalue()


def read_npz(data: bytes) -> Flow:
    """Return the array `flow` (H, W, 2) of an `.npz` archive as float32; float16 and float64 are converted.

    Raises:
        FlowFileError: no archive, a damaged one, no array `flow`, or one of another type, shape or size.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            _check_end(data, archive)
            with archive.open(_member(archive)) as stream:
                return _read_array(stream)
    except _ARCHIVE_ERRORS:
        kind = "damaged" if data.startswith(b"PK") else "no .npz archive"
        raise FlowFileError(f"it is {kind}: {_NOT_AN_ARCHIVE}") from None


def _check_end(data: bytes, archive: zipfile.ZipFile) -> None:
    end = len(data) - _END_SIZE - len(archive.comment)
    if not data.startswith(_END_OF_ARCHIVE, max(end, 0)):
        raise FlowFileError(f"other bytes follow the end of its archive: {DAMAGED}")


def _member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    names = archive.namelist()
    if "flow.npy" not in names:
        found = ", ".join(shown(name.removesuffix(".npy"), 30) for name in names[:5]) or "nothing"
        raise FlowFileError(f"it holds {found} and no array named flow: save it with numpy.savez(path, flow=flow)")
    member = archive.getinfo("flow.npy")
    plain = member.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if not plain or member.flag_bits & _ENCRYPTED:
        raise FlowFileError(f"its array flow is encrypted or packed in an unusual way: {_NOT_AN_ARCHIVE}")
    return member


def _read_array(stream: IO[bytes]) -> Flow:
    dtype, shape, column_major = _read_header(stream)
    size = dtype.itemsize * shape[0] * shape[1] * shape[2]
    # Asking for one byte more finds trailing ones, and makes zipfile verify the checksum.
    values = stream.read(size) + stream.read(1)
    if len(values) != size:
        raise FlowFileError(f"its array flow is not the {size} bytes its header says: {DAMAGED}")
    flow = np.frombuffer(values, dtype).reshape(shape, order="F" if column_major else "C")
    return as_float32(flow)


def _read_header(stream: IO[bytes]) -> tuple[np.dtype[np.floating], tuple[int, int, int], bool]:
    """Return (type, shape, whether column-major) of an array in NumPy's format, both found good for a flow."""
    magic = stream.read(8)
    length = int.from_bytes(stream.read(2 if magic[6:7] == b"\x01" else 4), "little")
    if magic[:6] != b"\x93NUMPY" or magic[6:7] not in (b"\x01", b"\x02", b"\x03") or length > _MAX_HEADER:
        raise FlowFileError(f"its flow.npy is no NumPy array: {_NOT_AN_ARCHIVE}")
    text = stream.read(length).decode("latin-1")
    found = {
        "descr": re.search(r"""['"]descr['"]: *(['"][^'"]*['"]|\[[^\]]*\])""", text),
        "order": re.search(r"""['"]fortran_order['"]: *(True|False)""", text),
        "shape": re.search(r"""['"]shape['"]: *\(([\d, ]*)\)""", text, re.ASCII),
    }
    descr, order, shape = (match and match[1] for match in found.values())
    if descr is None or order is None or shape is None:
        raise FlowFileError(f"the header of its flow.npy says {shown(text.strip())}: {_NOT_AN_ARCHIVE}")
    descr = descr.strip("'\"")
    if not re.fullmatch(r"[<>]f[248]", descr):
        raise FlowFileError(f"its array flow has the type {shown(descr)}: save it as float32, without Python objects")
    sides = [side.strip() for side in shape.split(",")]
    sides = sides[:-1] if sides[-1] == "" else sides
    if len(sides) != 3 or sides[2] != "2" or not all(side.isdigit() and len(side) < 12 for side in sides):
        raise FlowFileError(f"its array flow has the shape {shown(f'({shape})')}: save it as (H, W, 2)")
    height, width = int(sides[0]), int(sides[1])
    check_size(width, height)
    return np.dtype(descr), (height, width, 2), order == "True"
