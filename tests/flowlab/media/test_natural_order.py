"""Files in the order people number them."""

import random

from flowlab.media.natural_order import natural_key

ORDERED = [
    "",
    "9",
    "10",
    "A1",
    "a2",
    "a02-b",
    "a2-c",
    "a10",
    "b1",
    "frame.2.png",
    "frame.10.png",
    "x1",
    "x" + "1" * 6000,
    "x²",
]


def test_numbers_count_as_numbers_whatever_their_length() -> None:
    for seed in range(5):
        names = ORDERED.copy()
        random.Random(seed).shuffle(names)
        assert sorted(names, key=natural_key) == ORDERED


def test_no_two_names_are_equal() -> None:
    names = ["a1", "A1", "a01", "a001", "ａ1"]
    assert len({str(natural_key(name)) for name in names}) == len(names)
