"""Scenes that warp the picture as one: their flow against formulas written down a second time, in matrices."""

import numpy as np
import pytest

from flowlab.core.resample import pixel_grid
from flowlab.errors import ParameterError
from flowlab.scenes.registry import open_scene
from flowlab.scenes.textures import turning_tile_shape

W, H = 230, 170
SIZE = f"width={W}&height={H}"
X, Y = (a.astype(np.float64) for a in pixel_grid(H, W))
P = np.stack([X.ravel(), Y.ravel(), np.ones(X.size)])  # homogeneous positions of all pixels
WARPS = ("rotation", "zoom", "shear", "affine", "waves")


def matrix(xx, xy, yx, yy, x=0.0, y=0.0):
    return np.array([[xx, xy, x], [yx, yy, y], [0, 0, 1]])


def about(x, y, linear):
    """Return the homogeneous matrix of a linear map about (x, y)."""
    return matrix(1, 0, 0, 1, x, y) @ linear @ matrix(1, 0, 0, 1, -x, -y)


def field(warp):
    """Return the flow (H, W, 2) of the homogeneous matrix that takes positions in one frame to the other."""
    return np.moveaxis((warp @ P - P)[:2].reshape(2, H, W), 0, -1)


def triangle(value, low, high):
    """Return `value` walking to and fro between `low` and `high`, step by step instead of by a formula."""
    there_and_back = 2 * (high - low)
    along = (value - low) % there_and_back
    return low + (along if along < high - low else there_and_back - along)


def check(scene, index, gap, warp):
    np.testing.assert_allclose(scene.flow(index, gap), field(warp), atol=1e-4)
    np.testing.assert_allclose(scene.backward_flow(index, gap), field(np.linalg.inv(warp)), atol=1e-4)


@pytest.mark.parametrize(("index", "gap"), [(0, 1), (17, 1), (5, 14)])
def test_rotation_is_a_turn_about_its_still_point(index, gap):
    scene = open_scene(f"rotation?{SIZE}&speed=3.4&centre_x=0.25&centre_y=0.7")
    angle = gap * 3.4 / 85  # radians: half of 170 px is the radius that goes 3.4 px a frame
    turn = matrix(np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle))
    check(scene, index, gap, about(0.25 * 229, 0.7 * 169, turn))


def test_rotation_turns_clockwise_about_the_middle_at_the_speed_asked_for():
    flow = open_scene("rotation?width=231&height=171&speed=1.5").flow(0)
    np.testing.assert_allclose(flow[85, 115], 0, atol=1e-6)
    u, v = flow[85, 115 + 85]
    assert v == pytest.approx(1.5 * 85 / 85.5, rel=1e-3) and abs(u) < 0.02
    assert flow[0, 115, 0] > 1.4


@pytest.mark.parametrize(("index", "gap"), [(0, 1), (6, 1), (2, 9), (9, 4), (11, 1), (20, 6)])
def test_zoom_grows_about_its_focus_and_turns_back(index, gap):
    scene = open_scene(f"zoom?{SIZE}&speed=3.4&focus_x=0.35&focus_y=0.8")
    growth = np.log(1 + 3.4 / 85)  # turns back at log(1.6), between frames 11 and 12
    sizes = [np.exp(triangle(growth * time, 0, np.log(1.6))) for time in (index, index + gap)]
    scale = sizes[1] / sizes[0]
    check(scene, index, gap, about(0.35 * 229, 0.8 * 169, matrix(scale, 0, 0, scale)))


def test_zoom_moves_points_half_the_shorter_side_from_the_focus_by_speed():
    flow = open_scene("zoom?width=321&height=101&speed=2.5&focus_x=0.5&focus_y=0.5").flow(0)
    np.testing.assert_allclose(flow[50, 160], 0, atol=1e-6)
    assert flow[50, 160 + 50, 0] == pytest.approx(2.5 * 50 / 50.5, abs=1e-4)


def test_zoom_never_shows_the_meadow_smaller_than_it_is_painted():
    scene = open_scene(f"zoom?{SIZE}&speed=20&frames=200")
    slopes = [scene.flow(0, gap)[80, 200, 0] - scene.flow(0, gap)[80, 199, 0] for gap in range(1, 200)]
    assert -1e-4 < min(slopes) < 0.1 and 0.5 < max(slopes) < 0.6 + 1e-4


@pytest.mark.parametrize(("index", "gap"), [(0, 1), (11, 1), (12, 1), (5, 30), (30, 20)])
def test_shear_slides_rows_along_themselves_and_turns_back(index, gap):
    scene = open_scene(f"shear?{SIZE}&speed=3.4")
    slopes = [triangle(0.04 * time, -0.5, 0.5) for time in (index, index + gap)]  # 3.4 px a frame at 85 px
    check(scene, index, gap, about(114.5, 84.5, matrix(1, slopes[1] - slopes[0], 0, 1)))


