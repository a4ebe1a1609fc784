"""An answer works out what it is asked for, once, and estimates no more often than it says."""

from dataclasses import replace

import numpy as np
import pytest

from flowlab.core.resample import photometric_residual
from flowlab.dense.estimator import Flow, Grey
from flowlab.dense.methods import METHODS
from flowlab.dense.outliers import OutlierParameters
from flowlab.dense.trust import Reason, TrustParameters
from flowlab.jobs.answer import Answer, answer_pair
from flowlab.jobs.pairs import read_pair
from flowlab.scenes.registry import open_scene

SCENE = open_scene("scene:two-layers?width=192&height=128&frames=6&speed=3")
FARNEBACK = METHODS["farneback"]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[bytes, bytes]]:
    """Return the pairs of pictures given to the estimator, in order."""
    seen: list[tuple[bytes, bytes]] = []
    run = FARNEBACK.run

    def counted(first: Grey, second: Grey, settings: object) -> Flow:
        seen.append((first.tobytes(), second.tobytes()))
        return run(first, second, settings)

    monkeypatch.setitem(FARNEBACK.__dict__, "run", counted)
    return seen


def answer() -> Answer:
    return answer_pair(read_pair(SCENE, 1), FARNEBACK, FARNEBACK.parameters())


def test_trust_costs_one_more_estimation_whatever_is_asked_of_it(calls: list[tuple[bytes, bytes]]) -> None:
    found = answer()
    assert len(calls) == 1
    strict, loose = TrustParameters(forward_backward=0.05), TrustParameters(forward_backward=5.0)
    assert found.trust(strict).share < found.trust(loose).share
    assert found.trust(loose) is found.trust(loose)
    assert found.error is not None and found.residual.shape == (128, 192)
    assert calls[1:] == [calls[0][::-1]]  # the two frames, the other way round


def test_numbers_are_those_of_the_rooms_below() -> None:
    found = answer()
    pair = found.pair
    assert pair.truth is not None and found.error is not None
    np.testing.assert_allclose(found.error, np.hypot(*np.moveaxis(found.flow - pair.truth, 2, 0)), atol=1e-5)
    residual = photometric_residual(pair.first.grey, pair.second.grey, found.flow)
    np.testing.assert_array_equal(found.residual, residual)
    part = np.zeros((128, 192), bool)
    part[10:20, 30:90] = True
    assert found.mean_residual(part) == pytest.approx(np.nanmean(residual[part]), rel=1e-6)
    assert np.isnan(found.mean_residual(np.zeros((128, 192), bool)))
    assert replace(found, pair=replace(pair, truth=None), _trusts={}).error is None


def test_the_filter_takes_out_planted_vectors_and_counts_them(calls: list[tuple[bytes, bytes]]) -> None:
    found = answer()
    assert found.backward is not None
    spoilt = found.flow.copy()
    spoilt[60, 30] = spoilt[20, 120] = (40, -30)
    wrong = replace(found, flow=spoilt, _trusts={})
    cleaned = wrong.filtered(OutlierParameters())
    assert cleaned.removed is not None and cleaned.removed[60, 30] and cleaned.removed[20, 120]
    assert np.isnan(cleaned.flow[60, 30]).all() and np.isnan(cleaned.flow[20, 120]).all()
    np.testing.assert_array_equal(cleaned.removed, np.isnan(cleaned.flow[..., 0]))
    assert cleaned.removed.mean() < 0.2
    assert np.isfinite(spoilt).all()  # what was given is not changed
    assert cleaned.trust(TrustParameters()).reason[60, 30] == Reason.UNKNOWN
    assert found.removed is None


def test_a_filtered_answer_does_not_estimate_backward_again(calls: list[tuple[bytes, bytes]]) -> None:
    found = answer()
    found.trust(TrustParameters())
    found.filtered(OutlierParameters()).trust(TrustParameters())
    assert len(calls) == 2


def test_its_memory_is_counted_with_all_that_can_be_asked() -> None:
    found = answer()
    trust = found.trust(TrustParameters())
    arrays = [found.flow, found.backward, found.residual, found.error, trust.reason, trust.forward_backward,
              trust.min_eigenvalue, trust.residual, trust.deviation, trust.doubt]  # fmt: skip
    assert found.nbytes >= found.pair.nbytes + sum(array.nbytes for array in arrays if array is not None)
