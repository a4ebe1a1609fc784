"""Global motion: known warps with outliers, OpenCV's estimators as the reference, points that tell no warp, paths."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.errors import ParameterError
from flowlab.tracking.endings import Status
from flowlab.tracking.global_motion import (
    MotionModel,
    camera_path,
    carried,
    frame_outline,
    global_motion,
    motion_between,
    relative_to_camera,
)
from flowlab.tracking.tracks import COLUMNS, Tracks, column_type, no_tracks

WIDTH, HEIGHT = 640, 360
OUTLINE = frame_outline(WIDTH, HEIGHT)
WARPS = {
    MotionModel.TRANSLATION: np.array([[1, 0, 7.25], [0, 1, -3.5], [0, 0, 1]]),
    MotionModel.SIMILARITY: np.array([[1.02, -0.05, 9], [0.05, 1.02, -4], [0, 0, 1]]),
    MotionModel.AFFINE: np.array([[1.03, 0.06, -8], [-0.02, 0.96, 5], [0, 0, 1]]),
    MotionModel.HOMOGRAPHY: np.array([[1.02, 0.03, 6], [-0.04, 0.97, -9], [4e-5, -7e-5, 1]]),
}
MODELS = tuple(MotionModel)


def points(count=300, seed=0):
    return np.random.default_rng(seed).uniform((0, 0), (WIDTH - 1, HEIGHT - 1), (count, 2))


def with_outliers(before, warp, share=0.4, noise=0.0, seed=1):
    """Return where `warp` takes the points, a share of them 10 to 80 px off, and which are not."""
    rng = np.random.default_rng(seed)
    after = carried(before, warp) + rng.normal(0, noise, before.shape)
    good = rng.random(len(before)) >= share
    angle, off = rng.uniform(0, 2 * np.pi, len(before)), rng.uniform(10, 80, len(before))
    after[~good] += (off * [np.cos(angle), np.sin(angle)]).T[~good]
    return after, good


def corner_error(matrix, warp):
    return np.abs(carried(OUTLINE, matrix) - carried(OUTLINE, warp)).max()


# --- the warp -------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", MODELS)
def test_a_known_warp_is_found_among_outliers(model):
    before = points()
    after, good = with_outliers(before, WARPS[model])
    motion = global_motion(before, after, model)
    np.testing.assert_array_equal(motion.inliers, good)
    np.testing.assert_allclose(motion.matrix, WARPS[model], rtol=1e-9, atol=1e-9)
    assert motion.found
    assert motion.residual == pytest.approx(0, abs=1e-9)
    assert motion.share == good.mean()


@pytest.mark.parametrize("model", MODELS)
def test_no_motion_is_the_identity(model):
    motion = global_motion(points(), points(), model)
    np.testing.assert_allclose(motion.matrix, np.eye(3), atol=1e-10)
    assert motion.found and motion.inliers.all()


def test_signs_and_order_of_x_and_y():
    before = points(40)
    shift = global_motion(before, before + np.array((5, -2)), MotionModel.TRANSLATION).matrix
    np.testing.assert_allclose(shift, [[1, 0, 5], [0, 1, -2], [0, 0, 1]], atol=1e-10)
    # (x, y) -> (-y, x) turns right into down: clockwise on the screen
    turn = global_motion(before, before[:, ::-1] * (-1, 1), MotionModel.SIMILARITY).matrix
    np.testing.assert_allclose(turn, [[0, -1, 0], [1, 0, 0], [0, 0, 1]], atol=1e-9)


@pytest.mark.parametrize("model", MODELS)
def test_the_least_number_of_points_is_enough_and_one_fewer_is_not(model):
    before = points(model.least, seed=3)
    after = carried(before, WARPS[model])
    motion = global_motion(before, after, model)
    assert motion.found and corner_error(motion.matrix, WARPS[model]) < 1e-6
    assert not global_motion(before[1:], after[1:], model).found
    assert MODELS[model.least - 1] is model


def test_residual_is_the_rms_distance_of_the_inliers():
    before = points(4000)
    after, good = with_outliers(before, WARPS[MotionModel.AFFINE], noise=0.5)
    motion = global_motion(before, after, MotionModel.AFFINE)
    off = (after - carried(before, motion.matrix))[motion.inliers]
    assert motion.residual == pytest.approx(np.sqrt((off**2).sum(axis=1).mean()))
    assert motion.residual == pytest.approx(0.5 * np.sqrt(2), rel=0.03)
    assert (motion.inliers == good).mean() > 0.999


def test_the_threshold_is_a_distance_in_pixels():
    before = points(100)
    after = before.copy()
    after[0, 0] += 2.9
    after[1, 1] -= 3.2
    for threshold, inside, outside in ((3.0, 0, 1), (2.0, 2, 0), (4.0, 1, None)):
        inliers = global_motion(before, after, MotionModel.TRANSLATION, threshold=threshold).inliers
        assert inliers[inside] and (outside is None or not inliers[outside])


def test_the_same_points_and_seed_give_the_same_warp():
    before = points()
    after, _ = with_outliers(before, WARPS[MotionModel.HOMOGRAPHY], share=0.6, noise=0.5)
    first, again = (global_motion(before, after, MotionModel.HOMOGRAPHY, seed=5) for _ in range(2))
    np.testing.assert_array_equal(first.matrix, again.matrix)
    np.testing.assert_array_equal(first.inliers, again.inliers)


@pytest.mark.parametrize("seed", range(8))
def test_two_thirds_may_be_wrong(seed):
    before = points(500)
    after, good = with_outliers(before, WARPS[MotionModel.HOMOGRAPHY], share=0.66)
    motion = global_motion(before, after, MotionModel.HOMOGRAPHY, seed=seed)
    assert corner_error(motion.matrix, WARPS[MotionModel.HOMOGRAPHY]) < 0.05
    assert motion.inliers[good].all()


@given(
    st.floats(-0.5, 0.5), st.floats(0.7, 1.4), st.floats(-60, 60), st.floats(-40, 40), st.floats(0, 0.4),
    st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=40, deadline=None)
def test_any_similarity_is_found_by_every_model_that_holds_it(angle, zoom, dx, dy, share, seed):
    c, s = zoom * np.cos(angle), zoom * np.sin(angle)
    warp = np.array([[c, -s, dx], [s, c, dy], [0, 0, 1]])
    before = points(80, seed)
    after, good = with_outliers(before, warp, share, seed=seed + 1)
    for model in MODELS[1:]:
        motion = global_motion(before, after, model)
        assert motion.inliers[good].all()
        assert corner_error(motion.matrix, warp) < 0.05


# --- OpenCV as the reference ------------------------------------------------------------------------

OPENCV = {
    MotionModel.SIMILARITY: lambda a, b: cv2.estimateAffinePartial2D(a, b, ransacReprojThreshold=3),
    MotionModel.AFFINE: lambda a, b: cv2.estimateAffine2D(a, b, ransacReprojThreshold=3),
    MotionModel.HOMOGRAPHY: lambda a, b: cv2.findHomography(a, b, cv2.RANSAC, 3),
}


@pytest.mark.parametrize("model", OPENCV)
@pytest.mark.parametrize(("noise", "most"), [(0.0, 0.05), (0.3, 0.25)])
def test_opencv_finds_the_same(model, noise, most):
    before = points(500)
    after, _ = with_outliers(before, WARPS[model], noise=noise)
    matrix, inliers = OPENCV[model](before, after)
    motion = global_motion(before, after, model)
    np.testing.assert_array_equal(motion.inliers, inliers.ravel() == 1)
    assert corner_error(motion.matrix, np.vstack([matrix, [0, 0, 1]]) if len(matrix) == 2 else matrix) < most
    assert corner_error(motion.matrix, WARPS[model]) < most


# --- points that tell no warp -----------------------------------------------------------------------


def assert_nothing(motion, count):
    assert not motion.found
    np.testing.assert_array_equal(motion.matrix, np.eye(3))
    assert motion.inliers.shape == (count,) and not motion.inliers.any()
    assert np.isnan(motion.residual) and motion.share == 0


@pytest.mark.parametrize("model", MODELS)
def test_no_points_are_no_motion(model):
    assert_nothing(global_motion(np.zeros((0, 2)), np.zeros((0, 2)), model), 0)


@pytest.mark.parametrize("model", MODELS)
def test_points_in_one_place_tell_a_shift_only(model):
    before = np.full((20, 2), (31.5, 17.0))
    motion = global_motion(before, before + np.array((3, -1)), model)
    if model is MotionModel.TRANSLATION:
        np.testing.assert_allclose(motion.matrix[:2, 2], [3, -1])
    else:
        assert_nothing(motion, 20)
        assert_nothing(global_motion(points(20), before, model), 20)


@pytest.mark.parametrize("noise", [0.0, 0.2, 0.8])
def test_points_on_a_line_tell_a_similarity_at_most(noise):
    along = np.linspace(0, 500, 60)[:, None]
    before = (20, 40) + along * (0.9, 0.3) + np.random.default_rng(0).normal(0, noise, (60, 2))
    after = carried(before, WARPS[MotionModel.SIMILARITY])
    found = global_motion(before, after, MotionModel.SIMILARITY)
    np.testing.assert_allclose(found.matrix, WARPS[MotionModel.SIMILARITY], atol=1e-9)
    for model in (MotionModel.AFFINE, MotionModel.HOMOGRAPHY):
        assert_nothing(global_motion(before, after, model), 60)


def test_one_point_beside_a_line_is_no_homography():
    before = np.column_stack([np.linspace(0, 600, 30), np.full(30, 50.0)])
    before[-1] = 300, 300
    after = carried(before, WARPS[MotionModel.HOMOGRAPHY])
    assert_nothing(global_motion(before, after, MotionModel.HOMOGRAPHY), 30)


def test_points_that_all_disagree_are_no_motion():
    before = points(3)
    assert_nothing(global_motion(before, before + np.array([(0, 0), (20, 5), (-40, 30)]), MotionModel.TRANSLATION), 3)


@pytest.mark.parametrize("model", MODELS)
def test_rows_that_are_unknown_never_agree_and_change_nothing(model):
    before = points(60)
    after, good = with_outliers(before, WARPS[model], share=0.2)
    before[3, 0], after[7, 1], after[8], before[9, 1] = np.nan, np.inf, -np.inf, 1e200
    good[[3, 7, 8, 9]] = False
    motion = global_motion(before, after, model)
    np.testing.assert_array_equal(motion.inliers, good)
    np.testing.assert_allclose(motion.matrix, WARPS[model], rtol=1e-9, atol=1e-9)
    assert motion.share == good.sum() / 56
    assert_nothing(global_motion(np.full((9, 2), np.nan), np.zeros((9, 2)), model), 9)


@pytest.mark.parametrize("model", MODELS)
def test_noise_alone_raises_nothing_and_few_agree(model):
    motion = global_motion(points(200, 1), points(200, 2), model)
    assert np.isfinite(motion.matrix).all() and motion.share < 0.1


def test_the_points_are_left_alone():
    before, after = points(50), points(50) + 1
    kept = before.copy(), after.copy()
    global_motion(before, after, MotionModel.HOMOGRAPHY)
    np.testing.assert_array_equal((before, after), kept)


def test_bad_input_is_refused():
    with pytest.raises(ParameterError, match=r"shapes \(5, 2\) and \(4, 2\): give"):
        global_motion(np.zeros((5, 2)), np.zeros((4, 2)), MotionModel.AFFINE)
    with pytest.raises(ParameterError, match=r"\(5, 3\).*give \(N, 2\)"):
        global_motion(np.zeros((5, 3)), np.zeros((5, 3)), MotionModel.AFFINE)
    for threshold in (0, -1, np.nan, np.inf):
        with pytest.raises(ParameterError, match="threshold is"):
            global_motion(points(5), points(5), MotionModel.AFFINE, threshold=threshold)


def test_every_model_says_where_it_comes_from():
    assert [model.least for model in MotionModel] == [1, 2, 3, 4]
    assert all(model.citation for model in MotionModel)
    assert MotionModel("homography") is MotionModel.HOMOGRAPHY


# --- outlines ---------------------------------------------------------------------------------------


def test_an_outline_runs_clockwise_through_the_corner_pixels():
    np.testing.assert_array_equal(frame_outline(7, 4), [[0, 0], [6, 0], [6, 3], [0, 3]])


def test_points_are_carried_as_opencv_does_and_to_infinity_as_nan():
    warp = WARPS[MotionModel.HOMOGRAPHY]
    expected = cv2.perspectiveTransform(points(9)[None], warp)[0]
    np.testing.assert_allclose(carried(points(9), warp), expected, rtol=1e-12)
    horizon = np.array([[1, 0, 0], [0, 1, 0], [-0.01, 0, 1]])
    there = carried(np.array([[100.0, 5], [50, 5]]), horizon)
    assert np.isnan(there[0]).all()
    np.testing.assert_allclose(there[1], [100, 10])
    assert carried(np.zeros((0, 2)), warp).shape == (0, 2)


# --- on a table of tracks ---------------------------------------------------------------------------


def table(stop, rows):
    """Return a table of frames 0 .. stop-1 of rows (frame, track, (x, y), (u, v), status)."""
    rows = sorted(rows, key=lambda row: row[:2])
    columns = {}
    for name in COLUMNS:
        kind, width = column_type(name)
        columns[name] = np.zeros((len(rows), width) if width else len(rows), kind)
    for at, (frame, track, xy, uv, status) in enumerate(rows):
        columns["frame"][at], columns["track"][at], columns["status"][at] = frame, track, status
        columns["xy"][at], columns["uv"][at] = xy, uv
    return Tracks(0, stop, **columns)


def camera(frame):
    """A homography for each frame: pans left and, ever faster, up; turns and tips. No two of them commute."""
    return np.array([[1 + 0.002 * frame, 0.001 * frame, -3.0 * frame], [-0.001 * frame, 1, -0.2 * frame**2],
                     [1e-6 * frame, 2e-6 * frame, 1]])  # fmt: skip


def filmed(stop, lives, seed=0):
    """Return tracks of still points seen by `camera`, and every fourth on its own way; lives: (first, last, count)."""
    rng = np.random.default_rng(seed)
    rows, track = [], 0
    for first, last, count in lives:
        for place in points(count, seed + first):
            own = rng.uniform(4, 9, 2) if track % 4 == 3 else np.zeros(2)
            course = [carried((place + own * (f - first))[None], camera(f))[0] for f in range(first, last + 1)]
            for f, xy in zip(range(first, last + 1), course, strict=True):
                uv = xy - course[f - first - 1] if f > first else (np.nan, np.nan)
                rows.append((f, track, xy, uv, Status.NEW if f == first else Status.TRACKED))
            track += 1
    return table(stop, rows)


def test_motion_between_uses_the_tracks_that_live_in_both():
    tracks = filmed(8, [(0, 7, 40), (3, 7, 20), (0, 4, 20)])
    ended = (tracks.frame == 6) & (tracks.track == 0)
    tracks.status[ended] = Status.CHANGED
    motion, ids = motion_between(tracks, 2, 6, MotionModel.HOMOGRAPHY)
    assert ids.tolist() == list(range(1, 40))
    np.testing.assert_array_equal(motion.inliers, ids % 4 != 3)
    assert corner_error(motion.matrix, camera(6) @ np.linalg.inv(camera(2))) < 0.01
    back, _ = motion_between(tracks, 6, 2, MotionModel.HOMOGRAPHY)
    np.testing.assert_allclose(carried(carried(OUTLINE, motion.matrix), back.matrix), OUTLINE, atol=0.01)
    nothing, ids = motion_between(tracks, 2, 99, MotionModel.HOMOGRAPHY)
    assert not nothing.found and len(ids) == 0


def test_a_path_is_direct_while_tracks_last_and_chained_from_then_on():
    path = camera_path(filmed(25, [(0, 9, 80), (5, 19, 80)]), 0, 25, MotionModel.HOMOGRAPHY)
    assert path.reference == 0 and path.matrices.shape == (25, 3, 3)
    np.testing.assert_array_equal(path.found, np.arange(25) < 20)
    np.testing.assert_array_equal(path.key, [0] * 10 + [9] * 10 + [19] * 5)
    for frame in range(20):
        assert corner_error(path.matrices[frame], camera(frame)) < 0.02
    np.testing.assert_array_equal(path.matrices[20:], np.tile(path.matrices[19], (5, 1, 1)))
    np.testing.assert_allclose(path.share[:20], [1] + [0.75] * 19)
    assert np.isnan(path.residual[20:]).all() and (path.residual[:20] < 0.01).all()
    assert (path.share[20:] == 0).all()


def test_a_path_may_begin_anywhere_and_starts_with_the_identity():
    path = camera_path(filmed(12, [(0, 11, 60)]), 4, 9, MotionModel.HOMOGRAPHY)
    np.testing.assert_array_equal(path.matrices[0], np.eye(3))
    assert corner_error(path.matrices[4], camera(8) @ np.linalg.inv(camera(4))) < 0.01
    assert path.found.all() and (path.key == 4).all()


def test_too_few_tracks_or_too_few_that_agree_reach_no_frame():
    few = camera_path(filmed(3, [(0, 2, 11)]), 0, 3, MotionModel.TRANSLATION)
    assert few.found.tolist() == [True, False, False]
    rng = np.random.default_rng(0)
    rows = [(f, t, rng.uniform(0, 360, 2), (0, 0), Status.TRACKED) for f in range(3) for t in range(100)]
    apart = camera_path(table(3, rows), 0, 3, MotionModel.SIMILARITY)
    assert apart.found.tolist() == [True, False, False]
    np.testing.assert_array_equal(apart.matrices[2], np.eye(3))


def test_a_table_without_tracks_and_frames_outside_it():
    empty = camera_path(no_tracks(2, 6), 2, 6, MotionModel.AFFINE)
    assert empty.found.tolist() == [True, False, False, False]
    for reference, stop in ((1, 4), (2, 7), (3, 3), (6, 7)):
        with pytest.raises(ParameterError, match=rf"frames {reference}:{stop} are not within 2:6"):
            camera_path(no_tracks(2, 6), reference, stop, MotionModel.AFFINE)


def test_what_moves_on_its_own_is_left_when_the_camera_is_taken_off():
    step = WARPS[MotionModel.AFFINE]
    before = points(10)
    after = carried(before, step)
    after[4] += (1.5, -0.5)
    rows = [(1, t, xy, xy - before[t], Status.TRACKED) for t, xy in enumerate(after)]
    rows.append((1, 10, (9, 9), (np.nan, np.nan), Status.NEW))
    left = relative_to_camera(table(2, rows).at(1), step)
    expected = np.zeros((10, 2))
    expected[4] = 1.5, -0.5
    np.testing.assert_allclose(left[:10], expected, atol=2e-4)
    assert np.isnan(left[10]).all()
