"""Whether doubt knows where the errors are: on every scene and on Middlebury, beside each single test."""

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import plotly
from numpy.typing import NDArray
from playwright.sync_api import Browser

from flowlab.core.flow_field import endpoint_error
from flowlab.dense.estimator import Flow, Grey
from flowlab.dense.methods import METHODS
from flowlab.dense.trust import Trust, trust
from flowlab.drawing.plots import sparsification_plot
from flowlab.evaluation.sparsification import sparsification
from flowlab.media.flow_files import read_flow
from flowlab.scenes.registry import SCENES, open_scene
from tests.benchmarks.tables import heading, row

PAIRS = ("RubberWhale", "Grove2", "Urban2", "Venus")
KNOBS = ("", "noise=3", "gain=0.05", "speed=5")
COLUMNS = ("combined", "fb error", "eigenvalue", "residual", "deviation")

PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"

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


CASES = {
    "Middlebury": middlebury_cases,
    "the scenes, with noise": lambda: (c for c in scene_cases() if "noise" in c[0]),
}


def curves(cases: Iterator[Case]) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean sparsification curve of each test over cases and methods, the best possible, and the shares.

    Every curve is divided by the mean error of all pixels of its case, so that each case counts alike.
    """
    sums: dict[str, list[NDArray[np.float64]]] = {}
    best = []
    for _, first, second, truth in cases:
        for method in METHODS.values():
            flow, backward = method.estimate(first, second).flow, method.estimate(second, first).flow
            error, found = endpoint_error(flow, truth), trust(first, second, flow, backward)
            ranks = (found.doubt, found.forward_backward, -found.min_eigenvalue, found.residual, found.deviation)
            for name, rank in zip(COLUMNS, ranks, strict=True):
                curve = sparsification(error, rank)
                sums.setdefault(name, []).append(curve.error / curve.mean_error)
            best.append(curve.oracle / curve.mean_error)
    return {name: np.mean(rows, axis=0) for name, rows in sums.items()}, np.mean(best, axis=0), curve.kept


def test_figure_of_error_against_share_kept(browser: Browser, tmp_path: Path) -> None:
    """Draw docs/trust.png anew; it is kept where FLOWLAB_FIGURES names a folder."""
    heading("Figure: error of what is kept against share kept")
    page = browser.new_page(viewport={"width": 1120, "height": 380}, device_scale_factor=2)
    page.set_content(
        '<body style="margin:0;display:flex;background:#FBFBF9"><div id="a"></div><div id="b"></div></body>'
    )
    page.add_script_tag(path=PLOTLY)
    for place, (title, cases) in zip("ab", CASES.items(), strict=False):
        if title == "Middlebury" and not os.environ.get("FLOWLAB_DATA"):
            continue
        measured, best, kept = curves(cases())
        figure = sparsification_plot(kept, measured, best, unit="of the mean of all")
        figure.update_layout(
            title={"text": f"On {title}", "font": {"size": 15}, "y": 0.97}, width=560, height=380, margin_t=95
        )
        page.evaluate("([id, text]) => { const f = JSON.parse(text); return Plotly.react(id, f.data, f.layout); }",
                      [place, figure.to_json()])  # fmt: skip
    folder = Path(os.environ.get("FLOWLAB_FIGURES") or tmp_path)
    page.screenshot(path=folder / "trust.png")
    page.close()
    print(f"  drawn: {folder / 'trust.png'}")
