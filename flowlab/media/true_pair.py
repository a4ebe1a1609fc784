"""A pair of a data set as a clip of two frames that knows its own motion."""

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import ClipInfo, Frame, check_index
from flowlab.core.truth import SceneObject
from flowlab.errors import ClipError, FlowFileError, ParameterError, shown
from flowlab.media.containers import check_file
from flowlab.media.flow_field import Flow
from flowlab.media.flow_files import read_flow
from flowlab.media.flow_sets import FlowSequence
from flowlab.media.limits import LIMITS, Limits
from flowlab.media.picture_files import FilePictures
from flowlab.media.pictures import PictureClip


class TruePair:
    """Two pictures of a data set as a core.clip.Clip, and the flow measured between them as its core.truth.Truth.

    The pictures are looked at when the pair is opened, the truth when it is asked for: where that is
    missing, damaged, of another size or empty, the methods of Truth raise FlowFileError and the frames
    are none the worse. Several threads may ask at once.
    """

    def __init__(self, sequence: FlowSequence, *, name: str | None = None, limits: Limits = LIMITS) -> None:
        """Open the pictures of a pair.

        Args:
            sequence: the files.
            name: what to call the clip, also its content hash; None: dataset/name.
            limits: see Limits.

        Raises:
            ClipNotFoundError: a picture is missing.
            LimitError: a picture has more pixels than `limits` accept.
            ClipError: a picture cannot be read, has another size than the other, or is a link out of the data set.
        """
        self._sequence = sequence
        for path in (sequence.first, sequence.second):
            if not _lies_in(path, sequence.root):
                raise ClipError(_leads_out(path))
            check_file(path, path.name, limits)
        name = name or f"{sequence.dataset}/{sequence.name}"
        source = FilePictures([sequence.first, sequence.second])
        self._pictures = PictureClip(source, name=name, content_hash=name, limits=limits)
        self._lock = Lock()  # PictureClip serves one thread at a time
        info = self._pictures.info
        if info.damaged or info.frame_count != 2:
            raise ClipError(
                f"{shown(sequence.first.name)} and {shown(sequence.second.name)} hold {info.frame_count} "
                f"picture{'s' * (info.frame_count != 1)} that can be read, and flow needs two: fetch both files again"
            )

    @property
    def info(self) -> ClipInfo:
        """What is known of the clip."""
        return self._pictures.info

    def frame(self, index: int) -> Frame:
        """Return frame 0 or 1; raises ClipError where it cannot be read."""
        with self._lock:
            return self._pictures.frame(index)

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        """Yield frames start, start+step, .. below `stop` (None: to the end)."""
        return map(self.frame, range(start, 2 if stop is None else min(stop, 2), step))

    def time(self, index: int) -> Fraction:
        """Return the time of frame `index` in seconds: pictures are shown at 25 a second."""
        return self._pictures.time(index)

    def close(self) -> None:
        """Let go of memory; frames asked for later are read again."""
        with self._lock:
            self._pictures.close()

    def flow(self, index: int = 0, gap: int = 1) -> Flow:
        """Return the true flow (H, W, 2) from frame 0 to frame 1 in pixels, NaN where it was not measured.

        Raises:
            ClipError, ParameterError: another index than 0 or another gap than 1.
            FlowFileError: the truth is missing, cannot be read, has another size than the pictures, or knows nothing.
        """
        self._check_pair(index, gap)
        return self._read(self._sequence.truth)

    def backward_flow(self, index: int = 0, gap: int = 1) -> Flow:
        """Return the flow from frame 1 back to frame 0: unknown (NaN) everywhere, since no data set here has it."""
        self._check_pair(index, gap)
        return np.full((self.info.height, self.info.width, 2), np.nan, np.float32)

    def occlusion(self, index: int = 0, gap: int = 1) -> NDArray[np.bool_]:
        """Return (H, W): True where a point with truth is hidden or outside in frame 1, as far as the data set says.

        KITTI gives the flow of all points and that of the visible ones: what only the first knows is
        hidden. Where there is no second file, nothing is known to be hidden.

        Raises:
            ClipError, ParameterError, FlowFileError: as `flow`.
        """
        self._check_pair(index, gap)
        if self._sequence.visible_truth is None:
            return np.zeros((self.info.height, self.info.width), np.bool_)
        visible = np.isfinite(self._read(self._sequence.visible_truth)[..., 0])
        return np.isfinite(self._read(self._sequence.truth)[..., 0]) & ~visible

    def objects(self, index: int) -> tuple[SceneObject, ...]:
        """Return nothing: these data sets name no objects."""
        check_index(index, 2, self.info.name)
        return ()

    def _check_pair(self, index: int, gap: int) -> None:
        check_index(index, 2, self.info.name)
        if (index, gap) != (0, 1):
            raise ParameterError(
                f"gap is {gap} from frame {index}: {shown(self.info.name)} has 2 frames, give 1 from 0"
            )

    def _read(self, path: Path) -> Flow:
        """Return a flow of the pictures' size that knows at least one vector."""
        if not _lies_in(path, self._sequence.root):
            raise FlowFileError(_leads_out(path))
        if not path.exists():
            place = path.relative_to(self._sequence.root)
            raise FlowFileError(f"there is no truth for this pair: put it at {shown(place)}")
        flow = read_flow(path)
        height, width = flow.shape[:2]
        if (width, height) != (self.info.width, self.info.height):
            raise FlowFileError(
                f"the truth {shown(path.name)} is {width}x{height} and the pictures "
                f"{self.info.width}x{self.info.height}: fetch the files of this pair again"
            )
        if not np.isfinite(flow[..., 0]).any():
            raise FlowFileError(f"the truth {shown(path.name)} is unknown everywhere: there is nothing to compare with")
        return flow


def _lies_in(path: Path, root: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(root)


def _leads_out(path: Path) -> str:
    return f"{shown(path.name)} is a link that leads out of the data set: put the file itself there"
