"""How a job is told: its state, its place in the queue, how far and how fast it is."""

import hashlib
import secrets
from collections.abc import Mapping

import streamlit as st

from flowlab.jobs.ticket import State, Ticket

from .plain import plain

PAGE = "_page"
_COOKIE = "_streamlit_xsrf"  # one a browser, whatever the page or tab


def owner() -> str:
    """Return who is asking, to share the workers fairly: one name a browser, which says nothing about its person."""
    mark = st.context.cookies.get(_COOKIE)
    if not isinstance(mark, str):  # cookies are switched off: then it is one name a tab
        mark = st.session_state.setdefault("_owner", secrets.token_hex(8))
    return hashlib.blake2s(mark.encode(), digest_size=8).hexdigest()


def link_here(page: str) -> Mapping[str, str]:
    """Return what leads back to the page (its script) as it is now: the query parameters, and the page itself."""
    return {**st.query_params.to_dict(), PAGE: page}


def share(ticket: Ticket) -> float:
    """Return how far a job is, 0 .. 1."""
    return min(1.0, ticket.done / ticket.total) if ticket.total else 0.0


def told(ticket: Ticket) -> str:
    """Return how a job stands, in words for a bar."""
    if ticket.state is State.QUEUED:
        running = f"{ticket.ahead} job{'s' * (ticket.ahead != 1)} run{'s' * (ticket.ahead == 1)}"
        return f"Waiting: {running}, this is number {ticket.position} in the queue"
    if ticket.state is State.FAILED:
        return plain(ticket.error or "failed")
    if ticket.state is not State.RUNNING:
        return str(ticket.state.value)
    if ticket.stopping:
        return "Stopping …"
    if not ticket.total:
        return "Starting …"
    parts = [f"{ticket.done} of {ticket.total} {ticket.unit}"]
    if ticket.fps is not None:
        parts.append(f"{ticket.fps:.3g} {ticket.unit}/s")
    if ticket.seconds_left is not None:
        parts.append(f"{duration(ticket.seconds_left)} left")
    return " · ".join(parts)


def duration(seconds: float) -> str:
    """Return a duration as people read it: 8 s, 1:05 min, 2:03 h."""
    whole = max(1, round(seconds))
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    return f"{minutes}:{rest:02} min" if minutes < 60 else f"{minutes // 60}:{minutes % 60:02} h"
