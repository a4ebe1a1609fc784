"""A warp in words: the parts it was made of come back, and a homography's are those of its centre."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlab.tracking.affine.decomposition import composed, decomposed, jacobian_at_centre

PARTS = {"rotation": 0.0, "scale": 1.0, "aspect": 1.0, "shear": 0.0}


def parts_of(warp: Any) -> dict[str, float]:
    found = decomposed(np.asarray(warp, np.float64))
    return {name: float(getattr(found, name)) for name in PARTS}


def test_nothing_done_has_no_parts() -> None:
    assert parts_of(np.eye(3)) == pytest.approx(PARTS)


@pytest.mark.parametrize(
    ("rows", "changed"),
    [
        ([[0, -1, 5], [1, 0, 7], [0, 0, 1]], {"rotation": 90.0}),  # its x axis points down
        ([[-1, 0, 0], [0, -1, 0], [0, 0, 1]], {"rotation": 180.0}),
        ([[3, 0, 0], [0, 3, 0], [0, 0, 1]], {"scale": 3.0}),
        ([[4, 0, 0], [0, 1, 0], [0, 0, 1]], {"scale": 2.0, "aspect": 4.0}),
        ([[1, 0.25, 0], [0, 1, 0], [0, 0, 1]], {"shear": 0.25}),  # what lies a pixel lower is a quarter further right
        ([[0, -2, 0], [2, 1, 0], [0, 0, 1]], {"rotation": 90.0, "scale": 2.0, "shear": 0.5}),
        ([[1, 0, 0], [0, -1, 0], [0, 0, 1]], {"aspect": -1.0}),  # a mirror image
    ],
)
def test_known_warps_have_known_parts(rows: list[list[float]], changed: dict[str, float]) -> None:
    assert parts_of(rows) == pytest.approx(PARTS | changed)


@given(
    st.floats(-179.9, 179.9), st.floats(0.05, 20), st.floats(0.1, 10), st.floats(-3, 3),
    st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4)),
)  # fmt: skip
def test_what_is_composed_is_decomposed_again(
    rotation: float, scale: float, aspect: float, shear: float, centre: tuple[float, float]
) -> None:
    warp = composed(centre, rotation=rotation, scale=scale, aspect=aspect, shear=shear)
    given_parts = {"rotation": rotation, "scale": scale, "aspect": aspect, "shear": shear}
    assert parts_of(warp) == pytest.approx(given_parts, rel=1e-6, abs=1e-6)
    np.testing.assert_allclose(decomposed(warp).centre, centre)


def test_many_are_decomposed_at_once() -> None:
    warps = np.stack([composed((x, -x), rotation=10.0 * x, shear=0.1 * x) for x in range(6)]).reshape(2, 3, 3, 3)
    found = decomposed(warps)
    np.testing.assert_allclose(found.rotation, [[0, 10, 20], [30, 40, 50]], atol=1e-9)
    np.testing.assert_allclose(found.shear, [[0, 0.1, 0.2], [0.3, 0.4, 0.5]], atol=1e-9)
    np.testing.assert_allclose(found.centre[1, 2], (5, -5))


def test_a_homographys_parts_are_those_of_small_steps_round_its_centre() -> None:
    warp = composed((120, 80), rotation=25, scale=1.4, aspect=1.2, shear=0.2)
    warp[2] = 0.002, -0.001, 2.0

    def taken(x: float, y: float) -> Any:
        point = warp @ (x, y, 1)
        return point[:2] / point[2]

    step = 1e-5
    numerical = np.stack([(taken(step, 0) - taken(-step, 0)), (taken(0, step) - taken(0, -step))], axis=1) / (2 * step)
    jacobian, centre = jacobian_at_centre(warp)
    np.testing.assert_allclose(jacobian, numerical, rtol=1e-6)
    np.testing.assert_allclose(centre, (60, 40))
    affine = np.eye(3)
    affine[:2, :2] = numerical
    assert parts_of(warp) == pytest.approx(parts_of(affine), rel=1e-5)
    assert abs(parts_of(warp)["rotation"] - 25) > 0.5  # the perspective matters


def test_a_warp_that_is_unknown_or_collapses_has_no_parts() -> None:
    flat = np.array([[1.0, 2, 3], [2, 4, 5], [0, 0, 1]])
    for warp in (np.full((3, 3), np.nan), np.zeros((3, 3)), flat):
        assert all(np.isnan(value) for value in parts_of(warp).values())
