"""Finding frame N in a video file: where decoding has to begin, and the proof that it arrived."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame

from flowlab.media.decoder import Decoder
from flowlab.media.fingerprint import fingerprint, stamp_of
from flowlab.media.limits import Deadline, Limits
from flowlab.media.video_index import CONCEALED, KEYFRAME, NO_STAMP, VideoIndex

# A seek costs about as much as decoding this many frames on the way.
_WORTH_A_SEEK = 8
# Containers without an index (transport streams) count a seek in decoding order and land behind
# the keyframe; asking for a moment so many frames earlier lands before it.
_LEAD = 8
# Where that is not enough, an earlier keyframe is: so many before.
_KEYFRAMES_BACK = (1, 4, 16)
# Frames let pass after a seek without one that is known, before the seek is given up.
_PATIENCE = 64
# Of these, frames that no other needs are left out on the way to the one asked for (half the time).
_SKIPS_EXACTLY = {"h264", "hevc"}
_KEPT_BEFORE = 8


class FrameSearch:
    """Decodes towards frames of one file and proves each frame on the way."""

    def __init__(self, path: Path, index: VideoIndex, *, name: str, limits: Limits) -> None:
        """Search in `path`, whose frames are listed in `index`."""
        self._path, self._index, self._name, self._limits = path, index, name, limits
        self._decoder: Decoder | None = None
        # Number of the last frame proved to be what the index lists there; None after a seek.
        self._place: int | None = None
        self._counted_from_start = False
        self._lead = 0
        self._skips = index.codec in _SKIPS_EXACTLY and index.checked and not index.repeatable and index.increasing

    def towards(self, target: int, deadline: Deadline) -> Iterator[tuple[int, VideoFrame]]:
        """Yield (number, frame) of proved frames up to `target`; ends without it where it cannot be decoded.

        Raises:
            LimitError: the time is up.
        """
        for begin in self._beginnings(target):
            while begin():
                skipped = self._skips
                for place, frame in self._proved(target, deadline):
                    yield place, frame
                    if place == target:
                        return
                if not self._index.checked and self._place is not None:
                    return  # an unchecked list may name frames that do not decode: this one was passed
                self._place = None
                if self._skips == skipped:
                    break

    def close(self) -> None:
        """Let go of the file."""
        if self._decoder is not None:
            self._decoder.close()
        self._decoder, self._place = None, None

    # -- where to begin ------------------------------------------------------------------------

    def _beginnings(self, target: int) -> Iterator[Callable[[], bool]]:
        """Yield ways to begin, cheapest first; the last one, the file's start, is always right."""
        keyframes = self._index.keyframes
        latest = self._latest_keyframe(target)
        nearest = int(keyframes[latest]) if latest >= 0 else 0
        if self._place is not None and self._place < target and nearest <= self._place + _WORTH_A_SEEK:
            yield lambda: True
        for back, lead in self._aims():
            if latest - back >= 0:
                yield partial(self._seek, int(keyframes[latest - back]), lead)
        yield self._start

    def _aims(self) -> Iterator[tuple[int, int]]:
        """Yield (keyframes back, lead in frames) of the seeks to try."""
        if self._lead == 0:
            yield 0, 0
        yield from ((back, _LEAD) for back in (0, *_KEYFRAMES_BACK))

    def _seek(self, keyframe: int, lead: int) -> bool:
        self._place, self._counted_from_start, self._lead = None, False, lead
        stamp = int(self._index.stamps[max(0, keyframe - lead)])
        return stamp != NO_STAMP and self._opened().seek(stamp)

    def _start(self) -> bool:
        if self._decoder is None:
            self._opened()
        else:
            self._decoder.restart()
        self._place, self._counted_from_start = -1, True
        return True

    def _opened(self) -> Decoder:
        if self._decoder is None:
            self._decoder = Decoder(self._path, name=self._name, limits=self._limits, one_thread=self._index.repeatable)
        return self._decoder

    # -- the proof -----------------------------------------------------------------------------

    def _proved(self, target: int, deadline: Deadline) -> Iterator[tuple[int, VideoFrame]]:
        """Yield (number, frame) as long as what comes out is what the index lists, up to `target` or past it."""
        wanted_from = int(self._index.stamps[max(0, target - _KEPT_BEFORE)]) if self._skips else None
        for _ in range(_PATIENCE):
            if self._place is not None:
                break
            frame = self._opened().read(deadline, wanted_from)
            arrived = self._arrival(frame, target)
            if frame is None or (arrived is not None and arrived > target):
                return
            if arrived is not None:
                self._place = arrived
                yield arrived, frame
        while self._place is not None and self._place < target:
            frame = self._opened().read(deadline, wanted_from)
            self._place = None if frame is None else self._continuation(frame, self._place)
            if frame is None or self._place is None:
                self._skips = False  # leaving frames out may have been the mistake: not again in this file
                return
            yield self._place, frame

    def _arrival(self, frame: VideoFrame | None, target: int) -> int | None:
        """Return the number of the frame a seek has led to, None where decoding is not exact from it.

        That is so from a whole keyframe on; any known frame behind the target tells that the seek went too far.
        """
        if frame is None:
            return None
        found = self._index.find(stamp_of(frame), fingerprint(frame))
        if found is None or found > target:
            return found
        whole = self._index.flags[found] & (KEYFRAME | CONCEALED) == KEYFRAME
        return found if whole and frame.key_frame and not frame.is_corrupt else None

    def _continuation(self, frame: VideoFrame, place: int) -> int | None:
        """Return the number of the frame that came out after frame `place`, None where it is not what it should be."""
        stamp, print_, following = stamp_of(frame), fingerprint(frame), place + 1
        if following < self._index.frame_count:
            if self._index.matches(following, stamp, print_):
                return following
            # Damage, noticed or not, need not look the same twice; counting from the start is right all the same.
            if self._counted_from_start and self._index.stamps[following] == stamp:
                return following
        found = self._index.find(stamp, print_) if self._skips or not self._index.checked else None
        return found if found is not None and found > place else None

    def _latest_keyframe(self, target: int) -> int:
        """Return which of the index's keyframes is the last at or before `target`; -1 where none is."""
        return int(np.searchsorted(self._index.keyframes, target, "right")) - 1
