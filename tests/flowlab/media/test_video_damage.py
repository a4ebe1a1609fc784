"""Damaged clips: what can be saved is exact and repeatable, and what was lost is counted."""

import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from flowlab.errors import ClipError
from flowlab.media.decoder import Decoder
from flowlab.media.limits import LIMITS
from flowlab.media.video import VideoIndex, open_video
from flowlab.media.video_index import CONCEALED, OTHER_SIZE
from tests.flowlab.media.clips import cut, number_of, numbered, overwrite, write_clip

COUNT = 60
NOISE = np.random.default_rng(0).bytes(1500)


def _cut_mp4(folder: Path) -> Path:
    return cut(write_clip(folder / "cut.mp4", COUNT, muxer={"movflags": "+faststart"}), 0.6)


def _with_noise(name: str, codec: str = "libx264", share: float = 0.45) -> Callable[[Path], Path]:
    return lambda folder: overwrite(write_clip(folder / name, COUNT, codec=codec), share, NOISE)


def _with_hole(name: str, codec: str = "libx264") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = write_clip(folder / name, COUNT, codec=codec)
        return overwrite(path, 0.4, bytes(path.stat().st_size // 8))

    return make


DAMAGED: dict[str, Callable[[Path], Path]] = {
    "mp4 cut": _cut_mp4,
    "avi cut": lambda folder: cut(write_clip(folder / "cut.avi", COUNT, codec="mpeg4"), 0.5),
    "mkv cut": lambda folder: cut(write_clip(folder / "cut.mkv", COUNT), 0.5),
    "flv cut": lambda folder: cut(write_clip(folder / "cut.flv", COUNT, codec="flv"), 0.5),
    "mp4 with noise": _with_noise("noise.mp4"),
    "mkv with noise": _with_noise("noise.mkv"),
    "ts with noise": _with_noise("noise.ts"),
    "mpg with noise": _with_noise("noise.mpg", "mpeg2video"),
    "avi with noise": _with_noise("noise.avi", "mpeg4"),
    "large mp4 with noise": lambda folder: overwrite(
        write_clip(folder / "large.mp4", [numbered(n, 1024, 576) for n in range(COUNT)], preset="ultrafast"),
        0.45,
        NOISE,
    ),
    "mp4 with a hole": _with_hole("hole.mp4"),
    "mkv with a hole": _with_hole("hole.mkv"),
    "ts with a hole": _with_hole("hole.ts"),
    "avi with a hole": _with_hole("hole.avi", "mpeg4"),
}
SILENT = ("avi cut", "mkv cut", "flv cut")  # they read without one error


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder, made = tmp_path_factory.mktemp("damaged"), {}

    def file(name: str) -> Path:
        if name not in made:
            made[name] = DAMAGED[name](folder)
        return made[name]

    return file


@pytest.mark.parametrize("name", DAMAGED)
def test_damage_is_counted_and_adds_up(files: Callable[[str], Path], name: str) -> None:
    clip = open_video(files(name))
    info, index = clip.info, clip.index
    assert 0 < info.frame_count <= COUNT
    assert info.damaged > 0
    assert info.damaged == index.lost + index.concealed
    if info.declared is not None:
        assert abs(info.declared - COUNT) <= 1
        assert info.frame_count + index.lost == info.declared


@pytest.mark.parametrize("name", DAMAGED)
def test_frames_before_the_damage_are_the_true_ones(files: Callable[[str], Path], name: str) -> None:
    clip = open_video(files(name))
    damage = np.flatnonzero(clip.index.flags & CONCEALED)
    first = int(damage[0]) if len(damage) else None
    numbers = [number_of(frame.rgb) for frame in clip.frames(0, min(first or 15, 15))]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) >= 10


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_clip_looks_the_same_every_time(files: Callable[[str], Path], name: str) -> None:
    streamed = [frame.rgb for frame in open_video(files(name)).frames()]
    again = open_video(files(name))
    assert len(streamed) == again.info.frame_count
    order = list(range(len(streamed)))
    random.Random(4).shuffle(order)
    for index in order[:25]:
        assert np.array_equal(again.frame(index).rgb, streamed[index]), index


@pytest.mark.parametrize("name", SILENT)
def test_a_file_cut_in_half_without_one_error_says_so(files: Callable[[str], Path], name: str) -> None:
    clip = open_video(files(name))
    assert clip.info.frame_count < 0.7 * COUNT
    assert clip.index.lost > 0.3 * COUNT


def test_a_large_damaged_clip_is_decoded_in_one_thread(files: Callable[[str], Path]) -> None:
    index = open_video(files("large mp4 with noise")).index
    assert index.repeatable
    assert Decoder(files("large mp4 with noise"), name="x", limits=LIMITS, one_thread=index.repeatable).threads == 1


def test_frames_behind_the_damage_are_exact_again(files: Callable[[str], Path]) -> None:
    clip = open_video(files("mp4 with noise"))
    assert clip.info.frame_count == COUNT
    assert [number_of(clip.frame(n).rgb) for n in (59, 50, 55)] == [59, 50, 55]


def test_times_of_frames_behind_a_hole_keep_their_place(files: Callable[[str], Path]) -> None:
    clip = open_video(files("mkv with a hole"))
    last = clip.info.frame_count - 1
    number = number_of(clip.frame(last).rgb)
    assert number > last
    assert clip.time(last) == Fraction(number, 25)
    assert clip.info.fps == 25
    assert clip.info.variable_rate


@pytest.mark.parametrize("name", ["mp4 with noise", "avi cut"])
def test_the_index_of_a_damaged_clip_can_be_kept(files: Callable[[str], Path], name: str) -> None:
    index = open_video(files(name)).index
    kept = VideoIndex.from_bytes(index.to_bytes())
    assert (kept.lost, kept.concealed, kept.declared) == (index.lost, index.concealed, index.declared)
    assert open_video(files(name), index=kept).info == open_video(files(name)).info


@pytest.mark.parametrize("name", ["whole.mp4", "whole.mkv", "whole.flv", "whole.avi", "whole.ts", "whole.gif"])
def test_a_whole_clip_has_no_damage(tmp_path: Path, name: str) -> None:
    codec, pixels = {".avi": ("mpeg4", "yuv420p"), ".gif": ("gif", "rgb8")}.get(name[-4:], ("libx264", "yuv420p"))
    info = open_video(write_clip(tmp_path / name, COUNT, codec=codec, pixels=pixels)).info
    assert (info.frame_count, info.damaged, info.note) == (COUNT, 0, "")
    assert info.declared in (COUNT, None)


def test_sound_that_outlasts_the_pictures_is_no_loss(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "tail.mkv"), "w") as container:
        video, sound = container.add_stream("libx264", rate=25), container.add_stream("aac", rate=16000)
        picture = numbered(0)
        video.height, video.width = picture.shape[:2]
        video.pix_fmt = "yuv420p"
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 48000), np.float32), "fltp", "mono")
        silence.sample_rate = 16000
        container.mux([*sound.encode(silence), *sound.encode(None)])
        for n in range(10):
            container.mux(video.encode(av.VideoFrame.from_ndarray(numbered(n), format="rgb24")))
        container.mux(video.encode(None))
    info = open_video(tmp_path / "tail.mkv").info
    assert (info.frame_count, info.declared, info.damaged) == (10, 10, 0)


