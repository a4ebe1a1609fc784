"""Tracks beside the truth: flows read between pixels, steps and drift on scenes, covariances that are right or not."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.core.resample import pixel_grid
from flowlab.errors import ParameterError
from flowlab.evaluation.track_truth import (
    coverage,
    drift,
    hidden,
    normalised_variance,
    step_errors,
    track_truth,
    true_displacement,
)
from flowlab.scenes.registry import open_scene
from flowlab.tracking.endings import Status
from flowlab.tracking.tracks import COLUMNS, Tracks, column_type, no_tracks

HEIGHT, WIDTH = 13, 22


def linear(du_dx=0.25, du_dy=0.125, dv_dx=-0.375, dv_dy=0.0625):
    x, y = pixel_grid(HEIGHT, WIDTH)
    return np.dstack([du_dx * x + du_dy * y + 3, dv_dx * x + dv_dy * y - 5])


# --- the truth between pixels -------------------------------------------------------------------------


@given(st.lists(st.tuples(st.floats(0, WIDTH - 1), st.floats(0, HEIGHT - 1)), min_size=1, max_size=20))
@settings(max_examples=50, deadline=None)
def test_a_linear_flow_is_exact_anywhere_in_the_picture(places):
    xy = np.array(places)
    x, y = xy.T
    expected = np.column_stack([0.25 * x + 0.125 * y + 3, -0.375 * x + 0.0625 * y - 5])
    np.testing.assert_allclose(true_displacement(linear(), xy), expected, atol=1e-12)


def test_positions_are_not_rounded_to_parts_of_a_pixel():
    # cv2.remap would read two channels at multiples of 1/32 px
    read = true_displacement(linear(), np.array([[4.01, 6.0], [4.02, 6.0]]))
    assert read[1, 0] - read[0, 0] == pytest.approx(0.0025)


def test_at_a_motion_boundary_the_nearest_pixel_speaks():
    flow = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    flow[:, 10:] = 4, -2
    read = true_displacement(flow, np.array([[9.3, 5.5], [9.7, 5.5], [8.9, 5], [10.1, 5]]))
    np.testing.assert_array_equal(read, [[0, 0], [4, -2], [0, 0], [4, -2]])
    flow[:, 10:] = 0.4, -0.4  # less than 0.5 px is one motion that bends
    np.testing.assert_allclose(true_displacement(flow, np.array([[9.25, 5.5]])), [[0.1, -0.1]], rtol=1e-6)
    np.testing.assert_array_equal(true_displacement(flow, np.array([[9.25, 5.5]]), boundary=0.3), [[0, 0]])


def test_the_unknown_stays_unknown_and_does_not_spread():
    flow = linear()
    flow[5, 9, 1] = np.nan
    flow[2, 3] = np.inf
    places = np.array([[9.2, 5.3], [8.4, 5], [9.6, 5], [3, 2.4], [9, 6]])
    read = true_displacement(flow, places)
    assert np.isnan(read[[0, 3]]).all()
    np.testing.assert_array_equal(read[[1, 2, 4]], [flow[5, 8], flow[5, 10], flow[6, 9]])


def test_outside_the_outermost_pixel_centres_there_is_no_truth():
    outside = np.array([[-0.01, 5], [WIDTH - 0.99, 5], [5, -0.01], [5, HEIGHT - 0.99], [np.nan, 5], [5, np.inf]])
    assert np.isnan(true_displacement(linear(), outside)).all()
    corner = np.array([[WIDTH - 1.0, HEIGHT - 1.0]])
    np.testing.assert_allclose(true_displacement(linear(), corner)[0], linear()[-1, -1])
    assert true_displacement(linear(), np.zeros((0, 2))).shape == (0, 2)
    assert true_displacement(np.ones((1, 1, 2), np.float32), np.zeros((1, 2))).tolist() == [[1, 1]]


def test_hidden_is_what_the_nearest_pixel_says():
    occlusion = np.zeros((4, 7), bool)
    occlusion[1, 5] = True
    places = np.array([[5.4, 0.6], [4.6, 1.4], [4.4, 1], [5, 1.6], [1, 5], [-0.4, 3.4], [-0.6, 1], [np.nan, 1]])
    assert hidden(occlusion, places).tolist() == [True, True, False, False, True, False, True, True]
    assert hidden(occlusion, np.array([[6.5, 3.5], [-0.5, -0.5]])).tolist() == [False, False]


# --- tracks on scenes ---------------------------------------------------------------------------------


def followed(clip, births, stop, wrong=None, status=None):
    """Return tracks that follow the truth from (frame, x, y); `wrong` (track -> (dx, dy) a frame) leads them astray."""
    rows = []
    for track, (birth, *place) in enumerate(births):
        place, course = np.array(place, float), []
        for frame in range(birth, stop):
            moved = true_displacement(clip.flow(birth, frame - birth), place[None], 99)[0] if frame > birth else 0
            course.append(place + moved + np.array((wrong or {}).get(track, (0, 0))) * (frame - birth))
            uv = course[-1] - course[-2] if frame > birth else (np.nan, np.nan)
            known = status or {}
            default = Status.NEW if frame == birth else Status.TRACKED
            rows.append((frame, track, course[-1], uv, frame - birth, known.get((frame, track), default)))
    rows.sort(key=lambda row: row[:2])
    columns = {}
    for name in COLUMNS:
        kind, width = column_type(name)
        columns[name] = np.ones((len(rows), width) if width else len(rows), kind)
    columns["covariance"][:, 1] = columns["step_covariance"][:, 1] = 0
    for at, row in enumerate(rows):
        for name, value in zip(("frame", "track", "xy", "uv", "age", "status"), row, strict=True):
            columns[name][at] = value
    return Tracks(0, stop, **columns)


ZOOM = open_scene("scene:zoom?frames=9&width=160&height=96&speed=2")
SPOTS = [(0, 40, 30), (0, 100.25, 60.5), (2, 70.5, 20), (5, 90, 70)]


def test_a_perfect_track_has_no_error_and_does_not_drift():
    tracks = followed(ZOOM, SPOTS, 9)
    for frame in range(9):
        steps = step_errors(tracks, ZOOM, frame)
        assert len(steps.rows) == sum(birth < frame for birth, *_ in SPOTS)
        np.testing.assert_allclose(steps.errors, 0, atol=1e-4)
        assert steps.visible.all()
        np.testing.assert_allclose(drift(tracks, ZOOM, frame), 0, atol=1e-4)
    assert np.linalg.norm(tracks.xy[-1] - (90, 70)) > 2  # it did move


def test_a_picture_that_spreads_for_long_is_no_boundary():
    # over four frames neighbouring pixels move apart by 1.115^4 - 1 = 0.54 px
    fast = open_scene("scene:zoom?frames=5&width=160&height=96&speed=5.5")
    tracks = followed(fast, [(0, 90.5, 40.5), (0, 100.4, 50.6)], 5)
    np.testing.assert_allclose(drift(tracks, fast, 4), 0, atol=1e-4)


def test_what_leads_astray_is_what_is_measured():
    tracks = followed(ZOOM, SPOTS, 9, wrong={1: (0.3, -0.4)})
    np.testing.assert_allclose(drift(tracks, ZOOM, 8), [0, 8 * 0.5, 0, 0], atol=1e-4)
    np.testing.assert_allclose(drift(tracks, ZOOM, 3), [0, 3 * 0.5, 0], atol=1e-4)
    steps = step_errors(tracks, ZOOM, 1)
    np.testing.assert_allclose(steps.vectors, [[0, 0], [0.3, -0.4]], atol=1e-4)
    np.testing.assert_allclose(steps.errors, [0, 0.5], atol=1e-4)


def test_drift_over_a_cut_off_birth_is_unknown():
    tracks = followed(ZOOM, SPOTS, 9).between(1, 9)
    left = drift(tracks, ZOOM, 8)
    assert np.isnan(left[:2]).all()
    np.testing.assert_allclose(left[2:], 0, atol=1e-4)
    without = tracks.where(~((tracks.track == 2) & (tracks.frame == 2)))
    assert np.isnan(drift(without, ZOOM, 8)[2])


def test_only_what_lives_drifts_and_only_what_stepped_is_judged():
    tracks = followed(ZOOM, SPOTS, 9, status={(8, 1): Status.CHANGED})
    assert len(drift(tracks, ZOOM, 8)) == 3
    assert (step_errors(tracks, ZOOM, 8).rows.status == Status.CHANGED).tolist() == [False, True, False, False]
    assert len(step_errors(tracks, ZOOM, 0).errors) == 0
    assert len(step_errors(no_tracks(3, 5), ZOOM, 4).errors) == len(drift(no_tracks(3, 5), ZOOM, 4)) == 0


def test_a_step_that_is_unknown_has_no_error():
    tracks = followed(ZOOM, SPOTS, 9)
    tracks.uv[(tracks.frame == 4) & (tracks.track == 1)] = np.nan
    assert np.isnan(step_errors(tracks, ZOOM, 4).errors).tolist() == [False, True, False]


def last(progress):
    shares, results = zip(*progress, strict=True)
    assert list(shares) == sorted(shares) and shares[-1] == 1
    assert not any(results[:-1])
    return results[-1]


def test_a_range_is_judged_step_by_step():
    tracks = followed(ZOOM, SPOTS, 9, wrong={1: (1, 0)}, status={(8, 3): Status.CHANGED})
    found = last(track_truth(tracks, ZOOM, (0, 9)))
    steps = 8 + 8 + 6 + 2  # the third step of the fourth track was not kept
    off = 1 - np.arange(8) * 2 / 48  # of the second track: where it has got to, the picture spreads faster
    assert found.step_errors.shape == (steps, 2) and found.step_covariances.shape == (steps, 3)
    assert found.right_share == pytest.approx((steps - 8) / steps)
    assert found.median_error == pytest.approx(0, abs=1e-4)
    assert (found.hidden, found.false_keeps) == (0, 0)
    np.testing.assert_allclose(sorted(np.hypot(*found.drift_errors.T)), [0, 0, 8], atol=1e-4)
    assert found.drift_covariances.shape == (3, 3)
    assert normalised_variance(found.step_errors, found.step_covariances)[0] == pytest.approx(
        (off**2).sum() / steps / 2, rel=1e-4
    )
    assert (found.start, found.stop) == (0, 9)


LEAF = open_scene("scene:two-layers?frames=5&width=160&height=96&speed=4")


def test_a_track_that_goes_on_where_the_truth_is_hidden_is_kept_falsely():
    covered = np.argwhere(LEAF.occlusion(2))
    inside = [(y, x) for y, x in covered if 10 < x < 150 and 10 < y < 86]
    (y, x), (other_y, other_x) = inside[0], inside[-1]
    births = [(2, x, y), (2, other_x, other_y), (2, 5, 5)]
    tracks = followed(LEAF, births, 4, status={(3, 1): Status.INCONSISTENT})
    steps = step_errors(tracks, LEAF, 3)
    assert steps.visible.tolist() == [False, False, True]
    found = last(track_truth(tracks, LEAF, (3, 4)))
    assert (found.hidden, found.false_keeps) == (2, 1)
    assert len(found.step_errors) == 1


def test_nothing_to_judge_is_nan():
    found = last(track_truth(no_tracks(0, 3), ZOOM, (0, 3)))
    assert math.isnan(found.right_share) and math.isnan(found.median_error)
    assert found.step_errors.shape == (0, 2) and found.drift_covariances.shape == (0, 3)


def test_a_caller_that_stops_asking_stops_the_work():
    asked = []

    class Counted:
        def flow(self, index, gap=1):
            asked.append(index)
            return ZOOM.flow(index, gap)

        occlusion = ZOOM.occlusion

    progress = track_truth(followed(ZOOM, SPOTS, 9), Counted(), (1, 9))
    next(progress)
    assert asked == [0]


# --- covariances --------------------------------------------------------------------------------------


def gaussian(count=40_000, seed=0):
    """Return errors of covariances that differ from point to point, long and slanted ones among them."""
    rng = np.random.default_rng(seed)
    factors = np.tril(rng.normal(0, 1, (count, 2, 2))) + np.diag([0.5, 0.2])
    errors = (factors @ rng.normal(0, 1, (count, 2, 1)))[..., 0]
    full = factors @ np.swapaxes(factors, 1, 2)
    return errors, np.column_stack([full[:, 0, 0], full[:, 0, 1], full[:, 1, 1]])


def test_a_gaussian_keeps_to_its_covariances():
    errors, covariances = gaussian()
    variance, _ = normalised_variance(errors, covariances)
    assert variance == pytest.approx(1, abs=0.02)
    shares, _ = coverage(errors, covariances, (0, 0.3, 0.5, 0.9, 0.99))
    np.testing.assert_allclose(shares, [0, 0.3, 0.5, 0.9, 0.99], atol=0.01)


def test_twice_the_error_is_four_times_the_variance():
    errors, covariances = gaussian()
    assert normalised_variance(2 * errors, covariances)[0] == pytest.approx(4, abs=0.08)
    # the ellipse of 1 - p = 1/16 shrinks to that of 1 - p = 1/2
    assert coverage(2 * errors, covariances, [15 / 16])[0][0] == pytest.approx(0.5, abs=0.01)


def test_xx_belongs_to_x():
    assert normalised_variance(np.array([[3.0, 1]]), np.array([[9.0, 0, 1]]))[0] == pytest.approx(1)
    assert normalised_variance(np.array([[1.0, 2]]), np.array([[2.0, 1, 3]]))[0] == pytest.approx((3 - 4 + 8) / 5 / 2)


def test_what_cannot_be_judged_is_left_out_and_counted():
    errors, covariances = gaussian(1000)
    broken = np.array([[1, 1, 1], [np.nan, 0, 1], [0, 0, 0], [-1, 0, -1], [1, 2, 1], [1, 0, np.inf], [1, 0, 0]])
    more = np.vstack([errors, np.ones((7, 2)), [[np.nan, 0]]])
    all_of = np.vstack([covariances, broken, [[1, 0, 1]]])
    variance, left_out = normalised_variance(more.astype(np.float32), all_of.astype(np.float32))
    kept = normalised_variance(errors, covariances)
    assert (variance, left_out) == (pytest.approx(kept[0], rel=1e-3), 8 + kept[1])
    shares, also = coverage(more, all_of, [0.5, 0.9])
    assert also == left_out
    np.testing.assert_array_equal(shares, coverage(errors, covariances, [0.5, 0.9])[0])
    for nothing in (0, 3):
        variance, left_out = normalised_variance(np.zeros((nothing, 2)), np.zeros((nothing, 3)))
        assert math.isnan(variance) and left_out == nothing
        assert np.isnan(coverage(np.zeros((nothing, 2)), np.zeros((nothing, 3)), [0.5])[0]).all()


def test_bad_input_is_refused():
    with pytest.raises(ParameterError, match=r"xy has shape \(3,\): give \(N, 2\)"):
        true_displacement(linear(), np.zeros(3))
    with pytest.raises(ParameterError, match=r"xy has shape \(4, 3\)"):
        hidden(np.zeros((2, 3), bool), np.zeros((4, 3)))
    with pytest.raises(ParameterError, match="give float32 of shape"):
        true_displacement(np.zeros((4, 5)), np.zeros((1, 2)))
    with pytest.raises(ParameterError, match=r"errors have shape \(4, 2\) and covariances \(4, 2\): give"):
        normalised_variance(np.zeros((4, 2)), np.zeros((4, 2)))
    for wrong in (1, -0.1, np.nan):
        with pytest.raises(ParameterError, match="give numbers from 0 to below 1"):
            coverage(np.zeros((4, 2)), np.zeros((4, 3)), [0.5, wrong])
    for frames in ((2, 2), (0, 4), (-1, 2)):
        with pytest.raises(ParameterError, match=r"frames -?\d:\d are not within 0:3"):
            next(track_truth(no_tracks(0, 3), ZOOM, frames))
