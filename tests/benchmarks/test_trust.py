"""Whether doubt knows where the errors are: on every scene and on Middlebury, beside each single test."""

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.flow_field import endpoint_error
from flowlab.dense.estimator import Flow, Grey
from flowlab.dense.methods import METHODS
from flowlab.dense.trust import Trust, trust
from flowlab.evaluation.sparsification import sparsification
from flowlab.media.flow_files import read_flow
from flowlab.scenes.registry import SCENES, open_scene
from tests.benchmarks.tables import heading, row

PAIRS = ("RubberWhale", "Grove2", "Urban2", "Venus")
KNOBS = ("", "noise=3", "gain=0.05", "speed=5")
COLUMNS = ("combined", "fwd-bwd", "eigenvalue", "residual", "deviation")

Case = tuple[str, Grey, Grey, Flow]


def scene_cases() -> Iterator[Case]:
    for name in SCENES:
        for knobs in KNOBS:
            scene = open_scene(f"{name}?{knobs}" if knobs else name)
            index = 2 if "gain" in knobs else scene.info.frame_count // 2  # later the light has turned back
            yield f"{name} {knobs}", scene.frame(index).grey, scene.frame(index + 1).grey, scene.flow(index)


def middlebury_cases() -> Iterator[Case]:
    root = os.environ.get("FLOWLAB_DATA")
    for name in PAIRS if root else ():
        data = Path(str(root)) / "middlebury"
        files = [data / "other-data" / name / f"frame{n}.png" for n in (10, 11)]
        first, second = (cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2GRAY) for file in files)
        yield name, first, second, read_flow(data / "other-gt-flow" / name / "flow10.flo")


def kitti_cases() -> Iterator[Case]:
    """Yield the one pair that had no part in choosing constants and thresholds."""
    root = os.environ.get("FLOWLAB_DATA")
    if root:
        data = Path(root) / "kitti" / "training"
        files = [data / "image_2" / f"000010_{n}.png" for n in (10, 11)]
        first, second = (cv2.cvtColor(cv2.imread(str(file)), cv2.COLOR_BGR2GRAY) for file in files)
        yield "KITTI 000010", first, second, read_flow(data / "flow_occ" / "000010_10.png")


def areas(error: NDArray[np.float64], found: Trust) -> list[float]:
    """Return the AUSE of the combined doubt and of each test alone, in the order of COLUMNS."""
    ranks = (found.doubt, found.forward_backward, -found.min_eigenvalue, found.residual, found.deviation)
    return [sparsification(error, rank).ause for rank in ranks]


def judged(case: Case, method: str) -> list[float]:
    """Return mean error of all, of the trusted, of the others, the share trusted, and the areas; print them."""
    name, first, second, truth = case
    estimate = METHODS[method].estimate
    flow, backward = estimate(first, second).flow, estimate(second, first).flow
    error, found = endpoint_error(flow, truth), trust(first, second, flow, backward)
    known = ~np.isnan(error)
    kept, left = error[known & found.mask], error[known & ~found.mask]
    means = [float(e.mean()) if e.size else np.nan for e in (error[known], kept, left)]
    numbers = [*means, float(found.mask[known].mean()), *areas(error, found)]
    line(f"{name} {method}", numbers)
    return numbers


def line(what: str, numbers: list[float]) -> None:
    print(f"  {what:<34}" + "".join(f"{number:>11.3f}" for number in numbers))


def test_doubt_ranks_errors_better_than_any_single_test() -> None:
    sources = {"scenes": scene_cases(), "Middlebury": middlebury_cases(), "KITTI": kitti_cases()}
    for title, cases in sources.items():
        heading(f"Trust on {title}: mean error px, share trusted, and area under the sparsification error (AUSE)")
        titles = ("all px", "trusted", "others", "share", *COLUMNS)
        print(f"  {'case':<34}" + "".join(f"{column:>11}" for column in titles))
        table = np.array([judged(case, method) for case in cases for method in METHODS])
        if not len(table):
            print("  no data: set FLOWLAB_DATA")
            continue
        line("mean", list(np.nanmean(table, axis=0)))
        combined, single = table[:, 4], table[:, 5:8]
        row("cases where the combined doubt is better than all three tests", float(np.mean(combined < single.min(1))),
            None, "share")  # fmt: skip
        for column, area in zip(COLUMNS[1:4], single.T, strict=True):
            row(f"AUSE of the combined doubt over that of {column}", float(combined.mean() / area.mean()), 1.0, "")
