"""A piece of a clip: what a worker process computes between two looks at the clock."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Chunk:
    """Some pairs or frames that follow one another: first frames start .. stop-1."""

    start: int
    stop: int

    @property
    def pairs(self) -> int:
        """How many there are."""
        return self.stop - self.start
