"""`flowlab affine`: a region's table, video and summary from a shell, mistakes in one line, going on after any end."""

import csv
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from flowlab.core.region import Box
from flowlab.jobs.clips import open_clip
from flowlab.jobs.region_table import summary, table_of
from flowlab.media.keyframes import keyframes_text
from flowlab.media.opening import open_media
from flowlab.tracking.affine.parameters import TrackerParameters
from flowlab.tracking.regions import track_region
from flowlab.tracking.trackers import TRACKERS
from tests.hostile import HOSTILE, SECRET, Hostile, moving_texture, pngs, write_video
from tests.processes import processes_of, wait_for
from tests.shell import run

SCENE = "scene:planar?width=160&height=96&frames=8"
LONG = "scene:planar?width=320&height=180&frames=600"
BOX, DRAWN = Box(60, 30, 36, 30), Box(64, 34, 32, 24)
ROI = str(BOX)
FIRST = ["frame", "state", "x0", "y0", "x1", "y1", "x2", "y2", "x3", "y3", "h11", "h12", "h13", "h21", "h22", "h23",
         "h31", "h32", "ncc", "iterations"]  # fmt: skip


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "moving.mp4", moving_texture(12))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# --- what it writes ---------------------------------------------------------------------------------


def test_a_table_a_video_and_a_summary_are_written_into_folders_that_are_made(clip: Path, tmp_path: Path) -> None:
    table, video, facts = (tmp_path / "a" / name for name in ("t.csv", "b/v.mp4", "s.json"))
    done = run("affine", clip, "--roi", ROI, "-o", table, "--video", video, "--summary", facts)
    assert (done.exit_code, done.stderr) == (0, "")
    with closing(open_media(clip)) as source:
        track = track_region(source, BOX)
        assert table.read_bytes() == table_of(track)
        with closing(open_media(video)) as made:
            assert (made.info.width, made.info.height, made.info.frame_count) == (160, 120, 12)
            assert [made.time(n) for n in range(12)] == [source.time(n) for n in range(12)]
    assert json.loads(facts.read_text()) == summary(track)
    assert done.stdout == "12 of 12 frames: tracked in 11, keyframe in 1\n"
    assert list(rows_of(table)[0])[:20] == FIRST


def test_the_region_follows_the_known_motion(clip: Path, tmp_path: Path) -> None:
    """The texture moves by (2, 1) px a frame."""
    run("affine", clip, "--roi", ROI, "-o", tmp_path / "t.csv")
    for number, row in enumerate(rows_of(tmp_path / "t.csv")):
        corner = float(row["x0"]), float(row["y0"]), float(row["x2"]), float(row["y2"])
        moved = np.array([BOX.x, BOX.y, BOX.x + BOX.w - 1, BOX.y + BOX.h - 1]) + number * np.array([2, 1, 2, 1])
        assert corner == pytest.approx(tuple(moved), abs=0.1)


def test_any_one_of_the_files_is_enough(tmp_path: Path) -> None:
    for option, name in (("-o", "t.csv"), ("--video", "v.mp4"), ("--summary", "s.json")):
        assert run("affine", SCENE, "--roi", ROI, option, tmp_path / name).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.json", "t.csv", "v.mp4"]


@pytest.mark.parametrize("name", [name for name, row in TRACKERS.items() if row.resumes])
def test_every_tracker_is_used_with_its_usual_parameters(tmp_path: Path, name: str) -> None:
    assert run("affine", SCENE, "--roi", ROI, "-o", tmp_path / "t.csv", "--tracker", name).exit_code == 0
    with closing(open_clip(SCENE)) as clip:
        assert (tmp_path / "t.csv").read_bytes() == table_of(track_region(clip, BOX, tracker=name))


def test_mil_is_a_tracker_too(tmp_path: Path) -> None:
    """OpenCV draws its samples at random, so that nobody can say beforehand where exactly."""
    assert run("affine", SCENE, "--roi", ROI, "-o", tmp_path / "t.csv", "--tracker", "mil").exit_code == 0
    rows = rows_of(tmp_path / "t.csv")
    assert [row["state"] for row in rows] == ["keyframe"] + ["tracked"] * 7
    assert all(abs(float(row["x0"]) - BOX.x) < 30 for row in rows)


