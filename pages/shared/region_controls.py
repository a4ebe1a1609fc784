"""The controls of the Affine tracking page, top to bottom of its sidebar."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import streamlit as st

from flowlab.core.clip import Clip
from flowlab.core.parameters import Parameters
from flowlab.core.truth import BoxTruth, Truth
from flowlab.jobs.region_look import RegionLook
from flowlab.jobs.region_start import first_box
from flowlab.tracking.trackers import DEFAULT_TRACKER, TRACKERS, Tracker

from .folded import from_address, to_address
from .lab import open_lab
from .region_clip import Asked
from .region_keyframes import KEYS, read_keys
from .region_subject import PREFIX
from .roi import ROI, offer_roi_text, read_roi, to_clip, to_working
from .url import BOUND, set_clip, set_text, set_whole_number, text, whole_number
from .widgets import knobs

_TRACKER = f"{PREFIX}tracker"
_START = f"{PREFIX}from"
_CLIP = "_a_clip"
_CUSTOM = "custom"
_USUAL = {"scene:planar": "esm-homography"}  # a flat thing in perspective
_OFFERED = ("DragonBaby", "Car4", "Bolt2")

_ALWAYS = ("motion",)
_GROUPS = {
    "Alignment": ("formulation", "photometry", "blur", "blur_sigma", "weights", "centre", "levels", "iterations",
                  "stopping", "epsilon", "damping"),
    "From frame to frame": ("prediction", "simple_first", "appearance", "update"),
    "When to believe it": ("min_ncc", "regain_ncc", "min_visible", "min_inside", "patience", "redetect"),
}  # fmt: skip


@dataclass(frozen=True)
class View:
    """How a region is shown.

    Attributes:
        trail: frames of the way it came, 0 for none.
        axes: whether its own axes are drawn.
        truth: whether what the clip knows of its objects is drawn.
    """

    trail: int
    axes: bool
    truth: bool

    @property
    def look(self) -> RegionLook:
        """How a video shows it."""
        return RegionLook(trail=self.trail, axes=self.axes)


def offer_sequences(on_change: Callable[[], None]) -> None:
    """Show buttons for well-known sequences, where the data sets of this server have them; they begin at frame 0."""
    known = {name.rpartition("/")[2]: name for name in open_lab().library.data.titles()}
    offered = [name for name in _OFFERED if name in known]

    def show(name: str) -> None:
        set_clip(known[name])
        on_change()

    if offered:
        with st.container(horizontal=True, gap="small", key="a_sequences"):
            for name in offered:
                st.button(name, key=f"a_sequence_{name}", on_click=show, args=(name,),
                          help="Real footage that knows where the thing is in every frame.")  # fmt: skip


def choose_region(clip: Clip) -> tuple[Asked, list[str]]:
    """Show the controls of the box and of the tracker; return what is asked for, and sentences on what cannot be."""
    info = clip.info
    _forget_another_clip(info.content_hash.partition("?")[0])
    st.caption("REGION")
    start = whole_number(_START, 0, max(0, info.frame_count - 1))
    usual = to_clip(first_box(clip, start), info)
    box, refused = read_roi(info, usual)
    offer_roi_text(usual)
    if info.frame_count > 1:
        st.session_state[f"{_START}_set"] = start
        about = "The frame in which the box lies and the tracker starts. No earlier frame is shown."
        st.number_input("Track from frame", 0, info.frame_count - 1, key=f"{_START}_set", help=about,
                        on_change=_set_start)  # fmt: skip
    keyframes, more = read_keys(info, start)
    tracker, parameters = _choose_tracker(info.content_hash)
    asked = Asked(tracker, parameters, start, to_working(box, info), keyframes)
    return asked, ([refused] if refused else []) + more


def _forget_another_clip(name: str) -> None:
    """Forget what was drawn on another clip, where it was chosen on another page; a link's own boxes stay."""
    if st.session_state.get(_CLIP, name) != name:
        for drawn in (ROI, KEYS):
            if drawn not in st.query_params:
                set_text(drawn, "")
    st.session_state[_CLIP] = name


