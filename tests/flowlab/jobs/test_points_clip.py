"""A whole clip's tracks: the tracker's own, however the job was cut, interrupted, shared out or asked for again."""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from flowlab.core.clip import Clip
from flowlab.core.files import temporary_name
from flowlab.core.region import Box, Selection
from flowlab.engine.cluster import Cluster, Piece
from flowlab.errors import CancelledError, ClipError, ClipNotFoundError, FlowFileError, ParameterError, StoreError
from flowlab.jobs import follow_job, follow_workers
from flowlab.jobs.chunk import Chunk
from flowlab.jobs.clip_place import ClipPlace
from flowlab.jobs.clips import open_clip
from flowlab.jobs.follow_chunk import draw_chunk, follow_chunk
from flowlab.jobs.follow_kept import Before, PieceDone, PieceKeeper, _part_key, _record_key, _rows_key, _state_key
from flowlab.jobs.points_clip import PRELOAD, PointsFiles, PointsOutcome, PointsWorkshop
from flowlab.jobs.points_job import PointsJob
from flowlab.jobs.track_bytes import tracks_from_bytes, tracks_to_bytes
from flowlab.jobs.track_look import VIDEO_COLOURS, TrackLook, draw_frame
from flowlab.jobs.track_table import TRACKPY, table_of
from flowlab.media.opening import open_media
from flowlab.store.objects import Store
from flowlab.tracking.parameters import PointParameters
from flowlab.tracking.points import PointTracker, track_points
from flowlab.tracking.statistics import summary
from flowlab.tracking.tracks import COLUMNS, Tracks, joined, no_tracks
from tests.flowlab.jobs.test_points_job import LOOK, MANY, job_about
from tests.flowlab.media.clips import write_clip
from tests.hostile import moving_texture, pngs, write_video

ROOT = Path(__file__).parents[3]
SIZE = (72, 112)
FRAMES = 35
STARTS = [0, 10, 20, 30]
"""Of the pieces: trails of 15 frames reach back over two of their edges."""


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "moving.mp4", moving_texture(FRAMES, *SIZE))


@pytest.fixture(scope="module")
def clip(video: Path) -> Iterator[Clip]:
    clip = open_media(video)
    yield clip
    clip.close()


@pytest.fixture
def shop(tmp_path: Path) -> PointsWorkshop:
    return PointsWorkshop(Store(tmp_path / "home"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """("track" or "draw", first frame) of the pieces that are computed in this process, as that happens."""
    seen: list[tuple[str, int]] = []

    def noting(word: str, function: Callable[..., PieceDone[Tracks]]) -> Callable[..., PieceDone[Tracks]]:
        def noted(job: PointsJob, chunk: Chunk, *rest: Any) -> PieceDone[Tracks]:
            seen.append((word, chunk.start))
            return function(job, chunk, *rest)

        return noted

    monkeypatch.setattr(follow_workers, "follow_chunk", noting("track", follow_chunk))
    monkeypatch.setattr(follow_workers, "draw_chunk", noting("draw", draw_chunk))
    return seen


@dataclass
class Asking:
    """Somebody who asks: takes down what is reported, and may do something about it once frames are done."""

    then: Callable[[], object] | None = None
    after: int = 1
    cancel: threading.Event = field(default_factory=threading.Event)
    told: list[tuple[int, int, int]] = field(default_factory=list)

    def report(self, done: int, total: int, reused: int) -> None:
        self.told.append((done, total, reused))
        if self.then is not None and done - reused >= self.after:
            then, self.then = self.then, None
            then()


def canceller(after: int = 1) -> Asking:
    asking = Asking(after=after)
    asking.then = asking.cancel.set
    return asking


def write(shop: PointsWorkshop, job: PointsJob, clip: Clip, out: Path, asking: Asking | None = None,
          *, fresh: bool = False) -> PointsOutcome:  # fmt: skip
    asking = asking or Asking()
    files = PointsFiles(out / "tracks.csv", out / "tracks.mp4" if job.look else None, out / "tracks.json")
    return shop.write(job, clip, files, asking.report, asking.cancel, fresh=fresh)


def digest(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def leftovers(*folders: Path) -> list[Path]:
    return [path for folder in folders if folder.exists() for path in folder.rglob(".flowlab-*")]


def threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("flowlab-ahead")]


def assert_same(mine: Tracks, theirs: Tracks) -> None:
    assert (mine.start, mine.stop, mine.cuts) == (theirs.start, theirs.stop, theirs.cuts)
    for name in COLUMNS:
        assert getattr(mine, name).dtype == getattr(theirs, name).dtype
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name), err_msg=name)


