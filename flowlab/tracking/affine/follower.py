"""Following a drawn region from frame to frame: predict, align, verify, remember, and say so when it is lost.

What it is made of, in the order in which a frame meets it:

prediction    points inside the region, or its velocity, tell where it went       (prediction)
alignment     the template is aligned from there, a simple motion first           (memory, align)
verification  likeness, shape, how much of it is seen                             (verification)
appearance    where the template fits no longer, what was learned of its looks    (appearance)
re-detection  after a loss it is looked for, near its last place, then everywhere (redetection)
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Frame
from flowlab.core.region import Box
from flowlab.tracking.affine.align import Alignment
from flowlab.tracking.affine.appearance import Appearance, Sighting, appearance_of
from flowlab.tracking.affine.memory import Memory
from flowlab.tracking.affine.motions import scaled
from flowlab.tracking.affine.parameters import POINTS, VELOCITY, TrackerParameters
from flowlab.tracking.affine.picture import Part, equalised, part_around
from flowlab.tracking.affine.prediction import moved_by_points
from flowlab.tracking.affine.redetection import found_again
from flowlab.tracking.affine.region_track import RegionTrack, box_warp, corners_of, row
from flowlab.tracking.affine.states import State
from flowlab.tracking.affine.template import levels_for, template_of
from flowlab.tracking.affine.verification import is_believed, local_linear, visible_share

Matrix = NDArray[np.float64]
Grey = NDArray[np.uint8]

_REACH = 0.35  # of the longer side, how far an alignment may go from where it starts
_SURE = 0.4  # of its running mean, that the appearance's score must reach
_SURE_WHEN_STEADY = 0.8  # the same, of a region whose template has fitted until now
_SURE_OF_COLOUR, _SAME_COLOUR = 0.65, 0.9  # the same where its colours are there, and from which share that is so
_STEADY, _FITTED_RATE = 0.5, 0.1  # running mean of how often the template fitted, from which that is so; its rate
_LEARNED = 0.6  # the same, for it to be learned from
_LEARNED_WHEN_STEADY = 0.8
_SURE_AGAIN = 0.6  # the same, of a region that was lost
_SCORE_RATE = 0.05
_AGREE = 0.35  # of the shorter side, by which an alignment and a sighting may differ
_FULL_SEARCH_AFTER = 3  # searches near the last place before the whole frame is searched


@dataclass(frozen=True, eq=False)
class _Found:
    """What one frame told."""

    state: State
    warp: Matrix
    ncc: float
    iterations: int
    covariance: Matrix | None = None


class TemplateFollower:
    """Follows one region; it begins with a box that was drawn.

    Args:
        frame: where the box was drawn.
        box: px of the frame.
        parameters: of the tracker.

    Raises:
        ParameterError: the template is too small or too flat.
    """

    def __init__(self, frame: Frame, box: Box, parameters: TrackerParameters) -> None:
        self._p = parameters
        grey = equalised(frame.grey, parameters)
        warp, size = box_warp(box), (box.w, box.h)
        levels = levels_for(*size, parameters.levels)
        part = part_around(grey, corners_of(warp, np.array(size)), 2, levels, parameters)
        self._memory = Memory(template_of(part, warp, size, parameters))
        self._looks = appearance_of(frame.rgb, _centre(warp), size) if parameters.appearance else None
        self._grey = grey
        self._warp = self._believed = warp
        self._step = np.eye(3)
        self._score = self._colour = 0.0  # running means of what is seen of its appearance
        self._fitted = 0.0  # running mean of whether the template fitted
        self._missed = 0  # frames since the last believed one
        self._state = State.TRACKED

    # -- one frame -----------------------------------------------------------------------------

    def follow(self, frame: Frame) -> RegionTrack:
        """Take the next frame and return its row."""
        grey = equalised(frame.grey, self._p)
        found = self._looked_for(frame, grey) if self._state == State.LOST else self._followed(frame, grey)
        if found.state.is_believed:
            self._step = scaled(found.warp @ np.linalg.inv(self._believed)) if not self._missed else np.eye(3)
            self._warp = self._believed = found.warp
            self._missed = 0
        else:
            self._missed += 1
            self._step = np.eye(3)
            if self._missed > self._p.patience or found.state == State.LOST:
                found = replace(found, state=State.LOST)
            self._warp = self._believed
        self._state, self._grey = found.state, grey
        return row(
            frame.index, found.state, self._warp, self._memory.first.size, ncc=found.ncc, iterations=found.iterations,
            covariance=found.covariance,
        )  # fmt: skip

    def _followed(self, frame: Frame, grey: Grey) -> _Found:
        start = self._predicted(grey)
        sighting = self._sighted(frame)
        if sighting is not None and start is None:
            start = self._carried_to(sighting)
        found, part, used = self._aligned(grey, self._warp if start is None else start)
        least = self._p.min_ncc if self._state == State.TRACKED else self._p.regain_ncc
        fits = is_believed(found, self._believed, self._p, least)
        if fits and (sighting is None or self._agree(found.warp, sighting) or not self._is_sure(sighting)):
            if visible_share(self._memory.template(used), part, found.warp) < self._p.min_visible:
                return _Found(State.OCCLUDED, found.warp, found.ncc, found.iterations)
            self._fitted += _FITTED_RATE * (1 - self._fitted)
            self._memory = self._memory.updated(part, found, used, self._p)
            self._learn(frame, found.warp, sighting)
            return _Found(State.TRACKED, found.warp, found.ncc, found.iterations, found.covariance)
        if sighting is not None and self._is_sure(sighting):
            sighting = self._resized(frame, sighting)
            warp = self._carried_to(sighting)
            if self._share_inside(warp, grey.shape) >= self._p.min_inside:
                self._fitted -= _FITTED_RATE * self._fitted
                self._learn(frame, warp, sighting)
                return _Found(State.TRACKED, warp, found.ncc, found.iterations)
        gone = self._share_inside(self._warp if start is None else start, grey.shape) < self._p.min_inside
        return _Found(State.LOST if gone else State.OCCLUDED, found.warp, found.ncc, found.iterations)

    def _looked_for(self, frame: Frame, grey: Grey) -> _Found:
        """Look for the region after a loss."""
        nothing = _Found(State.LOST, self._warp, float("nan"), 0)
        if not self._p.redetect:
            return nothing
        sighting = self._sighted(frame)
        if sighting is not None and self._is_sure(sighting) and sighting.score >= _SURE_AGAIN * self._score:
            warp = self._carried_to(self._resized(frame, sighting))
            if self._share_inside(warp, grey.shape) >= self._p.min_inside:
                return _Found(State.TRACKED, warp, float("nan"), 0)
        near = (self._missed - self._p.patience) % (_FULL_SEARCH_AFTER + 1) != 0
        start = found_again(grey, self._memory.first, self._believed, near=near)
        if start is None:
            return nothing
        found, part, used = self._aligned(grey, start)
        if not is_believed(found, start, self._p, self._p.regain_ncc):
            return replace(nothing, ncc=found.ncc, iterations=found.iterations)
        if visible_share(self._memory.template(used), part, found.warp) < self._p.min_visible:
            return replace(nothing, ncc=found.ncc, iterations=found.iterations)
        return _Found(State.TRACKED, found.warp, found.ncc, found.iterations, found.covariance)

    # -- its parts -----------------------------------------------------------------------------

    def _predicted(self, grey: Grey) -> Matrix | None:
        """Return where the region should be now; None where nothing tells."""
        if self._p.prediction == POINTS:
            return moved_by_points(self._grey, grey, self._warp, self._memory.first.size)
        return scaled(self._step @ self._warp) if self._p.prediction == VELOCITY else self._warp

    def _aligned(self, grey: Grey, start: Matrix) -> tuple[Alignment, Part, int]:
        first = self._memory.first
        corners = corners_of(start, np.array(first.size))
        margin = _REACH * float(np.ptp(corners, axis=0).max())
        part = part_around(grey, corners, margin, len(first.levels) - 1, self._p)
        found, used = self._memory.aligned(part, start, self._p)
        return found, part, used

    def _sighted(self, frame: Frame) -> Sighting | None:
        """Look for what was learned around the last place; points are as often the background's as the object's."""
        if self._looks is None:
            return None
        return self._looks.locate(frame.rgb, _held(_centre(self._warp), frame.grey.shape), _scale(self._warp))

    def _resized(self, frame: Frame, sighting: Sighting) -> Sighting:
        """Return a sighting at the size that fits best; an alignment, where there is one, tells it better."""
        assert self._looks is not None
        return self._looks.resized(frame.rgb, _held(_centre(self._warp), frame.grey.shape), sighting)

    def _is_sure(self, sighting: Sighting) -> bool:
        """Whether a sighting is enough to believe where the template does not fit.

        Of a region that its template has fitted until now, what does not fit is more likely to be in front of it. Light
        that changes weakens the gradients and leaves the colours; what is in front changes both.
        """
        if not self._is_steady:
            return sighting.score >= _SURE * self._score
        if sighting.colour >= _SAME_COLOUR * self._colour:
            return sighting.score >= _SURE_OF_COLOUR * self._score
        return sighting.score >= _SURE_WHEN_STEADY * self._score

    @property
    def _is_steady(self) -> bool:
        """Whether the template has fitted in most of the last frames."""
        return self._fitted > _STEADY

    def _agree(self, warp: Matrix, sighting: Sighting) -> bool:
        away = math.dist(_centre(warp), sighting.centre)
        return bool(away <= _AGREE * min(self._memory.first.size) * _scale(warp))

    def _learn(self, frame: Frame, warp: Matrix, sighting: Sighting | None) -> None:
        if self._looks is None or sighting is None:
            return
        is_typical = sighting.score >= (_LEARNED_WHEN_STEADY if self._is_steady else _LEARNED) * self._score
        rate = _SCORE_RATE if self._score else 1.0
        self._score += (sighting.score - self._score) * rate
        self._colour += (sighting.colour - self._colour) * rate
        if is_typical:
            self._looks = self._looks.learned(frame.rgb, _centre(warp), _scale(warp))

    def _carried_to(self, sighting: Sighting) -> Matrix:
        """Return the last warp, moved and scaled to where the appearance was seen."""
        growth = sighting.scale / max(_scale(self._warp), 1e-9)
        (x, y), (to_x, to_y) = _centre(self._warp), sighting.centre
        move = np.array([[growth, 0, to_x - growth * x], [0, growth, to_y - growth * y], [0, 0, 1.0]])
        return scaled(move @ self._warp)

    def _share_inside(self, warp: Matrix, shape: tuple[int, ...]) -> float:
        """Return the share of the region's bounding box that lies in the picture."""
        corners = corners_of(warp, np.array(self._memory.first.size))
        if not np.isfinite(corners).all():
            return 0.0
        low, high = corners.min(axis=0), corners.max(axis=0)
        seen = np.minimum(high, [shape[1] - 1, shape[0] - 1]) - np.maximum(low, 0)
        return float(np.prod(np.maximum(seen, 0)) / max(float(np.prod(high - low)), 1e-9))

    # -- going on elsewhere ----------------------------------------------------------------------

    def state(self) -> dict[str, NDArray[Any]]:
        """Return what another follower needs to go on; the last frame is not among it."""
        numbers = np.array([self._score, self._colour, self._fitted, self._missed, int(self._state)])
        arrays: dict[str, NDArray[Any]] = {
            "numbers": numbers, "warps": np.stack([self._warp, self._believed, self._step])
        }  # fmt: skip
        looks = {} if self._looks is None else self._looks.arrays()
        parts = (("memory", self._memory.arrays()), ("looks", looks))
        return arrays | {f"{part}/{name}": array for part, known in parts for name, array in known.items()}

    @classmethod
    def resumed(
        cls, parameters: TrackerParameters, state: Mapping[str, NDArray[Any]], last: Frame
    ) -> "TemplateFollower":
        """Return a follower that goes on where the one whose `state` this is stopped, after the frame `last`."""
        follower = cls.__new__(cls)
        follower._p = parameters
        follower._grey = equalised(last.grey, parameters)
        score, colour, fitted, missed, number = state["numbers"].tolist()
        follower._score, follower._colour, follower._fitted = score, colour, fitted
        follower._missed, follower._state = int(missed), State(int(number))
        follower._warp, follower._believed, follower._step = state["warps"]
        follower._memory = Memory.from_arrays(_of(state, "memory/"))
        looks = _of(state, "looks/")
        follower._looks = Appearance.from_arrays(looks) if looks else None
        return follower


def _of(state: Mapping[str, NDArray[Any]], prefix: str) -> dict[str, NDArray[Any]]:
    return {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}


def _centre(warp: Matrix) -> tuple[float, float]:
    return float(warp[0, 2] / warp[2, 2]), float(warp[1, 2] / warp[2, 2])


def _scale(warp: Matrix) -> float:
    """Return by how much a warp enlarges, along one side."""
    return float(np.sqrt(max(float(np.linalg.det(local_linear(warp))), 1e-6)))


def _held(centre: tuple[float, float], shape: tuple[int, ...]) -> tuple[float, float]:
    """Return a place, moved into the picture where it lies outside."""
    return min(max(centre[0], 0.0), shape[1] - 1.0), min(max(centre[1], 0.0), shape[0] - 1.0)
