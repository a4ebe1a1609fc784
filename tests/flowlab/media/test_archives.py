"""Zips of pictures: read in order, never unpacked to disk, refused where they reach outside or swell."""

import io
import stat
import struct
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from flowlab.errors import ClipError, ClipNotFoundError, LimitError
from flowlab.media.archives import open_zip, pack_pictures
from flowlab.media.hashing import file_hash
from flowlab.media.limits import Limits
from tests.flowlab.media.clips import number_of, numbered, png
from tests.flowlab.media.test_picture_header import huge


def _zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def _numbered(count: int) -> dict[str, bytes]:
    return {f"f{n}.png": png(numbered(n)) for n in range(count)}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_pictures_come_in_natural_order_and_any_order(tmp_path: Path, method: int) -> None:
    names = ["img10.png", "img2.png", "img1.png"]
    path = _zip(tmp_path / "z.zip", {name: png(numbered(int(name[3:-4]))) for name in names}, method)
    clip = open_zip(path)
    assert [number_of(frame.rgb) for frame in clip.frames()] == [1, 2, 10]
    assert [number_of(clip.frame(n).rgb) for n in (2, 0, 1)] == [10, 1, 2]
    assert (clip.info.name, clip.info.kind, clip.info.frame_count) == ("z.zip", "pictures", 3)
    assert clip.info.content_hash == file_hash(path)


def test_nothing_is_unpacked_to_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _zip(tmp_path / "z.zip", _numbered(3))
    for method in ("extract", "extractall"):
        monkeypatch.setattr(zipfile.ZipFile, method, lambda *_: pytest.fail("unpacked"))
    before = set(tmp_path.rglob("*"))
    list(open_zip(path).frames())
    assert set(tmp_path.rglob("*")) == before


def test_folders_hidden_files_and_other_files_are_passed_over(tmp_path: Path) -> None:
    members = {
        "clip/": b"",
        "clip/2.png": png(numbered(2)),
        "clip/1.png": png(numbered(1)),
        "clip/readme.txt": b"words",
        "clip/fake.png": b"words",
        "__MACOSX/clip/._1.png": png(numbered(7)),
        "clip/.hidden.png": png(numbered(8)),
        "clip/inner.zip": b"PK\x03\x04" + bytes(30),
    }
    clip = open_zip(_zip(tmp_path / "z.zip", members))
    assert [number_of(frame.rgb) for frame in clip.frames()] == [1, 2]


def test_sixteen_bits_and_sizes_are_judged_as_in_a_folder(tmp_path: Path) -> None:
    deep = np.arange(600, dtype=np.uint16).reshape(20, 30)
    assert open_zip(_zip(tmp_path / "deep.zip", {"a.png": png(deep), "b.png": png(deep)})).info.bit_depth == 10
    mixed = {"a.png": png(numbered(0)), "b.png": png(numbered(1, 200, 100))}
    with pytest.raises(ClipError, match=r"‘b.png’ is 200x100 and the first of the clip 208x112"):
        open_zip(_zip(tmp_path / "mixed.zip", mixed))


# --- zips that try to be more ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../x.png", "a/../../x.png", "/etc/x.png", "C:\\x.png", "c:x.png", "..\\x.png", "\\\\host\\x.png", "a/.."]
)
def test_an_entry_that_points_outside_is_refused(tmp_path: Path, name: str) -> None:
    path = _zip(tmp_path / "z.zip", {**_numbered(2), name: png(numbered(5))})
    with pytest.raises(ClipError, match=r"points outside the zip"):
        open_zip(path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR])
def test_a_link_or_device_is_refused(tmp_path: Path, kind: int) -> None:
    path = _zip(tmp_path / "z.zip", _numbered(2))
    entry = zipfile.ZipInfo("link.png")
    entry.create_system, entry.external_attr = 3, (kind | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(ClipError, match=r"‘link.png’ of ‘z.zip’ is a link, not a file"):
        open_zip(path)


def _patch_directory(path: Path, at: int, fmt: str, value: int) -> Path:
    """Overwrite a field of the first entry of a zip's central directory."""
    data = bytearray(path.read_bytes())
    struct.pack_into(fmt, data, data.index(b"PK\x01\x02") + at, value)
    path.write_bytes(bytes(data))
    return path


def test_an_encrypted_entry_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match=r"‘f0.png’ of ‘z.zip’ is encrypted"):
        open_zip(_patch_directory(_zip(tmp_path / "z.zip", _numbered(2)), 8, "<H", 1))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_packings_that_unpack_without_bounds_are_refused(tmp_path: Path, method: int) -> None:
    with pytest.raises(ClipError, match=r"packed in an unusual way"):
        open_zip(_zip(tmp_path / "z.zip", _numbered(2), method))


def test_more_entries_than_accepted_are_refused(tmp_path: Path) -> None:
    path = _zip(tmp_path / "z.zip", _numbered(3))
    with pytest.raises(LimitError, match=r"‘z.zip’ holds 3 files, more than the 2"):
        open_zip(path, limits=Limits(zip_files=2))


def test_a_directory_that_would_fill_the_memory_is_refused_unread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _zip(tmp_path / "z.zip", _numbered(1))
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\x05\x06") + 12, 0xFFFFFFF0)
    path.write_bytes(bytes(data))
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("the directory was read"))
    with pytest.raises(LimitError, match=r"more than the 20000"):
        open_zip(path)


