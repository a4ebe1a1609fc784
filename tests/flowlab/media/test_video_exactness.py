"""Frame N is frame N: every container, in any order, against the number each frame carries."""

import itertools
import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from flowlab.errors import ClipError, LimitError
from flowlab.media import search
from flowlab.media.fingerprint import fingerprint
from flowlab.media.limits import LIMITS, Deadline, Limits
from flowlab.media.video import VideoClip, VideoIndex, open_video, scan_video
from tests.flowlab.media.clips import number_of, numbered, write_clip

COUNT = 60


def _h264(name: str, **options: str) -> Callable[[Path], Path]:
    return lambda folder: write_clip(folder / name, COUNT, **options)


def _x264(name: str, gop: int, settings: str) -> Callable[[Path], Path]:
    return lambda folder: write_clip(folder / name, COUNT, gop=gop, **{"x264-params": settings})


def _coded(name: str, codec: str, pixels: str = "yuv420p", **options: str) -> Callable[[Path], Path]:
    return lambda folder: write_clip(folder / name, COUNT, codec=codec, pixels=pixels, **options)


CLIPS: dict[str, Callable[[Path], Path]] = {
    "mp4, B-frames": _h264("clip.mp4", bf="3"),
    "mp4, one keyframe": lambda folder: write_clip(folder / "long.mp4", COUNT, gop=250),
    "mp4, every frame a keyframe": lambda folder: write_clip(folder / "intra.mp4", COUNT, gop=1),
    "mp4, groups shorter than their delay": _x264("short.mp4", 3, "bframes=2:min-keyint=1:scenecut=0"),
    "mp4, open groups": _x264("open.mp4", 12, "open-gop=1:bframes=3"),
    "mp4, refreshed in stripes": _x264("stripes.mp4", 12, "intra-refresh=1"),
    "mp4, interlaced": _x264("fields.mp4", 12, "tff=1"),
    "mp4, fragments": lambda folder: write_clip(
        folder / "parts.mp4", COUNT, muxer={"movflags": "frag_keyframe+empty_moov"}
    ),
    "mov": _h264("clip.mov"),
    "mkv": _h264("clip.mkv"),
    "webm, VP9": _coded("nine.webm", "libvpx-vp9", **{"deadline": "realtime", "cpu-used": "8"}),
    "webm, VP8 with hidden frames": _coded(
        "eight.webm", "libvpx", **{"auto-alt-ref": "1", "lag-in-frames": "10", "cpu-used": "5"}
    ),
    "avi": _coded("clip.avi", "mpeg4"),
    "avi, B-frames without stamps": _h264("stampless.avi", bf="3"),
    "gif": _coded("clip.gif", "gif", "rgb8"),
    "ts": _h264("clip.ts"),
    "ts, open groups": _x264("open.ts", 12, "open-gop=1:bframes=3"),
    "mpg": _coded("clip.mpg", "mpeg2video", bf="2"),
    "flv": _coded("clip.flv", "flv"),
    "flv, H.264": _h264("h264.flv"),
}  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder, made = tmp_path_factory.mktemp("clips"), {}

    def file(name: str) -> Path:
        if name not in made:
            made[name] = CLIPS[name](folder)
        return made[name]

    return file


def shuffled(count: int, seed: int = 0) -> list[int]:
    order = list(range(count))
    random.Random(seed).shuffle(order)
    return order


def test_a_picture_tells_its_number() -> None:
    assert [number_of(numbered(n)) for n in (0, 1, 2, 1000, 4095)] == [0, 1, 2, 1000, 4095]


@pytest.mark.parametrize("name", CLIPS)
def test_frames_in_any_order_are_the_frames_asked_for(files: Callable[[str], Path], name: str) -> None:
    clip = open_video(files(name))
    assert clip.info.frame_count == COUNT
    order = shuffled(COUNT)[:30]
    frames = [clip.frame(index) for index in order]
    assert [number_of(frame.rgb) for frame in frames] == order
    assert [frame.index for frame in frames] == order


@pytest.mark.parametrize("name", CLIPS)
def test_a_frame_looks_the_same_however_it_was_reached(files: Callable[[str], Path], name: str) -> None:
    clip = open_video(files(name))
    streamed = [frame.rgb for frame in clip.frames()]
    assert [number_of(rgb) for rgb in streamed] == list(range(COUNT))
    for index in (COUNT - 1, 7, 41, 40, 39, 0, 23):
        assert np.array_equal(clip.frame(index).rgb, streamed[index])


