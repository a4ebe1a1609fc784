"""The grid of arrows, and arrows as pixels."""

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.core.resample import pixel_grid
from flowlab.drawing.arrows import arrow_count, arrow_grid, draw_arrows
from flowlab.drawing.scales import ColourMap, colour_table
from flowlab.errors import ParameterError

LIGHT = 230


def light_picture(height: int = 61, width: int = 101) -> NDArray[np.uint8]:
    return np.full((height, width, 3), LIGHT, np.uint8)


def one_vector(u: float, v: float, height: int = 61, width: int = 101) -> NDArray[np.float32]:
    """Return a flow that is known at its middle pixel only, which a spacing of 25 or 500 picks."""
    flow = np.full((height, width, 2), np.nan, np.float32)
    flow[height // 2, width // 2] = (u, v)
    return flow


def drawn_box(drawn: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Return first and last column, first and last row that differ from the light picture."""
    rows, columns = np.nonzero((drawn != LIGHT).any(axis=2))
    return int(columns.min()), int(columns.max()), int(rows.min()), int(rows.max())


# --- the grid ------------------------------------------------------------------------------------


def test_vga_every_16_pixels_has_1200_arrows() -> None:
    assert arrow_count(480, 640, 16) == 1200


@pytest.mark.parametrize(("height", "width", "spacing"), [(48, 70, 16), (5, 90, 7), (1, 1, 4), (33, 17, 1)])
def test_the_grid_is_regular_centred_and_as_large_as_announced(height: int, width: int, spacing: int) -> None:
    arrows = arrow_grid(np.zeros((height, width, 2), np.float32), spacing)
    assert len(arrows.x) == arrow_count(height, width, spacing)
    for places, size in ((np.unique(arrows.x), width), (np.unique(arrows.y), height)):
        assert (np.diff(places) == spacing).all()
        before, after = places[0], size - 1 - places[-1]
        assert 0 <= after - before <= 1
        assert before < spacing


def test_every_arrow_has_the_flow_of_its_own_pixel() -> None:
    x, y = pixel_grid(50, 83)
    arrows = arrow_grid(np.dstack([100 + x, -y]), 9)
    np.testing.assert_array_equal(arrows.u, 100 + arrows.x)
    np.testing.assert_array_equal(arrows.v, -arrows.y)
    np.testing.assert_allclose(arrows.speed, np.hypot(arrows.u, arrows.v))


def test_unknown_vectors_have_no_arrow() -> None:
    flow = np.zeros((20, 30, 2), np.float32)
    flow[:, :15, 0] = np.nan
    flow[:10, :, 1] = np.inf
    arrows = arrow_grid(flow, 4)
    assert len(arrows.x) > 0
    assert (arrows.x >= 15).all() and (arrows.y >= 10).all()


def test_a_spacing_wider_than_the_picture_leaves_the_middle() -> None:
    arrows = arrow_grid(np.zeros((21, 31, 2), np.float32), 500)
    assert (arrows.x.tolist(), arrows.y.tolist()) == ([15], [10])


@pytest.mark.parametrize("spacing", [0, -4, 2.5, np.nan])
def test_a_spacing_that_is_no_number_of_pixels_is_refused(spacing: float) -> None:
    with pytest.raises(ParameterError, match=r"spacing is .*: give a whole number of pixels, 1 or more"):
        arrow_count(10, 12, spacing)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="spacing is"):
        arrow_grid(np.zeros((10, 12, 2), np.float32), spacing)  # type: ignore[arg-type]


# --- drawn into pixels ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("u", "v", "box"),
    [(4, 0, (50, 70, 30, 30)), (-4, 0, (30, 50, 30, 30)), (0, 2, (50, 50, 30, 40)), (3, -2, (50, 65, 20, 30))],
)
def test_an_arrow_runs_from_its_pixel_to_gain_times_its_displacement(
    u: float, v: float, box: tuple[int, int, int, int]
) -> None:
    drawn = draw_arrows(light_picture(), one_vector(u, v), spacing=25, gain=5, scale=8)
    first, last, top, bottom = drawn_box(drawn)
    margin = 5  # half the head, the outline and its smoothing
    assert box[0] - margin <= first <= box[0] + 1 and box[1] - 1 <= last <= box[1] + margin
    assert box[2] - margin <= top <= box[2] + 1 and box[3] - 1 <= bottom <= box[3] + margin


def test_arrows_far_apart_are_drawn_with_thicker_lines() -> None:
    near, far = (draw_arrows(light_picture(), one_vector(6, 0), spacing=s, gain=5, scale=8) for s in (25, 500))
    assert (far[:, 58] != LIGHT).any(axis=1).sum() > (near[:, 58] != LIGHT).any(axis=1).sum()


def test_the_head_is_at_the_tip() -> None:
    drawn = draw_arrows(light_picture(), one_vector(6, 0), spacing=25, gain=5, scale=8)
    height = (drawn != LIGHT).any(axis=2).sum(axis=0)
    assert height[74:80].max() > height[50:70].max()


def test_a_shaft_has_the_colour_of_its_speed_on_a_fixed_scale() -> None:
    flow = one_vector(5, 0)
    drawn = draw_arrows(light_picture(), flow, spacing=25, gain=5, scale=10)
    expected = colour_table(ColourMap.SPEED)[128].astype(int)
    assert np.abs(drawn[30, 58].astype(int) - expected).max() <= 20  # smoothing takes some
    at_its_limit = draw_arrows(light_picture(), flow, spacing=25, gain=5, scale=2)
    assert np.abs(at_its_limit[30, 58].astype(int) - colour_table(ColourMap.SPEED)[255]).max() <= 20


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_fast_arrow_stands_out_from_a_dark_a_grey_and_a_light_picture(level: int) -> None:
    picture = np.full((61, 101, 3), level, np.uint8)
    drawn = draw_arrows(picture, one_vector(6, 0), spacing=25, gain=5, scale=6).astype(int)
    grey = drawn @ np.array([0.299, 0.587, 0.114])
    assert np.ptp(grey[24:37, 60]) > 90, "shaft, rim and picture differ in lightness"


def test_what_has_no_arrow_over_it_is_the_picture_itself() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (61, 101, 3), np.uint8)
    drawn = draw_arrows(picture, one_vector(4, 0), spacing=25, gain=5, scale=8)
    far = np.ones((61, 101), bool)
    far[24:37, 46:76] = False
    np.testing.assert_array_equal(drawn[far], picture[far])
    assert (drawn != picture).any()


def test_unknown_flow_leaves_the_picture_alone_and_a_still_one_dots_it() -> None:
    picture = light_picture(40, 60)
    unknown = np.full((40, 60, 2), np.nan, np.float32)
    np.testing.assert_array_equal(draw_arrows(picture, unknown, spacing=10, gain=3, scale=5), picture)
    dotted = draw_arrows(picture, np.zeros_like(unknown), spacing=10, gain=3, scale=5)
    assert 0 < (dotted != LIGHT).any(axis=2).sum() <= 9 * arrow_count(40, 60, 10)


def test_an_enormous_vector_keeps_its_direction() -> None:
    drawn = draw_arrows(light_picture(), one_vector(-1e12, 0), spacing=25, gain=1e6, scale=8)
    first, last, _, _ = drawn_box(drawn)
    assert first == 0 and last <= 53


def test_the_pictures_given_are_left_as_they_were() -> None:
    picture, flow = light_picture(), one_vector(4, 2)
    before = flow.copy()
    draw_arrows(picture, flow, spacing=25, gain=5, scale=8)
    assert (picture == LIGHT).all()
    np.testing.assert_array_equal(flow, before)


def test_a_picture_of_another_size_is_refused() -> None:
    with pytest.raises(ParameterError, match="the picture is 101x61 and the flow 61x101: give both at one size"):
        draw_arrows(light_picture(), one_vector(1, 0, 101, 61), spacing=8, gain=1, scale=1)


@pytest.mark.parametrize(("gain", "scale", "what"), [(0, 1, "gain is 0"), (-1, 1, "gain"), (1, np.nan, "scale is nan")])
def test_numbers_that_draw_nothing_are_refused(gain: float, scale: float, what: str) -> None:
    with pytest.raises(ParameterError, match=what):
        draw_arrows(light_picture(), one_vector(1, 0), spacing=8, gain=gain, scale=scale)
