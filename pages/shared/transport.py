"""Moving through a clip: a frame slider, stepping by keys, and playing."""

import time

import streamlit as st

from .url import set_whole_number, whole_number

_PLAY = "_playing"
_ADVANCE = "_advance"
_SHOWN_AT = "_shown_at"
_FASTEST = 12.0  # frames/s: more than a browser can draw
_PAINT, _PAINT_STEPS = 0.12, 12  # s for decoding and painting a picture, and how often to look up meanwhile
_PAUSE = 0.02  # s: room for what the person does meanwhile


def frame_slider(last: int, key: str, usual: int = 0, first: int = 0) -> int:
    """Show slider, step and play controls for frames 0 .. last, and return the frame to show: `usual` to begin with.

    No frame before `first` is shown: whoever asks for one sees that, and playing goes round from there. Left and
    right arrow keys step, the space bar plays and pauses. `keep_playing`, called when the page is drawn, moves on.
    """
    if last < 1:
        stop_playing()  # there is no button to pause with
        return 0
    frame = whole_number(key, first, last, usual)
    if st.session_state.pop(_ADVANCE, False):
        frame = first if frame >= last else frame + 1
    set_whole_number(key, frame, usual)
    st.session_state[key] = frame
    playing = st.session_state.get(_PLAY, False)

    def step(by: int) -> None:
        st.session_state[_PLAY] = False
        set_whole_number(key, min(last, max(first, whole_number(key, first, last, usual) + by)), usual)

    def moved() -> None:
        set_whole_number(key, st.session_state[key], usual)

    def toggle() -> None:
        st.session_state[_PLAY] = not playing

    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button("", icon=":material/chevron_left:", key=f"{key}_back", on_click=step, args=(-1,), shortcut="Left",
                  help="One frame back (left arrow key)")  # fmt: skip
        st.button("", icon=":material/pause:" if playing else ":material/play_arrow:", key=f"{key}_play",
                  on_click=toggle, shortcut="Space", help="Play or pause (space bar)")  # fmt: skip
        st.button("", icon=":material/chevron_right:", key=f"{key}_on", on_click=step, args=(1,), shortcut="Right",
                  help="One frame on (right arrow key)")  # fmt: skip
        return int(st.slider("Frame", 0, last, 0, key=key, label_visibility="collapsed", on_change=moved))


def is_playing() -> bool:
    """Return whether the clip plays: what nobody can read at that pace need not be worked out."""
    return bool(st.session_state.get(_PLAY, False))


def let_the_browser_paint() -> None:
    """Wait a moment after a picture was sent, unless playing; a person who moves on meanwhile ends this run here.

    What is computed next would take the processor from the browser, and be for nothing while a slider is moved.
    """
    if is_playing():
        return
    for _ in range(_PAINT_STEPS):
        time.sleep(_PAINT / _PAINT_STEPS)
        st.session_state.get(_PLAY)  # any access lets a newer run take over


def stop_playing() -> None:
    """Pause: another clip or page has come."""
    st.session_state[_PLAY] = False


def keep_playing(fps: float) -> None:
    """When playing, go on to the next frame in the clip's own time, or as fast as the page can; else return.

    Called at the end of the fragment that draws the frame.
    """
    if not st.session_state.get(_PLAY, False):
        return
    st.session_state[_ADVANCE] = True
    due = st.session_state.get(_SHOWN_AT, 0.0) + 1 / min(fps, _FASTEST)
    time.sleep(max(_PAUSE, due - time.monotonic()))
    st.session_state[_SHOWN_AT] = time.monotonic()
    st.rerun(scope="fragment")
