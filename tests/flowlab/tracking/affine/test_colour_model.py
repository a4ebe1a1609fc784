"""The colour model: which colours are the object's, in closed form; what it learns and how fast."""

import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.tracking.affine.colour_model import RATE, colour_model_of

Picture = NDArray[np.uint8]

RED, GREEN, BLUE = (200, 30, 30), (40, 180, 60), (20, 40, 220)
HEIGHT, WIDTH = 61, 81


def scene(
    inside: tuple[int, ...] = RED, outside: tuple[int, ...] = GREEN, width: int = 31, height: int = 21
) -> Picture:
    """Return an object in the middle."""
    picture = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    picture[:] = outside
    picture[shape_of(width, height)] = inside
    return picture


def shape_of(width: int, height: int) -> NDArray[np.bool_]:
    y, x = np.abs(np.arange(HEIGHT) - HEIGHT // 2), np.abs(np.arange(WIDTH) - WIDTH // 2)
    return (y[:, None] <= height / 2) & (x[None] <= width / 2)


# --- closed forms -------------------------------------------------------------------------------------


def test_a_red_object_on_green_is_1_inside_and_0_outside() -> None:
    chance = colour_model_of(scene(), 31, 21).respond(scene(), 1, 1)
    assert chance.shape == (HEIGHT, WIDTH) and chance.dtype == np.float32
    np.testing.assert_array_equal(chance, shape_of(31, 21))


def test_the_answer_is_the_mean_of_a_box_around_the_pixel() -> None:
    found = colour_model_of(scene(), 31, 21).respond(scene(), 31, 21)
    assert found[HEIGHT // 2, WIDTH // 2] == pytest.approx(1)
    assert found[HEIGHT // 2, WIDTH // 2 + 8] == pytest.approx((31 - 8) / 31, abs=1e-5)
    assert found[HEIGHT // 2 - 5, WIDTH // 2] == pytest.approx((21 - 5) / 21, abs=1e-5)
    assert np.unravel_index(found.argmax(), found.shape) == (HEIGHT // 2, WIDTH // 2)


def test_a_colour_that_was_never_seen_may_be_either() -> None:
    np.testing.assert_array_equal(colour_model_of(scene(), 31, 21).respond(scene(BLUE, BLUE), 5, 3), 0.5)


def test_a_colour_of_both_counts_by_its_shares() -> None:
    half = scene()
    half[:, : WIDTH // 2 + 1] = np.where(shape_of(31, 21)[:, : WIDTH // 2 + 1, None], RED, BLUE)
    half[10:51, WIDTH // 2 - 4 : WIDTH // 2] = BLUE  # in the object too
    model = colour_model_of(half, 31, 21)
    core, around = shape_of(31 * 0.8, 21 * 0.8), ~shape_of(31, 21)
    blue = (half == BLUE).all(axis=-1)
    inside, outside = blue[core].mean(), blue[around].mean()
    chance = model.respond(half, 1, 1)
    assert 0 < inside < 1 and 0 < outside < 1
    np.testing.assert_allclose(chance[blue], inside / (inside + outside), rtol=1e-5)


def test_the_rim_of_the_box_is_neither() -> None:
    framed = scene()
    rim = shape_of(31, 21) & ~shape_of(31 * 0.8, 21 * 0.8)
    framed[rim] = BLUE
    chance = colour_model_of(framed, 31, 21).respond(framed, 1, 1)
    np.testing.assert_array_equal(chance[rim], 0.5)


def test_shades_within_a_sixteenth_are_one_colour() -> None:
    model = colour_model_of(scene((192, 16, 16)), 31, 21)
    np.testing.assert_array_equal(model.respond(scene((207, 31, 31), (207, 31, 32)), 1, 1)[shape_of(31, 21)], 1)
    np.testing.assert_array_equal(model.respond(scene((207, 31, 31), (207, 31, 32)), 1, 1)[~shape_of(31, 21)], 0.5)


# --- learning -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
def test_a_new_picture_counts_by_its_rate(rate: float) -> None:
    old, new = colour_model_of(scene(), 31, 21), colour_model_of(scene(BLUE, RED), 31, 21)
    both = old.trained(scene(BLUE, RED), 31, 21, rate)
    np.testing.assert_allclose(both.inside, (1 - rate) * old.inside + rate * new.inside, atol=1e-12)
    np.testing.assert_allclose(both.outside, (1 - rate) * old.outside + rate * new.outside, atol=1e-12)
    assert both.inside.sum() == pytest.approx(1) and both.outside.sum() == pytest.approx(1)


def test_the_usual_rate_is_a_twenty_fifth() -> None:
    model = colour_model_of(scene(), 31, 21).trained(scene(BLUE), 31, 21)
    assert RATE == 0.04
    assert np.sort(model.inside)[-2:].tolist() == pytest.approx([0.04, 0.96])


def test_a_background_that_turns_into_the_objects_colour_is_learned() -> None:
    model = colour_model_of(scene(), 31, 21)
    for _ in range(50):
        model = model.trained(scene(RED, RED), 31, 21)
    chance = model.respond(scene(), 1, 1)
    share = 1 - 0.96**50
    np.testing.assert_allclose(chance[shape_of(31, 21)], 1 / (1 + share), rtol=1e-5)


# --- bad input ----------------------------------------------------------------------------------------


def test_an_object_that_fills_the_picture_has_no_surroundings() -> None:
    model = colour_model_of(scene(), 200, 200)
    assert model.outside.sum() == 0
    assert np.isfinite(model.respond(scene(), 0, 0)).all()
