"""Points that can be read and picked on a picture: what the browser gets of them, and what it may send back."""

import base64
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_MOST = 1 << 24  # float32 holds every whole number below it


@dataclass(frozen=True)
class Told:
    """How one number of a point is told, such as "fb 0.02 px".

    Attributes:
        name: may be empty.
        digits: after the decimal point.
        unit: written behind it; may be empty.
        signed: whether + is written too.
        width: characters kept for the number, so that the line stands still.
        about: what it is, in a few words, where the name does not say it.
    """

    name: str
    digits: int = 2
    unit: str = ""
    signed: bool = False
    width: int = 5
    about: str = ""


@dataclass(frozen=True, eq=False)
class PointsUnder:
    """The points of a picture, read instead of a flow: the nearest one to the pointer tells its numbers.

    Attributes:
        numbers: (N, C) float32: the track, x and y in pixels of the picture, then one column for each of `beside`
            and of `beneath`, in the unit it is told in; what is not finite is told as "–".
        beside: what is told on the first line, behind track, x and y: the motion.
        beneath: what is told on the second line.
        picked: the track whose numbers stay in view, or None. It need not be among the points.
    """

    numbers: NDArray[np.float32]
    beside: tuple[Told, ...] = ()
    beneath: tuple[Told, ...] = ()
    picked: int | None = None

    def __post_init__(self) -> None:
        columns = 3 + len(self.beside) + len(self.beneath)
        if self.numbers.ndim != 2 or self.numbers.shape[1] != columns:
            raise ValueError(f"numbers have shape {self.numbers.shape}: give (N, {columns}), track, x, y and the rest")

    def to_data(self) -> dict[str, Any]:
        """Return the points for points.js."""
        values = np.ascontiguousarray(self.numbers, "<f4").tobytes()
        return {
            "columns": self.numbers.shape[1],
            "values": base64.b64encode(values).decode("ascii"),
            "beside": [asdict(told) for told in self.beside],
            "beneath": [asdict(told) for told in self.beneath],
            "picked": self.picked,
        }


def checked_pick(sent: object) -> tuple[int, ...] | None:
    """Return (track,) or, where none is picked, () from the browser; None when it is neither."""
    if sent == []:
        return ()
    if not isinstance(sent, list) or len(sent) != 1:
        return None
    (track,) = sent
    return (track,) if type(track) is int and 0 <= track < _MOST else None  # True is an int too