def test_parameters_range_and_width_change_what_is_followed(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    run("affine", SCENE, "--roi", "60,30,36,30", "-o", table, "--preset", "esm-homography", "--set", "levels=1",
        "--frames", "2:7", "--width", 80)  # fmt: skip
    parameters = TrackerParameters.preset("esm-homography").with_text({"levels": "1"})
    with closing(open_clip(SCENE, width=80)) as clip:
        alone = track_region(clip, Box(30, 15, 18, 15), parameters, start=2, stop=7)
    assert table.read_bytes() == table_of(alone)
    assert [row["frame"] for row in rows_of(table)] == ["2", "3", "4", "5", "6"]
    assert any(row["h31"] != "0" for row in rows_of(table))


def test_the_same_question_is_answered_from_what_was_finished_unless_it_is_to_be_fresh(tmp_path: Path) -> None:
    made = []
    for name, fresh in (("a", ()), ("b", ()), ("c", ("--fresh",))):
        done = run("affine", SCENE, "--roi", ROI, "-o", tmp_path / f"{name}.csv", "--video", tmp_path / f"{name}.mp4",
                   *fresh)  # fmt: skip
        made.append((digest(tmp_path / f"{name}.csv"), digest(tmp_path / f"{name}.mp4")))
        assert ("8 of the frames followed before" in done.stdout) == (name == "b")
    assert len(set(made)) == 1


# --- keyframes --------------------------------------------------------------------------------------


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    path = tmp_path / "k.json"
    path.write_text(keyframes_text({0: BOX, 5: DRAWN}))
    return path


def test_keyframes_restart_the_tracker_and_the_first_may_be_one(keys: Path, tmp_path: Path) -> None:
    done = run("affine", SCENE, "--keyframes", keys, "-o", tmp_path / "t.csv")
    assert (done.exit_code, done.stdout) == (0, "8 of 8 frames: tracked in 6, keyframe in 2\n")
    with closing(open_clip(SCENE)) as clip:
        assert (tmp_path / "t.csv").read_bytes() == table_of(track_region(clip, BOX, keyframes={5: DRAWN}))


def test_a_box_that_is_given_is_the_first_frames_whatever_the_keyframes_say(keys: Path, tmp_path: Path) -> None:
    run("affine", SCENE, "--keyframes", keys, "--roi", str(DRAWN), "-o", tmp_path / "t.csv")
    with closing(open_clip(SCENE)) as clip:
        assert (tmp_path / "t.csv").read_bytes() == table_of(track_region(clip, DRAWN, keyframes={5: DRAWN}))


def test_a_range_that_begins_at_a_keyframe_needs_no_box(keys: Path, tmp_path: Path) -> None:
    assert run("affine", SCENE, "--keyframes", keys, "--frames", "5:8", "-o", tmp_path / "t.csv").exit_code == 0
    first = rows_of(tmp_path / "t.csv")[0]
    assert (first["frame"], first["state"], float(first["x0"])) == ("5", "keyframe", DRAWN.x)


def test_of_several_sequences_the_clips_own_is_taken_or_the_one_asked_for(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "Car.mp4", moving_texture(6))
    other = {"Car": {"1": [60, 30, 96, 60]}, "Dog": {"1": [20, 30, 50, 60]}}
    (tmp_path / "k.json").write_text(json.dumps(other))
    arguments = ("--keyframes", tmp_path / "k.json", "-o", tmp_path / "t.csv")
    for options, x in (((), 60), (("--sequence", "Dog"), 20)):
        assert run("affine", clip, *arguments, *options).exit_code == 0
        assert float(rows_of(tmp_path / "t.csv")[0]["x0"]) == x
    for options, says in ((("--sequence", "Cow"), "--sequence is ‘Cow’: the keyframes are of ‘Car’, ‘Dog’"), ((), "")):
        done = run("affine", SCENE, *arguments, *options)
        assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
        assert (says or "the keyframes are of 2 sequences, ‘Car’, ‘Dog’: say of which") in done.stderr


# --- what cannot be ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--roi", ROI], "nothing is to be written: give -o"),
        (["--roi", ROI, "-o", "OUT/t.txt"], "‘t.txt’ cannot be written: give a file whose name ends in .csv"),
        (["--roi", ROI, "-o", "OUT/folder.csv"], "‘folder.csv’ cannot be written: it is a folder"),
        (["--roi", ROI, "-o", "OUT/file/t.csv"], "cannot be made"),
        (["--roi", ROI, "--video", "OUT/v.avi"], "ends in .mp4"),
        (["--roi", ROI, "--summary", "OUT/s.csv"], "ends in .json"),
        (["-o", "OUT/t.csv"], "there is no box on frame 0, the first one: give --roi x,y,w,h, or --keyframes"),
        (["-o", "OUT/t.csv", "--keyframes", "OUT/late.json"], "there is no box on frame 0, the first one"),
        (["-o", "OUT/t.csv", "--roi", "500,10,20,20"], "outside the 160x96 picture: draw it inside"),
        (["-o", "OUT/t.csv", "--roi", "148,10,40,20"], "30% of its area in the 160x96 picture"),
        (["-o", "OUT/t.csv", "--roi", "10,10,7,20"], "7 by 20 pixels: draw one of at least 8 by 8"),
        (["-o", "OUT/t.csv", "--roi", "10,10,14,40", "--width", "80"], "pixels at the working width of 80"),
        (["-o", "OUT/t.csv", "--roi", "10,10,0,20"], "the box is 0 by 20"),
        (["-o", "OUT/t.csv", "--roi", "1,2,3"], "--roi is ‘1,2,3’: give x,y,w,h in pixels"),
        (["-o", "OUT/t.csv", "--roi", "nan,2,30,40"], "--roi is ‘nan,2,30,40’"),
        (["-o", "OUT/t.csv", "--roi", ROI, "--keyframes", "OUT/none.json"], "‘none.json’ cannot be read"),
        (["-o", "OUT/t.csv", "--roi", ROI, "--keyframes", "OUT/wrong.json"], "the keyframes are no JSON"),
        (["-o", "OUT/t.csv", "--roi", ROI, "--keyframes", "OUT/beyond.json"], "keyframe at frame 99 and the clip"),
        (["-o", "OUT/t.csv", "--roi", ROI, "--keyframes", "OUT/aside.json"], "outside the 160x96 picture"),
        (["-o", "OUT/t.csv", "--roi", ROI, "--frames", "3:4"], "is alone: there is nothing to follow it into"),
        (["-o", "OUT/t.csv", "--roi", ROI, "--frames", "8:9"], "the clip has frames 0:8"),
        (["-o", "OUT/t.csv", "--roi", ROI, "--tracker", "nope"], "there is no tracker ‘nope’"),
        (["-o", "OUT/t.csv", "--roi", ROI, "--preset", "nope"], "no preset ‘nope’"),
        (["-o", "OUT/t.csv", "--roi", ROI, "--set", "levels=9"], "levels is 9"),
        (["-o", "OUT/t.csv", "--roi", ROI, "--set", "levels"], "give name=value, such as --set blur=0"),
        (["-o", "OUT/t.csv", "--roi", ROI, "--tracker", "mil", "--set", "levels"], "there is no parameter to change"),
        (["-o", "OUT/t.csv", "--roi", ROI, "--scheduler", "nonsense"], "the scheduler's address is ‘nonsense’"),
    ],
    ids=lambda value: " ".join(value)[-40:] if isinstance(value, list) else "",
)  # fmt: skip
def test_a_mistake_is_one_line_and_status_2_and_nothing_is_written(
    arguments: list[str], says: str, tmp_path: Path
) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "wrong.json").write_text("{")
    for name, known in (("late", {3: BOX}), ("beyond", {98: BOX}), ("aside", {3: Box(500, 1, 20, 20)})):
        (tmp_path / f"{name}.json").write_text(keyframes_text(known))
    before = sorted(path.name for path in tmp_path.iterdir())
    done = run("affine", SCENE, *(argument.replace("OUT", str(tmp_path)) for argument in arguments))
    assert done.exit_code == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_clip_of_one_frame_and_a_flat_box_are_one_clear_line(tmp_path: Path) -> None:
    flat = np.full((96, 160, 3), 77, np.uint8)
    for frames, says in ((1, "is alone: there is nothing to follow it into"), (6, "texture")):
        clip = write_video(tmp_path / f"{frames}.mp4", [flat] * frames)
        done = run("affine", clip, "--roi", ROI, "-o", tmp_path / "out" / "t.csv")
        assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
        assert says in done.stderr
        assert not (tmp_path / "out" / "t.csv").exists()


