"""Data sets are found by their layout, pair by pair, and what is missing or foreign hides nothing else."""

from pathlib import Path

import pytest

from flowlab.errors import ClipError, ClipNotFoundError, ParameterError
from flowlab.media.flow_sets import LAYOUTS, find_sets, sequences
from tests.flow_sets import write_chairs, write_kitti, write_middlebury

OLD_CHAIRS = "{}_img1.ppm {}_img2.ppm {}_flow.flo"


def places(sequence: object, root: Path) -> list[str]:
    """Return the files of a pair as paths below `root`."""
    files = [getattr(sequence, name) for name in ("first", "second", "truth", "visible_truth")]
    return [path.relative_to(root.resolve()).as_posix() for path in files if path is not None]


def test_middlebury(tmp_path: Path) -> None:
    write_middlebury(tmp_path, "Venus", "Grove2")
    grove, venus = sequences(tmp_path, "middlebury")
    assert (venus.dataset, venus.name, grove.name) == ("middlebury", "Venus", "Grove2")
    assert places(venus, tmp_path) == [
        "other-data/Venus/frame10.png",
        "other-data/Venus/frame11.png",
        "other-gt-flow/Venus/flow10.flo",
    ]


@pytest.mark.parametrize("pictures", ["image_2", "colored_0", "image_0"])
def test_kitti_of_both_years(tmp_path: Path, pictures: str) -> None:
    write_kitti(tmp_path, "000010", pictures=pictures)
    (one,) = sequences(tmp_path, "kitti")
    assert places(one, tmp_path) == [
        f"training/{pictures}/000010_10.png",
        f"training/{pictures}/000010_11.png",
        "training/flow_occ/000010_10.png",
        "training/flow_noc/000010_10.png",
    ]


@pytest.mark.parametrize("naming", ["{}-img0.ppm {}-img1.ppm {}-gt.flo", OLD_CHAIRS])
@pytest.mark.parametrize("below", ["", "data"])
def test_flying_chairs_of_both_namings_in_natural_order(tmp_path: Path, naming: str, below: str) -> None:
    write_chairs(tmp_path / below, "10", "9", naming=naming)
    found = sequences(tmp_path, "chairs")
    assert [one.name for one in found] == ["9", "10"]
    folder = f"{below}/" if below else ""
    assert places(found[0], tmp_path) == [f"{folder}{part.replace('{}', '9')}" for part in naming.split()]


def test_the_folder_may_be_named_from_outside_and_inside(tmp_path: Path) -> None:
    write_middlebury(tmp_path / "middlebury", "Venus")
    write_kitti(tmp_path / "road", "000010")
    write_chairs(tmp_path / "release" / "data", "00001")
    cases = {
        "middlebury": ["", "middlebury", "middlebury/other-data", "middlebury/other-gt-flow"],
        "kitti": ["", "road", "road/training", "road/training/image_2", "road/training/flow_occ"],
        "chairs": ["", "release", "release/data"],
    }
    for dataset, roots in cases.items():
        found = [[one.first for one in sequences(tmp_path / root, dataset)] for root in roots]
        assert len(found[0]) == 1
        assert found == found[:1] * len(found)
        assert found[0][0].is_file()


def test_files_that_are_not_of_a_pair_are_passed_over(tmp_path: Path) -> None:
    pictures = write_kitti(tmp_path, "000010") / "training" / "image_2"
    for name in ("000010_09.png", "000010_12.png", "._000010_10.png", ".000011_10.png", "_10.png", "notes.txt"):
        (pictures / name).write_bytes(b"")
    (pictures / "folder_10.png").mkdir()
    assert [one.name for one in sequences(tmp_path, "kitti")] == ["000010"]


