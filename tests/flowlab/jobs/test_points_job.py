"""The question of a whole clip's tracks: its keys change with the answer and with nothing else, no frame is missed."""

import dataclasses
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.core.clip import Clip
from flowlab.core.region import Box, Selection
from flowlab.errors import ParameterError
from flowlab.jobs import follow_job
from flowlab.jobs.chunk import Chunk
from flowlab.jobs.points_job import PointsJob
from flowlab.jobs.track_look import TrackLook
from flowlab.tracking.parameters import PointParameters
from tests.flowlab.jobs.test_dense_job import others

ROOT = Path(__file__).parents[3]
LOOK = TrackLook(speed=4.0)
MANY = PointParameters(max_corners=5000)
"""So many that a piece is ten frames long, whatever is found."""


def a_job(**changes: Any) -> PointsJob:
    """Return a job about 40 frames of 160x120, changed as asked."""
    job = PointsJob("c" * 64, "moving.mp4", 160, 120, 0, 40, MANY, Selection(), look=LOOK)
    return replace(job, **changes)


def job_about(clip: Clip, **changes: Any) -> PointsJob:
    """Return the job about all frames of `clip`, changed as asked."""
    return replace(PointsJob.of(clip.info, (0, clip.info.frame_count), MANY, Selection(), LOOK), **changes)


def keys(job: PointsJob) -> tuple[str, str, str]:
    """Return the names of the questions: the tracks, what shows them, all of it with its end."""
    return job.tracks_key, job.part_key(job.stop), job.key


def changed(job: PointsJob, other: PointsJob) -> list[bool]:
    return [mine != theirs for mine, theirs in zip(keys(job), keys(other), strict=True)]


# --- the keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"content": "d" * 64}, {"width": 158}, {"height": 118}, {"start": 1}, {"factor": (2.0, 2.0)},
        {"selection": Selection(Box(0, 0, 80, 60))}, {"selection": Selection(excluded=(Box(0, 0, 80, 60),))},
    ],
    ids=lambda changes: " ".join(changes),
)  # fmt: skip
def test_the_keys_change_with_what_the_tracks_depend_on(changes: dict[str, Any]) -> None:
    assert changed(a_job(), a_job(**changes)) == [True, True, True]


def test_the_keys_change_with_every_parameter_but_the_trail() -> None:
    sets = [MANY, *others(MANY)]
    assert len(sets) == 1 + len(PointParameters.fields())
    assert {a_job(parameters=some).tracks_key for some in sets if some.trail != MANY.trail} == {a_job().tracks_key}
    assert len({a_job(parameters=some).tracks_key for some in sets}) == len(sets) - 1


def test_a_trail_changes_the_video_and_not_the_tracks() -> None:
    longer = a_job(parameters=replace(MANY, trail=60), look=replace(LOOK, trail=60))
    assert changed(a_job(), longer) == [False, True, True]


def test_the_look_changes_the_video_and_not_the_tracks() -> None:
    given: dict[str, Any] = {"colour": "speed", "model": "affine"}
    looks = [LOOK, *(replace(LOOK, **{f.name: given.get(f.name, 2 * getattr(LOOK, f.name))})
                     for f in dataclasses.fields(TrackLook))]  # fmt: skip
    assert len({a_job(look=look).part_key(40) for look in (None, *looks)}) == 1 + len(looks)
    assert len({a_job(look=look).tracks_key for look in (None, *looks)}) == 1


def test_the_end_changes_the_whole_question_only() -> None:
    assert changed(a_job(), a_job(stop=39)) == [False, False, True]


def test_a_name_changes_nothing() -> None:
    assert changed(a_job(), a_job(clip_name="another.mp4")) == [False, False, False]
    assert {len(key) for key in keys(a_job())} == {64}


def test_the_keys_change_with_the_libraries_that_compute_and_encode(monkeypatch: pytest.MonkeyPatch) -> None:
    before, without = keys(a_job()), keys(a_job(look=None))
    for name in ("cv2.__version__", "numpy.__version__"):
        with monkeypatch.context() as patch:
            patch.setattr(name, "5.9.9")
            assert a_job().tracks_key != before[0]
    for name, value in (("PART_PRESET", "veryfast"), ("PART_CRF", 30)):
        with monkeypatch.context() as patch:
            patch.setattr(follow_job, name, value)
            assert [now != then for now, then in zip(keys(a_job()), before, strict=True)] == [False, True, True]
            assert keys(a_job(look=None)) == without  # no encoder had a hand in it


