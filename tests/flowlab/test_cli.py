"""The command line's contract: what it writes, what it says, and its exit status."""

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from flowlab.jobs.views import VIEWS
from flowlab.media.flow_files import read_flow
from tests.hostile import HOSTILE, SECRET, Hostile, moving_texture, write_png, write_video
from tests.shell import run

SCENE = "scene:two-layers?width=160&height=96&frames=4"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "moving.mp4", moving_texture(12))


def test_info_tells_what_a_clip_is(clip: Path) -> None:
    facts = json.loads(run("info", clip, "--json").stdout)
    assert (facts["width"], facts["height"], facts["fps"], facts["kind"]) == (160, 120, "25", "video")
    assert facts["frames"] == {"declared": 12, "decoded": 12, "damaged": 0}
    assert facts["codec"] == "h264"
    assert len(facts["content_hash"]) == 64
    words = run("info", clip).stdout
    assert "160x120 px" in words
    assert "12 declared, 12 decoded, 0 damaged" in words


def test_the_flow_is_opencvs_call_on_grey_bit_for_bit(clip: Path, tmp_path: Path) -> None:
    assert run("dense", clip, "--frames", "3:5", "-o", tmp_path / "x.flo").exit_code == 0
    reader = cv2.VideoCapture(str(clip))
    frames = [reader.read()[1] for _ in range(12)]
    grey = [cv2.cvtColor(cv2.cvtColor(f, cv2.COLOR_BGR2RGB), cv2.COLOR_RGB2GRAY) for f in frames]
    theirs = cv2.calcOpticalFlowFarneback(grey[3], grey[4], None, 0.5, 3, 15, 3, 5, 1.2, 0)  # type: ignore[call-overload]
    np.testing.assert_array_equal(cv2.readOpticalFlow(str(tmp_path / "x.flo")), theirs)
    median = np.median(theirs.reshape(-1, 2), axis=0)
    np.testing.assert_allclose(median, (2, 1), atol=0.1)  # the texture moves by (2, 1)


def test_several_flows_are_named_by_their_first_frame(clip: Path, tmp_path: Path) -> None:
    done = run("dense", clip, "--frames", "2:6", "-o", tmp_path / "out", "--method", "dis", "--preset", "fast")
    assert done.exit_code == 0
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["000002.flo", "000003.flo", "000004.flo"]
    assert "3 of 3 flows" in done.stdout


@pytest.mark.parametrize(("kind", "suffix"), [("flo", ".flo"), ("kitti", ".png"), ("npz", ".npz"), ("mat", ".mat")])
def test_every_format_holds_the_same_flow(clip: Path, tmp_path: Path, kind: str, suffix: str) -> None:
    run("dense", clip, "--frames", "0:2", "-o", tmp_path / "exact.flo")
    assert run("dense", clip, "--frames", "0:2", "-o", tmp_path / "out", "--as", kind).exit_code == 0
    exact = read_flow(tmp_path / "exact.flo")
    step = 1 / 64 if kind == "kitti" else 0
    np.testing.assert_allclose(read_flow(tmp_path / "out" / f"000000{suffix}"), exact, atol=step / 2)


def test_gap_and_width_change_what_is_computed(clip: Path, tmp_path: Path) -> None:
    run("dense", clip, "--frames", "0:3", "--gap", 2, "--width", 80, "-o", tmp_path / "x.flo")
    flow = read_flow(tmp_path / "x.flo")
    assert flow.shape == (60, 80, 2)
    np.testing.assert_allclose(np.median(flow.reshape(-1, 2), axis=0), (2, 1), atol=0.15)  # (4, 2) at half size


def test_settings_change_the_flow(clip: Path, tmp_path: Path) -> None:
    run("dense", clip, "--frames", "0:2", "-o", tmp_path / "a.flo")
    run("dense", clip, "--frames", "0:2", "-o", tmp_path / "b.flo", "--set", "winsize=31", "--set", "levels=1")
    assert not np.array_equal(read_flow(tmp_path / "a.flo"), read_flow(tmp_path / "b.flo"))


@pytest.mark.parametrize("name", VIEWS)
def test_every_view_is_written_as_a_picture(name: str, tmp_path: Path) -> None:
    path = tmp_path / "one.png"
    assert run("dense", SCENE, "--frames", "0:2", "-o", path, "--view", name).exit_code == 0
    assert cv2.imread(str(path)).shape == (96, 160, 3)


def test_the_error_of_a_clip_without_truth_is_a_mistake_in_words(clip: Path, tmp_path: Path) -> None:
    done = run("dense", clip, "--frames", "0:2", "-o", tmp_path / "x.png", "--view", "error")
    assert done.exit_code == 2
    assert "no error map: this clip does not know its true motion" in done.stderr
    assert not (tmp_path / "x.png").exists()


