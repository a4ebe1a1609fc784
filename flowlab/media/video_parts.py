"""A video made in parts by several processes at once, and joined without encoding again.

A part is a whole little mp4 that starts with an IDR frame, so that nothing before it is needed to decode
it. A box at its end (part_box) says where in time the part belongs and whether it is complete.
"""

import functools
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from flowlab.core.clip import Picture
from flowlab.errors import ClipError, ParameterError, shown
from flowlab.media.h264 import (
    EXACT_TIME_BASE,
    add_video_stream,
    check_rate,
    check_settings,
    even_size,
    video_frame,
    whole_mp4,
    writable_rate,
    write_errors,
)
from flowlab.media.part_box import PartBox, damaged

PART_PRESET = "ultrafast"
"""x264's preset for parts. On flow colour of 640x360, ms and kB a frame: ultrafast 2.8 and 8.3, superfast 5.7
and 9.0, veryfast 8.5 and 4.9: computing the flow is what should take the time."""

PART_CRF = 20
"""x264's constant rate factor for parts: hard to tell from the original, see VideoWriter."""

# One thread: with several, x264 decides by who comes first. No B-frames: pictures are decoded in the order
# shown, so parts join without delay. IDR frames of neighbouring parts carry the same idr_pic_id; the SEI unit
# that x264 puts before the first one of each tells decoders that another picture begins.
_X264 = {"threads": "1", "bf": "0"}

_LIBRARIES = ("libavcodec", "libavformat", "libavutil", "libswscale")  # what a picture passes through
_LONGEST_STEP = (1 << 31) - 2  # ticks; FFmpeg's mp4 writer silently moves a picture after a longer one
_TOO_LATE = "more than six minutes after the picture before: write two videos, or give closer times"
_LATEST = 1 << 61  # ticks either way, ten thousand years: differences too fit 64 bits


@functools.cache
def encoder_versions() -> tuple[str, ...]:
    """Return what the bytes of a part depend on beside pictures and settings, e.g. ("av 18.1.0", "x264 165").

    x264 tells its version only in what it encodes, so one small picture is encoded (some ms, once a process).
    """
    libraries = (f"{name} {'.'.join(map(str, av.library_versions[name]))}" for name in _LIBRARIES)
    with PartWriter(16, 16, Fraction(25)) as part:
        part.write(np.zeros((16, 16, 3), np.uint8), Fraction(0))
        said = re.search(rb"x264 - core ([ -~]+?) - H\.264", part.finish())
    return (f"av {av.__version__}", *libraries, f"x264 {said[1].decode() if said else 'unknown'}")


class PartWriter:
    """Encodes consecutive pictures of a clip as one part, in memory.

        with PartWriter(640, 360, clip.info.fps) as part:
            for frame in clip.frames(64, 96):
                part.write(frame.rgb, clip.time(frame.index))
            data = part.finish()

    The bytes depend on pictures, times, settings and `encoder_versions()` only, not on the process. An odd
    picture is padded by repeating its last column or row.
    """

    def __init__(
        self, width: int, height: int, fps: Fraction, *, preset: str = PART_PRESET, crf: int = PART_CRF
    ) -> None:
        """Prepare a part; all parts of a video take the same values.

        Args:
            width: pixels of a row of the pictures.
            height: rows of the pictures.
            fps: frames per second, exact; about this many where times are uneven.
            preset: x264's trade of time against size (h264.PRESETS).
            crf: x264's constant rate factor, 0 (lossless) to 51.

        Raises:
            ParameterError: a size, rate, preset or crf that cannot be written.
        """
        check_settings(width, height, fps, preset, crf)
        self._width, self._height = width, height
        self._buffer = io.BytesIO()
        self._container: OutputContainer | None = av.open(self._buffer, "w", format="mp4")
        options = {"preset": preset, "crf": str(crf), **_X264}
        self._stream = add_video_stream(self._container, self.size, writable_rate(fps), EXACT_TIME_BASE, options)
        self._first_tick = self._last_tick = 0
        self.frames_written = 0

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the video: the pictures' size, rounded up to even numbers."""
        return even_size(self._width, self._height)

    def write(self, rgb: Picture, time: Fraction) -> None:
        """Append one picture.

        Args:
            rgb: (height, width, 3) uint8, red first.
            time: seconds since the clip's first frame, exact.

        Raises:
            ParameterError: another size, or a time that is not after the last one, or more than six minutes after it.
            ClipError: the part is finished, or the encoder failed.
        """
        frame = video_frame(rgb, self._width, self._height)
        tick = round(time / EXACT_TIME_BASE)
        if abs(tick) > _LATEST:
            raise ParameterError(f"time is {shown(time, 40)} s: give seconds since the clip's first frame")
        if self.frames_written == 0:
            self._first_tick = tick
        elif tick <= self._last_tick:
            raise ParameterError(f"time is {time} s, not after the picture before: give increasing times")
        elif tick - self._last_tick > _LONGEST_STEP:
            raise ParameterError(f"time is {time} s, {_TOO_LATE}")
        frame.pts, frame.time_base = tick - self._first_tick, EXACT_TIME_BASE
        self._encode(frame)
        self._last_tick = tick
        self.frames_written += 1

    def finish(self) -> bytes:
        """Return the part, whole; nothing can be written to it any more.

        Raises:
            ClipError: it has no pictures, it is finished already, or the encoder failed.
        """
        if self.frames_written == 0:
            raise ClipError("the part would have no frames: write at least one picture")
        self._encode(None)
        self.close()
        return PartBox(self._first_tick, self.frames_written).behind(self._buffer.getbuffer())

    def close(self) -> None:
        """Free the encoder, finished or not; a second call does nothing."""
        container, self._container = self._container, None
        if container is not None:
            container.close()

    def _encode(self, frame: VideoFrame | None) -> None:
        if self._container is None:
            raise ClipError("the part is finished: write further pictures to another one")
        try:
            self._container.mux(self._stream.encode(frame))
        except av.FFmpegError as error:
            raise ClipError(
                f"a part of the video cannot be encoded ({error.strerror}): give smaller pictures"
            ) from None

    def __enter__(self) -> Self:
        """Begin the block at whose end the part is closed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Free the encoder; what is not finished is lost."""
        self.close()


