"""Real numeric matrices out of MATLAB 5 files, by name and with every size checked before use.

A file is a header of 128 bytes and one element for each variable (MathWorks, "MAT-File Format",
chapter 1). An element is a tag (type, number of bytes) and its bytes; a matrix is an element holding
four more: flags with the class, dimensions, name, numbers. Most files have each matrix compressed.

scipy reads these files too, but allocates what a header claims, inflates without a limit and follows
nested cells as deep as they go. Here only the variables asked for are inflated past their names.
"""

import struct
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from flowlab.errors import FlowFileError, shown
from flowlab.media.flow_field import DAMAGED, check_size
from flowlab.media.inflating import InflatingReader

TEXT_SIZE = 116
"""Bytes at the beginning of a file in which its writer describes itself."""

_HEADER_SIZE = 128
_VERSION = 0x0100
_ORDERS = {b"IM": "<", b"MI": ">"}
_MATRIX, _COMPRESSED = 14, 15
_INT8, _INT32, _UINT32 = 1, 5, 6
_NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
_CLASSES = {1: "a cell array", 2: "a structure", 3: "an object", 4: "text", 5: "a sparse matrix"}
_FIRST_NUMERIC, _LAST_NUMERIC = 6, 15
_COMPLEX = 0x800
_LONGEST_SHAPE = 4 * 32
_LONGEST_NAME = 4096
_MAX_VARIABLES = 1000


class _Reader(Protocol):
    def read(self, size: int, /) -> bytes: ...

    def finished(self) -> bool: ...


class _PlainReader:
    """What an InflatingReader does, over bytes that are not compressed."""

    def __init__(self, body: memoryview) -> None:
        self._body = body

    def read(self, size: int) -> bytes:
        taken, self._body = self._body[:size], self._body[size:]
        return bytes(taken)

    def finished(self) -> bool:
        return not self._body


@dataclass(frozen=True)
class _Variable:
    """A variable read as far as its name; `reader` stands before its numbers."""

    name: str
    shape: tuple[int, ...]
    kind: int
    is_complex: bool
    order: str
    reader: _Reader

    @property
    def flaw(self) -> str:
        """What makes it no real numeric matrix, or ""."""
        if not _FIRST_NUMERIC <= self.kind <= _LAST_NUMERIC:
            return _CLASSES.get(self.kind, "an object")
        if self.is_complex:
            return "complex"
        return "" if len(self.shape) == 2 else f"an array of {len(self.shape)} dimensions"

    def matrix(self) -> NDArray[np.generic]:
        """Return its numbers (H, W); files hold them column by column."""
        height, width = self.shape
        check_size(width, height)
        values = _numbers(self.reader, self.order, _NUMBERS, 8 * width * height)
        if values.size != width * height or not self.reader.finished():
            raise FlowFileError(f"its {self.name} does not hold the {width}x{height} numbers it says: {DAMAGED}")
        return values.reshape(width, height).T


def read_matrices(data: bytes, names: tuple[str, ...], *, needed: tuple[str, ...]) -> dict[str, NDArray[np.generic]]:
    """Return the real numeric matrices (H, W) among `names` that a MATLAB 5 file holds, the first of each name.

    Args:
        data: the whole file.
        names: variables to look for.
        needed: those of them the file must hold, as real numeric matrices.

    Raises:
        FlowFileError: another format, damaged, too large, or without what is needed.
    """
    matrices: dict[str, NDArray[np.generic]] = {}
    passed: list[str] = []
    for variable in _variables(data, _checked_order(data)):
        if variable.name in matrices or variable.name not in names:
            passed.append(variable.name)
        elif not variable.flaw:
            matrices[variable.name] = variable.matrix()
        elif variable.name in needed:
            raise FlowFileError(f"its {variable.name} is {variable.flaw}: save it as a real matrix (H, W)")
    for name in needed:
        if name not in matrices:
            held = ", ".join(shown(other, 30) for other in [*matrices, *passed][:5]) or "nothing"
            raise FlowFileError(f"it holds {held} and no matrix {name}: save {' and '.join(needed)}")
    return matrices


def _checked_order(data: bytes) -> str:
    """Return the byte order ("<" or ">") of a MATLAB 5 file."""
    if data.startswith((b"MATLAB 7.3", b"\x89HDF")):
        raise FlowFileError("it is a MATLAB 7.3 file: save it with the option -v7")
    order = _ORDERS.get(data[_HEADER_SIZE - 2 : _HEADER_SIZE])
    if order is None or struct.unpack_from(order + "H", data, _HEADER_SIZE - 4)[0] != _VERSION:
        raise FlowFileError("it is no MATLAB 5 file: choose one written by MATLAB's save, scipy or flowlab")
    return order


def _variables(data: bytes, order: str) -> Iterator[_Variable]:
    """Yield each variable of a file, its numbers still unread."""
    rest = memoryview(data)[_HEADER_SIZE:]
    for _ in range(_MAX_VARIABLES):
        if not rest:
            return
        kind, size = _tag(bytes(rest[:8]), order)
        body, rest = rest[8 : 8 + size], rest[8 + size :]
        if len(body) < size:
            raise FlowFileError(f"it breaks off after {len(data)} bytes, inside a variable: {DAMAGED}")
        reader: _Reader = _PlainReader(body)
        if kind == _COMPRESSED:
            reader = InflatingReader(body)
            kind, _ = _tag(reader.read(8), order)
        if kind != _MATRIX:
            raise FlowFileError(f"a part of it has the unknown type {kind}: {DAMAGED}")
        yield _named(reader, order)
    if rest:
        raise FlowFileError(f"it holds more than {_MAX_VARIABLES} variables: save fewer in one file")


def _named(reader: _Reader, order: str) -> _Variable:
    """Read a variable as far as its name."""
    flags = _numbers(reader, order, (_UINT32,), 8)
    word = int(flags[0]) if flags.size else 0
    kind, is_complex = word & 0xFF, bool(word & _COMPLEX)
    if kind > _LAST_NUMERIC:  # functions and objects of newer MATLABs go on in ways of their own
        return _Variable("", (), kind, is_complex, order, reader)
    shape = _numbers(reader, order, (_INT32,), _LONGEST_SHAPE)
    name = _numbers(reader, order, (_INT8,), _LONGEST_NAME).tobytes().decode("latin-1")
    return _Variable(name, tuple(map(int, shape)), kind, is_complex, order, reader)


def _tag(raw: bytes, order: str) -> tuple[int, int]:
    if len(raw) < 8:
        raise FlowFileError(f"it breaks off inside a variable: {DAMAGED}")
    kind, size = struct.unpack(order + "II", raw)
    return kind, size


def _numbers(reader: _Reader, order: str, kinds: Container[int], limit: int) -> NDArray[np.generic]:
    """Return the next element's numbers, of one of `kinds` and at most `limit` bytes, and skip its padding."""
    tag = reader.read(8)
    kind, size = _tag(tag, order)
    small = kind >> 16  # type and size share four bytes then, and the numbers are the other four
    if small:
        kind, size, limit = kind & 0xFFFF, small, min(limit, 4)
    if kind not in kinds or size > limit or size % int(_NUMBERS[kind][1]):
        raise FlowFileError(f"a variable of it has an impossible type or length: {DAMAGED}")
    body = tag[4 : 4 + size] if small else reader.read(size)
    if len(body) < size:
        raise FlowFileError(f"it breaks off inside a variable: {DAMAGED}")
    if not small:
        reader.read(-size % 8)
    return np.frombuffer(body, order + _NUMBERS[kind])
