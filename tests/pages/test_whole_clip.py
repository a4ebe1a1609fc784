"""The whole clip as a job: asked for, watched, cancelled, gone on with, and shown to whoever comes."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from flowlab.errors import EngineError
from flowlab.jobs.board import Board
from flowlab.jobs.ticket import State, Ticket
from flowlab.jobs.whole_clip import Workshop
from flowlab.media.opening import open_media
from pages.shared.lab import Lab, open_lab
from tests.pages.driving import SMALL, open_page, run, said

PANEL = {"clip": SMALL, "d_closer": "whole clip"}


@pytest.fixture(autouse=True)
def lab(flowlab_home: Path) -> Iterator[Lab]:
    """Give each test a lab of its own."""
    st.cache_resource.clear()
    lab = open_lab()
    yield lab
    st.cache_resource.clear()


def start(app: AppTest) -> AppTest:
    """Press the button, and let the page be drawn again."""
    app.button("d_clip_run").click()
    return run(app)


def ended(lab: Lab) -> Ticket:
    """Wait until the newest job is over."""
    (ticket,) = lab.board.tickets()
    return lab.board.wait(ticket.key, 60)


def video_of(lab: Lab) -> Path:
    result = ended(lab).result
    return lab.library.store.path(result.content)  # type: ignore[attr-defined]


def test_a_job_becomes_a_video_of_the_view_in_this_server(lab: Lab) -> None:
    app = open_page(**PANEL)
    assert not app.get("video")
    assert "Colour of 11 frames as a video" in " ".join(caption.value for caption in app.caption)
    start(app)
    video = open_media(video_of(lab))
    assert (video.info.width, video.info.height, video.info.frame_count) == (192, 128, 11)
    run(app)
    assert len(app.get("video")) == 1
    assert [button.label for button in app.get("download_button")][-1].startswith("Download")
    assert "d_clip_run" not in [button.key for button in app.button]


def test_another_session_and_a_new_server_find_it_by_the_link(lab: Lab) -> None:
    start(open_page(**PANEL))
    ended(lab)
    assert open_page(**PANEL).get("video")
    assert not open_page(**PANEL, d_view="arrows").get("video")
    st.cache_resource.clear()  # a server begun anew knows no job, and has the store
    assert open_lab().board.tickets() == []
    assert open_page(**PANEL).get("video")


def test_the_range_is_in_the_link_and_in_the_video(lab: Lab) -> None:
    start(open_page(**PANEL, d_clip_range="3:8"))
    assert open_media(video_of(lab)).info.frame_count == 4
    assert not open_page(**PANEL).get("video")


@pytest.mark.parametrize("nonsense", ["x", "5", "9:3", "-4:2", "3:4", "900:1000", "1:2:3", "0:99999999999"])
def test_a_range_that_is_none_is_the_whole_clip(nonsense: str) -> None:
    app = open_page(**PANEL, d_clip_range=nonsense)
    assert "Colour of 11 frames" in " ".join(caption.value for caption in app.caption)


class Paused:
    """A job that runs until it is let go."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.running, self.go_on = threading.Event(), threading.Event()
        real = Workshop.make_video

        def paused(workshop: Workshop, job: object, clip: object, report: object, cancel: threading.Event) -> object:
            report(4, 11, 2)  # type: ignore[operator]
            self.running.set()
            while not (self.go_on.wait(0.01) or cancel.is_set()):
                pass
            return real(workshop, job, clip, report, cancel)  # type: ignore[arg-type]

        monkeypatch.setattr(Workshop, "make_video", paused)


def test_progress_is_told_and_cancel_ends_it(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Paused(monkeypatch)
    app = start(open_page(**PANEL))
    assert job.running.wait(30)
    run(app)
    assert "4 of 11 frames" in str([p.proto.text for p in app.get("progress")])
    app.button("d_clip_cancel").click()
    run(app)
    assert ended(lab).state is State.CANCELLED
    run(app)
    assert app.button("d_clip_run").label == "Go on"
    job.go_on.set()
    start(app)
    assert ended(lab).state is State.DONE
    assert run(app).get("video")


def test_everybody_sees_the_jobs_beside_the_page(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Paused(monkeypatch)
    assert "Jobs" not in str([e.label for e in open_page().expander])
    start(open_page(**PANEL))
    assert job.running.wait(30)
    other = open_page()
    assert "Jobs: 1 running" in [expander.label for expander in other.expander]
    job.go_on.set()
    ended(lab)
    assert "Jobs: 1" in [expander.label for expander in open_page().expander]


def test_those_beyond_the_slots_wait_and_say_so(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    job = Paused(monkeypatch)
    monkeypatch.setattr(lab.board, "_ask_slots", 1)
    start(open_page(**PANEL))
    assert job.running.wait(30)
    waiting = run(start(open_page(**PANEL, d_view="arrows")))
    assert "Waiting: 1 job runs, this is number 1 in the queue" in str([p.proto.text for p in waiting.get("progress")])
    job.go_on.set()
    assert all(lab.board.wait(ticket.key, 60).state is State.DONE for ticket in lab.board.tickets())


def test_a_failure_is_told_in_a_sentence_and_can_be_tried_again(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> object:
        raise EngineError("a worker died while computing *frames* 0 to 9: try another")

    with monkeypatch.context() as patch:
        patch.setattr(Workshop, "make_video", fails)
        app = start(open_page(**PANEL))
        assert ended(lab).state is State.FAILED
    run(app)
    assert r"\*frames\* 0 to 9" in said(app)
    assert app.button("d_clip_run").label == "Go on"
    start(app)
    assert ended(lab).state is State.DONE


def test_a_video_that_was_removed_to_make_room_is_offered_again(lab: Lab) -> None:
    app = start(open_page(**PANEL))
    lab.library.store.remove(ended(lab).result.content)  # type: ignore[attr-defined]
    run(app)
    assert not app.get("video")
    start(app)
    assert ended(lab).state is State.DONE
    assert run(app).get("video")


def test_a_board_is_for_as_many_jobs_as_there_are_workers(lab: Lab) -> None:
    assert isinstance(lab.board, Board)
    start(open_page(**PANEL))
    ended(lab)
    assert lab.board._slots == lab.cluster.workers
