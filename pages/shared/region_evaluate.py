"""A tracker against the truth: success and precision, alone and with keyframes, beside other trackers."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import streamlit as st

from flowlab.drawing.region_inputs import ScoredCurve
from flowlab.drawing.region_plots import corner_error_plot, precision_plot, success_plot
from flowlab.errors import FlowlabError
from flowlab.evaluation.box_scores import DISTANCES, OVERLAPS, BoxScores, box_scores
from flowlab.evaluation.region_truth import RegionTruth, region_truth, uploaded_truth
from flowlab.jobs.region_contest import contest_key, follow_all
from flowlab.jobs.ticket import State
from flowlab.media.tables import csv_table
from flowlab.media.true_boxes import boxes_from
from flowlab.tracking.affine.region_track import RegionTrack
from flowlab.tracking.trackers import TRACKERS

from .chart import plot
from .job_panel import Offer, show_job
from .lab import open_lab
from .plain import plain
from .region_clip import Asked, job_of, rows_of_job
from .region_subject import PREFIX, RegionSubject
from .subject import is_dark
from .url import BOUND

_PAGE = "pages/affine_tracking.py"
_VERSUS = f"{PREFIX}versus"
_NEAR = 1.0  # px


@dataclass(frozen=True, eq=False)
class _Contestant:
    """One way to follow the region; `helped` where keyframes start it anew."""

    name: str
    helped: bool
    asked: Asked

    @property
    def title(self) -> str:
        return f"{self.name}, with keyframes" if self.helped else f"{self.name}, alone"


@dataclass(frozen=True, eq=False)
class _Judged:
    """What became of it."""

    contestant: _Contestant
    track: RegionTrack
    scores: BoxScores


def show_evaluate(subject: RegionSubject) -> None:
    """Show the trackers' scores over the whole clip, once they have followed it; ask for what is missing."""
    if subject.info.frame_count - subject.start < 2:
        st.info("The box lies in the last frame: there is nothing to follow it into. Track from an earlier one.")
        return
    truth = _truth(subject)
    if truth is None:
        return
    others = [name for name in TRACKERS if name != subject.tracker.name]
    about = "Further trackers, each with its usual parameters, from the same box."
    versus = st.multiselect("Beside it", others, key=_VERSUS, help=about, **BOUND)
    contestants = list(_contestants(subject, [name for name in versus if name in TRACKERS]))
    known = [(one, rows_of_job(subject.clip, one.asked)) for one in contestants]
    lacking = [one for one, rows in known if rows.stop < subject.info.frame_count]
    if lacking:
        _offer(subject, lacking)
    whole = [(one, rows) for one, rows in known if one not in lacking or _has_ended(subject, lacking, rows)]
    judged = [_Judged(one, rows, box_scores(rows, truth.boxes)) for one, rows in whole]
    if judged:
        _show(subject, truth, judged)


# -- the truth -----------------------------------------------------------------------------------


def _truth(subject: RegionSubject) -> RegionTruth | None:
    """Return what is true, of the clip or of a file; where there is none, ask for one."""
    found = region_truth(subject.clip, subject.box, subject.start)
    if found is None:
        st.info("This clip does not know where the thing in the box is. A groundtruth_rect.txt tells it: x,y,w,h in "
                "pixels of the clip, a line a frame, counted from 1.")  # fmt: skip
        sent = st.file_uploader("True boxes", type=["txt", "csv"], key=f"{PREFIX}truth_file", max_upload_size=8)
        if sent is None:
            return None
        try:
            found = uploaded_truth(boxes_from(sent.getvalue(), sent.name), subject.info)
        except FlowlabError as error:
            st.error(plain(error))
            return None
    if found.note:
        st.info(plain(found.note))
    if not np.isfinite(found.boxes[subject.start :]).all(axis=1).any():
        st.info(f"No true box is known from frame {subject.start} on: track from an earlier one.")
        return None
    return found


# -- who takes part ------------------------------------------------------------------------------


def _contestants(subject: RegionSubject, versus: list[str]) -> Iterator[_Contestant]:
    """Yield every tracker alone and, where there are keyframes, with them."""
    chosen = [(subject.tracker, subject.parameters), *((TRACKERS[name], TRACKERS[name].usual) for name in versus)]
    for tracker, parameters in chosen:
        for keyframes in ({}, subject.keyframes) if subject.keyframes else ({},):
            asked = Asked(tracker, parameters, subject.start, subject.box, keyframes)
            yield _Contestant(tracker.name, bool(keyframes), asked)


