"""Textures are continuous functions read exactly, and their spectrum ends where the knob says."""

import numpy as np
import pytest
from scipy import ndimage

from flowlab.scenes.crafts import painted_tiles, tartan
from flowlab.scenes.leaf import Leaf
from flowlab.scenes.noise import cells, focused, fractal_noise
from flowlab.scenes.surfaces import meadow, reef
from flowlab.scenes.textures import Texture, landscape, palette, pebbles, tile_shape
from flowlab.scenes.town import old_town

PAINTED = {
    "landscape": lambda sigma, rng: landscape((192, 256), sigma, rng),
    "pebbles": lambda sigma, rng: pebbles((192, 256), sigma, rng),
    "leaf": lambda sigma, rng: Leaf(200, -28).paint(sigma, rng),
    "old town": lambda sigma, rng: old_town((192, 256), sigma, rng),
    "meadow": lambda sigma, rng: meadow((192, 256), sigma, rng),
    "reef": lambda sigma, rng: reef((192, 256), sigma, rng),
    "tartan": lambda sigma, rng: tartan((192, 256), sigma, rng),
    "painted tiles": lambda sigma, rng: painted_tiles((192, 256), sigma, rng),
}


@pytest.fixture
def tile():
    rng = np.random.default_rng(4)
    return focused(rng.uniform(0, 255, (40, 56, 3)).astype(np.float32), 1.5)


def test_a_texture_is_the_periodic_cubic_spline_through_its_tile(tile):
    rng = np.random.default_rng(1)
    x, y = rng.uniform(-200, 300, (2, 30, 50))
    ours = Texture(lambda: tile).at(x, y)
    for channel in range(3):
        reference = ndimage.map_coordinates(tile[..., channel].astype(np.float64), [y, x], order=3, mode="grid-wrap")
        np.testing.assert_allclose(ours[..., channel], reference, atol=5e-3)


def test_a_texture_is_exact_far_away_from_its_origin(tile):
    texture = Texture(lambda: tile)
    x, y = np.arange(20.0)[None, :] + 0.37, np.arange(30.0)[:, None] + 0.81
    np.testing.assert_allclose(texture.at(x + 56 * 300, y - 40 * 300), texture.at(x, y), atol=1e-3)


def test_a_texture_of_a_wave_is_that_wave_between_the_pixels():
    wave = lambda x, y: 100 * np.sin(2 * np.pi * (3 * x / 64 + 2 * y / 48))  # noqa: E731
    y, x = np.mgrid[:48, :64].astype(np.float64)
    texture = Texture(lambda: np.repeat(wave(x, y)[..., None], 3, axis=2).astype(np.float32))
    np.testing.assert_allclose(texture.at(x + 0.21, y + 0.63)[..., 1], wave(x + 0.21, y + 0.63), atol=0.02)


def test_rows_and_columns_broadcast_like_full_grids(tile):
    texture = Texture(lambda: tile)
    x, y = np.arange(9.0)[None, :] + 0.3, np.arange(7.0)[:, None] + 0.6
    full = texture.at(*np.broadcast_arrays(x, y))
    assert full.shape == (7, 9, 3)
    np.testing.assert_array_equal(texture.at(x, y), full)


def test_a_texture_is_painted_once_and_again_after_release(tile):
    painted = []
    texture = Texture(lambda: painted.append(1) or tile)
    x = y = np.zeros((1, 1))
    assert not painted
    texture.at(x, y), texture.at(x, y)
    assert len(painted) == 1
    texture.release()
    texture.at(x, y)
    assert len(painted) == 2


@pytest.mark.parametrize("sigma", [1.0, 1.5, 3.0])
@pytest.mark.parametrize("name", PAINTED)
def test_a_painted_tile_is_band_limited_by_its_sigma(name, sigma):
    tile = PAINTED[name](sigma, np.random.default_rng(2)).astype(np.float64)
    grey = tile.mean(axis=2)
    power = np.abs(np.fft.fft2(grey - grey.mean())) ** 2
    frequency = np.hypot(np.fft.fftfreq(grey.shape[0])[:, None], np.fft.fftfreq(grey.shape[1])[None, :])
    cutoff = 1 / (2 * np.pi * sigma)  # the Gaussian's own standard deviation in frequency
    share = [power[frequency > k * cutoff].sum() / power.sum() for k in (0.5, 3)]
    assert share[0] > 0.03, "the band is not empty"
    assert share[1] < 1e-3, "nothing lies beyond it"


