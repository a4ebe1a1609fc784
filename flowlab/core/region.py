"""Which part of a picture counts: a region that was drawn, areas that were left out, a line across.

Everything drawn is kept in pixels of the clip itself, so that it stays on the same thing when the
working width changes; `factor` leads from a working pixel to the clip's: x_clip = (x + 0.5) factor - 0.5.
"""

import math
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.errors import ParameterError, shown

_FARTHEST = 1e6  # px: what no picture reaches, and numbers still print well
NATIVE = (1.0, 1.0)
MOST_EXCLUDED = 50


def numbers(text: str, count: int, what: str, form: str) -> tuple[float, ...]:
    """Return the `count` numbers written as "1,2,3" in `text`.

    Raises:
        ParameterError: another count, or something that is no finite number; `what` and `form` go into the message.
    """
    parts = text.split(",")
    try:
        values = tuple(float(part) for part in parts)
    except ValueError:
        values = ()
    if len(values) != count or not all(math.isfinite(v) and abs(v) <= _FARTHEST for v in values):
        raise ParameterError(f"{what} is {shown(text)}: give {form} in pixels, such as {_EXAMPLES[count]}")
    return values


_EXAMPLES = {2: "320,180", 4: "100,60,200,120"}


def written(values: tuple[float, ...]) -> str:
    """Return numbers as text that `numbers` reads back: at most a hundredth of a pixel, no needless zeros."""
    return ",".join(f"{round(value, 2) + 0.0:.10g}" for value in values)


@dataclass(frozen=True)
class Box:
    """An upright box of pixels: columns x .. x+w-1, rows y .. y+h-1.

    Raises:
        ParameterError: a side is not at least one pixel long.
    """

    x: float
    y: float
    w: float
    h: float

    def __post_init__(self) -> None:
        """Check the size."""
        if not (self.w >= 1 and self.h >= 1):
            raise ParameterError(
                f"the box is {self.w:g} by {self.h:g} pixels: draw one that is at least 1 by 1, as x,y,w,h"
            )

    @classmethod
    def parse(cls, text: str, what: str = "the region") -> Self:
        """Return the box written as "x,y,w,h"; raises ParameterError where it is none."""
        return cls(*numbers(text, 4, what, "x,y,w,h"))

    def __str__(self) -> str:
        """Return the text `parse` reads."""
        return written((self.x, self.y, self.w, self.h))

    def mask(self, height: int, width: int, factor: tuple[float, float] = NATIVE) -> NDArray[np.bool_]:
        """Return (H, W): True where the centre of a working pixel lies in the box."""
        x, y = ((np.arange(size) + 0.5) * float(f) - 0.5 for size, f in zip((width, height), factor, strict=True))
        columns = (x >= self.x - 0.5) & (x < self.x + self.w - 0.5)
        rows = (y >= self.y - 0.5) & (y < self.y + self.h - 0.5)
        return rows[:, None] & columns[None, :]


@dataclass(frozen=True)
class Selection:
    """The pixels that count: those of the region (None: all) that are in none of the excluded boxes."""

    region: Box | None = None
    excluded: tuple[Box, ...] = ()

    def __post_init__(self) -> None:
        """Check the number of areas: each costs a pass over the picture, and a link may hold thousands."""
        if len(self.excluded) > MOST_EXCLUDED:
            raise ParameterError(
                f"{len(self.excluded)} areas are left out: give at most {MOST_EXCLUDED}, or draw a region instead"
            )

    @property
    def is_all(self) -> bool:
        """Whether every pixel counts."""
        return self.region is None and not self.excluded

    def mask(self, height: int, width: int, factor: tuple[float, float] = NATIVE) -> NDArray[np.bool_]:
        """Return (H, W) bool, True where a pixel counts.

        Args:
            height: rows of the working picture.
            width: columns of the working picture.
            factor: (x, y) clip pixels per working pixel.

        Raises:
            ParameterError: the region lies outside the picture, or nothing is left.
        """
        counts = np.ones((height, width), np.bool_)
        if self.region is not None:
            counts = self.region.mask(height, width, factor)
            if not counts.any():
                size = f"{round(width * factor[0])}x{round(height * factor[1])}"
                raise ParameterError(
                    f"the region {self.region} holds no pixel of the {size} picture: draw it inside, or clear it"
                )
        for box in self.excluded:
            counts &= ~box.mask(height, width, factor)
        if not counts.any():
            raise ParameterError("the excluded areas leave no pixel of the region: remove one of them")
        return counts


