"""The normalised median test: against a plain loop of the paper's formula, then what it finds and leaves alone."""

import numpy as np
import pytest

from flowlab.core.resample import pixel_grid
from flowlab.dense.outliers import OutlierParameters, normalised_residual, outliers
from flowlab.errors import ParameterError

NEIGHBOURS = [(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1) if (row, column) != (0, 0)]


def by_the_paper(flow, epsilon, spacing):
    """The residual pixel by pixel; a neighbour counts where it and its opposite are known."""
    height, width = flow.shape[:2]

    def vector(row, column):
        inside = 0 <= row < height and 0 <= column < width
        return flow[row, column] if inside and np.isfinite(flow[row, column]).all() else None

    result = np.full((height, width), np.nan)
    for y in range(height):
        for x in range(width):
            around = [
                here
                for row, column in NEIGHBOURS
                if (here := vector(y + spacing * row, x + spacing * column)) is not None
                and vector(y - spacing * row, x - spacing * column) is not None
            ]
            centre = vector(y, x)
            if around and centre is not None:
                median = np.median(around, axis=0)
                scatter = np.median(np.abs(around - median), axis=0)
                result[y, x] = np.linalg.norm(np.abs(centre - median) / (scatter + epsilon))
    return result


@pytest.mark.parametrize("spacing", [1, 2, 5])
@pytest.mark.parametrize("unknown", [0, 0.3])
def test_the_papers_formula_is_what_is_computed(spacing, unknown):
    rng = np.random.default_rng(7)
    flow = rng.normal(0, 2, (13, 18, 2)).astype(np.float32)
    flow[rng.random((13, 18)) < unknown] = np.nan
    found = normalised_residual(flow, OutlierParameters(epsilon=0.2, spacing=spacing))
    np.testing.assert_allclose(found, by_the_paper(flow, 0.2, spacing), rtol=1e-4)
    assert found.dtype == np.float32


def test_one_component_of_a_vector_lost_makes_it_unknown():
    flow = np.zeros((7, 9, 2), np.float32)
    flow[3, 4, 0] = np.inf
    assert np.isnan(normalised_residual(flow, OutlierParameters(spacing=1))[3, 4])


def test_a_planted_wrong_vector_is_found_alone():
    flow = smooth_flow()
    flow[20, 31] += (0, 3)
    flow[50, 12] = -flow[50, 12] + (4, 0)
    assert {tuple(place) for place in np.argwhere(outliers(flow))} == {(20, 31), (50, 12)}


def test_a_patch_smaller_than_the_spacing_is_found_whole():
    flow = smooth_flow()
    flow[30:35, 40:46] += 5
    found = outliers(flow, OutlierParameters(spacing=8))
    assert found[30:35, 40:46].all() and found.sum() == 30
    assert not outliers(flow, OutlierParameters(spacing=1))[32, 43]  # its next-door pixels share the error


def smooth_flow():
    x, y = pixel_grid(70, 96)
    return np.dstack([3 * np.sin(y / 30) + 1, 2 * np.cos(x / 40) - 0.5]).astype(np.float32)


@pytest.mark.parametrize("slopes", [(0.2, 0, 0, 0.2), (0, 0.5, 0, 0), (0, -0.3, 0.3, 0)], ids=["zoom", "shear", "turn"])
def test_a_linear_flow_is_clean_up_to_the_rim(slopes):
    x, y = pixel_grid(40, 57)
    flow = np.dstack([slopes[0] * x + slopes[1] * y, slopes[2] * x + slopes[3] * y]).astype(np.float32)
    assert not outliers(flow).any()
    assert np.nanmax(normalised_residual(flow)) < 1e-3


def test_smooth_flow_and_motion_rims_are_clean():
    assert not outliers(smooth_flow()).any()
    step = np.zeros((40, 60, 2), np.float32)
    step[:, 30:] = (6, -2)
    assert not outliers(step).any()


def test_wrong_vectors_at_the_rim_are_found_but_not_in_the_corners():
    flow = smooth_flow()
    flow[0, 40] += 5
    flow[33, -1] += 5
    flow[0, 0] += 5
    found = outliers(flow)
    assert found[0, 40] and found[33, -1]
    assert not found[0, 0] and np.isnan(normalised_residual(flow)[0, 0])  # no pair of neighbours to compare with


def test_unknown_vectors_are_no_outliers_and_hide_none():
    flow = smooth_flow()
    flow[10:20, 10:30] = np.nan
    flow[24, 20] += 5
    found = outliers(flow)
    assert found[24, 20] and found.sum() == 1
    assert not outliers(np.full((20, 30, 2), np.nan, np.float32)).any()


def test_noise_below_epsilon_is_forgiven():
    ripple = np.random.default_rng(3).uniform(-0.05, 0.05, (50, 60, 2)).astype(np.float32)
    assert not outliers(ripple, OutlierParameters(epsilon=0.1)).any()
    assert outliers(ripple, OutlierParameters(epsilon=0.01)).any()


def test_the_threshold_is_the_residuals():
    flow = np.random.default_rng(5).normal(0, 1, (30, 41, 2)).astype(np.float32)
    settings = OutlierParameters(threshold=3.5, spacing=3)
    np.testing.assert_array_equal(outliers(flow, settings), normalised_residual(flow, settings) > 3.5)


def test_the_flow_is_left_alone_and_may_be_smaller_than_the_spacing():
    flow = np.random.default_rng(5).normal(0, 1, (5, 6, 2)).astype(np.float32)
    before = flow.copy()
    assert np.isnan(normalised_residual(flow, OutlierParameters(spacing=8))).all()
    np.testing.assert_array_equal(flow, before)


def test_bad_input_is_refused():
    with pytest.raises(ParameterError, match=r"give float32 of shape \(H, W, 2\)"):
        outliers(np.zeros((4, 5), np.float32))
    with pytest.raises(ParameterError, match="spacing is 0: give a whole number from 1 to 64"):
        OutlierParameters(spacing=0)
