"""Small sequences in the layout of the OTB benchmark: a textured box that moves over a texture, and its truth."""

import json
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.region import Box

HEIGHT, WIDTH = 96, 160
FIRST = Box(30, 20, 40, 32)
STEP = (3, 1)
"""Where the thing is in the first frame, and how far it goes in each, px from 0."""


def at(index: int) -> Box:
    """Return where the thing is in a frame."""
    return Box(FIRST.x + STEP[0] * index, FIRST.y + STEP[1] * index, FIRST.w, FIRST.h)


def pictures(count: int, height: int = HEIGHT, width: int = WIDTH) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(3)
    ground, thing = (
        np.clip(cv2.GaussianBlur(rng.standard_normal((h, w, 3)), (0, 0), 1.5) * 160 + 128, 0, 255).astype(np.uint8)
        for h, w in ((height, width), (int(FIRST.h), int(FIRST.w)))
    )
    frames = []
    for index in range(count):
        box, frame = at(index), ground.copy()
        frame[int(box.y) : int(box.y + box.h), int(box.x) : int(box.x + box.w)] = thing
        frames.append(frame)
    return frames


def write_pictures(folder: Path, count: int, *, first: int = 1, suffix: str = ".png") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for number, rgb in enumerate(pictures(count), first):
        (folder / f"{number:04}{suffix}").write_bytes(cv2.imencode(suffix, rgb[..., ::-1])[1].tobytes())
    return folder


def line(box: Box, separator: str = ",") -> str:
    """Return a box as the benchmark writes it: pixels from 1."""
    return separator.join(f"{value:g}" for value in (box.x + 1, box.y + 1, box.w, box.h))


def lines(count: int, separator: str = ",") -> str:
    return "".join(f"{line(at(index), separator)}\n" for index in range(count))


def write_sequence(folder: Path, count: int = 5, *, truth: str | None = None, first: int = 1) -> Path:
    """Write FOLDER/img/0001.png .. and FOLDER/groundtruth_rect.txt."""
    write_pictures(folder / "img", count, first=first)
    (folder / "groundtruth_rect.txt").write_text(lines(count) if truth is None else truth)
    return folder


def write_otb(folder: Path, *names: str, count: int = 5) -> Path:
    for name in names:
        write_sequence(folder / name, count)
    return folder


def write_keyframes(folder: Path, **sequences: dict[str, list[float]]) -> Path:
    path = folder / "keyframes.json"
    path.write_text(json.dumps(sequences))
    return path
