"""What every H.264 video of ours has in common: settings, sizes, exact times, and a file that is whole or absent."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from flowlab.core.clip import Picture
from flowlab.core.files import replacing
from flowlab.errors import ClipError, ParameterError, shown

PRESETS = ("ultrafast", "superfast", "veryfast", "faster", "fast", "medium", "slow", "slower", "veryslow")

EXACT_TIME_BASE = Fraction(1, 5_760_000)
"""Seconds of one unit where times are given: a common multiple of the time bases in use (90 000, 48 000,
30 000, 24 000, 15 360, 12 800, 1 000, 600, 100 Hz and their divisors), which it therefore keeps exactly."""

_LARGEST_TERM = (1 << 31) - 1  # FFmpeg keeps a fraction in two 32-bit numbers
_BT601 = 6  # the matrix swscale converts with; written down, so that players undo the right one


def check_settings(width: int, height: int, fps: Fraction, preset: str, crf: int) -> None:
    """Raise ParameterError where a size (pixels), rate (frames per second), preset or crf cannot be written."""
    if width < 1 or height < 1 or max(width, height) > 16384:
        raise ParameterError(f"the video would be {width}x{height}: give 1 to 16384 pixels each way")
    check_rate(fps)
    if preset not in PRESETS:
        raise ParameterError(f"preset is {shown(preset)}: give one of {', '.join(PRESETS)}")
    if not 0 <= crf <= 51:
        raise ParameterError(f"crf is {crf}: give a whole number from 0 to 51")


def check_rate(fps: Fraction) -> None:
    """Raise ParameterError where `fps` (frames per second) cannot be written."""
    if not Fraction(1, 1000) <= fps <= 1000:
        raise ParameterError(f"fps is {fps}: give 1/1000 to 1000 frames per second")


def writable_rate(fps: Fraction) -> Fraction:
    """Return the rate nearest to `fps` that FFmpeg can hold."""
    return fps.limit_denominator(_LARGEST_TERM // max(1, int(fps) + 1))


def even_size(width: int, height: int) -> tuple[int, int]:
    """Return (width, height) rounded up to even numbers: the chroma planes of yuv420p halve them."""
    return width + width % 2, height + height % 2


def video_frame(rgb: Picture, width: int, height: int) -> VideoFrame:
    """Return a picture (height, width, 3) as a frame of even size, its last column or row repeated where odd.

    Raises:
        ParameterError: it has another size or type.
    """
    if rgb.shape != (height, width, 3) or rgb.dtype != np.uint8:
        raise ParameterError(f"the picture is {rgb.dtype} of shape {rgb.shape}: give uint8 ({height}, {width}, 3)")
    even_width, even_height = even_size(width, height)
    padded = np.pad(rgb, ((0, even_height - height), (0, even_width - width), (0, 0)), mode="edge")
    return VideoFrame.from_ndarray(padded, format="rgb24")


def add_video_stream(
    container: OutputContainer, size: tuple[int, int], fps: Fraction, time_base: Fraction, options: dict[str, str]
) -> VideoStream:
    """Return a new H.264 stream (yuv420p, BT.601) of `container`.

    Args:
        container: the open file.
        size: (width, height), even.
        fps: frames per second, as `writable_rate` gives it.
        time_base: seconds of one unit of the frames' times.
        options: x264's.
    """
    stream: VideoStream = container.add_stream("libx264", rate=fps, options=options)
    stream.width, stream.height = size
    stream.pix_fmt = "yuv420p"
    stream.codec_context.colorspace = _BT601
    stream.codec_context.time_base = time_base
    return stream


@contextmanager
def whole_mp4(path: Path) -> Iterator[OutputContainer]:
    """Yield an mp4 to mux into; it becomes `path`, index in front, when the block ends well, else nothing does.

    Raises:
        ClipError: the file cannot be begun or finished. Errors of the block pass unchanged.
    """
    error_of_the_block: BaseException | None = None
    try:
        with replacing(path) as part, _mp4(part) as container:
            try:
                yield container
            except BaseException as error:
                error_of_the_block = error
                raise
    except (av.FFmpegError, OSError) as error:
        if error is error_of_the_block:
            raise
        raise _cannot_write(path, error) from None


@contextmanager
def write_errors(path: Path) -> Iterator[None]:
    """Turn what encoder, muxer and disk say in the block into one ClipError about `path`."""
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        raise _cannot_write(path, error) from None


def _mp4(path: Path) -> OutputContainer:
    return av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})


def _cannot_write(path: Path, error: Exception) -> ClipError:
    reason = getattr(error, "strerror", None) or "the encoder failed"
    return ClipError(f"the video {shown(path.name)} cannot be written ({reason}): "
                     "give a folder that exists and has room")  # fmt: skip
