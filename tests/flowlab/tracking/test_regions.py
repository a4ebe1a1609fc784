"""Region trackers on clips whose motion is known: what they follow, when they say so, and what must be refused."""

from dataclasses import replace

import numpy as np
import pytest

from flowlab.core.clip import Frame
from flowlab.core.region import Box
from flowlab.errors import ParameterError
from flowlab.jobs.clips import open_clip
from flowlab.scenes.planar import PlanarParameters
from flowlab.tracking.affine.outside import EccParameters
from flowlab.tracking.affine.parameters import TrackerParameters
from flowlab.tracking.affine.region_track import (
    COLUMNS,
    RegionTrack,
    bounding_boxes,
    box_warp,
    corners_of,
    joined,
    no_rows,
)
from flowlab.tracking.affine.states import State
from flowlab.tracking.regions import RegionTracker, check_box, track_frames, track_region
from flowlab.tracking.trackers import DEFAULT_TRACKER, TRACKERS, tracker
from tests.flowlab.tracking.affine.covered import covered, drawn_box
from tests.flowlab.tracking.affine.looks import moved, rounded, texture

BOX = Box(120, 90, 64, 48)
PLANE = TrackerParameters(motion="homography")
KNOBS = PlanarParameters(gain=0.01, bias=0.5, noise=3.0, frames=120)


def frame_of(index: int, picture: np.ndarray) -> Frame:
    grey = rounded(picture)
    return Frame(index, np.repeat(grey[..., None], 3, axis=2), grey)


def shifted(count: int, step: tuple[float, float] = (1.5, -0.75)) -> list[Frame]:
    """Return frames of a texture that moves by `step` a frame."""
    picture = texture()
    frames = []
    for index in range(count):
        end = np.eye(3)
        end[:2, 2] = np.array(step) * index
        frames.append(frame_of(index, moved(picture, np.eye(3), end)))
    return frames


def followed(name: str, frames: list[Frame], box: Box = BOX, **more: object) -> RegionTrack:
    following = RegionTracker(TRACKERS[name], None, box, **more)  # type: ignore[arg-type]
    return joined([following.step(frame) for frame in frames])


# --- the registry ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(TRACKERS))
def test_every_row_says_what_it_is(name: str) -> None:
    row = TRACKERS[name]
    assert tracker(name) is row and row.name == name
    assert isinstance(row.usual, row.parameters)
    assert row.citation and row.good_at and row.bad_at
    assert len({other.key for other in TRACKERS.values()}) == len(TRACKERS)


def test_the_promised_trackers_are_there_and_the_default_is_ours() -> None:
    assert list(TRACKERS) == ["flowlab", "ic-affine", "esm-homography", "textbook", "ecc", "mil"]
    assert DEFAULT_TRACKER == "flowlab"


def test_presets_are_the_trackers_own_parameters() -> None:
    for preset in TrackerParameters.presets:
        assert TRACKERS[preset.name].usual == preset.values


def test_an_unknown_tracker_is_refused_with_those_that_exist() -> None:
    with pytest.raises(ParameterError, match="‘kcf’: the trackers are flowlab, ic-affine"):
        tracker("kcf")


def test_the_textbook_is_the_widely_copied_script() -> None:
    usual = TRACKERS["textbook"].usual
    assert isinstance(usual, TrackerParameters)
    facts = (usual.formulation, usual.blur, usual.blur_sigma, usual.levels, usual.stopping, usual.epsilon,
             usual.iterations, usual.photometry, usual.update)  # fmt: skip
    assert facts == ("forward-additive", 5, 5.0, 0, "parameters", 0.001, 100, "mean-clahe", "never")


@pytest.mark.parametrize("name", [name for name in TRACKERS if name != "mil"])
def test_every_tracker_follows_a_plain_shift(name: str) -> None:
    track = followed(name, shifted(8))
    truth = np.array([BOX.x + 31.5, BOX.y + 23.5]) + np.arange(8)[:, None] * (1.5, -0.75)
    assert np.abs(track.centre - truth).max() < (2.5 if name == "textbook" else 0.1)  # its tiles move brightness about
    assert track.believed.all()
    assert track.state[0] == State.KEYFRAME and (track.state[1:] == State.TRACKED).all()


def test_mil_keeps_near_a_plain_shift() -> None:
    track = followed("mil", shifted(8))
    assert np.abs(track.centre[-1] - (BOX.x + 31.5 + 10.5, BOX.y + 23.5 - 5.25)).max() < 12


# --- what the default does on a plane ----------------------------------------------------------------


@pytest.mark.parametrize("name,parameters", [("flowlab", PLANE), ("esm-homography", None)])
def test_a_plane_is_followed_past_what_covers_it_and_never_believed_while_it_is_hidden(
    name: str, parameters: TrackerParameters | None
) -> None:
    following = RegionTracker(TRACKERS[name], parameters, drawn_box(KNOBS))
    visible, believed_while_hidden, lost = [], 0, False
    for seen in covered(KNOBS):
        row = following.step(seen.frame)
        if seen.hidden == 0:
            visible.append(np.linalg.norm(row.corners[0] - seen.corners, axis=1).max() < 1)
        elif seen.hidden > 0.5:
            believed_while_hidden += bool(row.believed[0])
            lost |= row.state[0] in (State.OCCLUDED, State.LOST)
    assert np.mean(visible) >= 0.99 and len(visible) > 80
    assert believed_while_hidden == 0 and lost


