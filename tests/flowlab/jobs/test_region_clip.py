"""A region followed through a whole clip: the tracker's own rows, however cut, and nothing twice after a keyframe."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flowlab.core.clip import Clip
from flowlab.core.region import Box
from flowlab.engine.cluster import Cluster
from flowlab.errors import CancelledError, ClipError, ParameterError
from flowlab.jobs import follow_job, follow_workers
from flowlab.jobs.chunk import Chunk
from flowlab.jobs.follow_chunk import draw_chunk, follow_chunk
from flowlab.jobs.follow_clip import PRELOAD, FollowFiles, FollowOutcome, FollowWorkshop
from flowlab.jobs.follow_kept import PieceDone, _state_key
from flowlab.jobs.region_job import RegionJob
from flowlab.jobs.region_look import RegionLook, draw_region_frame
from flowlab.jobs.region_table import summary, table_of
from flowlab.media.opening import open_media
from flowlab.store.objects import Store
from flowlab.tracking.affine.region_track import COLUMNS, RegionTrack, joined
from flowlab.tracking.affine.states import State
from flowlab.tracking.regions import RegionTracker, track_region
from flowlab.tracking.trackers import TRACKERS
from tests.flowlab.jobs.test_points_clip import Asking, break_some, canceller, pictures, psnr
from tests.flowlab.jobs.test_region_job import job_about
from tests.hostile import moving_texture, write_video

ROOT = Path(__file__).parents[3]
SIZE = (72, 112)
FRAMES = 35
BOX = Box(30, 20, 28, 24)
DRAWN = Box(40, 30, 26, 22)


@pytest.fixture(autouse=True)
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pieces be ten frames long, whatever a frame takes."""
    monkeypatch.setattr(follow_job, "_MOST", 10)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "moving.mp4", moving_texture(FRAMES, *SIZE))


@pytest.fixture(scope="module")
def clip(video: Path) -> Iterator[Clip]:
    with closing(open_media(video)) as clip:
        yield clip


