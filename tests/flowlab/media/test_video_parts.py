"""Parts of a video are the same bytes wherever made, and join to one file with every frame at its time, or to none."""

import hashlib
import io
import itertools
import multiprocessing
import struct
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from flowlab.errors import ClipError, ParameterError
from flowlab.media.h264 import EXACT_TIME_BASE
from flowlab.media.opening import open_media
from flowlab.media.video_parts import PartWriter, encoder_versions, join_parts
from flowlab.media.video_writer import VideoWriter
from tests.flowlab.media.clips import number_of, numbered, write_audio, write_clip

FPS = Fraction(30000, 1001)
LONGEST = ((1 << 31) - 2) * EXACT_TIME_BASE
CUTS = [0, 7, 8, 9, 30]  # parts of one picture among them


def even(n: int) -> Fraction:
    return n / FPS


def part(
    start: int,
    stop: int,
    time: Callable[[int], Fraction] = even,
    *,
    fps: Fraction = FPS,
    size: tuple[int, int] = (208, 112),
    **settings: object,
) -> bytes:
    with PartWriter(*size, fps, **settings) as writer:
        for n in range(start, stop):
            writer.write(numbered(n, *size), time(n))
        return writer.finish()


def parts(time: Callable[[int], Fraction] = even, **settings: object) -> list[bytes]:
    return [part(*cut, time, **settings) for cut in itertools.pairwise(CUTS)]


def decoded(source: object) -> list[np.ndarray]:
    with av.open(source) as container:
        return [frame.to_ndarray() for frame in container.decode(video=0)]


def packets(path: Path) -> list[tuple[int, int, bool]]:
    with av.open(str(path)) as container:
        return [(p.pts, p.duration, p.is_keyframe) for p in container.demux(video=0) if p.pts is not None]


@pytest.fixture(scope="module")
def whole() -> list[bytes]:
    return parts()


# --- the joined file ----------------------------------------------------------------------------------------


def test_the_joined_frames_are_the_parts_frames(tmp_path: Path, whole: list[bytes]) -> None:
    assert join_parts(tmp_path / "out.mp4", whole, FPS) == 30
    alone = [picture for data in whole for picture in decoded(io.BytesIO(data))]
    together = decoded(str(tmp_path / "out.mp4"))
    assert len(together) == len(alone) == 30
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_every_part_begins_with_a_picture_that_needs_no_other(tmp_path: Path, whole: list[bytes]) -> None:
    join_parts(tmp_path / "out.mp4", whole, FPS)
    assert [n for n, (_, _, key) in enumerate(packets(tmp_path / "out.mp4")) if key] == CUTS[:-1]


def test_frames_at_the_borders_are_found_exactly(tmp_path: Path, whole: list[bytes]) -> None:
    join_parts(tmp_path / "out.mp4", whole, FPS)
    clip = open_media(tmp_path / "out.mp4")
    assert (clip.info.frame_count, clip.info.declared, clip.info.damaged) == (30, 30, 0)
    for n in (29, 9, 8, 7, 6, 10, 0, 8):
        assert number_of(clip.frame(n).rgb) == n
    clip.close()


def test_an_even_row_keeps_its_rate_and_times(tmp_path: Path, whole: list[bytes]) -> None:
    join_parts(tmp_path / "out.mp4", whole, FPS)
    clip = open_media(tmp_path / "out.mp4")
    assert (clip.info.fps, clip.info.variable_rate) == (FPS, False)
    assert [clip.time(n) for n in range(30)] == [even(n) for n in range(30)]
    clip.close()


@pytest.mark.parametrize("unit", [Fraction(1, d) for d in (90000, 48000, 12800, 1000, 600)], ids=str)
def test_uneven_times_are_kept_exactly(tmp_path: Path, unit: Fraction) -> None:
    steps = np.random.default_rng(1).integers(2, 9, 30) * max(1, int(Fraction(1, 100) / unit))
    times = [int(tick) * unit for tick in np.cumsum(steps)]
    join_parts(tmp_path / "out.mp4", parts(times.__getitem__), Fraction(20))
    clip = open_media(tmp_path / "out.mp4")
    assert clip.info.variable_rate
    assert [clip.time(n) for n in range(30)] == [time - times[0] for time in times]
    clip.close()


