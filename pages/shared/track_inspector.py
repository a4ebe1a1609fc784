"""One track, looked into: its patch through time, and the course of its position, speed and tests."""

import numpy as np
import streamlit as st

from flowlab.core.clip import Clip
from flowlab.drawing.inks import inks
from flowlab.drawing.pixels import patch_strip
from flowlab.drawing.plots import profile_plot
from flowlab.media.encode import encode_png
from flowlab.tracking.endings import Status
from flowlab.tracking.patches import around
from flowlab.tracking.tracks import Tracks

from .chart import plot
from .point_views import Shown, pick, picked
from .subject import Array, course, is_dark, offer_table
from .tracking import Asked

_PATCHES = 12  # each may cost a frame read from the clip
_WIDTH = 60  # px of a patch on the screen, about


def inspect_track(clip: Clip, shown: Shown, asked: Asked) -> None:
    """Show the track that was picked, up to this frame; ask for one where none was."""
    track = picked()
    rows = shown.tracks.of(-1 if track is None else track)
    if not len(rows):
        st.info("Click a point on the picture, or give its number: its patch and its course appear here.")
        _number(shown, track)
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _number(shown, track)
        st.caption(_told(rows))
    _patches(clip, rows, asked)
    _course(shown, rows)


def _number(shown: Shown, track: int | None) -> None:
    """Show the picked track's number, to type another."""
    most = int(shown.tracks.track.max(initial=0))
    st.session_state["s_pick_number"] = None if track is None else min(track, most)
    st.number_input("Track", 0, most, key="s_pick_number", width=120, on_change=_typed)


def _typed() -> None:
    number = st.session_state["s_pick_number"]
    pick(None if number is None else int(number))


def _told(rows: Tracks) -> str:
    ended = Status(int(rows.status[-1]))
    born, last = int(rows.frame[0]), int(rows.frame[-1])
    fate = "is alive" if ended.is_alive else f"ended: {ended.words}"
    return f"Born in frame {born} at ({rows.xy[0, 0]:.1f}, {rows.xy[0, 1]:.1f}); in frame {last} it {fate}."


def _patches(clip: Clip, rows: Tracks, asked: Asked) -> None:
    """Show the patch around the track in some of its frames, the first and the last among them."""
    picks = np.unique(np.rint(np.linspace(0, len(rows) - 1, min(len(rows), _PATCHES))).astype(int))
    side = asked.parameters.window
    patches = []
    for row in picks:
        grey = clip.frame(int(rows.frame[row])).grey.astype(np.float32)
        patches.append(around(grey, rows.xy[row : row + 1], side).reshape(side, side))
    red, green, blue = bytes.fromhex(inks(is_dark()).page.removeprefix("#"))
    strip = patch_strip(
        np.stack(patches), zoom=max(1, round(_WIDTH / side)), per_row=_PATCHES, gap=3, ground=(red, green, blue)
    )
    frames = ", ".join(str(int(rows.frame[row])) for row in picks)
    st.image(encode_png(strip))
    st.caption(f"Its window, {side} px wide, in frames {frames}.")


def _course(shown: Shown, rows: Tracks) -> None:
    """Show position, speed and tests over time."""
    units = shown.view.units
    frames: Array = rows.frame.astype(float)
    x, y = rows.xy.T.astype(float)
    moved = course(rows.uv[:, 0], rows.uv[:, 1], units)
    plots: tuple[tuple[str, dict[str, Array], str, str], ...] = (
        ("s_place", {"x": x - x[0], "y": y - y[0]}, "moved since its birth (px)", "px"),
        ("s_speed", {"speed": moved["speed"]}, f"speed ({units.speed})", units.speed),
        ("s_fb", {"forward-backward error": rows.fb_error}, "forward-backward error (px)", "px"),
        ("s_ncc", {"likeness to birth patch": rows.ncc}, "correlation with its birth patch", ""),
    )
    for column, pair in zip(st.columns(2), (plots[::2], plots[1::2]), strict=True):
        with column:
            for key, series, title, unit in pair:
                figure = profile_plot(frames, series, x_title="frame", y_title=title, unit=unit, dark=is_dark())
                plot(figure, key=key, height=220)
    table = {"frame": frames, "x": x, "y": y, "fb_error": rows.fb_error, "min_eig": rows.min_eig, "ncc": rows.ncc}
    offer_table(f"track_{int(rows.track[0])}.csv", table)
