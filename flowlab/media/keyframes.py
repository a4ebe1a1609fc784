"""Hand-drawn boxes from which a tracker starts anew, as JSON.

    {"Car4": {"50": [64, 52, 167, 133]}, "_start": {"Car4": [70, 51, 177, 138]}}     several sequences
    {"50": [64, 52, 167, 133], "_start": [70, 51, 177, 138]}                         one, without its name

A file counts frames from 1 and writes [x0, y0, x1, y1], pixels from 0, x1 and y1 being the first column and row
outside. Here frames count from 0 and a box is a Box; the start is the box of frame 0. Other names that begin with
"_" are remarks.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from flowlab.core.region import Box
from flowlab.errors import FlowFileError, ParameterError, shown

_MOST_BYTES = 1_000_000
_FARTHEST = 1e6  # px: what no picture reaches
_DECIMALS = 6
_NAMED = 5
_FRAME = re.compile(r"-?[0-9]+", re.ASCII)
_LAST_FRAME = 10**9
_START = "_start"

Keyframes = dict[int, Box]


def read_keyframes(source: bytes | str | Path, sequence: str | None = None) -> Keyframes:
    """Return frame (from 0) -> box of one sequence, in the order of frames; empty where the file does not name it.

    Args:
        source: a file, or what it holds as bytes or text.
        sequence: the sequence; None for the only one. A file without names has the boxes of any.

    Raises:
        FlowFileError: it cannot be read, is no file of keyframes, or holds several sequences and none was asked for.
    """
    known = read_all_keyframes(source)
    if set(known) <= {""}:
        return known.get("", {})
    if sequence is not None:
        return known.get(sequence, {})
    if len(known) > 1:
        names = ", ".join(shown(name, 30) for name in list(known)[:_NAMED])
        raise FlowFileError(f"the keyframes are of {len(known)} sequences, {names}: say of which you want them")
    return next(iter(known.values()))


def read_all_keyframes(source: bytes | str | Path) -> dict[str, Keyframes]:
    """Return sequence -> frame (from 0) -> box; the sequence of a file without names is "".

    Raises:
        FlowFileError: it cannot be read, or is no file of keyframes.
    """
    top = _parsed(_text(source))
    if not isinstance(top, dict):
        raise _wrong(f"the file is {_kind(top)}")
    start = top.get(_START, {})
    entries = {name: value for name, value in top.items() if not name.startswith("_")}
    if isinstance(start, list) or (entries and not any(isinstance(value, dict) for value in entries.values())):
        if isinstance(start, dict) and start:
            raise _wrong(f"{_START} names sequences and the frames do not")
        return {"": _of_one(entries, start or None, "")}
    if not isinstance(start, dict):
        raise _wrong(f"{_START} is {_kind(start)}")
    for name, frames in entries.items():
        if not isinstance(frames, dict):
            raise _wrong(f"{shown(name, 30)} is {_kind(frames)}")
    names = dict.fromkeys([*entries, *(name for name in start if not name.startswith("_"))])
    return {name: _of_one(entries.get(name, {}), start.get(name), f" of {shown(name, 30)}") for name in names}


def keyframes_text(keyframes: Mapping[int, Box], sequence: str | None = None) -> str:
    """Return keyframes, frame (from 0) -> box, as a file's text; `sequence` names what they are of."""
    frames = {str(frame + 1): _edges(keyframes[frame]) for frame in sorted(keyframes)}
    lines = ",\n".join(f'  "{frame}": {json.dumps(edges)}' for frame, edges in frames.items())
    inner = f"{{\n{lines}\n }}" if lines else "{}"
    about = '"_format": "frame number (1-based) -> [x0, y0, x1, y1] in pixels, x1/y1 exclusive"'
    if sequence is None:
        return f"{{\n{lines},\n  {about}\n}}\n" if lines else f"{{\n  {about}\n}}\n"
    if sequence.startswith("_"):
        raise ParameterError(f"the sequence is called {shown(sequence)}: names that begin with _ are remarks here")
    return f"{{\n {json.dumps(sequence)}: {inner},\n {about}\n}}\n"


