"""What a step claims of its own error: laws of scale, edges, flat windows, and errors that were really made."""

from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.evaluation.track_truth import coverage, normalised_variance, track_truth
from flowlab.jobs.clips import open_clip
from flowlab.tracking.parameters import PointParameters
from flowlab.tracking.patches import Neighbourhoods, neighbourhoods
from flowlab.tracking.points import track_points
from flowlab.tracking.uncertainty import since_birth, step_covariance
from tests.flowlab.tracking.surfaces import HEIGHT, WIDTH, edge, full, picture, points, waves

AT = points((30, 25), (41.5, 30.5), (60, 33.25))
GRAIN = np.random.default_rng(0).standard_normal((HEIGHT, WIDTH)).astype(np.float32)


def claimed(surface, noise, contrast=1.0, at=AT, window=15):
    """Return the covariance of a step that stands still, noise in the second picture only."""
    first = picture(lambda x, y: contrast * (surface(x, y) - 128) + 128)
    return step_covariance(neighbourhoods(first, at, window), neighbourhoods(first + noise * GRAIN, at, window))


# --- closed forms -----------------------------------------------------------------------------------


def test_it_grows_with_the_variance_of_the_noise():
    weak, strong = claimed(waves, 1.0), claimed(waves, 4.0)
    assert strong / weak == pytest.approx(np.full_like(weak, 16), rel=0.2)


def test_it_shrinks_with_the_square_of_the_contrast():
    pale, rich = claimed(waves, 1.0, contrast=0.5), claimed(waves, 1.0)
    assert pale / rich == pytest.approx(np.full_like(pale, 4), rel=0.1)


def test_without_noise_in_the_slopes_it_is_foerstners_formula():
    # Contrast far above the noise: (1 + f) s^2 G^-1 at a whole pixel, s^2 / 2 of the variance that is left.
    at = points((30, 25))
    first = neighbourhoods(picture(waves), at, 15)
    second = neighbourhoods(picture(waves) + 0.8 * GRAIN, at, 15)
    left = (second.values - first.values)[0].astype(np.float64)
    g = np.stack([first.gx[0], first.gy[0]]).astype(np.float64)
    expected = 2 * (left @ left / (15**2 - 2) / 2) * np.linalg.inv(g @ g.T)
    np.testing.assert_allclose(full(step_covariance(first, second))[0], expected, rtol=0.02)


def test_two_equal_pictures_still_leave_rounding():
    spread = np.linalg.eigvalsh(full(claimed(waves, 0.0)))
    assert (spread > 0).all()
    assert (spread < 1e-4).all()


@pytest.mark.parametrize("degrees", [0, 25, 90, 115, 160])
def test_along_an_edge_it_is_long_and_across_it_is_short(degrees):
    at = points((41, 29))
    found = claimed(edge(degrees, at[0]), 2.0, at=at)
    assert np.isfinite(found).all(), "across the edge something is known"
    lengths, axes = np.linalg.eigh(full(found)[0])
    across = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
    assert abs(axes[:, 1] @ across) < 0.02, "the long axis follows the edge"
    assert lengths[1] > 1.0
    assert across @ full(found)[0] @ across < max(1e-3, 1e-6 * lengths[1])  # float32 cannot hold less


def test_a_slanted_texture_stretches_the_right_way():
    # Waves twice as steep along x as along y: the step is known better in x. A swap of x and y shows.
    found = claimed(lambda x, y: waves(2 * x, y), 2.0)
    assert (found[:, 0] < 0.7 * found[:, 2]).all()
    turned = claimed(lambda x, y: waves(x + y, x - y) + waves(3 * (x - y), 0 * x), 2.0)
    assert (turned[:, 1] > 0).all(), "steep towards (1, -1), long towards (1, 1)"


@pytest.mark.parametrize("second", [90, 140])
def test_a_flat_window_is_infinite_and_never_nan(second):
    flat = neighbourhoods(np.full((HEIGHT, WIDTH), 90, np.float32), AT, 9)
    other = neighbourhoods(np.full((HEIGHT, WIDTH), second, np.float32), AT, 9)
    assert (step_covariance(flat, other) == np.inf).all()


