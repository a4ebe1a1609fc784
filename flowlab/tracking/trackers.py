"""The registry of complete region trackers: pages, command line, documentation and tests walk it.

A new tracker is one file and one row here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Protocol

from numpy.typing import NDArray

from flowlab.core.clip import Frame
from flowlab.core.parameters import Parameters, Preset
from flowlab.core.region import Box
from flowlab.errors import ParameterError, shown
from flowlab.tracking.affine.choices import Formulation, Photometry, Stopping, Weights
from flowlab.tracking.affine.follower import TemplateFollower
from flowlab.tracking.affine.outside import EccFollower, EccParameters, MilFollower, MilParameters
from flowlab.tracking.affine.parameters import FULL_ONLY, NEVER, NO_PREDICTION, TrackerParameters
from flowlab.tracking.affine.region_track import RegionTrack
from flowlab.tracking.global_motion import MotionModel

State = Mapping[str, NDArray[Any]]


class Follower(Protocol):
    """Follows one region from the frame it was drawn in; see TemplateFollower."""

    def follow(self, frame: Frame) -> RegionTrack:
        """Take the next frame and return its row."""

    def state(self) -> dict[str, NDArray[Any]] | None:
        """Return what another follower needs to go on; None where that cannot be told."""


@dataclass(frozen=True)
class Tracker:
    """One complete region tracker.

    Attributes:
        name: what links, the command line and snippets call it.
        key: prefix of its parameters in a link.
        title: what a page calls it.
        parameters: its parameter class.
        usual: its default parameters.
        start: (frame, box, parameters) -> a follower that begins there.
        resume: (parameters, state, last frame) -> a follower that goes on; None where none can.
        citation: where it was published.
        good_at, bad_at: half a sentence each, for choosing.
    """

    name: str
    key: str
    title: str
    parameters: type[Parameters]
    usual: Parameters
    start: Callable[[Frame, Box, Any], Follower]
    resume: Callable[[Any, State, Frame], Follower] | None
    citation: str
    good_at: str
    bad_at: str

    @property
    def resumes(self) -> bool:
        """Whether another follower can go on where one stopped."""
        return self.resume is not None

    @property
    def presets(self) -> tuple[Preset[Any], ...]:
        """Named parameter sets."""
        return self.parameters.presets

    def checked(self, parameters: Parameters | None) -> Parameters:
        """Return parameters for this tracker, its usual ones for None; raises ParameterError for another's."""
        chosen = self.usual if parameters is None else parameters
        if not isinstance(chosen, self.parameters):
            raise ParameterError(f"{self.name} received {type(chosen).__name__}: give it {self.parameters.__name__}")
        return chosen


_PLAIN = TrackerParameters(
    motion=MotionModel.AFFINE.value, photometry=Photometry.NONE.value, weights=Weights.NONE.value, levels=2,
    iterations=30, epsilon=0.01, prediction=NO_PREDICTION, simple_first=FULL_ONLY, appearance=False, update=NEVER,
    redetect=False,
)  # fmt: skip
_TEXTBOOK = replace(
    _PLAIN, formulation=Formulation.FORWARD_ADDITIVE.value, photometry=Photometry.MEAN_CLAHE.value, blur=5,
    blur_sigma=5.0, levels=0, iterations=100, stopping=Stopping.PARAMETERS.value, epsilon=0.001, min_ncc=-1.0,
    regain_ncc=-1.0, min_visible=0.0, min_inside=0.0,
)  # fmt: skip
_PLANE = TrackerParameters(
    formulation=Formulation.ESM.value, motion=MotionModel.HOMOGRAPHY.value, levels=3, iterations=20, epsilon=0.01,
    appearance=False, update=NEVER,
)  # fmt: skip

TrackerParameters.presets = (
    Preset("flowlab", TrackerParameters(), "flowlab's own: points, template memory, learned appearance"),
    Preset("ic-affine", _PLAIN, 'Baker & Matthews (2004), "Lucas-Kanade 20 Years On", section 3.2, and nothing else'),
    Preset("esm-homography", _PLANE, "Benhimane & Malis (2004), for planes, started from points"),
    Preset("textbook", _TEXTBOOK, "the widely copied script: forward additive, first frame for ever"),
)


def _template(name: str, key: str, title: str, usual: TrackerParameters, words: tuple[str, str, str]) -> Tracker:
    citation, good_at, bad_at = words
    return Tracker(name, key, title, TrackerParameters, usual, TemplateFollower, TemplateFollower.resumed, citation,
                   good_at, bad_at)  # fmt: skip


_ROWS = (
    _template("flowlab", "fl", "flowlab", TrackerParameters(), (
        'S. Baker and I. Matthews (2004), "Lucas-Kanade 20 Years On", with L. Bertinetto et al. (2016), "Staple"',
        "real footage: light, partial occlusion, things that bend or turn",
        "perspective, unless the motion is set to it",
    )),
    _template("ic-affine", "ic", "Inverse compositional affine", _PLAIN, (
        'S. Baker and I. Matthews (2004), "Lucas-Kanade 20 Years On", section 3.2',
        "seeing what the plain method does", "light that changes, occlusion, fast motion",
    )),
    _template("esm-homography", "esm", "ESM homography", _PLANE, (
        'S. Benhimane and E. Malis (2004), "Real-time image-based tracking of planes using efficient second-order '
        'minimization"',
        "flat things in perspective", "anything that is not flat",
    )),
    _template("textbook", "tb", "Textbook script", _TEXTBOOK, (
        'B. D. Lucas and T. Kanade (1981), as the widely copied script has it',
        "stepping through the equations", "speed, large motion, knowing when it is lost",
    )),
    Tracker("ecc", "ecc", "OpenCV ECC", EccParameters, EccParameters(), EccFollower, EccFollower.resumed,
            'G. D. Evangelidis and E. Z. Psarakis (2008), "Parametric Image Alignment Using Enhanced Correlation '
            'Coefficient Maximization", as cv2.findTransformECC',
            "a second opinion on an alignment", "occlusion, motion of more than a few pixels"),
    Tracker("mil", "mil", "OpenCV MIL", MilParameters, MilParameters(), MilFollower, None,
            'B. Babenko et al. (2009), "Visual Tracking with Online Multiple Instance Learning", as cv2.TrackerMIL',
            "an outside reference for boxes", "scale, rotation, saying that it is lost"),
)  # fmt: skip

TRACKERS: Mapping[str, Tracker] = MappingProxyType({row.name: row for row in _ROWS})
DEFAULT_TRACKER = "flowlab"


def tracker(name: str) -> Tracker:
    """Return the tracker of that name; raises ParameterError naming those that exist."""
    if name not in TRACKERS:
        raise ParameterError(f"there is no tracker {shown(name)}: the trackers are {', '.join(TRACKERS)}")
    return TRACKERS[name]
