"""A clip for workers elsewhere is sent once to each store, whole, in order, and gives the same results there."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flowlab.core.clip import Clip
from flowlab.engine.cluster import Cluster
from flowlab.errors import ClipError, EngineError, StoreError
from flowlab.jobs import shipping
from flowlab.jobs.clip_place import ClipPlace, close_clips
from flowlab.jobs.clips import open_clip
from flowlab.jobs.dense_files import plan_output
from flowlab.jobs.isolated import index_answer
from flowlab.jobs.points_clip import PointsFiles, PointsWorkshop
from flowlab.jobs.shipping import has_clip, ship, take_all, take_index, take_piece
from flowlab.jobs.whole_clip import Outcome, Workshop
from flowlab.media.hashing import file_hash
from flowlab.media.opening import open_media
from flowlab.media.video import VideoClip
from flowlab.store.objects import Store, open_store
from tests.flowlab.jobs.test_dense_job import job_about
from tests.flowlab.jobs.test_points_job import job_about as points_about
from tests.hostile import moving_texture, pngs, write_video

ROOT = Path(__file__).parents[3]
NEVER = threading.Event()


class Elsewhere:
    """Workers in this process, each with a home of its own (or shared); notes who was asked what."""

    def __init__(self, homes: dict[str, Path]) -> None:
        self.homes = homes
        self.calls: list[tuple[str, str, tuple[Any, ...]]] = []

    def everywhere(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        return self.on(list(self.homes), function, *arguments)

    def on(
        self, workers: list[str], function: Callable[..., Any], *arguments: Any, seconds: float = 60
    ) -> dict[str, Any]:
        answers = {}
        for worker in workers:
            self.calls.append((worker, function.__name__, arguments))
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("FLOWLAB_HOME", str(self.homes[worker]))
                answers[worker] = function(*arguments)
        return answers

    def given(self, name: str) -> list[tuple[str, tuple[Any, ...]]]:
        """Return (worker, arguments) of the calls of one function."""
        return [(worker, arguments) for worker, called, arguments in self.calls if called == name]


@pytest.fixture(autouse=True)
def _nothing_stays_open() -> Iterator[None]:
    yield
    close_clips()
    for arriving, _ in shipping._arriving.values():
        arriving.discard()
    shipping._arriving.clear()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


@pytest.fixture
def two(tmp_path: Path) -> Elsewhere:
    return Elsewhere({"a": tmp_path / "home-a", "b": tmp_path / "home-b"})


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clips") / "moving.mp4", moving_texture(40))


def place_of(video: Path, width: int = 0) -> ClipPlace:
    return ClipPlace(file_hash(video), video.name, video, width)


# --- whom it is sent to -----------------------------------------------------------------------------


def test_every_store_gets_the_clip_and_opens_it_under_its_content(video: Path, store: Store, two: Elsewhere) -> None:
    content = file_hash(video)
    shipped = ship(two, place_of(video, 80), store)
    assert shipped == ClipPlace(content, "moving.mp4", None, 80)
    for home in two.homes.values():
        there = Store(home)
        assert there.path(content).read_bytes() == video.read_bytes()
        assert shipped.open(there).info.frame_count == 40
        close_clips()
    assert [worker for worker, _ in two.given("take_all")] == ["a", "b"]


def test_who_has_it_already_is_not_sent_it(video: Path, store: Store, two: Elsewhere) -> None:
    Store(two.homes["a"]).put_file(video)
    ship(two, place_of(video), store)
    assert {worker for worker, _ in two.given("take_piece")} == {"b"}
    two.calls.clear()
    ship(two, place_of(video), store)
    assert [name for _, name, _ in two.calls] == ["has_clip", "has_clip"]


def test_workers_that_share_a_store_get_it_once(video: Path, store: Store, tmp_path: Path) -> None:
    shared = Elsewhere(dict.fromkeys("abcd", tmp_path / "shared"))
    ship(shared, place_of(video), store)
    assert [worker for worker, _ in shared.given("take_all")] == ["a"]


def test_workers_that_share_ours_get_nothing(video: Path, store: Store) -> None:
    content = store.put_file(video)
    ours = Elsewhere({"a": store.home, "b": store.home})
    assert ship(ours, ClipPlace(content, "moving.mp4"), store) == ClipPlace(content, "moving.mp4")
    assert {name for _, name, _ in ours.calls} == {"has_clip"}


def test_a_clip_is_sent_from_the_store_too(video: Path, store: Store, two: Elsewhere) -> None:
    content = store.put_file(video)
    ship(two, ClipPlace(content, "moving.mp4"), store)
    assert all(Store(home).has(content) for home in two.homes.values())


@pytest.mark.parametrize("key", ["scene:two-layers?frames=4", "data:middlebury/Venus"])
def test_what_is_no_file_is_not_sent(key: str, store: Store, two: Elsewhere) -> None:
    place = ClipPlace(key, "it", None, 80)
    assert ship(two, place, store) is place
    assert two.calls == []


# --- how it is sent ---------------------------------------------------------------------------------


def test_it_goes_in_pieces_one_after_another(
    video: Path, store: Store, two: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "_PIECE", 1000)
    ship(two, place_of(video), store)
    size = video.stat().st_size
    for worker in two.homes:
        sent = [arguments for name, arguments in two.given("take_piece") if name == worker]
        assert len({upload for upload, *_ in sent}) == 1
        assert [number for _, _, number, _ in sent] == list(range(-(-size // 1000)))
        assert {announced for _, announced, _, _ in sent} == {size}
        assert b"".join(piece for *_, piece in sent) == video.read_bytes()
        assert max(len(piece) for *_, piece in sent) == 1000
    assert not shipping._arriving


@pytest.mark.parametrize("numbers", [[1], [0, 2], [0, 0, 1, 1], [0, 1, 1], [0, 1, 0, 2]])
def test_pieces_out_of_order_are_refused(numbers: list[int], flowlab_home: Path) -> None:
    with pytest.raises(EngineError, match="a worker was replaced while it was sent the clip"):
        for number in numbers:
            take_piece("upload", 40, number, b"ten bytes!")
    assert not shipping._arriving
    assert not list((flowlab_home / "incoming").glob("*"))  # what had arrived is nobody's any more


def test_two_uploads_at_once_do_not_mix() -> None:
    for number, letter in enumerate("xyz"):
        take_piece("one", 3, number, letter.encode())
        take_piece("two", 3, number, letter.upper().encode())
    take_all("two", sha256(b"XYZ").hexdigest())
    take_all("one", sha256(b"xyz").hexdigest())
    assert has_clip(sha256(b"xyz").hexdigest())
    assert has_clip(sha256(b"XYZ").hexdigest())


def test_what_arrives_otherwise_than_it_was_is_refused(flowlab_home: Path) -> None:
    take_piece("upload", 5, 0, b"wrong")
    with pytest.raises(StoreError, match="altered or cut short"):
        take_all("upload", sha256(b"right").hexdigest())
    assert open_store().used() == 0
    assert not list((flowlab_home / "incoming").iterdir())


def test_a_file_that_changed_since_it_was_opened_is_refused(
    video: Path, store: Store, two: Elsewhere, tmp_path: Path
) -> None:
    other = tmp_path / "other.mp4"
    other.write_bytes(video.read_bytes() + b"!")
    with pytest.raises(StoreError, match="altered or cut short"):
        ship(two, ClipPlace(file_hash(video), "moving.mp4", other), store)


def test_a_worker_without_room_says_so(
    video: Path, store: Store, two: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWLAB_QUOTA", "1000")
    with pytest.raises(StoreError, match="FLOWLAB_QUOTA"):
        ship(two, place_of(video), store)
    assert not any(list((home / "incoming").glob("*")) for home in two.homes.values() if home.exists())


@pytest.mark.parametrize("name", ["gone.mp4", "gone"])
def test_a_file_that_is_gone_is_named(name: str, store: Store, two: Elsewhere, tmp_path: Path) -> None:
    with pytest.raises(ClipError, match=rf"‘{name}’ cannot be read"):
        ship(two, ClipPlace("e" * 64, name, tmp_path / name), store)
    assert not two.given("take_piece")


# --- what goes with it ------------------------------------------------------------------------------


def test_a_folder_of_pictures_is_packed_and_holds_the_same(store: Store, two: Elsewhere, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name, data in pngs(moving_texture(12)).items():
        (folder / name).write_bytes(data)
    (folder / "notes.txt").write_text("no picture")
    with closing(open_media(folder)) as clip:
        shipped = ship(two, ClipPlace(clip.info.content_hash, "pictures", folder), store)
        assert shipped == ship(two, ClipPlace(clip.info.content_hash, "pictures", folder), store)
        assert len(two.given("take_all")) == 2  # once for each store
        there = shipped.open(Store(two.homes["b"]))
        assert there.info.frame_count == 12
        for index in (0, 1, 2, 10, 11):  # natural order: 10.png is not behind 1.png
            np.testing.assert_array_equal(there.frame(index).rgb, clip.frame(index).rgb)


def test_a_known_index_goes_along(video: Path, store: Store, two: Elsewhere) -> None:
    content = file_hash(video)
    with closing(open_media(video)) as clip:
        assert isinstance(clip, VideoClip)
        index = clip.index.to_bytes()
    store.put_answer(index_answer(content), index)
    ship(two, place_of(video), store)
    assert [Store(home).answer(index_answer(content)) for home in two.homes.values()] == [index, index]


def test_without_an_index_none_is_sent(video: Path, store: Store, two: Elsewhere) -> None:
    ship(two, place_of(video), store)
    assert not two.given("take_index")


def test_an_index_that_is_there_stays() -> None:
    take_index("e" * 64, b"first")
    take_index("e" * 64, b"second")
    assert open_store().answer(index_answer("e" * 64)) == b"first"


def test_a_clip_that_was_asked_for_counts_as_used(video: Path) -> None:
    content = open_store().put_file(video)
    os.utime(open_store().path(content), (1, 1))
    assert has_clip(content)
    (kept,) = (path for path in (open_store().home / "objects").rglob("*") if path.is_file())
    assert kept.stat().st_mtime > 1
    assert not has_clip("e" * 64)


# --- a real cluster elsewhere -----------------------------------------------------------------------

linux = pytest.mark.skipif(sys.platform != "linux", reason="ends processes by their group")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_dask(command: str, *arguments: str, home: Path) -> "subprocess.Popen[bytes]":
    """Start a scheduler or a worker as anybody would, in a folder and with a FLOWLAB_HOME of its own."""
    (home / "here").mkdir(parents=True)
    program = f"from distributed.cli.dask_{command} import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments, "--no-dashboard"], cwd=home / "here",
        env=os.environ | {"PYTHONPATH": str(ROOT), "FLOWLAB_HOME": str(home / "store")},
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Homes of the two workers elsewhere."""
    folder = tmp_path_factory.mktemp("elsewhere")
    return [folder / "one", folder / "two"]


