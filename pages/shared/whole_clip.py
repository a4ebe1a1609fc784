"""The whole clip as a video of the view: run by the server, whoever stays or leaves, and shown when it is done."""

from functools import partial

import streamlit as st

from flowlab.jobs.dense_files import VIDEO, Output
from flowlab.jobs.dense_job import DenseJob
from flowlab.jobs.ticket import State, Ticket, Work
from flowlab.jobs.whole_clip import Outcome
from flowlab.store.sizes import size_text

from .frame_range import choose_range
from .job_words import duration, link_here, owner, share, told
from .lab import Lab, open_lab
from .plain import plain
from .subject import Subject

_LOOKED_AT = 0.5  # s between two looks at a job that runs
_PLAYED_BYTES = 100_000_000  # the server holds a video it plays in memory


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
    ticket = lab.board.find(job.key)
    made = lab.workshop.result(job)
    if made is not None:
        _show_video(lab, made, ticket, info.name)
    elif ticket is not None and not ticket.state.is_over:
        st.fragment(partial(_watch, lab, job.key), run_every=_LOOKED_AT)()
    else:
        _offer(lab, subject, job, ticket)


def _watch(lab: Lab, key: str) -> None:
    """Show how a job stands, again and again until it is over."""
    ticket = lab.board.find(key)
    if ticket is None or ticket.state.is_over:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(share(ticket), told(ticket))
        st.button("Cancel", key="d_clip_cancel", icon=":material/close:", on_click=_cancel, args=(lab, key),
                  disabled=ticket.stopping)  # fmt: skip
    st.caption("You may leave: it goes on, and this page's link shows it to anyone at any time.")


def _cancel(lab: Lab, key: str) -> None:
    lab.board.cancel(key)


def _offer(lab: Lab, subject: Subject, job: DenseJob, ticket: Ticket | None) -> None:
    """Offer to run the job; where it ended without a video, say why."""
    if ticket is not None and ticket.state is State.FAILED:
        st.error(plain(ticket.error))
    again = ticket is not None and ticket.state in (State.FAILED, State.CANCELLED)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Go on" if again else "Run on the whole clip", type="primary", key="d_clip_run",
                     icon=":material/movie:"):  # fmt: skip
            lab.board.forget(job.key)  # one that is done, and whose video was removed since
            run = partial(lab.workshop.make_video, job, subject.clip)
            lab.board.ask(Work(job.key, job.title, link_here("pages/dense_flow.py"), run), owner())
            st.rerun()
        frames = f"{job.pairs} frame{'s' * (job.pairs != 1)}"
        # How many workers a cluster elsewhere has is known once a job connects; drawing a page never waits for that.
        about = f", about {duration(job.seconds / lab.cluster.workers)}" if lab.cluster.is_local else ""
        words = f"{subject.view.title} of {frames} as a video{about}."
        st.caption(("What was finished is kept. " if again else "") + words)


def _show_video(lab: Lab, made: Outcome, ticket: Ticket | None, name: str) -> None:
    path = lab.library.store.path(made.content)
    if made.written < made.planned:
        st.warning(plain(f"{made.planned - made.written} of {made.planned} frames could not be read: {made.note}"))
    if made.bytes <= _PLAYED_BYTES:
        st.video(path, format="video/mp4", loop=True, muted=True)
    else:
        st.info(f"The video takes {size_text(made.bytes)}, too much to be played here: download it.")
    ran = "" if ticket is None or not ticket.seconds else f" · {duration(ticket.seconds)}"
    with st.container(horizontal=True, vertical_alignment="center"):
        stem = name.rpartition(".")[0] or name
        st.download_button(
            f"Download {size_text(made.bytes)}", path.read_bytes, file_name=f"{stem}_flow.mp4", mime="video/mp4",
            key="d_get_clip", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        words = f"{made.written} frames{ran} · coloured as above, every frame alike · H.264, kept on this server"
        st.caption(words)
