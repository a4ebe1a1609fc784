"""A whole clip computed in pieces is, byte for byte, what the plain loop over its pairs gives."""

import io
import itertools
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from flowlab.core.clip import Clip, ClipInfo, Frame
from flowlab.core.resized import at_width
from flowlab.dense.methods import METHODS
from flowlab.dense.outliers import OutlierParameters
from flowlab.engine.running import cancelled_by
from flowlab.errors import CancelledError, ClipNotFoundError, FlowFileError, ParameterError
from flowlab.jobs import dense_chunk
from flowlab.jobs.answer import Answer, answer_pair
from flowlab.jobs.clip_place import ClipPlace, close_clips
from flowlab.jobs.dense_chunk import Home, compute_chunk, compute_in_worker
from flowlab.jobs.dense_job import Chunk, DenseJob
from flowlab.jobs.glitch import carrying
from flowlab.jobs.kept import ChunkDone, PartKeeper
from flowlab.jobs.pairs import stream_pairs
from flowlab.media.encode import encode_png
from flowlab.media.flow_files import encode_flow, read_flow
from flowlab.media.opening import open_media
from flowlab.media.video_parts import PartWriter, join_parts
from flowlab.scenes.registry import open_scene
from flowlab.store.objects import Store, open_store
from tests.flowlab.jobs.test_dense_job import a_job, job_about
from tests.hostile import moving_texture, pngs, write_video

