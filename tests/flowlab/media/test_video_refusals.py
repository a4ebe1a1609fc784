"""Files that are no clip, or more than a clip: one clear sentence each, and nothing else is opened."""

import os
import struct
from collections.abc import Callable
from pathlib import Path

import av
import pytest

from flowlab.errors import ClipError, ClipNotFoundError, FlowlabError, LimitError
from flowlab.media.limits import Limits
from flowlab.media.video import open_video
from tests.flowlab.media.clips import numbered, write_audio, write_clip


def _text(name: str, text: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_text(text)
        return folder / name

    return make


def _tiny_pictures(path: Path, size: int, pixels: str = "yuv444p", codec: str = "ffv1") -> Path:
    return write_clip(path, [numbered(n)[:size, :size] for n in range(3)], codec=codec, pixels=pixels)


PLAYLISTS = {
    "ffconcat": "ffconcat version 1.0\nfile 'secret.mp4'\n",
    "HLS": "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nsecret.mp4\n#EXT-X-ENDLIST\n",
    "DASH": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><Period><AdaptationSet>'
    "<Representation><BaseURL>secret.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>",
}


@pytest.mark.parametrize("kind", PLAYLISTS)
def test_a_playlist_named_mp4_opens_nothing_beside_it(tmp_path: Path, kind: str) -> None:
    write_clip(tmp_path / "secret.mp4", 5)
    with pytest.raises(ClipError, match=r"‘list.mp4’ is not a video that can be read here"):
        open_video(_text("list.mp4", PLAYLISTS[kind])(tmp_path))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_text("empty.mp4", ""), "‘empty.mp4’ is empty"),
        (_text("letter.mp4", "Dear reader,\nthis is no video.\n" * 200), "is not a video that can be read here"),
        (lambda folder: write_audio(folder / "song.mp4"), "‘song.mp4’ holds sound but no video"),
        (lambda folder: folder, "is not a file"),
        (lambda folder: Path("/dev/zero"), "is not a file"),
    ],
    ids=["zero bytes", "text", "audio only", "a folder", "a device"],
)
def test_what_is_no_video_gives_one_sentence(tmp_path: Path, make: Callable[[Path], Path], says: str) -> None:
    with pytest.raises(ClipError, match=says) as caught:
        open_video(make(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(ClipNotFoundError, match=r"no file ‘none.mp4’"):
        open_video(tmp_path / "none.mp4")


def test_an_mp4_without_its_end_cannot_be_opened(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "cut.mp4", 30)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(ClipError, match=r"its beginning or end is missing"):
        open_video(path)


def test_random_bytes_are_refused_or_read_but_never_crash(tmp_path: Path) -> None:
    heads = [
        b"\x1aE\xdf\xa3",
        b"RIFF\x10\0\0\0AVI LIST",
        b"GIF89a",
        b"FLV\x01",
        b"\0\0\0\x18ftypmp42",
        b"G",
        b"\0\0\x01\xba",
    ]
    for seed, head in enumerate(heads):
        path = tmp_path / f"{seed}.bin"
        path.write_bytes(head + os.urandom(20_000))
        with pytest.raises(FlowlabError):
            open_video(path)


def test_cover_art_is_no_video(tmp_path: Path) -> None:
    """The audio files of a music player carry a picture as a "video" stream."""
    with av.open(str(tmp_path / "album.mp4"), "w") as container:
        sound, cover = container.add_stream("aac", rate=16000), container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = av.stream.Disposition.attached_pic
        silence = av.AudioFrame.from_ndarray(__import__("numpy").zeros((1, 16000), "float32"), "fltp", "mono")
        silence.sample_rate = 16000
        container.mux(cover.encode(av.VideoFrame.from_ndarray(numbered(0)[:32, :32], format="rgb24")))
        container.mux([*sound.encode(silence), *sound.encode(None)])
    with pytest.raises(ClipError, match=r"holds sound but no video"):
        open_video(tmp_path / "album.mp4")


# --- limits ----------------------------------------------------------------------------------------


def test_more_pixels_than_accepted_are_refused_before_a_frame_is_decoded(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "large.mp4", 3)
    with pytest.raises(LimitError, match=r"‘large.mp4’ has frames of 208x112 pixels"):
        open_video(path, limits=Limits(pixels=208 * 112 - 1))
    assert open_video(path, limits=Limits(pixels=208 * 112)).info.frame_count == 3


def test_a_header_that_hides_its_pixels_is_stopped_by_the_decoder(tmp_path: Path) -> None:
    """A transport stream whose second half is larger than accepted: those frames are refused, the rest stays."""
    small = write_clip(tmp_path / "small.ts", [numbered(n) for n in range(10)], gop=5)
    large = write_clip(tmp_path / "large.ts", [numbered(n, 416, 224) for n in range(10)], gop=5)
    (tmp_path / "both.ts").write_bytes(small.read_bytes() + large.read_bytes())
    clip = open_video(tmp_path / "both.ts", limits=Limits(pixels=208 * 112))
    assert clip.info.frame_count == 10
    assert clip.index.lost == 10


def test_a_file_larger_than_accepted_is_refused(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "long.mp4", 10)
    with pytest.raises(LimitError, match=r"‘long.mp4’ is .* more than the 1 KiB accepted"):
        open_video(path, limits=Limits(bytes=1024))


# --- the small end -----------------------------------------------------------------------------------


def test_one_frame_is_a_clip(tmp_path: Path) -> None:
    clip = open_video(write_clip(tmp_path / "one.mp4", 1))
    assert (clip.info.frame_count, clip.time(0)) == (1, 0)
    assert clip.frame(0).rgb.shape == (112, 208, 3)


@pytest.mark.parametrize("size", [1, 2, 3, 15])
def test_tiny_and_odd_frames_keep_their_size(tmp_path: Path, size: int) -> None:
    clip = open_video(_tiny_pictures(tmp_path / "tiny.avi", size))
    assert (clip.info.width, clip.info.height) == (size, size)
    assert clip.frame(2).rgb.shape == (size, size, 3)
    assert clip.frame(2).grey.shape == (size, size)


HOSTILE_NAME = '"); import os #<b>.mp4'


@pytest.mark.parametrize("name", [HOSTILE_NAME, "concat:a|b.mp4", "http:x.mp4", "%03d.mp4", "-i.mp4", "ä ö\n.mp4"])
def test_a_hostile_name_is_just_a_name(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    write_clip(tmp_path / "plain.mp4", 3).rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    clip = open_video(Path(name))
    assert clip.info.frame_count == 3
    assert clip.info.name == name
    with pytest.raises(ClipError) as caught:
        clip.frame(9)
    assert "\n" not in str(caught.value)


def test_titles_that_are_not_utf8_do_not_keep_a_clip_from_opening(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "titled.avi", 3, codec="mpeg4")
    title = b"Stra\xdfe\0\0"
    chunk = b"LIST" + struct.pack("<I", 4 + 8 + len(title)) + b"INFO" + b"INAM" + struct.pack("<I", len(title)) + title
    data = path.read_bytes()
    at = data.index(b"LIST", data.index(b"hdrl") + 400) if data.count(b"LIST") > 2 else data.index(b"JUNK")
    path.write_bytes(data[:at] + chunk + data[at:])
    assert open_video(path).info.frame_count == 3
