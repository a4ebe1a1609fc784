"""What this lab accepts, each limit written and enforced in one place.

Files come from strangers: a few kilobytes can claim to be gigapixels, a zip can unpack for ever,
a clip can decode for minutes. Whoever reads such a file asks `Limits` first.
"""

import time
from dataclasses import dataclass

from flowlab.errors import LimitError, shown

_GIB = 1 << 30
_ROW_PADDING, _MOST_ROWS = 128, 1 << 15


@dataclass(frozen=True)
class Limits:
    """The largest clip that is opened and the longest anyone waits for it.

    Attributes:
        pixels: pixels of one frame, width x height.
        side: longest side of a frame, pixels: OpenCV's resampling addresses no more.
        bytes: size of one file.
        picture_bytes: size of one encoded picture (a raw 16-bit picture of `pixels` fits).
        frame_seconds: wall clock of one request for a frame.
        scan_seconds: wall clock of the full check of a clip; a longer clip is opened unchecked.
        zip_files: entries of a zip.
        zip_bytes: bytes of all pictures of a zip, unpacked.
    """

    pixels: int = 50_000_000
    side: int = 32_766
    bytes: int = 4 * _GIB
    picture_bytes: int = _GIB // 2
    frame_seconds: float = 10.0
    scan_seconds: float = 20.0
    zip_files: int = 20_000
    zip_bytes: int = 8 * _GIB

    def check_pixels(self, name: str, width: int, height: int) -> None:
        """Raise LimitError where a frame of `name` has more pixels than accepted."""
        if width * height > self.pixels:
            raise LimitError(
                f"{shown(name)} has frames of {width}x{height} pixels, more than the "
                f"{self.pixels / 1e6:g} million accepted here: scale it down first"
            )
        if max(width, height) > self.side:
            raise LimitError(
                f"{shown(name)} has frames of {width}x{height} pixels, and a side may have {self.side:,} at most: "
                "cut or scale it first"
            )

    @property
    def decoder_pixels(self) -> int:
        """Pixels a video decoder may reserve for a frame: it pads the rows of one with `pixels` a little."""
        return self.pixels + _ROW_PADDING * _MOST_ROWS

    def check_bytes(self, name: str, size: int) -> None:
        """Raise LimitError where a file is larger than accepted."""
        if size > self.bytes:
            raise LimitError(
                f"{shown(name)} is {_size(size)}, more than the {_size(self.bytes)} accepted here: "
                "cut out the part you want to look at"
            )

    def check_picture_bytes(self, name: str, size: int) -> None:
        """Raise LimitError where one encoded picture is larger than accepted."""
        if size > self.picture_bytes:
            raise LimitError(
                f"the picture {shown(name)} is {_size(size)}, more than the {_size(self.picture_bytes)} "
                "accepted for one picture: save it compressed or smaller"
            )

    def check_zip_files(self, name: str, count: int) -> None:
        """Raise LimitError where a zip has more entries than accepted."""
        if count > self.zip_files:
            raise LimitError(
                f"{shown(name)} holds {count} files, more than the {self.zip_files} accepted in one zip: split it"
            )

    def check_zip_bytes(self, name: str, size: int) -> None:
        """Raise LimitError where the pictures of a zip unpack to more than accepted."""
        if size > self.zip_bytes:
            raise LimitError(
                f"the pictures in {shown(name)} unpack to {_size(size)}, more than the "
                f"{_size(self.zip_bytes)} accepted here: split the zip"
            )

    def frame_deadline(self, name: str, index: int) -> "Deadline":
        """Return the clock of one request for frame `index` of `name`, started now."""
        return Deadline(
            self.frame_seconds,
            f"frame {index} of {shown(name)} took longer than {self.frame_seconds:g} s to decode: "
            "convert the clip to one with more keyframes or smaller frames",
        )

    def scan_deadline(self, name: str) -> "Deadline":
        """Return the clock of the full check of `name`, started now."""
        return Deadline(
            self.scan_seconds,
            f"{shown(name)} could not even be indexed in {self.scan_seconds:g} s: cut out the part you want to look at",
        )


class Deadline:
    """A wall clock that runs out; looked at between two pieces of work."""

    def __init__(self, seconds: float, message: str) -> None:
        """Start the clock: `seconds` from now; `message` is the error's sentence."""
        self._end = time.monotonic() + seconds
        self._message = message

    @property
    def over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() > self._end

    def check(self) -> None:
        """Raise LimitError when the time is up."""
        if self.over:
            raise LimitError(self._message)


def _size(count: int) -> str:
    """Return a number of bytes in words: "4 GiB"."""
    size, unit = float(count), "bytes"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            break
        size, unit = size / 1024, larger
    return f"{size:.3g} {unit}"


LIMITS = Limits()
