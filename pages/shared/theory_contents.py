"""Which step of the walk is shown: the contents list, the way on and the way back, and the link to it."""

import streamlit as st

from .steps.step import AnyStep
from .steps.walk import PARTS, STEPS, neighbours, number_of, step_named
from .url import leave, set_text, text

STEP = "t_step"
_CONTENTS = "t_contents"
QUESTION, ANSWER = "t_try", "t_said"


def go_to(step: AnyStep) -> None:
    """Show a step; what was set in it before is there again, what was asked is not."""
    leave("t_")
    set_text(STEP, "" if step is STEPS[0] else step.name)
    set_text(QUESTION, "")
    set_text(ANSWER, "")


def choose_step() -> AnyStep:
    """Show the contents list and return the step of the address."""
    step = step_named(text(STEP))
    with st.container(key=_CONTENTS, gap=None):
        for title, steps in PARTS:
            st.caption(title.upper())
            for one in steps:
                here = one is step
                st.button(
                    f"{number_of(one)}. {one.title}", key=f"{_CONTENTS}_{one.name}", on_click=go_to, args=(one,),
                    type="tertiary", disabled=here,
                )  # fmt: skip
    return step


def show_heading(step: AnyStep) -> None:
    """Show the title, and the ways to the step before and after it, whose keys are the arrow keys."""
    before, later = neighbours(step)
    with st.container(horizontal=True, vertical_alignment="center", key="t_heading"):
        st.markdown(f"## {number_of(step)}. {step.title}", width="stretch")
        st.caption(f"{number_of(step)} of {len(STEPS)}", width="content")
        for word, other, arrow in (("Previous", before, "Left"), ("Next", later, "Right")):
            st.button(
                word, key=f"t_{word}", disabled=other is None, on_click=go_to, args=(other or step,), shortcut=arrow,
                help=other.title if other else None,
            )  # fmt: skip


def offer_next(step: AnyStep) -> None:
    """Offer to go on, at the end of a step."""
    _, later = neighbours(step)
    if later is not None:
        st.button(
            f"Next: {later.title}", key="t_go_on", on_click=go_to, args=(later,), type="primary",
            icon=":material/arrow_forward:", icon_position="right",
        )  # fmt: skip
