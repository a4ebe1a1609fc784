"""A region drawn into pixels: where the ink is, in which colour, how states differ without colours, what stays."""

from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.drawing.region import AXIS_COLOURS, STROKES, draw_region
from flowlab.errors import ParameterError
from flowlab.tracking.affine.states import State

HEIGHT, WIDTH = 120, 200
CORNERS = ((50.0, 30.0), (130.0, 30.0), (130.0, 90.0), (50.0, 90.0))


def grey(level: int = 128, height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    return np.full((height, width, 3), level, np.uint8)


def draw(state: str = "tracked", picture: NDArray[np.uint8] | None = None, corners: Any = CORNERS,
         **options: Any) -> NDArray[np.uint8]:  # fmt: skip
    return draw_region(grey() if picture is None else picture, corners, state, **{"words": False} | options)


def coloured(drawn: NDArray[np.uint8], colour: tuple[int, int, int], near: float = 40) -> NDArray[np.bool_]:
    """Return where a picture has about this colour, (H, W)."""
    return np.linalg.norm(drawn.astype(float) - colour, axis=2) < near


def extent(mask: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """Return first and last column, first and last row."""
    rows, columns = np.nonzero(mask)
    return int(columns.min()), int(columns.max()), int(rows.min()), int(rows.max())


def test_every_state_can_be_drawn_and_no_other() -> None:
    assert {state.words for state in State} == set(STROKES)
    with pytest.raises(ParameterError, match="no state ‘gone’: the states are tracked, occluded, lost, keyframe"):
        draw("gone")


def test_the_outline_lies_on_the_corners_and_the_inside_stays() -> None:
    drawn = draw()
    ink = coloured(drawn, STROKES["tracked"].colour)
    assert extent(ink) == (50, 130, 30, 90)
    for x, y in ((90, 30), (130, 60), (90, 90), (50, 60)):
        assert ink[y, x]
    np.testing.assert_array_equal(drawn[35:86, 55:126], grey()[35:86, 55:126])
    np.testing.assert_array_equal(drawn[:26], grey()[:26])


def test_positions_are_those_of_pixel_centres_to_a_fraction() -> None:
    """A line halfway between two rows is drawn on both alike."""
    drawn = draw(corners=np.add(CORNERS, (0, 0.5))).astype(float)
    np.testing.assert_allclose(drawn[30, 60:120], drawn[31, 60:120], atol=12)
    assert np.abs(drawn[30, 60:120] - 128).max() > 30


@pytest.mark.parametrize("level", [0, 90, 160, 255])
@pytest.mark.parametrize("state", STROKES)
def test_every_state_reads_on_dark_and_on_light(level: int, state: str) -> None:
    """Somewhere across the line there is a step of brightness that nobody overlooks."""
    picture = grey(level, 480, 640)
    drawn = draw(state, picture, np.array(CORNERS) * 4)
    across = cv2.cvtColor(drawn, cv2.COLOR_RGB2GRAY)[110:131, 205:500].astype(int)
    assert np.median(np.ptp(across, axis=0)) > 60
    np.testing.assert_array_equal(picture, grey(level, 480, 640))


def test_states_differ_without_their_colours() -> None:
    """Where they are drawn differs: gaps of two lengths, squares at the corners."""
    inked = {state: coloured(draw(state), stroke.colour) for state, stroke in STROKES.items()}
    side = {state: ink[30, 55:126] for state, ink in inked.items()}
    assert side["tracked"].all() and side["keyframe"].all()
    assert 0.4 < side["occluded"].mean() < 0.8
    assert 0.1 < side["lost"].mean() < 0.5
    runs = {state: np.abs(np.diff(side[state].astype(int))).sum() for state in ("occluded", "lost")}
    assert runs["lost"] > runs["occluded"] > 6
    assert inked["keyframe"][32, 48] and not inked["tracked"][32, 48]


def test_the_colours_of_the_states_are_told_apart_by_the_colour_blind() -> None:
    """Viénot, Brettel & Mollon (1999): what red-green blind eyes see; in CIE Lab, where 10 is a clear difference."""
    linear = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
    blind = {
        "protan": np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]]),
        "deutan": np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]),
    }
    colours = np.array([stroke.colour for stroke in STROKES.values()]) / 255
    for kind in blind.values():
        seen = (np.linalg.inv(linear) @ kind @ linear @ (colours**2.2).T).T
        lab = cv2.cvtColor((np.clip(seen, 0, 1) ** (1 / 2.2)).astype(np.float32)[None], cv2.COLOR_RGB2Lab)[0]
        apart = np.linalg.norm(lab[:, None] - lab[None], axis=2)[~np.eye(4, dtype=bool)]
        assert apart.min() > 15


