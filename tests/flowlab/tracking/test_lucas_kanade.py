"""There and back: known shifts, OpenCV's own numbers, flat places, and a guess that helps."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from flowlab.tracking.lucas_kanade import OPENCV_EIGENVALUE, round_trip
from flowlab.tracking.parameters import PointParameters
from flowlab.tracking.patches import neighbourhoods
from tests.flowlab.tracking.surfaces import grain, picture, points, waves

AT = points((30, 25), (41.3, 30.7), (50, 22))
P = PointParameters(window=15, levels=2, iterations=30, epsilon=0.01, min_eigenvalue=2.0)


def seen(shift=(0, 0)):
    return picture(waves, shift=shift).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("shift", [(0, 0), (1.5, 0), (0, -2.25), (3.3, -1.7)])
def test_a_known_shift_is_found_there_and_back(shift):
    trip = round_trip(seen(), seen(shift), AT, P)
    np.testing.assert_allclose(trip.there, AT + np.float32(shift), atol=0.05)
    assert trip.found.all()
    assert (trip.error < 0.03).all()


def opencv(first, second, at, start=None):
    flags = cv2.OPTFLOW_LK_GET_MIN_EIGENVALS | (0 if start is None else cv2.OPTFLOW_USE_INITIAL_FLOW)
    there, status, eigenvalue = cv2.calcOpticalFlowPyrLK(
        first, second, at.reshape(-1, 1, 2), None if start is None else start.reshape(-1, 1, 2).copy(),
        winSize=(15, 15), maxLevel=2, criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 0.01),
        flags=flags, minEigThreshold=2.0 / OPENCV_EIGENVALUE,
    )  # fmt: skip
    return there.reshape(-1, 2), status.ravel() == 1, eigenvalue.ravel()


@pytest.mark.parametrize("guessed", [False, True])
def test_it_is_opencvs_own_bit_for_bit(guessed):
    first, second = grain(), np.roll(grain(), (1, -2), (0, 1))
    guess = AT + np.float32([-1.5, 0.5]) if guessed else None
    trip = round_trip(first, second, AT, P, guess)
    there, status, eigenvalue = opencv(first, second, AT, guess)
    back, _, _ = opencv(second, first, there, AT if guessed else None)
    np.testing.assert_array_equal(trip.there, there)
    np.testing.assert_array_equal(trip.found, status)
    np.testing.assert_array_equal(trip.start_eigenvalue, eigenvalue * np.float32(OPENCV_EIGENVALUE))
    np.testing.assert_array_equal(trip.error, np.abs(AT - back).max(axis=1))


def test_the_round_trips_error_is_the_larger_of_x_and_y():
    # Unrelated grain: the way back misses by whatever it likes, in x and in y.
    first, second = grain(seed=1), grain(seed=2)
    at = np.random.default_rng(0).uniform((15, 15), (65, 40), (40, 2)).astype(np.float32)
    trip = round_trip(first, second, at, P)
    off = np.abs(at - opencv(second, first, trip.there)[0])
    assert (off[:, 0] > off[:, 1]).any()
    assert (off[:, 1] > off[:, 0]).any()
    np.testing.assert_array_equal(trip.error, np.maximum(*off.T))


def test_in_a_flat_place_nothing_is_found():
    grey = seen()
    grey[:, :40] = 90
    trip = round_trip(grey, grey, points((15, 25), (65, 25)), P)
    assert trip.found.tolist() == [False, True]
    assert trip.start_eigenvalue[0] == pytest.approx(0, abs=1e-3)
    assert trip.start_eigenvalue[1] > 50


def test_the_least_eigenvalue_is_in_grey_levels():
    eigenvalue = neighbourhoods(seen().astype(np.float32), AT[:1], 15).min_eig[0]
    for threshold, is_found in ((0.98 * eigenvalue, True), (1.02 * eigenvalue, False)):
        trip = round_trip(seen(), seen(), AT[:1], replace(P, levels=0, min_eigenvalue=float(threshold)))
        assert trip.found.tolist() == [is_found]
        assert trip.start_eigenvalue[0] == pytest.approx(eigenvalue, rel=2e-3)


def test_a_guess_leads_to_what_is_too_far_to_be_seen_from_rest():
    first, second = seen(), seen((11, -6))
    near = replace(P, levels=0, window=9)
    guess = AT + np.float32([10, -5.5])
    rest, guessed = round_trip(first, second, AT, near), round_trip(first, second, AT, near, guess)
    assert np.abs(rest.there - AT - [11, -6]).max() > 2
    np.testing.assert_allclose(guessed.there, AT + np.float32([11, -6]), atol=0.05)
    assert (guessed.error < 0.05).all(), "the way back begins where the points were"


def test_the_guess_is_not_written_into():
    guess = AT + np.float32([1, 1])
    before = guess.copy()
    round_trip(seen(), seen((1.5, 0)), AT, P, guess)
    np.testing.assert_array_equal(guess, before)


@pytest.mark.parametrize(("name", "value"), [("window", 5), ("levels", 0), ("iterations", 1), ("epsilon", 1.0)])
def test_every_parameter_reaches_the_search(name, value):
    first, second = seen(), seen((3.3, -1.7))
    changed = round_trip(first, second, AT, replace(P, **{name: value}))
    assert (changed.there != round_trip(first, second, AT, P).there).any()
