"""How a region went: its course over the frames, and the whole clip as a video with a table."""

import json
from functools import partial

import numpy as np
import streamlit as st

from flowlab.core.clip import Clip
from flowlab.core.truth import BoxTruth
from flowlab.drawing.region_inputs import RegionCourse
from flowlab.drawing.region_plots import course_plot
from flowlab.jobs.follow_clip import FollowOutcome
from flowlab.jobs.region_look import RegionLook
from flowlab.store.sizes import size_text
from flowlab.tracking.affine.decomposition import decomposed
from flowlab.tracking.affine.parameters import TrackerParameters
from flowlab.tracking.affine.region_track import RegionTrack

from .chart import plot
from .job_panel import Offer, show_job, show_video, stem
from .lab import Lab, open_lab
from .plain import plain
from .region_clip import Asked, job_of, known_rows
from .subject import is_dark

_PAGE = "pages/affine_tracking.py"
_DIGITS = 9  # else the rounding of what cannot change would fill its plot


def show_track(clip: Clip, asked: Asked, frame: int, look: RegionLook) -> None:
    """Show where the region was in all frames that are known, and the whole clip's job."""
    rows = known_rows(clip, asked)
    if clip.info.frame_count < 2:
        st.info("This clip has one frame: there is nothing to follow the box into.")
        return
    if len(rows) > 1:
        thresholds = {}
        if isinstance(asked.parameters, TrackerParameters):
            limits = {"believed": asked.parameters.min_ncc, "regained": asked.parameters.regain_ncc}
            thresholds = {name: value for name, value in limits.items() if value > -1}
        figure = course_plot(course_of(rows), thresholds=thresholds, truth=_truth(clip, rows), now=frame,
                             dark=is_dark())  # fmt: skip
        is_whole = rows.stop == clip.info.frame_count
        farther = "" if is_whole else "; later ones follow as they are looked at, or by the job"
        words = f"Frames {rows.start} to {rows.stop - 1}, as far as they were tracked{farther}."
        plot(figure, key="a_course", height=int(figure.layout.height), words=words)
    _show_whole_clip(clip, asked, look)


def course_of(track: RegionTrack) -> RegionCourse:
    """Return a track as the plot takes it."""
    parts = decomposed(track.warp)
    return RegionCourse(
        frame=track.frame, x=parts.centre[:, 0], y=parts.centre[:, 1], scale=parts.scale.round(_DIGITS),
        rotation=parts.rotation.round(_DIGITS), shear=parts.shear.round(_DIGITS), ncc=track.ncc, state=track.state,
    )  # fmt: skip


def _truth(clip: Clip, rows: RegionTrack) -> RegionCourse | None:
    """Return the course of the true box, where the clip knows it: its middle, and its size beside that drawn."""
    if not isinstance(clip, BoxTruth):
        return None
    x, y, w, h = clip.boxes[rows.start : rows.stop].T
    with np.errstate(invalid="ignore"):
        scale = np.sqrt(w * h / rows.size.prod(axis=1))
    none = np.full(len(rows), np.nan)
    return RegionCourse(frame=rows.frame, x=x + (w - 1) / 2, y=y + (h - 1) / 2, scale=scale, rotation=none, shear=none,
                        ncc=none, state=np.zeros(len(rows)))  # fmt: skip


def _show_whole_clip(clip: Clip, asked: Asked, look: RegionLook) -> None:
    """Show the whole clip's job: to be asked for, waiting, running, or what it made."""
    lab, info = open_lab(), clip.info
    if info.frame_count - asked.start < 2:
        st.info("The box lies in the last frame: there is nothing to follow it into. Track from an earlier one.")
        return
    job = job_of(clip, asked, look)
    made = lab.region_workshop.result(job)
    if made is None:
        words = f"The region in {job.frames} frames, as a video, a table and a summary"
        run = partial(lab.region_workshop.make, job, clip)
        show_job(lab, Offer(job.key, job.title, "a_clip", _PAGE, run, job.seconds, words, alone=True))
        return
    name, lost = stem(info.name), made.planned - made.written
    show_video(
        lab, made.video, made.video_bytes, name=f"{name}_region.mp4", key="a_get_clip",
        missing=f"{lost} of {made.planned} frames could not be read: {made.note}" if lost else "",
        words=f"{made.written} frames · drawn as above", ticket=lab.board.find(job.key),
    )  # fmt: skip
    _files(lab, made, name)


def _files(lab: Lab, made: FollowOutcome, name: str) -> None:
    """Offer the table and the summary, and tell the latter."""
    facts, table = made.summary or {}, lab.library.store.path(made.table)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            f"track.csv {size_text(made.table_bytes)}", table.read_bytes, file_name=f"{name}_track.csv",
            mime="text/csv", key="a_get_whole", icon=":material/table:", on_click="ignore",
        )  # fmt: skip
        st.download_button(
            "summary.json", json.dumps(facts, indent=2), file_name=f"{name}_track.json", mime="application/json",
            key="a_get_summary", icon=":material/data_object:", on_click="ignore",
        )  # fmt: skip
    if facts:
        states = ", ".join(f"{words} in {count}" for words, count in facts["states"].items() if count)
        st.caption(plain(
            f"{facts['frames']} frames: {states}. Longest loss: {facts['longest_lost']} frames. "
            f"The centre went {facts['path_px']:.0f} px."
        ))  # fmt: skip
