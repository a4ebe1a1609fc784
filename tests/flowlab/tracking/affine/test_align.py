"""Template alignment against exact warps: every formulation, motion and photometry, and what must be refused."""

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.core.region import Box
from flowlab.errors import ParameterError
from flowlab.tracking.affine.align import Alignment, align
from flowlab.tracking.affine.choices import Formulation, Photometry, Weights
from flowlab.tracking.affine.motions import change, unit_steps
from flowlab.tracking.affine.outside import EccParameters, ecc
from flowlab.tracking.affine.parameters import AlignParameters
from flowlab.tracking.affine.picture import equalised, part_around, read
from flowlab.tracking.affine.region_track import box_warp, corners_of
from flowlab.tracking.affine.template import Template, levels_for, template_of
from flowlab.tracking.global_motion import MotionModel
from flowlab.tracking.trackers import TRACKERS
from tests.flowlab.tracking.affine.looks import moved, rounded, texture

Matrix = NDArray[np.float64]

BOX = Box(110, 80, 74, 91)
SIZE = (BOX.w, BOX.h)
START = box_warp(BOX)
PICTURE = texture()


def template_for(parameters: AlignParameters, picture: NDArray[np.floating] = PICTURE) -> Template:
    levels = levels_for(*SIZE, parameters.levels)
    grey = equalised(rounded(picture), parameters)
    return template_of(
        part_around(grey, corners_of(START, np.array(SIZE)), 2, levels, parameters), START, SIZE, parameters
    )


def aligned(picture: NDArray[np.floating], parameters: AlignParameters, start: Matrix = START,
            first: MotionModel | None = None) -> Alignment:  # fmt: skip
    template = template_for(parameters)
    grey = equalised(rounded(picture), parameters)
    part = part_around(grey, corners_of(start, np.array(SIZE)), 40, len(template.levels) - 1, parameters)
    return align(template, part, start, parameters, first=first)


def error(warp: Matrix, truth: Matrix) -> float:
    away = corners_of(warp, np.array(SIZE)) - corners_of(truth, np.array(SIZE))
    return float(np.sqrt((away**2).sum(axis=1)).mean())


def truth_of(motion: MotionModel, seed: int = 0) -> Matrix:
    """Return a warp a few pixels away, of that kind."""
    rng = np.random.default_rng(seed)
    steps = unit_steps(motion, 55.0)
    linear = rng.uniform(-4, 4, len(steps)) * steps
    warp = START @ change(motion, linear)
    return np.asarray(warp / warp[2, 2])


@pytest.mark.parametrize("motion", list(MotionModel))
@pytest.mark.parametrize("formulation", list(Formulation))
def test_every_formulation_finds_every_motion(formulation: Formulation, motion: MotionModel) -> None:
    truth = truth_of(motion)
    found = aligned(moved(PICTURE, START, truth), AlignParameters(formulation=formulation, motion=motion))
    assert error(START, truth) > 2
    assert error(found.warp, truth) < 0.03
    assert found.converged and not found.fell_apart
    assert found.ncc > 0.99 and found.inside == 1


@pytest.mark.parametrize("seed", range(5))
def test_inverse_compositional_agrees_with_opencv_ecc(seed: int) -> None:
    truth = truth_of(MotionModel.AFFINE, seed)
    picture = moved(PICTURE, START, truth)
    patch = read(PICTURE, START, int(BOX.w), int(BOX.h))
    theirs, likeness = ecc(patch, rounded(picture), START, EccParameters())
    ours = aligned(picture, AlignParameters())
    assert theirs is not None
    assert error(ours.warp, theirs) < 0.02
    assert likeness == pytest.approx(ours.ncc, abs=0.002)


def test_a_box_that_did_not_move_stays() -> None:
    found = aligned(PICTURE, AlignParameters())
    assert error(found.warp, START) < 1e-3
    assert found.ncc == pytest.approx(1, abs=1e-6)


LIGHT = {
    Photometry.MEAN: (1.2, 0.0, 0.1),
    Photometry.GAIN_BIAS: (0.8, 25.0, 0.05),
    Photometry.UNIT_VARIANCE: (0.8, 25.0, 0.05),
    Photometry.CLAHE: (0.85, 12.0, 0.4),
}


