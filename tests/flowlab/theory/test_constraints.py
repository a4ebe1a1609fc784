"""What pixels agree on, against numpy's own least squares and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.theory.constraints import (
    LEAST_SLOPE,
    Slopes,
    distances,
    line_ends,
    normal_flow,
    slopes,
    slopes_of,
    vote,
    votes_everywhere,
)
from flowlab.theory.stage import scene_of, stage

SCENE = scene_of("translation", (0.8, 0.3), 1, width=64, height=64)
SLOPE = st.floats(-40, 40, width=32)


@given(fx=SLOPE, fy=SLOPE, ft=SLOPE)
def test_normal_flow_is_the_point_of_the_line_closest_to_no_motion(fx: float, fy: float, ft: float) -> None:
    gradient = np.hypot(fx, fy)
    if gradient < 0.1:
        return
    normal = normal_flow(np.array(fx), np.array(fy), np.array(ft))
    assert fx * normal[0] + fy * normal[1] + ft == pytest.approx(0, abs=1e-6 * (1 + abs(ft)))
    assert np.hypot(*normal) == pytest.approx(abs(ft) / gradient)
    assert distances(np.array(fx), np.array(fy), np.array(ft), (0.0, 0.0)) == pytest.approx(np.hypot(*normal))
    ends = line_ends(np.array(fx), np.array(fy), np.array(ft), 10.0)
    assert np.hypot(*(ends[1] - ends[0])) == pytest.approx(20)
    assert ends @ (fx, fy) + ft == pytest.approx(0, abs=1e-5 * (1 + abs(ft)))


def test_a_pixel_without_a_slope_has_no_line() -> None:
    nothing = np.zeros(1)
    assert np.isnan(normal_flow(nothing, nothing, np.ones(1))).all()
    assert np.isnan(line_ends(nothing, nothing, np.ones(1), 1.0)).all()
    assert np.isnan(distances(nothing, nothing, np.ones(1), (1.0, 1.0))).all()


@given(rows=st.lists(st.tuples(SLOPE, SLOPE, SLOPE), min_size=3, max_size=30), seed=st.integers(0, 99))
def test_a_vote_is_weighted_least_squares(rows: list[tuple[float, float, float]], seed: int) -> None:
    fx, fy, ft = np.array(rows, np.float64).T
    w = np.random.default_rng(seed).uniform(0.1, 1, len(rows))
    agreed = vote(fx, fy, ft, w)
    if agreed.known < 2:
        return
    root = np.sqrt(w)
    expected = np.linalg.lstsq(np.stack([fx, fy], axis=1) * root[:, None], -ft * root, rcond=None)[0]
    assert agreed.seen == pytest.approx(tuple(expected), rel=1e-6, abs=1e-6)
    assert np.hypot(*agreed.slopes) ** 2 == pytest.approx(float((w * (fx**2 + fy**2)).sum() / w.sum()))


@given(angle=st.floats(-3.1, 3.1), across=st.floats(-2, 2), seed=st.integers(0, 99))
def test_of_parallel_lines_the_shortest_motion_is_taken(angle: float, across: float, seed: int) -> None:
    steep = np.random.default_rng(seed).uniform(2, 20, 9)
    x, y = np.cos(angle), np.sin(angle)
    agreed = vote(steep * x, steep * y, -steep * across, np.ones(9))
    assert agreed.known == 1
    assert agreed.seen == pytest.approx((across * x, across * y), abs=1e-9)
    assert agreed.split(*agreed.seen)[1] == pytest.approx(0, abs=1e-9)
    assert np.hypot(*agreed.split(3.0, 4.0)) == pytest.approx(5)


def test_without_any_slope_nothing_is_known() -> None:
    flat = np.full(9, LEAST_SLOPE / 2)
    agreed = vote(flat, 0 * flat, np.ones(9), np.ones(9))
    assert (agreed.known, agreed.seen) == (0, (0.0, 0.0))
    assert vote(np.ones(9), np.ones(9), np.ones(9), np.zeros(9)).known == 0  # no weight, no vote


@settings(max_examples=20, deadline=None)
@given(constant=st.floats(-100, 100), sigma=st.sampled_from([0.0, 1.0, 1.5]))
def test_adding_a_constant_to_both_pictures_changes_nothing(constant: float, sigma: float) -> None:
    shown = stage(SCENE)
    plain = slopes(shown.first, shown.second, sigma)
    lighter = slopes(shown.first + np.float32(constant), shown.second + np.float32(constant), sigma)
    for name in ("fx", "fy", "ft"):
        assert np.abs(getattr(lighter, name) - getattr(plain, name)).max() < 1e-3


def test_slopes_of_a_moving_ramp() -> None:
    y, x = np.mgrid[:20, :20].astype(np.float32)
    f = slopes(3 * x - 2 * y + 100, 3 * (x - 0.5) - 2 * (y - 0.25) + 100, 0.0)
    inner = np.s_[2:-2, 2:-2]
    for plane, value in ((f.fx, 3.0), (f.fy, -2.0), (f.ft, -1.0)):
        assert plane[inner] == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize("gaussian", [False, True])
def test_everywhere_at_once_is_what_each_window_says(gaussian: bool) -> None:
    from flowlab.theory.neighbours import window_weights

    f = slopes_of(SCENE, 0, 1.0)
    assert isinstance(f, Slopes)
    found, w = votes_everywhere(f, 5, gaussian), window_weights(5, gaussian)
    for y, x in ((10, 12), (30, 40), (55, 20)):
        window = np.s_[y - 2 : y + 3, x - 2 : x + 3]
        assert vote(f.fx[window], f.fy[window], f.ft[window], w).seen == pytest.approx(tuple(found[y, x]), abs=1e-3)
