"""Parameter sets: small frozen dataclasses that check themselves.

A parameter is written once, as a field: default, range, unit, meaning. Widgets, command-line
options, documentation, snippets and links are made from that one place.

    @dataclass(frozen=True)
    class Blur(Parameters):
        sigma: float = parameter(1.5, low=0.1, high=20, unit="px", help="Width of the Gaussian.")

    Blur(sigma=-1)   ->  ParameterError: sigma is -1: give a number from 0.1 to 20 (px)
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Self, TypeVar

from flowlab.errors import ParameterError, shown

Value = bool | int | float | str
P = TypeVar("P", bound="Parameters", covariant=True)


@dataclass(frozen=True)
class Field:
    """One parameter, as pages and the command line need to see it.

    Attributes:
        name: the parameter's name in the dataclass.
        kind: bool, int, float or str.
        default: its default value.
        low, high: the closed range of a number; None for bool and str.
        step: the step a slider takes; an int whose step is 2 must be odd/even like `low`.
        unit: unit of the value ("px", "grey levels"), or "".
        choices: the values a str may take.
        help: what it does, in a sentence.
        label: what a page calls it, or "".
    """

    name: str
    kind: type
    default: Value
    low: float | None
    high: float | None
    step: float | None
    unit: str
    choices: tuple[str, ...]
    help: str
    label: str

    @property
    def title(self) -> str:
        """What a page calls the parameter: its label, or its name in words."""
        return self.label or self.name.replace("_", " ").capitalize()

    def check(self, value: Any) -> Value:
        """Return `value` as this field's type, or raise ParameterError with name, value and remedy."""
        if self.kind is bool:
            if isinstance(value, bool):
                return value
        elif self.kind is str:
            if isinstance(value, str) and value in self.choices:
                return value
        elif isinstance(value, (int, float)) and not isinstance(value, bool) and self._fits(value):
            return self.kind(value)  # type: ignore[no-any-return]
        raise ParameterError(f"{self.name} is {_plain(value)}: give {self.accepts()}")

    def _fits(self, value: float) -> bool:
        try:
            is_number = math.isfinite(value)
        except OverflowError:  # a whole number of hundreds of digits
            return False
        if not is_number or (self.kind is int and value != int(value)):
            return False
        assert self.low is not None and self.high is not None
        if not self.low <= value <= self.high:
            return False
        return not (self.kind is int and self.step == 2 and (value - self.low) % 2)

    def accepts(self) -> str:
        """Return in words what the field accepts: "an odd number from 3 to 99 (px)"."""
        if self.kind is bool:
            return "true or false"
        if self.kind is str:
            return "one of " + ", ".join(self.choices)
        if self.kind is int:
            assert self.low is not None
            parity = "whole" if self.step != 2 else ("odd" if self.low % 2 else "even")
            what = f"{'an' if parity != 'whole' else 'a'} {parity} number"
        else:
            what = "a number"
        return f"{what} from {self.low:g} to {self.high:g}" + (f" ({self.unit})" if self.unit else "")

    def parse(self, text: str) -> Value:
        """Return the value written as `text` (in a link or on a command line), checked."""
        text = text.strip()
        try:
            if self.kind is bool:
                value: Value = {"true": True, "false": False, "1": True, "0": False}[text.lower()]
            elif self.kind is str:
                value = text
            else:
                value = self.kind(text)
        except (KeyError, ValueError, OverflowError):
            raise ParameterError(f"{self.name} is {shown(text)}: give {self.accepts()}") from None
        return self.check(value)


def _plain(value: Any) -> str:
    return shown(value) if isinstance(value, str) else shown(repr(value)).strip("‘’")


def parameter(
    default: Value,
    *,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    unit: str = "",
    choices: tuple[str, ...] = (),
    help: str,
    label: str = "",
) -> Any:
    """Declare a parameter of a `Parameters` dataclass; see `Field` for the meaning of each word."""
    about = {"low": low, "high": high, "step": step, "unit": unit, "choices": choices, "help": help, "label": label}
    return dataclasses.field(default=default, metadata=about)


@dataclass(frozen=True)
class Preset(Generic[P]):
    """A named set of parameters, with where it comes from."""

    name: str
    values: P
    source: str


@dataclass(frozen=True)
class Parameters:
    """Base of every parameter set: checks each field when an instance is made."""

    presets: ClassVar[tuple[Preset[Any], ...]] = ()

    def __post_init__(self) -> None:
        """Check every value and normalise its type (3.0 -> 3 for a whole number)."""
        for field in self.fields():
            object.__setattr__(self, field.name, field.check(getattr(self, field.name)))

    @classmethod
    def fields(cls) -> tuple[Field, ...]:
        """Return the parameters in the order they are written."""
        return tuple(
            Field(name=f.name, kind=type(f.default), default=f.default, **f.metadata)  # type: ignore[arg-type]
            for f in dataclasses.fields(cls)
        )

    @classmethod
    def field(cls, name: str) -> Field:
        """Return one parameter's description; raises ParameterError where there is none of that name."""
        for field in cls.fields():
            if field.name == name:
                return field
        known = ", ".join(f.name for f in cls.fields()) or "none"
        raise ParameterError(f"there is no parameter {shown(name)}: the parameters are {known}")

    @classmethod
    def preset(cls, name: str) -> Self:
        """Return the named set of parameters; raises ParameterError naming those that exist."""
        for preset in cls.presets:
            if preset.name == name:
                return preset.values  # type: ignore[no-any-return]
        known = ", ".join(p.name for p in cls.presets) or "none"
        raise ParameterError(f"there is no preset {shown(name)}: the presets are {known}")

    def with_text(self, texts: Mapping[str, str]) -> Self:
        """Return a copy with the parameters named in `texts` read from text (`--set`, a link)."""
        return dataclasses.replace(self, **{name: self.field(name).parse(text) for name, text in texts.items()})

    def as_dict(self) -> dict[str, Value]:
        """Return name -> value, all parameters."""
        return {field.name: getattr(self, field.name) for field in self.fields()}

    def changed(self) -> dict[str, Value]:
        """Return name -> value of the parameters that differ from their defaults."""
        return {f.name: getattr(self, f.name) for f in self.fields() if getattr(self, f.name) != f.default}