def _set_start() -> None:
    set_whole_number(_START, st.session_state[f"{_START}_set"])


def forget_start() -> None:
    """Begin with the clip's first frame."""
    set_whole_number(_START, 0)


def _choose_tracker(clip_name: str) -> tuple[Tracker, Parameters]:
    """Show the trackers, the presets of the chosen one, and its parameters."""
    st.caption("TRACKER")
    usual = _USUAL.get(clip_name.partition("?")[0], DEFAULT_TRACKER)
    name = text(_TRACKER)
    if name not in TRACKERS:
        set_text(_TRACKER, "")
        name = usual
    key = f"{_TRACKER}_set"
    st.session_state[key] = name

    def chosen() -> None:
        set_text(_TRACKER, "" if st.session_state[key] == usual else st.session_state[key])

    about = "\n".join(f"- **{row.title}**: {row.citation}. Good at {row.good_at}; not at {row.bad_at}."
                      for row in TRACKERS.values())  # fmt: skip
    st.selectbox("Tracker", list(TRACKERS), format_func=lambda one: TRACKERS[one].title, key=key, on_change=chosen,
                 help=about)  # fmt: skip
    row = TRACKERS[name]
    prefix = f"{PREFIX}{row.key}_"
    values = from_address(row.parameters, prefix, row.usual)
    write = partial(to_address, prefix=prefix, usual=row.usual)
    _presets(row, values, prefix, write)
    _parameters(values, prefix, write)
    return row, values


def _presets(row: Tracker, values: Parameters, prefix: str, write: Callable[[Parameters], None]) -> None:
    """Show the presets of a tracker that has some; choosing one sets every parameter."""
    if not row.presets:
        return
    key = f"{prefix}preset"
    st.session_state[key] = next((preset.name for preset in row.presets if preset.values == values), _CUSTOM)

    def apply() -> None:
        if st.session_state[key] != _CUSTOM:
            write(row.parameters.preset(st.session_state[key]))

    sources = "\n".join(f"- **{preset.name}**: {preset.source}" for preset in row.presets)
    st.selectbox("Preset", [*(preset.name for preset in row.presets), _CUSTOM], key=key, on_change=apply, help=sources)


def _parameters(values: Parameters, prefix: str, write: Callable[[Parameters], None]) -> None:
    """Show the parameters: what the template may do at once, the others under folds, made when they are open."""
    names = [field.name for field in values.fields()]
    grouped = {title: tuple(name for name in group if name in names) for title, group in _GROUPS.items()}
    if not grouped["When to believe it"]:  # OpenCV's trackers have few, all of their own
        _knobs(values, tuple(names), prefix, write)
        return
    _knobs(values, _ALWAYS, prefix, write)
    for title, group in grouped.items():
        place = st.expander(title, key=f"{prefix}{group[0]}_open", on_change="rerun")
        if place.open:
            with place:
                _knobs(values, group, prefix, write)


def _knobs(values: Parameters, names: tuple[str, ...], prefix: str, write: Callable[[Parameters], None]) -> None:
    others = tuple(field.name for field in values.fields() if field.name not in names)
    knobs(values, f"{prefix}set_", write, skip=others)


def choose_view(clip: Clip) -> View:
    """Show the controls of the view."""
    st.caption("VIEW")
    about = "Frames of the way it came; where the tracker did not believe itself there is a gap."
    trail = st.slider("Trail (frames)", 0, 200, 60, 5, key=f"{PREFIX}trail", help=about, **BOUND)
    about = "From its centre to the middles of its right and of its lower side: they show turns and stretches."
    axes = st.toggle("Axes", True, key=f"{PREFIX}axes", help=about, **BOUND)
    truth: Any = False
    if isinstance(clip, Truth | BoxTruth):
        about = "Draw, dashed, where the clip knows its objects to be."
        truth = st.toggle("Show the truth", False, key=f"{PREFIX}truth", help=about, **BOUND)
    return View(int(trail), bool(axes), bool(truth))
