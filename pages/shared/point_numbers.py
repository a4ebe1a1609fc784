"""The row of numbers people compare, of the points of one frame."""

import math

import numpy as np
import streamlit as st

from flowlab.core.truth import Truth
from flowlab.errors import FlowFileError
from flowlab.evaluation.track_truth import RIGHT, StepErrors, step_errors
from flowlab.tracking.endings import Status
from flowlab.tracking.global_motion import GlobalMotion, MotionModel, global_motion
from flowlab.tracking.tracks import Tracks

from .numbers import show_losses
from .plain import plain
from .point_views import Shown


def camera_step(shown: Shown) -> GlobalMotion:
    """Return how the camera moved into the frame."""
    now, look = shown.tracks.at(shown.frame.index), shown.view.look
    now = now.where(now.alive)
    return global_motion(now.xy - now.uv, now.xy, MotionModel(look.model), threshold=look.threshold)


def show_numbers(shown: Shown, motion: GlobalMotion, clip: object) -> None:
    """Show how many tracks there are, how they move and how far they can be trusted; then what the clip is."""
    rows, units = shown.tracks.at(shown.frame.index), shown.view.units
    alive, new = rows.alive, rows.status == Status.NEW
    steps = rows.where(alive & ~new)
    speed = _median(np.hypot(*steps.uv.T)) * units.factor
    errors = _middle_error(shown)
    told = [
        ("Tracks", f"{int(alive.sum())}", "Points that are followed in this frame."),
        ("New here", f"{int(new.sum())}", "Tracks that begin in this frame."),
        ("Ended here", f"{int((~alive).sum())}", "Tracks that end in this frame; the panel “lives” counts why."),
        ("Median step", _told(speed, ".3g", f" {units.speed}"), "Half of the points move less than this."),
        ("Round trip", _told(_median(steps.fb_error), ".2g", " px"),
         "Median forward-backward error of the tracks that go on."),
        ("Uncertainty", _told(errors, ".2g", " px"),
         "Median standard error of a step, from texture and noise: the ellipses show it for each point."),
        ("With the camera", _told(motion.share if motion.found else math.nan, ".0%", ""),
         "Share of the points that move as the camera's motion model says."),
        *_truth(shown.judged or judge(clip, shown.tracks, shown.frame.index)),
    ]  # fmt: skip
    with st.container(horizontal=True, gap="medium", key="s_numbers"):
        for label, value, about in told:
            st.metric(label, value, help=about)
    info = shown.info
    scaled = f", at {info.width}x{info.height}" if info.is_scaled else ""
    width, height = info.source_width or info.width, info.source_height or info.height
    cut = " Another scene begins in this frame." if shown.frame.index in shown.tracks.cuts else ""
    st.caption(
        plain(f"{info.name} · {width}x{height}{scaled} · {info.frame_count} frames · tracks since frame "
              f"{shown.tracks.start}.") + cut
    )  # fmt: skip
    show_losses(info)
    if not alive.any():
        st.info(_why_none(shown))


def _why_none(shown: Shown) -> str:
    where = "in this frame" if shown.marks.selection.is_all else "inside the region in this frame"
    return (
        f"No point is followed {where}: there is too little texture, or all tracks have ended. Choose another first "
        "frame or region, a lower quality, or “detect again” more often."
    )


def _middle_error(shown: Shown) -> float:
    rows = shown.tracks.at(shown.frame.index)
    xx, _, yy = rows.step_covariance[rows.alive].T
    return _median(np.sqrt((xx + yy) / 2))


def judge(clip: object, tracks: Tracks, frame: int) -> StepErrors | None:
    """Return the steps into a frame beside the truth; None where the clip does not know it."""
    if not isinstance(clip, Truth) or frame <= tracks.start:
        return None
    try:
        return step_errors(tracks, clip, frame)
    except FlowFileError:
        return None


def _truth(judged: StepErrors | None) -> list[tuple[str, str, str]]:
    """Return the rows of the last step's error, where the clip knows its motion."""
    if judged is None:
        return []
    errors = judged.errors[judged.visible & judged.rows.alive & np.isfinite(judged.errors)]
    right = float((errors <= RIGHT).mean()) if len(errors) else math.nan
    about = "Of the steps kept, those within half a pixel of the true motion, where it is visible in both frames."
    return [
        ("Right steps", _told(right, ".1%", ""), about),
        ("Step error", _told(_median(errors), ".3f", " px"), "Median distance of these steps from the true motion."),
    ]


def _median(values: np.ndarray) -> float:
    known = values[np.isfinite(values)]
    return float(np.median(known)) if known.size else math.nan


def _told(value: float, form: str, unit: str) -> str:
    return "–" if math.isnan(value) else f"{value:{form}}{unit}"
