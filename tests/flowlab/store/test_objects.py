"""Content in, content out; whole or not at all; and no name from outside is ever a path."""

import hashlib
import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from flowlab.errors import ParameterError, StoreError
from flowlab.store.objects import DEFAULT_QUOTA, Store, default_home, is_content_hash, open_store

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
HOSTILE = ["", "../..", "../../etc/passwd", ABC.upper(), ABC[:63], ABC + "a", ABC + "\n", "g" * 64, "٠" * 64, "a/" * 32]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_an_object_is_named_by_its_sha256_and_lies_two_digits_deep(store: Store) -> None:
    assert store.put_bytes(b"abc") == ABC
    assert store.path(ABC) == store.home / "objects" / ABC[:2] / ABC[2:]
    assert store.path(ABC).read_bytes() == b"abc"


def test_bytes_files_and_streams_of_one_content_are_one_object(store: Store, tmp_path: Path) -> None:
    data = os.urandom(3_000_001)
    file = tmp_path / "clip.mp4"
    file.write_bytes(data)
    with store.incoming() as arriving:
        source = io.BytesIO(data)
        while chunk := source.read(70_001):
            arriving.write(chunk)
        assert arriving.size == len(data)
        streamed = arriving.commit(hashlib.sha256(data).hexdigest())
    assert streamed == store.put_bytes(data) == store.put_file(file) == hashlib.sha256(data).hexdigest()
    assert len(files_below(store.home)) == 1
    assert store.used() == len(data)
    assert file.read_bytes() == data


def test_any_buffer_of_bytes_is_taken(store: Store) -> None:
    assert store.put_bytes(bytearray(b"abc")) == store.put_bytes(memoryview(b"abc")) == ABC
    assert store.put_bytes(b"") == EMPTY
    assert store.path(EMPTY).read_bytes() == b""


def test_a_known_file_is_put_again_without_being_written(store: Store, tmp_path: Path) -> None:
    inode = store.path(store.put_bytes(b"abc")).stat().st_ino
    file = tmp_path / "same"
    file.write_bytes(b"abc")
    store.put_bytes(b"abc")
    store.put_file(file)
    assert store.path(ABC).stat().st_ino == inode


def test_an_object_that_lost_bytes_is_written_anew(store: Store) -> None:
    store.path(store.put_bytes(b"abc")).write_bytes(b"a")
    store.put_bytes(b"abc")
    assert store.path(ABC).read_bytes() == b"abc"


def test_a_file_left_without_commit_leaves_nothing(store: Store) -> None:
    with store.incoming() as arriving:
        arriving.write(b"abc")
        assert len(files_below(store.home / "incoming")) == 1
    assert files_below(store.home) == []
    with pytest.raises(KeyboardInterrupt), store.incoming() as arriving:
        arriving.write(b"abc")
        raise KeyboardInterrupt
    assert files_below(store.home) == []
    assert not store.has(ABC)


def test_altered_content_is_refused_and_not_kept(store: Store) -> None:
    with store.incoming() as arriving:
        arriving.write(b"abd")
        with pytest.raises(StoreError, match="checksum begins with a52d159f262b instead of ‘ba7816bf8f01’"):
            arriving.commit(ABC)
    assert files_below(store.home) == []


def test_an_object_counts_as_used_when_it_is_committed(store: Store) -> None:
    arriving = store.incoming()
    arriving.write(b"x" * 100_000)  # more than is buffered, so that it is on the disk
    (partly,) = files_below(store.home / "incoming")
    arriving._file.flush()
    os.utime(partly, (1000, 1000))
    content_hash = arriving.commit()
    assert (store.home / "objects" / content_hash[:2] / content_hash[2:]).stat().st_mtime > 1000


def test_a_committed_file_takes_no_more_bytes(store: Store) -> None:
    arriving = store.incoming()
    arriving.write(b"abc")
    assert arriving.commit() == ABC
    with pytest.raises(StoreError, match="begin another one"):
        arriving.write(b"d")
    with pytest.raises(StoreError, match="begin another one"):
        arriving.commit()
    assert store.path(ABC).read_bytes() == b"abc"


def test_an_object_is_invisible_until_it_is_whole(store: Store) -> None:
    with store.incoming() as arriving:
        arriving.write(b"abc")
        assert arriving.content_hash == ABC
        assert not store.has(ABC)
        arriving.commit()
        assert store.has(ABC)


@pytest.mark.parametrize("name", HOSTILE)
def test_only_64_lower_case_digits_are_joined_to_a_path(store: Store, name: str) -> None:
    store.put_bytes(b"abc")
    assert not is_content_hash(name)
    assert not store.has(name)
    with pytest.raises(StoreError, match="is not a content hash: give the 64 digits"):
        store.path(name)


