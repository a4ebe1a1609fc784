"""Tracking data sets in the OTB layout: which sequences there are, and where their files lie."""

import os
from pathlib import Path

import pytest

from flowlab.errors import ClipError, ClipNotFoundError, ParameterError
from flowlab.media.box_sets import box_sequences, find_box_sets
from tests.box_sets import lines, write_keyframes, write_otb, write_pictures, write_sequence
from tests.flow_sets import write_chairs, write_kitti, write_middlebury


def names(root: Path) -> list[str]:
    return [one.name for one in box_sequences(root, "otb")]


def test_sequences_come_in_natural_order_with_their_files(tmp_path: Path) -> None:
    write_otb(tmp_path / "otb", "Car10", "Car2", count=1)
    keyframes = write_keyframes(tmp_path / "otb")
    found = box_sequences(tmp_path / "otb", "otb")
    assert [one.name for one in found] == ["Car2", "Car10"]
    first, folder = found[0], tmp_path / "otb" / "Car2"
    assert (first.pictures, first.truth, first.keyframes) == (
        folder / "img", folder / "groundtruth_rect.txt", keyframes
    )  # fmt: skip
    assert (first.dataset, first.root) == ("otb", tmp_path / "otb")


def test_the_root_may_be_one_sequence_or_what_the_set_lies_in(tmp_path: Path) -> None:
    write_otb(tmp_path / "otb", "Bolt", "Car2", count=1)
    assert names(tmp_path) == ["Bolt", "Car2"]
    assert names(tmp_path / "otb" / "Bolt") == ["Bolt"]
    assert box_sequences(tmp_path / "otb" / "Bolt", "otb")[0].keyframes is None
    write_keyframes(tmp_path / "otb" / "Bolt")
    assert box_sequences(tmp_path / "otb" / "Bolt", "otb")[0].keyframes is not None
    (tmp_path / "link").symlink_to(tmp_path / "otb", target_is_directory=True)
    assert names(tmp_path / "link") == ["Bolt", "Car2"]


def test_several_things_in_one_sequence_are_sequences_of_their_own(tmp_path: Path) -> None:
    write_otb(tmp_path, "Iron", count=1)
    write_pictures(tmp_path / "Jogging" / "img", 1)
    for number in (10, 2, 1):
        (tmp_path / "Jogging" / f"groundtruth_rect.{number}.txt").write_text(lines(1))
    (tmp_path / "Jogging" / "groundtruth_rect.x.txt").write_text("no")
    assert names(tmp_path) == ["Iron", "Jogging.1", "Jogging.2", "Jogging.10"]
    second = box_sequences(tmp_path, "otb")[2]
    assert (second.truth.name, second.pictures) == ("groundtruth_rect.2.txt", tmp_path / "Jogging" / "img")
    (tmp_path / "Jogging" / "groundtruth_rect.txt").write_text(lines(1))  # the plain one is the sequence's
    assert names(tmp_path) == ["Iron", "Jogging"]


def test_a_sequence_that_lacks_a_file_is_listed_all_the_same(tmp_path: Path) -> None:
    write_otb(tmp_path, "Car2", count=1)
    write_pictures(tmp_path / "NoTruth" / "img", 1)
    (tmp_path / "NoPictures").mkdir()
    (tmp_path / "NoPictures" / "groundtruth_rect.txt").write_text(lines(1))
    (tmp_path / "Notes").mkdir()
    (tmp_path / ".hidden").mkdir()
    write_sequence(tmp_path / ".hidden", 1)
    assert names(tmp_path) == ["Car2", "NoPictures", "NoTruth"]


def test_hostile_names_are_names(tmp_path: Path) -> None:
    for name in ("line\nbreak", "<b>bold", "..odd", "x\udcff"):
        write_sequence(Path(os.fsdecode(os.fsencode(tmp_path / "otb" / name))), 1)
    assert sorted(names(tmp_path / "otb")) == ["<b>bold", "line\nbreak", "x\udcff"]


def test_what_holds_none_says_what_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ClipNotFoundError, match="there is no folder"):
        box_sequences(tmp_path / "nowhere", "otb")
    with pytest.raises(ClipError, match="holds no OTB sequence: looked for NAME/img/0001"):
        box_sequences(tmp_path, "otb")
    with pytest.raises(ParameterError, match="no data set ‘vot’: the data sets are otb"):
        box_sequences(tmp_path, "vot")
    for number in range(7):
        write_otb(tmp_path / f"set{number}", "A", count=1)
    with pytest.raises(ClipError, match=r"holds 7 OTB sets: give one of them, ‘set0’.* and more"):
        box_sequences(tmp_path, "otb")


def test_sets_are_found_and_others_passed_over(tmp_path: Path) -> None:
    write_kitti(tmp_path / "kitti", "000010")
    write_middlebury(tmp_path / "middlebury", "Venus")
    write_chairs(tmp_path / "chairs" / "data", "1")
    write_pictures(tmp_path / "pictures" / "img", 1)  # pictures alone are no data set
    write_otb(tmp_path / "otb10", "A", count=1)
    write_otb(tmp_path / "otb2", "B", "C", count=1)
    write_otb(tmp_path.with_name("elsewhere"), "Secret", count=1)
    (tmp_path / "linked").symlink_to(tmp_path.with_name("elsewhere"), target_is_directory=True)
    found = find_box_sets(tmp_path)
    assert [(one.key, one.names, one.root) for one in found] == [
        ("otb2", ("B", "C"), tmp_path), ("otb10", ("A",), tmp_path)
    ]  # fmt: skip
    assert find_box_sets(tmp_path / "nowhere") == ()
