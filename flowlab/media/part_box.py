"""The box at the end of a part of a video: where in time the part belongs, and whether it is complete.

    mp4 of the part (its first picture at 0) | "uuid" box: first tick, pictures, digest of all before

Players skip a box of a kind they do not know, so that a part is still a video of its own.
"""

import struct
from dataclasses import dataclass
from hashlib import blake2b
from typing import Self

from flowlab.errors import ClipError

_MARK = bytes.fromhex("9b6f4dd0c1a54c7f8a3e666c6f776c61")  # the uuid of our kind
_DIGEST_BYTES = 16
_LAYOUT = struct.Struct(f">I4s16sqI{_DIGEST_BYTES}s")  # box size, "uuid", mark, first tick, pictures, digest


@dataclass(frozen=True)
class PartBox:
    """What a part says of itself.

    Attributes:
        first_tick: time of its first picture since the clip's first, in units of h264.EXACT_TIME_BASE.
        pictures: how many it holds.
    """

    first_tick: int
    pictures: int

    @classmethod
    def read(cls, data: bytes | memoryview, name: str) -> Self:
        """Return the box of a part (the whole part is checked); `name` is what to call the part.

        Raises:
            ClipError: these are not the bytes that `behind` returned.
        """
        view = memoryview(data).cast("B")
        if len(view) < _LAYOUT.size:
            raise damaged(name)
        size, kind, mark, first_tick, pictures, digest = _LAYOUT.unpack(view[-_LAYOUT.size :])
        if (size, kind, mark) != (_LAYOUT.size, b"uuid", _MARK) or digest != _digest(view[:-_DIGEST_BYTES]):
            raise damaged(name)
        return cls(first_tick, pictures)

    def behind(self, mp4: bytes | memoryview) -> bytes:
        """Return the part: `mp4` and this box."""
        box = _LAYOUT.pack(_LAYOUT.size, b"uuid", _MARK, self.first_tick, self.pictures, b"")[:-_DIGEST_BYTES]
        return b"".join((mp4, box, _digest(mp4, box)))


def damaged(name: str) -> ClipError:
    """Return the error of a part that is not what PartWriter made."""
    return ClipError(f"{name} is damaged or was not made by PartWriter: encode it again")


def _digest(*pieces: bytes | memoryview) -> bytes:
    digest = blake2b(digest_size=_DIGEST_BYTES)
    for piece in pieces:
        digest.update(piece)
    return digest.digest()
