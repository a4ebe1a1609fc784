"""How fast the scenes render, and how true their truth is."""

import time

import numpy as np
import pytest

from flowlab.core.resample import warp_back
from flowlab.scenes.registry import SCENES, open_scene
from tests.benchmarks.tables import heading, median, row

FRAMES = 12
SLOWEST = {"street": 8.0}  # frames/s asked of each scene; 20 of the others


def test_frames_a_second() -> None:
    heading("Scenes: frames/s at 640x360, one after another, knobs at their defaults")
    for name in SCENES:
        scene = open_scene(f"scene:{name}?width=640&height=360")
        start = time.perf_counter()
        scene.frame(0)
        first = time.perf_counter() - start
        times = []
        for index in range(1, FRAMES + 1):
            start = time.perf_counter()
            scene.frame(index)
            times.append(time.perf_counter() - start)
        row(name, 1 / median(times), SLOWEST.get(name, 20.0), "1/s", at_least=True)
        row(f"{name}: first frame, textures painted", first, None, "s")


@pytest.mark.parametrize("texture", [1.5, 4.0])
def test_photometric_error_at_the_truth(texture: float) -> None:
    heading(f"Scenes: mean |second frame warped back by the truth - first|, grey levels, texture {texture:g} px")
    for name in SCENES:
        scene = open_scene(f"scene:{name}?width=640&height=360&texture={texture:g}")
        truth, first, second = scene.flow(10), scene.frame(10).grey, scene.frame(11).grey
        seen = ~scene.occlusion(10)

        def error(shift: tuple[float, float], truth=truth, first=first, second=second, seen=seen) -> float:
            return float(np.nanmean(np.abs(warp_back(second, truth + np.float32(shift)) - first)[seen]))

        here = error((0, 0))
        row(name, here, 1.0, "levels")
        beside = min(error((0.1 * np.cos(a), 0.1 * np.sin(a))) for a in np.arange(8) * np.pi / 4)
        row(f"{name}: the least of 8 directions at 0.1 px, above it", beside - here, 0.0, "levels", at_least=True)
