"""What a benchmark prints: one row a number, beside the number it should keep to."""

import statistics
from collections.abc import Sequence


def row(what: str, reached: float, limit: float | None, unit: str = "ms", *, at_least: bool = False) -> bool:
    """Print one measured number; `limit` is the most (or the least) it should be, None where none was set.

    Return whether it was kept.
    """
    kept = limit is None or (reached >= limit if at_least else reached <= limit)
    if limit is None:
        verdict = ""
    else:
        verdict = f"{'at least' if at_least else 'at most'} {limit:g} {unit}: {'kept' if kept else 'MISSED'}"
    print(f"  {what:<62} {reached:>9.4g} {unit:<6} {verdict}")
    return kept


def heading(text: str) -> None:
    """Print the title of a table."""
    print(f"\n{text}")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which `share` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)