def test_keys_and_pieces_are_the_same_in_another_process() -> None:
    jobs = [a_job(), a_job(look=None, start=3), a_job(content="folder \udcff", selection=Selection(Box(1, 2, 3, 4)))]
    program = (
        "import pickle, sys\n"
        "for job in pickle.load(sys.stdin.buffer):\n"
        "    print(job.key, job.tracks_key, *(chunk.start for chunk in job.chunks()))"
    )
    done = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(jobs), capture_output=True, cwd=ROOT,
                          check=True, timeout=60)  # fmt: skip
    here = [" ".join([job.key, job.tracks_key, *(str(chunk.start) for chunk in job.chunks())]) for job in jobs]
    assert done.stdout.decode().split("\n")[:-1] == here


# --- the pieces -------------------------------------------------------------------------------------

jobs = st.builds(
    lambda start, frames, size, corners, window: a_job(
        start=start, stop=start + frames, width=size[0], height=size[1],
        parameters=PointParameters(max_corners=corners, window=2 * window + 1),
    ),
    start=st.integers(0, 5000),
    frames=st.integers(0, 3000),
    size=st.tuples(st.integers(1, 8192), st.integers(1, 8192)),
    corners=st.integers(1, 20_000),
    window=st.integers(1, 49),
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(jobs)
def test_the_pieces_follow_one_another_and_miss_nothing(job: PointsJob) -> None:
    chunks = job.chunks()
    assert [frame for chunk in chunks for frame in range(chunk.start, chunk.stop)] == list(range(job.start, job.stop))
    assert all(0 < chunk.pairs <= job.step for chunk in chunks)
    assert all(chunk.pairs == job.step for chunk in chunks[:-1])
    assert job.frames == sum(chunk.pairs for chunk in chunks)


@settings(max_examples=100, deadline=None)
@given(jobs, st.integers(0, 400))
def test_the_pieces_begin_where_they_do_whatever_the_range_ends_with(job: PointsJob, more: int) -> None:
    starts = [chunk.start for chunk in job.chunks()]
    assert [chunk.start for chunk in replace(job, stop=job.stop + more).chunks()][: len(starts)] == starts


@settings(max_examples=100, deadline=None)
@given(jobs, st.integers(0, 8000), st.integers(0, 8000))
def test_some_of_the_pieces_are_those_of_all_that_touch_a_stretch(job: PointsJob, first: int, stop: int) -> None:
    assert job.chunks(first, stop) == [c for c in job.chunks() if c.stop > first and c.start < stop]


@settings(max_examples=100, deadline=None)
@given(jobs)
def test_the_pieces_are_short_in_time_and_never_shorter_than_is_worth_it(job: PointsJob) -> None:
    assert 10 <= job.step <= 240
    assert job.step == 10 or job.step * job.frame_seconds <= 2.0
    assert job.seconds == pytest.approx(job.frames * job.frame_seconds)


def test_the_pieces_do_not_depend_on_the_machine_nor_on_the_look(monkeypatch: pytest.MonkeyPatch) -> None:
    before = a_job(stop=400).chunks()
    monkeypatch.setattr("os.cpu_count", lambda: 64)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)), raising=False)
    assert a_job(stop=400, clip_name="x", content="d" * 64, look=None).chunks() == before
    assert before[0] == Chunk(0, 10)


def test_a_region_is_in_pixels_of_the_clip_itself() -> None:
    job = a_job(selection=Selection(Box(160, 0, 160, 240)), factor=(2.0, 2.0))
    assert job.allowed is not None
    np.testing.assert_array_equal(job.allowed, np.tile(np.arange(160) >= 80, (120, 1)))
    assert a_job().allowed is None
    with pytest.raises(ParameterError, match="holds no pixel of the 160x120 picture"):
        _ = a_job(selection=Selection(Box(500, 500, 10, 10))).allowed


def test_a_title_says_of_which_clip() -> None:
    assert a_job().title == "Points of moving.mp4"
