"""flowlab's own Lucas-Kanade: how far its points are from OpenCV's, and how good, stable and fast its flow is."""

import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from flowlab.core.parameters import Preset
from flowlab.dense.lucas_kanade import LucasKanadeParameters, lucas_kanade
from flowlab.dense.methods import METHODS
from flowlab.jobs.clips import open_clip
from flowlab.media.flow_sets import FlowSequence
from flowlab.tracking.transparent import LucasKanadePointParameters, lucas_kanade_points
from tests.benchmarks.tables import heading, median, row
from tests.benchmarks.test_dense import means, pairs

CLIPS = ("slow_traffic_small.mp4", "vtest_480x360_reencode.mp4", "solidWhiteRight.mp4")
STARTS = range(0, 100, 9)
POINTS = LucasKanadePointParameters()
ROUNDS = 15
ITERATIONS = (1, 2, 3, 5, 10, 20)


@pytest.mark.parametrize("name", CLIPS)
def test_points_beside_opencv(name: str, data_folder: Path) -> None:
    p = POINTS
    off, found, times = [], [], []
    with closing(open_clip(data_folder / "clips" / name)) as clip:
        for start in STARTS:
            first, second = (frame.grey for frame in clip.frames(start, start + 2))
            at = cv2.goodFeaturesToTrack(first, 500, 0.01, 7, blockSize=7).reshape(-1, 2)
            theirs, status, _ = cv2.calcOpticalFlowPyrLK(
                first, second, at, None, winSize=(p.window, p.window), maxLevel=p.levels,
                criteria=(cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, p.iterations, p.epsilon),
            )  # fmt: skip
            begin = time.perf_counter()
            ours = lucas_kanade_points(first, second, at, p)
            times.append(1e3 * (time.perf_counter() - begin))
            both = ours.found & status.ravel().astype(bool)
            off.append(np.linalg.norm(ours.there - theirs, axis=1)[both])
            found.append((both.sum(), status.sum(), len(at)))
    distance = np.concatenate(off)
    heading(f"Transparent points beside calcOpticalFlowPyrLK, {name}, {len(STARTS)} pairs, {len(distance)} points")
    kept = row("median distance", float(np.median(distance)), 1e-3, "px")
    kept &= row("off by more than 0.1 px", 100 * float((distance > 0.1).mean()), 3, "%")
    row("99th percentile", float(np.percentile(distance, 99)), None, "px")
    both_found, theirs_found, _ = np.sum(found, axis=0)
    row("found, of those OpenCV finds", 100 * both_found / theirs_found, None, "%")
    row("time a pair", median(times), None)
    assert kept


def test_dense_error_and_stability(data_folder: Path) -> None:
    found = tuple(pair for pair in pairs(data_folder, "middlebury"))
    kept = True
    for preset in LucasKanadeParameters.presets:
        heading(f"Dense Lucas-Kanade, preset {preset.name}: mean endpoint error on four Middlebury pairs")
        limit = 0.65 if preset.values == LucasKanadeParameters() else None
        kept &= row("as it is", epe(found, preset.values), limit, "px")
        best = float("inf")
        for iterations in ITERATIONS:
            reached = epe(found, replace(preset.values, iterations=iterations))
            kept &= row(f"iterations {iterations}", reached, 1.2 * best, "px")
            best = min(best, reached)
    assert kept


def epe(found: tuple[FlowSequence, ...], parameters: LucasKanadeParameters) -> float:
    return means(found, METHODS["lucas-kanade"], Preset("", parameters, ""))["epe"]


def test_dense_time(data_folder: Path) -> None:
    with closing(open_clip(data_folder / "clips" / "vtest_480x360_reencode.mp4")) as clip:
        first, second = (cv2.resize(frame.grey, (640, 480)) for frame in clip.frames(0, 2))
    heading("Dense Lucas-Kanade, a pair of 640x480")
    kept = True
    for preset in LucasKanadeParameters.presets:
        times = []
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            lucas_kanade(first, second, preset.values)
            times.append(1e3 * (time.perf_counter() - begin))
        limit = 100 if preset.values == LucasKanadeParameters() else None
        kept &= row(f"preset {preset.name}", median(times), limit)
        row(f"preset {preset.name}: cost foreseen", 1e3 * METHODS["lucas-kanade"].cost(480, 640, preset.values), None)
    assert kept
