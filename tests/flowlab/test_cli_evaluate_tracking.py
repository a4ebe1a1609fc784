"""`flowlab evaluate tracking`: the contract's numbers, keyframes apart, and an honest account of what is missing."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flowlab.evaluation.tracking_benchmark import evaluate_tracking
from flowlab.media.box_sets import box_sequences
from flowlab.tracking.trackers import DEFAULT_TRACKER, TRACKERS
from tests.box_sets import lines, write_keyframes, write_otb, write_sequence
from tests.shell import run

KEYS = ["sequence", "tracker", "mode", "auc", "precision20", "tracked_share", "wrong_but_tracked", "fps", "frames"]
BOX = [39, 23, 79, 55]  # where the thing is in the fourth frame, pixels from 0, the ends outside


def evaluate(root: Path, *arguments: object) -> Any:
    return run("evaluate", "tracking", root, "--dataset", "otb", *arguments)


def test_rows_means_and_a_table(tmp_path: Path) -> None:
    root, out = write_otb(tmp_path / "otb", "Car2", "Car10", count=6), tmp_path / "out.json"
    keyframes = write_keyframes(root, Car10={"4": BOX}, Train={"1": BOX})
    done = evaluate(root, "--tracker", "flowlab", "--tracker", "ic-affine", "--keyframes", keyframes, "--json", out)
    assert (done.exit_code, done.stderr) == (0, "")
    written = json.loads(out.read_text())
    assert list(written) == ["rows", "mean"]
    assert [(row["sequence"], row["tracker"], row["mode"]) for row in written["rows"]] == [
        ("Car2", "flowlab", "alone"), ("Car2", "ic-affine", "alone"),
        ("Car10", "flowlab", "alone"), ("Car10", "flowlab", "keyframes"),
        ("Car10", "ic-affine", "alone"), ("Car10", "ic-affine", "keyframes"),
    ]  # fmt: skip
    for row in written["rows"]:
        assert list(row) == [*KEYS, "lost_but_right", "ms", "note"]
        assert 0.8 < row["auc"] <= 20 / 21 and row["precision20"] == 1 and row["frames"] == 6
        assert row["fps"] > 0 and row["ms"] > 0 and row["note"] == ""
    for tracker in ("flowlab", "ic-affine"):
        for mode, count in (("alone", 2), ("keyframes", 1)):
            mean, its = written["mean"][tracker][mode], (tracker, mode)
            expected = np.mean([row["auc"] for row in written["rows"] if (row["tracker"], row["mode"]) == its])
            assert mean["auc"] == pytest.approx(expected)
            assert (mean["sequences"], mean["frames"]) == (count, 6 * count)
    printed = done.stdout.splitlines()
    assert len(printed) == 1 + 6 + 4
    assert printed[0].split()[:4] == ["sequence", "tracker", "mode", "AUC"]
    assert printed[1].split()[:4] == ["Car2", "flowlab", "alone", f"{written['rows'][0]['auc']:.3f}"]
    assert [line.split()[:3] for line in printed[7:]] == [
        ["mean", tracker, mode] for tracker in ("flowlab", "ic-affine") for mode in ("alone", "keyframes")
    ]


def test_without_a_tracker_the_default_runs_and_without_keyframes_only_alone(tmp_path: Path) -> None:
    root = write_otb(tmp_path, "Car", count=3)
    write_keyframes(root, Car={"2": BOX})  # there, but nobody asked for it
    done = evaluate(root)
    assert done.exit_code == 0
    assert [line.split()[:3] for line in done.stdout.splitlines()[1:]] == [
        [name, DEFAULT_TRACKER, "alone"] for name in ("Car", "mean")
    ]


def test_settings_reach_the_tracker(tmp_path: Path) -> None:
    root, found = write_otb(tmp_path, "Car", count=8), []
    for settings in ([], ["--set", "motion=translation", "--set", "levels=0", "--set", "iterations=1"]):
        done = evaluate(root, "--tracker", "ic-affine", *settings, "--json", tmp_path / "x.json")
        assert done.exit_code == 0
        found.append(json.loads((tmp_path / "x.json").read_text())["rows"][0]["auc"])
    assert found[0] != found[1]


def test_without_settings_a_tracker_has_its_usual_parameters(tmp_path: Path) -> None:
    root, out = write_otb(tmp_path / "otb", "Car", count=8), tmp_path / "x.json"
    for name in ("ic-affine", "esm-homography"):
        row = TRACKERS[name]
        assert row.usual != row.parameters()
        assert evaluate(root, "--tracker", name, "--json", out).exit_code == 0
        (direct,) = evaluate_tracking(box_sequences(root, "otb"), [(row, row.usual)])
        assert json.loads(out.read_text())["rows"][0]["auc"] == direct.numbers["auc"]


def test_a_keyframe_file_without_names_is_of_the_one_sequence(tmp_path: Path) -> None:
    root = write_otb(tmp_path / "otb", "Car", "Dog", count=4)
    flat = tmp_path / "k.json"
    flat.write_text(json.dumps({"4": BOX}))
    for where, extra in ((root / "Car", []), (root, ["--limit", 1])):
        done = evaluate(where, "--keyframes", flat, *extra)
        assert done.exit_code == 0
        assert [line.split()[2] for line in done.stdout.splitlines()[1:]] == ["alone", "keyframes"] * 2
    refused = evaluate(root, "--keyframes", flat)
    assert refused.exit_code == 2 and "does not say of which sequence" in refused.stderr


def test_limit_takes_the_first_sequences(tmp_path: Path) -> None:
    done = evaluate(write_otb(tmp_path, "C10", "C9", "C8", count=2), "--limit", 2)
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["sequence", "C8", "C9", "mean"]


def test_a_bad_sequence_says_why_and_the_rest_goes_on(tmp_path: Path) -> None:
    root, out = write_otb(tmp_path / "otb", "a fine", "b\ntruth", "c-none", "d-size", "e-link", count=3), tmp_path / "o"
    (root / "b\ntruth" / "groundtruth_rect.txt").write_text("1,2,3,x\n")
    (root / "c-none" / "groundtruth_rect.txt").unlink()
    write_sequence(root / "f-short", 5, truth=lines(3))
    (root / "d-size" / "groundtruth_rect.txt").write_text("5,5,4,4\n" * 3)
    secret = root / "e-link" / "groundtruth_rect.txt"
    (tmp_path / "secret.txt").write_text(lines(3))
    secret.unlink()
    secret.symlink_to(tmp_path / "secret.txt")
    done = evaluate(root, "--json", out)
    assert done.exit_code == 1
    assert done.stderr == "flowlab: 5 of 6 rows lack numbers or are of a part only, each says why\n"
    assert "NaN" not in out.read_text()
    rows = {row["sequence"]: row for row in json.loads(out.read_text())["rows"]}
    for name, says in (
        ("b\ntruth", "line 1 of the truth"), ("c-none", "there is no truth"), ("d-size", "4"),
        ("e-link", "leads out of the data set"), ("f-short", "has 3 lines for 5 pictures"),
    ):  # fmt: skip
        assert says in rows[name]["note"] and rows[name]["note"] in done.stdout
        assert (rows[name]["auc"] is None) == (name != "f-short")
    assert rows["a fine"]["note"] == "" and rows["f-short"]["frames"] == 3
    assert len(done.stdout.splitlines()) == 1 + 6 + 1
    assert json.loads(out.read_text())["mean"][DEFAULT_TRACKER]["alone"]["sequences"] == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--dataset", "vot"], "no data set ‘vot’: the data sets are otb"),
        (["--dataset", "otb", "--tracker", "csrt"], "‘csrt’"),
        (
            ["--dataset", "otb", "--tracker", "flowlab", "--tracker", "mil", "--set", "levels=1"],
            "one tracker",
        ),
        (["--dataset", "otb", "--preset", "nope"], "‘nope’"),
        (["--dataset", "otb", "--set", "levels=99"], "levels is 99"),
        (["--dataset", "otb", "--keyframes", "nowhere.json"], "the keyframes ‘nowhere.json’ cannot be read"),
        (["--dataset", "otb", "--keyframes", "broken.json"], "the keyframes are no JSON"),
        (["--dataset", "otb", "--keyframes", "other.json"], "it has ‘Train’ and none of the sequences here, such as"),
        (["--dataset", "otb", "--json", "nowhere/x.json"], "--json is ‘nowhere/x.json’"),
        (["--dataset", "otb", "--json", "."], "--json is ‘.’"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "other.json").write_text('{"Train": {"1": [1, 2, 30, 40]}}')
    done = run("evaluate", "tracking", write_otb(tmp_path / "otb", "Car", count=1), *arguments)
    assert done.exit_code == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_a_root_that_is_not_there_or_empty(tmp_path: Path) -> None:
    for root, says in ((tmp_path / "nowhere", "there is no folder"), (tmp_path, "holds no OTB sequence")):
        done = evaluate(root)
        assert done.exit_code == 2
        assert says in done.stderr


def test_names_that_are_no_text_do_not_stop_the_shell(tmp_path: Path) -> None:
    write_otb(tmp_path / "otb", "odd\udcff", "x\x1b[2J", count=2)
    command = [sys.executable, "-m", "flowlab", "evaluate", "tracking", str(tmp_path / "otb"), "--dataset", "otb",
               "--json", str(tmp_path / "out.json")]  # fmt: skip
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == b"" and b"\x1b" not in done.stdout
    assert len(json.loads((tmp_path / "out.json").read_text())["rows"]) == 2


@pytest.mark.realdata
def test_real_sequences_alone_and_with_keyframes(data_folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    root = data_folder / "otb"
    done = evaluate(root / "DragonBaby", "--keyframes", root / "keyframes.json", "--json", out)
    assert done.exit_code == 0
    rows = json.loads(out.read_text())["rows"]
    assert [(row["mode"], row["frames"], row["note"]) for row in rows] == [("alone", 113, ""), ("keyframes", 113, "")]
    assert all(0.2 < row["auc"] < 20 / 21 for row in rows)
