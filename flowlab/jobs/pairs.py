"""Two frames of a clip and the flow between them: what the Dense flow page and `flowlab dense` work on."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Clip, ClipInfo, Frame
from flowlab.core.parameters import Parameters
from flowlab.core.truth import Truth
from flowlab.dense.estimator import DenseResult, Flow, Method
from flowlab.errors import ClipError, FlowFileError, ParameterError, shown

INTERACTIVE_SECONDS = 5.0
INTERACTIVE_PIXELS = 9_000_000  # 4K and a little: one pair then takes about a gigabyte while a page is drawn


@dataclass(frozen=True, eq=False)
class Pair:
    """Frames `first` and `second` of a clip, `gap` frames apart, with the truth where the clip knows it.

    Attributes:
        first, second: the frames, of one size.
        truth: true flow (H, W, 2) float32, or None.
        visible: (H, W) bool, False where a point of `first` is hidden or outside in `second`; None without truth.
        truth_note: why a clip that should know its truth does not, in a sentence, or "".
    """

    first: Frame
    second: Frame
    truth: Flow | None = None
    visible: NDArray[np.bool_] | None = None
    truth_note: str = ""

    @property
    def nbytes(self) -> int:
        """Memory the arrays take."""
        arrays = (self.first.rgb, self.first.grey, self.second.rgb, self.second.grey, self.truth, self.visible)
        return sum(array.nbytes for array in arrays if array is not None)


def last_index(frame_count: int, gap: int) -> int:
    """Return the last frame that still has a partner `gap` frames later."""
    return max(0, frame_count - 1 - gap)


def read_pair(clip: Clip, index: int, gap: int = 1) -> Pair:
    """Read frames `index` and `index + gap` of `clip`.

    Raises:
        ParameterError: `gap` is less than 1.
        ClipError: the clip has no such frames, or cannot be read.
    """
    info = clip.info
    if gap < 1:
        raise ParameterError(f"gap is {gap}: give 1 or more frames")
    if info.frame_count < 2:
        raise ClipError(f"{shown(info.name)} has {info.frame_count} frame: flow needs two, choose a longer clip")
    if gap >= info.frame_count:
        raise ParameterError(f"gap is {gap}: {shown(info.name)} has {info.frame_count} frames, give at most "
                             f"{info.frame_count - 1}")  # fmt: skip
    if not 0 <= index < info.frame_count - gap:
        raise ClipError(
            f"frame {index} has no partner {gap} later in {shown(info.name)}: give 0 to {info.frame_count - 1 - gap}"
        )
    first, second = clip.frame(index), clip.frame(index + gap)
    if not isinstance(clip, Truth):
        return Pair(first, second)
    try:
        return Pair(first, second, _known_flow(clip, index, gap), ~clip.occlusion(index, gap))
    except FlowFileError as error:
        return Pair(first, second, truth_note=str(error))


def _known_flow(clip: Truth, index: int, gap: int) -> Flow:
    """Return the true flow; raises FlowFileError where it is unknown, or was lost in scaling a sparse one down."""
    flow = clip.flow(index, gap)
    if not np.isfinite(flow).any():
        raise FlowFileError("the truth is unknown everywhere at this working width: choose a larger one")
    return flow


def check_size(info: ClipInfo) -> None:
    """Raise ParameterError where frames are too large for a page, whose memory everyone shares."""
    if info.width * info.height > INTERACTIVE_PIXELS:
        raise ParameterError(
            f"the frames of {shown(info.name)} are {info.width}x{info.height}, more than the "
            f"{INTERACTIVE_PIXELS / 1e6:g} million pixels of a page: lower the working width"
        )


def check_cost(method: Method, width: int, height: int, parameters: Parameters) -> None:
    """Raise ParameterError where an interactive estimate would take longer than INTERACTIVE_SECONDS."""
    seconds = method.cost(height, width, parameters)
    if seconds > INTERACTIVE_SECONDS:
        raise ParameterError(
            f"{method.title} with these settings would take about {seconds:.0f} s a pair at {width}x{height}, "
            f"more than the {INTERACTIVE_SECONDS:g} s of a page: lower the working width or the iterations"
        )


def estimate_pair(pair: Pair, method: Method, parameters: Parameters | None = None) -> DenseResult:
    """Estimate the flow from the first to the second frame's grey picture."""
    return method.estimate(pair.first.grey, pair.second.grey, parameters)


def stream_pairs(clip: Clip, start: int, stop: int, gap: int = 1) -> Iterator[Pair]:
    """Yield the pairs (i, i + gap) whose frames all lie in start .. stop-1, holding gap + 1 frames at a time."""
    recent: deque[Frame] = deque(maxlen=gap + 1)
    for frame in clip.frames(start, stop):
        recent.append(frame)
        if len(recent) == gap + 1:
            yield _streamed(clip, recent[0], frame, gap)


def _streamed(clip: Clip, first: Frame, second: Frame, gap: int) -> Pair:
    """Return a pair with its truth, but without what is hidden, which nobody who streams has asked for."""
    if not isinstance(clip, Truth):
        return Pair(first, second)
    try:
        return Pair(first, second, _known_flow(clip, first.index, gap))
    except FlowFileError as error:
        return Pair(first, second, truth_note=str(error))
