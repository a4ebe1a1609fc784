"""How a tracked region is drawn on its frame: where its axes end, and which way it is said to have gone."""

import numpy as np
import pytest

from flowlab.drawing.region import AXIS_COLOURS, STROKES
from flowlab.jobs.region_look import RegionLook, axis_ends, centres, draw_region_frame
from flowlab.tracking.affine.region_track import joined, no_rows, row
from flowlab.tracking.affine.states import State
from tests.flowlab.jobs.test_region_table import STATES, track_of

PICTURE = np.full((160, 240, 3), 100, np.uint8)


def near(picture: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return np.linalg.norm(picture.astype(float) - colour, axis=2) < 40


def test_axes_end_in_the_middles_of_the_right_and_the_bottom_side() -> None:
    track = track_of()
    right = track.corners[:, 1:3].mean(axis=1)
    bottom = track.corners[:, 2:4].mean(axis=1)
    np.testing.assert_allclose(axis_ends(track), np.stack([right, bottom], axis=1))


def test_axes_of_a_homography_end_on_its_sides() -> None:
    warp = np.array([[1, 0.1, 90], [0.2, 1, 70], [0.004, -0.002, 1.0]])
    track = row(0, State.TRACKED, warp, (61, 41))
    for end, (one, other) in zip(axis_ends(track)[0], ((1, 2), (2, 3)), strict=True):
        side = track.corners[0, other] - track.corners[0, one]
        away = end - track.corners[0, one]
        assert side[0] * away[1] - side[1] * away[0] == pytest.approx(0, abs=1e-6)
        assert 0.2 < np.dot(side, away) / np.dot(side, side) < 0.8


def test_the_trail_is_the_way_of_the_believed_centres_and_keyframes_begin_another() -> None:
    track = track_of()
    found = centres(track, 14, 30)
    believed = np.array([state.is_believed for state in STATES])
    assert np.isfinite(found).all(axis=1).sum() == believed.sum()
    known = np.isfinite(found).all(axis=1)
    np.testing.assert_allclose(found[known], track.centre[believed])
    keyframe = int(np.flatnonzero((found == track.centre[8]).all(axis=1))[0])
    assert np.isnan(found[keyframe - 1]).all()  # interrupted, although a frame before it may have been believed
    np.testing.assert_allclose(centres(track, 7, 2), np.insert(track.centre[:3], 0, np.nan, axis=0))
    assert np.isfinite(centres(track, 14, 1)).all(axis=1).sum() == 2


@pytest.mark.parametrize(("frame", "state"), [(5, "keyframe"), (6, "tracked"), (8, "occluded"), (9, "lost")])
def test_a_frame_has_its_states_colour_and_the_picture_stays(frame: int, state: str) -> None:
    before = PICTURE.copy()
    drawn = draw_region_frame(PICTURE, track_of(), frame, RegionLook(words=False))
    counts = {name: near(drawn, stroke.colour).sum() for name, stroke in STROKES.items()}
    assert max(counts, key=lambda name: counts[name]) == state
    np.testing.assert_array_equal(PICTURE, before)


def test_what_is_not_wanted_is_not_drawn() -> None:
    track = joined([row(0, State.TRACKED, np.array([[1, 0, 100], [0, 1, 80], [0, 0, 1.0]]), (101, 81))])
    plain = draw_region_frame(PICTURE, track, 0, RegionLook(trail=0, axes=False, words=False))
    assert not any(near(plain, colour).any() for colour in AXIS_COLOURS)
    for look in (RegionLook(words=False), RegionLook(axes=False)):
        assert (draw_region_frame(PICTURE, track, 0, look) != plain).any()


def test_a_frame_without_a_row_is_its_picture() -> None:
    np.testing.assert_array_equal(draw_region_frame(PICTURE, no_rows(3), 3, RegionLook()), PICTURE)
    assert draw_region_frame(PICTURE, no_rows(3), 3, RegionLook(), magnify=2).shape == (320, 480, 3)