def outcome(written: int = FRAMES, reused: int = 0, planned: int = FRAMES) -> tuple[int, int, int]:
    return planned, written, reused


def counts(done: PointsOutcome) -> tuple[int, int, int]:
    return done.planned, done.written, done.reused


@pytest.fixture(scope="module")
def whole(clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Give the digest of every file when nothing happens while they are made, in this process."""
    folder = tmp_path_factory.mktemp("whole")
    write(PointsWorkshop(Store(folder / "home")), job_about(clip), clip, folder / "out")
    return digest(folder / "out")


# --- what the tracks are ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {}, {"start": 3, "stop": 34}, {"selection": Selection(Box(20, 10, 60, 40))}, {"look": None},
        {"parameters": replace(PointParameters.preset("lk_track"), max_corners=10_000)},
        {"parameters": replace(MANY, detector="grid", velocity=True)},
    ],
    ids=["plain", "range", "region", "no video", "lk_track", "grid"],
)  # fmt: skip
def test_the_tables_are_the_trackers_own_bit_for_bit(clip: Clip, shop: PointsWorkshop, changes: dict[str, Any]) -> None:
    job = job_about(clip, **changes)
    assert len(job.chunks()) > 3
    shop.follow(job, clip, Asking().report, threading.Event())
    alone = track_points(clip, job.parameters, allowed=job.allowed, start=job.start, stop=job.stop)
    assert_same(joined(list(shop.tables(job))), alone)
    assert shop.summary(job) == summary(alone)


def test_the_files_are_table_video_and_summary_of_the_same_tracks(
    clip: Clip, shop: PointsWorkshop, out: Path, whole: dict[str, str]
) -> None:
    done = write(shop, job_about(clip), clip, out, asking := Asking())
    alone = track_points(clip, MANY)
    assert (out / "tracks.csv").read_bytes() == table_of(alone)
    assert json.loads((out / "tracks.json").read_text()) == summary(alone) == done.summary
    assert counts(done) == outcome()
    assert (asking.told[0], asking.told[-1]) == ((0, FRAMES, 0), (FRAMES, FRAMES, 0))
    assert asking.told == sorted(asking.told)
    assert digest(out) == whole


def test_other_columns_are_written_where_they_are_wanted(clip: Clip, shop: PointsWorkshop, out: Path) -> None:
    job = job_about(clip, look=None)
    shop.write(job, clip, PointsFiles(out / "t.csv", columns=TRACKPY), Asking().report, threading.Event())
    assert (out / "t.csv").read_bytes() == table_of(track_points(clip, MANY), TRACKPY)
    assert [path.name for path in out.iterdir()] == ["t.csv"]


def test_the_video_shows_every_frame_at_the_clips_own_time(clip: Clip, shop: PointsWorkshop, out: Path) -> None:
    job = job_about(clip, start=3, stop=33)
    write(shop, job, clip, out)
    tracks = track_points(clip, MANY, start=3, stop=33)
    with closing(open_media(out / "tracks.mp4")) as video:
        info = video.info
        assert (info.width, info.height, info.frame_count, info.damaged) == (112, 72, 30, 0)
        assert info.fps == clip.info.fps
        assert [video.time(n) for n in range(30)] == [clip.time(3 + n) - clip.time(3) for n in range(30)]
        for number in (0, 9, 10, 11, 20, 29):  # beside the edges of pieces too, where trails go on
            drawn = draw_frame(clip.frame(3 + number).rgb, tracks, 3 + number, LOOK)
            assert psnr(video.frame(number).rgb, drawn) > 30
            assert psnr(clip.frame(3 + number).rgb, drawn) < 25  # it would be noticed if nothing were drawn


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Return how alike two pictures' grey is, dB: of colour a video keeps a quarter only."""
    one, other = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float64) for picture in (one, other))
    error = float(np.mean((one - other) ** 2))
    return float("inf") if error == 0 else 10 * np.log10(255**2 / error)


