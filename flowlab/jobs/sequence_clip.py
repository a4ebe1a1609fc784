"""A sequence of a data set as a clip: its pictures decoded in another process, its true boxes beside them."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import ClipInfo, Frame
from flowlab.core.region import Box
from flowlab.core.truth import KnownBoxes
from flowlab.engine.process import ServiceProcess
from flowlab.jobs.isolated import IsolatedClip, Source
from flowlab.jobs.memory import ByteCache


class SequenceClip(IsolatedClip):
    """An IsolatedClip that knows where one thing is in its frames (core.truth.BoxTruth).

    Args:
        process, source, info, frames, ends_process: as for IsolatedClip.
        known: boxes in pixels of the pictures themselves.
    """

    def __init__(
        self,
        process: ServiceProcess,
        source: Source,
        info: ClipInfo,
        frames: ByteCache[Frame],
        known: KnownBoxes,
        *,
        ends_process: bool = False,
    ) -> None:
        super().__init__(process, source, info, frames, ends_process=ends_process)
        x, y = info.factor
        self._known = known.scaled((float(x), float(y)))

    @property
    def boxes(self) -> NDArray[np.float64]:
        """(N, 4) float64, x, y, w, h of the box in every frame, working pixels; NaN where it is not known."""
        return self._known.boxes

    @property
    def keyframes(self) -> Mapping[int, Box]:
        """Frame -> box drawn by hand, working pixels."""
        return self._known.keyframes

    @property
    def truth_note(self) -> str:
        """Why boxes or keyframes are missing that should be there, or ""."""
        return self._known.truth_note
