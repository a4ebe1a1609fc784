"""Aligning birth patches: warps known exactly, light, edges and corners, what is lost, and covariances."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.tracking import affine_check
from flowlab.tracking.affine_check import Templates, align, pulled, templates
from flowlab.tracking.patches import neighbourhoods
from tests.flowlab.tracking.surfaces import HEIGHT, WIDTH, edge, full, grain, picture, points, waves

AT = points((30, 25), (41, 31), (50, 22), (35, 34))  # about (39, 28)
WINDOW = 15
IDENTITY = ((1, 0), (0, 1))


def born(surface=waves, at=AT, window=WINDOW):
    return templates(neighbourhoods(picture(surface), at, window))


def turn(degrees, scale=1.0):
    """Return the matrix of a turn from x towards y."""
    c, s = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    return scale * np.array([[c, -s], [s, c]])


def about_the_middle(matrix):
    """Return the shift that keeps the middle of the patches where it is."""
    middle = AT.mean(axis=0).astype(np.float64)
    return middle - np.asarray(matrix) @ middle


def after_frames(grey, patches, start, frames=3, farthest=2.0):
    """Align again from where the last frame left it, as a tracker does in a picture that stands still."""
    for _ in range(frames):
        found = align(grey, patches, start, farthest)
        patches, start = found.templates, found.xy
    return found


# --- closed forms -------------------------------------------------------------------------------------


def test_a_patch_that_did_not_change_stays_where_it_is():
    found = align(picture(waves), born(), AT, 0.5)
    np.testing.assert_array_equal(found.xy, AT)
    np.testing.assert_array_equal(found.templates.linear, np.tile(np.eye(2), (4, 1, 1)))
    np.testing.assert_allclose(found.ncc, 1, atol=1e-5)
    assert not found.lost.any()


WARPS = {
    "shift": (IDENTITY, (0.3, -0.2)),
    "turn": (turn(8), (-0.4, 0.3)),
    "zoom": (turn(0, 1.1), (0.2, 0.6)),
    "shear": (((1, 0.12), (0, 1)), (0.4, 0)),
    "other shear": (((1, 0), (0.12, 1)), (0, 0.4)),
    "all": (((1.08, -0.15), (0.06, 0.93)), (0.25, -0.7)),
}


@pytest.mark.parametrize("name", WARPS)
def test_a_known_affine_map_is_found(name):
    matrix, more = WARPS[name]
    shift = about_the_middle(matrix) + more
    true = AT @ np.transpose(matrix) + shift
    patches, grey = born(window=21), picture(waves, matrix, shift)
    found = after_frames(grey, patches, (true + np.array((0.15, -0.1))).astype(np.float32))
    assert not found.lost.any()
    np.testing.assert_allclose(found.xy, true, atol=0.02)
    np.testing.assert_allclose(found.templates.linear, np.broadcast_to(matrix, (4, 2, 2)), atol=0.005)
    assert (found.ncc > 0.999).all()


def test_the_linear_part_is_carried_on_from_frame_to_frame():
    # Turned by 60 degrees in one go a patch is not found again, in steps of 4 degrees it is.
    patches, at = born(), AT
    for degrees in range(4, 61, 4):
        matrix = turn(degrees)
        shift = about_the_middle(matrix)
        found = align(picture(waves, matrix, shift), patches, (AT @ matrix.T + shift).astype(np.float32), 2.0)
        patches, at = found.templates, found.xy
    np.testing.assert_allclose(patches.linear, np.tile(matrix, (4, 1, 1)), atol=0.01)
    np.testing.assert_allclose(at, AT @ matrix.T + shift, atol=0.03)
    at_once = align(picture(waves, matrix, shift), born(), at, 2.0)
    assert (at_once.lost | (at_once.ncc < 0.9)).all()


@pytest.mark.parametrize(("gain", "bias"), [(0.5, 40), (1.6, -70), (1, 25)])
def test_light_that_changes_moves_nothing(gain, bias):
    matrix, shift = turn(3), about_the_middle(turn(3)) + np.array((0.3, -0.2))
    grey, start = picture(waves, matrix, shift), (AT @ turn(3).T + shift + 0.1).astype(np.float32)
    plain, lit = (align(g.astype(np.float32), born(), start, 1.0) for g in (grey, gain * grey + bias))
    np.testing.assert_allclose(lit.xy, plain.xy, atol=1e-4)
    np.testing.assert_allclose(lit.templates.linear, plain.templates.linear, atol=1e-4)
    np.testing.assert_allclose(lit.ncc, plain.ncc, atol=1e-5)


# --- two witnesses ------------------------------------------------------------------------------------


@pytest.mark.parametrize("degrees", [0, 45, 90, 135, 180])
def test_what_remains_of_a_wrong_start_is_the_pull_however_far_the_patch_has_turned(degrees):
    matrix, shift = turn(degrees), about_the_middle(turn(degrees))
    patches = born()
    turned = replace(patches, linear=np.tile(matrix, (4, 1, 1)).astype(np.float32))
    off = np.array([0.25, -0.2])
    true = AT @ matrix.T + shift
    found = align(picture(waves, matrix, shift), turned, (true + off).astype(np.float32), 2.0)
    expected = np.einsum("ij,njk,lk,l->ni", matrix, patches.pull, matrix, off)
    assert np.abs(expected).max() > 0.05
    np.testing.assert_allclose(found.xy - true, expected, atol=0.02)


@pytest.mark.parametrize("degrees", [0, 30, 90, 120])
def test_along_an_edge_the_place_stays_with_the_start(degrees):
    at = AT[:1]
    surface = edge(degrees, at[0])
    patches = born(surface, at)
    across = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
    along = np.array([-across[1], across[0]])
    assert along @ patches.pull[0] @ along == pytest.approx(1, abs=0.01)
    assert across @ patches.pull[0] @ across < 0.6
    start = (at + 0.4 * along + 0.3 * across).astype(np.float32)
    found = after_frames(picture(surface), patches, start, frames=6)
    assert (found.xy[0] - at[0]) @ along == pytest.approx(0.4, abs=0.03)
    assert (found.xy[0] - at[0]) @ across == pytest.approx(0, abs=0.03)


def test_in_fine_grain_the_patch_alone_decides():
    at = points((41, 29), (30, 31))
    patches = templates(neighbourhoods(grain().astype(np.float32), at, 21))
    assert np.linalg.eigvalsh(patches.pull).max() < 0.1
    assert np.linalg.eigvalsh(patches.pull).min() > 0


def test_what_is_pulled_is_a_part_of_lucas_kanades_error_all_of_it_along_an_edge():
    at = AT[:1]
    step = np.array([[0.01, 0, 25]], np.float32)
    found = full(pulled(born(edge(0, at[0]), at), step))[0]
    assert found[1, 1] == pytest.approx(25, rel=1e-3)
    assert 0 < found[0, 0] < 0.6 * 0.01


@pytest.mark.parametrize("degrees", [30, 90, 200])
def test_what_is_pulled_follows_a_patch_that_has_turned(degrees):
    at, matrix = AT[:1], turn(degrees)
    patches = born(edge(0, at[0]), at)
    turned = replace(patches, linear=matrix[None].astype(np.float32))
    step = np.diag([0.04, 9.0])  # long along the edge
    lying = matrix @ step @ matrix.T
    upright, found = (full(pulled(p, s.ravel()[None, [0, 1, 3]]))[0] for p, s in ((patches, step), (turned, lying)))
    np.testing.assert_allclose(found, matrix @ upright @ matrix.T, rtol=1e-3, atol=1e-4)
    assert abs(found[0, 1]) > 1 or degrees == 90


def test_an_unknown_step_is_pulled_to_much_and_to_no_nan():
    found = pulled(born(edge(0, AT[0]), AT[:1]), np.full((1, 3), np.inf, np.float32))
    assert np.isfinite(found).all()
    assert found[0, 0] > 1e10
    assert found[0, 2] > 1e10


# --- the mathematics ----------------------------------------------------------------------------------


def test_the_steepest_descent_images_are_what_each_of_the_six_numbers_changes():
    # J d is how T(W(x; d)) differs from T: warp the surface itself by a little of each number.
    at, little = AT[:1], 1e-3
    patch = neighbourhoods(picture(waves), at, WINDOW)
    descent = affine_check._descent(patch.gx, patch.gy, WINDOW)[0]
    x, y = affine_check.offsets(WINDOW).T.astype(np.float64)
    for k in range(6):
        d = np.zeros(6)
        d[k] = little
        moved = waves(at[0, 0] + x + d[0] * x + d[1] * y + d[2], at[0, 1] + y + d[3] * x + d[4] * y + d[5])
        changed = (moved - waves(at[0, 0] + x, at[0, 1] + y)) / little
        # Scharr sees the slope of a wave of 8 px a tenth too low.
        assert np.abs(descent[:, k] - changed).max() < 0.12 * np.abs(changed).max()


def test_an_update_and_its_inverse_compose_to_the_identity(monkeypatch):
    # The patch asks for a step d; composing the warp found with the warp of d is the warp there was.
    grey, patches = picture(waves, turn(2), about_the_middle(turn(2))), born()
    monkeypatch.setattr(affine_check, "_PRIOR", 0.0)
    monkeypatch.setattr(affine_check, "_ITERATIONS", 1)
    before = replace(patches, linear=np.tile([[1.1, 0.05], [-0.1, 0.95]], (4, 1, 1)).astype(np.float32))
    found = align(grey, before, AT, 5.0)
    side = WINDOW
    error = affine_check.normalised(affine_check._warped(grey, before.linear, AT, side)) - patches.patch
    descent = affine_check._descent(patches.gx, patches.gy, side)
    descent -= descent.mean(axis=1, keepdims=True)
    descent -= patches.patch[:, :, None] * np.einsum("in,ink->ik", patches.patch, descent)[:, None]
    d = np.einsum("ikl,inl,in->ik", patches.inverse, descent, error)
    D, t = d[:, [0, 1, 3, 4]].reshape(-1, 2, 2), d[:, [2, 5]]
    assert np.abs(D).max() > 0.02
    assert np.abs(t).max() > 0.02
    # x -> A' (x + D x + t) + c'
    np.testing.assert_allclose(found.templates.linear @ (np.eye(2) + D), before.linear, atol=1e-5)
    np.testing.assert_allclose(np.einsum("nij,nj->ni", found.templates.linear, t) + found.xy, AT, atol=1e-4)


# --- what is lost -------------------------------------------------------------------------------------


def test_a_patch_that_was_replaced_does_not_look_alike():
    found = align(picture(lambda x, y: waves(x, y, seed=7)), born(), AT, 1.0)
    assert (found.lost | (found.ncc < 0.5)).all()


@pytest.mark.parametrize("off", [(0.6, 0), (0, -0.6)])
def test_an_alignment_that_leads_too_far_is_lost_and_the_place_stays(off):
    start, patches = (AT + off).astype(np.float32), born()
    before = replace(patches, linear=np.tile(turn(1), (4, 1, 1)).astype(np.float32))
    found = align(picture(waves), before, start, 0.3)
    assert found.lost.all()
    np.testing.assert_array_equal(found.xy, start)
    np.testing.assert_array_equal(found.templates.linear, before.linear)
    kept = align(picture(waves), before, start, 0.6)
    assert not kept.lost.any()
    assert (np.abs(kept.xy - AT).max(axis=1) < 0.3).all()


@pytest.mark.parametrize("scale", [0.4, 2.5])
def test_a_patch_that_shrinks_or_grows_beyond_belief_is_lost(scale):
    # Its area would be 0.16 or 6.25 of what it was, though the picture agrees.
    shift = about_the_middle(turn(0, scale))
    before = replace(born(), linear=np.tile(turn(0, scale), (4, 1, 1)).astype(np.float32))
    start = (scale * AT + shift).astype(np.float32)
    assert align(picture(waves, turn(0, scale), shift), before, start, 5.0).lost.all()


def test_a_flat_template_disturbs_no_other():
    grey = picture(waves)
    grey[:, 60:] = 128
    at = points((20, 30), (72, 30), (35, 22))
    moved = at + points((0.2, -0.1))
    patches = templates(neighbourhoods(grey, at, 9))
    found = align(grey, patches, moved, 1.0)
    alone = align(grey, templates(neighbourhoods(grey, at[[0, 2]], 9)), moved[[0, 2]], 1.0)
    for name in ("xy", "ncc", "covariance", "lost"):
        np.testing.assert_array_equal(getattr(found, name)[[0, 2]], getattr(alone, name))
    assert np.isfinite(found.xy).all()
    assert np.isfinite(found.templates.linear).all()
    assert np.isnan(found.ncc[1])
    assert (found.covariance[1] == np.inf).all()


def test_a_frame_that_turned_flat_moves_nothing():
    found = align(np.full((HEIGHT, WIDTH), 90, np.float32), born(), AT, 1.0)
    np.testing.assert_array_equal(found.xy, AT)
    assert np.isnan(found.ncc).all()


def test_no_tracks_have_no_alignment():
    none = born(at=points())
    found = align(picture(waves), none, points(), 1.0)
    assert (len(none), found.xy.shape, found.covariance.shape, found.lost.shape) == (0, (0, 2), (0, 3), (0,))


# --- uncertainty --------------------------------------------------------------------------------------


@st.composite
def any_patches(draw):
    """A picture of noise, stripes or a ramp, faint or strong, and a little of each, and the step of three points."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    y, x = np.mgrid[:40, :56]
    angle = draw(st.floats(0, np.pi))
    along = np.cos(angle) * x + np.sin(angle) * y
    line = draw(st.sampled_from([0 * along, along, 40 * np.sin(along / 3), 100 * np.tanh(along / 3 - 6)]))
    rough = draw(st.sampled_from([0.0, 0.01, 1.0, 30.0]))
    first, second = (np.asarray(128 + line + rough * rng.standard_normal((40, 56)), np.float32) for _ in range(2))
    at = rng.uniform((5, 5), (50, 34), (3, 2)).astype(np.float32)
    lengths, turned = draw(st.tuples(st.floats(1e-4, 1e2), st.floats(1e-4, 1e2))), turn(draw(st.floats(0, 180)))
    step = turned @ np.diag(lengths) @ turned.T
    return first, second, at, np.tile(step.ravel()[[0, 1, 3]], (3, 1)).astype(np.float32)


