"""A whole clip from question to file: the same bytes however it was interrupted, and never half a file."""

import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from flowlab.core.clip import Clip
from flowlab.core.files import temporary_name
from flowlab.dense.methods import METHODS
from flowlab.engine.cluster import Cluster
from flowlab.errors import (
    CancelledError,
    ClipError,
    EngineError,
    FlowFileError,
    ParameterError,
    StoreError,
)
from flowlab.jobs import dense_chunk
from flowlab.jobs.answer import Answer, answer_pair
from flowlab.jobs.dense_chunk import compute_chunk
from flowlab.jobs.dense_files import Plan, plan_output
from flowlab.jobs.dense_job import DenseJob
from flowlab.jobs.kept import FileKeeper, PartKeeper
from flowlab.jobs.pairs import stream_pairs
from flowlab.jobs.whole_clip import PRELOAD, Outcome, Workshop
from flowlab.media.encode import encode_png
from flowlab.media.flow_files import encode_flow
from flowlab.media.opening import open_media
from flowlab.store.objects import Store
from tests.flowlab.jobs.test_dense_job import job_about
from tests.flowlab.media.clips import write_clip
from tests.hostile import moving_texture, pngs, write_video

ROOT = Path(__file__).parents[3]
PAIRS = 39


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "moving.mp4", moving_texture(PAIRS + 1))


