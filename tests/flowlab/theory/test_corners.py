"""Step 7: eigenvalues, the two scores, regions of the eigenvalue plane, points picked, and OpenCV's scales."""

import contextlib
import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.core.gradients import Kernel, gradients
from flowlab.core.structure_tensor import structure_tensor
from flowlab.errors import ParameterError
from flowlab.theory.corners import (
    CORNER,
    EDGE,
    FLAT,
    MOST_POINTS,
    OPENCV_BYTES,
    OPENCV_MIN_EIGEN,
    SIDE,
    Corners,
    CornersParameters,
    corners,
    from_lucas_kanade,
)
from flowlab.tracking.parameters import HARRIS, SHI_TOMASI
from pages.shared.steps.corners import STEP

INNER = st.integers(16, SIDE - 17)


def at(place: tuple[int, int], **more: object) -> Corners:
    return corners(CornersParameters(x=place[0], y=place[1], **more))  # type: ignore[arg-type]


@given(x=INNER, y=INNER, window=st.sampled_from(range(3, 17, 2)), k=st.sampled_from([0.04, 0.1, 0.2]))
@settings(max_examples=30, deadline=None)
def test_eigenvalues_and_scores_are_those_of_the_mean_of_products(x: int, y: int, window: int, k: float) -> None:
    n = at((x, y), window=window, k=k)
    half = window // 2
    part = np.s_[y - half : y + half + 1, x - half : x + half + 1]
    rows = np.stack([slope[part].ravel() for slope in gradients(n.picture, Kernel.SOBEL)], axis=1).astype(np.float64)
    m = rows.T @ rows / window**2
    np.testing.assert_allclose(n.m, m, rtol=1e-4, atol=1e-3)
    values, vectors = np.linalg.eigh(m)
    np.testing.assert_allclose(n.eigenvalues, values[::-1], rtol=1e-3, atol=2e-3)
    assert n.larger[y, x] == pytest.approx(values[1], rel=1e-4, abs=1e-3)
    assert n.smaller[y, x] == pytest.approx(values[0], rel=1e-2, abs=1e-2)
    assert n.r == pytest.approx(np.linalg.det(m) - k * np.trace(m) ** 2, rel=1e-3, abs=1e-3 * np.trace(m) ** 2)
    if values[1] > 1.1 * values[0]:
        assert abs(n.axes[0] @ vectors[:, 1]) == pytest.approx(1, abs=1e-3)


@given(x=INNER, y=INNER, window=st.sampled_from([3, 5, 9, 15]))
@settings(max_examples=30, deadline=None)
def test_opencv_says_the_same_on_its_own_scales(x: int, y: int, window: int) -> None:
    o = at((x, y), window=window).opencv
    assert o.corner_float / OPENCV_MIN_EIGEN == pytest.approx(o.sobel, rel=1e-3, abs=1e-2)
    assert o.corner_bytes / OPENCV_MIN_EIGEN * OPENCV_BYTES == pytest.approx(o.sobel, rel=1e-3, abs=1e-2)
    assert from_lucas_kanade(o.lucas_kanade) == pytest.approx(o.scharr, rel=1e-2, abs=2e-2)


@given(level=st.floats(-50, 50))
@settings(max_examples=10, deadline=None)
def test_a_constant_added_changes_nothing(level: float) -> None:
    picture = corners(CornersParameters()).picture
    # atol: rounding of float32 in sums of squares up to 255^2
    np.testing.assert_allclose(
        structure_tensor(picture + np.float32(level), 5), structure_tensor(picture, 5), rtol=1e-3, atol=0.1
    )


@pytest.mark.parametrize("score", [SHI_TOMASI, HARRIS])
def test_corner_edge_and_flat(score: str) -> None:
    assert [at(place, score=score).kind for place in (CORNER, EDGE, FLAT)] == ["corner", "edge", "flat"]
    corner, edge = at(CORNER), at(EDGE)
    assert edge.eigenvalues[0] > 0.8 * corner.eigenvalues[0]
    assert edge.eigenvalues[1] < 0.01 * corner.eigenvalues[1]
    assert corner.r > 0 > edge.r


def test_the_axes_of_an_edge_lie_across_and_along_it() -> None:
    across, along = at(EDGE).axes
    # the stripe runs down to the right, at the scene's 55 degrees as seen in the pole's middle
    assert abs(np.rad2deg(np.arctan2(along[1] * np.sign(along[0]), abs(along[0]))) - 55) < 5
    assert abs(across @ along) < 1e-9


@pytest.mark.parametrize("score", [SHI_TOMASI, HARRIS])
@pytest.mark.parametrize("distance", [1.0, 5.0, 12.0])
def test_points_are_peaks_above_quality_and_keep_their_distance(score: str, distance: float) -> None:
    n = corners(CornersParameters(score=score, min_distance=distance, quality=0.02))
    values = n.harris if score == HARRIS else n.smaller
    assert 3 < len(n.points) <= MOST_POINTS
    x, y = n.points.T.astype(int)
    assert np.all(values[y, x] >= n.threshold * 0.999)
    assert np.all(np.diff(values[y, x]) <= 1e-3 * values.max())
    for column, row in zip(x, y, strict=True):
        assert values[row, column] >= values[row - 1 : row + 2, column - 1 : column + 2].max() * 0.999
    apart = np.hypot(*(n.points[:, None] - n.points[None]).transpose(2, 0, 1)) + 1e9 * np.eye(len(x))
    assert apart.min() >= distance