def assert_covariances(three):
    assert not np.isnan(three).any()
    for covariance in full(three[np.isfinite(three).all(axis=1)]):
        smaller, larger = np.linalg.eigvalsh(covariance)
        assert smaller >= -1e-6 * larger


@given(any_patches(), st.floats(0, 360))
@settings(max_examples=150, deadline=None)
def test_whatever_is_in_the_patch_its_covariance_is_one(world, degrees):
    first, second, at, step = world
    patches = templates(neighbourhoods(first, at, 9))
    patches = replace(patches, linear=np.tile(turn(degrees), (3, 1, 1)).astype(np.float32))
    found = align(second, patches, at, 0.5)
    assert np.isfinite(found.xy).all()
    assert_covariances(found.covariance)
    assert_covariances(pulled(patches, step))
    assert np.linalg.eigvalsh(patches.pull).min() > -1e-6
    assert np.linalg.eigvalsh(patches.pull).max() < 1 + 1e-6


def test_it_grows_with_the_variance_of_the_noise():
    noise = np.random.default_rng(0).standard_normal((HEIGHT, WIDTH)).astype(np.float32)
    weak, strong = (align(picture(waves) + s * noise, born(), AT, 1.0).covariance[:, [0, 2]] for s in (0.5, 2.0))
    assert strong / weak == pytest.approx(np.full((4, 2), 16), rel=0.2)


