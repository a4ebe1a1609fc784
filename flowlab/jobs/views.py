"""The ways to look at a flow, as RGB pictures: one registry for the page, the command line and the tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import Clip
from flowlab.core.resample import photometric_residual, warp_back
from flowlab.dense.estimator import Flow
from flowlab.drawing.arrows import draw_arrows
from flowlab.drawing.scales import magnitude_colours, nice_scale, residual_colours
from flowlab.drawing.unknown import mark_unknown
from flowlab.drawing.wheel import flow_colours
from flowlab.errors import ParameterError, shown
from flowlab.jobs.pairs import Pair, typical_speed

RESIDUAL_SCALE = 50.0  # grey levels: fixed, so that residuals of different clips compare


@dataclass(frozen=True)
class Look:
    """How a view is drawn.

    Attributes:
        scale: px of speed at the rim of the wheel and the end of the magnitude scale.
        spacing: px between arrows.
        reach: length of an arrow of that speed, in spacings.
    """

    scale: float
    spacing: int = 16
    reach: float = 1.5

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
        legend: "wheel", "speed", "residual" or "" (a photograph).
        draw: (pair, flow, look) -> (H, W, 3) uint8 RGB.
    """

    name: str
    title: str
    shows: str
    legend: str
    draw: Callable[[Pair, Flow, Look], NDArray[np.uint8]]


def _colour(_: Pair, flow: Flow, look: Look) -> NDArray[np.uint8]:
    return flow_colours(flow, look.scale)


def _arrows(pair: Pair, flow: Flow, look: Look) -> NDArray[np.uint8]:
    return draw_arrows(pair.first.rgb, flow, spacing=look.spacing, gain=look.gain, scale=look.scale)


def _magnitude(_: Pair, flow: Flow, look: Look) -> NDArray[np.uint8]:
    return magnitude_colours(flow, look.scale)


def _warped(pair: Pair, flow: Flow, _: Look) -> NDArray[np.uint8]:
    return mark_unknown(warp_back(pair.second.rgb, flow))


def _residual(pair: Pair, flow: Flow, _: Look) -> NDArray[np.uint8]:
    return residual_colours(photometric_residual(pair.first.grey, pair.second.grey, flow), RESIDUAL_SCALE)


_ROWS = (
    View("colour", "Colour", "Colour is direction, strength of colour is speed.", "wheel", _colour),
    View("arrows", "Arrows", "Each arrow is the motion of the point at its tail.", "speed", _arrows),
    View("magnitude", "Magnitude", "How fast each pixel moves, whatever the direction.", "speed", _magnitude),
    View("warped", "Warped back", "The second frame pulled back by the flow: where the flow is right it equals the "
         "first. Swipe to compare.", "", _warped),
    View("residual", "Residual", "What the flow leaves unexplained: first frame minus second, warped back.",
        "residual", _residual),
)  # fmt: skip

VIEWS: Mapping[str, View] = MappingProxyType({row.name: row for row in _ROWS})


def view(name: str) -> View:
    """Return the view of that name; raises ParameterError naming those that exist."""
    if name not in VIEWS:
        raise ParameterError(f"there is no view {shown(name)}: the views are {', '.join(VIEWS)}")
    return VIEWS[name]


def clip_scale(clip: Clip, gap: int = 1) -> float:
    """Return the speed in px per `gap` at full colour for a clip: one round number for all its frames.

    A quarter above the typical speed, so that what moves at that very speed does not flicker at the rim.
    """
    return nice_scale(1.25 * typical_speed(clip, gap))
