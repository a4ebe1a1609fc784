"""Boxes that a clip knows, at a working size."""

import numpy as np

from flowlab.core.region import Box
from flowlab.core.truth import BoxTruth, KnownBoxes


def test_edges_of_boxes_scale_and_what_is_unknown_stays_so() -> None:
    known = KnownBoxes(np.array([[8, 6, 40, 30], [np.nan] * 4]), {1: Box(9, 3, 20, 30)}, "half of it")
    small = known.scaled((2, 3))
    assert isinstance(small, BoxTruth)
    # columns 8 .. 47 of two to one are 4 .. 23, rows 6 .. 35 of three to one are 2 .. 11
    np.testing.assert_array_equal(small.boxes, [[4, 2, 20, 10], [np.nan] * 4])
    assert small.keyframes == {1: Box(4.5, 1, 10, 10)}
    assert small.truth_note == "half of it"
    np.testing.assert_array_equal(known.boxes[0], (8, 6, 40, 30))


def test_a_small_keyframe_keeps_a_pixel() -> None:
    small = KnownBoxes(np.empty((0, 4)), {0: Box(8, 8, 2, 3)}).scaled((4, 4))
    assert small.keyframes == {0: Box(2, 2, 1, 1)}
