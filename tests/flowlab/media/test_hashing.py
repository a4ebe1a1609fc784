"""The same bytes have the same name, and no two contents share one."""

import hashlib
from pathlib import Path

import pytest

from flowlab.errors import ClipNotFoundError
from flowlab.media.hashing import content_hash, file_hash, folder_hash
from flowlab.media.opening import open_media
from tests.flowlab.media.clips import numbered, png


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def test_a_file_has_its_sha256(tmp_path: Path) -> None:
    data = bytes(range(256)) * 10_000
    assert file_hash(_write(tmp_path / "x", data)) == hashlib.sha256(data).hexdigest()


def test_a_folder_is_known_by_contents_in_order_and_not_by_names(tmp_path: Path) -> None:
    a, b, c = (_write(tmp_path / name, data) for name, data in (("a", b"1"), ("b", b"2"), ("c", b"1")))
    assert folder_hash([a, b]) == folder_hash([c, b])
    assert folder_hash([a, b]) != folder_hash([b, a])
    assert folder_hash([a]) != folder_hash([a, a])


def test_where_the_bytes_are_cut_matters(tmp_path: Path) -> None:
    files = [_write(tmp_path / str(n), data) for n, data in enumerate((b"12", b"3", b"1", b"23"))]
    assert folder_hash(files[:2]) != folder_hash(files[2:])


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(ClipNotFoundError, match=r"no file ‘none’"):
        file_hash(tmp_path / "none")


def test_content_hash_is_the_one_an_open_clip_reports(tmp_path: Path) -> None:
    for n in (2, 10, 1):
        _write(tmp_path / f"{n}.png", png(numbered(n)))
    (tmp_path / "notes.txt").write_text("no picture")
    assert content_hash(tmp_path) == open_media(tmp_path).info.content_hash
    assert content_hash(tmp_path / "2.png") == open_media(tmp_path / "2.png").info.content_hash