@pytest.mark.parametrize("photometry", list(LIGHT))
def test_light_may_change(photometry: Photometry) -> None:
    gain, bias, most = LIGHT[photometry]
    truth = truth_of(MotionModel.AFFINE, 3)
    picture = moved(PICTURE, START, truth) * gain + bias
    assert error(aligned(picture, AlignParameters(photometry=photometry)).warp, truth) < most


def test_a_gamma_curve_is_undone() -> None:
    truth = truth_of(MotionModel.AFFINE, 3)
    picture = 255 * (moved(PICTURE, START, truth) / 255) ** 0.7
    assert error(aligned(picture, AlignParameters(photometry=Photometry.GAMMA)).warp, truth) < 0.15


def test_without_a_model_of_light_the_same_change_misleads() -> None:
    truth = truth_of(MotionModel.AFFINE, 3)
    picture = moved(PICTURE, START, truth) * 0.8 + 25
    plain = error(aligned(picture, AlignParameters(photometry=Photometry.NONE)).warp, truth)
    assert plain > 5 * error(aligned(picture, AlignParameters(photometry=Photometry.GAIN_BIAS)).warp, truth)


@pytest.mark.parametrize("formulation", list(Formulation))
def test_robust_weights_look_past_what_covers_a_part(formulation: Formulation) -> None:
    truth = truth_of(MotionModel.SIMILARITY, 2)
    picture = moved(PICTURE, START, truth)
    x, y = truth[:2, 2].astype(int)
    picture[y : y + 30, x : x + 24] = 200
    settings = AlignParameters(formulation=formulation, motion=MotionModel.SIMILARITY, photometry=Photometry.GAIN_BIAS)
    plain, huber, tukey = (
        error(aligned(picture, replace(settings, weights=weights)).warp, truth) for weights in Weights
    )
    assert huber < 0.5 * plain
    assert tukey < 0.1 < plain


def test_the_centre_window_counts_the_rim_less() -> None:
    truth = truth_of(MotionModel.TRANSLATION)
    picture = PICTURE.copy()  # the background stays
    inner = np.s_[int(BOX.y) + 14 : int(BOX.y) + 77, int(BOX.x) + 12 : int(BOX.x) + 62]
    picture[inner] = moved(PICTURE, START, truth)[inner]
    settings = AlignParameters(motion=MotionModel.TRANSLATION)
    plain, centred = (error(aligned(picture, replace(settings, centre=c)).warp, truth) for c in (False, True))
    assert centred < plain


def test_damping_takes_back_what_made_it_worse_and_still_arrives() -> None:
    truth = truth_of(MotionModel.AFFINE, 1)
    picture = moved(PICTURE, START, truth)
    found = aligned(picture, AlignParameters(damping=0.01))
    assert error(found.warp, truth) < 0.03
    far = START.copy()
    far[:2, 2] += 14
    wild = aligned(PICTURE, AlignParameters(damping=0.001, levels=0, iterations=60), far)
    kept = [step.error for step in wild.steps if step.taken]
    assert all(after <= before for before, after in pairwise(kept))


def test_the_pyramid_catches_what_one_level_does_not() -> None:
    truth = START.copy()
    truth[:2, 2] += (17, -15)
    picture = moved(PICTURE, START, truth)
    settings = AlignParameters(motion=MotionModel.TRANSLATION)
    assert error(aligned(picture, replace(settings, levels=3)).warp, truth) < 0.03
    assert error(aligned(picture, replace(settings, levels=0)).warp, truth) > 1


def test_a_simple_motion_first_widens_the_reach() -> None:
    arrived = {None: 0, MotionModel.TRANSLATION: 0}
    for angle in np.linspace(0, 2 * np.pi, 16, endpoint=False):
        truth = START.copy()
        truth[:2, 2] += 26 * np.array([np.cos(angle), np.sin(angle)])
        picture = moved(PICTURE, START, truth)
        for first in arrived:
            arrived[first] += error(aligned(picture, AlignParameters(), first=first).warp, truth) < 0.1
    assert arrived[MotionModel.TRANSLATION] > arrived[None]


def test_the_simple_motion_comes_first() -> None:
    found = aligned(
        moved(PICTURE, START, truth_of(MotionModel.AFFINE)), AlignParameters(), first=MotionModel.TRANSLATION
    )
    assert found.steps[0].update.size == 2 and found.steps[-1].update.size == 6


