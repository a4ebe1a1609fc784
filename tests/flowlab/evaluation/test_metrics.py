"""Metrics: each against numbers worked out by hand, on small fields in which a swap of u and v shows."""

import dataclasses
import math

import cv2
import numpy as np
import pytest

from flowlab.errors import ParameterError
from flowlab.evaluation.metrics import (
    FlowErrors,
    angular_error,
    endpoint_error,
    fl_outliers,
    flow_errors,
    flow_statistics,
    mean_error,
    photometric_residual,
    share_above,
)

NAN = np.nan


def field(*rows):
    return np.array(rows, np.float32)


def constant(u, v, height=2, width=3):
    return np.full((height, width, 2), (u, v), np.float32)


# Truth and estimate of six pixels: exact, 3-4-5, small, swapped u and v, unknown estimate, unknown truth.
TRUTH = field([(2, -1), (0, 0), (10, 0)], [(1, 7), (4, 4), (NAN, NAN)])
FLOW = field([(2, -1), (3, 4), (10.6, 0)], [(7, 1), (NAN, NAN), (1, 1)])
ERRORS = [[0, 5, 0.6], [6 * math.sqrt(2), NAN, NAN]]


def test_endpoint_error_is_the_length_of_the_difference():
    error = endpoint_error(FLOW, TRUTH)
    assert error.shape == (2, 3)
    np.testing.assert_allclose(error, ERRORS, rtol=1e-6)


def test_endpoint_error_is_symmetric_and_leaves_its_inputs_alone():
    flow, truth = FLOW.copy(), TRUTH.copy()
    np.testing.assert_array_equal(endpoint_error(flow, truth), endpoint_error(truth, flow))
    np.testing.assert_array_equal(flow, FLOW)
    np.testing.assert_array_equal(truth, TRUTH)


@pytest.mark.parametrize(
    ("estimate", "truth", "degrees"),
    [
        ((0, 0), (0, 0), 0),
        ((1, 0), (0, 0), 45),
        ((0, -1), (0, 0), 45),
        ((1, 0), (-1, 0), 90),
        ((math.sqrt(3), 0), (0, 0), 60),
        ((1, 0), (0, 1), 60),  # (1, 0, 1) . (0, 1, 1) = 1 = 2 cos 60
        ((2, 1), (1, 2), math.degrees(math.acos(5 / 6))),
        ((3, 4), (0, 0), math.degrees(math.acos(1 / math.sqrt(26)))),
    ],
)
def test_angular_error_is_the_angle_in_space_time(estimate, truth, degrees):
    angle = angular_error(constant(*estimate), constant(*truth))
    np.testing.assert_allclose(angle, np.full((2, 3), degrees), rtol=1e-6, atol=1e-12)


def test_angular_error_equals_barrons_arccos():
    rng = np.random.default_rng(2)
    flow, truth = rng.normal(0, 3, (2, 4, 9, 2)).astype(np.float32)
    a, b = (np.dstack([f.astype(float), np.ones((4, 9))]) for f in (flow, truth))
    cosine = (a * b).sum(2) / np.linalg.norm(a, axis=2) / np.linalg.norm(b, axis=2)
    np.testing.assert_allclose(angular_error(flow, truth), np.degrees(np.arccos(cosine)), atol=1e-5)


def test_angular_error_of_nearly_equal_flows_is_not_rounded_away():
    flow, truth = constant(1e-6, 0), constant(0, 0)
    np.testing.assert_allclose(angular_error(flow, truth), np.full((2, 3), np.degrees(1e-6)), rtol=1e-5)


def test_fl_outliers_need_three_pixels_and_five_percent():
    truth = field([(0, 0), (0, 0), (100, 0), (100, 0), (0, 100), (NAN, NAN)])
    flow = field([(3, 0), (3.1, 0), (104, 0), (100, 5.1), (5.1, 100), (50, 50)])
    np.testing.assert_array_equal(fl_outliers(flow, truth), [[False, True, False, True, True, False]])
    # The 5 % are of the truth's length: 4 px of 81 are less, 4 px of 79 are more, whatever the estimate's length.
    truth, flow = field([(0, 81), (79, 0)]), field([(0, 77), (83, 0)])
    np.testing.assert_array_equal(fl_outliers(flow, truth), [[False, True]])


def test_share_above_counts_strictly_and_leaves_out_unknown_and_masked_pixels():
    error = np.array([[0, 1, 2, 3], [NAN, 1.5, NAN, 9]])
    assert share_above(error, 1) == 4 / 6
    assert share_above(error, 9) == 0
    mask = np.array([[True, True, False, False], [True, True, False, False]])
    assert share_above(error, 1, mask) == 1 / 3
    assert math.isnan(share_above(error, 1, np.zeros((2, 4), bool)))
    assert math.isnan(share_above(np.full((2, 3), NAN), 1))
    assert share_above(np.array([[np.inf, 0.0]]), 5) == 0.5


