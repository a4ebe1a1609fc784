"""`flowlab points`: tables, videos and summaries from a shell, mistakes in one line, and going on after any end."""

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

from flowlab.jobs.clips import open_clip
from flowlab.jobs.track_look import BY_ERROR, VIDEO_COLOURS
from flowlab.jobs.track_table import TRACKPY, table_of
from flowlab.media.opening import open_media
from flowlab.tracking.parameters import PointParameters
from flowlab.tracking.points import track_points
from flowlab.tracking.statistics import summary
from tests.hostile import HOSTILE, SECRET, Hostile, moving_texture, pngs, write_video
from tests.processes import processes_of, wait_for
from tests.shell import run

SCENE = "scene:two-layers?width=160&height=96&frames=8"
LONG = "scene:two-layers?width=320&height=180&frames=140"
FIRST = ["frame", "track", "x", "y", "fb_error", "min_eig", "status"]


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
    done = run("points", clip, "-o", table, "--video", video, "--summary", facts)
    assert (done.exit_code, done.stderr) == (0, "")
    with closing(open_media(clip)) as source:
        tracks = track_points(source)
        assert table.read_bytes() == table_of(tracks)
        with closing(open_media(video)) as made:
            assert (made.info.width, made.info.height, made.info.frame_count) == (160, 120, 12)
            assert [made.time(n) for n in range(12)] == [source.time(n) for n in range(12)]
    assert json.loads(facts.read_text()) == summary(tracks)
    assert done.stdout == f"{summary(tracks)['tracks']} tracks in 12 of 12 frames\n"
    assert list(rows_of(table)[0])[:7] == FIRST


def test_the_tracks_follow_the_known_motion(clip: Path, tmp_path: Path) -> None:
    """The texture moves by (2, 1) px a frame."""
    run("points", clip, "-o", tmp_path / "t.csv")
    tracked = [row for row in rows_of(tmp_path / "t.csv") if row["status"] == "tracked"]
    steps = np.array([[float(row["u"]), float(row["v"])] for row in tracked])
    np.testing.assert_allclose(np.median(steps, axis=0), (2, 1), atol=0.05)
    places = {(row["frame"], row["track"]): (float(row["x"]), float(row["y"])) for row in rows_of(tmp_path / "t.csv")}
    for row, (u, v) in zip(tracked, steps, strict=True):
        x, y = places[str(int(row["frame"]) - 1), row["track"]]
        assert (float(row["x"]) - x, float(row["y"]) - y) == pytest.approx((u, v), abs=1e-3)


def test_any_one_of_the_files_is_enough(tmp_path: Path) -> None:
    for option, name in (("-o", "t.csv"), ("--video", "v.mp4"), ("--summary", "s.json")):
        assert run("points", SCENE, option, tmp_path / name).exit_code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["s.json", "t.csv", "v.mp4"]