@pytest.mark.parametrize("name", PAINTED)
def test_a_painted_tile_leaves_room_to_black_and_white(name):
    tile = PAINTED[name](1.5, np.random.default_rng(0))
    assert tile.dtype == np.float32
    assert np.percentile(tile, 0.1) > 0 and np.percentile(tile, 99.9) < 255


@pytest.mark.parametrize("name", PAINTED)
def test_opposite_edges_of_a_tile_join(name):
    tile = PAINTED[name](1.5, np.random.default_rng(0))
    for axis in (0, 1):
        within = np.abs(np.diff(tile, axis=axis)).mean()
        seam = np.abs(tile.take(0, axis) - tile.take(-1, axis)).mean()
        assert seam < 2 * within


@pytest.mark.parametrize(("height", "width"), [(64, 64), (360, 640), (1080, 1920)])
def test_a_tile_is_larger_than_the_picture_yet_bounded(height, width):
    tile_height, tile_width = tile_shape(height, width)
    assert 1.25 * height <= tile_height < 1.25 * height + 32
    assert 1.25 * width <= tile_width < 1.25 * width + 32


def test_palette_is_linear_between_its_stops():
    stops = ((0.0, "000000"), (1.0, "ff8000"))
    np.testing.assert_allclose(palette(np.float32([[-1, 0.5, 2]]), stops), [[[0, 0, 0], [127.5, 64, 0], [255, 128, 0]]])


def test_fractal_noise_has_zero_mean_unit_variance_and_its_slope():
    field = fractal_noise((256, 384), np.random.default_rng(0), slope=1.0, coarsest=1e6, finest=0.0)
    assert abs(field.mean()) < 1e-3 and field.std() == pytest.approx(1, abs=1e-3)
    power = np.abs(np.fft.fft2(field)) ** 2
    frequency = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.fftfreq(384)[None, :])
    low, high = (power[(frequency > f) & (frequency < 1.1 * f)].mean() for f in (0.05, 0.2))
    assert low / high == pytest.approx(16, rel=0.15)  # amplitude 1/f: power 1/f^2, over a factor of 4


def test_cells_give_every_pixel_its_nearest_seed():
    shape, size = (60, 80), 12.0
    found = cells(shape, np.random.default_rng(3), size=size, wobble=np.zeros((2, *shape), np.float32))
    y, x = np.mgrid[:60, :80]
    seeds = {}
    for number in np.unique(found.owner):
        mine = found.owner == number
        seed_x, seed_y = (x - size * found.dx)[mine] % 80, (y - size * found.dy)[mine] % 60
        turns_x, turns_y = np.exp(2j * np.pi * seed_x / 80), np.exp(2j * np.pi * seed_y / 60)
        assert np.ptp(turns_x.real) < 1e-3 and np.ptp(turns_y.imag) < 1e-3, "one seed a cell, on the torus"
        seeds[number] = mine.sum()
    assert len(seeds) > 0.8 * found.count
    assert (found.gap >= 0).all() and found.gap.max() > 0.3


@pytest.mark.parametrize("tilt", [-28, 75])
def test_a_leaf_is_painted_whole_around_the_first_pixel_of_its_tile(tilt):
    leaf = Leaf(200, tilt)
    tile = leaf.paint(1.5, np.random.default_rng(0))
    assert tile.shape[1] > 2 * leaf.reach[0] and tile.shape[0] > 2 * leaf.reach[1]
    texture = Texture(lambda: tile)
    along = np.linspace(-20, 20, 41)
    axis = np.deg2rad(tilt)

    def blue(aside):
        x, y = along * np.cos(axis) - aside * np.sin(axis), along * np.sin(axis) + aside * np.cos(axis)
        return texture.at(x[:, None], y[:, None])[..., 2].mean()

    # The pale midrib passes 4 px beside the middle; next to it the blade is orange, which has little blue.
    assert blue(-4) > 1.5 * max(blue(-16), blue(8))
