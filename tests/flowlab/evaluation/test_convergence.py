"""The convergence experiment: what must hold of it whatever the numbers are, and what the paper found."""

from dataclasses import replace
from itertools import islice

import numpy as np
import pytest

from flowlab.core.region import Box
from flowlab.errors import ParameterError
from flowlab.evaluation.convergence import (
    ECC,
    ITERATIONS,
    WAYS,
    Convergence,
    ConvergenceParameters,
    converge,
    convergence_seconds,
)
from flowlab.scenes.registry import open_scene
from flowlab.tracking.affine.choices import Formulation
from flowlab.tracking.affine.parameters import AlignParameters
from flowlab.tracking.global_motion import MotionModel
from tests.flowlab.tracking.surfaces import waves

BOX = Box(60, 40, 64, 48)
PLAIN = AlignParameters(photometry="none")
Y, X = np.mgrid[:150, :200].astype(np.float64)
GREY = np.rint(np.clip(waves(X / 2, Y / 2, seed=4), 0, 255)).astype(np.uint8)


def run(
    align: AlignParameters = PLAIN, grey: np.ndarray = GREY, box: Box = BOX, **chosen: float
) -> Convergence:  # fmt: skip
    *_, (share, result) = converge(grey, box, align, ConvergenceParameters(**{"draws": 6} | chosen))  # type: ignore[arg-type]
    assert share == 1 and result is not None
    return result


@pytest.mark.parametrize("motion", list(MotionModel))
def test_from_the_true_place_everything_converges_and_stays(motion: MotionModel) -> None:
    result = run(replace(PLAIN, motion=motion.value), sigma_from=0, sigma_to=0)
    for way in WAYS:
        assert result.share(way)[0].tolist() == [1]
        assert result.errors[way][..., 0].max() < 1e-6
        assert result.errors[way].max() < 0.02, way


@pytest.mark.parametrize("motion", list(MotionModel))
def test_a_small_displacement_is_found_by_every_way_to_a_hundredth_of_a_pixel(motion: MotionModel) -> None:
    result = run(replace(PLAIN, motion=motion.value), sigma_from=1, sigma_to=2)
    for way in WAYS:
        assert result.converged(way).all(), way
        assert result.errors[way][..., -1].max() < 0.02, way


def test_errors_begin_with_the_displacement_of_the_points() -> None:
    result = run(sigma_from=2, sigma_to=4, draws=200)
    for way in WAYS:
        np.testing.assert_array_equal(result.errors[way][..., 0], result.errors[WAYS[0]][..., 0])
    # Of three points with two normal coordinates each, mean square 2 sigma^2.
    mean_square = np.mean(result.errors[WAYS[0]][..., 0].astype(float) ** 2, axis=1)
    np.testing.assert_allclose(mean_square, 2 * np.array([2, 3, 4.0]) ** 2, rtol=0.15)


def test_far_starts_converge_less_often() -> None:
    shares = [run(sigma_from=sigma, sigma_to=sigma, draws=40).share(WAYS[2])[0][0] for sigma in (2, 8, 20)]
    assert shares[0] == 1 and shares[0] >= shares[1] > shares[2]


def test_the_same_seed_gives_the_same_draws_however_many_there_are() -> None:
    few, many = run(sigma_from=3, sigma_to=4), run(sigma_from=2, sigma_to=5, draws=9)
    other = run(sigma_from=3, sigma_to=4, seed=1)
    for way in WAYS:
        np.testing.assert_array_equal(few.errors[way], many.errors[way][1:3, :6])
        assert (few.errors[way][..., 0] != other.errors[way][..., 0]).all()


def test_noise_on_one_picture_leaves_the_starts_as_they_are_and_hurts() -> None:
    plain = run(sigma_from=1, sigma_to=1, draws=4)
    for noisy in ({"template_noise": 8.0}, {"picture_noise": 8.0}):
        found = run(sigma_from=1, sigma_to=1, draws=4, **noisy)
        for way in WAYS:
            np.testing.assert_array_equal(found.errors[way][..., 0], plain.errors[way][..., 0])
            assert found.errors[way][..., -1].mean() > 3 * plain.errors[way][..., -1].mean()
            assert found.converged(way).all()


