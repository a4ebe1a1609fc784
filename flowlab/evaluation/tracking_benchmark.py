"""Trackers against the true boxes of a data set: one row a sequence, tracker and mode, one frame in memory."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import ClipInfo
from flowlab.core.parameters import Parameters
from flowlab.core.region import Box
from flowlab.errors import FlowFileError, FlowlabError
from flowlab.evaluation.box_scores import BoxScores, scores
from flowlab.media.box_sets import BoxSequence
from flowlab.media.keyframes import checked
from flowlab.media.pictures import PictureClip
from flowlab.media.true_boxes import open_sequence, true_boxes
from flowlab.tracking.affine.region_track import bounding_boxes
from flowlab.tracking.regions import RegionTracker
from flowlab.tracking.trackers import Tracker

Number = float | None
Chosen = tuple[Tracker, Parameters | None]
Keyframes = Mapping[int, Box]

ALONE, WITH_KEYFRAMES = "alone", "keyframes"
"""The modes: started once, by the truth of the first frame; or started anew wherever somebody drew a box."""

NUMBERS = ("auc", "precision20", "tracked_share", "wrong_but_tracked", "fps", "frames", "lost_but_right", "ms")
"""Keys of a row's numbers, in the order they are written."""


@dataclass(frozen=True)
class TrackingRow:
    """What one tracker reached on one sequence.

    Attributes:
        sequence: its name.
        tracker: name of the tracker.
        mode: ALONE or WITH_KEYFRAMES.
        numbers: NUMBERS -> value, None where there is none: auc, precision20, tracked_share, wrong_but_tracked and
            lost_but_right as in `BoxScores`, shares from 0 to 1; frames, how many those are of (the truth is known);
            fps, frames a second of the tracker's own work, and ms, the median of its frames, milliseconds.
        note: why numbers are missing or are not of the whole sequence, in a sentence, or "".
    """

    sequence: str
    tracker: str
    mode: str = ALONE
    numbers: Mapping[str, Number] = field(default_factory=lambda: dict.fromkeys(NUMBERS))
    note: str = ""

    def as_json(self) -> dict[str, str | Number]:
        """Return the row as JSON values, in the words of the command line's contract."""
        return {
            "sequence": self.sequence, "tracker": self.tracker, "mode": self.mode, **self.numbers, "note": self.note,
        }  # fmt: skip


def evaluate_tracking(
    sequences: Iterable[BoxSequence],
    trackers: Sequence[Chosen],
    keyframes: Mapping[str, Keyframes] | None = None,
) -> Iterator[TrackingRow]:
    """Yield a row for every sequence, tracker and mode, sequence by sequence, as each is computed.

    A sequence runs from the first frame whose box is known to the last such one. A sequence that cannot be read and a
    tracker that cannot work on it give rows whose note says why; the rest goes on.

    Args:
        sequences: of box_sets.box_sequences.
        trackers: rows of tracking.trackers.TRACKERS with their parameters (None: the defaults).
        keyframes: sequence -> frame (from 0) -> box, of media.keyframes.read_all_keyframes. A sequence that is named
            there has rows WITH_KEYFRAMES beside those ALONE.
    """
    for sequence in sequences:
        modes: dict[str, Keyframes] = {ALONE: {}}
        if keyframes is not None and sequence.name in keyframes:
            modes[WITH_KEYFRAMES] = keyframes[sequence.name]
        try:
            pictures = open_sequence(sequence)
        except FlowlabError as error:
            yield from _all_failed(sequence, trackers, modes, error)
            continue
        with closing(pictures):
            try:
                boxes, note = true_boxes(sequence, pictures.info)
            except FlowlabError as error:
                yield from _all_failed(sequence, trackers, modes, error)
                continue
            question = _Question(sequence.name, pictures, boxes, note)
            for tracker, parameters in trackers:
                for mode, drawn in modes.items():
                    yield _judged(question, mode, tracker, parameters, drawn)


