"""A video as a clip: frame N is frame N, whatever the container.

A container's own idea of "frame N" cannot be trusted: seeks land near, stamps are missing, repeated
or in decoding order, headers count wrongly. So every frame is decoded once (video_scan), which gives
its place, its stamp and a fingerprint of its pixels. Frame N is then found by decoding from a keyframe,
and believed only when the frames on the way prove to be the very ones of that list; otherwise an
earlier keyframe is tried, and in the end the file is decoded from its start.
"""

from collections import deque
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path

from av.video.frame import VideoFrame

from flowlab.core.clip import ClipInfo, Frame, check_index
from flowlab.errors import ClipError, shown
from flowlab.media.limits import LIMITS, Limits
from flowlab.media.search import FrameSearch
from flowlab.media.upright import Orientation, RgbMaker
from flowlab.media.video_index import VideoIndex
from flowlab.media.video_scan import scan_video

__all__ = ["VideoClip", "VideoIndex", "open_video", "scan_video"]

# Stepping back or asking for a pair in the other order then costs no second search.
_RECENT_FRAMES = 8
_RECENT_BYTES = 64 << 20


def open_video(
    path: Path,
    *,
    name: str | None = None,
    index: VideoIndex | None = None,
    limits: Limits = LIMITS,
    progress: Callable[[float, str], None] | None = None,
) -> "VideoClip":
    """Open a video file as a clip.

    Args:
        path: the file.
        name: what to call it; its file name where None.
        index: what `scan_video` found in this very file before; scanned now where None or of another size.
        limits: see Limits.
        progress: called with (share done, text) while the file is scanned.

    Raises:
        ClipNotFoundError: there is no such file.
        LimitError: it is larger or slower than `limits` accept.
        ClipError: it is no video, or none of its frames can be decoded.
    """
    name = path.name if name is None else name
    if index is None or not path.is_file() or path.stat().st_size != index.size:
        index = scan_video(path, name=name, limits=limits, progress=progress)
    return VideoClip(path, index, name=name, limits=limits)


class VideoClip:
    """The frames of a video file (core.clip.Clip).

    Attributes:
        index: what is known of every frame; worth keeping for the next time.
    """

    def __init__(self, path: Path, index: VideoIndex, *, name: str, limits: Limits = LIMITS) -> None:
        """Read `path`, whose frames are listed in `index`."""
        self.index = index
        self._limits = limits
        self._info = _info(index, name)
        self._search = FrameSearch(path, index, name=name, limits=limits)
        self._maker = RgbMaker(Orientation(index.rotation, index.mirrored), index.width, index.height)
        fits = _RECENT_BYTES // (2 * index.width * index.height)
        self._recent: deque[tuple[int, VideoFrame]] = deque(maxlen=max(2, min(_RECENT_FRAMES, fits)))

    @property
    def info(self) -> ClipInfo:
        """What is known of the clip."""
        return self._info

    def frame(self, index: int) -> Frame:
        """Return frame `index`, exactly.

        Raises:
            ClipError: it lies outside the clip, or cannot be decoded (any more).
            LimitError: it takes longer than the limits accept.
        """
        check_index(index, self._info.frame_count, self._info.name)
        decoded = self._kept(index) or self._decode(index)
        return Frame.from_rgb(index, self._maker.rgb(decoded))

    def _kept(self, index: int) -> VideoFrame | None:
        return next((frame for place, frame in self._recent if place == index), None)

    def _decode(self, index: int) -> VideoFrame:
        deadline = self._limits.frame_deadline(self._info.name, index)
        for place, frame in self._search.towards(index, deadline):
            self._recent.append((place, frame))
            if place == index:
                return frame
        raise ClipError(
            f"frame {index} of {shown(self._info.name)} cannot be decoded (any more): choose another frame, "
            "or add the clip again if its file has changed"
        )

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        """Yield frames start, start+step, .. below `stop` (None: to the end), one in memory at a time."""
        stop = self._info.frame_count if stop is None else min(stop, self._info.frame_count)
        return map(self.frame, range(start, stop, step))

    def time(self, index: int) -> Fraction:
        """Return the time of frame `index` in seconds from the first frame, exact."""
        return self.index.time(check_index(index, self._info.frame_count, self._info.name))

    def close(self) -> None:
        """Let go of the file and the frames held; a frame asked for later opens the file again."""
        self._recent.clear()
        self._search.close()


def _info(index: VideoIndex, name: str) -> ClipInfo:
    return ClipInfo(
        name=name,
        kind="video",
        width=index.width,
        height=index.height,
        fps=index.fps,
        frame_count=index.frame_count,
        content_hash=index.content_hash,
        declared=index.declared,
        damaged=index.damaged,
        checked=index.checked,
        codec=index.codec,
        rotation=index.rotation,
        bytes=index.size,
        variable_rate=index.variable_rate,
        note=index.note,
    )
