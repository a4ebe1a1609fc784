"""Mean and RMS of the flow over a range, and one pixel's motion over time."""

from typing import Any

import numpy as np
import pytest

from flowlab.dense.dis import DisParameters
from flowlab.dense.methods import METHODS
from flowlab.errors import ParameterError
from flowlab.jobs.over_time import FlowMoments, OverTime, flow_over_time
from flowlab.jobs.pairs import estimate_pair, read_pair
from flowlab.scenes.registry import open_scene

SCENE = open_scene("scene:two-layers?width=160&height=96&frames=12&speed=3")
DIS = METHODS["dis"]


def test_mean_and_rms_are_those_of_all_flows_at_once() -> None:
    rng = np.random.default_rng(1)
    flows = rng.normal((3, -1), (2, 0.5), (25, 6, 9, 2)).astype(np.float32) + 100  # far from zero on purpose
    moments = FlowMoments(6, 9)
    for flow in flows:
        moments.add(flow)
    wide = flows.astype(np.float64)
    np.testing.assert_allclose(moments.mean, wide.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(moments.fluctuation, np.sqrt(wide.var(axis=0).sum(axis=-1)), rtol=1e-5)
    np.testing.assert_allclose(moments.rms, np.sqrt((wide**2).sum(axis=-1).mean(axis=0)), rtol=1e-6)


def test_unknown_vectors_do_not_count_and_never_known_stays_unknown() -> None:
    flows = np.zeros((3, 4, 5, 2), np.float32)
    flows[:, 1, 2] = [(1, 0), (np.nan, np.nan), (3, 0)]
    flows[:, 3, 4] = np.nan
    moments = FlowMoments(4, 5)
    for flow in flows:
        moments.add(flow)
    assert moments.mean[1, 2].tolist() == [2, 0]
    assert moments.fluctuation[1, 2] == pytest.approx(1)
    assert moments.rms[1, 2] == pytest.approx(np.sqrt(5))
    assert np.isnan(moments.mean[3, 4]).all() and np.isnan(moments.rms[3, 4])
    assert moments.mean[0, 0].tolist() == [0, 0]


def result_of(start: int, stop: int, gap: int, **more: Any) -> tuple[list[float], OverTime]:
    steps = list(flow_over_time(SCENE, (start, stop), gap, DIS, DIS.parameters(), **more))
    assert [found is None for _, found in steps] == [True] * (len(steps) - 1) + [False]
    found = steps[-1][1]
    assert found is not None
    return [share for share, _ in steps], found


def test_a_range_is_estimated_pair_by_pair_and_a_pixel_followed() -> None:
    shares, found = result_of(2, 8, 2, probe=(80, 48))
    flows = [estimate_pair(read_pair(SCENE, index, 2), DIS).flow for index in (2, 3, 4, 5)]
    assert shares == [0.25, 0.5, 0.75, 1, 1]
    assert found.frames.tolist() == [2, 3, 4, 5]
    np.testing.assert_array_equal(found.probe, [flow[48, 80] for flow in flows])
    np.testing.assert_allclose(found.mean, np.mean(flows, axis=0), atol=1e-4)
    speeds = [np.median(np.hypot(flow[..., 0], flow[..., 1])) for flow in flows]
    np.testing.assert_allclose(found.median_speed, speeds, rtol=1e-6)
    part = np.zeros((96, 160), bool)
    part[30:60, 50:90] = True
    here = result_of(2, 8, 2, counts=part)[1].median_speed
    np.testing.assert_allclose(here, [np.median(np.hypot(*flow[part].T)) for flow in flows], rtol=1e-6)
    assert np.isnan(result_of(0, 3, 1)[1].probe).all()
    assert found.nbytes > 4 * 4 * 96 * 160


@pytest.mark.parametrize(("start", "stop", "gap"), [(3, 4, 1), (3, 5, 2), (0, 0, 1)])
def test_a_range_without_a_pair_is_refused(start: int, stop: int, gap: int) -> None:
    with pytest.raises(ParameterError, match=f"frames {start}:{stop} with gap {gap} hold no pair"):
        next(flow_over_time(SCENE, (start, stop), gap, DIS, DIS.parameters()))


def test_what_would_take_too_long_for_a_page_is_refused_before_it_starts() -> None:
    long = open_scene("scene:translation?width=1280&height=720&frames=600")
    costly = DisParameters(patch_stride=2, finest_scale=0)
    with pytest.raises(ParameterError, match=r"\d+ pairs with DIS would take about \d+ s, .* choose at most \d+ pairs"):
        next(flow_over_time(long, (0, 600), 1, DIS, costly))