def test_pictures_that_unpack_to_too_much_are_refused(tmp_path: Path) -> None:
    """A bomb: a few kilobytes that promise hundreds of megabytes."""
    bomb = png(numbered(0)) + bytes(20_000_000)
    path = _zip(tmp_path / "bomb.zip", {f"{n}.png": bomb for n in range(5)})
    assert path.stat().st_size < 600_000
    with pytest.raises(LimitError, match=r"the pictures in ‘bomb.zip’ unpack to 95.6 MiB, more than the 50 MiB"):
        open_zip(path, limits=Limits(zip_bytes=50 << 20))
    with pytest.raises(LimitError, match=r"the picture ‘0.png’ is 19.1 MiB"):
        open_zip(path, limits=Limits(picture_bytes=10 << 20))


def test_what_really_comes_out_is_bounded_where_the_directory_lies(tmp_path: Path) -> None:
    """The directory promises 1000 bytes; the packed data hold 60 million."""
    path = _zip(tmp_path / "liar.zip", {"0.png": png(numbered(0)) + bytes(60_000_000)})
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 1000)
    path.write_bytes(bytes(data))
    tracemalloc.start()
    with pytest.raises(ClipError, match=r"‘0.png’"):
        open_zip(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


def test_a_huge_picture_in_a_small_zip_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LimitError, match=r"‘1.jpg’ has frames of 30000x30000"):
        open_zip(_zip(tmp_path / "z.zip", {"1.jpg": huge(".jpg"), "2.jpg": huge(".jpg")}))


def _cut_zip(path: Path) -> Path:
    _zip(path, _numbered(3))
    path.write_bytes(path.read_bytes()[:-100])
    return path


def _rotten(path: Path) -> Path:
    _zip(path, _numbered(1))
    data = bytearray(path.read_bytes())
    data[200:260] = bytes(60)
    path.write_bytes(bytes(data))
    return path


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_cut_zip, "is not a whole zip"),
        (_rotten, "cannot be unpacked"),
        (lambda path: _zip(path, {}), "holds no picture"),
        (lambda path: _zip(path, {"readme.txt": b"words"}), "holds no picture"),
    ],
    ids=["cut", "rotten", "empty", "no pictures"],
)
def test_zips_that_cannot_be_a_clip_say_why(tmp_path: Path, make: Callable[[Path], Path], says: str) -> None:
    with pytest.raises(ClipError, match=says):
        open_zip(make(tmp_path / "z.zip"))


def test_a_missing_zip_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(ClipNotFoundError):
        open_zip(tmp_path / "none.zip")


def test_a_closed_clip_gives_a_clip_error(tmp_path: Path) -> None:
    clip = open_zip(_zip(tmp_path / "z.zip", _numbered(3)))
    clip.close()
    with pytest.raises(ClipError):
        clip.frame(2)


# --- packing ------------------------------------------------------------------------------------------------


def test_packed_pictures_open_in_natural_order(tmp_path: Path) -> None:
    files = [(f"shot {n}.png", png(numbered(n))) for n in (10, 9, 2)]
    (tmp_path / "p.zip").write_bytes(pack_pictures(files))
    assert [number_of(frame.rgb) for frame in open_zip(tmp_path / "p.zip").frames()] == [2, 9, 10]


def test_the_same_pictures_give_the_same_bytes_whatever_the_order_they_were_chosen_in() -> None:
    files = [(f"{n}.png", png(numbered(n))) for n in range(4)]
    assert pack_pictures(files) == pack_pictures(files[::-1])
    assert pack_pictures(files) != pack_pictures([(name + "x", data) for name, data in files[:1]] + files[1:])


def test_two_camera_snapshots_of_one_name_stay_two_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "p.zip").write_bytes(
        pack_pictures([("camera.png", png(numbered(7))), ("camera.png", png(numbered(3)))])
    )
    assert [number_of(frame.rgb) for frame in open_zip(tmp_path / "p.zip").frames()] == [7, 3]


@pytest.mark.parametrize(
    "name", ["../../x.png", "/etc/passwd", "C:\\a\\b.png", '"); import os #<b>.png', "", "ä\0\n.png", "a" * 400]
)
def test_names_are_made_harmless_and_their_pictures_stay(tmp_path: Path, name: str) -> None:
    packed = pack_pictures([(name, png(numbered(1))), (name, png(numbered(2)))])
    names = zipfile.ZipFile(io.BytesIO(packed)).namelist()
    assert len(set(names)) == 2
    assert all(len(n) < 80 and not set(n) & set('/\\"<>\0\n:') for n in names)
    (tmp_path / "p.zip").write_bytes(packed)
    assert open_zip(tmp_path / "p.zip").info.frame_count == 2


def test_no_pictures_cannot_be_packed_and_too_many_neither() -> None:
    with pytest.raises(ClipError, match=r"0 pictures were given"):
        pack_pictures([])
    with pytest.raises(LimitError, match=r"holds 3 files"):
        pack_pictures([("x", b"")] * 3, limits=Limits(zip_files=2))
    with pytest.raises(LimitError):
        pack_pictures([("x", bytes(100))], limits=Limits(picture_bytes=99))
