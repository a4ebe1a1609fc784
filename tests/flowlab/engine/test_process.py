"""A child process contains crashes, time and memory, and is replaced."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from flowlab.engine.process import ServiceProcess
from flowlab.errors import ClipError, EngineError, TimeLimitError

SERVICE = textwrap.dedent(
    """
    import ctypes, os, time
    from flowlab.errors import ClipError

    class Service:
        def __init__(self):
            self.calls = 0
        def add(self, a, b):
            self.calls += 1
            return a + b
        def count(self):
            return self.calls
        def pid(self):
            return os.getpid()
        def refuse(self):
            raise ClipError("the clip is empty: choose another")
        def stumble(self):
            raise KeyError("unforeseen")
        def crash(self):
            ctypes.string_at(0)
        def nap(self):
            time.sleep(30)
        def hoard(self, size):
            return len(bytearray(size))
        def chatter(self):
            os.write(1, b"a decoder prints what it likes")
            print("so does this")
            return "still in step"
        def big(self, size):
            return bytes(size)
        def report(self, progress):
            for step in range(3):
                progress(step / 2, f"step {step}")
            return "reported"
    """
)


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ServiceProcess]:
    (tmp_path / "a_service.py").write_text(SERVICE)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    process = ServiceProcess("a_service:Service", memory_bytes=1 << 30, what="the test process")
    yield process
    process.close()


def test_calls_are_answered_by_one_lasting_child(service: ServiceProcess) -> None:
    assert service.call("add", seconds=10, a=2, b=3) == 5
    assert service.call("add", seconds=10, a="x", b="y") == "xy"
    assert service.call("count", seconds=10) == 2
    assert service.call("pid", seconds=10) == service.pid != os.getpid()


def test_an_error_of_ours_crosses_whole_and_the_child_lives_on(service: ServiceProcess) -> None:
    before = service.call("pid", seconds=10)
    with pytest.raises(ClipError, match="the clip is empty: choose another"):
        service.call("refuse", seconds=10)
    assert service.call("pid", seconds=10) == before


def test_an_unforeseen_error_becomes_one_sentence(service: ServiceProcess) -> None:
    with pytest.raises(EngineError, match="the test process failed on this file"):
        service.call("stumble", seconds=10)
    assert service.call("add", seconds=10, a=1, b=1) == 2


def test_a_segmentation_fault_ends_the_child_alone(service: ServiceProcess) -> None:
    before = service.call("pid", seconds=10)
    with pytest.raises(EngineError, match="died on this file"):
        service.call("crash", seconds=10)
    assert service.call("pid", seconds=10) != before


def test_a_call_over_its_time_is_stopped(service: ServiceProcess) -> None:
    before = service.call("pid", seconds=10)
    with pytest.raises(TimeLimitError, match=r"longer than 0\.3 s"):
        service.call("nap", seconds=0.3)
    assert service.call("pid", seconds=10) != before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of address space")
def test_memory_beyond_the_limit_is_refused(service: ServiceProcess) -> None:
    assert service.call("hoard", seconds=20, size=200 << 20) == 200 << 20
    with pytest.raises(EngineError, match="more memory"):
        service.call("hoard", seconds=20, size=3 << 30)
    assert service.call("add", seconds=10, a=1, b=1) == 2


def test_what_the_child_prints_does_not_disturb_the_answers(service: ServiceProcess) -> None:
    assert service.call("chatter", seconds=10) == "still in step"
    assert service.call("add", seconds=10, a=1, b=2) == 3


def test_large_answers_arrive_whole(service: ServiceProcess) -> None:
    assert len(service.call("big", seconds=20, size=50_000_000)) == 50_000_000


def test_progress_is_reported_in_order(service: ServiceProcess) -> None:
    seen: list[tuple[float, str]] = []
    assert service.call("report", seconds=10, progress=lambda *step: seen.append(step)) == "reported"
    assert seen == [(0.0, "step 0"), (0.5, "step 1"), (1.0, "step 2")]


def test_giving_up_from_progress_ends_the_child_and_the_next_call_works(service: ServiceProcess) -> None:
    class GivenUpError(Exception):
        pass

    def give_up(share: float, text: str) -> None:
        raise GivenUpError

    with pytest.raises(GivenUpError):
        service.call("report", seconds=10, progress=give_up)
    assert service.call("add", seconds=10, a=1, b=1) == 2


def test_threads_take_turns(service: ServiceProcess) -> None:
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(service.call("add", seconds=20, a=n, b=1000)))
        for n in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == list(range(1000, 1008))


def test_a_child_killed_while_idle_is_replaced(service: ServiceProcess) -> None:
    service.start()
    assert service.pid is not None
    os.kill(service.pid, signal.SIGTERM)
    time.sleep(0.2)
    assert service.call("add", seconds=10, a=4, b=4) == 8


def test_a_child_ends_with_its_parent_even_when_busy(tmp_path: Path) -> None:
    (tmp_path / "a_service.py").write_text(SERVICE)
    parent = textwrap.dedent(
        """
        import os, threading, time
        from flowlab.engine.process import ServiceProcess
        process = ServiceProcess("a_service:Service")
        print(process.call("pid", seconds=20), flush=True)
        threading.Thread(target=lambda: process.call("nap", seconds=60), daemon=True).start()
        time.sleep(0.5)
        os._exit(9)
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", parent], capture_output=True, text=True, timeout=60,
        env=os.environ | {"PYTHONPATH": str(tmp_path)}, check=False,
    )  # fmt: skip
    child = int(done.stdout)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and _alive(child):
        time.sleep(0.05)
    assert not _alive(child)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")
