"""Points: how fast whole clips are followed beside the loop that people write, and how right what is kept is."""

import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest

from flowlab.core.region import Selection
from flowlab.engine.cluster import Cluster
from flowlab.evaluation.track_truth import (
    RIGHT,
    coverage,
    drift,
    hidden,
    normalised_variance,
    step_errors,
    track_truth,
    true_displacement,
)
from flowlab.jobs.clips import open_clip
from flowlab.jobs.library import Library
from flowlab.jobs.points_clip import PRELOAD, PointsWorkshop
from flowlab.jobs.points_job import PointsJob
from flowlab.jobs.scales import clip_scales
from flowlab.jobs.track_look import TrackLook
from flowlab.scenes.registry import open_scene
from flowlab.store.objects import DEFAULT_QUOTA, Store
from flowlab.tracking.lucas_kanade import round_trip
from flowlab.tracking.parameters import PointParameters
from flowlab.tracking.points import PointTracker, track_points
from tests.benchmarks.tables import heading, median, row
from tests.flowlab.tracking.opencv_samples import LK

ROOT = Path(__file__).parents[2]
FRAMES = 300
ROUNDS = 3
QUALITIES = (0.3, 0.01)  # the sample's own, which finds about a hundred points, and one that finds several hundred
SAMPLE = PointParameters.preset("lk_track")
ROBUST = PointParameters()
CLIPS = ("slow_traffic_small.mp4", "vtest_480x360_reencode.mp4", "solidWhiteRight.mp4")
SCENES = ("street", "two-layers", "zoom")


# --- how fast --------------------------------------------------------------------------------------


def followed_by_loop(
    frames: Iterator[np.ndarray], tracks: list[list[tuple[float, float]]], quality: float
) -> Iterator[int]:
    """Follow points as OpenCV's sample lk_track does, frame by frame; `tracks` holds the last places of each."""
    previous = None
    for index, grey in enumerate(frames):
        if tracks:
            p0 = np.float32([track[-1] for track in tracks]).reshape(-1, 1, 2)
            p1, _, _ = cv2.calcOpticalFlowPyrLK(previous, grey, p0, None, **LK)
            p0r, _, _ = cv2.calcOpticalFlowPyrLK(grey, previous, p1, None, **LK)
            good = abs(p0 - p0r).reshape(-1, 2).max(-1) < 1
            kept = []
            for track, (x, y), is_good in zip(tracks, p1.reshape(-1, 2), good, strict=True):
                if is_good:
                    track.append((x, y))
                    if len(track) > SAMPLE.trail:
                        del track[0]
                    kept.append(track)
            tracks[:] = kept
        if index % 5 == 0:
            mask = np.full_like(grey, 255)
            for x, y in [np.int32(track[-1]) for track in tracks]:
                cv2.circle(mask, (int(x), int(y)), 5, 0, -1)
            found = cv2.goodFeaturesToTrack(
                grey, mask=mask, maxCorners=500, qualityLevel=quality, minDistance=7, blockSize=7
            )
            if found is not None:
                tracks += [[(x, y)] for x, y in np.float32(found).reshape(-1, 2)]
        previous = grey
        yield index


def loop_video(clip: Path, out: Path, quality: float) -> float:
    """Return the seconds of the sample's loop with its drawing and a video writer around it."""
    start = time.perf_counter()
    reader = cv2.VideoCapture(str(clip))
    pictures: list[np.ndarray] = []

    def frames() -> Iterator[np.ndarray]:
        for _ in range(FRAMES):
            good, picture = reader.read()
            if not good:
                return
            pictures[:] = [picture]
            yield cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)

    size = int(reader.get(cv2.CAP_PROP_FRAME_WIDTH)), int(reader.get(cv2.CAP_PROP_FRAME_HEIGHT))
    writer = cv2.VideoWriter(str(out), cv2.VideoWriter.fourcc(*"mp4v"), reader.get(cv2.CAP_PROP_FPS), size)
    tracks: list[list[tuple[float, float]]] = []
    for _ in followed_by_loop(frames(), tracks, quality):
        drawn = pictures[0].copy()
        for track in tracks:
            cv2.circle(drawn, (int(track[-1][0]), int(track[-1][1])), 2, (0, 255, 0), -1)
        cv2.polylines(drawn, [np.int32(track) for track in tracks], False, (0, 255, 0))
        writer.write(drawn)
    writer.release()
    return time.perf_counter() - start