def test_noise_on_the_template_hurts_the_inverse_and_noise_on_the_picture_the_forward_formulations() -> None:
    # Baker & Matthews 2004, section 3.4.2: the gradients of the noisy picture are what suffers.
    rms = {}
    for which in ("template_noise", "picture_noise"):
        found = run(sigma_from=5, sigma_to=5, draws=60, **{which: 40.0})
        rms[which] = {way: found.share(way)[0][0] for way in WAYS}
    inverse, forward = Formulation.INVERSE_COMPOSITIONAL, Formulation.FORWARD_COMPOSITIONAL
    assert rms["picture_noise"][inverse] - rms["picture_noise"][forward] > (
        rms["template_noise"][inverse] - rms["template_noise"][forward]
    )


def test_the_formulations_converge_about_equally_often_as_the_paper_says() -> None:
    grey = open_scene("planar").frame(0).grey
    result = run(grey=grey, box=Box(270, 130, 100, 100), sigma_from=2, sigma_to=8, draws=25)
    shares = {way: result.share(way)[0] for way in WAYS}
    additive = shares[Formulation.FORWARD_ADDITIVE]
    for way in (Formulation.FORWARD_COMPOSITIONAL, Formulation.INVERSE_COMPOSITIONAL):
        assert np.abs(shares[way] - additive).mean() < 0.05
    assert additive[0] == 1
    assert (shares[Formulation.ESM] >= additive - 0.05).all()


def test_mean_errors_are_of_the_draws_in_which_every_way_converged() -> None:
    result = run(sigma_from=4, sigma_to=12, draws=10)
    means, count = result.mean_errors()
    every = np.logical_and.reduce([result.converged(way) for way in WAYS])
    assert 0 < count == every.sum() < every.size
    for way in WAYS:
        assert means[way].shape == (ITERATIONS + 1,)
        np.testing.assert_allclose(means[way], result.errors[way][every].mean(axis=0), rtol=1e-5)
        assert means[way][-1] < 0.1 < means[way][0]
    one, fewer = result.mean_errors(0)
    assert fewer == every[0].sum() and one[ECC][0] < means[ECC][0]
    nowhere = Convergence(result.sigmas, {w: np.full_like(e, np.inf) for w, e in result.errors.items()}, {})
    assert nowhere.mean_errors() == ({}, 0)


def test_the_difference_is_paired() -> None:
    result = run(sigma_from=6, sigma_to=12, draws=20)
    more, low, high = result.difference(WAYS[3], WAYS[0])
    np.testing.assert_allclose(more, result.share(WAYS[3])[0] - result.share(WAYS[0])[0], atol=1e-12)
    assert ((low <= more) & (more <= high)).all()


def test_progress_rises_and_who_stops_asking_stops_the_work() -> None:
    asked = converge(GREY, BOX, PLAIN, ConvergenceParameters(draws=5000))
    shares = [share for share, result in islice(asked, 8) if result is None]
    assert len(shares) == 8 and shares == sorted(shares) and shares[-1] < 0.001
    asked.close()  # type: ignore[attr-defined]


def test_a_box_that_reaches_out_of_the_picture_is_tried_with_what_is_seen() -> None:
    result = run(box=Box(170, 110, 60, 60), sigma_from=1, sigma_to=1)
    assert result.converged(Formulation.INVERSE_COMPOSITIONAL).all()


def test_bad_input_is_refused_in_a_sentence() -> None:
    with pytest.raises(ParameterError, match="sigma goes from 5 to 2 px: let it end where it begins or later"):
        ConvergenceParameters(sigma_from=5, sigma_to=2)
    with pytest.raises(ParameterError, match="draws is 0"):
        ConvergenceParameters(draws=0)
    with pytest.raises(ParameterError, match="texture measure"):
        run(grey=np.full_like(GREY, 90))


def test_the_estimate_grows_with_draws_pixels_and_noise() -> None:
    few, many = ConvergenceParameters(), ConvergenceParameters(draws=3000)
    noisy = ConvergenceParameters(template_noise=4, picture_noise=4)
    small, large = BOX, Box(0, 0, 128, 96)
    assert convergence_seconds(small, many) == pytest.approx(100 * convergence_seconds(small, few))
    assert convergence_seconds(large, few) > 2 * convergence_seconds(small, few)
    assert convergence_seconds(small, noisy) > convergence_seconds(small, few)
