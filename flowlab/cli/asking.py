"""What a shell asks with: options that several commands share."""

from collections.abc import Iterable
from typing import TypeVar

from flowlab.core.clip import ClipInfo
from flowlab.core.parameters import Parameters
from flowlab.dense.methods import method
from flowlab.errors import ParameterError, shown

P = TypeVar("P", bound=Parameters)


def parameters_of(method_name: str, preset: str | None, settings: Iterable[str]) -> Parameters:
    """Return a method's parameters: the preset's, or the default ones, with `name=value` settings on top."""
    return settings_of(method(method_name).parameters, preset, settings)


def settings_of(kind: type[P], preset: str | None, settings: Iterable[str]) -> P:
    """Return parameters of a kind: the preset's, or the default ones, with `name=value` settings on top."""
    chosen = kind() if preset is None else kind.preset(preset)
    texts: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ParameterError(f"--set is {shown(setting)}: give name=value, such as --set {_example(kind)}")
        texts[name.strip()] = value
    return chosen.with_text(texts)


def _example(kind: type[Parameters]) -> str:
    number = next(field for field in kind.fields() if field.kind is int)
    return f"{number.name}={number.default}"


def frame_range(text: str | None, facts: ClipInfo) -> tuple[int, int, bool]:
    """Return (start, stop, whether every frame asked for exists) of `--frames A:B`."""
    if text is None:
        return 0, facts.frame_count, facts.damaged == 0
    first, colon, last = text.partition(":")
    promised = max(facts.frame_count, facts.declared or 0)
    try:
        start, stop = int(first or 0), int(last) if last else promised
    except ValueError:
        colon = ""
        start = stop = 0
    if not colon or not 0 <= start < stop:
        raise ParameterError(f"--frames is {shown(text)}: give A:B for frames A to B-1, such as 0:50")
    if stop > promised or start >= facts.frame_count:
        raise ParameterError(f"--frames is {shown(text)}: the clip has frames 0:{facts.frame_count}")
    return start, min(stop, facts.frame_count), stop <= facts.frame_count
