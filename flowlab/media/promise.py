"""How many frames a file promises, and how many of them are missing.

A file cut in half often reads without one error, so what was decoded is compared with what the
header says. Headers lie too: 0, 2147483647 and -1.9e14 have been seen, and are passed over.
"""

from dataclasses import dataclass
from fractions import Fraction

from av.container import InputContainer
from av.video.stream import VideoStream

from flowlab.media.rates import Rhythm

_MICROSECONDS = 1_000_000
_SAYS_DURATION = {"matroska", "webm", "flv", "mov"}
_FEWEST = 1000


@dataclass(frozen=True)
class Seen:
    """What came out of a file.

    Attributes:
        frames: frames that were decoded.
        failed: packets that could not be read or decoded.
        packets: packets of the video stream, all of them.
        discarded: packets the file itself marks as not to be shown (cut off by an edit).
        last_dts: the last packet's place in decoding order, None where the file gives none.
        end: end of the last packet of any stream, seconds.
        size: bytes of the file.
    """

    frames: int
    failed: int
    packets: int
    discarded: int
    last_dts: int | None
    end: Fraction
    size: int


def promised_and_lost(
    container: InputContainer, stream: VideoStream, seen: Seen, rhythm: Rhythm
) -> tuple[int | None, int]:
    """Return (frames the file promises or None, frames lost)."""
    absent = max(seen.failed, rhythm.missing)
    counted = _counted(container, stream, seen)
    if counted is not None:
        return counted, max(counted - seen.frames, seen.failed)
    tail = _frames_after_the_end(container, seen, rhythm)
    if tail is not None:
        return seen.frames + absent + tail, absent + tail
    return None, absent


def _plausible(frames: int, size: int) -> bool:
    """Return whether a file of `size` bytes can hold so many frames: a coded frame takes some bytes."""
    return 0 < frames <= max(_FEWEST, size)


def _counted(container: InputContainer, stream: VideoStream, seen: Seen) -> int | None:
    """Return the number of frames a header counts, None where it does not or cannot be right."""
    if not _plausible(stream.frames, seen.size):
        return None
    counted = stream.frames - seen.discarded
    if container.format.name == "avi" and seen.last_dts is not None:
        # AVI counts "the same picture again" too; its clock ticks once for each entry.
        counted -= max(0, seen.last_dts + 1 - seen.packets)
    return counted if counted > 0 else None


def _frames_after_the_end(container: InputContainer, seen: Seen, rhythm: Rhythm) -> int | None:
    """Return how many frames the promised duration leaves room for behind the last packet, None where unknown."""
    if not _SAYS_DURATION & set(container.format.name.split(",")) or not container.duration:
        return None
    coders = [stream.codec_context for stream in container.streams if stream.codec_context is not None]
    if container.bit_rate and container.bit_rate == sum(coder.bit_rate or 0 for coder in coders):
        return None  # FFmpeg's estimate from size and bit rate, not the file's word
    missing = (Fraction(container.duration, _MICROSECONDS) - seen.end) * rhythm.fps
    # The last frame's own duration is often not written.
    frames = round(missing) if missing >= Fraction(3, 2) else 0
    return frames if frames == 0 or _plausible(seen.frames + frames, seen.size) else None
