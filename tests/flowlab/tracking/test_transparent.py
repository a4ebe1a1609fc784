"""Transparent Lucas-Kanade: known motions, its own steps, OpenCV, and points that cannot be followed."""

import cv2
import numpy as np
import pytest

import flowlab
from flowlab.errors import ParameterError
from flowlab.tracking.lucas_kanade import OPENCV_EIGENVALUE
from flowlab.tracking.patches import neighbourhoods
from flowlab.tracking.transparent import LucasKanadePointParameters, lucas_kanade_points
from tests.flowlab.tracking.surfaces import edge, grain, picture, points, waves

SHAPE = (120, 176)
PLACES = points((60, 50), (88.25, 61.5), (120, 70), (40.4, 80.9))
USUAL = LucasKanadePointParameters()


def moved(u, v, surface=waves):
    return picture(surface, shape=SHAPE), picture(surface, shift=(u, v), shape=SHAPE)


def test_nothing_moves_in_identical_pictures():
    first, _ = moved(0, 0)
    found = lucas_kanade_points(first, first, PLACES)
    assert found.found.all()
    np.testing.assert_array_equal(found.there, PLACES)
    np.testing.assert_array_equal(found.residual, np.zeros(len(PLACES)))


@pytest.mark.parametrize("shift", [(3, 0), (0, -2), (-7, 4), (5, 7)])
def test_a_shift_by_whole_pixels_is_found_with_its_sign_and_axis(shift):
    found = lucas_kanade_points(*moved(*shift), PLACES)
    assert found.found.all()
    assert found.there.dtype == np.float32
    np.testing.assert_allclose(found.there - PLACES, np.broadcast_to(shift, PLACES.shape), atol=0.005)
    assert found.residual.max() < 0.1


@pytest.mark.parametrize("kernel", ["central", "sobel", "scharr", "five-point"])
@pytest.mark.parametrize("shift", [(0.3, -0.7), (2.5, 1.25)])
def test_a_shift_between_pixels_is_found(shift, kernel):
    found = lucas_kanade_points(*moved(*shift), PLACES, LucasKanadePointParameters(kernel=kernel))
    np.testing.assert_allclose(found.there - PLACES, np.broadcast_to(shift, PLACES.shape), atol=0.03)


@pytest.mark.parametrize("window", [5, 15, 31])
def test_the_eigenvalue_is_that_of_the_structure_tensor_of_the_window(window):
    first, second = moved(1, 2)
    found = lucas_kanade_points(first, second, PLACES, LucasKanadePointParameters(window=window))
    # Slopes are read between pixels here, and taken of pixels read between others there.
    expected = neighbourhoods(first, PLACES, window).min_eig
    np.testing.assert_allclose(found.eigenvalue, expected, rtol=0.02)


def test_light_makes_no_difference_where_it_changes_both_pictures_alike():
    first, second = moved(2.5, -1.5)
    usual = lucas_kanade_points(first, second, PLACES).there
    np.testing.assert_allclose(lucas_kanade_points(first + 40, second + 40, PLACES).there, usual, atol=1e-3)
    np.testing.assert_allclose(lucas_kanade_points(first * 0.5, second * 0.5, PLACES).there, usual, atol=1e-3)


def test_exchanging_the_axes_exchanges_u_and_v():
    first, second = moved(2.5, -1.5)
    usual = lucas_kanade_points(first, second, PLACES)
    turned = lucas_kanade_points(first.T.copy(), second.T.copy(), PLACES[:, ::-1].copy())
    np.testing.assert_allclose(turned.there[:, ::-1], usual.there, atol=1e-3)


def test_bytes_and_floats_are_followed_alike():
    first, second = (np.rint(part).astype(np.uint8) for part in moved(2.5, -1.5))
    bytes_, floats = (lucas_kanade_points(*both, PLACES) for both in ((first, second), (first / 1.0, second / 1.0)))
    np.testing.assert_array_equal(bytes_.there, floats.there)


# --- its steps -------------------------------------------------------------------------------------


def test_the_trace_shows_every_step_from_the_coarsest_level_down():
    first, second = moved(5, 7)
    traced = lucas_kanade_points(first, second, PLACES, trace=True)
    levels = [step.level for step in traced.steps]
    assert levels == sorted(levels, reverse=True)
    assert set(levels) == {0, 1, 2}  # the third copy would be smaller than the window
    for before, after in zip(traced.steps, traced.steps[1:], strict=False):
        if after.level == before.level:
            assert after.iteration == before.iteration + 1
            moved_by = after.increment * 2**after.level
            np.testing.assert_allclose(after.displacement - before.displacement, moved_by, atol=1e-4)
        else:
            assert (after.level, after.iteration) == (before.level - 1, 0)
            np.testing.assert_allclose(after.displacement, before.displacement, atol=1e-4)
    assert not traced.steps[0].displacement.any()
    np.testing.assert_allclose(traced.steps[-1].displacement, traced.there - PLACES, atol=1e-4)
    np.testing.assert_allclose(traced.steps[-1].residual, traced.residual, atol=1e-4)
    assert (traced.steps[-1].residual < 0.1 * traced.steps[0].residual).all()


