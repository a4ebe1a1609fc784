"""A board under a homography: its quad, its flow and its pictures agree with the camera's formula."""

import cv2
import numpy as np
import pytest

from flowlab.core.resample import pixel_grid
from flowlab.errors import ParameterError
from flowlab.scenes.homography_motion import HomographyMotion, attitude, board_homography, magnifications, projected
from flowlab.scenes.planar import PlanarParameters, planar, planar_homography
from flowlab.scenes.poster import Poster, walnut
from flowlab.scenes.registry import open_scene

KNOBS = PlanarParameters(width=230, height=170, frames=40, speed=3.0)
REACH = 0.48 * 230 / 2, 0.48 * 230 * 3 / 8
CORNERS = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * REACH


def moved(homography, points):
    return cv2.perspectiveTransform(np.asarray(points, np.float64)[:, None], homography)[:, 0]


def inside(quad, x, y):
    """Return whether positions lie within a convex quad, whose corners go clockwise as seen."""
    sides = np.roll(quad, -1, axis=0) - quad
    return np.all([(y - py) * dx - (x - px) * dy > 0 for (px, py), (dx, dy) in zip(quad, sides, strict=True)], axis=0)


@pytest.mark.parametrize("time", [0, 7.25, 39])
def test_the_homography_is_a_camera_looking_at_a_rigid_board(time):
    homography = planar_homography(KNOBS, time)
    assert homography.shape == (3, 3) and homography.dtype == np.float64
    assert homography[2, 2] == 1
    focal = 1.3 * 230
    camera = np.array([[focal, 0, 114.5], [0, focal, 84.5], [0, 0, 1]])
    first, second, _ = np.linalg.solve(camera, homography).T
    assert first @ second == pytest.approx(0, abs=1e-15)
    assert np.linalg.norm(first) == pytest.approx(np.linalg.norm(second), rel=1e-12)


@pytest.mark.parametrize("index", [0, 17, 39])
def test_the_quad_is_the_boards_corners_from_its_own_top_left_clockwise(index):
    (board,) = planar(KNOBS).objects(index)
    assert board.name == "board"
    np.testing.assert_allclose(board.quad, moved(planar_homography(KNOBS, index), CORNERS), atol=1e-9)
    top_left, top_right, bottom_right, bottom_left = board.quad
    assert top_left[0] < top_right[0] and bottom_left[0] < bottom_right[0]
    assert top_left[1] < bottom_left[1] and top_right[1] < bottom_right[1]


@pytest.mark.parametrize(("index", "gap"), [(0, 1), (5, 1), (4, 30)])
def test_flow_is_the_step_of_the_homography_on_the_board_and_the_tables_elsewhere(index, gap):
    scene = planar(KNOBS)
    x, y = (grid.astype(np.float64) for grid in pixel_grid(170, 230))
    for start, end, flow in (
        (index, index + gap, scene.flow(index, gap)),
        (index + gap, index, scene.backward_flow(index, gap)),
    ):
        step = planar_homography(KNOBS, end) @ np.linalg.inv(planar_homography(KNOBS, start))
        places = np.stack([x.ravel(), y.ravel()], axis=1)
        expected = (moved(step, places) - places).reshape(170, 230, 2)
        table = (end - start) * np.array([np.cos(np.deg2rad(155)), np.sin(np.deg2rad(155))])
        on_board = inside(moved(planar_homography(KNOBS, start), CORNERS), x, y)
        assert 0.1 < on_board.mean() < 0.4
        np.testing.assert_allclose(flow[on_board], expected[on_board], atol=1e-4)
        np.testing.assert_allclose(flow[~on_board], np.broadcast_to(table, flow[~on_board].shape), atol=1e-4)


@pytest.mark.parametrize("gap", [1, 12])
def test_the_board_hides_what_of_the_table_lies_behind_it_next(gap):
    knobs = PlanarParameters(width=230, height=170, frames=40, speed=3.0, background_speed=2.0)
    x, y = (grid.astype(np.float64) for grid in pixel_grid(170, 230))
    quads = [moved(planar_homography(knobs, index), CORNERS) for index in (5, 5 + gap)]
    table = ~inside(quads[0], x, y)
    new_x, new_y = x + 2 * gap * np.cos(np.deg2rad(155)), y + 2 * gap * np.sin(np.deg2rad(155))
    hidden = inside(quads[1], new_x, new_y)
    outside = (new_x < 0) | (new_x > 229) | (new_y < 0) | (new_y > 169)
    np.testing.assert_array_equal(planar(knobs).occlusion(5, gap)[table], (hidden | outside)[table])
    assert (table & hidden).sum() > 20


def test_trackers_find_the_homography_in_the_pictures():
    scene = open_scene("planar?speed=3")
    first, second = scene.frame(20).grey, scene.frame(21).grey
    (board,) = scene.objects(20)
    mask = cv2.fillConvexPoly(np.zeros_like(first), np.rint(board.quad).astype(np.int32), 255)
    corners = cv2.goodFeaturesToTrack(first, 200, 0.02, 6, mask=cv2.erode(mask, np.ones((19, 19))))
    assert len(corners) >= 100, "rich in corners"
    found, status, _ = cv2.calcOpticalFlowPyrLK(first, second, corners, None)
    step, _ = cv2.findHomography(corners[status == 1], found[status == 1], cv2.RANSAC, 0.3)
    (later,) = scene.objects(21)
    np.testing.assert_allclose(moved(step, board.quad), later.quad, atol=0.2)


def test_speed_is_the_root_mean_square_of_the_middles():
    knobs = PlanarParameters(speed=2.0)
    times = np.arange(6000)
    middle = np.array([planar_homography(knobs, time)[:2, 2] for time in times])
    steps = np.diff(middle, axis=0)
    assert np.sqrt((steps**2).sum(axis=1).mean()) == pytest.approx(2, rel=0.01)


