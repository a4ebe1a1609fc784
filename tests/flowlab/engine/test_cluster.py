"""A cluster computes pieces whatever dies meanwhile, stops when told, and leaves nothing behind."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from flowlab.engine import running
from flowlab.engine.cluster import Cluster
from flowlab.engine.pieces import Piece
from flowlab.errors import (
    CancelledError,
    ClipError,
    ClusterLostError,
    EngineError,
    ParameterError,
    TimeLimitError,
)
from tests.flowlab.engine import chores

ROOT = Path(__file__).parents[3]
HERE = {"PYTHONPATH": str(ROOT)}
WORKERS = 2
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


@pytest.fixture(scope="module")
def shared() -> Iterator[Cluster]:
    with Cluster(workers=WORKERS, memory_bytes=1 << 30, environment=HERE) as cluster:
        yield cluster


@pytest.fixture
def cluster(shared: Cluster) -> Iterator[Cluster]:
    """The cluster of this module, with all its workers at work again after each test."""
    yield shared
    if shared._link is not None:
        wait_until(lambda: len(shared.everywhere(chores.pid)) == WORKERS)


def doubles(count: int, first: int = 0) -> Iterator[Piece]:
    for number in range(first, first + count):
        yield Piece(str(number), chores.double, (number,), f"number {number}")


def slow_doubles(count: int, first: int = 0, seconds: float = 0.05) -> Iterator[Piece]:
    for number in range(first, first + count):
        yield Piece(str(number), chores.double_after, (seconds, number), f"number {number}")


def gathered(results: Iterator[tuple[Piece, Any]]) -> dict[str, Any]:
    """Return key -> result, each piece once."""
    answers: dict[str, Any] = {}
    for piece, result in results:
        assert piece.key not in answers
        answers[piece.key] = result
    return answers


def expected(count: int) -> dict[str, int]:
    return {str(number): 2 * number for number in range(count)}


def wait_until(condition: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def signed(mark: Path) -> int:
    """Wait for a chore to say that it began; return its process."""
    wait_until(mark.exists)
    return int(mark.read_text())


class Beside:
    """A run in a thread of its own."""

    def __init__(self, cluster: Cluster, pieces: Iterator[Piece], cancel: threading.Event | None = None) -> None:
        self.answers: dict[str, Any] = {}
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(cluster, pieces, cancel))
        self._thread.start()

    def _run(self, cluster: Cluster, pieces: Iterator[Piece], cancel: threading.Event | None) -> None:
        try:
            for piece, result in cluster.run(pieces, cancel):
                self.answers[piece.key] = result
        except BaseException as error:
            self.error = error

    def join(self) -> dict[str, Any]:
        self._thread.join(60)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error
        return self.answers


# --- results -----------------------------------------------------------------------------------------


def test_every_piece_comes_back_once_with_its_result(cluster: Cluster) -> None:
    assert gathered(cluster.run(doubles(30))) == expected(30)
    assert gathered(cluster.run(iter(()))) == {}


def test_pieces_are_computed_in_processes_of_their_own_on_all_workers(cluster: Cluster) -> None:
    pids = {result for _, result in cluster.run(Piece(str(n), chores.pid, (), "pid") for n in range(20))}
    assert len(pids) == WORKERS
    assert os.getpid() not in pids


def test_large_results_arrive_whole(cluster: Cluster) -> None:
    (answer,) = cluster.run([Piece("large", chores.large, (20_000_000,), "much")])
    assert len(answer[1]) == 20_000_000


def test_two_runs_at_once_see_their_own_pieces_only_and_share_the_workers(cluster: Cluster) -> None:
    long = Beside(cluster, slow_doubles(1000), stop := threading.Event())
    wait_until(lambda: len(long.answers) > 4)
    before = len(long.answers)
    assert gathered(cluster.run(slow_doubles(20))) == expected(20)
    meanwhile = len(long.answers) - before
    stop.set()
    with pytest.raises(CancelledError):
        long.join()
    assert 10 <= meanwhile <= 40  # evenly would be 20


def test_pieces_are_taken_as_places_become_free(cluster: Cluster) -> None:
    taken = itertools.count()
    last = 0

    def endless() -> Iterator[Piece]:
        nonlocal last
        for last in taken:
            yield Piece(str(last), chores.double, (last,), f"number {last}")

    results = cluster.run(endless())
    for done in range(1, 30):
        next(results)
        assert last + 1 <= done + 2 * WORKERS
    results.close()


def test_a_worker_has_its_settings_and_works_behind_what_a_person_looks_at(cluster: Cluster) -> None:
    for found in cluster.everywhere(chores.surroundings).values():
        assert found["nice"] == "19"
        assert int(found["MALLOC_TRIM_THRESHOLD_"]) >= 10**9
        assert int(found["MALLOC_MMAP_THRESHOLD_"]) >= 10**9
        assert (found["MALLOC_ARENA_MAX"], found["OPENBLAS_NUM_THREADS"]) == ("2", "1")


def test_everywhere_asks_each_worker_and_on_asks_some(cluster: Cluster) -> None:
    pids = cluster.everywhere(chores.pid)
    assert len(set(pids.values())) == len(pids) == WORKERS == cluster.workers
    one = min(pids)
    assert cluster.on([one], chores.pid) == {one: pids[one]}
    assert set(cluster.everywhere(chores.double, 4).values()) == {8}
    with pytest.raises(ClipError, match="the clip is empty: choose another"):
        cluster.everywhere(chores.refuse)
    with pytest.raises(EngineError, match="stumble failed in a worker"):
        cluster.everywhere(chores.stumble)
    with pytest.raises(TimeLimitError, match=r"within 0\.1 s"):
        cluster.everywhere(chores.double_after, 0.5, 1, seconds=0.1)


# --- failures ----------------------------------------------------------------------------------------


def test_an_error_of_ours_crosses_whole(cluster: Cluster) -> None:
    with pytest.raises(ClipError, match=r"^the clip is empty: choose another$"):
        gathered(cluster.run([Piece("bad", chores.refuse, (), "bad")]))


def test_an_unforeseen_error_becomes_one_sentence_and_its_trace_goes_to_the_log(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(EngineError, match=r"^frames 3 to 9 failed: the log says how"):
        gathered(cluster.run([Piece("bad", chores.stumble, (), "frames 3 to 9")]))
    assert "KeyError: 'unforeseen'" in caplog.text


def test_memory_beyond_the_limit_is_refused_and_the_worker_lives_on(cluster: Cluster) -> None:
    before = cluster.everywhere(chores.pid)
    assert gathered(cluster.run([Piece("much", chores.hoard, (200 << 20,), "much")])) == {"much": 200 << 20}
    with pytest.raises(EngineError, match="frames 3 to 9 needs more memory than a worker may take"):
        gathered(cluster.run([Piece("bad", chores.hoard, (3 << 30,), "frames 3 to 9")]))
    assert cluster.everywhere(chores.pid) == before


def test_a_worker_killed_from_outside_costs_no_result(cluster: Cluster, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    pieces = itertools.chain([Piece("victim", chores.nap_once, (str(mark), 7), "victim")], doubles(30))
    run = Beside(cluster, pieces)
    os.kill(signed(mark), signal.SIGKILL)
    assert run.join() == {"victim": 14} | expected(30)


def test_all_workers_killed_at_once_cost_no_result(cluster: Cluster) -> None:
    run = Beside(cluster, slow_doubles(60))
    for done in (5, 25):
        wait_until(lambda done=done: len(run.answers) > done)
        for pid in cluster.everywhere(chores.pid).values():
            os.kill(pid, signal.SIGKILL)
    assert run.join() == expected(60)


def test_a_piece_that_kills_its_worker_is_named_and_nobody_else_is_harmed(
    cluster: Cluster, capfd: pytest.CaptureFixture[str]
) -> None:
    neighbour = Beside(cluster, slow_doubles(60))
    bad = Piece("bad", chores.crash, (), "frames 30 to 59 of clip.mp4")
    wait_until(lambda: neighbour.answers)
    with pytest.raises(EngineError, match=r"died while computing frames 30 to 59 of clip\.mp4 .* was replaced"):
        gathered(cluster.run(itertools.chain(slow_doubles(5), [bad], slow_doubles(20, first=5))))
    assert neighbour.join() == expected(60)
    assert gathered(cluster.run(doubles(10))) == expected(10)
    assert capfd.readouterr() == ("", "")  # nothing in the terminal


@pytest.mark.parametrize("chore", [chores.nap, chores.grip])
def test_a_piece_over_its_time_is_stopped(cluster: Cluster, tmp_path: Path, chore: Callable[..., None]) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(TimeLimitError, match=r"frames 3 to 9 took longer than 1 s"):
        gathered(cluster.run([Piece("bad", chore, (str(mark),), "frames 3 to 9", 1.0)]))
    wait_until(lambda: not alive(signed(mark)))


def test_time_spent_waiting_for_ones_turn_does_not_count(cluster: Cluster) -> None:
    pieces = [Piece(str(n), chores.double_after, (0.4, n), f"number {n}", 0.7) for n in range(8)]
    assert gathered(cluster.run(iter(pieces))) == expected(8)


def test_an_error_in_making_the_pieces_is_raised_and_ends_the_run(cluster: Cluster, tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    def pieces() -> Iterator[Piece]:
        yield Piece("long", chores.obey, (str(mark),), "long")
        signed(mark)
        raise ClipError("no more frames: choose another clip")

    with pytest.raises(ClipError, match="no more frames"):
        gathered(cluster.run(pieces()))
    assert Path(f"{mark}.heard").exists()


def test_what_cannot_be_sent_is_refused(cluster: Cluster) -> None:
    with pytest.raises(ParameterError, match="‘this’ cannot be sent to a worker"):
        gathered(cluster.run([Piece("bad", lambda: 1, (), "this")]))
    assert gathered(cluster.run(doubles(3))) == expected(3)


# --- cancel ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chore", [chores.obey, chores.nap, chores.spin, chores.grip])
def test_a_cancelled_run_computes_nothing_any_more_and_leaves_others_alone(
    cluster: Cluster, tmp_path: Path, chore: Callable[..., None], capfd: pytest.CaptureFixture[str]
) -> None:
    neighbour = Beside(cluster, slow_doubles(60))
    cancel, mark = threading.Event(), tmp_path / "mark"
    pieces = (Piece(str(n), chore, (str(mark) + str(n or ""),), "work", 100) for n in range(50))
    run = Beside(cluster, pieces, cancel)
    worker = signed(mark)
    cancel.set()
    with pytest.raises(CancelledError):
        run.join()
    if chore is chores.obey:
        assert Path(f"{mark}.heard").exists()
        assert alive(worker)
    else:
        wait_until(lambda: not alive(worker))
    begun = len(list(tmp_path.iterdir()))
    assert neighbour.join() == expected(60)
    assert len(list(tmp_path.iterdir())) == begun
    assert capfd.readouterr() == ("", "")


def test_an_iterator_closed_early_is_a_cancelled_run(cluster: Cluster, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    pieces = [*doubles(1), Piece("long", chores.obey, (str(mark),), "long")]
    results = cluster.run(pieces)
    next(results)
    signed(mark)
    results.close()
    assert Path(f"{mark}.heard").exists()


def test_work_in_this_process_is_cancelled_by_its_event() -> None:
    event = threading.Event()
    running.check_cancelled()
    with running.cancelled_by(event):
        running.check_cancelled()
        event.set()
        with pytest.raises(CancelledError, match="called off"):
            running.check_cancelled()
        with running.cancelled_by(None):
            running.check_cancelled()
    running.check_cancelled()


# --- the end -----------------------------------------------------------------------------------------


def family(of: int) -> set[int]:
    """Return the living processes of a process group."""
    members = set()
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, group = entry.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(group) == of and state not in "ZX":
            members.add(int(entry.parent.name))
    return members


def host_of(cluster: Cluster) -> int:
    assert cluster._link is not None and cluster._link._host is not None
    return cluster._link._host.pid


def listening(processes: set[int]) -> list[str]:
    """Return the local addresses that these processes listen on, in the kernel's notation."""
    inodes = set()
    for process in processes:
        for entry in Path(f"/proc/{process}/fd").iterdir():
            inodes.add(str(entry.readlink()).removeprefix("socket:[").rstrip("]"))
    lines = [
        line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
    ]
    return [line[1] for line in lines if line[3] == "0A" and line[9] in inodes]