SCENE = open_scene("scene:two-layers?width=160&height=96&frames=40&speed=3")


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video of 24 frames; written once, since an encoder with several threads need not do the same twice."""
    return write_video(tmp_path_factory.mktemp("clips") / "moving.mp4", moving_texture(24))


@pytest.fixture(scope="module")
def video(path: Path) -> Iterator[Clip]:
    clip = open_media(path)
    yield clip
    clip.close()


def by_the_loop(job: DenseJob, clip: Clip) -> list[Answer]:
    """Return the answers of the plain loop over the pairs, in one go."""
    answers = []
    for pair in stream_pairs(clip, job.start, job.stop, job.gap):
        answer = answer_pair(pair, METHODS[job.method], job.parameters)
        answers.append(answer if job.outliers is None else answer.filtered(job.outliers))
    return list(carrying(answers)) if job.output.accumulates else answers


def in_pieces(job: DenseJob, clip: Clip) -> list[ChunkDone]:
    """Return what all pieces gave, computed last first."""
    chunks = job.chunks()
    assert len(chunks) > 1
    return [compute_chunk(job, chunk, clip) for chunk in reversed(chunks)][::-1]


def data_of(done: list[ChunkDone]) -> list[bytes]:
    return list(itertools.chain.from_iterable(piece.data for piece in done))


def decoded(part: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(part)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


# --- files ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["flo", "npz", "kitti"])
@pytest.mark.parametrize("changes", [{}, {"gap": 2}, {"start": 3, "stop": 17}, {"outliers": OutlierParameters()}],
                         ids=["plain", "gap", "range", "filtered"])  # fmt: skip
def test_flow_files_are_those_of_the_plain_loop(video: Clip, kind: str, changes: dict[str, Any]) -> None:
    job = job_about(video, kind, **changes)
    done = in_pieces(job, video)
    alone = [encode_flow(answer.flow, kind, metadata={"first_frame": answer.pair.first.index, "gap": job.gap})
             for answer in by_the_loop(job, video)]  # fmt: skip
    assert data_of(done) == alone
    assert len(alone) == job.pairs
    assert all((piece.written, piece.note) == (piece.planned, "") for piece in done)


def test_a_flow_file_holds_the_known_motion(video: Clip, tmp_path: Path) -> None:
    """The texture moves by (2, 1) px a frame: with a gap of 2 the flow is (4, 2)."""
    done = compute_chunk(job_about(video, gap=2), Chunk(8, 10), video)
    (tmp_path / "it.flo").write_bytes(done.data[0])
    flow = read_flow(tmp_path / "it.flo")
    flow = getattr(flow, "flow", flow)
    assert np.median(flow[..., 0]) == pytest.approx(4, abs=0.2)
    assert np.median(flow[..., 1]) == pytest.approx(2, abs=0.2)


def test_filtered_vectors_are_unknown_in_the_files(video: Clip) -> None:
    strict = OutlierParameters(threshold=0.5)
    plain = compute_chunk(job_about(video), Chunk(0, 1), video).data[0]
    filtered = compute_chunk(job_about(video, outliers=strict), Chunk(0, 1), video).data[0]
    assert filtered != plain


@pytest.mark.parametrize("view", ["colour", "arrows", "trust", "residual"])
def test_pictures_are_the_views_own(video: Clip, view: str) -> None:
    job = job_about(video, "png", view, stop=12)
    assert data_of(in_pieces(job, video)) == [encode_png(job.output.drawn(a)) for a in by_the_loop(job, video)]


def test_a_working_width_is_the_whole_jobs_width(video: Clip) -> None:
    small = at_width(video, 80)
    job = job_about(small, stop=12)
    assert (job.width, job.height) == (80, 60)
    assert data_of(in_pieces(job, small)) == [encode_flow(a.flow, "flo") for a in by_the_loop(job, small)]
    drawn = job_about(small, "video", stop=12)
    assert decoded(in_pieces(drawn, small)[0].data[0])[0].shape == (60, 80, 3)


def test_a_scene_knows_its_truth_in_every_piece() -> None:
    job = job_about(SCENE, "png", "error", stop=12)
    assert data_of(in_pieces(job, SCENE)) == [encode_png(job.output.drawn(a)) for a in by_the_loop(job, SCENE)]


def test_without_truth_there_is_no_error_map(video: Clip) -> None:
    with pytest.raises(ParameterError, match="there is no error map"):
        compute_chunk(job_about(video, "png", "error"), Chunk(0, 4), video)


def test_a_flow_that_the_format_cannot_hold_is_an_error(video: Clip, monkeypatch: pytest.MonkeyPatch) -> None:
    def huge(*arguments: Any) -> Answer:
        answer = answer_pair(*arguments)
        answer.flow[:] = 1e4
        return answer

    monkeypatch.setattr(dense_chunk, "answer_pair", huge)
    with pytest.raises(FlowFileError):
        compute_chunk(job_about(video, "kitti"), Chunk(0, 2), video)


# --- parts of a video -------------------------------------------------------------------------------


def encoded_alone(answers: list[Answer], job: DenseJob, clip: Clip) -> bytes:
    with PartWriter(job.width, job.height, clip.info.fps) as writer:
        for answer in answers:
            writer.write(job.output.drawn(answer), clip.time(answer.pair.first.index))
        return writer.finish()


@pytest.mark.parametrize("view", ["colour", "trust", "arrows"])
def test_each_part_shows_the_views_pictures_at_their_times(video: Clip, view: str) -> None:
    job = job_about(video, "video", view, start=2, gap=2)
    answers = {answer.pair.first.index: answer for answer in by_the_loop(job, video)}
    for chunk, done in zip(job.chunks(), in_pieces(job, video), strict=True):
        mine = [answers[index] for index in range(chunk.start, chunk.stop)]
        assert done.data == (encoded_alone(mine, job, video),)
        assert (done.start, done.planned, done.written) == (chunk.start, chunk.pairs, chunk.pairs)
        for picture, answer in zip(decoded(done.data[0]), mine, strict=True):
            assert np.abs(picture.astype(int) - job.output.drawn(answer)).mean() < 12  # chroma at half the size


def test_the_joined_parts_show_each_pair_when_its_first_frame_was_shown(video: Clip, tmp_path: Path) -> None:
    job = job_about(video, "video", start=3, stop=20)
    join_parts(tmp_path / "out.mp4", data_of(in_pieces(job, video)), video.info.fps)
    clip = open_media(tmp_path / "out.mp4")
    assert (clip.info.frame_count, clip.info.fps) == (16, video.info.fps)
    assert [clip.time(n) for n in range(16)] == [video.time(3 + n) - video.time(3) for n in range(16)]
    clip.close()


@pytest.mark.parametrize("kind", ["png", "video"])
def test_the_glitch_goes_on_as_if_never_interrupted(kind: str) -> None:
    job = job_about(SCENE, kind, "glitch")
    answers = by_the_loop(job, SCENE)
    done = in_pieces(job, SCENE)
    assert [piece.start for piece in done] == [0, 30]
    if kind == "png":
        assert data_of(done) == [encode_png(answer.accumulated) for answer in answers]
    else:
        assert data_of(done) == [encoded_alone(answers[a:b], job, SCENE) for a, b in ((0, 30), (30, 39))]


# --- damage -----------------------------------------------------------------------------------------


@pytest.fixture
def damaged(tmp_path: Path) -> Iterator[Clip]:
    """Twelve pictures of which the ninth was overwritten after the clip was opened."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, data in pngs(moving_texture(12)).items():
        (folder / name).write_bytes(data)
    clip = open_media(folder)
    (folder / "8.png").write_bytes(b"no picture any more")
    yield clip
    clip.close()