@pytest.fixture
def shop(tmp_path: Path) -> FollowWorkshop:
    return FollowWorkshop(Store(tmp_path / "home"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """ "track" or "draw" and the first frame of the pieces that are computed in this process, as that happens."""
    seen: list[str] = []

    def noting(word: str, function: Callable[..., PieceDone[Any]]) -> Callable[..., PieceDone[Any]]:
        def noted(job: RegionJob, chunk: Chunk, *rest: Any) -> PieceDone[Any]:
            seen.append(f"{word} {chunk.start}")
            return function(job, chunk, *rest)

        return noted

    monkeypatch.setattr(follow_workers, "follow_chunk", noting("track", follow_chunk))
    monkeypatch.setattr(follow_workers, "draw_chunk", noting("draw", draw_chunk))
    return seen


def about(clip: Clip, box: Box | None = BOX, **changes: Any) -> RegionJob:
    return job_about(clip, box, **changes)


def write(shop: FollowWorkshop, job: RegionJob, clip: Clip, out: Path, asking: Asking | None = None,
          *, fresh: bool = False) -> FollowOutcome:  # fmt: skip
    asking = asking or Asking()
    files = FollowFiles(out / "track.csv", out / "track.mp4" if job.look else None, out / "track.json")
    return shop.write(job, clip, files, asking.report, asking.cancel, fresh=fresh)


def track(shop: FollowWorkshop, job: RegionJob, clip: Clip) -> RegionTrack:
    shop.follow(job, clip, Asking().report, threading.Event())
    return joined(list(shop.tables(job)))


def digest(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def assert_same(mine: RegionTrack, theirs: RegionTrack) -> None:
    assert (mine.start, mine.stop) == (theirs.start, theirs.stop)
    for name in COLUMNS:
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name), err_msg=name)


# --- what is found ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name, row in TRACKERS.items() if row.resumes])
def test_the_rows_are_the_trackers_own_bit_for_bit(clip: Clip, shop: FollowWorkshop, name: str) -> None:
    stop = 14 if name == "textbook" else 25
    job = about(clip, name=name, look=None, start=2, stop=stop, keyframes={8: DRAWN})
    assert len(job.chunks()) > 1
    alone = track_region(clip, BOX, tracker=name, keyframes={8: DRAWN}, start=2, stop=stop)
    assert_same(track(shop, job, clip), alone)
    assert shop.summary(job) == summary(alone)


def test_the_region_moves_as_the_texture_does(clip: Clip, shop: FollowWorkshop) -> None:
    """It moves by (2, 1) px a frame."""
    found = track(shop, about(clip, Box(10, 10, 28, 24), stop=12), clip)
    np.testing.assert_allclose(found.centre[1:] - found.centre[:1], np.arange(1, 12)[:, None] * [[2, 1]], atol=0.1)
    assert set(found.state[1:].tolist()) == {State.TRACKED}


def test_the_files_are_table_video_and_summary_of_the_same_track(clip: Clip, shop: FollowWorkshop, out: Path) -> None:
    job = about(clip)
    done = write(shop, job, clip, out, asking := Asking())
    alone = track_region(clip, BOX)
    assert (out / "track.csv").read_bytes() == table_of(alone)
    assert json.loads((out / "track.json").read_text()) == summary(alone) == done.summary
    assert (done.planned, done.written, done.reused) == (FRAMES, FRAMES, 0)
    assert (asking.told[0], asking.told[-1]) == ((0, FRAMES, 0), (FRAMES, FRAMES, 0))
    with closing(open_media(out / "track.mp4")) as made:
        assert (made.info.width, made.info.height, made.info.frame_count) == (112, 72, FRAMES)
        assert [made.time(n) for n in range(FRAMES)] == [clip.time(n) for n in range(FRAMES)]
        for number in (0, 9, 10, 11, 20, 34):  # beside the edges of pieces too, where trails go on
            drawn = draw_region_frame(clip.frame(number).rgb, alone, number, RegionLook(trail=15))
            shown = psnr(made.frame(number).rgb, drawn)
            assert shown > 28
            assert shown > psnr(clip.frame(number).rgb, drawn) + 3  # it would be noticed if nothing were drawn


# --- keyframes --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "computed"),
    [(25, ["track 20", "track 30"]), (20, ["track 20", "track 30"]), (19, ["track 10", "track 20", "track 30"]),
     (34, ["track 30"])],
)  # fmt: skip
def test_a_keyframe_keeps_every_piece_before_it(
    clip: Clip, shop: FollowWorkshop, out: Path, calls: list[str], tmp_path: Path, frame: int, computed: list[str]
) -> None:
    write(shop, about(clip), clip, out / "before")
    calls.clear()
    corrected = about(clip, keyframes={frame: DRAWN})
    done = write(shop, corrected, clip, out / "after")
    assert calls == computed
    assert done.reused == int(computed[0].split()[1])
    assert_same(joined(list(shop.tables(corrected))), track_region(clip, BOX, keyframes={frame: DRAWN}))
    write(FollowWorkshop(Store(tmp_path / "another")), corrected, clip, out / "alone")
    assert digest(out / "after") == digest(out / "alone")


def test_keyframes_added_one_after_the_other_and_taken_back_are_found_again(
    clip: Clip, shop: FollowWorkshop, calls: list[str]
) -> None:
    first, both = {12: DRAWN}, {12: DRAWN, 27: BOX}
    for keyframes in ({}, first, both):
        track(shop, about(clip, keyframes=keyframes), clip)
    assert calls == [f"track {n}" for n in (0, 10, 20, 30, 10, 20, 30, 20, 30)]
    calls.clear()
    for keyframes in (first, {}, both):
        track(shop, about(clip, keyframes=keyframes), clip)
    assert calls == []
    moved = track(shop, about(clip, keyframes={12: DRAWN, 27: DRAWN}), clip)
    assert calls == ["track 20", "track 30"]
    np.testing.assert_array_equal(moved.corners[27, 0], (DRAWN.x, DRAWN.y))


