"""The quota holds, what was used longest ago goes first, and the disk is never filled."""

import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from flowlab.errors import ParameterError, StoreError
from flowlab.store.objects import Store
from flowlab.store.room import stored_files


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def block(letter: str, size: int) -> bytes:
    return letter.encode() * size


def put_aged(store: Store, letter: str, size: int, used_at: int) -> str:
    content_hash = store.put_bytes(block(letter, size))
    os.utime(store.path(content_hash), (used_at, used_at))
    return content_hash


def test_what_was_used_longest_ago_goes_first(tmp_path: Path) -> None:
    store = Store(tmp_path, quota=1000)
    young, old, middle = (put_aged(store, name, 300, at) for name, at in (("a", 3000), ("b", 1000), ("c", 2000)))
    new = store.put_bytes(block("d", 300))
    assert [store.has(name) for name in (old, middle, young, new)] == [False, True, True, True]
    newer = store.put_bytes(block("e", 300))
    assert [store.has(name) for name in (middle, young, new, newer)] == [False, True, True, True]


def test_asking_for_an_object_or_answer_keeps_it(tmp_path: Path) -> None:
    store = Store(tmp_path, quota=1000)
    used = put_aged(store, "a", 300, 1000)
    store.put_answer("q", block("b", 268))
    for file in stored_files([tmp_path / "answers"]):
        os.utime(file.path, (1500, 1500))
    idle = put_aged(store, "c", 300, 2000)
    assert store.path(used).exists()
    assert store.answer("q") is not None
    store.put_bytes(block("d", 300))
    assert store.has(used)
    assert store.answer("q") == block("b", 268)
    assert not store.has(idle)


def test_putting_content_again_counts_as_using_it(tmp_path: Path) -> None:
    store = Store(tmp_path, quota=1000)
    first, second, _ = (put_aged(store, name, 300, at) for name, at in (("a", 1000), ("b", 2000), ("c", 3000)))
    store.put_bytes(block("a", 300))
    store.put_bytes(block("d", 300))
    assert store.has(first)
    assert not store.has(second)


def test_objects_and_answers_share_one_quota(tmp_path: Path) -> None:
    store = Store(tmp_path, quota=1000)
    old = put_aged(store, "a", 600, 1000)
    store.put_answer("q", block("b", 500))
    assert not store.has(old)
    assert store.used() == 500 + 32  # an answer carries its checksum


def test_what_other_processes_have_put_counts_from_the_next_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    def every_look_takes_a_second() -> float:
        nonlocal now
        now += 1
        return now

    mine, theirs = Store(tmp_path, quota=1000), Store(tmp_path, quota=1000)
    monkeypatch.setattr("flowlab.store.room.time", SimpleNamespace(monotonic=every_look_takes_a_second))
    mine.used()
    old = put_aged(theirs, "a", 600, 1000)
    new = theirs.put_bytes(block("b", 300))
    late = mine.put_bytes(block("c", 200))
    assert mine.has(old)  # counting took a second, so the next count comes after twenty
    now += 20
    last = mine.put_bytes(block("d", 400))
    assert [mine.has(name) for name in (old, new, late, last)] == [False, True, True, True]
    assert mine.used() == 900


def test_room_is_made_anew_at_the_commit(tmp_path: Path) -> None:
    store = Store(tmp_path, quota=1000)
    with store.incoming() as arriving:
        arriving.write(block("a", 600))
        other = store.put_bytes(block("b", 600))
        mine = arriving.commit()
    assert [store.has(mine), store.has(other)] == [True, False]


def test_a_refused_write_leaves_nothing_even_without_a_with_block(tmp_path: Path) -> None:
    arriving = Store(tmp_path, quota=1000).incoming()
    with pytest.raises(StoreError, match="does not fit"):
        arriving.write(block("a", 1001))
    assert list((tmp_path / "incoming").iterdir()) == []


def test_a_file_as_large_as_the_quota_fits_and_one_byte_more_does_not(tmp_path: Path) -> None:
    store = Store(tmp_path, quota=1000)
    small = put_aged(store, "a", 10, 1000)
    with pytest.raises(StoreError, match=r"1 kB .* may hold 1 kB: give a smaller file, or set FLOWLAB_QUOTA higher"):
        store.put_bytes(block("b", 1001))
    with pytest.raises(StoreError, match="does not fit"):
        store.put_answer("q", block("b", 1000 - 31))
    assert store.has(small)
    store.put_bytes(block("c", 1000))
    assert store.used() == 1000