def test_a_flat_window_leaves_the_others_alone():
    grey = picture(waves)
    grey[:, WIDTH // 2 :] = 128
    at = points((20, 30), (70, 30))
    here = neighbourhoods(grey, at, 9)
    found = step_covariance(here, here)
    np.testing.assert_array_equal(found[0], step_covariance(*[neighbourhoods(grey, at[:1], 9)] * 2)[0])
    assert (found[1] == np.inf).all()


# --- any window -----------------------------------------------------------------------------------------


@st.composite
def any_window(draw):
    """One window of 5x5 px in either of two pictures: random, faint, striped, or hardly different from one another."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.sampled_from([1e-3, 0.1, 3.0, 80.0]))
    stretch = draw(st.sampled_from([(1, 1), (1, 1e-4), (0, 1), (1e-3, 1)]))
    y, x = np.mgrid[:9, :9]
    turn = draw(st.floats(0, np.pi))
    along = stretch[0] * np.cos(turn) * x + np.sin(turn) * y
    grey = np.asarray(128 + size * (np.sin(along) + stretch[1] * rng.standard_normal((9, 9))), np.float32)
    noise = np.asarray(draw(st.sampled_from([0.0, 0.5, 30.0])) * rng.standard_normal((9, 9)), np.float32)
    at = points((draw(st.floats(3, 5)), draw(st.floats(3, 5))))
    return neighbourhoods(grey, at, 5), neighbourhoods(grey + noise, at, 5)


@given(any_window())
@settings(max_examples=200, deadline=None)
def test_it_is_a_covariance_or_infinite(windows):
    found = step_covariance(*windows)
    assert not np.isnan(found).any()
    if np.isfinite(found).all():
        smaller, larger = np.linalg.eigvalsh(full(found)[0])
        assert smaller >= -1e-6 * larger
        assert larger > 0
    else:
        assert (found == np.inf).all()


def test_no_points_have_no_covariance():
    none = neighbourhoods(picture(waves), points(), 7)
    assert step_covariance(none, none).shape == (0, 3)


# --- errors that were made ------------------------------------------------------------------------------


def judged(noise, parameters, frames=13):
    scene = f"scene:translation?width=240&height=180&frames={frames}&noise={noise}"
    with closing(open_clip(scene)) as clip:
        tracks = track_points(clip, replace(parameters, redetect_every=0))
        *_, (_, truth) = track_truth(tracks, clip, (1, frames))
    assert len(truth.step_errors) > 1500
    return truth


@pytest.mark.parametrize("affine", [False, True])
@pytest.mark.parametrize("noise", [3, 6])
def test_what_is_claimed_of_steps_is_what_noise_does_to_them(noise, affine):
    truth = judged(noise, PointParameters(affine=affine))
    variance, left_out = normalised_variance(truth.step_errors, truth.step_covariances)
    assert left_out == 0
    assert 0.7 < variance < 1.5
    (share,), _ = coverage(truth.step_errors, truth.step_covariances, [0.95])
    assert 0.90 < share < 0.98


@pytest.mark.parametrize("affine", [False, True])
def test_the_error_since_birth_does_not_grow_where_only_noise_moves_the_points(affine):
    truth = judged(4, PointParameters(affine=affine))
    assert len(truth.drift_errors) > 150
    variance, _ = normalised_variance(truth.drift_errors, truth.drift_covariances)
    assert 0.5 < variance < 3
    steps = np.median(np.trace(full(truth.step_covariances), axis1=1, axis2=2))
    drift = np.median(np.trace(full(truth.drift_covariances), axis1=1, axis2=2))
    assert drift == pytest.approx(steps, rel=0.4), "twelve steps are no more than one"


def test_since_birth_is_half_of_the_first_step_and_half_of_the_last():
    first, last = np.array([[4, 1, 2], [1, 0, 1]], np.float32), np.array([[2, -1, 6], [np.inf] * 3], np.float32)
    assert since_birth(first, last)[0].tolist() == [3, 0, 4]
    assert (since_birth(first, last)[1] == np.inf).all()
    np.testing.assert_array_equal(since_birth(first, first), first)


def test_a_window_of_hardly_any_texture_is_not_believed_more_than_a_tenth():
    # Noise makes slopes of its own: of what is measured a part is information, and a tenth at least.
    tensor = np.array([[1.0, 0, 1.0]], np.float32)
    values = np.random.default_rng(3).normal(0, 40, (2, 1, 49)).astype(np.float32)
    first, second = (Neighbourhoods(v, v, v, tensor, np.ones(1, np.float32)) for v in values)
    left = float(((values[1] - values[0]) ** 2).sum()) / 47 / 2
    assert step_covariance(first, second)[0, 0] == pytest.approx(2 * left / 49 / 0.1**2, rel=1e-4)