def test_parameters_range_region_and_width_change_what_is_followed(tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    run("points", SCENE, "-o", table, "--preset", "lk_track", "--set", "max_corners=40", "--set", "quality=0.02",
        "--frames", "2:7", "--region", "80,0,80,96", "--width", 80)  # fmt: skip
    parameters = PointParameters.preset("lk_track").with_text({"max_corners": "40", "quality": "0.02"})
    with closing(open_clip(SCENE, width=80)) as clip:
        allowed = np.tile(np.arange(80) >= 40, (48, 1))
        assert table.read_bytes() == table_of(track_points(clip, parameters, allowed=allowed, start=2, stop=7))
    rows = rows_of(table)
    assert {row["frame"] for row in rows} == {"2", "3", "4", "5", "6"}
    assert all(float(row["x"]) >= 39.5 for row in rows if row["status"] == "new")


def test_trackpys_columns_are_named_as_it_wants_them(tmp_path: Path) -> None:
    assert run("points", SCENE, "-o", tmp_path / "t.csv", "--columns", TRACKPY).exit_code == 0
    assert list(rows_of(tmp_path / "t.csv")[0]) == ["y", "x", "ep", "frame", "particle"]


def test_colours_are_drawn_from_the_same_tracks(tmp_path: Path) -> None:
    digests = set()
    for number, name in enumerate(VIDEO_COLOURS):
        done = run("points", SCENE, "--video", tmp_path / f"{name}.mp4", "--colour", name)
        assert done.exit_code == 0
        assert ("8 of the frames followed before" in done.stdout) == (number > 0)
        digests.add(digest(tmp_path / f"{name}.mp4"))
    assert len(digests) == len(VIDEO_COLOURS)


def test_errors_are_no_colour_of_a_video(tmp_path: Path) -> None:
    done = run("points", SCENE, "--video", tmp_path / "e.mp4", "--colour", BY_ERROR)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "the colourings are track, speed" in done.stderr


def test_the_same_question_is_answered_from_what_was_finished_unless_it_is_to_be_fresh(tmp_path: Path) -> None:
    made = []
    for name, fresh in (("a", ()), ("b", ()), ("c", ("--fresh",))):
        done = run("points", SCENE, "-o", tmp_path / f"{name}.csv", "--video", tmp_path / f"{name}.mp4", *fresh)
        made.append((digest(tmp_path / f"{name}.csv"), digest(tmp_path / f"{name}.mp4")))
        assert ("followed before" in done.stdout) == (name == "b")
    assert len(set(made)) == 1


@pytest.mark.parametrize("corners", [1, 20_000])
def test_one_corner_and_as_many_as_there_may_be(tmp_path: Path, corners: int) -> None:
    scene = "scene:two-layers?width=480&height=270&frames=2"
    done = run("points", scene, "-o", tmp_path / "t.csv", "--set", f"max_corners={corners}", "--set", "min_distance=1",
               "--set", "detector=grid", "--set", "affine=false")  # fmt: skip
    assert done.exit_code == 0
    first = sum(row["frame"] == "0" for row in rows_of(tmp_path / "t.csv"))
    assert first == 1 if corners == 1 else 19_000 < first <= 20_000


# --- what cannot be ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "nothing is to be written: give -o tracks.csv, --video out.mp4 or --summary tracks.json"),
        (["-o", "OUT/t.txt"], "‘t.txt’ cannot be written: give a file whose name ends in .csv"),
        (["-o", "OUT/t"], "ends in .csv"),
        (["--video", "OUT/v.avi"], "ends in .mp4"),
        (["--summary", "OUT/s.csv"], "ends in .json"),
        (["-o", "OUT/folder.csv"], "‘folder.csv’ cannot be written"),
        (["-o", "OUT/file/t.csv"], "cannot be made"),
        (["-o", "OUT/t.csv", "--preset", "nope"], "no preset ‘nope’"),
        (["-o", "OUT/t.csv", "--set", "window=14"], "window is 14"),
        (["-o", "OUT/t.csv", "--set", "window"], "give name=value"),
        (["-o", "OUT/t.csv", "--set", "size=3"], "no parameter ‘size’"),
        (["-o", "OUT/t.csv", "--set", "max_corners=20001"], "max_corners is 20001"),
        (["-o", "OUT/t.csv", "--set", "window=99", "--set", "max_corners=20"], "window is 99: give at most 96 px"),
        (["-o", "OUT/t.csv", "--set", "max_corners=20000", "--set", "window=95"], "at most 1108 corners"),
        (["-o", "OUT/t.csv", "--colour", "mood"], "no colouring ‘mood’"),
        (["-o", "OUT/t.csv", "--region", "1,2,3"], "--region is ‘1,2,3’"),
        (["-o", "OUT/t.csv", "--region", "1,2,0,4"], "the box is 0 by 4"),
        (["-o", "OUT/t.csv", "--region", "a,b,c,d"], "give x,y,w,h"),
        (["-o", "OUT/t.csv", "--region", "500,500,10,10"], "holds no pixel of the 160x96 picture"),
        (["-o", "OUT/t.csv", "--frames", "8:9"], "the clip has frames 0:8"),
        (["-o", "OUT/t.csv", "--frames", "0:99"], "the clip has frames 0:8"),
        (["-o", "OUT/t.csv", "--frames", "3:3"], "--frames is ‘3:3’"),
        (["-o", "OUT/t.csv", "--frames", "x:y"], "--frames is ‘x:y’"),
        (["-o", "OUT/t.csv", "--scheduler", "nonsense"], "the scheduler's address is ‘nonsense’"),
        (["-o", "OUT/" + 260 * "t" + ".csv"], "cannot be written"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)  # fmt: skip
def test_a_mistake_is_one_line_and_status_2_and_nothing_is_written(
    arguments: list[str], says: str, tmp_path: Path
) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").write_bytes(b"")
    done = run("points", SCENE, *(argument.replace("OUT", str(tmp_path)) for argument in arguments))
    assert done.exit_code == 2
    assert says in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "Traceback" not in done.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.csv"]


@pytest.mark.parametrize(("option", "value"), [("--columns", "mine"), ("--workers", "0"), ("--width", "-5")])
def test_an_option_that_is_none_is_told_with_what_there_is(option: str, value: str, tmp_path: Path) -> None:
    done = run("points", SCENE, "-o", tmp_path / "t.csv", option, value)
    assert done.exit_code == 2
    assert option in done.stderr
    assert "Traceback" not in done.output


def test_the_clip_itself_is_never_written_over(clip: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.mp4"
    mine.write_bytes(clip.read_bytes())
    done = run("points", mine, "--video", tmp_path / "." / "mine.mp4")
    assert (done.exit_code, "is the clip itself" in done.stderr) == (2, True)
    assert mine.read_bytes() == clip.read_bytes()


def test_a_clip_that_is_not_there(tmp_path: Path) -> None:
    done = run("points", tmp_path / "missing.mp4", "-o", tmp_path / "t.csv")
    assert (done.exit_code, len(done.stderr.splitlines())) == (2, 1)
    assert "there is no file or folder" in done.stderr
    assert "no scene" in run("points", "scene:nowhere", "-o", tmp_path / "t.csv").stderr
    assert list(tmp_path.iterdir()) == []


def test_of_a_damaged_clip_the_readable_part_is_written_and_the_counts_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, data in pngs(moving_texture(14)).items():
        (folder / name).write_bytes(data)
    whole = (folder / "9.png").read_bytes()
    (folder / "9.png").write_bytes(whole[: len(whole) // 2])  # its header is there
    done = run("points", folder, "-o", tmp_path / "t.csv", "--video", tmp_path / "v.mp4")
    assert done.exit_code == 1
    assert "in 9 of 14 frames" in done.stdout
    (line,) = done.stderr.splitlines()
    assert "the clip is damaged, only its readable part was followed (14 declared" in line
    assert "9.png" in line
    assert {row["frame"] for row in rows_of(tmp_path / "t.csv")} == {str(n) for n in range(9)}
    with closing(open_media(tmp_path / "v.mp4")) as video:
        assert video.info.frame_count == 9
    assert run("points", folder, "-o", tmp_path / "t.csv", "--frames", "0:9").exit_code == 0


def test_a_flat_clip_has_no_tracks_and_says_so(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "flat.mp4", [np.full((60, 80, 3), 77, np.uint8)] * 6)
    done = run(
        "points", clip, "-o", tmp_path / "t.csv", "--video", tmp_path / "v.mp4", "--summary", tmp_path / "s.json"
    )
    assert (done.exit_code, done.stdout) == (0, "0 tracks in 6 of 6 frames\n")
    (line,) = done.stderr.splitlines()
    assert line.startswith("flowlab: no corner was found: choose")
    assert (tmp_path / "t.csv").read_text().count("\n") == 1
    assert json.loads((tmp_path / "s.json").read_text())["mean_length"] is None
    with closing(open_media(tmp_path / "v.mp4")) as video:
        assert video.info.frame_count == 6


def test_a_summary_that_cannot_be_put_there_is_one_line(tmp_path: Path) -> None:
    done = run("points", SCENE, "--summary", tmp_path / (260 * "s" + ".json"))
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert "cannot be written" in done.stderr
    assert list(tmp_path.iterdir()) == []


OTHERWISE = {"one frame": Hostile("one frame", lambda _: Path(), "works"),
             "one pixel": Hostile("one pixel", lambda _: Path(), "error", "window is 15: give")}  # fmt: skip
"""What is no flow, or no tracks: there a frame is too few, here a window too many."""


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.name)
def test_hostile_files_end_in_one_clear_line_or_a_result(case: Hostile, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    out, expected = tmp_path / "out", OTHERWISE.get(case.name, case)
    result = run("points", case.make(tmp_path / "in"), "-o", out / "t.csv", "--video", out / "v.mp4")
    assert "Traceback" not in result.output
    assert SECRET.decode() not in result.output
    if expected.outcome == "error":
        assert result.exit_code == 2, result.output
        assert not out.exists() or not list(out.iterdir())
        assert len(result.stderr.strip().splitlines()) == 1
        assert expected.says in result.stderr
        return
    assert sorted(path.name for path in out.iterdir()) == ["t.csv", "v.mp4"]
    rows = rows_of(out / "t.csv")
    assert all(np.isfinite([float(row["x"]), float(row["y"])]).all() for row in rows)
    with closing(open_media(out / "v.mp4")) as video:
        assert {int(row["frame"]) for row in rows} <= set(range(video.info.frame_count))
    assert result.exit_code == (1 if expected.outcome == "part" else 0), result.output
    if expected.outcome == "part":
        assert "damaged" in result.stderr
        assert "declared" in result.stderr


# --- ends of all kinds ------------------------------------------------------------------------------


class Shell:
    """Runs `flowlab points` as a shell would, in a home of its own."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self.home, self.arguments = home, arguments
        self.env = os.environ | {"FLOWLAB_HOME": str(home)}

    def start(self, out: Path) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "flowlab", "points", LONG, "-o", str(out / "t.csv"), "--video",
                   str(out / "v.mp4"), *self.arguments]  # fmt: skip
        return subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def start_until_a_piece_is_kept(self, out: Path) -> "subprocess.Popen[str]":
        child = self.start(out)
        wait_for("a finished piece", lambda: self.kept() >= 4 or child.poll() is not None)
        assert child.poll() is None, child.communicate()
        return child

    def kept(self) -> int:
        """Return how many answers there are: four to a piece, with its tracker's state."""
        return sum(1 for _ in (self.home / "answers").glob("*/*"))


HERE, IN_WORKERS = (), ("--set", "max_corners=5000", "--frames", "0:70", "--width", "160")
"""Work that is too short for other processes, and work that is said to be worth them, in shorter pieces."""


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, ...], tuple[str, str]]:
    """Give arguments -> digests of table and video when nothing happens while they are made, in this process."""
    made = {}
    for arguments in (HERE, IN_WORKERS):
        out = tmp_path_factory.mktemp("uninterrupted")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys.modules["flowlab.cli.points"], "WORTH_PROCESSES", 1e9)  # `points` itself is the command
            done = run("points", LONG, "-o", out / "t.csv", "--video", out / "v.mp4", *arguments)
        assert done.exit_code == 0
        made[arguments] = (digest(out / "t.csv"), digest(out / "v.mp4"))
    return made


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "home"
    for process in processes_of(tmp_path / "home"):
        os.kill(process, signal.SIGKILL)


@pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")
@pytest.mark.parametrize(
    ("arguments", "how", "status"),
    [
        (HERE, signal.SIGINT, 130), (HERE, signal.SIGTERM, 143), (IN_WORKERS, signal.SIGKILL, -signal.SIGKILL),
    ],
    ids=["Ctrl-C", "SIGTERM", "SIGKILL with workers"],
)  # fmt: skip
def test_a_command_that_is_ended_leaves_nothing_and_goes_on(
    home: Path, tmp_path: Path, uninterrupted: dict[tuple[str, ...], tuple[str, str]],
    arguments: tuple[str, ...], how: signal.Signals, status: int,
) -> None:  # fmt: skip
    shell, out = Shell(home, *arguments), tmp_path / "out"
    child = shell.start_until_a_piece_is_kept(out)
    child.send_signal(how)
    _, err = child.communicate(timeout=60)
    assert child.returncode == status
    assert "Traceback" not in err
    wait_for("the end of every process", lambda: not processes_of(home))
    if how != signal.SIGKILL:
        assert err.splitlines()[-1].startswith("flowlab: stopped")
        assert not list((home / "incoming").iterdir())
    assert list(out.iterdir()) == []
    again = shell.start(out)
    told, err = again.communicate(timeout=120)
    assert (again.returncode, err) == (0, "")
    assert "of the frames followed before" in told
    assert (digest(out / "t.csv"), digest(out / "v.mp4")) == uninterrupted[arguments]
    assert len(list(out.iterdir())) == 2
    assert not list((home / "incoming").iterdir())
