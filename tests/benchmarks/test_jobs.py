"""What whole clips cost in worker processes, beside the loop that people write, and what the processes themselves cost.

The time of a job is that of `Workshop.write_video` with the workers up, the clip open and its index known,
in an empty FLOWLAB_HOME: reading, estimating, colouring, encoding, and joining the parts. Opening and indexing the
clip, measuring its colour scale and starting the workers are printed apart.
"""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from flowlab.core.parameters import Parameters
from flowlab.dense.dis import DisParameters
from flowlab.dense.farneback import FarnebackParameters
from flowlab.engine.cluster import Cluster, Piece
from flowlab.jobs.clips import open_clip
from flowlab.jobs.dense_files import VIDEO, Output
from flowlab.jobs.dense_job import DenseJob
from flowlab.jobs.library import Library
from flowlab.jobs.scales import clip_scales
from flowlab.jobs.views import Look
from flowlab.jobs.whole_clip import PRELOAD, Workshop
from flowlab.media.video_parts import PART_CRF, PART_PRESET
from flowlab.media.video_writer import VideoWriter
from flowlab.store.objects import DEFAULT_QUOTA, Store
from tests.benchmarks import chores
from tests.benchmarks.tables import heading, median, row

ROOT = Path(__file__).parents[2]
FLOWS = 300
CHUNK_SECONDS = 2.0  # as a job cuts a clip that is long enough
ENCODED = f"x264 {PART_PRESET}, crf {PART_CRF}"

Estimate = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Bench:
    """A clip, and a folder where every run has a FLOWLAB_HOME of its own."""

    clip: Path
    folder: Path
    look: Look

    def job(self, cluster: Cluster, method: str, parameters: Parameters, flows: int = FLOWS) -> tuple[float, Path]:
        """Return the seconds of a job that finds nothing done before, and its video."""
        home = next(home for home in (self.folder / f"home{n}" for n in count()) if not home.exists())
        out = home.with_suffix(".mp4")
        with closing(Library(Store(home, quota=DEFAULT_QUOTA), one_process=True)) as library:
            clip = open_clip(self.clip, library=library)
            info = clip.info
            job = DenseJob(info.content_hash, info.name, info.width, info.height, 0, flows + 1, 1, method, parameters,
                           Output(VIDEO, "colour", self.look))  # fmt: skip
            start = time.perf_counter()
            workshop = Workshop(library.store, cluster)
            done = workshop.write_video(job, clip, out, lambda *_: None, threading.Event())
            took = time.perf_counter() - start
        assert (done.written, done.reused) == (flows, 0), done
        return took, out

    def loop(self, estimate: Estimate, flows: int = FLOWS) -> tuple[float, Path]:
        """Return the seconds of the script that people write, in this process, and its video."""
        out = self.folder / "loop.mp4"
        start = time.perf_counter()
        reader = cv2.VideoCapture(str(self.clip))
        _, first = reader.read()
        size = (first.shape[1], first.shape[0])
        writer = cv2.VideoWriter(str(out), cv2.VideoWriter.fourcc(*"mp4v"), reader.get(cv2.CAP_PROP_FPS), size)
        before = cv2.cvtColor(first, cv2.COLOR_BGR2GRAY)
        hsv = np.zeros_like(first)
        hsv[..., 1] = 255
        for _ in range(flows):
            grey = cv2.cvtColor(reader.read()[1], cv2.COLOR_BGR2GRAY)
            flow = estimate(before, grey)
            speed, angle = cv2.cartToPolar(flow[..., 0], flow[..., 1])
            hsv[..., 0] = angle * 180 / np.pi / 2
            hsv[..., 2] = cv2.normalize(speed, None, 0, 255, cv2.NORM_MINMAX)
            writer.write(cv2.cvtColor(hsv, cv2.COLOR_HSV2BGR))
            before = grey
        writer.release()
        return time.perf_counter() - start, out


