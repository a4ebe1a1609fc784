"""Pairs of data sets by name: looked up in what lies in FLOWLAB_DATA, never joined to a path."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from flowlab.core.truth import Truth
from flowlab.errors import ClipError, ClipNotFoundError
from flowlab.jobs import data_clips
from flowlab.jobs.clips import open_clip
from flowlab.jobs.library import Library
from flowlab.jobs.pairs import read_pair
from flowlab.store.objects import Store
from tests.flow_sets import HEIGHT, WIDTH, true_flow, write_chairs, write_kitti, write_middlebury, write_pair


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    write_middlebury(folder / "middlebury", "RubberWhale", "Venus")
    write_kitti(folder / "kitti", "000010")
    monkeypatch.setenv("FLOWLAB_DATA", str(folder))
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    lab = Library(Store(tmp_path / "home"))
    yield lab
    lab.close()


def test_a_pair_is_opened_by_its_name(library: Library, data: Path) -> None:
    name = "data:middlebury/RubberWhale"
    for clip in (library.open(name), open_clip(name), open_clip(name, library=library)):
        assert (clip.info.name, clip.info.content_hash, clip.info.frame_count) == (name, name, 2)
        assert isinstance(clip, Truth)
        np.testing.assert_array_equal(clip.flow(0), true_flow())
    small = library.open(name, width=WIDTH // 2)
    assert isinstance(small, Truth)
    np.testing.assert_allclose(small.flow(0), true_flow(HEIGHT // 2, WIDTH // 2) / 2, atol=1e-6)
    assert library._decoder.pid is None


def test_a_pair_brings_truth_and_what_is_visible(library: Library, data: Path) -> None:
    pair = read_pair(library.open("data:kitti/000010"), 0)
    assert pair.truth is not None and pair.visible is not None
    assert 0 < (~pair.visible).mean() < 0.2
    assert pair.truth_note == ""


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("data:../x", "the data sets here are ‘kitti’, ‘middlebury’"),
        ("data:", "the data sets here are"),
        ("data:middlebury", "‘middlebury’ has 2 pairs, ‘RubberWhale’ to ‘Venus’"),
        ("data:middlebury/../kitti/000010", "has 2 pairs"),
        ("data:middlebury/Venus/../Venus", "has 2 pairs"),
        ("data:middlebury/venus", "has 2 pairs"),
        ("data:kitti/000010\0", "‘kitti’ has the pair ‘000010’"),
        ("data:/etc/passwd", "the data sets here are"),
    ],
)
def test_a_name_that_is_not_known_says_what_there_is(library: Library, data: Path, name: str, says: str) -> None:
    for opening in (library.open, open_clip):
        with pytest.raises(ClipNotFoundError, match=says) as caught:
            opening(name)
        assert "\n" not in str(caught.value)


def test_without_data_sets_the_reason_is_said(
    library: Library, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FLOWLAB_DATA", raising=False)
    with pytest.raises(ClipNotFoundError, match="FLOWLAB_DATA is unset"):
        library.open("data:middlebury/Venus")
    assert library.data.titles() == {}
    for folder in (tmp_path, tmp_path / "nowhere"):
        monkeypatch.setenv("FLOWLAB_DATA", str(folder))
        with pytest.raises(ClipNotFoundError, match="holds no data set"):
            library.open("data:middlebury/Venus")
        assert library.data.titles() == {}


def test_a_data_set_that_came_later_is_found_by_name(library: Library, data: Path) -> None:
    assert len(library.data.titles()) == 3
    write_chairs(data / "chairs", "7")
    assert library.open("data:chairs/7").info.width == WIDTH
    assert library.data.titles()["data:chairs/7"] == "FlyingChairs 7"


def test_every_pair_has_a_title(library: Library, data: Path) -> None:
    assert library.data.titles() == {
        "data:kitti/000010": "KITTI 000010",
        "data:middlebury/RubberWhale": "Middlebury RubberWhale",
        "data:middlebury/Venus": "Middlebury Venus",
    }
    assert library.data.note == ""


def test_two_sets_of_one_kind_are_told_apart(library: Library, data: Path) -> None:
    write_kitti(data / "kitti2012", "000010", pictures="image_0")
    titles = library.data.titles()
    assert titles["data:kitti/000010"] == "KITTI (kitti) 000010"
    assert titles["data:kitti2012/000010"] == "KITTI (kitti2012) 000010"


def test_of_a_large_set_the_first_are_listed_and_any_can_be_opened(
    library: Library, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_clips, "MOST_LISTED", 3)
    write_chairs(data / "chairs", *map(str, range(8, 13)))
    chairs = [name for name in library.data.titles() if name.startswith("data:chairs/")]
    assert chairs == ["data:chairs/8", "data:chairs/9", "data:chairs/10"]
    assert "first 3 of 5 pairs of chairs" in library.data.note
    assert "clip=data:chairs/12" in library.data.note
    assert library.open("data:chairs/12").info.name == "data:chairs/12"
    assert library.data.titles("data:chairs/12")["data:chairs/12"] == "FlyingChairs 12"
    assert "data:chairs/13" not in library.data.titles("data:chairs/13")


def test_a_name_that_cannot_stand_in_a_list_is_left_out_of_it(library: Library, data: Path) -> None:
    for name in (b"line\nbreak", b"not-\xff-text"):
        folder = Path(os.fsdecode(os.fsencode(data / "middlebury" / "other-data") + b"/" + name))
        write_pair(folder / "frame10.png", folder / "frame11.png")
    assert [name for name in library.data.titles() if "middlebury" in name] == [
        "data:middlebury/RubberWhale",
        "data:middlebury/Venus",
    ]


def test_a_link_out_of_the_folder_is_refused_or_not_seen(library: Library, data: Path, tmp_path: Path) -> None:
    write_middlebury(tmp_path / "elsewhere", "Secret")
    (data / "linked").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    inner = data / "middlebury" / "other-data" / "Secret"
    inner.symlink_to(tmp_path / "elsewhere" / "other-data" / "Secret", target_is_directory=True)
    assert not [name for name in library.data.titles() if "Secret" in name]
    for name in ("data:linked/Secret", "data:middlebury/Secret"):
        with pytest.raises(ClipNotFoundError):
            library.open(name)
    picture = data / "kitti" / "training" / "image_2" / "000010_11.png"
    picture.unlink()
    picture.symlink_to(tmp_path / "elsewhere" / "other-data" / "Secret" / "frame11.png")
    with pytest.raises(ClipError, match="leads out of the data set"):
        library.open("data:kitti/000010")


def test_a_whole_inner_folder_that_leads_out_is_refused(library: Library, data: Path, tmp_path: Path) -> None:
    write_kitti(tmp_path / "elsewhere", "000099")
    (data / "road").mkdir()
    (data / "road" / "training").symlink_to(tmp_path / "elsewhere" / "training", target_is_directory=True)
    with pytest.raises(ClipError, match="leads out of the data set"):
        library.open("data:road/000099")


def test_a_pair_with_a_spoilt_truth_is_still_a_clip(library: Library, data: Path) -> None:
    (data / "middlebury" / "other-gt-flow" / "Venus" / "flow10.flo").write_bytes(b"garbage")
    pair = read_pair(library.open("data:middlebury/Venus"), 0)
    assert (pair.truth, pair.visible) == (None, None)
    assert "‘flow10.flo’ cannot be read as flo" in pair.truth_note
    assert pair.first.rgb.shape == (HEIGHT, WIDTH, 3)


@pytest.mark.realdata
def test_the_real_pairs_are_clips(library: Library) -> None:
    for name in ("data:middlebury/RubberWhale", "data:kitti/000010"):
        pair = read_pair(library.open(name), 0)
        assert pair.truth is not None and pair.truth.shape[:2] == pair.first.grey.shape
