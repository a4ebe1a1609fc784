"""Try: a question about a striking case, the picture that answers it, and one sentence of why."""

import streamlit as st

from .folded import to_address
from .steps.step import AnyStep, Try
from .theory_contents import ANSWER, QUESTION
from .theory_step import numbers_of, prefix_of
from .url import set_text, text


def offer_tries(step: AnyStep) -> bool:
    """Show the cases to try, and the question of the one that was chosen; return whether it waits for an answer."""
    asked = text(QUESTION)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="t_tries"):
        st.markdown("**Try**", width="content")
        for case in step.tries:
            st.button(
                case.title, key=f"t_try_{step.name}_{case.name}", on_click=_ask, args=(step, case),
                type="primary" if case.name == asked else "secondary",
            )  # fmt: skip
    chosen = next((case for case in step.tries if case.name == asked), None)
    return chosen is not None and not _question(step, chosen)


def _ask(step: AnyStep, case: Try) -> None:  # type: ignore[type-arg]
    to_address(case.before, prefix_of(step))
    set_text(QUESTION, case.name)
    set_text(ANSWER, "")


def _say(step: AnyStep, case: Try, said: int) -> None:  # type: ignore[type-arg]
    to_address(case.after, prefix_of(step))
    set_text(ANSWER, str(said + 1))


def _close() -> None:
    set_text(QUESTION, "")
    set_text(ANSWER, "")


def _question(step: AnyStep, case: Try) -> bool:  # type: ignore[type-arg]
    """Show a question, and once it is answered what is right and why; return whether it is."""
    written = text(ANSWER)
    said = int(written) - 1 if written in map(str, range(1, len(case.choices) + 1)) else None
    with st.container(border=True, key="t_question"):
        st.markdown(case.question)
        with st.container(horizontal=True, gap="small"):
            for number, choice in enumerate(case.choices):
                st.button(
                    choice, key=f"t_say_{number}", on_click=_say, args=(step, case, number),
                    type="primary" if number == said else "secondary",
                )  # fmt: skip
            st.button("Close", key="t_close", on_click=_close, type="tertiary", icon=":material/close:")
        if said is None:
            return False
        before, after = numbers_of(step, case.before), numbers_of(step, case.after)
        right = case.right(before, after)
        verdict = "Right." if said == right else f"Not so: {case.choices[right][0].lower()}{case.choices[right][1:]}."
        st.markdown(f"**{verdict}** {case.why(before, after)}")
    return True
