"""A clip whose bytes are decoded in another process, so that nothing in them can harm this one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from flowlab.core.clip import ClipInfo, Frame, check_index
from flowlab.engine.process import ServiceProcess
from flowlab.errors import EngineError, TimeLimitError
from flowlab.jobs.memory import ByteCache
from flowlab.media.limits import LIMITS

_RUN = 8  # frames fetched at once: stepping on is then free
_RUN_BYTES = 64 << 20
_CHECK_SECONDS = LIMITS.scan_seconds + 40  # the check stops itself; this stops what does not


@dataclass(frozen=True)
class Source:
    """Where a clip's bytes are.

    Attributes:
        key: content hash of a file, or a name for a folder: what open clips and frames are kept under.
        path: the file or folder.
        name: what to call it.
        index: of a video, where it is known from before.
    """

    key: str
    path: Path
    name: str
    index: bytes | None


def index_answer(key: str) -> str:
    """Return the store's key of the index of the clip whose `Source.key` is `key`."""
    return f"index:1:{key}"


def open_in(
    process: ServiceProcess,
    source: Source,
    progress: Callable[[float, str], None] | None = None,
    *,
    seconds: float = LIMITS.frame_seconds,
) -> tuple[ClipInfo, bytes | None]:
    """Open a source inside a decoding process; return its facts and its index to keep.

    A clip that was checked before opens at once. The short limit keeps one that does not from holding
    up the process everyone's frames come from; `check_in` takes its time.
    """
    answer: tuple[ClipInfo, bytes | None] = process.call(
        "open", seconds=seconds, progress=progress,
        key=source.key, path=str(source.path), name=source.name, index=source.index,
    )  # fmt: skip
    return answer


def check_in(
    process: ServiceProcess, source: Source, progress: Callable[[float, str], None] | None = None
) -> tuple[ClipInfo, bytes | None]:
    """Open a source that nobody has looked at yet, with the time a full check may take."""
    return open_in(process, source, progress, seconds=_CHECK_SECONDS)


class IsolatedClip:
    """A core.clip.Clip that reads through the decoding process and remembers frames in a shared cache.

    Args:
        process: the decoding process.
        source: the clip's bytes.
        info: facts at the working width.
        frames: cache of frames under (key, frame, width), shared by all clips of a lab.
        ends_process: whether closing the clip ends the process, since nobody else uses it.
    """

    def __init__(
        self,
        process: ServiceProcess,
        source: Source,
        info: ClipInfo,
        frames: ByteCache[Frame],
        *,
        ends_process: bool = False,
    ) -> None:
        self._process = process
        self._source = source
        self._info = info
        self._frames = frames
        self._ends_process = ends_process
        self._last = -1

    @property
    def source(self) -> Source:
        """Where its bytes are."""
        return self._source

    @property
    def info(self) -> ClipInfo:
        """Facts of the clip at its working width."""
        return self._info

    def _ask(self, method: str, seconds: float, **arguments: Any) -> Any:
        """Call the decoding process; where it was replaced, or closed this clip meanwhile, open it again."""
        key = self._source.key
        try:
            answer = self._process.call(method, seconds=seconds, key=key, **arguments)
        except TimeLimitError:
            raise
        except EngineError:
            answer = None  # it may have died of another clip before it came to this one: ask once more
        if answer is None:
            open_in(self._process, self._source)
            answer = self._process.call(method, seconds=seconds, key=key, **arguments)
        if answer is None:
            raise EngineError("the decoding process is too busy with other clips: try again")
        return answer

    def _key(self, index: int) -> tuple[str, int, int]:
        return (self._source.key, index, self._info.width)

    def _fetch(self, start: int, stop: int, step: int = 1) -> list[Frame]:
        seconds = LIMITS.frame_seconds + 2.0 * len(range(start, stop, step))
        read: list[Frame] = self._ask("read", seconds, start=start, stop=stop, step=step, width=self._info.width)
        return read

    def frame(self, index: int) -> Frame:
        """Return frame `index`, from memory where it was read before; fetches a short run around it."""
        check_index(index, self._info.frame_count, self._info.name)
        backwards = 0 < self._last - index <= _RUN
        self._last = index
        kept = self._frames.get(self._key(index))
        if kept is not None:
            return kept
        # Stepping back, the frames before this one are wanted next; they cost one seek together.
        start = max(0, index - self._run + 1) if backwards else index
        stop = index + 1 if backwards else min(index + self._run, self._info.frame_count)
        wanted = None
        for frame in self._fetch(start, stop):
            self._frames.put(self._key(frame.index), frame, frame.rgb.nbytes + frame.grey.nbytes)
            wanted = frame if frame.index == index else wanted
        assert wanted is not None
        return wanted

    @property
    def _run(self) -> int:
        return max(1, min(_RUN, _RUN_BYTES // (self._info.width * self._info.height * 4)))

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        """Yield frames in short runs, so that memory does not grow with the clip; none are kept."""
        stop = self._info.frame_count if stop is None else min(stop, self._info.frame_count)
        for first in range(start, stop, step * self._run):
            yield from self._fetch(first, min(first + step * self._run, stop), step)

    def time(self, index: int) -> Fraction:
        """Return the time of frame `index` in seconds from the first frame, exact."""
        answer: Fraction = self._ask("time", LIMITS.frame_seconds, index=index)
        return answer

    def close(self) -> None:
        """End the decoding process where it serves this clip alone; otherwise it closes what is not used."""
        if self._ends_process:
            self._process.close()
