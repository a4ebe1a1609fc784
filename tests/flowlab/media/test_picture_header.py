"""Headers say how large a picture would be, before a byte of it is decoded."""

import io
import struct
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlab.errors import LimitError
from flowlab.media.limits import LIMITS
from flowlab.media.picture_header import PictureHeader, picture_format, read_header
from tests.flowlab.media.clips import encoded

FORMATS = {".png": "png", ".jpg": "jpeg", ".bmp": "bmp", ".tiff": "tiff", ".webp": "webp", ".ppm": "pnm", ".pgm": "pnm"}


def _picture(width: int, height: int, extension: str) -> bytes:
    shape = (height, width) if extension == ".pgm" else (height, width, 3)
    return encoded(np.random.default_rng(1).integers(0, 255, shape, np.uint8), extension)


def _patched(data: bytes, at: int, fmt: str, *values: int) -> bytes:
    new = bytearray(data)
    struct.pack_into(fmt, new, at, *values)
    return bytes(new)


def huge(extension: str) -> bytes:
    """Return a small picture whose header says 30000x30000."""
    data = _picture(16, 8, extension)
    if extension == ".jpg":
        return _patched(data, data.index(b"\xff\xc0") + 5, ">HH", 30000, 30000)
    if extension == ".png":
        data = _patched(data, 16, ">II", 30000, 30000)
        return _patched(data, 29, ">I", zlib.crc32(data[12:29]))
    if extension == ".bmp":
        return _patched(data, 18, "<ii", 30000, -30000)
    if extension == ".ppm":
        return data.replace(b"16 8", b"30000 30000", 1)
    raise AssertionError


@pytest.mark.parametrize("extension", FORMATS)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (37, 5), (300, 70)])
def test_the_size_is_read_from_every_format(extension: str, width: int, height: int) -> None:
    header = read_header(io.BytesIO(_picture(width, height, extension)))
    assert header == PictureHeader(FORMATS[extension], width, height)


@pytest.mark.parametrize("extension", [".jpg", ".png", ".bmp", ".ppm"])
def test_a_small_file_that_claims_to_be_huge_is_seen_through(extension: str) -> None:
    header = read_header(io.BytesIO(huge(extension)))
    assert header is not None
    assert (header.width, header.height) == (30000, 30000)
    with pytest.raises(LimitError, match=r"30000x30000"):
        LIMITS.check_pixels("bomb", header.width, header.height)


def test_a_thumbnail_before_the_picture_does_not_mislead() -> None:
    thumbnail, jpeg = _picture(8, 4, ".jpg"), _picture(60, 20, ".jpg")
    note = b"Exif\0\0" + thumbnail
    data = jpeg[:2] + b"\xff\xff\xe1" + struct.pack(">H", len(note) + 2) + note + jpeg[2:]
    assert read_header(io.BytesIO(data)) == PictureHeader("jpeg", 60, 20)


@pytest.mark.parametrize("quality", [50, 101])
def test_both_kinds_of_webp(quality: int) -> None:
    done, data = cv2.imencode(".webp", np.zeros((21, 43, 3), np.uint8), [cv2.IMWRITE_WEBP_QUALITY, quality])
    assert done
    assert read_header(io.BytesIO(data.tobytes())) == PictureHeader("webp", 43, 21)


def test_extended_webp() -> None:
    body = b"WEBPVP8X" + struct.pack("<I", 10) + bytes(4) + (999).to_bytes(3, "little") + (49).to_bytes(3, "little")
    assert read_header(io.BytesIO(b"RIFF" + struct.pack("<I", len(body)) + body)) == PictureHeader("webp", 1000, 50)


def test_comments_in_a_pnm_are_skipped() -> None:
    data = b"P5 # made 1999 by hand\n# 5 5\n12 # wide\n 7\n255\n" + bytes(84)
    assert read_header(io.BytesIO(data)) == PictureHeader("pnm", 12, 7)


