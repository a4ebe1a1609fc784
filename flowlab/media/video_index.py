"""What a full look at a video found: every frame that decodes, its time, and how to know it again."""

import json
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ClipError
from flowlab.media.index_check import checked_arrays, checked_facts

NO_STAMP = -(1 << 63)
"""Stands for a time stamp that the file does not give."""

KEYFRAME, CONCEALED, OTHER_SIZE = 1, 2, 4
"""Flags of a frame: decoding can begin here; shown with errors; of another size than the first."""

_VERSION = 1
_DECODING_DELAY = 32  # frames; no coding standard lets a frame wait longer for others


@dataclass(frozen=True, eq=False)
class VideoIndex:
    """The frames of one video file, in the order they are shown.

    Attributes:
        content_hash: sha256 of the file, hexadecimal.
        size: bytes of the file.
        container, codec: names as FFmpeg gives them.
        width, height: pixels of a frame, upright.
        rotation: degrees clockwise (0, 90, 180, 270) by which the file asks to be turned.
        mirrored: whether it asks to be mirrored left to right after that.
        fps: frames per second: the rate of an even clip, the mean of an uneven one.
        variable_rate: whether frames are unevenly spaced.
        time_base: seconds of one unit of `stamps`.
        stamps: (N,) int64, the time stamp each frame comes out with, NO_STAMP where it has none.
        prints: (N,) uint32, fingerprint of each frame's pixels (see fingerprint.py); empty where unchecked.
        flags: (N,) uint8, KEYFRAME, CONCEALED and OTHER_SIZE of each frame.
        declared: frames the file promises, None where it does not say or says nonsense.
        lost: frames that should be there and are not.
        checked: whether every frame was decoded; otherwise the frames are what the packets promise.
        repeatable: whether decoding must run in one thread to come out the same twice (damage).
        note: one sentence a person should know, or "".
    """

    content_hash: str
    size: int
    container: str
    codec: str
    width: int
    height: int
    rotation: int
    mirrored: bool
    fps: Fraction
    variable_rate: bool
    time_base: Fraction
    stamps: NDArray[np.int64]
    prints: NDArray[np.uint32]
    flags: NDArray[np.uint8]
    declared: int | None
    lost: int
    checked: bool
    repeatable: bool
    note: str

    @property
    def frame_count(self) -> int:
        """Frames that can be asked for."""
        return len(self.stamps)

    @property
    def concealed(self) -> int:
        """Frames that decode with errors or at another size than the clip's."""
        return int(np.count_nonzero(self.flags & (CONCEALED | OTHER_SIZE)))

    @property
    def damaged(self) -> int:
        """Frames lost, shown with errors, or of another size."""
        return self.lost + self.concealed

    @cached_property
    def keyframes(self) -> NDArray[np.int64]:
        """Numbers of the frames from which decoding can begin: whole keyframes, increasing."""
        return np.flatnonzero((self.flags & (KEYFRAME | CONCEALED)) == KEYFRAME)

    @cached_property
    def pts(self) -> NDArray[np.int64] | None:
        """(N,) int64, the time of each frame in units of `time_base`; None where the file gives no times.

        Frames are numbered in the order the decoder shows them. Where a file's stamps contradict
        that order (written in decoding order by a careless tool), they are sorted.
        """
        return display_times(self.stamps)

    @cached_property
    def increasing(self) -> bool:
        """Whether every frame has a stamp above the one before."""
        return bool(NO_STAMP not in self.stamps and (np.diff(self.stamps) > 0).all())

    def time(self, index: int) -> Fraction:
        """Return the time of frame `index` in seconds from the first frame, exact."""
        if self.pts is None:
            return index / self.fps
        return int(self.pts[index] - self.pts[0]) * self.time_base

    def matches(self, index: int, stamp: int, print_: int) -> bool:
        """Return whether a frame with this stamp and fingerprint is frame `index`."""
        if not self.checked:
            return int(self.stamps[index]) in (stamp, NO_STAMP)
        return int(self.stamps[index]) == stamp and int(self.prints[index]) == print_

    def find(self, stamp: int, print_: int) -> int | None:
        """Return the number of the only frame with this stamp and fingerprint, None where not exactly one has."""
        order, ordered = self._by_stamp
        low, high = np.searchsorted(ordered, stamp, "left"), np.searchsorted(ordered, stamp, "right")
        alike = order[low:high]
        if self.checked:
            alike = alike[self.prints[alike] == print_]
        return int(alike[0]) if len(alike) == 1 else None

    @cached_property
    def _by_stamp(self) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
        order = np.argsort(self.stamps, kind="stable")
        return order, self.stamps[order]

    def to_bytes(self) -> bytes:
        """Return the index as JSON text, to be kept beside the clip."""
        words: dict[str, Any] = {"version": _VERSION}
        for name, value in asdict(self).items():
            words[name] = value.tolist() if isinstance(value, np.ndarray) else value
            if isinstance(value, Fraction):
                words[name] = str(value)
        return json.dumps(words, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> "VideoIndex":
        """Read what `to_bytes` wrote; every value is checked before it is believed.

        Raises:
            ClipError: `data` is not an index of this version, or contradicts itself.
        """
        try:
            words = json.loads(data)
            if words.pop("version") != _VERSION or set(words) != {field.name for field in fields(cls)}:
                raise ValueError
            return cls(**checked_facts(words), **checked_arrays(words))
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            raise ClipError("the list of frames kept for this clip cannot be read: add the clip again") from None


def display_times(stamps: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Return strictly increasing times (N,) for frames in display order, None where the stamps are no use.

    A missing stamp is put one usual step after its neighbour. Stamps slightly out of order were written
    in decoding order and are sorted; a clock that starts anew in mid-file (joined recordings) is no use.
    """
    known = stamps != NO_STAMP
    if 2 * np.count_nonzero(known) < len(stamps):
        return None
    times = stamps.copy()
    steps = np.sort(np.diff(np.unique(stamps[known])))
    step = int(steps[(len(steps) - 1) // 2]) if len(steps) else 1
    for gap in np.flatnonzero(~known):
        times[gap] = times[gap - 1] + step if gap else stamps[known][0] - step * int(np.argmax(known))
    order = np.argsort(times, kind="stable")
    if np.abs(order - np.arange(len(order))).max() > _DECODING_DELAY:
        return None
    times = times[order]
    return times if (np.diff(times) > 0).all() else None
