"""A whole clip's dense flow as one question: what is computed, in which pieces, and under which name."""

import math
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import pairwise

import cv2

from flowlab.core.parameters import Parameters
from flowlab.dense.methods import method
from flowlab.dense.outliers import OutlierParameters
from flowlab.jobs.chunk import Chunk
from flowlab.jobs.dense_files import Output
from flowlab.jobs.glitch import MOST_FRAMES
from flowlab.jobs.views import view
from flowlab.media.video_parts import PART_CRF, PART_PRESET, encoder_versions

# Raise it whenever the same question gets another answer, so that no older piece is taken for it.
_VERSION = 1
_CHUNK_SECONDS = 2.0  # long beside finding its first frame, short beside what a killed process loses
_DRAWING_SECONDS = 2e-8  # a pixel: reading, colouring and encoding
_MOST_PAIRS = 120
_FEWEST_PAIRS = 4
_CHUNKS = 8  # at least, where the clip has the frames: the processes then end at about the same time
_FILE_BYTES = 64 << 20  # of flow files that a worker elsewhere sends back at once


@dataclass(frozen=True)
class DenseJob:
    """The flows of frames start .. stop-1 of a clip, `gap` apart, and what is made of them.

    A pure description: two jobs with the same key have the same bytes as their answer, whoever computes them,
    in whichever order, and however often it was interrupted.

    Attributes:
        content: content hash of the clip, or its canonical text.
        clip_name: what to call the clip; not part of the question.
        width, height: pixels of a frame at the working width.
        start, stop, gap: the pairs (i, i + gap) whose frames all lie in start .. stop-1.
        method: name of a row of METHODS.
        parameters: of that method.
        output: what is written.
        outliers: parameters of the outlier filter; None: off.
    """

    content: str
    clip_name: str
    width: int
    height: int
    start: int
    stop: int
    gap: int
    method: str
    parameters: Parameters
    output: Output
    outliers: OutlierParameters | None = None

    @property
    def pairs(self) -> int:
        """Number of pairs, each named by its first frame: start, start + 1, ..."""
        return max(0, self.stop - self.gap - self.start)

    @cached_property
    def key(self) -> str:
        """Name of the question, 64 hexadecimal digits; changes with anything the answer depends on."""
        # Another version of a library may compute, read or encode a little differently.
        libraries = (cv2.__version__, *encoder_versions())
        encoder = (PART_PRESET, PART_CRF) if self.output.is_video else ()
        question = (
            "dense", _VERSION, libraries, encoder, self.content, self.width, self.height, self.start, self.stop,
            self.gap, self.method, self.parameters, self.output, self.outliers,
        )  # fmt: skip
        return sha256(repr(question).encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def seconds(self) -> float:
        """What it takes on one core, to a factor of two."""
        return self.pairs * self._pair_seconds

    @property
    def _pair_seconds(self) -> float:
        estimations = 2 if self.output.looks_back else 1
        cost = method(self.method).cost(self.height, self.width, self.parameters)
        return estimations * cost + _DRAWING_SECONDS * self.width * self.height

    def chunks(self) -> list[Chunk]:
        """Return the pieces of work, in order. They follow from the job alone, never from the machine."""
        if not self.pairs:
            return []
        step = MOST_FRAMES if self.output.accumulates else 1  # a picture carried along begins anew there
        in_bytes = max(1, _FILE_BYTES // (8 * self.width * self.height))
        longest = _MOST_PAIRS if self.output.is_video else min(_MOST_PAIRS, in_bytes)
        fitting = min(longest, int(_CHUNK_SECONDS / self._pair_seconds), math.ceil(self.pairs / _CHUNKS))
        steps = math.ceil(self.pairs / step)
        count = math.ceil(steps * step / max(fitting, min(_FEWEST_PAIRS, longest)))
        edges = [min(round(steps * part / count) * step, self.pairs) + self.start for part in range(count + 1)]
        return [Chunk(low, high) for low, high in pairwise(edges) if low < high]

    @property
    def title(self) -> str:
        """What to call it, plain text: method, what is made, the clip."""
        what = view(self.output.view).title if self.output.draws else self.output.kind
        return f"{method(self.method).title}, {what.lower()} of {self.clip_name}"
