"""Dense flow: what moves, how fast, and can it be trusted, at every pixel of two frames of a clip."""

import streamlit as st

from flowlab.core.clip import Clip
from flowlab.errors import FlowlabError
from flowlab.jobs.pairs import check_size, last_index
from flowlab.jobs.views import VIEWS, view
from pages.shared.clip_picker import choose_clip, offer_remedy, show_refusal
from pages.shared.closer import look_closer
from pages.shared.dense_controls import choose_gap, choose_look, choose_measure, choose_method, glitch_start
from pages.shared.downloads import offer_downloads, page_script
from pages.shared.flow_views import Showing, show_flow
from pages.shared.front_door import enter
from pages.shared.job_list import show_jobs
from pages.shared.lab import answer_token, carried_along, dense_flow, fixed_scales, warm_up
from pages.shared.marks import probe_pixel, read_marks, show_refused
from pages.shared.more_numbers import more_numbers
from pages.shared.numbers import show_numbers, work_out
from pages.shared.plain import plain
from pages.shared.subject import Subject
from pages.shared.transport import frame_slider, is_playing, keep_playing, let_the_browser_paint, stop_playing
from pages.shared.url import check_version, set_whole_number
from pages.shared.widgets import one_of


def to_the_start() -> None:
    """Another clip begins at its first frame."""
    stop_playing()
    set_whole_number("d_frame", 0)


@st.fragment
def explore(clip: Clip) -> None:
    """Read the controls, compute, show. A fragment: moving a control draws this again and nothing else."""
    try:
        show_answer(clip)
    except FlowlabError as error:
        stop_playing()
        st.error(plain(error))
    keep_playing(float(clip.info.fps))


def show_answer(clip: Clip) -> None:
    """Show the picture first and the numbers after it, so that nobody waits for them to see."""
    info = clip.info
    check_size(info)
    marks = read_marks(info)
    with st.sidebar:
        gap = choose_gap(info.frame_count)
        method, settings = choose_method()
        look, swipe = choose_look(fixed_scales(clip, gap))
        measure = choose_measure(clip, gap, marks)
    shown = view(one_of("View", list(VIEWS), "colour", "d_view"))
    place = st.container()
    frame = frame_slider(last_index(info.frame_count, gap), "d_frame")

    answer = dense_flow(clip, frame, gap, method, settings, measure.outliers)
    if shown.accumulates:
        answer = carried_along(clip, glitch_start(frame + gap), answer)
    token = answer_token(clip, answer, measure.outliers)
    thresholds = None if is_playing() else measure.trust
    more = thresholds is not None
    with place:
        show_flow(answer, info, Showing(shown, look, gap, swipe, measure.units, marks, measure.objects, token, more))
    let_the_browser_paint()
    if thresholds is not None:
        fb, probe = answer.trust(thresholds).forward_backward, probe_pixel(marks, info)
        more_numbers(fb, answer.error, token=token, key="d_more", probe=probe)
    show_refused(marks, measure.refused)
    numbers = work_out(answer, marks.selection, info, thresholds)
    show_numbers(info, answer, numbers, measure.units, marks.selection, trust_follows=measure.trust is not None)
    offer_downloads(answer, shown, look, gap, page_script(info, answer, gap, measure.outliers, marks.selection))
    look_closer(Subject(clip, answer, gap, marks, measure.units, look, measure.trust, shown, measure.outliers))


enter()
check_version()
try:
    with st.sidebar:
        show_jobs()
        chosen_clip = choose_clip("d_width", to_the_start)
except FlowlabError as error:
    stop_playing()
    show_refusal()
    st.error(plain(error))
    offer_remedy(to_the_start)
else:
    show_refusal()
    explore(chosen_clip)
    warm_up()
