"""The connection to a scheduler, here or elsewhere: a Dask client and what is known of its workers."""

import asyncio
import concurrent.futures
import contextlib
import importlib
import logging
import socket
import time
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from flowlab.engine import running
from flowlab.engine.hosting import Contact, LocalHost
from flowlab.engine.places import Places
from flowlab.errors import ClusterLostError, EngineError, FlowlabError, TimeLimitError, shown

_log = logging.getLogger(__name__)
Deliver = Callable[[str, Any], None]

_CONNECT_SECONDS = 10.0
_LOOK_SECONDS = 0.5  # how often the list of workers is asked for while something runs
_ANSWER_SECONDS = 0.2  # for a worker to say whether it obeyed: one that keeps its interpreter busy cannot
_SILENT_SECONDS = 20.0  # a scheduler that has not answered for so long counts as lost


class Link:
    """One connection, from its making until it is lost or closed.

    Args:
        address: of the scheduler.
        host: the process of the local cluster, when it is that.
        contact: what opens the local scheduler's door; for others Dask's own configuration does.

    Raises:
        ClusterLostError: the scheduler cannot be reached.
    """

    def __init__(self, address: str, host: LocalHost | None = None, contact: Contact | None = None) -> None:
        distributed: Any = importlib.import_module("distributed")  # takes half a second: not before it is needed
        logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters is raised
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        self.address, self._host = address, host
        self.places = Places()
        self.ended: set[str] = set()  # workers that were ended on purpose
        self._closed = self._broken = False
        options: dict[str, Any] = {}
        if contact is not None:
            options["security"] = distributed.Security(
                require_encryption=True, tls_ca_file=contact.certificate,
                tls_client_cert=contact.certificate, tls_client_key=contact.key,
            )  # fmt: skip
        try:
            self._client = distributed.Client(
                address, timeout=_CONNECT_SECONDS, set_as_default=False, direct_to_workers=host is not None, **options
            )
        except (OSError, ValueError, TypeError, ImportError, Warning) as error:
            raise _unreachable(address, error) from error
        self._loop = self._client.loop.asyncio_loop
        self._asked = self._answered = time.monotonic()
        self._looking: concurrent.futures.Future[Any] | None = None
        self.look(wait=True)

    # --- what is known of the other side ----------------------------------------------------------

    @property
    def lost(self) -> bool:
        """Whether nothing can be expected of this connection any more."""
        silent = time.monotonic() - self._answered > _SILENT_SECONDS
        dead = self._host is not None and not self._host.alive
        gone = self._closed or self._broken or dead or self._client.status != "running"
        return gone or (silent and self._looking is not None)

    def loss(self) -> ClusterLostError:
        """Return the error to raise when this connection is lost."""
        if self._closed:
            return ClusterLostError("the cluster was closed while it computed: start the work again")
        who = "the local cluster" if self._host is not None else f"the scheduler {shown(self.address)}"
        return ClusterLostError(f"{who} has died: start the work again, what was finished is kept")

    def look(self, *, wait: bool = False) -> None:
        """Ask which workers there are, at most every half second unless `wait` is set."""
        now = time.monotonic()
        if self._looking is not None and self._looking.done():
            self._looking = None
        if wait:
            try:
                self._wait_for(self._look(), _CONNECT_SECONDS)
            except (OSError, TimeLimitError) as error:
                self._broken = True
                raise self.loss() from error
        elif self._looking is None and (now - self._asked > _LOOK_SECONDS or not self.places.workers):
            self._asked = self._answered = now
            self._looking = self._later(self._look())

    async def _look(self) -> None:
        identity = await self._client.scheduler.identity(n_workers=-1)
        self.places.update({worker: facts["nthreads"] for worker, facts in identity["workers"].items()})
        self._answered = time.monotonic()

    # --- pieces ---------------------------------------------------------------------------------------

    def submit(self, key: str, worker: str, call: tuple[Any, ...], deliver: Deliver) -> Any:
        """Have `running.perform(*call)` done at `worker`; return Dask's future.

        `deliver` is called from another thread with ("done", what perform returned), ("killed", the
        address of the worker that died), ("lost", None) or ("error", an exception).
        """
        future = self._client.submit(running.perform, *call, key=key, pure=False, workers=[worker], fifo_timeout=0)
        self._later(self._collect(future, deliver))
        return future

    async def _collect(self, future: Any, deliver: Deliver) -> None:
        distributed: Any = importlib.import_module("distributed")
        try:
            kind, value = "done", await self._client.gather(future, asynchronous=True)
        except distributed.KilledWorker as error:
            kind, value = "killed", error.last_worker.address
        except (asyncio.CancelledError, concurrent.futures.CancelledError):
            kind, value = "lost", None
        except Exception as error:  # the caller's to see
            kind, value = "error", error
        future.release()
        deliver(kind, value)

    def cancel(self, futures: Sequence[Any]) -> None:
        """Take back pieces that have not begun."""
        if futures and not self.lost:
            with contextlib.suppress(Exception):  # a connection that has just gone has nothing to cancel
                self._wait_for(self._client.cancel(list(futures), asynchronous=True, force=True), 2.0)

    # --- workers --------------------------------------------------------------------------------------

    def call_off(self, run: str, workers: Sequence[str]) -> None:
        """Tell the workers that a run is not wanted any more; does not wait for them."""
        if workers and not self.lost:
            self._later(self._each(workers, running.call_off, run))

    def deaf(self, run: str, workers: Sequence[str]) -> list[str]:
        """Return those of some workers that still compute pieces of a run, or cannot even say so."""
        asked = {worker: self._later(self._at_work(run, worker)) for worker in workers}
        concurrent.futures.wait(asked.values(), _ANSWER_SECONDS)
        deaf = [w for w, answer in asked.items() if not answer.done() or answer.exception() or answer.result()]
        for answer in asked.values():
            answer.cancel()
        return deaf

    async def _at_work(self, run: str, worker: str) -> bool:
        answers = await self._client.run(
            running.is_at_work, run, workers=[worker], on_error="ignore", asynchronous=True
        )
        return any(answers.values())

    def end_workers(self, workers: Sequence[str]) -> None:
        """Kill workers through their nannies, which make new ones."""
        if not workers or self.lost:
            return
        self.ended.update(workers)
        try:
            answers = self._wait_for(self._each(workers, running.end_process, nanny=True), 2.0)
        except (OSError, TimeLimitError):
            answers = []
        for worker, answer in zip(workers, answers, strict=False):
            if answer == {worker: True}:
                self.places.drop(worker)
            else:  # one without a nanny, or gone by itself
                _log.warning("the worker %s ignored a cancel and could not be replaced: %r", worker, answer)

    async def _each(
        self, workers: Sequence[str], function: Callable[..., Any], *arguments: Any, **how: Any
    ) -> list[Any]:
        """Call a function at each worker by itself: Dask asks none of them when one has gone."""
        calls = (self._client.run(function, *arguments, workers=[w], asynchronous=True, **how) for w in workers)
        return await asyncio.gather(*calls, return_exceptions=True)

    def everywhere(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float, workers: Sequence[str] | None
    ) -> dict[str, Any]:
        """Call a function once at every worker (or those given) and return worker -> result."""
        names = None if workers is None else list(workers)
        try:
            call = self._client.run(function, *arguments, workers=names, asynchronous=True)
            results: dict[str, Any] = self._wait_for(call, seconds)
        except FlowlabError:
            raise
        except Exception as error:
            if self.lost:
                raise self.loss() from error
            raise EngineError(f"{function.__name__} failed in a worker ({shown(error, 200)}): see the log") from error
        return results

    def at_scheduler(self, function: Callable[..., Any]) -> Any:
        """Call a function in the scheduler's process and return its result."""
        return self._wait_for(self._client.run_on_scheduler(function, asynchronous=True), _CONNECT_SECONDS)

    # --- the end --------------------------------------------------------------------------------------

    def close(self) -> None:
        """Disconnect, and end the local cluster."""
        self._closed = True
        with contextlib.suppress(Exception):  # the other side may have died at any point
            self._client.close(timeout=2)
        if self._host is not None:
            self._host.close()

    def _later(self, work: Coroutine[Any, Any, Any]) -> "concurrent.futures.Future[Any]":
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _wait_for(self, work: Coroutine[Any, Any, Any], seconds: float) -> Any:
        waiting = self._later(work)
        try:
            return waiting.result(seconds)
        except concurrent.futures.TimeoutError:
            waiting.cancel()
            raise TimeLimitError(f"the cluster did not answer within {seconds:g} s: try again, or restart it") from None


def knock(address: str) -> None:
    """See that somebody listens at "tls://host:port": Dask would go on trying for many seconds.

    Raises:
        ClusterLostError: nobody does.
    """
    host, _, port = address.partition("://")[2].rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise _unreachable(address, error) from error


def _unreachable(address: str, error: BaseException) -> ClusterLostError:
    return ClusterLostError(
        f"the scheduler {shown(address)} cannot be reached ({shown(error, 200)}): "
        "start it, correct the address, or check its certificates"
    )
