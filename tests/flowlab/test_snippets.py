"""Copy as Python: the script runs in a fresh process, without streamlit, and computes what the page shows."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from flowlab.core.region import Box, Selection
from flowlab.dense.dis import DisParameters
from flowlab.dense.farneback import FarnebackParameters
from flowlab.dense.methods import METHODS
from flowlab.dense.outliers import OutlierParameters, outliers
from flowlab.jobs.clips import open_clip
from flowlab.jobs.region_job import RegionJob
from flowlab.jobs.region_table import table_of
from flowlab.media.flow_files import read_flow
from flowlab.snippets import dense_flow_script, region_script
from flowlab.tracking.affine.parameters import TrackerParameters
from flowlab.tracking.regions import track_region
from tests.hostile import NAMED, moving_texture, write_video

GUARD = "import sys\nsys.modules['streamlit'] = None  # an import of it would raise\n"


def run_script(script: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", GUARD + script], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("method", "settings"),
    [("farneback", FarnebackParameters(winsize=21, gaussian=True)), ("dis", DisParameters(finest_scale=0, alpha=7.5))],
)
def test_the_script_computes_what_a_direct_call_does(
    method: str, settings: FarnebackParameters | DisParameters, tmp_path: Path
) -> None:
    scene = "scene:two-layers?width=160&height=96&speed=2.5"
    script = dense_flow_script(
        scene, name="two layers", width=120, frame=3, gap=2, method=method, parameters=settings.changed()
    )
    assert "median speed" in run_script(script, tmp_path)
    clip = open_clip(scene, width=120)
    direct = METHODS[method].estimate(clip.frame(3).grey, clip.frame(5).grey, settings).flow
    np.testing.assert_array_equal(read_flow(tmp_path / "flow.flo"), direct)


def test_the_script_takes_out_the_outliers_the_page_takes_out(tmp_path: Path) -> None:
    scene = "scene:two-layers?width=160&height=96&speed=6"
    script = dense_flow_script(
        scene, name="", width=0, frame=0, gap=1, method="dis", parameters={}, outliers={"threshold": 1.5}
    )
    run_script(script, tmp_path)
    clip = open_clip(scene)
    flow = METHODS["dis"].estimate(clip.frame(0).grey, clip.frame(1).grey).flow
    flow[outliers(flow, OutlierParameters(threshold=1.5))] = np.nan
    assert np.isnan(flow).any()
    np.testing.assert_array_equal(read_flow(tmp_path / "flow.flo"), flow)


def test_the_script_tells_the_speed_of_the_region(tmp_path: Path) -> None:
    scene = "scene:two-layers?width=160&height=96&background_speed=0"
    (leaf,) = open_clip(scene).objects(0)  # type: ignore[attr-defined]
    x, y, w, h = leaf.box
    selection = Selection(Box(round(x + w / 3), round(y + h / 3), 24, 16), (Box(round(x + w / 3) + 2.5, 40, 4, 5),))
    script = dense_flow_script(
        scene, name="", width=80, frame=0, gap=1, method="dis", parameters={}, selection=selection
    )
    told = run_script(script, tmp_path)
    clip = open_clip(scene, width=80)
    flow = METHODS["dis"].estimate(clip.frame(0).grey, clip.frame(1).grey).flow
    median = np.median(np.hypot(*flow[selection.mask(48, 80, (2.0, 2.0))].T))
    assert f"median speed {median:.3f} px" in told
    assert abs(median - np.median(np.hypot(*flow.reshape(-1, 2).T))) > 0.05


def test_a_hostile_name_stays_a_remark(tmp_path: Path) -> None:
    """A file name with quotes and a line break cannot become code."""
    path = write_video(tmp_path / NAMED, moving_texture(3))
    name = NAMED + '\nimport os; open("owned", "w")  #'
    script = dense_flow_script(
        str(path), name=name, width=0, frame=0, gap=1, method="farneback", parameters={}, output="out.npz"
    )
    run_script(script, tmp_path)
    assert not (tmp_path / "owned").exists()
    assert read_flow(tmp_path / "out.npz").shape == (120, 160, 2)


PLANE = "scene:planar?width=160&height=96&frames=8"
BOX, DRAWN = Box(60, 30, 36, 30), Box(64, 34, 31, 25)


@pytest.mark.parametrize("tracker", ["flowlab", "ic-affine"])
def test_the_script_follows_the_region_as_a_direct_call_does(tracker: str, tmp_path: Path) -> None:
    parameters = TrackerParameters(levels=1, appearance=False, patience=2)
    script = region_script(
        PLANE, name="planar", width=0, frames=(2, 8), tracker=tracker, parameters=parameters.changed(), box=BOX,
        keyframes={6: BOX, 5: DRAWN},
    )  # fmt: skip
    told = run_script(script, tmp_path)
    with closing(open_clip(PLANE)) as clip:
        direct = track_region(clip, BOX, parameters, tracker=tracker, keyframes={5: DRAWN, 6: BOX}, start=2)
    assert (tmp_path / "track.csv").read_bytes() == table_of(direct)
    assert f"tracked in {direct.believed.mean():.0%} of 6 frames" in told
    assert str(np.round(direct.corners[-1], 1).tolist()) in told


def test_the_script_at_a_working_width_follows_what_the_page_follows(tmp_path: Path) -> None:
    """Its boxes are in working pixels, to the last digit."""
    with closing(open_clip(PLANE, width=70)) as clip:
        job = RegionJob.of(clip.info, (0, 8), BOX, keyframes={5: DRAWN})
        assert job.factor[0] not in (1, 2)
        follower = job.follower()
        rows = job.joined([follower.step(frame) for frame in clip.frames()])
    script = region_script(
        PLANE, name="", width=70, frames=(0, 8), tracker=job.tracker, parameters=job.parameters.changed(),
        box=job.box, keyframes=dict(job.keyframes), factor=job.factor, output="it.csv",
    )  # fmt: skip
    run_script(script, tmp_path)
    assert (tmp_path / "it.csv").read_bytes() == table_of(rows)


def test_a_script_without_keyframes_does_not_speak_of_them() -> None:
    script = region_script(
        PLANE, name="", width=0, frames=(0, 8), tracker="mil", parameters={}, box=Box(60.5, 30, 36, 30)
    )
    assert "keyframes" not in script
    assert "flowlab.Box(60.5, 30, 36, 30)\n" in script