def test_a_trace_changes_no_answer():
    first, second = moved(2.5, -1.5)
    plain, traced = (lucas_kanade_points(first, second, PLACES, trace=trace) for trace in (False, True))
    assert plain.steps == ()
    np.testing.assert_array_equal(plain.there, traced.there)


def test_one_step_is_the_solution_of_the_normal_equations():
    first, second = moved(0.4, -0.3)
    p = LucasKanadePointParameters(levels=0, iterations=1, window=15, kernel="scharr")
    at = points((60, 50))
    step = lucas_kanade_points(first, second, at, p, trace=True).steps[1].increment[0]
    part = np.s_[50 - 7 : 50 + 8, 60 - 7 : 60 + 8]
    slopes = [cv2.Scharr(first, cv2.CV_32F, dx, 1 - dx, scale=1 / 32)[part].ravel() for dx in (1, 0)]
    expected = np.linalg.lstsq(np.stack(slopes, axis=1), -(second - first)[part].ravel(), rcond=None)[0]
    np.testing.assert_allclose(step, expected, rtol=1e-3)


def test_epsilon_and_iterations_end_the_search():
    first, second = moved(2.5, -1.5)
    counts = [
        len(lucas_kanade_points(first, second, PLACES, LucasKanadePointParameters(**p, levels=0), trace=True).steps) - 1
        for p in ({"epsilon": 0.001}, {"epsilon": 0.5}, {"iterations": 1})
    ]
    assert counts[0] > counts[1] >= counts[2] == 1


def test_levels_reach_farther_and_a_guess_replaces_them():
    first, second = moved(5, 7)
    low = LucasKanadePointParameters(levels=0, window=9)
    alone = lucas_kanade_points(first, second, PLACES, low)
    assert not np.allclose(alone.there - PLACES, (5, 7), atol=1)
    guessed = lucas_kanade_points(first, second, PLACES, low, guess=PLACES + points((4.5, 7.5)))
    np.testing.assert_allclose(guessed.there - PLACES, np.broadcast_to((5, 7), PLACES.shape), atol=0.02)


# --- OpenCV ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("with_guess", [False, True])
@pytest.mark.parametrize("settings", [{}, {"window": 15, "levels": 2, "iterations": 10, "epsilon": 0.03}])
def test_opencv_finds_the_same(settings, with_guess):
    p = LucasKanadePointParameters(**settings)
    board = grain(160, 220)
    first, second = board[20:140, 20:196].copy(), board[17:137, 24:200].copy()
    at = cv2.goodFeaturesToTrack(first, 150, 0.01, 7).reshape(-1, 2)
    guess = at + np.float32([-2, 1]) if with_guess else None
    theirs, status, eigenvalues = cv2.calcOpticalFlowPyrLK(
        first, second, at, None if guess is None else guess.copy(),
        winSize=(p.window, p.window), maxLevel=p.levels, criteria=(3, p.iterations, p.epsilon),
        flags=cv2.OPTFLOW_LK_GET_MIN_EIGENVALS | (cv2.OPTFLOW_USE_INITIAL_FLOW if with_guess else 0),
    )  # fmt: skip
    ours = lucas_kanade_points(first, second, at, p, guess=guess)
    both = ours.found & status.ravel().astype(bool)
    assert both.mean() > 0.9
    off = np.abs(ours.there - theirs)[both].max(axis=1)
    assert np.median(off) < 1e-3
    assert (off > 0.1).mean() < 0.03
    np.testing.assert_allclose(ours.eigenvalue, eigenvalues.ravel() * OPENCV_EIGENVALUE, rtol=1e-3)


def test_opencv_says_the_same_error():
    first, second = (np.rint(part).astype(np.uint8) for part in moved(2.5, -1.5))
    _, _, theirs = cv2.calcOpticalFlowPyrLK(first, second, PLACES, None, winSize=(21, 21), maxLevel=3)
    np.testing.assert_allclose(lucas_kanade_points(first, second, PLACES).residual, theirs.ravel(), atol=0.02)


# --- what cannot be followed -----------------------------------------------------------------------


