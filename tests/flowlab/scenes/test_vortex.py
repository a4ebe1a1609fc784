"""Particles in a vortex: the flow against the textbook's formula, the picture against a sum of Gaussians."""

import numpy as np
import pytest

from flowlab.core.resample import pixel_grid
from flowlab.errors import ParameterError
from flowlab.scenes.registry import open_scene
from flowlab.scenes.vortex import LambOseen, ParticleWorld, VortexParameters

SIZE = "width=230&height=170&frames=20"


def lamb_oseen(x, y, core, circulation, time):
    """Where the point (x, y) from the axis is after `time`: v = G / (2 pi r) (1 - exp(-r^2 / core^2)), clockwise."""
    radius = np.hypot(x, y)
    speed = circulation / (2 * np.pi * radius) * (1 - np.exp(-(radius**2) / core**2))
    angle = np.arctan2(y, x) + speed * time / radius
    return radius * np.cos(angle), radius * np.sin(angle)


@pytest.mark.parametrize(("index", "gap"), [(0, 1), (6, 1), (3, 16)])
def test_the_flow_is_the_closed_form_at_every_pixel(index, gap):
    scene = open_scene(f"vortex?{SIZE}&core=40&speed=4")
    x, y = (grid.astype(np.float64) for grid in pixel_grid(170, 230))
    x, y = x - 114.5, y - 84.5
    # The fastest ring of a Lamb-Oseen vortex stands at r = 1.12091 core, where v = 0.638173 G / (2 pi core).
    circulation = 4 * 2 * np.pi * 40 / 0.6381726863
    for time, flow in ((gap, scene.flow(index, gap)), (-gap, scene.backward_flow(index, gap))):
        new_x, new_y = lamb_oseen(x, y, 40, circulation, time)
        np.testing.assert_allclose(flow, np.stack([new_x - x, new_y - y], axis=-1), atol=1e-4)


def test_speed_is_that_of_the_fastest_ring_and_the_middle_stands_still():
    vortex = LambOseen((3.0, -2.0), core=50.0, speed=2.5)
    radius = np.linspace(0, 400, 40001)
    speed = radius * vortex.rate(radius**2)
    assert speed.max() == pytest.approx(2.5, abs=1e-6)
    assert radius[np.argmax(speed)] / 50 == pytest.approx(1.12091, abs=2e-4)
    # Far outside, speed times radius is the same everywhere: no vorticity is left there.
    np.testing.assert_allclose((speed * radius)[radius > 250], 2.5 * 50 / 0.6381726863, rtol=1e-6)
    x, y = vortex.carried(7.5, np.array([3.0]), np.array([-2.0]))
    assert (x[0], y[0]) == (3.0, -2.0)


def test_it_turns_clockwise_as_seen():
    flow = open_scene(f"vortex?{SIZE}").flow(0)
    assert flow[10, 115, 0] > 0.5 and flow[160, 115, 0] < -0.5
    assert flow[85, 220, 1] > 0.5 and flow[85, 10, 1] < -0.5


def test_paths_close_and_hold_at_any_time():
    vortex = LambOseen((10.0, 20.0), core=30.0, speed=3.0)
    x, y = np.array([31.5]), np.array([12.25])
    turn = 2 * np.pi / float(vortex.rate((x - 10) ** 2 + (y - 20) ** 2)[0])
    np.testing.assert_allclose(vortex.carried(1000 * turn, x, y), (x, y), atol=1e-9)
    np.testing.assert_allclose(vortex.carried(-0.4, *vortex.carried(0.4, x, y)), (x, y), atol=1e-12)


@pytest.mark.parametrize("time", [0.0, 13.37])
def test_every_particle_is_a_gaussian_around_its_exact_place(time):
    world = ParticleWorld(VortexParameters(width=90, height=70, density=8.0, speed=3.0))
    picture = world.render(time)
    y, x = np.mgrid[:70, :90].astype(np.float64)
    light = np.zeros((70, 90))
    middle = np.array([44.5, 34.5])
    for place_x, place_y, sigma, peak in zip(world.x, world.y, world.sigma, world.light, strict=True):
        circulation = 3 * 2 * np.pi * world.vortex.core / 0.6381726863
        at = lamb_oseen(place_x - 44.5, place_y - 34.5, world.vortex.core, circulation, time) + middle
        light += peak * np.exp(-((x - at[0]) ** 2 + (y - at[1]) ** 2) / (2 * sigma**2))
    dark, bright = np.array(list(bytes.fromhex("0e3548"))), np.array(list(bytes.fromhex("fdf3d4")))
    half = np.array(list(bytes.fromhex("6f9a99")))
    tone = (1 - np.exp(-light))[..., None]
    expected = np.where(tone < 0.5, dark + (half - dark) * 2 * tone, half + (bright - half) * (2 * tone - 1))
    np.testing.assert_allclose(picture, expected, atol=0.25)


@pytest.mark.parametrize("texture", [1.5, 3.0])
def test_particles_are_as_many_as_asked_and_stay_so_in_every_corner(texture):
    world = ParticleWorld(VortexParameters(density=20.0, texture=texture, speed=5.0))
    per_pixel = 20 / 1000 * (1.5 / texture) ** 2
    for time in (0.0, 599.0):
        x, y = world.vortex.carried(time, world.x, world.y)
        inside = (x > -0.5) & (x < 639.5) & (y > -0.5) & (y < 359.5)
        assert inside.sum() == pytest.approx(per_pixel * 640 * 360, rel=0.06)
        light = world.render(time)[..., 1].mean()
        for corner in (np.s_[:90, :160], np.s_[-90:, -160:], np.s_[135:225, 240:400]):
            assert world.render(time)[corner][..., 1].mean() == pytest.approx(light, rel=0.15)


def test_what_leaves_the_picture_is_lost_and_nothing_else():
    scene = open_scene(f"vortex?{SIZE}&speed=3")
    x, y = pixel_grid(170, 230)
    flow = scene.flow(2, 9)
    new_x, new_y = x + flow[..., 0], y + flow[..., 1]
    outside = (new_x < 0) | (new_x > 229) | (new_y < 0) | (new_y > 169)
    close = np.minimum(np.abs(new_x - 229 / 2) - 229 / 2, np.abs(new_y - 169 / 2) - 169 / 2)
    lost = scene.occlusion(2, 9)
    np.testing.assert_array_equal(lost[np.abs(close) > 1e-3], outside[np.abs(close) > 1e-3])
    assert 0.01 < lost.mean() < 0.3
    assert scene.objects(2) == ()


def test_a_knob_out_of_range_is_refused():
    with pytest.raises(ParameterError, match=r"core is 5\.0: give a number from 30 to 400 \(px\)"):
        open_scene("vortex?core=5")
    with pytest.raises(ParameterError, match=r"density is 1000\.0: give a number from 5 to 60"):
        open_scene("vortex?density=1000")
