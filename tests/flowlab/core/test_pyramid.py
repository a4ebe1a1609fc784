"""Pyramids: where a pixel goes, where a flow comes from, and when they end."""

import cv2
import numpy as np
import pytest

from flowlab.core.pyramid import expanded, levels_possible, pyramid
from flowlab.core.resample import pixel_grid
from flowlab.errors import ParameterError

H, W = 96, 141


def test_a_slope_is_read_at_twice_the_position_on_each_level() -> None:
    x, y = pixel_grid(H, W)
    for level, plane in enumerate(pyramid(2 * x - y, 2)):
        at_x, at_y = pixel_grid(*plane.shape)
        expected = 2**level * (2 * at_x - at_y)
        np.testing.assert_allclose(plane[3:-3, 3:-3], expected[3:-3, 3:-3], atol=1e-3)


def test_a_blob_stays_on_its_position_divided_by_two() -> None:
    x, y = pixel_grid(H, W)
    blob = np.exp(-((x - 71.4) ** 2 + (y - 40.8) ** 2) / (2 * 6**2))
    for level, plane in enumerate(pyramid(blob, 2)):
        at_x, at_y = pixel_grid(*plane.shape)
        centre = np.array([(plane * at_x).sum(), (plane * at_y).sum()]) / plane.sum()
        np.testing.assert_allclose(centre, np.array([71.4, 40.8]) / 2**level, atol=0.01)


def test_the_first_plane_is_the_picture_and_the_others_are_opencvs() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (H, W), np.uint8)
    planes = pyramid(picture, 3)
    assert [plane.shape for plane in planes] == [(96, 141), (48, 71), (24, 36), (12, 18)]
    expected = picture.astype(np.float32)
    for plane in planes:
        assert plane.dtype == np.float32
        np.testing.assert_array_equal(plane, expected)
        expected = cv2.pyrDown(expected)  # type: ignore[assignment]


@pytest.mark.parametrize(("height", "width"), [(1, 1), (8, 300), (15, 15), (16, 16), (17, 40), (480, 640), (1, 900)])
@pytest.mark.parametrize("least", [2, 8, 22])
def test_no_copy_has_a_shorter_side_than_the_least(height: int, width: int, least: int) -> None:
    planes = pyramid(np.zeros((height, width), np.uint8), 20, least)
    assert len(planes) == levels_possible(height, width, least) + 1
    assert all(min(plane.shape) >= least for plane in planes[1:])
    assert min((side + 1) // 2 for side in planes[-1].shape) < least or min(planes[-1].shape) == 1


def test_a_flow_is_doubled_and_read_at_half_the_position() -> None:
    x, y = pixel_grid(24, 36)
    flow = np.stack([1 + 0.5 * x, 0.25 * y - 0.125 * x], axis=-1)
    at_x, at_y = pixel_grid(47, 71)  # the largest that needs no coarse pixel more than there is
    expected = np.stack([2 * (1 + 0.25 * at_x), 2 * (0.125 * at_y - 0.0625 * at_x)], axis=-1)
    grown = expanded(flow, (47, 71))
    assert grown.dtype == np.float32
    np.testing.assert_allclose(grown, expected, atol=1e-4)


def test_an_even_size_repeats_the_last_coarse_pixel() -> None:
    flow = np.zeros((2, 3, 2), np.float32)
    flow[..., 0] = [1, 2, 3]
    assert expanded(flow, (4, 6))[0, :, 0].tolist() == [2, 3, 4, 5, 6, 6]


def test_bad_input_is_refused_in_words() -> None:
    with pytest.raises(ParameterError, match="levels is -1: give 0 or more"):
        pyramid(np.zeros((8, 9), np.uint8), -1)
    with pytest.raises(ParameterError, match="give a grey picture"):
        pyramid(np.zeros((8, 9, 3), np.uint8), 1)
    with pytest.raises(ParameterError, match="least is 1: give 2 px or more"):
        levels_possible(8, 9, 1)