def test_the_quota_is_checked_while_bytes_arrive(tmp_path: Path) -> None:
    store = Store(tmp_path, quota=1000)
    written = 0
    with store.incoming() as arriving, pytest.raises(StoreError, match="does not fit"):
        for _ in range(100):
            arriving.write(block("x", 90))
            written += 90
            on_disk = sum(path.stat().st_size for path in (tmp_path / "incoming").iterdir())
            assert on_disk <= 1000
    assert written == 990
    assert list((tmp_path / "incoming").iterdir()) == []


def test_room_is_made_while_bytes_arrive(tmp_path: Path) -> None:
    store = Store(tmp_path, quota=1000)
    old, young = put_aged(store, "a", 400, 1000), put_aged(store, "b", 400, 2000)
    with store.incoming() as arriving:
        arriving.write(block("x", 200))
        assert store.has(old)
        arriving.write(block("x", 200))
        assert [store.has(old), store.has(young)] == [False, True]
        arriving.write(block("x", 400))
        assert store.used() + arriving.size <= 1000
        arriving.commit()
    assert store.used() == 800


def test_a_file_used_since_it_was_listed_survives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path, quota=1000)
    old, young = put_aged(store, "a", 400, 1000), put_aged(store, "b", 400, 2000)
    listed = list(stored_files([tmp_path / "objects"]))
    other = store.path(old)  # another process uses the oldest file between listing and eviction
    lists = iter([listed])
    monkeypatch.setattr("flowlab.store.room.stored_files", lambda roots: next(lists, None) or stored_files(roots))
    store.put_bytes(block("c", 400))
    assert other.exists()
    assert not store.has(young)


def test_a_file_already_gone_counts_as_freed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path, quota=1000)
    old, young = put_aged(store, "a", 400, 1000), put_aged(store, "b", 400, 2000)
    listed = list(stored_files([tmp_path / "objects"]))
    store.path(old).unlink()
    lists = iter([listed])
    monkeypatch.setattr("flowlab.store.room.stored_files", lambda roots: next(lists, None) or stored_files(roots))
    store.put_bytes(block("c", 400))
    assert store.has(young)


def test_files_that_cannot_be_removed_make_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path, quota=1000)
    kept = store.put_bytes(block("a", 600))

    def open_elsewhere(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "used by another process")

    monkeypatch.setattr(Path, "unlink", open_elsewhere)
    with pytest.raises(StoreError, match="no room for 500 bytes: 600 bytes of its 1 kB are in use"):
        store.put_bytes(block("b", 500))
    assert store.has(kept)


def test_foreign_files_in_the_home_are_neither_counted_nor_removed(tmp_path: Path) -> None:
    store = Store(tmp_path, quota=1000)
    foreign = [tmp_path / "objects" / "notes.txt", tmp_path / "objects" / "ab" / "thesis.tex", tmp_path / "mine"]
    for path in foreign:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(block("t", 2000))
        os.utime(path, (0, 0))
    store.put_bytes(block("a", 700))
    store.put_bytes(block("b", 700))
    assert store.used() == 700
    assert all(path.stat().st_size == 2000 for path in foreign)


def test_the_disk_keeps_its_reserve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(10**12, 10**12 - 512_000_100, 512_000_100))
    assert store.has(store.put_bytes(block("a", 100)))
    with pytest.raises(StoreError, match=r"512 MB free and flowlab leaves at least 512 MB: free some space"):
        store.put_bytes(block("b", 101))
    with pytest.raises(StoreError, match="free some space"):
        store.put_answer("q", block("b", 101))
    assert store.path(store.put_bytes(block("a", 100)))  # what is there needs no space


def test_a_disk_that_fills_while_bytes_arrive_stops_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path, reserve=1000)
    free = 1250

    def usage(path: Path) -> Usage:
        taken = sum(file.stat().st_size for file in (tmp_path / "incoming").iterdir())
        return Usage(10**6, 10**6 - free + taken, free - taken)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    with store.incoming() as arriving:
        arriving.write(block("x", 200))
        arriving._file.flush()
        with pytest.raises(StoreError, match="free some space"):
            arriving.write(block("x", 100))
    assert list((tmp_path / "incoming").iterdir()) == []


@pytest.mark.parametrize(("quota", "reserve"), [(0, 0), (-1, 0), (1000, -1)])
def test_quota_and_reserve_are_checked(tmp_path: Path, quota: int, reserve: int) -> None:
    with pytest.raises(ParameterError, match=r"(quota|reserve) is (0|-1): give the bytes"):
        Store(tmp_path, quota=quota, reserve=reserve)
