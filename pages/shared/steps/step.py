"""What every step of the walk is: a claim, its equation with live numbers, linked figures, and questions to answer."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from flowlab.core.parameters import Parameters
from flowlab.drawing.board import Board

from .tex import Tex

P = TypeVar("P", bound=Parameters)
N = TypeVar("N")


@dataclass(frozen=True)
class Try(Generic[P, N]):
    """A striking case: predict, see, and be told why.

    Attributes:
        name: in links.
        title: on its button.
        before: the settings while the question stands.
        after: the settings whose picture answers it.
        question: one sentence; it says what will be changed.
        choices: two to four answers.
        right: (numbers before, numbers after) -> index of the right one: it is computed, like everything.
        why: (numbers before, numbers after) -> one sentence of why, with its numbers.
    """

    name: str
    title: str
    before: P
    after: P
    question: str
    choices: tuple[str, ...]
    right: Callable[[N, N], int]
    why: Callable[[N, N], str]


@dataclass(frozen=True)
class Place:
    """Where a step is used in practice: a page of the lab with this scene.

    Attributes:
        page: its script, such as "pages/dense_flow.py".
        label: of the link.
        words: what is to be seen there, in a sentence.
        query: of the link, complete.
    """

    page: str
    label: str
    words: str
    query: Mapping[str, str]


@dataclass(frozen=True)
class Step(Generic[P, N]):
    """One step.

    Attributes:
        name: in links.
        title: in the contents list.
        claim: one sentence.
        parameters: everything that can be set, what a hand sets on a picture included.
        compute: settings -> numbers, pure; from flowlab.theory.
        equation: (settings, numbers, tex) -> KaTeX whose symbols carry live numbers; each line is a display of its own,
            which may be broken at its relations on a narrow screen.
        symbols: names of the symbols in it (symbols.py), in reading order.
        board: (settings, numbers) -> the figures.
        controls: names of the parameters shown as widgets.
        tries: two or three.
        pitfall: what goes wrong here, one or two sentences.
        place: settings -> where it is used.
        call: settings -> Python that computes these numbers with flowlab alone.
        moved: (settings, gesture, x, y) -> settings: what a hand did on a panel with that gesture.
        unfold: (summary, text) of further words on demand; None for none.
    """

    name: str
    title: str
    claim: str
    parameters: type[P]
    compute: Callable[[P], N]
    equation: Callable[[P, N, Tex], str]
    symbols: tuple[str, ...]
    board: Callable[[P, N], Board]
    controls: tuple[str, ...]
    tries: tuple[Try[P, N], ...]
    pitfall: str
    place: Callable[[P], Place]
    call: Callable[[P], str]
    moved: Callable[[P, str, float, float], P] = field(default=lambda settings, _gesture, _x, _y: settings)
    unfold: tuple[str, str] | None = None


AnyStep = Step[Any, Any]
