"""Proof that the truth of every scene is true: against closed forms, against its own pictures, against methods."""

import cv2
import numpy as np
import pytest

from flowlab.core.resample import pixel_grid, sample, warp_back
from flowlab.scenes.motions import velocity
from flowlab.scenes.registry import SCENES, open_scene

SIZE = "width=230&height=170&frames=20"
EIGHT = [0.1 * np.array([np.cos(a), np.sin(a)], np.float32) for a in np.arange(8) * np.pi / 4]
KNOBS = ("texture=1.5", "texture=1", "texture=3&seed=3", "texture=8&speed=5", "speed=0.3", "speed=2&direction=0")
PLAIN = [f"scene:{name}?{SIZE}" for name in SCENES]
VARIANTS = [
    f"scene:{name}?{SIZE}&{knobs}"
    for name, kind in SCENES.items()
    for knobs in KNOBS
    if {knob.partition("=")[0] for knob in knobs.split("&")} <= {field.name for field in kind.parameters.fields()}
]
PATTERNS = [f"scene:bars?{SIZE}&pattern={pattern}" for pattern in ("barber-pole", "corner")]
VARIANTS += [f"{text}&{knobs}" for text in PATTERNS for knobs in KNOBS]


def test_the_yardstick_itself_moves_no_slope():
    # OpenCV's own cubic kernel reads a ramp up to 0.048 px beside the position asked for.
    x, y = pixel_grid(40, 50)
    shift = np.broadcast_to(np.float32([0.21, -0.37]), (40, 50, 2))
    for ramp, moved in ((x, x + 0.21), (y, y - 0.37)):
        np.testing.assert_allclose(warp_back(ramp, shift)[4:-4, 4:-4], moved[4:-4, 4:-4], atol=1e-4)


def photometric_error(scene, index, gap, flow):
    residual = np.abs(warp_back(scene.frame(index + gap).grey, flow) - scene.frame(index).grey)
    return float(np.nanmean(residual[~scene.occlusion(index, gap)]))


@pytest.mark.parametrize("gap", [1, 4])
@pytest.mark.parametrize("text", VARIANTS)
def test_warping_back_by_the_truth_rebuilds_the_frame_and_a_tenth_of_a_pixel_does_worse(text, gap):
    # No margin is left out: pixels on the edge between two layers count, and are few.
    scene = open_scene(text)
    truth = scene.flow(6, gap)
    assert truth.dtype == np.float32
    error = photometric_error(scene, 6, gap, truth)
    assert error <= 1.0
    assert error < min(photometric_error(scene, 6, gap, truth + shift) for shift in EIGHT)


@pytest.mark.parametrize("name", SCENES)
def test_the_default_clip_is_rebuilt_within_half_a_grey_level(name):
    scene = open_scene(name)
    assert photometric_error(scene, 29, 1, scene.flow(29)) < 0.5


@pytest.mark.parametrize("text", PLAIN)
def test_swapped_negated_and_mirrored_flows_are_told_from_the_truth(text):
    scene = open_scene(text)
    truth = scene.flow(6)
    error = photometric_error(scene, 6, 1, truth)
    for wrong in (truth[..., ::-1], -truth, truth * np.float32([1, -1]), truth * np.float32([-1, 1])):
        # A motion along an axis is its own mirror image.
        assert np.array_equal(wrong, truth) or photometric_error(scene, 6, 1, wrong) > 5 * error


def between_pixels(flow, x, y):
    """Return the flow at positions (x, y), and where cubic convolution tells it to better than 1e-4 px.

    It follows parabolas exactly and errs by 0.016 of a third difference, which an edge between layers makes large.
    """
    height, width = flow.shape[:2]
    column, row = (np.floor(a).astype(int).clip(1, size - 3) for a, size in ((x, width), (y, height)))
    around = np.stack([np.stack([flow[row + j, column + i] for i in range(-1, 3)]) for j in range(-1, 3)])
    bend = [np.abs(np.diff(around, 3, axis)).max(axis=(0, 1, -1)) for axis in (0, 1)]
    inside = (x >= 1) & (x < width - 2) & (y >= 1) & (y < height - 2)
    return sample(flow, x, y), inside & (np.maximum(*bend) < 2e-3)


@pytest.mark.parametrize("gap", [1, 5])
# A fifth of a small street is edges, where a flow has nothing to interpolate: test_street.py has its own test.
@pytest.mark.parametrize(
    "text", [*(text for text in PLAIN if "street" not in text), f"scene:bars?{SIZE}&pattern=corner"]
)
def test_backward_flow_undoes_forward_flow_where_a_point_stays_visible(text, gap):
    scene = open_scene(text)
    forward = scene.flow(3, gap)
    x, y = pixel_grid(*forward.shape[:2])
    visible = ~scene.occlusion(3, gap)
    backward, known = between_pixels(scene.backward_flow(3, gap), x + forward[..., 0], y + forward[..., 1])
    checked = visible & known
    assert checked.sum() > 0.9 * visible.sum()
    np.testing.assert_allclose(backward[checked], -forward[checked], atol=1e-4)


