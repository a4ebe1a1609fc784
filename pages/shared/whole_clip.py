"""The whole clip as a video of the view."""

from functools import partial

import streamlit as st

from flowlab.jobs.dense_files import VIDEO, Output
from flowlab.jobs.dense_job import DenseJob

from .frame_range import choose_range
from .job_panel import Offer, show_job, show_video, stem
from .lab import open_lab
from .subject import Subject


def show_whole_clip(subject: Subject) -> None:
    """Show the range, and then the job: to be asked for, waiting, running, or its video."""
    lab, info = open_lab(), subject.clip.info
    start, stop = choose_range("d_clip_range", info.frame_count, (0, info.frame_count))
    answer = subject.answer
    job = DenseJob(
        info.content_hash, info.name, info.width, info.height, start, stop, subject.gap, answer.method.name,
        answer.settings, Output(VIDEO, subject.view.name, subject.look), subject.outliers,
    )  # fmt: skip
    if job.pairs < 1:
        st.info("This range has no pair of frames: choose a longer one, or a smaller gap.")
        return
    made = lab.workshop.result(job)
    if made is None:
        words = f"{subject.view.title} of {job.pairs} frame{'s' * (job.pairs != 1)} as a video"
        run = partial(lab.workshop.make_video, job, subject.clip)
        show_job(lab, Offer(job.key, job.title, "d_clip", "pages/dense_flow.py", run, job.seconds, words))
        return
    lost = made.planned - made.written
    show_video(
        lab, made.content, made.bytes, name=f"{stem(info.name)}_flow.mp4", key="d_get_clip",
        missing=f"{lost} of {made.planned} frames could not be read: {made.note}" if lost else "",
        words=f"{made.written} frames · coloured as above, every frame alike", ticket=lab.board.find(job.key),
    )  # fmt: skip
