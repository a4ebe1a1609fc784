"""The process that holds the local cluster: `python -m flowlab.engine.host`.

Dask's scheduler and the nannies of its workers live here and not in the server's process: nannies
import the main module anew in every worker, which there is Streamlit, and what happens to them must
not happen to the pages. The process lives as long as its standard input is open.
"""

import asyncio
import contextlib
import importlib
import multiprocessing
import multiprocessing.forkserver
import multiprocessing.util
import os
import shutil
import signal
import sys
import threading
from dataclasses import dataclass
from typing import Any, BinaryIO

from flowlab.engine.child import claim_streams
from flowlab.engine.messages import receive, send


@dataclass(frozen=True)
class HostSettings:
    """What the local cluster is to be like.

    Attributes:
        workers: how many.
        memory_bytes: address space each may take beyond its imports.
        preload: modules a new worker has imported already.
        folder: where workers may put files; removed at the end.
    """

    workers: int
    memory_bytes: int
    preload: tuple[str, ...]
    folder: str


def start_forkserver(preload: tuple[str, ...]) -> str:
    """Start the process new workers are forked from, which imports beside this one; return the method's name."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return "spawn"
    multiprocessing.set_forkserver_preload(["flowlab.engine.quiet", "flowlab.engine.running", *preload])
    multiprocessing.forkserver.ensure_running()
    return "forkserver"


async def serve(settings: HostSettings, outbox: BinaryIO, nannies: list[Any]) -> None:
    """Run the scheduler and its workers, and say where it is, until this process ends."""
    distributed: Any = importlib.import_module("distributed")
    from flowlab.engine.quiet import QuietScheduler, QuietWorker

    security = distributed.Security.temporary()
    common: dict[str, Any] = {"host": "127.0.0.1", "protocol": "tls://", "security": security, "dashboard": False}
    async with QuietScheduler(port=0, **common) as scheduler:
        nannies += [
            distributed.Nanny(
                scheduler.address,
                nthreads=1,
                name=number,
                local_directory=settings.folder,
                # the limit of address space comes first; this is for memory it does not count
                memory_limit=settings.memory_bytes + (1 << 30),
                worker_class=QuietWorker,
                more_bytes=settings.memory_bytes,
                **common,
            )
            for number in range(settings.workers)
        ]
        await asyncio.gather(*nannies)
        send(outbox, ("ready", scheduler.address, security.tls_ca_file, security.tls_client_key))
        await scheduler.finished()


def end_with(inbox: BinaryIO, settings: HostSettings, nannies: list[Any]) -> None:
    """Wait until the parent has gone, then end the workers and this process, at once and whatever they do."""
    with contextlib.suppress(OSError):
        inbox.read()
    for nanny in nannies:
        if nanny.pid:
            with contextlib.suppress(OSError):
                os.kill(nanny.pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    # the latter holds the door of the process that workers are forked from
    for folder in (settings.folder, multiprocessing.util.get_temp_dir()):
        shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)


def main() -> None:
    """Hold the cluster until the parent goes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to decide about
    inbox, outbox = claim_streams()
    message = receive(inbox)
    if message is None:
        return
    (settings,) = message
    nannies: list[Any] = []
    threading.Thread(target=end_with, args=(inbox, settings, nannies), daemon=True).start()
    method = start_forkserver(settings.preload)
    os.environ["DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD"] = method
    # Dask would import every library it can use before its first worker, and then preload them all.
    importlib.import_module("distributed.utils")._forkserver_preload_set = True  # type: ignore[attr-defined]
    asyncio.run(serve(settings, outbox, nannies))


if __name__ == "__main__":
    main()