def test_a_clip_that_starts_late_starts_at_zero(tmp_path: Path, whole: list[bytes]) -> None:
    join_parts(tmp_path / "late.mp4", parts(lambda n: 5 + even(n)), FPS)
    join_parts(tmp_path / "out.mp4", whole, FPS)
    assert packets(tmp_path / "late.mp4")[0][0] == 0
    assert (tmp_path / "late.mp4").read_bytes() == (tmp_path / "out.mp4").read_bytes()


def test_pictures_are_shown_until_the_next_and_the_last_for_one_frame(tmp_path: Path) -> None:
    times = [Fraction(n, 10) + (n > 6) * Fraction(3, 7) for n in range(30)]
    join_parts(tmp_path / "out.mp4", parts(times.__getitem__), FPS)
    found = packets(tmp_path / "out.mp4")
    ends = [pts for pts, _, _ in found[1:]] + [found[-1][0] + 192_192]  # 1001/30000 s
    assert [pts + duration for pts, duration, _ in found] == ends


def test_a_last_picture_alone_in_its_part_is_shown_for_one_frame(tmp_path: Path) -> None:
    join_parts(tmp_path / "out.mp4", [part(0, 4), part(4, 5)], FPS)
    assert packets(tmp_path / "out.mp4")[-1][:2] == (4 * 192_192, 192_192)


def test_long_waits_are_kept_within_a_part_and_between_parts(tmp_path: Path) -> None:
    """A clip longer than 32 bits of ticks (745 s)."""
    times = [n * LONGEST for n in range(4)]
    join_parts(tmp_path / "out.mp4", [part(0, 2, times.__getitem__), part(2, 4, times.__getitem__)], FPS)
    assert [pts * EXACT_TIME_BASE for pts, _, _ in packets(tmp_path / "out.mp4")] == times


def test_the_file_is_what_browsers_play(tmp_path: Path, whole: list[bytes]) -> None:
    join_parts(tmp_path / "out.mp4", whole, FPS)
    data = (tmp_path / "out.mp4").read_bytes()
    assert data[4:8] == b"ftyp"
    assert data.index(b"moov") < data.index(b"mdat")
    assert b"avc1" in data
    with av.open(str(tmp_path / "out.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt, container.format.name.split(",")[1]) == ("h264", "yuv420p", "mp4")
        assert (context.profile, context.colorspace) == ("Constrained Baseline", 6)


@pytest.mark.parametrize(("width", "height"), [(209, 111), (208, 111), (1, 1), (2, 3)])
def test_odd_sizes_are_padded_with_their_edge(tmp_path: Path, width: int, height: int) -> None:
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, -1] = picture[-1] = 200
    with PartWriter(width, height, FPS, crf=5) as writer:
        writer.write(picture, Fraction(0))
        data, size = writer.finish(), writer.size
    assert size == (width + width % 2, height + height % 2)
    join_parts(tmp_path / "out.mp4", [data], FPS)
    clip = open_media(tmp_path / "out.mp4")
    assert (clip.info.width, clip.info.height) == size
    back = clip.frame(0).rgb.astype(int)
    assert np.abs(back[:height, :width] - picture).mean() < 6
    assert np.abs(back[height - 1 :] - 200).mean() < 12
    clip.close()


def test_colours_are_those_of_a_video_written_in_one_go(tmp_path: Path) -> None:
    bars = np.zeros((64, 96, 3), np.uint8)
    for place, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (9, 9, 9), (255, 255, 255)]):
        bars[:, place * 16 : place * 16 + 16] = colour
    with PartWriter(96, 64, FPS, crf=4) as writer:
        writer.write(bars, Fraction(0))
        join_parts(tmp_path / "parts.mp4", [writer.finish()], FPS)
    with VideoWriter(tmp_path / "one.mp4", 96, 64, FPS, crf=4, preset="ultrafast") as video:
        video.write(bars)
    joined, one = (open_media(tmp_path / name).frame(0).rgb.astype(int) for name in ("parts.mp4", "one.mp4"))
    assert np.abs(joined - one).max() <= 1
    assert np.abs(joined[8:56, 6:10] - bars[8:56, 6:10]).mean() < 6


# --- the same bytes every time --------------------------------------------------------------------------------


