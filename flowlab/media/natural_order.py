"""The order in which people number their files: 2 before 10."""

import re

_NUMBER = re.compile(r"([0-9]+)")


def natural_key(name: str) -> tuple[list[tuple[int, int, str]], str]:
    """Return a sort key by which runs of digits count as numbers and capitals as small letters.

    A number goes by its length without leading zeros, then its digits: names may hold more digits
    than Python turns into an int. No two different names are equal.
    """
    key = []
    for part in filter(None, _NUMBER.split(name.casefold())):
        digits = part.lstrip("0")
        key.append((0, len(digits), digits) if _NUMBER.fullmatch(part) else (1, 0, part))
    return key, name
