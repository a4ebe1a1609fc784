"""Following points: exact motion, OpenCV's own loops, every reason to end, and what people do wrong."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.errors import ParameterError
from flowlab.jobs.clips import open_clip
from flowlab.tracking.endings import Status
from flowlab.tracking.parameters import PointParameters
from flowlab.tracking.points import PointTracker, track_frames, track_points
from flowlab.tracking.tracks import Tracks, joined
from tests.flowlab.tracking import opencv_samples

STREET = "scene:street?width=320&height=180&frames=12"
LEAF = "scene:two-layers?width=320&height=180&frames=16&speed=3"
SAMPLES = {
    "tutorial": opencv_samples.tutorial,
    "lk_track": opencv_samples.lk_track,
    "lk_homography": opencv_samples.lk_homography,
}


def greys(name: str, count: int | None = None) -> list[np.ndarray]:
    with closing(open_clip(name)) as clip:
        return [frame.grey for frame in clip.frames(0, count)]


def followed(frames: list[np.ndarray], parameters: PointParameters | None = None, **options: object) -> Tracks:
    tracker = PointTracker(parameters, **options)  # type: ignore[arg-type]
    return joined([tracker.step(frame) for frame in frames])


def texture(height: int = 100, width: int = 140, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((height, width)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip(smooth / smooth.std() * 40 + 128, 0, 255).astype(np.uint8)


# --- closed forms -----------------------------------------------------------------------------------


def test_nothing_moves() -> None:
    still = [texture()] * 6
    tracks = followed(still)
    first = tracks.at(0)
    assert len(first) > 50
    last = tracks.at(5)
    # What is new in frame 5 apart, every track is where it was.
    kept = np.isin(last.track, first.track)
    np.testing.assert_allclose(last.xy[kept], first.xy, atol=0.01)
    assert (last.ncc[kept] > 0.999).all()
    assert (tracks.fb_error[tracks.status == Status.TRACKED] < 0.01).all()


@pytest.mark.parametrize("name", ["robust", *SAMPLES])
def test_a_known_shift_is_found_in_x_and_in_y(name: str) -> None:
    board = texture(130, 180)
    frames = [board[20 + 2 * i :, 30 - 3 * i :][:100, :120] for i in range(5)]  # content moves by (3, -2)
    tracks = followed(frames, PointParameters.preset(name))
    went_on = tracks.where(tracks.alive & (tracks.status != Status.NEW))
    assert len(went_on) > 40
    inside = (np.abs(went_on.xy - [60, 50]) < [40, 30]).all(axis=1)
    np.testing.assert_allclose(went_on.uv[inside], np.tile([3, -2], (inside.sum(), 1)), atol=0.05)


def test_a_step_leads_from_where_the_track_was() -> None:
    tracks = track_points(open_clip(LEAF), stop=8)
    for frame in range(1, 8):
        now, before = tracks.at(frame), tracks.at(frame - 1)
        older = now.where(now.status == Status.TRACKED)
        was = {int(t): xy for t, xy in zip(before.track, before.xy, strict=True)}
        np.testing.assert_allclose(older.xy - older.uv, [was[int(t)] for t in older.track], atol=1e-4)


def test_numbers_ages_and_first_rows() -> None:
    tracks = track_points(open_clip(LEAF))
    born = tracks.where(tracks.status == Status.NEW)
    assert sorted(born.track) == list(range(len(born))), "every track begins once, numbered in order"
    assert (born.age == 0).all()
    assert np.isnan(born.uv).all()
    assert np.isnan(born.fb_error).all()
    assert (born.covariance == 0).all()
    since = {int(t): int(f) for t, f in zip(born.track, born.frame, strict=True)}
    np.testing.assert_array_equal(tracks.age, tracks.frame - [since[int(t)] for t in tracks.track])
    ended = tracks.where(~tracks.alive)
    assert len(set(ended.track)) == len(ended) > 0, "a track ends once"
    for track, frame in zip(ended.track, ended.frame, strict=True):
        assert tracks.of(int(track)).frame.max() == frame, "and has no rows afterwards"
    for frame in range(tracks.stop):
        assert (np.diff(tracks.at(frame).track) > 0).all()


def test_a_zoom_makes_points_drift_and_the_affine_check_cures_it() -> None:
    clip = open_clip("scene:zoom?width=320&height=240&frames=31&speed=2.4")  # 2 % a frame
    usual = PointParameters(redetect_every=0, max_corners=150)
    drifts = []
    for parameters in (replace(usual, affine=False, min_ncc=-1.0), usual):
        tracks = track_points(clip, parameters, stop=21)
        first, last = tracks.at(0), tracks.at(20)
        last = last.where(last.alive)
        start = first.xy[last.track]
        at = np.rint(start).astype(int)
        true = start + clip.flow(0, 20)[at[:, 1], at[:, 0]]  # type: ignore[attr-defined]
        drifts.append(float(np.median(np.hypot(*(last.xy - true).T))))
        assert len(last) > 40
    assert drifts[0] > 0.3
    assert drifts[1] < 0.05


def test_light_that_changes_ends_no_track() -> None:
    frames = [np.clip(texture() * (1 + 0.03 * i) + 2 * i, 0, 255).astype(np.uint8) for i in range(8)]
    tracks = followed(frames, PointParameters(redetect_every=0))
    assert tracks.at(7).alive.sum() > 0.9 * len(tracks.at(0))


# --- OpenCV's own loops -----------------------------------------------------------------------------


def assert_equal_to_the_sample(name: str, frames: list[np.ndarray]) -> list[int]:
    """Compare positions frame by frame, tolerance 0; return how many there were."""
    tracker = PointTracker(PointParameters.preset(name))
    counts = []
    for number, (frame, expected) in enumerate(zip(frames, SAMPLES[name](frames), strict=True)):
        rows = tracker.step(frame)
        alive = rows.xy[rows.alive]
        np.testing.assert_array_equal(alive, expected, err_msg=f"frame {number}")
        counts.append(len(alive))
    assert counts[0] > 5
    return counts


@pytest.mark.parametrize("name", SAMPLES)
def test_a_preset_is_the_sample_it_names(name: str) -> None:
    counts = assert_equal_to_the_sample(name, greys("scene:two-layers?width=320&height=180&frames=30&speed=6&noise=4"))
    assert len(set(counts)) > 1, "some ended"


@pytest.mark.realdata
@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("clip", ["slow_traffic_small.mp4", "vtest_480x360_reencode.mp4"])
def test_a_preset_is_the_sample_it_names_on_a_real_clip(name: str, clip: str, data_folder: Path) -> None:
    assert_equal_to_the_sample(name, greys(str(data_folder / "clips" / clip), 60))


def test_in_the_samples_presets_reasons_annotate_and_never_alter() -> None:
    frames = greys("scene:two-layers?width=320&height=180&frames=30&speed=6&noise=4")
    tracks = followed(frames, PointParameters.preset("tutorial"))
    kept = tracks.where(tracks.alive)
    assert (kept.note == Status.INCONSISTENT).any(), "a failed round trip is told"
    strict = followed(frames, replace(PointParameters.preset("tutorial"), decides="all"))
    assert strict.alive.sum() < kept.alive.sum()


# --- why tracks end -----------------------------------------------------------------------------------


def endings(tracks: Tracks) -> set[Status]:
    return {Status(int(s)) for s in tracks.status[~tracks.alive]}


def test_a_track_that_leaves_says_so() -> None:
    board = texture(100, 400)
    frames = [board[:, 6 * i :][:, :140] for i in range(12)]  # content moves left by 6 px
    tracks = followed(frames, PointParameters(redetect_every=0))
    left = tracks.where(tracks.status == Status.OUTSIDE)
    assert len(left) > 5
    assert (left.xy[:, 0] < 0).all()


def test_what_is_painted_over_ends_by_appearance_or_round_trip() -> None:
    frames = [texture(120, 160)] * 3 + [texture(120, 160)] * 2
    covered = [frame.copy() for frame in frames]
    for frame in covered[3:]:
        frame[40:80, 50:110] = texture(40, 60, seed=9)
    tracks = followed(covered, PointParameters(redetect_every=0))
    before = tracks.at(2)
    under = (np.abs(before.xy - [80, 60]) < [22, 12]).all(axis=1)
    gone = set(before.track[under])
    assert len(gone) > 3
    ended = tracks.where(~tracks.alive)
    assert gone <= set(ended.track)
    assert {Status(int(s)) for s in ended.status} <= {Status.INCONSISTENT, Status.CHANGED, Status.FLAT, Status.FAILED}


def test_two_that_meet_leave_the_older_one() -> None:
    # A lid slides over a still ground: points at its rim and points of the ground come together.
    ground, lid = texture(120, 200), texture(60, 60, seed=3)
    frames = []
    for i in range(20):
        frame = ground.copy()
        frame[30:90, 20 + 4 * i : 80 + 4 * i] = lid
        frames.append(frame)
    loose = PointParameters(redetect_every=1, exclusion=0, min_distance=8.0, merge_distance=4.0, top_up=False)
    tracks = followed(frames, loose)
    merged = tracks.where(tracks.status == Status.MERGED)
    assert len(merged)
    for frame in range(tracks.stop):
        alive = tracks.at(frame).where(tracks.at(frame).status == Status.TRACKED).xy
        if len(alive) > 1:
            distances = np.hypot(*(alive[:, None] - alive[None]).transpose(2, 0, 1)) + 1e6 * np.eye(len(alive))
            assert distances.min() >= 4.0


def test_a_place_that_turns_flat_ends_by_low_texture() -> None:
    scene = texture(120, 160)
    frames = [scene, scene, cv2.GaussianBlur(scene, (0, 0), 12), cv2.GaussianBlur(scene, (0, 0), 14)]
    tracks = followed(frames, PointParameters.preset("tutorial").with_text({"min_eigenvalue": "20", "quality": "0.01"}))
    assert Status.FLAT in endings(tracks)


def test_a_cut_ends_all_tracks_and_detection_begins_anew() -> None:
    frames = [texture(seed=1)] * 4 + [texture(seed=2)] * 4
    tracks = followed(frames, PointParameters(redetect_every=0))
    assert tracks.cuts == (4,)
    rows = tracks.at(4)
    assert set(rows.status.tolist()) == {Status.CUT, Status.NEW}
    assert (rows.status == Status.NEW).sum() > 30
    assert followed(frames, PointParameters(redetect_every=0, cuts=False)).cuts == ()


def test_motion_light_and_a_passing_thing_are_no_cut() -> None:
    for name in (STREET, LEAF, "scene:translation?width=320&height=180&frames=20&speed=12&gain=0.04"):
        assert track_points(open_clip(name)).cuts == ()


def test_black_between_two_scenes_is_a_cut_each_way() -> None:
    black = np.zeros((100, 140), np.uint8)
    tracks = followed([texture()] * 3 + [black] * 3 + [texture(seed=4)] * 3, PointParameters(redetect_every=0))
    assert tracks.cuts == (3, 6)
    assert len(tracks.at(4)) == 0
    assert tracks.at(8).alive.sum() > 30


# --- where tracks begin -----------------------------------------------------------------------------------


@pytest.mark.parametrize("detector", ["shi-tomasi", "harris", "grid"])
def test_new_tracks_begin_where_they_may_and_apart_from_live_ones(detector: str) -> None:
    allowed = np.zeros((100, 140), np.bool_)
    allowed[20:60, 70:130] = True
    p = PointParameters(detector=detector, min_distance=6.0, exclusion=9, redetect_every=1, quality=0.01)
    tracks = followed([texture()] * 4, p, allowed=allowed)
    born = tracks.where(tracks.status == Status.NEW)
    assert len(born) > 5
    x, y = np.rint(born.xy).astype(int).T
    assert allowed[y, x].all()
    first = tracks.at(0).xy
    gaps = np.hypot(*(first[:, None] - first[None]).transpose(2, 0, 1)) + 1e6 * np.eye(len(first))
    assert gaps.min() >= 5.9
    for frame in range(1, 4):
        rows = tracks.at(frame)
        old, new = rows.xy[rows.status == Status.TRACKED], rows.xy[rows.status == Status.NEW]
        if len(new):
            assert np.hypot(*(old[:, None] - new[None]).transpose(2, 0, 1)).min() > 8


def test_a_grid_is_regular_and_as_large_as_asked() -> None:
    rows = followed([texture(100, 140)], PointParameters(detector="grid", max_corners=48, min_distance=2.0))
    x, y = np.unique(rows.xy[:, 0]), np.unique(rows.xy[:, 1])
    assert 40 <= len(rows) == len(x) * len(y) <= 48
    np.testing.assert_allclose(np.diff(x), np.diff(x)[0], atol=1e-3)
    np.testing.assert_allclose(np.diff(y), np.diff(x)[0], atol=1e-3)
    assert x[0] == pytest.approx(139 - x[-1], abs=1e-3)


def test_there_are_never_more_than_the_most_corners_when_live_ones_count() -> None:
    tracks = track_points(open_clip(LEAF), PointParameters(max_corners=60))
    assert max(int(tracks.at(f).alive.sum()) for f in range(tracks.stop)) == 60


def test_velocity_follows_what_moves_too_fast_for_a_search_from_rest() -> None:
    board = texture(120, 700)
    places = np.cumsum([0, 2, 4, 6, 8, 10, 12, 14, 16])
    frames = [board[:, 300 - x :][:, :200] for x in places]
    p = PointParameters(levels=0, redetect_every=0, window=9, decides="forward-backward", affine=False,
                        cuts=False)  # fmt: skip
    rest, velocity = (followed(frames, replace(p, velocity=on)).at(8).alive.sum() for on in (False, True))
    assert velocity > 2 * rest + 10


@pytest.mark.parametrize("name", SAMPLES)
def test_what_is_not_described_is_followed_all_the_same(name: str) -> None:
    frames, p = greys(LEAF), PointParameters.preset(name)
    described, bare = followed(frames, p), followed(frames, p, describe=False)
    for column in ("frame", "track", "xy", "fb_error", "age", "status"):
        np.testing.assert_array_equal(getattr(bare, column), getattr(described, column))
    steps = bare.status != Status.NEW
    for column in ("min_eig", "ncc", "step_covariance", "covariance"):
        assert np.isnan(getattr(bare, column)[steps]).all()
    assert Status.CHANGED not in set(bare.note.tolist())


def test_what_decides_must_be_described() -> None:
    for parameters in (PointParameters(), PointParameters(decides="status")):
        with pytest.raises(ParameterError, match="describe is False"):
            PointTracker(parameters, describe=False)


# --- going on elsewhere --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["robust", "lk_track"])
def test_a_tracker_that_was_stopped_goes_on_to_the_same_tracks(name: str) -> None:
    frames, p = greys(LEAF), PointParameters.preset(name)
    whole = followed(frames, p)
    tracker = PointTracker(p)
    rows = [tracker.step(frame) for frame in frames[:7]]
    state = {key: value.copy() for key, value in tracker.state().items()}
    tracker = PointTracker.resumed(p, state, frames[6])
    rows += [tracker.step(frame) for frame in frames[7:]]
    again = joined(rows)
    for column in ("frame", "track", "xy", "fb_error", "min_eig", "ncc", "covariance", "status"):
        np.testing.assert_array_equal(getattr(again, column), getattr(whole, column))


def test_a_range_of_a_clip_is_the_same_range_by_hand() -> None:
    clip = open_clip(LEAF)
    tracks = joined(list(track_frames(clip, start=3, stop=9)))
    assert (tracks.start, tracks.stop) == (3, 9)
    by_hand = followed([clip.frame(i).grey for i in range(3, 9)], start=3)
    np.testing.assert_array_equal(tracks.xy, by_hand.xy)
    with pytest.raises(ParameterError, match="20:16"):
        list(track_frames(clip, start=20))


# --- nothing to follow, and what people do wrong ---------------------------------------------------------------


@pytest.mark.parametrize("grey", [0, 128, 255])
@pytest.mark.parametrize("name", ["robust", *SAMPLES])
def test_flat_frames_have_no_tracks_and_no_crash(grey: int, name: str) -> None:
    tracks = followed([np.full((64, 80), grey, np.uint8)] * 6, PointParameters.preset(name))
    assert len(tracks) == 0
    assert (tracks.start, tracks.stop) == (0, 6)


def test_a_grid_on_a_flat_picture_ends_by_low_texture() -> None:
    tracks = followed([np.full((64, 80), 90, np.uint8)] * 3, PointParameters(detector="grid", redetect_every=0))
    assert tracks.at(0).alive.all()
    assert set(tracks.at(1).status.tolist()) == {Status.FLAT}


def test_one_frame_gives_new_tracks_only() -> None:
    tracks = followed([texture()])
    assert set(tracks.status.tolist()) == {Status.NEW}


def test_neighbours_born_close_together_do_not_merge() -> None:
    tracks = followed([texture()] * 3, PointParameters(min_distance=3.0, merge_distance=10.0, exclusion=3))
    assert Status.MERGED not in endings(tracks)


def test_one_corner() -> None:
    tracks = followed([texture()] * 5, PointParameters(max_corners=1))
    assert [len(tracks.at(f)) for f in range(5)] == [1] * 5


def test_twenty_thousand_corners() -> None:
    p = PointParameters(detector="grid", max_corners=20_000, min_distance=1.0, exclusion=0, window=9)
    tracks = followed([texture(120, 160)] * 2, p)
    assert 15_000 < len(tracks.at(0)) <= 20_000
    assert tracks.at(1).alive.sum() > 10_000


def test_detection_that_never_stops_stays_within_what_is_held() -> None:
    p = PointParameters(detector="grid", max_corners=20_000, min_distance=1.0, exclusion=0, window=9,
                        redetect_every=1, top_up=False, merge_distance=0.0, decides="status", affine=False)  # fmt: skip
    tracks = followed([texture(150, 160)] * 3, p)
    born = int((tracks.at(0).status == Status.NEW).sum())
    assert born > 10_000
    assert 2 * born > 20_000 >= max(int(tracks.at(f).alive.sum()) for f in range(3))


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda: followed([texture(60, 80)], PointParameters(window=61)),
         "window is 61: give at most 60 px, the shorter side of the 80x60"),
        (lambda: followed([texture()], allowed=np.ones((20, 30), np.bool_)),
         "the mask is 30x20 and the frames are 140x100"),
        (lambda: followed([texture(), texture(50, 70)]), "frame 1 is 70x50, those before 140x100"),
        (lambda: followed([texture().astype(np.float32)]), "float32"),
        (lambda: followed([np.zeros((9, 9, 3), np.uint8)]), r"\(9, 9, 3\)"),
        (lambda: PointTracker(PointParameters(max_corners=20_000, window=99)), "give at most 1020 corners"),
        (lambda: PointParameters(max_corners=0), "max_corners is 0: give a whole number from 1 to 20000"),
        (lambda: PointParameters(decides="hope"), "one of status, forward-backward, all"),
    ],
)  # fmt: skip
def test_mistakes_are_told_with_value_and_remedy(act: Callable[[], object], says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        act()


def test_an_empty_region_has_no_tracks() -> None:
    assert len(followed([texture()] * 3, allowed=np.zeros((100, 140), np.bool_))) == 0


FIELDS = {field.name: field for field in PointParameters.fields()}


@st.composite
def any_parameters(draw: st.DrawFn) -> PointParameters:
    values = {}
    for name, field in FIELDS.items():
        if field.kind is bool:
            values[name] = draw(st.booleans())
        elif field.kind is str:
            values[name] = draw(st.sampled_from(field.choices))
        elif field.kind is int:
            low, high, step = int(field.low), int(field.high), int(field.step or 1)  # type: ignore[arg-type]
            values[name] = draw(st.integers(0, (high - low) // step)) * step + low
        else:
            values[name] = draw(st.floats(field.low, field.high))  # type: ignore[arg-type]
    values["max_corners"] = min(values["max_corners"], 400)
    values["window"] = min(values["window"], 39)
    return PointParameters(**values)


@settings(max_examples=60, deadline=None)
@given(any_parameters(), st.sampled_from([(40, 57), (64, 40)]))
def test_any_parameters_follow_or_end_every_track(parameters: PointParameters, shape: tuple[int, int]) -> None:
    board = texture(90, 110)
    frames = [board[3 * i :, 2 * i :][: shape[0], : shape[1]] for i in range(4)]
    frames += [np.full(shape, 77, np.uint8), frames[0]]
    tracks = followed(frames, parameters)
    assert np.isfinite(tracks.xy[tracks.alive]).all()
    alive = set()
    for frame in range(tracks.stop):
        rows = tracks.at(frame)
        assert alive == set(rows.track[rows.status != Status.NEW]), "every live track has a row in the next frame"
        alive = set(rows.track[rows.alive])


def test_the_table_of_a_scene_is_whole(tmp_path: Path) -> None:
    def ages(tracks: Tracks) -> Iterator[int]:
        yield from tracks.age.tolist()

    tracks = track_points(open_clip(STREET))
    assert max(ages(tracks)) == 11
    assert tracks.nbytes > 0
