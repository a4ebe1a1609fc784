"""What a clip may know of its own motion: a scene by computation, a data set by measurement."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from flowlab.core.region import Box


@dataclass(frozen=True, eq=False)
class SceneObject:
    """One thing in one frame, where it stands.

    Attributes:
        name: what it is, the same in every frame of the clip.
        box: (x, y, w, h), px: the smallest upright box that holds its outline, also where that lies outside
            the picture. x and y are the centre of its first pixel, so its last column is x + w - 1.
        quad: (4, 2) float64, (x, y) of the corners of the flat thing itself, clockwise as one looks at its front,
            from its own top left; None for what is not a flat rectangle.
    """

    name: str
    box: tuple[float, float, float, float]
    quad: NDArray[np.float64] | None = None

    @classmethod
    def flat(cls, name: str, quad: NDArray[np.float64]) -> "SceneObject":
        """Return a flat rectangle by its four corners in the picture, (4, 2) px."""
        return cls(name, bounding_box(quad), quad)


def bounding_box(points: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Return the upright box (x, y, w, h) that holds `points` (N, 2) px, a box one pixel wide being one point."""
    x, y = points.min(axis=0)
    right, bottom = points.max(axis=0)
    return float(x), float(y), float(right - x + 1), float(bottom - y + 1)


@runtime_checkable
class Truth(Protocol):
    """What a clip knows of its own motion.

    Where a clip should know but cannot tell (a truth file of another size, say), the methods raise
    FlowFileError with the reason.
    """

    def flow(self, index: int, gap: int = 1) -> NDArray[np.float32]:
        """Return the flow (H, W, 2) from frame `index` to frame `index + gap`, in pixels."""

    def backward_flow(self, index: int, gap: int = 1) -> NDArray[np.float32]:
        """Return the flow (H, W, 2) from frame `index + gap` back to frame `index`."""

    def occlusion(self, index: int, gap: int = 1) -> NDArray[np.bool_]:
        """Return (H, W): True where a point of frame `index` is hidden or outside in `index + gap`."""

    def objects(self, index: int) -> tuple[SceneObject, ...]:
        """Return the objects seen in frame `index`, farthest first; empty where the clip knows of none."""


@runtime_checkable
class BoxTruth(Protocol):
    """What a clip knows of where one thing is in its frames.

    Where a clip should know but cannot tell (a truth file that is damaged, say), the boxes are unknown and
    `truth_note` says why.
    """

    @property
    def boxes(self) -> NDArray[np.float64]:
        """(N, 4) float64, x, y, w, h of the box in every frame, px; NaN where it is not known."""

    @property
    def keyframes(self) -> Mapping[int, Box]:
        """Frame -> box from which a tracker may be started anew, drawn by hand, px; empty where there are none."""

    @property
    def truth_note(self) -> str:
        """Why boxes or keyframes are missing that should be there, in a sentence; or ""."""


@dataclass(frozen=True, eq=False)
class KnownBoxes:
    """The boxes of a clip as plain values (a BoxTruth); see there."""

    boxes: NDArray[np.float64]
    keyframes: Mapping[int, Box] = field(default_factory=dict)
    truth_note: str = ""

    def scaled(self, factor: tuple[float, float]) -> "KnownBoxes":
        """Return the boxes at a working size; `factor` leads from a working pixel to the clip's.

        A box is an area, so its edges scale: its first column is x / factor, its width w / factor, as the edge
        of its first pixel, half a pixel left of x, goes to (x - 0.5 + 0.5) / factor - 0.5.
        """
        x, y = (float(one) for one in factor)
        smaller = {
            frame: Box(box.x / x, box.y / y, max(box.w / x, 1), max(box.h / y, 1))
            for frame, box in self.keyframes.items()
        }
        return KnownBoxes(self.boxes / (x, y, x, y), smaller, self.truth_note)
