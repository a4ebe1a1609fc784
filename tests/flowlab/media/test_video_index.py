"""The index of a video: kept as bytes, checked value by value, and the judge of what a decoded frame is."""

import dataclasses
import json
from fractions import Fraction

import numpy as np
import pytest

from flowlab.errors import ClipError
from flowlab.media.video_index import CONCEALED, KEYFRAME, NO_STAMP, OTHER_SIZE, VideoIndex

INDEX = VideoIndex(
    content_hash="ab" * 32,
    size=12_345,
    container="mov,mp4",
    codec="h264",
    width=64,
    height=48,
    rotation=90,
    mirrored=True,
    fps=Fraction(30000, 1001),
    variable_rate=False,
    time_base=Fraction(1, 30000),
    stamps=np.array([0, 1001, 2002, 2002, NO_STAMP], np.int64),
    prints=np.array([7, 8, 9, 10, 2**32 - 1], np.uint32),
    flags=np.array([KEYFRAME, 0, KEYFRAME | CONCEALED, KEYFRAME, OTHER_SIZE], np.uint8),
    declared=6,
    lost=1,
    checked=True,
    repeatable=True,
    note="‘a’ note",
)


def test_an_index_comes_back_from_its_bytes_unchanged() -> None:
    back = VideoIndex.from_bytes(INDEX.to_bytes())
    for field in dataclasses.fields(VideoIndex):
        ours, theirs = getattr(INDEX, field.name), getattr(back, field.name)
        if isinstance(ours, np.ndarray):
            assert ours.dtype == theirs.dtype
            assert np.array_equal(ours, theirs)
        else:
            assert (ours, type(ours)) == (theirs, type(theirs))


def test_the_bytes_are_plain_text() -> None:
    assert json.loads(INDEX.to_bytes())["fps"] == "30000/1001"


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2},
        {"width": 0},
        {"width": True},
        {"width": 64.0},
        {"fps": "0"},
        {"fps": "1/0"},
        {"fps": "-25"},
        {"fps": "9" * 100},
        {"fps": 25},
        {"rotation": 45},
        {"checked": 1},
        {"declared": -1},
        {"lost": 1 << 50},
        {"stamps": []},
        {"stamps": [0, 1001]},
        {"stamps": [0, 1001, 2002, 2002, 1 << 64]},
        {"stamps": "01234"},
        {"stamps": [0, 1, 2, 3, "4"]},
        {"prints": [1, 2, 3]},
        {"prints": [1, 2, 3, 4, -5]},
        {"prints": []},
        {"flags": [1, 2, 3, 4, 256]},
        {"note": None},
        {"surprise": 1},
    ],
)
def test_a_forged_index_is_refused(change: dict[str, object]) -> None:
    words = json.loads(INDEX.to_bytes()) | change
    with pytest.raises(ClipError, match=r"list of frames kept for this clip cannot be read"):
        VideoIndex.from_bytes(json.dumps(words).encode())


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"\x80\x04.", b"{" * 100_000, b'{"version":1}', b"\xff"])
def test_bytes_that_are_no_index_are_refused(data: bytes) -> None:
    with pytest.raises(ClipError):
        VideoIndex.from_bytes(data)


def test_a_missing_field_is_refused() -> None:
    words = json.loads(INDEX.to_bytes())
    for name in list(words):
        short = {key: value for key, value in words.items() if key != name}
        with pytest.raises(ClipError):
            VideoIndex.from_bytes(json.dumps(short).encode())


def test_counts_add_up() -> None:
    assert (INDEX.frame_count, INDEX.concealed, INDEX.lost, INDEX.damaged) == (5, 2, 1, 3)


def test_decoding_begins_at_whole_keyframes_only() -> None:
    assert INDEX.keyframes.tolist() == [0, 3]


def test_a_frame_is_found_by_stamp_and_fingerprint_together() -> None:
    assert INDEX.find(1001, 8) == 1
    assert INDEX.find(2002, 9) == 2
    assert INDEX.find(2002, 10) == 3
    assert INDEX.find(2002, 8) is None
    assert INDEX.find(1500, 8) is None
    assert INDEX.find(NO_STAMP, 2**32 - 1) == 4


def test_two_frames_that_cannot_be_told_apart_are_not_found() -> None:
    twins = dataclasses.replace(INDEX, prints=np.array([7, 8, 9, 9, 11], np.uint32))
    assert twins.find(2002, 9) is None
    assert twins.matches(2, 2002, 9)
    assert twins.matches(3, 2002, 9)


def test_without_fingerprints_the_stamp_decides() -> None:
    unchecked = dataclasses.replace(INDEX, checked=False, prints=np.array([], np.uint32))
    assert unchecked.find(1001, 0) == 1
    assert unchecked.find(2002, 9) is None
    assert unchecked.matches(1, 1001, 5)
    assert not unchecked.matches(1, 1002, 5)
    assert unchecked.matches(4, 77, 5)


def test_times_are_exact_fractions_from_the_first_frame() -> None:
    even = dataclasses.replace(INDEX, stamps=np.array([2002, 3003, 4004, 5005, 6006], np.int64))
    assert [even.time(n) for n in range(5)] == [Fraction(1001 * n, 30000) for n in range(5)]
    assert all(isinstance(even.time(n), Fraction) for n in range(5))


def test_without_stamps_the_rate_gives_the_time() -> None:
    silent = dataclasses.replace(INDEX, stamps=np.full(5, NO_STAMP, np.int64))
    assert silent.pts is None
    assert silent.time(4) == 4 * Fraction(1001, 30000)
