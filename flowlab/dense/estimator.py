"""What every dense method is: one row of facts around one function."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.core.parameters import Parameters, Preset
from flowlab.errors import ParameterError

Grey = NDArray[np.uint8]
Flow = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class DenseResult:
    """A dense flow and what it cost.

    Attributes:
        flow: (H, W, 2) float32, I1(x + u, y + v) = I0(x, y), pixels; NaN where unknown.
        seconds: wall clock of the estimation alone.
    """

    flow: Flow
    seconds: float


@dataclass(frozen=True)
class Method:
    """One dense method.

    Attributes:
        name: what links, the command line and snippets call it.
        key: prefix of its parameters in a link.
        title: what a page calls it.
        parameters: its parameter class; `parameters()` is the default.
        run: (I0, I1, parameters) -> flow; I0 and I1 (H, W) uint8.
        cost: (height, width, parameters) -> seconds it takes, to a factor of two, on one ordinary core.
        smallest: shortest side of a picture it can work on, pixels.
        citation: where it was published.
        good_at, bad_at: half a sentence each, for choosing.
    """

    name: str
    key: str
    title: str
    parameters: type[Parameters]
    run: Callable[[Grey, Grey, Any], Flow]
    cost: Callable[[int, int, Any], float]
    smallest: int
    citation: str
    good_at: str
    bad_at: str

    @property
    def presets(self) -> tuple[Preset[Any], ...]:
        """Named parameter sets; the first is the default."""
        return self.parameters.presets

    def estimate(self, first: Grey, second: Grey, parameters: Parameters | None = None) -> DenseResult:
        """Estimate the flow from `first` to `second`.

        Args:
            first: I0, (H, W) uint8 grey.
            second: I1, the same size.
            parameters: an instance of `self.parameters`; None for the defaults.

        Raises:
            ParameterError: the pictures are not grey uint8, differ in size or are too small, or the
                parameters belong to another method.
        """
        chosen = self.parameters() if parameters is None else parameters
        if not isinstance(chosen, self.parameters):
            raise ParameterError(f"{self.name} received {type(chosen).__name__}: give it {self.parameters.__name__}")
        self.check_pictures(first, second)
        start = time.perf_counter()
        flow = self.run(np.ascontiguousarray(first), np.ascontiguousarray(second), chosen)
        return DenseResult(flow, time.perf_counter() - start)

    def check_pictures(self, first: NDArray[Any], second: NDArray[Any]) -> None:
        """Raise ParameterError unless both are grey uint8 of one size this method can work on."""
        for picture in (first, second):
            if picture.dtype != np.uint8 or picture.ndim != 2:
                raise ParameterError(
                    f"a picture is {picture.dtype} of shape {picture.shape}: give grey uint8 pictures (H, W)"
                )
        if first.shape != second.shape:
            sizes = " and ".join(f"{p.shape[1]}x{p.shape[0]}" for p in (first, second))
            raise ParameterError(f"the two pictures are {sizes}: give two of one size")
        if min(first.shape) < self.smallest:
            raise ParameterError(
                f"the pictures are {first.shape[1]}x{first.shape[0]}: {self.title} needs at least "
                f"{self.smallest}x{self.smallest} pixels"
            )
