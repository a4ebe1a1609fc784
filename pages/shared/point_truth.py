"""Tracks beside the truth: which are right, how far they drift, and whether their uncertainty says so."""

import numpy as np
import streamlit as st

from flowlab.core.clip import Clip
from flowlab.core.truth import Truth
from flowlab.drawing.track_plots import calibration_plot
from flowlab.evaluation.track_truth import RIGHT, TrackTruth, coverage, normalised_variance, track_truth

from .chart import plot
from .point_views import Shown
from .subject import is_dark

_STATED = [round(0.05 * n, 2) for n in range(1, 20)]
_FRAMES = 30  # judged at once: a scene computes its truth for each
_CHECKED = 0.95


def show_truth(clip: Clip, shown: Shown) -> None:
    """Show errors and calibration over the last frames, with a bar while the scene tells its truth."""
    if not isinstance(clip, Truth):
        st.info("This clip does not know its true motion: choose a scene or a data set, and the errors appear here.")
        return
    tracks = shown.tracks
    first = max(tracks.start + 1, tracks.stop - _FRAMES)
    if first >= tracks.stop:
        st.info("No step has been made yet: go on by a frame.")
        return
    judged = _judged(clip, shown, (first, tracks.stop))
    step, _ = normalised_variance(judged.step_errors, judged.step_covariances)
    drift, _ = normalised_variance(judged.drift_errors, judged.drift_covariances)
    observed, _ = coverage(judged.step_errors, judged.step_covariances, _STATED)
    (inside,), _ = coverage(judged.step_errors, judged.step_covariances, [_CHECKED])
    wandered = float(np.median(np.hypot(*judged.drift_errors.T))) if len(judged.drift_errors) else np.nan
    told = [
        (f"Steps within {RIGHT:g} px", f"{judged.right_share:.1%}", "Share of the steps kept, of what is visible."),
        ("Median step error", f"{judged.median_error:.3f} px", "Distance of a step from the true one."),
        ("Median drift", f"{wandered:.3f} px", f"Of the live tracks in frame {tracks.stop - 1}, since their birth."),
        ("Kept though hidden", f"{judged.false_keeps} of {judged.hidden}",
         "Steps from places that something hides in the next frame; no motion is right there."),
        ("Normalised variance", f"{step:.2f}", "1: steps err as much as their covariance says. More: they err more."),
        ("… of positions", f"{drift:.2f}", "The same of positions since the birth."),
        ("Inside 95 % ellipses", f"{inside:.1%}", "Share of the true steps inside the ellipse drawn for them."),
    ]  # fmt: skip
    with st.container(horizontal=True, gap="medium", key="s_truth_numbers"):
        for label, value, about in told:
            st.metric(label, value, help=about)
    words = (
        f"How often the truth lies inside the ellipse of a stated probability, frames {first} to {tracks.stop - 1}. "
        "Without noise the errors come from reading between pixels, which the covariance does not know."
    )
    plot(calibration_plot(_STATED, observed, dark=is_dark()), key="s_calibration", height=320, words=words)


def _judged(clip: Truth, shown: Shown, frames: tuple[int, int]) -> TrackTruth:
    """Judge the frames; any control ends it."""
    place = st.empty()
    result = None
    for share, result in track_truth(shown.tracks, clip, frames):
        st.session_state.get("_playing")  # any access lets a newer run take over
        if result is None:
            place.progress(share, f"{share:.0%}: the truth of frames {frames[0]} to {frames[1] - 1}")
    place.empty()
    assert result is not None
    return result
