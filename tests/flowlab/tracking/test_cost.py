"""What a frame is expected to take: more of anything is never cheaper, and of what counts dearer. No clock is read."""

from dataclasses import replace

import pytest

from flowlab.tracking.cost import frame_seconds
from flowlab.tracking.parameters import PointParameters

USUAL = PointParameters(max_corners=300, window=15, levels=2, iterations=8, redetect_every=5)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("max_corners", (1, 100, 500, 20_000)),
        ("window", (3, 15, 21, 99)),
        ("levels", (0, 1, 3, 8)),
        ("iterations", (1, 5, 10)),
        ("affine", (False, True)),
    ],
)
@pytest.mark.parametrize("preset", [p.name for p in PointParameters.presets])
def test_more_costs_more(preset, name, values):
    p = replace(PointParameters.preset(preset), max_corners=300)
    costs = [frame_seconds(180, 320, replace(p, **{name: value})) for value in values]
    assert costs == sorted(set(costs))


def test_a_larger_picture_costs_more_either_way():
    assert frame_seconds(180, 320, USUAL) < frame_seconds(180, 640, USUAL)
    assert frame_seconds(180, 640, USUAL) == frame_seconds(640, 180, USUAL)


def test_detecting_seldom_costs_less_and_once_is_counted_as_always():
    always, seldom, once = (frame_seconds(720, 1280, replace(USUAL, redetect_every=n)) for n in (1, 10, 0))
    assert seldom < always == once


def test_a_window_is_paid_by_its_area():
    def points_only(window):
        p = replace(USUAL, window=window)
        return frame_seconds(180, 320, p) - frame_seconds(180, 320, replace(p, max_corners=1))

    assert points_only(30 + 1) / points_only(15) == pytest.approx((31 / 15) ** 2)


def test_what_no_point_needs_is_not_counted():
    assert frame_seconds(180, 320, replace(USUAL, iterations=30)) == frame_seconds(
        180, 320, replace(USUAL, iterations=100)
    )


def test_every_set_of_parameters_has_a_cost_above_nothing():
    cheapest = PointParameters(max_corners=1, window=3, levels=0, iterations=1, affine=False, redetect_every=100)
    assert 0 < frame_seconds(16, 24, cheapest) < frame_seconds(1080, 1920, PointParameters(max_corners=20_000)) < 100