def test_a_pair_with_files_missing_is_still_listed(tmp_path: Path) -> None:
    write_middlebury(tmp_path, "A", "B", "C")
    (tmp_path / "other-gt-flow/A/flow10.flo").unlink()
    (tmp_path / "other-data/B/frame11.png").unlink()
    (tmp_path / "other-data/C/frame10.png").unlink()
    (tmp_path / "other-data/empty").mkdir()
    assert [one.name for one in sequences(tmp_path, "middlebury")] == ["A", "B", "C"]
    training = write_kitti(tmp_path / "kitti", "000010") / "training"
    (training / "flow_noc/000010_10.png").unlink()
    (one,) = sequences(training, "kitti")
    assert one.visible_truth is None


@pytest.mark.parametrize("name", ["a b", "{}", "ü…★", "x%2e", "-img0", "?#&"])
def test_names_with_odd_characters_are_names(tmp_path: Path, name: str) -> None:
    write_middlebury(tmp_path / "m", name)
    write_chairs(tmp_path / "c", name)
    for dataset, folder in (("middlebury", "m"), ("chairs", "c")):
        (one,) = sequences(tmp_path / folder, dataset)
        assert one.name == name
        assert one.first.is_file() and one.second.is_file() and one.truth.is_file()


def test_mistakes_say_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="no data set ‘sintel’: the data sets are middlebury, kitti, chairs"):
        sequences(tmp_path, "sintel")
    with pytest.raises(ClipNotFoundError, match="there is no folder"):
        sequences(tmp_path / "nowhere", "kitti")
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(ClipNotFoundError, match="there is no folder"):
        sequences(tmp_path / "file", "kitti")
    for dataset, file in (
        ("middlebury", r"other-data/NAME/frame10\.png"),
        ("kitti", r"image_2/NAME_10\.png.* in training/"),
        ("chairs", r"NAME-img0\.ppm.* in data/"),
    ):
        with pytest.raises(ClipError, match=f"holds no {LAYOUTS[dataset].title} pair: looked for .*{file}"):
            sequences(tmp_path, dataset)


def test_of_several_sets_one_must_be_named(tmp_path: Path) -> None:
    write_kitti(tmp_path / "kitti2012", "000001", pictures="image_0")
    write_kitti(tmp_path / "kitti2015", "000002")
    with pytest.raises(ClipError, match="holds 2 KITTI sets: give one of them, ‘kitti2012’, ‘kitti2015’"):
        sequences(tmp_path, "kitti")
    assert [one.name for one in sequences(tmp_path / "kitti2015", "kitti")] == ["000002"]


def test_sets_are_recognised_by_layout_whatever_the_folder_is_called(tmp_path: Path) -> None:
    write_middlebury(tmp_path / "a", "Venus", "Grove2")
    write_kitti(tmp_path / "b", "000010")
    write_chairs(tmp_path / "c" / "data", "00001")
    (tmp_path / "clips").mkdir()
    (tmp_path / "clips" / "clip.mp4").write_bytes(b"")
    found = find_sets(tmp_path)
    assert [(one.key, one.layout.name, one.names) for one in found] == [
        ("a", "middlebury", ("Grove2", "Venus")),
        ("b", "kitti", ("000010",)),
        ("c", "chairs", ("00001",)),
    ]
    assert found[0].sequence("Venus") == sequences(tmp_path, "middlebury")[1]
    assert find_sets(tmp_path / "nowhere") == ()


def test_a_data_set_that_lies_elsewhere_is_passed_over(tmp_path: Path) -> None:
    write_kitti(tmp_path / "elsewhere", "000010")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "kitti").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert find_sets(tmp_path / "data") == ()
    assert len(sequences(tmp_path / "data" / "kitti", "kitti")) == 1  # named by its owner, it is a folder like any


@pytest.mark.realdata
def test_the_real_data_sets_are_found(data_folder: Path) -> None:
    found = {one.layout.name: set(one.names) for one in find_sets(data_folder)}
    assert found["middlebury"] >= {"Grove2", "RubberWhale", "Urban2", "Venus"}
    assert found["kitti"] >= {"000010"}