def test_it_is_turned_with_the_patch():
    stretched = born(lambda x, y: waves(2 * x, y))  # known better in x than in y
    noise = 2 * np.random.default_rng(0).standard_normal((HEIGHT, WIDTH)).astype(np.float32)
    upright = align(picture(lambda x, y: waves(2 * x, y)) + noise, stretched, AT, 1.0).covariance
    assert (upright[:, 0] < upright[:, 2]).all()
    matrix, shift = turn(90), about_the_middle(turn(90))
    lying = replace(stretched, linear=np.tile(matrix, (4, 1, 1)).astype(np.float32))
    grey = picture(lambda x, y: waves(2 * x, y), matrix, shift) + noise
    found = align(grey, lying, (AT @ matrix.T + shift).astype(np.float32), 1.0).covariance
    assert (found[:, 0] > found[:, 2]).all()


# --- many at once -------------------------------------------------------------------------------------


def test_each_is_aligned_as_if_it_were_alone():
    grey = picture(waves, turn(3), about_the_middle(turn(3)))
    together = align(grey, born(), AT, 2.0)
    for i in range(4):
        alone = align(grey, born(at=AT[i : i + 1]), AT[i : i + 1], 2.0)
        np.testing.assert_allclose(alone.xy[0], together.xy[i], atol=1e-4)
        np.testing.assert_allclose(alone.templates.linear[0], together.templates.linear[i], atol=1e-5)


def test_templates_are_chosen_and_joined_part_by_part():
    whole = born()
    first, rest = whole.rows(np.array([True, False, False, False])), whole.rows(np.array([1, 2, 3]))
    assert (len(first), len(rest)) == (1, 3)
    for ours, theirs in zip(first.followed_by(rest).parts, whole.parts, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert len(whole.parts) == len(Templates.__dataclass_fields__)
