"""One piece of work, as it is given to a cluster, and what comes back."""

import logging
import math
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flowlab.errors import EngineError, FlowlabError, ParameterError, shown

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Piece:
    """One call that a worker is to make.

    Attributes:
        key: the caller's own name for it; it comes back with the result.
        function: a function at the top of a module that the workers can import; it is sent by name.
        arguments: what it is called with: small and picklable (names and numbers, not pictures).
        what: what to call the piece in messages: "frames 30 to 59 of clip.mp4".
        seconds: wall clock it may take; beyond that its worker is ended and replaced.

    Raises:
        ParameterError: `seconds` is not a positive number.
    """

    key: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    what: str
    seconds: float = 300.0

    def __post_init__(self) -> None:
        if not 0 < self.seconds < math.inf:
            raise ParameterError(f"seconds of a piece is {self.seconds:g}: give a positive number")

    def packed(self) -> bytes:
        """Return the call as bytes that `running.perform` can make it from.

        Raises:
            ParameterError: the function or an argument cannot be sent to another process.
        """
        try:
            return pickle.dumps((self.function, self.arguments), protocol=5)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise ParameterError(
                f"{shown(self.what)} cannot be sent to a worker ({shown(error)}): "
                "give a function of a module and plain arguments"
            ) from error


def opened(piece: Piece, answer: tuple[Any, ...]) -> Any:
    """Return the result in what `running.perform` returned for a piece.

    Raises:
        FlowlabError: the piece raised it.
        EngineError: it ran out of memory, or failed in a way nobody foresaw (the log says how).
    """
    kind, *rest = answer
    if kind == "done":
        return rest[0]
    if kind == "failed":
        error = rest[0]
        assert isinstance(error, FlowlabError)
        raise error
    if kind == "memory":
        raise EngineError(f"{piece.what} needs more memory than a worker may take: use a smaller width or fewer frames")
    _log.error("%s failed:\n%s", piece.what, rest[0])
    raise EngineError(f"{piece.what} failed: the log says how; try another")