def test_uneven_times_are_the_clips_own(tmp_path: Path, shop: PointsWorkshop, out: Path) -> None:
    ticks = [0]
    for n in range(24):
        ticks.append(ticks[-1] + (20, 33, 47, 120)[n % 4])
    with closing(open_media(write_clip(tmp_path / "uneven.mp4", 25, ticks=ticks, time_base=Fraction(1, 1000)))) as clip:
        write(shop, job_about(clip), clip, out)
        with closing(open_media(out / "tracks.mp4")) as video:
            assert [video.time(n) for n in range(25)] == [clip.time(n) for n in range(25)]
            assert video.info.variable_rate


# --- however it is computed -------------------------------------------------------------------------


@pytest.mark.parametrize("frames", [1, 7, 60])
def test_the_cut_leaves_no_trace_in_the_tracks(
    clip: Clip, shop: PointsWorkshop, out: Path, whole: dict[str, str], monkeypatch: pytest.MonkeyPatch, frames: int
) -> None:
    for name in ("_FEWEST", "_MOST"):
        monkeypatch.setattr(follow_job, name, frames)
    job = job_about(clip)
    assert job.step == frames
    write(shop, job, clip, out)
    found = digest(out)
    assert (found["tracks.csv"], found["tracks.json"]) == (whole["tracks.csv"], whole["tracks.json"])
    with closing(open_media(out / "tracks.mp4")) as video:
        assert video.info.frame_count == FRAMES


@pytest.mark.parametrize("drawn_before", [False, True])
def test_a_drawn_piece_is_the_same_whether_its_tracks_were_known(
    clip: Clip, shop: PointsWorkshop, out: Path, whole: dict[str, str], calls: list[tuple[str, int]], drawn_before: bool
) -> None:
    look = replace(LOOK, colour="camera") if drawn_before else None
    write(shop, job_about(clip, look=look), clip, out)
    assert calls == [("track", start) for start in STARTS]
    calls.clear()
    done = write(shop, job_about(clip), clip, out, asking := Asking())
    assert calls == [("draw", start) for start in STARTS]
    assert counts(done) == outcome(reused=FRAMES)
    assert [finished for finished, _, _ in asking.told] == [0, 10, 20, 30, FRAMES, FRAMES]
    assert digest(out) == whole


@pytest.mark.parametrize("name", VIDEO_COLOURS)
def test_every_colouring_is_drawn_from_its_first_frame(clip: Clip, shop: PointsWorkshop, out: Path, name: str) -> None:
    job = job_about(clip, stop=12, look=replace(LOOK, colour=name))
    write(shop, job, clip, out)
    tracks = track_points(clip, MANY, stop=12)
    with closing(open_media(out / "tracks.mp4")) as video:
        for number in (0, 11):
            wanted = draw_frame(clip.frame(number).rgb, tracks, number, TrackLook(name, speed=4.0))
            assert psnr(video.frame(number).rgb, wanted) > 30


