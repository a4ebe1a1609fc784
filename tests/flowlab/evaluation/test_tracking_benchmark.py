"""Trackers against true boxes: the right boxes reach the right numbers, and a failure costs only its own row."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from flowlab.core.clip import Frame
from flowlab.core.region import Box
from flowlab.errors import ParameterError
from flowlab.evaluation import tracking_benchmark
from flowlab.evaluation.tracking_benchmark import NUMBERS, TrackingMeans, TrackingRow, evaluate_tracking
from flowlab.evaluation.tracking_table import TrackingTable
from flowlab.media.box_sets import box_sequences
from flowlab.tracking.affine.region_track import RegionTrack, box_warp
from flowlab.tracking.affine.region_track import row as track_row
from flowlab.tracking.affine.states import State
from flowlab.tracking.trackers import DEFAULT_TRACKER, TRACKERS
from tests.box_sets import FIRST, at, lines, write_otb, write_sequence

OURS = TRACKERS[DEFAULT_TRACKER]


class Fake:
    """Says where the thing is by its own rule; remembers what it was started with."""

    started: ClassVar[list["Fake"]] = []
    rule: Callable[[int, Box], tuple[Box, State]] = staticmethod(lambda frame, box: (box, State.TRACKED))

    def __init__(self, tracker: Any, parameters: Any, box: Box, *, keyframes: Mapping[int, Box], start: int) -> None:
        self.tracker, self.parameters, self.box, self.first = tracker, parameters, box, box
        self.keyframes, self.start, self.frames = dict(keyframes), start, []  # type: ignore[var-annotated]
        self.started.append(self)

    def step(self, frame: Frame) -> RegionTrack:
        self.frames.append(frame.index)
        if len(self.frames) == 1:
            return self.found(frame.index, self.box, State.KEYFRAME)
        if frame.index in self.keyframes:
            self.box = self.keyframes[frame.index]
            return self.found(frame.index, self.box, State.KEYFRAME)
        return self.found(frame.index, *self.rule(frame.index, self.box))

    @staticmethod
    def found(frame: int, box: Box, state: State) -> RegionTrack:
        return track_row(frame, state, box_warp(box), (box.w, box.h))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> type[Fake]:
    class Fresh(Fake):
        started: ClassVar[list[Fake]] = []

    monkeypatch.setattr(tracking_benchmark, "RegionTracker", Fresh)
    return Fresh


def rows(root: Path, keyframes: Mapping[str, Mapping[int, Box]] | None = None) -> list[TrackingRow]:
    return list(evaluate_tracking(box_sequences(root, "otb"), [(OURS, None)], keyframes))


def one(found: list[TrackingRow]) -> Mapping[str, Any]:
    assert [row.note for row in found] == [""]
    return found[0].numbers


def overlaps(*boxes: tuple[Box, Box]) -> list[float]:
    """Return intersection over union, the long way."""
    found = []
    for a, b in boxes:
        w = min(a.x + a.w, b.x + b.w) - max(a.x, b.x)
        h = min(a.y + a.h, b.y + b.h) - max(a.y, b.y)
        both = max(w, 0) * max(h, 0)
        found.append(both / (a.w * a.h + b.w * b.h - both))
    return found


def auc(shares: list[float]) -> float:
    return sum(sum(share > k / 20 for share in shares) / len(shares) for k in range(21)) / 21


# --- numbers ------------------------------------------------------------------------------------


def test_a_tracker_that_is_right_reaches_all_there_is(tmp_path: Path, fake: type[Fake]) -> None:
    fake.rule = staticmethod(lambda frame, box: (at(frame), State.TRACKED))
    (found,) = rows(write_otb(tmp_path, "Car", count=5))
    numbers = found.numbers
    assert (found.sequence, found.tracker, found.mode, found.note) == ("Car", "flowlab", "alone", "")
    assert numbers["auc"] == pytest.approx(20 / 21)
    assert (numbers["precision20"], numbers["tracked_share"], numbers["frames"]) == (1, 1, 5)
    assert (numbers["wrong_but_tracked"], numbers["lost_but_right"]) == (0, 0)


def test_a_box_left_where_it_was_scores_what_it_overlaps(tmp_path: Path, fake: type[Fake]) -> None:
    fake.rule = staticmethod(lambda frame, box: (box, State.LOST))
    numbers = one(rows(write_otb(tmp_path, "Car", count=9)))
    shares = overlaps(*[(FIRST, at(index)) for index in range(9)])
    assert numbers["auc"] == pytest.approx(auc(shares))
    assert numbers["precision20"] == pytest.approx(sum((10 * i * i) ** 0.5 <= 20 for i in range(9)) / 9)
    assert numbers["tracked_share"] == pytest.approx(1 / 9)  # the frame it was drawn in
    assert numbers["lost_but_right"] == pytest.approx((sum(share >= 0.5 for share in shares) - 1) / 9)


def test_believing_what_is_wrong_is_counted(tmp_path: Path, fake: type[Fake]) -> None:
    fake.rule = staticmethod(lambda frame, box: (Box(100, 60, 20, 20), State.TRACKED))
    numbers = one(rows(write_otb(tmp_path, "Car", count=5)))
    assert numbers["wrong_but_tracked"] == 0.8


def test_the_time_is_the_trackers_own(tmp_path: Path, fake: type[Fake], monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr(time, "perf_counter", lambda: clock[0])
    real = tracking_benchmark.PictureClip.frame

    def slow_decoding(clip: Any, index: int) -> Frame:
        clock[0] += 10
        return real(clip, index)

    monkeypatch.setattr(tracking_benchmark.PictureClip, "frame", slow_decoding)

    def rule(frame: int, box: Box) -> tuple[Box, State]:
        clock[0] += 0.5 if frame == 3 else 0.002
        return box, State.TRACKED

    fake.rule = staticmethod(rule)
    numbers = one(rows(write_otb(tmp_path, "Car", count=6)))
    assert numbers["ms"] == pytest.approx(2)
    assert numbers["fps"] == pytest.approx(6 / (0.5 + 4 * 0.002))


# --- where it starts, and where it starts anew ----------------------------------------------------


def test_alone_it_starts_from_the_first_true_box(tmp_path: Path, fake: type[Fake]) -> None:
    rows(write_otb(tmp_path, "Car", count=4))
    (started,) = fake.started
    assert (started.first, started.keyframes, started.start, started.frames) == (FIRST, {}, 0, [0, 1, 2, 3])
    assert started.tracker is OURS and started.parameters is None


def test_frames_whose_truth_is_unknown_do_not_count(tmp_path: Path, fake: type[Fake]) -> None:
    truth = lines(6).splitlines()
    truth[0] = truth[3] = "NaN,NaN,NaN,NaN"
    truth[5] = "0,0,0,0"
    write_sequence(tmp_path / "Car", 6, truth="\n".join(truth))
    fake.rule = staticmethod(lambda frame, box: (at(frame) if frame != 3 else Box(0, 0, 9, 9), State.TRACKED))
    numbers = one(rows(tmp_path))
    (started,) = fake.started
    assert (started.first, started.start, started.frames) == (at(1), 1, [1, 2, 3, 4])
    assert (numbers["auc"], numbers["frames"]) == (pytest.approx(20 / 21), 3)
    assert numbers["wrong_but_tracked"] == 0


def test_with_keyframes_it_starts_anew_and_is_reported_apart(tmp_path: Path, fake: type[Fake]) -> None:
    write_otb(tmp_path, "Bus", "Car", count=6)
    found = rows(tmp_path, {"Car": {3: at(3)}, "Train": {1: FIRST}})
    assert [(row.sequence, row.mode) for row in found] == [("Bus", "alone"), ("Car", "alone"), ("Car", "keyframes")]
    assert [started.keyframes for started in fake.started] == [{}, {}, {3: at(3)}]
    alone, helped = found[1].numbers["auc"], found[2].numbers["auc"]
    assert alone == found[0].numbers["auc"] == pytest.approx(auc(overlaps(*[(FIRST, at(i)) for i in range(6)])))
    expected = [(FIRST if i < 3 else at(3), at(i)) for i in range(6)]
    assert helped == pytest.approx(auc(overlaps(*expected)))
    assert helped is not None and alone is not None and helped > alone


def test_a_keyframe_at_the_start_replaces_the_starting_box(tmp_path: Path, fake: type[Fake]) -> None:
    drawn = Box(25, 15, 50, 42)
    rows(write_otb(tmp_path, "Car", count=4), {"Car": {0: drawn, 2: FIRST}})
    assert [(started.first, started.keyframes) for started in fake.started] == [(FIRST, {}), (drawn, {2: FIRST})]


def test_keyframes_outside_the_frames_that_have_truth_are_left_out(tmp_path: Path, fake: type[Fake]) -> None:
    truth = lines(6).splitlines()
    truth[0] = truth[1] = truth[5] = "NaN NaN NaN NaN"
    write_sequence(tmp_path / "Car", 6, truth="\n".join(truth))
    rows(tmp_path, {"Car": {0: FIRST, 2: at(2), 4: at(4), 5: at(5)}})
    assert [(started.first, started.keyframes) for started in fake.started] == [(at(2), {}), (at(2), {4: at(4)})]


# --- what fails -----------------------------------------------------------------------------------


def test_a_sequence_that_cannot_be_read_costs_its_own_rows(tmp_path: Path, fake: type[Fake]) -> None:
    write_otb(tmp_path, "A", "B", "C", "D", count=3)
    for picture in (tmp_path / "A" / "img").iterdir():
        picture.unlink()
    (tmp_path / "B" / "groundtruth_rect.txt").write_text("1,2,3\n")
    broken = tmp_path / "C" / "img" / "0002.png"
    broken.write_bytes(broken.read_bytes()[:-40])
    trackers = [(OURS, None), (TRACKERS["mil"], None)]
    found = list(evaluate_tracking(box_sequences(tmp_path, "otb"), trackers, {"B": {1: FIRST}}))
    notes = {(row.sequence, row.tracker, row.mode): row.note for row in found}
    assert len(notes) == 4 * 2 + 2
    for (sequence, _, _), note in notes.items():
        assert {"A": "holds no pictures", "B": "line 1 of the truth", "C": "‘0002.png’", "D": ""}[sequence] in note
        assert note or sequence == "D"
    for row in found:
        assert (row.numbers["auc"] is None) == (row.sequence != "D")
        assert set(row.numbers) == set(NUMBERS)


def test_a_tracker_that_fails_costs_its_own_row(tmp_path: Path, fake: type[Fake]) -> None:
    def rule(frame: int, box: Box) -> tuple[Box, State]:
        if frame == 2 and fake.started[-1].tracker is not OURS:
            raise ParameterError("the template is flat")
        return box, State.TRACKED

    fake.rule = staticmethod(rule)
    write_otb(tmp_path, "Car", count=4)
    found = list(evaluate_tracking(box_sequences(tmp_path, "otb"), [(TRACKERS["mil"], None), (OURS, None)]))
    assert [(row.tracker, row.note, row.numbers["frames"]) for row in found] == [
        ("mil", "the template is flat", None), ("flowlab", "", 4),
    ]  # fmt: skip


def test_keyframes_that_are_not_of_this_clip_cost_their_own_row(tmp_path: Path, fake: type[Fake]) -> None:
    write_otb(tmp_path, "Car", count=4)
    for keyframes, says in (({9: FIRST}, "keyframe at frame 10 and the clip has 4 frames"),
                            ({2: Box(500, 1, 9, 9)}, "outside the 160x96 picture")):  # fmt: skip
        alone, helped = rows(tmp_path, {"Car": keyframes})
        assert alone.note == "" and alone.numbers["frames"] == 4
        assert says in helped.note and helped.numbers["auc"] is None


def test_a_truth_that_ends_early_gives_numbers_of_its_part_and_says_so(tmp_path: Path, fake: type[Fake]) -> None:
    write_sequence(tmp_path / "Car", 6, truth=lines(4))
    (found,) = rows(tmp_path)
    assert found.numbers["frames"] == 4 and fake.started[0].frames == [0, 1, 2, 3]
    assert "has 4 lines for 6 pictures" in found.note


def test_a_first_box_without_a_pixel_is_a_sentence(tmp_path: Path, fake: type[Fake]) -> None:
    write_sequence(tmp_path / "Car", 2, truth="5,5,0.5,9\n5,5,9,9\n")
    assert "the first true box is 0.5 by 9 pixels" in rows(tmp_path)[0].note


# --- means and lines ------------------------------------------------------------------------------


def test_means_are_by_tracker_and_mode_and_leave_out_what_is_missing() -> None:
    means = TrackingMeans()
    for name, mode, score in (("a", "alone", 0.2), ("a", "alone", 0.6), ("a", "alone", None), ("a", "keyframes", 0.9)):
        numbers = dict.fromkeys(NUMBERS, score) | {"frames": None if score is None else 100}
        means.add(TrackingRow("s", name, mode, numbers))
    means.add(TrackingRow("s", "b", "alone"))
    found = means.as_json()
    assert list(found) == ["a", "b"] and list(found["a"]) == ["alone", "keyframes"]
    assert found["a"]["alone"]["auc"] == pytest.approx(0.4)
    assert (found["a"]["alone"]["sequences"], found["a"]["alone"]["frames"]) == (2, 200)
    assert found["a"]["keyframes"]["auc"] == 0.9
    assert (found["b"]["alone"]["auc"], found["b"]["alone"]["sequences"]) == (None, 0)


def test_a_row_is_json_in_the_contracts_order_and_words() -> None:
    row = TrackingRow("Car4", "flowlab", "alone", dict.fromkeys(NUMBERS, 0.5))
    assert list(row.as_json()) == [
        "sequence", "tracker", "mode", "auc", "precision20", "tracked_share", "wrong_but_tracked", "fps", "frames",
        "lost_but_right", "ms", "note",
    ]  # fmt: skip


def test_lines_are_aligned_and_say_why_numbers_are_missing() -> None:
    table = TrackingTable(["Car4", "x\x1b[2J"], ["flowlab", "mil"])
    numbers = {"auc": 0.8123, "precision20": 1.0, "tracked_share": 0.5, "wrong_but_tracked": 0.004, "fps": 123.4,
               "frames": 659, "lost_but_right": 0.1, "ms": 7.95}  # fmt: skip
    lines = [
        table.header,
        table.row(TrackingRow("Car4", "flowlab", "keyframes", numbers)),
        table.row(TrackingRow("x\x1b[2J", "mil", "alone", numbers, "a part only")),
        table.row(TrackingRow("Car4", "mil", "alone", note="no pictures")),
        table.mean("mil", "alone", numbers),
    ]
    assert lines[1].split() == [
        "Car4", "flowlab", "keyframes", "0.812", "100.0", "50.0", "0.4", "10.0", "123.4", "8.0", "659"
    ]  # fmt: skip
    assert len({line.rindex(end) + len(end) for line, end in zip(lines[:2], ("frames", "659"), strict=True)}) == 1
    assert lines[2].startswith(r"x\x1b[2J ") and lines[2].endswith("  a part only")
    assert lines[3].endswith(" no pictures")
    assert lines[4].startswith("mean ")


# --- real trackers ----------------------------------------------------------------------------------


def test_the_default_tracker_follows_what_only_shifts(tmp_path: Path) -> None:
    numbers = one(rows(write_otb(tmp_path, "Car", count=12)))
    assert numbers["auc"] > 0.9
    assert (numbers["precision20"], numbers["tracked_share"], numbers["wrong_but_tracked"]) == (1, 1, 0)
    assert numbers["ms"] > 0 and np.isfinite(numbers["fps"])