@given(quality=st.floats(0.01, 0.8), share=st.floats(0.1, 0.9), score=st.sampled_from([SHI_TOMASI, HARRIS]))
@settings(max_examples=20, deadline=None)
def test_higher_quality_leaves_a_part_of_the_points(quality: float, share: float, score: str) -> None:
    low = quality * share if quality * share >= 0.01 else 0.01
    many, few = (
        {tuple(point) for point in corners(CornersParameters(quality=q, score=score)).points.tolist()}
        for q in (low, quality)
    )
    assert few <= many


@pytest.mark.parametrize("k", [0.04, 0.1, 0.2])
def test_on_the_border_harris_score_is_the_threshold(k: float) -> None:
    n = corners(CornersParameters(score=HARRIS, k=k))
    for (x, y), wanted in zip((n.borders[0], n.borders[2]), (n.threshold, 0.0), strict=True):
        one, two = np.array(x), np.array(y)
        known = np.isfinite(two)
        assert known.sum() > 10 and np.all(two[known] <= one[known])
        r = one * two - k * (one + two) ** 2
        np.testing.assert_allclose(r[known], wanted, atol=1e-6 * (one[known] ** 2).max())


def test_the_dots_taken_lie_inside_the_border() -> None:
    n = corners(CornersParameters())
    assert len(n.sampled) <= 400 and 0 < n.taken.sum() < len(n.taken)
    np.testing.assert_array_equal(n.taken, n.sampled[:, 1] >= n.threshold)


@given(light=st.sampled_from([25.0, 30.0, 40.0, 50.0]))
@settings(max_examples=4, deadline=None)
def test_twice_the_light_makes_the_eigenvalues_four_times_as_large(light: float) -> None:
    dim, bright = (at(CORNER, light=level) for level in (light, 2 * light))
    np.testing.assert_allclose(bright.eigenvalues / dim.eigenvalues, 4, rtol=0.03)
    assert bright.threshold / dim.threshold == pytest.approx(4, rel=0.03)
    assert bright.fixed > dim.fixed


@pytest.mark.parametrize("place", [(0, 0), (SIDE - 1, SIDE - 1), (0, 50)])
def test_the_rim_can_be_picked(place: tuple[int, int]) -> None:
    n = at(place, window=15)
    assert np.isfinite(n.eigenvalues).all() and n.kind in ("corner", "edge", "flat")
    assert STEP.board(CornersParameters(x=place[0], y=place[1], window=15), n).rows


@pytest.mark.parametrize("bad", [{"window": 4}, {"score": "sift"}, {"k": 0.3}, {"quality": 0.0}, {"x": SIDE}])
def test_bad_settings_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(ParameterError, match=next(iter(bad))):
        CornersParameters(**bad)  # type: ignore[arg-type]


def tried(name: str) -> tuple[Corners, Corners, int, str]:
    case = next(case for case in STEP.tries if case.name == name)
    before, after = corners(case.before), corners(case.after)
    return before, after, case.right(before, after), case.why(before, after)


def test_try_an_edge_has_one_large_eigenvalue_and_a_negative_harris_score() -> None:
    before, after, right, why = tried("edge")
    assert right == 2 and f"R = −{-after.r:,.0f}" in why and before.r > 1000 and after.r < -1000
    assert after.eigenvalues[0] > 0.8 * before.eigenvalues[0] and after.eigenvalues[1] < 0.01 * before.eigenvalues[1]


def test_try_doubling_the_light() -> None:
    before, after, right, _ = tried("light")
    assert right == 2
    np.testing.assert_allclose(after.eigenvalues / before.eigenvalues, 4, rtol=0.03)
    assert abs(len(after.points) - len(before.points)) <= 1
    assert after.fixed > 2 * before.fixed


def test_try_a_wider_window_makes_a_corner_of_an_edge() -> None:
    before, after, right, _ = tried("window")
    assert right == 1 and (before.kind, after.kind) == ("edge", "corner")
    assert after.eigenvalues[1] > 10 * before.eigenvalues[1] and after.eigenvalues[0] < before.eigenvalues[0]


def test_a_question_does_not_show_what_it_asks_for() -> None:
    """Before the edge is tried, neither Harris' score nor its sign is on the board."""
    case = next(case for case in STEP.tries if case.name == "edge")
    assert case.before.score == SHI_TOMASI and case.after.score == HARRIS
    assert "R =" not in str(STEP.board(case.before, corners(case.before)))


def test_a_hand_picks_a_pixel() -> None:
    assert STEP.moved(CornersParameters(), "pick", 3.0, 7.0) == replace(CornersParameters(), x=3, y=7)


def test_the_call_prints_the_numbers_shown() -> None:
    p = CornersParameters(score=HARRIS, quality=0.2)
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        exec(STEP.call(p), {})
    assert f"{len(corners(p).points)} points" in told.getvalue()