@pytest.mark.parametrize(("chunk", "written"), [((0, 7), 7), ((4, 11), 3), ((7, 11), 0), ((9, 11), 2)])
@pytest.mark.parametrize("kind", ["flo", "video"])
def test_damage_ends_a_piece_and_the_readable_pairs_count(
    damaged: Clip, kind: str, chunk: tuple[int, int], written: int
) -> None:
    job = job_about(damaged, kind)
    done = compute_chunk(job, Chunk(*chunk), damaged)
    planned = chunk[1] - chunk[0]
    assert (done.start, done.planned, done.written) == (chunk[0], planned, written)
    assert bool(done.note) == (written < planned)
    assert "\n" not in done.note
    assert len(done.data) == (written if kind == "flo" else min(1, written))
    if kind == "video" and written:
        assert len(decoded(done.data[0])) == written


def test_the_note_says_which_picture_it_is(damaged: Clip) -> None:
    assert "8.png" in compute_chunk(job_about(damaged), Chunk(4, 11), damaged).note


# --- called off -------------------------------------------------------------------------------------


def test_a_piece_that_was_called_off_computes_nothing(video: Clip, estimates: list[int]) -> None:
    cancel = threading.Event()
    cancel.set()
    with cancelled_by(cancel), pytest.raises(CancelledError):
        compute_chunk(job_about(video), Chunk(0, 20), video)
    assert estimates == []


@pytest.fixture
def estimates(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """First frames of the pairs that are estimated, as that happens."""
    seen: list[int] = []

    def noted(pair: Any, *arguments: Any) -> Answer:
        seen.append(pair.first.index)
        return answer_pair(pair, *arguments)

    monkeypatch.setattr(dense_chunk, "answer_pair", noted)
    return seen


class Interrupted:
    """A clip during whose frame `at` somebody sets `cancel`."""

    def __init__(self, clip: Clip, at: int, cancel: threading.Event) -> None:
        self._clip, self._at, self._cancel = clip, at, cancel

    @property
    def info(self) -> ClipInfo:
        return self._clip.info

    def frame(self, index: int) -> Frame:
        return self._clip.frame(index)

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        for frame in self._clip.frames(start, stop, step):
            if frame.index == self._at:
                self._cancel.set()
            yield frame

    def time(self, index: int) -> Fraction:
        return self._clip.time(index)

    def close(self) -> None:
        self._clip.close()


@pytest.mark.parametrize("kind", ["flo", "video"])
def test_a_piece_stops_at_the_pair_at_which_it_is_called_off(video: Clip, kind: str, estimates: list[int]) -> None:
    cancel = threading.Event()
    with cancelled_by(cancel), pytest.raises(CancelledError):
        compute_chunk(job_about(video, kind), Chunk(0, 20), Interrupted(video, 6, cancel))
    assert estimates == [0, 1, 2, 3, 4]  # the pair of frames 5 and 6 was read, and not estimated any more


# --- in a worker ------------------------------------------------------------------------------------


@pytest.fixture
def as_a_worker() -> Iterator[None]:
    threads = cv2.getNumThreads()
    yield
    close_clips()
    cv2.setNumThreads(threads)


@pytest.mark.usefixtures("as_a_worker")
def test_a_worker_opens_the_clip_itself_and_keeps_or_returns_the_piece(video: Clip, path: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "home", quota=10**9)
    content = store.put_file(path)
    place, job, chunk = ClipPlace(content, "moving.mp4"), job_about(video, "video"), Chunk(0, 4)
    returned = compute_in_worker(job, chunk, place, Home.of(store), None)
    assert returned == compute_chunk(job, chunk, video)
    assert PartKeeper().found(store, job, chunk) is None
    kept = compute_in_worker(job, chunk, place, Home.of(store), PartKeeper())
    assert kept.data == ()
    assert PartKeeper().found(store, job, chunk) == kept
    assert (PartKeeper().part(store, job, chunk),) == returned.data
    assert cv2.getNumThreads() == 1


@pytest.mark.usefixtures("as_a_worker")
def test_a_worker_without_the_clip_says_so(tmp_path: Path) -> None:
    with pytest.raises(ClipNotFoundError, match="not on the machine that computes"):
        compute_in_worker(a_job(), Chunk(0, 4), ClipPlace("e" * 64, "x.mp4"), Home.of(Store(tmp_path)), None)


def test_a_home_is_the_stores_own_or_that_of_the_environment(tmp_path: Path, flowlab_home: Path) -> None:
    store = Store(tmp_path / "home", quota=12345678)
    there = Home.of(store).open()
    assert (there.home, there.quota) == (store.home, 12345678)
    dense_chunk._opened.cache_clear()  # one of another test's environment
    assert Home().open().home == open_store().home == flowlab_home
    dense_chunk._opened.cache_clear()
