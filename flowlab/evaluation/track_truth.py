"""How far tracks are from where a clip that knows its own motion says they should be, and what they claim of it.

A step is judged in the frame it leads from: the truth at the position the track had there. A step is kept where the
track goes on (status TRACKED); one from a place that is hidden or outside in the next frame should not be.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.core.flow_field import Flow, check_flow, vector_length
from flowlab.core.truth import Truth
from flowlab.errors import ParameterError
from flowlab.tracking.endings import Status
from flowlab.tracking.tracks import Floats, Tracks

Vectors = NDArray[np.float64]
Mask = NDArray[np.bool_]

BOUNDARY = 0.5  # px/frame by which the motion of neighbouring pixels differs where two motions meet
RIGHT = 0.5  # px up to which a step counts as right


def true_displacement(flow: Flow, xy: NDArray[np.floating], boundary: float = BOUNDARY) -> Vectors:
    """Return the flow at positions between the pixels.

    Bilinear, except where the four pixels around a position differ by more than `boundary` in u or v, or are not all
    known: a mixture of two motions is no motion, and the nearest pixel's is taken.

    Args:
        flow: (H, W, 2), px.
        xy: (N, 2), px.
        boundary: px.

    Returns:
        (N, 2) float64, px; NaN outside the outermost pixel centres and where the flow is unknown.

    Raises:
        ParameterError: no flow, or no positions.
    """
    check_flow(flow)
    height, width = flow.shape[:2]
    x, y, inside = _positions(xy, width, height, 0)
    column, row = x.astype(np.intp), y.astype(np.intp)
    columns = np.stack([column, np.minimum(column + 1, width - 1)])
    rows = np.stack([row, np.minimum(row + 1, height - 1)])
    around = flow[rows[:, None], columns].astype(np.float64)  # (2, 2, n, 2): row, column, position, component
    nearest = flow[np.rint(y).astype(np.intp), np.rint(x).astype(np.intp)]
    right, down = (x - column)[:, None], (y - row)[:, None]
    with np.errstate(invalid="ignore"):
        smooth = (np.ptp(around, axis=(0, 1)) <= boundary).all(axis=1, keepdims=True)
        upper, lower = around[:, 0] * (1 - right) + around[:, 1] * right
        vectors = np.where(smooth, upper * (1 - down) + lower * down, nearest)
    found = np.full((len(xy), 2), np.nan)
    found[inside] = np.where(np.isfinite(vectors).all(axis=1, keepdims=True), vectors, np.nan)
    return found


def hidden(occlusion: Mask, xy: NDArray[np.floating]) -> Mask:
    """Return whether positions (N, 2) px are hidden, (N,) bool, by the nearest pixel of `occlusion` (H, W).

    What lies outside the picture, or nowhere (NaN), is hidden too. Raises ParameterError for no positions.
    """
    height, width = occlusion.shape
    x, y, inside = _positions(xy, width, height, 0.5)
    # The outer rims of the outermost pixels round up to pixels that do not exist.
    columns, rows = np.rint(x).clip(0, width - 1), np.rint(y).clip(0, height - 1)
    found = np.ones(len(xy), np.bool_)
    found[inside] = occlusion[rows.astype(np.intp), columns.astype(np.intp)]
    return found


def _positions(xy: NDArray[np.floating], width: int, height: int, margin: float) -> tuple[Vectors, Vectors, Mask]:
    """Return (x, y) of the positions in the picture, up to `margin` px beyond pixel centres, and which those are."""
    if xy.ndim != 2 or xy.shape[1] != 2:
        raise ParameterError(f"xy has shape {xy.shape}: give (N, 2)")
    x, y = xy.astype(np.float64).T
    inside = (x >= -margin) & (x <= width - 1 + margin) & (y >= -margin) & (y <= height - 1 + margin)
    return x[inside], y[inside], inside


@dataclass(frozen=True, eq=False)
class StepErrors:
    """The steps that lead into one frame beside the truth.

    Attributes:
        rows: their K rows of the table, steps kept and steps that ended a track.
        vectors: (K, 2) float64, px, uv minus the true displacement; NaN where either is unknown.
        visible: (K,) bool, False where the place the step begins at is hidden or outside in the frame it leads into.
    """

    rows: Tracks
    vectors: Vectors
    visible: Mask

    @property
    def errors(self) -> Vectors:
        """(K,) px, the length of the vectors; NaN where unknown."""
        return vector_length(*self.vectors.T)


def step_errors(tracks: Tracks, clip: Truth, frame: int) -> StepErrors:
    """Return how far the steps from frame - 1 to `frame` are from the truth.

    Args:
        tracks: the table.
        clip: knows its motion, at the size the tracks were found at.
        frame: of the table; one without steps has none to judge, and the clip is not asked.

    Raises:
        FlowFileError: the clip should know its motion but cannot tell.
    """
    rows = tracks.at(frame)
    rows = rows.where(rows.status != Status.NEW)
    if not len(rows):
        return StepErrors(rows, np.zeros((0, 2)), np.zeros(0, np.bool_))
    uv = rows.uv.astype(np.float64)
    start = rows.xy - uv
    vectors = uv - true_displacement(clip.flow(frame - 1), start)
    return StepErrors(rows, vectors, ~hidden(clip.occlusion(frame - 1), start))


def drift(tracks: Tracks, clip: Truth, frame: int) -> Vectors:
    """Return how far the tracks alive in a frame are from where the point they were born on is now.

    Args:
        tracks: the table; a birth that is not in it is not known.
        clip: as in `step_errors`; it is asked for one flow from each frame of birth, so that nothing accumulates.
        frame: of the table.

    Returns:
        (N,) float64, px, for the N live rows of the frame in their order; NaN where that cannot be known.
    """
    living = _living(tracks, frame)
    vectors = np.full((len(living), 2), np.nan)
    for birth in _births(tracks, frame):
        numbers, found = _drift_from(tracks, clip, birth, frame)
        vectors[numbers] = found
    return vector_length(*vectors.T)


def _living(tracks: Tracks, frame: int) -> Tracks:
    rows = tracks.at(frame)
    return rows.where(rows.alive)


def _births(tracks: Tracks, frame: int) -> list[int]:
    """Return the frames of the table in which the tracks alive in `frame` were born."""
    births = np.unique(frame - _living(tracks, frame).age)
    return [int(birth) for birth in births if birth >= tracks.start]


def _drift_from(tracks: Tracks, clip: Truth, birth: int, frame: int) -> tuple[NDArray[np.intp], Vectors]:
    """Return which live rows of `frame` were born in `birth`, (n,), and how far they drifted since, (n, 2) px."""
    living, there = _living(tracks, frame), tracks.at(birth)
    numbers = np.flatnonzero(living.age == frame - birth)
    _, own, of_birth = np.intersect1d(living.track[numbers], there.track, assume_unique=True, return_indices=True)
    numbers, place = numbers[own], there.xy[of_birth].astype(np.float64)
    if birth < frame and len(numbers):
        gap = frame - birth
        # A smooth motion bends the picture the more the longer it lasts: so does what counts as a boundary.
        place += true_displacement(clip.flow(birth, gap), place, BOUNDARY * gap)
    return numbers, living.xy[numbers] - place


@dataclass(frozen=True, eq=False)
class TrackTruth:
    """Tracks beside the truth: the steps into frames start .. stop-1, and the drift in the last of them.

    Attributes:
        start, stop: the frames.
        step_errors: (K, 2) float64, px, steps kept from visible places minus the truth, where that is known.
        step_covariances: (K, 3) float32, px^2, what the tracks say of these errors.
        drift_errors: (D, 2) float64, px, positions in the last frame minus the true ones, where those are known.
        drift_covariances: (D, 3) float32, px^2, what the tracks say of these.
        hidden: steps from places that are hidden or outside in the frame they lead into.
        false_keeps: how many of them were kept all the same.
    """

    start: int
    stop: int
    step_errors: Vectors
    step_covariances: Floats
    drift_errors: Vectors
    drift_covariances: Floats
    hidden: int
    false_keeps: int

    @property
    def right_share(self) -> float:
        """Share of the K steps within RIGHT px of the truth, 0 .. 1; NaN where there are none."""
        return float((vector_length(*self.step_errors.T) <= RIGHT).mean()) if len(self.step_errors) else math.nan

    @property
    def median_error(self) -> float:
        """Median length of the errors of the K steps, px; NaN where there are none."""
        return float(np.median(vector_length(*self.step_errors.T))) if len(self.step_errors) else math.nan


def track_truth(tracks: Tracks, clip: Truth, frames: tuple[int, int]) -> Iterator[tuple[float, TrackTruth | None]]:
    """Judge the tracks of a range, yielding (share done, None) after each flow, and at the end (1, the result).

    One flow is in memory at a time. A caller that stops asking stops the work.

    Args:
        tracks: the table, with the rows of the births.
        clip: knows its motion, at the size the tracks were found at.
        frames: (start, stop), frames start .. stop-1 of the table.

    Raises:
        ParameterError: frames outside the table.
        FlowFileError: the clip should know its motion but cannot tell.
    """
    start, stop = frames
    if not tracks.start <= start < stop <= tracks.stop:
        raise ParameterError(
            f"frames {start}:{stop} are not within {tracks.start}:{tracks.stop}, the tracks': give a range that is"
        )
    births, last = _births(tracks, stop - 1), _living(tracks, stop - 1)
    work = stop - start + len(births)
    steps, drifts, hidden_steps, false_keeps = [], [], 0, 0
    for done, frame in enumerate(range(start, stop), 1):
        step = step_errors(tracks, clip, frame)
        kept = step.rows.status == Status.TRACKED
        judged = kept & step.visible & np.isfinite(step.vectors[:, 0])
        steps.append((step.vectors[judged], step.rows.step_covariance[judged]))
        hidden_steps += int((~step.visible).sum())
        false_keeps += int((kept & ~step.visible).sum())
        yield done / work, None
    for done, birth in enumerate(births, stop - start + 1):
        numbers, vectors = _drift_from(tracks, clip, birth, stop - 1)
        known = np.isfinite(vectors[:, 0])
        drifts.append((vectors[known], last.covariance[numbers[known]]))
        yield done / work, None
    yield 1.0, TrackTruth(start, stop, *_stacked(steps), *_stacked(drifts), hidden_steps, false_keeps)


def _stacked(parts: list[tuple[Vectors, Floats]]) -> tuple[Vectors, Floats]:
    errors, covariances = zip((np.zeros((0, 2)), np.zeros((0, 3), np.float32)), *parts, strict=True)
    return np.concatenate(errors), np.concatenate(covariances)


def normalised_variance(errors: NDArray[np.floating], covariances: NDArray[np.floating]) -> tuple[float, int]:
    """Return the mean of e' C^-1 e / 2: 1 where covariances are right, 4 where errors are twice what they say.

    Args:
        errors: (N, 2), px.
        covariances: (N, 3), (xx, xy, yy), px^2.

    Returns:
        The mean, NaN where nothing is left, and how many were left out: an error unknown, or a covariance unknown,
        singular or not positive. Raises ParameterError for arrays of other shapes.

    Source:
        Bar-Shalom, Li and Kirubarajan 2001, "Estimation with applications to tracking and navigation", section 5.4.
    """
    squared = _squared_radii(errors, covariances)
    return (float(squared.mean()) / 2 if squared.size else math.nan), len(errors) - len(squared)


def coverage(
    errors: NDArray[np.floating], covariances: NDArray[np.floating], probabilities: Sequence[float]
) -> tuple[Vectors, int]:
    """Return the share of errors inside the ellipse that each probability draws: the same where covariances are right.

    Args:
        errors: (N, 2), px.
        covariances: (N, 3), (xx, xy, yy), px^2.
        probabilities: P numbers, 0 <= p < 1; a Gaussian lies within r^2 = -2 ln(1 - p), chi-square with 2 degrees.

    Returns:
        (P,) 0 .. 1, NaN where nothing is left, and how many were left out; raises as `normalised_variance`.
    """
    asked = np.asarray(probabilities, np.float64)
    if not ((asked >= 0) & (asked < 1)).all():
        raise ParameterError(f"probabilities are {list(probabilities)}: give numbers from 0 to below 1")
    squared = _squared_radii(errors, covariances)
    limits = -2 * np.log1p(-asked)
    shares = [float((squared <= limit).mean()) if squared.size else math.nan for limit in limits]
    return np.array(shares), len(errors) - len(squared)


def _squared_radii(errors: NDArray[np.floating], covariances: NDArray[np.floating]) -> Vectors:
    """Return e' C^-1 e of those errors that have one."""
    if errors.shape != (len(errors), 2) or covariances.shape != (len(errors), 3):
        raise ParameterError(
            f"errors have shape {errors.shape} and covariances {covariances.shape}: give (N, 2) and (N, 3)"
        )
    known = np.isfinite(errors).all(axis=1) & np.isfinite(covariances).all(axis=1)
    (x, y), (xx, xy, yy) = errors[known].astype(np.float64).T, covariances[known].astype(np.float64).T
    determinant = xx * yy - xy * xy
    # float32 entries round the determinant of a needle of an ellipse to anything.
    proper = (xx > 0) & (yy > 0) & (determinant > 1e-6 * xx * yy)
    squared: Vectors = (yy * x * x - 2 * xy * x * y + xx * y * y)[proper] / determinant[proper]
    return squared
