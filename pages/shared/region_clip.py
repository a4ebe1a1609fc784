"""Where a region is in a clip, for all sessions: followed once, with a bar where that takes a while."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

import streamlit as st

from flowlab.core.clip import Clip
from flowlab.core.parameters import Parameters
from flowlab.core.region import Box
from flowlab.engine.slot import SupersededError
from flowlab.errors import StoreError
from flowlab.jobs.region_history import RegionHistory, check_frame_cost
from flowlab.jobs.region_job import RegionJob
from flowlab.jobs.region_look import RegionLook
from flowlab.tracking.affine.region_track import RegionTrack, joined, no_rows
from flowlab.tracking.trackers import Tracker

from .lab import KeptFrames, open_lab, session_slot
from .roi import to_clip

PATIENCE = 5.0
"""s of work that following may take before somebody says that it may take longer."""

_BUSY = 4  # times as long by the clock, on a machine that has other things to do
_QUIET = 0.6  # s without a bar
_ALLOWED = "_a_allowed"


@dataclass(frozen=True, eq=False)
class Asked:
    """Which region is followed, and how.

    Attributes:
        tracker: what follows it.
        parameters: of the tracker.
        start: the first frame.
        box: in the first frame, working px.
        keyframes: later frame -> box that was drawn there, working px, in order.
    """

    tracker: Tracker
    parameters: Parameters
    start: int
    box: Box
    keyframes: Mapping[int, Box]

    @property
    def question(self) -> tuple[object, ...]:
        """What tells one from another."""
        return self.tracker.name, self.parameters, self.start, self.box, tuple(self.keyframes.items())

    def stretches(self, stop: int) -> Iterator[tuple[int, int, Box]]:
        """Yield the stretches of frames before `stop`: the first frame, the one after the last, the box drawn there."""
        begins = [self.start, *self.keyframes]
        ends = [*self.keyframes, stop]
        boxes = [self.box, *self.keyframes.values()]
        for begin, end, box in zip(begins, ends, boxes, strict=True):
            if begin < stop:
                yield begin, min(end, stop), box


def job_of(clip: Clip, asked: Asked, look: RegionLook | None) -> RegionJob:
    """Return the whole clip's job: from the first frame to the last."""
    info = clip.info
    keyframes = {frame: to_clip(box, info) for frame, box in asked.keyframes.items()}
    return RegionJob.of(info, (asked.start, info.frame_count), to_clip(asked.box, info), asked.parameters,
                        name=asked.tracker.name, keyframes=keyframes, look=look)  # fmt: skip


def rows_of_job(clip: Clip, asked: Asked) -> RegionTrack:
    """Return the rows that a job has worked out so far, from the first frame on."""
    lab, job = open_lab(), job_of(clip, asked, None)
    kept = lab.region_rows.get(job.key)
    if kept is not None:
        return kept
    parts = [no_rows(asked.start)]
    with suppress(StoreError):  # of a piece that is not made yet, or was removed for want of room
        for part in lab.region_workshop.tables(job):
            parts.append(part)
    rows = joined(parts)
    if rows.stop == job.stop:
        lab.region_rows.put(job.key, rows, 500 * len(rows))
    return rows


def known_rows(clip: Clip, asked: Asked) -> RegionTrack:
    """Return all rows that are known, from the first frame on, as long as they follow one another."""
    parts = [no_rows(asked.start)]
    for begin, end, box in asked.stretches(clip.info.frame_count):
        history = open_lab().regions.get(_key(clip, asked, begin, box))
        if history is not None:
            parts.append(history.track(end))
        if parts[-1].stop < end:
            break
    found, made = joined(parts), rows_of_job(clip, asked)
    return made if made.stop > found.stop else found


def followed(clip: Clip, asked: Asked, frame: int, on_stop: Callable[[int], None]) -> RegionTrack:
    """Return the track from the first frame to `frame`; a newer request of the session ends this one.

    It ends before `frame` where following so far takes longer than `PATIENCE`, unless `allow` was called.

    Args:
        clip: the clip at its working width.
        asked: which region.
        frame: the last frame.
        on_stop: called with the last frame that is followed when a person presses Stop.

    Raises:
        FlowlabError: a frame cannot be read, or a box cannot be followed.
    """
    made = rows_of_job(clip, asked)
    if made.stop > frame:
        return made.between(asked.start, frame + 1)
    stretches = list(asked.stretches(frame + 1))
    for _, _, box in stretches:
        check_frame_cost(clip.info, asked.tracker, asked.parameters, box)
    histories = [_history(clip, asked, begin, box) for begin, _, box in stretches]
    ends = [end for _, end, _ in stretches]
    if any(history.stop < end for history, end in zip(histories, ends, strict=True)):
        try:
            with session_slot().turn():
                _grow(clip, asked, list(zip(histories, ends, strict=True)), on_stop)
        except SupersededError:
            st.stop()
        finally:
            for (begin, _, box), history in zip(stretches, histories, strict=True):
                open_lab().regions.put(_key(clip, asked, begin, box), history, history.nbytes)
    parts = [no_rows(asked.start)]
    for history, end in zip(histories, ends, strict=True):
        parts.append(history.track(end))
        if history.stop < end:
            break
    return joined(parts)


def allow(asked: Asked, frame: int) -> None:
    """Let following this region up to a frame take as long as it takes."""
    st.session_state[_ALLOWED] = (asked.question, frame)


def _history(clip: Clip, asked: Asked, begin: int, box: Box) -> RegionHistory:
    """Return what is known of a stretch: it depends on nothing but the box that it begins with."""
    lab, key = open_lab(), _key(clip, asked, begin, box)
    history = lab.regions.get(key)
    if history is None:
        history = RegionHistory(asked.tracker, asked.parameters, box, begin)
        lab.regions.put(key, history, history.nbytes)
    return history


def _key(clip: Clip, asked: Asked, begin: int, box: Box) -> tuple[object, ...]:
    info = clip.info
    return info.content_hash, info.width, asked.tracker.name, asked.parameters, begin, box


def _grow(
    clip: Clip, asked: Asked, parts: list[tuple[RegionHistory, int]], on_stop: Callable[[int], None]
) -> None:  # fmt: skip
    """Follow each history up to its end, with a bar and a button where there is time to read them."""
    stop = parts[-1][1]
    question, farthest = st.session_state.get(_ALLOWED, ((), 0))
    patient = question == asked.question and stop - 1 <= farthest
    bar, place, began, worked = None, st.empty(), time.monotonic(), time.thread_time()
    lacking = sum(max(0, end - history.stop) for history, end in parts)
    done = 0
    for history, end in parts:
        for frame in history.until(KeptFrames(clip), end):
            st.session_state.get("_playing")  # any access lets a newer run take over
            done, past = done + 1, time.monotonic() - began
            too_long = time.thread_time() - worked > PATIENCE or past > _BUSY * PATIENCE
            if too_long and not patient:
                place.empty()
                return
            if bar is None and past > 0.1 and past / done * lacking > _QUIET:
                with place.container(horizontal=True, vertical_alignment="center"):
                    bar = st.progress(0.0)
                    st.button("Stop here", key="a_stop", on_click=_stop, args=(asked, clip, on_stop))
            if bar is not None:
                bar.progress(min(1.0, done / lacking), f"Followed to frame {frame} of {stop - 1}")
    place.empty()


def _stop(asked: Asked, clip: Clip, on_stop: Callable[[int], None]) -> None:
    on_stop(max(asked.start, known_rows(clip, asked).stop - 1))
