"""The question of where a region is: its keys change with the answer, and a keyframe changes nothing before it."""

import dataclasses
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from flowlab.core.clip import Clip
from flowlab.core.region import Box
from flowlab.errors import ParameterError
from flowlab.jobs import follow_job
from flowlab.jobs.clips import open_clip
from flowlab.jobs.region_job import RegionJob
from flowlab.jobs.region_look import RegionLook
from flowlab.tracking.affine.parameters import TrackerParameters
from flowlab.tracking.trackers import TRACKERS
from tests.flowlab.jobs.test_dense_job import others

ROOT = Path(__file__).parents[3]
BOX, OTHER = Box(30, 20, 40, 30), Box(60, 40, 50, 44)


def a_job(**changes: Any) -> RegionJob:
    """Return a job about 400 frames of 160x120, changed as asked."""
    return replace(RegionJob("c" * 64, "moving.mp4", 160, 120, 0, 400, "flowlab", TrackerParameters(), BOX,
                             look=RegionLook()), **changes)  # fmt: skip


def job_about(clip: Clip, box: Box | None = BOX, **changes: Any) -> RegionJob:
    """Return the job about all frames of `clip`, or about those asked for."""
    frames = changes.pop("start", 0), changes.pop("stop", clip.info.frame_count)
    return RegionJob.of(clip.info, frames, box, **{"look": RegionLook(trail=15)} | changes)


def keys(job: RegionJob) -> tuple[str, str, str]:
    """Return the names of the questions: where the region is, what shows it, all of it with its end."""
    return job.rows_key(job.stop), job.part_key(job.stop), job.key


def changed(job: RegionJob, other: RegionJob) -> list[bool]:
    return [mine != theirs for mine, theirs in zip(keys(job), keys(other), strict=True)]


# --- the keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"content": "d" * 64}, {"width": 158}, {"height": 118}, {"start": 1}, {"factor": (2.0, 2.0)},
        {"box": Box(31, 20, 40, 30)}, {"tracker": "ic-affine"}, {"keyframes": ((100, OTHER),)},
    ],
    ids=lambda changes: " ".join(changes),
)  # fmt: skip
def test_the_keys_change_with_what_the_answer_depends_on(changes: dict[str, Any]) -> None:
    assert changed(a_job(), a_job(**changes)) == [True, True, True]


def test_the_keys_change_with_every_parameter() -> None:
    sets = [TrackerParameters(), *others(TrackerParameters())]
    assert len({a_job(parameters=some).key for some in sets}) == 1 + len(TrackerParameters.fields())


def test_the_look_changes_the_video_and_not_the_track() -> None:
    looks = [
        RegionLook(),
        *(replace(RegionLook(), **{f.name: f.type is int and 7}) for f in dataclasses.fields(RegionLook)),
    ]
    assert len({a_job(look=look).part_key(400) for look in (None, *looks)}) == 2 + len(dataclasses.fields(RegionLook))
    assert len({a_job(look=look).rows_key(400) for look in (None, *looks)}) == 1


def test_the_end_and_a_name_change_the_whole_question_or_nothing() -> None:
    assert changed(a_job(), a_job(stop=39)) == [False, False, True]
    assert changed(a_job(), a_job(clip_name="another.mp4")) == [False, False, False]


def test_a_keyframe_changes_no_key_before_it() -> None:
    job, corrected = a_job(), a_job(keyframes=((100, OTHER),))
    for frame in (1, 99, 100):
        assert corrected.rows_key(frame) == job.rows_key(frame)
        assert corrected.part_key(frame) == job.part_key(frame)
    for frame in (101, 400):
        assert corrected.rows_key(frame) != job.rows_key(frame)
    further = a_job(keyframes=((100, OTHER), (200, BOX)))
    assert further.rows_key(200) == corrected.rows_key(200)
    assert further.rows_key(201) != corrected.rows_key(201)


def test_keys_and_pieces_are_the_same_in_another_process() -> None:
    jobs = [a_job(), a_job(keyframes=((3, OTHER),), content="folder \udcff"), a_job(tracker="mil", look=None)]
    program = (
        "import pickle, sys\n"
        "for job in pickle.load(sys.stdin.buffer):\n"
        "    print(job.key, job.rows_key(50), *(chunk.start for chunk in job.chunks()))"
    )
    done = subprocess.run([sys.executable, "-c", program], input=pickle.dumps(jobs), capture_output=True, cwd=ROOT,
                          check=True, timeout=60)  # fmt: skip
    here = [" ".join([job.key, job.rows_key(50), *(str(chunk.start) for chunk in job.chunks())]) for job in jobs]
    assert done.stdout.decode().split("\n")[:-1] == here


