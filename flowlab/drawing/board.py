"""A board: pictures, plots and tables side by side whose parts belong together.

A board is data. Whoever shows it draws every panel in the same way, lights up all parts that share a `link` when one
of them is pointed at, and lets a hand move what a panel's `gesture` names. All positions are in the units of the
panel's axes; in a picture these are pixels, (0, 0) being the centre of the first one.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.quantities import INKS
from flowlab.errors import ParameterError, shown

Pair = tuple[float, float]
_DASHES = ("solid", "dash", "dot")
_SHAPES = ("dot", "ring", "cross", "square")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What all marks share.

    Attributes:
        ink: name of a quantity (`quantities.INKS`), which is its colour.
        link: marks and rows of one link light up together; "" for none.
        label: what is told when it is pointed at.
        held: whether it moves along with the panel's gesture while a hand moves it.
        faded: whether it stands back.
    """

    ink: str = "text"
    link: str = ""
    label: str = ""
    held: bool = False
    faded: bool = False

    def __post_init__(self) -> None:
        """Check the ink."""
        if self.ink not in INKS:
            raise ParameterError(f"ink is {shown(self.ink)}: give one of {', '.join(INKS)}")


@dataclass(frozen=True)
class Line(Mark):
    """A line through points, with a gap where a number is not finite.

    Attributes:
        x, y: of its points, equally many.
        dash: "solid", "dash" or "dot".
        width: screen px.
        closed: whether it goes back to its start.
        filled: whether its inside is tinted.
    """

    x: tuple[float, ...]
    y: tuple[float, ...]
    dash: str = "solid"
    width: float = 2.0
    closed: bool = False
    filled: bool = False

    def __post_init__(self) -> None:
        """Check that there are as many x as y, and the dash."""
        super().__post_init__()
        if len(self.x) != len(self.y) or not self.x:
            raise ParameterError(f"a line has {len(self.x)} x and {len(self.y)} y: give as many of both, at least one")
        if self.dash not in _DASHES:
            raise ParameterError(f"dash is {shown(self.dash)}: give one of {', '.join(_DASHES)}")


@dataclass(frozen=True)
class Dot(Mark):
    """A mark at one place; `size` is its radius, screen px; shape "dot", "ring", "cross" or "square"."""

    x: float
    y: float
    shape: str = "dot"
    size: float = 5.0

    def __post_init__(self) -> None:
        """Check the shape."""
        super().__post_init__()
        if self.shape not in _SHAPES:
            raise ParameterError(f"shape is {shown(self.shape)}: give one of {', '.join(_SHAPES)}")


@dataclass(frozen=True)
class Arrow(Mark):
    """An arrow from (x, y) to (x + u, y + v)."""

    x: float
    y: float
    u: float
    v: float
    dash: str = "solid"
    width: float = 2.5


@dataclass(frozen=True)
class Disc(Mark):
    """A circle of `radius` in units of the axes around (x, y); `shade` dims what is outside, `softness` px wide."""

    x: float
    y: float
    radius: float
    shade: bool = False
    softness: float = 0.0


@dataclass(frozen=True)
class Square(Mark):
    """A box of pixels: columns x .. x+w-1, rows y .. y+h-1, outlined around the pixels, not through their centres."""

    x: float
    y: float
    w: float
    h: float
    filled: bool = False
    dash: str = "solid"
    width: float = 2.0


