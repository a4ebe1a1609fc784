"""The true boxes of a sequence: what a file of them may hold, and which frame each belongs to."""

from pathlib import Path

import numpy as np
import pytest

from flowlab.errors import ClipError, ClipNotFoundError, FlowFileError, LimitError
from flowlab.media import true_boxes as module
from flowlab.media.box_sets import BoxSequence, box_sequences
from flowlab.media.limits import Limits
from flowlab.media.true_boxes import known_boxes, open_sequence, read_boxes, true_boxes
from tests.box_sets import lines, pictures, write_keyframes, write_pictures, write_sequence


def written(folder: Path, text: str | bytes) -> Path:
    path = folder / "groundtruth_rect.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def sequence(folder: Path) -> BoxSequence:
    (found,) = box_sequences(folder, "otb")
    return found


@pytest.mark.parametrize(
    "text",
    [
        "11,21,30,40\n12.5,21,30,40\n",
        "11\t21\t30\t40\r\n12.5\t21\t30\t40",
        "11 21 30 40\n 12.5  21 30 40 \n\n\n",
        "11, 21, 30, 40\n1.25e1 ,21., +30,40\n",
        "\ufeff11,21,30,40\n12.5,21,30,40\n",
        "11;21;30;40\r12.5;21;30;40\r",
    ],
)
def test_however_it_is_written_pixels_count_from_0(tmp_path: Path, text: str) -> None:
    np.testing.assert_array_equal(read_boxes(written(tmp_path, text)), [(10, 20, 30, 40), (11.5, 20, 30, 40)])


def test_frames_that_show_nothing_have_no_box(tmp_path: Path) -> None:
    text = "11,21,30,40\nNaN,NaN,NaN,NaN\n5,5,0,9\n5,5,9,0\n0,0,0,0\n-1,-1,-1,-1\n5,nan,9,9\n1,1,2,2\n"
    boxes = read_boxes(written(tmp_path, text))
    assert boxes.shape == (8, 4)
    np.testing.assert_array_equal(np.isfinite(boxes), [[row in (0, 7)] * 4 for row in range(8)])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("1,2,3,4\n1,2,3\n", "line 2 of the truth ‘groundtruth_rect.txt’ is ‘1,2,3’: give x,y,w,h in pixels"),
        ("1,2,3,4,5,6,7,8\n", "line 1"),
        ("1,2,3,4,\n", "line 1"),
        ("1,2,3,4\n\n1,2,3,4\n", "line 2 .* is ‘’"),
        ("x,y,w,h\n1,2,3,4\n", "line 1 .* is ‘x,y,w,h’"),
        ("1,2,3,1_0\n", "line 1"),
        ("1,2,inf,4\n", "line 1"),
        ("1e9,2,3,4\n", "line 1"),
        ("1e999,2,3,4\n", "line 1"),
        ("9" * 5000 + ",2,3,4\n", "line 1 .*…"),
        ("1,2,3,4\x1b[2J\n", r"line 1 .*\\x1b"),
        ("", "holds no box in any frame"),
        ("nan nan nan nan\n" * 3, "holds no box in any frame"),
        (b"\x89PNG\xff\xfe", "is no text"),
        ("1,2,3,4\n".encode("utf-16"), "is no text"),
    ],
)
def test_a_file_that_is_none_says_where(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises(FlowFileError, match=says) as caught:
        read_boxes(written(tmp_path, text))
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300


def test_a_file_that_is_not_there_or_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FlowFileError, match=r"there is no truth ‘x\.txt’"):
        read_boxes(tmp_path / "x.txt")
    with pytest.raises(FlowFileError, match="cannot be read"):
        read_boxes(tmp_path)
    monkeypatch.setattr(module, "_MOST_BYTES", 10)
    with pytest.raises(FlowFileError, match="is larger than"):
        read_boxes(written(tmp_path, lines(2)))


# --- which frame a box belongs to -----------------------------------------------------------------


def test_pictures_are_frames_in_order_whatever_their_numbers(tmp_path: Path) -> None:
    found = sequence(write_sequence(tmp_path / "BlurCar1", 3, first=247))
    clip = open_sequence(found)
    np.testing.assert_array_equal(clip.frame(0).rgb, pictures(1)[0])
    boxes, note = true_boxes(found, clip.info)
    np.testing.assert_array_equal(boxes, [(30, 20, 40, 32), (33, 21, 40, 32), (36, 22, 40, 32)])
    assert (clip.info.name, note) == ("otb/BlurCar1", "")


