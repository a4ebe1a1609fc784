"""Directions and speeds, counted."""

import numpy as np
import pytest

from flowlab.errors import ParameterError
from flowlab.evaluation.distribution import direction_rose, speed_histogram


def flow_of(*vectors: tuple[float, float]) -> np.ndarray:
    return np.array([vectors], np.float32)


def test_right_is_the_first_bin_and_down_a_quarter_further() -> None:
    rose = direction_rose(flow_of((3, 0), (3, 0), (0, 5), (-4, 0), (0, -2)), bins=8)
    np.testing.assert_allclose(rose.shares, [0.4, 0, 0.2, 0, 0.2, 0, 0.2, 0])
    np.testing.assert_allclose(rose.mean_speeds, [3, 0, 5, 0, 4, 0, 2, 0])
    assert rose.moving == 1


def test_bins_are_centred_on_their_direction() -> None:
    # 36 bins of 10 degrees: 4.9 degrees belongs to 0, 5.1 to 10, -4.9 to 0.
    angles = np.deg2rad([4.9, -4.9, 5.1, 355.2])
    rose = direction_rose(np.stack([np.cos(angles), np.sin(angles)], axis=-1)[None].astype(np.float32))
    np.testing.assert_allclose(rose.shares[:2], [0.75, 0.25])


def test_what_hardly_moves_has_no_direction() -> None:
    rose = direction_rose(flow_of((0.05, 0), (0, 0), (1, 0), (0, 0.099)))
    assert rose.moving == 0.25
    assert rose.shares[0] == 1
    still = direction_rose(np.zeros((3, 4, 2), np.float32))
    assert (still.moving, still.shares.sum()) == (0, 0)


def test_the_unknown_and_the_masked_do_not_count() -> None:
    flow = flow_of((2, 0), (np.nan, 1), (0, 2), (7, 7))
    rose = direction_rose(flow, np.array([[True, True, True, False]]), bins=4)
    np.testing.assert_allclose(rose.shares, [0.5, 0.5, 0, 0])
    histogram = speed_histogram(flow, np.array([[True, True, True, False]]), bins=2)
    np.testing.assert_allclose(histogram.edges, [0, 1, 2])
    assert histogram.counts.tolist() == [0, 2]


def test_a_histogram_counts_every_known_speed_once() -> None:
    rng = np.random.default_rng(0)
    flow = rng.normal(0, 3, (30, 40, 2)).astype(np.float32)
    histogram = speed_histogram(flow)
    speeds = np.hypot(flow[..., 0], flow[..., 1]).astype(np.float64)
    assert histogram.counts.sum() == 1200
    assert histogram.edges[-1] == pytest.approx(speeds.max())
    for low, high, count in zip(histogram.edges, histogram.edges[1:], histogram.counts[:-1], strict=False):
        assert count == ((speeds >= low) & (speeds < high)).sum()
    nothing = speed_histogram(np.full((2, 2, 2), np.nan, np.float32))
    assert nothing.counts.sum() == 0


def test_bad_input_is_refused() -> None:
    flow = np.zeros((4, 6, 2), np.float32)
    for broken in (lambda: direction_rose(flow, bins=3), lambda: speed_histogram(flow, bins=0)):
        with pytest.raises(ParameterError, match="bins is"):
            broken()
    with pytest.raises(ParameterError, match="mask has shape"):
        direction_rose(flow, np.ones((6, 4), bool))
    with pytest.raises(ParameterError, match="the flow has shape"):
        speed_histogram(np.zeros((4, 6), np.float32))
