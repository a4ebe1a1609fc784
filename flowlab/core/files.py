"""Files written whole or not at all: a reader never meets half of one, a failure leaves nothing behind.

A process that is killed while it writes cannot tidy up after itself. Temporary files therefore carry
the machine and the process that writes them, so that whoever comes next knows which are nobody's.
"""

import os
import platform
import re
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import blake2s
from pathlib import Path

LEFTOVER_AGE = 3600.0
"""Seconds after which a temporary file is nobody's even where its writer cannot be asked."""

_TEMPORARY = re.compile(r"\.flowlab-([0-9a-f]{8})-([0-9]{1,10})-[0-9a-f]{16}\.tmp(\..*)?", re.DOTALL)


def temporary_name(suffix: str = "") -> str:
    """Return a new name for a temporary file of this process; its end is kept, since encoders go by it."""
    return f".flowlab-{_machine()}-{os.getpid()}-{secrets.token_hex(8)}.tmp{suffix}"


def is_leftover(path: Path) -> bool:
    """Return whether `path` is a temporary file whose process is gone, or has not written to it for an hour."""
    named = _TEMPORARY.fullmatch(path.name)
    if named is None:
        return False
    machine, process = named[1], int(named[2])
    if machine == _machine() and not _is_alive(process):
        return True
    with suppress(OSError):
        return time.time() - path.lstat().st_mtime > LEFTOVER_AGE
    return False


def sweep(folder: Path) -> None:
    """Remove the temporary files that dead processes left in `folder`; what cannot be removed stays."""
    with suppress(OSError):
        for path in folder.glob(".flowlab-*.tmp*"):
            if is_leftover(path):
                with suppress(OSError):
                    path.unlink()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; what is written there becomes `path` when the block ends well.

    Raises:
        OSError: the system refused; the temporary file is gone and `path` is as it was.
    """
    temporary = path.with_name(temporary_name(path.suffix))
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except BaseException:  # an interrupt too must leave nothing behind
        temporary.unlink(missing_ok=True)
        raise


def write_whole(path: Path, data: bytes) -> None:
    """Write `data` to `path`, replacing what is there; raises OSError where the system refuses."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def _machine() -> str:
    """Return a short name of this machine: a home may be shared, and process numbers are only told apart on one."""
    return blake2s(platform.node().encode(), digest_size=4).hexdigest()


def _is_alive(process: int) -> bool:
    """Return whether a process of that number runs; True where the system cannot be asked without harm (Windows)."""
    if sys.platform == "win32":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # alive, and somebody else's
        return True
    return True