# --- the pieces -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TRACKERS)
def test_the_pieces_miss_nothing_and_one_that_cannot_go_on_is_whole(name: str) -> None:
    chosen = TRACKERS[name]
    job = a_job(tracker=name, parameters=chosen.usual, start=3)
    chunks = job.chunks()
    assert [frame for chunk in chunks for frame in range(chunk.start, chunk.stop)] == list(range(3, 400))
    assert (len(chunks) == 1) == (not chosen.resumes)
    assert job.seconds == pytest.approx(job.frames * job.frame_seconds) and job.seconds > 0


def test_the_pieces_do_not_depend_on_keyframes_nor_on_the_look() -> None:
    before = a_job().chunks()
    assert a_job(keyframes=((100, OTHER),), look=None, clip_name="x").chunks() == before
    assert a_job(stop=300).chunks()[:-1] == before[: len(a_job(stop=300).chunks()) - 1]


# --- making one -------------------------------------------------------------------------------------

SCENE = "scene:two-layers?width=160&height=96&frames=8"


def test_keyframes_outside_the_frames_are_left_out_and_one_at_the_first_is_the_box() -> None:
    clip = open_clip(SCENE)
    drawn = {1: OTHER, 2: OTHER, 5: BOX, 7: OTHER}
    job = job_about(clip, keyframes=drawn, start=2, stop=7)
    assert (job.box, job.keyframes) == (OTHER, ((5, BOX),))
    assert job_about(clip, None, keyframes=drawn, start=2).box == OTHER


@pytest.mark.parametrize(
    ("box", "options", "says"),
    [
        (None, {}, "frame 0, the first one, has neither a box nor a keyframe"),
        (None, {"keyframes": {0: BOX}, "start": 1}, "frame 1, the first one, has neither"),
        (BOX, {"keyframes": {8: BOX}}, "a keyframe at frame 9 and the clip has 8 frames"),
        (BOX, {"keyframes": {3: Box(500, 0, 20, 20)}}, "outside the 160x96 picture"),
        (BOX, {"name": "nope"}, "there is no tracker ‘nope’: the trackers are flowlab"),
        (BOX, {"name": "ecc", "parameters": TrackerParameters()}, "ecc received TrackerParameters"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(box: Box | None, options: dict[str, Any], says: str) -> None:
    with pytest.raises(ParameterError, match=says):
        job_about(open_clip(SCENE), box, **options)


@pytest.mark.parametrize(
    ("box", "width", "options", "says"),
    [
        (Box(500, 10, 20, 20), 0, {}, "outside the 160x96 picture: draw it inside"),
        (Box(148, 10, 40, 20), 0, {}, "30% of its area in the 160x96 picture"),
        (Box(10, 10, 7, 20), 0, {}, "is 7 by 20 pixels: draw one of at least 8 by 8"),
        (Box(10, 10, 14, 40), 80, {}, "is 7 by 20 pixels: .* working width of 80"),
        (BOX, 0, {"keyframes": {3: Box(150, 10, 40, 20)}}, "in frame 3 has 25% of its area"),
        (BOX, 0, {"start": 4, "stop": 5}, "frame 4 of .* is alone"),
    ],
)
def test_what_can_be_refused_before_a_frame_is_seen_is(
    box: Box, width: int, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(ParameterError, match=says):
        job_about(open_clip(SCENE, width=width), box, **options).check()


def test_boxes_are_in_pixels_of_the_clip_and_their_centres_stay_where_they_are() -> None:
    """x' = (x + 0.5) s - 0.5, as every resize keeps pixel centres."""
    job = job_about(open_clip(SCENE, width=80), Box(30, 20, 40, 30), keyframes={3: Box(31, 21, 40, 20)})
    clip = open_clip(SCENE, width=80)
    track = follow(job, clip)
    centres = [(49.5, 34.5), (50.5, 30.5)]
    for frame, (x, y) in zip((0, 3), centres, strict=True):
        assert tuple(track[frame].centre[0]) == pytest.approx(((x + 0.5) / 2 - 0.5, (y + 0.5) / 2 - 0.5))
    assert tuple(track[0].size[0]) == (20, 15)


def follow(job: RegionJob, clip: Clip) -> list[Any]:
    follower = job.follower()
    return [follower.step(frame) for frame in clip.frames(job.start, job.stop)]


def test_a_title_says_of_which_clip_and_how() -> None:
    assert a_job().title == "Region of moving.mp4, flowlab"


def test_a_piece_takes_a_few_seconds_at_most_whatever_the_box(monkeypatch: pytest.MonkeyPatch) -> None:
    for side in (8, 100, 1000):
        job = a_job(width=1920, height=1080, box=Box(0, 0, side, side))
        assert job.step == 10 or job.step * job.frame_seconds <= 2
    assert a_job(box=Box(0, 0, 100, 100)).frame_seconds > a_job().frame_seconds
    monkeypatch.setattr(follow_job, "_MOST", 20)
    assert a_job().step <= 20
