"""Tracks of a clip for all sessions: followed once, with a bar where that takes a while."""

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from flowlab.core.clip import Clip
from flowlab.core.region import Selection
from flowlab.engine.slot import SupersededError
from flowlab.jobs.track_history import TrackHistory, check_frame_cost
from flowlab.tracking.cost import frame_seconds
from flowlab.tracking.parameters import PointParameters
from flowlab.tracking.tracks import Tracks

from .lab import KeptFrames, open_lab, session_slot
from .marks import factor_of

_PATIENCE = 0.6  # s without a bar


@dataclass(frozen=True)
class Asked:
    """Which tracks are asked for.

    Attributes:
        parameters: of the tracker.
        selection: where tracks may begin, in pixels of the clip.
        start: the first frame.
    """

    parameters: PointParameters
    selection: Selection
    start: int


def followed(clip: Clip, asked: Asked, stop: int, on_stop: Callable[[int], None]) -> Tracks:
    """Return the tracks up to frame `stop` - 1; a newer request of the session ends this one.

    Args:
        clip: the clip at its working width.
        asked: which tracks.
        stop: the frame after the last.
        on_stop: called with the last frame that is followed when a person presses Stop.

    Raises:
        FlowlabError: a frame cannot be read, or the parameters do not fit the clip.
    """
    info = clip.info
    check_frame_cost(info, asked.parameters)
    lab = open_lab()
    key = (info.content_hash, info.width, asked.parameters.question, asked.selection, asked.start)
    history = lab.histories.get(key)
    if history is None:
        selection = asked.selection
        allowed = None if selection.is_all else selection.mask(info.height, info.width, factor_of(info))
        history = TrackHistory(asked.parameters, allowed, asked.start)
        lab.histories.put(key, history, history.nbytes)
    if history.stop >= stop:
        return history.tracks(stop)
    try:
        with session_slot().turn():
            _grow(clip, history, stop, frame_seconds(info.height, info.width, asked.parameters), on_stop)
    except SupersededError:
        st.stop()
    finally:
        lab.histories.put(key, history, history.nbytes)
    return history.tracks(stop)


def _grow(clip: Clip, history: TrackHistory, stop: int, seconds: float, on_stop: Callable[[int], None]) -> None:
    """Follow the points up to `stop`, with a bar and a button where there is time to read them."""
    bar = None
    place = st.empty()
    for share in history.until(KeptFrames(clip), stop):
        st.session_state.get("_playing")  # any access lets a newer run take over
        if bar is None and (stop - history.stop) * seconds > _PATIENCE:
            with place.container(horizontal=True, vertical_alignment="center"):
                bar = st.progress(share)
                st.button("Stop here", key="s_stop", on_click=_stop, args=(history, on_stop))
        if bar is not None:
            bar.progress(share, f"Followed to frame {history.stop - 1} of {stop - 1}")
    place.empty()


def _stop(history: TrackHistory, on_stop: Callable[[int], None]) -> None:
    on_stop(history.stop - 1)