class TrackingMeans:
    """Means of the rows of each tracker and mode, added one by one; a row without a number does not count for it."""

    def __init__(self) -> None:
        """Start without rows."""
        self._rows: dict[str, dict[str, list[Mapping[str, Number]]]] = {}

    def add(self, row: TrackingRow) -> None:
        """Add one row."""
        self._rows.setdefault(row.tracker, {}).setdefault(row.mode, []).append(row.numbers)

    def as_json(self) -> dict[str, dict[str, dict[str, Number]]]:
        """Return tracker -> mode -> name -> mean over sequences, None where no row has that number.

        `frames` is the sum, and `sequences` counts the rows with numbers.
        """
        return {tracker: {mode: _means(rows) for mode, rows in modes.items()} for tracker, modes in self._rows.items()}


def _means(rows: Sequence[Mapping[str, Number]]) -> dict[str, Number]:
    known = {name: [value for row in rows if (value := row[name]) is not None] for name in NUMBERS}
    means: dict[str, Number] = {name: sum(v) / len(v) if v else None for name, v in known.items()}
    return means | {"frames": sum(known["frames"]), "sequences": len(known["auc"])}


@dataclass(frozen=True, eq=False)
class _Question:
    """What every tracker is asked and judged by; `note` says what of the truth is missing."""

    name: str
    pictures: PictureClip
    boxes: NDArray[np.float64]
    note: str

    @property
    def span(self) -> tuple[int, int]:
        """The frames (start, stop) from the first whose box is known to the last."""
        known = np.flatnonzero(np.isfinite(self.boxes).all(axis=1))
        return int(known[0]), int(known[-1]) + 1

    @property
    def info(self) -> ClipInfo:
        """Facts of the pictures."""
        return self.pictures.info


def _all_failed(
    sequence: BoxSequence, trackers: Sequence[Chosen], modes: Iterable[str], error: FlowlabError
) -> Iterator[TrackingRow]:
    for tracker, _ in trackers:
        for mode in modes:
            yield TrackingRow(sequence.name, tracker.name, mode, note=str(error))


def _judged(
    question: _Question, mode: str, tracker: Tracker, parameters: Parameters | None, keyframes: Keyframes
) -> TrackingRow:
    try:
        keyframes = checked(keyframes, question.info.frame_count, question.info.width, question.info.height)
        found, seconds = _followed(question, tracker, parameters, keyframes)
    except FlowlabError as error:
        return TrackingRow(question.name, tracker.name, mode, note=str(error))
    numbers: dict[str, Number] = dict.fromkeys(NUMBERS)
    numbers |= {name: float(getattr(found, name)) for name in NUMBERS if hasattr(found, name)}
    numbers |= {"fps": len(seconds) / float(seconds.sum()), "ms": float(np.median(seconds)) * 1e3, "frames": len(found)}
    return TrackingRow(question.name, tracker.name, mode, numbers, question.note)


def _followed(
    question: _Question, tracker: Tracker, parameters: Parameters | None, keyframes: Keyframes
) -> tuple[BoxScores, NDArray[np.float64]]:
    """Follow the thing through the whole sequence; return the scores and what each frame took, seconds."""
    start, stop = question.span
    drawn = {frame: box for frame, box in keyframes.items() if start < frame < stop}
    boxes, state, seconds = np.empty((stop - start, 4)), np.empty(stop - start, np.uint8), np.empty(stop - start)
    box = keyframes.get(start) or _first_box(question.boxes[start])
    follower = None
    for row, frame in enumerate(question.pictures.frames(start, stop)):
        began = time.perf_counter()
        if follower is None:
            follower = RegionTracker(tracker, parameters, box, keyframes=drawn, start=start)
        found = follower.step(frame)
        seconds[row] = time.perf_counter() - began
        boxes[row], state[row] = bounding_boxes(found.corners)[0], found.state[0]
    return scores(boxes, state, question.boxes[start:stop], start=start), seconds


def _first_box(box: NDArray[np.float64]) -> Box:
    x, y, w, h = map(float, box)
    if min(w, h) < 1:
        raise FlowFileError(f"the first true box is {w:g} by {h:g} pixels: there is nothing to start from")
    return Box(x, y, w, h)