@dataclass(frozen=True)
class Line:
    """A straight line from (x0, y0) to (x1, y1), pixels.

    Raises:
        ParameterError: both ends are one point.
    """

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        """Check the length."""
        if not self.length >= 1:
            raise ParameterError(f"the line is {self.length:g} pixels long: draw one of at least 1 pixel, x0,y0,x1,y1")

    @classmethod
    def parse(cls, text: str, what: str = "the line") -> Self:
        """Return the line written as "x0,y0,x1,y1"; raises ParameterError where it is none."""
        return cls(*numbers(text, 4, what, "x0,y0,x1,y1"))

    def __str__(self) -> str:
        """Return the text `parse` reads."""
        return written((self.x0, self.y0, self.x1, self.y1))

    @property
    def length(self) -> float:
        """Distance between the ends, pixels."""
        return math.hypot(self.x1 - self.x0, self.y1 - self.y0)


@dataclass(frozen=True, eq=False)
class Profile:
    """A flow read along a line.

    Attributes:
        distance: (N,) px of the clip from the line's start.
        u: (N,) float32, px; NaN where unknown.
        v: (N,) float32, px; NaN where unknown.
    """

    distance: NDArray[np.float64]
    u: NDArray[np.float32]
    v: NDArray[np.float32]


def profile(flow: NDArray[np.float32], line: Line, factor: tuple[float, float] = NATIVE) -> Profile:
    """Read a flow along the part of a line that lies in the picture, bilinearly, once a working pixel.

    Args:
        flow: (H, W, 2) float32, px.
        line: in pixels of the clip.
        factor: (x, y) clip pixels per working pixel.

    Raises:
        ParameterError: no part of the line lies in the picture.
    """
    height, width = flow.shape[:2]
    x0, x1 = ((x + 0.5) / factor[0] - 0.5 for x in (line.x0, line.x1))
    y0, y1 = ((y + 0.5) / factor[1] - 0.5 for y in (line.y0, line.y1))
    first, last = _inside(((x0, x1, width - 1), (y0, y1, height - 1)))
    if first > last:
        raise ParameterError(f"the line {line} lies outside the picture: draw it inside")
    steps = max(2, math.ceil((last - first) * math.hypot(x1 - x0, y1 - y0) - 1e-6) + 1)
    share = np.linspace(first, last, steps)
    x, y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
    at = x[:, None].astype(np.float32), y[:, None].astype(np.float32)
    # Plane by plane: of two channels together OpenCV 5 rounds positions to 1/32 px, of one, three or four it does not.
    u, v = (cv2.remap(plane, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE) for plane in cv2.split(flow))
    return Profile(share * line.length, u.ravel().astype(np.float32), v.ravel().astype(np.float32))


def _inside(axes: tuple[tuple[float, float, int], ...]) -> tuple[float, float]:
    """Return the shares of a line between which it lies in 0 .. last on every axis (start, end, last).

    Source: Liang & Barsky (1984), A new concept and method for line clipping.
    """
    low, high = 0.0, 1.0
    for start, end, last in axes:
        if start == end:
            if not 0 <= start <= last:
                return 1.0, 0.0
            continue
        enters, leaves = sorted(((0 - start) / (end - start), (last - start) / (end - start)))
        low, high = max(low, enters), min(high, leaves)
    return low, high
