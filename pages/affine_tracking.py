"""Affine tracking: a drawn box followed as it moves, turns, grows and leans, and when not to believe it."""

import streamlit as st

from flowlab.core.clip import Clip
from flowlab.errors import FlowlabError
from flowlab.jobs.pairs import check_size
from flowlab.tracking.affine.region_track import no_rows
from pages.shared.clip_picker import choose_clip, offer_remedy, show_refusal
from pages.shared.front_door import enter
from pages.shared.job_list import show_jobs
from pages.shared.lab import KeptFrames, warm_up
from pages.shared.plain import plain
from pages.shared.region_clip import followed
from pages.shared.region_controls import choose_region, choose_view, forget_start, offer_sequences
from pages.shared.region_downloads import offer_downloads
from pages.shared.region_keyframes import forget_keyframes, offer_keyframes
from pages.shared.region_keyframes import show_refusal as show_refused_keyframes
from pages.shared.region_numbers import show_numbers
from pages.shared.region_panels import look_closer, offer_to_go_on
from pages.shared.region_subject import RegionSubject
from pages.shared.region_views import show_region
from pages.shared.roi import set_roi
from pages.shared.transport import frame_slider, keep_playing, let_the_browser_paint, stop_playing
from pages.shared.url import check_version, set_whole_number

DEFAULT_CLIP = "scene:planar"
FRAME = "a_frame"
USUAL_FRAME = 20  # where the page opens: far enough for a trail


def to_the_start() -> None:
    """Another clip begins where pages open, with nothing drawn."""
    stop_playing()
    go_to(USUAL_FRAME)
    forget_start()
    set_roi(None)
    forget_keyframes()


def go_to(frame: int) -> None:
    """Show a frame, and stay there."""
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
    """Show the picture first, whatever the tracker says, so that another box can be drawn on it."""
    info = clip.info
    check_size(info)
    with st.sidebar:
        asked, refused = choose_region(clip)
        view = choose_view(clip)
    place = st.container()
    frame = frame_slider(info.frame_count - 1, FRAME, USUAL_FRAME, asked.start)
    problem: FlowlabError | None = None
    track = no_rows(asked.start)
    try:
        track = followed(clip, asked, frame, go_to)
    except FlowlabError as error:
        stop_playing()
        problem = error
    picture = KeptFrames(clip).frame(frame)
    subject = RegionSubject(clip, info, asked.start, frame, asked.box, asked.keyframes, asked.tracker,
                            asked.parameters, track)  # fmt: skip
    with place:
        show_region(subject, picture, view)
    let_the_browser_paint()
    show_refused_keyframes()
    for sentence in refused:
        st.warning(plain(sentence))
    offer_keyframes(subject, go_to)
    if problem is not None:
        st.error(plain(problem))
    elif track.stop <= frame:
        offer_to_go_on(subject, asked, view, go_to)
    else:
        show_numbers(subject)
        offer_downloads(subject, picture, view.look)
        look_closer(subject, asked, view)


enter()
check_version()
try:
    with st.sidebar:
        show_jobs()
        chosen_clip = choose_clip("a_width", to_the_start, DEFAULT_CLIP)
        offer_sequences(to_the_start)
except FlowlabError as error:
    stop_playing()
    show_refusal()
    st.error(plain(error))
    offer_remedy(to_the_start, DEFAULT_CLIP)
else:
    show_refusal()
    explore(chosen_clip)
    warm_up()
