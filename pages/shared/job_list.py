"""The server's jobs on top of the sidebar: what runs, what waits, what is done, each with a link to its page."""

from collections import Counter
from functools import partial

import streamlit as st

from flowlab.jobs.ticket import State, Ticket

from .job_words import PAGE, share, told
from .lab import open_lab
from .plain import plain

_LOOKED_AT = 2.0  # s between two looks while anything runs
_SHOWN = 8
_ICONS = {
    State.QUEUED: ":material/hourglass_empty:",
    State.RUNNING: ":material/play_circle:",
    State.DONE: ":material/check_circle:",
    State.FAILED: ":material/error:",
    State.CANCELLED: ":material/cancel:",
}


def show_jobs() -> None:
    """Show the jobs of this server, where there are any; the list moves while one of them does."""
    tickets = open_lab().board.tickets()
    if tickets:
        active = _is_active(tickets)
        st.fragment(partial(_listed, active), run_every=_LOOKED_AT if active else None)()


def _is_active(tickets: list[Ticket]) -> bool:
    return any(not ticket.state.is_over for ticket in tickets)


def _listed(active: bool) -> None:
    tickets = open_lab().board.tickets()
    counted = Counter(ticket.state for ticket in tickets)
    words = ", ".join(f"{counted[state]} {state.value}" for state in (State.RUNNING, State.QUEUED) if counted[state])
    place = st.expander(f"Jobs: {words or len(tickets)}", key="jobs_open", on_change="rerun")
    if place.open:
        with place:
            for ticket in tickets[:_SHOWN]:
                _line(ticket)
            if len(tickets) > _SHOWN:
                st.caption(f"and {len(tickets) - _SHOWN} more")
    if active and not _is_active(tickets):
        st.rerun()  # the list rests from now on


def _line(ticket: Ticket) -> None:
    # Without the version, which the page then writes, and the whole address with it: Streamlit by itself
    # leaves the address as it was when a link leads to the page one is on.
    link = {name: value for name, value in ticket.link.items() if name not in (PAGE, "v")}
    st.page_link(ticket.link[PAGE], label=plain(ticket.title), icon=_ICONS[ticket.state], query_params=link)
    if not ticket.state.is_over:
        st.progress(share(ticket), told(ticket))
