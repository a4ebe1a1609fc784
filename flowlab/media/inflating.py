"""Inflating untrusted data: never more than was asked for, whatever the compressed data claim."""

import zlib

from flowlab.errors import FlowFileError
from flowlab.media.flow_field import DAMAGED

_PIECE = 1 << 16


class InflatingReader:
    """Reads a zlib stream a number of bytes at a time."""

    def __init__(self, compressed: bytes | memoryview) -> None:
        """Start at the beginning of `compressed`."""
        self._source = memoryview(compressed)
        self._position = 0
        self._pending = b""
        self._stream = zlib.decompressobj()

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer where the stream ends or breaks off.

        Raises:
            FlowFileError: the compressed data are damaged.
        """
        out = bytearray()
        while len(out) < size and not self._stream.eof:
            if not self._pending:
                self._pending = bytes(self._source[self._position : self._position + _PIECE])
                self._position += len(self._pending)
            if not self._pending:
                break
            try:
                out += self._stream.decompress(self._pending, size - len(out))
            except zlib.error:
                raise FlowFileError(f"its compressed data are damaged: {DAMAGED}") from None
            self._pending = self._stream.unconsumed_tail
        return bytes(out)

    def finished(self) -> bool:
        """Return whether nothing is left to read and the stream's checksum held."""
        return not self.read(1) and self._stream.eof
