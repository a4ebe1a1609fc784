"""Which test a point fails first, which one decides, and which of two that met stays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.tracking.endings import ENDINGS, Status
from flowlab.tracking.lucas_kanade import RoundTrip
from flowlab.tracking.parameters import PointParameters
from flowlab.tracking.verdict import failed_tests, is_consistent, is_ended, is_inside, merged
from tests.flowlab.tracking.surfaces import points

SHAPE = (40, 60)
P = PointParameters(min_eigenvalue=2.0, forward_backward=0.5)
INSIDE, BEYOND = (30, 20), (70, 20)


def trip(*found):
    """Return a round trip of points, each (place, found, eigenvalue, error)."""
    places, status, eigenvalues, errors = zip(*found, strict=True)
    return RoundTrip(
        points(*places), np.array(status, np.bool_), np.array(eigenvalues, np.float32), np.array(errors, np.float32)
    )


def note(place, found, eigenvalue, error):
    return Status(int(failed_tests(trip((place, found, eigenvalue, error)), SHAPE, P)[0]))


def test_a_point_that_passes_every_test_is_tracked():
    assert note(INSIDE, True, 9, 0.1) == Status.TRACKED


def test_each_test_has_a_name():
    assert note(BEYOND, True, 9, 0.1) == Status.OUTSIDE
    assert note(INSIDE, False, 1, 0.1) == Status.FLAT
    assert note(INSIDE, False, 9, 0.1) == Status.FAILED
    assert note(INSIDE, True, 9, 0.6) == Status.INCONSISTENT


def test_of_several_reasons_the_one_that_explains_the_others_is_named():
    assert note(BEYOND, False, 1, 9) == Status.OUTSIDE
    assert note(INSIDE, False, 1, 9) == Status.FLAT
    assert note(INSIDE, False, 9, 9) == Status.FAILED
    assert ENDINGS.index(Status.OUTSIDE) < ENDINGS.index(Status.FLAT) < ENDINGS.index(Status.FAILED)
    assert ENDINGS.index(Status.FAILED) < ENDINGS.index(Status.INCONSISTENT)


def test_low_texture_that_was_followed_all_the_same_is_no_reason():
    assert note(INSIDE, True, 1, 0.1) == Status.TRACKED


def test_inside_is_between_the_outermost_pixel_centres():
    places = points((0, 0), (59, 39), (-0.01, 5), (59.01, 5), (5, -0.01), (5, 39.01), (45, 39), (39, 45), (np.nan, 5))
    assert is_inside(places, SHAPE).tolist() == [True, True, False, False, False, False, True, False, False]


def test_consistent_is_below_the_limit_and_not_at_it():
    found = trip((INSIDE, True, 9, 0.49), (INSIDE, True, 9, 0.5), (INSIDE, True, 9, np.nan))
    assert is_consistent(found, P).tolist() == [True, False, False]


@pytest.mark.parametrize(
    ("decides", "ended"),
    # passes all, round trip fails, status fails, both fail, outside by its note alone
    [
        ("status", [False, False, True, True, False]),
        ("forward-backward", [False, True, False, True, False]),
        ("all", [False, True, True, True, True]),
    ],
)
def test_what_decides_ends_the_track_and_the_rest_is_noted(decides, ended):
    found = trip(
        (INSIDE, True, 9, 0.1), (INSIDE, True, 9, 3), (INSIDE, False, 9, 0.1), (INSIDE, False, 9, 3),
        (BEYOND, True, 9, 0.1),
    )  # fmt: skip
    p = PointParameters(decides=decides, forward_backward=0.5)
    assert is_ended(failed_tests(found, SHAPE, p), found, p).tolist() == ended


def test_a_note_that_was_added_later_decides_among_all():
    found = trip((INSIDE, True, 9, 0.1), (INSIDE, True, 9, 0.1))
    added = np.array([Status.TRACKED, Status.CHANGED], np.uint8)
    assert is_ended(added, found, P).tolist() == [False, True]
    assert is_ended(added, found, PointParameters(decides="status")).tolist() == [False, False]


# --- two that met ------------------------------------------------------------------------------------


def every(xy):
    return np.ones(len(xy), np.bool_)


def test_of_two_that_met_the_older_stays():
    xy = points((10, 10), (30, 20), (31, 20), (10, 11.5))
    assert merged(xy, every(xy), 2.0).tolist() == [False, False, True, True]


def test_in_a_chain_only_the_middle_one_ends():
    # A-B and B-C met, A and C did not: B ends by A, and what it met lives on.
    a, b, c = (10, 10), (11.5, 10), (13, 10)
    assert merged(points(a, b, c), every("abc"), 2.0).tolist() == [False, True, False]
    assert merged(points(b, a, c), every("abc"), 2.0).tolist() == [False, True, True]
    assert merged(points(a, c, b), every("abc"), 2.0).tolist() == [False, False, True]


def test_who_is_dead_already_ends_nobody():
    xy = points((10, 10), (11, 10), (12, 10))
    assert merged(xy, np.array([False, True, True]), 1.5).tolist() == [False, False, True]
    assert merged(xy, np.array([True, False, True]), 1.5).tolist() == [False, False, False]


@pytest.mark.parametrize("distance", [0.0, -1.0])
def test_no_distance_merges_nobody_though_they_stand_on_one_another(distance):
    xy = points((10, 10), (10, 10))
    assert not merged(xy, every(xy), distance).any()
    assert merged(xy, every(xy), 0.01).tolist() == [False, True]


def test_nobody_and_one_alone_do_not_merge():
    assert merged(points(), every(""), 2.0).shape == (0,)
    assert merged(points((3, 4)), every("a"), 2.0).tolist() == [False]


def from_the_oldest_on(xy, alive, distance):
    """Return who ends, by the plain definition."""
    stay, young = [], np.zeros(len(xy), np.bool_)
    for i in np.flatnonzero(alive):
        young[i] = any(np.hypot(*(xy[i] - xy[k])) <= distance for k in stay)
        if not young[i]:
            stay.append(i)
    return young


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 9), st.booleans()), max_size=25), st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_those_who_stay_are_chosen_from_the_oldest_on(crowd, distance):
    xy, alive = points(*[(x, y) for x, y, _ in crowd]), np.array([a for *_, a in crowd], np.bool_)
    np.testing.assert_array_equal(merged(xy, alive, float(distance)), from_the_oldest_on(xy, alive, distance))


def test_so_they_are_in_a_large_crowd():
    rng = np.random.default_rng(0)
    xy, alive = rng.uniform(0, 40, (300, 2)).astype(np.float32), rng.random(300) < 0.8
    expected = from_the_oldest_on(xy, alive, 2.5)
    assert 50 < expected.sum() < 250
    np.testing.assert_array_equal(merged(xy, alive, 2.5), expected)
