"""One step of the walk, drawn: claim, equation, figures, and what is told beside them."""

from functools import lru_cache
from typing import Any

import streamlit as st

from flowlab.core.parameters import Parameters

from .board import board
from .folded import from_address, to_address
from .steps.step import AnyStep
from .steps.symbols import legend
from .steps.tex import Tex
from .steps.walk import new_symbols, step_named
from .url import VERSION
from .widgets import knobs

_KEPT = 64  # numbers of steps: of one at most 2 MB


def prefix_of(step: AnyStep) -> str:
    """Return what the names of a step's settings begin with in the address."""
    return f"t_{step.name}_"


def choose_settings(step: AnyStep) -> Parameters:
    """Show the few controls that matter and return all settings of the step; they live in the address."""
    prefix = prefix_of(step)
    settings: Parameters = from_address(step.parameters, prefix)
    st.caption("SETTINGS")
    hidden = tuple(field.name for field in settings.fields() if field.name not in step.controls)
    knobs(settings, f"{prefix}set_", lambda changed: to_address(changed, prefix), skip=hidden, order=step.controls)
    st.button("Back to the start of this step", key=f"{prefix}reset", on_click=to_address,
              args=(step.parameters(), prefix), type="tertiary", icon=":material/restart_alt:")  # fmt: skip
    return settings


def numbers_of(step: AnyStep, settings: Parameters) -> Any:
    """Return the numbers of a step, computed once however often they are asked for."""
    return _numbers(step.name, settings)


@lru_cache(maxsize=_KEPT)
def _numbers(name: str, settings: Parameters) -> Any:
    return step_named(name).compute(settings)


def _is_dark() -> bool:
    return bool(st.context.theme.type == "dark")


def show_claim(step: AnyStep) -> None:
    """Show the claim."""
    st.markdown(step.claim)


def show_equation(step: AnyStep, settings: Parameters, numbers: Any) -> None:
    """Show the equation with its live numbers, and what its symbols mean."""
    tex = Tex(_is_dark())
    with st.container(key="t_equation"):
        lines = step.equation(settings, numbers, tex).split("\n")
        st.markdown("\n\n".join(f"$$\n{line}\n$$" for line in lines))
    with st.container(key="t_symbols"):
        st.markdown(legend(step.symbols, new_symbols(step), tex))


def show_board(step: AnyStep, settings: Parameters, numbers: Any) -> None:
    """Show the figures; what a hand does in them becomes a setting."""

    def moved(gesture: str, x: float, y: float) -> None:
        to_address(step.moved(settings, gesture, x, y), prefix_of(step))

    board(step.board(settings, numbers), key="t_board", step=step.name, dark=_is_dark(), on_moved=moved)


def show_more(step: AnyStep, settings: Parameters, *, asking: bool = False) -> None:
    """Show what goes wrong here, where the step is used, and the call that computed its numbers.

    While a question stands (`asking`), what goes wrong would give the answer away.
    """
    wrong, used = st.columns(2, gap="large")
    with wrong:
        hidden = "Shown after you answer."
        st.markdown(f"**What goes wrong here.** {hidden if asking else step.pitfall}")
    with used:
        place = step.place(settings)
        st.markdown(f"**Where it is used.** {place.words}")
        query = {**place.query, "v": VERSION}  # complete, so that the page need not write into the address
        st.page_link(place.page, label=place.label, icon=":material/straighten:", query_params=query)
    if step.unfold:
        summary, words = step.unfold
        with st.expander(summary):
            st.markdown(words)
    with st.expander("The call that computed this"):
        st.code(step.call(settings), language="python")