def job_video(cluster: Cluster, clip: Path, folder: Path, parameters: PointParameters) -> float:
    """Return the seconds of a job that finds nothing done before: reading, following, drawing, encoding, joining."""
    home = next(home for home in (folder / f"home{n}" for n in count()) if not home.exists())
    with closing(Library(Store(home, quota=DEFAULT_QUOTA), one_process=True)) as library:
        opened = open_clip(clip, library=library)
        stop = min(FRAMES, opened.info.frame_count)
        look = TrackLook(trail=parameters.trail, speed=clip_scales(opened).speed)
        job = PointsJob.of(opened.info, (0, stop), parameters, Selection(), look, table=False)
        workshop = PointsWorkshop(library.store, cluster)
        start = time.perf_counter()
        done = workshop.follow(job, opened, lambda *_: None, threading.Event())
        workshop.write_video(job, opened, home.with_suffix(".mp4"))
        took = time.perf_counter() - start
    assert (done.written, done.reused) == (stop, 0), done
    return took


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("name", CLIPS)
def test_whole_clips_against_the_loop(name: str, quality: float, data_folder: Path, tmp_path: Path) -> None:
    clip = data_folder / "clips" / name
    heading(f"Video of {name}, {FRAMES} frames, lk_track at quality {quality:g}: job against the sample's loop")
    sample = replace(SAMPLE, quality=quality)
    loops, jobs, robust = [], [], []
    with closing(Cluster(workers=2, preload=PRELOAD, environment={"PYTHONPATH": str(ROOT)})) as cluster:
        job_video(cluster, clip, tmp_path, sample)  # workers up, files in the system's memory
        for _ in range(ROUNDS):
            loops.append(loop_video(clip, tmp_path / "loop.mp4", quality))
            jobs.append(job_video(cluster, clip, tmp_path, sample))
        robust.append(job_video(cluster, clip, tmp_path, ROBUST))
    row(f"the loop ({', '.join(f'{s:.2f}' for s in loops)} s)", median(loops), None, "s")
    row(f"the job ({', '.join(f'{s:.2f}' for s in jobs)} s)", median(jobs), None, "s")
    row("the job with preset robust, which keeps more points", median(robust), None, "s")
    assert row("job against loop", median(loops) / median(jobs), 1.3, "x", at_least=True)


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("name", CLIPS)
def test_tracking_alone(name: str, quality: float, data_folder: Path) -> None:
    with closing(open_clip(data_folder / "clips" / name)) as clip:
        frames = [frame.grey for frame in clip.frames(0, FRAMES)]
    heading(f"Tracking alone, {name}, {len(frames)} frames in memory, lk_track at quality {quality:g}")
    sample = replace(SAMPLE, quality=quality)
    loops, ours, described, robust = [], [], [], []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        tracks: list[list[tuple[float, float]]] = []
        for _ in followed_by_loop(iter(frames), tracks, quality):
            pass
        loops.append(1e3 * (time.perf_counter() - start) / len(frames))
        for preset, describe, times in ((sample, False, ours), (sample, True, described), (ROBUST, True, robust)):
            start = time.perf_counter()
            tracker = PointTracker(preset, describe=describe)
            for frame in frames:
                tracker.step(frame)
            times.append(1e3 * (time.perf_counter() - start) / len(frames))
    row("the loop, a frame", median(loops), None)
    row("PointTracker, the same work, a frame", median(ours), None)
    row("PointTracker, with texture, likeness and covariances", median(described), None)
    row("PointTracker with preset robust, a frame", median(robust), None)
    assert row("loop against PointTracker", median(loops) / median(ours), 1.0, "x", at_least=True)


# --- how right -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SCENES)
def test_what_is_kept_is_right_and_what_is_right_is_kept(name: str) -> None:
    scene = open_scene(name)
    heading(f"scene:{name}, per step, preset robust")
    kept = right = good = good_kept = covered = false_keeps = 0
    for index in range(0, scene.info.frame_count - 1, 2):
        first, second = scene.frame(index).grey, scene.frame(index + 1).grey
        tracker = PointTracker(ROBUST, start=index)
        born, rows = tracker.step(first), tracker.step(second)
        rows = rows.where(np.isin(rows.track, born.track))
        true = true_displacement(scene.flow(index), born.xy)
        seen = ~hidden(scene.occlusion(index), born.xy) & np.isfinite(true).all(axis=1)
        unfiltered = np.hypot(*(round_trip(first, second, born.xy, ROBUST).there - born.xy - true).T)
        error = np.hypot(*(rows.uv - true).T)
        kept += int((rows.alive & seen).sum())
        right += int((rows.alive & seen & (error <= RIGHT)).sum())
        good += int((seen & (unfiltered < RIGHT)).sum())
        good_kept += int((seen & (unfiltered < RIGHT) & rows.alive).sum())
        covered += int((~seen).sum())
        false_keeps += int((~seen & rows.alive).sum())
    precise = row(f"kept steps within {RIGHT:g} px", 100 * right / kept, 98, "%", at_least=True)
    complete = row("kept of detections that Lucas-Kanade follows right", 100 * good_kept / good, 95, "%", at_least=True)
    row(f"kept of {covered} that are hidden or outside in the next frame", false_keeps, None, "tracks")
    tracks = track_points(scene, ROBUST)
    lived = [step_errors(tracks, scene, frame) for frame in range(1, tracks.stop)]
    errors = np.concatenate([step.errors[step.visible & step.rows.alive] for step in lived])
    errors = errors[np.isfinite(errors)]
    row(f"the same over the tracks' lives, {len(errors)} steps", 100 * float((errors <= RIGHT).mean()), None, "%")
    assert precise
    assert complete


