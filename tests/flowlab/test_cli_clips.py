"""Whole clips from a shell: videos, batches, going on after any end, and leaving nothing behind."""

import hashlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowlab.media.opening import open_media
from tests.hostile import moving_texture, write_png, write_video
from tests.processes import processes_of, wait_for, workers_of
from tests.shell import run

LONG = "scene:two-layers?width=320&height=180&frames=400"  # some 6 s of work: worth other processes
SHORT = "scene:two-layers?width=160&height=96&frames=12"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Shell:
    """Runs `flowlab dense` as a shell would, in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.env = os.environ | {"FLOWLAB_HOME": str(home)}

    def start(self, *arguments: object) -> "subprocess.Popen[str]":
        command = [sys.executable, "-m", "flowlab", "dense", *(str(a) for a in arguments)]
        return subprocess.Popen(command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def finished_parts(self) -> int:
        return sum(1 for path in (self.home / "answers").glob("*/*") if path.stat().st_size > 200)

    def start_until_two_parts(self, *arguments: object) -> "subprocess.Popen[str]":
        child = self.start(*arguments)
        wait_for("two finished parts", lambda: self.finished_parts() >= 2 or child.poll() is not None)
        assert child.poll() is None, child.communicate()
        return child


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    shell = Shell(tmp_path / "home")
    yield shell
    for process in processes_of(shell.home):
        os.kill(process, signal.SIGKILL)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Give the digest of LONG's video when nothing happens while it is made."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    child = Shell(folder / "home").start(LONG, "-o", folder / "out.mp4")
    out, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    assert "399 of 399 frames" in out
    return digest(folder / "out.mp4")


def test_a_video_has_a_picture_a_pair_in_the_clips_own_time(tmp_path: Path) -> None:
    clip = write_video(tmp_path / "moving.mp4", moving_texture(12))
    done = run("dense", clip, "-o", tmp_path / "out.mp4", "--frames", "2:12")
    assert done.exit_code == 0
    assert "9 of 9 frames written" in done.stdout
    video, source = open_media(tmp_path / "out.mp4"), open_media(clip)
    assert (video.info.width, video.info.height, video.info.frame_count) == (160, 120, 9)
    assert [video.time(i) for i in range(9)] == [source.time(i + 2) - source.time(2) for i in range(9)]


def test_the_suffix_or_as_says_what_is_written(tmp_path: Path) -> None:
    assert run("dense", SHORT, "-o", tmp_path / "a.mp4", "--as", "video").exit_code == 0
    wrong = run("dense", SHORT, "-o", tmp_path / "a.avi", "--as", "video")
    assert wrong.exit_code == 2
    assert "ends in .mp4" in wrong.stderr
    (tmp_path / "folder.mp4").mkdir()
    assert run("dense", SHORT, "-o", tmp_path / "folder.mp4").exit_code == 2


def test_the_same_question_is_answered_from_what_was_finished(tmp_path: Path) -> None:
    first = run("dense", SHORT, "-o", tmp_path / "a.mp4")
    again = run("dense", SHORT, "-o", tmp_path / "b.mp4")
    fresh = run("dense", SHORT, "-o", tmp_path / "c.mp4", "--fresh")
    assert "before" not in first.stdout
    assert "(11 of them computed before)" in again.stdout
    assert "before" not in fresh.stdout
    assert digest(tmp_path / "a.mp4") == digest(tmp_path / "b.mp4") == digest(tmp_path / "c.mp4")


def test_files_that_were_touched_are_written_anew(tmp_path: Path) -> None:
    run("dense", SHORT, "-o", tmp_path / "out")
    whole = digest(tmp_path / "out" / "000003.flo")
    (tmp_path / "out" / "000003.flo").write_bytes(b"not flow")
    (tmp_path / "out" / "000009.flo").unlink()
    again = run("dense", SHORT, "-o", tmp_path / "out")
    assert again.exit_code == 0
    assert "computed before" in again.stdout
    assert digest(tmp_path / "out" / "000003.flo") == whole
    assert len(list((tmp_path / "out").iterdir())) == 11


# --- batches ------------------------------------------------------------------------------------


@pytest.fixture
def clips(tmp_path: Path) -> Path:
    """Give a folder with two videos of one stem, a folder of pictures, a file that is no clip, and a damaged one."""
    folder = tmp_path / "clips"
    (folder / "frames").mkdir(parents=True)
    write_video(folder / "a2.mp4", moving_texture(4))
    write_video(folder / "a10.mp4", moving_texture(4))
    (folder / "a2.avi").write_bytes((folder / "a2.mp4").read_bytes())
    for number, rgb in enumerate(moving_texture(3)):
        write_png(folder / "frames" / f"{number}.png", rgb)
    (folder / "notes.txt").write_text("not a clip")
    return folder


def test_a_folder_of_clips_is_a_batch(clips: Path, tmp_path: Path) -> None:
    done = run("dense", clips, "-o", tmp_path / "out", "--as", "video")
    assert done.exit_code == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a10.mp4", "a2-2.mp4", "a2.mp4", "frames.mp4"]


def test_a_glob_is_a_batch_and_a_bad_clip_stops_no_other(clips: Path, tmp_path: Path) -> None:
    (clips / "a3.mp4").write_bytes(b"nothing that plays")
    done = run("dense", clips / "a*.mp4", "-o", tmp_path / "out")
    assert done.exit_code == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("flowlab: ")
    assert "a3.mp4" in line
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a10", "a2"]
    assert len(list((tmp_path / "out" / "a10").iterdir())) == 3


def test_several_clips_need_a_folder(clips: Path, tmp_path: Path) -> None:
    done = run("dense", clips / "a2.mp4", clips / "a10.mp4", "-o", tmp_path / "out.mp4")
    assert done.exit_code == 2
    assert "there are 2 clips: give a folder" in done.stderr
    assert run("dense", tmp_path / "*.nothing", "-o", tmp_path / "out").exit_code == 2
    (tmp_path / "empty").mkdir()
    empty = run("dense", tmp_path / "empty", "-o", tmp_path / "out")
    assert (empty.exit_code, "neither pictures nor clips" in empty.stderr) == (2, True)


def test_a_mistake_in_the_settings_is_told_once_and_not_for_every_clip(clips: Path, tmp_path: Path) -> None:
    done = run("dense", clips, "-o", tmp_path / "out", "--set", "winsize=-1")
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1


# --- ends of all kinds --------------------------------------------------------------------------


@pytest.mark.parametrize(("how", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_stopped_leaves_nothing_and_goes_on(
    shell: Shell, tmp_path: Path, uninterrupted: str, how: signal.Signals, status: int
) -> None:
    out = tmp_path / "out" / "flow.mp4"
    child = shell.start_until_two_parts(LONG, "-o", out)
    child.send_signal(how)
    _, err = child.communicate(timeout=60)
    assert child.returncode == status
    assert err.splitlines()[-1].startswith("flowlab: stopped")
    assert "Traceback" not in err
    assert not list(out.parent.iterdir())
    assert not list((shell.home / "incoming").iterdir())
    wait_for("the end of every process", lambda: not processes_of(shell.home))
    again = shell.start(LONG, "-o", out)
    told, _ = again.communicate(timeout=120)
    assert "of them computed before" in told
    assert digest(out) == uninterrupted


def test_a_command_that_is_killed_leaves_no_process_and_goes_on(
    shell: Shell, tmp_path: Path, uninterrupted: str
) -> None:
    out = tmp_path / "out" / "flow.mp4"
    child = shell.start_until_two_parts(LONG, "-o", out)
    child.kill()
    child.communicate(timeout=60)
    wait_for("the end of every process", lambda: not processes_of(shell.home))
    again = shell.start(LONG, "-o", out)
    told, err = again.communicate(timeout=120)
    assert again.returncode == 0, err
    assert "of them computed before" in told
    assert digest(out) == uninterrupted
    assert list(out.parent.iterdir()) == [out]
    assert not list((shell.home / "incoming").iterdir())


def test_a_command_whose_workers_are_killed_goes_on(shell: Shell, tmp_path: Path, uninterrupted: str) -> None:
    child = shell.start_until_two_parts(LONG, "-o", tmp_path / "flow.mp4", "--workers", "2")
    os.kill(max(workers_of(shell.home)), signal.SIGKILL)
    _, err = child.communicate(timeout=120)
    assert (child.returncode, err) == (0, "")
    assert digest(tmp_path / "flow.mp4") == uninterrupted


def test_a_command_whose_scheduler_is_killed_says_so_and_goes_on(
    shell: Shell, tmp_path: Path, uninterrupted: str
) -> None:
    out = tmp_path / "flow.mp4"
    child = shell.start_until_two_parts(LONG, "-o", out)
    (host,) = (p for p in processes_of(shell.home) if b"flowlab.engine.host" in Path(f"/proc/{p}/cmdline").read_bytes())
    os.kill(host, signal.SIGKILL)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 1
    assert "Traceback" not in err
    assert err.splitlines()[-1] == "flowlab: what was finished is kept: run the same command again to go on"
    assert not out.exists()
    again = shell.start(LONG, "-o", out)
    again.communicate(timeout=120)
    assert digest(out) == uninterrupted


def test_a_full_store_is_one_clear_line_and_no_file(shell: Shell, tmp_path: Path) -> None:
    shell.env["FLOWLAB_QUOTA"] = "100K"
    child = shell.start(LONG, "-o", tmp_path / "flow.mp4")
    _, err = child.communicate(timeout=120)
    assert child.returncode == 2
    (line,) = err.splitlines()
    assert "FLOWLAB_QUOTA" in line
    assert not (tmp_path / "flow.mp4").exists()


@pytest.mark.parametrize(("address", "status"), [("nonsense", 2), ("tcp://127.0.0.1:1", 1)])
def test_a_scheduler_that_is_none_is_one_clear_line(tmp_path: Path, address: str, status: int) -> None:
    done = run("dense", SHORT, "-o", tmp_path / "flow.mp4", "--scheduler", address)
    assert done.exit_code == status
    assert address in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "flow.mp4").exists()
