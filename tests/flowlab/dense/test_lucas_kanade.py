"""Dense Lucas-Kanade: known motions, what a step solves, what iterating does, and pictures without texture."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.core.gradients import gradients
from flowlab.core.resample import pixel_grid
from flowlab.core.window import least_squares
from flowlab.dense.lucas_kanade import LucasKanadeParameters, linearised, lucas_kanade, one_level, refine
from flowlab.errors import ParameterError
from flowlab.evaluation.metrics import endpoint_error
from tests.flowlab.tracking.surfaces import edge, grain, picture, waves

SHAPE = (96, 141)
USUAL = LucasKanadeParameters()
PLAIN = LucasKanadeParameters(median=1, damping=0.1)
Plane = NDArray[np.float32]


def moved(u: float, v: float, matrix: tuple[tuple[float, ...], ...] = ((1, 0), (0, 1))) -> tuple[Plane, Plane]:
    return picture(waves, shape=SHAPE), picture(waves, matrix, (u, v), SHAPE)


def still() -> NDArray[np.float32]:
    return np.zeros((*SHAPE, 2), np.float32)


def constant(u: float, v: float) -> NDArray[np.float32]:
    return np.full((*SHAPE, 2), (u, v), np.float32)


def inner_error(flow: NDArray[np.float32], truth: NDArray[np.float32], rim: int = 14) -> NDArray[np.float32]:
    return endpoint_error(flow, truth)[rim:-rim, rim:-rim]


@pytest.mark.parametrize("preset", LucasKanadeParameters.presets, ids=lambda preset: preset.name)
def test_identical_pictures_do_not_move(preset) -> None:
    first = grain(*SHAPE)
    np.testing.assert_array_equal(lucas_kanade(first, first, preset.values), still())


@pytest.mark.parametrize("preset", LucasKanadeParameters.presets, ids=lambda preset: preset.name)
@pytest.mark.parametrize(("u", "v"), [(0.3, -0.7), (3.0, 0.0), (-2.5, 4.25)])
def test_a_shift_is_found_everywhere(u: float, v: float, preset) -> None:
    error = inner_error(lucas_kanade(*moved(u, v), preset.values), constant(u, v))
    assert np.median(error) < 0.02
    assert error.max() < 0.15


def test_a_zoom_with_a_turn_is_followed_where_it_differs_from_pixel_to_pixel() -> None:
    matrix = np.array([[1.02, -0.03], [0.03, 0.98]])
    x, y = pixel_grid(*SHAPE)
    shift = np.array([-1.0, -1.5])
    truth = (np.stack([x, y], axis=-1) @ (matrix.T - np.eye(2)) + shift).astype(np.float32)
    flow = lucas_kanade(picture(waves, shape=SHAPE), picture(waves, matrix, shift, SHAPE), USUAL)
    assert np.median(inner_error(flow, truth)) < 0.08


# --- one step --------------------------------------------------------------------------------------


def test_from_rest_a_step_is_the_windowed_least_squares() -> None:
    first, second = moved(0.4, -0.3)
    fx, fy = gradients((first + second) / 2, USUAL.kernel)
    expected = np.stack(least_squares(fx, fy, second - first, PLAIN.window, damping=PLAIN.damping), axis=-1)
    inner = np.s_[8:-8, 8:-8]  # windows that hold no pixel of the rim, which has no vote
    np.testing.assert_allclose(refine(first, second, still(), PLAIN)[inner], expected[inner], atol=1e-4)


def test_a_step_solves_for_the_whole_flow_and_so_the_true_flow_stays() -> None:
    first, second = moved(2.5, -1.5)
    truth = constant(2.5, -1.5)
    stayed = refine(first, second, truth, USUAL)
    assert inner_error(stayed, truth).max() < 0.08  # what reading between pixels costs
    assert inner_error(stayed, truth).mean() < 0.02
    one_pixel_wrong = truth.copy()
    one_pixel_wrong[48, 70] += 0.5
    # A correction added to each pixel's own flow would keep this one apart from its neighbours.
    assert inner_error(refine(first, second, one_pixel_wrong, PLAIN), truth)[34, 56] < 0.03


def test_a_pixel_whose_flow_leads_out_of_the_picture_has_no_vote() -> None:
    first, second = moved(0, 0)
    parts = np.stack(linearised(first, second, constant(10, -4)))
    assert (parts[:, :4] == 0).all()
    assert (parts[:, :, -10:] == 0).all()
    assert (parts[:2, 4:-1, 1:-10] != 0).mean() > 0.99
    assert (parts[:, -1] == 0).all()  # nor has the rim
    assert (parts[:, :, 0] == 0).all()


def test_the_slopes_do_not_care_which_picture_comes_first() -> None:
    first, second = moved(0.4, -0.3)
    fx, fy, ft = linearised(first, second, still())
    gx, gy, gt = linearised(second, first, still())
    np.testing.assert_array_equal(fx, gx)
    np.testing.assert_array_equal(fy, gy)
    np.testing.assert_array_equal(ft, -gt)


@pytest.mark.parametrize("preset", LucasKanadeParameters.presets, ids=lambda preset: preset.name)
def test_iterating_on_and_on_does_no_harm(preset) -> None:
    first, second = moved(1.5, -1.0)
    noise = np.random.default_rng(1).normal(0, 5, (2, *SHAPE)).astype(np.float32)
    flow, errors = still(), []
    for _ in range(40):
        flow = refine(first + noise[0], second + noise[1], flow, preset.values)
        errors.append(float(inner_error(flow, constant(1.5, -1.0)).mean()))
    assert max(errors[2:]) < 1.2 * min(errors) + 0.01


def test_one_level_is_its_steps() -> None:
    first, second = moved(1.5, -1.0)
    flow = still()
    for _ in range(3):
        flow = refine(first, second, flow, USUAL)
    np.testing.assert_array_equal(one_level(first, second, still(), replace(USUAL, iterations=3)), flow)
    np.testing.assert_array_equal(lucas_kanade(first, second, replace(USUAL, iterations=3, levels=0)), flow)


def test_levels_reach_farther() -> None:
    first, second = moved(5, 7)
    alone, driven = (lucas_kanade(first, second, replace(USUAL, levels=levels)) for levels in (0, 2))
    assert np.median(inner_error(driven, constant(5, 7))) < 0.02
    assert np.median(inner_error(alone, constant(5, 7))) > 1


# --- what must make no difference ------------------------------------------------------------------


def test_a_constant_added_to_both_pictures_changes_nothing() -> None:
    first, second = moved(2.5, -1.5)
    usual = lucas_kanade(first, second, USUAL)
    np.testing.assert_allclose(lucas_kanade(first + 32, second + 32, USUAL), usual, atol=2e-3)


def test_contrast_changes_nothing_when_damping_goes_with_it() -> None:
    first, second = moved(2.5, -1.5)
    usual = lucas_kanade(first, second, USUAL)
    doubled = lucas_kanade(2 * first, 2 * second, replace(USUAL, damping=4 * USUAL.damping))
    np.testing.assert_array_equal(doubled, usual)


def test_exchanging_the_axes_exchanges_u_and_v() -> None:
    first, second = moved(2.5, -1.5)
    turned = lucas_kanade(np.ascontiguousarray(first.T), np.ascontiguousarray(second.T), USUAL)
    np.testing.assert_allclose(turned.transpose(1, 0, 2)[..., ::-1], lucas_kanade(first, second, USUAL), atol=1e-3)


# --- where nothing can be seen ---------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (3, 2), (40, 61)])
def test_a_flat_picture_has_no_flow_whatever_its_size(shape: tuple[int, int]) -> None:
    flat = np.full(shape, 90, np.uint8)
    brighter = np.full(shape, 120, np.uint8)
    np.testing.assert_array_equal(lucas_kanade(flat, flat, USUAL), np.zeros((*shape, 2)))
    np.testing.assert_allclose(lucas_kanade(flat, brighter, USUAL), np.zeros((*shape, 2)), atol=1e-4)


def test_a_straight_edge_moves_along_its_normal_only() -> None:
    first, second = (picture(edge(30, (70, 48)), shift=(u, 0.0), shape=SHAPE) for u in (0.0, 1.0))
    flow = one_level(first, second, still(), USUAL)[44:53, 66:75]
    normal = np.array([np.cos(np.deg2rad(30)), np.sin(np.deg2rad(30))])
    np.testing.assert_allclose(flow, np.broadcast_to(normal[0] * normal, flow.shape), atol=0.03)


def test_a_flat_place_takes_its_neighbours_flow() -> None:
    def fading(x: Plane, y: Plane) -> Plane:
        return 128 + (waves(x, y) - 128) * (1 - np.exp(-((((x - 70) ** 2 + (y - 48) ** 2) / 400) ** 2)))

    first, second = (picture(fading, shift=shift, shape=SHAPE) for shift in ((0, 0), (1.0, -0.5)))
    assert np.ptp(first[42:54, 64:76]) < 2
    flow = lucas_kanade(first, second, USUAL)
    np.testing.assert_allclose(flow[48, 70], (1.0, -0.5), atol=0.1)


def test_pictures_of_sixteen_bits_have_a_finite_flow() -> None:
    steep = picture(edge(45, (70, 48), 32000.0), shape=SHAPE)
    assert np.isfinite(lucas_kanade(steep, np.roll(steep, 2, axis=1), PLAIN)).all()


def test_bad_input_is_refused_in_words() -> None:
    first, second = moved(0, 0)
    with pytest.raises(ParameterError, match=r"the flow has shape \(96, 141\) .*: give \(96, 141, 2\)"):
        refine(first, second, np.zeros(SHAPE, np.float32), USUAL)
    for call in (lambda: lucas_kanade(first, second.T, USUAL), lambda: refine(first, second.T, still(), USUAL)):
        with pytest.raises(ParameterError, match="the two pictures are 141x96 and 96x141: give two of one size"):
            call()
    unknown = still()
    unknown[3, 4] = np.nan
    with pytest.raises(ParameterError, match=r"holds NaN: give .* numbers everywhere"):
        refine(first, second, unknown, USUAL)
