"""Several trackers through one clip as one job: all are done, progress is of all, one that fails stops none."""

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from flowlab.core.clip import Clip
from flowlab.core.region import Box
from flowlab.errors import CancelledError, FlowlabError
from flowlab.jobs.follow_clip import FollowWorkshop
from flowlab.jobs.region_contest import contest_key, follow_all
from flowlab.jobs.region_job import RegionJob
from flowlab.media.opening import open_media
from flowlab.store.objects import Store
from flowlab.tracking.affine.region_track import joined
from flowlab.tracking.regions import track_region
from tests.hostile import moving_texture, write_video

BOX = Box(30, 20, 28, 24)
FRAMES = 14


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clip]:
    path = write_video(tmp_path_factory.mktemp("clips") / "moving.mp4", moving_texture(FRAMES, 72, 112))
    with closing(open_media(path)) as clip:
        yield clip


@pytest.fixture
def shop(tmp_path: Path) -> FollowWorkshop:
    return FollowWorkshop(Store(tmp_path / "home"))


def job(clip: Clip, name: str, box: Box = BOX) -> RegionJob:
    return RegionJob.of(clip.info, (0, FRAMES), box, name=name)


def test_each_has_its_own_rows_and_progress_is_of_all(clip: Clip, shop: FollowWorkshop) -> None:
    jobs = [job(clip, "ic-affine"), job(clip, "ecc")]
    seen: list[tuple[int, int, int]] = []
    follow_all(shop, jobs, clip, lambda *told: seen.append(told), threading.Event())
    for one in jobs:
        rows = joined(list(shop.tables(one)))
        expected = track_region(clip, BOX, tracker=one.tracker)
        np.testing.assert_array_equal(rows.warp, expected.warp)
    done = [now for now, _, _ in seen]
    assert done == sorted(done) and done[-1] == 2 * FRAMES
    assert {total for _, total, _ in seen} == {2 * FRAMES}
    seen.clear()
    follow_all(shop, jobs, clip, lambda *told: seen.append(told), threading.Event())
    assert seen[-1] == (2 * FRAMES, 2 * FRAMES, 2 * FRAMES)  # all of them read again


def test_one_that_fails_keeps_no_other_from_being_done(clip: Clip, shop: FollowWorkshop) -> None:
    outside, fine = job(clip, "ic-affine", Box(105, 65, 40, 40)), job(clip, "ic-affine")
    with pytest.raises(FlowlabError, match="of its area in the 112x72 picture"):
        follow_all(shop, [outside, fine], clip, lambda *_: None, threading.Event())
    assert joined(list(shop.tables(fine))).stop == FRAMES


def test_who_cancels_stops_all_of_it(clip: Clip, shop: FollowWorkshop) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(CancelledError):
        follow_all(shop, [job(clip, "ic-affine"), job(clip, "ecc")], clip, lambda *_: None, cancel)


def test_the_question_has_one_name_whatever_the_order(clip: Clip) -> None:
    first, second = job(clip, "ic-affine"), job(clip, "ecc")
    assert contest_key([first, second]) == contest_key([second, first]) != contest_key([first])
