"""A clip that should know its truth and cannot tell gives its frames and the reason."""

from pathlib import Path

import numpy as np
import pytest

from flowlab.core.clip import Clip
from flowlab.core.resized import at_width
from flowlab.jobs.pairs import Pair, read_pair, stream_pairs
from flowlab.media.flow_files import write_flow
from flowlab.media.flow_sets import FlowSequence, sequences
from flowlab.media.true_pair import TruePair
from tests.flow_sets import HEIGHT, WIDTH, true_flow, write_kitti, write_middlebury


def by_index(clip: Clip) -> Pair:
    return read_pair(clip, 0)


def in_a_stream(clip: Clip) -> Pair:
    (pair,) = stream_pairs(clip, 0, 2)
    return pair


@pytest.fixture
def sequence(tmp_path: Path) -> FlowSequence:
    (one,) = sequences(write_middlebury(tmp_path, "Board"), "middlebury")
    return one


@pytest.mark.parametrize("read", [by_index, in_a_stream])
def test_a_good_truth_has_no_note(read, sequence: FlowSequence) -> None:
    pair = read(TruePair(sequence))
    assert pair.truth_note == ""
    np.testing.assert_array_equal(pair.truth, true_flow())


@pytest.mark.parametrize("read", [by_index, in_a_stream])
@pytest.mark.parametrize("width", [0, WIDTH // 2])
def test_a_spoilt_truth_leaves_the_frames_and_a_sentence(read, width: int, sequence: FlowSequence) -> None:
    write_flow(sequence.truth, true_flow(WIDTH, HEIGHT))
    pair = read(at_width(TruePair(sequence), width))
    assert (pair.truth, pair.visible) == (None, None)
    assert "is 96x128 and the pictures 128x96" in pair.truth_note
    assert (pair.first.index, pair.second.index, pair.second.grey.shape[1]) == (0, 1, width or WIDTH)
    assert pair.nbytes > 0


@pytest.mark.parametrize("read", [by_index, in_a_stream])
def test_a_sparse_truth_that_scaling_loses_is_said(read, sequence: FlowSequence) -> None:
    sparse = np.full((HEIGHT, WIDTH, 2), np.nan, np.float32)
    sparse[::4, ::4] = (2, 1)  # no block of 2x2 is known wholly
    write_flow(sequence.truth, sparse)
    assert read(TruePair(sequence)).truth is not None
    pair = read(at_width(TruePair(sequence), WIDTH // 2))
    assert pair.truth is None
    assert "unknown everywhere at this working width" in pair.truth_note


def test_a_spoilt_second_truth_is_said_too(tmp_path: Path) -> None:
    (one,) = sequences(write_kitti(tmp_path, "000010"), "kitti")
    one.visible_truth.write_bytes(b"garbage")  # type: ignore[union-attr]
    pair = read_pair(TruePair(one), 0)
    assert (pair.truth, pair.visible) == (None, None)
    assert "cannot be read as kitti" in pair.truth_note
