"""A patch through time: where each one stands, and what its pixels look like."""

from typing import Any

import numpy as np
import pytest

from flowlab.drawing.patch_strip import patch_strip
from flowlab.errors import ParameterError


def test_patches_stand_in_rows_enlarged_with_gaps_of_the_ground() -> None:
    patches = np.arange(5 * 3 * 2).reshape(5, 3, 2) * 8
    strip = patch_strip(patches, zoom=4, per_row=3, gap=2, ground=(1, 2, 3))
    assert strip.shape == (2 * 12 + 2, 3 * 8 + 2 * 2, 3) and strip.dtype == np.uint8
    for number, patch in enumerate(patches):
        top, left = number // 3 * 14, number % 3 * 10
        shown = strip[top : top + 12, left : left + 8]
        np.testing.assert_array_equal(shown[2::4, 2::4], np.dstack([patch] * 3))
        np.testing.assert_array_equal(shown, np.kron(patch, np.ones((4, 4), int))[..., None].repeat(3, axis=2))
    assert (strip[12:14] == (1, 2, 3)).all() and (strip[:, 8:10] == (1, 2, 3)).all()
    assert (strip[14:, 20:] == (1, 2, 3)).all(), "what the last row leaves free"


def test_few_patches_make_a_short_row_and_what_overshoots_is_cut() -> None:
    strip = patch_strip(np.array([[[-20.0, 300.0]]], np.float32), zoom=1, gap=0)
    np.testing.assert_array_equal(strip, [[(0, 0, 0), (255, 255, 255)]])


def test_the_unknown_in_a_patch_is_hatched() -> None:
    patches = np.full((2, 8, 8), 50.0)
    patches[1, :, 4:] = np.nan
    before = patches.copy()
    strip = patch_strip(patches, zoom=2, gap=0)
    np.testing.assert_array_equal(patches, before)
    assert (strip[:, :24] == 50).all()
    hatched = strip[:, 24:]
    assert len(np.unique(hatched)) == 2 and 50 not in hatched


@pytest.mark.parametrize(
    ("patches", "options", "what"),
    [
        (np.zeros((0, 5, 5)), {}, r"the patches have shape \(0, 5, 5\)"),
        (np.zeros((5, 5)), {}, r"the patches have shape \(5, 5\)"),
        (np.zeros((1, 5, 5)), {"zoom": 0}, "zoom is 0"),
        (np.zeros((1, 5, 5)), {"per_row": 0}, "per_row is 0"),
        (np.zeros((1, 5, 5)), {"gap": -1}, "gap is -1"),
    ],
)
def test_patches_that_cannot_be_shown_are_refused(patches: Any, options: dict[str, Any], what: str) -> None:
    with pytest.raises(ParameterError, match=what):
        patch_strip(patches, **options)
