"""The whole clip's tracks: a video, a table and a summary, made by a job."""

import json
from dataclasses import replace
from functools import partial

import streamlit as st

from flowlab.core.clip import Clip
from flowlab.jobs.points_clip import PointsOutcome
from flowlab.jobs.points_job import PointsJob
from flowlab.jobs.track_look import BY_TRACK, VIDEO_COLOURS, colouring
from flowlab.jobs.track_table import TRACKPY, table_of
from flowlab.store.sizes import size_text

from .frame_range import choose_range
from .job_panel import Offer, show_job, show_video, stem
from .lab import Lab, open_lab
from .plain import plain
from .point_views import Shown
from .tracking import Asked

_TABLE_BYTES = 200_000_000  # the server holds in memory what it hands over


def show_whole_clip(clip: Clip, asked: Asked, shown: Shown) -> None:
    """Show the range, and then the job: to be asked for, waiting, running, or what it made."""
    lab, info = open_lab(), clip.info
    if info.frame_count < 2:
        st.info("This clip has one frame: there is nothing to follow.")
        return
    frames = choose_range("s_clip_range", info.frame_count, (0, info.frame_count))
    look = shown.view.look
    if look.colour not in VIDEO_COLOURS:
        look = replace(look, colour=BY_TRACK)
    job = PointsJob.of(info, frames, asked.parameters, asked.selection, look)
    made = lab.points_workshop.result(job)
    if made is None:
        title = colouring(look.colour).title.lower()
        words = f"Tracks of {job.frames} frames, coloured by {title}, as a video, a table and a summary"
        run = partial(lab.points_workshop.make, job, clip)
        page = "pages/sparse_tracking.py"
        show_job(lab, Offer(job.key, job.title, "s_clip", page, run, job.seconds, words, alone=True))
        return
    name, lost = stem(info.name), made.planned - made.written
    show_video(
        lab, made.video, made.video_bytes, name=f"{name}_tracks.mp4", key="s_get_clip",
        missing=f"{lost} of {made.planned} frames could not be read: {made.note}" if lost else "",
        words=f"{made.written} frames · drawn as above", ticket=lab.board.find(job.key),
    )  # fmt: skip
    _tables(lab, job, made, name)


def _tables(lab: Lab, job: PointsJob, made: PointsOutcome, name: str) -> None:
    facts = made.summary or {}
    with st.container(horizontal=True, vertical_alignment="center"):
        if made.table_bytes <= _TABLE_BYTES:
            table = lab.library.store.path(made.table)
            st.download_button(
                f"tracks.csv {size_text(made.table_bytes)}", table.read_bytes, file_name=f"{name}_tracks.csv",
                mime="text/csv", key="s_get_table", icon=":material/table:", on_click="ignore",
            )  # fmt: skip
            st.download_button(
                "In trackpy's columns", lambda: _trackpy(lab, job), file_name=f"{name}_trackpy.csv", mime="text/csv",
                key="s_get_trackpy", icon=":material/table:", on_click="ignore",
            )  # fmt: skip
        st.download_button(
            "summary.json", json.dumps(facts, indent=2), file_name=f"{name}_tracks.json", mime="application/json",
            key="s_get_summary", icon=":material/data_object:", on_click="ignore",
        )  # fmt: skip
    if made.table_bytes > _TABLE_BYTES:
        size = size_text(made.table_bytes)
        st.info(f"The table takes {size}, too much to be handed over here: flowlab points writes it from the shell.")
    if facts:
        ended = ", ".join(f"{count} {words}" for words, count in facts["endings"].items() if count) or "none"
        st.caption(plain(
            f"{facts['tracks']} tracks, {facts['mean_length']:.3g} frames long on average, "
            f"{facts['alive_at_end']} alive at the end. Ended: {ended}."
        ) if facts["tracks"] else "No corner was found in this clip.")  # fmt: skip


def _trackpy(lab: Lab, job: PointsJob) -> bytes:
    tables = lab.points_workshop.tables(job)
    return b"".join(table_of(tracks, TRACKPY, titles=number == 0) for number, tracks in enumerate(tables))
