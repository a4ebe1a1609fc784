"""The HSV forms against a plain transcription of what OpenCV publishes, and their legends."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.drawing.hsv import OPT_FLOW_RIM, hsv_opt_flow, hsv_tutorial, hsv_wheel
from flowlab.drawing.unknown import UNKNOWN_COLOUR
from flowlab.drawing.wheel import flow_wheel
from flowlab.errors import ParameterError


def published_tutorial(flow: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return what the loop of optical_flow_dense.py shows, red first."""
    hsv = np.zeros((*flow.shape[:2], 3), np.uint8)
    hsv[..., 1] = 255
    mag, ang = cv2.cartToPolar(flow[..., 0], flow[..., 1])
    hsv[..., 0] = ang * 180 / np.pi / 2
    hsv[..., 2] = cv2.normalize(mag, None, 0, 255, cv2.NORM_MINMAX)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[..., ::-1].copy()


def published_opt_flow(flow: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return what draw_hsv of opt_flow.py returns, red first."""
    h, w = flow.shape[:2]
    fx, fy = flow[:, :, 0], flow[:, :, 1]
    ang = np.arctan2(fy, fx) + np.pi
    v = np.sqrt(fx * fx + fy * fy)
    hsv = np.zeros((h, w, 3), np.uint8)
    hsv[..., 0] = ang * (180 / np.pi / 2)
    hsv[..., 1] = 255
    hsv[..., 2] = np.minimum(v * 4, 255)
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR)[..., ::-1]


FORMS = [(hsv_tutorial, published_tutorial), (hsv_opt_flow, published_opt_flow)]
DRAWERS = [hsv_tutorial, hsv_opt_flow]


def wild_flow(height: int = 67, width: int = 113, spread: float = 25) -> NDArray[np.float32]:
    """Return a flow of all directions, of speeds on both sides of 63.75 px, with exact axes and zeros in it."""
    flow = np.random.default_rng(4).normal(0, spread, (height, width, 2)).astype(np.float32)
    flow[0] = 0
    flow[1, :, 0] = 0
    flow[2, :, 1] = 0
    flow[3] = (0, -0.0)
    return flow


@pytest.mark.parametrize(("ours", "published"), FORMS)
@pytest.mark.parametrize("spread", [0.3, 25])
def test_colours_equal_the_published_code_bit_for_bit(ours, published, spread: float) -> None:
    flow = wild_flow(spread=spread)
    np.testing.assert_array_equal(ours(flow), published(flow))


@pytest.mark.parametrize(("ours", "published"), FORMS)
def test_directions_on_the_step_between_two_hues_are_cut_to_the_same_side(ours, published) -> None:
    degrees, speed = np.meshgrid(np.arange(0, 360, 2), np.linspace(1, 80, 301))
    flow = np.dstack([speed * np.cos(np.deg2rad(degrees)), speed * np.sin(np.deg2rad(degrees))]).astype(np.float32)
    np.testing.assert_array_equal(ours(flow), published(flow))


@pytest.mark.realdata
@pytest.mark.parametrize(("ours", "published"), FORMS)
def test_a_real_flow_too_is_drawn_bit_for_bit(ours, published, data_folder) -> None:
    video = cv2.VideoCapture(str(data_folder / "clips" / "slow_traffic_small.mp4"))
    first, second = (cv2.cvtColor(video.read()[1], cv2.COLOR_BGR2GRAY) for _ in range(2))
    flow = cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 3, 15, 3, 5, 1.2, 0)
    np.testing.assert_array_equal(ours(flow), published(flow))


def test_the_tutorial_points_red_to_the_right_and_opt_flow_to_the_left() -> None:
    flow = np.zeros((2, 2, 2), np.float32)
    flow[0, 1], flow[1, 0] = (70, 0), (-70, 0)
    for draw, red, cyan in ((hsv_tutorial, (0, 1), (1, 0)), (hsv_opt_flow, (1, 0), (0, 1))):
        assert draw(flow)[red].tolist() == [255, 0, 0]
        assert draw(flow)[cyan].tolist() == [0, 255, 255]
        assert draw(flow)[0, 0].tolist() == [0, 0, 0], "what stands still is black"


def test_down_is_the_hue_a_quarter_turn_after_right() -> None:
    flow = np.zeros((1, 3, 2), np.float32)
    flow[0, 1], flow[0, 2] = (0, 70), (0, -70)
    assert hsv_tutorial(flow)[0, 1].argmax() == 1 and hsv_tutorial(flow)[0, 2].argmax() == 2
    np.testing.assert_array_equal(hsv_opt_flow(flow)[0, 1], hsv_tutorial(flow)[0, 2])


def test_the_tutorials_colours_depend_on_what_else_moves_and_opt_flows_do_not() -> None:
    slow = np.zeros((3, 5, 2), np.float32)
    slow[0, 0] = (2, 1)
    fast = slow.copy()
    fast[2, 4] = (40, -30)
    assert (hsv_tutorial(slow)[0, 0] != hsv_tutorial(fast)[0, 0]).any()
    np.testing.assert_array_equal(hsv_opt_flow(slow)[0, 0], hsv_opt_flow(fast)[0, 0])


@pytest.mark.parametrize("draw", DRAWERS)
@pytest.mark.parametrize("bad", [(np.nan, 0), (0, np.nan), (np.inf, 1), (1, -np.inf), (np.nan, np.inf)])
def test_unknown_vectors_are_grey_and_change_no_other_colour(draw, bad: tuple[float, float]) -> None:
    flow = wild_flow(20, 31)
    known = draw(flow)
    flow[5, 7] = bad
    drawn = draw(flow)
    assert tuple(drawn[5, 7].tolist()) == UNKNOWN_COLOUR
    drawn[5, 7] = known[5, 7]
    np.testing.assert_array_equal(drawn, known)


def test_the_unknown_takes_no_part_in_the_normalisation() -> None:
    flow = wild_flow(20, 31)
    fastest = np.unravel_index(np.hypot(flow[..., 0], flow[..., 1]).argmax(), (20, 31))
    without = flow.copy()
    without[fastest] = (1, 2)
    expected = published_tutorial(without)
    assert (expected != published_tutorial(flow)).mean() > 0.1, "the fastest pixel sets the scale"
    flow[fastest] = np.nan
    expected[fastest] = UNKNOWN_COLOUR
    np.testing.assert_array_equal(hsv_tutorial(flow), expected)


@pytest.mark.parametrize("draw", DRAWERS)
def test_a_flow_unknown_everywhere_is_grey_everywhere(draw) -> None:
    assert (draw(np.full((4, 6, 2), np.nan, np.float32)) == UNKNOWN_COLOUR).all()


def test_where_all_is_equally_fast_the_tutorial_is_black() -> None:
    assert not hsv_tutorial(np.full((4, 6, 2), (3, -2), np.float32)).any()


def test_a_speed_whose_square_overflows_is_full_colour() -> None:
    assert hsv_opt_flow(np.full((2, 3, 2), (-1e30, 0), np.float32))[1, 2].tolist() == [255, 0, 0]


def test_no_flow_has_the_colour_of_the_unknown() -> None:
    for draw in DRAWERS:
        colours = draw(wild_flow()).astype(int)
        assert np.ptp(colours - UNKNOWN_COLOUR, axis=2).max() > 0
        assert np.abs(colours - UNKNOWN_COLOUR).max(axis=2).min() > 60


@pytest.mark.parametrize("draw", DRAWERS)
def test_the_flow_is_left_as_it_was(draw) -> None:
    flow = wild_flow(6, 9)
    flow[2, 3] = np.nan
    before = flow.copy()
    draw(flow)
    np.testing.assert_array_equal(flow, before)


@pytest.mark.parametrize("draw", DRAWERS)
@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3), (0, 5, 2)])
def test_a_flow_of_another_shape_is_refused(draw, shape: tuple[int, ...]) -> None:
    with pytest.raises(ParameterError, match=r"the flow has shape .*: give \(height, width, 2\)"):
        draw(np.zeros(shape, np.float32))


# --- the legends -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "rim"), [("tutorial", 50.0), ("opt_flow", OPT_FLOW_RIM)])
def test_the_legend_has_the_colour_of_the_flow_from_its_centre(form: str, rim: float) -> None:
    disc = hsv_wheel(form, 101)
    x, y = np.meshgrid(np.arange(101) - 50, np.arange(101) - 50)
    inside = np.hypot(x, y) <= 50
    flow = np.where(inside[..., None], np.dstack([x, y]) * (rim / 50), 0).astype(np.float32)
    drawn = {"tutorial": hsv_tutorial, "opt_flow": hsv_opt_flow}[form](flow).astype(int)
    # A quarter of a level more or less is a level, and two degrees of hue two or three.
    assert np.abs(disc[..., :3] - drawn)[inside].max() <= 9
    assert np.abs(disc[..., :3] - drawn)[inside].mean() < 0.5


@pytest.mark.parametrize("form", ["tutorial", "opt_flow"])
def test_legends_run_from_black_to_full_colour_at_the_rim(form: str) -> None:
    disc = hsv_wheel(form, 101)
    assert disc[50, 50].tolist() == [0, 0, 0, 255]
    assert disc[50, 1:100, :3].max(axis=1)[[0, -1]].min() >= 248
    assert abs(int(disc[50, 75].max(initial=0, where=[True, True, True, False])) - 127) <= 3


def test_legends_stand_as_the_wheel_does() -> None:
    np.testing.assert_array_equal(hsv_wheel("tutorial", 64)[..., 3], flow_wheel(64)[..., 3])
    on_page = hsv_wheel("opt_flow", 64, background=(18, 22, 26))
    assert on_page.shape == (64, 64, 3) and on_page[0, 0].tolist() == [18, 22, 26]


def test_a_form_that_is_not_published_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"form is ‘hsl’: give one of tutorial, opt_flow"):
        hsv_wheel("hsl", 64)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="size is 7"):
        hsv_wheel("tutorial", 7)
