"""Step 6: the normal equations, their error surface and their covariance."""

import contextlib
import io
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.core.gradients import Kernel, gradients
from flowlab.core.resample import sample
from flowlab.errors import ParameterError
from flowlab.theory.error_surface import true_surface
from flowlab.theory.least_squares import (
    BY_HAND,
    PLACES,
    SIDE,
    TRUE,
    TRUE_MOTION,
    LeastSquares,
    LeastSquaresParameters,
    least_squares,
    solutions,
    window_rows,
)
from pages.shared.steps.least_squares import STEP
from pages.shared.steps.tex import Tex

WINDOWS = st.sampled_from(range(3, 23, 2))
PIXELS = st.integers(0, SIDE - 1)


def equations(n: LeastSquares) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows A and the right side b of the window, from the whole pictures' slopes."""
    half = math.isqrt(n.pixels) // 2
    part = np.s_[n.y - half : n.y + half + 1, n.x - half : n.x + half + 1]
    fx, fy = gradients(n.first, Kernel.SCHARR)
    rows = np.stack([fx[part].ravel(), fy[part].ravel()], axis=1).astype(np.float64)
    return rows, -(n.second - n.first)[part].ravel().astype(np.float64)


@given(window=WINDOWS, x=PIXELS, y=PIXELS, landscape=st.booleans(), noise=st.integers(1, 16))
@settings(max_examples=40, deadline=None)
def test_the_solution_is_that_of_the_rows(window: int, x: int, y: int, landscape: bool, noise: int) -> None:
    n = least_squares(LeastSquaresParameters(place=BY_HAND, window=window, x=x, y=y, landscape=landscape, noise=noise))
    a, b = equations(n)
    np.testing.assert_allclose(n.m, a.T @ a, rtol=1e-5, atol=1e-3)
    np.testing.assert_allclose(n.q, a.T @ b, rtol=1e-4, atol=1e-1)
    wanted, left, *_ = np.linalg.lstsq(a, b, rcond=None)
    np.testing.assert_allclose(n.flow, wanted, rtol=1e-3, atol=1e-3)
    assert n.least == pytest.approx(left[0], rel=2e-3)
    assert n.noise_told == pytest.approx(math.sqrt(left[0] / (len(b) - 2) / 2), rel=1e-3)
    # eigenvalues and axes rebuild M, and the covariance is its inverse times the variance of ft
    np.testing.assert_allclose((n.axes.T * n.eigenvalues) @ n.axes, n.m, rtol=1e-6, atol=1e-3)
    np.testing.assert_allclose(n.covariance @ n.m, 2 * (noise**2 + 1 / 12) * np.eye(2), atol=1e-6 * noise**2)
    np.testing.assert_allclose(n.deviation**2, 2 * (noise**2 + 1 / 12) / n.eigenvalues)


@given(seed=st.integers(0, 10**6), level=st.floats(-100, 100), side=st.integers(4, 12))
@settings(max_examples=30, deadline=None)
def test_a_constant_added_to_both_pictures_changes_nothing(seed: int, level: float, side: int) -> None:
    windows = np.random.default_rng(seed).uniform(0, 255, (2, 3, side, side)).astype(np.float32)
    before, after = solutions(window_rows(windows)), solutions(window_rows(windows + np.float32(level)))
    np.testing.assert_allclose(after, before, atol=1e-3)


@given(noise=st.sampled_from([2, 3, 4]), place=st.sampled_from(["corner", "landscape"]))
@settings(max_examples=6, deadline=None)
def test_the_covariance_grows_with_the_variance_of_the_noise(noise: int, place: str) -> None:
    one, two = (
        least_squares(LeastSquaresParameters(place=place, noise=level, window=11)) for level in (noise, 2 * noise)
    )
    # Noise adds to M itself too, what the floor says; its own scatter is a few per cent of M here.
    inflated = one.eigenvalues / (one.eigenvalues + two.noise_floor - one.noise_floor)
    wanted = (two.noise / one.noise) ** 2 * inflated
    np.testing.assert_allclose(two.deviation**2 / one.deviation**2, wanted, rtol=0.12)
    assert (two.noise / one.noise) ** 2 == pytest.approx(4, rel=0.02)


@pytest.mark.parametrize("place", ["corner", "landscape"])
@pytest.mark.parametrize("window", [7, 11])
def test_the_covariance_predicts_the_scatter_of_the_estimates(place: str, window: int) -> None:
    # At this noise slopes owe it at most a tenth of the smaller eigenvalue, so it is ft that scatters. 60 draws know a
    # standard deviation to 1 / sqrt(2 * 59) = 9 %; three of that are allowed.
    n = least_squares(LeastSquaresParameters(place=place, window=window, noise=2.0))
    assert n.noise_floor < 0.1 * n.eigenvalues[1]
    assert np.all(np.abs(n.scatter / n.deviation - 1) < 0.3), n.scatter / n.deviation


