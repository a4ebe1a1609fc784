"""How a process and its child speak: pickled messages, each behind its length.

Both ends are our own code on one machine, so pickle is a fair choice; the child's standard output
is kept for messages alone (see child.py), whatever a decoder inside it prints.
"""

import pickle
import struct
from typing import Any, BinaryIO

_LENGTH = struct.Struct("<Q")


def send(stream: BinaryIO, message: tuple[Any, ...]) -> None:
    """Write one message; raises OSError when the other end is gone."""
    body = pickle.dumps(message, protocol=5)
    stream.write(_LENGTH.pack(len(body)))
    stream.write(body)
    stream.flush()


def receive(stream: BinaryIO) -> tuple[Any, ...] | None:
    """Return the next message, or None when the other end is gone."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    body = stream.read(length)
    if len(body) < length:
        return None
    return pickle.loads(body)  # type: ignore[no-any-return]