def test_shear_moves_the_lower_rim_to_the_right_by_speed_and_nothing_up_or_down():
    flow = open_scene(f"shear?{SIZE}&speed=3").flow(0)
    assert flow[-1, :, 0] == pytest.approx(3 * 84.5 / 85, abs=1e-4)
    assert (flow[..., 1] == 0).all()


AFFINE = {
    "speed": 2.6,
    "direction": 50.0,
    "rotation": -1.5,
    "zoom": 0.02,
    "shear": 0.03,
    "stretch": -0.01,
}


def affine_pose(time, speed, direction, rotation, zoom, shear, stretch):
    """Return the homogeneous matrix from the wall to the picture at `time`."""
    far = [speed * time * turn(np.deg2rad(direction)) for turn in (np.cos, np.sin)]
    x, y = (triangle(0.5 * last + part, 0.25 * last, 0.75 * last) for part, last in zip(far, (229, 169), strict=True))
    cosine, sine = np.cos(np.deg2rad(rotation * time)), np.sin(np.deg2rad(rotation * time))
    size = 1.5 ** (triangle(np.log1p(zoom) * time / np.log(1.5), 0, 1))
    slant = triangle(shear * time, -0.3, 0.3)
    longer = 1.1 ** triangle(np.log1p(stretch) * time / np.log(1.1), -1, 1)
    pose = matrix(1, 0, 0, 1, x, y) @ matrix(cosine, -sine, sine, cosine) @ matrix(size, 0, 0, size)
    return pose @ matrix(1, slant, 0, 1) @ matrix(longer, 0, 0, 1 / longer)


@pytest.mark.parametrize(("index", "gap"), [(0, 1), (3, 5), (10, 1), (22, 14)])
@pytest.mark.parametrize("alone", [*AFFINE, "all"])
def test_affine_is_six_numbers_that_each_knob_adds_to(alone, index, gap):
    on = AFFINE if alone == "all" else {knob: AFFINE[knob] for knob in {alone, "direction"}}
    knobs = dict.fromkeys(AFFINE, 0.0) | on
    scene = open_scene(f"affine?{SIZE}&" + "&".join(f"{knob}={value}" for knob, value in knobs.items()))
    start, end = (affine_pose(time, **knobs) for time in (index, index + gap))
    check(scene, index, gap, end @ np.linalg.inv(start))
    assert (np.abs(scene.flow(index, gap)).max() > 0.1) == (alone != "direction")


def test_affine_never_carries_the_wall_away():
    scene = open_scene(f"affine?{SIZE}&frames=600&speed=9&rotation=1")
    turning = 2 * np.sin(np.deg2rad(0.5)) * np.hypot(0.75 * 229, 0.75 * 169)  # of the corner farthest from the middle
    fastest = max(float(np.hypot(*np.moveaxis(scene.flow(index), 2, 0)).max()) for index in range(0, 599, 23))
    assert 9 < fastest < 9 + turning + 0.02 * 229


def swayed(time, x, y, speed, wavelength, direction):
    """Return where waves carry the reef's points (x, y): two sines, each seen along and across its course."""
    each = speed / np.sqrt(1 + 1.2**2)
    along = np.array([np.cos(np.deg2rad(direction)), np.sin(np.deg2rad(direction))])
    across = np.array([-along[1], along[0]])
    points = np.stack([x, y], axis=-1)
    for length, course, pushed in ((wavelength, across, along), (0.77 * wavelength, along, across)):
        amplitude = 0.2 * length / (2 * np.pi)
        phase = 2 * np.pi * (points @ course) / length - each * time / amplitude
        points = points + amplitude * np.sin(phase)[..., None] * pushed
    return points


@pytest.mark.parametrize(("index", "gap"), [(0, 1), (17, 1), (5, 14)])
@pytest.mark.parametrize("knobs", [(2.0, 120.0, 20.0), (9.0, 300.0, -110.0)])
def test_waves_carry_every_point_as_two_sines_do(knobs, index, gap):
    names = ("speed", "wavelength", "direction")
    scene = open_scene(f"waves?{SIZE}&" + "&".join(f"{k}={v}" for k, v in zip(names, knobs, strict=True)))
    seen = np.stack([X, Y], axis=-1)
    reef = seen.copy()
    for _ in range(60):  # the point of the reef seen at each pixel, found by iteration instead of a formula
        reef += seen - swayed(index, reef[..., 0], reef[..., 1], *knobs)
    expected = swayed(index + gap, reef[..., 0], reef[..., 1], *knobs) - seen
    np.testing.assert_allclose(scene.flow(index, gap), expected, atol=1e-4)


def test_waves_are_never_faster_than_speed_and_reach_it_somewhere():
    scene = open_scene("waves?speed=0.5&wavelength=150")
    fastest = max(float(np.hypot(*np.moveaxis(scene.flow(index), 2, 0)).max()) for index in (0, 20, 41))
    assert 0.49 < fastest <= 0.5 + 1e-5


