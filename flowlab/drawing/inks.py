"""The colours of words, lines and series in figures, on a light page and on a dark one."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Inks:
    """The page's own colours, as CSS writes them.

    Attributes:
        page: the page itself.
        text: words and ticks.
        faint: grid lines.
        paper: behind words that lie on a picture or under the pointer, slightly transparent.
        look: the thing to look at.
    """

    page: str
    text: str
    faint: str
    paper: str
    look: str


_LIGHT = Inks("#FBFBF9", "#1B1F23", "#DEDCD3", "rgba(251,251,249,0.85)", "#C2410C")
_DARK = Inks("#12161A", "#E6E8EA", "#2C343C", "rgba(18,22,26,0.82)", "#F08A4B")


def inks(dark: bool) -> Inks:
    """Return the inks of the dark page, or of the light one."""
    return _DARK if dark else _LIGHT


QUANTITY_COLOURS: Mapping[str, str] = MappingProxyType({"u": "#0072B2", "v": "#D55E00", "speed": "#009E73"})
"""Colours of Okabe & Ito (2008): blue, vermillion, bluish green; the same in every plot and on either page."""

FURTHER_COLOURS = ("#CC79A7", "#56B4E9", "#E69F00", "#0072B2", "#009E73")
"""For series that are none of these, in turn."""


def plain(text: str) -> str:
    """Return text that Plotly takes for text: it reads a few HTML tags and %{..} in names and titles."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("%{", "% {")
