"""The full look at a video: every frame decoded once, so that each can be found again and none is invented."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from flowlab.errors import ClipError, shown
from flowlab.media.decoder import Decoder
from flowlab.media.fingerprint import fingerprint, stamp_of
from flowlab.media.hashing import file_hash
from flowlab.media.limits import LIMITS, Limits
from flowlab.media.promise import Seen, promised_and_lost
from flowlab.media.rates import rhythm
from flowlab.media.upright import Orientation, orientation_of
from flowlab.media.video_index import CONCEALED, KEYFRAME, NO_STAMP, OTHER_SIZE, VideoIndex, display_times

Progress = Callable[[float, str], None]

_REPORT_EVERY = 32  # packets


@dataclass
class _Found:
    """What has been seen of a file so far, in growing arrays (a two-hour clip has 200 000 frames)."""

    stamps: "array[int]" = field(default_factory=lambda: array("q"))
    prints: "array[int]" = field(default_factory=lambda: array("I"))
    flags: "array[int]" = field(default_factory=lambda: array("B"))
    packet_stamps: "array[int]" = field(default_factory=lambda: array("q"))
    packet_keys: "array[int]" = field(default_factory=lambda: array("B"))
    packets: int = 0
    discarded: int = 0
    last_dts: int | None = None
    recorded: tuple[int, int] = (0, 0)
    orientation: Orientation = field(default_factory=Orientation)
    concealed: int = 0
    whole: bool = True

    def add_packet(self, packet: "Packet[VideoStream]") -> None:
        self.packets += 1
        if packet.dts is not None:
            self.last_dts = max(self.last_dts or 0, packet.dts)
        if packet.is_discard:
            self.discarded += 1
        else:
            self.packet_stamps.append(NO_STAMP if packet.pts is None else packet.pts)
            self.packet_keys.append(KEYFRAME if packet.is_keyframe else 0)

    def add_frame(self, frame: VideoFrame) -> None:
        if not self.stamps:
            self.recorded, self.orientation = (frame.width, frame.height), orientation_of(frame)
        self.stamps.append(stamp_of(frame))
        self.prints.append(fingerprint(frame))
        self.concealed += frame.is_corrupt
        self.flags.append(
            KEYFRAME * frame.key_frame
            | CONCEALED * frame.is_corrupt
            | OTHER_SIZE * ((frame.width, frame.height) != self.recorded)
        )


def scan_video(
    path: Path, *, name: str | None = None, limits: Limits = LIMITS, progress: Progress | None = None
) -> VideoIndex:
    """Decode every frame of a video once and return what was found.

    Frames are not turned into RGB. A clip that takes longer than `limits.scan_seconds` is listed from
    its packets instead (`checked` is False). A damaged one is decoded in one thread, since only that
    comes out the same every time.

    Args:
        path: the file.
        name: what to call it in messages; its file name where None.
        limits: see Limits.
        progress: called now and then with (share done, text).

    Raises:
        ClipNotFoundError: there is no such file.
        LimitError: it is larger, or takes longer to list, than `limits` accept.
        ClipError: it is no video, or none of its frames can be decoded.
    """
    name = path.name if name is None else name
    look = _Look(name, limits, progress)
    decoder = Decoder(path, name=name, limits=limits)
    try:
        found = look(decoder, stop_at_damage=decoder.threads > 1)
        repeatable = found.concealed > 0 or decoder.failed > 0
        if repeatable and decoder.threads > 1:
            decoder.close()
            decoder = Decoder(path, name=name, limits=limits, one_thread=True)
            found = look(decoder, stop_at_damage=False)
        if not found.stamps:
            raise ClipError(f"no frame of {shown(name)} can be decoded: the file is damaged, choose another copy")
        return _index(path, decoder, found, limits, repeatable)
    finally:
        decoder.close()


class _Look:
    """Goes through a file's packets, decoding until the time is up and only listing from there."""

    def __init__(self, name: str, limits: Limits, progress: Progress | None) -> None:
        self._name, self._limits, self._progress = name, limits, progress
        self._decoding = limits.scan_deadline(name)

    def __call__(self, decoder: Decoder, *, stop_at_damage: bool) -> _Found:
        found = _Found()
        while found.whole and (packet := decoder.next_packet()) is not None:
            self._take(decoder, found, packet)
            if self._decoding.over:
                if not found.stamps:
                    self._decoding.check()
                found.whole = False
            if stop_at_damage and (found.concealed or decoder.failed):
                return found
        if found.whole:
            for frame in decoder.decode(None):
                found.add_frame(frame)
        else:
            self._list_the_rest(decoder, found)
        return found

    def _take(self, decoder: Decoder, found: _Found, packet: "Packet[VideoStream]") -> None:
        found.add_packet(packet)
        for frame in decoder.decode(packet):
            found.add_frame(frame)
        self._report(decoder, found, packet)

    def _list_the_rest(self, decoder: Decoder, found: _Found) -> None:
        listing = self._limits.scan_deadline(self._name)
        while (packet := decoder.next_packet()) is not None:
            listing.check()
            found.add_packet(packet)
            self._report(decoder, found, packet)

    def _report(self, decoder: Decoder, found: _Found, packet: "Packet[VideoStream]") -> None:
        if self._progress is not None and found.packets % _REPORT_EVERY == 1:
            share = (packet.pos or 0) / decoder.container.size
            self._progress(min(share, 1.0), f"checking frame {found.packets}")


