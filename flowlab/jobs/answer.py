"""One answer: a pair of frames, the flow between them, and whatever can be said of it, worked out when first asked."""

import math
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flowlab.core.flow_field import endpoint_error
from flowlab.core.parameters import Parameters
from flowlab.core.resample import photometric_residual
from flowlab.dense.estimator import Flow, Method
from flowlab.dense.outliers import OutlierParameters, outliers
from flowlab.dense.trust import Trust, TrustParameters, trust
from flowlab.jobs.pairs import Pair, estimate_pair

_BYTES_A_PIXEL = 64
"""What the arrays worked out later take, at most: backward flow, trust with its five maps, residual, error."""


@dataclass(frozen=True, eq=False)
class Answer:
    """A pair of frames and the flow between them.

    A page shows the picture before it asks for numbers, so that nobody waits for them to see: every
    further quantity is computed when it is first asked for, and once.

    Attributes:
        pair: the frames, with the truth where the clip knows it.
        flow: (H, W, 2) float32, pixels; NaN where unknown or taken out.
        seconds: what the estimation alone took.
        method: what estimated it.
        settings: with which parameters.
        removed: (H, W) bool, True where the outlier filter took a vector out; None where it was not asked for.
        accumulated: (H, W, 3) uint8, a picture carried along by the flows up to this one (jobs.glitch); None
            where nobody carried one.
    """

    pair: Pair
    flow: Flow
    seconds: float
    method: Method
    settings: Parameters
    removed: NDArray[np.bool_] | None = None
    accumulated: NDArray[np.uint8] | None = None
    _trusts: dict[TrustParameters, Trust] = field(default_factory=dict, repr=False)

    @property
    def nbytes(self) -> int:
        """Memory it may take, with everything that can be asked of it."""
        return int(self.pair.nbytes + self.flow.nbytes + _BYTES_A_PIXEL * self.flow.shape[0] * self.flow.shape[1])

    @cached_property
    def backward(self) -> Flow:
        """The flow from the second frame to the first, by the same method: one more estimation."""
        return self.method.estimate(self.pair.second.grey, self.pair.first.grey, self.settings).flow

    def trust(self, parameters: TrustParameters) -> Trust:
        """Return which vectors to believe, and why not the others."""
        found = self._trusts.get(parameters)
        if found is None:
            found = trust(self.pair.first.grey, self.pair.second.grey, self.flow, self.backward, parameters)
            self._trusts.clear()  # thresholds are moved one by one; the last is the one looked at
            self._trusts[parameters] = found
        return found

    @cached_property
    def residual(self) -> NDArray[np.float32]:
        """What the flow leaves unexplained, (H, W) grey levels; NaN where nothing can be compared."""
        return photometric_residual(self.pair.first.grey, self.pair.second.grey, self.flow)

    @cached_property
    def error(self) -> NDArray[np.float64] | None:
        """Distance to the true flow, (H, W) px, NaN where unknown; None where the clip has no truth."""
        return None if self.pair.truth is None else endpoint_error(self.flow, self.pair.truth)

    def mean_residual(self, counts: NDArray[np.bool_] | None = None) -> float:
        """Return the mean residual in grey levels over the pixels that count; NaN where there is none."""
        residual = self.residual if counts is None else self.residual[counts]
        known = residual[np.isfinite(residual)]
        return float(known.mean()) if known.size else math.nan

    def filtered(self, parameters: OutlierParameters) -> "Answer":
        """Return this answer with the outliers of the normalised median test taken out (NaN) and marked."""
        wrong = outliers(self.flow, parameters)
        flow = self.flow.copy()
        flow[wrong] = np.nan
        cleaned = replace(self, flow=flow, removed=wrong, _trusts={})
        if "backward" in self.__dict__:
            cleaned.__dict__["backward"] = self.backward  # it does not depend on what was taken out here
        return cleaned


def answer_pair(pair: Pair, method: Method, settings: Parameters) -> Answer:
    """Estimate the flow of a pair; see `Answer`."""
    result = estimate_pair(pair, method, settings)
    return Answer(pair, result.flow, result.seconds, method, settings)