@pytest.fixture(scope="module")
def elsewhere(homes: list[Path]) -> Iterator[Cluster]:
    """A scheduler and two workers that share nothing with this process but the network."""
    address = f"tcp://127.0.0.1:{free_port()}"
    once = ["--dashboard-address", "127.0.0.1:0"]
    processes = [start_dask("scheduler", "--host", address, *once, home=homes[0].with_name("scheduler"))]
    try:
        for home in homes:
            processes.append(
                start_dask("worker", address, "--nthreads", "1", "--host", "127.0.0.1", "--no-nanny",
                           "--local-directory", str(home / "scratch"), home=home)
            )  # fmt: skip
        with closing(Cluster(address)) as cluster:
            _wait_for_workers(cluster, len(homes))
            yield cluster
    finally:
        for process in processes:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for_workers(cluster: Cluster, count: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            cluster.start()
            if len(cluster.everywhere(os.getpid)) == count:
                return
        except EngineError:  # not up yet
            pass
        assert time.monotonic() < deadline, "the workers did not come up"
        time.sleep(0.1)


def write(shop: Workshop, kind: str, clip: Clip, out: Path) -> Outcome:
    job = job_about(clip, kind)
    if kind == "video":
        return shop.write_video(job, clip, out / "out.mp4", lambda *_: None, NEVER)
    return shop.write_files(job, clip, plan_output(out, 0, job.stop, 1, kind), lambda *_: None, NEVER)


def digest(folder: Path) -> dict[str, str]:
    return {path.name: sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@linux
@pytest.mark.parametrize("kind", ["video", "flo"])
def test_workers_elsewhere_give_the_same_bytes(
    video: Path, elsewhere: Cluster, homes: list[Path], tmp_path: Path, kind: str
) -> None:
    with closing(open_clip(video)) as clip:
        alone = write(Workshop(Store(tmp_path / "alone-home")), kind, clip, tmp_path / "alone")
        there = write(Workshop(Store(tmp_path / "home"), elsewhere), kind, clip, tmp_path / "there")
        assert there == alone == Outcome(39, 39, 0)
        assert digest(tmp_path / "there") == digest(tmp_path / "alone")
        again = write(Workshop(Store(tmp_path / "home"), elsewhere), kind, clip, tmp_path / "there")
        assert again == Outcome(39, 39, 39)  # what they computed is kept here
    for home in homes:
        assert Store(home / "store").has(file_hash(video))
        assert list((home / "here").iterdir()) == []  # and nothing where they were started


@linux
def test_tracks_from_workers_elsewhere_are_the_same(video: Path, elsewhere: Cluster, tmp_path: Path) -> None:
    """They are sent the tracker's state and the rows that trails reach back to, and send back all that came of it."""
    with closing(open_clip(video)) as clip:
        job = points_about(clip)
        for name, cluster in (("alone", None), ("there", elsewhere)):
            shop, out = PointsWorkshop(Store(tmp_path / f"{name}-home"), cluster), tmp_path / name
            shop.follow(replace(job, look=None), clip, lambda *_: None, NEVER)  # the video is drawn later, by them all
            done = shop.write(job, clip, PointsFiles(out / "t.csv", out / "v.mp4"), lambda *_: None, NEVER)
            assert (done.planned, done.written, done.reused) == (40, 40, 40)
        assert digest(tmp_path / "there") == digest(tmp_path / "alone")
        other = replace(job, start=1)  # followed and drawn at once
        for name, cluster in (("alone", None), ("there", elsewhere)):
            shop = PointsWorkshop(Store(tmp_path / f"{name}-home"), cluster)
            made = shop.make(other, clip, lambda *_: None, NEVER)
            assert (made.planned, made.written, made.reused) == (39, 39, 0)
        assert made == PointsWorkshop(Store(tmp_path / "alone-home")).result(other)


@linux
def test_a_clip_lost_elsewhere_is_sent_again(
    video: Path, elsewhere: Cluster, homes: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that is replaced in the middle has an empty store: its pieces are computed by the next attempt."""
    tried: list[ClipPlace] = []
    really = ship

    def forgetful(workers: Cluster, place: ClipPlace, store: Store) -> ClipPlace:
        tried.append(place)
        if len(tried) > 1:
            return really(workers, place, store)
        return ClipPlace(place.key, place.name)  # says so, and has sent nothing

    clip_path = write_video(tmp_path / "another.mp4", moving_texture(24))
    monkeypatch.setattr("flowlab.jobs.whole_clip.ship", forgetful)
    with closing(open_clip(clip_path)) as clip:
        done = write(Workshop(Store(tmp_path / "home"), elsewhere), "video", clip, tmp_path / "there")
        assert (done.written, len(tried)) == (23, 2)


@linux
def test_a_scene_needs_nothing_sent(elsewhere: Cluster, tmp_path: Path) -> None:
    with closing(open_clip("scene:two-layers?width=160&height=96&frames=12")) as clip:
        write(Workshop(Store(tmp_path / "alone-home")), "video", clip, tmp_path / "alone")
        write(Workshop(Store(tmp_path / "home"), elsewhere), "video", clip, tmp_path / "there")
        assert digest(tmp_path / "there") == digest(tmp_path / "alone")
