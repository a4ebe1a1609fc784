"""A finished piece is found again only while everything it speaks of is there, as it was written."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from flowlab.errors import FlowFileError, StoreError
from flowlab.jobs.dense_files import Plan
from flowlab.jobs.dense_job import Chunk
from flowlab.jobs.kept import ChunkDone, FileKeeper, Keeper, PartKeeper
from flowlab.store.objects import Store
from tests.flowlab.jobs.test_dense_job import a_job

FILES, VIDEO = a_job("flo"), a_job("video")
CHUNK = Chunk(5, 8)
DONE = ChunkDone(5, 3, 3, "", (b"first", b"second", b"third"))
PART = ChunkDone(5, 3, 3, "", (b"a part\nwith lines\n",))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def plan(out: Path) -> Plan:
    return Plan(out, 0, 40, 1, one_file=False)


def without_data(done: ChunkDone) -> ChunkDone:
    return replace(done, data=())


# --- parts of a video -------------------------------------------------------------------------------


def test_a_part_is_kept_and_found_without_its_bytes(store: Store) -> None:
    keeper = PartKeeper()
    assert keeper.found(store, VIDEO, CHUNK) is None
    assert keeper.part(store, VIDEO, CHUNK) is None
    assert keeper.keep(store, VIDEO, PART) == without_data(PART)
    assert keeper.found(store, VIDEO, CHUNK) == without_data(PART)
    assert keeper.part(store, VIDEO, CHUNK) == PART.data[0]


def test_a_part_belongs_to_its_job_and_place(store: Store) -> None:
    keeper = PartKeeper()
    keeper.keep(store, VIDEO, PART)
    assert keeper.found(store, replace(VIDEO, gap=2), CHUNK) is None
    assert keeper.found(store, VIDEO, Chunk(8, 11)) is None
    assert keeper.found(store, replace(VIDEO, clip_name="called otherwise"), CHUNK) is not None


def test_a_part_without_pictures_is_found_and_empty(store: Store) -> None:
    keeper = PartKeeper()
    keeper.keep(store, VIDEO, ChunkDone(5, 3, 0, "it is damaged", ()))
    assert keeper.found(store, VIDEO, CHUNK) == ChunkDone(5, 3, 0, "it is damaged")
    assert keeper.part(store, VIDEO, CHUNK) == b""


def test_a_removed_part_is_gone_and_removing_twice_is_harmless(store: Store) -> None:
    keeper = PartKeeper()
    keeper.keep(store, VIDEO, PART)
    keeper.remove(store, VIDEO, CHUNK)
    keeper.remove(store, VIDEO, CHUNK)
    assert keeper.found(store, VIDEO, CHUNK) is None
    assert keeper.part(store, VIDEO, CHUNK) is None


def test_a_damaged_part_is_not_found(store: Store) -> None:
    PartKeeper().keep(store, VIDEO, PART)
    (kept,) = (path for path in (store.home / "answers").rglob("*") if path.is_file())
    kept.write_bytes(kept.read_bytes()[:-3])
    assert PartKeeper().found(store, VIDEO, CHUNK) is None


def test_a_part_that_does_not_fit_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        PartKeeper().keep(Store(tmp_path / "small", quota=10), VIDEO, PART)


# --- files ------------------------------------------------------------------------------------------


def test_files_are_written_under_their_first_frames_name_and_found(store: Store, out: Path) -> None:
    keeper = FileKeeper(plan(out))
    assert keeper.found(store, FILES, CHUNK) is None
    assert keeper.keep(store, FILES, DONE) == without_data(DONE)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        "000005.flo": b"first", "000006.flo": b"second", "000007.flo": b"third",
    }  # fmt: skip
    assert keeper.found(store, FILES, CHUNK) == without_data(DONE)
    assert FileKeeper(plan(out)).found(Store(store.home), FILES, CHUNK) == without_data(DONE)


@pytest.mark.parametrize("number", [5, 6, 7])
@pytest.mark.parametrize("harm", ["deleted", "longer", "same size", "renamed", "a folder"])
def test_a_file_that_is_not_as_it_was_written_is_not_counted(store: Store, out: Path, number: int, harm: str) -> None:
    keeper = FileKeeper(plan(out))
    keeper.keep(store, FILES, DONE)
    path = out / f"{number:06d}.flo"
    match harm:
        case "deleted":
            path.unlink()
        case "longer":
            written = path.stat()
            path.write_bytes(path.read_bytes() + b"!")
            os.utime(path, ns=(written.st_atime_ns, written.st_mtime_ns))
        case "same size":
            path.write_bytes(path.read_bytes()[::-1])
            os.utime(path, ns=(1, 1))
        case "renamed":
            path.rename(out / "mine.flo")
        case "a folder":
            path.unlink()
            path.mkdir()
    assert keeper.found(store, FILES, CHUNK) is None
    if harm == "a folder":
        path.rmdir()
    keeper.keep(store, FILES, DONE)
    assert keeper.found(store, FILES, CHUNK) == without_data(DONE)


def test_two_folders_do_not_mix(store: Store, out: Path, tmp_path: Path) -> None:
    FileKeeper(plan(out)).keep(store, FILES, DONE)
    elsewhere = FileKeeper(plan(tmp_path / "elsewhere"))
    assert elsewhere.found(store, FILES, CHUNK) is None
    (tmp_path / "elsewhere").mkdir()
    elsewhere.keep(store, FILES, DONE)
    (tmp_path / "elsewhere" / "000006.flo").unlink()
    assert elsewhere.found(store, FILES, CHUNK) is None
    assert FileKeeper(plan(out)).found(store, FILES, CHUNK) is not None


def test_a_folder_is_the_same_however_it_is_written(store: Store, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    FileKeeper(plan(out)).keep(store, FILES, DONE)
    monkeypatch.chdir(out.parent)
    assert FileKeeper(plan(Path("out"))).found(store, FILES, CHUNK) is not None


def test_another_question_about_the_same_folder_is_another_record(store: Store, out: Path) -> None:
    keeper = FileKeeper(plan(out))
    keeper.keep(store, FILES, DONE)
    assert keeper.found(store, replace(FILES, gap=2), CHUNK) is None
    keeper.keep(store, replace(FILES, gap=2), replace(DONE, data=(b"other first", b"other second", b"other third")))
    assert keeper.found(store, FILES, CHUNK) is None  # its files have been overwritten


def test_a_piece_cut_short_by_damage_is_found_with_its_note(store: Store, out: Path) -> None:
    keeper = FileKeeper(plan(out))
    short = ChunkDone(5, 3, 1, "frame 7 is damaged", (b"first",))
    keeper.keep(store, FILES, short)
    assert keeper.found(store, FILES, CHUNK) == without_data(short)
    assert [path.name for path in out.iterdir()] == ["000005.flo"]


def test_removing_forgets_the_piece_and_leaves_the_files(store: Store, out: Path) -> None:
    keeper = FileKeeper(plan(out))
    keeper.keep(store, FILES, DONE)
    keeper.remove(store, FILES, CHUNK)
    keeper.remove(store, FILES, CHUNK)
    assert keeper.found(store, FILES, CHUNK) is None
    assert len(list(out.iterdir())) == 3


def test_one_flow_goes_to_the_file_that_was_named(store: Store, out: Path) -> None:
    keeper = FileKeeper(Plan(out / "one.flo", 5, 7, 1, one_file=True))
    keeper.keep(store, FILES, ChunkDone(5, 1, 1, "", (b"it",)))
    assert (out / "one.flo").read_bytes() == b"it"
    assert keeper.found(store, FILES, Chunk(5, 6)) is not None


# --- data first, record last ------------------------------------------------------------------------


def test_the_record_is_written_after_every_file(store: Store, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there: list[int] = []
    put = Store.put_answer

    def noted(self: Store, key: str, data: bytes) -> None:
        there.append(len(list(out.iterdir())))
        put(self, key, data)

    monkeypatch.setattr(Store, "put_answer", noted)
    FileKeeper(plan(out)).keep(store, FILES, DONE)
    assert there == [3]


def test_a_file_that_cannot_be_written_leaves_no_record_and_no_half_file(store: Store, out: Path) -> None:
    (out / "000006.flo").mkdir()  # in the way
    keeper: Keeper = FileKeeper(plan(out))
    with pytest.raises(FlowFileError, match=r"‘000006\.flo’ cannot be written"):
        keeper.keep(store, FILES, DONE)
    assert keeper.found(store, FILES, CHUNK) is None
    assert sorted(path.name for path in out.iterdir()) == ["000005.flo", "000006.flo"]
    assert store.used() == 0


def test_a_folder_that_is_gone_is_an_error_that_names_the_file(store: Store, tmp_path: Path) -> None:
    with pytest.raises(FlowFileError, match=r"‘000005\.flo’ cannot be written: No such file or directory"):
        FileKeeper(plan(tmp_path / "gone")).keep(store, FILES, DONE)


def test_a_record_says_everything_but_the_data() -> None:
    assert DONE.record == {"start": 5, "planned": 3, "written": 3, "note": ""}
    assert "first" not in repr(DONE)
