"""The directories of a TIFF file: sizes and kinds of its pictures, without reading one (TIFF 6.0; BigTIFF)."""

import struct
from dataclasses import dataclass
from typing import BinaryIO

_WIDTH, _HEIGHT, _SAMPLE_FORMAT = 256, 257, 339
_FLOATING = 3
_SHORT = 3
_MOST_PAGES = 100_000
_MOST_ENTRIES = 4096


@dataclass(frozen=True)
class TiffPage:
    """One picture of a TIFF file: its size in pixels and whether its values are floating-point."""

    width: int
    height: int
    floating: bool


@dataclass(frozen=True)
class _Layout:
    """How numbers are written: byte order and the sizes that differ between TIFF and BigTIFF."""

    order: str
    big: bool

    def number(self, file: BinaryIO, small: str, big: str) -> int:
        code = self.order + (big if self.big else small)
        try:
            return int(struct.unpack(code, file.read(struct.calcsize(code)))[0])
        except struct.error:
            raise ValueError("cut off") from None


def tiff_pages(file: BinaryIO) -> list[TiffPage]:
    """Return the pictures of a TIFF file in order; raises ValueError where its directories make no sense."""
    head = file.read(8)
    layout = _Layout("<" if head[:2] == b"II" else ">", big=head[2:4] in (b"+\0", b"\0+"))
    file.seek(8 if layout.big else 4)
    pages: list[TiffPage] = []
    visited: set[int] = set()
    while (offset := layout.number(file, "I", "Q")) != 0:
        if offset in visited or len(pages) >= _MOST_PAGES:
            raise ValueError("directories without end")
        visited.add(offset)
        file.seek(offset)
        pages.append(_page(file, layout))
    if not pages:
        raise ValueError("no directory")
    return pages


def _page(file: BinaryIO, layout: _Layout) -> TiffPage:
    """Read one directory; the file is left where the next one's offset stands."""
    values = {_SAMPLE_FORMAT: 1}
    count = layout.number(file, "H", "Q")
    if count > _MOST_ENTRIES:
        raise ValueError("too many entries")
    size, value_at = (20, 12) if layout.big else (12, 8)
    for _ in range(count):
        entry = file.read(size)
        if len(entry) < size:
            raise ValueError("cut off")
        tag, kind = struct.unpack(layout.order + "HH", entry[:4])
        # The first value stands in the entry itself for one-sample pictures; where several samples
        # have their own, they lie elsewhere and a wrong guess only costs a later, clear decoding error.
        code = layout.order + ("H" if kind == _SHORT else "I")
        values[tag] = struct.unpack_from(code, entry, value_at)[0]
    if _WIDTH not in values or _HEIGHT not in values:
        raise ValueError("no size")
    return TiffPage(values[_WIDTH], values[_HEIGHT], values[_SAMPLE_FORMAT] == _FLOATING)
