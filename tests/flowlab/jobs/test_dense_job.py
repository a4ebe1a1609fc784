"""The question of a whole clip: its key changes with the answer and with nothing else, its pieces miss no pair."""

import dataclasses
import pickle
import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.core.clip import Clip
from flowlab.core.parameters import Parameters
from flowlab.dense.methods import METHODS
from flowlab.dense.outliers import OutlierParameters
from flowlab.dense.trust import TrustParameters
from flowlab.jobs import dense_job
from flowlab.jobs.dense_files import AS, Output
from flowlab.jobs.dense_job import Chunk, DenseJob
from flowlab.jobs.glitch import MOST_FRAMES
from flowlab.jobs.views import VIEWS, Look

ROOT = Path(__file__).parents[3]
DIS = METHODS["dis"]
LOOK = Look(scale=5)


def a_job(kind: str = "flo", view: str = "colour", **changes: Any) -> DenseJob:
    """Return a job about 40 frames of 160x120, changed as asked."""
    output = Output(kind, view, LOOK) if kind in ("png", "video") else Output(kind)
    job = DenseJob("c" * 64, "moving.mp4", 160, 120, 0, 40, 1, "dis", DIS.parameters(), output)
    return replace(job, **changes)


def job_about(clip: Clip, kind: str = "flo", view: str = "colour", **changes: Any) -> DenseJob:
    """Return the job about all frames of `clip`, changed as asked."""
    info = clip.info
    facts = {"content": info.content_hash, "clip_name": info.name, "width": info.width, "height": info.height}
    return a_job(kind, view, **(facts | {"stop": info.frame_count} | changes))


def others(parameters: Parameters) -> list[Parameters]:
    """Return the parameter sets that differ in one value each."""
    changed: list[Parameters] = []
    for field in type(parameters).fields():
        value = getattr(parameters, field.name)
        if field.choices:
            others: list[Any] = [choice for choice in field.choices if choice != value]
        elif field.kind is bool:
            others = [not value]
        else:
            step = field.step or 1
            others = [value + step, value - step, field.low, field.high]
        for other in others:
            try:
                changed.append(replace(parameters, **{field.name: other}))
            except ValueError:
                continue
            if changed[-1] != parameters:
                break
        else:
            raise AssertionError(f"no other value of {field.name} was found")
    return changed


# --- the key ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"content": "d" * 64}, {"width": 158}, {"height": 118}, {"start": 1}, {"stop": 39}, {"gap": 2},
        {"method": "farneback", "parameters": METHODS["farneback"].parameters()},
        {"output": Output("kitti")}, {"output": Output("npz")}, {"output": Output("png", "colour", LOOK)},
        {"output": Output("video", "colour", LOOK)}, {"outliers": OutlierParameters()},
    ],
    ids=lambda changes: " ".join(changes),
)  # fmt: skip
def test_the_key_changes_with_what_the_answer_depends_on(changes: dict[str, Any]) -> None:
    assert a_job(**changes).key != a_job().key


@pytest.mark.parametrize("name", METHODS)
def test_the_key_changes_with_every_parameter(name: str) -> None:
    default = METHODS[name].parameters()
    keys = {a_job(method=name, parameters=some).key for some in [default, *others(default)]}
    assert len(keys) == 1 + len(type(default).fields())


def test_the_key_changes_with_every_detail_of_the_filter_and_of_the_look() -> None:
    outliers = [None, OutlierParameters(), *others(OutlierParameters())]
    assert len({a_job(outliers=some).key for some in outliers}) == len(outliers)
    looks = [LOOK, *(replace(LOOK, trust=some) for some in others(TrustParameters()))]
    for field in dataclasses.fields(Look):
        if field.name != "trust":
            looks.append(replace(LOOK, **{field.name: 2 * getattr(LOOK, field.name)}))
    assert len({a_job(output=Output("video", "colour", look)).key for look in looks}) == len(looks)
    assert len({a_job("video", view).key for view in VIEWS}) == len(VIEWS)


def test_a_name_does_not_change_the_key() -> None:
    assert a_job(clip_name="another.mp4").key == a_job().key
    assert a_job().key == a_job().key
    assert len(a_job().key) == 64


def test_the_key_changes_with_the_libraries_that_compute_and_encode(monkeypatch: pytest.MonkeyPatch) -> None:
    flow, video = a_job().key, a_job("video").key
    with monkeypatch.context() as patch:
        patch.setattr("cv2.__version__", "5.9.9")
        assert a_job().key != flow
    with monkeypatch.context() as patch:
        patch.setattr(dense_job, "encoder_versions", lambda: ("av 99",))
        assert a_job("video").key != video
    for name, value in (("PART_PRESET", "veryfast"), ("PART_CRF", 30)):
        with monkeypatch.context() as patch:
            patch.setattr(dense_job, name, value)
            assert a_job("video").key != video
            assert a_job().key == flow  # no encoder had a hand in it


