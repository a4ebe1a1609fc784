"""Sizes in bytes as people write them: "20G" in a setting, "2.6 MB" in a sentence. Units are powers of 1000."""

import re

from flowlab.errors import ParameterError, shown

_UNITS = ("", "k", "M", "G", "T")
_WRITTEN = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*([kMGT]?)B?", re.IGNORECASE | re.ASCII)


def parse_size(text: str, name: str) -> int:
    """Return the bytes written as `text`: "20G", "1.5 TB", "500m" or plain "1048576".

    Args:
        text: a number above 0 with an optional unit k, M, G or T (powers of 1000), at least one byte.
        name: what to call the setting in a message.

    Raises:
        ParameterError: `text` is no such size.
    """
    written = _WRITTEN.fullmatch(text.strip())
    if written:
        power = [unit.lower() for unit in _UNITS].index(written[2].lower())
        size = int(float(written[1]) * 1000**power)
        if size >= 1:
            return size
    raise ParameterError(f"{name} is {shown(text)}: give a size such as 20G or 500M")


def size_text(size: int) -> str:
    """Return `size` (bytes) for a sentence: "12 bytes", "2.64 MB", "20 GB"; three digits that matter."""
    if size < 1000:
        return f"{size} byte" + ("s" if size != 1 else "")
    value, power = float(size), 0
    while value >= 999.5 and power < len(_UNITS) - 1:
        value, power = value / 1000, power + 1
    digits = f"{value:.3g}" if value < 999.5 else f"{value:.0f}"
    return f"{digits} {_UNITS[power]}B"
