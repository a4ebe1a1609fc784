"""Files written whole or not at all: a reader never meets half of one, a failure leaves nothing behind."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; what is written there becomes `path` when the block ends well.

    Raises:
        OSError: the system refused; the temporary file is gone and `path` is as it was.
    """
    # The suffix is kept: encoders choose their container by it.
    temporary = path.with_name(f".flowlab-{secrets.token_hex(8)}.tmp{path.suffix}")
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