def test_the_same_question_has_the_same_bytes(tmp_path: Path, whole: list[bytes]) -> None:
    assert parts() == whole
    digests = []
    for name in ("a.mp4", "b.mp4"):
        join_parts(tmp_path / name, whole, FPS)
        digests.append(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert digests[0] == digests[1]


def test_another_process_makes_the_same_bytes(whole: list[bytes]) -> None:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as other:
        made = other.submit(part, 9, 30).result(timeout=120)
    assert made == whole[3]


def test_what_surrounds_a_part_does_not_enter_it(whole: list[bytes]) -> None:
    """Beside its place in time, a part tells nothing of where in the clip it lies."""
    early, late = part(7, 9, even), part(7, 9, lambda n: 1000 + even(n))
    different = [n for n, (a, b) in enumerate(zip(early, late, strict=True)) if a != b]
    assert different
    assert min(different) >= len(early) - 28  # the box's first tick, pictures and digest


def test_versions_name_what_encodes() -> None:
    versions = encoder_versions()
    assert f"av {av.__version__}" in versions
    assert [v for v in versions if v.startswith("libavcodec ")]
    assert versions[-1].startswith("x264 1")
    assert encoder_versions() == versions


def test_settings_trade_size() -> None:
    assert len(part(0, 10, crf=40)) < len(part(0, 10, crf=10)) / 2
    assert len(part(0, 10, preset="veryfast")) < len(part(0, 10))


@pytest.mark.parametrize("preset", ["ultrafast", "medium"])
def test_one_thread_decides_and_pictures_come_in_the_order_shown(preset: str) -> None:
    data = part(0, 12, preset=preset, size=(208, 640))  # x264 gives small pictures one thread anyway
    settings = data[data.index(b"x264 - core") :]
    settings = settings[: settings.index(b"\0")]
    assert b" threads=1 " in settings
    assert b" bframes=0 " in settings
    with av.open(io.BytesIO(data)) as container:
        found = [(p.pts, p.dts, bytes(p)) for p in container.demux(video=0) if p.pts is not None]
    assert [pts for pts, _, _ in found] == [dts for _, dts, _ in found]


def test_a_part_of_one_picture_cannot_be_taken_for_its_neighbour(whole: list[bytes]) -> None:
    """Two IDR frames in a row have one idr_pic_id: a decoder tells them apart by the unit before."""
    for data in whole:
        with av.open(io.BytesIO(data)) as container:
            first = bytes(next(container.demux(video=0)))
        length = int.from_bytes(first[:4], "big")
        assert (first[4] & 31, first[4 + length + 4] & 31) == (6, 5)  # SEI, IDR


# --- parts that do not fit ------------------------------------------------------------------------------------


def damaged(data: bytes) -> dict[str, bytes]:
    middle = bytearray(data)
    middle[len(data) // 2] ^= 1
    ticked = bytearray(data)
    ticked[-25] ^= 1
    return {
        "truncated": data[: len(data) // 2],
        "last byte gone": data[:-1],
        "first byte gone": data[1:],
        "one bit": bytes(middle),
        "another time": bytes(ticked),
        "empty": b"",
        "garbage": bytes(range(256)) * 20,
        "box only": data[-52:],
        "twice": data + data,
        "a playlist": b"ffconcat version 1.0\nfile other.mp4\n" + data[-52:],
    }


@pytest.mark.parametrize("kind", damaged(b"x" * 100))
@pytest.mark.parametrize("place", [0, 2])
def test_a_damaged_part_is_refused_and_leaves_the_older_file(
    tmp_path: Path, whole: list[bytes], kind: str, place: int
) -> None:
    (tmp_path / "out.mp4").write_bytes(b"the old file")
    bad = [*whole[:place], damaged(whole[place])[kind], *whole[place + 1 :]]
    with pytest.raises(ClipError, match=rf"part {place + 1} of the video ‘out.mp4’ is damaged .*encode it again"):
        join_parts(tmp_path / "out.mp4", bad, FPS)
    assert (tmp_path / "out.mp4").read_bytes() == b"the old file"
    assert len(list(tmp_path.iterdir())) == 1


def boxed(mp4: bytes, pictures: int) -> bytes:
    """Put the box of a whole part behind something else."""
    box = part(0, 1)[-52:-28] + struct.pack(">qI", 0, pictures)
    return mp4 + box + hashlib.blake2b(mp4 + box, digest_size=16).digest()


def without_beginning(data: bytes, count: int, path: Path) -> None:
    """Copy `count` pictures of a part, but not its first, which they need."""
    with av.open(io.BytesIO(data)) as source, av.open(str(path), "w") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in list(source.demux(video=0))[1 : 1 + count]:
            packet.stream = stream
            target.mux_one(packet)


def test_the_box_alone_makes_no_part(tmp_path: Path, whole: list[bytes]) -> None:
    write_audio(tmp_path / "sound.mp4")
    write_clip(tmp_path / "other.mp4", 3, codec="mjpeg", pixels="yuvj420p", time_base=EXACT_TIME_BASE)
    write_clip(tmp_path / "slow.mp4", 3)  # ticks of another length
    without_beginning(whole[3], 3, tmp_path / "needy.mp4")
    mp4 = {path.stem: path.read_bytes() for path in tmp_path.iterdir()}
    assert len(mp4) == 4
    mp4["list"] = b"ffconcat version 1.0\nfile slow.mp4\n"
    for data in mp4.values():
        with pytest.raises(ClipError, match=r"part 1 .* was not made by PartWriter"):
            join_parts(tmp_path / "out.mp4", [boxed(data, 3)], FPS)
    with pytest.raises(ClipError, match=r"part 1 .* is damaged"):
        join_parts(tmp_path / "out.mp4", [boxed(whole[0][:-52], 8)], FPS)
    assert join_parts(tmp_path / "out.mp4", [boxed(whole[0][:-52], 7)], FPS) == 7


def test_a_video_that_is_no_part_is_refused(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "foreign.mp4", 208, 112, FPS, preset="ultrafast") as video:
        video.write(numbered(0))
    with pytest.raises(ClipError, match=r"part 1 .* was not made by PartWriter"):
        join_parts(tmp_path / "out.mp4", [(tmp_path / "foreign.mp4").read_bytes()], FPS)
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (
            {"size": (224, 112)},
            r"part 2 .*‘out.mp4’ is 224x112 .*the first one 208x112 .*one size with the same settings",
        ),
        ({"preset": "medium"}, r"part 2 .*the first one 208x112 with settings"),
    ],
)
def test_a_part_of_another_kind_is_refused(tmp_path: Path, other: dict[str, object], says: str) -> None:
    with pytest.raises(ClipError, match=says):
        join_parts(tmp_path / "out.mp4", [part(0, 3), part(3, 5, **other)], FPS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("order", [(1, 0), (0, 0), (0, 2, 1)], ids=str)
def test_parts_out_of_order_are_refused(tmp_path: Path, whole: list[bytes], order: tuple[int, ...]) -> None:
    with pytest.raises(ClipError, match=rf"part {len(order)} .*not after the one before: give the parts in the order"):
        join_parts(tmp_path / "out.mp4", [whole[n] for n in order], FPS)
    assert list(tmp_path.iterdir()) == []


def test_a_wait_that_mp4_cannot_hold_is_refused_and_not_shortened(tmp_path: Path) -> None:
    late = part(1, 2, lambda n: LONGEST + EXACT_TIME_BASE)
    with pytest.raises(ClipError, match=r"part 2 .* begins more than six minutes after the picture before"):
        join_parts(tmp_path / "out.mp4", [part(0, 1), late], FPS)
    with pytest.raises(ParameterError, match=r"more than six minutes after the picture before"):
        part(0, 2, lambda n: n * (LONGEST + EXACT_TIME_BASE))
    assert list(tmp_path.iterdir()) == []


def test_no_parts_are_an_error_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match=r"‘out.mp4’ would have no frames"):
        join_parts(tmp_path / "out.mp4", [], FPS)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fps", [Fraction(0), Fraction(1001)], ids=str)
def test_a_rate_that_cannot_be_is_refused(tmp_path: Path, whole: list[bytes], fps: Fraction) -> None:
    with pytest.raises(ParameterError, match=rf"fps is {fps}"):
        join_parts(tmp_path / "out.mp4", whole, fps)


# --- lazily, whole or not at all --------------------------------------------------------------------------------


def test_parts_are_taken_one_at_a_time_and_not_kept(tmp_path: Path, whole: list[bytes]) -> None:
    given: list[weakref.ref[memoryview]] = []

    def handed() -> Iterator[memoryview]:
        for data in whole:
            # the loop that takes them still holds the last one
            assert sum(ref() is not None for ref in given) <= 1
            assert not (tmp_path / "out.mp4").exists()
            view = memoryview(data)
            given.append(weakref.ref(view))
            yield view
            del view

    assert join_parts(tmp_path / "out.mp4", handed(), FPS) == 30
    join_parts(tmp_path / "bytes.mp4", whole, FPS)
    assert (tmp_path / "out.mp4").read_bytes() == (tmp_path / "bytes.mp4").read_bytes()


@pytest.mark.parametrize(
    "error", [OSError("of the store"), av.error.InvalidDataError(1, "of a reader"), KeyboardInterrupt()]
)
def test_an_error_of_who_gives_the_parts_passes_unchanged(
    tmp_path: Path, whole: list[bytes], error: BaseException
) -> None:
    (tmp_path / "out.mp4").write_bytes(b"the old file")

    def handed() -> Iterator[bytes]:
        yield from whole[:2]
        raise error

    with pytest.raises(type(error)) as raised:
        join_parts(tmp_path / "out.mp4", handed(), FPS)
    assert raised.value is error
    assert (tmp_path / "out.mp4").read_bytes() == b"the old file"
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("place", ["none/out.mp4", "file/out.mp4", "folder"])
def test_a_place_that_cannot_be_written_is_an_error_that_says_so(
    tmp_path: Path, whole: list[bytes], place: str
) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(ClipError, match=r"cannot be written .*give a folder that exists and has room"):
        join_parts(tmp_path / place, whole, FPS)
    assert {path.name for path in tmp_path.iterdir()} == {"file", "folder"}


# --- the writer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"width": 0}, "the video would be 0x112"),
        ({"height": 20000}, "the video would be 208x20000"),
        ({"fps": Fraction(0)}, "fps is 0"),
        ({"preset": "warp"}, "preset is ‘warp’: give one of ultrafast"),
        ({"crf": 52}, "crf is 52"),
    ],
)
def test_settings_that_cannot_be_are_refused(change: dict[str, object], says: str) -> None:
    settings = {"width": 208, "height": 112, "fps": FPS} | change
    with pytest.raises(ParameterError, match=says):
        PartWriter(settings.pop("width"), settings.pop("height"), settings.pop("fps"), **settings)


