"""An optical-flow laboratory.

The conventions, stated once:

- Arrays are indexed [row, col]; points and displacements are (x, y) and (u, v), x to the right,
  y down, in pixels.
- Pixel (0, 0) has its CENTRE at (0, 0). A box is (x, y, w, h): columns x .. x+w-1. Its centre is
  (x + (w-1)/2, y + (h-1)/2).
- `flow` is float32 (H, W, 2) with I1(x + u, y + v) = I0(x, y). NaN means unknown. Warping I1 back by
  the flow rebuilds I0.
- Pictures are RGB uint8. Grey is cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) of the picture at its native
  size, before any scaling. 16-bit pictures get one fixed scale per clip.
- Frame rates are fractions. Frame N is frame N, whatever the container. A range A:B is frames
  A .. B-1. A flow is named by its first frame's index.
- A warp is 3x3 and takes template coordinates, relative to the template's centre, into the frame; an
  affine one has the last row 0 0 1.
- Pyramids halve with pyrDown (x -> x/2); every other resize keeps pixel centres:
  x' = (x + 0.5) s - 0.5. Displacements scale with the grid.
- Randomness comes from an explicit seed. No global state.

    import flowlab

    clip = flowlab.open_clip("scene:two-layers")
    result = flowlab.METHODS["farneback"].estimate(clip.frame(0).grey, clip.frame(1).grey)
    result.flow[row, col]        # (u, v) in pixels
"""

import importlib
import os
from typing import TYPE_CHECKING, Any

# OpenCV reads this once, when it is first imported: a small file that claims to be an enormous
# picture would otherwise take gigabytes before anyone could look at its size.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(50_000_000))

__version__ = "0.1.0"

if TYPE_CHECKING:
    from flowlab.core.region import Box as Box
    from flowlab.core.region import Selection as Selection
    from flowlab.dense.methods import METHODS as METHODS
    from flowlab.dense.outliers import OutlierParameters as OutlierParameters
    from flowlab.dense.outliers import outliers as outliers
    from flowlab.dense.trust import TrustParameters as TrustParameters
    from flowlab.dense.trust import trust as trust
    from flowlab.errors import FlowlabError as FlowlabError
    from flowlab.evaluation.metrics import flow_errors as flow_errors
    from flowlab.jobs.clips import open_clip as open_clip
    from flowlab.jobs.region_table import write_region as write_region
    from flowlab.jobs.track_table import write_tracks as write_tracks
    from flowlab.media.flow_files import read_flow as read_flow
    from flowlab.media.flow_files import write_flow as write_flow
    from flowlab.tracking.affine.parameters import TrackerParameters as TrackerParameters
    from flowlab.tracking.affine.region_track import RegionTrack as RegionTrack
    from flowlab.tracking.parameters import PointParameters as PointParameters
    from flowlab.tracking.points import PointTracker as PointTracker
    from flowlab.tracking.points import track_points as track_points
    from flowlab.tracking.regions import RegionTracker as RegionTracker
    from flowlab.tracking.regions import track_region as track_region
    from flowlab.tracking.trackers import TRACKERS as TRACKERS
    from flowlab.tracking.transparent import LucasKanadePointParameters as LucasKanadePointParameters
    from flowlab.tracking.transparent import lucas_kanade_points as lucas_kanade_points

# Public names and where they live. They are imported when first used, so that `import flowlab`
# costs nothing and a shell that prints its help does not load a video library.
_PUBLIC = {
    "Box": "flowlab.core.region",
    "FlowlabError": "flowlab.errors",
    "LucasKanadePointParameters": "flowlab.tracking.transparent",
    "METHODS": "flowlab.dense.methods",
    "OutlierParameters": "flowlab.dense.outliers",
    "PointParameters": "flowlab.tracking.parameters",
    "PointTracker": "flowlab.tracking.points",
    "RegionTrack": "flowlab.tracking.affine.region_track",
    "RegionTracker": "flowlab.tracking.regions",
    "Selection": "flowlab.core.region",
    "TRACKERS": "flowlab.tracking.trackers",
    "TrackerParameters": "flowlab.tracking.affine.parameters",
    "TrustParameters": "flowlab.dense.trust",
    "flow_errors": "flowlab.evaluation.metrics",
    "lucas_kanade_points": "flowlab.tracking.transparent",
    "open_clip": "flowlab.jobs.clips",
    "outliers": "flowlab.dense.outliers",
    "read_flow": "flowlab.media.flow_files",
    "track_points": "flowlab.tracking.points",
    "track_region": "flowlab.tracking.regions",
    "trust": "flowlab.dense.trust",
    "write_flow": "flowlab.media.flow_files",
    "write_region": "flowlab.jobs.region_table",
    "write_tracks": "flowlab.jobs.track_table",
}

__all__ = [
    "METHODS",
    "TRACKERS",
    "Box",
    "FlowlabError",
    "LucasKanadePointParameters",
    "OutlierParameters",
    "PointParameters",
    "PointTracker",
    "RegionTrack",
    "RegionTracker",
    "Selection",
    "TrackerParameters",
    "TrustParameters",
    "flow_errors",
    "lucas_kanade_points",
    "open_clip",
    "outliers",
    "read_flow",
    "track_points",
    "track_region",
    "trust",
    "write_flow",
    "write_region",
    "write_tracks",
]


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for."""
    if name not in _PUBLIC:
        raise AttributeError(f"module 'flowlab' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