def test_a_missing_object_is_named_with_a_remedy(store: Store) -> None:
    with pytest.raises(StoreError, match=r"does not hold ‘ba7816bf8f01….*give the file again"):
        store.path(ABC)


def test_a_removed_object_is_gone_and_removing_it_again_is_harmless(store: Store, tmp_path: Path) -> None:
    store.put_bytes(b"abc")
    (tmp_path / "beside").write_bytes(b"not ours")
    for _ in range(2):
        store.remove(ABC)
        assert not store.has(ABC)
    store.remove("../../beside")
    assert (tmp_path / "beside").exists()


@pytest.mark.parametrize("kind", ["missing", "folder"])
def test_a_file_that_cannot_be_read_is_a_store_error(store: Store, tmp_path: Path, kind: str) -> None:
    target = tmp_path / kind
    if kind == "folder":
        target.mkdir()
    with pytest.raises(StoreError, match=f"‘{kind}’"):
        store.put_file(target)
    assert files_below(store.home) == []


def test_a_home_that_is_a_file_is_a_store_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"")
    with pytest.raises(StoreError, match="set FLOWLAB_HOME to another folder"):
        Store(tmp_path / "taken")


def test_a_home_emptied_by_hand_is_made_again(store: Store) -> None:
    for folder in ("incoming", "objects", "answers"):
        (store.home / folder).rmdir()
    store.home.rmdir()
    assert store.path(store.put_bytes(b"abc")).read_bytes() == b"abc"
    assert store.answer("q") is None


def test_an_answer_is_what_was_put_and_the_newer_one_counts(store: Store) -> None:
    assert store.answer("q") is None
    store.put_answer("q", b"first")
    store.put_answer("q", b"second")
    store.put_answer("r", b"")
    assert store.answer("q") == b"second"
    assert store.answer("r") == b""


@pytest.mark.parametrize("key", ["../../x", "", "a" * 10_000, "nul\0", "lone \udcff", "d/" + ABC])
def test_any_text_is_a_key_and_none_leaves_the_store(store: Store, tmp_path: Path, key: str) -> None:
    store.put_answer(key, b"42")
    assert store.answer(key) == b"42"
    assert [path.parent.parent for path in files_below(tmp_path)] == [store.home / "answers"]


@pytest.mark.parametrize("damage", [b"", b"\0" * 20, b"\0" * 32 + b"answer"])
def test_a_damaged_answer_is_no_answer_and_goes(store: Store, damage: bytes) -> None:
    store.put_answer("q", b"answer")
    (kept,) = files_below(store.home / "answers")
    kept.write_bytes(damage)
    assert store.answer("q") is None
    assert files_below(store.home) == []


def test_a_flipped_bit_and_a_lost_tail_are_seen(store: Store) -> None:
    for where in (0, 40, 131):
        store.put_answer("q", bytes(range(100)))
        (kept,) = files_below(store.home / "answers")
        whole = kept.read_bytes()
        for damaged in (whole[:where], whole[:where] + bytes([whole[where] ^ 1]) + whole[where + 1 :]):
            kept.write_bytes(damaged)
            assert store.answer("q") is None


def test_objects_being_read_elsewhere_on_windows_stay_as_they_are(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_answer("q", b"same")

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, "used by another process")

    monkeypatch.setattr(Path, "replace", refuse)
    store.put_answer("q", b"same")
    assert store.answer("q") == b"same"
    with pytest.raises(StoreError, match="used by another process"):
        store.put_bytes(b"abc")
    assert len(files_below(store.home)) == 1


def test_old_leftovers_are_swept_at_opening_and_young_ones_stay(store: Store) -> None:
    old, young = store.home / "incoming" / "old", store.home / "incoming" / "young"
    for leftover, age in ((old, 3700), (young, 3500)):
        leftover.write_bytes(b"half a cl")
        os.utime(leftover, (time.time() - age,) * 2)
    content_hash = store.put_bytes(b"abc")
    os.utime(store.path(content_hash), (0, 0))
    again = Store(store.home)
    assert not old.exists()
    assert young.exists()
    assert again.has(content_hash)


def test_a_file_swept_while_it_was_written_is_an_error_not_a_wrong_object(store: Store) -> None:
    with store.incoming() as arriving:
        arriving.write(b"abc")
        for leftover in files_below(store.home / "incoming"):
            leftover.unlink()
        with pytest.raises(StoreError):
            arriving.commit()
    assert not store.has(ABC)