def _index(path: Path, decoder: Decoder, found: _Found, limits: Limits, repeatable: bool) -> VideoIndex:
    """Put what was found into an index."""
    stream, container = decoder.stream, decoder.container
    assert stream.time_base is not None
    stamps, flags = _frames(found) if found.whole else _frames_by_packets(found)
    beat = rhythm(display_times(stamps), stream.time_base, (stream.guessed_rate, stream.average_rate, stream.base_rate))
    size = path.stat().st_size
    seen = Seen(len(stamps), decoder.failed, found.packets, found.discarded, found.last_dts, decoder.end, size)
    declared, lost = promised_and_lost(container, stream, seen, beat)
    width, height = found.orientation.size(*found.recorded)
    return VideoIndex(
        content_hash=file_hash(path),
        size=size,
        container=container.format.name,
        codec=stream.codec_context.codec.canonical_name,
        width=width,
        height=height,
        rotation=found.orientation.rotation,
        mirrored=found.orientation.mirrored,
        fps=beat.fps,
        variable_rate=beat.variable,
        time_base=stream.time_base,
        stamps=stamps,
        prints=np.array(found.prints if found.whole else [], np.uint32),
        flags=flags,
        declared=declared,
        lost=lost,
        checked=found.whole,
        repeatable=repeatable,
        note=_note(found, flags, limits, (width, height)),
    )


def _frames(found: _Found) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    return np.array(found.stamps, np.int64), np.array(found.flags, np.uint8)


def _frames_by_packets(found: _Found) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """Return stamps and flags as the packets promise them, in the order they would be shown."""
    stamps, flags = np.array(found.packet_stamps, np.int64), np.array(found.packet_keys, np.uint8)
    if NO_STAMP in stamps:
        return np.full_like(stamps, NO_STAMP), np.zeros_like(flags)
    order = np.argsort(stamps, kind="stable")
    return stamps[order], flags[order]


def _note(found: _Found, flags: NDArray[np.uint8], limits: Limits, size: tuple[int, int]) -> str:
    if not found.whole:
        return f"checking every frame would take more than {limits.scan_seconds:g} s: damage is not known"
    others = int(np.count_nonzero(flags & OTHER_SIZE))
    if others:
        return f"{others} frames have another size than the first and are scaled to {size[0]}x{size[1]}"
    return ""