def test_the_clip_itself_is_never_written_over(clip: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.mp4"
    mine.write_bytes(clip.read_bytes())
    done = run("affine", mine, "--roi", ROI, "--video", tmp_path / "." / "mine.mp4")
    assert (done.exit_code, "is the clip itself" in done.stderr) == (2, True)
    assert mine.read_bytes() == clip.read_bytes()


def test_of_a_damaged_clip_the_readable_part_is_written_and_the_counts_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, data in pngs(moving_texture(14)).items():
        (folder / name).write_bytes(data)
    whole = (folder / "9.png").read_bytes()
    (folder / "9.png").write_bytes(whole[: len(whole) // 2])  # its header is there
    done = run("affine", folder, "--roi", ROI, "-o", tmp_path / "t.csv", "--video", tmp_path / "v.mp4")
    assert done.exit_code == 1
    assert done.stdout.startswith("9 of 14 frames: ")
    (line,) = done.stderr.splitlines()
    assert "the clip is damaged, only its readable part was followed (14 declared" in line
    assert "9.png" in line
    assert len(rows_of(tmp_path / "t.csv")) == 9
    with closing(open_media(tmp_path / "v.mp4")) as video:
        assert video.info.frame_count == 9
    assert run("affine", folder, "--roi", ROI, "-o", tmp_path / "t.csv", "--frames", "0:9").exit_code == 0


OTHERWISE = {"one frame": Hostile("one frame", lambda _: Path(), "error", "is alone"),
             "constant pictures": Hostile("constant pictures", lambda _: Path(), "error", "texture"),
             "one pixel": Hostile("one pixel", lambda _: Path(), "error", "outside the 1x1 picture")}  # fmt: skip
"""Where a region cannot be followed and a flow can."""


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.name)
def test_hostile_files_end_in_one_clear_line_or_a_result(case: Hostile, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    out, expected = tmp_path / "out", OTHERWISE.get(case.name, case)
    result = run("affine", case.make(tmp_path / "in"), "--roi", "4,4,12,10", "-o", out / "t.csv", "--video",
                 out / "v.mp4")  # fmt: skip
    assert "Traceback" not in result.output
    assert SECRET.decode() not in result.output
    if expected.outcome == "error":
        assert result.exit_code == 2, result.output
        assert not out.exists() or not list(out.iterdir())
        assert len(result.stderr.strip().splitlines()) == 1
        assert expected.says in result.stderr
        return
    assert sorted(path.name for path in out.iterdir()) == ["t.csv", "v.mp4"]
    with closing(open_media(out / "v.mp4")) as video:
        assert len(rows_of(out / "t.csv")) == video.info.frame_count
    assert result.exit_code == (1 if expected.outcome == "part" else 0), result.output
    if expected.outcome == "part":
        assert "damaged" in result.stderr
        assert "declared" in result.stderr


# --- ends of all kinds ------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    for process in processes_of(tmp_path / "home"):
        os.kill(process, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize(("how", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_command_that_is_ended_leaves_nothing_and_goes_on(
    home: Path, tmp_path: Path, how: signal.Signals, status: int
) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "flowlab", "affine", LONG, "--roi", "120,60,80,60", "-o", str(out / "t.csv"),
               "--video", str(out / "v.mp4")]  # fmt: skip

    def start() -> "subprocess.Popen[str]":
        env = os.environ | {"FLOWLAB_HOME": str(home)}
        return subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    child = start()
    kept = home / "answers"
    wait_for("a finished piece", lambda: len(list(kept.glob("*/*"))) >= 4 or child.poll() is not None)
    assert child.poll() is None, child.communicate()
    child.send_signal(how)
    _, err = child.communicate(timeout=60)
    assert child.returncode == status
    assert "Traceback" not in err
    wait_for("the end of every process", lambda: not processes_of(home))
    assert list(out.iterdir()) == [] or how == signal.SIGKILL
    again = start()
    told, err = again.communicate(timeout=120)
    assert (again.returncode, err) == (0, "")
    assert "of the frames followed before" in told
    with closing(open_clip(LONG)) as clip:
        assert (out / "t.csv").read_bytes() == table_of(track_region(clip, Box(120, 60, 80, 60)))
    assert sorted(path.name for path in out.iterdir()) == ["t.csv", "v.mp4"]


# --- real clips -------------------------------------------------------------------------------------


@pytest.mark.realdata
def test_a_car_is_followed_for_a_while_and_its_keyframes_are_taken_by_name(tmp_path: Path) -> None:
    root = Path(os.environ["FLOWLAB_DATA"]) / "otb"
    truth = np.loadtxt((root / "Car4" / "groundtruth_rect.txt").read_text().replace(",", " ").splitlines())
    x, y, w, h = truth[0]
    done = run("affine", root / "Car4" / "img", "--roi", f"{x - 1:g},{y - 1:g},{w:g},{h:g}", "--frames", "0:60",
               "--keyframes", root / "keyframes.json", "-o", tmp_path / "t.csv")  # fmt: skip
    assert done.exit_code == 0
    rows = rows_of(tmp_path / "t.csv")
    assert [row["frame"] for row in rows if row["state"] == "keyframe"] == ["0", "49"]
    centres = np.array([[float(row["x"]), float(row["y"])] for row in rows])
    true = truth[:60, :2] - 1 + (truth[:60, 2:] - 1) / 2
    assert np.linalg.norm(centres - true, axis=1).max() < 20
