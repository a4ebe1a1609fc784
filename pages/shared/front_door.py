"""The way into every page: through streamlit_app.py, which sets up the page and the navigation.

A server that has not shown anything yet does not know that: Streamlit then takes the folder `pages/` for an app of
its older kind, and a link to a page runs that page's script alone, without title, width and navigation.
"""

from typing import Any

import streamlit as st

_ENTERED = "_entered"


def navigation() -> Any:
    """Show the navigation and return the page to run."""
    pages = [
        st.Page("pages/theory.py", title="Theory", default=True),
        st.Page("pages/dense_flow.py", title="Dense flow"),
        st.Page("pages/sparse_tracking.py", title="Sparse tracking"),
        st.Page("pages/affine_tracking.py", title="Affine tracking"),
    ]
    # Only as a session begins: going back from Dense flow, a browser comes by such an address too.
    begins = _ENTERED not in st.session_state
    st.session_state[_ENTERED] = True
    chosen = st.navigation(pages, position="top")
    if begins and chosen is pages[0] and _of_dense_flow(dict(st.query_params)):
        st.switch_page(pages[1], query_params=dict(st.query_params))
    return chosen


def _of_dense_flow(query: dict[str, str]) -> bool:
    """Return whether a link to the lab's first page was made when that was Dense flow."""
    return any(name == "clip" or name.startswith("d_") for name in query) and not any(
        name.startswith("t_") for name in query
    )


def enter() -> None:
    """Return where the page was reached through the front door; else go there. Every page calls it first."""
    if _ENTERED not in st.session_state:
        navigation()  # from now on Streamlit knows
        st.rerun()
