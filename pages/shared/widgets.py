"""Controls made from parameter dataclasses: a range, a unit and a help text are written once, in flowlab."""

from collections.abc import Callable
from typing import Any, TypeVar

import streamlit as st

from flowlab.core.parameters import Field, Parameters, Value
from flowlab.errors import ParameterError

from .url import BOUND

P = TypeVar("P", bound=Parameters)
_CUSTOM = "custom"


def control(field: Field, key: str, value: Value, **options: Any) -> Value:
    """Show one parameter as a widget and return its value."""
    label = f"{field.title} ({field.unit})" if field.unit else field.title
    common: dict[str, Any] = {"key": key, "help": field.help, **options}
    if field.kind is bool:
        return bool(st.toggle(label, value=bool(value), **common))
    if field.kind is str:
        return str(st.selectbox(label, field.choices, index=field.choices.index(str(value)), **common))
    assert field.low is not None and field.high is not None
    step = field.kind(field.step if field.step is not None else (field.high - field.low) / 100)
    low, high = field.kind(field.low), field.kind(field.high)
    if (high - low) / step > 400:  # a slider could not be set to a wanted value any more
        return field.kind(st.number_input(label, low, high, field.kind(value), step, **common))  # type: ignore[no-any-return]
    return field.kind(st.slider(label, low, high, field.kind(value), step, **common))  # type: ignore[no-any-return]


def one_of(label: str, names: list[str], default: str, key: str) -> str:
    """Show a row of names of which one is chosen, bound to the address, and return it."""
    options: dict[str, Any] = {"key": key, "required": True, "label_visibility": "collapsed", **BOUND}
    # Nothing is chosen where a link holds the name and no value.
    return str(st.segmented_control(label, names, default=default, **options) or default)


def parameters(kind: type[P], prefix: str) -> P:
    """Show every parameter of `kind`, bound to the address under `prefix`, with its presets on top.

    Raises:
        ParameterError: the values do not go together (each alone is in its range).
    """
    if kind.presets:
        _presets(kind, prefix)
    values = {f.name: control(f, prefix + f.name, f.default, **BOUND) for f in kind.fields()}
    return kind(**values)


def _presets(kind: type[Parameters], prefix: str) -> None:
    names = [preset.name for preset in kind.presets]
    sources = "\n".join(f"- **{preset.name}**: {preset.source}" for preset in kind.presets)
    key = f"{prefix}preset"
    st.session_state[key] = _current_preset(kind, prefix)

    def apply() -> None:
        chosen = st.session_state[key]
        if chosen in names:
            for name, value in kind.preset(chosen).as_dict().items():
                st.session_state[prefix + name] = value

    st.selectbox("Preset", [*names, _CUSTOM], key=key, on_change=apply, help=sources)


def _current_preset(kind: type[Parameters], prefix: str) -> str:
    """Return the name of the preset the widgets stand at, or "custom"."""
    default = kind()
    try:
        values = {f.name: st.session_state.get(prefix + f.name, getattr(default, f.name)) for f in kind.fields()}
        current = kind(**values)
    except ParameterError:
        return _CUSTOM
    return next((preset.name for preset in kind.presets if preset.values == current), _CUSTOM)


def knobs(
    values: P, prefix: str, on_change: Callable[[P], None], *, skip: tuple[str, ...] = (), order: tuple[str, ...] = ()
) -> None:
    """Show the parameters of `values` as widgets that are not bound; call `on_change` with what was set.

    For parameters that live inside another name, such as those of a scene in its clip's name. Those named in `order`
    come first, in that order.
    """
    kind = type(values)

    def changed() -> None:
        on_change(kind(**values.as_dict() | {f.name: st.session_state[prefix + f.name] for f in shown_fields}))

    shown_fields = [f for f in kind.fields() if f.name not in skip]
    shown_fields.sort(key=lambda field: order.index(field.name) if field.name in order else len(order))
    for field in shown_fields:
        st.session_state[prefix + field.name] = getattr(values, field.name)
        control(field, prefix + field.name, field.default, on_change=changed)
