"""What all sessions of one server share: the clips, and every answer computed lately."""

import math
import threading
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import streamlit as st

from flowlab.core.clip import Clip
from flowlab.core.parameters import Parameters
from flowlab.core.resample import photometric_residual
from flowlab.dense.estimator import Flow, Method
from flowlab.engine.slot import LatestSlot, SupersededError
from flowlab.evaluation.metrics import FlowErrors, FlowStatistics, flow_errors, flow_statistics
from flowlab.jobs.library import Library
from flowlab.jobs.memory import ByteCache
from flowlab.jobs.pairs import Pair, check_cost, estimate_pair, read_pair
from flowlab.jobs.views import clip_scale

_PAIR_BYTES = 256 << 20
_ANSWER_BYTES = 256 << 20
_SCALES_KEPT = 10_000


@dataclass(frozen=True, eq=False)
class Answer:
    """A pair of frames and the flow between them; the numbers people compare, worked out when first asked for.

    The page shows the picture before it asks for the numbers, so that nobody waits for them to see.

    Attributes:
        pair: the frames, with the truth where the clip knows it.
        flow: (H, W, 2), pixels.
        seconds: what the estimation alone took.
    """

    pair: Pair
    flow: Flow
    seconds: float

    @cached_property
    def speed(self) -> FlowStatistics:
        """How fast things move."""
        return flow_statistics(self.flow)

    @cached_property
    def residual(self) -> float:
        """Mean of what the flow leaves unexplained, grey levels; NaN where nothing can be compared."""
        residual = photometric_residual(self.pair.first.grey, self.pair.second.grey, self.flow)
        return float(np.nanmean(residual)) if np.isfinite(residual).any() else math.nan

    @cached_property
    def errors(self) -> FlowErrors | None:
        """Errors against the truth where it is visible in both frames; None where the truth is not known."""
        return None if self.pair.truth is None else flow_errors(self.flow, self.pair.truth, self.pair.visible)


@dataclass(frozen=True)
class Lab:
    """The clips and the answers of one server."""

    library: Library
    pairs: ByteCache[Pair] = field(default_factory=lambda: ByteCache(_PAIR_BYTES))
    answers: ByteCache[Answer] = field(default_factory=lambda: ByteCache(_ANSWER_BYTES))
    scales: ByteCache[float] = field(default_factory=lambda: ByteCache(_SCALES_KEPT))


@st.cache_resource(on_release=lambda lab: lab.library.close())
def open_lab() -> Lab:
    """Return the server's lab; its decoding processes start while the first page is being drawn."""
    lab = Lab(Library())
    threading.Thread(target=lab.library.start, daemon=True).start()
    return lab


def _slot() -> LatestSlot:
    """Return this session's place to compute."""
    slot: LatestSlot = st.session_state.setdefault("_slot", LatestSlot())
    return slot


def dense_flow(clip: Clip, index: int, gap: int, method: Method, parameters: Parameters) -> Answer:
    """Return a pair's flow, computed once however often it is asked for.

    The latest request of a session wins: a run of the page that was superseded while it waited stops
    here, without a trace.

    Raises:
        FlowlabError: the frames cannot be read, or the settings would take too long.
    """
    lab, info = open_lab(), clip.info
    check_cost(method, info.width, info.height, parameters)
    key = (info.content_hash, index, gap, info.width, method.name, parameters)
    try:
        with _slot().turn():
            answer = lab.answers.get(key)
            if answer is None:
                pair = _pair(lab, clip, index, gap)
                result = estimate_pair(pair, method, parameters)
                answer = Answer(pair, result.flow, result.seconds)
                lab.answers.put(key, answer, answer.flow.nbytes + pair.nbytes)  # it keeps the pair alive
    except SupersededError:
        st.stop()
    return answer


def _pair(lab: Lab, clip: Clip, index: int, gap: int) -> Pair:
    """Return two frames and their truth, from memory where they were read before."""
    key = (clip.info.content_hash, clip.info.width, index, gap)
    pair = lab.pairs.get(key)
    if pair is None:
        pair = read_pair(clip, index, gap)
        lab.pairs.put(key, pair, pair.nbytes)
    return pair


def fixed_scale(clip: Clip, gap: int) -> float:
    """Return the clip's colour scale in px per `gap`, the same for every frame and method."""
    lab, info = open_lab(), clip.info
    key = (info.content_hash, gap, info.width)
    scale = lab.scales.get(key)
    if scale is None:
        with st.spinner("Finding how fast this clip moves …"):
            scale = clip_scale(clip, gap)
        lab.scales.put(key, scale, 1)
    return scale
