"""How a tracked region is drawn on its frame."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Picture
from flowlab.drawing.region import draw_region
from flowlab.tracking.affine.region_track import RegionTrack
from flowlab.tracking.affine.states import State


@dataclass(frozen=True)
class RegionLook:
    """How a region is drawn.

    Attributes:
        trail: frames of the past whose centres are joined behind it.
        axes: whether its own axes are drawn from its centre.
        words: whether its state is written beside it.
    """

    trail: int = 30
    axes: bool = True
    words: bool = True


def draw_region_frame(
    picture: Picture, track: RegionTrack, frame: int, look: RegionLook, *, magnify: int = 1
) -> Picture:  # fmt: skip
    """Return a frame with the region on it; without it where the track has no row of the frame.

    Args:
        picture: (H, W, 3) uint8, the frame.
        track: holds the frame and those its trail reaches back to.
        frame: its number.
        look: what is drawn.
        magnify: how many times larger the picture is drawn.
    """
    now = track.at(frame)
    if not len(now):
        return draw_region(picture, np.full((4, 2), np.nan), State.LOST.words, magnify=magnify)
    return draw_region(
        picture, now.corners[0], State(int(now.state[0])).words, centre=now.centre[0],
        axes=axis_ends(now)[0] if look.axes else None, trail=centres(track, frame, look.trail),
        words=look.words, magnify=magnify,
    )  # fmt: skip


def axis_ends(track: RegionTrack) -> NDArray[np.float64]:
    """Return where the axes end, (N, 2, 2) px: the middles of the template's right and bottom side in the frame."""
    half = (track.size - 1) / 2
    zero, one = np.zeros(len(track)), np.ones(len(track))
    ends = np.stack([np.stack([half[:, 0], zero], axis=1), np.stack([zero, half[:, 1]], axis=1)], axis=1)  # (N, 2, x y)
    placed = track.warp @ np.concatenate([np.moveaxis(ends, 1, 2), np.stack([one, one], axis=1)[:, None]], axis=1)
    found: NDArray[np.float64] = np.moveaxis(placed[:, :2] / placed[:, 2:], 1, 2)
    return found


def centres(track: RegionTrack, frame: int, trail: int) -> NDArray[np.float64]:
    """Return the centres up to a frame, (L, 2) px, oldest first, as a line that shows where the region was seen to go.

    It is interrupted (NaN) in frames that are not believed, and where a keyframe makes it jump.
    """
    past = track.between(frame - trail, frame + 1)
    places = past.centre.copy()
    places[~past.believed] = np.nan
    jumps = np.flatnonzero(past.state == State.KEYFRAME)
    return np.insert(places, jumps, np.nan, axis=0)
