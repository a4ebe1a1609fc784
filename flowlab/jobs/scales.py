"""One colour scale a clip, so that a colour means the same on every frame, with every method, for everyone."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from flowlab.core.clip import Clip
from flowlab.core.flow_field import divergence, vorticity
from flowlab.core.truth import Truth
from flowlab.dense.estimator import Flow
from flowlab.dense.methods import METHODS
from flowlab.drawing.scales import nice_scale
from flowlab.errors import ClipError, FlowFileError
from flowlab.jobs.pairs import Pair, last_index, read_pair

RATE_SIGMA = 3.0  # px: derivatives of a measured flow are mostly noise without a little smoothing
_PAIRS = 5
_SHARE = 95  # per cent of the pixels that lie below full colour
_DENSE = 0.9  # share of the pixels whose truth is known
_ROOM = 1.25  # so that what moves at the typical speed itself does not flicker at the rim
_SMALLEST_RATE = 0.02
_ERROR_SHARE = 0.2  # of the speed: errors are smaller than motions


@dataclass(frozen=True)
class Scales:
    """Where the colours of a clip end.

    Attributes:
        speed: px per step.
        rate: 1 per step, of divergence and vorticity.
    """

    speed: float
    rate: float

    @property
    def error(self) -> float:
        """End of the error map, px."""
        return nice_scale(_ERROR_SHARE * self.speed)


def clip_scales(clip: Clip, gap: int = 1) -> Scales:
    """Return the scales of a clip's typical motion, rounded up to a number people know.

    The median, over a few pairs spread evenly over the clip, of the 95th percentile (of the true flow
    where it is known, else of DIS ultrafast): one odd pair, a cut or a passing hand, does not set the
    scale for all. It depends on clip, gap and size only.
    """
    last = last_index(clip.info.frame_count, gap)
    speeds, rates = [], []
    for index in sorted({last * (2 * part + 1) // (2 * _PAIRS) for part in range(_PAIRS)}):
        try:
            flow = _typical_flow(clip, index, gap)
        except ClipError:
            continue  # a damaged place says nothing about the motion elsewhere
        speeds.append(np.nanpercentile(np.hypot(flow[..., 0], flow[..., 1]), _SHARE))
        rates.append(_typical_rate(flow))
    speed, rate = (_ROOM * float(np.median(values)) if values else 0.0 for values in (speeds, rates))
    return Scales(nice_scale(speed), nice_scale(rate, smallest=_SMALLEST_RATE))


def _typical_flow(clip: Clip, index: int, gap: int) -> Flow:
    """Return the true flow where the clip knows it everywhere, without rendering its frames; else a rough one.

    A truth with gaps (KITTI's, measured on near things mostly) is not how fast the picture moves.
    """
    if isinstance(clip, Truth) and clip.info.frame_count > gap:
        with suppress(FlowFileError):
            truth = clip.flow(index, gap)
            if np.isfinite(truth).mean() >= _DENSE:
                return truth
    return _rough_flow(read_pair(clip, index, gap))


def _typical_rate(flow: Flow) -> float:
    """Return the 95th percentile of how fast the flow spreads or turns; 0 where that is not known."""
    if min(flow.shape[:2]) < 2:
        return 0.0  # a line of pixels has no derivatives across it
    rate = np.fmax(np.abs(divergence(flow, RATE_SIGMA)), np.abs(vorticity(flow, RATE_SIGMA)))
    known = rate[np.isfinite(rate)]
    return float(np.percentile(known, _SHARE)) if known.size else 0.0


def _rough_flow(pair: Pair) -> Flow:
    height, width = pair.first.grey.shape
    dis = METHODS["dis"]
    if min(height, width) < dis.smallest:
        return METHODS["farneback"].estimate(pair.first.grey, pair.second.grey).flow
    return dis.estimate(pair.first.grey, pair.second.grey, dis.parameters.preset("ultrafast")).flow