def checked(keyframes: Mapping[int, Box], frame_count: int, width: int, height: int) -> Keyframes:
    """Return keyframes in the order of frames once each lies in a clip of this many frames of this size, px.

    Raises:
        ParameterError: a frame is beyond the clip's end, or a box has no pixel in the picture.
    """
    for frame in sorted(keyframes):
        box = keyframes[frame]
        if not 0 <= frame < frame_count:
            has = f"{frame_count} frame{'s' * (frame_count != 1)}"
            raise ParameterError(
                f"there is a keyframe at frame {frame + 1} and the clip has {has}, counted from 1: "
                "remove it, or take the keyframes of this clip"
            )
        if min(box.x + box.w, width - box.x) < 0.5 or min(box.y + box.h, height - box.y) < 0.5:
            raise ParameterError(
                f"the keyframe at frame {frame + 1}, counted from 1, has the box {box} outside the {width}x{height} "
                "picture: draw it inside"
            )
    return {frame: keyframes[frame] for frame in sorted(keyframes)}


def _text(source: bytes | str | Path) -> str:
    try:
        if isinstance(source, Path):
            with source.open("rb") as file:
                source = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise FlowFileError(
            f"the keyframes {shown(source.name)} cannot be read ({error.strerror}): check the name"  # type: ignore[union-attr]
        ) from None
    if len(source) > _MOST_BYTES:
        raise FlowFileError(
            f"the keyframes are larger than {_MOST_BYTES // 1_000_000} MB: give a file of frame numbers and boxes"
        )
    try:
        return source.removeprefix("\ufeff") if isinstance(source, str) else source.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FlowFileError("the keyframes are no text: give a JSON file of frame numbers and boxes") from None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_constant)
    except RecursionError:
        raise _wrong("the file is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise FlowFileError(
            f"the keyframes are no JSON (line {error.lineno}, column {error.colno}: {error.msg}): correct the file"
        ) from None
    except ValueError:
        raise _wrong("the file holds a number of thousands of digits") from None


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise _wrong(f"{shown(twice, 30)} stands there twice")
    return found


def _no_constant(name: str) -> None:
    raise _wrong(f"the file holds {name}")


def _of_one(frames: Mapping[str, Any], start: Any, whose: str) -> Keyframes:
    """Return the keyframes of one sequence; `start` is its starting box as the file has it, None for none."""
    found: Keyframes = {} if start is None else {0: _box(start, f"{_START}{whose}")}
    for frame, box in _numbered(frames, whose):
        if frame in found:
            raise _wrong(f"frame {frame + 1}{whose} has two boxes")
        found[frame] = _box(box, f"the box of frame {frame + 1}{whose}")
    return dict(sorted(found.items()))


def _numbered(frames: Mapping[str, Any], whose: str) -> Iterator[tuple[int, Any]]:
    for name, box in frames.items():
        if name.startswith("_"):
            continue
        if not _FRAME.fullmatch(name) or len(name) > len(str(_LAST_FRAME)) or not 1 <= int(name) <= _LAST_FRAME:
            raise _wrong(f"{shown(name, 30)}{whose} is no frame number from 1")
        yield int(name) - 1, box


def _box(value: Any, what: str) -> Box:
    is_four = isinstance(value, list) and len(value) == 4
    if not is_four or not all(isinstance(v, int | float) and not isinstance(v, bool) for v in value):
        raise _wrong(f"{what} is {_brief(value)}")
    if not all(abs(v) <= _FARTHEST and math.isfinite(v) for v in value):
        raise _wrong(f"{what} is {_brief(value)}, farther out than any picture reaches")
    x0, y0, x1, y1 = map(float, value)
    # Decimal fractions are not exact: a width of 1 may come out as 0.9999999999.
    w, h = round(x1 - x0, _DECIMALS), round(y1 - y0, _DECIMALS)
    if w < 1 or h < 1:
        raise _wrong(f"{what} is {_brief(value)}, which holds no pixel")
    return Box(x0, y0, w, h)


def _edges(box: Box) -> list[float]:
    values = (round(v, _DECIMALS) for v in (box.x, box.y, box.x + box.w, box.y + box.h))
    return [int(value) if value == int(value) else value for value in values]


def _kind(value: Any) -> str:
    kinds = {list: "a list", dict: "a table", str: "text", bool: "true or false", type(None): "nothing"}
    return kinds.get(type(value), "a number")


def _brief(value: Any) -> str:
    """Return a value in words; a list of numbers as it is written."""
    plain = isinstance(value, list) and not any(isinstance(one, list | dict) for one in value)
    return shown(json.dumps(value), 40).strip("‘’") if plain else _kind(value)


def _wrong(what: str) -> FlowFileError:
    return FlowFileError(
        f'in the keyframes, {what}: write {{"SEQUENCE": {{"14": [x0, y0, x1, y1]}}}}, frames from 1, pixels'
    )