def test_key_and_pieces_are_the_same_in_another_process() -> None:
    jobs = [a_job(), a_job("video", "glitch", outliers=OutlierParameters()), a_job("png", content="folder \udcff")]
    program = (
        "import pickle, sys\n"
        "for job in pickle.load(sys.stdin.buffer): print(job.key, *(chunk.start for chunk in job.chunks()))"
    )
    done = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(jobs), capture_output=True, cwd=ROOT,
                          check=True, timeout=60)  # fmt: skip
    here = [" ".join([job.key, *(str(chunk.start) for chunk in job.chunks())]) for job in jobs]
    assert done.stdout.decode().split("\n")[:-1] == here


# --- the pieces -------------------------------------------------------------------------------------


jobs = st.builds(
    lambda start, frames, gap, size, kind, view, method: a_job(
        kind,
        view,
        start=start,
        stop=start + frames,
        gap=gap,
        width=size[0],
        height=size[1],
        method=method,
        parameters=METHODS[method].parameters(),
    ),
    start=st.integers(0, 5000),
    frames=st.integers(0, 3000),
    gap=st.integers(1, 40),
    size=st.tuples(st.integers(32, 8192), st.integers(32, 8192)),
    kind=st.sampled_from(AS),
    view=st.sampled_from(["colour", "trust", "glitch"]),
    method=st.sampled_from(sorted(METHODS)),
)


@settings(max_examples=300, deadline=None)
@given(jobs)
def test_the_pieces_follow_one_another_and_miss_nothing(job: DenseJob) -> None:
    chunks = job.chunks()
    assert [pair for chunk in chunks for pair in range(chunk.start, chunk.stop)] == list(
        range(job.start, max(job.start, job.stop - job.gap))
    )
    assert all(chunk.pairs > 0 for chunk in chunks)
    assert sum(chunk.pairs for chunk in chunks) == job.pairs
    assert job.chunks() == chunks


@settings(max_examples=300, deadline=None)
@given(jobs)
def test_the_pieces_are_short_in_time_and_in_bytes(job: DenseJob) -> None:
    step = MOST_FRAMES if job.output.accumulates else 1
    for chunk in job.chunks():
        seconds = job.seconds / job.pairs * (chunk.pairs - step + 1)  # rounded up to whole steps
        assert chunk.pairs <= max(step, 4) or (seconds <= 2.0 and chunk.pairs <= 120)
        flows = chunk.pairs * 8 * job.width * job.height
        assert job.output.is_video or job.output.accumulates or chunk.pairs == 1 or flows <= 64 << 20


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 100), st.integers(0, 2000), st.sampled_from(["png", "video"]))
def test_a_picture_carried_along_is_never_cut_between_two_fresh_starts(start: int, pairs: int, kind: str) -> None:
    job = a_job(kind, "glitch", start=start, stop=start + pairs + 1)
    assert all((chunk.start - start) % MOST_FRAMES == 0 for chunk in job.chunks())


def test_the_pieces_do_not_depend_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    before = a_job(stop=400).chunks()
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert a_job(stop=400, clip_name="x", content="d" * 64).chunks() == before


def test_small_jobs_are_shared_out_and_long_ones_cut() -> None:
    assert [chunk.pairs for chunk in a_job(stop=9).chunks()] == [4, 4]
    assert [chunk.pairs for chunk in a_job(stop=41).chunks()] == [5] * 8
    assert [chunk.pairs for chunk in a_job("video", stop=2401).chunks()] == [120] * 20
    assert a_job(stop=2).chunks() == [Chunk(0, 1)]


def test_flow_files_of_huge_frames_come_one_by_one() -> None:
    job = a_job(width=7680, height=4320, stop=6)
    assert [chunk.pairs for chunk in job.chunks()] == [1] * 5


@pytest.mark.parametrize(("stop", "gap"), [(0, 1), (1, 1), (2, 2), (5, 40)])
def test_too_few_frames_make_no_pieces_and_take_no_time(stop: int, gap: int) -> None:
    for kind in AS:
        job = a_job(kind, stop=stop, gap=gap)
        assert (job.pairs, job.chunks(), job.seconds) == (0, [], 0)


def test_the_pairs_are_those_whose_frames_are_both_in_the_range() -> None:
    assert [(chunk.start, chunk.stop) for chunk in a_job(start=10, stop=17, gap=3).chunks()] == [(10, 14)]


def test_trust_costs_an_estimation_more_and_time_grows_with_the_frames() -> None:
    colour, trust = a_job("video"), a_job("video", "trust")
    cost = DIS.cost(120, 160, DIS.parameters())
    assert trust.seconds - colour.seconds == pytest.approx(39 * cost)
    assert a_job("video", stop=79).seconds == pytest.approx(2 * colour.seconds)
    assert a_job("kitti", "trust").seconds < trust.seconds  # nothing is drawn, so nothing looks back


def test_a_title_says_method_what_is_made_and_of_which_clip() -> None:
    assert a_job("video", "arrows").title == "DIS, arrows of moving.mp4"
    assert a_job("npz").title == "DIS, npz of moving.mp4"


def test_neighbours_share_their_edge() -> None:
    assert all(a.stop == b.start for a, b in pairwise(a_job("video", stop=1000).chunks()))
