"""Several ways to follow one region through a whole clip, one after the other, as one job."""

import hashlib
import threading
from collections.abc import Sequence

from flowlab.core.clip import Clip
from flowlab.errors import CancelledError, FlowlabError
from flowlab.jobs.follow_clip import FollowWorkshop
from flowlab.jobs.region_job import RegionJob
from flowlab.jobs.ticket import Report


def contest_key(jobs: Sequence[RegionJob]) -> str:
    """Return the name of the question, the same whatever the order."""
    return "contest:" + hashlib.sha256("".join(sorted(job.key for job in jobs)).encode()).hexdigest()


def follow_all(
    workshop: FollowWorkshop, jobs: Sequence[RegionJob], clip: Clip, report: Report, cancel: threading.Event
) -> None:
    """Follow each, so that `FollowWorkshop.tables` has its rows; one that fails does not keep the others from it.

    Args:
        workshop: where they are followed.
        jobs: what is followed.
        clip: the clip they are about, open.
        report: told of progress, in frames of all of them.
        cancel: set by somebody who does not want it any more.

    Raises:
        CancelledError: `cancel` was set; what is finished is kept.
        FlowlabError: why the first of those failed that did, once the others are done.
    """
    total, before, reused_before = sum(job.frames for job in jobs), 0, 0
    failure: FlowlabError | None = None
    for job in jobs:
        done, reused = 0, 0

        def told(now: int, _total: int, again: int) -> None:
            nonlocal done, reused
            done, reused = now, again
            report(before + done, total, reused_before + reused)  # noqa: B023 - called before the next one begins

        try:
            workshop.follow(job, clip, told, cancel)
        except CancelledError:
            raise
        except FlowlabError as error:
            failure = failure or error
        before, reused_before = before + job.frames, reused_before + reused
    if failure is not None:
        raise failure
