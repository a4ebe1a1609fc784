"""The board component: linked pictures, plots and tables (flowlab.drawing.board) that a hand can move things in."""

import base64
import math
from collections.abc import Callable
from dataclasses import fields
from functools import lru_cache
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from flowlab.drawing.board import Board, Mark, Panel, Strip, Table
from flowlab.drawing.quantities import quantity_colours
from flowlab.media.encode import encode_jpeg, encode_png

from .frontend import component
from .picture import data_uri

_board = component("board", ("board_marks.js", "board_panel.js", "board.js"))

OnMoved = Callable[[str, float, float], None]

_PNG_MOST = 40_000  # pixels of a picture that is sent without loss
_JPEG_QUALITY = 85
_UNKNOWN, _MOST = -32768, 32767
_TALLEST_WHEEL = 0.5  # a legend that is not flat is a wheel


def board(shown: Board, *, key: str, step: str, dark: bool, on_moved: OnMoved | None = None) -> None:
    """Show a board over the full width.

    Args:
        shown: its panels and tables.
        key: Streamlit key.
        step: names what is shown: while it stays, pictures change in place; another one begins at the top of the page.
        dark: whether the page is dark.
        on_moved: called before the page is drawn again with the gesture of a panel and the place (x, y) in its axes.
    """

    def hand_on() -> None:
        sent = checked_move(st.session_state[key].get("moved"), shown)
        if sent and on_moved:
            gesture, x, y, st.session_state[f"{key}_heard"] = sent
            on_moved(gesture, x, y)

    turn = st.session_state[f"{key}_turn"] = st.session_state.get(f"{key}_turn", 0) + 1
    heard = st.session_state.get(f"{key}_heard", 0)
    data = board_data(shown, step=step, turn=turn, heard=heard, dark=dark)
    _board(key=key, data=data, **({"on_moved_change": hand_on} if on_moved else {}))


def board_data(shown: Board, *, step: str, turn: int, dark: bool, heard: int = 0) -> dict[str, Any]:
    """Return what board.js draws.

    Args:
        shown: the board.
        step: names it.
        turn: grows with every answer, so that the browser hears of one that changes nothing.
        dark: whether the page is dark.
        heard: number of the last move that was taken.
    """
    return {
        "step": step,
        "turn": turn,
        "heard": heard,
        "inks": dict(quantity_colours(dark)),
        "rows": [[_part(part) for part in row] for row in shown.rows],
    }


def checked_move(sent: object, shown: Board) -> tuple[str, float, float, int] | None:
    """Return (gesture, x, y, number) as the browser sent it, inside the panel's axes; None where no panel has it."""
    if not isinstance(sent, list) or len(sent) != 4:
        return None
    gesture, *place, number = sent
    panel = next((p for row in shown.rows for p in row if isinstance(p, Panel) and p.gesture == gesture), None)
    if not gesture or panel is None:
        return None
    if not all(isinstance(n, int | float) and not isinstance(n, bool) and -1e9 < n < 1e9 for n in place):
        return None
    if not isinstance(number, int) or not 0 < number < 2**53:
        return None
    x, y = (min(max(ends), max(min(ends), float(n))) for n, ends in zip(place, (panel.x, panel.y), strict=True))
    return gesture, x, y, number


def _part(part: Panel | Table) -> dict[str, Any]:
    if isinstance(part, Table):
        rows = [{"cells": row.cells, "link": row.link, "strong": row.strong} for row in part.rows]
        return {"type": "table", "name": part.name, "title": part.title, "columns": part.columns, "rows": rows,
                "words": part.words}  # fmt: skip
    return {
        "type": "panel",
        "name": part.name,
        "title": part.title,
        "ink": part.ink,
        "x": part.x,
        "y": part.y,
        "xTitle": part.x_title,
        "yTitle": part.y_title,
        "logX": part.log_x,
        "logY": part.log_y,
        "proportion": part.proportion,
        "image": _uri(part.image),
        "beneath": _uri(part.beneath),
        "names": part.names,
        "smooth": part.smooth,
        "values": None if part.values is None else _values(part.values),
        "valueNames": part.value_names,
        "unit": part.unit,
        "strip": None if part.strip is None else _strip(part.strip),
        "gesture": part.gesture,
        "at": part.at,
        "snap": part.snap,
        "words": part.words,
        "marks": [_mark(mark) for mark in part.marks],
    }


def _mark(mark: Mark) -> dict[str, Any]:
    return {"kind": type(mark).__name__} | {f.name: _plain(getattr(mark, f.name)) for f in fields(mark)}


def _plain(value: Any) -> Any:
    """Return numbers as JSON can hold them, in six digits: what is not finite is null."""
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float | np.floating):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value


def _uri(image: NDArray[np.uint8] | None) -> str:
    if image is None:
        return ""
    return _encoded(image.tobytes(), image.shape)


@lru_cache(maxsize=64)
def _encoded(pixels: bytes, shape: tuple[int, ...]) -> str:
    image = np.frombuffer(pixels, np.uint8).reshape(shape)
    if shape[0] * shape[1] <= _PNG_MOST:
        return data_uri(encode_png(image), "image/png")
    return data_uri(encode_jpeg(image, _JPEG_QUALITY), "image/jpeg")


def _strip(strip: Strip) -> dict[str, Any]:
    height, width = strip.sample.shape[:2]
    return {"source": _uri(strip.sample), "ends": strip.ends, "wheel": height > _TALLEST_WHEEL * width}


def _values(values: NDArray[np.floating[Any]]) -> dict[str, Any]:
    """Return (H, W[, C]) numbers in 16 bits: steps of a size that holds the largest."""
    height, width = values.shape[:2]
    known = np.isfinite(values)
    largest = float(np.abs(values[known]).max()) if known.any() else 0.0
    step = largest / _MOST or 1.0
    written = np.where(known, np.rint(np.where(known, values, 0) / step), _UNKNOWN).astype("<i2")
    channels = 1 if values.ndim == 2 else values.shape[2]
    return {"width": width, "height": height, "channels": channels, "step": step,
            "data": base64.b64encode(written.tobytes()).decode("ascii")}  # fmt: skip
