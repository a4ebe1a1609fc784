"""Pixels without a source: hatched, and nothing else touched."""

import numpy as np
import pytest

from flowlab.core.resample import warp_back
from flowlab.drawing.unknown import mark_unknown
from flowlab.errors import ParameterError


def test_a_known_picture_is_rounded_and_cut_to_its_range() -> None:
    picture = np.array([[[0.4, 0.6, 254.6], [-7, 300, 128]]], np.float32)
    np.testing.assert_array_equal(mark_unknown(picture), [[[0, 1, 255], [0, 255, 128]]])


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_one_unknown_channel_hides_the_pixel_and_no_other(channel: int) -> None:
    picture = np.full((5, 8, 3), 20, np.float32)
    picture[1, 6, channel] = np.nan
    changed = (mark_unknown(picture) != 20).any(axis=2)
    assert np.argwhere(changed).tolist() == [[1, 6]]


def test_the_hatch_is_diagonal_in_two_neutral_greys() -> None:
    hatch = mark_unknown(np.full((16, 24, 3), np.nan, np.float32))
    assert (hatch == hatch[..., :1]).all(), "grey has no hue"
    dark, light = np.unique(hatch)
    assert light - dark >= 30
    np.testing.assert_array_equal(hatch[1:, :-1], hatch[:-1, 1:])
    for corner in (hatch[:8, :8], hatch[5:13, 9:17]):
        assert (corner == light).mean() == 0.5, "every 8x8 block shows both"


def test_the_hatch_stays_in_place_when_the_unknown_area_moves() -> None:
    one, two = (np.full((20, 30, 3), 60, np.float32) for _ in range(2))
    one[2:12, 3:20] = np.nan
    two[4:15, 6:25] = np.nan
    both = np.isnan(one[..., 0]) & np.isnan(two[..., 0])
    np.testing.assert_array_equal(mark_unknown(one)[both], mark_unknown(two)[both])


def test_a_warped_picture_is_hatched_where_its_source_lies_outside() -> None:
    picture = np.full((12, 20, 3), 250, np.uint8)
    flow = np.zeros((12, 20, 2), np.float32)
    flow[..., 0] = 5
    drawn = mark_unknown(warp_back(picture, flow))
    assert (drawn[:, :15] == 250).all()
    assert (drawn[:, 15:] < 200).all()


def test_the_picture_is_left_as_it_was() -> None:
    picture = np.array([[[np.nan, 300, -4]]], np.float32)
    before = picture.copy()
    mark_unknown(picture)
    np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 4), (4, 5, 1), (0, 5, 3)])
def test_a_picture_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ParameterError, match="the picture has shape"):
        mark_unknown(np.zeros(shape, np.float32))
