"""What a picture says of itself in its first bytes, read before anything is decoded.

A few hundred bytes can claim thirty thousand by thirty thousand pixels; a decoder believes them and
takes gigabytes. These small readers believe nothing and allocate nothing.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from flowlab.media.tiff_header import tiff_pages

_WEBP_HEAD = 30
_JPEG_SEGMENTS = 4096
_PNM_HEAD = 4096


@dataclass(frozen=True)
class PictureHeader:
    """What a picture file promises.

    Attributes:
        format: png, jpeg, bmp, tiff, webp or pnm.
        width, height: pixels as stored (a camera's note to turn the picture does not count).
        floating: whether the values are floating-point numbers.
        pages: pictures in the file, more than 1 in a TIFF stack.
    """

    format: str
    width: int
    height: int
    floating: bool = False
    pages: int = 1


def picture_format(head: bytes) -> str | None:
    """Return the format of a picture that begins with `head` (12 bytes or more), None where it is none known here."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if head.startswith(b"BM") and head[6:10] == bytes(4):
        return "bmp"
    if head.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "tiff"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    if len(head) > 2 and head[:1] == b"P" and head[1:2] in b"123456" and head[2:3] in b" \t\r\n#":
        return "pnm"
    return None


def read_header(file: BinaryIO) -> PictureHeader | None:
    """Return what a picture promises, None where the file is no picture of a format known here.

    Args:
        file: at its beginning; seekable.

    Raises:
        ValueError: it begins like a picture, but its header is cut off or makes no sense.
    """
    kind = picture_format(file.read(16))
    file.seek(0)
    if kind is None:
        return None
    if kind == "tiff":
        header = _tiff(file)
    else:
        sizes = {"png": _png, "jpeg": _jpeg, "bmp": _bmp, "webp": _webp, "pnm": _pnm}
        try:
            header = PictureHeader(kind, *sizes[kind](file))
        except struct.error:
            raise ValueError("cut off") from None
    if header.width < 1 or header.height < 1:
        raise ValueError("no pixels")
    return header


def _tiff(file: BinaryIO) -> PictureHeader:
    """Pages of one size are a stack; smaller ones behind the first are previews of it and no frames."""
    pages = tiff_pages(file)
    first = pages[0]
    stack = len(pages) if all((page.width, page.height) == (first.width, first.height) for page in pages) else 1
    return PictureHeader("tiff", first.width, first.height, first.floating, stack)


def _png(file: BinaryIO) -> tuple[int, int]:
    head = file.read(24)
    if head[12:16] != b"IHDR":
        raise ValueError("no IHDR")
    width, height = struct.unpack(">II", head[16:24])
    return width, height


def _bmp(file: BinaryIO) -> tuple[int, int]:
    head = file.read(26)
    if struct.unpack("<I", head[14:18])[0] == 12:
        width, height = struct.unpack("<HH", head[18:22])
    else:
        width, height = struct.unpack("<ii", head[18:26])
    return width, abs(height)


def _jpeg(file: BinaryIO) -> tuple[int, int]:
    """Walk the segments to the start-of-frame; thumbnails and colour profiles lie on the way."""
    file.seek(2)
    for _ in range(_JPEG_SEGMENTS):
        if file.read(1) != b"\xff":
            break
        marker = file.read(1)
        while marker == b"\xff":  # padding
            marker = file.read(1)
        kind, length = struct.unpack(">BH", marker + file.read(2))
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">xHH", file.read(5))
            return width, height
        if kind == 0xDA or length < 2:
            break
        file.seek(length - 2, 1)
    raise ValueError("no start of frame")


def _webp(file: BinaryIO) -> tuple[int, int]:
    head = file.read(_WEBP_HEAD)
    chunk = head[12:16]
    if chunk == b"VP8X":
        width, height = (int.from_bytes(head[at : at + 3], "little") + 1 for at in (24, 27))
        if len(head) == _WEBP_HEAD:
            return width, height
    elif chunk == b"VP8L" and len(head) >= 25:
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif chunk == b"VP8 ":
        width, height = struct.unpack("<HH", head[26:30])
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError("no picture chunk")


def _pnm(file: BinaryIO) -> tuple[int, int]:
    """Return the first two numbers after the magic; comments run from # to the end of their line."""
    lines = (line.split(b"#")[0] for line in file.read(_PNM_HEAD)[2:].splitlines())
    words = b" ".join(lines).split()[:2]
    if len(words) < 2 or not all(word.isdigit() and len(word) < 10 for word in words):
        raise ValueError("no size")
    return int(words[0]), int(words[1])
