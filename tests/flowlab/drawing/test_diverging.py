"""Signed colours: the published map, its symmetry, the neutral zero."""

import math

import cv2
import numpy as np
import pytest

from flowlab.drawing.diverging import signed_colours, signed_scale, signed_table
from flowlab.drawing.unknown import UNKNOWN_COLOUR
from flowlab.errors import ParameterError

# Moreland's own table of the map, at 17 evenly spaced places.
PUBLISHED = (
    (59, 76, 192), (77, 104, 215), (98, 130, 234), (119, 154, 247), (141, 176, 254), (163, 194, 255), (184, 208, 249),
    (204, 217, 238), (221, 221, 221), (236, 211, 197), (245, 196, 173), (247, 177, 148), (244, 154, 123),
    (236, 127, 99), (222, 96, 77), (203, 62, 56), (180, 4, 38),
)  # fmt: skip


def lab() -> np.ndarray:
    return cv2.cvtColor(signed_table()[None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]


def test_the_map_is_the_published_one() -> None:
    places = np.rint(np.linspace(0, 254, len(PUBLISHED))).astype(int)
    assert np.abs(signed_table()[places].astype(int) - PUBLISHED).max() <= 2


def test_zero_is_neutral_and_the_lightest() -> None:
    middle = signed_table()[127]
    assert np.ptp(middle.astype(int)) <= 1
    assert lab()[:, 0].argmax() == 127


def test_both_signs_darken_alike_and_steadily() -> None:
    lightness = lab()[:, 0]
    assert np.abs(lightness - lightness[::-1]).max() < 1
    assert np.diff(lightness[:128]).min() > -0.3 and lightness[127] - lightness[0] > 45


def test_red_and_blue_differ_without_red_or_without_green_cones() -> None:
    # Machado, Oliveira & Fernandes (2009), severity 1, on linear light.
    protan = [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    deutan = [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    linear = (signed_table() / 255) ** 2.2
    for vision in (protan, deutan):
        seen = 255 * np.clip(linear @ np.array(vision).T, 0, 1) ** (1 / 2.2)
        for step in (40, 80, 127):
            assert np.linalg.norm(seen[127 - step] - seen[127 + step]) > 60


def test_blue_is_negative_red_positive_and_the_scale_fixed() -> None:
    values = np.array([[-0.2, 0, 0.2], [-0.1, 0.05, 7], [-1e30, 1e-9, 1e30]], np.float32)
    steps = [[0, 127, 254], [63, 159, 254], [0, 127, 254]]
    drawn = signed_colours(values, 0.2).astype(int)
    assert np.abs(drawn - signed_table()[np.array(steps)]).max() <= 2
    assert drawn[0, 0, 2] > drawn[0, 0, 0] and drawn[0, 2, 0] > drawn[0, 2, 2]
    np.testing.assert_array_equal(drawn[1, 1], signed_colours(values[1:2, 1:2], 0.2)[0, 0])


def test_a_changed_sign_mirrors_the_map() -> None:
    ramp = np.linspace(-3, 3, 101, dtype=np.float32)[None]
    there, back = signed_colours(ramp, 2), signed_colours(-ramp, 2)
    np.testing.assert_array_equal(there, back[:, ::-1])
    assert (there != back).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_unknown_values_have_the_neutral_colour_and_no_value_comes_near_it(bad: float) -> None:
    values = np.full((3, 5), 0.1, np.float32)
    values[1, 3] = bad
    drawn = signed_colours(values, 0.5)
    assert np.argwhere((drawn == UNKNOWN_COLOUR).all(axis=2)).tolist() == [[1, 3]]
    assert np.abs(signed_table().astype(int) - UNKNOWN_COLOUR).max(axis=1).min() > 60


def test_the_legend_runs_from_minus_over_zero_to_plus_in_the_colours_of_the_picture() -> None:
    strip = signed_scale(255, 9)
    assert strip.shape == (9, 255, 3) and (strip == strip[0]).all()
    np.testing.assert_array_equal(strip[:1], signed_colours(np.linspace(-4, 4, 255, dtype=np.float32)[None], 4))
    assert signed_scale(3, 1)[0].tolist() == signed_table()[[0, 127, 254]].tolist()


def test_nothing_given_is_changed() -> None:
    values = np.array([[np.nan, 3]], np.float32)
    signed_colours(values, 1)
    np.testing.assert_array_equal(values, [[np.nan, 3]])
    with pytest.raises(ValueError, match="read-only"):
        signed_table()[0] = 0


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"the values have shape \(3, 4, 2\): give \(height, width\)"):
        signed_colours(np.zeros((3, 4, 2), np.float32), 1)
    for scale in (0, -1, math.nan, math.inf):
        with pytest.raises(ParameterError, match=r"scale is .*: give a number above 0"):
            signed_colours(np.zeros((3, 4), np.float32), scale)
    with pytest.raises(ParameterError, match="length is 2: give a whole number of pixels, 3 or more"):
        signed_scale(2, 5)
