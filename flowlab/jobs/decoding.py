"""What the decoding process does: opens clips from untrusted bytes and reads frames from them."""

from collections import OrderedDict
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2

from flowlab.core.clip import Clip, ClipInfo, Frame
from flowlab.core.resized import resize_frame
from flowlab.media.opening import open_media
from flowlab.media.video import VideoClip
from flowlab.media.video_index import VideoIndex

_OPEN_CLIPS = 4  # each holds a decoder with its reference frames


class DecodeService:
    """Lives inside the decoding process (engine.process); keeps a few clips open, least recent closed."""

    def __init__(self) -> None:
        self._clips: OrderedDict[str, Clip] = OrderedDict()
        # OpenCV writes a line about every damaged picture; what is wrong is said in our errors.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

    def open(
        self,
        key: str,
        path: str,
        name: str,
        index: bytes | None,
        progress: Callable[[float, str], None] | None = None,
    ) -> tuple[ClipInfo, bytes | None]:
        """Open a clip under `key`; return its facts and, for a video, its index to keep for the next time."""
        known = VideoIndex.from_bytes(index) if index is not None else None
        clip = open_media(Path(path), name=name, index=known, progress=progress)
        self._clips[key] = clip
        while len(self._clips) > _OPEN_CLIPS:
            self._clips.popitem(last=False)[1].close()
        return clip.info, clip.index.to_bytes() if isinstance(clip, VideoClip) else None

    def _clip(self, key: str) -> Clip | None:
        if key in self._clips:
            self._clips.move_to_end(key)
        return self._clips.get(key)

    def read(self, key: str, start: int, stop: int, step: int, width: int) -> list[Frame] | None:
        """Return frames of an open clip at a working width, or None where the clip is not open (any more)."""
        clip = self._clip(key)
        if clip is None:
            return None
        size = clip.info.at_width(width)
        return [resize_frame(frame, size.width, size.height) for frame in clip.frames(start, stop, step)]

    def time(self, key: str, index: int) -> Fraction | None:
        """Return the time of a frame, or None where the clip is not open (any more)."""
        clip = self._clip(key)
        return None if clip is None else clip.time(index)