def test_the_glitch_goes_on_from_picture_to_picture(tmp_path: Path) -> None:
    assert run("dense", SCENE, "-o", tmp_path / "out", "--as", "png", "--view", "glitch").exit_code == 0
    alone = tmp_path / "alone.png"
    assert run("dense", SCENE, "--frames", "2:4", "-o", alone, "--view", "glitch").exit_code == 0
    last, begun_there = (cv2.imread(str(path)) for path in (tmp_path / "out" / "000002.png", alone))
    assert not np.array_equal(last, begun_there)  # carried along from frame 0, and from frame 2


def test_a_scene_is_a_clip_like_any_other(tmp_path: Path) -> None:
    assert json.loads(run("info", SCENE, "--json").stdout)["frames"]["decoded"] == 4
    assert run("dense", SCENE, "-o", tmp_path / "out").exit_code == 0
    assert len(list((tmp_path / "out").iterdir())) == 3


def test_a_folder_of_pictures_comes_in_natural_order(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number, rgb in zip((1, 2, 10), moving_texture(3), strict=True):
        write_png(pictures / f"frame{number}.png", rgb[..., ::-1])
    assert run("dense", pictures, "-o", tmp_path / "out").exit_code == 0
    for name in ("000000.flo", "000001.flo"):  # 10 before 2 would show as a flow of (-2, -1) or (4, 2)
        np.testing.assert_allclose(np.median(read_flow(tmp_path / "out" / name).reshape(-1, 2), 0), (2, 1), atol=0.1)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--method", "horn"], "no method ‘horn’"),
        (["--preset", "nope"], "no preset ‘nope’"),
        (["--set", "winsize=14"], "winsize is 14: give an odd number"),
        (["--set", "winsize"], "give name=value"),
        (["--set", "size=3"], "no parameter ‘size’"),
        (["--frames", "5:5"], "--frames is ‘5:5’"),
        (["--frames", "x:y"], "--frames is ‘x:y’"),
        (["--frames", "0:99"], "the clip has frames 0:4"),
        (["--frames", "0:1"], "flow needs two frames"),
        (["--gap", "7"], "make no pair"),
        (["--view", "rainbow"], "no view ‘rainbow’"),
        (["--method", "dis", "--width", "20"], "DIS needs at least 32x32"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(arguments: list[str], says: str, tmp_path: Path) -> None:
    result = run("dense", SCENE, "-o", tmp_path / "out", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.output


def test_several_flows_into_one_file_are_refused(tmp_path: Path) -> None:
    result = run("dense", SCENE, "-o", tmp_path / "x.flo")
    assert result.exit_code == 2
    assert "is one file and these frames make 3 flows" in result.stderr


def test_a_clip_that_is_not_there(tmp_path: Path) -> None:
    for command in (["info"], ["dense", "-o", tmp_path / "out"]):
        result = run(*command, tmp_path / "missing.mp4")
        assert result.exit_code == 2
        assert "there is no file or folder" in result.stderr
    assert "no scene" in run("info", "scene:nowhere").stderr


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    result = run("dense", SCENE, "--frames", "0:2", "-o", tmp_path / "file" / "x.flo")
    assert result.exit_code == 2
    assert "cannot be" in result.stderr


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.name)
def test_hostile_files_end_in_one_clear_line_or_a_result(case: Hostile, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    path = case.make(folder)
    result = run("dense", path, "-o", tmp_path / "out")
    written = list((tmp_path / "out").glob("*.flo")) if (tmp_path / "out").exists() else []
    assert "Traceback" not in result.output
    assert SECRET.decode() not in result.output
    if case.outcome == "error":
        assert result.exit_code == 2, result.output
        assert not written
        assert len(result.stderr.strip().splitlines()) == 1
        assert case.says in result.stderr
    else:
        assert written
        assert all(np.isfinite(read_flow(p)).all() for p in written)
        assert result.exit_code == (1 if case.outcome == "part" else 0), result.output
        if case.outcome == "part":
            assert "damaged" in result.stderr
            assert "declared" in result.stderr


def test_the_module_runs_like_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flowlab", "info", SCENE, "--json"], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout)["kind"] == "scene"


@pytest.mark.realdata
def test_slow_traffic_is_opencvs_flow_bit_for_bit(data_folder: Path, tmp_path: Path) -> None:
    clip = data_folder / "clips" / "slow_traffic_small.mp4"
    assert run("dense", clip, "--frames", "500:502", "-o", tmp_path / "x.flo").exit_code == 0
    reader = cv2.VideoCapture(str(clip))
    grey = []
    for index in range(502):
        frame = reader.read()[1]
        if index >= 500:
            grey.append(cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), cv2.COLOR_RGB2GRAY))
    theirs = cv2.calcOpticalFlowFarneback(*grey, None, 0.5, 3, 15, 3, 5, 1.2, 0)
    np.testing.assert_array_equal(read_flow(tmp_path / "x.flo"), theirs)
