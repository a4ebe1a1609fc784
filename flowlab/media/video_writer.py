"""Pictures into an H.264 video that plays everywhere, with exact times, whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

from av.container import OutputContainer
from av.video.stream import VideoStream

from flowlab.core.clip import Picture
from flowlab.errors import ClipError, ParameterError, shown
from flowlab.media.h264 import (
    EXACT_TIME_BASE,
    add_video_stream,
    check_settings,
    even_size,
    video_frame,
    whole_mp4,
    writable_rate,
    write_errors,
)


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
            preset: x264's trade of time against size (h264.PRESETS); about 12 ms a frame of 640x480 as it is.
            crf: x264's constant rate factor, 0 (lossless) to 51; 20 is hard to tell from the original.

        Raises:
            ParameterError: a size, rate, preset or crf that cannot be written.
        """
        check_settings(width, height, fps, preset, crf)
        self._path, self._width, self._height = path, width, height
        self._fps = writable_rate(fps)
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
        return even_size(self._width, self._height)

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
        frame = video_frame(rgb, self._width, self._height)
        with write_errors(self._path):
            stream = self._opened(time)
            frame.pts = self._tick(time)
            assert stream.codec_context.time_base is not None
            frame.time_base = stream.codec_context.time_base
            self._file.mux(stream.encode(frame))
        self.frames_written += 1

    def _opened(self, time: Fraction | None) -> VideoStream:
        """Return the stream, made when the first picture tells whether times are given."""
        if self._stream is None:
            self._timed = time is not None
            time_base = EXACT_TIME_BASE if self._timed else 1 / self._fps
            stream = add_video_stream(self._file, self.size, self._fps, time_base, self._options)
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
        try:
            with whole_mp4(self._path) as self._container:
                yield
                with write_errors(self._path):
                    self._finish(self._container)
        finally:
            self._container = None

    def _finish(self, container: OutputContainer) -> None:
        if self._stream is None:
            raise ClipError(f"{shown(self._path.name)} would have no frames: write at least one picture")
        container.mux(self._stream.encode(None))
