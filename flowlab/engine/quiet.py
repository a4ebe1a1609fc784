"""Dask's scheduler and worker as the local cluster wants them: no web pages, contained, out of the way."""

import contextlib
import ctypes
import os
import signal
import sys
from typing import Any

from distributed import Scheduler, Worker

from flowlab.engine.child import limit_memory

_PR_SET_PDEATHSIG = 1


class QuietScheduler(Scheduler):
    """A scheduler without the web server that Dask's opens even where nobody asked for a dashboard."""

    def start_http_server(self, *_arguments: Any, **_options: Any) -> None:
        """Open no port."""


class QuietWorker(Worker):
    """A worker without a web server, limited in memory, that yields to whatever a person is looking at.

    Args:
        more_bytes: address space it may take beyond what its imports have.
        options: those of Dask's worker.
    """

    def __init__(self, *arguments: Any, more_bytes: int, **options: Any) -> None:
        super().__init__(*arguments, **options)
        give_way()
        end_with_parent()
        limit_memory(more_bytes)

    def start_http_server(self, *_arguments: Any, **_options: Any) -> None:
        """Open no port."""


def give_way() -> None:
    """Compute only when nobody else wants the processor, as far as the system can tell them apart."""
    if hasattr(os, "nice"):
        os.nice(19)
    if sys.platform == "linux":
        # A nice process is still let run to the end of its turn; an idle one is put aside the moment another wakes.
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def end_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies.

    Dask's own watch for that is a Python thread, which cannot act while a library holds the
    interpreter; the system can.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