def test_what_comes_before_a_keyframe_is_the_same_rows(clip: Clip, shop: FollowWorkshop) -> None:
    plain, corrected = (track(shop, about(clip, keyframes=keys), clip) for keys in ({}, {17: DRAWN}))
    assert_same(plain.between(0, 17), corrected.between(0, 17))
    assert corrected.state[17] == State.KEYFRAME
    np.testing.assert_array_equal(corrected.corners[17, 0], (DRAWN.x, DRAWN.y))


def test_a_state_that_went_for_want_of_room_is_led_to_again(clip: Clip, shop: FollowWorkshop, calls: list[str]) -> None:
    job, corrected = about(clip), about(clip, keyframes={25: DRAWN})
    track(shop, job, clip)
    assert [frame for frame in range(FRAMES + 1) if shop.store.has_answer(_state_key(job, frame))] == [10, 20, 30]
    shop.store.remove_answer(_state_key(job, 20))
    calls.clear()
    found = track(shop, corrected, clip)
    assert calls == ["track 10", "track 20", "track 30"]
    assert_same(found, track_region(clip, BOX, keyframes={25: DRAWN}))


# --- however it is computed -------------------------------------------------------------------------


def test_cancelled_work_goes_on_from_what_is_finished(
    clip: Clip, shop: FollowWorkshop, out: Path, calls: list[str], tmp_path: Path
) -> None:
    with pytest.raises(CancelledError):
        write(shop, about(clip), clip, out, canceller(after=20))
    assert list(out.iterdir()) == []
    calls.clear()
    assert write(shop, about(clip), clip, out).reused == 20
    assert calls == ["track 20", "track 30"]
    write(FollowWorkshop(Store(tmp_path / "another")), about(clip), clip, tmp_path / "alone")
    assert digest(out) == digest(tmp_path / "alone")