def test_at_speed_0_the_board_stands_still():
    knobs = PlanarParameters(speed=0.0)
    np.testing.assert_array_equal(planar_homography(knobs, 0), planar_homography(knobs, 33))


@pytest.mark.parametrize(("width", "height"), [(640, 360), (200, 300)])
def test_the_board_stays_in_the_picture_mostly(width, height):
    scene = planar(PlanarParameters(width=width, height=height, speed=20.0, frames=600))
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    for index in range(0, 600, 4):
        (board,) = scene.objects(index)
        quad = board.quad.astype(np.float32)
        seen, _ = cv2.intersectConvexConvex(quad, frame)
        assert seen > 0.9 * cv2.contourArea(quad)


@pytest.mark.parametrize("sigma", [1.5, 3.0])
def test_the_boards_paint_never_becomes_finer_than_the_texture_knob(sigma):
    knobs = PlanarParameters(width=400, height=300, frames=300, speed=6.0, texture=sigma, background_speed=0.0)
    world = planar(knobs)._world
    tile = world.layers[1].texture._paint().mean(axis=2).astype(np.float64)
    power = np.abs(np.fft.fft2(tile - tile.mean())) ** 2
    frequency = np.hypot(np.fft.fftfreq(tile.shape[0])[:, None], np.fft.fftfreq(tile.shape[1])[None, :])
    reach = world.layers[1].outline.reach
    least = min(
        magnifications(planar_homography(knobs, time), *(CORNERS / REACH * reach).T).min() for time in range(300)
    )
    assert 0.5 < least < 0.85
    # Seen so much smaller, every frequency is so much higher; the Gaussian's own three times over is the end.
    assert power[frequency / least > 3 / (2 * np.pi * sigma)].sum() < 1e-4 * power.sum()


def test_a_board_seen_square_on_is_magnified_and_stands_where_it_was_put():
    homography = board_homography(attitude(0, 0, 0), (70, 90), 0.8, (300, 80, 60))
    np.testing.assert_allclose(homography, [[0.8, 0, 70], [0, 0.8, 90], [0, 0, 1]], atol=1e-12)


def test_magnifications_are_those_of_small_steps():
    homography = board_homography(attitude(0.4, -0.3, 0.2), (70, 90), 0.9, (300, 80, 60))
    x, y = np.array([10.0, -40, 55]), np.array([-20.0, 30, 5])
    angle = np.linspace(0, np.pi, 721)
    for k in range(3):
        circle = projected(homography, x[k] + 1e-4 * np.cos(angle), y[k] + 1e-4 * np.sin(angle))
        middle = projected(homography, x[k], y[k])
        steps = np.hypot(circle[0] - middle[0], circle[1] - middle[1]) / 1e-4
        assert magnifications(homography, x, y)[k] == pytest.approx(steps.min(), rel=1e-4)


def test_attitude_is_a_rotation_and_brings_right_and_upper_edges_nearer():
    turn = attitude(0.5, -0.7, 1.1)
    np.testing.assert_allclose(turn @ turn.T, np.eye(3), atol=1e-15)
    assert np.linalg.det(turn) == pytest.approx(1)
    assert (attitude(0.3, 0, 0) @ [1, 0, 0])[2] < 0 > (attitude(0, 0.3, 0) @ [0, -1, 0])[2]
    np.testing.assert_allclose(attitude(0, 0, np.pi / 2) @ [1, 0, 0], [0, 1, 0], atol=1e-15)


def test_a_homography_motion_is_exact_both_ways_on_rows_and_columns():
    motion = HomographyMotion(lambda time: planar_homography(KNOBS, time))
    x, y = np.arange(0.0, 230, 7)[None], np.arange(0.0, 170, 5)[:, None]
    back = motion.to_picture(3.5, *motion.to_layer(3.5, x, y))
    np.testing.assert_allclose(back[0], np.broadcast_to(x, back[0].shape), atol=1e-10)
    np.testing.assert_allclose(back[1], np.broadcast_to(y, back[1].shape), atol=1e-10)


def test_the_poster_looks_alike_nowhere():
    tile = np.clip(np.roll(Poster(300).paint(1.5, np.random.default_rng(0)), (112, 150), (0, 1)), 0, 255)
    sheet = cv2.cvtColor(tile[:225, :300].astype(np.uint8), cv2.COLOR_RGB2GRAY)
    for column, row in ((40, 20), (30, 90), (110, 120), (200, 70), (240, 150)):
        patch = sheet[row : row + 48, column : column + 48]
        match = cv2.matchTemplate(sheet, patch, cv2.TM_CCOEFF_NORMED)
        assert match[row, column] == pytest.approx(1, abs=1e-3)
        match[max(0, row - 12) : row + 13, max(0, column - 12) : column + 13] = -1
        assert match.max() < 0.75


def test_poster_and_table_leave_room_to_black_and_white_and_are_reproducible():
    for paint in (lambda rng: Poster(300).paint(1.5, rng), lambda rng: walnut((192, 256), 1.5, rng)):
        first, second = (paint(np.random.default_rng(4)) for _ in "ab")
        np.testing.assert_array_equal(first, second)
        assert first.dtype == np.float32
        assert np.percentile(first, 0.1) > 0 and np.percentile(first, 99.9) < 255
        assert np.abs(first - paint(np.random.default_rng(5))).mean() > 3


def test_a_knob_out_of_range_is_refused():
    with pytest.raises(ParameterError, match=r"background_speed is 21\.0: give a number from 0 to 20"):
        open_scene("planar?background_speed=21")