def bench_on(clip: Path, folder: Path) -> Bench:
    """Open the clip once, print what comes before every job of it, and return where its jobs run."""
    with closing(Library(Store(folder / "scale", quota=DEFAULT_QUOTA), one_process=True)) as library:
        library.start()
        start = time.perf_counter()
        opened = open_clip(clip, library=library)
        indexed = time.perf_counter()
        look = Look.of(clip_scales(opened, 1))
        scaled = time.perf_counter()
        frames = opened.info.frame_count
    row(f"before it: checking and indexing the {frames} frames", indexed - start, None, "s")
    row("before it: the colour scale of the clip", scaled - indexed, None, "s")
    return Bench(clip, folder, look)


@contextmanager
def started(workers: int, times: list[float] | None = None) -> Iterator[Cluster]:
    """Give fresh workers that have answered once; the seconds until then go into `times`."""
    start = time.perf_counter()
    with closing(Cluster(workers=workers, preload=PRELOAD, environment={"PYTHONPATH": str(ROOT)})) as cluster:
        list(cluster.run([Piece("first", math.sqrt, (4.0,), "the first piece")]))
        if times is not None:
            times.append(time.perf_counter() - start)
        yield cluster


@pytest.fixture
def traffic(data_folder: Path) -> Path:
    return data_folder / "clips" / "slow_traffic_small.mp4"


