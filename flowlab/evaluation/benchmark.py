"""Methods against the truth of a data set: one row a pair and method, one pair in memory at a time."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Frame
from flowlab.core.parameters import Parameters
from flowlab.dense.estimator import Flow, Method
from flowlab.errors import FlowFileError, FlowlabError
from flowlab.evaluation.metrics import FlowErrors, flow_errors
from flowlab.media.flow_sets import FlowSequence
from flowlab.media.true_pair import TruePair

Number = float | None
Chosen = tuple[Method, Parameters | None]

NUMBERS = ("epe", "aae", "fl", "r1", "r3", "r5", "ms", "a50", "a75", "a95", "density", "epe_noc", "fl_noc")
"""Keys of a row's numbers, in the order they are written."""
_OF_ERRORS = ("epe", "aae", "fl", "r1", "r3", "r5", "a50", "a75", "a95", "density")


@dataclass(frozen=True)
class Row:
    """What one method reached on one pair.

    Attributes:
        sequence: name of the pair.
        method: name of the method.
        numbers: NUMBERS -> value, None where there is none: epe, a50, a75, a95 in px, aae in degrees, ms in
            milliseconds, the others shares from 0 to 1. The errors are over all points with truth; epe_noc and
            fl_noc over those visible in both pictures, where the data set tells them apart (KITTI).
        note: why numbers are missing, in a sentence, or "".
    """

    sequence: str
    method: str
    numbers: Mapping[str, Number] = field(default_factory=lambda: dict.fromkeys(NUMBERS))
    note: str = ""

    def as_json(self) -> dict[str, str | Number]:
        """Return the row as JSON values, in the words of the command line's contract."""
        return {"sequence": self.sequence, "method": self.method, **self.numbers, "note": self.note}


@dataclass(frozen=True, eq=False)
class _Question:
    """What every method is asked and judged by; `visible_note` says why `visible` could not be read."""

    first: Frame
    second: Frame
    truth: Flow
    visible: NDArray[np.bool_] | None
    visible_note: str


def evaluate_flow(sequences: Iterable[FlowSequence], methods: Sequence[Chosen]) -> Iterator[Row]:
    """Yield a row for every pair and method, pair by pair, as each is computed.

    A pair that cannot be read, a truth that cannot be used and a method that cannot work on a pair give
    rows whose note says why; the rest goes on. Memory does not grow with the number of pairs.

    Args:
        sequences: the pairs, of flow_sets.sequences.
        methods: rows of dense.methods.METHODS with their parameters (None: the defaults).
    """
    for sequence in sequences:
        try:
            question = _read(sequence)
        except FlowlabError as error:
            yield from (Row(sequence.name, method.name, note=str(error)) for method, _ in methods)
            continue
        for method, parameters in methods:
            yield _judged(sequence.name, question, method, parameters)


class Means:
    """Means of the rows of each method, added one by one; a row without a number does not count for it."""

    def __init__(self) -> None:
        """Start without rows."""
        self._sums: dict[str, dict[str, float]] = {}
        self._counts: dict[str, dict[str, int]] = {}

    def add(self, row: Row) -> None:
        """Add one row."""
        sums = self._sums.setdefault(row.method, dict.fromkeys(NUMBERS, 0.0))
        counts = self._counts.setdefault(row.method, dict.fromkeys(NUMBERS, 0))
        for name, number in row.numbers.items():
            if number is not None:
                sums[name] += number
                counts[name] += 1

    def as_json(self) -> dict[str, dict[str, Number]]:
        """Return method -> name -> mean, None where no row has that number; `pairs` counts the rows with an error."""
        return {
            method: {name: sums[name] / n if (n := self._counts[method][name]) else None for name in NUMBERS}
            | {"pairs": self._counts[method]["epe"]}
            for method, sums in self._sums.items()
        }


def _read(sequence: FlowSequence) -> _Question:
    pair = TruePair(sequence)
    first, second, truth = pair.frame(0), pair.frame(1), pair.flow()
    if sequence.visible_truth is None:
        return _Question(first, second, truth, None, "")
    try:
        return _Question(first, second, truth, ~pair.occlusion(), "")
    except FlowFileError as error:
        return _Question(first, second, truth, None, str(error))


def _judged(name: str, question: _Question, method: Method, parameters: Parameters | None) -> Row:
    try:
        result = method.estimate(question.first.grey, question.second.grey, parameters)
    except FlowlabError as error:
        return Row(name, method.name, note=str(error))
    errors = flow_errors(result.flow, question.truth)
    if not errors.evaluated:
        return Row(
            name, method.name, note=f"{method.title} found no vector where the truth is known: try other settings"
        )
    numbers = dict.fromkeys(NUMBERS) | _finite(errors, _OF_ERRORS) | {"ms": result.seconds * 1e3}
    if question.visible is not None:
        of_visible = _finite(flow_errors(result.flow, question.truth, question.visible), ("epe", "fl"))
        numbers |= {f"{key}_noc": number for key, number in of_visible.items()}
    return Row(name, method.name, numbers, question.visible_note)


def _finite(errors: FlowErrors, names: Iterable[str]) -> dict[str, Number]:
    """Return the named errors, None for one that is not known."""
    values = {name: float(getattr(errors, name)) for name in names}
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
