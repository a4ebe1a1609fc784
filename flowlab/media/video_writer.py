"""Pictures into an H.264 video that plays everywhere, with exact times, whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

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


class VideoWriter:
    """Writes pictures as H.264 in mp4 (yuv420p, index in front), atomically.

    The file appears under its name when the `with` block ends well; otherwise nothing does.

        with VideoWriter(path, 640, 360, clip.info.fps) as video:
            for frame in clip.frames():
                video.write(frame.rgb, clip.time(frame.index))

    H.264 in this form needs even sizes: an odd picture is padded by repeating its last column or row
    (never scaled).
    """

    def __init__(
        self, path: Path, width: int, height: int, fps: Fraction, *, preset: str = "veryfast", crf: int = 20
    ) -> None:
        """Prepare to write `path`.

        Args:
            path: where the file goes; its folder must exist, an older file is replaced at the end.
            width: pixels of a row of the pictures.
            height: rows of the pictures.
            fps: frames per second, exact.
            preset: x264's trade of time against size (PRESETS); about 12 ms a frame of 640x480 as it is.
            crf: x264's constant rate factor, 0 (lossless) to 51; 20 is hard to tell from the original.

        Raises:
            ParameterError: a size, rate, preset or crf that cannot be written.
        """
        _check(width, height, fps, preset, crf)
        self._path, self._width, self._height = path, width, height
        self._fps = fps.limit_denominator(_LARGEST_TERM // max(1, int(fps) + 1))
        self._options = {"preset": preset, "crf": str(crf)}
        self._stream: VideoStream | None = None
        self._timed = False
        self._first_time = Fraction(0)
        self._last_tick = -1
        self.frames_written = 0
        self._container: OutputContainer | None = None

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the video: the pictures' size, rounded up to even numbers."""
        return self._width + self._width % 2, self._height + self._height % 2

    def write(self, rgb: Picture, time: Fraction | None = None) -> None:
        """Append one picture.

        Args:
            rgb: (height, width, 3) uint8, red first.
            time: seconds, exact; the first picture's time becomes 0. None: one frame after the last.
                Give times for all pictures or for none.

        Raises:
            ParameterError: another size, or a time that is not after the last one.
            ClipError: the video cannot be written.
        """
        if rgb.shape != (self._height, self._width, 3) or rgb.dtype != np.uint8:
            raise ParameterError(
                f"the picture is {rgb.dtype} of shape {rgb.shape}: give uint8 ({self._height}, {self._width}, 3)"
            )
        frame = VideoFrame.from_ndarray(self._padded(rgb), format="rgb24")
        try:
            stream = self._opened(time)
            frame.pts = self._tick(time)
            assert stream.codec_context.time_base is not None
            frame.time_base = stream.codec_context.time_base
            self._file.mux(stream.encode(frame))
        except (av.FFmpegError, OSError) as error:
            raise _cannot_write(self._path, error) from None
        self.frames_written += 1

    def _padded(self, rgb: Picture) -> Picture:
        width, height = self.size
        return np.pad(rgb, ((0, height - self._height), (0, width - self._width), (0, 0)), mode="edge")

    def _opened(self, time: Fraction | None) -> VideoStream:
        """Return the stream, made when the first picture tells whether times are given."""
        if self._stream is None:
            self._timed = time is not None
            stream: VideoStream = self._file.add_stream("libx264", rate=self._fps, options=self._options)
            stream.width, stream.height = self.size
            stream.pix_fmt = "yuv420p"
            stream.codec_context.colorspace = _BT601
            stream.codec_context.time_base = EXACT_TIME_BASE if self._timed else 1 / self._fps
            self._stream, self._first_time = stream, time or Fraction(0)
        return self._stream

    def _tick(self, time: Fraction | None) -> int:
        if (time is not None) != self._timed:
            raise ParameterError("some pictures have a time and some have none: give times for all or for none")
        tick = self.frames_written if time is None else round((time - self._first_time) / EXACT_TIME_BASE)
        if tick <= self._last_tick:
            raise ParameterError(f"time is {time} s, not after the picture before: give increasing times")
        self._last_tick = tick
        return tick

    @property
    def _file(self) -> OutputContainer:
        if self._container is None:
            raise ClipError(f"the video {shown(self._path.name)} is not open: write inside its `with` block")
        return self._container

    def __enter__(self) -> Self:
        """Begin the block whose end makes the file appear.

        Raises:
            ClipError: the folder does not exist or cannot be written to.
        """
        self._session = self._writing()
        self._session.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file and put it in its place; after an error, remove what was written.

        Raises:
            ClipError: the file cannot be finished, or would have no frames.
        """
        self._session.__exit__(kind, error, trace)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        error_of_the_block: BaseException | None = None
        try:
            with replacing(self._path) as part, _mp4(part) as self._container:
                try:
                    yield
                except BaseException as error:
                    error_of_the_block = error
                    raise
                self._finish(self._container)
        except (av.FFmpegError, OSError) as error:
            if error is error_of_the_block:
                raise
            raise _cannot_write(self._path, error) from None
        finally:
            self._container = None

    def _finish(self, container: OutputContainer) -> None:
        if self._stream is None:
            raise ClipError(f"{shown(self._path.name)} would have no frames: write at least one picture")
        container.mux(self._stream.encode(None))


def _mp4(path: Path) -> OutputContainer:
    return av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"})


def _cannot_write(path: Path, error: Exception) -> ClipError:
    reason = getattr(error, "strerror", None) or "the encoder failed"
    return ClipError(f"the video {shown(path.name)} cannot be written ({reason}): "
                     "give a folder that exists and has room")  # fmt: skip


def _check(width: int, height: int, fps: Fraction, preset: str, crf: int) -> None:
    if width < 1 or height < 1 or max(width, height) > 16384:
        raise ParameterError(f"the video would be {width}x{height}: give 1 to 16384 pixels each way")
    if not Fraction(1, 1000) <= fps <= 1000:
        raise ParameterError(f"fps is {fps}: give 1/1000 to 1000 frames per second")
    if preset not in PRESETS:
        raise ParameterError(f"preset is {shown(preset)}: give one of {', '.join(PRESETS)}")
    if not 0 <= crf <= 51:
        raise ParameterError(f"crf is {crf}: give a whole number from 0 to 51")
