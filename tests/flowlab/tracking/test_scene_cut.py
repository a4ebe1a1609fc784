"""Whether another scene begins: both witnesses must say so, and few tracks are no witness."""

import numpy as np
import pytest

from flowlab.tracking.scene_cut import is_cut
from tests.flowlab.tracking.surfaces import picture, waves

SHAPE = (90, 160)


def scene(seed=0, shift=(0, 0)):
    """Return a picture with shapes of a size that a thumbnail shows."""
    return picture(lambda x, y: waves(x / 4, y / 4, seed), shift=shift, shape=SHAPE).clip(0, 255).astype(np.uint8)


def flat(grey):
    return np.full(SHAPE, grey, np.uint8)


def test_another_picture_with_most_tracks_lost_is_a_cut():
    assert is_cut(scene(), scene(1), lost=30, tracks=40)


def test_most_is_six_of_ten():
    assert is_cut(scene(), scene(1), lost=24, tracks=40)
    assert not is_cut(scene(), scene(1), lost=23, tracks=40)


def test_another_picture_to_which_most_tracks_went_on_is_none():
    assert not is_cut(scene(), scene(1), lost=0, tracks=40)


def test_the_same_picture_is_none_though_all_tracks_were_lost():
    assert not is_cut(scene(), scene(), lost=40, tracks=40)


@pytest.mark.parametrize("shift", [(8, 0), (0, -8), (6, 5)])
def test_fast_motion_is_none(shift):
    assert not is_cut(scene(), scene(shift=shift), lost=40, tracks=40)


@pytest.mark.parametrize(("gain", "bias"), [(0.3, 0), (1, 60), (0.5, 120)])
def test_light_that_changes_is_none(gain, bias):
    lit = (gain * scene() + bias).clip(0, 255).astype(np.uint8)
    assert not is_cut(scene(), lit, lost=40, tracks=40)


def test_a_negative_is_a_cut():
    assert is_cut(scene(), 255 - scene(), lost=40, tracks=40)


@pytest.mark.parametrize("tracks", [0, 7])
def test_where_few_tracks_are_the_pictures_decide(tracks):
    assert is_cut(scene(), scene(1), lost=0, tracks=tracks)
    assert not is_cut(scene(), scene(), lost=tracks, tracks=tracks)
    assert not is_cut(scene(), scene(1), lost=0, tracks=8)


@pytest.mark.parametrize("grey", [0, 128, 255])
def test_to_a_flat_picture_and_from_it_is_a_cut(grey):
    assert is_cut(scene(), flat(grey), lost=40, tracks=40)
    assert is_cut(flat(grey), scene(), lost=0, tracks=0)


def test_between_two_flat_pictures_is_none_whatever_their_grey():
    assert not is_cut(flat(0), flat(255), lost=40, tracks=40)
    noise = np.random.default_rng(0).normal(0, 3, SHAPE)
    assert not is_cut(flat(50), (50 + noise).astype(np.uint8), lost=40, tracks=40), "noise is nothing to compare"


@pytest.mark.parametrize("shape", [(7, 5), (3, 40), (200, 9)])
def test_pictures_smaller_than_the_thumbnail_are_compared_too(shape):
    rng = np.random.default_rng(1)
    one, other = rng.integers(0, 256, (2, *shape), np.uint8)
    assert not is_cut(one, one, lost=9, tracks=9)
    assert is_cut(one, other, lost=9, tracks=9)
