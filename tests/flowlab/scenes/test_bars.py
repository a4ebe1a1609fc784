"""The aperture problem: bars, a barber pole and a plain square against formulas of their own."""

import cv2
import numpy as np
import pytest

from flowlab.core.resample import pixel_grid, warp_back
from flowlab.errors import ParameterError
from flowlab.scenes.bar_paint import brass, paper, plaster, stripes
from flowlab.scenes.registry import open_scene

SIZE = "width=230&height=170&frames=20"
BARS, POLE, CORNER = (f"bars?{SIZE}&pattern={pattern}" for pattern in ("bars", "barber-pole", "corner"))
MIDDLE, RADIUS = 114.5, 51.0  # of the pole: 0.3 of the height


def unit(degrees):
    return np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])


def residual(scene, flow, index=6, gap=1):
    difference = np.abs(warp_back(scene.frame(index + gap).grey, flow) - scene.frame(index).grey)
    return float(np.nanmean(difference[~scene.occlusion(index, gap)]))


# --- bars ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("index", "gap"), [(0, 1), (5, 14)])
def test_bars_move_as_direction_and_speed_say_whatever_their_angle(index, gap):
    for angle in (-90, 0, 30):
        scene = open_scene(f"{BARS}&speed=3.7&direction=-140&angle={angle}")
        expected = np.broadcast_to(gap * 3.7 * unit(-140), (170, 230, 2))
        np.testing.assert_allclose(scene.flow(index, gap), expected, atol=1e-4)
        np.testing.assert_allclose(scene.backward_flow(index, gap), -expected, atol=1e-4)


def test_without_grain_every_motion_along_the_bars_explains_the_picture_as_well():
    scene = open_scene(f"{BARS}&grain=0")
    truth, along, across = scene.flow(6), unit(55), unit(145)
    error = residual(scene, truth)
    for step in (-6, -1.5, 0.7, 4):
        assert residual(scene, truth + np.float32(step * along)) < error + 0.05
    for step in (-0.5, 0.5):
        assert residual(scene, truth + np.float32(step * across)) > 5 * error


@pytest.mark.parametrize("grain", [1.0, 4.0])
def test_grain_is_all_that_changes_along_a_bar(grain):
    smooth, grained = (open_scene(f"{BARS}&grain={level}").frame(6).grey.astype(float) for level in (0, grain))
    # Both frames are rounded to whole levels: that adds 1/12 each.
    assert np.hypot(grain, np.sqrt(2 / 12)) == pytest.approx((grained - smooth).std(), rel=0.1)


def test_what_a_method_sees_is_the_motion_across_the_bars_which_is_not_the_true_one():
    scene = open_scene("bars?grain=0&noise=1")
    truth, along, across = scene.flow(20), unit(55), unit(145)
    found = cv2.calcOpticalFlowFarneback(scene.frame(20).grey, scene.frame(21).grey, None, 0.5, 3, 15, 3, 5, 1.2, 0)
    assert np.median(np.abs((found - truth) @ across)) < 0.3
    assert abs(np.median(found @ along)) < 0.1 < 1.5 < (truth[0, 0] @ along)


def test_bars_are_as_wide_as_asked_and_run_at_their_angle():
    def changes(width):
        picture = open_scene(f"bars?bar={width}&angle=90&texture=1.5&grain=0").frame(0).rgb.astype(int)
        assert np.abs(np.diff(picture, axis=0)).max() == 0, "upright bars"
        row = cv2.GaussianBlur(picture[:1].astype(np.float32), (0, 0), 3)[0]
        return int((np.abs(np.diff(row, axis=0)).sum(axis=1) > 12).sum())

    assert changes(20) > 1.5 * changes(80)
    level = open_scene("bars?angle=0&grain=0").frame(0).rgb.astype(int)
    assert np.abs(np.diff(level, axis=1)).max() == 0, "level bars"


# --- barber pole --------------------------------------------------------------------------------------------


def rolled(x, speed, time):
    """Where paint on the pole's column x stands later, by integrating dx/dt = speed cos(angle) in small steps."""
    steps = 400
    for _ in range(steps):
        k = speed * time / steps * np.sqrt(np.maximum(1 - ((x - MIDDLE) / RADIUS) ** 2, 0))
        half = speed * time / steps * np.sqrt(np.maximum(1 - ((x + k / 2 - MIDDLE) / RADIUS) ** 2, 0))
        x = x + half
    return x


