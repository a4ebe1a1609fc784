"""What the Affine tracking page and its panels are about: a clip, a region in it, and where it was so far."""

from collections.abc import Mapping
from dataclasses import dataclass

from flowlab.core.clip import Clip, ClipInfo
from flowlab.core.parameters import Parameters
from flowlab.core.region import Box
from flowlab.tracking.affine.region_track import RegionTrack
from flowlab.tracking.trackers import Tracker

PREFIX = "a_"
"""Of this page's controls in the address."""


@dataclass(frozen=True, eq=False)
class RegionSubject:
    """What is looked at.

    Attributes:
        clip: at the working width.
        info: its facts.
        start: frame in which the box was drawn; the track begins there.
        frame: the one that is shown.
        box: where the region is in the first frame, working px.
        keyframes: frame -> box that was drawn there later, working px.
        tracker: what follows it.
        parameters: of the tracker.
        track: frames start .. frame.
    """

    clip: Clip
    info: ClipInfo
    start: int
    frame: int
    box: Box
    keyframes: Mapping[int, Box]
    tracker: Tracker
    parameters: Parameters
    track: RegionTrack
