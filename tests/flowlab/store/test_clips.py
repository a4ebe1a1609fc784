"""Clips are found by their content, shown by their name, and forgotten with their object."""

import json
import os
from pathlib import Path

import pytest

from flowlab.errors import StoreError
from flowlab.store.clips import LONGEST_NAME, KnownClip, find_clip, known_clips, remember_clip
from flowlab.store.objects import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "home")


def card(store: Store, content_hash: str) -> Path:
    return store.home / "clips" / f"{content_hash}.json"


def test_a_remembered_clip_is_found_by_its_content(store: Store) -> None:
    content_hash = store.put_bytes(b"a clip")
    clip = remember_clip(store, content_hash, "street.mp4", kind="video", added=12.5)
    assert clip == KnownClip(content_hash, "street.mp4", bytes=6, added=12.5, kind="video")
    assert find_clip(store, content_hash) == clip
    assert known_clips(Store(store.home)) == [clip]


def test_clips_come_newest_first(store: Store) -> None:
    for name, added in (("middle", 20.0), ("oldest", 10.0), ("newest", 30.0)):
        remember_clip(store, store.put_bytes(name.encode()), name, added=added)
    assert [clip.name for clip in known_clips(store)] == ["newest", "middle", "oldest"]


def test_a_clip_given_again_has_its_newer_name_and_time(store: Store) -> None:
    content_hash = store.put_bytes(b"a clip")
    remember_clip(store, content_hash, "old.mp4", added=1.0)
    clip = remember_clip(store, content_hash, "new.zip", kind="pictures", added=2.0)
    assert known_clips(store) == [clip]
    assert (clip.name, clip.added, clip.kind) == ("new.zip", 2.0, "pictures")


@pytest.mark.parametrize(
    "name", ["../../../etc/passwd", '"); import os #<b>.mp4', "C:\\x\0y\n", "# läuft 走る", "lone \udcff", ""]
)
def test_a_name_is_kept_as_it_is_and_is_never_a_path(store: Store, tmp_path: Path, name: str) -> None:
    content_hash = store.put_bytes(b"a clip")
    remember_clip(store, content_hash, name)
    found = find_clip(store, content_hash)
    assert found is not None
    assert found.name == name
    written = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert written == {store.path(content_hash), card(store, content_hash)}


def test_a_name_is_bounded(store: Store) -> None:
    content_hash = store.put_bytes(b"a clip")
    assert remember_clip(store, content_hash, "x" * 10**6).name == "x" * LONGEST_NAME
    assert card(store, content_hash).stat().st_size < 1000


def test_a_clip_whose_object_is_gone_is_not_known(store: Store) -> None:
    kept, gone = store.put_bytes(b"kept"), store.put_bytes(b"gone")
    for content_hash in (kept, gone):
        remember_clip(store, content_hash, "clip")
    store.path(gone).unlink()
    assert find_clip(store, gone) is None
    assert [clip.content_hash for clip in known_clips(store)] == [kept]


def test_cards_of_evicted_clips_do_not_pile_up(store: Store) -> None:
    hashes = [store.put_bytes(name) for name in (b"evicted", b"just evicted", b"kept")]
    for content_hash in hashes:
        remember_clip(store, content_hash, "clip")
    evicted, just_evicted, kept = hashes
    for content_hash in (evicted, just_evicted):
        store.path(content_hash).unlink()
    for content_hash in (evicted, kept):
        os.utime(card(store, content_hash), (1000, 1000))
    remember_clip(store, store.put_bytes(b"another"), "another")
    assert [card(store, name).exists() for name in hashes] == [False, True, True]


def test_only_an_object_in_the_store_can_be_remembered(store: Store) -> None:
    for wrong in ("0" * 64, "../../x"):
        with pytest.raises(StoreError):
            remember_clip(store, wrong, "clip")
    assert known_clips(store) == []


@pytest.mark.parametrize("wrong", ["", "../..", "A" * 64, "scene:two-layers"])
def test_nonsense_finds_nothing(store: Store, wrong: str) -> None:
    assert find_clip(store, wrong) is None


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"\xff\xfe\x00",
        b"[1, 2]",
        b"[" * 100_000,
        b'{"name": "no more"}',
        "change name 7",
        "change bytes x",
        "change added NaN",
        "change content_hash 0",
    ],
)
def test_a_malformed_card_is_ignored(store: Store, text: bytes | str) -> None:
    good, bad = store.put_bytes(b"good"), store.put_bytes(b"bad")
    clip = remember_clip(store, good, "good")
    remember_clip(store, bad, "bad")
    if isinstance(text, str):
        _, field, value = text.split()
        facts = json.loads(card(store, bad).read_bytes())
        facts[field] = {"7": 7, "NaN": float("nan")}.get(value, value)
        text = json.dumps(facts).encode()
    card(store, bad).write_bytes(text)
    (store.home / "clips" / "notes.json").write_bytes(b"{}")
    assert find_clip(store, bad) is None
    assert known_clips(store) == [clip]