def test_waves_keep_the_area_of_every_patch():
    flow = open_scene(f"waves?{SIZE}&speed=5&wavelength=150").flow(4, 3).astype(np.float64)
    (u_y, u_x), (v_y, v_x) = (np.gradient(flow[..., part]) for part in (0, 1))
    area = (1 + u_x) * (1 + v_y) - u_y * v_x
    assert np.abs(area[2:-2, 2:-2] - 1).max() < 1e-3
    assert np.abs(u_x).max() > 0.05, "and yet it is no plain shift"


@pytest.mark.parametrize("name", WARPS)
def test_only_what_leaves_the_picture_is_lost(name):
    scene = open_scene(f"{name}?{SIZE}&speed=4")
    flow = scene.flow(6, 3).astype(np.float64)
    x, y = X + flow[..., 0], Y + flow[..., 1]
    beyond = np.max([-x, x - (W - 1), -y, y - (H - 1)], axis=0)
    lost = scene.occlusion(6, 3)
    assert lost[beyond > 1e-3].all() and not lost[beyond < -1e-3].any()
    assert 0 < lost.sum() < 0.25 * lost.size


@pytest.mark.parametrize("name", WARPS)
def test_the_truth_knows_of_no_things(name):
    scene = open_scene(f"{name}?{SIZE}&frames=9")
    assert all(scene.objects(index) == () for index in range(9))


@pytest.mark.parametrize("name", WARPS)
def test_without_speed_nothing_moves(name):
    still = "&rotation=0&zoom=0&shear=0&stretch=0" if name == "affine" else ""
    scene = open_scene(f"{name}?{SIZE}&speed=0{still}")
    np.testing.assert_allclose(scene.flow(3, 20), np.zeros((H, W, 2)), atol=1e-12)
    assert not scene.occlusion(3, 20)[1:-1, 1:-1].any()


def least_stretches(motion, times):
    """Return the smallest singular value of d(picture) / d(layer) at each time, over a picture, by differences."""
    for time in times:
        x, y = motion.to_picture(time, X, Y)
        (x_y, x_x), (y_y, y_x) = np.gradient(x, 1.0), np.gradient(y, 1.0)
        jacobian = np.stack([np.stack([x_x, x_y], -1), np.stack([y_x, y_y], -1)], -2)[1:-1:5, 1:-1:5]
        yield np.linalg.svd(jacobian, compute_uv=False)[..., 1].min()


@pytest.mark.parametrize(
    ("text", "painter"),
    [
        ("rotation?speed=9", "old_town"),
        ("zoom?speed=9", "meadow"),
        ("shear?speed=8.5", "tartan"),
        ("affine?speed=0&rotation=3&zoom=0&shear=0.05&stretch=-0.02", "painted_tiles"),
        ("affine?speed=0&rotation=3&zoom=0&shear=-0.05&stretch=0.02", "painted_tiles"),
        ("waves?speed=3&wavelength=100", "reef"),
    ],
)
def test_detail_is_painted_so_that_the_strongest_squeeze_leaves_it_as_coarse_as_the_knob_says(
    text, painter, monkeypatch
):
    painted = []
    module = f"flowlab.scenes.{text.partition('?')[0]}"
    grey = np.full((32, 32, 3), 128, np.float32)
    monkeypatch.setattr(f"{module}.{painter}", lambda shape, sigma, rng: painted.append(sigma) or grey)
    scene = open_scene(f"{text}&{SIZE}&texture=2")
    scene.frame(0)
    finest = painted[0] * min(least_stretches(scene._world.layers[0].motion, range(60)))
    assert 2 - 1e-6 <= finest < 2.05


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("rotation?centre_x=1.2", "centre_x is 1.2: give a number from 0 to 1 \\(of the width\\)"),
        ("zoom?focus_y=-0.1", "focus_y is -0.1: give a number from 0 to 1 \\(of the height\\)"),
        ("zoom?speed=-1", "speed is -1.0: give a number from 0 to 20"),
        ("shear?direction=3", "there is no parameter ‘direction’"),
        ("affine?zoom=-0.01", "zoom is -0.01: give a number from 0 to 0.05"),
        ("affine?rotation=nan", "rotation is nan: give a number from -5 to 5"),
        ("affine?shear=0.2", "shear is 0.2: give a number from -0.05 to 0.05"),
        ("waves?wavelength=20", "wavelength is 20.0: give a number from 100 to 1000 \\(px\\)"),
    ],
)
def test_knobs_out_of_range_are_refused(text, says):
    with pytest.raises(ParameterError, match=says):
        open_scene(text)


@pytest.mark.parametrize(("height", "width"), [(64, 64), (360, 640), (1080, 1920)])
def test_a_tile_to_be_turned_holds_the_picture_at_any_angle(height, width):
    rows, columns = turning_tile_shape(height, width)
    assert rows == columns
    assert np.hypot(height, width) <= rows < np.hypot(height, width) + 32
