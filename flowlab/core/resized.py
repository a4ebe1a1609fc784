"""Clips at a working width: scaled down, truth included."""

from collections.abc import Iterator, Mapping
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Clip, ClipInfo, Frame
from flowlab.core.region import Box
from flowlab.core.resample import resize_flow, resize_picture
from flowlab.core.truth import BoxTruth, KnownBoxes, SceneObject, Truth, bounding_box


def at_width(clip: Clip, working_width: int) -> Clip:
    """Return `clip` scaled down to `working_width` pixels, truth included; itself where that is not smaller."""
    if clip.info.at_width(working_width) is clip.info:
        return clip
    if isinstance(clip, BoxTruth):
        return ResizedSequence(clip, working_width, clip)
    return ResizedScene(clip, working_width) if isinstance(clip, Truth) else ResizedClip(clip, working_width)


def resize_frame(frame: Frame, width: int, height: int) -> Frame:
    """Return `frame` at another size; its grey picture is scaled, not converted again."""
    return Frame(frame.index, resize_picture(frame.rgb, width, height), resize_picture(frame.grey, width, height))


class ResizedClip:
    """A clip scaled down to a working width; `info.factor` leads back to source pixels."""

    def __init__(self, clip: Clip, working_width: int) -> None:
        """Wrap `clip`; see `at_width`."""
        self._clip = clip
        self._info = clip.info.at_width(working_width)

    @property
    def info(self) -> ClipInfo:
        """Facts of the clip, with the working width and height."""
        return self._info

    def _resized(self, frame: Frame) -> Frame:
        return resize_frame(frame, self._info.width, self._info.height)

    def frame(self, index: int) -> Frame:
        """Return frame `index` at the working size."""
        return self._resized(self._clip.frame(index))

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        """Yield frames at the working size."""
        return map(self._resized, self._clip.frames(start, stop, step))

    def time(self, index: int) -> Fraction:
        """Return the time of frame `index` in seconds."""
        return self._clip.time(index)

    def close(self) -> None:
        """Close the clip underneath."""
        self._clip.close()


class ResizedScene(ResizedClip):
    """A scene at a working width: its truth is scaled with its pictures."""

    def _truth(self) -> Truth:
        assert isinstance(self._clip, Truth)
        return self._clip

    def flow(self, index: int, gap: int = 1) -> NDArray[np.float32]:
        """Return the true flow in working pixels."""
        return resize_flow(self._truth().flow(index, gap), self._info.width, self._info.height)

    def backward_flow(self, index: int, gap: int = 1) -> NDArray[np.float32]:
        """Return the true backward flow in working pixels."""
        return resize_flow(self._truth().backward_flow(index, gap), self._info.width, self._info.height)

    def occlusion(self, index: int, gap: int = 1) -> NDArray[np.bool_]:
        """Return (H, W): True where any source pixel under a working pixel is occluded."""
        share = self._truth().occlusion(index, gap).astype(np.float32)
        return resize_picture(share, self._info.width, self._info.height) > 0

    def objects(self, index: int) -> tuple[SceneObject, ...]:
        """Return the objects of frame `index` in working pixels."""
        return tuple(self._scaled(thing) for thing in self._truth().objects(index))

    def _scaled(self, thing: SceneObject) -> SceneObject:
        """Return an object at the working size: its corner points scale as all points do."""
        factor = np.array([float(f) for f in self._info.factor])
        x, y, width, height = thing.box
        corners = (np.array([[x, y], [x + width - 1, y + height - 1]]) + 0.5) / factor - 0.5
        quad = None if thing.quad is None else (thing.quad + 0.5) / factor - 0.5
        return SceneObject(thing.name, bounding_box(corners), quad)


class ResizedSequence(ResizedClip):
    """A clip that knows boxes, at a working width: they are scaled with its pictures."""

    def __init__(self, clip: Clip, working_width: int, truth: BoxTruth) -> None:
        """Wrap `clip`, which knows `truth`; see `at_width`."""
        super().__init__(clip, working_width)
        x, y = self._info.factor
        self._known = KnownBoxes(truth.boxes, truth.keyframes, truth.truth_note).scaled((float(x), float(y)))

    @property
    def boxes(self) -> NDArray[np.float64]:
        """(N, 4) float64, the boxes in working pixels."""
        return self._known.boxes

    @property
    def keyframes(self) -> Mapping[int, Box]:
        """Frame -> box, in working pixels."""
        return self._known.keyframes

    @property
    def truth_note(self) -> str:
        """Why boxes or keyframes are missing, or ""."""
        return self._known.truth_note
