"""KaTeX in the colours of the quantities, with numbers under the symbols."""

import math
from dataclasses import dataclass

from flowlab.drawing.quantities import quantity_colours


@dataclass(frozen=True)
class Tex:
    """Writes KaTeX for the light page or the dark one."""

    dark: bool

    def ink(self, tex: str, ink: str) -> str:
        """Return `tex` in the colour of a quantity."""
        return rf"\textcolor{{{quantity_colours(self.dark)[ink]}}}{{{tex}}}"

    def live(self, tex: str, value: float | str, ink: str, digits: int = 2) -> str:
        """Return a symbol with its number beneath, both in the colour of the quantity."""
        return self.ink(rf"\underset{{{number(value, digits)}}}{{{tex}}}", ink)

    def value(self, value: float | str, ink: str, digits: int = 2) -> str:
        """Return a number in the colour of a quantity."""
        return self.ink(number(value, digits), ink)


def number(value: float | str, digits: int = 2) -> str:
    """Return a number as KaTeX writes one, with a true minus and no negative zero; words stay words."""
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return r"\infty" if value > 0 else r"-\infty" if value < 0 else r"\text{–}"
    return f"{round(value, digits) + 0.0:.{digits}f}"


def signed(value: float, digits: int = 2) -> str:
    """Return a number with its sign, as a term that is added: "+ 1.20" or "- 0.30"."""
    written = number(abs(value), digits)
    return f"-{written}" if value < 0 and float(written) != 0 else f"+{written}"
