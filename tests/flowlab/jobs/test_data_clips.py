"""Pairs and sequences of data sets by name: looked up in what lies in FLOWLAB_DATA, never joined to a path."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from flowlab.core.region import Box, Selection
from flowlab.core.resized import at_width
from flowlab.core.truth import BoxTruth, Truth
from flowlab.engine.cluster import Cluster
from flowlab.errors import ClipError, ClipNotFoundError
from flowlab.jobs import data_clips
from flowlab.jobs.clip_place import ClipPlace, close_clips
from flowlab.jobs.clips import open_clip
from flowlab.jobs.isolated import IsolatedClip
from flowlab.jobs.library import Library
from flowlab.jobs.pairs import read_pair
from flowlab.jobs.points_clip import PRELOAD, PointsFiles, PointsWorkshop
from flowlab.jobs.points_job import PointsJob
from flowlab.jobs.track_table import CONTRACT
from flowlab.store.objects import Store
from flowlab.tracking.parameters import PointParameters
from tests.box_sets import lines, pictures, write_keyframes, write_otb, write_sequence
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


# --- sequences with boxes -------------------------------------------------------------------------


@pytest.fixture
def boxes(data: Path) -> Path:
    folder = write_otb(data / "otb", "Car2", "Car10", count=6)
    write_keyframes(folder, Car2={"3": [34, 20, 74, 60]}, _start={"Car2": [28, 18, 72, 54]})
    return folder


def test_a_sequence_is_a_clip_that_knows_its_boxes(library: Library, boxes: Path) -> None:
    name = "data:otb/Car2"
    own = open_clip(name)
    for clip in (library.open(name), open_clip(name, library=library), own):
        assert (clip.info.name, clip.info.frame_count, clip.info.kind) == (name, 6, "pictures")
        assert isinstance(clip, BoxTruth) and not isinstance(clip, Truth)
        np.testing.assert_array_equal(clip.boxes[2], (36, 22, 40, 32))
        assert clip.keyframes == {0: Box(28, 18, 44, 36), 2: Box(34, 20, 40, 40)}
        assert clip.truth_note == ""
        np.testing.assert_array_equal(clip.frame(4).rgb, pictures(6)[4])
        assert [frame.index for frame in clip.frames(1, 6, 2)] == [1, 3, 5]
    own.close()
    assert library.open("data:otb/Car10").info.content_hash == library.open(name).info.content_hash
    other = library.open("data:otb/Car10")
    assert isinstance(other, BoxTruth) and other.keyframes == {}


def test_a_sequence_is_decoded_in_a_process_of_its_own(library: Library, boxes: Path) -> None:
    clip = library.open("data:otb/Car2")
    clip.frame(0)
    assert isinstance(clip, IsolatedClip) and library._decoder.pid not in (None, os.getpid())


def test_boxes_scale_with_the_pictures(library: Library, boxes: Path) -> None:
    native, small = library.open("data:otb/Car2"), library.open("data:otb/Car2", width=80)
    assert small.info.factor == (2, 2)
    for clip in (small, at_width(native, 80)):
        assert isinstance(clip, BoxTruth) and clip.frame(0).grey.shape == (48, 80)
        # columns 36 .. 75 are working columns 18 .. 37
        np.testing.assert_array_equal(clip.boxes[2], (18, 11, 20, 16))
        assert clip.keyframes == {0: Box(14, 9, 22, 18), 2: Box(17, 10, 20, 20)}
    # where width and height do not scale alike, each axis has its own factor
    odd = library.open("data:otb/Car2", width=53)
    assert isinstance(odd, BoxTruth)
    x, y = map(float, odd.info.factor)
    assert x != y
    np.testing.assert_allclose(odd.boxes[2], (36 / x, 22 / y, 40 / x, 32 / y))


def test_workers_open_a_sequence_where_it_lies(library: Library, boxes: Path) -> None:
    place = ClipPlace.of(library.open("data:otb/Car2", width=80))
    assert place.is_file and not place.is_pair
    assert (place.path, place.width) == (boxes / "Car2" / "img", 80)
    there = place.open(library.store)
    np.testing.assert_array_equal(there.frame(3).grey, library.open("data:otb/Car2", width=80).frame(3).grey)
    close_clips()


def test_a_whole_sequence_is_computed_on_worker_processes(library: Library, boxes: Path, tmp_path: Path) -> None:
    clip = library.open("data:otb/Car2")
    job = PointsJob.of(clip.info, (0, 6), PointParameters(), Selection(), None, table=True)
    files = PointsFiles(tmp_path / "t.csv", None, None, CONTRACT)
    with closing(Cluster(None, workers=1, preload=PRELOAD)) as cluster:
        done = PointsWorkshop(library.store, cluster).write(job, clip, files, lambda *_: None, threading.Event())
    assert (done.written, done.note) == (6, "")
    assert (tmp_path / "t.csv").read_text().count("\n") > 6


def test_sequences_stand_in_the_list_beside_pairs(
    library: Library, boxes: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    titles = library.data.titles()
    assert list(titles.values()) == [
        "KITTI 000010", "Middlebury RubberWhale", "Middlebury Venus", "OTB Car2", "OTB Car10"
    ]  # fmt: skip
    assert titles["data:otb/Car10"] == "OTB Car10"
    with pytest.raises(ClipNotFoundError, match="‘otb’ has 2 sequences, ‘Car2’ to ‘Car10’"):
        library.open("data:otb/../otb/Car2")
    monkeypatch.setattr(data_clips, "MOST_LISTED", 1)
    assert "2 pairs of middlebury, 2 sequences of otb" in library.data.note


@pytest.mark.parametrize(
    ("truth", "keyframes", "says"),
    [
        ("1,2,x,4\n", {}, "line 1 of the truth ‘groundtruth_rect.txt’ is ‘1,2,x,4’"),
        (lines(9), {}, "9 lines and there are 6 pictures"),
        (lines(6), {"7": [1, 1, 20, 20]}, "keyframe at frame 7 and the clip has 6 frames"),
        (lines(6), {"2": [200, 1, 220, 20]}, "outside the 160x96 picture"),
        ("", {"x": [200, 1, 220, 20]}, "holds no box in any frame.*; in the keyframes, ‘x’"),
    ],
)
def test_a_spoilt_truth_is_noted_and_the_clip_is_none_the_worse(
    library: Library, boxes: Path, truth: str, keyframes: dict[str, list[float]], says: str
) -> None:
    (boxes / "Car2" / "groundtruth_rect.txt").write_text(truth)
    write_keyframes(boxes, Car2=keyframes)
    clip = library.open("data:otb/Car2")
    assert isinstance(clip, BoxTruth)
    assert re.search(says, clip.truth_note)
    assert clip.keyframes == {}
    assert clip.boxes.shape == (6, 4) and np.isnan(clip.boxes).all() == (truth != lines(6))
    assert clip.frame(5).rgb.shape == (96, 160, 3)


def test_a_sequence_that_leads_out_of_its_folder_is_refused(library: Library, boxes: Path, tmp_path: Path) -> None:
    elsewhere = write_sequence(tmp_path / "elsewhere", 3)
    picture = boxes / "Car2" / "img" / "0002.png"
    picture.unlink()
    picture.symlink_to(elsewhere / "img" / "0001.png")
    (boxes / "Car3").mkdir()
    (boxes / "Car3" / "img").symlink_to(elsewhere / "img", target_is_directory=True)
    (boxes / "Car3" / "groundtruth_rect.txt").write_text(lines(3))
    for name, file in (("Car2", "0002.png"), ("Car3", "img")):
        with pytest.raises(ClipError, match=f"‘{file}’ is a link that leads out of the data set"):
            library.open(f"data:otb/{name}")
    secret = boxes / "Car10" / "groundtruth_rect.txt"
    secret.unlink()
    secret.symlink_to(elsewhere / "groundtruth_rect.txt")
    clip = library.open("data:otb/Car10")
    assert isinstance(clip, BoxTruth) and "leads out" in clip.truth_note and np.isnan(clip.boxes).all()


@pytest.mark.realdata
def test_the_real_sequences_are_clips(library: Library) -> None:
    for name, frames in (("DragonBaby", 113), ("Bolt2", 293), ("Car4", 659)):
        clip = library.open(f"data:otb/{name}")
        assert isinstance(clip, BoxTruth)
        assert (clip.info.frame_count, clip.boxes.shape, clip.truth_note) == (frames, (frames, 4), "")
        assert len(clip.keyframes) >= 6
