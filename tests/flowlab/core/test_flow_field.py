"""Divergence and vorticity of flows whose derivatives are known; the endpoint error is tested with the metrics."""

import numpy as np
import pytest

from flowlab.core.flow_field import divergence, endpoint_error, vorticity
from flowlab.core.resample import pixel_grid
from flowlab.errors import ParameterError
from flowlab.evaluation import metrics

HEIGHT, WIDTH = 13, 22


def linear(du_dx, du_dy, dv_dx, dv_dy, height=HEIGHT, width=WIDTH):
    """Flow of constant derivatives; powers of two keep it exact in float32."""
    x, y = pixel_grid(height, width)
    return np.dstack([du_dx * x + du_dy * y + 3, dv_dx * x + dv_dy * y - 5])


def everywhere(value):
    return np.full((HEIGHT, WIDTH), value, np.float32)


@pytest.mark.parametrize("sigma", [0, 0.8, 3])
def test_a_linear_flow_has_its_exact_divergence_and_vorticity_up_to_the_rim(sigma):
    flow = linear(0.25, 0.5, -0.125, 1)
    np.testing.assert_allclose(divergence(flow, sigma), everywhere(1.25), rtol=2e-6)
    np.testing.assert_allclose(vorticity(flow, sigma), everywhere(-0.625), rtol=2e-6)
    assert divergence(flow, sigma).dtype == vorticity(flow, sigma).dtype == np.float32


def test_a_zoom_spreads_by_twice_its_rate_and_does_not_turn():
    flow = linear(0.03125, 0, 0, 0.03125)
    np.testing.assert_array_equal(divergence(flow), everywhere(0.0625))
    np.testing.assert_array_equal(vorticity(flow), everywhere(0))


def test_a_clockwise_turn_has_twice_its_rate_as_vorticity_and_does_not_spread():
    flow = linear(0, -0.0625, 0.0625, 0)  # right of the middle (x > 0) it goes down (v > 0): clockwise on the screen
    np.testing.assert_array_equal(vorticity(flow), everywhere(0.125))
    np.testing.assert_array_equal(divergence(flow), everywhere(0))


def test_differences_are_central_inside_and_one_sided_at_the_rim():
    x, y = pixel_grid(HEIGHT, WIDTH)
    flow = np.dstack([x * x, y * y * y])
    expected = 2 * x + 3 * y * y + 1  # ((y+1)^3 - (y-1)^3) / 2 = 3 y^2 + 1
    np.testing.assert_allclose(divergence(flow)[1:-1, 1:-1], expected[1:-1, 1:-1], rtol=1e-5)
    rim = np.dstack([x * x, 0 * y])
    assert divergence(rim)[4, 0] == 1  # (1 - 0) / 1
    assert divergence(rim)[4, -1] == (WIDTH - 1) ** 2 - (WIDTH - 2) ** 2


def test_the_gaussian_width_is_in_pixels():
    flow = np.zeros((41, 63, 2), np.float32)
    flow[:, 32:, 0] = 1  # a step of 1 px: its derivative, smoothed, is a Gaussian of area 1
    profile = divergence(flow, 3)[20]
    x = np.arange(63) - 31.5
    assert profile.sum() == pytest.approx(1, rel=1e-3)
    # the two-pixel central difference adds a quarter of a pixel's variance (it smears over +-1/2)
    assert np.sqrt((profile * x * x).sum()) == pytest.approx(np.sqrt(9 + 0.25), rel=0.01)


@pytest.mark.parametrize("sigma", [0, 2])
@pytest.mark.parametrize("unknown", [np.nan, np.inf])
def test_an_unknown_vector_spreads_to_its_neighbours_only(sigma, unknown):
    flow = linear(0.25, 0.5, -0.125, 1)
    flow[5, 9, 1] = unknown  # one component is enough
    for derived, value in ((divergence(flow, sigma), 1.25), (vorticity(flow, sigma), -0.625)):
        gaps = {(int(row), int(column)) for row, column in np.argwhere(np.isnan(derived))}
        assert gaps == {(5, 9), (4, 9), (6, 9), (5, 8), (5, 10)}
        np.testing.assert_allclose(derived[~np.isnan(derived)], value, rtol=1e-5)


def test_nothing_known_is_nan_without_a_warning():
    flow = np.full((5, 7, 2), np.nan, np.float32)
    assert np.isnan(divergence(flow, 1)).all() and np.isnan(vorticity(flow)).all()


def test_the_flow_is_left_alone():
    flow = linear(0.25, 0.5, -0.125, 1)
    flow[2, 3] = np.inf
    before = flow.copy()
    divergence(flow, 2), vorticity(flow, 2)
    np.testing.assert_array_equal(flow, before)


def test_metrics_hands_on_the_endpoint_error():
    assert metrics.endpoint_error is endpoint_error
    flow = linear(0, 0, 0, 0)
    np.testing.assert_allclose(endpoint_error(flow, flow + np.float32([3, -4])), everywhere(5), rtol=1e-6)


@pytest.mark.parametrize("derive", [divergence, vorticity])
def test_bad_input_is_refused(derive):
    with pytest.raises(ParameterError, match="the flow is 7x1: derivatives need at least 2x2 vectors"):
        derive(np.zeros((1, 7, 2), np.float32))
    with pytest.raises(ParameterError, match=r"give float32 of shape \(H, W, 2\)"):
        derive(np.zeros((4, 7), np.float32))
    for sigma in (-1, np.nan, np.inf):
        with pytest.raises(ParameterError, match=f"sigma is {sigma}: give 0 or a width in pixels"):
            derive(np.zeros((4, 7, 2), np.float32), sigma)