def farneback(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return cv2.calcOpticalFlowFarneback(first, second, None, 0.5, 3, 15, 3, 5, 1.2, 0)


def told(values: list[float]) -> str:
    return ", ".join(f"{value:.1f}" for value in values)


def size_row(what: str, path: Path) -> None:
    row(what, path.stat().st_size / 1e6, None, "MB")


def test_farneback_video(traffic: Path, tmp_path: Path) -> None:
    heading(f"Dense video of {FLOWS} flows, Farneback (tutorial), 640x360, two workers, {ENCODED}")
    bench = bench_on(traffic, tmp_path)
    starts, jobs, loops = [], [], []
    for _ in range(3):
        seconds, looped = bench.loop(farneback)
        loops.append(seconds)
        with started(2, starts) as cluster:
            seconds, video = bench.job(cluster, "farneback", FarnebackParameters())
        jobs.append(seconds)
    first = row("two workers, from nothing to the first result (first in process)", starts[0], 2, "s")
    row(f"the same again ({told(starts[1:])} s)", median(starts[1:]), None, "s")
    row(f"loop with cv2 alone ({told(loops)} s)", median(loops), None, "s")
    row(f"job, workers up ({told(jobs)} s)", median(jobs), None, "s")
    size_row("size of the loop's video, mp4v", looped)
    size_row(f"size of the job's video, {ENCODED}", video)
    fast = row("job against loop (ceiling 1.8)", median(loops) / median(jobs), 1.5, "x", at_least=True)
    assert fast
    assert first


def test_dis_video(traffic: Path, tmp_path: Path) -> None:
    heading(f"Dense video of {FLOWS} flows, DIS (medium), 640x360, two workers, {ENCODED}")
    bench = bench_on(traffic, tmp_path)
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    threads = cv2.getNumThreads()
    times: dict[str, list[float]] = {"loop": [], "one": [], "job": []}
    for _ in range(3):
        times["loop"].append(bench.loop(lambda first, second: dis.calc(first, second, None))[0])
        try:
            cv2.setNumThreads(1)
            times["one"].append(bench.loop(lambda first, second: dis.calc(first, second, None))[0])
        finally:
            cv2.setNumThreads(threads)
        with started(2) as cluster:
            seconds, video = bench.job(cluster, "dis", DisParameters())
        times["job"].append(seconds)
    loop, one, job = (median(values) for values in times.values())
    row(f"loop with cv2 alone, {threads} threads ({told(times['loop'])} s)", loop, None, "s")
    row(f"loop with cv2 alone, 1 thread ({told(times['one'])} s)", one, None, "s")
    row(f"job, workers up ({told(times['job'])} s)", job, None, "s")
    size_row(f"size of the job's video, {ENCODED}", video)
    single = row("job against the loop on one thread", one / job, 1.5, "x", at_least=True)
    default = row("job against the loop as it is", loop / job, 0.9, "x", at_least=True)
    assert single
    assert default


def test_second_worker(traffic: Path, tmp_path: Path) -> None:
    flows = FLOWS // 2
    heading(f"Dense video of {flows} flows, Farneback (tutorial), 640x360: the second worker")
    bench = bench_on(traffic, tmp_path)
    times: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(3):
        for workers, taken in times.items():
            with started(workers) as cluster:
                taken.append(bench.job(cluster, "farneback", FarnebackParameters(), flows)[0])
    row(f"one worker ({told(times[1])} s)", median(times[1]), None, "s")
    row(f"two workers ({told(times[2])} s)", median(times[2]), None, "s")
    assert row("one against two", median(times[1]) / median(times[2]), 1.6, "x", at_least=True)


def test_overhead() -> None:
    heading("What the engine takes beside the pieces, two workers")
    workers, busy = 2, 20.0  # seconds of work in all

    def run(work: float, number: int) -> tuple[float, float]:
        """Return the seconds it took, and those the pieces say they computed."""
        start = time.perf_counter()
        made = [took for _, took in cluster.run(Piece(str(n), chores.filter_for, (work,), "") for n in range(number))]
        assert len(made) == number
        return time.perf_counter() - start, sum(made)

    def over(work: float) -> float:
        """Return the ms that pass beside every second of work, in pieces of `work` seconds."""
        took, computed = run(work, round(busy / work))
        return 1e3 * (took * workers - computed) / computed

    with started(workers) as cluster:
        run(0.1, 20)
        empty = [1e3 * run(0, 200)[0] / 200 for _ in range(3)]
        short, chunks = over(0.25), over(CHUNK_SECONDS)
    row("a piece that does nothing, wall clock", median(empty), None)
    row("beside every second of work in pieces of 0.25 s", short, None)
    assert row(f"beside every second of work in chunks of {CHUNK_SECONDS:g} s", chunks, 5)


@pytest.fixture
def long_clip(traffic: Path, tmp_path: Path) -> Path:
    """A clip of 3,001 frames of 320x180: the real one, again and again."""
    path = tmp_path / "long.mp4"
    with closing(open_clip(traffic, width=320)) as clip:
        fps = clip.info.fps
        frames = [frame.rgb for frame in clip.frames()]
    height, width = frames[0].shape[:2]
    with VideoWriter(path, width, height, fps, preset="ultrafast") as video:
        for number in range(10 * FLOWS + 1):
            video.write(frames[number % len(frames)])
    return path


def test_long_clip(long_clip: Path, tmp_path: Path) -> None:
    heading(f"Ten times as many frames: DIS (medium), 320x180, two workers, {ENCODED}")
    bench = bench_on(long_clip, tmp_path)
    peaks: dict[int, list[float]] = {FLOWS: [], 10 * FLOWS: []}
    costs: dict[int, list[float]] = {FLOWS: [], 10 * FLOWS: []}
    with started(2) as cluster:
        for flows in (FLOWS, 10 * FLOWS, FLOWS, FLOWS, 10 * FLOWS, FLOWS, FLOWS):
            cluster.everywhere(chores.forget_peak)
            seconds, _ = bench.job(cluster, "dis", DisParameters(), flows)
            costs[flows].append(1e3 * seconds / flows)
            peaks[flows].append(max(cluster.everywhere(chores.peak_megabytes).values()))
    short, long = (median(values) for values in costs.values())
    row(f"a frame of {FLOWS} ({told(costs[FLOWS])} ms)", short, None)
    row(f"a frame of {10 * FLOWS} ({told(costs[10 * FLOWS])} ms)", long, None)
    row(f"peak memory of a worker, {FLOWS} frames", min(peaks[FLOWS]), None, "MB")
    lean = row(f"peak memory of a worker, {10 * FLOWS} frames", max(peaks[10 * FLOWS]), min(peaks[FLOWS]) + 30, "MB")
    even = row("difference of the cost per frame", 100 * abs(long / short - 1), 10, "%")
    assert lean
    assert even
