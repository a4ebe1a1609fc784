"""A scene as a clip: frames by index, light and noise as the knobs say."""

from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import cv2
import numpy as np
import pytest

from flowlab.core.truth import Truth
from flowlab.errors import ClipError, ParameterError
from flowlab.scenes.registry import SCENES, open_scene
from flowlab.scenes.scene import Scene, SceneParameters

SMALL = "width=150&height=110&frames=12"
ALL = [f"scene:{name}?{SMALL}" for name in SCENES]


def grey(text: str, index: int):
    return open_scene(text).frame(index).grey.astype(np.float64)


@pytest.mark.parametrize("text", ALL)
def test_facts_of_a_scene(text):
    scene = open_scene(text)
    assert (scene.info.kind, scene.info.fps, scene.info.frame_count) == ("scene", 25, 12)
    assert scene.time(11) == Fraction(11, 25)
    assert isinstance(scene, Truth)
    frame = scene.frame(3)
    assert frame.index == 3
    assert frame.rgb.shape == (110, 150, 3) and frame.rgb.dtype == np.uint8
    np.testing.assert_array_equal(frame.grey, cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY))


@pytest.mark.parametrize("text", [f"{text}&noise=4&gain=0.01&bias=1" for text in ALL])
def test_a_frame_has_the_same_bytes_in_any_order_of_access(text):
    scene = open_scene(text)
    forward = [frame.rgb for frame in scene.frames()]
    for index in (7, 0, 11, 7):
        np.testing.assert_array_equal(open_scene(text).frame(index).rgb, forward[index])
        np.testing.assert_array_equal(scene.frame(index).rgb, forward[index])
    scene.close()
    np.testing.assert_array_equal(scene.frame(5).rgb, forward[5])


def test_several_threads_may_ask_at_once():
    text = f"two-layers?{SMALL}&noise=2"
    alone = [frame.rgb for frame in open_scene(text).frames()]
    scene = open_scene(text)
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda index: scene.frame(index).rgb, range(12)))
    np.testing.assert_array_equal(together, alone)


def test_frames_streams_a_range_with_a_step():
    scene = open_scene(ALL[0])
    assert [frame.index for frame in scene.frames(2, 11, 3)] == [2, 5, 8]
    assert [frame.index for frame in scene.frames(9)] == [9, 10, 11]
    assert list(scene.frames(5, 5)) == []


def test_frames_outside_the_clip_are_refused():
    scene = open_scene(ALL[0])
    for index in (-1, 12, 10**9):
        with pytest.raises(ClipError, match=f"frame {index} is outside .*0 to 11"):
            scene.frame(index)
        with pytest.raises(ClipError):
            scene.time(index)
        with pytest.raises(ClipError):
            scene.flow(index)
    with pytest.raises(ClipError):
        scene.frames(0, 13)
    with pytest.raises(ClipError):
        scene.frames(-2, 3)
    with pytest.raises(ParameterError, match="step is 0"):
        scene.frames(0, 5, 0)


@pytest.mark.parametrize("truth", ["flow", "backward_flow", "occlusion"])
def test_gaps_outside_the_clip_are_refused(truth):
    ask = getattr(open_scene(ALL[0]), truth)
    assert ask(0, 11).shape[:2] == (110, 150)
    for gap in (0, -1, 12):
        with pytest.raises(ParameterError, match=f"gap is {gap}: from frame 0 give a whole number from 1 to 11"):
            ask(0, gap)
    with pytest.raises(ParameterError, match="frame 11 is the last one"):
        ask(11)


@pytest.mark.parametrize("text", ALL)
def test_noise_has_the_standard_deviation_asked_for_and_is_new_in_every_frame(text):
    clean = [grey(text, index) for index in (2, 3)]
    middle = (clean[0] > 40) & (clean[0] < 215) & (clean[1] > 40) & (clean[1] < 215)
    noise = [grey(f"{text}&noise=6", index)[middle] - clean[k][middle] for k, index in enumerate((2, 3))]
    assert middle.mean() > 0.8
    for field in noise:
        assert field.std() == pytest.approx(6, rel=0.05)
        assert abs(field.mean()) < 0.3
    assert abs(np.corrcoef(*noise)[0, 1]) < 0.05


@pytest.mark.parametrize("text", ALL)
def test_gain_multiplies_the_picture_by_its_share_a_frame(text):
    clean, lit = grey(text, 6), grey(f"{text}&gain=-0.03", 6)
    slope, offset = np.polyfit(clean.ravel(), lit.ravel(), 1)
    assert slope == pytest.approx(1 - 6 * 0.03, abs=0.003)
    assert abs(offset) < 0.5
    np.testing.assert_array_equal(grey(f"{text}&gain=-0.03", 0), grey(text, 0))


