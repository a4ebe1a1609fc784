"""A cluster of worker processes: one of our own on this machine, or another by its address."""

import contextlib
import os
import re
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from flowlab.engine import running
from flowlab.engine.hosting import LocalHost
from flowlab.engine.link import Link, knock
from flowlab.engine.pieces import Piece as Piece
from flowlab.engine.run import Run
from flowlab.errors import EngineError, ParameterError, TimeLimitError, shown

_ADDRESS = re.compile(r"(tls|tcp)://([\w.-]+|\[[0-9a-fA-F:.]+\]):\d{1,5}")


class Cluster:
    """Computes pieces in worker processes, contained in memory and time, replaced when they die.

    Nothing starts before `start()` or the first use. After the scheduler was lost the next use
    starts afresh. Any number of threads may use a cluster.

    Args:
        address: "tls://host:port" or "tcp://host:port" of a Dask scheduler; None for a local cluster.
            Certificates for tls come from Dask's own configuration.
        workers: of the local cluster; as many as this process may use cores by default.
        memory_bytes: address space a local worker may take beyond its imports (not enforced on Windows).
        preload: modules a new local worker has imported already.
        environment: variables for the local cluster, beyond this process's own.

    Raises:
        ParameterError: an address that is none, no workers, or no memory.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        workers: int | None = None,
        memory_bytes: int = 6 << 30,
        preload: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        if address is not None and not _ADDRESS.fullmatch(address):
            raise ParameterError(
                f"the scheduler's address is {shown(address)}: give tls://host:port or tcp://host:port"
            )
        if workers is not None and workers < 1:
            raise ParameterError(f"workers is {workers}: give 1 or more")
        if memory_bytes < 1 << 20:
            raise ParameterError(f"memory_bytes is {memory_bytes}: give at least a megabyte")
        self._address = address
        self._workers, self._memory_bytes = workers or _cores(), memory_bytes
        self._preload, self._environment = tuple(preload), dict(environment or {})
        self._lock = threading.Lock()
        self._link: Link | None = None

    @property
    def is_local(self) -> bool:
        """Whether the workers are processes of our own on this machine."""
        return self._address is None

    @property
    def workers(self) -> int:
        """How many workers there are; for a local cluster, how many there are meant to be."""
        if self.is_local:
            return self._workers
        return self._linked().places.workers

    def start(self) -> None:
        """Start, or connect, and return when there are workers; harmless when that is done.

        Raises:
            ClusterLostError: the scheduler cannot be reached.
            EngineError: the local cluster cannot start, or the other has no worker or other versions.
        """
        self._linked()

    def close(self) -> None:
        """End the local cluster, or disconnect from the other; a later use would start again."""
        with self._lock:
            link, self._link = self._link, None
        if link is not None:
            link.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(self, pieces: Iterable[Piece], cancel: threading.Event | None = None) -> Generator[tuple[Piece, Any]]:
        """Compute pieces and yield each with its result, in any order, as they are done.

        Pieces are taken from `pieces` as places become free, at most two for each worker's thread at a
        time. Runs of several threads share the workers evenly. An iterator that is closed early,
        or that raised, leaves nothing behind that computes.

        Args:
            pieces: what to compute; may be endless.
            cancel: calls everything off when it is set, within a second.

        Raises:
            CancelledError: `cancel` was set.
            FlowlabError: a piece raised it.
            TimeLimitError: a piece took longer than it may.
            EngineError: a piece killed its worker each time, ran out of memory or failed unforeseen.
            ClusterLostError: the scheduler has died.
        """
        yield from Run(self._linked(), pieces, cancel).results()

    def everywhere(self, function: Callable[..., Any], *arguments: Any, seconds: float = 60) -> dict[str, Any]:
        """Call a short function once at every worker and return worker -> result.

        It runs beside the pieces, in the thread that speaks to the scheduler.

        Raises:
            TimeLimitError: it took longer than `seconds`.
            FlowlabError: the function raised it.
            EngineError: it failed in another way.
        """
        return self._linked().everywhere(function, arguments, seconds, None)

    def on(
        self, workers: Iterable[str], function: Callable[..., Any], *arguments: Any, seconds: float = 60
    ) -> dict[str, Any]:
        """Call a short function once at some workers, named as `everywhere` names them; see there."""
        return self._linked().everywhere(function, arguments, seconds, list(workers))

    def _linked(self) -> Link:
        with self._lock:
            if self._link is not None and self._link.lost:
                self._link.close()
                self._link = None
            if self._link is None:
                self._link = self._start_local() if self._address is None else _connect(self._address)
            return self._link

    def _start_local(self) -> Link:
        host = LocalHost(self._workers, self._memory_bytes, self._preload, self._environment)
        try:
            import distributed  # noqa: F401  while the host does the same on another core

            contact = host.contact()
            return Link(contact.address, host, contact)
        except BaseException:
            host.close()
            raise


def _connect(address: str) -> Link:
    """Connect to a cluster elsewhere and see that it is like us."""
    knock(address)
    link = Link(address)
    try:
        if not link.places.workers:
            raise EngineError(f"the cluster {shown(address)} has no worker: start one with `dask worker`")
        ours = running.versions()
        for worker, theirs in _versions(link, address).items():
            if differing := [name for name in ours if theirs.get(name) != ours[name]]:
                raise EngineError(
                    f"the cluster {shown(address)} differs: {worker} has "
                    + ", ".join(f"{name} {theirs.get(name)} (here {ours[name]})" for name in differing)
                    + "; install the same there"
                )
    except BaseException:
        link.close()
        raise
    return link


def _versions(link: Link, address: str) -> dict[str, dict[str, str]]:
    try:
        return {"the scheduler": link.at_scheduler(running.versions), **link.everywhere(running.versions, (), 10, None)}
    except TimeLimitError:
        raise
    except Exception as error:
        raise EngineError(
            f"the cluster {shown(address)} cannot say which versions it has ({shown(error, 200)}): "
            "install flowlab there"
        ) from error


def _cores() -> int:
    with contextlib.suppress(AttributeError):  # not everywhere
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
