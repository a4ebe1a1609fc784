"""Histograms of gradients: a ramp in its own bin, with and without its sign, whatever the contrast."""

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.tracking.affine.gradient_histograms import CELL, CHANNELS, gradient_histograms
from tests.flowlab.tracking.affine.looks import rounded, texture

SIDE = 32
INNER = np.s_[2:-2, 2:-2]


def ramp(degrees: float, slope: float = 3.0) -> NDArray[np.uint8]:
    """Return a plain slope, brighter towards that direction, clockwise on the screen from the x axis."""
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    angle = np.deg2rad(degrees)
    return rounded(128 + slope * (np.cos(angle) * x + np.sin(angle) * y))


# --- closed forms -------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [0, 9])
def test_a_ramp_along_x_puts_everything_in_its_bin(number: int) -> None:
    found = gradient_histograms(ramp(number * 20))[INNER]
    expected = np.zeros(CHANNELS)
    expected[[0, 9 + number]] = 0.4  # 2/3 of its energy, over the cap
    np.testing.assert_allclose(found, np.broadcast_to(expected, found.shape), atol=1e-6)


@pytest.mark.parametrize("number", range(18))
def test_a_ramp_is_in_the_bin_of_its_direction(number: int) -> None:
    found = gradient_histograms(ramp(number * 20, 3.7))[INNER]
    assert (found[..., :9].argmax(axis=-1) == number % 9).all()
    assert (found[..., 9:].argmax(axis=-1) == number).all()


def test_between_two_directions_both_bins_count_by_nearness() -> None:
    found = gradient_histograms(ramp(90, 3.0))[INNER]  # 90 degrees lie between bins 4 (80) and 5 (100)
    np.testing.assert_allclose(found[..., [4, 5]], found[..., [5, 4]], rtol=1e-3)
    np.testing.assert_allclose(found[..., [9 + 4, 9 + 5]], found[..., [9 + 5, 9 + 4]], rtol=1e-3)
    others = [n for n in range(CHANNELS) if n not in (4, 5, 13, 14)]
    np.testing.assert_allclose(found[..., others], 0, atol=1e-6)


def test_values_are_shares_of_the_energy_of_nine_cells() -> None:
    grey = rounded(texture(SIDE, SIDE, 3))
    found = gradient_histograms(grey)
    picture = np.pad(grey.astype(np.float64) / 255, 1, mode="reflect")
    gx, gy = picture[1:-1, 2:] - picture[1:-1, :-2], picture[2:, 1:-1] - picture[:-2, 1:-1]
    place = (np.arctan2(gy, gx) % (2 * np.pi)) * 18 / (2 * np.pi)
    cells = SIDE // CELL
    signed = np.zeros((cells, cells, 18))
    for row in range(SIDE):
        for column in range(SIDE):
            lower, length = int(place[row, column]), np.hypot(gx, gy)[row, column]
            share = place[row, column] - lower
            signed[row // CELL, column // CELL, lower % 18] += (1 - share) * length
            signed[row // CELL, column // CELL, (lower + 1) % 18] += share * length
    unsigned = signed[..., :9] + signed[..., 9:]
    energy = (unsigned**2).sum(axis=-1)
    for row in range(1, cells - 1):
        for column in range(1, cells - 1):
            around = energy[row - 1 : row + 2, column - 1 : column + 2].sum() / 4
            expected = np.concatenate([unsigned[row, column], signed[row, column]]) / np.sqrt(around + 1e-4)
            np.testing.assert_allclose(found[row, column], np.minimum(expected, 0.4), atol=2e-3)


# --- what it does not see -----------------------------------------------------------------------------


def test_opposite_ramps_differ_with_their_sign_and_agree_without() -> None:
    there, back = gradient_histograms(ramp(40))[INNER], gradient_histograms(255 - ramp(40))[INNER]
    np.testing.assert_allclose(there[..., :9], back[..., :9], atol=0.01)
    np.testing.assert_allclose(there[..., 9:18], back[..., 18:], atol=0.01)
    assert (there[..., 9:] * back[..., 9:]).max() < 0.01


@pytest.mark.parametrize(("gain", "bias"), [(0.5, 0), (0.5, 100), (1, 20)])
def test_contrast_and_brightness_do_not_matter(gain: float, bias: float) -> None:
    grey = 2.0 * rounded(texture(SIDE, SIDE, 5) * 0.45)  # even: half of it is whole
    plain, lit = gradient_histograms(rounded(grey)), gradient_histograms(rounded(gain * grey + bias))
    np.testing.assert_allclose(lit, plain, atol=0.005)


def test_a_flat_picture_has_none() -> None:
    np.testing.assert_array_equal(gradient_histograms(np.full((SIDE, 40), 90, np.uint8)), np.zeros((8, 10, CHANNELS)))


def test_one_histogram_a_cell_and_none_over_the_cap() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (24, 36), np.uint8)
    found = gradient_histograms(noise)
    assert found.shape == (6, 9, CHANNELS) and found.dtype == np.float32
    assert found.min() >= 0 and found.max() <= np.float32(0.4)


def test_what_happens_in_a_cell_stays_near_it() -> None:
    grey = np.full((SIDE, SIDE), 90, np.uint8)
    grey[4 * CELL + 1, 2 * CELL + 1] = 200  # gradients around it lie in this cell
    found = gradient_histograms(grey)
    rows, columns = np.nonzero(found.sum(axis=-1))
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) == {(4, 2)}