@pytest.mark.parametrize("stopping,epsilon", [("corners", 0.01), ("parameters", 0.001)])
def test_it_stops_when_steps_are_small(stopping: str, epsilon: float) -> None:
    truth = truth_of(MotionModel.AFFINE)
    found = aligned(moved(PICTURE, START, truth), AlignParameters(stopping=stopping, epsilon=epsilon, levels=0))
    last = found.steps[-1]
    size = last.moved if stopping == "corners" else float(np.linalg.norm(last.step))
    assert size < epsilon and found.converged
    assert found.iterations < 30


def test_it_stops_after_the_most_iterations() -> None:
    found = aligned(moved(PICTURE, START, truth_of(MotionModel.AFFINE)), AlignParameters(levels=0, iterations=2))
    assert found.iterations == 2 and not found.converged


def test_the_steps_lead_from_the_start_to_the_end_and_the_error_falls() -> None:
    truth = truth_of(MotionModel.AFFINE)
    found = aligned(moved(PICTURE, START, truth), AlignParameters(levels=0))
    np.testing.assert_allclose(found.steps[0].warp, START, atol=1e-9)
    away = [error(step.warp, truth) for step in found.steps]
    assert away[0] > 10 * away[-1]
    assert found.steps[0].error > 10 * found.steps[-1].error


def test_a_template_half_outside_the_picture_is_aligned_by_what_is_seen() -> None:
    box = Box(-20, 60, 60, 60)
    warp = box_warp(box)
    parameters = AlignParameters(motion=MotionModel.TRANSLATION, levels=1)
    size = (60.0, 60.0)
    part = part_around(rounded(PICTURE), corners_of(warp, np.array(size)), 2, 1, parameters)
    template = template_of(part, warp, size, parameters)
    truth = warp.copy()
    truth[:2, 2] += (-1.5, 2.25)
    grey = rounded(moved(PICTURE, warp, truth))
    found = align(template, part_around(grey, corners_of(warp, np.array(size)), 20, 1, parameters), warp, parameters)
    assert np.abs(found.warp - truth).max() < 0.05
    assert 0.6 < found.inside < 0.7


def test_a_start_outside_the_picture_is_not_believed() -> None:
    away = START.copy()
    away[:2, 2] = (-500, -500)
    found = aligned(PICTURE, AlignParameters(), away)
    assert found.inside == 0 and np.isnan(found.ncc) and not found.converged


def test_what_falls_apart_says_so_and_stays_where_it_was() -> None:
    noise = np.random.default_rng(0).uniform(0, 255, PICTURE.shape).astype(np.float32)
    found = [
        aligned(noise, AlignParameters(motion=MotionModel.HOMOGRAPHY, levels=0, iterations=200, photometry="none"))
        for _ in range(1)
    ]
    assert all(np.isfinite(one.warp).all() for one in found)
    for one in found:
        assert not one.fell_apart or error(one.warp, START) == 0


def test_a_flat_template_is_refused_with_its_texture_measure() -> None:
    with pytest.raises(ParameterError, match=r"texture measure.* is 0 grey levels"):
        template_for(AlignParameters(), np.full_like(PICTURE, 90))


def test_a_template_with_one_straight_edge_is_refused() -> None:
    edge = np.full_like(PICTURE, 60)
    edge[:, 145:] = 180
    with pytest.raises(ParameterError, match="corners"):
        template_for(AlignParameters(), edge)


def test_the_textbook_equalises_a_dimmer_patch_alone() -> None:
    truth = START.copy()
    truth[:2, 2] += 1
    picture = moved(PICTURE, START, truth) * 0.6
    settings = TRACKERS["textbook"].usual
    assert isinstance(settings, AlignParameters)
    found = aligned(picture, settings)
    plain = aligned(picture, replace(settings, photometry="mean"))
    assert error(plain.warp, truth) < error(found.warp, truth)  # phantom motion at the tiles' borders
    assert np.isfinite(found.warp).all()


def test_blur_is_opencvs_gaussian() -> None:
    parameters = AlignParameters(blur=5, blur_sigma=5.0, levels=0)
    part = part_around(rounded(PICTURE), np.array([[0.0, 0], [319, 239]]), 0, 0, parameters)
    np.testing.assert_allclose(
        part.levels[0], cv2.GaussianBlur(rounded(PICTURE).astype(np.float32), (5, 5), 5.0), atol=1e-4
    )
