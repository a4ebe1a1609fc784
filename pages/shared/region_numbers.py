"""The row of numbers people compare, of a tracked region in one frame."""

import math

import streamlit as st

from flowlab.tracking.affine.decomposition import decomposed
from flowlab.tracking.affine.states import State

from .numbers import show_losses
from .plain import plain
from .region_subject import RegionSubject


def show_numbers(subject: RegionSubject) -> None:
    """Show what the tracker says of the frame, where the region is, and how much of the clip was tracked so far."""
    track = subject.track
    row = track.at(subject.frame)
    state, parts = State(int(row.state[0])), decomposed(row.warp)
    x, y = parts.centre[0].tolist()
    told = [
        ("State", state.words, f"{state.words.capitalize()}: {state.about}."),
        ("NCC", _told(float(row.ncc[0]), ".3f", ""),
         "Normalised correlation of the template with what lies under it: 1 is the same picture, whatever the light."),
        ("Position", f"{_told(x, '.1f', '')}, {_told(y, '.1f', ' px')}", "Where the template's centre is: x, y."),
        ("Scale", _told(float(parts.scale[0]), ".3f", " ×"), "Its size; 1 is as it was drawn last."),
        ("Rotation", _told(float(parts.rotation[0]), ".1f", "°"), "Since it was drawn last, clockwise on the screen."),
        ("Iterations", str(int(row.iterations[0])), "Steps of the alignment, all pyramid levels together."),
        ("Tracked", f"{track.believed.mean():.1%}",
         "Share of the frames so far in which the tracker believes its own answer, keyframes among them."),
    ]  # fmt: skip
    with st.container(horizontal=True, gap="medium", key="a_numbers"):
        for label, value, about in told:
            st.metric(label, value, help=about)
    info = subject.info
    scaled = f", at {info.width}x{info.height}" if info.is_scaled else ""
    width, height = info.source_width or info.width, info.source_height or info.height
    st.caption(plain(
        f"{info.name} · {width}x{height}{scaled} · {info.frame_count} frames · tracked since frame {subject.start} by "
        f"{subject.tracker.title}."
    ))  # fmt: skip
    show_losses(info)


def _told(value: float, form: str, unit: str) -> str:
    return "–" if math.isnan(value) else f"{value:{form}}{unit}"
