"""Files are written whole or not at all."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flowlab.core.files import LEFTOVER_AGE, is_leftover, replacing, sweep, temporary_name, write_whole


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.bin"
    write_whole(path, b"old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        temporary.write_bytes(b"half of the n")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write_whole(tmp_path / "missing" / "a.bin", b"x")


@pytest.fixture
def dead() -> int:
    """Give the number of a process that is no more."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def written_by(folder: Path, process: int, *, machine: str = "", age: float = 0.0) -> Path:
    """Write a temporary file as another process, or another machine, would have."""
    _, ours, number, rest = temporary_name(".mp4").split("-")
    path = folder / f".flowlab-{machine or ours}-{process}-{rest}"
    path.write_bytes(b"half")
    os.utime(path, (time.time() - age,) * 2)
    assert number == str(os.getpid())
    return path


def test_what_a_dead_process_left_is_nobodys(tmp_path: Path, dead: int) -> None:
    assert is_leftover(written_by(tmp_path, dead))
    assert not is_leftover(written_by(tmp_path, os.getpid()))
    assert not is_leftover(written_by(tmp_path, os.getppid()))


def test_of_another_machine_only_age_tells(tmp_path: Path, dead: int) -> None:
    assert not is_leftover(written_by(tmp_path, dead, machine="00000000", age=LEFTOVER_AGE - 60))
    assert is_leftover(written_by(tmp_path, os.getpid(), machine="00000000", age=LEFTOVER_AGE + 60))


@pytest.mark.parametrize(
    "name", ["a.mp4", ".flowlab-notes", "x.tmp", ".flowlab-00000000-1-0123456789abcdef.tmp~", ".flowlab-1.tmp"]
)
def test_a_file_of_the_persons_own_is_never_a_leftover(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"mine")
    os.utime(path, (0, 0))
    assert not is_leftover(path)


def test_a_sweep_takes_leftovers_and_nothing_else(tmp_path: Path, dead: int) -> None:
    written_by(tmp_path, dead)
    stays = {written_by(tmp_path, os.getpid()), tmp_path / "result.mp4"}
    (tmp_path / "result.mp4").write_bytes(b"mine")
    sweep(tmp_path)
    assert set(tmp_path.iterdir()) == stays
    sweep(tmp_path / "missing")  # nothing to do, nothing to say


def test_what_a_killed_process_was_writing_is_swept(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from flowlab.core.files import replacing\n"
        "with replacing(Path(sys.argv[1]) / 'a.mp4') as path:\n"
        "    path.write_bytes(b'half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    assert left.suffix == ".mp4"  # encoders choose their container by it
    sweep(tmp_path)
    assert not list(tmp_path.iterdir())