def test_pictures_that_avi_repeats_are_no_loss(tmp_path: Path) -> None:
    """AVI counts "the same picture again" among its frames."""
    ticks = (0, 1, 2, 5, 6, 9, 10, 20, 21, 22)
    path = write_clip(tmp_path / "gaps.avi", 10, codec="mpeg4", ticks=ticks, time_base=Fraction(1, 25))
    clip = open_video(path)
    assert (clip.info.frame_count, clip.info.declared, clip.info.damaged) == (10, 10, 0)
    assert [clip.time(n) * 25 for n in range(10)] == list(ticks)


@pytest.mark.parametrize("count", [0, 1, (1 << 31) - 1])
def test_a_header_that_counts_nonsense_is_passed_over(tmp_path: Path, count: int) -> None:
    path = write_clip(tmp_path / "counts.avi", 20, codec="mpeg4")
    data = bytearray(path.read_bytes())
    data[48:52] = count.to_bytes(4, "little")  # avih dwTotalFrames
    at = data.index(b"strh") + 8 + 32  # dwLength of the video stream
    data[at : at + 4] = count.to_bytes(4, "little")
    path.write_bytes(bytes(data))
    info = open_video(path).info
    assert info.frame_count == 20
    assert info.damaged == 0
    assert info.declared in (None, 20, 1)


def test_frames_of_another_size_are_scaled_and_counted(tmp_path: Path) -> None:
    large = write_clip(tmp_path / "large.ts", 20, gop=5)
    small = write_clip(tmp_path / "small.ts", [numbered(n, 200, 96) for n in range(20, 40)], gop=5)
    (tmp_path / "both.ts").write_bytes(large.read_bytes() + small.read_bytes())
    clip = open_video(tmp_path / "both.ts")
    assert clip.info.frame_count == 40
    assert (clip.info.width, clip.info.height) == (208, 112)
    assert clip.info.damaged == 20
    assert "20 frames have another size" in clip.info.note
    assert clip.frame(30).rgb.shape == (112, 208, 3)
    assert number_of(clip.frame(10).rgb) == 10
    assert (clip.index.flags & OTHER_SIZE > 0).tolist() == [False] * 20 + [True] * 20


def test_a_file_whose_every_frame_is_ruined_says_so(tmp_path: Path) -> None:
    path = write_clip(tmp_path / "ruin.mp4", 10)
    data = bytearray(path.read_bytes())
    at = data.index(b"mdat") + 4
    data[at : data.index(b"moov") - 4] = bytes(data.index(b"moov") - 4 - at)
    path.write_bytes(bytes(data))
    with pytest.raises(ClipError, match=r"no frame of ‘ruin.mp4’ can be decoded"):
        open_video(path)
