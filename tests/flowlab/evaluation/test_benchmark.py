"""Methods against a data set: the numbers are those of the metrics, and one bad pair hides no other."""

import json
import math
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flowlab.core.parameters import Parameters
from flowlab.dense.estimator import Method
from flowlab.dense.methods import METHODS
from flowlab.evaluation.benchmark import NUMBERS, Means, Row, evaluate_flow
from flowlab.evaluation.metrics import flow_errors
from flowlab.media.flow_files import write_flow
from flowlab.media.flow_sets import sequences
from tests.flow_sets import HEIGHT, HIDDEN, UNKNOWN, WIDTH, true_flow, write_chairs, write_kitti, write_middlebury


def guess(flow: np.ndarray, name: str = "guess") -> tuple[Method, None]:
    """Return a method that answers `flow`, whatever it is shown."""
    row = replace(METHODS["farneback"], name=name, title="Guess", run=lambda first, second, parameters: flow)
    return row, None


def test_the_numbers_are_those_of_the_metrics(tmp_path: Path) -> None:
    flow = true_flow() + np.float32([0.3, -0.4])  # 0.5 px off, and 4 px off in the lower half
    flow[HEIGHT // 2 :] += np.float32([4, 0])
    (row,) = evaluate_flow(sequences(write_middlebury(tmp_path, "Board"), "middlebury"), [guess(flow)])
    errors = flow_errors(flow, true_flow())
    assert (row.sequence, row.method, row.note) == ("Board", "guess", "")
    for name in ("epe", "aae", "fl", "r1", "r3", "r5", "a50", "a75", "a95", "density"):
        assert row.numbers[name] == getattr(errors, name)
    assert (row.numbers["fl"], row.numbers["r5"], row.numbers["density"]) == (0.5, 0, 1)
    assert row.numbers["epe"] == pytest.approx((0.5 + math.hypot(4.3, 0.4)) / 2, rel=1e-5)
    assert (row.numbers["epe_noc"], row.numbers["fl_noc"]) == (None, None)
    assert row.numbers["ms"] > 0


def test_kitti_counts_all_points_and_the_visible_ones_apart(tmp_path: Path) -> None:
    flow = true_flow()
    flow[HIDDEN] += 6  # wrong only where points are hidden
    flow[:, UNKNOWN] = 99  # and where nobody measured, which does not count
    (row,) = evaluate_flow(sequences(write_kitti(tmp_path, "000010"), "kitti"), [guess(flow)])
    hidden = (HEIGHT - HIDDEN.start) / HEIGHT
    assert row.numbers["fl"] == pytest.approx(hidden)
    assert row.numbers["epe"] == pytest.approx(6 * math.sqrt(2) * hidden, rel=1e-5)
    assert (row.numbers["epe_noc"], row.numbers["fl_noc"]) == (0, 0)


def test_parameters_reach_the_method(tmp_path: Path) -> None:
    pairs = sequences(write_middlebury(tmp_path, "Board"), "middlebury")
    seen: list[Parameters] = []

    def run(first: np.ndarray, second: np.ndarray, parameters: Parameters) -> np.ndarray:
        seen.append(parameters)
        assert first.shape == second.shape == (HEIGHT, WIDTH) and first.dtype == np.uint8
        return true_flow()

    method = replace(METHODS["farneback"], run=run)
    wide = method.parameters(winsize=31)  # type: ignore[call-arg]
    list(evaluate_flow(pairs, [(method, wide), (method, None)]))
    assert seen == [wide, method.parameters()]


def test_a_real_method_finds_the_motion(tmp_path: Path) -> None:
    pairs = sequences(write_chairs(tmp_path, "1", "2"), "chairs")
    rows = list(evaluate_flow(pairs, [(row, None) for row in METHODS.values()]))
    assert [(row.sequence, row.method) for row in rows] == [(n, method) for n in "12" for method in METHODS]
    assert all(row.numbers["epe"] < 0.5 for row in rows), [row.numbers["epe"] for row in rows]


def test_a_row_that_cannot_be_computed_says_why_and_the_rest_goes_on(tmp_path: Path) -> None:
    write_middlebury(tmp_path, "a-size", "b-empty", "c-cut", "d-picture", "e-second", "f-truth", "z-fine")
    truths, pictures = tmp_path / "other-gt-flow", tmp_path / "other-data"
    write_flow(truths / "a-size" / "flow10.flo", true_flow(WIDTH, HEIGHT))
    write_flow(truths / "b-empty" / "flow10.flo", true_flow() * np.nan)
    (truths / "c-cut" / "flow10.flo").write_bytes((truths / "z-fine" / "flow10.flo").read_bytes()[:-3])
    (pictures / "d-picture" / "frame10.png").write_bytes(b"garbage")
    (pictures / "e-second" / "frame11.png").unlink()
    (truths / "f-truth" / "flow10.flo").unlink()
    rows = list(evaluate_flow(sequences(tmp_path, "middlebury"), [guess(true_flow()), guess(true_flow(), "again")]))
    assert len(rows) == 14
    says = ["is 96x128 and the pictures 128x96", "unknown everywhere", "cannot be read as flo", "‘frame10.png’",
            "no file ‘frame11.png’", "no truth for this pair"]  # fmt: skip
    for first, second, text in zip(rows[0:12:2], rows[1:12:2], says, strict=True):
        assert text in first.note
        assert first.note == second.note
        assert set(first.numbers.values()) == {None}
    assert [row.numbers["epe"] for row in rows[12:]] == [0, 0]


def test_a_method_that_cannot_work_or_finds_nothing_says_so(tmp_path: Path) -> None:
    pairs = sequences(write_middlebury(tmp_path, "Board"), "middlebury")
    picky = replace(METHODS["farneback"], name="picky", smallest=HEIGHT + 1)
    blind = guess(true_flow() * np.nan, "blind")
    first, second, third = evaluate_flow(pairs, [(picky, None), blind, guess(true_flow())])
    assert "needs at least 97x97 pixels" in first.note
    assert "Guess found no vector where the truth is known" in second.note
    assert (second.numbers["epe"], third.numbers["epe"]) == (None, 0)


def test_an_unreadable_second_truth_costs_only_its_own_numbers(tmp_path: Path) -> None:
    (one,) = sequences(write_kitti(tmp_path, "000010"), "kitti")
    one.visible_truth.write_bytes(b"garbage")  # type: ignore[union-attr]
    (row,) = evaluate_flow([one], [guess(true_flow())])
    assert (row.numbers["epe"], row.numbers["epe_noc"]) == (0, None)
    assert "cannot be read as kitti" in row.note


def test_estimates_with_holes_are_judged_beside_their_density(tmp_path: Path) -> None:
    flow = true_flow()
    flow[: HEIGHT // 4] = np.nan
    (row,) = evaluate_flow(sequences(write_middlebury(tmp_path, "Board"), "middlebury"), [guess(flow)])
    assert (row.numbers["epe"], row.numbers["density"]) == (0, 0.75)


def test_a_row_is_written_in_the_words_of_the_contract() -> None:
    row = Row("a", "dis", dict.fromkeys(NUMBERS, 1.0))
    written = row.as_json()
    assert list(written)[:9] == ["sequence", "method", "epe", "aae", "fl", "r1", "r3", "r5", "ms"]
    assert list(written)[9:] == ["a50", "a75", "a95", "density", "epe_noc", "fl_noc", "note"]
    empty = Row("b", "dis", note="why").as_json()
    assert json.loads(json.dumps(empty, allow_nan=False))["epe"] is None


def test_means_are_over_the_rows_that_have_the_number() -> None:
    means = Means()
    for value in (1.0, 3.0, None):
        means.add(Row("x", "dis", dict.fromkeys(NUMBERS, value) | {"fl_noc": None}))
    means.add(Row("x", "blind", note="why"))
    found = means.as_json()
    assert (found["dis"]["epe"], found["dis"]["ms"], found["dis"]["fl_noc"], found["dis"]["pairs"]) == (2, 2, None, 2)
    assert (found["blind"]["epe"], found["blind"]["pairs"]) == (None, 0)
    assert list(found) == ["dis", "blind"]


def test_memory_does_not_grow_with_the_number_of_pairs(tmp_path: Path) -> None:
    pairs = sequences(write_chairs(tmp_path, "1"), "chairs")

    def peak(count: int) -> int:
        tracemalloc.start()
        for row in evaluate_flow(pairs * count, [guess(true_flow())]):
            assert row.note == ""
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    peak(1)
    assert peak(12) < peak(2) + HEIGHT * WIDTH
