"""A clip: frames by index, exactly. The protocol every source of pictures follows."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Protocol, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.resample import working_size
from flowlab.errors import ClipError, shown

Picture = NDArray[np.uint8]


@dataclass(frozen=True, eq=False, slots=True)
class Frame:
    """One frame of a clip.

    Attributes:
        index: number of the frame in its clip, from 0.
        rgb: (H, W, 3) uint8, red first.
        grey: (H, W) uint8, `cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)` of the picture at its native
            size; where the frame has been scaled, the grey picture was scaled after conversion.
    """

    index: int
    rgb: Picture
    grey: Picture

    @classmethod
    def from_rgb(cls, index: int, rgb: Picture) -> Self:
        """Make a frame of a native-size RGB picture (H, W, 3) uint8."""
        return cls(index, rgb, cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))  # type: ignore[arg-type]


@dataclass(frozen=True)
class ClipInfo:
    """What is known of a clip without looking at its pictures.

    Attributes:
        name: what to call it on a page; plain text from outside, never trusted as markup.
        kind: "video", "pictures" or "scene".
        width, height: pixels of a frame, after rotation.
        fps: frames per second, exact. Stills and scenes: 25.
        frame_count: frames that can be asked for: `frame(0)` .. `frame(frame_count - 1)`.
        content_hash: sha256 of the content (hexadecimal), or the canonical text of a scene.
        declared: frames the file promises, None where it does not say (or says nonsense).
        damaged: frames lost or decoded with errors, of the frames looked at.
        checked: whether every frame was decoded to find out (False: a long clip, index only).
        codec: name of the codec or picture format.
        rotation: degrees by which the file asks to be turned; already applied to width, height and frames.
        bytes: size of the file or of all files.
        variable_rate: whether the frames are unevenly spaced in time.
        bit_depth: significant bits per channel of the source, before conversion to 8.
        note: one sentence a person should know, or "".
        source_width, source_height: pixels of a frame before it was scaled down; 0 where it was not.
    """

    name: str
    kind: str
    width: int
    height: int
    fps: Fraction
    frame_count: int
    content_hash: str
    declared: int | None = None
    damaged: int = 0
    checked: bool = True
    codec: str = ""
    rotation: int = 0
    bytes: int = 0
    variable_rate: bool = False
    bit_depth: int = 8
    note: str = ""
    source_width: int = 0
    source_height: int = 0

    @property
    def factor(self) -> tuple[Fraction, Fraction]:
        """Exact (x, y) factor from pixels here to pixels of the source: (1, 1) at native size."""
        return (
            Fraction(self.source_width or self.width, self.width),
            Fraction(self.source_height or self.height, self.height),
        )

    @property
    def is_scaled(self) -> bool:
        """Whether the clip was scaled down."""
        return self.source_width > 0

    def at_width(self, working_width: int) -> Self:
        """Return the facts of the clip scaled down to `working_width` (0 or larger: unchanged)."""
        width, height = working_size(self.width, self.height, working_width)
        if (width, height) == (self.width, self.height):
            return self
        return replace(self, width=width, height=height, source_width=self.width, source_height=self.height)

    def as_json(self) -> dict[str, Any]:
        """Return the facts as JSON values, in the words of the command line's contract."""
        return {
            "name": self.name,
            "kind": self.kind,
            "width": self.width,
            "height": self.height,
            "fps": str(self.fps),
            "frames": {"declared": self.declared, "decoded": self.frame_count, "damaged": self.damaged},
            "checked": self.checked,
            "codec": self.codec,
            "rotation": self.rotation,
            "variable_rate": self.variable_rate,
            "bit_depth": self.bit_depth,
            "bytes": self.bytes,
            "content_hash": self.content_hash,
            "note": self.note,
        }


class Clip(Protocol):
    """Frames by index, exact: frame N is frame N, whatever the container. One thread at a time."""

    @property
    def info(self) -> ClipInfo:
        """What is known of the clip."""

    def frame(self, index: int) -> Frame:
        """Return frame `index`; raises ClipError where it lies outside the clip or cannot be read."""

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        """Yield frames start, start+step, .. below `stop` (None: to the end), one in memory at a time."""

    def time(self, index: int) -> Fraction:
        """Return the time of frame `index` in seconds from the first frame, exact."""

    def close(self) -> None:
        """Let go of files and memory."""


def check_index(index: int, count: int, name: str) -> int:
    """Return `index`, or raise ClipError where a clip of `count` frames has no such frame."""
    if not 0 <= index < count:
        raise ClipError(f"frame {index} is outside {shown(name)}: give 0 to {count - 1}")
    return index
