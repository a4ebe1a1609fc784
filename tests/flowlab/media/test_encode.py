"""Encoded pictures decode to what was given, and failures are errors."""

import cv2
import numpy as np
import pytest

from flowlab.errors import ParameterError
from flowlab.media.encode import encode_jpeg, encode_png
from tests.flowlab.media.clips import number_of, numbered


def _decoded(data: bytes) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_png_is_lossless_in_every_form(kind: type) -> None:
    rng = np.random.default_rng(0)
    for shape in ((9, 14), (9, 14, 3), (9, 14, 4), (1, 1)):
        picture = rng.integers(0, np.iinfo(kind).max, shape, kind)
        back = _decoded(encode_png(picture))
        assert back.dtype == kind
        assert np.array_equal(back if back.ndim == 2 else back[..., [2, 1, 0, 3][: shape[2]]], picture)


def test_jpeg_is_red_first_and_keeps_thin_colours() -> None:
    lines = np.zeros((40, 60, 3), np.uint8)
    lines[:, ::2, 0] = 255
    back = _decoded(encode_jpeg(lines, 95))[..., ::-1].astype(int)
    assert np.abs(back - lines).mean() < 3
    assert number_of(_decoded(encode_jpeg(numbered(77)))[..., ::-1]) == 77


def test_quality_trades_size() -> None:
    assert len(encode_jpeg(numbered(1), 30)) < len(encode_jpeg(numbered(1), 90)) < len(encode_jpeg(numbered(1), 100))


def test_a_view_of_an_array_is_encoded_as_it_looks() -> None:
    flipped = numbered(5)[::-1, ::-1]
    assert np.array_equal(_decoded(encode_png(flipped))[..., ::-1], flipped)
    kept = flipped.copy()
    encode_jpeg(flipped)
    assert np.array_equal(flipped, kept)


@pytest.mark.parametrize("quality", [0, 101, -5])
def test_a_quality_outside_its_range_is_refused(quality: int) -> None:
    with pytest.raises(ParameterError, match=rf"quality is {quality}: give a whole number from 1 to 100"):
        encode_jpeg(numbered(0), quality)


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((4, 5, 3), np.float32),
        np.zeros((4, 5, 2), np.uint8),
        np.zeros((4, 5, 1), np.uint8),
        np.zeros(4, np.uint8),
        np.zeros((0, 5, 3), np.uint8),
        np.zeros((4, 5, 3), np.int64),
    ],
)
def test_what_is_no_picture_is_refused(picture: np.ndarray) -> None:
    for encode in (encode_png, encode_jpeg):
        with pytest.raises(ParameterError, match=r"the picture is .* of shape"):
            encode(picture)


def test_a_picture_that_jpeg_cannot_hold_is_an_error() -> None:
    with pytest.raises(ParameterError, match=r"70000x1 does not fit into jpg"):
        encode_jpeg(np.zeros((1, 70000, 3), np.uint8))
