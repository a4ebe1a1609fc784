"""The frame with the region on it: the box to drag, the outline that follows, its axes and its trail."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Clip, Frame
from flowlab.core.region import Box
from flowlab.core.truth import BoxTruth, Truth
from flowlab.drawing.region_colours import STATE_COLOURS
from flowlab.errors import FlowlabError

from .picture import Drawn, Legend, OnDrawn, legend_of, picture
from .region_controls import View
from .region_keyframes import set_keyframe
from .region_shown import Quad, RegionShown, region_shown
from .region_subject import RegionSubject
from .roi import BOX, set_roi, to_clip

_TOOLS = (BOX,)


def show_region(subject: RegionSubject, frame: Frame, view: View) -> None:
    """Show the frame that is looked at with the region on it; the tool draws the box of this frame."""
    region = region_shown(subject.track, subject.frame, trail=view.trail)
    quads: tuple[RegionShown, ...] = ()
    if region is not None:
        quads = (region if view.axes else replace(region, axes=None),)
    box = box_here(subject)
    if box is not None:  # its outline is the box, which has no need of a name
        quads = tuple(replace(quad, name="") for quad in quads)
    drawn = Drawn(
        box=None if box is None else (box.x, box.y, box.w, box.h), quads=quads,
        objects=_outlines(subject.clip, subject.frame) if view.truth else (),
    )  # fmt: skip
    picture(
        frame.rgb, title=f"Tracked region in frame {subject.frame}", frame=subject.frame, key="a_picture",
        legend=_legend(), drawn=drawn, tools=_TOOLS, on_drawn=_take(subject),
    )  # fmt: skip


def box_here(subject: RegionSubject) -> Box | None:
    """Return the box that was drawn in the frame that is looked at, working px; None where none was."""
    return subject.box if subject.frame == subject.start else subject.keyframes.get(subject.frame)


def _take(subject: RegionSubject) -> OnDrawn:
    """Return what takes the box: of the first frame it is where the track begins, of a later one a keyframe."""
    info, frame = subject.info, subject.frame

    def take(what: str, numbers: tuple[float, ...]) -> None:
        box = Box(*numbers) if numbers else None
        if what != BOX:
            return
        if frame == subject.start:
            set_roi(None if box is None else to_clip(box, info))
        else:
            set_keyframe(info, frame, box)

    return take


def _legend() -> Legend:
    entries = tuple((colour, name) for name, colour in STATE_COLOURS.items())
    return legend_of("categories", None, (), "", entries)


def _outlines(clip: Clip, frame: int) -> tuple[tuple[str, Quad], ...]:
    """Return what the clip knows to be in a frame: (name, corners)."""
    if isinstance(clip, BoxTruth):
        boxes = clip.boxes[frame : frame + 1]
        return tuple(("truth", _around(*box)) for box in boxes.tolist() if np.isfinite(box).all())
    try:
        things = clip.objects(frame) if isinstance(clip, Truth) else ()
    except FlowlabError:
        return ()
    return tuple((one.name, _around(*one.box) if one.quad is None else _corners(one.quad)) for one in things)


def _around(x: float, y: float, w: float, h: float) -> Quad:
    return (x, y), (x + w - 1, y), (x + w - 1, y + h - 1), (x, y + h - 1)


def _corners(quad: NDArray[np.float64]) -> Quad:
    a, b, c, d = ((float(x), float(y)) for x, y in quad)
    return a, b, c, d