def test_two_draws_in_three_lie_within_one_sigma_of_their_mean() -> None:
    """Of 60 draws 41 on average, with a standard deviation of 3.6; three of these are allowed."""
    n = least_squares(LeastSquaresParameters(noise=2.0))
    assert all(abs(count - 41) < 11 for count in n.within)
    assert least_squares(LeastSquaresParameters(place="flat paper", noise=0.0)).within == (0, 0)


def test_the_ellipse_spans_about_a_quarter_of_the_map_and_lies_in_it() -> None:
    n = least_squares(LeastSquaresParameters())
    assert n.ellipse and n.ellipse_of_draws
    for x, y in (n.ellipse, n.ellipse_of_draws):
        assert 0.15 < np.ptp(x) / np.ptp(n.u) < 0.35 and 0.15 < np.ptp(y) / np.ptp(n.v) < 0.35
        assert n.u[0] < min(x) and max(x) < n.u[-1] and n.v[0] < min(y) and max(y) < n.v[-1]


def test_the_scatter_of_many_draws_is_that_predicted() -> None:
    """With 2000 draws the sampling error is 1.6 %; the ratio stays within 12 % (slopes are noisy too)."""
    n = least_squares(LeastSquaresParameters(noise=0.0))
    part = np.s_[n.y - 4 : n.y + 5, n.x - 4 : n.x + 5]
    clean = np.stack([n.first[part], n.second[part]])[:, None]
    rng = np.random.default_rng(1)
    for noise in (1.0, 2.0, 4.0):
        draws = solutions(window_rows(clean + noise * rng.standard_normal((2, 2000, 9, 9)).astype(np.float32)))
        scatter = (draws @ n.axes.T).std(axis=0)
        np.testing.assert_allclose(scatter, noise * np.sqrt(2 / n.eigenvalues), rtol=0.12)


def test_the_linear_surface_is_the_sum_of_squares_and_lowest_at_the_solution() -> None:
    n = least_squares(LeastSquaresParameters(place="landscape", window=9))
    a, b = equations(n)
    for i, j in ((0, 0), (7, 31), (40, 40)):
        motion = np.array([n.u[j], n.v[i]])
        assert n.surface[i, j] == pytest.approx(((a @ motion - b) ** 2).mean(), rel=1e-5)
    row, column = np.unravel_index(n.surface.argmin(), n.surface.shape)
    step = n.u[1] - n.u[0]
    assert abs(n.u[column] - n.flow[0]) <= step and abs(n.v[row] - n.flow[1]) <= step
    for x, y in n.contours:
        error = ((np.stack([x, y], axis=1) @ a.T - b) ** 2).mean(axis=1)
        assert np.ptp(error) < 1e-3 * error.mean()


def test_the_true_surface_is_that_of_shifted_windows() -> None:
    rng = np.random.default_rng(3)
    second = rng.uniform(0, 255, (30, 34)).astype(np.float32)
    window = rng.uniform(0, 255, (5, 5))
    u, v = np.array([-3.0, 0.0, 2.25]), np.array([-1.5, 4.0])
    surface = true_surface(window, second, (12, 9), u, v)
    for i, down in enumerate(v):
        for j, right in enumerate(u):
            x, y = np.meshgrid(12 + right + np.arange(5), 9 + down + np.arange(5))
            there = sample(second, x.astype(np.float32), y.astype(np.float32))
            assert surface[i, j] == pytest.approx(((there - window) ** 2).mean(), rel=1e-4)


def test_the_linear_surface_holds_near_its_lowest_point_only() -> None:
    for place in ("corner", "landscape"):
        n = least_squares(LeastSquaresParameters(place=place, noise=0.0))
        for cut in n.cuts:
            near, far = np.abs(cut.distance) < 0.3, np.abs(cut.distance) > 1.6
            scale = cut.linear[far].mean()
            assert np.abs(cut.true - cut.linear)[near].max() < 0.05 * scale
            assert np.abs(cut.true - cut.linear)[far].max() > 0.1 * scale
    true = least_squares(LeastSquaresParameters(noise=0.0, surface=TRUE))
    row, column = np.unravel_index(true.surface.argmin(), true.surface.shape)
    assert abs(true.u[column] - TRUE_MOTION[0]) < 0.1 and abs(true.v[row] - TRUE_MOTION[1]) < 0.1