def test_mean_error_leaves_out_unknown_and_masked_pixels():
    error = np.array([[0.5, 1.5, np.nan, 4.0]])
    assert mean_error(error) == 2
    assert mean_error(error, np.array([[True, True, True, False]])) == 1
    assert math.isnan(mean_error(error, np.array([[False, False, True, False]])))
    with pytest.raises(ParameterError, match="mask is"):
        mean_error(error, np.ones((4, 1), bool))


@pytest.mark.parametrize("threshold", [-1, NAN])
def test_share_above_refuses_what_is_no_threshold(threshold):
    with pytest.raises(ParameterError, match="give a number of at least 0"):
        share_above(np.zeros((2, 3)), threshold)


def test_flow_errors_of_the_six_pixels():
    angles = [0, math.degrees(math.acos(1 / math.sqrt(26))), math.degrees(math.atan(10.6) - math.atan(10))]
    angles.append(math.degrees(math.acos(15 / 51)))  # (7, 1, 1) . (1, 7, 1) = 15
    errors = flow_errors(FLOW, TRUTH)
    assert errors.epe == pytest.approx((5 + 0.6 + 6 * math.sqrt(2)) / 4, rel=1e-6)
    assert errors.aae == pytest.approx(sum(angles) / 4, rel=1e-6)
    assert (errors.fl, errors.r05, errors.r1, errors.r3, errors.r5) == (0.5, 0.75, 0.5, 0.5, 0.25)
    assert errors.evaluated == 4
    assert errors.density == 4 / 5
    assert errors.truth_share == 5 / 6
    # Errors 0, 0.6, 5 and 8.49: the quarter points lie between them, linearly.
    assert errors.a50 == pytest.approx((0.6 + 5) / 2, rel=1e-6)
    assert errors.a75 == pytest.approx(5 + 0.25 * (6 * math.sqrt(2) - 5), rel=1e-6)
    assert errors.a95 == pytest.approx(5 + 0.85 * (6 * math.sqrt(2) - 5), rel=1e-6)


def test_flow_errors_within_a_mask():
    mask = np.array([[False, True, True], [False, True, True]])
    errors = flow_errors(FLOW, TRUTH, mask)
    assert errors.epe == pytest.approx(2.8, rel=1e-6)
    assert (errors.fl, errors.r05, errors.r5) == (0.5, 1, 0)
    assert (errors.evaluated, errors.density, errors.truth_share) == (2, 2 / 3, 3 / 4)


def test_an_exact_flow_has_no_error():
    assert flow_errors(TRUTH, TRUTH) == FlowErrors(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 1, 5 / 6)


@pytest.mark.parametrize("half", [(NAN, 1), (1, NAN), (np.inf, 1), (1, -np.inf)])
def test_a_vector_with_one_component_missing_is_unknown(half):
    truth, flow = constant(1, 2), constant(1, 2)
    flow[1, 2] = half
    assert flow_errors(flow, truth).density == 5 / 6
    assert flow_errors(truth, flow).truth_share == 5 / 6
    assert flow_statistics(flow).known_share == 5 / 6
    assert np.isnan(endpoint_error(flow, truth)[1, 2]) and np.isnan(angular_error(flow, truth)[1, 2])


def test_nothing_to_judge_is_nan_without_a_warning():
    known, unknown, nowhere = constant(1, 2), constant(NAN, NAN), np.zeros((2, 3), bool)
    for errors in (flow_errors(unknown, known), flow_errors(known, unknown), flow_errors(known, known, nowhere)):
        values = dataclasses.asdict(errors)
        assert all(math.isnan(values[name]) for name in ("epe", "aae", "fl", "r05", "r1", "r3", "r5", "a50", "a95"))
        assert errors.evaluated == 0
    assert (flow_errors(unknown, known).density, flow_errors(unknown, known).truth_share) == (0, 1)
    assert flow_errors(known, unknown).truth_share == 0
    assert math.isnan(flow_errors(known, unknown).density)
    assert math.isnan(flow_errors(known, known, nowhere).truth_share)


def test_flow_statistics_by_hand():
    flow = field([(3, 4), (0, 1), (0, 0)], [(-6, -8), (NAN, 2), (5, 12)])
    statistics = flow_statistics(flow)
    # Speeds 0 1 5 10 13: the median is 5, the 95th percentile lies 0.8 of the way from 10 to 13.
    assert statistics.median_speed == 5
    assert statistics.p95_speed == pytest.approx(12.4)
    assert statistics.known_share == 5 / 6
    inside = flow_statistics(flow, np.array([[True, True, False], [False, True, False]]))
    assert (inside.median_speed, inside.known_share) == (3, 2 / 3)


