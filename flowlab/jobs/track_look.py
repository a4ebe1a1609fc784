"""How tracks are drawn on their frame: which colour means what, and how long their trails are."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Picture
from flowlab.drawing.pixels import ColourMap, draw_tracks, track_colours, value_colours
from flowlab.errors import ParameterError, shown
from flowlab.tracking.global_motion import MotionModel, global_motion, relative_to_camera
from flowlab.tracking.tracks import Tracks, trails

BY_TRACK, BY_CAMERA, BY_ERROR = "track", "camera", "error"


CAMERAS = {"lk_homography": (MotionModel.HOMOGRAPHY.value, 10.0)}
"""Preset of a tracker -> (model, px of agreement) of the camera's motion, where its source names one."""


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
        needs_truth: whether the numbers are errors against the truth, which who draws must bring.
    """

    name: str
    title: str
    words: str
    value: Callable[[Tracks, TrackLook], NDArray[np.float32]] | None
    end: Callable[[TrackLook], float]
    unit: str
    needs_truth: bool = False

    @property
    def colours(self) -> ColourMap:
        """The colours of the numbers."""
        return ColourMap.ERROR if self.needs_truth else ColourMap.SPEED


def _speed(now: Tracks, _: TrackLook) -> NDArray[np.float32]:
    speed: NDArray[np.float32] = np.hypot(now.uv[:, 0], now.uv[:, 1])
    return speed


def _beside_the_camera(now: Tracks, look: TrackLook) -> NDArray[np.float32]:
    motion = global_motion(now.xy - now.uv, now.xy, MotionModel(look.model), threshold=look.threshold)
    u, v = relative_to_camera(now, motion.matrix).T
    beside: NDArray[np.float32] = np.hypot(u, v).astype(np.float32)
    return beside


_OLD = 50.0  # frames
_WRONG = 0.5  # px, as metrics of tracks count a step as wrong

_ROWS = (
    Colouring(BY_TRACK, "Track", "Every track keeps its colour.", None, lambda _: 0.0, ""),
    Colouring("speed", "Speed", "How far a point moved in the last step.", _speed, lambda look: look.speed, "px"),
    Colouring("age", "Age", "For how many frames a track has lived.",
              lambda now, _: now.age.astype(np.float32), lambda _: _OLD, "frames"),
    Colouring("fb", "Round trip", "Forward-backward error of the last step.",
              lambda now, _: now.fb_error, lambda look: look.fb, "error"),
    Colouring(BY_CAMERA, "Beside the camera", "Motion that the camera's own does not explain.",
              _beside_the_camera, lambda look: look.speed, "px"),
    Colouring(BY_ERROR, "Error", "Distance of the last step from the true one.", None, lambda _: _WRONG, "error",
              needs_truth=True),
)  # fmt: skip

COLOURINGS: Mapping[str, Colouring] = MappingProxyType({row.name: row for row in _ROWS})


VIDEO_COLOURS = tuple(row.name for row in _ROWS if not row.needs_truth)
"""The colourings that need the tracks alone, as videos of whole clips do."""


def colouring(name: str, names: Iterable[str] = COLOURINGS) -> Colouring:
    """Return the colouring of that name; raises ParameterError where it is none of `names`."""
    if name not in names:
        raise ParameterError(f"there is no colouring {shown(name)}: the colourings are {', '.join(names)}")
    return COLOURINGS[name]


def point_colours(
    now: Tracks, look: TrackLook, errors: NDArray[np.floating] | None = None
) -> NDArray[np.uint8]:  # fmt: skip
    """Return the colour of each live row of a frame, (N, 3) uint8 RGB.

    Args:
        now: the N live rows.
        look: which colouring.
        errors: (N,) px, of each row's last step against the truth, for a colouring that needs them.

    Raises:
        ParameterError: the colouring needs errors, and there are none.
    """
    row = colouring(look.colour)
    if row.needs_truth:
        if errors is None:
            raise ParameterError(
                f"the colour {row.name} needs the true motion, which is not known here: choose another"
            )
        return value_colours(errors, row.end(look), row.colours)
    return track_colours(now.track) if row.value is None else value_colours(row.value(now, look), row.end(look))


def draw_frame(
    picture: Picture, tracks: Tracks, frame: int, look: TrackLook, *, magnify: int = 1, selected: int | None = None,
    outline: NDArray[np.floating] | None = None, errors: NDArray[np.floating] | None = None,
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
        errors: see `point_colours`.
    """
    now, past = trails(tracks, frame, look.trail)
    rows = tracks.at(frame)
    chosen = np.flatnonzero(now.track == selected)
    return draw_tracks(
        picture, now.xy, point_colours(now, look, errors), trails=past, ended=rows.xy[~rows.alive], outline=outline,
        selected=int(chosen[0]) if len(chosen) else None, magnify=magnify,
    )  # fmt: skip