def test_the_truth_may_end_before_the_pictures_and_says_so(tmp_path: Path) -> None:
    found = sequence(write_sequence(tmp_path / "Car", 5, truth=lines(3)))
    boxes, note = true_boxes(found, open_sequence(found).info)
    np.testing.assert_array_equal(np.isfinite(boxes[:, 0]), [True] * 3 + [False] * 2)
    assert "has 3 lines for 5 pictures" in note


def test_more_boxes_than_pictures_are_refused(tmp_path: Path) -> None:
    found = sequence(write_sequence(tmp_path / "Car", 3, truth=lines(5)))
    with pytest.raises(FlowFileError, match="has 5 lines and there are 3 pictures: fetch the sequence again"):
        true_boxes(found, open_sequence(found).info)


def test_a_damaged_picture_would_shift_the_boxes(tmp_path: Path) -> None:
    found = sequence(write_sequence(tmp_path / "Car", 4))
    picture = tmp_path / "Car" / "img" / "0002.png"
    picture.write_bytes(picture.read_bytes()[:20])
    with pytest.raises(FlowFileError, match="1 of the pictures cannot be read"):
        true_boxes(found, open_sequence(found).info)


def test_where_the_benchmark_uses_a_part_the_boxes_are_of_that_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module._PART_USED, "david", (3, 5))
    found = sequence(write_sequence(tmp_path / "David", 6, truth=lines(3)))
    boxes, note = true_boxes(found, open_sequence(found).info)
    np.testing.assert_array_equal(boxes[:, 0], [np.nan, np.nan, 30, 33, 36, np.nan])
    assert note == ""
    # a release that was cut already has as many boxes as pictures, in order
    cut = sequence(write_sequence(tmp_path / "cut" / "David", 3))
    assert np.isfinite(true_boxes(cut, open_sequence(cut).info)[0]).all()


def test_the_parts_the_benchmark_uses() -> None:
    assert module._PART_USED["david"] == (300, 770)
    assert all(first <= last for first, last in module._PART_USED.values())


# --- opening, and what is known without raising ---------------------------------------------------


def test_pictures_that_are_not_there_or_not_of_one_size(tmp_path: Path) -> None:
    write_sequence(tmp_path / "A", 1)
    for name in ("B", "C"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "groundtruth_rect.txt").write_text(lines(1))
    (tmp_path / "C" / "img").mkdir()
    a, b, c = box_sequences(tmp_path, "otb")
    with pytest.raises(ClipNotFoundError, match="‘B’ has no folder ‘img’"):
        open_sequence(b)
    with pytest.raises(ClipError, match="the folder ‘img’ holds no pictures"):
        open_sequence(c)
    with pytest.raises(LimitError):
        open_sequence(a, limits=Limits(pixels=100))


def test_what_cannot_be_read_is_unknown_and_noted(tmp_path: Path) -> None:
    write_sequence(tmp_path / "A", 3)
    write_pictures(tmp_path / "B" / "img", 2)
    write_keyframes(tmp_path, A={"2": [1, 2, 30, 40]}, B={"3": [1, 2, 30, 40]})
    a, b = box_sequences(tmp_path, "otb")
    fine, spoilt = (known_boxes(one, open_sequence(one).info) for one in (a, b))
    assert (fine.truth_note, list(fine.keyframes)) == ("", [1])
    assert np.isfinite(fine.boxes).all()
    assert spoilt.boxes.shape == (2, 4) and np.isnan(spoilt.boxes).all() and spoilt.keyframes == {}
    assert "there is no truth ‘groundtruth_rect.txt’" in spoilt.truth_note
    assert "keyframe at frame 3 and the clip has 2 frames" in spoilt.truth_note


@pytest.mark.realdata
def test_the_real_sequences(data_folder: Path) -> None:
    found = {one.name: one for one in box_sequences(data_folder, "otb")}
    for name, count, first in (
        ("Car4", 659, (69, 50, 107, 87)), ("Bolt2", 293, (268, 74, 34, 64)), ("DragonBaby", 113, (159, 82, 56, 65))
    ):  # fmt: skip
        boxes, note = true_boxes(found[name], open_sequence(found[name]).info)
        assert (boxes.shape, note) == ((count, 4), "")
        np.testing.assert_array_equal(boxes[0], first)
        assert np.isfinite(boxes).all()
