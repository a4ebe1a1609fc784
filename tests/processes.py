"""Which processes work with a home, what they use, and waiting for what must come in any reasonable time."""

import os
import time
from collections.abc import Callable
from pathlib import Path


def processes_of(home: Path) -> list[int]:
    """Return the other processes whose FLOWLAB_HOME is `home`, whoever started them."""
    mark = f"FLOWLAB_HOME={home}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (entry / "environ").read_bytes().split(b"\0") and int(entry.name) != os.getpid():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def workers_of(home: Path) -> list[int]:
    """Return the workers: the processes of a home that give way to everybody else."""
    return [process for process in processes_of(home) if os.getpriority(os.PRIO_PROCESS, process) == 19]


def processor_seconds(processes: list[int]) -> float:
    """Return the processor time that processes have taken since they began."""
    ticks = 0
    for process in processes:
        user, system = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]
        ticks += int(user) + int(system)
    return ticks / os.sysconf("SC_CLK_TCK")


def wait_for(what: str, happened: Callable[[], object], seconds: float = 60) -> None:
    """Wait until `happened()`."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)