@pytest.mark.parametrize("name", ["mp4, B-frames", "ts", "gif", "avi, B-frames without stamps"])
def test_a_stored_index_serves_as_well_as_a_new_one(files: Callable[[str], Path], name: str) -> None:
    index = scan_video(files(name))
    clip = open_video(files(name), index=VideoIndex.from_bytes(index.to_bytes()))
    assert [number_of(clip.frame(n).rgb) for n in (50, 3, 31)] == [50, 3, 31]
    assert clip.info.content_hash == index.content_hash


@pytest.mark.parametrize("name", ["mp4, B-frames", "mpg", "gif"])
def test_a_stream_may_begin_anywhere_step_and_be_interrupted(files: Callable[[str], Path], name: str) -> None:
    clip = open_video(files(name))
    stream = clip.frames(13, 50, 9)
    assert number_of(next(stream).rgb) == 13
    assert number_of(clip.frame(55).rgb) == 55
    assert [number_of(frame.rgb) for frame in stream] == [22, 31, 40, 49]
    assert [frame.index for frame in clip.frames(57)] == [57, 58, 59]
    assert list(clip.frames(20, 20)) == []


def test_an_index_of_another_file_is_not_believed(files: Callable[[str], Path]) -> None:
    other = scan_video(files("mkv"))
    clip = open_video(files("mp4, open groups"), index=other)
    assert clip.index.content_hash != other.content_hash
    assert number_of(clip.frame(33).rgb) == 33


def test_an_index_that_lies_about_the_pixels_is_not_believed(files: Callable[[str], Path]) -> None:
    """No frame looks as it should, so none is taken on trust: the file is counted from its start."""
    index = scan_video(files("mp4, B-frames"))
    clip = open_video(files("mp4, B-frames"), index=replace(index, prints=np.roll(index.prints, 1)))
    assert [number_of(clip.frame(n).rgb) for n in (41, 20, 21)] == [41, 20, 21]


def test_a_frame_that_is_listed_and_not_there_is_an_error_that_names_it(files: Callable[[str], Path]) -> None:
    index = scan_video(files("mp4, B-frames"))
    longer = replace(
        index,
        stamps=np.append(index.stamps, 2 * index.stamps[-1] - index.stamps[-2]),
        prints=np.append(index.prints, np.uint32(1)),
        flags=np.append(index.flags, np.uint8(0)),
    )
    clip = open_video(files("mp4, B-frames"), index=longer)
    with pytest.raises(ClipError, match=r"frame 60 of ‘clip.mp4’ cannot be decoded"):
        clip.frame(60)
    assert number_of(clip.frame(59).rgb) == 59


@pytest.mark.parametrize("index", [-1, COUNT, 10**9])
def test_a_frame_outside_the_clip_is_an_error_that_names_the_range(files: Callable[[str], Path], index: int) -> None:
    with pytest.raises(ClipError, match=f"frame {index} is outside .* 0 to {COUNT - 1}"):
        open_video(files("mp4, B-frames")).frame(index)


def test_a_closed_clip_opens_again_when_it_is_asked(files: Callable[[str], Path]) -> None:
    clip = open_video(files("mp4, B-frames"))
    clip.frame(3)
    clip.close()
    assert number_of(clip.frame(44).rgb) == 44


def test_a_file_that_disappears_gives_a_clip_error(tmp_path: Path) -> None:
    clip = open_video(write_clip(tmp_path / "gone.mp4", 5))
    (tmp_path / "gone.mp4").unlink()
    with pytest.raises(ClipError, match=r"no file ‘gone.mp4’"):
        clip.frame(3)


# --- clips too long to be checked -----------------------------------------------------------------


class Countdown(Deadline):
    """A clock that is up after it has been looked at some times."""

    looks = 20

    @property
    def over(self) -> bool:
        self.looks -= 1
        return self.looks < 0


class OutOfTime(Limits):
    """Limits whose time for decoding is up after 20 packets, while listing packets has all the time."""

    def scan_deadline(self, name: str) -> Deadline:
        first = "asked" not in self.__dict__
        self.__dict__["asked"] = True
        return Countdown(0, "out of time") if first else Deadline(60, "out of time")