@pytest.mark.parametrize("gap", [1, 6])
def test_paint_on_the_pole_moves_level_with_the_cosine_of_its_angle(gap):
    scene = open_scene(f"{POLE}&speed=2.5")
    flow, lost = scene.flow(3, gap), scene.occlusion(3, gap)
    x = np.arange(230.0)
    seen = (np.abs(x - MIDDLE) < RADIUS - 3) & ~lost[85]
    assert seen.sum() > 70
    np.testing.assert_allclose(flow[85, seen, 0], (rolled(x, 2.5, gap) - x)[seen], atol=1e-4)
    assert flow[85, 114, 0] == pytest.approx(2.5 * gap, rel=0.02)
    assert np.abs(flow[..., 1]).max() < 1e-9
    inner = np.s_[20:150]
    np.testing.assert_allclose(flow[inner], np.broadcast_to(flow[85], (130, 230, 2)), atol=1e-6)


@pytest.mark.parametrize("gap", [1, 6])
def test_the_pole_turns_back_exactly(gap):
    scene = open_scene(f"{POLE}&speed=2.5")
    x = np.arange(230.0)
    seen = (np.abs(x - MIDDLE) < RADIUS) & (x - MIDDLE > RADIUS * np.sin(2.5 * gap / RADIUS - np.pi / 2) + 0.5)
    before = MIDDLE + RADIUS * np.sin(np.arcsin((x - MIDDLE)[seen] / RADIUS) - 2.5 * gap / RADIUS)
    np.testing.assert_allclose(scene.backward_flow(3, gap)[85, seen, 0], before - x[seen], atol=1e-4)


@pytest.mark.parametrize("gap", [1, 8])
def test_paint_that_turns_to_the_far_side_is_lost_and_nothing_else(gap):
    lost = open_scene(f"{POLE}&speed=2.5").occlusion(3, gap)
    x = np.arange(230.0)
    on_pole = np.abs(x - MIDDLE) < RADIUS
    turned_away = on_pole & (x - MIDDLE > RADIUS * np.cos(2.5 * gap / RADIUS))
    np.testing.assert_array_equal(lost[20:150], np.broadcast_to(turned_away, (130, 230)))
    assert turned_away.any() == (RADIUS * (1 - np.cos(2.5 * gap / RADIUS)) > 0.5)
    assert not lost[:10].any() and not lost[-10:].any(), "the caps stand still before it"


def test_paint_that_went_round_is_not_taken_for_what_it_was():
    # 19 frames at 20 px make more than one turn of a pole 320 px round: nothing on it can be followed so far.
    lost = open_scene(f"{POLE}&speed=20").occlusion(0, 19)
    on_pole = np.abs(np.arange(230.0) - MIDDLE) < RADIUS
    np.testing.assert_array_equal(lost[85], on_pole)


def test_the_stripes_seem_to_rise_though_nothing_does():
    scene = open_scene("bars?pattern=barber-pole&grain=0&speed=2")
    first, second = (scene.frame(index).grey[60:300, 312:328].astype(np.float32) for index in (20, 21))
    middle = np.s_[20:-20]
    rise = np.arange(-10, 11)
    costs = [np.abs(np.roll(second, up, axis=0)[middle] - first[middle]).mean() for up in rise]
    assert rise[int(np.argmin(costs))] == round(2 * np.tan(np.deg2rad(55)))
    assert np.abs(scene.flow(20)[..., 1]).max() < 1e-9


def test_the_wall_and_the_caps_stand_still_and_the_pole_is_an_object_without_a_quad():
    scene = open_scene(POLE)
    flow = scene.flow(3)[..., 0]
    x = np.arange(230.0)
    assert (flow[:, np.abs(x - MIDDLE) > RADIUS] == 0).all() and (flow[:14] == 0).all() and (flow[-14:] == 0).all()
    (pole,) = scene.objects(7)
    assert (pole.name, pole.quad) == ("pole", None)
    assert pole.box == pytest.approx((MIDDLE - RADIUS, 0, 2 * RADIUS + 1, 170))


