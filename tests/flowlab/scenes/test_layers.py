"""Layers in a world: who is seen where, and what is hidden, on shapes with a closed form."""

import numpy as np
import pytest

from flowlab.scenes.layers import Layer, LayeredWorld, Outline
from flowlab.scenes.leaf import Leaf
from flowlab.scenes.motions import Shift, straight
from flowlab.scenes.textures import Texture


def plain(level: float) -> Texture:
    return Texture(lambda: np.full((16, 16, 3), level, np.float32))


def disc(radius: float, start: tuple[float, float], step: tuple[float, float], level: float = 200) -> Layer:
    shape = Outline(lambda x, y: np.hypot(x, y) - radius, (radius, radius))
    return Layer(plain(level), Shift(straight(start, step)), shape)


def world(*front: Layer) -> LayeredWorld:
    return LayeredWorld(90, 70, [Layer(plain(50), Shift(straight((0, 0), (-1.0, 0.5)))), *front])


def test_a_disc_covers_its_area_at_any_position():
    for start in ((40, 30), (40.5, 30.5), (40.3, 29.8)):
        coverage = (world(disc(15, start, (0, 0))).render(0)[..., 0] - 50) / 150
        assert coverage.sum() == pytest.approx(np.pi * 15**2, rel=2e-3)
        assert coverage.min() == 0 and coverage.max() == 1


def test_the_edge_of_a_layer_is_one_pixel_wide():
    coverage = (world(disc(15, (40.3, 29.8), (0, 0))).render(0)[..., 0] - 50) / 150
    y, x = np.mgrid[:70, :90]
    distance = np.hypot(x - 40.3, y - 29.8) - 15
    assert (coverage[distance > 0.8] == 0).all() and (coverage[distance < -0.8] == 1).all()
    assert np.abs(coverage - np.clip(0.5 - distance, 0, 1)).max() < 0.06


def test_a_pixel_belongs_to_the_layer_that_covers_more_than_half_of_it():
    scene = world(disc(15, (40.3, 29.8), (2, 1)))
    coverage = (scene.render(0)[..., 0] - 50) / 150
    on_disc = scene.flow(0, 1)[..., 0] == 2
    np.testing.assert_array_equal(on_disc, coverage > 0.5)
    np.testing.assert_allclose(scene.flow(0, 1)[~on_disc], [[-1, 0.5]] * (~on_disc).sum(), atol=1e-6)


@pytest.mark.parametrize(("start", "end"), [(0, 1), (0, 7.5), (6, 2)])
def test_hidden_points_are_those_whose_new_place_lies_in_the_disc(start, end):
    scene = world(disc(15, (30, 35), (2, -1)))
    y, x = np.mgrid[:70, :90].astype(float)
    time = end - start
    on_disc = np.hypot(x - 30 - 2 * start, y - 35 + start) < 15
    new_x, new_y = np.where(on_disc, x + 2 * time, x - time), np.where(on_disc, y - time, y + 0.5 * time)
    behind = ~on_disc & (np.hypot(new_x - 30 - 2 * end, new_y - 35 + end) < 15)
    outside = (new_x < 0) | (new_x > 89) | (new_y < 0) | (new_y > 69)
    np.testing.assert_array_equal(scene.occlusion(start, end), behind | outside)
    assert behind.any()


def test_of_three_layers_the_nearest_hides_both_others():
    middle, front = disc(20, (40, 35), (0, 0), 120), disc(8, (20, 35), (5, 0), 220)
    scene = world(middle, front)
    assert scene.render(0)[35, 20, 0] == 220 and scene.render(0)[35, 40, 0] == 120
    hidden = scene.occlusion(0, 4)
    assert hidden[35, 40] and not hidden[20, 40]


def test_a_layer_that_has_left_the_picture_draws_nothing():
    for start in ((-40, 30), (200, 30), (40, -60), (40, 300)):
        scene = world(disc(15, start, (1, 0)))
        assert (scene.render(0) == 50).all()
        assert (scene.flow(0, 1)[..., 0] == -1).all()


def test_a_layer_partly_outside_is_cut_at_the_picture_edge():
    coverage = (world(disc(20, (0, 35), (0, 0))).render(0)[..., 0] - 50) / 150
    assert coverage.sum() == pytest.approx(np.pi * 20**2 / 2 + 20, rel=5e-3)


@pytest.mark.parametrize("tilt", [-28, 0, 90, 135])
def test_the_box_of_a_leaf_holds_it_tightly(tilt):
    leaf = Leaf(length=150, tilt=tilt)
    y, x = np.mgrid[-120:121, -130:131].astype(float)
    inside = leaf.outline(x, y) < 0
    reach_x, reach_y = leaf.reach
    assert reach_x - 5 <= np.abs(x[inside]).max() <= reach_x
    assert reach_y - 5 <= np.abs(y[inside]).max() <= reach_y
    assert 0.15 < inside.sum() / 150**2 < 0.4
