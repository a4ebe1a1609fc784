"""Categories over a picture: whose colour, how strong, and what stays untouched."""

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.drawing.categories import CATEGORY_COLOURS, category_colours
from flowlab.errors import ParameterError


def some_picture() -> NDArray[np.uint8]:
    return np.random.default_rng(8).integers(0, 256, (30, 47, 3), np.uint8)


def test_category_0_shows_the_picture_untouched_and_every_other_pixel_changes() -> None:
    picture = np.full((30, 47, 3), (200, 40, 90), np.uint8)
    categories = np.zeros((30, 47), np.uint8)
    categories[4:11, 20:40] = 3
    changed = (category_colours(picture, categories) != picture).any(axis=2)
    np.testing.assert_array_equal(changed, categories == 3)


@pytest.mark.parametrize("category", range(1, len(CATEGORY_COLOURS)))
def test_full_strength_is_the_colour_itself_and_none_the_dimmed_grey(category: int) -> None:
    picture = some_picture()
    categories = np.full(picture.shape[:2], category, np.uint8)
    assert (category_colours(picture, categories, strength=1) == CATEGORY_COLOURS[category]).all()
    dim = category_colours(picture, categories, strength=0)
    assert (dim == dim[..., :1]).all(), "grey"
    assert 0.4 < dim.mean() / (picture @ np.array([0.299, 0.587, 0.114])).mean() < 0.7


def test_strength_mixes_linearly() -> None:
    picture = some_picture()
    categories = np.random.default_rng(2).integers(1, 6, (30, 47)).astype(np.uint8)
    none, half, full = (category_colours(picture, categories, strength=s).astype(float) for s in (0, 0.5, 1))
    assert np.abs(half - (none + full) / 2).max() <= 1


def test_the_picture_is_still_seen_through_the_colours() -> None:
    picture = np.zeros((10, 16, 3), np.uint8)
    picture[:, 8:] = 255
    drawn = category_colours(picture, np.full((10, 16), 2, np.uint8)).astype(int)
    assert (drawn[:, 8:] - drawn[:, :8]).min() > 40


def test_colours_of_ones_own() -> None:
    drawn = category_colours(some_picture(), np.ones((30, 47), bool), ((0, 0, 0), (10, 200, 30)), 1.0)
    assert (drawn == (10, 200, 30)).all()


@pytest.mark.parametrize("vision", ["normal", "protan", "deutan"])
def test_reasons_that_lie_side_by_side_differ_for_every_common_vision(vision: str) -> None:
    # Machado, Oliveira & Fernandes (2009), severity 1, on linear light.
    matrix = {
        "normal": np.eye(3),
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    }[vision]
    colours = (np.array(CATEGORY_COLOURS[1:]) / 255) ** 2.2
    seen = 255 * np.clip(colours @ np.array(matrix).T, 0, 1) ** (1 / 2.2)
    apart = np.linalg.norm(seen[:, None] - seen[None], axis=2)[np.triu_indices(len(seen), 1)]
    assert apart.min() > 25


def test_the_pictures_given_are_left_as_they_were() -> None:
    picture, categories = some_picture(), np.full((30, 47), 4, np.uint8)
    before = picture.copy()
    category_colours(picture, categories)
    np.testing.assert_array_equal(picture, before)
    assert (categories == 4).all()


@pytest.mark.parametrize(
    ("categories", "what"),
    [
        (np.full((30, 47), 7, np.uint8), "the categories run from 7 to 7: give whole numbers from 0 to 6"),
        (np.full((30, 47), -1), "the categories run from -1 to -1"),
        (np.full((30, 47), 1.0), "the categories run from 1 to 1"),
        (np.zeros((47, 30), np.uint8), "the picture is 47x30 and the map of categories 30x47"),
        (np.zeros((30, 47, 1), np.uint8), r"the categories have shape \(30, 47, 1\)"),
    ],
)
def test_categories_that_have_no_colour_are_refused(categories: NDArray[np.uint8], what: str) -> None:
    with pytest.raises(ParameterError, match=what):
        category_colours(some_picture(), categories)


@pytest.mark.parametrize("strength", [-0.1, 1.1, np.nan])
def test_a_strength_that_is_no_share_is_refused(strength: float) -> None:
    with pytest.raises(ParameterError, match=r"strength is .*: give a number from 0 to 1"):
        category_colours(some_picture(), np.zeros((30, 47), np.uint8), strength=strength)
