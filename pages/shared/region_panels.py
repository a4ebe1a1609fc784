"""Looking closer at a tracked region: its course, one alignment, the truth, how far it converges."""

from collections.abc import Callable
from importlib import import_module

import streamlit as st

from flowlab.errors import FlowlabError

from .plain import plain
from .region_clip import Asked, allow, known_rows
from .region_controls import View
from .region_course import show_track
from .region_subject import RegionSubject
from .transport import stop_playing
from .widgets import one_of

TRACK = "track"
_PANELS = {"inspect": "region_inspect", "evaluate": "region_evaluate", "convergence": "region_convergence"}


def look_closer(subject: RegionSubject, asked: Asked, view: View) -> None:
    """Show a row of ways to look closer, and the one chosen."""
    chosen = one_of("View", [TRACK, *_PANELS], TRACK, "a_view")
    try:
        if chosen == TRACK:
            show_track(subject.clip, asked, subject.frame, view.look)
        else:
            _panel(chosen)(subject)
    except FlowlabError as error:
        st.warning(plain(error))


def _panel(name: str) -> Callable[[RegionSubject], None]:
    """Return what shows a panel; its module is imported when it is first looked at."""
    shown: Callable[[RegionSubject], None] = getattr(import_module(f"pages.shared.{_PANELS[name]}"), f"show_{name}")
    return shown


def offer_to_go_on(subject: RegionSubject, asked: Asked, view: View, to_frame: Callable[[int], None]) -> None:
    """Say that following takes long; offer to wait for it, what is known, or the whole clip's job."""
    stop_playing()
    frame, last = subject.frame, max(asked.start, known_rows(subject.clip, asked).stop - 1)
    st.warning(f"The box was followed to frame {last} so far. Go on to frame {frame}, or run the whole clip as a job.")
    with st.container(horizontal=True):
        st.button(f"Go on to frame {frame}", key="a_go_on", on_click=allow, args=(asked, frame), type="primary")
        st.button(f"Show frame {last}", key="a_go_back", on_click=to_frame, args=(last,))
    show_track(subject.clip, asked, frame, view.look)
