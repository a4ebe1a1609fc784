"""What a person sees is in the address: every control that changes it is bound to a query parameter.

Widgets bind their own key (`bind="query-params"`): the key is the parameter's name, a value equal
to its default leaves the address, an invalid one falls back to the default. Two things are kept by
hand: the clip, since what a person picks from a list and what names it in a link differ; and the
frame, since a bound slider whose range changes (another clip) takes its value from the link again.
"""

from typing import Any

import streamlit as st

VERSION = "1"
BOUND: dict[str, Any] = {"bind": "query-params", "persist_state": "session"}
_CLIP = "clip"
_USUAL_CLIP = "_usual_clip"
_HELD = "_held_"


def check_version() -> None:
    """Write the version of the names into the address; say so when a link was made for another."""
    version = st.query_params.get("v", VERSION)
    if version != VERSION:
        st.warning("This link was made for another version of the lab: some of its settings may be left out.")
    if st.query_params.get("v") != VERSION:
        st.query_params["v"] = VERSION


def clip_name(default: str) -> str:
    """Return the clip the address names, else the one last looked at, else `default`, which other pages forget."""
    name: str | None = st.query_params.get(_CLIP) or st.session_state.get(_CLIP)
    if not name or (_CLIP not in st.query_params and name == st.session_state.get(_USUAL_CLIP)):
        name = st.session_state[_USUAL_CLIP] = default
    set_clip(name)
    return name


def set_clip(name: str) -> None:
    """Make `name` the clip of the address and of this session."""
    st.session_state[_CLIP] = name
    if st.query_params.get(_CLIP) != name:
        st.query_params[_CLIP] = name


def whole_number(name: str, low: int, high: int, usual: int | None = None) -> int:
    """Return the number the address holds under `name`, in low .. high; `usual` or `low` where it holds none."""
    text: str = st.query_params.get(name, "")
    none = low if usual is None else usual
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else none
    return min(high, max(low, number))


def set_whole_number(name: str, number: int, usual: int = 0) -> None:
    """Write a number into the address; the usual one leaves it."""
    if number != usual:
        st.query_params[name] = str(number)
    elif name in st.query_params:
        del st.query_params[name]


def text(name: str) -> str:
    """Return what the address holds under `name`, else what this session last set, "" where there is nothing."""
    held: str = st.query_params.get(name) or st.session_state.get(_HELD + name, "")
    set_text(name, held)
    return held


def set_text(name: str, value: str) -> None:
    """Write a text into the address and keep it for this session; "" leaves both."""
    st.session_state[_HELD + name] = value
    if not value:
        if name in st.query_params:
            del st.query_params[name]
    elif st.query_params.get(name) != value:
        st.query_params[name] = value


def leave(prefix: str) -> None:
    """Take every name that begins with `prefix` out of the address; this session still knows what they held."""
    for name in [name for name in st.query_params if name.startswith(prefix)]:
        del st.query_params[name]