def test_corner_edge_and_flat_paper() -> None:
    corner, edge, flat, landscape = (least_squares(LeastSquaresParameters(place=place, span=1.2)) for place in PLACES)
    assert [n.known for n in (corner, edge, flat, landscape)] == [2, 1, 0, 2]
    assert np.hypot(*(corner.flow - corner.truth)) < 0.15
    # on the edge: off along it, not across
    assert abs(edge.off[1]) > 5 * abs(edge.off[0]) and abs(edge.off[1]) > 0.5
    # on flat paper E hardly changes over the whole map
    assert 5 * np.ptp(np.sqrt(flat.surface)) < np.ptp(np.sqrt(corner.surface))


def test_without_noise_flat_paper_has_no_answer() -> None:
    n = least_squares(LeastSquaresParameters(place="flat paper", noise=0.0))
    assert not n.solved and not n.m.any() and n.ellipse is None and n.known == 0
    assert np.isnan(n.flow).all() and np.isinf(n.covariance).all() and np.isinf(n.deviation).all()
    assert math.isnan(n.stretch) and np.isnan(n.scatter).all() and np.isnan(n.off).all()
    settings_ = LeastSquaresParameters(place="flat paper", noise=0.0)
    assert r"\text{no one answer}" in STEP.equation(settings_, n, Tex(False))
    assert STEP.board(settings_, n).rows


@pytest.mark.parametrize("window", [3, 21])
@pytest.mark.parametrize("place", [(0, 0), (63, 63), (0, 40), (31, 63)])
def test_the_window_stays_in_the_picture(window: int, place: tuple[int, int]) -> None:
    p = LeastSquaresParameters(place=BY_HAND, x=place[0], y=place[1], window=window, surface=TRUE, span=3.0)
    n = least_squares(p)
    assert np.isfinite(n.surface).all()
    assert window // 2 < n.x < SIDE - 1 - window // 2 and window // 2 < n.y < SIDE - 1 - window // 2


def test_what_does_not_move_has_no_motion() -> None:
    still = least_squares(LeastSquaresParameters(place=BY_HAND, x=5, y=58, window=7))
    assert not still.truth.any()


def test_a_hand_moves_the_window() -> None:
    moved = STEP.moved(LeastSquaresParameters(place="landscape"), "window", 12.0, 50.0)
    assert (moved.place, moved.x, moved.y, moved.on_landscape) == (BY_HAND, 12, 50, True)


@pytest.mark.parametrize("bad", [{"window": 4}, {"place": "moon"}, {"noise": -1.0}, {"surface": "cubic"}])
def test_bad_settings_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match=next(iter(bad))):
        LeastSquaresParameters(**bad)  # type: ignore[arg-type]


def tried(name: str) -> tuple[LeastSquares, LeastSquares, int, str]:
    case = next(case for case in STEP.tries if case.name == name)
    before, after = least_squares(case.before), least_squares(case.after)
    return before, after, case.right(before, after), case.why(before, after)


def test_try_from_corner_to_edge_stretches_the_ellipse() -> None:
    before, after, right, why = tried("edge")
    assert right == 1 and f"{after.deviation[1]:.3f} px the flattest way, along the edge" in why
    assert before.stretch < 2 and after.stretch > 4 * before.stretch
    assert after.deviation[1] > 4 * before.deviation[1] and after.deviation[0] < 1.3 * before.deviation[0]


def test_try_twice_the_noise_doubles_the_axes() -> None:
    before, after, right, why = tried("noise")
    assert right == 1 and f"{before.deviation[1]:.3f} → {after.deviation[1]:.3f} px" in why
    np.testing.assert_array_equal(before.u, after.u, "the map keeps its zoom, that of the start")
    np.testing.assert_array_equal(before.u, least_squares(LeastSquaresParameters()).u)
    np.testing.assert_allclose(after.deviation / before.deviation, 2, rtol=0.1)
    assert np.linalg.det(after.covariance) == pytest.approx(16 * np.linalg.det(before.covariance), rel=0.2)


def test_try_a_larger_window_shrinks_the_ellipse() -> None:
    before, after, right, _ = tried("window")
    assert right == 0 and np.all(after.deviation < 0.7 * before.deviation) and np.all(after.scatter < before.scatter)


def test_the_call_prints_the_numbers_shown() -> None:
    p = replace(LeastSquaresParameters(), place="edge", noise=3.0)
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(STEP.call(p), {})
    assert str(least_squares(p).flow) in told.getvalue()