def test_pictures_of_another_kind_and_times_that_go_back_are_refused() -> None:
    with PartWriter(208, 112, FPS) as writer:
        writer.write(numbered(0), Fraction(1))
        with pytest.raises(ParameterError, match=r"shape \(112, 207, 3\): give uint8 \(112, 208, 3\)"):
            writer.write(numbered(0)[:, :-1], Fraction(2))
        with pytest.raises(ParameterError, match=r"float32"):
            writer.write(numbered(0).astype(np.float32), Fraction(2))
        for time in (Fraction(1), Fraction(0), 1 + EXACT_TIME_BASE / 3):
            with pytest.raises(ParameterError, match=rf"time is {time} s, not after the picture before"):
                writer.write(numbered(0), time)
        with pytest.raises(ParameterError, match=r"give seconds since the clip's first frame"):
            writer.write(numbered(0), Fraction(10) ** 30)
        assert writer.frames_written == 1
        writer.write(numbered(1), Fraction(2))
        assert len(decoded(io.BytesIO(writer.finish()))) == 2


def test_a_part_without_pictures_is_an_error() -> None:
    with PartWriter(208, 112, FPS) as writer, pytest.raises(ClipError, match=r"the part would have no frames"):
        writer.finish()


def test_a_finished_or_closed_part_takes_no_more() -> None:
    finished, closed = PartWriter(208, 112, FPS), PartWriter(208, 112, FPS)
    for writer in (finished, closed):
        writer.write(numbered(0), Fraction(0))
    finished.finish()
    closed.close()
    closed.close()
    PartWriter(208, 112, FPS).close()
    for writer in (finished, closed):
        with pytest.raises(ClipError, match=r"the part is finished"):
            writer.write(numbered(1), Fraction(1))
        with pytest.raises(ClipError, match=r"the part is finished"):
            writer.finish()