def test_what_leaves_the_picture_is_lost_and_found_when_it_returns() -> None:
    knobs = PlanarParameters(frames=40)
    box = drawn_box(knobs)
    frames = [seen.frame for seen in covered(knobs, board=False)]
    empty = np.full_like(frames[0].rgb, 128)
    noise = np.random.default_rng(0).integers(0, 40, empty.shape, dtype=np.uint8)
    away = [Frame.from_rgb(i, empty + noise) for i in range(10, 22)]
    frames[10:22] = away
    following = RegionTracker(TRACKERS["flowlab"], PLANE, box)
    track = joined([following.step(frame) for frame in frames])
    assert not track.believed[10:22].any()
    assert track.state[17] == State.LOST
    np.testing.assert_array_equal(track.warp[17], track.warp[9])  # a lost frame repeats the last believed warp
    assert track.believed[30:].all()
    truth = [seen.corners for seen in covered(knobs, board=False)]
    assert np.abs(track.corners[39] - truth[39]).max() < 1


def test_the_covariance_covers_the_error_of_a_noisy_shift() -> None:
    rng = np.random.default_rng(1)
    frames = [
        frame_of(i, moved(texture(), np.eye(3), shift(0.3 * i)) + rng.normal(0, 4, (240, 320))) for i in range(40)
    ]
    settings = TrackerParameters(motion="translation", weights="none", update="never", appearance=False, levels=0)
    following = RegionTracker(TRACKERS["flowlab"], settings, BOX)
    track = joined([following.step(frame) for frame in frames])
    error = track.centre[1:, 0] - (BOX.x + 31.5 + 0.3 * np.arange(1, 40))
    common = error - error.mean()  # the template's own noise is one draw, and the same in every frame
    spread = track.covariance[1:, 2, 2]
    assert (spread > 0).all()
    assert 0.2 < float((common**2 / spread).mean()) < 2


def shift(x: float) -> np.ndarray:
    warp = np.eye(3)
    warp[0, 2] = x
    return warp


# --- states, keyframes, going on ----------------------------------------------------------------------


def test_a_keyframe_starts_anew_and_changes_nothing_before() -> None:
    frames = shifted(12)
    plain = followed("flowlab", frames)
    drawn = Box(40, 40, 50, 40)
    keyed = followed("flowlab", frames, keyframes={6: drawn})
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(keyed.between(0, 6), name), getattr(plain.between(0, 6), name))
    assert keyed.state[6] == State.KEYFRAME
    np.testing.assert_array_equal(keyed.warp[6], box_warp(drawn))
    assert tuple(keyed.size[6]) == (50, 40)
    np.testing.assert_allclose(keyed.centre[11], keyed.centre[6] + 5 * np.array([1.5, -0.75]), atol=0.1)


@pytest.mark.parametrize("name", [name for name, row in TRACKERS.items() if row.resumes])
def test_another_tracker_goes_on_where_one_stopped(name: str) -> None:
    frames = shifted(10)
    whole = followed(name, frames)
    first = RegionTracker(TRACKERS[name], None, BOX)
    before = [first.step(frame) for frame in frames[:5]]
    state = first.state()
    assert state is not None and all(isinstance(part, np.ndarray) for part in state.values())
    second = RegionTracker.resumed(TRACKERS[name], None, state, last=frames[4])
    rows = joined([*before, *(second.step(frame) for frame in frames[5:])])
    for column in COLUMNS:
        np.testing.assert_array_equal(getattr(rows, column), getattr(whole, column))


def test_a_keyframe_that_is_still_to_come_survives_going_on() -> None:
    frames = shifted(8)
    keys = {2: Box(50, 50, 40, 40), 6: Box(60, 60, 40, 40)}
    first = RegionTracker(TRACKERS["flowlab"], None, BOX, keyframes=keys)
    for frame in frames[:4]:
        first.step(frame)
    state = first.state()
    assert state is not None
    second = RegionTracker.resumed(TRACKERS["flowlab"], None, state, keyframes=keys, last=frames[3])
    states = [int(second.step(frame).state[0]) for frame in frames[4:]]
    assert states == [State.TRACKED, State.TRACKED, State.KEYFRAME, State.TRACKED]


def test_mil_cannot_go_on_elsewhere() -> None:
    following = RegionTracker(TRACKERS["mil"], None, BOX)
    following.step(shifted(1)[0])
    assert following.state() is None
    with pytest.raises(ParameterError, match="mil cannot go on"):
        RegionTracker.resumed(TRACKERS["mil"], None, {}, last=shifted(1)[0])