def test_the_environment_names_home_and_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWLAB_HOME", str(tmp_path / "lab"))
    monkeypatch.setenv("FLOWLAB_QUOTA", "1.5G")
    assert default_home() == tmp_path / "lab"
    store = open_store()
    assert (store.home, store.quota) == (tmp_path / "lab", 1_500_000_000)
    monkeypatch.delenv("FLOWLAB_QUOTA")
    assert open_store().quota == DEFAULT_QUOTA == 20_000_000_000


def test_without_a_named_home_the_platform_says_where(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWLAB_HOME", " ")
    assert default_home().is_absolute()
    assert default_home().name == "flowlab"


@pytest.mark.parametrize(("name", "value"), [("FLOWLAB_QUOTA", "lots"), ("FLOWLAB_HOME", "~no-such-account-here/x")])
def test_a_wrong_environment_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("FLOWLAB_HOME", str(tmp_path))
    monkeypatch.setenv(name, value)
    with pytest.raises(ParameterError, match=f"{name} is ‘{value}’"):
        open_store()


WRITER = """
import hashlib, pathlib, sys
from flowlab.store.objects import Store

home, quota, me = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
store = Store(home, quota=quota)
print("ready", flush=True)
sys.stdin.readline()
for number in range(60):
    store.put_bytes(f"shared {number} ".encode() * 500)
    store.put_bytes(f"{me} {number} ".encode() * 500)
    store.put_answer(f"shared {number}", f"answer {number}".encode() * 100)
    assert store.answer(f"shared {number}") in (None, f"answer {number}".encode() * 100)
"""


def two_writers(home: Path, quota: int) -> None:
    """Let two processes put the same and different things into one home at once; both must succeed."""
    writers = [
        subprocess.Popen(
            [sys.executable, "-W", "error", "-c", WRITER, str(home), str(quota), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("left", "right")
    ]
    try:
        for writer in writers:
            assert writer.stdout is not None
            assert writer.stdout.readline() == "ready\n"
        for writer in writers:
            assert writer.stdin is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
        told = [writer.communicate(timeout=60)[1] for writer in writers]
    finally:
        for writer in writers:
            writer.kill()
            writer.wait()
    assert told == ["", ""]
    assert [writer.returncode for writer in writers] == [0, 0]


def test_two_processes_put_the_same_and_different_objects_at_once(tmp_path: Path) -> None:
    two_writers(tmp_path, 10**9)
    store = Store(tmp_path)
    for number in range(60):
        for name in ("shared", "left", "right"):
            data = f"{name} {number} ".encode() * 500
            assert store.path(hashlib.sha256(data).hexdigest()).read_bytes() == data
        assert store.answer(f"shared {number}") == f"answer {number}".encode() * 100
    assert len(files_below(tmp_path)) == 60 * 4


def test_two_processes_that_evict_at_once_do_no_harm(tmp_path: Path) -> None:
    quota = 60_000
    two_writers(tmp_path, quota)
    for path in files_below(tmp_path / "objects"):
        assert hashlib.sha256(path.read_bytes()).hexdigest() == path.parent.name + path.name
    assert files_below(tmp_path / "incoming") == []
    store = Store(tmp_path, quota=quota)
    store.put_bytes(b"one more")
    assert 0 < store.used() <= quota


def test_what_a_killed_process_left_is_swept_by_the_next(store: Store) -> None:
    script = (
        "import os, signal, sys; from pathlib import Path; from flowlab.store.objects import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "with store.incoming() as arriving, store.making('.mp4') as made:\n"
        "    arriving.write(b'half a clip'); made.write_bytes(b'half a video'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(store.home)], check=False)
    assert len(files_below(store.home / "incoming")) == 2
    with store.incoming() as ours:
        ours.write(b"of a living process")
        Store(store.home)
        assert len(files_below(store.home / "incoming")) == 1
        ours.commit()


def test_a_place_to_make_a_file_is_gone_afterwards_however_that_ends(store: Store) -> None:
    with store.making(".mp4") as path:
        assert path.suffix == ".mp4"
        path.write_bytes(b"a video")
        content = store.put_file(path)
    assert store.path(content).read_bytes() == b"a video"
    with pytest.raises(KeyboardInterrupt), store.making() as other:
        other.write_bytes(b"half")
        raise KeyboardInterrupt
    assert not files_below(store.home / "incoming")


def test_an_answer_can_be_asked_for_without_reading_it_and_be_removed(store: Store) -> None:
    assert not store.has_answer("how fast?")
    store.put_answer("how fast?", b"very")
    assert store.has_answer("how fast?")
    store.remove_answer("how fast?")
    store.remove_answer("how fast?")
    assert not store.has_answer("how fast?")
    assert store.answer("how fast?") is None