def join_parts(path: Path, parts: Iterable[bytes | memoryview], fps: Fraction) -> int:
    """Write parts one after another as one mp4 (index in front), without decoding them, whole or not at all.

    Times are kept exactly, counted from the first picture; the file's bytes depend on the parts and the rate only.

    Args:
        path: where the file goes; its folder must exist, an older file is replaced at the end.
        parts: what PartWriter.finish returned, in order; taken one at a time, none is kept.
        fps: frames per second; the last picture is shown for 1/fps (six minutes at most).

    Returns:
        The number of pictures.

    Raises:
        ParameterError: the rate cannot be written.
        ClipError: a part is damaged, none of ours, unlike the first one or not after the one before; there is
            none; or the file cannot be written. Errors of `parts` itself pass unchanged.
    """
    check_rate(fps)
    with whole_mp4(path) as container:
        joined = _Joined(container, path)
        for data in parts:
            joined.add(data)
        joined.finish(fps)
    return joined.frames


class _Joined:
    """The file that parts are appended to. One packet is held back: its duration is known with the next."""

    def __init__(self, container: OutputContainer, path: Path) -> None:
        self._container, self._path = container, path
        self._stream: VideoStream | None = None
        self._kind: _Kind | None = None
        self._held: tuple[Packet[VideoStream], int] | None = None  # with its time in ticks
        self._first_tick = 0
        self._parts = 0
        self.frames = 0

    def add(self, data: bytes | memoryview) -> None:
        """Append a part; raise ClipError where it does not fit."""
        self._parts += 1
        name = f"part {self._parts} of the video {shown(self._path.name)}"
        for packet, tick in self._packets(data, name):
            if self._held is None:
                self._first_tick = tick
            else:
                self._mux(tick, name)
            self._held = packet, tick
            self.frames += 1

    def finish(self, fps: Fraction) -> None:
        """Write the picture held back; it is shown for 1/fps seconds."""
        if self._held is None:
            raise ClipError(f"{shown(self._path.name)} would have no frames: give at least one part")
        shown_for = min(_LONGEST_STEP, max(1, round(1 / (fps * EXACT_TIME_BASE))))
        self._mux(self._held[1] + shown_for, "")

    def _packets(self, data: bytes | memoryview, name: str) -> "Iterator[tuple[Packet[VideoStream], int]]":
        """Yield the packets of a part that has proved whole and alike, each with its time in ticks."""
        box = PartBox.read(data, name)
        try:
            # The format is given: what is no mp4 is not looked into, whatever it says it is.
            with av.open(io.BytesIO(data), "r", format="mp4") as source:
                stream = source.streams.video[0]
                if stream.codec_context.name != "h264" or stream.time_base != EXACT_TIME_BASE:
                    raise damaged(name)
                self._match(stream, name)
                packets = [packet for packet in source.demux(video=0) if packet.pts is not None]
        except (av.FFmpegError, IndexError):
            raise damaged(name) from None
        if len(packets) != box.pictures or not packets[0].is_keyframe:
            raise damaged(name)
        for packet in packets:
            assert packet.pts is not None
            yield packet, box.first_tick + packet.pts

    def _match(self, source: VideoStream, name: str) -> None:
        """Begin the file with the first part's stream; raise ClipError where a later one's is different."""
        kind = _Kind.of(source)
        if self._stream is None:
            with write_errors(self._path):
                self._stream = self._container.add_stream_from_template(source)
            self._stream.time_base, self._kind = EXACT_TIME_BASE, kind
        if kind != self._kind:
            raise ClipError(
                f"{name} is {kind}, the first one {self._kind}: encode all parts at one size with the same settings"
            )

    def _mux(self, next_tick: int, name: str) -> None:
        assert self._held is not None and self._stream is not None
        packet, tick = self._held
        if next_tick <= tick:
            raise ClipError(f"{name} is not after the one before: give the parts in the order of their times")
        if next_tick - tick > _LONGEST_STEP:
            raise ClipError(f"{name} begins {_TOO_LATE}")
        packet.stream, packet.time_base = self._stream, EXACT_TIME_BASE
        packet.pts = packet.dts = tick - self._first_tick
        packet.duration = next_tick - tick
        with write_errors(self._path):
            self._container.mux_one(packet)


@dataclass(frozen=True)
class _Kind:
    """What parts must have in common: one header of the file describes them all."""

    width: int
    height: int
    header: bytes  # H.264's sequence and picture parameter sets

    @classmethod
    def of(cls, stream: VideoStream) -> Self:
        context = stream.codec_context
        return cls(context.width, context.height, context.extradata or b"")

    def __str__(self) -> str:
        settings = blake2b(self.header, digest_size=4).hexdigest()
        return f"{self.width}x{self.height} with settings {settings}"
