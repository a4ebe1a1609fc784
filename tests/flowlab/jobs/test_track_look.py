"""How tracks are drawn: every colour means what it says, and no frame is too odd to be drawn."""

from dataclasses import replace

import numpy as np
import pytest

from flowlab.drawing.pixels import ColourMap, track_colours, value_colours
from flowlab.errors import ParameterError
from flowlab.jobs.track_look import BY_CAMERA, BY_ERROR, COLOURINGS, TrackLook, colouring, draw_frame, point_colours
from flowlab.scenes.registry import open_scene
from flowlab.tracking.global_motion import MotionModel
from flowlab.tracking.points import track_points
from flowlab.tracking.tracks import Tracks, no_tracks, trails

CLIP = open_scene("scene:two-layers?width=160&height=96&frames=20&speed=3")


@pytest.fixture(scope="module")
def tracks() -> Tracks:
    return track_points(CLIP)


def live_at(tracks: Tracks, frame: int) -> Tracks:
    return trails(tracks, frame, 0)[0]


@pytest.mark.parametrize("name", COLOURINGS)
def test_every_colouring_draws_every_frame_and_leaves_its_input_alone(tracks: Tracks, name: str) -> None:
    for frame in (0, 1, 12, 19):
        picture = CLIP.frame(frame).rgb
        before = picture.copy()
        errors = np.linspace(0, 1, int(tracks.at(frame).alive.sum())) if colouring(name).needs_truth else None
        drawn = draw_frame(picture, tracks, frame, TrackLook(name), errors=errors)
        assert (drawn.shape, drawn.dtype) == (picture.shape, np.uint8)
        assert (drawn != picture).any()
        np.testing.assert_array_equal(picture, before)


@pytest.mark.parametrize("name", COLOURINGS)
@pytest.mark.parametrize("model", MotionModel)
def test_a_frame_without_tracks_is_its_picture(name: str, model: MotionModel) -> None:
    picture = CLIP.frame(3).rgb
    look = TrackLook(name, model=model.value)
    np.testing.assert_array_equal(draw_frame(picture, no_tracks(0, 5), 3, look, errors=np.zeros(0)), picture)


def test_errors_are_coloured_as_they_are_brought(tracks: Tracks) -> None:
    now, look = live_at(tracks, 10), TrackLook(BY_ERROR)
    errors = np.linspace(0, 0.5, len(now))
    errors[3] = np.nan
    colours = point_colours(now, look, errors)
    np.testing.assert_array_equal(colours, value_colours(errors, 0.5, ColourMap.ERROR))
    with pytest.raises(ParameterError, match="the true motion"):
        point_colours(now, look)


def test_a_tracks_own_colour_stays(tracks: Tracks) -> None:
    before, now = live_at(tracks, 9), live_at(tracks, 10)
    both = np.isin(now.track, before.track)
    assert both.sum() > 20
    colours = point_colours(now, TrackLook())
    np.testing.assert_array_equal(colours, track_colours(now.track))
    earlier = point_colours(before, TrackLook())[np.isin(before.track, now.track)]
    np.testing.assert_array_equal(colours[both], earlier)


@pytest.mark.parametrize(
    ("name", "end"), [("speed", "speed"), ("fb", "fb"), ("age", None), (BY_CAMERA, "speed")]
)  # fmt: skip
def test_a_number_is_coloured_up_to_its_end(tracks: Tracks, name: str, end: str | None) -> None:
    now, look = live_at(tracks, 10), TrackLook(name, speed=2.0, fb=0.2)
    row = colouring(name)
    assert row.value is not None
    assert row.end(look) == (50.0 if end is None else getattr(look, end))
    values = row.value(now, look)
    assert values.shape == (len(now),)
    np.testing.assert_array_equal(point_colours(now, look), value_colours(values, row.end(look)))


def test_speed_age_and_round_trip_are_the_tables(tracks: Tracks) -> None:
    now, look = live_at(tracks, 10), TrackLook()
    values = {name: COLOURINGS[name].value for name in ("speed", "age", "fb")}
    np.testing.assert_allclose(values["speed"](now, look), np.linalg.norm(now.uv, axis=1), rtol=1e-6)  # type: ignore[misc]
    np.testing.assert_array_equal(values["age"](now, look), now.age)  # type: ignore[misc]
    np.testing.assert_array_equal(values["fb"](now, look), now.fb_error)  # type: ignore[misc]


def test_what_moves_beside_the_camera_stands_out(tracks: Tracks) -> None:
    """Most points lie on the bed, which the camera passes; the leaf before it goes its own way."""
    now = live_at(tracks, 10)
    beside = COLOURINGS[BY_CAMERA].value(now, TrackLook())  # type: ignore[misc]
    known = np.isfinite(beside)
    truth = CLIP.flow(10, 1)  # type: ignore[attr-defined]
    bed = np.median(truth.reshape(-1, 2), axis=0)
    own = np.linalg.norm(now.uv - bed, axis=1) > 1.5
    assert own[known].any()
    assert np.median(beside[known & own]) > 1.5
    assert np.median(beside[known & ~own]) < 0.3


def test_trails_are_as_long_as_asked(tracks: Tracks) -> None:
    picture = CLIP.frame(15).rgb
    drawn = [draw_frame(picture, tracks, 15, TrackLook(trail=trail)) for trail in (0, 3, 12)]
    changed = [int((one != picture).any(axis=2).sum()) for one in drawn]
    assert changed[0] < changed[1] < changed[2]
    for trail, whole in zip((0, 3, 12), drawn, strict=True):  # what lies further back is not looked at
        short = tracks.between(15 - trail, 16)
        np.testing.assert_array_equal(draw_frame(picture, short, 15, TrackLook(trail=trail)), whole)


def test_where_a_track_ended_there_is_a_cross(tracks: Tracks) -> None:
    frame = next(f for f in range(1, 20) if (~tracks.at(f).alive).any())
    picture, rows, look = CLIP.frame(frame).rgb, tracks.at(frame), TrackLook()
    crossed = draw_frame(picture, tracks, frame, look)
    bare = draw_frame(picture, tracks.where(tracks.alive), frame, look)
    x, y = np.rint(rows.xy[~rows.alive][0]).astype(int).clip(0, [159, 95])
    around = np.s_[max(0, y - 4) : y + 5, max(0, x - 4) : x + 5]
    assert (crossed[around] != bare[around]).any()


def test_a_selected_track_is_ringed_and_an_unknown_one_is_not(tracks: Tracks) -> None:
    picture, look = CLIP.frame(10).rgb, TrackLook()
    plain = draw_frame(picture, tracks, 10, look)
    chosen = int(live_at(tracks, 10).track[0])
    assert (draw_frame(picture, tracks, 10, look, selected=chosen) != plain).any()
    np.testing.assert_array_equal(draw_frame(picture, tracks, 10, look, selected=10**6), plain)


def test_a_magnified_frame_is_larger(tracks: Tracks) -> None:
    assert draw_frame(CLIP.frame(10).rgb, tracks, 10, TrackLook(), magnify=3).shape == (288, 480, 3)


def test_an_unknown_colouring_is_refused_with_the_names_there_are(tracks: Tracks) -> None:
    with pytest.raises(ParameterError, match="no colouring ‘mood’: the colourings are track, speed"):
        point_colours(live_at(tracks, 3), replace(TrackLook(), colour="mood"))
