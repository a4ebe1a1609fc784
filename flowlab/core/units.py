"""From pixels a frame to metres a second: what a measured line and the clip's rate make of a displacement."""

import math
from dataclasses import dataclass
from fractions import Fraction

from flowlab.core.parameters import Parameters, parameter
from flowlab.core.region import Line
from flowlab.errors import ParameterError

PIXEL = "px"


@dataclass(frozen=True)
class UnitParameters(Parameters):
    """What a person says of the scale: the length of a line drawn on the picture, and the clip's true rate."""

    length: str = parameter(
        PIXEL, choices=(PIXEL, "mm", "cm", "m"), label="Length in", help="px, or a unit whose scale you draw.",
    )  # fmt: skip
    ruler: float = parameter(
        100.0, low=0.001, high=1_000_000.0, step=1.0, label="The scale line is",
        help="True length, in that unit, of the line drawn with the Scale tool.",
    )  # fmt: skip
    time: str = parameter(
        "frame", choices=("frame", "second"), label="Time in", help="Motion per frame step, or per second.",
    )  # fmt: skip
    fps: float = parameter(
        0.0, low=0.0, high=1_000_000.0, step=1.0, unit="frames/s", label="True frame rate",
        help="Rate at which it was filmed, where the file plays slower; 0 is the file's own.",
    )  # fmt: skip


@dataclass(frozen=True)
class Units:
    """How displacements are told.

    Attributes:
        length: name of the unit of length.
        per_px: that unit per working pixel.
        speed: name of the unit of speed: "px" (a step), "px/s", "mm/frame", "mm/s".
        seconds: seconds from the first to the second frame where time is told in seconds, else None.
    """

    length: str = PIXEL
    per_px: float = 1.0
    speed: str = PIXEL
    seconds: float | None = None

    @property
    def factor(self) -> float:
        """What a displacement of one working pixel is told as."""
        return self.per_px / (self.seconds or 1.0)

    @property
    def rate(self) -> float:
        """What a rate (divergence, vorticity) of 1 a step is told as."""
        return 1 / (self.seconds or 1.0)

    @property
    def rate_unit(self) -> str:
        """Name of the unit of a rate."""
        return "1/s" if self.seconds else "1/step"

    def told(self, px: float, digits: int = 3) -> str:
        """Return a displacement in working pixels as text with its unit."""
        return f"{px * self.factor:.{digits}g} {self.speed}"


def units(
    chosen: UnitParameters, *, ruler: Line | None, fps: Fraction, gap: int, px_per_working_px: float = 1.0
) -> Units:
    """Return the units a person chose.

    Args:
        chosen: what was said.
        ruler: the line whose length was given, in pixels of the clip; None where none was drawn.
        fps: the file's frame rate.
        gap: frames from the first to the second picture.
        px_per_working_px: clip pixels per working pixel.

    Raises:
        ParameterError: a unit of length was chosen and no line drawn.
    """
    per_px = 1.0
    if chosen.length != PIXEL:
        if ruler is None:
            raise ParameterError(
                f"lengths are asked for in {chosen.length} and no scale was drawn: choose Scale above the picture and "
                "drag along something whose length you know"
            )
        per_px = chosen.ruler / ruler.length * px_per_working_px
    seconds = gap / (chosen.fps or float(fps)) if chosen.time == "second" else None
    step = "/s" if seconds else "" if chosen.length == PIXEL else "/frame" if gap == 1 else f"/{gap} frames"
    return Units(chosen.length, per_px, chosen.length + step, seconds)


def bar_length(width: int, per_px: float, share: float = 0.2) -> tuple[float, float]:
    """Return (true length, pixels) of a scale bar: 1, 2 or 5 times a power of ten, at most `share` of the width.

    Args:
        width: of the picture, pixels.
        per_px: unit of length per pixel, above 0.
        share: of the width.
    """
    most = share * width * per_px
    power = 10.0 ** math.floor(math.log10(most))
    length = max(digit * power for digit in (1, 2, 5) if digit * power <= most * (1 + 1e-9))
    return length, length / per_px
