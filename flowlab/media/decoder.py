"""The frames of one video file in the order they are shown, from the start or from a keyframe."""

import os
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from flowlab.media.containers import open_container
from flowlab.media.limits import Deadline, Limits

# By measurement on GOP-250 H.264: up to 640x480 a second thread gains nothing (it waits for the
# first), at 1920x1080 four decode a run of frames 1.4 times as fast.
_PIXELS_A_THREAD = 500_000
_MOST_THREADS = min(4, os.cpu_count() or 1)

# A demuxer that fails this often without one packet in between will not recover.
_FAILURES_IN_A_ROW = 32

DAMAGE = (av.FFmpegError, IndexError)
"""What a damaged file makes PyAV raise. IndexError: a stream that first appears in mid-file."""


class Decoder:
    """One video stream, read packet by packet; packets that fail are counted and passed over.

    Attributes:
        container, stream: PyAV's own objects, for what only they know.
        threads: how many decode.
        failed: packets that could not be read or decoded so far.
        end: latest end of any packet of any stream so far, in seconds (sound may outlast the
            pictures, and a container's duration speaks of both).
    """

    def __init__(self, path: Path, *, name: str, limits: Limits, one_thread: bool = False) -> None:
        """Open `path`; `one_thread` makes decoding repeatable bit for bit even where the file is damaged."""
        self._path, self._name, self._limits, self._one_thread = path, name, limits, one_thread
        self._open()

    def _open(self) -> None:
        self.container, self.stream = open_container(self._path, self._name, self._limits)
        context = self.stream.codec_context
        context.options = {"max_pixels": str(self._limits.decoder_pixels)}
        fitting = min(1 + context.width * context.height // _PIXELS_A_THREAD, _MOST_THREADS)
        self.threads = 1 if self._one_thread else fitting
        context.thread_count = self.threads
        context.thread_type = "FRAME" if self.threads > 1 else "NONE"
        self.failed = 0
        self.end = Fraction(0)
        self._begin()

    def _begin(self) -> None:
        self._packets: Iterator[Packet[VideoStream]] = self.container.demux()  # type: ignore[assignment]
        self._ready: deque[VideoFrame] = deque()
        self._ended = False

    def restart(self) -> None:
        """Go back to the first frame by opening the file anew: exact for every container."""
        self.close()
        self._open()

    def seek(self, stamp: int) -> bool:
        """Go to a keyframe at or before `stamp` (in the stream's time base); False where that fails.

        Containers differ in where they land: look at the frames that come out.
        """
        try:
            self.container.seek(stamp, stream=self.stream, backward=True)
        except DAMAGE:
            return False
        self._begin()
        return True

    def next_packet(self) -> "Packet[VideoStream] | None":
        """Return the next packet of the video stream, None at the end of the file."""
        in_a_row = 0
        while in_a_row < _FAILURES_IN_A_ROW:
            try:
                packet = next(self._packets)
            except StopIteration:
                return None
            except DAMAGE:
                in_a_row += 1
                self._packets = self.container.demux()  # type: ignore[assignment]
                continue
            # An empty packet stands for "the same picture again" in AVI; a decoder would take
            # it for the end of the stream.
            if packet.size == 0:
                continue
            self._note_end(packet)
            if packet.stream_index == self.stream.index:
                return packet
        return None

    def _note_end(self, packet: "Packet[VideoStream]") -> None:
        if packet.pts is not None and packet.time_base:
            self.end = max(self.end, (packet.pts + (packet.duration or 0)) * packet.time_base)

    def decode(self, packet: "Packet[VideoStream] | None") -> list[VideoFrame]:
        """Return the frames that come out when `packet` goes in (None: those still held back)."""
        try:
            frames = self.stream.decode(packet)
        except EOFError:
            return []
        except DAMAGE:
            self.failed += 1
            return []
        # A stream may grow beyond what its header said.
        accepted = [frame for frame in frames if frame.width * frame.height <= self._limits.pixels]
        self.failed += len(frames) - len(accepted)
        return accepted

    def read(self, deadline: Deadline, wanted_from: int | None = None) -> VideoFrame | None:
        """Return the next frame, None after the last.

        Args:
            deadline: checked between two packets.
            wanted_from: where given, frames that nothing else refers to and whose stamp is below
                need not be decoded, and may be left out.

        Raises:
            LimitError: the time is up.
        """
        while not self._ready and not self._ended:
            deadline.check()
            packet = self.next_packet()
            if packet is None:
                self._ended = True
            else:
                passed_over = wanted_from is not None and packet.pts is not None and packet.pts < wanted_from
                self.stream.codec_context.skip_frame = "NONREF" if passed_over else "DEFAULT"
            self._ready.extend(self.decode(packet))
        return self._ready.popleft() if self._ready else None

    def close(self) -> None:
        """Let go of the file."""
        self.container.close()
