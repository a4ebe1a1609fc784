"""Parameters that are shown on demand: kept in the address, their widgets made when they are unfolded.

Every widget on a page costs time whenever anything moves; what is rarely set costs nothing while it is closed.
"""

from typing import TypeVar

import streamlit as st

from flowlab.core.parameters import Parameters, Value
from flowlab.errors import ParameterError

from .url import set_text, text
from .widgets import knobs

P = TypeVar("P", bound=Parameters)


def from_address(kind: type[P], prefix: str, usual: P | None = None) -> P:
    """Return the parameters the address holds under `prefix`; nonsense falls back to the usual ones, the defaults."""
    none = kind() if usual is None else usual
    values: dict[str, Value] = none.as_dict()
    for field in kind.fields():
        written = text(prefix + field.name)
        if written:
            try:
                values[field.name] = field.parse(written)
            except ParameterError:
                set_text(prefix + field.name, "")
    try:
        return kind(**values)
    except ParameterError:
        return none


def to_address(values: Parameters, prefix: str, usual: Parameters | None = None) -> None:
    """Write parameters into the address; those that are as usual, at their default, leave it."""
    none = {field.name: field.default for field in values.fields()} if usual is None else usual.as_dict()
    for name, value in values.as_dict().items():
        written = str(value).lower() if isinstance(value, bool) else str(value)
        set_text(prefix + name, "" if value == none[name] else written)


def folded(kind: type[P], prefix: str, title: str) -> P:
    """Show the parameters of `kind` under a fold and return them; they are kept under `prefix` in the address."""
    values = from_address(kind, prefix)
    place = st.expander(title, key=f"{prefix}open", on_change="rerun")
    if place.open:
        with place:
            knobs(values, f"{prefix}set_", lambda changed: to_address(changed, prefix))
            st.button("Back to the defaults", key=f"{prefix}reset", on_click=to_address, args=(kind(), prefix))
    return values
