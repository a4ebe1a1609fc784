"""What lies outside a region is dim and grey; what lies inside is the picture."""

import numpy as np
import pytest

from flowlab.drawing.overlays import outside_dimmed
from flowlab.errors import ParameterError


def test_inside_is_the_picture_and_outside_its_dimmed_grey() -> None:
    picture = np.random.default_rng(1).integers(60, 256, (20, 33, 3), np.uint8)
    mask = np.zeros((20, 33), bool)
    mask[3:9, 10:30] = True
    drawn = outside_dimmed(picture, mask)
    np.testing.assert_array_equal(drawn[mask], picture[mask])
    outside = drawn[~mask].astype(float)
    assert (outside == outside[:, :1]).all()
    grey = picture[~mask] @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(outside[:, 0], 0.3 * grey, atol=1)


@pytest.mark.parametrize("all_of_it", [True, False])
def test_a_mask_may_hold_everything_or_nothing(all_of_it: bool) -> None:
    picture = np.full((6, 9, 3), (200, 30, 90), np.uint8)
    drawn = outside_dimmed(picture, np.full((6, 9), all_of_it))
    assert (drawn == picture).all() if all_of_it else (drawn != picture).any(axis=2).all()


def test_a_mask_of_numbers_counts_whatever_is_not_0() -> None:
    picture = np.full((2, 3, 3), 250, np.uint8)
    drawn = outside_dimmed(picture, np.array([[0, 1, 256], [0, 0.5, 2]]))
    np.testing.assert_array_equal((drawn == 250).all(axis=2), [[False, True, True]] * 2)


def test_nothing_given_is_changed() -> None:
    picture, mask = np.full((6, 9, 3), 200, np.uint8), np.zeros((6, 9), bool)
    outside_dimmed(picture, mask)
    assert (picture == 200).all() and not mask.any()


def test_a_mask_of_another_size_is_refused() -> None:
    picture = np.zeros((6, 9, 3), np.uint8)
    with pytest.raises(ParameterError, match="the picture is 9x6 and the mask 6x9: give both at one size"):
        outside_dimmed(picture, np.zeros((9, 6), bool))
    with pytest.raises(ParameterError, match=r"the mask's values have shape \(6, 9, 1\): give \(height, width\)"):
        outside_dimmed(picture, np.zeros((6, 9, 1), bool))
