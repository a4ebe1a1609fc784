"""A range of frames, kept in the address as A:B."""

import streamlit as st

from .url import set_text, text


def choose_range(name: str, frame_count: int, usual: tuple[int, int]) -> tuple[int, int]:
    """Show the control of a range of at least two frames and return it: start .. stop-1.

    Args:
        name: the query parameter.
        frame_count: frames of the clip, at least 2.
        usual: the range where the address holds none that the clip has; it leaves the address.
    """
    start, stop = _inside(_written(name), frame_count) or _inside(usual, frame_count) or (0, frame_count)
    slider = f"{name}_slider"

    def moved() -> None:
        low, high = st.session_state[slider]
        set_text(name, "" if (low, high + 1) == usual else f"{low}:{high + 1}")

    if frame_count > 2:
        st.session_state[slider] = (start, stop - 1)
        st.slider("Frames, first and last", 0, frame_count - 1, key=slider, on_change=moved)
    return start, stop


def _written(name: str) -> tuple[int, int]:
    first, _, last = text(name).partition(":")
    valid = all(part.isascii() and part.isdigit() and len(part) < 10 for part in (first, last))
    return (int(first), int(last)) if valid else (0, 0)


def _inside(frames: tuple[int, int], frame_count: int) -> tuple[int, int] | None:
    """Return the part of a range that a clip has; None where that makes no pair."""
    start, stop = frames[0], min(frames[1], frame_count)
    return (start, stop) if stop - start >= 2 else None
