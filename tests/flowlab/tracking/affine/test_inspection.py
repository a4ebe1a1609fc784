"""What an inspected step holds: checked by formulas of its own, not by those that made it."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.core.clip import Frame
from flowlab.core.region import Box
from flowlab.errors import ParameterError
from flowlab.tracking.affine.align import align
from flowlab.tracking.affine.choices import Formulation, Photometry, Weights
from flowlab.tracking.affine.inspection import (
    InspectedStep,
    Inspection,
    aligner_of,
    inspect_pair,
    inspection_seconds,
)
from flowlab.tracking.affine.motions import BASES, NAMES
from flowlab.tracking.affine.outside import EccParameters
from flowlab.tracking.affine.parameters import AlignParameters, TrackerParameters
from flowlab.tracking.affine.picture import Part
from flowlab.tracking.affine.region_track import box_warp
from flowlab.tracking.global_motion import MotionModel
from tests.flowlab.tracking.surfaces import waves

BOX = Box(60, 40, 64, 48)
TRUE = np.array([[1.03, -0.05, 2.4], [0.04, 0.98, -1.7], [0, 0, 1]])
PLAIN = AlignParameters(photometry="none", levels=1, iterations=12)


def seen(matrix: NDArray[np.float64], gain: float = 1.0, bias: float = 0.0) -> Frame:
    """Return a frame of waves, 16 to 48 px long, whose content has moved by a warp about the middle of the box."""
    y, x = np.mgrid[:150, :200].astype(np.float64)
    middle = box_warp(BOX)
    back = np.linalg.inv(middle @ matrix @ np.linalg.inv(middle))
    px, py, pz = np.einsum("ij,jhw->ihw", back, np.stack([x, y, np.ones_like(x)]))
    grey = np.clip(gain * waves(px / pz / 2, py / pz / 2, seed=4) + bias, 0, 255)
    return Frame.from_rgb(0, np.repeat(np.rint(grey).astype(np.uint8)[..., None], 3, axis=2))


FIRST, SECOND = seen(np.eye(3)), seen(TRUE)


def inspected(**changes: object) -> Inspection:
    return inspect_pair(FIRST, BOX, SECOND, None, replace(PLAIN, **changes))  # type: ignore[arg-type]


def read(part: Part, warp: NDArray[np.float64], level: int, step: InspectedStep) -> NDArray[np.float64]:
    height, width = step.template.shape
    return part.read(warp, level, width, height).astype(np.float64)


def numerically(found: Inspection, step: InspectedStep, taken: str) -> NDArray[np.float64]:
    """Return by how much a patch changes with each parameter in the frame's pixels, (k, h, w), by moving it a little.

    `taken` says whose patch: the template's own, the frame's with the step after the warp, or added to it.
    """
    level, warp = step.step.level, step.step.warp
    template = inspect_pair(FIRST, BOX, FIRST, None, found.parameters).part
    changes = []
    for basis in BASES[step.step.motion]:
        # About half a pixel of the level at the template's rim.
        size = 0.5 * 2**level / (40.0 ** (2 if basis[2].any() else 1 if basis[:2, :2].any() else 0))
        near = []
        for way in (1, -1):
            if taken == "template":
                near.append(read(template, box_warp(BOX) @ (np.eye(3) + way * size * basis), level, step))
            elif taken == "composed":
                near.append(read(found.part, warp @ (np.eye(3) + way * size * basis), level, step))
            else:
                # An additive perspective depends on where places are counted from: the part's first pixel.
                part = np.array([[1, 0, found.part.x], [0, 1, found.part.y], [0, 0, 1.0]])
                near.append(read(found.part, part @ (np.linalg.inv(part) @ warp + way * size * basis), level, step))
        changes.append((near[0] - near[1]) / (2 * size))
    return np.array(changes)


@pytest.mark.parametrize("motion", list(MotionModel))
@pytest.mark.parametrize("number", [0, -1], ids=["coarse", "fine"])
@pytest.mark.parametrize(
    ("formulation", "taken"),
    [
        ("inverse-compositional", ("template",)),
        ("forward-compositional", ("composed",)),
        ("forward-additive", ("added",)),
        ("esm", ("template", "composed")),
    ],
)
def test_steepest_descent_images_are_how_the_patch_changes_with_each_parameter(
    formulation: str, taken: tuple[str, ...], motion: MotionModel, number: int
) -> None:
    found = inspected(formulation=formulation, motion=motion.value)
    step = found.step(number % len(found.alignment.steps))
    assert step.names == NAMES[motion]
    expected = np.mean([numerically(found, step, one) for one in taken], axis=0)
    inner = (slice(None), slice(2, -2), slice(2, -2))
    for image, wanted in zip(step.descent[inner], expected[inner], strict=True):
        difference = np.sqrt(np.mean((image - wanted) ** 2) / np.mean(wanted**2))
        assert difference < 0.15
        # Central differences of waves fall short by some percent.
        assert (image * wanted).sum() / (wanted**2).sum() == pytest.approx(1, abs=0.1)


@pytest.mark.parametrize("motion", list(MotionModel))
@pytest.mark.parametrize("photometry", list(Photometry))
@pytest.mark.parametrize("weights", [Weights.NONE, Weights.HUBER])
def test_the_update_solves_the_equations_that_are_shown(
    motion: MotionModel, photometry: Photometry, weights: Weights
) -> None:
    for formulation in Formulation:
        found = inspected(
            motion=motion.value, photometry=photometry.value, weights=weights.value, formulation=formulation.value
        )
        for number in range(len(found.alignment.steps)):
            step = found.step(number)
            images = step.descent.reshape(len(step.names), -1)
            weight = step.weights.ravel()
            error = np.nan_to_num(step.error).ravel()
            products = [[(a * b * weight).sum() for b in images] for a in images]
            np.testing.assert_allclose(step.hessian, products, rtol=1e-6, atol=1e-9 * np.abs(products).max())
            np.testing.assert_allclose(step.descended, [(a * weight * error).sum() for a in images], rtol=1e-6)
            np.testing.assert_allclose(np.linalg.solve(step.hessian, step.descended), step.update, rtol=2e-3, atol=1e-7)


def test_the_pictures_are_what_lies_under_the_warp() -> None:
    found = inspected()
    step = found.step(len(found.alignment.steps) - 1)
    assert step.step.level == 0
    np.testing.assert_array_equal(step.template, FIRST.grey[40:88, 60:124])
    np.testing.assert_allclose(step.patch, read(found.part, step.step.warp, 0, step), atol=1e-4)
    np.testing.assert_allclose(step.error, step.patch - step.template, atol=1e-4)
    assert step.ssd == pytest.approx(float((step.error.astype(float) ** 2).sum()), rel=1e-5)
    assert step.ssd / step.error.size == pytest.approx(step.step.error, rel=1e-5)
    assert (step.weights == 1).all()


def test_the_alignment_is_the_aligners_own_and_finds_the_warp() -> None:
    found = inspected()
    again = align(found.template, found.part, box_warp(BOX), found.parameters)
    np.testing.assert_array_equal(found.alignment.warp, again.warp)
    np.testing.assert_allclose(found.alignment.warp, box_warp(BOX) @ TRUE, atol=0.05)
    assert found.alignment.converged


def test_errors_shrink_and_corners_come_to_rest() -> None:
    for formulation, done in inspected().by_formulation.items():
        fine = [step for step in done.steps if step.level == 0]
        assert fine[-1].error < done.steps[0].error / 20, formulation
        assert fine[-1].moved < 0.01 < done.steps[0].moved
        assert done.ncc > 0.999


def test_the_formulations_agree_and_the_own_one_is_not_done_twice() -> None:
    found = inspected(formulation="esm")
    assert list(found.by_formulation) == list(Formulation)
    assert found.by_formulation[Formulation.ESM] is found.alignment
    for done in found.by_formulation.values():
        np.testing.assert_allclose(done.warp, found.alignment.warp, atol=0.03)


def test_with_a_correction_of_light_the_error_ends_where_it_would_without_light() -> None:
    dimmer = seen(TRUE, gain=0.7, bias=12)
    for photometry, ends in (("none", False), ("gain-bias", True), ("unit-variance", True)):
        found = inspect_pair(FIRST, BOX, dimmer, None, replace(PLAIN, photometry=photometry))
        last = found.step(len(found.alignment.steps) - 1)
        assert (float(np.sqrt(np.mean(last.error**2))) < 2) is ends, photometry
        if ends:  # what is shown as the patch is in the template's grey levels
            assert float(np.mean(last.patch)) == pytest.approx(float(np.mean(last.template)), abs=1)


def test_eigenvalues_and_condition_are_those_of_the_hessian() -> None:
    step = inspected().step(0)
    values = np.sort(np.linalg.eigvals(step.hessian).real)[::-1]
    np.testing.assert_allclose(step.eigenvalues, values, rtol=1e-5, atol=1e-8 * values[0])
    assert step.condition == pytest.approx(np.linalg.cond(step.hessian), rel=1e-4)
    assert 1 < step.condition_in_unit_steps < step.condition / 10


def test_the_rims_motion_is_told_in_pixels_of_the_frame() -> None:
    for number in (0, -1):
        found = inspected(motion="translation")
        step = found.step(number % len(found.alignment.steps))
        np.testing.assert_allclose(step.rim_motion, step.update, rtol=1e-6)
    found = inspected(motion="similarity")
    step = found.step(0)
    height, width = step.template.shape
    reach = np.hypot(width, height) / 2 * 2**step.step.level
    np.testing.assert_allclose(step.rim_motion[:2], step.update[:2] * reach, rtol=1e-6)


def test_pixels_outside_the_picture_are_unknown_and_do_not_count() -> None:
    cut = Frame(1, SECOND.rgb[:, :110], SECOND.grey[:, :110])
    step = inspect_pair(FIRST, BOX, cut, None, PLAIN).step(0)
    unknown = np.isnan(step.error)
    assert 0.1 < unknown.mean() < 0.5
    np.testing.assert_array_equal(np.isnan(step.patch), unknown)
    assert (step.weights[unknown] == 0).all() and (step.weights[~unknown] > 0).all()


@pytest.mark.parametrize("damping", [0.0, 0.5])
def test_every_step_can_be_looked_at_where_it_stood(damping: float) -> None:
    found = inspected(damping=damping, weights="huber", photometry="gain-bias")
    for number, taken in enumerate(found.alignment.steps):
        step = found.step(number)
        assert step.step is taken and step.number == number
        mean = (step.weights * np.nan_to_num(step.error) ** 2).sum() / step.weights.sum()
        assert mean == pytest.approx(taken.error, rel=1e-4)


def test_bad_input_is_refused_in_a_sentence() -> None:
    found = inspected()
    count = len(found.alignment.steps)
    for number in (-1, count):
        with pytest.raises(ParameterError, match=f"there is no step {number}: the alignment took {count}"):
            found.step(number)
    flat = Frame.from_rgb(0, np.full((150, 200, 3), 90, np.uint8))
    with pytest.raises(ParameterError, match="texture measure"):
        inspect_pair(flat, BOX, SECOND, None, PLAIN)
    large = Box(0, 0, 1024, 1024)
    assert inspection_seconds(large, AlignParameters()) > 5 > inspection_seconds(BOX, AlignParameters())
    with pytest.raises(ParameterError, match="draw a smaller box, or choose fewer iterations"):
        inspect_pair(FIRST, large, SECOND, None, AlignParameters())


def test_a_trackers_aligner_is_its_parameters_without_the_tracking() -> None:
    own = TrackerParameters(motion="homography", levels=1, blur=5)
    found = aligner_of(own)
    assert type(found) is AlignParameters
    assert (found.motion, found.levels, found.blur, found.photometry) == ("homography", 1, 5, own.photometry)
    assert aligner_of(EccParameters()) == AlignParameters()
