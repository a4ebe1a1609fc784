"""Looking closer at tracks: one of them, how long they live and why they end, how they and the camera move."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from flowlab.core.clip import Clip
from flowlab.drawing.categories import CATEGORY_COLOURS
from flowlab.drawing.plots import direction_rose, speed_histogram
from flowlab.drawing.track_plots import alive_plot, camera_path_plot, endings_plot, survival_plot
from flowlab.errors import FlowlabError
from flowlab.evaluation import distribution
from flowlab.tracking.endings import ENDINGS
from flowlab.tracking.global_motion import MotionModel, camera_path
from flowlab.tracking.statistics import endings, per_frame, survival

from .chart import plot
from .plain import plain
from .point_clip import show_whole_clip
from .point_truth import show_truth
from .point_views import Shown
from .subject import Array, is_dark, offer_table
from .track_inspector import inspect_track
from .tracking import Asked
from .url import BOUND

PANEL = "s_closer"


@dataclass(frozen=True)
class Subject:
    """What the panels look at: the clip, which tracks are asked for, and what is shown of them."""

    clip: Clip
    asked: Asked
    shown: Shown


def look_closer(subject: Subject) -> None:
    """Show a row of ways to look closer, and the one chosen."""
    chosen = st.segmented_control("Look closer", list(_PANELS), key=PANEL, **BOUND)
    if chosen:
        try:
            _PANELS[chosen](subject)
        except FlowlabError as error:
            st.warning(plain(error))


def _lives(subject: Subject) -> None:
    """Show how many tracks there are, how long they live and why they ended."""
    tracks, dark = subject.shown.tracks, is_dark()
    counts = per_frame(tracks)
    frames = np.arange(tracks.start, tracks.stop)
    figure = alive_plot(frames, counts.alive, born=counts.born, ended=counts.ended, cuts=tracks.cuts, dark=dark)
    plot(figure, key="s_alive", height=300, words="Tracks alive in each frame, and beneath how many began and ended.")
    left, right = st.columns(2)
    with left:
        lives = survival(tracks)
        figure = survival_plot(lives.age, lives.share, dark=dark)
        words = (
            "Share of tracks still followed at an age; those alive at the end count as long as they were seen "
            "(Kaplan & Meier 1958)."
        )
        plot(figure, key="s_survival", words=words)
    with right:
        counted = endings(tracks)
        names = [status.words for status in ENDINGS]
        figure = endings_plot(names, [counted[status] for status in ENDINGS], list(_COLOURS), dark=dark)
        plot(figure, key="s_endings", words="Why tracks ended.")
    offer_table("tracks_per_frame.csv", {"frame": frames, "alive": counts.alive, "born": counts.born,
                                         "ended": counts.ended})  # fmt: skip


_COLOURS = tuple(
    "rgb({},{},{})".format(*CATEGORY_COLOURS[1 + i % (len(CATEGORY_COLOURS) - 1)]) for i in range(len(ENDINGS))
)


def _motion(subject: Subject) -> None:
    """Show where the points of this frame move to, and how fast."""
    shown, dark = subject.shown, is_dark()
    units, now = shown.view.units, shown.tracks.at(shown.frame.index)
    steps = now.uv[now.alive & np.isfinite(now.uv).all(axis=1)][:, None]  # as a flow one pixel wide
    if not len(steps):
        st.info("No point has moved yet: go on by a frame.")
        return
    rose, histogram = distribution.direction_rose(steps), distribution.speed_histogram(steps)
    left, right = st.columns(2)
    with left:
        figure = direction_rose(
            rose.shares, rose.mean_speeds * units.factor, unit=units.speed,
            scale=shown.view.look.speed * units.factor, of="points", dark=dark,
        )  # fmt: skip
        others = "" if rose.moving == 1 else f", the others less than {units.told(0.1)}"
        words = f"Where points move to: {rose.moving:.0%} of them move{others}."
        plot(figure, key="s_rose", height=300, words=words)
    with right:
        typical = float(np.median(np.hypot(*steps[:, 0].T))) * units.factor
        figure = speed_histogram(
            histogram.edges * units.factor, histogram.counts, unit=units.speed, marks={"median": typical}, of="points",
            dark=dark,
        )  # fmt: skip
        plot(figure, key="s_histogram", height=300, words="How many points move how fast.")


def _camera(subject: Subject) -> None:
    """Show the camera's path since the first frame."""
    shown, look = subject.shown, subject.shown.view.look
    tracks, units = shown.tracks, shown.view.units
    path = camera_path(tracks, tracks.start, tracks.stop, MotionModel(look.model), look.threshold)
    middle = np.array([(shown.info.width - 1) / 2, (shown.info.height - 1) / 2, 1])
    at = path.matrices @ middle
    went = (at[:, :2] / at[:, 2:] - middle[:2]) * units.per_px
    frames: Array = np.arange(tracks.start, tracks.stop).astype(float)
    figure = camera_path_plot(went, frames.astype(int), now=shown.frame.index, unit=units.length, dark=is_dark())
    held = int((~path.found).sum())
    words = (
        f"Where what was in the middle of frame {tracks.start} has gone, as the {look.model} of most points says: "
        f"{np.mean(path.share[path.found]):.0%} of them agree, within {np.nanmean(path.residual):.2g} px."
    )
    if held:
        words += f" In {held} frames no motion was found, and the last one is held."
    plot(figure, key="s_camera", height=360, words=words)
    offer_table("camera.csv", _matrices(frames, path.matrices) | {"inliers": path.share, "residual_px": path.residual})


def _matrices(frames: Array, matrices: Array) -> dict[str, Array]:
    entries = {f"h{row + 1}{column + 1}": matrices[:, row, column] for row in range(3) for column in range(3)}
    return {"frame": frames} | entries


_PANELS: dict[str, Callable[[Subject], None]] = {
    "track": lambda subject: inspect_track(subject.clip, subject.shown, subject.asked),
    "lives": _lives,
    "motion": _motion,
    "camera": _camera,
    "truth": lambda subject: show_truth(subject.clip, subject.shown),
    "whole clip": lambda subject: show_whole_clip(subject.clip, subject.asked, subject.shown),
}
