"""What all sessions of one server share: the clips, the jobs, and every answer computed lately."""

import hashlib
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import streamlit as st

from flowlab.core.clip import Clip, Frame
from flowlab.core.parameters import Parameters
from flowlab.core.region import Selection
from flowlab.core.truth import Truth
from flowlab.dense.estimator import Method
from flowlab.dense.outliers import OutlierParameters
from flowlab.engine.cluster import Cluster
from flowlab.engine.slot import LatestSlot, SupersededError
from flowlab.errors import FlowlabError
from flowlab.jobs.answer import Answer, answer_pair
from flowlab.jobs.board import Board
from flowlab.jobs.follow_clip import FollowWorkshop
from flowlab.jobs.glitch import Picture, accumulated
from flowlab.jobs.library import Library
from flowlab.jobs.memory import ByteCache
from flowlab.jobs.over_time import OverTime, flow_over_time
from flowlab.jobs.pairs import Pair, check_cost, read_pair
from flowlab.jobs.points_clip import PRELOAD as POINTS_PRELOAD
from flowlab.jobs.points_clip import PointsWorkshop
from flowlab.jobs.region_history import RegionHistory
from flowlab.jobs.scales import Scales, clip_scales
from flowlab.jobs.track_history import TrackHistory
from flowlab.jobs.whole_clip import PRELOAD, Workshop
from flowlab.tracking.affine.region_track import RegionTrack

_PAIR_BYTES = 256 << 20
_ANSWER_BYTES = 768 << 20  # one of 4K with all that can be asked of it, or fifteen of 640x480
_PICTURE_BYTES = 64 << 20
_OVER_TIME_BYTES = 128 << 20
_SCALES_KEPT = 10_000
_FRAME_BYTES = 256 << 20
_HISTORY_BYTES = 512 << 20  # one of 500 tracks takes 60 MB a thousand frames
_REGION_BYTES = 512 << 20  # one of a box of 200x200 takes 15 MB, and 1 MB a thousand frames
_ROWS_BYTES = 64 << 20


@dataclass(frozen=True)
class Lab:
    """The clips, the jobs and the answers of one server."""

    library: Library
    cluster: Cluster
    board: Board
    pairs: ByteCache[Pair] = field(default_factory=lambda: ByteCache(_PAIR_BYTES))
    answers: ByteCache[Answer] = field(default_factory=lambda: ByteCache(_ANSWER_BYTES))
    glitches: ByteCache[Picture] = field(default_factory=lambda: ByteCache(_PICTURE_BYTES))
    over_time: ByteCache[OverTime] = field(default_factory=lambda: ByteCache(_OVER_TIME_BYTES))
    scales: ByteCache[Scales] = field(default_factory=lambda: ByteCache(_SCALES_KEPT))
    frames: ByteCache[Frame] = field(default_factory=lambda: ByteCache(_FRAME_BYTES))
    histories: ByteCache[TrackHistory] = field(default_factory=lambda: ByteCache(_HISTORY_BYTES))
    regions: ByteCache[RegionHistory] = field(default_factory=lambda: ByteCache(_REGION_BYTES))
    region_rows: ByteCache[RegionTrack] = field(default_factory=lambda: ByteCache(_ROWS_BYTES))

    @property
    def region_workshop(self) -> FollowWorkshop:
        """Where regions of whole clips are worked on."""
        return FollowWorkshop(self.library.store, self.cluster)

    @property
    def points_workshop(self) -> PointsWorkshop:
        """Where the tracks of whole clips are worked on."""
        return PointsWorkshop(self.library.store, self.cluster)

    @property
    def workshop(self) -> Workshop:
        """Where whole clips are worked on."""
        return Workshop(self.library.store, self.cluster)

    def close(self) -> None:
        """Stop the jobs and end every process."""
        self.board.close()
        self.cluster.close()
        self.library.close()


@st.cache_resource(on_release=lambda lab: lab.close())
def open_lab() -> Lab:
    """Return the server's lab; its decoding processes start while the first page is being drawn."""
    cluster = Cluster(os.environ.get("FLOWLAB_SCHEDULER") or None, preload=(*PRELOAD, *POINTS_PRELOAD))
    lab = Lab(Library(), cluster, Board(lambda: cluster.workers))
    threading.Thread(target=lab.library.start, daemon=True).start()
    return lab


@st.cache_resource
def warm_up() -> None:
    """Start the worker processes, once a server and when the first page has been drawn: nobody waits for them."""
    cluster = open_lab().cluster

    def start() -> None:
        try:
            cluster.start()
        except FlowlabError as error:  # whoever asks for a job is told; until then it matters to nobody
            logging.getLogger(__name__).warning("worker processes could not be started: %s", error)

    threading.Thread(target=start, daemon=True).start()


