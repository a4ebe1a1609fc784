"""Written videos play everywhere, keep their times exactly, and appear whole or not at all."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from flowlab.errors import ClipError, ParameterError
from flowlab.media.encode import VideoWriter
from flowlab.media.video import VideoClip, open_video
from tests.flowlab.media.clips import number_of, numbered, write_clip


def _write(
    path: Path, fps: Fraction, times: list[Fraction] | None = None, count: int = 20, **settings: object
) -> VideoClip:
    width, height = settings.pop("size", (208, 112))
    with VideoWriter(path, width, height, fps, **settings) as video:
        for n in range(count):
            video.write(numbered(n, width, height), None if times is None else times[n])
    return open_video(path)


RATES = [
    Fraction(25),
    Fraction(30000, 1001),
    Fraction(2997, 100),
    Fraction(1, 2),
    Fraction(120),
    Fraction(454000, 15151),
]


@pytest.mark.parametrize("fps", RATES, ids=str)
def test_the_clips_own_rate_is_kept_exactly(tmp_path: Path, fps: Fraction) -> None:
    clip = _write(tmp_path / "out.mp4", fps)
    assert (clip.info.fps, clip.info.variable_rate) == (fps, False)
    assert [clip.time(n) for n in range(20)] == [n / fps for n in range(20)]
    assert [number_of(frame.rgb) for frame in clip.frames()] == list(range(20))


UNITS = [Fraction(1, d) for d in (90000, 48000, 30000, 24000, 15360, 12800, 1000, 600, 100)]


@pytest.mark.parametrize("unit", UNITS, ids=str)
def test_uneven_times_are_kept_exactly(tmp_path: Path, unit: Fraction) -> None:
    steps = np.random.default_rng(1).integers(2, 9, 20) * max(1, int(Fraction(1, 100) / unit))
    times = [int(tick) * unit for tick in np.cumsum(steps)]
    clip = _write(tmp_path / "out.mp4", Fraction(20), times)
    assert clip.info.variable_rate
    assert [clip.time(n) for n in range(20)] == [time - times[0] for time in times]
    assert [number_of(clip.frame(n).rgb) for n in (19, 4, 11)] == [19, 4, 11]


def test_a_read_clip_written_again_has_the_same_times(tmp_path: Path) -> None:
    ticks = np.cumsum(np.random.default_rng(5).integers(20, 90, 20)).tolist()
    source = open_video(write_clip(tmp_path / "in.mkv", 20, ticks=ticks, time_base=Fraction(1, 1000)))
    with VideoWriter(tmp_path / "out.mp4", 208, 112, source.info.fps) as video:
        for frame in source.frames():
            video.write(frame.rgb, source.time(frame.index))
    copy = open_video(tmp_path / "out.mp4")
    assert [copy.time(n) for n in range(20)] == [source.time(n) for n in range(20)]


def test_times_between_two_units_move_by_less_than_a_microsecond(tmp_path: Path) -> None:
    times = [Fraction(n * n + 1, 7) / 10 for n in range(10)]
    clip = _write(tmp_path / "out.mp4", Fraction(20), times, count=10)
    assert max(abs(clip.time(n) - (times[n] - times[0])) for n in range(10)) < Fraction(1, 1_000_000)


@pytest.mark.parametrize(("width", "height"), [(207, 111), (208, 111), (201, 112), (1, 1), (2, 3)])
def test_odd_sizes_are_padded_with_their_edge_and_not_scaled(tmp_path: Path, width: int, height: int) -> None:
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, -1] = 200
    picture[-1] = 200
    with VideoWriter(tmp_path / "out.mp4", width, height, Fraction(25), crf=5) as video:
        for _ in range(3):
            video.write(picture)
        assert video.size == (width + width % 2, height + height % 2)
    clip = open_video(tmp_path / "out.mp4")
    assert (clip.info.width, clip.info.height) == (width + width % 2, height + height % 2)
    back = clip.frame(1).rgb.astype(int)
    assert np.abs(back[:height, :width] - picture).mean() < 6
    assert np.abs(back[height - 1 :, : width + width % 2] - 200).mean() < 12


def test_the_file_is_what_browsers_play(tmp_path: Path) -> None:
    _write(tmp_path / "out.mp4", Fraction(25))
    data = (tmp_path / "out.mp4").read_bytes()
    assert data[4:8] == b"ftyp"
    assert data.index(b"moov") < data.index(b"mdat")
    with av.open(str(tmp_path / "out.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt, container.format.name.split(",")[1]) == ("h264", "yuv420p", "mp4")
        assert context.colorspace == 6


def test_colours_survive(tmp_path: Path) -> None:
    bars = np.zeros((64, 96, 3), np.uint8)
    for place, colour in enumerate(
        [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (128, 128, 128), (255, 255, 255)]
    ):
        bars[:, place * 16 : place * 16 + 16] = colour
    with VideoWriter(tmp_path / "out.mp4", 96, 64, Fraction(25), crf=4) as video:
        video.write(bars)
    back = open_video(tmp_path / "out.mp4").frame(0).rgb.astype(int)
    for place in range(6):
        middle = np.s_[8:56, place * 16 + 6 : place * 16 + 10]
        assert np.abs(back[middle] - bars[middle]).mean() < 6


def test_settings_trade_size(tmp_path: Path) -> None:
    _write(tmp_path / "fine.mp4", Fraction(25), crf=10)
    _write(tmp_path / "rough.mp4", Fraction(25), crf=40, preset="ultrafast")
    assert (tmp_path / "rough.mp4").stat().st_size < (tmp_path / "fine.mp4").stat().st_size / 2


# --- whole or not at all ------------------------------------------------------------------------------------


def test_nothing_is_seen_before_the_end_and_nothing_else_after(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "out.mp4", 208, 112, Fraction(25)) as video:
        video.write(numbered(0))
        assert not (tmp_path / "out.mp4").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_an_error_in_the_block_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "out.mp4").write_bytes(b"the old file")
    with (
        pytest.raises(OSError, match=r"of the block"),
        VideoWriter(tmp_path / "out.mp4", 208, 112, Fraction(25)) as video,
    ):
        video.write(numbered(0))
        raise OSError("of the block")
    assert (tmp_path / "out.mp4").read_bytes() == b"the old file"
    assert len(list(tmp_path.iterdir())) == 1


def test_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), VideoWriter(tmp_path / "out.mp4", 208, 112, Fraction(25)) as video:
        video.write(numbered(0))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_video_without_frames_is_an_error_and_no_file(tmp_path: Path) -> None:
    with (
        pytest.raises(ClipError, match=r"‘out.mp4’ would have no frames"),
        VideoWriter(tmp_path / "out.mp4", 8, 8, Fraction(1)),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["none/out.mp4", "file/out.mp4", "folder"])
def test_a_place_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with (
        pytest.raises(ClipError, match=r"cannot be written .*give a folder that exists and has room"),
        VideoWriter(tmp_path / place, 208, 112, Fraction(25)) as video,
    ):
        video.write(numbered(0))
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder"}


def test_a_disk_that_is_full_is_an_error_and_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: object, *packets: object) -> None:
        raise av.error.OSError(28, "No space left on device")

    with (
        pytest.raises(ClipError, match=r"‘out.mp4’ cannot be written \(No space left on device\)"),
        VideoWriter(tmp_path / "out.mp4", 208, 112, Fraction(25)) as video,
    ):
        monkeypatch.setattr(type(video), "_opened", full)
        video.write(numbered(0))
    assert list(tmp_path.iterdir()) == []


# --- what cannot be written -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"width": 0}, "the video would be 0x112"),
        ({"height": 20000}, "the video would be 208x20000"),
        ({"fps": Fraction(0)}, "fps is 0"),
        ({"fps": Fraction(1001)}, "fps is 1001"),
        ({"preset": "warp"}, "preset is ‘warp’: give one of ultrafast"),
        ({"crf": 52}, "crf is 52"),
    ],
)
def test_settings_that_cannot_be_are_refused(tmp_path: Path, change: dict[str, object], says: str) -> None:
    settings = {"width": 208, "height": 112, "fps": Fraction(25)} | change
    with pytest.raises(ParameterError, match=says):
        VideoWriter(
            tmp_path / "out.mp4", settings.pop("width"), settings.pop("height"), settings.pop("fps"), **settings
        )


def test_pictures_of_another_kind_and_times_that_go_back_are_refused(tmp_path: Path) -> None:
    def write(*pictures: tuple[np.ndarray, Fraction | None]) -> None:
        with VideoWriter(tmp_path / "out.mp4", 208, 112, Fraction(25)) as video:
            for picture, time in pictures:
                video.write(picture, time)

    good = numbered(0)
    with pytest.raises(ParameterError, match=r"shape \(112, 207, 3\): give uint8 \(112, 208, 3\)"):
        write((good[:, :-1], None))
    with pytest.raises(ParameterError, match=r"float32"):
        write((good.astype(np.float32), None))
    with pytest.raises(ParameterError, match=r"time is 1 s, not after the picture before"):
        write((good, Fraction(1)), (good, Fraction(1)))
    with pytest.raises(ParameterError, match=r"give times for all or for none"):
        write((good, None), (good, Fraction(1)))
    assert list(tmp_path.iterdir()) == []


def test_writing_outside_the_block_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match=r"write inside its `with` block"):
        VideoWriter(tmp_path / "out.mp4", 208, 112, Fraction(25)).write(numbered(0))
