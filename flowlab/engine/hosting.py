"""The server's side of the local cluster's process: start it, see whether it lives, end it."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from flowlab.engine.host import HostSettings
from flowlab.engine.messages import receive, send
from flowlab.errors import EngineError

_START_SECONDS = 60.0  # generous: cold imports on a busy machine
_END_SECONDS = 5.0

# glibc gives large blocks back to the system after each use unless told otherwise, and takes them
# anew for the next frame: that made the same OpenCV work 40 % slower.
_MALLOC = {"MALLOC_TRIM_THRESHOLD_": "1000000000", "MALLOC_MMAP_THRESHOLD_": "1000000000", "MALLOC_ARENA_MAX": "2"}
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
_DASK = {
    "DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": 0,  # whoever kills a worker is found by flowlab.engine.run
    "DISTRIBUTED__SCHEDULER__WORK_STEALING": False,  # pieces stay where flowlab.engine.places put them
    "DISTRIBUTED__NANNY__PRE_SPAWN_ENVIRON": _MALLOC | _ONE_THREAD,
    "DISTRIBUTED__WORKER__MEMORY__TARGET": False,
    "DISTRIBUTED__WORKER__MEMORY__SPILL": False,
    "DISTRIBUTED__WORKER__MEMORY__PAUSE": False,
    "DISTRIBUTED__WORKER__MEMORY__TERMINATE": 0.95,
    "DISTRIBUTED__ADMIN__TICK__LIMIT": "1h",  # no complaints about a busy machine
    "LOGGING": dict.fromkeys(
        ("distributed", "distributed.client", "distributed.gc", "tornado.application"), "critical"
    ),
}


@dataclass(frozen=True)
class Contact:
    """Where the scheduler listens and what opens its door.

    Attributes:
        address: "tls://127.0.0.1:port".
        certificate: the cluster's own, PEM.
        key: its private key, PEM.
    """

    address: str
    certificate: str
    key: str


class LocalHost:
    """The process of the local cluster. It ends with `close()`, and with this process however that ends.

    Args:
        workers: how many.
        memory_bytes: address space each may take beyond its imports.
        preload: modules a new worker has imported already.
        environment: variables for it and its workers, beyond this process's own.

    Raises:
        EngineError: it did not start; stderr says why.
    """

    def __init__(
        self, workers: int, memory_bytes: int, preload: tuple[str, ...], environment: Mapping[str, str]
    ) -> None:
        self._folder = tempfile.mkdtemp(prefix="flowlab-workers-")
        options: dict[str, Any] = {}
        if sys.platform == "win32":
            options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
        else:
            # A group of its own keeps Ctrl-C away from it. A session of its own would too, but Linux
            # shares the processor between sessions, and the workers' low priority would mean nothing.
            options["process_group"] = 0
        self._child = subprocess.Popen(
            [sys.executable, "-m", "flowlab.engine.host"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment(self._folder, environment), **options,
        )  # fmt: skip
        self._inbox = cast("BinaryIO", self._child.stdin)
        self._outbox = cast("BinaryIO", self._child.stdout)
        # also at the end of a program that never closed its cluster
        self._end = weakref.finalize(self, _end, self._child, self._folder)
        with contextlib.suppress(OSError):
            send(self._inbox, (HostSettings(workers, memory_bytes, preload, self._folder),))

    def contact(self) -> Contact:
        """Wait until the workers are there and return how to reach the scheduler."""
        alarm = threading.Timer(_START_SECONDS, self._child.kill)
        alarm.start()
        try:
            answer = receive(self._outbox)
        finally:
            alarm.cancel()
        if answer is None:
            code = self._child.wait()
            self.close()
            raise EngineError(f"the local cluster could not start (exit status {code}): the terminal says why")
        return Contact(*answer[1:])

    @property
    def pid(self) -> int:
        """Process id."""
        return self._child.pid

    @property
    def alive(self) -> bool:
        """Whether the process lives."""
        return self._child.poll() is None

    def close(self) -> None:
        """End the process, its workers and their files."""
        self._end()


def _end(child: "subprocess.Popen[bytes]", folder: str) -> None:
    for stream in (child.stdin, child.stdout):
        with contextlib.suppress(OSError):
            stream.close()  # type: ignore[union-attr]
    try:
        child.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    shutil.rmtree(folder, ignore_errors=True)


def _environment(folder: str, more: Mapping[str, str]) -> dict[str, str]:
    # A worker that is killed leaves semaphores to Python's tracker, which cleans up and says so.
    quiet = ",".join(filter(None, [os.environ.get("PYTHONWARNINGS"), "ignore:resource_tracker"]))
    dask = {f"DASK_{name}": str(value) for name, value in _DASK.items()}
    return {
        **os.environ,
        **_MALLOC,
        **_ONE_THREAD,
        **dask,
        "DASK_TEMPORARY_DIRECTORY": folder,
        "PYTHONWARNINGS": quiet,
        **more,
    }