def test_the_cancel_token_is_looked_at_between_frames(
    clip: Clip, shop: FollowWorkshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel, steps, step = threading.Event(), [], RegionTracker.step

    def counted(tracker: RegionTracker, frame: Any) -> RegionTrack:
        steps.append(1)
        if len(steps) == 3:
            cancel.set()
        return step(tracker, frame)

    monkeypatch.setattr(RegionTracker, "step", counted)
    with pytest.raises(CancelledError):
        shop.follow(about(clip, look=None, name="ic-affine"), clip, Asking().report, cancel)
    assert len(steps) == 3


def test_the_same_question_is_read_and_another_look_only_drawn(
    clip: Clip, shop: FollowWorkshop, out: Path, calls: list[str]
) -> None:
    write(shop, about(clip), clip, out / "a")
    calls.clear()
    write(shop, about(clip), clip, out / "b")
    assert (calls, digest(out / "a")) == ([], digest(out / "b"))
    write(shop, about(clip, look=RegionLook(trail=2)), clip, out / "c")
    assert calls == [f"draw {n}" for n in (0, 10, 20, 30)]
    calls.clear()
    write(shop, about(clip), clip, out / "d", fresh=True)
    assert (calls, digest(out / "d")) == ([f"track {n}" for n in (0, 10, 20, 30)], digest(out / "a"))


def test_a_longer_range_goes_on_where_a_shorter_one_ended(clip: Clip, shop: FollowWorkshop, calls: list[str]) -> None:
    track(shop, about(clip, stop=25), clip)
    calls.clear()
    assert_same(track(shop, about(clip), clip), track_region(clip, BOX))
    assert calls == ["track 20", "track 30"]
    calls.clear()
    assert_same(track(shop, about(clip, stop=14, look=None), clip), track_region(clip, BOX, stop=14))
    assert calls == []


def test_one_that_cannot_go_on_elsewhere_is_one_piece_and_kept_whole(
    clip: Clip, shop: FollowWorkshop, out: Path, calls: list[str]
) -> None:
    job = about(clip, name="mil", stop=14)
    write(shop, job, clip, out / "a")
    assert calls == ["track 0"]
    write(shop, job, clip, out / "b")
    assert calls == ["track 0"]
    assert digest(out / "a") == digest(out / "b")
    calls.clear()
    track(shop, about(clip, name="mil", stop=16, look=None), clip)
    assert calls == ["track 0"]


def test_worker_processes_give_the_same_bytes(clip: Clip, video: Path, tmp_path: Path, out: Path) -> None:
    write(FollowWorkshop(Store(tmp_path / "here")), about(clip), clip, out / "here")
    with Cluster(workers=1, preload=PRELOAD, environment={"PYTHONPATH": str(ROOT)}) as cluster:
        shop = FollowWorkshop(Store(tmp_path / "home"), cluster)
        shop.store.put_file(video)
        write(shop, about(clip), clip, out / "there")
    assert digest(out / "here") == digest(out / "there")


def test_what_is_made_is_in_the_store(clip: Clip, shop: FollowWorkshop, calls: list[str]) -> None:
    job = about(clip, stop=20)
    made = shop.make(job, clip, Asking().report, threading.Event())
    assert shop.store.path(made.table).read_bytes() == table_of(track_region(clip, BOX, stop=20))
    assert made.summary == summary(track_region(clip, BOX, stop=20))
    with closing(open_media(shop.store.path(made.video))) as video:
        assert video.info.frame_count == 20
    assert shop.result(job) == made
    corrected = about(clip, stop=20, keyframes={15: DRAWN})
    assert shop.result(corrected) is None
    calls.clear()
    assert shop.make(corrected, clip, Asking().report, threading.Event()).reused == 10
    assert calls == ["track 10", "draw 0"]  # the parts of a video that was made are not kept beside it


# --- what cannot be ---------------------------------------------------------------------------------


@pytest.mark.parametrize("first", [23, 20])
def test_of_a_damaged_clip_the_readable_part_is_followed(
    tmp_path: Path, shop: FollowWorkshop, out: Path, first: int
) -> None:
    folder = pictures(tmp_path / "pictures", 40)
    with closing(open_media(folder)) as clip:
        alone = track_region(clip, BOX, stop=first)
        break_some(folder, range(first, first + 1))
        done = write(shop, about(clip), clip, out)
    assert (done.planned, done.written) == (40, first)
    assert f"{first}.png" in done.note
    assert (out / "track.csv").read_bytes() == table_of(alone)
    with closing(open_media(out / "track.mp4")) as video:
        assert video.info.frame_count == first


def test_a_clip_of_which_nothing_can_be_read_is_an_error(tmp_path: Path, shop: FollowWorkshop, out: Path) -> None:
    folder = pictures(tmp_path / "pictures", 12)
    with closing(open_media(folder)) as clip:
        break_some(folder, range(12))
        with pytest.raises(ClipError, match=r"1\.png"):
            write(shop, about(clip, start=1), clip, out)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("keyframes", [{}, {15: Box(4, 4, 20, 20)}])
def test_a_flat_template_is_an_error_and_leaves_no_file(
    tmp_path: Path, shop: FollowWorkshop, out: Path, keyframes: dict[int, Box]
) -> None:
    frames = [frame.copy() for frame in moving_texture(20, *SIZE)]
    for frame in frames:
        frame[:30, :40] = 90
    box = Box(60, 20, 28, 24) if keyframes else Box(4, 4, 20, 20)
    with (
        closing(open_media(write_video(tmp_path / "flat.mp4", frames))) as clip,
        pytest.raises(ParameterError, match=r"flat|texture"),
    ):
        write(shop, about(clip, box, keyframes=keyframes), clip, out)
    assert not out.exists() or list(out.iterdir()) == []
