"""The colours of tracked regions: of what a tracker says, and of the ways to align a template."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from flowlab.drawing.inks import FURTHER_COLOURS

STATE_COLOURS: Mapping[str, str] = MappingProxyType(
    {"tracked": "#009E73", "occluded": "#E69F00", "lost": "#CC79A7", "keyframe": "#56B4E9"}
)
"""Of what a tracker says of itself, on pictures and in plots, in the order of its codes; after Okabe & Ito (2008)."""

ALIGNER_COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "forward-additive": "#0072B2",
        "forward-compositional": "#56B4E9",
        "inverse-compositional": "#009E73",
        "esm": "#D55E00",
        "ecc": "#CC79A7",
    }
)
"""Of ways to align a template, the same in every plot; after Okabe & Ito (2008)."""


def colours_of(names: Sequence[str]) -> tuple[str, ...]:
    """Return a CSS colour for each of several names: those of aligners are fixed, others come in turn."""
    free = [colour for colour in (*FURTHER_COLOURS, "#D55E00") if colour not in map(ALIGNER_COLOURS.get, names)]
    others = [name for name in names if name not in ALIGNER_COLOURS]
    turn = free or list(FURTHER_COLOURS)
    further = {name: turn[number % len(turn)] for number, name in enumerate(dict.fromkeys(others))}
    return tuple(ALIGNER_COLOURS.get(name) or further[name] for name in names)