def test_the_same_frames_give_the_same_rows() -> None:
    frames = shifted(6)
    one, other = followed("flowlab", frames), followed("flowlab", frames)
    for column in COLUMNS:
        np.testing.assert_array_equal(getattr(one, column), getattr(other, column))


@pytest.mark.parametrize("update", ["never", "every-frame", "drift-corrected", "memory"])
@pytest.mark.parametrize("prediction", ["none", "velocity", "points"])
def test_every_update_and_prediction_follows(update: str, prediction: str) -> None:
    settings = replace(PLANE, motion="affine", update=update, prediction=prediction, appearance=False)
    following = RegionTracker(TRACKERS["flowlab"], settings, BOX)
    track = joined([following.step(frame) for frame in shifted(10, (2.5, 1.5))])
    assert np.abs(track.centre[-1] - (BOX.x + 31.5 + 22.5, BOX.y + 23.5 + 13.5)).max() < 0.5
    assert track.believed.all()


def test_clips_are_followed_by_name() -> None:
    clip = open_clip("scene:planar?frames=6")
    box = drawn_box(PlanarParameters(frames=6))
    track = track_region(clip, box, PLANE, start=2, stop=5)
    assert (track.start, track.stop) == (2, 5)
    assert [row.start for row in track_frames(clip, box, PLANE, start=2, stop=5)] == [2, 3, 4]


# --- tables -----------------------------------------------------------------------------------------


def test_corners_are_the_centres_of_the_corner_pixels() -> None:
    corners = corners_of(box_warp(Box(10, 20, 5, 3)), np.array([5, 3]))
    np.testing.assert_allclose(corners, [[10, 20], [14, 20], [14, 22], [10, 22]])
    np.testing.assert_allclose(bounding_boxes(corners), [10, 20, 5, 3])


def test_tables_join_where_they_follow_one_another() -> None:
    track = followed("ic-affine", shifted(5))
    again = joined([track.between(0, 2), track.between(2, 5)])
    np.testing.assert_array_equal(again.warp, track.warp)
    assert len(no_rows(3)) == 0 and no_rows(3).start == 3
    with pytest.raises(ValueError):
        joined([track.between(0, 2), track.between(3, 5)])
    np.testing.assert_array_equal(track.frame, np.arange(5))


# --- what must be refused -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "box,words",
    [
        (Box(400, 20, 40, 40), "lies outside the 320x240 picture: draw it inside"),
        (Box(300, 20, 60, 40), "has 33% of its area in the 320x240 picture"),
        (Box(10, 10, 7, 30), "is 7 by 30 pixels: draw one of at least 8 by 8"),
        (Box(-500, 10, 2000, 100), "at most 1024 by 1024"),
    ],
)
def test_a_box_that_cannot_be_followed_says_why(box: Box, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        check_box(box, 320, 240, 0)
    with pytest.raises(ParameterError, match=words):
        followed("flowlab", shifted(1), box)


def test_a_box_partly_outside_is_followed() -> None:
    track = followed("flowlab", shifted(6, (2.0, 0.0)), Box(-20, 90, 64, 48))
    assert track.believed.all()
    assert np.abs(track.centre[-1] - (-20 + 31.5 + 10, 113.5)).max() < 0.3


@pytest.mark.parametrize("box", [Box(-20, 90, 64, 48), Box(10, 200, 64, 64), Box(0, 0, 320, 240)])
def test_mil_refuses_a_box_without_room_around_it(box: Box) -> None:
    with pytest.raises(ParameterError, match="with some of the picture around it"):
        followed("mil", shifted(1), box)


@pytest.mark.parametrize("name", ["flowlab", "ic-affine", "esm-homography", "textbook", "ecc", "mil"])
def test_a_flat_box_is_refused(name: str) -> None:
    flat = frame_of(0, np.full((240, 320), 77.0))
    with pytest.raises(ParameterError, match="too flat"):
        followed(name, [flat])


def test_a_frame_of_another_size_is_refused() -> None:
    following = RegionTracker(TRACKERS["flowlab"], None, BOX)
    following.step(shifted(1)[0])
    with pytest.raises(ParameterError, match="frame 1 is 100x90, those before 320x240"):
        following.step(frame_of(1, texture(90, 100)))


def test_one_frame_is_a_track_of_one_keyframe() -> None:
    track = followed("flowlab", shifted(1))
    assert len(track) == 1 and track.state[0] == State.KEYFRAME


def test_another_trackers_parameters_are_refused() -> None:
    with pytest.raises(ParameterError, match="flowlab received EccParameters: give it TrackerParameters"):
        RegionTracker(TRACKERS["flowlab"], EccParameters(), BOX)


def test_frames_and_keyframes_outside_the_clip_are_refused() -> None:
    clip = open_clip("scene:planar?frames=6")
    with pytest.raises(ParameterError, match=r"keyframe at frame 6, and .* has frames 0 to 5"):
        track_region(clip, BOX, keyframes={6: BOX})
    with pytest.raises(ParameterError, match="6:6 are none of"):
        track_region(clip, BOX, start=6, stop=9)