@pytest.mark.parametrize("name", ["mp4, B-frames", "mp4, open groups", "mkv", "ts", "mpg", "avi", "gif"])
def test_an_unchecked_clip_is_exact_too(files: Callable[[str], Path], name: str) -> None:
    clip = open_video(files(name), limits=OutOfTime())
    assert not clip.info.checked
    assert clip.info.frame_count == COUNT
    assert "damage is not known" in clip.info.note
    order = shuffled(COUNT, 1)[:15]
    assert [number_of(clip.frame(index).rgb) for index in order] == order
    assert len(VideoIndex.from_bytes(clip.index.to_bytes()).prints) == 0


def test_a_file_that_cannot_even_be_listed_in_time_is_refused(files: Callable[[str], Path]) -> None:
    with pytest.raises(LimitError, match=r"could not even be indexed"):
        scan_video(files("mp4, B-frames"), limits=Limits(scan_seconds=-1))


def test_a_frame_that_takes_too_long_is_refused_and_can_be_asked_again(files: Callable[[str], Path]) -> None:
    path = files("mp4, one keyframe")
    index = scan_video(path)
    slow = VideoClip(path, index, name="slow.mp4", limits=Limits(frame_seconds=-1))
    with pytest.raises(LimitError, match=r"frame 50 of ‘slow.mp4’ took longer"):
        slow.frame(50)
    assert number_of(VideoClip(path, index, name="x", limits=LIMITS).frame(50).rgb) == 50


def test_frames_that_no_other_needs_are_left_out_on_the_way(
    files: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[int] = []
    monkeypatch.setattr(search, "fingerprint", lambda frame: decoded.append(frame.pts) or fingerprint(frame))
    clip = open_video(files("mp4, one keyframe"))
    assert number_of(clip.frame(56).rgb) == 56
    assert len(decoded) < 45
    assert decoded[-8:] == clip.index.stamps[49:57].tolist()
    decoded.clear()
    assert [number_of(clip.frame(n).rgb) for n in (55, 54, 50)] == [55, 54, 50]
    assert decoded == []  # the last few are kept


def test_progress_rises_and_ends_below_one(files: Callable[[str], Path]) -> None:
    shares: list[float] = []
    scan_video(files("ts"), progress=lambda share, text: shares.append(share))
    assert shares == sorted(shares)
    assert len(shares) >= 2
    assert 0 <= shares[0] < shares[-1] <= 1


# --- against a trusted reference, on real clips -----------------------------------------------------


@pytest.mark.realdata
def test_real_clip_has_its_914_frames_bit_for_bit_as_opencv_reads_them(data_folder: Path) -> None:
    path = data_folder / "clips" / "slow_traffic_small.mp4"
    clip = open_video(path)
    assert (clip.info.frame_count, clip.info.declared, clip.info.damaged) == (914, 914, 0)
    assert (clip.info.width, clip.info.height, clip.info.fps) == (640, 360, Fraction(30000, 1001))
    wanted = (0, 1, 249, 250, 251, 500, 913)
    capture, truth = cv2.VideoCapture(str(path)), {}
    for index in range(914):
        done, bgr = capture.read()
        assert done
        if index in wanted:
            truth[index] = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    for index in sorted(wanted, key=lambda n: -n % 7):
        frame = clip.frame(index)
        assert np.array_equal(frame.rgb, truth[index])
        assert np.array_equal(frame.grey, cv2.cvtColor(truth[index], cv2.COLOR_RGB2GRAY))


@pytest.mark.realdata
def test_a_real_clip_with_stamps_in_decoding_order_is_shown_in_the_order_of_its_motion(data_folder: Path) -> None:
    """box.mp4 was written with B-frames and the stamps of decoding order: the decoder's order is the true one."""
    clip = open_video(data_folder / "clips" / "box.mp4")
    assert clip.info.frame_count == 455
    assert not clip.index.increasing
    times = [clip.time(n) for n in range(455)]
    assert all(a < b for a, b in itertools.pairwise(times))
    streamed = {n: clip.frame(n).rgb for n in range(300, 330)}
    fresh = open_video(data_folder / "clips" / "box.mp4", index=clip.index)
    for index in (325, 302, 317):
        assert np.array_equal(fresh.frame(index).rgb, streamed[index])


def test_pyav_and_this_reader_agree_on_what_is_in_a_file(files: Callable[[str], Path]) -> None:
    with av.open(str(files("mkv"))) as container:
        stamps = [frame.pts for frame in container.decode(video=0)]
    assert open_video(files("mkv")).index.stamps.tolist() == stamps
