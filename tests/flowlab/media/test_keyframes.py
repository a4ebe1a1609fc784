"""Files of hand-drawn boxes: what is read, what is written, and what is refused with a reason."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlab.core.region import Box
from flowlab.errors import FlowFileError, ParameterError
from flowlab.media.keyframes import checked, keyframes_text, read_all_keyframes, read_keyframes

SEVERAL = """{
 "Car": {"14": [133, 78, 207, 141], "2": [1, 2.5, 30, 40], "_by": "hand"},
 "Dog": {"1": [10, 20, 50, 60]},
 "_start": {"Car": [149, 63, 223, 154], "Cat": [0, 0, 9, 9]},
 "_format": "frame number (1-based) -> [x0, y0, x1, y1]"
}"""


def test_frames_count_from_0_and_edges_become_sizes() -> None:
    car = read_keyframes(SEVERAL, "Car")
    assert car == {0: Box(149, 63, 74, 91), 1: Box(1, 2.5, 29, 37.5), 13: Box(133, 78, 74, 63)}
    assert list(car) == [0, 1, 13]
    assert read_keyframes(SEVERAL.encode(), "Dog") == {0: Box(10, 20, 40, 40)}
    assert read_keyframes(SEVERAL, "Cat") == {0: Box(0, 0, 9, 9)}
    assert read_keyframes(SEVERAL, "Cow") == {}
    assert list(read_all_keyframes(SEVERAL)) == ["Car", "Dog", "Cat"]


def test_a_file_without_names_has_the_boxes_of_any() -> None:
    flat = '\ufeff{"14": [1, 2, 30, 40], "_start": [0, 0, 8, 9], "_format": {"any": 1}}'
    for sequence in (None, "Car"):
        for source in (flat, flat.encode()):
            assert read_keyframes(source, sequence) == {0: Box(0, 0, 8, 9), 13: Box(1, 2, 29, 38)}
    assert read_keyframes('{"_start": [0, 0, 8, 9]}') == {0: Box(0, 0, 8, 9)}
    assert read_keyframes("{}") == read_keyframes('{"_format": "x"}', "Car") == {}


def test_of_several_sequences_one_must_be_named_and_of_one_not() -> None:
    assert read_keyframes('{"Dog": {"1": [10, 20, 50, 60]}}') == {0: Box(10, 20, 40, 40)}
    assert read_keyframes('{"7": {"1": [10, 20, 50, 60]}}', "7") == {0: Box(10, 20, 40, 40)}  # a sequence called 7
    with pytest.raises(FlowFileError, match="of 3 sequences, ‘Car’, ‘Dog’, ‘Cat’: say of which"):
        read_keyframes(SEVERAL)


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    (tmp_path / "k.json").write_text(SEVERAL)
    assert len(read_keyframes(tmp_path / "k.json", "Car")) == 3
    with pytest.raises(FlowFileError, match=r"the keyframes ‘no\.json’ cannot be read"):
        read_keyframes(tmp_path / "no.json")
    with pytest.raises(FlowFileError, match="cannot be read"):
        read_keyframes(tmp_path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", r"are no JSON \(line 1, column 1"),
        ("{", "are no JSON"),
        ('{"1": [1, 2, 3, 4],}', "are no JSON"),
        ("[1, 2, 3, 4]", "the file is a list"),
        ("null", "the file is nothing"),
        ('{"Car": {}, "14": [1, 2, 3, 4]}', "‘14’ is a list"),
        ('{"Car": {"1": [1, 2, 30, 40]}, "Dog": 3}', "‘Dog’ is a number"),
        ('{"Car": 3}', "‘Car’ is no frame number from 1"),
        ('{"Car": {"x": [1, 2, 3, 4]}}', "‘x’ of ‘Car’ is no frame number"),
        ('{"0": [1, 2, 30, 40]}', "‘0’ is no frame number from 1"),
        ('{"-4": [1, 2, 30, 40]}', "‘-4’ is no frame number from 1"),
        ('{"1.5": [1, 2, 30, 40]}', "‘1.5’ is no frame number"),
        ('{"٣": [1, 2, 30, 40]}', "is no frame number"),
        ('{"' + "9" * 30 + '": [1, 2, 30, 40]}', "is no frame number"),
        ('{"1": [1, 2, 30, 40], "1": [1, 2, 3, 4]}', "‘1’ stands there twice"),
        ('{"Car": {}, "Car": {}}', "‘Car’ stands there twice"),
        ('{"7": [1, 2, 30, 40], "07": [1, 2, 3, 4]}', "frame 7 has two boxes"),
        ('{"Car": {"1": [1, 2, 30, 40]}, "_start": {"Car": [1, 2, 3, 4]}}', "frame 1 of ‘Car’ has two boxes"),
        ('{"1": [1, 2, 3]}', r"the box of frame 1 is \[1, 2, 3\]"),
        ('{"1": [1, 2, 3, 4, 5]}', "the box of frame 1 is"),
        ('{"1": "1,2,3,4"}', "the box of frame 1 is text"),
        ('{"1": null}', "the box of frame 1 is nothing"),
        ('{"1": [true, 2, 30, 40]}', "the box of frame 1 is"),
        ('{"1": [[1], 2, 30, 40]}', "the box of frame 1 is a list"),
        ('{"1": ["1", 2, 30, 40]}', "the box of frame 1 is"),
        ('{"1": [NaN, 2, 30, 40]}', "the file holds NaN"),
        ('{"1": [1, 2, Infinity, 40]}', "the file holds Infinity"),
        ('{"1": [1, 2, 1e999, 40]}', "farther out than any picture"),
        ('{"1": [1, 2, ' + "9" * 400 + ", 40]}", "farther out than any picture"),
        ('{"1": [1, 2, ' + "9" * 5000 + ", 40]}", "number of thousands of digits"),
        ('{"1": [30, 2, 30, 40]}', "which holds no pixel"),
        ('{"1": [30, 2, 1, 40]}', "which holds no pixel"),
        ('{"1": [1, 2, 1.5, 40]}', "which holds no pixel"),
        ('{"Car": {"3": [1, 2, 30, 2]}}', "the box of frame 3 of ‘Car’ is"),
        ('{"_start": {"Car": [1, 2, 3]}}', "_start of ‘Car’ is"),
        ('{"_start": 5, "Car": {}}', "_start is a number"),
        ('{"1": [1, 2, 30, 40], "_start": {"Car": [1, 2, 30, 40]}}', "_start names sequences and the frames do not"),
        ("[" * 100_000, "nested too deeply"),
        ('{"1": ' + "[" * 500 + "]" * 500 + "}", "the box of frame 1 is a list"),
        ('{"a\\u001b[2J' + "x" * 500 + '": 1}', r"‘a\\x1b"),
        (b"\xff\xfe{}", "are no text"),
        (" " * 1_000_001, "larger than 1 MB"),
    ],
)
def test_what_is_no_file_of_keyframes_is_one_sentence(text: str | bytes, says: str) -> None:
    with pytest.raises(FlowFileError, match=says) as caught:
        read_keyframes(text, "Car")
    assert "\n" not in str(caught.value) and "\x1b" not in str(caught.value) and len(str(caught.value)) < 400


def test_many_names_of_which_the_last_stands_there_twice_are_soon_refused() -> None:
    text = "{" + ",".join(f'"_{n}":1' for n in range(70_000)) + ',"_69999":1}'
    with pytest.raises(FlowFileError, match="‘_69999’ stands there twice"):
        read_keyframes(text)


tenths = st.integers(-5000, 50_000).map(lambda n: n / 10)
sides = st.integers(10, 50_000).map(lambda n: n / 10)
some_boxes = st.builds(Box, tenths, tenths, sides, sides)
some_names = st.none() | st.text(max_size=20).filter(lambda name: not name.startswith("_"))


@given(st.dictionaries(st.integers(0, 10**6), some_boxes, max_size=8), some_names)
def test_what_is_written_is_read_back(keyframes: dict[int, Box], sequence: str | None) -> None:
    text = keyframes_text(keyframes, sequence)
    assert json.loads(text)["_format"].startswith("frame number (1-based)")
    back = read_keyframes(text, sequence)
    assert list(back) == sorted(keyframes)
    for frame, box in keyframes.items():
        read = back[frame]
        assert (read.x, read.y, read.w, read.h) == pytest.approx((box.x, box.y, box.w, box.h), abs=1e-6)


def test_what_is_written_is_what_people_write() -> None:
    text = keyframes_text({13: Box(133, 78, 74, 63), 2: Box(0.5, 1, 10, 10)}, "Car")
    assert json.loads(text)["Car"] == {"3": [0.5, 1, 10.5, 11], "14": [133, 78, 207, 141]}
    assert '"14": [133, 78, 207, 141]' in text
    with pytest.raises(ParameterError, match="names that begin with _"):
        keyframes_text({}, "_start")


def test_keyframes_must_lie_in_the_clip() -> None:
    known = {112: Box(310, 0, 50, 50), 3: Box(-20, 10, 30, 30)}  # the last frame; boxes partly outside
    assert list(checked(known, 113, 320, 240)) == [3, 112]
    with pytest.raises(ParameterError, match="a keyframe at frame 113 and the clip has 112 frames, counted from 1"):
        checked(known, 112, 320, 240)
    with pytest.raises(ParameterError, match="frame 4 and the clip has 1 frame, counted"):
        checked(known, 1, 320, 240)
    for box in (Box(320, 0, 9, 9), Box(-9, 0, 9, 9), Box(0, 240, 9, 9), Box(0, -30, 9, 9)):
        with pytest.raises(ParameterError, match=r"at frame 4, counted from 1, has the box .* outside the 320x240"):
            checked({3: box}, 113, 320, 240)


@pytest.mark.realdata
def test_the_real_keyframes(data_folder: Path) -> None:
    path = data_folder / "otb" / "keyframes.json"
    baby = read_keyframes(path, "DragonBaby")
    assert baby[0] == Box(149, 63, 74, 91) and baby[13] == Box(133, 78, 74, 63) and len(baby) == 6
    assert (len(read_keyframes(path, "Car4")), len(read_keyframes(path, "Bolt2"))) == (10, 7)
