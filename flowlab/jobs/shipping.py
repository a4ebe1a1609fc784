"""A clip for workers elsewhere: found in their store by its content hash, or sent there in pieces."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

from flowlab.core.files import temporary_name
from flowlab.errors import ClipError, EngineError, shown
from flowlab.jobs.clip_place import ClipPlace
from flowlab.jobs.isolated import index_answer
from flowlab.media.archives import pack_pictures
from flowlab.media.picture_files import pictures_in
from flowlab.store.incoming import Incoming
from flowlab.store.objects import Store, open_store

_PIECE = 4 << 20


class Workers(Protocol):
    """What is needed of a cluster."""

    def everywhere(self, function: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
        """Call a function once in every worker; return its answers by the workers' names."""

    def on(
        self, workers: list[str], function: Callable[..., Any], *arguments: Any, seconds: float = ...
    ) -> dict[str, Any]:
        """Call a function once in each of these workers."""


def ship(workers: Workers, place: ClipPlace, store: Store) -> ClipPlace:
    """See to it that every worker has the clip in its store, and return where it is there.

    Workers that share a store, with this process or with one another, get it once.

    Raises:
        ClipError: it cannot be read any more.
        StoreError: a worker has no room for it.
    """
    if not place.is_file:
        return place
    content, path = _one_file(place, store)
    index = store.answer(index_answer(place.key))
    lacking = _lacking(workers, content)
    while lacking:
        first, *others = lacking
        _send(workers, first, content, path)
        lacking = [worker for worker in _lacking(workers, content) if worker in others]
    if index is not None:
        workers.everywhere(take_index, content, index)
    return ClipPlace(content, place.name, None, place.width)


def _one_file(place: ClipPlace, store: Store) -> tuple[str, Path]:
    """Return content hash and path of the clip as one file; a folder of pictures is packed into the store."""
    path = place.path or store.path(place.key)
    try:
        if not path.is_dir():
            return place.key, path
        content = store.put_bytes(pack_pictures([(file.name, file.read_bytes()) for file in pictures_in(path)]))
    except OSError as error:
        raise ClipError(f"{shown(place.name)} cannot be read ({error.strerror}): is it still there?") from None
    return content, store.path(content)


def _lacking(workers: Workers, content: str) -> list[str]:
    return [worker for worker, has in workers.everywhere(has_clip, content).items() if not has]


def _send(workers: Workers, worker: str, content: str, path: Path) -> None:
    upload = temporary_name()
    try:
        size = path.stat().st_size
        for number, piece in enumerate(_pieces(path)):
            workers.on([worker], take_piece, upload, size, number, piece)
    except OSError as error:
        raise ClipError(f"{shown(path.name)} cannot be read ({error.strerror}): is it still there?") from None
    workers.on([worker], take_all, upload, content)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            yield piece


# -- what runs in the workers --------------------------------------------------------------------

_UPLOADS = 4  # at once: of one that its sender has given up, nobody says so
_arriving: dict[str, tuple[Incoming, int]] = {}  # upload -> file, number of the piece that comes next


def has_clip(content: str) -> bool:
    """Return whether this worker's store has the clip, which then counts as used now."""
    store = open_store()
    if not store.has(content):
        return False
    store.path(content)
    return True


def take_piece(upload: str, size: int, number: int, piece: bytes) -> None:
    """Take piece `number` of a file of `size` bytes; raises StoreError where there is no room for it."""
    arriving, expected = _arriving.pop(upload, (None, 0))
    if number != expected:
        if arriving is not None:
            arriving.discard()
        raise EngineError("a worker was replaced while it was sent the clip: run the command again")
    if arriving is None:
        while len(_arriving) >= _UPLOADS:
            _arriving.pop(next(iter(_arriving)))[0].discard()
        arriving = open_store().incoming(announced=size)
    arriving.write(piece)
    _arriving[upload] = (arriving, number + 1)


def take_all(upload: str, content: str) -> None:
    """Put the file that has arrived into the store; raises StoreError where it is not what was sent."""
    arriving, _ = _arriving.pop(upload)
    with arriving:
        arriving.commit(content)


def take_index(content: str, index: bytes) -> None:
    """Keep the index of a video, so that nobody has to make it again."""
    store = open_store()
    if not store.has_answer(index_answer(content)):
        store.put_answer(index_answer(content), index)
