"""What a point tracker can be told, and the presets that name where they come from."""

from dataclasses import dataclass, replace
from typing import ClassVar

from flowlab.core.parameters import Parameters, Preset, parameter

SHI_TOMASI, HARRIS, GRID = "shi-tomasi", "harris", "grid"
BY_STATUS, BY_ROUND_TRIP, BY_ALL = "status", "forward-backward", "all"


@dataclass(frozen=True)
class PointParameters(Parameters):
    """Detection, pyramidal Lucas-Kanade, and what ends a track."""

    detector: str = parameter(
        SHI_TOMASI, choices=(SHI_TOMASI, HARRIS, GRID), label="Detector",
        help="Where tracks begin: corners by their smaller eigenvalue (Shi & Tomasi 1994) or by Harris & Stephens "
        "(1988), or a regular grid, texture or not.",
    )  # fmt: skip
    max_corners: int = parameter(
        500, low=1, high=20_000, step=1, label="Most corners", help="Points that one detection finds at most.",
    )  # fmt: skip
    quality: float = parameter(
        0.01, low=0.001, high=0.9, step=0.005, label="Quality",
        help="The weakest corner taken, as a share of the strongest in the frame: 0.3 takes the best only.",
    )  # fmt: skip
    min_distance: float = parameter(
        8.0, low=1.0, high=100.0, step=1.0, unit="px", label="Minimum distance",
        help="Between the corners of one detection, and between the points of a grid.",
    )  # fmt: skip
    block_size: int = parameter(
        7, low=2, high=31, step=1, unit="px", label="Block size",
        help="Side of the block over which a corner's gradients are summed.",
    )  # fmt: skip
    top_up: bool = parameter(
        True, label="Count live tracks too",
        help="Detect only as many corners as tracks have ended, so that there are never more than the most corners.",
    )  # fmt: skip
    redetect_every: int = parameter(
        5, low=0, high=100, step=1, unit="frames", label="Detect again every",
        help="Look for new corners after so many frames; 0 looks once, in the first frame.",
    )  # fmt: skip
    exclusion: int = parameter(
        8, low=0, high=100, step=1, unit="px", label="Exclusion radius",
        help="No new corner is taken this close to a live track.",
    )  # fmt: skip
    window: int = parameter(
        15, low=3, high=99, step=2, unit="px", label="Window",
        help="Side of the window whose pixels vote for one motion: large is calm, small is local.",
    )  # fmt: skip
    levels: int = parameter(
        3, low=0, high=8, step=1, label="Levels",
        help="Pyramid levels ABOVE the picture itself (OpenCV's maxLevel): 0 is the picture alone, each further one "
        "doubles the motion that can be followed.",
    )  # fmt: skip
    iterations: int = parameter(
        30, low=1, high=100, step=1, label="Iterations", help="Most steps of the alignment at each level.",
    )  # fmt: skip
    epsilon: float = parameter(
        0.01, low=0.001, high=1.0, step=0.005, unit="px", label="Epsilon",
        help="The alignment stops when a step is shorter than this.",
    )  # fmt: skip
    min_eigenvalue: float = parameter(
        2.0, low=0.0, high=1000.0, step=0.5, unit="grey levels²/px²", label="Least eigenvalue",
        help="Texture below which a track ends: the smaller eigenvalue of the structure tensor, averaged over the "
        "window. OpenCV's minEigThreshold is this divided by 1024.",
    )  # fmt: skip
    velocity: bool = parameter(
        False, label="Start from velocity", help="Begin the search where the last step, repeated, would lead.",
    )  # fmt: skip
    decides: str = parameter(
        BY_ALL, choices=(BY_STATUS, BY_ROUND_TRIP, BY_ALL), label="What ends a track",
        help="Lucas-Kanade's own status alone, the forward-backward error alone, or every test. What does not decide "
        "is still noted beside each point.",
    )  # fmt: skip
    forward_backward: float = parameter(
        0.5, low=0.01, high=50.0, step=0.1, unit="px", label="Forward-backward error",
        help="How far from its start a point tracked there and back may end up, in x or in y, whichever is more.",
    )  # fmt: skip
    min_ncc: float = parameter(
        0.8, low=-1.0, high=1.0, step=0.05, label="Least similarity",
        help="Normalised correlation of the patch with the one the track was born with, below which it ends.",
    )  # fmt: skip
    affine: bool = parameter(
        True, label="Affine check",
        help="Align the patch a track was born with, stretched and turned as needed, to the frame (Shi & Tomasi 1994): "
        "what no longer looks alike ends, and the others stop drifting.",
    )  # fmt: skip
    max_correction: float = parameter(
        0.3, low=0.05, high=20.0, step=0.05, unit="px", label="Most correction",
        help="How far the affine check may move a point in one frame; one that it would move farther ends: the two "
        "disagree where a window holds two motions.",
    )  # fmt: skip
    merge_distance: float = parameter(
        2.0, low=0.0, high=50.0, step=0.5, unit="px", label="Merge distance",
        help="Of two tracks this close the younger ends; 0 keeps both. It counts as half the minimum distance at most, "
        "so that neighbours may live.",
    )  # fmt: skip
    cuts: bool = parameter(
        True, label="Find scene cuts", help="Where the film cuts to another scene, end all tracks and detect anew.",
    )  # fmt: skip
    trail: int = parameter(
        15, low=0, high=200, step=1, unit="frames", label="Trail",
        help="How much of a track's past is drawn behind it; it changes no track.",
    )  # fmt: skip

    presets: ClassVar[tuple[Preset["PointParameters"], ...]]

    @property
    def is_described(self) -> bool:
        """Whether texture and likeness decide, so that they must be worked out."""
        return self.decides == BY_ALL or self.affine

    @property
    def question(self) -> "PointParameters":
        """The same with everything at its default that changes no track."""
        return replace(self, trail=type(self)().trail)


_OPENCV_LEAST_EIGENVALUE = 0.1024
"""calcOpticalFlowPyrLK's own threshold of 1e-4, in grey-levels^2/px^2."""

_SAMPLES = PointParameters(
    quality=0.3, min_distance=7.0, block_size=7, top_up=False, redetect_every=0, exclusion=5, window=15, levels=2,
    iterations=10, epsilon=0.03, min_eigenvalue=_OPENCV_LEAST_EIGENVALUE, decides=BY_ROUND_TRIP, forward_backward=1.0,
    affine=False, merge_distance=0.0, cuts=False,
)  # fmt: skip

PointParameters.presets = (
    Preset("robust", PointParameters(), "flowlab's own: every test, drift corrected; `make bench` shows its numbers"),
    Preset(
        "tutorial",
        replace(_SAMPLES, max_corners=100, decides=BY_STATUS, trail=200),
        "OpenCV's Lucas-Kanade tutorial: 100 corners found once, followed as long as the status is 1",
    ),
    Preset(
        "lk_track",
        replace(_SAMPLES, max_corners=500, redetect_every=5, trail=5),
        "OpenCV's sample lk_track.py: new corners every 5 frames, a round trip under 1 px decides",
    ),
    Preset(
        "lk_homography",
        replace(_SAMPLES, max_corners=1000, quality=0.01, min_distance=8.0, block_size=19, window=19),
        "OpenCV's sample lk_homography.py: 1000 corners found once, a round trip under 1 px decides; the homography "
        "from the first frame by RANSAC at 10 px",
    ),
)