def test_flow_statistics_of_nothing_are_nan():
    nowhere = flow_statistics(constant(1, 2), np.zeros((2, 3), bool))
    assert all(math.isnan(value) for value in dataclasses.astuple(nowhere))
    unknown = flow_statistics(constant(NAN, NAN))
    assert math.isnan(unknown.median_speed) and math.isnan(unknown.p95_speed) and unknown.known_share == 0


def test_photometric_residual_vanishes_for_the_true_shift_only():
    second = np.random.default_rng(4).integers(0, 256, (12, 17), np.uint8)
    first = np.roll(second, (-1, 2), axis=(0, 1))  # I1(x - 2, y + 1) = I0(x, y)
    residual = photometric_residual(first, second, constant(-2, 1, 12, 17))
    assert residual.shape == (12, 17)
    np.testing.assert_allclose(residual[:-1, 2:], np.zeros((11, 15)), atol=1e-3)
    assert np.isnan(residual[-1]).all() and np.isnan(residual[:, :2]).all()
    for u, v in ((1, -2), (2, -1), (-2, -1), (0, 0)):
        assert np.nanmean(photometric_residual(first, second, constant(u, v, 12, 17))) > 30


def test_photometric_residual_is_in_grey_levels_of_either_sign():
    first = np.array([[10, 200, 0], [255, 7, 90]], np.uint8)
    second = np.array([[13, 190, 255], [0, 7, 90]], np.uint8)
    flow = constant(0, 0)
    flow[1, 2] = NAN
    np.testing.assert_allclose(photometric_residual(first, second, flow), [[3, 10, 255], [255, 0, NAN]], atol=1e-4)


def test_sizes_that_differ_are_refused():
    wide, tall = constant(0, 0, 2, 3), constant(0, 0, 3, 2)
    for measure in (endpoint_error, angular_error, fl_outliers, flow_errors):
        with pytest.raises(ParameterError, match="the flow is 3x2 and the truth 2x3: give both at one size"):
            measure(wide, tall)
    grey = np.zeros((2, 3), np.uint8)
    with pytest.raises(ParameterError, match="give both"):
        photometric_residual(grey, grey, tall)
    for first, second in ((grey, grey.T), (np.zeros((2, 3, 3), np.uint8),) * 2):
        with pytest.raises(ParameterError, match=r"give both grey, \(H, W\)"):
            photometric_residual(first, second, wide)


@pytest.mark.parametrize("mask", [np.ones((3, 2), bool), np.ones((2, 3), np.uint8)])
def test_a_mask_of_another_size_or_type_is_refused(mask):
    flow = constant(0, 0)
    for call in (flow_errors, lambda f, _, m: flow_statistics(f, m), lambda f, _, m: share_above(f[..., 0], 1, m)):
        with pytest.raises(ParameterError, match=r"give bool of shape \(2, 3\) \(from numbers: mask > 0\)"):
            call(flow, flow, mask)


@pytest.mark.parametrize("wrong", [np.zeros((2, 3)), np.zeros((2, 3, 3)), np.zeros((2, 3, 2), complex)])
def test_what_is_no_flow_is_refused(wrong):
    with pytest.raises(ParameterError, match=r"give float32 of shape \(H, W, 2\)"):
        flow_statistics(wrong)
    with pytest.raises(ParameterError, match="truth is"):
        flow_errors(constant(0, 0), wrong)


# What others measured with the same method on the same pairs (Farneback with the tutorial's settings, OpenCV).
MIDDLEBURY_EPE = {"RubberWhale": 0.36, "Grove2": 0.58, "Urban2": 1.43, "Venus": 1.44}


@pytest.mark.realdata
@pytest.mark.parametrize("name", MIDDLEBURY_EPE)
def test_known_errors_of_farneback_are_found_again(data_folder, name):
    root = data_folder / "middlebury"
    first, second = (
        cv2.imread(str(root / "other-data" / name / f"frame{n}.png"), cv2.IMREAD_GRAYSCALE) for n in (10, 11)
    )
    truth = cv2.readOpticalFlow(str(root / "other-gt-flow" / name / "flow10.flo"))
    truth[(np.abs(truth) > 1e9).any(axis=2)] = NAN
    flow = cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 3, 15, 3, 5, 1.2, 0)
    errors = flow_errors(flow, truth)
    assert errors.epe == pytest.approx(MIDDLEBURY_EPE[name], abs=0.02)
    assert errors.density == 1
    assert errors.r5 <= errors.r3 <= errors.r1 <= errors.r05
    assert np.nanmean(photometric_residual(first, second, truth)) < np.abs(first - second.astype(float)).mean()