def test_points_that_cannot_be_followed_are_unknown_and_spoil_no_other():
    first, second = moved(2.5, -1.5)
    bad = points((-1, 50), (60, 120), (np.nan, 50), (60, np.inf), (1e30, -1e30), (176, 0))
    found = lucas_kanade_points(first, second, np.concatenate([bad, PLACES]), trace=True)
    assert found.found.tolist() == [False] * len(bad) + [True] * len(PLACES)
    for values in (found.there, found.eigenvalue, found.residual, found.steps[-1].displacement):
        assert np.isnan(values[: len(bad)]).all()
    np.testing.assert_array_equal(found.there[len(bad) :], lucas_kanade_points(first, second, PLACES).there)


def test_a_point_that_leaves_the_picture_is_not_found():
    first, second = moved(5, 7)
    found = lucas_kanade_points(first, second, points((60, 50), (173, 60), (60, 117)))
    assert found.found.tolist() == [True, False, False]
    assert np.isnan(found.there[1:]).all()


def test_a_flat_place_and_a_straight_edge_are_not_found():
    flat = np.full(SHAPE, 90, np.uint8)
    assert not lucas_kanade_points(flat, flat, PLACES).found.any()
    nothing = LucasKanadePointParameters(min_eigenvalue=0)
    assert not lucas_kanade_points(flat, flat, PLACES, nothing).found.any()
    straight = picture(edge(0, (60, 0)), shape=SHAPE)
    assert not lucas_kanade_points(straight, straight, points((60, 50)), nothing).found.any()


def test_the_least_eigenvalue_decides():
    first, second = moved(1, 0)
    eigenvalue = lucas_kanade_points(first, second, PLACES).eigenvalue
    least = float(np.median(eigenvalue))
    found = lucas_kanade_points(first, second, PLACES, LucasKanadePointParameters(min_eigenvalue=least))
    np.testing.assert_array_equal(found.found, eigenvalue >= np.float32(least))


def test_no_points_are_no_answers():
    first, second = moved(1, 0)
    found = lucas_kanade_points(first, second, np.zeros((0, 2), np.float32), trace=True)
    assert found.there.shape == (0, 2)
    assert found.found.shape == found.eigenvalue.shape == found.residual.shape == (0,)


@pytest.mark.parametrize("shape", [(1, 1), (1, 30), (9, 9)])
def test_pictures_smaller_than_the_window_are_no_trouble(shape):
    small = np.arange(shape[0] * shape[1], dtype=np.uint8).reshape(shape)
    assert lucas_kanade_points(small, small, points((0, 0))).found.shape == (1,)


def test_many_points_are_followed_in_parts():
    first, second = moved(1, 0)
    p = LucasKanadePointParameters(window=99, levels=0, iterations=2)
    many = np.tile(PLACES, (150, 1))
    found = lucas_kanade_points(first, second, many, p)
    np.testing.assert_array_equal(found.there, np.tile(found.there[: len(PLACES)], (150, 1)))
    with pytest.raises(ParameterError, match="600 points are to be traced: give at most 427"):
        lucas_kanade_points(first, second, many, p, trace=True)


def test_inputs_are_not_changed():
    first, second = moved(2.5, -1.5)
    copies = first.copy(), second.copy(), PLACES.copy()
    lucas_kanade_points(first, second, PLACES, guess=PLACES)
    for given, copy in zip((first, second, PLACES), copies, strict=True):
        np.testing.assert_array_equal(given, copy)


def test_bad_input_is_refused_in_words():
    grey = np.zeros(SHAPE, np.uint8)
    with pytest.raises(ParameterError, match="the two pictures are 176x120 and 120x176"):
        lucas_kanade_points(grey, grey.T, PLACES)
    with pytest.raises(ParameterError, match="give a grey picture"):
        lucas_kanade_points(np.zeros((8, 9, 3), np.uint8), grey, PLACES)
    with pytest.raises(ParameterError, match=r"points has shape \(4, 1, 2\)"):
        lucas_kanade_points(grey, grey, PLACES[:, None])
    with pytest.raises(ParameterError, match=r"guess has shape \(3, 2\)"):
        lucas_kanade_points(grey, grey, PLACES, guess=PLACES[:3])
    with pytest.raises(ParameterError, match=r"^window is 20: give an odd number"):
        LucasKanadePointParameters(window=20)


def test_its_defaults_are_opencvs_and_it_is_public():
    assert (USUAL.window, USUAL.levels, USUAL.iterations, USUAL.epsilon) == (21, 3, 30, 0.01)
    assert pytest.approx(1e-4) == USUAL.min_eigenvalue / OPENCV_EIGENVALUE
    assert flowlab.lucas_kanade_points is lucas_kanade_points
    assert flowlab.LucasKanadePointParameters is LucasKanadePointParameters
