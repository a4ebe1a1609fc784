"""Jobs run a few at a time, fairly, once for everyone who asks, and whatever one of them does, the others go on."""

import functools
import logging
import math
import threading
import weakref
from collections.abc import Callable, Generator

import pytest

from flowlab.errors import CancelledError, ClipError, EngineError, FlowlabError, ParameterError
from flowlab.jobs import board as board_module
from flowlab.jobs.board import MOST_QUEUED, MOST_QUEUED_EACH, Board
from flowlab.jobs.ticket import Job, Progress, Report, State, Ticket, Work

PATIENCE = 20.0  # seconds; only a broken board takes them


class Clock:
    """A clock that stands still until it is moved."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Chore:
    """A job that says when it begins and ends when it is told to, or asked to stop."""

    def __init__(self, key: str, result: object = None, log: list[str] | None = None) -> None:
        self.begun, self.go, self.end = threading.Event(), threading.Event(), threading.Event()
        self.runs = 0
        self.thread = ""
        self.daemon = False
        self.report: Report | None = None
        self._log = [] if log is None else log
        self._result = result
        self.work = Work(key, f"Job {key}", {"job": key}, self._run)

    def _run(self, report: Report, stop: threading.Event) -> object:
        self.runs += 1
        self._log.append(self.work.key)
        self.report = report
        self.thread, self.daemon = threading.current_thread().name, threading.current_thread().daemon
        self.begun.set()
        while not self.go.wait(0.005):
            if stop.is_set():
                raise CancelledError("stopped")
        return self._result


def raising(key: str, failure: BaseException) -> Work:
    def run(report: Report, stop: threading.Event) -> object:
        raise failure

    return Work(key, f"Job {key}", {}, run)


def returning(key: str, result: object = None) -> Work:
    return Work(key, f"Job {key}", {}, lambda report, stop: result)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(clock: Clock) -> Generator[Callable[..., Board]]:
    boards: list[Board] = []

    def build(slots: int = 1, **settings: int) -> Board:
        boards.append(Board(slots, clock=clock, **settings))
        return boards[-1]

    yield build
    for board in boards:
        board.close()
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith("flowlab-job")]


@pytest.fixture
def board(make: Callable[..., Board]) -> Board:
    return make()


def found(board: Board, key: str) -> Ticket:
    ticket = board.find(key)
    assert ticket is not None
    return ticket


def end(board: Board, chore: Chore) -> Ticket:
    chore.go.set()
    return board.wait(chore.work.key, PATIENCE)


# --- one job ------------------------------------------------------------------------------------


def test_a_job_runs_and_its_ticket_tells_its_life(board: Board, clock: Clock) -> None:
    chore = Chore("a", result="flow.mp4")
    first = board.ask(chore.work, "ann")
    assert (first.state, first.position, first.ahead, first.result) == (State.RUNNING, 0, 0, None)
    assert (first.key, first.title, first.link, first.owner) == ("a", "Job a", {"job": "a"}, "ann")
    assert chore.begun.wait(PATIENCE)
    clock.now += 7
    assert found(board, "a").seconds == 7
    last = end(board, chore)
    assert (last.state, last.result, last.error) == (State.DONE, "flow.mp4", None)
    assert (last.asked, last.began, last.ended) == (100, 100, 107)
    clock.now += 50
    assert found(board, "a").seconds == 7
    assert first.state is State.RUNNING, "a ticket is a snapshot"


def test_jobs_run_on_daemon_threads_with_a_name_and_none_before_the_first(make: Callable[..., Board]) -> None:
    board = make(2)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("flowlab-job")]
    chore = Chore("a")
    board.ask(chore.work, "ann")
    end(board, chore)
    assert chore.thread.startswith("flowlab-job")
    assert chore.daemon


def test_the_link_of_a_ticket_is_a_copy(board: Board) -> None:
    link = {"v": "1"}
    board.ask(Work("a", "A", link, lambda report, stop: None), "ann")
    link["v"] = "2"
    found(board, "a").link["v"] = "3"  # type: ignore[index]
    assert found(board, "a").link == {"v": "1"}


def test_every_state_has_a_word_and_two_are_not_over() -> None:
    assert all(state.value.isalpha() for state in State)
    assert len({state.value for state in State}) == 5
    assert [state for state in State if not state.is_over] == [State.QUEUED, State.RUNNING]


def test_a_key_nobody_asked_for_is_not_known(board: Board) -> None:
    assert board.find("a") is None
    assert board.cancel("a") is None
    board.forget("a")
    with pytest.raises(EngineError, match="no job ‘a’ is known here: ask for it"):
        board.wait("a", 0)


@pytest.mark.parametrize(("slots", "keep"), [(0, 5), (-1, 5), (1, -1)])
def test_a_board_without_slots_is_refused(slots: int, keep: int) -> None:
    with pytest.raises(ParameterError, match=r"is (0|-1):"):
        Board(slots, keep=keep)


# --- whose turn it is ---------------------------------------------------------------------------


def test_one_job_beside_five_of_another_is_served_second(board: Board) -> None:
    served: list[str] = []
    chores = [Chore(f"A{i}", log=served) for i in range(5)]
    for chore in chores:
        board.ask(chore.work, "ann")
    late = Chore("B", log=served)
    assert board.ask(late.work, "bob").position == 1
    assert [ticket.key for ticket in board.tickets()] == ["A0", "B", "A1", "A2", "A3", "A4"]
    for chore in (chores[0], late, *chores[1:]):
        end(board, chore)
    assert served == ["A0", "B", "A1", "A2", "A3", "A4"]


def test_among_equals_the_one_served_longest_ago_is_next(board: Board) -> None:
    served: list[str] = []
    chores = {key: Chore(key, log=served) for key in ("A1", "A2", "A3", "B1", "B2", "C1", "C2")}
    for key, chore in chores.items():
        board.ask(chore.work, key[0])
    expected = [ticket.key for ticket in board.tickets()]
    assert expected == ["A1", "B1", "C1", "A2", "B2", "C2", "A3"]
    for key in expected:
        end(board, chores[key])
    assert served == expected


def test_a_person_with_fewer_running_jobs_goes_first_even_when_served_later(make: Callable[..., Board]) -> None:
    board = make(3)
    chores = {key: Chore(key) for key in ("A1", "A2", "B1", "A3", "B2")}
    for key, chore in chores.items():
        board.ask(chore.work, key[0])
    # Running: A1, A2, B1. When B1 ends, ann runs two and bob none, though bob was served last.
    end(board, chores["B1"])
    assert found(board, "B2").state is State.RUNNING
    assert found(board, "A3").state is State.QUEUED


def test_the_expected_order_is_the_true_one_when_jobs_end_in_the_order_they_began(make: Callable[..., Board]) -> None:
    board, served = make(2), list[str]()
    chores = {key: Chore(key, log=served) for key in ("A1", "A2", "A3", "A4", "B1", "B2", "B3", "C1")}
    for key, chore in chores.items():
        board.ask(chore.work, key[0])
    began: list[str] = []
    expected = [ticket.key for ticket in board.tickets()]
    while running := [ticket.key for ticket in board.tickets() if ticket.state is State.RUNNING]:
        began += [key for key in running if key not in began]
        end(board, chores[running[0]])
    assert began == expected == ["A1", "A2", "B1", "C1", "A3", "B2", "A4", "B3"]


def test_positions_move_up_as_jobs_end_or_leave(board: Board) -> None:
    chores = [Chore(key) for key in "abcd"]
    positions = [board.ask(chore.work, "ann").position for chore in chores]
    assert positions == [0, 1, 2, 3]
    assert found(board, "d").ahead == 1
    end(board, chores[0])
    assert [found(board, key).position for key in "abcd"] == [0, 0, 1, 2]
    board.cancel("c")
    assert found(board, "d").position == 1


def test_no_more_jobs_run_at_once_than_there_are_slots(make: Callable[..., Board]) -> None:
    board = make(2)
    chores = [Chore(key) for key in "abcd"]
    states = [board.ask(chore.work, chore.work.key).state for chore in chores]
    assert states == [State.RUNNING, State.RUNNING, State.QUEUED, State.QUEUED]
    assert chores[0].begun.wait(PATIENCE)
    assert chores[1].begun.wait(PATIENCE)
    assert found(board, "c").ahead == 2
    end(board, chores[1])
    assert chores[2].begun.wait(PATIENCE)
    assert not chores[3].begun.is_set()


# --- the same question --------------------------------------------------------------------------


def test_the_same_question_is_one_job_whoever_asks_and_in_whichever_state(board: Board) -> None:
    running, queued = Chore("a", result=42), Chore("b")
    board.ask(running.work, "ann")
    board.ask(queued.work, "ann")
    again = board.ask(Chore("a").work, "bob")
    assert (again.state, again.owner) == (State.RUNNING, "ann")
    assert board.ask(Chore("b").work, "bob").position == 1
    assert len(board.tickets()) == 2
    end(board, running)
    assert board.ask(Chore("a").work, "bob").result == 42
    end(board, queued)
    assert (running.runs, queued.runs) == (1, 1)


def test_a_job_that_failed_or_was_cancelled_runs_again(board: Board) -> None:
    board.ask(raising("a", ClipError("damaged")), "ann")
    assert board.wait("a", PATIENCE).state is State.FAILED
    board.ask(returning("a", "well"), "bob")
    again = board.wait("a", PATIENCE)
    assert (again.state, again.result, again.error, again.owner) == (State.DONE, "well", None, "bob")

    chore = Chore("b")
    board.ask(chore.work, "ann")
    board.cancel("b")
    assert board.wait("b", PATIENCE).state is State.CANCELLED
    board.ask(returning("b", "well"), "ann")
    assert board.wait("b", PATIENCE).result == "well"
    assert [ticket.key for ticket in board.tickets()] == ["b", "a"]


def test_a_forgotten_job_runs_again_and_one_that_has_not_ended_is_not_forgotten(board: Board) -> None:
    running, queued = Chore("a"), Chore("b")
    board.ask(running.work, "ann")
    board.ask(queued.work, "ann")
    board.forget("a")
    board.forget("b")
    assert [ticket.key for ticket in board.tickets()] == ["a", "b"]
    end(board, running)
    board.forget("a")
    assert board.find("a") is None
    running.go.clear()
    assert board.ask(running.work, "ann").state is State.QUEUED


# --- cancelling ---------------------------------------------------------------------------------


def test_a_queued_job_is_cancelled_at_once_and_never_runs(board: Board, clock: Clock) -> None:
    running, queued = Chore("a"), Chore("b")
    board.ask(running.work, "ann")
    board.ask(queued.work, "ann")
    clock.now += 3
    ticket = board.cancel("b")
    assert ticket is not None
    assert (ticket.state, ticket.position, ticket.began, ticket.ended) == (State.CANCELLED, 0, None, 103)
    assert (ticket.seconds, ticket.error) == (0, None)
    end(board, running)
    board.close()
    assert not queued.runs


def test_a_running_job_is_cancelled_when_it_stops(board: Board) -> None:
    stopping, go = threading.Event(), threading.Event()

    def run(report: Report, stop: threading.Event) -> object:
        stopping.set()
        assert go.wait(PATIENCE)
        assert stop.is_set()
        raise CancelledError("called off")

    board.ask(Work("a", "A", {}, run), "ann")
    assert stopping.wait(PATIENCE)
    ticket = board.cancel("a")
    assert ticket is not None
    assert (ticket.state, ticket.stopping) == (State.RUNNING, True)
    go.set()
    last = board.wait("a", PATIENCE)
    assert (last.state, last.stopping, last.error) == (State.CANCELLED, False, None)


def test_a_job_that_ends_well_although_it_was_cancelled_is_done(board: Board) -> None:
    begun, go = threading.Event(), threading.Event()

    def run(report: Report, stop: threading.Event) -> object:
        begun.set()
        assert go.wait(PATIENCE)
        return "all of it"

    board.ask(Work("a", "A", {}, run), "ann")
    assert begun.wait(PATIENCE)
    board.cancel("a")
    go.set()
    last = board.wait("a", PATIENCE)
    assert (last.state, last.result) == (State.DONE, "all of it")
    after = board.cancel("a")
    assert after is not None
    assert after.state is State.DONE, "what has ended stays as it is"


@pytest.mark.parametrize("failure", [EngineError("its worker was stopped"), ValueError("closed file")])
def test_a_job_that_breaks_while_it_is_being_cancelled_is_cancelled(board: Board, failure: Exception) -> None:
    begun = threading.Event()

    def run(report: Report, stop: threading.Event) -> object:
        begun.set()
        assert stop.wait(PATIENCE)
        raise failure

    board.ask(Work("a", "A", {}, run), "ann")
    assert begun.wait(PATIENCE)
    board.cancel("a")
    last = board.wait("a", PATIENCE)
    assert (last.state, last.error) == (State.CANCELLED, None)


def test_a_job_cancelled_before_its_thread_gets_to_it_never_runs(clock: Clock) -> None:
    chore = Chore("a")
    job = Job("a", "A", {}, "ann", chore.work.run, 1, clock(), Progress(clock(), clock), State.RUNNING)
    job.stop.set()
    assert board_module._outcome(job) == (State.CANCELLED, None, None)
    assert not chore.runs


def test_cancelled_elsewhere_is_cancelled_here(board: Board) -> None:
    board.ask(raising("a", CancelledError("the engine was told so")), "ann")
    assert board.wait("a", PATIENCE).state is State.CANCELLED


# --- what goes wrong ----------------------------------------------------------------------------


def test_an_error_of_ours_is_told_as_it_is(board: Board, caplog: pytest.LogCaptureFixture) -> None:
    board.ask(raising("a", ClipError("frame 3 of ‘x.mp4’ cannot be read: try another clip")), "ann")
    last = board.wait("a", PATIENCE)
    assert last.error == "frame 3 of ‘x.mp4’ cannot be read: try another clip"
    assert (last.state, last.result) == (State.FAILED, None)
    assert not caplog.records


@pytest.mark.parametrize(
    ("failure", "says"),
    [
        (ZeroDivisionError("in /secret/place"), "the log says how"),
        (SystemExit(3), "the log says how"),
        (KeyboardInterrupt(), "the log says how"),
        (GeneratorExit(), "the log says how"),
        (MemoryError(), "needs more memory than there is: use a smaller width or fewer frames"),
    ],
)
def test_an_unforeseen_error_is_told_in_a_general_sentence_and_logged(
    board: Board, caplog: pytest.LogCaptureFixture, failure: BaseException, says: str
) -> None:
    board.ask(raising("a", failure), "ann")
    last = board.wait("a", PATIENCE)
    assert last.state is State.FAILED
    assert last.error is not None
    assert "‘Job a’" in last.error
    assert says in last.error
    assert "secret" not in last.error
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.exc_info is not None
    assert record.exc_info[1] is failure

    board.ask(returning("b", "goes on"), "ann")
    assert board.wait("b", PATIENCE).result == "goes on", "the slot must outlive what ran in it"


def test_an_error_without_words_gets_some(board: Board) -> None:
    board.ask(raising("a", FlowlabError()), "ann")
    assert "‘Job a’ failed" in str(board.wait("a", PATIENCE).error)


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_of_an_ended_job_is_held_but_its_ticket(board: Board, fails: bool) -> None:
    class Clip:
        """Something large."""

    def run(clip: Clip, report: Report, stop: threading.Event) -> object:
        if fails:
            raise ClipError("damaged")
        return None

    clip = Clip()
    held = weakref.ref(clip)
    board.ask(Work("a", "A", {}, functools.partial(run, clip)), "ann")
    board.wait("a", PATIENCE)
    board.ask(returning("b"), "ann")
    board.wait("b", PATIENCE)  # by now the thread is through with the first
    del clip
    assert held() is None


# --- how far and how fast -----------------------------------------------------------------------


def test_a_ticket_says_how_far_how_fast_and_how_long_still(board: Board, clock: Clock) -> None:
    chore = Chore("a")
    board.ask(chore.work, "ann")
    assert chore.begun.wait(PATIENCE)
    assert chore.report is not None
    ticket = found(board, "a")
    assert (ticket.done, ticket.total, ticket.fps, ticket.seconds_left) == (0, 0, None, None)
    clock.now += 3  # a start-up
    chore.report(40, 200, 40)
    assert found(board, "a").fps is None, "frames read from the store say nothing about speed"
    for _ in range(4):
        clock.now += 1
        chore.report(found(board, "a").done + 20, 200, 40)
    ticket = found(board, "a")
    assert (ticket.done, ticket.total, ticket.reused) == (120, 200, 40)
    assert ticket.fps == pytest.approx(20)
    assert ticket.seconds_left == pytest.approx(4)
    clock.now += 1
    assert found(board, "a").seconds_left == pytest.approx(3), "it counts down between two reports"
    chore.report(140, 200, 40)
    last = end(board, chore)
    assert last.fps == pytest.approx(100 / 8), "over the whole run, start-up and all"
    assert last.seconds_left is None


def test_time_in_the_queue_does_not_count_as_time_at_work(board: Board, clock: Clock) -> None:
    first, second = Chore("a"), Chore("b")
    board.ask(first.work, "ann")
    board.ask(second.work, "ann")
    clock.now += 60
    end(board, first)
    assert second.begun.wait(PATIENCE)
    assert second.report is not None
    clock.now += 2
    second.report(20, 100, 0)
    ticket = found(board, "b")
    assert (ticket.asked, ticket.began, ticket.seconds) == (100, 160, 2)
    assert ticket.fps == pytest.approx(10)


def progress_of(clock: Clock, *reports: tuple[float, int, int]) -> Progress:
    """Return the progress after (seconds since the beginning, done, reused) were reported, of 1000 frames."""
    progress = Progress(clock.now, clock)
    start = clock.now
    for seconds, done, reused in reports:
        clock.now = start + seconds
        progress.report(done, 1000, reused)
    return progress


def test_speed_is_that_of_the_last_ten_seconds(clock: Clock) -> None:
    slow_then_fast = [(float(t), t, 0) for t in range(1, 31)] + [(30.0 + t, 30 + 5 * t, 0) for t in range(1, 13)]
    assert progress_of(clock, *slow_then_fast).fps(clock.now) == pytest.approx(5)


def test_reused_frames_between_computed_ones_do_not_count(clock: Clock) -> None:
    progress = progress_of(clock, (1, 10, 0), (2, 120, 100), (3, 130, 100), (4, 140, 100))
    assert progress.fps(clock.now) == pytest.approx(10)
    assert progress.seconds_left(clock.now) == pytest.approx(86)


def test_a_burst_says_nothing_before_a_second_has_passed(clock: Clock) -> None:
    progress = progress_of(clock, (0.01, 30, 0))
    assert progress.fps(clock.now) is None
    clock.now += 2
    assert progress.fps(clock.now) == pytest.approx(15)


def test_pieces_longer_than_the_window_have_a_speed_all_the_same(clock: Clock) -> None:
    progress = progress_of(clock, (30, 60, 0), (60, 120, 0), (70, 120, 0), (80, 120, 0))
    assert progress.fps(clock.now) == pytest.approx(2), "saying again that nothing is new changes nothing"
    assert progress.seconds_left(clock.now) == pytest.approx(880 / 2 - 20)


def test_speed_sinks_when_nothing_comes_any_more(clock: Clock) -> None:
    progress = progress_of(clock, *((float(t), 10 * t, 0) for t in range(1, 21)))
    speeds = []
    for _ in range(5):
        clock.now += 10
        speeds.append(progress.fps(clock.now))
    assert speeds == pytest.approx([10, 5, 10 / 3, 2.5, 2])


def test_who_begins_anew_is_measured_anew(clock: Clock) -> None:
    progress = progress_of(clock, (1, 500, 0), (2, 600, 0), (3, 10, 0), (5, 20, 0))
    assert progress.fps(clock.now) == pytest.approx(5)


def test_nothing_left_is_zero_seconds_and_an_unknown_total_is_unknown(clock: Clock) -> None:
    progress = Progress(clock.now, clock)
    clock.now += 2
    progress.report(10, 0, 0)
    assert progress.fps(clock.now) == 5
    assert progress.seconds_left(clock.now) is None
    progress.report(12, 12, 0)
    assert progress.seconds_left(clock.now) == 0
    progress.report(15, 12, 0)
    assert progress.seconds_left(clock.now) == 0


def test_a_thousand_reports_a_second_keep_memory_and_window_bounded(clock: Clock) -> None:
    progress = progress_of(clock, *((i / 1000, i // 100, 0) for i in range(1, 30_001)))
    assert progress.fps(clock.now) == pytest.approx(10, rel=0.05)
    assert len(progress._counts) < 50


def test_reports_wait_for_no_lock(board: Board) -> None:
    chore = Chore("a")
    board.ask(chore.work, "ann")
    assert chore.begun.wait(PATIENCE)
    assert chore.report is not None
    reporter = threading.Thread(target=chore.report, args=(1, 2, 0), daemon=True)
    with board._lock:
        reporter.start()
        reporter.join(PATIENCE)
        assert not reporter.is_alive()
    assert found(board, "a").done == 1


# --- limits and the end -------------------------------------------------------------------------


def test_ended_jobs_are_kept_newest_first_and_the_oldest_go(make: Callable[..., Board]) -> None:
    board = make(keep=3)
    for key in "abcde":
        board.ask(returning(key), "ann")
        board.wait(key, PATIENCE)
    assert [ticket.key for ticket in board.tickets()] == ["e", "d", "c"]
    assert board.find("a") is None


def test_what_counts_is_which_ended_last_and_not_which_was_asked_for_last(make: Callable[..., Board]) -> None:
    board = make(3, keep=2)
    chores = {key: Chore(key) for key in "abc"}
    for chore in chores.values():
        board.ask(chore.work, "ann")
    for key in "cab":
        end(board, chores[key])
    assert [ticket.key for ticket in board.tickets()] == ["b", "a"]


def test_a_board_that_keeps_nothing_still_answers_who_waits(make: Callable[..., Board]) -> None:
    board = make(keep=0)
    chore = Chore("a", result=1)
    board.ask(chore.work, "ann")
    answers: list[Ticket] = []
    waiter = threading.Thread(target=lambda: answers.append(board.wait("a", PATIENCE)))
    waiter.start()
    while not board._change._waiters:  # type: ignore[attr-defined]
        pass
    chore.go.set()
    waiter.join(PATIENCE)
    assert [ticket.result for ticket in answers] == [1]
    assert board.tickets() == []


def test_one_person_may_have_so_many_jobs_waiting_and_another_still_gets_in(board: Board) -> None:
    chore = Chore("first")
    board.ask(chore.work, "ann")
    for i in range(MOST_QUEUED_EACH):
        board.ask(returning(f"{i}"), "ann")
    with pytest.raises(EngineError, match=f"{MOST_QUEUED_EACH} of your jobs wait already.*cancel one"):
        board.ask(returning("one more"), "ann")
    assert board.find("one more") is None
    assert board.ask(returning("3"), "ann").state is State.QUEUED, "a known question is no further job"
    assert board.ask(returning("other"), "bob").position == 1
    board.cancel("5")
    assert board.ask(returning("one more"), "ann").state is State.QUEUED


def test_so_many_jobs_may_wait_in_all(board: Board) -> None:
    chore = Chore("first")
    board.ask(chore.work, "ann")
    for i in range(MOST_QUEUED):
        board.ask(returning(f"{i}"), f"person {i}")
    with pytest.raises(EngineError, match=f"{MOST_QUEUED} jobs wait already"):
        board.ask(returning("one more"), "bob")
    assert board.ask(chore.work, "bob").state is State.RUNNING


def test_waiting_ends_when_the_time_is_over(board: Board) -> None:
    chore = Chore("a")
    board.ask(chore.work, "ann")
    assert board.wait("a", 0).state is State.RUNNING
    assert board.wait("a", 0.02).state is State.RUNNING
    chore.go.set()
    assert board.wait("a", math.inf).state is State.DONE


def test_closing_cancels_everything_and_ends_the_threads(make: Callable[..., Board]) -> None:
    board = make(2)
    chores = [Chore(key) for key in "abcd"]
    for chore in chores:
        board.ask(chore.work, "ann")
    assert chores[0].begun.wait(PATIENCE)
    board.close(PATIENCE)
    assert {ticket.state for ticket in board.tickets()} == {State.CANCELLED}
    assert [chore.runs for chore in chores[2:]] == [0, 0]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("flowlab-job")]
    board.close()
    with pytest.raises(EngineError, match="‘Job e’ cannot begin, the server is shutting down"):
        board.ask(returning("e"), "ann")


def test_closing_does_not_wait_for_ever_for_a_job_that_does_not_stop(board: Board) -> None:
    begun, go = threading.Event(), threading.Event()

    def run(report: Report, stop: threading.Event) -> object:
        begun.set()
        return go.wait(PATIENCE)

    board.ask(Work("a", "A", {}, run), "ann")
    assert begun.wait(PATIENCE)
    board.close(0.02)
    assert found(board, "a").stopping
    go.set()
    assert board.wait("a", PATIENCE).state is State.DONE


def test_a_job_may_close_its_board(board: Board) -> None:
    def run(report: Report, stop: threading.Event) -> object:
        board.close(PATIENCE)
        return stop.is_set()

    board.ask(Work("a", "A", {}, run), "ann")
    assert board.wait("a", PATIENCE).result is True


def test_a_board_that_ran_nothing_closes(board: Board) -> None:
    board.close()


def test_people_remembered_are_bounded(make: Callable[..., Board], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_module, "_OWNERS_REMEMBERED", 3)
    board = make()
    for i, person in enumerate("abcadef"):
        board.ask(returning(f"{i}"), person)
        board.wait(f"{i}", PATIENCE)
        if i == 4:
            assert list(board._served) == ["c", "a", "d"], "who was served longest ago is forgotten first"
    assert list(board._served) == ["d", "e", "f"]


def test_many_people_at_once_get_their_answers_and_each_question_runs_once(make: Callable[..., Board]) -> None:
    board = make(3, keep=1000)
    runs: list[int] = []
    most, running, count = 0, 0, threading.Lock()
    together = threading.Barrier(12)

    def work(number: int) -> Work:
        def run(report: Report, stop: threading.Event) -> object:
            nonlocal most, running
            with count:
                running += 1
                most = max(most, running)
                runs.append(number)
            for frame in range(20):
                report(frame + 1, 20, 0)
            with count:
                running -= 1
            return number

        return Work(f"{number}", f"{number}", {}, run)

    wrong: list[object] = []

    def person(name: int) -> None:
        together.wait(PATIENCE)
        for number in range(60):
            board.ask(work(number), f"{name}")
            if number % 7 == 0:
                shown = board.tickets()
                places = [ticket.position for ticket in shown if ticket.state is State.QUEUED]
                if places != list(range(1, len(places) + 1)):
                    wrong.append(places)
            ticket = board.wait(f"{number}", PATIENCE)
            if ticket.state is not State.DONE or ticket.result != number or ticket.done != 20:
                wrong.append(ticket)

    people = [threading.Thread(target=person, args=(name,)) for name in range(12)]
    for thread in people:
        thread.start()
    for thread in people:
        thread.join(PATIENCE)
    assert not wrong
    assert sorted(runs) == list(range(60))
    assert most <= 3


def test_asking_and_cancelling_from_all_sides_leaves_nothing_hanging(make: Callable[..., Board]) -> None:
    board = make(2, keep=1000)
    together = threading.Barrier(6)

    def run(report: Report, stop: threading.Event) -> object:
        if stop.wait(0.0005):
            raise CancelledError("stopped")
        return None

    def person(name: int) -> None:
        together.wait(PATIENCE)
        for number in range(40):
            board.ask(Work(f"{number % 10}", "", {}, run), f"{name}")
            if (number + name) % 3 == 0:
                board.cancel(f"{(number + name) % 10}")
            if (number + name) % 5 == 0:
                board.forget(f"{(number + name) % 10}")

    people = [threading.Thread(target=person, args=(name,)) for name in range(6)]
    for thread in people:
        thread.start()
    for thread in people:
        thread.join(PATIENCE)
    for ticket in board.tickets():
        assert board.wait(ticket.key, PATIENCE).state in (State.DONE, State.CANCELLED)