# --- TIFF ---------------------------------------------------------------------------------------------


def _tiff(order: str, pages: list[dict[int, tuple[int, int]]], *, big: bool = False, loop: bool = False) -> bytes:
    """Return a TIFF of directories {tag: (type, value)} and nothing else."""
    mark, offset_code, count_code, entry = ("II", "Q", "Q", "HHQQ") if big else ("II", "I", "H", "HHII")
    mark = "II" if order == "<" else "MM"
    head = mark.encode() + (struct.pack(order + "HHH", 43, 8, 0) if big else struct.pack(order + "H", 42))
    data, first = bytearray(head), len(head)
    data += struct.pack(order + offset_code, len(head) + struct.calcsize(order + offset_code))
    starts = [first]
    for place, page in enumerate(pages):
        starts.append(len(data))
        data += struct.pack(order + count_code, len(page))
        for tag, (kind, value) in page.items():
            shifted = value << 16 if kind == 3 and order == ">" else value
            shifted = value << 48 if kind == 3 and order == ">" and big else shifted
            shifted = value << 32 if kind == 4 and order == ">" and big else shifted
            data += struct.pack(order + entry, tag, kind, 1, shifted)
        size = struct.calcsize(order + offset_code)
        following = len(data) + size if place + 1 < len(pages) else starts[1] if loop else 0
        data += struct.pack(order + offset_code, following)
    return bytes(data)


PAGE = {256: (3, 640), 257: (4, 480)}


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
def test_tiff_of_either_byte_order_and_size(order: str, big: bool) -> None:
    header = read_header(io.BytesIO(_tiff(order, [PAGE, PAGE, PAGE], big=big)))
    assert header == PictureHeader("tiff", 640, 480, False, 3)


def test_previews_behind_the_picture_are_no_pages() -> None:
    preview = {256: (3, 64), 257: (3, 48)}
    assert read_header(io.BytesIO(_tiff("<", [PAGE, preview]))) == PictureHeader("tiff", 640, 480, False, 1)


def test_floating_point_tiff_is_told() -> None:
    header = read_header(io.BytesIO(_tiff("<", [PAGE | {339: (3, 3)}])))
    assert header is not None
    assert header.floating


@pytest.mark.parametrize(
    "data",
    [
        _tiff("<", [PAGE, PAGE], loop=True),
        _tiff("<", []),
        _tiff("<", [{256: (3, 640)}]),
        _tiff("<", [PAGE])[:-9],
        b"II*\0\xff\xff\xff\x7f",
        b"II*\0" + struct.pack("<IH", 8, 65535),
    ],
    ids=["loop", "no directory", "no height", "cut off", "points outside", "too many entries"],
)
def test_a_tiff_that_makes_no_sense_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_header(io.BytesIO(data))


# --- anything else --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data", [b"", b"P", b"hello", b"GIF89a" + bytes(20), b"PK\x03\x04" + bytes(20), b"BMW is a car"]
)
def test_what_is_no_picture_is_none(data: bytes) -> None:
    assert picture_format(data) is None
    assert read_header(io.BytesIO(data)) is None


@pytest.mark.parametrize("extension", FORMATS)
def test_every_cut_of_a_picture_is_read_or_refused(extension: str) -> None:
    data = _picture(40, 30, extension)
    for length in range(0, min(len(data), 400), 3):
        try:
            header = read_header(io.BytesIO(data[:length]))
        except ValueError:
            continue
        assert header is None or (header.width, header.height) == (40, 30)


@given(st.sampled_from([*FORMATS]), st.binary(max_size=80), st.integers(0, 60))
def test_random_bytes_behind_a_magic_never_raise_anything_else(extension: str, noise: bytes, at: int) -> None:
    data = bytearray(_picture(20, 10, extension))
    data[at + 2 : at + 2 + len(noise)] = noise
    try:
        header = read_header(io.BytesIO(bytes(data)))
    except ValueError:
        return
    assert header is None or header.width * header.height > 0
