"""A job that makes a video of the whole clip: asked for, waiting, running, done; run by the server, whoever stays."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import streamlit as st

from flowlab.jobs.ticket import Report, State, Ticket, Work
from flowlab.store.sizes import size_text

from .job_words import duration, link_here, owner, share, told
from .lab import Lab
from .plain import plain

_LOOKED_AT = 0.5  # s between two looks at a job that runs
_PLAYED_BYTES = 100_000_000  # the server holds a video it plays in memory


@dataclass(frozen=True, eq=False)
class Offer:
    """A job that may be asked for.

    Attributes:
        key: name of the question.
        title: what to call it, plain text.
        prefix: of its widgets' keys.
        page: script of the page that shows it.
        run: answers it, see `Work`.
        seconds: what it takes on one core.
        words: what will be made, for a caption.
        alone: whether one core works on it, however many there are.
        verb, icon: of the button.
        unit: what its progress counts, in the plural.
    """

    key: str
    title: str
    prefix: str
    page: str
    run: Callable[[Report, threading.Event], object]
    seconds: float
    words: str
    alone: bool = False
    verb: str = "Run on the whole clip"
    icon: str = ":material/movie:"
    unit: str = "frames"


def show_job(lab: Lab, offer: Offer) -> None:
    """Offer the job, or show how it stands, again and again until it is over."""
    ticket = lab.board.find(offer.key)
    if ticket is not None and not ticket.state.is_over:
        st.fragment(partial(_watch, lab, offer), run_every=_LOOKED_AT)()
    else:
        _offer(lab, offer, ticket)


def _watch(lab: Lab, offer: Offer) -> None:
    ticket = lab.board.find(offer.key)
    if ticket is None or ticket.state.is_over:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(share(ticket), told(ticket))
        st.button("Cancel", key=f"{offer.prefix}_cancel", icon=":material/close:", on_click=_cancel,
                  args=(lab, offer.key), disabled=ticket.stopping)  # fmt: skip
    st.caption("You may leave: it goes on, and this page's link shows it to anyone at any time.")


def _cancel(lab: Lab, key: str) -> None:
    lab.board.cancel(key)


def _offer(lab: Lab, offer: Offer, ticket: Ticket | None) -> None:
    """Offer to run the job; where it ended without a result, say why."""
    if ticket is not None and ticket.state is State.FAILED:
        st.error(plain(ticket.error))
    again = ticket is not None and ticket.state in (State.FAILED, State.CANCELLED)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Go on" if again else offer.verb, type="primary", key=f"{offer.prefix}_run",
                     icon=offer.icon):  # fmt: skip
            lab.board.forget(offer.key)  # one that is done, and whose result was removed since
            work = Work(offer.key, offer.title, link_here(offer.page), offer.run, offer.unit)
            lab.board.ask(work, owner())
            st.rerun()
        # How many workers a cluster elsewhere has is known once a job connects; drawing a page never waits for that.
        cores = 1 if offer.alone else lab.cluster.workers if lab.cluster.is_local else 0
        about = f", about {duration(offer.seconds / cores)}" if cores else ""
        st.caption(("What was finished is kept. " if again else "") + f"{offer.words}{about}.")


def show_video(
    lab: Lab, content: str, size: int, *, missing: str, name: str, key: str, words: str, ticket: Ticket | None
) -> None:
    """Show a video that was made, and offer it for download.

    Args:
        lab: whose store holds it.
        content: its content hash.
        size: bytes.
        missing: what it lacks and why, or "".
        name: of the file.
        key: of the download's widget.
        words: how many frames it has, and how they are drawn.
        ticket: the job that made it, where it is still known.
    """
    path = lab.library.store.path(content)
    if missing:
        st.warning(plain(missing))
    if size <= _PLAYED_BYTES:
        st.video(path, format="video/mp4", loop=True, muted=True)
    else:
        st.info(f"The video takes {size_text(size)}, too much to be played here: download it.")
    frames, _, rest = words.partition(" · ")
    ran = "" if ticket is None or not ticket.seconds else f" · {duration(ticket.seconds)}"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(f"Download {size_text(size)}", path.read_bytes, file_name=name, mime="video/mp4", key=key,
                           icon=":material/download:", on_click="ignore")  # fmt: skip
        st.caption(f"{frames}{ran} · {rest} · H.264, kept on this server")


def stem(name: str) -> str:
    """Return a clip's name without its ending, for the name of a file."""
    return name.rpartition(".")[0] or name
