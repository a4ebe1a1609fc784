"""The controls of the Sparse tracking page, top to bottom of its sidebar."""

from dataclasses import dataclass

import streamlit as st

from flowlab.core.clip import ClipInfo
from flowlab.core.units import Units
from flowlab.drawing.scales import nice_scale
from flowlab.jobs.scales import Scales
from flowlab.jobs.track_look import BY_TRACK, CAMERAS, COLOURINGS, TrackLook
from flowlab.tracking.global_motion import MotionModel
from flowlab.tracking.parameters import PointParameters

from .dense_controls import choose_units
from .folded import from_address, to_address
from .marks import EXCLUDED, REGION, RULER, Marks, offer_marks
from .tracking import Asked
from .url import BOUND, set_whole_number, whole_number
from .widgets import knobs

PREFIX = "s_"
_PARAMETERS = "s_p_"
_START = "s_from"
_CUSTOM = "custom"
_GROUPS = {
    "Detection": ("detector", "max_corners", "quality", "min_distance", "block_size", "top_up", "redetect_every",
                  "exclusion"),
    "Lucas-Kanade": ("window", "levels", "iterations", "epsilon", "min_eigenvalue", "velocity"),
    "What ends a track": ("decides", "forward_backward", "min_ncc", "affine", "max_correction", "merge_distance",
                          "cuts"),
}  # fmt: skip
_VIEW = ("trail",)


@dataclass(frozen=True)
class View:
    """How tracks are shown.

    Attributes:
        look: colours and trails.
        outline: whether the first frame's outline is carried along.
        ellipses: how many times larger than they are the 95 % ellipses are drawn; 0: not at all.
        units: how displacements are told.
        refused: why they are not told as was asked, or "".
    """

    look: TrackLook
    outline: bool
    ellipses: float
    units: Units
    refused: str


def choose_tracker(marks: Marks, frame_count: int) -> Asked:
    """Show presets, parameters and the first frame; return which tracks are asked for."""
    st.caption("TRACKER")
    values = from_address(PointParameters, _PARAMETERS)
    _presets(values)
    for title, names in _GROUPS.items():
        _fold(values, title, names)
    start = whole_number(_START, 0, max(0, frame_count - 1))
    if frame_count > 1:
        st.session_state[f"{_START}_set"] = start
        about = "The frame in which points are first looked for."
        st.number_input("Track from frame", 0, frame_count - 1, key=f"{_START}_set", help=about, on_change=_set_start)
    return Asked(values, marks.selection, start)


def _set_start() -> None:
    set_whole_number(_START, st.session_state[f"{_START}_set"])


def _presets(values: PointParameters) -> None:
    """Show the presets; choosing one sets every parameter."""
    names = [preset.name for preset in PointParameters.presets]
    current = next((p.name for p in PointParameters.presets if p.values.question == values.question), _CUSTOM)
    key = f"{_PARAMETERS}preset"
    st.session_state[key] = current

    def apply() -> None:
        chosen = st.session_state[key]
        if chosen in names:
            to_address(PointParameters.preset(chosen), _PARAMETERS)
            if chosen in CAMERAS:
                st.session_state["s_model"], st.session_state["s_ransac"] = CAMERAS[chosen]

    sources = "\n".join(f"- **{preset.name}**: {preset.source}" for preset in PointParameters.presets)
    st.selectbox("Preset", [*names, _CUSTOM], key=key, on_change=apply, help=sources)


def _fold(values: PointParameters, title: str, names: tuple[str, ...]) -> None:
    """Show some of the parameters under a fold; they are made when it is open."""
    place = st.expander(title, key=f"{_PARAMETERS}{names[0]}_open", on_change="rerun")
    if place.open:
        with place:
            _knobs(values, names)


def _knobs(values: PointParameters, names: tuple[str, ...]) -> None:
    others = tuple(field.name for field in values.fields() if field.name not in names)
    knobs(values, f"{_PARAMETERS}set_", lambda changed: to_address(changed, _PARAMETERS), skip=others)


def choose_view(asked: Asked, scales: Scales, marks: Marks, info: ClipInfo, *, knows_truth: bool) -> View:
    """Show the controls of the view and of what is measured; errors can be shown where the clip `knows_truth`."""
    st.caption("VIEW")
    rows = [row for row in COLOURINGS.values() if knows_truth or not row.needs_truth]
    about = "\n".join(f"- **{row.name}**: {row.words}" for row in rows)
    colour = st.selectbox("Colour", [row.name for row in rows], key="s_colour", help=about, **BOUND)
    _knobs(asked.parameters, _VIEW)
    about = "End of the colour scale of speeds; automatic (0) is the clip's own."
    speed = st.number_input("Full colour at (px)", 0.0, 500.0, 0.0, 0.5, key="s_scale", help=about, **BOUND)
    about = (
        "The 95 % ellipse of each point's last step, so many times larger than it is; 0 leaves them out. "
        "They are on the view Zoom."
    )
    ellipses = st.slider("Uncertainty ellipses (×)", 0, 100, 20, 5, key="s_ellipse", help=about, **BOUND)
    st.caption("CAMERA")
    about = "How the whole picture is taken to move from frame to frame, found by RANSAC over all points."
    models = [model.value for model in MotionModel]
    usual = models.index(MotionModel.SIMILARITY.value)
    model = st.selectbox("Motion model", models, usual, key="s_model", help=about, **BOUND)
    about = "How far from the model's motion a point may end up and still agree with it."
    threshold = st.slider("Agreement (px)", 0.5, 20.0, 3.0, 0.5, key="s_ransac", help=about, **BOUND)
    about = "Draw where the first frame's outline has gone with the camera."
    outline = st.toggle("Carry the first frame along", False, key="s_outline", help=about, **BOUND)
    st.caption("MEASURE")
    offer_marks(PREFIX, (REGION, EXCLUDED, RULER), "Region, scale …")
    units, refused = choose_units(info, 1, marks, "s_unit_")
    p = asked.parameters
    look = TrackLook(
        str(colour or BY_TRACK), p.trail, speed=float(speed) or scales.speed,
        fb=nice_scale(p.forward_backward, smallest=0.05), model=str(model), threshold=float(threshold),
    )  # fmt: skip
    return View(look, bool(outline), float(ellipses), units, refused)