@pytest.mark.parametrize(("knobs", "frames"), [("zoom?speed=3.6", 24), ("zoom?speed=3.6", 30), ("rotation", 30),
                                                ("two-layers", 30), ("street", 30)])  # fmt: skip
def test_drift(knobs: str, frames: int) -> None:
    scene = open_scene(knobs)
    heading(f"scene:{knobs}, drift after {frames} frames" + (", zoom of 2 % a frame" if "zoom" in knobs else ""))
    once = replace(ROBUST, redetect_every=0)
    found = {}
    for title, parameters in (("without", replace(once, affine=False, min_ncc=-1.0)), ("with", once)):
        tracks = track_points(scene, parameters, stop=frames + 1)
        errors = drift(tracks, scene, frames)
        found[title] = errors[np.isfinite(errors)]
        row(
            f"{title} the affine check: median of {len(found[title])} tracks",
            float(np.median(found[title])),
            None,
            "px",
        )
    if "zoom" not in knobs:
        return
    born = track_points(scene, once, stop=1).xy
    seen = ~hidden(scene.occlusion(0, frames), born)
    cured = row("with it", float(np.median(found["with"])), 0.3, "px")
    share = 100 * len(found["with"]) / int(seen.sum())
    many = row(f"tracks it keeps of the {int(seen.sum())} still in the picture", share, 50, "%", at_least=True)
    assert cured
    assert many


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("noise", [3, 4.5, 6])
def test_uncertainty(noise: float, affine: bool) -> None:
    scene = open_scene(f"translation?noise={noise}")
    words = "preset robust" if affine else "preset robust without the affine check"
    heading(f"Uncertainty of a step: translation, noise of {noise:g} grey levels, {words}")
    *_, (_, judged) = track_truth(track_points(scene, replace(ROBUST, affine=affine), stop=25), scene, (1, 25))
    assert judged is not None
    variance, _ = normalised_variance(judged.step_errors, judged.step_covariances)
    (inside,), _ = coverage(judged.step_errors, judged.step_covariances, [0.95])
    since_birth, _ = normalised_variance(judged.drift_errors, judged.drift_covariances)
    row("normalised variance", variance, 1.5, "")
    low = row("normalised variance", variance, 0.7, "", at_least=True)
    row("95 % ellipses that hold the truth", 100 * inside, 98, "%")
    many = row("95 % ellipses that hold the truth", 100 * inside, 90, "%", at_least=True)
    row("normalised variance of positions since the birth", since_birth, None, "")
    assert low
    assert many
    assert variance <= 1.5
    assert inside <= 0.98


@pytest.mark.parametrize(("knobs", "why"), [
    ("translation", "no noise: what errs is reading between pixels, which the covariance does not know"),
    ("zoom?noise=3", "windows stretch"),
    ("two-layers?noise=3", "windows at the rim hold two motions"),
    ("street?noise=3", "two motions, shadows and perspective"),
])  # fmt: skip
def test_uncertainty_elsewhere(knobs: str, why: str) -> None:
    scene = open_scene(knobs)
    heading(f"Uncertainty on scene:{knobs}, not asserted: {why}")
    *_, (_, judged) = track_truth(track_points(scene, ROBUST, stop=25), scene, (1, 25))
    assert judged is not None
    row("normalised variance", normalised_variance(judged.step_errors, judged.step_covariances)[0], None, "")
    (inside,), _ = coverage(judged.step_errors, judged.step_covariances, [0.95])
    row("95 % ellipses that hold the truth", 100 * inside, None, "%")
