"""Paths and motions: closed forms, exact both ways."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlab.scenes.motions import Shift, bouncing, folded, straight, velocity


def test_velocity_points_right_at_0_and_down_at_90_degrees():
    assert velocity(2, 0) == pytest.approx((2, 0))
    assert velocity(2, 90) == pytest.approx((0, 2))
    assert velocity(5, -180 + 36.86989764584402) == pytest.approx((-4, -3))


@pytest.mark.parametrize(
    ("value", "expected"), [(2, 2), (5, 5), (6, 4), (8, 2), (9, 3), (-1, 5), (1, 3), (2 + 6 * 1000, 2)]
)
def test_folded_reflects_at_both_walls(value, expected):
    assert folded(value, 2, 5) == pytest.approx(expected)


@given(st.floats(-1e5, 1e5), st.floats(-1e5, 1e5))
def test_folded_stays_inside_and_never_goes_faster(first, second):
    a, b = folded(first, -3, 11), folded(second, -3, 11)
    assert -3 <= a <= 11
    assert abs(a - b) <= abs(first - second) + 1e-9


def test_folded_without_room_stays_in_the_middle():
    assert folded(123, 6, 4) == 5


def test_a_bouncing_path_is_straight_until_it_meets_a_wall():
    start, step = (10.0, 20.0), (3.0, -2.0)
    free, walled = straight(start, step), bouncing(start, step, (5, 4), (40, 50))
    assert all(walled(time) == pytest.approx(free(time)) for time in (0, 1, 2.5, 8))
    assert walled(9) == pytest.approx((37, 6))
    assert walled(11) == pytest.approx((37, 10))


def test_shift_takes_layer_points_along_its_path_and_back():
    motion = Shift(straight((5, -7), (1.5, 0.25)))
    x, y = np.array([[3.0, 4.0]]), np.array([[9.0]])
    new_x, new_y = motion.to_picture(10, x, y)
    np.testing.assert_allclose((new_x[0, 0], new_y[0, 0]), (3 + 20, 9 - 4.5))
    back_x, back_y = motion.to_layer(10, new_x, new_y)
    np.testing.assert_allclose(back_x, x, atol=1e-12)
    np.testing.assert_allclose(back_y, y, atol=1e-12)
