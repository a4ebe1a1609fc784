"""The order in which people number their files: 2 before 10."""

import re

_NUMBER = re.compile(r"(\d+)", re.ASCII)


def natural_key(name: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Return a sort key by which digits count as numbers, capitals as small letters, and no two names are equal."""
    parts = _NUMBER.split(name.casefold())
    return tuple((1, int(part), part) if part.isdecimal() else (0, 0, part) for part in parts if part), name
