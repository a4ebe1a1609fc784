"""Colours of quantities are read as words: each has enough contrast with its page, and no two are alike."""

from itertools import combinations

import pytest

from flowlab.drawing.inks import inks
from flowlab.drawing.quantities import INKS, quantity_colours


def channels(colour: str) -> tuple[float, ...]:
    return tuple(byte / 255 for byte in bytes.fromhex(colour.removeprefix("#")))


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels(colour)]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("name", [name for name in INKS if name != "faint"])
def test_words_in_a_quantitys_colour_can_be_read(name: str, dark: bool) -> None:
    assert contrast(quantity_colours(dark)[name], inks(dark).page) >= 4.5


@pytest.mark.parametrize("dark", [False, True])
def test_no_two_quantities_look_alike(dark: bool) -> None:
    colours = {name: colour for name, colour in quantity_colours(dark).items() if name != "true"}  # text, but dashed
    for (one, a), (other, b) in combinations(colours.items(), 2):
        assert sum(abs(x - y) for x, y in zip(channels(a), channels(b), strict=True)) > 0.18, (one, other)
