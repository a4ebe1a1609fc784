"""Every way to look at a flow, and the colour scales a clip keeps."""

from dataclasses import replace

import numpy as np
import pytest

from flowlab.core.resized import at_width
from flowlab.core.truth import Truth
from flowlab.dense.methods import METHODS
from flowlab.dense.trust import Reason, TrustParameters
from flowlab.drawing.categories import CATEGORY_COLOURS
from flowlab.drawing.unknown import UNKNOWN_COLOUR
from flowlab.errors import ParameterError
from flowlab.jobs.answer import Answer, answer_pair
from flowlab.jobs.pairs import read_pair
from flowlab.jobs.scales import clip_scales
from flowlab.jobs.views import VIEWS, Look, view
from flowlab.scenes.registry import open_scene

SCENE = open_scene("scene:translation?width=160&height=96&frames=6&speed=3&direction=90")
DIS = METHODS["dis"]


@pytest.fixture(scope="module")
def answer() -> Answer:
    return replace(answer_pair(read_pair(SCENE, 0), DIS, DIS.parameters()), accumulated=SCENE.frame(3).rgb)


def with_flow(flow: np.ndarray) -> Answer:
    """Return an answer whose flow is given."""
    return Answer(read_pair(SCENE, 0), flow.astype(np.float32), 0.0, DIS, DIS.parameters())


def test_the_scales_are_the_clips_own_motion() -> None:
    assert clip_scales(SCENE).speed == 5  # 3 px, a quarter more, rounded up
    assert clip_scales(SCENE, 2).speed == 10
    assert clip_scales(at_width(SCENE, 80)).speed == 2
    assert clip_scales(SCENE).rate == 0.02  # a translation has no derivatives: the smallest scale
    assert clip_scales(SCENE).error == 1  # a fifth of the speed


def test_the_rate_of_a_turning_world_sets_its_scale() -> None:
    turning = open_scene("scene:rotation?width=160&height=120&frames=6&speed=3")
    assert isinstance(turning, Truth)
    truth = turning.flow(2)
    omega = (truth[60, 120, 1] - truth[60, 40, 1]) / 80  # dv/dx of a rotation is the angle turned
    rate = clip_scales(turning).rate
    assert 1.25 * 2 * omega <= rate * (1 + 1e-6)
    assert rate <= 2 * 1.25 * 2 * omega


def test_every_view_draws_a_picture_of_the_frames_size_unlike_any_other(answer: Answer) -> None:
    look = Look(scale=5, rate=0.02, error=0.1)
    drawn = {name: row.draw(answer, look) for name, row in VIEWS.items()}
    for picture in drawn.values():
        assert picture.shape == (96, 160, 3)
        assert picture.dtype == np.uint8
    assert len({picture.tobytes() for picture in drawn.values()}) == len(VIEWS)


def test_warped_back_by_the_truth_the_second_frame_is_the_first_again() -> None:
    pair = read_pair(SCENE, 0)
    assert pair.truth is not None
    warped = view("warped").draw(with_flow(pair.truth), Look(5))
    assert np.abs(warped[8:80, 8:-8].astype(int) - pair.first.rgb[8:80, 8:-8]).mean() < 1.5


def test_the_scale_is_fixed_so_that_one_speed_has_one_colour() -> None:
    flow = np.broadcast_to(np.float32([0, 3]), (96, 160, 2)).copy()
    flow[0] = 0
    half_fast = flow.copy()
    half_fast[:, :80] *= 3
    for name in ("colour", "magnitude", "hsv-opt-flow"):
        alone, beside = (view(name).draw(with_flow(f), Look(scale=10)) for f in (flow, half_fast))
        np.testing.assert_array_equal(alone[:, 80:], beside[:, 80:])
    # The tutorial's form is the exception, and says so.
    alone, beside = (view("hsv-tutorial").draw(with_flow(f), Look(scale=10)) for f in (flow, half_fast))
    assert (alone[:, 80:] != beside[:, 80:]).any()
    assert "not compare" in view("hsv-tutorial").shows


def test_spreading_and_turning_have_the_colours_of_their_signs() -> None:
    y, x = np.mgrid[:96, :160] - np.float32(50)
    fields = {"divergence": np.stack([0.1 * x, 0.1 * y], -1), "vorticity": np.stack([-0.1 * y, 0.1 * x], -1)}
    for name, flow in fields.items():
        positive, negative = (view(name).draw(with_flow(sign * flow), Look(5, rate=0.2))[48, 80] for sign in (1, -1))
        assert positive[0] > positive[2] + 50  # red
        assert negative[2] > negative[0] + 50  # blue
        other = "vorticity" if name == "divergence" else "divergence"
        assert np.ptp(view(other).draw(with_flow(flow), Look(5, rate=0.2))[48, 80].astype(int)) < 12  # neutral


def test_the_trust_view_leaves_the_trusted_untouched_and_colours_the_reasons(answer: Answer) -> None:
    look = Look(5, trust=TrustParameters(min_eigenvalue=5.0))
    trust = answer.trust(look.trust)
    drawn = view("trust").draw(answer, look)
    np.testing.assert_array_equal(drawn[trust.mask], answer.pair.first.rgb[trust.mask])
    outside = trust.reason == Reason.OUTSIDE
    assert outside.any()  # what leaves at the bottom
    towards = np.array(CATEGORY_COLOURS[Reason.OUTSIDE], float)
    assert np.abs(drawn[outside] - towards).mean() < np.abs(answer.pair.first.rgb[outside] - towards).mean()


def test_the_error_map_is_unknown_where_the_truth_is_and_says_why_there_is_none() -> None:
    pair = read_pair(SCENE, 0)
    assert pair.truth is not None
    partly = pair.truth.copy()
    partly[:, :50] = np.nan
    flow = pair.truth + np.float32([0.5, 0])
    drawn = view("error").draw(replace(with_flow(flow), pair=replace(pair, truth=partly)), Look(5, error=1))
    assert (drawn[:, :50] == UNKNOWN_COLOUR).all()
    assert len(np.unique(drawn[:, 50:].reshape(-1, 3), axis=0)) == 1  # half a pixel everywhere
    blind = replace(with_flow(flow), pair=replace(pair, truth=None))
    with pytest.raises(ParameterError, match="no error map: this clip does not know its true motion"):
        view("error").draw(blind, Look(5))
    blind = replace(blind, pair=replace(pair, truth=None, truth_note="the truth has another size"))
    with pytest.raises(ParameterError, match="no error map: the truth has another size"):
        view("error").draw(blind, Look(5))


def test_the_glitch_needs_what_came_before() -> None:
    with pytest.raises(ParameterError, match="needs the frames before"):
        view("glitch").draw(with_flow(np.zeros((96, 160, 2))), Look(5))


def test_an_unknown_view_is_refused() -> None:
    with pytest.raises(ParameterError, match="no view ‘rainbow’: the views are colour, arrows"):
        view("rainbow")


def test_a_truth_with_gaps_does_not_set_the_scale() -> None:
    class Sparse(type(SCENE)):  # type: ignore[misc]
        """Knows its motion at a few fast pixels only, as lidar does."""

        def flow(self, index: int, gap: int = 1) -> np.ndarray:
            truth = super().flow(index, gap)
            truth[:, 8:] = np.nan
            return truth * 20

    sparse = Sparse(SCENE.info.name, SCENE.parameters, SCENE._world)
    assert clip_scales(sparse).speed == clip_scales(SCENE).speed
