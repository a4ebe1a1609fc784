"""Sparse tracking: corners followed through a clip, which of them to believe, and why the others ended."""

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from flowlab.core.clip import Clip
from flowlab.core.truth import Truth
from flowlab.errors import FlowlabError
from flowlab.jobs.pairs import check_size
from flowlab.jobs.track_look import colouring
from flowlab.tracking.global_motion import MotionModel, camera_path, carried, frame_outline
from flowlab.tracking.tracks import Tracks
from pages.shared.clip_picker import choose_clip, offer_remedy, show_refusal
from pages.shared.front_door import enter
from pages.shared.job_list import show_jobs
from pages.shared.lab import KeptFrames, fixed_scales, warm_up
from pages.shared.marks import read_marks, show_refused
from pages.shared.plain import plain
from pages.shared.point_controls import PREFIX, View, choose_tracker, choose_view
from pages.shared.point_downloads import offer_downloads
from pages.shared.point_numbers import camera_step, judge, show_numbers
from pages.shared.point_panels import Subject, look_closer
from pages.shared.point_views import TRACKS, Shown, choose_shown, pick, show_tracks, show_zoom
from pages.shared.tracking import followed
from pages.shared.transport import frame_slider, keep_playing, let_the_browser_paint, stop_playing
from pages.shared.url import check_version, set_whole_number

FRAME = "s_frame"
USUAL_FRAME = 15  # where the page opens: far enough for trails


def to_the_start() -> None:
    """Another clip begins where pages open, with no track picked."""
    stop_playing()
    set_whole_number(FRAME, USUAL_FRAME, USUAL_FRAME)
    set_whole_number("s_from", 0)
    pick(None)


def stop_at(frame: int) -> None:
    """Show the last frame that is followed, and follow no further."""
    stop_playing()
    set_whole_number(FRAME, frame, USUAL_FRAME)


@st.fragment
def explore(clip: Clip) -> None:
    """Read the controls, compute, show. A fragment: moving a control draws this again and nothing else."""
    try:
        show_frame(clip)
    except FlowlabError as error:
        stop_playing()
        st.error(plain(error))
    keep_playing(float(clip.info.fps))


def show_frame(clip: Clip) -> None:
    """Show the picture first and the numbers after it, so that nobody waits for them to see."""
    info = clip.info
    check_size(info)
    marks = read_marks(info, PREFIX)
    with st.sidebar:
        asked = choose_tracker(marks, info.frame_count)
        view = choose_view(asked, fixed_scales(clip, 1), marks, info, knows_truth=isinstance(clip, Truth))
    kind = choose_shown()
    place = st.container()
    frame = frame_slider(info.frame_count - 1, FRAME, USUAL_FRAME, asked.start)

    tracks = followed(clip, asked, frame + 1, stop_at)
    outline = _outline(tracks, view, info.width, info.height)
    judged = judge(clip, tracks, frame) if colouring(view.look.colour).needs_truth else None
    shown = Shown(KeptFrames(clip).frame(frame), info, tracks, view, marks, outline, judged)
    with place:
        (show_tracks if kind == TRACKS else show_zoom)(shown)
    let_the_browser_paint()
    show_refused(marks, view.refused)
    show_numbers(shown, camera_step(shown), clip)
    offer_downloads(shown, asked)
    look_closer(Subject(clip, asked, shown))


def _outline(tracks: Tracks, view: View, width: int, height: int) -> NDArray[np.float64] | None:
    """Return where the first frame's outline has gone, by the tracks since then."""
    if not view.outline:
        return None
    path = camera_path(tracks, tracks.start, tracks.stop, MotionModel(view.look.model), view.look.threshold)
    corners = carried(frame_outline(width, height), path.matrices[-1])
    return corners if np.isfinite(corners).all() else None


enter()
check_version()
try:
    with st.sidebar:
        show_jobs()
        chosen_clip = choose_clip("s_width", to_the_start)
except FlowlabError as error:
    stop_playing()
    show_refusal()
    st.error(plain(error))
    offer_remedy(to_the_start)
else:
    show_refusal()
    explore(chosen_clip)
    warm_up()
