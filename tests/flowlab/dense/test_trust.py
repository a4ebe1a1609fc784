"""Trust: each reason by a case made for it, the measurements by hand, then whether doubt knows where the errors are."""

import cv2
import numpy as np
import pytest

from flowlab.core.flow_field import endpoint_error
from flowlab.core.resample import pixel_grid
from flowlab.core.structure_tensor import smaller_eigenvalue
from flowlab.dense.methods import METHODS
from flowlab.dense.trust import Reason, Trust, TrustParameters, forward_backward_error, trust
from flowlab.errors import ParameterError
from flowlab.evaluation.sparsification import sparsification
from flowlab.scenes.registry import open_scene

NAN = np.nan
HEIGHT, WIDTH = 90, 140
U, V = 3, -2


def textured(seed=0, height=HEIGHT, width=WIDTH):
    grain = np.random.default_rng(seed).normal(0, 1, (height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(np.pad(grain, 12, mode="wrap"), (0, 0), 1.5)[12:-12, 12:-12]
    return np.clip(128 + 40 * smooth / smooth.std(), 0, 255).astype(np.uint8)


def constant(u, v, height=HEIGHT, width=WIDTH):
    return np.full((height, width, 2), (u, v), np.float32)


def shifted(first):
    """The next frame of a picture that moves by (U, V) and comes in again at the other side."""
    return np.roll(first, (V, U), axis=(0, 1))


def judged(first=None, second=None, flow=None, backward=None, **thresholds) -> Trust:
    first = textured() if first is None else first
    second = shifted(first) if second is None else second
    flow = constant(U, V) if flow is None else flow
    backward = constant(-U, -V) if backward is None else backward
    return trust(first, second, flow, backward, TrustParameters(**thresholds))


# --- a reason for every failure ------------------------------------------------------------------


def test_a_true_flow_of_a_textured_picture_is_trusted_except_where_it_leaves():
    found = judged()
    leaves = np.zeros((HEIGHT, WIDTH), bool)
    leaves[:-V] = leaves[:, WIDTH - U :] = True  # up by 2 and right by 3
    np.testing.assert_array_equal(found.reason == Reason.OUTSIDE, leaves)
    np.testing.assert_array_equal(found.mask, ~leaves)
    assert found.share == pytest.approx((~leaves).mean())
    assert found.share_of(Reason.OUTSIDE) == pytest.approx(leaves.mean())


def test_unknown_vectors_are_unknown_and_so_are_those_that_land_on_an_unknown_way_back():
    flow, backward = constant(U, V), constant(-U, -V)
    flow[40:45, 60:70, 0] = NAN
    backward[70, 100] = np.inf
    reason = judged(flow=flow, backward=backward).reason
    unknown = {tuple(place) for place in np.argwhere(reason == Reason.UNKNOWN)}
    landing = {(y - V, x - U) for y in (70, 69) for x in (100, 99)}  # whoever's four pixels hold it
    patch = {(y, x) for y in range(40, 45) for x in range(60, 70)}
    assert (70 - V, 100 - U) in unknown - patch
    assert patch <= unknown <= patch | landing


def test_a_flat_patch_is_flat():
    first = textured()
    first[30:70, 50:100] = 128
    found = judged(first)
    assert (found.reason[41:59, 61:89] == Reason.FLAT).all()
    assert (found.reason[5:15, 10:120] == Reason.TRUSTED).all()


def test_a_straight_edge_is_flat_as_well():
    stripes = np.tile((128 + 80 * np.sin(np.arange(WIDTH) / 4)).astype(np.uint8), (HEIGHT, 1))
    still = constant(0, 0)
    assert (judged(stripes, stripes, still, still).reason == Reason.FLAT).all()
    assert (judged(textured(), textured(), still, still).reason == Reason.TRUSTED).all()


def test_a_covered_place_is_inconsistent():
    """A square moves right by 8 over a resting ground: what it covers next lies beside it."""
    ground, square = textured(1), textured(2)
    first, second = ground.copy(), ground.copy()
    first[30:60, 40:80] = square[30:60, 40:80]
    second[30:60, 48:88] = square[30:60, 40:80]
    flow, backward = constant(0, 0), constant(0, 0)
    flow[30:60, 40:80], backward[30:60, 48:88] = (8, 0), (-8, 0)
    reason = judged(first, second, flow, backward).reason
    assert (reason[30:60, 80:88] == Reason.INCONSISTENT).all()  # ground that the square covers
    assert not (reason[:20] == Reason.INCONSISTENT).any()
    assert not (reason[32:58, 42:78] == Reason.INCONSISTENT).any()


def test_a_change_of_brightness_is_unexplained():
    first = textured()
    second = shifted(first)
    second[20:70, 30:100] = np.clip(second[20:70, 30:100].astype(int) + 40, 0, 255)
    reason = judged(first, second).reason
    assert (reason[40:60, 45:80] == Reason.UNEXPLAINED).all()
    assert (reason[40:60, 125:135] == Reason.TRUSTED).all()


def test_a_motion_rim_is_abrupt():
    """The right half slides down along the rim by 3: nothing is covered, and both ways agree but beside the rim."""
    first = textured()
    second = first.copy()
    second[:, 70:] = np.roll(first[:, 70:], 3, axis=0)
    flow = constant(0, 0)
    flow[:, 70:] = (0, 3)
    found = judged(first, second, flow, -flow)
    rim = np.s_[10:-14, 64:76]  # 64 is 6 from the rim: a quarter of its window moves by 3
    assert (found.reason[rim] == Reason.ABRUPT).all()
    assert (found.reason[10:-14, :57] == Reason.TRUSTED).all() and (found.reason[10:-14, 83:] == Reason.TRUSTED).all()


def test_the_first_reason_of_the_list_is_given():
    flat = np.full((HEIGHT, WIDTH), 90, np.uint8)
    found = judged(flat, flat + np.uint8(60), backward=constant(9, 9))
    assert (found.reason[10:-10, 10:-10] == Reason.INCONSISTENT).all()
    found = judged(flat, flat + np.uint8(60))
    assert (found.reason[10:-10, 10:-10] == Reason.FLAT).all()


def test_every_reason_has_its_words():
    assert [reason.name for reason in Reason] == [
        "TRUSTED", "UNKNOWN", "OUTSIDE", "INCONSISTENT", "FLAT", "UNEXPLAINED", "ABRUPT",
    ]  # fmt: skip
    assert len({reason.words for reason in Reason}) == len(Reason)
    assert Reason.INCONSISTENT.words == "forward and backward disagree"


# --- what is measured -----------------------------------------------------------------------------


def test_the_way_back_is_read_where_the_flow_leads():
    x, y = pixel_grid(HEIGHT, WIDTH)
    backward = np.dstack([0.125 * x, -0.25 * y])
    flow = constant(2.5, 4.25)
    error = forward_backward_error(flow, backward)
    expected = np.hypot(2.5 + 0.125 * (x + 2.5), 4.25 - 0.25 * (y + 4.25))
    inside = (x + 2.5 <= WIDTH - 1) & (y + 4.25 <= HEIGHT - 1)
    np.testing.assert_allclose(error[inside], expected[inside], rtol=1e-4)
    assert np.isnan(error[~inside]).all() and error.dtype == np.float32


def test_a_zoom_and_its_inverse_come_back():
    x, y = pixel_grid(HEIGHT, WIDTH)
    flow = np.dstack([0.05 * (x - 70), 0.05 * (y - 45)])
    backward = np.dstack([(x - 70) * (1 / 1.05 - 1), (y - 45) * (1 / 1.05 - 1)])
    assert np.nanmax(forward_backward_error(flow, backward)) < 1e-4
    assert np.nanmin(forward_backward_error(flow, -backward)[:20, :30]) > 1


def test_the_measurements_are_those_of_their_own_functions():
    found = judged(window=15)
    first = textured()
    np.testing.assert_array_equal(found.min_eigenvalue, smaller_eigenvalue(first, 15))
    np.testing.assert_array_equal(found.forward_backward, forward_backward_error(constant(U, V), constant(-U, -V)))
    assert np.nanmax(found.residual) < 1e-3 and np.nanmax(found.deviation) < 1e-5


def test_the_residual_is_the_root_mean_square_of_its_window():
    first = textured()
    second = shifted(first)
    second[40, 60] ^= 64  # one pixel, 64 grey levels
    found = judged(first, second, window=7)
    lit = np.zeros((HEIGHT, WIDTH))
    lit[40 - V - 3 : 40 - V + 4, 60 - U - 3 : 60 - U + 4] = 64 / 7
    inner = np.s_[10:-10, 10:-10]
    np.testing.assert_allclose(found.residual[inner], lit[inner], atol=0.02)


def test_the_deviation_is_the_distance_from_the_mean_of_the_window():
    flow = constant(1, 2)
    flow[50, 80] += (3, -4)
    deviation = judged(flow=flow, window=9).deviation
    assert deviation[50, 80] == pytest.approx(5 * (1 - 1 / 81), rel=1e-4)
    assert deviation[47, 77] == pytest.approx(5 / 81, rel=1e-3)
    assert deviation[50, 90] == pytest.approx(0, abs=1e-4)


def test_a_zoom_deviates_nowhere_not_even_at_the_rim():
    x, y = pixel_grid(HEIGHT, WIDTH)
    zoom = np.dstack([0.1 * (x - 70), 0.1 * (y - 45)])
    assert np.nanmax(judged(flow=zoom).deviation) < 1e-3


# --- doubt ----------------------------------------------------------------------------------------


def messy() -> Trust:
    rng = np.random.default_rng(8)
    flow = constant(U, V) + cv2.GaussianBlur(rng.normal(0, 4, (HEIGHT, WIDTH, 2)), (0, 0), 4).astype(np.float32)
    flow[10:14, 20:30] = NAN
    first = textured()
    first[50:85, 90:130] = 100
    return judged(first, flow=flow)


def test_doubt_is_at_most_one_exactly_where_trusted_and_infinite_where_nothing_is_known():
    found = messy()
    assert 0.1 < found.share < 0.9
    np.testing.assert_array_equal(found.doubt <= 1, found.mask)
    lost = (found.reason == Reason.UNKNOWN) | (found.reason == Reason.OUTSIDE)
    np.testing.assert_array_equal(np.isinf(found.doubt), lost)
    assert (found.doubt > 0).all() and found.doubt.dtype == np.float32 and found.reason.dtype == np.uint8


def test_doubt_is_the_error_to_be_expected_from_all_four_measurements():
    found = messy()
    known = np.isfinite(found.doubt)
    fb, eigenvalue, residual, deviation = (
        measured[known].astype(float)
        for measured in (found.forward_backward, found.min_eigenvalue, found.residual, found.deviation)
    )
    noise = (1.2**2 + residual**2) / (160 * np.maximum(eigenvalue, 0.001))
    error = np.sqrt(fb**2 + (2 * deviation) ** 2 + noise)
    expected = np.where(found.mask[known], error / (1 + error), 1 + error)
    np.testing.assert_allclose(found.doubt[known], expected, rtol=1e-4)
    assert min(part.max() for part in (fb, deviation, noise)) > 0.5  # none of them is too small to be missed


@pytest.mark.parametrize(
    ("name", "strict", "lenient", "reason"),
    [
        ("forward_backward", 0.05, 20, Reason.INCONSISTENT),
        ("min_eigenvalue", 1000, 0, Reason.FLAT),
        ("residual", 0.5, 255, Reason.UNEXPLAINED),
        ("deviation", 0.05, 20, Reason.ABRUPT),
    ],
)
def test_every_threshold_moves_its_own_reason(name, strict, lenient, reason):
    rng = np.random.default_rng(8)
    wobble = cv2.GaussianBlur(rng.normal(0, 3, (HEIGHT, WIDTH, 2)), (0, 0), 4).astype(np.float32)
    others = {"forward_backward": 20, "min_eigenvalue": 0, "residual": 255, "deviation": 20}

    def share(value):
        return judged(flow=constant(U, V) + wobble, **{**others, name: value}).share_of(reason)

    assert share(strict) > 0.1 and share(lenient) == 0


def test_doubt_grows_with_each_cause_of_it():
    first = textured()
    plain, place = judged().doubt, (45, 70)
    noisy = shifted(first).astype(int) + np.random.default_rng(2).normal(0, 4, first.shape)
    worse = [
        judged(backward=constant(-U + 0.3, -V)),
        judged(second=np.clip(noisy, 0, 255).astype(np.uint8)),
        judged((first // 8 + 100).astype(np.uint8)),
    ]
    assert all(1 >= found.doubt[place] > plain[place] for found in worse)


def test_inputs_are_left_alone():
    first = textured()
    second, flow, backward = shifted(first), constant(U, V), constant(-U, -V)
    flow[3, 4] = np.inf
    copies = [array.copy() for array in (first, second, flow, backward)]
    trust(first, second, flow, backward)
    for array, copy in zip((first, second, flow, backward), copies, strict=True):
        np.testing.assert_array_equal(array, copy)


# --- does doubt know where the errors are? --------------------------------------------------------

SCENES = (
    "translation?width=320&height=200",
    "two-layers?width=320&height=200",
    "two-layers?width=320&height=200&noise=3",
    "two-layers?width=320&height=200&speed=5",
)


def estimated(first, second, truth, name):
    """Return the error of a method's flow and what trust says of it."""
    estimate = METHODS[name].estimate
    flow = estimate(first, second).flow
    return endpoint_error(flow, truth), trust(first, second, flow, estimate(second, first).flow)


def assert_doubt_knows(cases):
    """The combined doubt ranks better than each single test, on the mean; the trusted are better, the others worse."""
    areas = []
    for error, found in cases:
        ranks = (found.doubt, found.forward_backward, -found.min_eigenvalue, found.residual)
        areas.append([sparsification(error, rank).ause for rank in ranks])
        known = ~np.isnan(error)
        assert error[known & found.mask].mean() < error[known].mean() < error[known & ~found.mask].mean()
    combined, *single = np.mean(areas, axis=0)
    assert combined < min(single)
    return combined


def test_doubt_ranks_the_errors_of_scenes_better_than_any_single_test():
    scenes = [open_scene(text) for text in SCENES]
    cases = [
        estimated(scene.frame(7).grey, scene.frame(8).grey, scene.flow(7), name)
        for scene in scenes
        for name in ("farneback", "dis")
    ]
    assert assert_doubt_knows(cases) < 0.2


@pytest.mark.realdata
def test_doubt_ranks_the_errors_of_middlebury_better_than_any_single_test(data_folder):
    root, cases = data_folder / "middlebury", []
    for pair in ("RubberWhale", "Grove2", "Urban2", "Venus"):
        files = [root / "other-data" / pair / f"frame{n}.png" for n in (10, 11)]
        first, second = (cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2GRAY) for file in files)
        truth = cv2.readOpticalFlow(str(root / "other-gt-flow" / pair / "flow10.flo"))
        truth[(np.abs(truth) > 1e9).any(axis=2)] = NAN
        cases += [estimated(first, second, truth, name) for name in ("farneback", "dis")]
    assert assert_doubt_knows(cases) < 0.2
    assert np.mean([found.share for _, found in cases]) >= 0.8
    kept = [error[found.mask & ~np.isnan(error)].mean() / np.nanmean(error) for error, found in cases]
    assert np.mean(kept) < 0.7


# --- bad input ------------------------------------------------------------------------------------


def test_sizes_that_differ_are_refused():
    first, flow = textured(), constant(U, V)
    with pytest.raises(ParameterError, match="the flow is 140x90 and the backward flow 90x140: give both at one size"):
        trust(first, first, flow, constant(0, 0, WIDTH, HEIGHT))
    with pytest.raises(ParameterError, match="a picture is 90x140 and the flow 140x90: give both at one size"):
        trust(first, first.T, flow, flow)
    with pytest.raises(ParameterError, match="give both at one size"):
        forward_backward_error(flow, flow[:-1])


def test_what_is_no_grey_picture_or_no_flow_is_refused():
    first, flow = textured(), constant(U, V)
    for wrong in (first.astype(np.float32), np.dstack([first] * 3)):
        with pytest.raises(ParameterError, match="give grey uint8 pictures"):
            trust(first, wrong, flow, flow)
    with pytest.raises(ParameterError, match="backward is float32 of shape"):
        trust(first, first, flow, flow[..., 0])
    with pytest.raises(ParameterError, match="a side may have at most"):
        forward_backward_error(constant(0, 0, 2, 40000), constant(0, 0, 2, 40000))


def test_tiny_pictures_and_nothing_known_are_judged_without_a_warning():
    for height, width in ((1, 1), (1, 6), (3, 2)):
        picture = np.full((height, width), 7, np.uint8)
        assert (trust(picture, picture, *[constant(0, 0, height, width)] * 2).reason == Reason.FLAT).all()
    nothing = judged(flow=constant(NAN, NAN))
    assert (nothing.reason == Reason.UNKNOWN).all() and nothing.share == 0 and np.isinf(nothing.doubt).all()