def test_the_same_question_again_is_read_and_not_computed(
    clip: Clip, shop: PointsWorkshop, out: Path, whole: dict[str, str], calls: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    job = job_about(clip)
    write(shop, job, clip, out)
    calls.clear()
    again = PointsWorkshop(Store(shop.store.home))
    done = write(again, job, clip, out, asking := Asking())
    assert (counts(done), calls) == (outcome(reused=FRAMES), [])
    assert asking.told == [(FRAMES, FRAMES, FRAMES)]
    assert digest(out) == whole
    read: list[int] = []
    really = Store.answer

    def noted(store: Store, key: str) -> bytes | None:
        data = really(store, key)
        read.append(len(data or b""))
        return data

    monkeypatch.setattr(Store, "answer", noted)
    again.follow(job, clip, asking.report, asking.cancel)
    assert 0 < sum(read) < 1000 < shop.store.used()  # to find what is there, nothing large is read


def test_fresh_computes_anew_and_gives_the_same(
    clip: Clip, shop: PointsWorkshop, out: Path, whole: dict[str, str], calls: list[tuple[str, int]]
) -> None:
    job = job_about(clip)
    write(shop, job, clip, out)
    calls.clear()
    assert counts(write(shop, job, clip, out, fresh=True)) == outcome()
    assert calls == [("track", start) for start in STARTS]
    assert digest(out) == whole


def test_cancelled_work_stops_soon_and_goes_on_from_what_is_finished(
    clip: Clip, shop: PointsWorkshop, out: Path, whole: dict[str, str], calls: list[tuple[str, int]]
) -> None:
    job, asking = job_about(clip), canceller(after=20)
    with pytest.raises(CancelledError):
        write(shop, job, clip, out, asking)
    assert calls == [("track", 0), ("track", 10), ("track", 20)]  # the third was begun
    assert asking.told[-1][0] == 20
    assert list(out.iterdir()) == []
    assert not leftovers(shop.store.home)
    calls.clear()
    assert counts(write(shop, job, clip, out)) == outcome(reused=20)
    assert calls == [("track", 20), ("track", 30)]
    assert digest(out) == whole


def test_work_that_is_called_off_in_a_piece_leaves_no_thread_and_looks_at_every_frame(
    clip: Clip, shop: PointsWorkshop, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cancel, steps = threading.Event(), []
    step = PointTracker.step

    def counted(tracker: PointTracker, grey: Any) -> Tracks:
        steps.append(1)
        if len(steps) == 5:
            cancel.set()
        return step(tracker, grey)

    monkeypatch.setattr(PointTracker, "step", counted)
    with pytest.raises(CancelledError) as caught:
        shop.follow(job_about(clip, stop=10), clip, Asking().report, cancel)
    assert not threads()  # though the error, and with it every frame of the stack, is still in somebody's hand
    assert caught.value is not None
    assert len(steps) < 5 + 8  # as far ahead as threads may be


def test_cancelled_drawing_goes_on_too(
    clip: Clip, shop: PointsWorkshop, out: Path, whole: dict[str, str], calls: list[tuple[str, int]]
) -> None:
    write(shop, job_about(clip, look=None), clip, out)
    with pytest.raises(CancelledError):
        write(shop, job_about(clip), clip, out, canceller(after=20))
    calls.clear()
    done = write(shop, job_about(clip), clip, out, asking := Asking())
    assert calls == [("draw", 20), ("draw", 30)]
    assert (asking.told[0], counts(done)) == ((20, FRAMES, 20), outcome(reused=FRAMES))
    assert digest(out) == whole


def test_a_longer_range_goes_on_where_a_shorter_one_ended(
    clip: Clip, shop: PointsWorkshop, out: Path, whole: dict[str, str], calls: list[tuple[str, int]]
) -> None:
    write(shop, job_about(clip, stop=25), clip, out / "short")
    calls.clear()
    assert counts(write(shop, job_about(clip), clip, out / "long")) == outcome(reused=20)
    assert calls == [("track", 20), ("track", 30)]
    assert digest(out / "long") == whole


def test_a_shorter_range_is_a_part_of_a_longer_one(
    clip: Clip, shop: PointsWorkshop, out: Path, calls: list[tuple[str, int]], tmp_path: Path
) -> None:
    write(shop, job_about(clip), clip, out / "long")
    calls.clear()
    short = job_about(clip, stop=25)
    assert counts(write(shop, short, clip, out / "short")) == outcome(25, 25, 25)
    assert calls == [("draw", 20)]  # its part of the video is shorter
    write(PointsWorkshop(Store(tmp_path / "another")), short, clip, tmp_path / "alone")
    assert digest(out / "short") == digest(tmp_path / "alone")
    calls.clear()
    write(shop, job_about(clip), clip, out / "long")
    assert calls == []  # and the longer one's is still there


KEYS: dict[str, Callable[[PointsJob, int], str]] = {
    "rows": _rows_key,
    "record": _record_key,
    "part": lambda job, start: _part_key(job, Chunk(start, min(start + job.step, job.stop))),
    "state": _state_key,
}


@pytest.mark.parametrize(
    ("gone", "start", "computed"),
    [
        ("rows", 0, ["track 0"]),
        ("record", 0, ["track 0"]),
        ("part", 20, ["draw 20"]),
        ("rows", 30, ["track 30"]),  # its state is one of the newest two
        ("rows", 20, ["track 0", "track 10", "track 20"]),  # the states in between have gone
        ("state", 30, []),  # nobody asks for it
    ],
)
def test_what_was_removed_for_want_of_room_is_computed_again_and_nothing_else(
    clip: Clip, shop: PointsWorkshop, out: Path, whole: dict[str, str], calls: list[tuple[str, int]],
    gone: str, start: int, computed: list[str],
) -> None:  # fmt: skip
    job = job_about(clip)
    write(shop, job, clip, out)
    calls.clear()
    assert shop.store.has_answer(KEYS[gone](job, start))
    shop.store.remove_answer(KEYS[gone](job, start))
    write(shop, job, clip, out)
    assert [f"{word} {start}" for word, start in calls] == computed
    assert digest(out) == whole


def test_a_state_that_was_removed_is_led_to_again(
    clip: Clip, shop: PointsWorkshop, out: Path, whole: dict[str, str], calls: list[tuple[str, int]]
) -> None:
    job = job_about(clip)
    with pytest.raises(CancelledError):
        write(shop, job, clip, out, canceller(after=30))
    for frame in (20, 30):
        assert shop.store.has_answer(_state_key(job, frame))
    assert not shop.store.has_answer(_state_key(job, 10))
    shop.store.remove_answer(_state_key(job, 30))
    calls.clear()
    write(shop, job, clip, out)
    assert [start for _, start in calls] == [20, 30]
    assert digest(out) == whole


@pytest.mark.parametrize("gone", ["rows", "part"])
def test_a_damaged_piece_is_noticed_and_computed_again(
    clip: Clip, shop: PointsWorkshop, out: Path, whole: dict[str, str], gone: str
) -> None:
    job = job_about(clip)
    write(shop, job, clip, out)
    place = shop.store._answer_place(KEYS[gone](job, 10))
    data = bytearray(place.read_bytes())
    data[len(data) // 2] ^= 1
    place.write_bytes(data)
    write(shop, job, clip, out)
    assert digest(out) == whole


def test_pieces_removed_while_others_are_computed_are_computed_once_more(
    clip: Clip, shop: PointsWorkshop, out: Path, whole: dict[str, str], calls: list[tuple[str, int]]
) -> None:
    job = job_about(clip)
    with pytest.raises(CancelledError):
        write(shop, job, clip, out, canceller(after=20))
    calls.clear()
    asking = Asking(then=lambda: shop.store.remove_answer(_rows_key(job, 0)), after=15)
    write(shop, job, clip, out, asking)
    assert [start for _, start in calls][-1] == 0  # the first was needed once more, and nothing after it
    assert digest(out) == whole


def test_a_store_without_room_is_one_error_and_no_file(clip: Clip, tmp_path: Path, out: Path) -> None:
    job = job_about(clip)
    probe = PointsWorkshop(Store(tmp_path / "probe"))
    probe.follow(job, clip, Asking().report, threading.Event())
    small = PointsWorkshop(Store(tmp_path / "small", quota=probe.store.used() // 2))
    with pytest.raises(StoreError, match="FLOWLAB_QUOTA"):
        write(small, job, clip, out)
    assert list(out.iterdir()) == []
    assert small.store.used() <= small.store.quota
    assert not leftovers(small.store.home)


def test_of_the_trackers_states_two_are_kept_and_none_that_nobody_could_use(clip: Clip, shop: PointsWorkshop) -> None:
    job = job_about(clip)
    shop.follow(job, clip, Asking().report, threading.Event())
    kept = [frame for frame in range(FRAMES + 1) if shop.store.has_answer(_state_key(job, frame))]
    assert kept == [30]  # at 35 no piece begins, and 20 went when the one that began at 30 was kept


# --- a result in the store --------------------------------------------------------------------------


def test_what_is_made_is_in_the_store_and_its_parts_are_not(
    clip: Clip, shop: PointsWorkshop, whole: dict[str, str], calls: list[tuple[str, int]]
) -> None:
    job = job_about(clip)
    assert shop.result(job) is None
    made = shop.make(job, clip, Asking().report, threading.Event())
    assert (made.video, made.table) == (whole["tracks.mp4"], whole["tracks.csv"])
    for content, size in ((made.video, made.video_bytes), (made.table, made.table_bytes)):
        assert shop.store.path(content).stat().st_size == size
    assert made.summary == summary(track_points(clip, MANY))
    assert shop.result(job) == made
    assert not any(PieceKeeper(shop.store).drawn(job, chunk) for chunk in job.chunks())
    assert not leftovers(shop.store.home)
    calls.clear()
    assert shop.make(job, clip, Asking().report, threading.Event()) == made
    assert calls == []
    assert_same(joined(list(shop.tables(job))), track_points(clip, MANY))  # for other columns, and other colours
    assert shop.result(replace(job, look=replace(LOOK, trail=3))) is None
    assert shop.result(replace(job, stop=30)) is None


@pytest.mark.parametrize("evicted", ["video", "table"])
def test_a_result_that_was_removed_is_made_again(
    clip: Clip, shop: PointsWorkshop, calls: list[tuple[str, int]], evicted: str
) -> None:
    job = job_about(clip)
    made = shop.make(job, clip, Asking().report, threading.Event())
    shop.store.remove(getattr(made, evicted))
    assert shop.result(job) is None
    calls.clear()
    assert shop.make(job, clip, Asking().report, threading.Event()) == replace(made, reused=FRAMES)
    assert {word for word, _ in calls} == {"draw"}


def test_without_a_look_there_is_a_table_and_no_video(clip: Clip, shop: PointsWorkshop, whole: dict[str, str]) -> None:
    job = job_about(clip, look=None)
    made = shop.make(job, clip, Asking().report, threading.Event())
    assert (made.video, made.video_bytes, made.table) == ("", 0, whole["tracks.csv"])
    assert shop.result(job) == made


# --- what cannot be ---------------------------------------------------------------------------------


def pictures(folder: Path, count: int) -> Path:
    """Write pictures, and return their folder."""
    folder.mkdir()
    for name, data in pngs(moving_texture(count, *SIZE)).items():
        (folder / name).write_bytes(data)
    return folder


def break_some(folder: Path, broken: range) -> None:
    """Spoil pictures of a clip that is open: it still has the first one in memory."""
    for number in broken:
        (folder / f"{number}.png").write_bytes(b"no picture any more")


@pytest.mark.parametrize("opened", [open_media, open_clip], ids=["here", "in another process"])
@pytest.mark.parametrize("first", [23, 20])
def test_of_a_damaged_clip_the_readable_part_is_followed(
    tmp_path: Path, shop: PointsWorkshop, out: Path, calls: list[tuple[str, int]],
    opened: Callable[[Path], Clip], first: int,
) -> None:  # fmt: skip
    folder = pictures(tmp_path / "pictures", 40)
    with closing(opened(folder)) as clip:
        alone = track_points(clip, MANY, stop=first)
        break_some(folder, range(first, first + 1))
        done = write(shop, job_about(clip), clip, out)
        assert counts(done) == (40, first, 0)
        assert f"{first}.png" in done.note
        assert (out / "tracks.csv").read_bytes() == table_of(alone)
        with closing(open_media(out / "tracks.mp4")) as video:
            assert video.info.frame_count == first
        assert json.loads((out / "tracks.json").read_text()) == summary(alone)
        assert [start for _, start in calls] == [0, 10, 20]  # what comes after cannot be followed
        calls.clear()
        again = write(shop, job_about(clip), clip, out)
        assert (counts(again), again.note, calls) == ((40, first, first), done.note, [])
        shorter = write(shop, job_about(clip, stop=22, look=None), clip, out)
        assert counts(shorter) == (22, min(first, 22), min(first, 22))
        assert bool(shorter.note) == (first < 22)


def test_a_clip_of_which_nothing_can_be_read_is_an_error(tmp_path: Path, shop: PointsWorkshop, out: Path) -> None:
    folder = pictures(tmp_path / "pictures", 12)
    with closing(open_media(folder)) as clip:
        break_some(folder, range(12))
        for _ in range(2):  # the second time it is known from the record
            with pytest.raises(ClipError, match=r"1\.png"):
                write(shop, job_about(clip, start=1), clip, out)
        assert list(out.iterdir()) == []


def test_a_frame_that_was_followed_and_is_gone_is_an_error_when_it_is_to_be_drawn(
    tmp_path: Path, shop: PointsWorkshop, out: Path
) -> None:
    folder = pictures(tmp_path / "pictures", 12)
    with closing(open_media(folder)) as clip:
        write(shop, job_about(clip, look=None), clip, out)
        break_some(folder, range(5, 6))
        with pytest.raises(ClipError, match=r"5\.png"):
            write(shop, job_about(clip), clip, out / "video")
        assert list((out / "video").iterdir()) == []


def test_one_frame_has_new_tracks_only(clip: Clip, shop: PointsWorkshop, out: Path) -> None:
    done = write(shop, job_about(clip, start=8, stop=9), clip, out)
    assert counts(done) == (1, 1, 0)
    rows = (out / "tracks.csv").read_text().splitlines()[1:]
    assert rows
    assert {row.split(",")[6] for row in rows} == {"new"}
    with closing(open_media(out / "tracks.mp4")) as video:
        assert video.info.frame_count == 1


@pytest.mark.parametrize("name", VIDEO_COLOURS)
def test_a_flat_clip_has_no_tracks_and_a_video_that_plays(
    tmp_path: Path, shop: PointsWorkshop, out: Path, name: str
) -> None:
    flat = np.full((60, 80, 3), 77, np.uint8)
    with closing(open_media(write_video(tmp_path / "flat.mp4", [flat] * 12))) as clip:
        done = write(shop, job_about(clip, look=replace(LOOK, colour=name)), clip, out)
        assert (counts(done), (done.summary or {})["tracks"]) == ((12, 12, 0), 0)
        assert (out / "tracks.csv").read_text().count("\n") == 1
        with closing(open_media(out / "tracks.mp4")) as video:
            assert psnr(video.frame(11).rgb, clip.frame(11).rgb) > 30


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"selection": Selection(Box(900, 0, 20, 20))}, "holds no pixel"),
        ({"parameters": PointParameters(window=99)}, "window is 99"),
        ({"parameters": replace(MANY, max_corners=20_000, window=99)}, "20000 corners with a window of 99"),
    ],
)
def test_parameters_that_do_not_fit_are_an_error_and_leave_nothing(
    clip: Clip, shop: PointsWorkshop, out: Path, changes: dict[str, Any], says: str
) -> None:
    with (
        closing(open_clip("scene:two-layers?width=80&height=64&frames=4")) as small,
        pytest.raises(ParameterError, match=says),
    ):
        write(shop, job_about(small, **changes), small, out)
    assert not out.exists() or list(out.iterdir()) == []
    assert not threads()  # one is told by the first step, in a thread of its own


@pytest.mark.parametrize("name", ["tracks.csv", "tracks.mp4", "tracks.json"])
def test_a_folder_in_the_way_is_named_before_anything_is_computed(
    clip: Clip, shop: PointsWorkshop, out: Path, calls: list[tuple[str, int]], name: str
) -> None:
    (out / name).mkdir(parents=True)
    with pytest.raises(FlowFileError, match=f"‘{name}’ cannot be written: it is a folder"):
        write(shop, job_about(clip), clip, out)
    assert calls == []


@pytest.mark.parametrize("which", ["table", "video", "summary"])
def test_a_file_that_cannot_be_put_there_is_one_error(
    clip: Clip, shop: PointsWorkshop, out: Path, which: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, suffix = job_about(clip, stop=5), {"table": ".csv", "video": ".mp4", "summary": ".json"}[which]
    out.mkdir()
    really = Path.replace

    def refused(path: Path, target: Path) -> Path:
        if target.parent == out:
            raise OSError(28, "No space left on device")
        return really(path, target)

    monkeypatch.setattr(Path, "replace", refused)
    files = PointsFiles(**{which: out / f"it{suffix}"})
    with pytest.raises(FlowFileError, match=rf"it\{suffix}’? cannot be written.*No space left"):
        shop.write(job, clip, files, Asking().report, threading.Event())
    assert list(out.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="nobody can be asked there whether a process lives")
def test_what_a_killed_process_left_beside_the_files_is_swept(
    clip: Clip, shop: PointsWorkshop, out: Path, whole: dict[str, str]
) -> None:
    out.mkdir()
    (out / temporary_name(".mp4").replace(f"-{os.getpid()}-", "-99999999-")).write_bytes(b"half")
    write(shop, job_about(clip), clip, out)
    assert digest(out) == whole


# --- in worker processes ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(workers=2, preload=PRELOAD, environment={"PYTHONPATH": str(ROOT)}) as cluster:
        yield cluster


@pytest.fixture
def plant(tmp_path: Path, video: Path, cluster: Cluster) -> PointsWorkshop:
    """A workshop with two workers, which find the clip in its store."""
    shop = PointsWorkshop(Store(tmp_path / "home"), cluster)
    shop.store.put_file(video)
    return shop


def test_workers_give_the_same_bytes(
    clip: Clip, plant: PointsWorkshop, out: Path, whole: dict[str, str], calls: list[tuple[str, int]]
) -> None:
    job = job_about(clip)
    assert counts(write(plant, job, clip, out, asking := Asking())) == outcome()
    assert digest(out) == whole
    assert calls == []  # not in this process
    assert (asking.told[0], asking.told[-1]) == ((0, FRAMES, 0), (FRAMES, FRAMES, 0))
    assert counts(write(PointsWorkshop(plant.store), job, clip, out)) == outcome(reused=FRAMES)
    other = replace(job, look=replace(LOOK, colour="speed"))
    write(plant, other, clip, out / "workers")  # several pieces are drawn at once
    write(PointsWorkshop(Store(out / "home")), other, clip, out / "alone")
    assert digest(out / "workers") == digest(out / "alone")


def test_workers_that_were_called_off_leave_finished_pieces(
    clip: Clip, plant: PointsWorkshop, out: Path, whole: dict[str, str]
) -> None:
    with pytest.raises(CancelledError):
        write(plant, job_about(clip), clip, out, canceller(after=20))
    assert list(out.iterdir()) == []
    done = write(plant, job_about(clip), clip, out)
    assert (done.written, done.reused) in ((FRAMES, 20), (FRAMES, 30))  # the third may have been done by then
    assert digest(out) == whole


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_worker_that_dies_changes_nothing(
    clip: Clip, plant: PointsWorkshop, cluster: Cluster, out: Path, whole: dict[str, str]
) -> None:
    victim = next(iter(cluster.everywhere(os.getpid).values()))
    asking = Asking(then=lambda: os.kill(victim, signal.SIGKILL))
    assert counts(write(plant, job_about(clip), clip, out, asking)) == outcome()
    assert asking.then is None
    assert digest(out) == whole


def test_a_piece_removed_under_a_workers_hands_is_led_to_again(
    clip: Clip, plant: PointsWorkshop, out: Path, whole: dict[str, str]
) -> None:
    job = job_about(clip)
    asking = Asking(then=lambda: plant.store.remove_answer(_state_key(job, 30)), after=30)
    write(plant, job, clip, out, asking)
    assert digest(out) == whole


def test_an_error_in_a_worker_is_the_jobs_error(clip: Clip, plant: PointsWorkshop, out: Path) -> None:
    job = job_about(clip, parameters=replace(MANY, max_corners=20_000, window=99))
    with pytest.raises(ParameterError, match="20000 corners with a window of 99"):
        write(plant, job, clip, out)


class Forgetful:
    """A cluster elsewhere, played by this process, that has lost the clip when it is asked for the second piece."""

    is_local = False

    def __init__(self) -> None:
        self.computed: list[str] = []
        self.losses = 0

    def start(self) -> None:
        pass

    def run(self, pieces: Iterable[Piece], cancel: threading.Event) -> Iterator[tuple[Piece, Any]]:
        for piece in pieces:
            if len(self.computed) == 1 and not self.losses:
                self.losses += 1
                raise ClipNotFoundError("the clip is not on the machine that computes")
            self.computed.append(piece.what)
            yield piece, piece.function(*piece.arguments)


def test_a_clip_lost_elsewhere_is_sent_again_and_no_piece_is_left_out(
    tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[ClipPlace] = []
    monkeypatch.setattr(follow_workers, "ship", lambda _, place, __: sent.append(place) or place)
    monkeypatch.setattr("cv2.setNumThreads", lambda _: None)
    with closing(open_clip("scene:two-layers?width=112&height=72&frames=35")) as clip:
        job, cluster = job_about(clip), Forgetful()
        shop = PointsWorkshop(Store(tmp_path / "home"), cluster)  # type: ignore[arg-type]
        PointsWorkshop(shop.store).follow(replace(job, look=None), clip, Asking().report, threading.Event())
        write(shop, job, clip, out / "there")
        assert (len(cluster.computed), cluster.losses, len(sent)) == (4, 1, 2)
        write(PointsWorkshop(Store(tmp_path / "another")), job, clip, out / "alone")
        assert digest(out / "there") == digest(out / "alone")


# --- what is kept -----------------------------------------------------------------------------------


def test_a_piece_that_is_kept_leaves_nothing_large_in_memory(clip: Clip, shop: PointsWorkshop) -> None:
    job = job_about(clip, stop=10)
    done = follow_chunk(job, Chunk(0, 10), clip, Before(no_tracks(0, 0), None))
    assert None not in (done.rows, done.state, done.part)
    kept = PieceKeeper(shop.store).keep(job, done)
    assert (kept.rows, kept.state, kept.part) == (None, None, None)
    assert (kept.start, kept.planned, kept.written) == (0, 10, 10)


def test_tracks_come_back_from_bytes_as_they_were(clip: Clip) -> None:
    tracks = replace(track_points(clip, MANY, stop=6), cuts=(2, 5))
    assert_same(tracks_from_bytes(tracks_to_bytes(tracks)), tracks)
    assert_same(tracks_from_bytes(tracks_to_bytes(no_tracks(3, 9))), no_tracks(3, 9))
