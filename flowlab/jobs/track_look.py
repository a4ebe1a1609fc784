"""How tracks are drawn on their frame: which colour means what, and how long their trails are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Picture
from flowlab.drawing.pixels import draw_tracks, track_colours, value_colours
from flowlab.errors import ParameterError, shown
from flowlab.tracking.global_motion import MotionModel, global_motion, relative_to_camera
from flowlab.tracking.tracks import Tracks, trails

BY_TRACK, BY_CAMERA = "track", "camera"


@dataclass(frozen=True)
class TrackLook:
    """How tracks are drawn.

    Attributes:
        colour: name of a row of COLOURINGS.
        trail: frames of the past drawn behind each point.
        speed: px per frame at the last colour of a speed.
        fb: px at the last colour of a forward-backward error.
        model: how the camera's motion is modelled.
        threshold: px, by how far a point that follows the camera may miss its motion.
    """

    colour: str = BY_TRACK
    trail: int = 15
    speed: float = 5.0
    fb: float = 0.5
    model: str = MotionModel.SIMILARITY.value
    threshold: float = 3.0


@dataclass(frozen=True)
class Colouring:
    """What the colour of a point can mean.

    Attributes:
        name: what links and the command line call it.
        title: what a page calls it.
        words: what it shows, in a few words.
        value: (live rows of a frame, look) -> (N,) the number that is coloured; None: each track has its own colour.
        end: (look) -> the number at the last colour.
        unit: of the number; "px" is a displacement a frame.
    """

    name: str
    title: str
    words: str
    value: Callable[[Tracks, TrackLook], NDArray[np.float32]] | None
    end: Callable[[TrackLook], float]
    unit: str


def _speed(now: Tracks, _: TrackLook) -> NDArray[np.float32]:
    speed: NDArray[np.float32] = np.hypot(now.uv[:, 0], now.uv[:, 1])
    return speed


def _beside_the_camera(now: Tracks, look: TrackLook) -> NDArray[np.float32]:
    motion = global_motion(now.xy - now.uv, now.xy, MotionModel(look.model), threshold=look.threshold)
    u, v = relative_to_camera(now, motion.matrix).T
    beside: NDArray[np.float32] = np.hypot(u, v).astype(np.float32)
    return beside


_OLD = 50.0  # frames

_ROWS = (
    Colouring(BY_TRACK, "Track", "Every track keeps its colour.", None, lambda _: 0.0, ""),
    Colouring("speed", "Speed", "How far a point moved in the last step.", _speed, lambda look: look.speed, "px"),
    Colouring("age", "Age", "For how many frames a track has lived.",
              lambda now, _: now.age.astype(np.float32), lambda _: _OLD, "frames"),
    Colouring("fb", "Round trip", "Forward-backward error of the last step.",
              lambda now, _: now.fb_error, lambda look: look.fb, "error"),
    Colouring(BY_CAMERA, "Beside the camera", "Motion that the camera's own does not explain.",
              _beside_the_camera, lambda look: look.speed, "px"),
)  # fmt: skip

COLOURINGS: Mapping[str, Colouring] = MappingProxyType({row.name: row for row in _ROWS})


def colouring(name: str) -> Colouring:
    """Return the colouring of that name; raises ParameterError naming those that exist."""
    if name not in COLOURINGS:
        raise ParameterError(f"there is no colouring {shown(name)}: the colourings are {', '.join(COLOURINGS)}")
    return COLOURINGS[name]


def point_colours(now: Tracks, look: TrackLook) -> NDArray[np.uint8]:
    """Return the colour of each live row of a frame, (N, 3) uint8 RGB."""
    row = colouring(look.colour)
    if row.value is None:
        return track_colours(now.track)
    return value_colours(row.value(now, look), row.end(look))


def draw_frame(
    picture: Picture, tracks: Tracks, frame: int, look: TrackLook, *, magnify: int = 1, selected: int | None = None,
    outline: NDArray[np.floating] | None = None,
) -> Picture:  # fmt: skip
    """Return a frame with its live points, their trails, and crosses where tracks ended in it.

    Args:
        picture: (H, W, 3) uint8, the frame.
        tracks: holds the frame and those its trails reach back to.
        frame: its number.
        look: colours and trails.
        magnify: how many times larger the picture is drawn.
        selected: number of a track that is ringed.
        outline: (M, 2) px, corners of an outline to draw, such as the first frame's carried along.
    """
    now, past = trails(tracks, frame, look.trail)
    rows = tracks.at(frame)
    chosen = np.flatnonzero(now.track == selected)
    return draw_tracks(
        picture, now.xy, point_colours(now, look), trails=past, ended=rows.xy[~rows.alive], outline=outline,
        selected=int(chosen[0]) if len(chosen) else None, magnify=magnify,
    )  # fmt: skip
