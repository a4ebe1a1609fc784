"""One door: what the bytes are decides how a clip is opened, not what the file is called."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from flowlab.errors import ClipError, ClipNotFoundError, LimitError
from flowlab.media.limits import Limits
from flowlab.media.opening import open_media
from flowlab.media.video import VideoClip, scan_video
from tests.flowlab.media.clips import encoded, number_of, numbered, write_clip


def _picture(folder: Path) -> Path:
    (folder / "p").write_bytes(encoded(numbered(0), ".png"))
    return folder / "p"


def _zip(folder: Path) -> Path:
    with zipfile.ZipFile(folder / "z", "w") as archive:
        archive.writestr("0.png", encoded(numbered(0), ".png"))
    return folder / "z"


def _folder(folder: Path) -> Path:
    (folder / "f").mkdir()
    (folder / "f" / "0.tif").write_bytes(encoded(numbered(0), ".tiff"))
    return folder / "f"


def _nameless_video(name: str, codec: str, pixels: str = "yuv420p") -> Callable[[Path], Path]:
    """A video as the store keeps it: without an extension."""
    return lambda folder: write_clip(folder / name, 8, codec=codec, pixels=pixels).rename(folder / "v")


DOORS: dict[str, tuple[Callable[[Path], Path], str, str]] = {
    "picture": (_picture, "pictures", "png"),
    "zip": (_zip, "pictures", "png"),
    "folder": (_folder, "pictures", "tiff"),
    "gif": (_nameless_video("x.gif", "gif", "rgb8"), "video", "gif"),
    "mp4": (_nameless_video("x.mp4", "libx264"), "video", "h264"),
    "mov": (_nameless_video("x.mov", "libx264"), "video", "h264"),
    "mkv": (_nameless_video("x.mkv", "libx264"), "video", "h264"),
    "webm": (_nameless_video("x.webm", "libvpx"), "video", "vp8"),
    "avi": (_nameless_video("x.avi", "mpeg4"), "video", "mpeg4"),
    "ts": (_nameless_video("x.ts", "libx264"), "video", "h264"),
    "mpg": (_nameless_video("x.mpg", "mpeg2video"), "video", "mpeg2video"),
    "flv": (_nameless_video("x.flv", "flv"), "video", "flv1"),
}


@pytest.mark.parametrize("what", DOORS)
def test_the_content_decides(tmp_path: Path, what: str) -> None:
    make, kind, codec = DOORS[what]
    clip = open_media(make(tmp_path), name="a clip")
    assert (clip.info.kind, clip.info.codec, clip.info.name) == (kind, codec, "a clip")
    assert number_of(clip.frame(0).rgb) == 0
    assert clip.info.frame_count == (8 if kind == "video" else 1)
    clip.close()


def test_a_stored_index_is_used(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "v.mp4", 8)
    index = scan_video(path)
    clip = open_media(path, index=index)
    assert isinstance(clip, VideoClip)
    assert clip.index is index


@pytest.mark.parametrize("name", ["none", "none/none", "..", "x\0y"])
def test_what_is_not_there_is_not_found_or_no_clip(tmp_path: Path, name: str) -> None:
    with pytest.raises(ClipError):
        open_media(tmp_path / name)
    with pytest.raises(ClipNotFoundError):
        open_media(tmp_path / "none")


@pytest.mark.parametrize("what", ["picture", "zip", "mp4"])
def test_too_many_bytes_are_refused_at_the_door(tmp_path: Path, what: str) -> None:
    path = DOORS[what][0](tmp_path)
    with pytest.raises(LimitError, match=r"more than the 100 bytes accepted"):
        open_media(path, limits=Limits(bytes=100))


def test_progress_is_told_for_pictures_too(tmp_path: Path) -> None:
    heard: list[tuple[float, str]] = []
    open_media(_folder(tmp_path), progress=lambda share, text: heard.append((share, text)))
    assert heard == [(0.0, "looking at picture 1")]
