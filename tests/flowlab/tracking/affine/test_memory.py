"""Which templates are kept: every way of updating on sequences whose truth is known, and arrays and back."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.core.region import Box
from flowlab.tracking.affine.align import align
from flowlab.tracking.affine.memory import Memory, farthest, in_turn
from flowlab.tracking.affine.parameters import (
    DRIFT_CORRECTED,
    EVERY_FRAME,
    FULL_ONLY,
    MEMORY,
    NEVER,
    TrackerParameters,
)
from flowlab.tracking.affine.picture import Part, part_around
from flowlab.tracking.affine.region_track import box_warp, corners_of
from flowlab.tracking.affine.template import template_of
from flowlab.tracking.global_motion import MotionModel
from tests.flowlab.tracking.affine.looks import moved, rounded, texture

Matrix = NDArray[np.float64]
Grey = NDArray[np.uint8]

PICTURE = texture(110, 150)
BOX = Box(30, 30, 40, 36)
SIZE = (BOX.w, BOX.h)
START = box_warp(BOX)
SETTINGS = TrackerParameters(motion="translation", levels=1, epsilon=0.01)
UPDATES = (NEVER, EVERY_FRAME, DRIFT_CORRECTED, MEMORY)


def part_of(grey: Grey, warp: Matrix = START) -> Part:
    return part_around(grey, corners_of(warp, np.array(SIZE)), 14, 1, SETTINGS)


def begun(grey: Grey) -> Memory:
    return Memory(template_of(part_of(grey), START, SIZE, SETTINGS))


def at(frame: int) -> Matrix:
    warp = START.copy()
    warp[:2, 2] += (0.37 * frame, 0.23 * frame)
    return warp


@cache
def drifting(count: int = 50) -> tuple[Grey, ...]:
    """Return frames that move by a part of a pixel each, with noise."""
    rng = np.random.default_rng(0)
    return tuple(rounded(moved(PICTURE, START, at(n)) + rng.normal(0, 6, PICTURE.shape)) for n in range(count))


@cache
def changing(count: int = 24) -> tuple[Grey, ...]:
    """Return frames that stand still, in which one look turns into another, a third, and back into the first."""
    looks = [texture(110, 150, seed) for seed in (0, 1, 2)]
    shares = np.linspace(0, 1, count // 3 + 1)[1:]
    mixed = [(1 - s) * looks[a] + s * looks[b] for a, b in ((0, 1), (1, 2), (2, 0)) for s in shares]
    return tuple(rounded(picture) for picture in (looks[0], *mixed))


def followed(frames: tuple[Grey, ...], update: str) -> tuple[list[Matrix], list[Memory]]:
    parameters = replace(SETTINGS, update=update)
    memory, warp = begun(frames[0]), START
    warps, memories = [warp], [memory]
    for grey in frames[1:]:
        part = part_of(grey, warp)
        found, used = memory.aligned(part, warp, parameters)
        memory = memory.updated(part, found, used, parameters)
        warp = found.warp
        warps.append(warp)
        memories.append(memory)
    return warps, memories


@cache
def errors(update: str) -> NDArray[np.float64]:
    warps, _ = followed(drifting(), update)
    return np.array([farthest(warp, at(n), SIZE) for n, warp in enumerate(warps)])


# --- closed forms -------------------------------------------------------------------------------------


def test_how_far_two_warps_are_apart_is_at_the_corners() -> None:
    other = START.copy()
    other[:2, 2] += (3, -4)
    assert farthest(START, other, SIZE) == pytest.approx(5)
    other = START @ np.diag([1.1, 1, 1])
    assert farthest(START, other, SIZE) == pytest.approx(0.1 * (SIZE[0] - 1) / 2)


@pytest.mark.parametrize("update", UPDATES)
def test_the_first_template_is_never_lost(update: str) -> None:
    for frames in (drifting()[:12], changing()):
        _, memories = followed(frames, update)
        assert all(memory.first is memories[0].first for memory in memories)
        assert all(memory.template(0) is memory.first for memory in memories)


def test_never_keeps_the_first_alone() -> None:
    _, memories = followed(changing(), NEVER)
    assert all(memory.later == () and memory.used == 0 for memory in memories)


def test_every_frame_holds_what_was_seen_last() -> None:
    frames = changing()
    warps, memories = followed(frames, EVERY_FRAME)
    for grey, warp, memory in list(zip(frames, warps, memories, strict=True))[1:]:
        (later,) = memory.later
        expected = part_of(grey, warp).read(warp, 0, 40, 36)
        np.testing.assert_allclose(later.levels[0].picture, expected.ravel(), atol=1e-2)


# --- on sequences whose truth is known ----------------------------------------------------------------


@pytest.mark.parametrize("update", [NEVER, DRIFT_CORRECTED, MEMORY])
def test_what_goes_by_the_first_template_does_not_drift(update: str) -> None:
    assert errors(update).max() < 0.15
    assert errors(update)[-10:].mean() < 0.08


def test_a_new_template_in_every_frame_drifts_and_the_first_corrects_it() -> None:
    assert errors(EVERY_FRAME)[-10:].mean() > 4 * errors(DRIFT_CORRECTED)[-10:].mean()
    assert errors(EVERY_FRAME)[-10:].mean() > 2 * errors(EVERY_FRAME)[5:15].mean()


def test_a_memory_adds_looks_when_they_change_and_no_more_than_three() -> None:
    frames = changing()
    warps, memories = followed(frames, MEMORY)
    counts = [len(memory.later) for memory in memories]
    assert counts[1] == 0 and max(counts) == 3 and counts == sorted(counts)
    assert max(farthest(warp, START, SIZE) for warp in warps) < 1
    # what never changes its template has lost it by then
    never, _ = followed(frames, NEVER)
    assert max(farthest(warp, START, SIZE) for warp in never) > 2


def test_a_memory_returns_to_the_first_template_when_its_look_returns() -> None:
    _, memories = followed(changing(), MEMORY)
    assert max(memory.used for memory in memories) > 0
    assert memories[-1].used == 0


def test_a_memory_adds_nothing_where_looks_stay() -> None:
    _, memories = followed(drifting()[:15], MEMORY)
    assert all(memory.later == () for memory in memories)


def test_drift_is_not_corrected_by_a_first_template_that_went_elsewhere() -> None:
    parameters = replace(SETTINGS, update=DRIFT_CORRECTED)
    first, other = rounded(PICTURE), rounded(texture(110, 150, 5))
    memory = begun(first)
    known = replace(memory, later=(begun(other).first,))
    part = part_of(other)
    found, used = known.aligned(part, START, parameters)
    assert used == 1 and farthest(found.warp, START, SIZE) < 0.05
    assert known.updated(part, found, used, parameters) is known  # not confirmed, not replaced


# --- references ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("simple", [FULL_ONLY, "translation", "similarity"])
@pytest.mark.parametrize("motion", list(MotionModel))
def test_a_simple_motion_comes_first_where_it_is_simpler(motion: MotionModel, simple: str) -> None:
    parameters = replace(SETTINGS, motion=motion, simple_first=simple)
    grey = drifting()[3]
    memory = begun(rounded(PICTURE))
    simpler = simple != FULL_ONLY and list(MotionModel).index(MotionModel(simple)) < list(MotionModel).index(motion)
    expected = align(memory.first, part_of(grey), START, parameters, first=MotionModel(simple) if simpler else None)
    found = in_turn(memory.first, part_of(grey), START, parameters)
    np.testing.assert_array_equal(found.warp, expected.warp)
    assert found.steps[0].motion == (simple if simpler else motion)


@pytest.mark.parametrize("update", UPDATES)
def test_arrays_make_the_same_memory(update: str) -> None:
    frames = changing()
    _, memories = followed(frames[:14], update)
    again = Memory.from_arrays(memories[-1].arrays())
    assert again.used == memories[-1].used and len(again.later) == len(memories[-1].later)
    parameters = replace(SETTINGS, update=update)
    (mine, number), (theirs, other) = (m.aligned(part_of(frames[14]), START, parameters) for m in (again, memories[-1]))
    assert number == other
    np.testing.assert_array_equal(mine.warp, theirs.warp)


# --- bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("update", UPDATES)
def test_a_flat_place_is_not_remembered(update: str) -> None:
    parameters = replace(SETTINGS, update=update)
    memory = begun(rounded(PICTURE))
    flat = part_of(np.full(PICTURE.shape, 90, np.uint8))
    found = replace(align(memory.first, part_of(rounded(PICTURE)), START, parameters), ncc=0.3)
    assert memory.updated(flat, found, 0, parameters).later == ()


@pytest.mark.parametrize("update", UPDATES)
def test_a_start_outside_the_picture_is_judged_unknown(update: str) -> None:
    away = START.copy()
    away[:2, 2] = -500
    known = replace(begun(rounded(PICTURE)), later=(begun(drifting()[2]).first,))
    found, _ = known.aligned(part_of(rounded(PICTURE), away), away, replace(SETTINGS, update=update))
    assert np.isnan(found.ncc) and found.inside == 0