@dataclass(frozen=True)
class Words(Mark):
    """A few words at a place; anchor "start", "middle" or "end"."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    size: float = 12.0


@dataclass(frozen=True)
class Strip:
    """The legend of a picture's colours.

    Attributes:
        sample: (h, w, 3) uint8, the colours from the first end to the last.
        ends: what the first colour, (a middle one) and the last colour stand for, with the unit on the last one.
    """

    sample: NDArray[np.uint8]
    ends: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Panel:
    """One picture or plot.

    Attributes:
        name: unlike that of every other panel of the board.
        title: what it shows, in a few words; of a plot, what is drawn over what.
        x: the axis' two ends, left and right.
        y: the axis' two ends, bottom and top: (height - 0.5, -0.5) for a picture.
        marks: drawn in this order.
        image: (H, W, 3) uint8, stretched over the axes' ends.
        beneath: a second picture of the same size, uncovered from the left by a swipe.
        names: of `beneath` and `image`, where there are both.
        smooth: whether the image may be interpolated; pixels stay squares otherwise.
        values: (H, W) or (H, W, C), told under the pointer; None for none.
        value_names: of the channels of `values`.
        unit: of `values`.
        strip: what the image's colours mean.
        x_title, y_title: of the axes, with units; both empty: there are no axes, as on a picture.
        log_y: whether y is drawn as its logarithm; both its ends are above 0 then.
        log_x: the same of x.
        aspect: width over height as drawn; None: that of the axes' ranges, in true proportion.
        gesture: what a hand does here: "" nothing, or the name of what is set by pointing or dragging (told to the
            page together with the place).
        at: where the thing that is dragged stands; arrow keys move it from there.
        snap: steps of the axes' units that places are rounded to; 0: none.
        words: a sentence beneath.
        ink: of the title, where the panel shows one quantity.
    """

    name: str
    title: str
    x: Pair
    y: Pair
    marks: tuple[Mark, ...] = ()
    image: NDArray[np.uint8] | None = None
    beneath: NDArray[np.uint8] | None = None
    names: tuple[str, str] = ("", "")
    smooth: bool = False
    values: NDArray[np.floating[Any]] | None = None
    value_names: tuple[str, ...] = ()
    unit: str = ""
    strip: Strip | None = None
    x_title: str = ""
    y_title: str = ""
    log_y: bool = False
    log_x: bool = False
    aspect: float | None = None
    gesture: str = ""
    at: Pair | None = None
    snap: float = 0.0
    words: str = ""
    ink: str = "text"

    def __post_init__(self) -> None:
        """Check the axes."""
        for name, (one, other), log in (("x", self.x, self.log_x), ("y", self.y, self.log_y)):
            if not (np.isfinite(one) and np.isfinite(other) and one != other) or (log and min(one, other) <= 0):
                raise ParameterError(f"the axis {name} goes from {one:g} to {other:g}: give two different numbers")

    @property
    def proportion(self) -> float:
        """Width over height of what is drawn."""
        return self.aspect or abs((self.x[1] - self.x[0]) / (self.y[1] - self.y[0]))


@dataclass(frozen=True)
class Row:
    """A row of a table: its cells, as written, and the link it lights up with."""

    cells: tuple[str, ...]
    link: str = ""
    strong: bool = False


@dataclass(frozen=True)
class Table:
    """A table of numbers.

    Attributes:
        name: unlike that of every panel and table of the board.
        title: what it shows.
        columns: (title, ink) of each.
        rows: of as many cells each.
        words: a sentence beneath.
    """

    name: str
    title: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    words: str = ""

    def __post_init__(self) -> None:
        """Check the cells and the inks."""
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ParameterError(f"a row has {len(row.cells)} cells: give {len(self.columns)}")
        for _, ink in self.columns:
            if ink not in INKS:
                raise ParameterError(f"ink is {shown(ink)}: give one of {', '.join(INKS)}")


@dataclass(frozen=True)
class Board:
    """Rows of panels and tables; those of one row stand side by side where there is room."""

    rows: tuple[tuple[Panel | Table, ...], ...] = field(default=())

    def __post_init__(self) -> None:
        """Check that names differ."""
        names = [part.name for row in self.rows for part in row]
        if len(names) != len(set(names)):
            raise ParameterError(f"panels are called {', '.join(names)}: give each a name of its own")


def picture_panel(name: str, title: str, image: NDArray[np.uint8], **more: Any) -> Panel:
    """Return a panel that is a picture (H, W, 3) uint8: pixels are its axes, y downwards, never distorted.

    Args:
        name: of the panel.
        title: of the panel.
        image: (H, W, 3) uint8.
        more: further attributes of `Panel`.
    """
    height, width = image.shape[:2]
    return Panel(name, title, (-0.5, width - 0.5), (height - 0.5, -0.5), image=image, **more)
