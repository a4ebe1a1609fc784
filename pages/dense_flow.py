"""Dense flow: what moves, and how fast, at every pixel of two frames of a clip."""

import streamlit as st

from flowlab.core.clip import Clip
from flowlab.core.parameters import Parameters
from flowlab.dense.estimator import Method
from flowlab.dense.methods import DEFAULT_METHOD, METHODS, method
from flowlab.errors import FlowlabError
from flowlab.jobs.pairs import check_size, last_index
from flowlab.jobs.views import VIEWS, Look, view
from pages.shared.clip_picker import choose_clip, offer_default, show_refusal
from pages.shared.downloads import offer_downloads, page_script
from pages.shared.flow_views import show_flow
from pages.shared.lab import dense_flow, fixed_scale
from pages.shared.numbers import show_numbers
from pages.shared.plain import plain
from pages.shared.transport import frame_slider, keep_playing, stop_playing
from pages.shared.url import BOUND, check_version, set_whole_number
from pages.shared.widgets import one_of, parameters

MOST_GAP = 100  # frames


def to_the_start() -> None:
    """Another clip begins at its first frame."""
    stop_playing()
    set_whole_number("d_frame", 0)


def choose_method() -> tuple[Method, Parameters]:
    """Show the methods and the parameters of the one chosen."""
    st.caption("METHOD")
    chosen = method(one_of("Method", list(METHODS), DEFAULT_METHOD, "d_method"))
    st.caption(f"{chosen.title}: good at {chosen.good_at}; bad at {chosen.bad_at}.", help=chosen.citation)
    return chosen, parameters(chosen.parameters, f"d_{chosen.key}_")


def choose_look(automatic: float) -> tuple[Look, bool]:
    """Show the controls of the view; return them, and whether the frame lies beneath it."""
    st.caption("VIEW")
    about = "Lay the first frame beneath the view, and uncover it with the slider under the picture."
    swipe = st.toggle("Frame beneath, to swipe", True, key="d_swipe", help=about, **BOUND)
    about = f"Speed at the rim of the wheel and the end of the scale. Automatic (0) is {automatic:g} px for this clip."
    scale = st.number_input("Full colour at (px)", 0.0, 500.0, 0.0, 0.5, key="d_scale", help=about, **BOUND)
    spacing = st.slider("Arrow spacing (px)", 4, 64, 16, 2, key="d_spacing", help="Distance between arrows.", **BOUND)
    about = "Length of an arrow at full colour, in spacings: 1 reaches the next arrow."
    reach = st.slider("Arrow length", 0.25, 5.0, 1.5, 0.25, key="d_reach", help=about, **BOUND)
    return Look(scale or automatic, spacing, reach), swipe


def choose_gap(frame_count: int) -> int:
    """Show the control of the gap between the frames of a pair; a clip of few frames allows less."""
    about = "How many frames later the second picture is: a larger gap sees slower motion."
    gap = int(st.number_input("Gap between frames", 1, MOST_GAP, 1, key="d_gap", help=about, **BOUND))
    most = max(1, frame_count - 1)
    if gap > most:
        st.caption(f"This clip allows {most} at most, which is used.")
    return min(gap, most)


@st.fragment
def explore(clip: Clip) -> None:
    """Read the controls, compute, show. A fragment: moving a control draws this again and nothing else."""
    try:
        check_size(clip.info)
        with st.sidebar:
            gap = choose_gap(clip.info.frame_count)
            chosen, settings = choose_method()
            look, swipe = choose_look(fixed_scale(clip, gap))
        shown = view(one_of("View", list(VIEWS), "colour", "d_view"))
        place = st.container()
        frame = frame_slider(last_index(clip.info.frame_count, gap), "d_frame")

        answer = dense_flow(clip, frame, gap, chosen, settings)

        with place:
            show_flow(answer.pair, answer.flow, shown, look, gap=gap, swipe=swipe)
        show_numbers(clip.info, answer, gap)
        offer_downloads(answer, shown, look, gap, page_script(clip.info, frame, gap, chosen, settings))
    except FlowlabError as error:
        stop_playing()
        st.error(plain(error))
    keep_playing(float(clip.info.fps))


check_version()
try:
    with st.sidebar:
        chosen_clip = choose_clip("d_width", to_the_start)
except FlowlabError as error:
    stop_playing()
    show_refusal()
    st.error(plain(error))
    offer_default(to_the_start)
else:
    show_refusal()
    explore(chosen_clip)