@pytest.mark.parametrize("text", ALL)
def test_bias_adds_its_grey_levels_a_frame(text):
    clean, lit = grey(text, 6), grey(f"{text}&bias=2.5", 6)
    unclipped = clean < 230
    assert (lit - clean)[unclipped].mean() == pytest.approx(15, abs=0.1)


def test_light_turns_back_before_the_picture_saturates():
    text = f"translation?{SMALL.replace('frames=12', 'frames=100')}"
    text = f"{text}&speed=0"
    clean = grey(text, 0)
    for index, levels in ((8, 40), (12, 20), (24, -40), (32, 0)):
        assert np.median(grey(f"{text}&bias=5", index) - clean) == pytest.approx(levels, abs=0.5)
    for index, factor in ((8, 1.4), (12, 1.2), (24, 0.6)):
        lit = grey(f"{text}&gain=0.05", index)
        assert np.median(lit / clean) == pytest.approx(factor, abs=0.02)


@pytest.mark.parametrize("text", ALL)
def test_another_seed_is_another_picture_of_the_same_motion(text):
    first, second = open_scene(text), open_scene(f"{text}&seed=1")
    assert np.abs(first.frame(0).grey.astype(float) - second.frame(0).grey).mean() > 10
    np.testing.assert_array_equal(first.flow(0), second.flow(0))


@pytest.mark.parametrize("text", ALL)
def test_a_larger_texture_has_less_fine_detail(text):
    def detail(sigma: float) -> float:
        picture = grey(f"{text}&texture={sigma}", 0)
        return float(np.abs(np.diff(picture, axis=1)).mean())

    assert detail(1.0) > 1.1 * detail(1.5) > 1.3 * detail(3) > 1.3 * detail(6)


@pytest.mark.parametrize("name", SCENES)
def test_no_part_of_a_default_picture_is_flat(name):
    picture = grey(name, 30)
    blocks = picture[: 360 // 20 * 20, :].reshape(18, 20, 32, 20).std(axis=(1, 3))
    assert blocks.min() > 3


@pytest.mark.parametrize("name", SCENES)
def test_a_default_picture_is_coloured_and_uses_its_range(name):
    rgb = open_scene(name).frame(0).rgb.astype(int)
    colourfulness = rgb.max(axis=2) - rgb.min(axis=2)
    assert np.median(colourfulness) > 15
    assert np.ptp(np.percentile(rgb, [2, 98])) > 100
    assert ((rgb == 0) | (rgb == 255)).mean() < 0.01


class Wall:
    """A world without motion, of one colour a column."""

    def __init__(self, *levels):
        self.levels = np.array(levels, np.float32)

    def render(self, time):
        return np.broadcast_to(self.levels[None, :, None], (2, self.levels.size, 3)).copy()


def test_grey_levels_are_rounded_to_the_nearest_and_end_at_black_and_white():
    scene = Scene("wall", SceneParameters(), Wall(100.4, 100.6, -20, 300))
    np.testing.assert_array_equal(scene.frame(0).rgb[1, :, 2], [100, 101, 0, 255])


def test_motion_blur_is_the_mean_of_the_moments_the_shutter_is_open():
    sharp = grey(f"translation?{SMALL}&speed=16&direction=0", 5)
    blurred = grey(f"translation?{SMALL}&speed=16&direction=0&blur=0.5", 5)
    # Half of 16 px a frame: a box 8 px long, centred on the frame's own time, so that nothing shifts.
    box = sum(np.roll(sharp, shift, axis=1) * (0.5 if abs(shift) == 4 else 1) for shift in range(-4, 5)) / 8
    inner = np.s_[:, 10:-10]
    near, far = (np.abs(blurred - other)[inner].mean() for other in (box, sharp))
    assert near < 0.5
    assert far > 5 * near


def test_blur_along_the_motion_leaves_detail_across_it():
    def fine(text: str) -> tuple[float, float]:
        picture = grey(text, 5)
        return float(np.abs(np.diff(picture, axis=1)).mean()), float(np.abs(np.diff(picture, axis=0)).mean())

    sharp_x, sharp_y = fine(f"translation?{SMALL}&speed=10&direction=0")
    blurred_x, blurred_y = fine(f"translation?{SMALL}&speed=10&direction=0&blur=1")
    assert blurred_x / sharp_x < 0.7 * blurred_y / sharp_y


def test_the_leaf_is_an_object_whose_box_holds_every_pixel_that_moves_with_it():
    scene = open_scene("two-layers?width=230&height=170&frames=20&speed=3&background_speed=0")
    for index in (0, 9):
        (leaf,) = scene.objects(index)
        x, y, width, height = leaf.box
        rows, columns = np.nonzero(np.hypot(*np.moveaxis(scene.flow(index), 2, 0)) > 1)
        assert leaf.name == "leaf"
        assert x <= columns.min() and columns.max() <= x + width - 1
        assert y <= rows.min() and rows.max() <= y + height - 1
    with pytest.raises(ClipError, match="20 is outside"):
        scene.objects(20)