@pytest.fixture(scope="module")
def clip(video: Path) -> Iterator[Clip]:
    clip = open_media(video)
    yield clip
    clip.close()


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    return Workshop(Store(tmp_path / "home"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def estimates(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """First frames of the pairs that are estimated in this process, as that happens."""
    seen: list[int] = []

    def noted(pair: Any, *arguments: Any) -> Answer:
        seen.append(pair.first.index)
        return answer_pair(pair, *arguments)

    monkeypatch.setattr(dense_chunk, "answer_pair", noted)
    return seen


@dataclass
class Asking:
    """Somebody who asks: takes down what is reported, and may do something about it once pairs are done."""

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
    """Return somebody who cancels, from another thread, once some pairs are done."""
    asking = Asking(after=after)

    def cancel() -> None:
        thread = threading.Thread(target=asking.cancel.set)
        thread.start()
        thread.join()

    asking.then = cancel
    return asking


def write_files(shop: Workshop, job: DenseJob, clip: Clip, out: Path, asking: Asking | None = None,
                *, fresh: bool = False) -> Outcome:  # fmt: skip
    asking = asking or Asking()
    return shop.write_files(job, clip, plan(job, out), asking.report, asking.cancel, fresh=fresh)


def write_video_of(shop: Workshop, job: DenseJob, clip: Clip, out: Path, asking: Asking | None = None,
                   *, fresh: bool = False) -> Outcome:  # fmt: skip
    asking = asking or Asking()
    return shop.write_video(job, clip, out / "out.mp4", asking.report, asking.cancel, fresh=fresh)


def make(shop: Workshop, job: DenseJob, clip: Clip) -> Outcome:
    return shop.make_video(job, clip, Asking().report, threading.Event())


Write = Callable[..., Outcome]
EITHER = pytest.mark.parametrize(("kind", "write"), [("flo", write_files), ("video", write_video_of)])


def plan(job: DenseJob, out: Path) -> Plan:
    return plan_output(out, job.start, job.stop, job.gap, job.output.kind)


def digest(folder: Path) -> dict[str, str]:
    """Return name -> sha256 of everything in a folder, hidden files too."""
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


def leftovers(*folders: Path) -> list[Path]:
    return [path for folder in folders if folder.exists() for path in folder.rglob(".flowlab-*")]


@pytest.fixture(scope="module")
def uninterrupted(clip: Clip, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Return kind -> digest of an uninterrupted run in this process."""
    digests = {}
    for kind, write in (("flo", write_files), ("video", write_video_of)):
        folder = tmp_path_factory.mktemp("uninterrupted")
        write(Workshop(Store(folder / "home")), job_about(clip, kind), clip, folder / "out")
        digests[kind] = digest(folder / "out")
    return digests


# --- in this process --------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["flo", "npz", "kitti", "png"])
def test_every_pair_becomes_the_file_of_the_plain_loop(clip: Clip, shop: Workshop, out: Path, kind: str) -> None:
    job, asking = job_about(clip, kind, start=2, stop=16, gap=2), Asking()
    assert write_files(shop, job, clip, out, asking) == Outcome(12, 12, 0)
    answers = [answer_pair(pair, METHODS["dis"], job.parameters) for pair in stream_pairs(clip, 2, 16, 2)]
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        f"{answer.pair.first.index:06d}{job.output.suffix}": (
            encode_png(job.output.drawn(answer)) if kind == "png" else
            encode_flow(answer.flow, kind, metadata={"first_frame": answer.pair.first.index, "gap": 2})
        ) for answer in answers
    }  # fmt: skip
    assert asking.told[0] == (0, 12, 0)
    assert asking.told[-1] == (12, 12, 0)
    assert asking.told == sorted(asking.told)


def test_one_flow_goes_to_one_file(clip: Clip, shop: Workshop, out: Path) -> None:
    job = job_about(clip, start=7, stop=9)
    assert write_files(shop, job, clip, out / "one.flo") == Outcome(1, 1, 0)
    assert [path.name for path in out.iterdir()] == ["one.flo"]


def test_a_video_has_every_pair_at_its_first_frames_time(clip: Clip, shop: Workshop, out: Path) -> None:
    asking = Asking()
    assert write_video_of(shop, job_about(clip, "video", start=3, gap=2), clip, out, asking) == Outcome(35, 35, 0)
    written = open_media(out / "out.mp4")
    info = written.info
    assert (info.frame_count, info.declared, info.damaged, info.fps) == (35, 35, 0, clip.info.fps)
    assert [written.time(n) for n in range(35)] == [clip.time(3 + n) - clip.time(3) for n in range(35)]
    assert (asking.told[0], asking.told[-1]) == ((0, 35, 0), (35, 35, 0))
    written.close()


def test_uneven_times_are_the_clips_own(tmp_path: Path, shop: Workshop, out: Path) -> None:
    ticks = [0]
    for n in range(19):
        ticks.append(ticks[-1] + (20, 33, 47, 120)[n % 4])
    path = write_clip(tmp_path / "uneven.mp4", 20, ticks=ticks, time_base=Fraction(1, 1000))
    clip = open_media(path)
    times = [clip.time(n) for n in range(20)]
    assert times == [Fraction(tick, 1000) for tick in ticks]
    write_video_of(shop, job_about(clip, "video", start=1), clip, out)
    written = open_media(out / "out.mp4")
    assert written.info.variable_rate
    assert written.info.frame_count == 18
    assert [written.time(n) for n in range(18)] == [times[1 + n] - times[1] for n in range(18)]
    clip.close()
    written.close()


@EITHER
def test_the_same_question_again_is_read_and_not_computed(
    clip: Clip, shop: Workshop, out: Path, kind: str, write: Write, estimates: list[int]
) -> None:
    job = job_about(clip, kind)
    assert write(shop, job, clip, out) == Outcome(PAIRS, PAIRS, 0)
    assert estimates == list(range(PAIRS))
    before, asking = digest(out), Asking()
    assert write(Workshop(Store(shop.store.home)), job, clip, out, asking) == Outcome(PAIRS, PAIRS, PAIRS)
    assert len(estimates) == PAIRS
    assert asking.told == [(PAIRS, PAIRS, PAIRS)]
    assert digest(out) == before


@EITHER
def test_fresh_computes_anew_and_gives_the_same(
    clip: Clip, shop: Workshop, out: Path, kind: str, write: Write, estimates: list[int]
) -> None:
    job = job_about(clip, kind)
    write(shop, job, clip, out)
    before = digest(out)
    assert write(shop, job, clip, out, fresh=True) == Outcome(PAIRS, PAIRS, 0)
    assert len(estimates) == 2 * PAIRS
    assert digest(out) == before


@EITHER
def test_another_question_is_computed(
    clip: Clip, shop: Workshop, out: Path, kind: str, write: Write, estimates: list[int]
) -> None:
    write(shop, job_about(clip, kind), clip, out)
    assert write(shop, job_about(clip, kind, gap=2), clip, out).reused == 0
    assert len(estimates) == PAIRS + PAIRS - 1


def test_a_missing_file_costs_its_piece_only(
    clip: Clip, shop: Workshop, out: Path, estimates: list[int], uninterrupted: dict[str, dict[str, str]]
) -> None:
    job = job_about(clip)
    write_files(shop, job, clip, out)
    estimates.clear()
    (out / "000017.flo").unlink()
    lost = next(chunk for chunk in job.chunks() if chunk.start <= 17 < chunk.stop)
    assert write_files(shop, job, clip, out) == Outcome(PAIRS, PAIRS, PAIRS - lost.pairs)
    assert estimates == list(range(lost.start, lost.stop))
    assert digest(out) == uninterrupted["flo"]


@EITHER
def test_a_second_folder_gets_its_own_files(
    clip: Clip, shop: Workshop, out: Path, kind: str, write: Write, estimates: list[int]
) -> None:
    job = job_about(clip, kind)
    write(shop, job, clip, out)
    write(shop, job, clip, out.with_name("second"))
    assert digest(out) == digest(out.with_name("second"))
    assert len(estimates) == PAIRS * (2 if kind == "flo" else 1)  # the parts of a video are in the store


@EITHER
def test_what_an_error_interrupted_goes_on_where_it_was(
    clip: Clip, shop: Workshop, out: Path, kind: str, write: Write, uninterrupted: dict[str, dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def fail_at_17(pair: Any, *arguments: Any) -> Answer:
        if pair.first.index == 17:
            raise EngineError("the power failed")
        return answer_pair(pair, *arguments)

    job = job_about(clip, kind)
    with monkeypatch.context() as patch:
        patch.setattr(dense_chunk, "answer_pair", fail_at_17)
        with pytest.raises(EngineError, match="the power failed"):
            write(shop, job, clip, out)
    assert not (out / "out.mp4").exists()
    assert not leftovers(out, shop.store.home)
    finished = max(chunk.start for chunk in job.chunks() if chunk.start <= 17)
    assert write(shop, job, clip, out) == Outcome(PAIRS, PAIRS, finished)
    assert digest(out) == uninterrupted[kind]


@EITHER
def test_cancelled_work_stops_soon_and_keeps_what_is_finished(
    clip: Clip, shop: Workshop, out: Path, kind: str, write: Write, estimates: list[int],
    uninterrupted: dict[str, dict[str, str]],
) -> None:  # fmt: skip
    job = job_about(clip, kind)
    asking = canceller(after=10)
    with pytest.raises(CancelledError):
        write(shop, job, clip, out, asking)
    assert len(estimates) == asking.told[-1][0] < PAIRS  # not one pair after it was told
    assert not leftovers(out, shop.store.home)
    assert not (out / "out.mp4").exists()
    keeper = PartKeeper() if kind == "video" else FileKeeper(plan(job, out))
    found = [done for chunk in job.chunks() if (done := keeper.found(shop.store, job, chunk))]
    assert sum(done.written for done in found) == len(estimates)
    finished = len(estimates)
    assert write(shop, job, clip, out) == Outcome(PAIRS, PAIRS, finished)
    assert len(estimates) == PAIRS
    assert digest(out) == uninterrupted[kind]


@EITHER
def test_cancelled_before_it_began_it_computes_nothing(
    clip: Clip, shop: Workshop, out: Path, kind: str, write: Write, estimates: list[int]
) -> None:
    asking = Asking()
    asking.cancel.set()
    with pytest.raises(CancelledError):
        write(shop, job_about(clip, kind), clip, out, asking)
    assert (estimates, digest(out)) == ([], {})


@EITHER
def test_the_order_of_the_pieces_leaves_no_trace(
    clip: Clip, shop: Workshop, out: Path, kind: str, write: Write, uninterrupted: dict[str, dict[str, str]]
) -> None:
    job = job_about(clip, kind)
    keeper = PartKeeper() if kind == "video" else FileKeeper(plan(job, out))
    out.mkdir()
    for chunk in reversed(job.chunks()):
        keeper.keep(shop.store, job, compute_chunk(job, chunk, clip))
    assert write(shop, job, clip, out).reused == PAIRS
    assert digest(out) == uninterrupted[kind]


def test_an_older_video_is_replaced_at_the_end_and_not_before(clip: Clip, shop: Workshop, out: Path) -> None:
    out.mkdir()
    (out / "out.mp4").write_bytes(b"older")
    with pytest.raises(CancelledError):
        write_video_of(shop, job_about(clip, "video"), clip, out, canceller())
    assert (out / "out.mp4").read_bytes() == b"older"
    write_video_of(shop, job_about(clip, "video"), clip, out)
    assert [path.name for path in out.iterdir()] == ["out.mp4"]
    assert (out / "out.mp4").read_bytes() != b"older"


# --- a video in the store ---------------------------------------------------------------------------


def test_a_made_video_is_in_the_store_and_its_parts_are_not(
    clip: Clip, shop: Workshop, out: Path, uninterrupted: dict[str, dict[str, str]]
) -> None:
    job = job_about(clip, "video")
    assert shop.result(job) is None
    made = make(shop, job, clip)
    path = shop.store.path(made.content)
    assert made == Outcome(PAIRS, PAIRS, 0, "", made.content, path.stat().st_size)
    assert sha256(path.read_bytes()).hexdigest() == uninterrupted["video"]["out.mp4"] == made.content
    assert shop.result(job) == made
    assert all(PartKeeper().found(shop.store, job, chunk) is None for chunk in job.chunks())
    assert not leftovers(shop.store.home)


def test_a_made_video_is_there_for_everyone_who_asks(
    clip: Clip, shop: Workshop, out: Path, estimates: list[int], uninterrupted: dict[str, dict[str, str]]
) -> None:
    job = job_about(clip, "video")
    made = make(shop, job, clip)
    assert make(Workshop(Store(shop.store.home)), job, clip) == made
    asking = Asking()
    assert write_video_of(shop, job, clip, out, asking) == Outcome(PAIRS, PAIRS, PAIRS)
    assert asking.told == [(PAIRS, PAIRS, PAIRS)]
    assert len(estimates) == PAIRS
    assert digest(out) == uninterrupted["video"]
    assert shop.result(job_about(clip, "video", gap=2)) is None


def test_a_made_video_that_was_evicted_is_made_again(clip: Clip, shop: Workshop, estimates: list[int]) -> None:
    job = job_about(clip, "video")
    made = make(shop, job, clip)
    shop.store.remove(made.content)
    assert shop.result(job) is None
    assert make(shop, job, clip) == made
    assert len(estimates) == 2 * PAIRS


def test_fresh_does_not_take_a_made_video(clip: Clip, shop: Workshop, out: Path, estimates: list[int]) -> None:
    job = job_about(clip, "video")
    make(shop, job, clip)
    assert write_video_of(shop, job, clip, out, fresh=True) == Outcome(PAIRS, PAIRS, 0)
    assert len(estimates) == 2 * PAIRS


def test_what_make_video_was_stopped_in_it_goes_on_with(clip: Clip, shop: Workshop) -> None:
    job, asking = job_about(clip, "video"), canceller()
    with pytest.raises(CancelledError):
        shop.make_video(job, clip, asking.report, asking.cancel)
    assert shop.result(job) is None
    assert not leftovers(shop.store.home)
    assert make(shop, job, clip).reused == asking.told[-1][0] > 0


# --- what cannot be ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["write", "make"])
def test_a_store_without_room_is_one_error_and_no_file(clip: Clip, tmp_path: Path, out: Path, kind: str) -> None:
    job = job_about(clip, "video")
    sizes = [len(compute_chunk(job, chunk, clip).data[0]) for chunk in job.chunks()]
    small = Workshop(Store(tmp_path / "small", quota=sum(sizes) // 2))
    with pytest.raises(StoreError, match="FLOWLAB_QUOTA"):
        make(small, job, clip) if kind == "make" else write_video_of(small, job, clip, out)
    assert not out.exists() or digest(out) == {}
    assert small.result(job) is None
    assert small.store.used() <= small.store.quota
    assert not leftovers(small.store.home)


def test_a_part_that_fits_nowhere_is_an_error_too(clip: Clip, tmp_path: Path, out: Path) -> None:
    with pytest.raises(StoreError, match="FLOWLAB_QUOTA"):
        write_video_of(Workshop(Store(tmp_path / "tiny", quota=500)), job_about(clip, "video"), clip, out)
    assert digest(out) == {}


@EITHER
def test_a_folder_that_cannot_be_made_is_named_before_anything_is_computed(
    clip: Clip, shop: Workshop, out: Path, kind: str, write: Write, estimates: list[int]
) -> None:
    out.write_bytes(b"a file")
    with pytest.raises(FlowFileError, match=r"the folder ‘.*within’ cannot be made"):
        write(shop, job_about(clip, kind), clip, out / "within")
    assert estimates == []


def test_a_file_in_the_way_of_files_is_an_error(clip: Clip, shop: Workshop, out: Path) -> None:
    (out / "000012.flo").mkdir(parents=True)
    with pytest.raises(FlowFileError, match=r"‘000012\.flo’ cannot be written"):
        write_files(shop, job_about(clip), clip, out)
    assert not leftovers(out)


@pytest.mark.parametrize("made_before", [False, True])
def test_a_video_that_cannot_be_put_there_is_an_error(clip: Clip, shop: Workshop, out: Path, made_before: bool) -> None:
    job = job_about(clip, "video", stop=9)
    if made_before:
        make(shop, job, clip)
    (out / "out.mp4").mkdir(parents=True)
    with pytest.raises(FlowFileError, match=r"‘?out\.mp4’? cannot be written"):
        write_video_of(shop, job, clip, out)
    assert names(out) == ["out.mp4"]


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_view_that_cannot_be_drawn_is_an_error(clip: Clip, shop: Workshop, out: Path) -> None:
    with pytest.raises(ParameterError, match="there is no error map"):
        write_video_of(shop, job_about(clip, "video", "error"), clip, out)
    assert digest(out) == {}


def pictures(folder: Path, count: int, broken: list[int]) -> Clip:
    """Return a clip of pictures, some of which were overwritten after it was opened."""
    folder.mkdir()
    for name, data in pngs(moving_texture(count)).items():
        (folder / name).write_bytes(data)
    clip = open_media(folder)
    for number in broken:
        (folder / f"{number}.png").write_bytes(b"no picture any more")
    return clip


@EITHER
def test_of_a_damaged_clip_the_readable_part_is_written_and_counted(
    tmp_path: Path, shop: Workshop, out: Path, kind: str, write: Write
) -> None:
    clip = pictures(tmp_path / "pictures", 17, [10])
    job = job_about(clip, kind)
    assert [(chunk.start, chunk.stop) for chunk in job.chunks()] == [(0, 4), (4, 8), (8, 12), (12, 16)]
    done = write(shop, job, clip, out)
    assert (done.planned, done.written, done.reused) == (16, 4 + 4 + 1 + 4, 0)
    assert "10.png" in done.note
    if kind == "flo":
        assert names(out) == [f"{n:06d}.flo" for n in (*range(9), *range(12, 16))]
    else:
        written = open_media(out / "out.mp4")
        assert [written.time(n) for n in range(13)] == [clip.time(n) for n in (*range(9), *range(12, 16))]
        written.close()
    again = write(shop, job, clip, out)
    assert (again.planned, again.written, again.note) == (done.planned, done.written, done.note)
    assert again.reused == 13


@EITHER
def test_a_clip_of_which_nothing_can_be_read_is_an_error(
    tmp_path: Path, shop: Workshop, out: Path, kind: str, write: Write
) -> None:
    clip = pictures(tmp_path / "pictures", 9, list(range(9)))
    with pytest.raises(ClipError, match=r"\d\.png"):
        write(shop, job_about(clip, kind), clip, out)
    assert digest(out) == {}
    with pytest.raises(ClipError, match=r"\d\.png"):  # the second time it is known from the records
        write(shop, job_about(clip, kind), clip, out)


@pytest.mark.skipif(sys.platform == "win32", reason="nobody can be asked there whether a process lives")
@EITHER
def test_what_a_killed_process_left_in_the_folder_is_swept(
    clip: Clip, shop: Workshop, out: Path, kind: str, write: Write, uninterrupted: dict[str, dict[str, str]]
) -> None:
    out.mkdir()
    dead = temporary_name(".mp4").replace(f"-{os.getpid()}-", "-99999999-")
    (out / dead).write_bytes(b"half")
    write(shop, job_about(clip, kind), clip, out)
    assert digest(out) == uninterrupted[kind]


# --- in worker processes ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with Cluster(workers=2, preload=PRELOAD, environment={"PYTHONPATH": str(ROOT)}) as cluster:
        yield cluster


@pytest.fixture
def plant(tmp_path: Path, video: Path, cluster: Cluster) -> Workshop:
    """A workshop with two workers, which find the clip in its store."""
    shop = Workshop(Store(tmp_path / "home"), cluster)
    shop.store.put_file(video)
    return shop


@EITHER
def test_workers_give_the_same_bytes(
    clip: Clip, plant: Workshop, out: Path, kind: str, write: Write, estimates: list[int],
    uninterrupted: dict[str, dict[str, str]],
) -> None:  # fmt: skip
    asking, job = Asking(), job_about(clip, kind)
    assert write(plant, job, clip, out, asking) == Outcome(PAIRS, PAIRS, 0)
    assert digest(out) == uninterrupted[kind]
    assert estimates == []  # not in this process
    assert (asking.told[0], asking.told[-1]) == ((0, PAIRS, 0), (PAIRS, PAIRS, 0))
    assert write(Workshop(plant.store), job, clip, out).reused == PAIRS  # what workers kept, this process finds
    assert digest(out) == uninterrupted[kind]


def test_the_glitch_is_the_same_from_workers(clip: Clip, plant: Workshop, tmp_path: Path, out: Path) -> None:
    job = job_about(clip, "video", "glitch")
    alone = Workshop(Store(tmp_path / "another"))
    write_video_of(alone, job, clip, tmp_path / "alone")
    write_video_of(plant, job, clip, out)
    assert digest(out) == digest(tmp_path / "alone")


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
@EITHER
def test_a_worker_that_dies_changes_nothing(
    clip: Clip, plant: Workshop, cluster: Cluster, out: Path, kind: str, write: Write,
    uninterrupted: dict[str, dict[str, str]],
) -> None:  # fmt: skip
    victim = next(iter(cluster.everywhere(os.getpid).values()))
    asking = Asking(then=lambda: os.kill(victim, signal.SIGKILL))
    assert write(plant, job_about(clip, kind), clip, out, asking) == Outcome(PAIRS, PAIRS, 0)
    assert asking.then is None
    assert digest(out) == uninterrupted[kind]
    assert not leftovers(out)


@EITHER
def test_workers_that_were_called_off_leave_finished_pieces(
    clip: Clip, plant: Workshop, out: Path, kind: str, write: Write, uninterrupted: dict[str, dict[str, str]]
) -> None:
    job, asking = job_about(clip, kind), canceller()
    with pytest.raises(CancelledError):
        write(plant, job, clip, out, asking)
    assert not (out / "out.mp4").exists()
    assert not leftovers(out)
    done = write(plant, job, clip, out)
    assert done.written == PAIRS
    assert done.reused >= asking.told[-1][0] > 0
    assert digest(out) == uninterrupted[kind]


def test_two_jobs_at_once_do_not_mix(
    clip: Clip, plant: Workshop, out: Path, uninterrupted: dict[str, dict[str, str]]
) -> None:
    beside = threading.Thread(target=write_files, args=(plant, job_about(clip), clip, out / "files"))
    beside.start()
    write_video_of(plant, job_about(clip, "video"), clip, out / "video")
    beside.join(120)
    assert digest(out / "files") == uninterrupted["flo"]
    assert digest(out / "video") == uninterrupted["video"]


def test_an_error_in_a_worker_is_the_jobs_error(clip: Clip, plant: Workshop, out: Path) -> None:
    with pytest.raises(ParameterError, match="there is no error map"):
        write_video_of(plant, job_about(clip, "video", "error"), clip, out)
    (out / "000012.flo").mkdir()
    with pytest.raises(FlowFileError, match=r"‘000012\.flo’ cannot be written"):
        write_files(plant, job_about(clip), clip, out)


def test_a_clip_that_is_gone_from_the_store_is_an_error(clip: Clip, tmp_path: Path, cluster: Cluster) -> None:
    empty = Workshop(Store(tmp_path / "empty"), cluster)
    job = job_about(clip, "video", content="f" * 64)
    with pytest.raises(ClipError, match="not on the machine that computes"):
        write_video_of(empty, job, _Called(clip, "f" * 64), tmp_path / "out")  # type: ignore[arg-type]


class _Called:
    """A clip that says it has another content."""

    def __init__(self, clip: Clip, content: str) -> None:
        self.info = replace(clip.info, content_hash=content)


def test_joining_leaves_the_disk_its_reserve(
    clip: Clip, tmp_path: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, job = Store(tmp_path / "home"), job_about(clip, "video")
    write_video_of(Workshop(store), job, clip, out)  # every part is finished now
    nearly_full = shutil.disk_usage(store.home)._replace(free=600)
    full = Store(store.home, reserve=500)
    monkeypatch.setattr("flowlab.store.room.shutil.disk_usage", lambda _: nearly_full)
    monkeypatch.setattr(Store, "put_file", lambda *_: pytest.fail("it was written before anybody looked"))
    with pytest.raises(StoreError, match="free some space"):
        Workshop(full).make_video(job, clip, lambda *_: None, threading.Event())
    assert not leftovers(store.home)
