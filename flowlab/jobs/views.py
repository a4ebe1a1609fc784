"""The ways to look at a flow, as RGB pictures: one registry for the page, the command line and the tests."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from flowlab.core.flow_field import divergence, vorticity
from flowlab.core.resample import warp_back
from flowlab.dense.trust import TrustParameters
from flowlab.drawing.arrows import draw_arrows
from flowlab.drawing.categories import category_colours
from flowlab.drawing.diverging import signed_colours
from flowlab.drawing.hsv import hsv_opt_flow, hsv_tutorial
from flowlab.drawing.scales import error_colours, magnitude_colours, residual_colours
from flowlab.drawing.streamlines import draw_streamlines
from flowlab.drawing.unknown import mark_unknown
from flowlab.drawing.wheel import flow_colours
from flowlab.errors import ParameterError, shown
from flowlab.jobs.answer import Answer
from flowlab.jobs.scales import RATE_SIGMA, Scales

RESIDUAL_SCALE = 50.0  # grey levels: fixed, so that residuals of different clips compare

_MOST_STREAMLINES = 5000  # roughly, seeds

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Look:
    """How a view is drawn.

    Attributes:
        scale: px of speed at the rim of the wheel and the end of the magnitude scale.
        spacing: px between arrows, and between streamlines.
        reach: length of an arrow of that speed, in spacings.
        rate: divergence and vorticity at the ends of their scale, 1 per step.
        error: px at the end of the error map.
        trust: thresholds of the trust view.
    """

    scale: float
    spacing: int = 16
    reach: float = 1.5
    rate: float = 0.1
    error: float = 1.0
    trust: TrustParameters = field(default_factory=TrustParameters)

    @classmethod
    def of(cls, scales: Scales) -> "Look":
        """Return the look of a clip with everything else at its default."""
        return cls(scales.speed, rate=scales.rate, error=scales.error)

    @property
    def gain(self) -> float:
        """Length of an arrow in px per px of displacement."""
        return self.reach * self.spacing / self.scale


@dataclass(frozen=True)
class View:
    """One way to look at a flow.

    Attributes:
        name: what links and the command line call it.
        title: what a page calls it.
        shows: one sentence for the person who looks.
        legend: what its colours mean: "wheel", "hsv-tutorial", "hsv-opt-flow", "speed", "rate", "residual",
            "error", "trust" or "" (a photograph).
        draw: (answer, look) -> (H, W, 3) uint8 RGB.
        accumulates: whether it needs `Answer.accumulated`, a picture carried along from earlier frames.
    """

    name: str
    title: str
    shows: str
    legend: str
    draw: Callable[[Answer, Look], Picture]
    accumulates: bool = False


def _colour(answer: Answer, look: Look) -> Picture:
    return flow_colours(answer.flow, look.scale)


def _hsv_tutorial(answer: Answer, _: Look) -> Picture:
    return hsv_tutorial(answer.flow)


def _hsv_opt_flow(answer: Answer, _: Look) -> Picture:
    return hsv_opt_flow(answer.flow)


def _arrows(answer: Answer, look: Look) -> Picture:
    return draw_arrows(answer.pair.first.rgb, answer.flow, spacing=look.spacing, gain=look.gain, scale=look.scale)


def _streamlines(answer: Answer, look: Look) -> Picture:
    # Finer on a large picture, they would take seconds and merge into one colour.
    finest = math.ceil(math.sqrt(answer.flow.shape[0] * answer.flow.shape[1] / _MOST_STREAMLINES))
    spacing = max(look.spacing, finest)
    return draw_streamlines(answer.pair.first.rgb, answer.flow, spacing=spacing, scale=look.scale)


def _magnitude(answer: Answer, look: Look) -> Picture:
    return magnitude_colours(answer.flow, look.scale)


def _divergence(answer: Answer, look: Look) -> Picture:
    return signed_colours(divergence(answer.flow, RATE_SIGMA), look.rate)


def _vorticity(answer: Answer, look: Look) -> Picture:
    return signed_colours(vorticity(answer.flow, RATE_SIGMA), look.rate)


def _warped(answer: Answer, _: Look) -> Picture:
    return mark_unknown(warp_back(answer.pair.second.rgb, answer.flow))


def _residual(answer: Answer, _: Look) -> Picture:
    return residual_colours(answer.residual, RESIDUAL_SCALE)


def _trust(answer: Answer, look: Look) -> Picture:
    return category_colours(answer.pair.first.rgb, answer.trust(look.trust).reason)


def _error(answer: Answer, look: Look) -> Picture:
    if answer.error is None:
        why = answer.pair.truth_note or "this clip does not know its true motion"
        raise ParameterError(f"there is no error map: {why}; choose a scene or a data set with truth, or another view")
    return error_colours(answer.error, look.error)


def _glitch(answer: Answer, _: Look) -> Picture:
    if answer.accumulated is None:
        raise ParameterError("the glitch view needs the frames before this one: give it a range of frames")
    return answer.accumulated


_ROWS = (
    View("colour", "Colour", "Colour is direction, strength of colour is speed (Middlebury's wheel).", "wheel",
         _colour),
    View("arrows", "Arrows", "Each arrow is the motion of the point at its tail.", "speed", _arrows),
    View("streamlines", "Streamlines", "Lines that follow the motion of this one moment, coloured by speed.",
         "speed", _streamlines),
    View("magnitude", "Magnitude", "How fast each pixel moves, whatever the direction.", "speed", _magnitude),
    View("divergence", "Divergence", "Where motion spreads apart (+) or draws together (−).", "rate", _divergence),
    View("vorticity", "Vorticity", "Where motion turns: + is clockwise on the screen.",
         "rate", _vorticity),
    View("warped", "Warped back", "The second frame pulled back by the flow: where the flow is right it equals the "
         "first. Swipe to compare.", "", _warped),
    View("residual", "Residual", "What the flow leaves unexplained: first frame minus second, warped back.",
        "residual", _residual),
    View("trust", "Trust", "A colour names the test that failed; the rest can be believed.",
         "trust", _trust),
    View("error", "Error", "Distance to the true flow; grey where it is not known.", "error", _error),
    View("hsv-tutorial", "HSV tutorial", "OpenCV's tutorial: hue is direction, value is scaled per frame: frames do "
         "not compare.", "hsv-tutorial", _hsv_tutorial),
    View("hsv-opt-flow", "HSV opt_flow", "OpenCV's opt_flow sample: hue turned by 180°, value 4 times the speed.",
         "hsv-opt-flow", _hsv_opt_flow),
    View("glitch", "Glitch", "A frame carried along as OpenCV's opt_flow does: an approximate forward warp whose "
         "errors add up.", "", _glitch, accumulates=True),
)  # fmt: skip

VIEWS: Mapping[str, View] = MappingProxyType({row.name: row for row in _ROWS})


def view(name: str) -> View:
    """Return the view of that name; raises ParameterError naming those that exist."""
    if name not in VIEWS:
        raise ParameterError(f"there is no view {shown(name)}: the views are {', '.join(VIEWS)}")
    return VIEWS[name]