@pytest.mark.parametrize(("index", "gap"), [(0, 1), (17, 1), (5, 14)])
def test_translation_is_the_closed_form_everywhere(index, gap):
    scene = open_scene(f"translation?{SIZE}&speed=3.7&direction=-140")
    expected = gap * 3.7 * np.array([np.cos(np.deg2rad(-140)), np.sin(np.deg2rad(-140))])
    np.testing.assert_allclose(scene.flow(index, gap), np.broadcast_to(expected, (170, 230, 2)), atol=1e-4)
    np.testing.assert_allclose(scene.backward_flow(index, gap), np.broadcast_to(-expected, (170, 230, 2)), atol=1e-4)


def test_translation_loses_exactly_the_points_that_leave_the_picture():
    scene = open_scene(f"translation?{SIZE}&speed=5&direction=36.86989764584402")  # (4, 3) px a frame
    lost = np.zeros((170, 230), bool)
    lost[:, 230 - 8 :] = lost[170 - 6 :] = True
    # A displacement of exactly 8 px puts column 221 on the outermost centre, to the last bit either side.
    differs = scene.occlusion(0, 2) != lost
    assert not differs[:163, :221].any() and not differs[165:].any() and not differs[:, 223:].any()


def test_two_layers_move_by_their_own_knobs_and_the_leaf_is_where_the_picture_is_orange():
    scene = open_scene("two-layers?speed=3&direction=-20&background_speed=1.5&background_direction=100")
    rgb = scene.frame(20).rgb.astype(int)
    flow = scene.flow(20, 2)
    leaf, bed = (2 * np.array(velocity(*knobs)) for knobs in ((3, -20), (1.5, 100)))
    on_leaf, on_bed = (np.abs(flow - v).max(axis=-1) < 1e-4 for v in (leaf, bed))
    assert (on_leaf ^ on_bed).all()
    assert 0.05 < on_leaf.mean() < 0.25
    redness = rgb[..., 0] - rgb[..., 2]
    assert np.median(redness[on_leaf]) > 90
    assert np.percentile(redness[on_bed], 99) < 90


@pytest.mark.parametrize("gap", [1, 3])
def test_two_layers_hide_what_the_leaf_covers_next(gap):
    # Whole-pixel motion: the leaf's mask in the later frame says which pebbles it hides, with nothing in between.
    scene = open_scene("two-layers?speed=3&direction=0&background_speed=2&background_direction=180&frames=30")
    leaf, leaf_later = (scene.flow(index)[..., 0] > 0 for index in (10, 10 + gap))
    np.testing.assert_array_equal(leaf_later[:, 3 * gap :], leaf[:, : -3 * gap])
    expected = np.zeros_like(leaf)
    expected[:, 2 * gap :] = leaf_later[:, : -2 * gap]
    expected[:, : 2 * gap] = True
    expected &= ~leaf
    # Where the outermost column moves exactly onto the picture's edge, the last bit decides: leave it out.
    outside = np.s_[:, 2 * gap + 1 :]
    hidden = scene.occlusion(10, gap)
    np.testing.assert_array_equal(hidden[outside], expected[outside])
    assert hidden[:, : 2 * gap].all()
    assert hidden[outside].sum() > 100


def test_the_leaf_stays_in_the_picture_and_keeps_its_size():
    for text in ("two-layers", "two-layers?speed=20&frames=90", "two-layers?width=97&height=161&speed=9&direction=70"):
        scene = open_scene(f"{text}{'&' if '?' in text else '?'}background_speed=0")
        last = scene.info.frame_count - 1
        on_leaf = [scene.flow(index)[..., 0] != 0 for index in range(0, last, 7)]
        areas = [mask.sum() for mask in on_leaf]
        assert min(areas) > 0.97 * max(areas)
        for mask in on_leaf:
            assert not (mask[0].any() or mask[-1].any() or mask[:, 0].any() or mask[:, -1].any())


def test_truth_holds_while_the_leaf_turns_back():
    scene = open_scene("two-layers?width=230&height=170&speed=7&direction=35&frames=40")
    speeds = [np.abs(scene.flow(index)).max() for index in range(39)]
    turning = int(np.argmin(speeds))
    assert speeds[turning] < 0.9 * max(speeds)
    for index in (turning - 1, turning):
        flow = scene.flow(index, 2)
        error = photometric_error(scene, index, 2, flow)
        assert error <= 1.0
        assert error < min(photometric_error(scene, index, 2, flow + shift) for shift in EIGHT)


# What methods find of bars, test_bars.py shows. A street has detail on the pixel grid's own scale, which DIS's patches
# of half-size pictures do not see.
DIS_MEDIAN = {"street": 0.08}


@pytest.mark.parametrize("name", [name for name in SCENES if name != "bars"])
def test_opencv_methods_find_the_motion(name):
    scene = open_scene(name)
    first, second = scene.frame(20).grey, scene.frame(21).grey
    truth = scene.flow(20)
    farneback = cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 3, 15, 3, 5, 1.2, 0)
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(first, second, None)
    for found, median, mean in ((farneback, 0.05, 0.5), (dis, DIS_MEDIAN.get(name, 0.05), 0.3)):
        error = np.hypot(*np.moveaxis(found - truth, -1, 0))
        assert np.median(error) < median
        assert error.mean() < mean