def test_only_this_machine_can_reach_it_and_no_web_server_runs(cluster: Cluster) -> None:
    sockets = listening(family(host_of(cluster)))
    assert len(sockets) == 1 + 2 * WORKERS  # the scheduler, and each worker with its nanny
    assert all(address.startswith("0100007F:") for address in sockets)
    assert cluster._link is not None and cluster._link.address.startswith("tls://127.0.0.1:")


def test_a_client_without_the_certificate_is_turned_away(cluster: Cluster) -> None:
    assert cluster._link is not None
    with pytest.raises(ClusterLostError, match="cannot be reached"):
        Cluster(cluster._link.address.replace("tls:", "tcp:")).start()


def test_when_its_process_dies_the_run_says_so_and_the_next_starts_afresh(
    cluster: Cluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    mark = tmp_path / "mark"
    run = Beside(cluster, iter([Piece("long", chores.nap, (str(mark),), "long", 100)]))
    signed(mark)
    host = host_of(cluster)
    assert len(family(host)) >= 2 + WORKERS
    os.kill(host, signal.SIGKILL)
    with pytest.raises(ClusterLostError, match="has died: start the work again"):
        run.join()
    wait_until(lambda: not family(host))
    assert gathered(cluster.run(doubles(10))) == expected(10)
    assert host_of(cluster) != host
    assert capfd.readouterr() == ("", "")


@pytest.fixture
def temp() -> Iterator[Path]:
    """Give a folder for temporary files with a short name: a socket in it may have 107 characters."""
    with tempfile.TemporaryDirectory(prefix="fl-", dir="/tmp") as folder:
        yield Path(folder)


def test_close_leaves_no_process_and_no_file(temp: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cwd").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temp))
    monkeypatch.setenv("TMPDIR", str(temp))
    monkeypatch.chdir(tmp_path / "cwd")
    cluster = Cluster(workers=1, environment=HERE)
    mark = tmp_path / "mark"
    run = Beside(cluster, iter([Piece("long", chores.grip, (str(mark),), "long", 100)]))
    signed(mark)
    host = host_of(cluster)
    cluster.close()
    cluster.close()
    with pytest.raises(ClusterLostError, match="was closed"):
        run.join()
    wait_until(lambda: not family(host))
    assert list(temp.iterdir()) == []
    assert list((tmp_path / "cwd").iterdir()) == []


@pytest.mark.parametrize("end", ["signal.SIGKILL", "signal.SIGTERM", None])
def test_nothing_remains_when_the_program_ends_without_closing(temp: Path, tmp_path: Path, end: str | None) -> None:
    program = textwrap.dedent(
        f"""
        import contextlib, os, signal, threading, time
        from pathlib import Path
        from flowlab.engine.cluster import Cluster
        from flowlab.engine.pieces import Piece
        from tests.flowlab.engine import chores
        cluster = Cluster(workers=2)
        mark = Path({str(tmp_path / "mark")!r})
        pieces = [Piece("1", chores.grip, (str(mark),), "long"), Piece("2", chores.nap, (str(mark) + "2",), "long")]
        def run():
            with contextlib.suppress(Exception):  # the end of the program is the end of the run
                list(cluster.run(pieces))
        threading.Thread(target=run, daemon=True).start()
        while not mark.exists():
            time.sleep(0.02)
        print(cluster._link._host.pid, flush=True)
        {f"os.kill(os.getpid(), {end})" if end else "raise SystemExit"}
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
        env=os.environ | HERE | {"TMPDIR": str(temp)},
    )  # fmt: skip
    host = int(done.stdout)
    wait_until(lambda: not family(host))
    wait_until(lambda: not list(temp.iterdir()))
    assert done.stderr == ""


def test_ctrl_c_is_left_to_the_program(cluster: Cluster) -> None:
    host = host_of(cluster)
    assert os.getpgid(host) == host != os.getpgrp()
    assert os.getsid(host) == os.getsid(0)  # or the workers' low priority would mean nothing
    os.kill(host, signal.SIGINT)
    assert gathered(cluster.run(doubles(10))) == expected(10)
    assert host_of(cluster) == host


# --- a cluster elsewhere -----------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def is_listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def start_dask(folder: Path, command: str, *arguments: str) -> "subprocess.Popen[bytes]":
    # it must end with these tests, even where they are killed
    program = (
        "import os, sys, threading\n"
        "threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()\n"
        f"from distributed.cli.dask_{command} import main\nmain()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments, "--no-dashboard"],
        env=os.environ | HERE | {"DASK_TEMPORARY_DIRECTORY": str(folder)}, start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def end_dask(process: "subprocess.Popen[bytes]") -> None:
    process.communicate()
    wait_until(lambda: not family(process.pid))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A scheduler and a worker as anybody would start them."""
    address = f"tcp://127.0.0.1:{free_port()}"
    folder = tmp_path_factory.mktemp("dask")
    processes = [
        start_dask(folder, "scheduler", "--host", address, "--dashboard-address", "127.0.0.1:0"),
        start_dask(folder, "worker", address, "--nthreads", "2", "--host", "127.0.0.1"),
    ]
    yield address
    for process in processes:
        end_dask(process)


def test_a_cluster_elsewhere_gives_the_same_and_lives_on_after_close(elsewhere: str, tmp_path: Path) -> None:
    with connected(elsewhere) as cluster:
        assert not cluster.is_local
        assert cluster.workers == 1
        assert gathered(cluster.run(doubles(20))) == expected(20)
        (worker,) = cluster.everywhere(chores.pid).values()
    assert alive(worker)
    with Cluster(elsewhere) as cluster:
        assert list(cluster.everywhere(chores.pid).values()) == [worker]


def connected(address: str) -> Cluster:
    """Return a cluster that has connected, once the one elsewhere has come up."""
    cluster = Cluster(address)
    deadline = time.monotonic() + 60
    while True:
        try:
            cluster.start()
        except EngineError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        else:
            return cluster


def test_elsewhere_too_a_deaf_piece_is_stopped_and_a_deadly_one_named(elsewhere: str, tmp_path: Path) -> None:
    with connected(elsewhere) as cluster:
        cancel, mark = threading.Event(), tmp_path / "mark"
        run = Beside(cluster, iter([Piece("deaf", chores.spin, (str(mark),), "work")]), cancel)
        worker = signed(mark)
        cancel.set()
        with pytest.raises(CancelledError):
            run.join()
        wait_until(lambda: not alive(worker))
        with pytest.raises(EngineError, match="died while computing the bad one"):
            gathered(cluster.run(itertools.chain(doubles(5), [Piece("bad", chores.crash, (), "the bad one")])))
        assert gathered(cluster.run(doubles(20))) == expected(20)


def test_a_cluster_with_other_versions_is_refused(elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    connected(elsewhere).close()
    ours = running.versions()
    monkeypatch.setattr("importlib.metadata.version", lambda name: "9.9")
    with pytest.raises(
        EngineError, match=rf"the scheduler has flowlab {ours['flowlab']} \(here 9\.9\).* install the same"
    ):
        Cluster(elsewhere).start()


def test_a_cluster_without_workers_is_refused(tmp_path: Path) -> None:
    address = f"tcp://127.0.0.1:{free_port()}"
    scheduler = start_dask(tmp_path, "scheduler", "--host", address, "--dashboard-address", "127.0.0.1:0")
    try:
        port = int(address.rpartition(":")[2])
        wait_until(lambda: is_listening(port))
        with pytest.raises(EngineError, match="has no worker: start one"):
            Cluster(address).start()
    finally:
        end_dask(scheduler)


def test_an_address_nobody_answers_at_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("flowlab.engine.link._CONNECT_SECONDS", 0.5)
    address = f"tcp://127.0.0.1:{free_port()}"
    with pytest.raises(ClusterLostError, match=f"‘{address}’ cannot be reached"):
        Cluster(address).start()


@pytest.mark.parametrize("address", ["", "127.0.0.1:8786", "http://host:1", "tcp://host", "tls://a b:1", "tcp://h:1/x"])
def test_a_text_that_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ParameterError, match="give tls://host:port"):
        Cluster(address)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ParameterError, match="workers is 0"):
        Cluster(workers=0)
    with pytest.raises(ParameterError, match="memory_bytes is 5"):
        Cluster(memory_bytes=5)
    with pytest.raises(ParameterError, match="seconds of a piece is 0"):
        Piece("key", chores.pid, (), "what", 0)


def test_dask_is_imported_when_a_cluster_starts_and_not_before() -> None:
    program = "import sys, flowlab.engine.cluster as c; c.Cluster(); sys.exit('distributed' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False, cwd=ROOT, timeout=60).returncode == 0
