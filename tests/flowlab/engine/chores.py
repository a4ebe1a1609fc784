"""What the tests of the cluster have its workers do."""

import os
import signal
import threading
import time
from pathlib import Path

from flowlab.engine.running import check_cancelled
from flowlab.errors import ClipError


def double(number: int) -> int:
    return 2 * number


def double_after(seconds: float, number: int) -> int:
    time.sleep(seconds)
    return 2 * number


def large(size: int) -> bytes:
    return bytes(size)


def refuse() -> None:
    raise ClipError("the clip is empty: choose another")


def stumble() -> None:
    raise KeyError("unforeseen")


def crash() -> None:
    os.kill(os.getpid(), signal.SIGSEGV)


def hoard(size: int) -> int:
    return len(bytearray(size))


def nap_once(mark: str, number: int) -> int:
    """Sleep long the first time, and say who sleeps; at once when that was done before."""
    path = Path(mark)
    if not path.exists():
        path.with_suffix(".new").write_text(str(os.getpid()))
        path.with_suffix(".new").rename(path)
        time.sleep(60)
    return 2 * number


def nap(mark: str) -> None:
    """Say who sleeps, then sleep, deaf to everything."""
    _sign(mark)
    time.sleep(60)


def obey(mark: str) -> None:
    """Say who works, then work until called off, and say that it was heard."""
    _sign(mark)
    try:
        while True:
            time.sleep(0.02)
            check_cancelled()
    finally:
        Path(mark + ".heard").touch()


def spin(mark: str) -> None:
    """Say who works, then compute without ever looking up."""
    _sign(mark)
    while True:
        pass


def grip(mark: str) -> None:
    """Say who works, then keep the interpreter from every other thread of the worker."""
    _sign(mark)
    sum(range(1 << 60))


def pid() -> int:
    return os.getpid()


def surroundings() -> dict[str, str]:
    """Return what the worker finds around it."""
    names = ("MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_ARENA_MAX", "OPENBLAS_NUM_THREADS")
    found = {name: os.environ.get(name, "") for name in names}
    return found | {"nice": str(os.nice(0)), "folder": str(Path.cwd()), "threads": str(threading.active_count())}


def _sign(mark: str) -> None:
    path = Path(mark)
    path.with_name(path.name + ".new").write_text(str(os.getpid()))
    path.with_name(path.name + ".new").rename(path)
