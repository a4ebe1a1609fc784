"""Theory: optical flow derived step by step, every term a live number of a scene that can be touched."""

import streamlit as st

from flowlab.errors import FlowlabError
from pages.shared.front_door import enter
from pages.shared.plain import plain
from pages.shared.theory_contents import choose_step, offer_next, show_heading
from pages.shared.theory_question import offer_tries
from pages.shared.theory_step import (
    choose_settings,
    numbers_of,
    show_board,
    show_claim,
    show_equation,
    show_more,
)
from pages.shared.url import check_version


@st.fragment
def walk() -> None:
    """Read the step and its settings, compute, show. A fragment: moving a control draws this again and nothing else."""
    with st.sidebar:
        step = choose_step()
    show_heading(step)
    show_claim(step)
    with st.sidebar:
        settings = choose_settings(step)
    try:
        numbers = numbers_of(step, settings)
    except FlowlabError as error:
        st.error(plain(error))
        return
    show_equation(step, settings, numbers)
    asking = offer_tries(step)
    show_board(step, settings, numbers)
    show_more(step, settings, asking=asking)
    offer_next(step)


enter()
check_version()
walk()
