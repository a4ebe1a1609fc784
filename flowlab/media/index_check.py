"""Checks a stored video index value by value: what lies on a disk may have been damaged or forged."""

from fractions import Fraction
from typing import Any

import numpy as np

_TEXTS = ("content_hash", "container", "codec", "note")
_COUNTS = {"size": 1, "width": 1, "height": 1, "lost": 0}
_TRUTHS = ("mirrored", "variable_rate", "checked", "repeatable")
_FRACTIONS = ("fps", "time_base")
_ARRAYS = {"stamps": np.int64, "prints": np.uint32, "flags": np.uint8}
_LARGEST = 1 << 40


def checked_facts(words: dict[str, Any]) -> dict[str, Any]:
    """Return the single values of an index; raises ValueError, KeyError or TypeError where one is wrong."""
    facts: dict[str, Any] = {name: _of_type(words[name], str) for name in _TEXTS}
    facts |= {name: _of_type(words[name], bool) for name in _TRUTHS}
    facts |= {name: _count(words[name], low) for name, low in _COUNTS.items()}
    facts |= {name: _positive_fraction(words[name]) for name in _FRACTIONS}
    facts["declared"] = None if words["declared"] is None else _count(words["declared"], 0)
    facts["rotation"] = _count(words["rotation"], 0)
    if facts["rotation"] not in (0, 90, 180, 270):
        raise ValueError
    return facts


def checked_arrays(words: dict[str, Any]) -> dict[str, Any]:
    """Return the arrays of an index; raises ValueError, OverflowError or TypeError where they do not fit."""
    for name in _ARRAYS:
        if any(type(value) is not int for value in _of_type(words[name], list)):
            raise ValueError
    arrays: dict[str, Any] = {name: np.array(words[name], kind) for name, kind in _ARRAYS.items()}
    count = len(arrays["stamps"])
    if count == 0 or len(arrays["flags"]) != count or len(arrays["prints"]) != (count if words["checked"] else 0):
        raise ValueError
    return arrays


def _of_type(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise ValueError
    return value


def _count(value: Any, low: int) -> int:
    if not low <= _of_type(value, int) <= _LARGEST:
        raise ValueError
    return int(value)


def _positive_fraction(value: Any) -> Fraction:
    text = _of_type(value, str)
    if len(text) > 64:
        raise ValueError
    numerator, _, denominator = text.partition("/")
    number = Fraction(int(numerator), int(denominator or 1) or -1)
    if number <= 0:
        raise ValueError
    return number