def test_axes_go_from_the_centre_to_their_ends_in_the_colours_of_x_and_y() -> None:
    drawn = draw(centre=(90, 60), axes=((120, 60), (90, 80)))
    x, y = (coloured(drawn, colour) for colour in AXIS_COLOURS)
    assert x[60, 95:120].all() and y[65:80, 90].all()
    assert not y[60, 95:120].any() and not x[65:80, 90].any()
    assert coloured(drawn, STROKES["tracked"].colour)[60, 90]


def test_a_trail_is_joined_and_interrupted_where_it_is_unknown() -> None:
    trail = np.stack([np.arange(140.0, 196, 5), np.full(12, 60.0)], axis=1)
    trail[5] = np.nan
    ink = coloured(draw(trail=trail), STROKES["tracked"].colour)
    assert ink[60, 141:160].all() and ink[60, 171:195].all()
    assert not ink[60, 163:168].any()


def test_a_word_says_the_state_and_stays_in_the_picture() -> None:
    for corners in (CORNERS, np.subtract(CORNERS, (60, 40)), np.add(CORNERS, (90, 60))):
        changed = (draw("occluded", corners=corners, words=True) != draw("occluded", corners=corners)).any(axis=2)
        left, right, top, bottom = extent(changed)
        assert 0 < left < right < WIDTH - 1 and 0 < top < bottom < HEIGHT - 1
        assert 30 < right - left < 90 and 6 < bottom - top < 25


def test_a_drawing_that_is_magnified_keeps_pixel_centres() -> None:
    """The centre of pixel (50, 30) is at (50 + 0.5) * 4 - 0.5."""
    drawn = draw(magnify=4)
    assert drawn.shape == (4 * HEIGHT, 4 * WIDTH, 3)
    ink = coloured(drawn, STROKES["tracked"].colour, 80)
    assert np.flatnonzero(ink[240, :400]).mean() == pytest.approx(50.5 * 4 - 0.5, abs=0.5)
    assert np.flatnonzero(ink[240, 400:]).mean() + 400 == pytest.approx(130.5 * 4 - 0.5, abs=0.5)
    assert np.flatnonzero(ink[:240, 360]).mean() == pytest.approx(30.5 * 4 - 0.5, abs=0.5)


@pytest.mark.parametrize(
    "corners",
    [
        np.full((4, 2), np.nan), np.full((4, 2), np.inf), np.array(CORNERS) + 1000,
        ((50, 30), (130, 30), (130, np.nan), (50, 90)),
    ],
    ids=["unknown", "infinite", "outside", "a corner unknown"],
)  # fmt: skip
def test_what_is_unknown_or_outside_leaves_the_picture(corners: Any) -> None:
    np.testing.assert_array_equal(draw(corners=corners, centre=(np.nan, 1), axes=((1, 2), (3, 4))), grey())


def test_a_huge_region_is_drawn_in_no_time_where_it_is_seen() -> None:
    drawn = draw("lost", corners=((-1e9, 60), (1e9, 60), (1e9, 2e9), (-1e9, 2e9)))
    assert coloured(drawn, STROKES["lost"].colour)[60].any()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"corners": CORNERS[:3]}, "corners are 3 points: give 4"),
        ({"axes": CORNERS}, "axes are 4 points: give 2"),
        ({"corners": [1, 2, 3]}, r"corners has shape \(3,\)"),
        ({"magnify": 0}, "magnify is 0"),
        ({"picture": np.zeros((4, 5), np.uint8)}, r"the picture has shape \(4, 5\)"),
    ],
)
def test_what_cannot_be_drawn_is_named(options: dict[str, Any], says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        draw(**options)
