"""The colours of the quantities of a derivation: one quantity, one colour, in equation, picture, plot and table."""

from collections.abc import Mapping
from types import MappingProxyType

# On the light page and on the dark one. Hues after Okabe & Ito (2008), darkened or lightened until words in them keep
# a contrast of at least 4.5 : 1 with the page.
_COLOURS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "text": ("#1B1F23", "#E6E8EA"),
        "faint": ("#8A8F94", "#7E8890"),
        "look": ("#C2410C", "#F08A4B"),  # the thing to look at: the picked pixel, the window, the aperture
        "first": ("#475569", "#A9B8C9"),  # I at the first moment
        "second": ("#7A4A21", "#D9A778"),  # I at the second moment
        "fx": ("#0066A6", "#5CB3F2"),
        "fy": ("#A2336F", "#EE90C0"),
        "ft": ("#7A5F00", "#E5C33E"),  # and every other difference between two pictures: a residual too
        "flow": ("#00714F", "#2FCB9A"),  # what is estimated: (u, v)
        "true": ("#1B1F23", "#E6E8EA"),  # what is true: drawn dashed, or as a cross
        "major": ("#5B3FA0", "#B8A3F5"),  # the larger eigenvalue
        "minor": ("#A548B5", "#F0A6FF"),  # the smaller one
    }
)

INKS = tuple(_COLOURS)
"""The names."""


def quantity_colours(dark: bool) -> Mapping[str, str]:
    """Return name -> CSS colour of every quantity, on the dark page or the light one."""
    return {name: pair[int(dark)] for name, pair in _COLOURS.items()}
