"""A tracked region on a picture: its outline in the colour of its state, its axes, and the way it came."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flowlab.drawing.region_colours import STATE_COLOURS
from flowlab.tracking.affine.region_track import RegionTrack
from flowlab.tracking.affine.states import State

Point = tuple[float, float]
Quad = tuple[Point, Point, Point, Point]

_TRAIL = 90  # frames of the way it came


@dataclass(frozen=True)
class RegionShown:
    """A tracked region, in pixels of the picture; it is drawn as lines, crisp at any size.

    Attributes:
        name: written above it.
        quad: its corners, clockwise from its own top left.
        axes: its centre, and the middles of its right and of its lower side; None: they are not drawn.
        trail: where its centre was, the oldest first; None leaves a gap.
        state: one of `STATE_COLOURS`, whose colour it has; what is occluded is dashed, what is lost dotted.

    Raises:
        ValueError: the state is unknown, or a number is not finite.
    """

    name: str
    quad: Quad
    axes: tuple[Point, Point, Point] | None = None
    trail: tuple[Point | None, ...] = ()
    state: str = "tracked"

    def __post_init__(self) -> None:
        if self.state not in STATE_COLOURS:
            raise ValueError(f"the state is {self.state!r}: give one of {', '.join(STATE_COLOURS)}")
        points = [*self.quad, *(self.axes or ()), *(point for point in self.trail if point)]
        if not all(math.isfinite(n) for point in points for n in point):
            raise ValueError("a place of the region is not finite: leave it out")

    def to_data(self) -> dict[str, Any]:
        """Return the region for overlay.js."""
        return vars(self) | {"colour": STATE_COLOURS[self.state]}


def region_shown(track: RegionTrack, frame: int, *, name: str = "", trail: int = _TRAIL) -> RegionShown | None:
    """Return a tracked region as it is in one frame.

    Args:
        track: in pixels of the picture.
        frame: its number; None is returned for one that the track does not have, or where the region is nowhere.
        name: written above it; its state is, where it is not tracked.
        trail: frames of the way it came, 0 for none; frames that are not believed leave a gap, and
            so does the jump of a keyframe.
    """
    row, way = track.at(frame), track.between(frame - trail + 1, frame + 1)
    if not len(row) or not np.isfinite(row.corners).all():
        return None
    (w, h), state = row.size[0], State(int(row.state[0])).words
    ends = row.warp[0] @ np.array([(0, (w - 1) / 2, 0), (0, 0, (h - 1) / 2), (1, 1, 1)])
    axes = _points((ends[:2] / ends[2]).T)
    words = " ".join(filter(None, (name, state if state != State.TRACKED.words else "")))
    corners = _points(row.corners[0])
    return RegionShown(
        name=words,
        quad=(corners[0], corners[1], corners[2], corners[3]),
        axes=(axes[0], axes[1], axes[2]),
        trail=_trail(way),
        state=state,
    )


def _trail(way: RegionTrack) -> tuple[Point | None, ...]:
    """Return the way of the centre, with gaps where it is not believed and before a keyframe, which makes it jump."""
    found: list[Point | None] = []
    for point, code, believed in zip(_points(way.centre), way.state.tolist(), way.believed.tolist(), strict=True):
        if code == State.KEYFRAME and found:
            found.append(None)
        found.append(point if believed and all(map(math.isfinite, point)) else None)
    return tuple(found)


def _points(places: NDArray[np.float64]) -> list[Point]:
    """Return places (N, 2) as pairs, to a hundredth of a pixel."""
    return [(round(x, 2), round(y, 2)) for x, y in places.tolist()]
