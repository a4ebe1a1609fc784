"""Where a process that is not the one that opened a clip finds it, and opening it there."""

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import cv2

from flowlab.core.clip import Clip
from flowlab.core.resized import at_width
from flowlab.errors import ClipNotFoundError, shown
from flowlab.jobs.data_clips import PREFIX, DataClips
from flowlab.jobs.isolated import IsolatedClip, index_answer
from flowlab.media.box_sets import BoxSequence
from flowlab.media.opening import open_media
from flowlab.media.video_index import VideoIndex
from flowlab.scenes.registry import parse_scene
from flowlab.store.objects import Store

_OPEN_CLIPS = 4  # each holds a decoder with its reference frames


@dataclass(frozen=True)
class ClipPlace:
    """A clip at a working width, in words that mean the same in another process.

    Attributes:
        key: canonical text of a scene, `data:SET/NAME`, or the content hash of a file or of a folder's pictures.
        name: what to call it.
        path: the file or folder on this machine; None: in the store, under its key.
        width: working width in pixels; 0: its own.
    """

    key: str
    name: str
    path: Path | None = None
    width: int = 0

    @property
    def is_file(self) -> bool:
        """Whether its bytes lie in a file or folder, and not in its name."""
        return not self.key.startswith(("scene:", PREFIX))

    @property
    def is_pair(self) -> bool:
        """Whether it is a pair of a data set, which stays where it is: one flow is no work to hand out."""
        return self.key.startswith(PREFIX)

    @classmethod
    def of(cls, clip: Clip) -> "ClipPlace":
        """Return the place of a clip that jobs.library opened."""
        info = clip.info
        # The content and not `source.key`: of a folder that is its name, whatever lies in it by now.
        path = clip.source.path if isinstance(clip, IsolatedClip) else None
        return cls(info.content_hash, info.name, path, info.width if info.is_scaled else 0)

    def open(self, store: Store) -> Clip:
        """Open the clip in this very process, which must be one whose death hurts nobody.

        Raises:
            ClipNotFoundError: it is not on this machine.
            ClipError: it cannot be read.
        """
        clip = _kept.get((self.key, self.path))
        if clip is None:
            clip = _kept[(self.key, self.path)] = self._open(store)
            while len(_kept) > _OPEN_CLIPS:
                _kept.popitem(last=False)[1].close()
        _kept.move_to_end((self.key, self.path))
        return at_width(clip, self.width)

    def _open(self, store: Store) -> Clip:
        if self.key.startswith("scene:"):
            kind, parameters = parse_scene(self.key)
            return kind.make(parameters)
        if self.key.startswith(PREFIX):
            return _pair(self.key)
        # OpenCV writes a line about every damaged picture; what is wrong is said in our errors.
        cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
        index = store.answer(index_answer(self.key))
        return open_media(
            self._file(store), name=self.name, index=None if index is None else VideoIndex.from_bytes(index)
        )

    def _file(self, store: Store) -> Path:
        if self.path is not None:
            return self.path
        if not store.has(self.key):
            raise ClipNotFoundError(f"the clip {shown(self.name)} is not on the machine that computes: send it there")
        return store.path(self.key)


def _pair(key: str) -> Clip:
    pair = DataClips().open(key)
    if isinstance(pair, BoxSequence):  # its place is that of its folder of pictures
        raise ClipNotFoundError(f"{shown(key)} is no pair any more: run the command again")
    return pair


# A worker process computes one chunk after another of the same few clips, in one thread.
_kept: OrderedDict[tuple[str, Path | None], Clip] = OrderedDict()


def close_clips() -> None:
    """Let go of the clips this process keeps open."""
    while _kept:
        _kept.popitem()[1].close()