def _offer(subject: RegionSubject, lacking: list[_Contestant]) -> None:
    """Offer the job that follows what was not followed yet, or show how it stands."""
    lab, clip = open_lab(), subject.clip
    jobs = [job_of(clip, one.asked, None) for one in lacking]
    run = partial(follow_all, lab.region_workshop, jobs, clip)
    words = f"{', '.join(one.title for one in lacking)}: {jobs[0].frames} frames each"
    seconds = sum(job.seconds for job in jobs)
    title = f"Evaluation of {len(jobs)} on {subject.info.name}"
    show_job(lab, Offer(contest_key(jobs), title, "a_contest", _PAGE, run, seconds, words, alone=True))


def _has_ended(subject: RegionSubject, lacking: list[_Contestant], rows: RegionTrack) -> bool:
    """Whether a track that is short is all there will be, since the rest of the clip cannot be read."""
    jobs = [job_of(subject.clip, one.asked, None) for one in lacking]
    ticket = open_lab().board.find(contest_key(jobs))
    return ticket is not None and ticket.state is State.DONE and len(rows) > 1


# -- what they reached ---------------------------------------------------------------------------


def _show(subject: RegionSubject, truth: RegionTruth, judged: list[_Judged]) -> None:
    dark = is_dark()
    left, right = st.columns(2)
    with left:
        curves = [
            ScoredCurve(one.contestant.name, OVERLAPS, one.scores.success, one.scores.auc, one.contestant.helped)
            for one in judged
        ]
        words = "Success: frames whose overlap with the true box is above a threshold (Wu, Lim & Yang 2013)."
        plot(success_plot(curves, dark=dark), key="a_success", height=300, words=words)
    with right:
        curves = [
            ScoredCurve(one.contestant.name, DISTANCES, one.scores.precision, one.scores.precision20,
                        one.contestant.helped)
            for one in judged
        ]  # fmt: skip
        words = "Precision: frames whose centre is within a distance of the true one."
        plot(precision_plot(curves, dark=dark), key="a_precision", height=300, words=words)
    _table(subject, truth, judged)
    _corners(subject, truth, judged)


def _table(subject: RegionSubject, truth: RegionTruth, judged: list[_Judged]) -> None:
    numbers = {
        "AUC": ([one.scores.auc for one in judged], ".3f"),
        "within 20 px": ([one.scores.precision20 for one in judged], ".1%"),
        "called tracked": ([one.scores.tracked_share for one in judged], ".1%"),
        "wrong but tracked": ([one.scores.wrong_but_tracked for one in judged], ".1%"),
        "lost but right": ([one.scores.lost_but_right for one in judged], ".1%"),
    }
    titles = [one.contestant.title for one in judged]
    rows = {name: [format(value, form) for value in values] for name, (values, form) in numbers.items()}
    with st.container(key="a_scores"):
        st.table({"tracker": titles} | rows, hide_index=True, border="horizontal")
    count = max(len(one.scores) for one in judged)
    st.caption(plain(
        f"Of {count} frames from {subject.start} on, against {truth.source}. AUC: area under the success curve over 21 "
        "thresholds. Wrong but tracked: overlap below 0.1 in a frame the tracker believes. Lost but right: overlap of "
        "0.5 or more in one it does not."
    ))  # fmt: skip
    table = {"tracker": np.array(titles)} | {name: np.array(values) for name, (values, _) in numbers.items()}
    st.download_button(
        "Download scores.csv", lambda: csv_table(table), file_name="scores.csv", mime="text/csv",
        key=f"{PREFIX}get_scores", icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def _corners(subject: RegionSubject, truth: RegionTruth, judged: list[_Judged]) -> None:
    """Show how far the corners are from where they belong, where the scene knows that."""
    if truth.corners is None:
        return
    longest = max((one.track for one in judged), key=len)
    errors, told = [], []
    for one in judged:
        asked = one.contestant.asked
        own = region_truth(subject.clip, asked.box, asked.start, asked.keyframes) if asked.keyframes else truth
        found = None if own is None else own.corner_errors(one.track)
        if found is None or not np.isfinite(found).any():
            continue
        errors.append((one.contestant.name, np.pad(found, (0, len(longest) - len(found)), constant_values=np.nan),
                       one.contestant.helped))  # fmt: skip
        seen = found[np.isfinite(found)]
        told.append(f"{one.contestant.title} {np.mean(seen <= _NEAR):.1%} (median {np.median(seen):.2g} px)")
    if errors:
        words = f"Farthest corner from its true place. Within {_NEAR:g} px: {'; '.join(told)}."
        figure = corner_error_plot(longest.frame, errors, dark=is_dark())
        plot(figure, key="a_corner_error", height=280, words=words)