# --- corner -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("angle", [0, 55, -30])
def test_the_square_moves_and_its_quad_outlines_what_moves(angle):
    scene = open_scene(f"{CORNER}&speed=1.5&direction=-70&angle={angle}")
    flow, x, y = scene.flow(4, 3), *pixel_grid(170, 230)
    (now,), (later,) = scene.objects(4), scene.objects(7)
    assert now.name == "square"
    np.testing.assert_allclose(later.quad - now.quad, np.broadcast_to(4.5 * unit(-70), (4, 2)), atol=1e-9)
    sides = np.roll(now.quad, -1, axis=0) - now.quad
    np.testing.assert_allclose(np.hypot(*sides.T), 0.52 * 170, atol=1e-9)
    np.testing.assert_allclose(sides[0] / np.hypot(*sides[0]), unit(angle), atol=1e-9)
    outward = np.stack([sides[:, 1], -sides[:, 0]], axis=1)
    inside = np.all(
        [(x - px) * nx + (y - py) * ny < 0 for (px, py), (nx, ny) in zip(now.quad, outward, strict=True)], 0
    )
    np.testing.assert_array_equal(flow != 0, np.repeat(inside[..., None], 2, axis=2))
    np.testing.assert_allclose(flow[inside], np.broadcast_to(4.5 * unit(-70), (inside.sum(), 2)), atol=1e-4)


def test_corners_tell_the_motion_and_edges_do_not():
    scene = open_scene("bars?pattern=corner")
    weaker = cv2.cornerMinEigenVal(scene.frame(20).grey, 15)
    (square,) = scene.objects(20)

    def strength(point):
        return weaker[round(point[1]), round(point[0])]

    corners = [strength(point) for point in square.quad]
    edges = [strength((a + b) / 2) for a, b in zip(square.quad, np.roll(square.quad, 1, axis=0), strict=True)]
    assert min(corners) > 10 * max(edges)


@pytest.mark.parametrize("knobs", ["speed=20&frames=90", "width=97&height=161&speed=9&direction=70&angle=10"])
def test_the_square_stays_in_the_picture(knobs):
    scene = open_scene(f"bars?pattern=corner&{knobs}")
    for index in range(scene.info.frame_count):
        (square,) = scene.objects(index)
        x, y, width, height = square.box
        assert x >= -1e-9 and y >= -1e-9
        assert x + width <= scene.info.width + 1e-9 and y + height <= scene.info.height + 1e-9


@pytest.mark.parametrize("gap", [1, 4])
def test_the_square_hides_the_paper_before_it(gap):
    scene = open_scene(f"{CORNER}&speed=3&direction=0&angle=0")
    square, later = (scene.flow(index)[..., 0] > 0 for index in (5, 5 + gap))
    np.testing.assert_array_equal(scene.occlusion(5, gap), later & ~square)
    assert (later & ~square).sum() == pytest.approx(3 * gap * 88, rel=0.05)


# --- paint and knobs ----------------------------------------------------------------------------------------


def test_cloth_changes_across_the_bars_only_and_its_ends_join():
    tile = stripes((320, 96), 1.5, np.random.default_rng(3), width=20, grain=0)
    assert np.ptp(tile, axis=1).max() == 0
    column = tile[:, 0].astype(float)
    steps = np.abs(np.diff(column, axis=0)).max(axis=1)
    assert np.abs(column[0] - column[-1]).max() <= steps.max()
    assert column.min() >= 10 and column.max() <= 245


def test_the_grain_is_as_strong_as_asked_on_cloth_and_paper():
    rng = np.random.default_rng(0)
    cloth = stripes((160, 192), 4, rng, width=20, grain=3)
    sheet = paper((160, 192), rng, colour="e0b06a", grain=3)
    assert (cloth - cloth.mean(axis=1, keepdims=True)).std() == pytest.approx(3, rel=0.05)
    assert sheet.std(axis=(0, 1)) == pytest.approx([3, 3, 3], rel=0.01)
    assert sheet.mean(axis=(0, 1)) == pytest.approx([0xE0, 0xB0, 0x6A], abs=0.1)


def test_wall_and_brass_leave_room_to_black_and_white():
    rng = np.random.default_rng(0)
    for tile in (plaster((160, 192), 1.5, rng), brass((64, 256), 1.5, rng, radius=100)):
        assert tile.dtype == np.float32
        assert np.percentile(tile, 0.1) > 0 and np.percentile(tile, 99.9) < 255
        assert tile.std() > 3


@pytest.mark.parametrize(
    ("knob", "says"),
    [
        ("pattern=spiral", "pattern is ‘spiral’: give one of bars, barber-pole, corner"),
        ("angle=91", "angle is 91.0: give a number from -90 to 90 \\(degrees\\)"),
        ("bar=0", "bar is 0.0: give a number from 8 to 200 \\(px\\)"),
        ("grain=-1", "grain is -1.0: give a number from 0 to 20"),
    ],
)
def test_a_knob_out_of_range_is_refused(knob, says):
    with pytest.raises(ParameterError, match=says):
        open_scene(f"bars?{knob}")
