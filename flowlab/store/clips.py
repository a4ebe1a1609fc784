"""Clips the lab knows: which objects of the store are clips, and what a person calls them.

A name comes from outside. It is kept as plain text to be shown, and never used as a path:
a clip is found by its content hash.
"""

import json
import math
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from flowlab.errors import StoreError
from flowlab.store.incoming import Incoming
from flowlab.store.objects import Store, is_content_hash

LONGEST_NAME = 200
# A card younger than this may belong to an object that is just being put again.
_FORGET_AFTER = 3600.0


@dataclass(frozen=True)
class KnownClip:
    """A clip in the store.

    Attributes:
        content_hash: its name in the store, 64 hexadecimal digits.
        name: what to call it; plain text from outside, at most `LONGEST_NAME` characters.
        bytes: its size.
        added: when it was given last, seconds since the epoch.
        kind: "video" or "pictures", as in `ClipInfo`.
    """

    content_hash: str
    name: str
    bytes: int
    added: float
    kind: str


def remember_clip(
    store: Store, content_hash: str, name: str, *, kind: str = "video", added: float | None = None
) -> KnownClip:
    """Remember that an object of the store is a clip; given again, the newer name counts.

    Args:
        store: the store that holds the object.
        content_hash: the object.
        name: what to call it, bounded to `LONGEST_NAME` characters.
        kind: "video" or "pictures".
        added: seconds since the epoch; None: now.

    Raises:
        StoreError: the object is not in the store, or the home folder cannot be written.
    """
    object_path = store.path(content_hash)
    try:
        size = object_path.stat().st_size
    except OSError as error:
        raise StoreError("the clip was removed from the store this moment: give the file again") from error
    clip = KnownClip(content_hash, name[:LONGEST_NAME], size, time.time() if added is None else added, kind)
    with Incoming(store.room, lambda _: _card(store, content_hash)) as arriving:
        arriving.write(json.dumps(asdict(clip), indent=1).encode("ascii"))
        arriving.commit()
    _forget_evicted(store)
    return clip


def known_clips(store: Store) -> list[KnownClip]:
    """Return the clips whose object is still in the store, newest first."""
    found = (find_clip(store, card.stem) for card in _cards(store))
    return sorted((clip for clip in found if clip), key=lambda clip: (clip.added, clip.content_hash), reverse=True)


def find_clip(store: Store, content_hash: str) -> KnownClip | None:
    """Return what is known of a clip; None where it is unknown, evicted, or `content_hash` is nonsense."""
    if not store.has(content_hash):
        return None
    try:
        facts = json.loads(_card(store, content_hash).read_bytes())
    except (OSError, ValueError, RecursionError):  # no card, or one that someone has edited
        return None
    return _clip_of(facts, content_hash)


def _clip_of(facts: object, content_hash: str) -> KnownClip | None:
    match facts:
        case {
            "content_hash": str(named),
            "name": str(name),
            "bytes": int(size),
            "added": int() | float() as added,
            "kind": str(kind),
        } if named == content_hash and math.isfinite(added):
            return KnownClip(content_hash, name[:LONGEST_NAME], size, float(added), kind)
    return None


def _card(store: Store, content_hash: str) -> Path:
    """Return where a clip's card lies; the caller has checked that `content_hash` is one."""
    return store.home / "clips" / f"{content_hash}.json"


def _cards(store: Store) -> Iterator[Path]:
    for card in sorted((store.home / "clips").glob("*.json")):
        if is_content_hash(card.stem):
            yield card


def _forget_evicted(store: Store) -> None:
    """Remove the cards of objects that are gone, so that cards do not pile up beside a bounded store."""
    now = time.time()
    for card in _cards(store):
        with suppress(OSError):  # another process may forget the same card
            if now - card.stat().st_mtime > _FORGET_AFTER and not store.has(card.stem):
                card.unlink()
