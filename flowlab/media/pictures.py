"""Pictures as a clip: a folder, several files, one file, a stack of TIFF pages, the entries of a zip."""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from flowlab.core.clip import ClipInfo, Frame, Picture, check_index
from flowlab.errors import ClipError, LimitError, shown
from flowlab.media.bit_depth import MOST_LOOKED_AT, DepthScale, evenly_spread, significant_bits
from flowlab.media.hashing import file_hash, folder_hash
from flowlab.media.limits import LIMITS, Limits
from flowlab.media.picture_files import FilePictures, PictureSource, in_natural_order, pictures_in
from flowlab.media.picture_survey import Survey, survey_pictures
from flowlab.media.rates import USUAL_RATE

# Colour whatever is stored; transparency is dropped (flow needs what a camera saw); a camera's note
# to turn the picture is followed, as in video.
_HOW_TO_DECODE = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH

Progress = Callable[[float, str], None]


def open_pictures(
    paths: Sequence[Path], *, name: str, limits: Limits = LIMITS, progress: Progress | None = None
) -> "PictureClip":
    """Open picture files as one clip, in natural order of their names.

    Args:
        paths: png, jpeg, bmp, tiff, webp or pnm files; a TIFF stack gives one frame a page.
        name: what to call the clip.
        limits: see Limits.
        progress: called with (share done, text) while headers are read.

    Raises:
        ClipNotFoundError: a file does not exist.
        LimitError: a picture has more pixels or bytes than `limits` accept.
        ClipError: none is a picture, or they differ in size.
    """
    ordered = in_natural_order(paths)
    content = file_hash(ordered[0]) if len(ordered) == 1 else folder_hash(ordered)
    return PictureClip(FilePictures(ordered), name=name, content_hash=content, limits=limits, progress=progress)


def open_folder(
    path: Path, *, name: str | None = None, limits: Limits = LIMITS, progress: Progress | None = None
) -> "PictureClip":
    """Open the pictures lying in a folder as one clip; see `open_pictures`.

    Raises:
        ClipNotFoundError: there is no such folder.
        ClipError: it holds no pictures, or they differ in size.
    """
    paths = pictures_in(path)
    content = folder_hash(paths)
    return PictureClip(
        FilePictures(paths), name=name or path.name, content_hash=content, limits=limits, progress=progress
    )


class PictureClip:
    """Pictures of one size as a clip (core.clip.Clip); each is read when it is asked for.

    16-bit pictures are brought to 8 bits by one scale for the whole clip: `info.bit_depth` is the
    smallest number of bits that holds the maximum of a few evenly spread frames.
    """

    def __init__(
        self,
        source: PictureSource,
        *,
        name: str,
        content_hash: str,
        limits: Limits = LIMITS,
        progress: Progress | None = None,
    ) -> None:
        """Look at the headers of all pictures of `source`, and at a few pictures."""
        self._source, self._name, self._limits = source, name, limits
        self._survey: Survey = survey_pictures(source, name=name, limits=limits, progress=progress)
        self._kept: tuple[int, bytes] = (-1, b"")
        first = self._stored(0)
        self._size: tuple[int, int] = (first.shape[1], first.shape[0])
        # Stored in another size, but a camera's note to turn them may make them fit.
        for index in self._survey.other_sizes[:MOST_LOOKED_AT]:
            self._check_size(index, self._stored(index))
        maximum = None if first.dtype == np.uint8 else self._maximum()
        self._scale = DepthScale(significant_bits(maximum) if maximum is not None else 16)
        self._info = ClipInfo(
            name=name,
            kind="pictures",
            width=self._size[0],
            height=self._size[1],
            fps=USUAL_RATE,
            frame_count=len(self._survey.places),
            content_hash=content_hash,
            declared=len(self._survey.places) + len(self._survey.broken),
            damaged=len(self._survey.broken),
            checked=self._survey.complete,
            codec=self._survey.format,
            bytes=source.size,
            bit_depth=8 if maximum is None else self._scale.bits,
            note=self._survey.note,
        )

    def _maximum(self) -> int:
        """Return the largest value of a few frames spread over the clip."""
        return max(int(self._stored(index).max()) for index in evenly_spread(len(self._survey.places)))

    @property
    def info(self) -> ClipInfo:
        """What is known of the clip."""
        return self._info

    def frame(self, index: int) -> Frame:
        """Return frame `index`.

        Raises:
            ClipError: it lies outside the clip, cannot be decoded, or has another size than the first.
            LimitError: it is larger than the limits accept.
        """
        check_index(index, self._info.frame_count, self._name)
        stored = self._stored(index)
        self._check_size(index, stored)
        picture = self._scale.to_8_bits(stored)
        return Frame.from_rgb(index, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))  # type: ignore[arg-type]

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        """Yield frames start, start+step, .. below `stop` (None: to the end), one in memory at a time."""
        stop = self._info.frame_count if stop is None else min(stop, self._info.frame_count)
        return map(self.frame, range(start, stop, step))

    def time(self, index: int) -> Fraction:
        """Return the time of frame `index` in seconds: pictures are shown at 25 a second."""
        return check_index(index, self._info.frame_count, self._name) / USUAL_RATE

    def close(self) -> None:
        """Let go of files and memory."""
        self._kept = (-1, b"")
        self._source.close()

    def _stored(self, index: int) -> Picture | NDArray[np.uint16]:
        """Return a picture as it is stored, blue first, 8 or 16 bits."""
        file, page = self._survey.places[index]
        return _decoded(self._bytes_of(file), page, self._source.names[file])

    def _check_size(self, index: int, picture: NDArray[np.generic]) -> None:
        (height, width), (first_width, first_height) = picture.shape[:2], self._size
        if (width, height) != self._size:
            name = self._source.names[self._survey.places[index][0]]
            raise ClipError(
                f"the picture {shown(name)} is {width}x{height} and the first of the clip "
                f"{first_width}x{first_height}: give pictures of one size"
            )

    def _bytes_of(self, file: int) -> bytes:
        """Return a whole file; the last one stays in memory, since a stack is asked for page after page."""
        if self._kept[0] != file:
            data = self._source.read(file)
            self._limits.check_picture_bytes(self._source.names[file], len(data))
            self._kept = (file, data)
        return self._kept[1]


def _decoded(data: bytes, page: int, name: str) -> Picture | NDArray[np.uint16]:
    encoded = np.frombuffer(data, np.uint8)
    picture = None
    try:
        if page == 0:
            picture = cv2.imdecode(encoded, _HOW_TO_DECODE)
        else:
            done, pages = cv2.imdecodemulti(encoded, _HOW_TO_DECODE, range=(page, page + 1))
            picture = pages[0] if done and pages else None
    except cv2.error as error:
        if "CV_IO_MAX_IMAGE" in str(error):
            raise LimitError(
                f"the picture {shown(name)} has more pixels than are accepted here: scale it down"
            ) from None
    if picture is None or picture.dtype not in (np.uint8, np.uint16):
        raise ClipError(f"the picture {shown(name)} cannot be decoded: it is damaged or of a kind unknown here, "
                        "save it as 8- or 16-bit png")  # fmt: skip
    return picture  # type: ignore[return-value]
