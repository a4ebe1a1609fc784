"""What runs inside a child process: `python -m flowlab.engine.child module:Class memory_bytes`.

It makes one object of that class and calls its methods as told on standard input, one at a time.
"""

import importlib
import os
import queue
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, BinaryIO

from flowlab.engine.messages import receive, send
from flowlab.errors import EngineError, FlowlabError


def limit_memory(more_bytes: int) -> None:
    """Let this process take `more_bytes` beyond what it has now; nothing where the system cannot (Windows)."""
    try:
        import resource
    except ImportError:
        return
    statm = Path("/proc/self/statm")  # Linux; elsewhere the limit counts from nothing
    pages = int(statm.read_text().split()[0]) if statm.exists() else 0
    limit = pages * resource.getpagesize() + more_bytes
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def claim_streams() -> tuple[BinaryIO, BinaryIO]:
    """Keep stdin and stdout for messages; what anything else prints goes to stderr."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return sys.stdin.buffer, out


def listen(inbox: BinaryIO, calls: "queue.Queue[tuple[Any, ...]]") -> None:
    """Put calls in the queue; when the parent is gone, end at once, whatever is running."""
    while (message := receive(inbox)) is not None:
        calls.put(message)
    os._exit(0)


def perform(service: object, call: tuple[Any, ...], outbox: BinaryIO) -> tuple[Any, ...]:
    """Run one call (method name, arguments, wants progress) and return the answer to send."""
    method, arguments, wants_progress = call
    if wants_progress:
        arguments["progress"] = lambda share, text: send(outbox, ("progress", share, text))
    try:
        return ("done", getattr(service, method)(**arguments))
    except FlowlabError as error:
        return ("failed", error)
    except MemoryError:
        return ("failed", EngineError("it needs more memory than a decoding process may take: use a smaller one"))
    except Exception:  # any failure is the caller's to see, and must not end this process
        return ("broken", traceback.format_exc())


def main() -> None:
    """Serve calls until the parent goes."""
    inbox, outbox = claim_streams()
    module, _, name = sys.argv[1].partition(":")
    service = getattr(importlib.import_module(module), name)()
    limit_memory(int(sys.argv[2]))
    calls: queue.Queue[tuple[Any, ...]] = queue.Queue()
    threading.Thread(target=listen, args=(inbox, calls), daemon=True).start()
    send(outbox, ("ready",))
    while True:
        send(outbox, perform(service, calls.get(), outbox))


if __name__ == "__main__":
    main()