@dataclass(frozen=True, eq=False)
class KeptFrames:
    """The frames of a clip; a scene's are kept once they are rendered, those of files the library keeps already."""

    clip: Clip

    def frame(self, index: int) -> Frame:
        """Return frame `index`."""
        if not isinstance(self.clip, Truth):
            return self.clip.frame(index)
        kept, info = open_lab().frames, self.clip.info
        key = (info.content_hash, info.width, index)
        frame = kept.get(key)
        if frame is None:
            frame = self.clip.frame(index)
            kept.put(key, frame, frame.rgb.nbytes + frame.grey.nbytes)
        return frame


def session_slot() -> LatestSlot:
    """Return this session's place to compute."""
    slot: LatestSlot = st.session_state.setdefault("_slot", LatestSlot())
    return slot


def dense_flow(
    clip: Clip,
    index: int,
    gap: int,
    method: Method,
    parameters: Parameters,
    outliers: OutlierParameters | None = None,
) -> Answer:
    """Return a pair's flow, computed once however often it is asked for; without its outliers where asked.

    The latest request of a session wins: a run of the page that was superseded while it waited stops
    here, without a trace.

    Raises:
        FlowlabError: the frames cannot be read, or the settings would take too long.
    """
    lab, info = open_lab(), clip.info
    check_cost(method, info.width, info.height, parameters)
    key = (info.content_hash, index, gap, info.width, method.name, parameters)
    try:
        with session_slot().turn():
            answer = lab.answers.get(key)
            if answer is None:
                answer = answer_pair(_pair(lab, clip, index, gap), method, parameters)
                lab.answers.put(key, answer, answer.nbytes)  # it keeps the pair alive
            if outliers is None:
                return answer
            cleaned = lab.answers.get((*key, outliers))
            if cleaned is None:
                cleaned = answer.filtered(outliers)
                lab.answers.put((*key, outliers), cleaned, cleaned.nbytes)
            return cleaned
    except SupersededError:
        st.stop()


def answer_token(clip: Clip, answer: Answer, outliers: OutlierParameters | None) -> str:
    """Return a short text that names an answer, the same in every session and unlike that of any other."""
    pair = answer.pair
    key = (clip.info.content_hash, clip.info.width, pair.first.index, pair.second.index, answer.method.name,
           answer.settings, outliers)  # fmt: skip
    return hashlib.blake2s(repr(key).encode(), digest_size=8).hexdigest()


def carried_along(clip: Clip, start: int, answer: Answer) -> Answer:
    """Return `answer` with frame `start` carried along to the pair's second frame, kept as it grows."""
    lab, info = open_lab(), clip.info
    key = (info.content_hash, info.width, answer.method.name, answer.settings, start)
    picture = accumulated(
        start,
        answer.pair.second.index,
        first=lambda index: clip.frame(index).rgb,
        flow=lambda index: dense_flow(clip, index, 1, answer.method, answer.settings).flow,
        known=lambda index: lab.glitches.get((*key, index)),
        remember=lambda index, picture: lab.glitches.put((*key, index), picture, picture.nbytes),
    )
    return replace(answer, accumulated=picture)


def over_time(
    clip: Clip,
    frames: tuple[int, int],
    gap: int,
    method: Method,
    parameters: Parameters,
    *,
    probe: tuple[int, int] | None,
    selection: Selection,
) -> Iterator[tuple[float, OverTime | None]]:
    """Yield the progress and at last the result of a range of pairs, at once where it was computed before."""
    lab, info = open_lab(), clip.info
    key = (info.content_hash, info.width, frames, gap, method.name, parameters, probe, selection)
    found = lab.over_time.get(key)
    if found is not None:
        yield 1.0, found
        return
    factor = float(info.factor[0]), float(info.factor[1])
    counts = None if selection.is_all else selection.mask(info.height, info.width, factor)
    for share, result in flow_over_time(clip, frames, gap, method, parameters, probe=probe, counts=counts):
        if result is not None:
            lab.over_time.put(key, result, result.nbytes)
        yield share, result


def _pair(lab: Lab, clip: Clip, index: int, gap: int) -> Pair:
    """Return two frames and their truth, from memory where they were read before."""
    key = (clip.info.content_hash, clip.info.width, index, gap)
    pair = lab.pairs.get(key)
    if pair is None:
        pair = read_pair(clip, index, gap)
        lab.pairs.put(key, pair, pair.nbytes)
    return pair


def fixed_scales(clip: Clip, gap: int) -> Scales:
    """Return the clip's colour scales per `gap`, the same for every frame and method."""
    lab, info = open_lab(), clip.info
    key = (info.content_hash, gap, info.width)
    scales = lab.scales.get(key)
    if scales is None:
        with st.spinner("Finding how fast this clip moves …"):
            scales = clip_scales(clip, gap)
        lab.scales.put(key, scales, 1)
    return scales
