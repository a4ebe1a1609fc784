"""A look at the headers of many pictures: which are frames, of what size, and which are beyond saving."""

from collections.abc import Callable
from dataclasses import dataclass, field

from flowlab.errors import ClipError, shown
from flowlab.media.limits import Limits
from flowlab.media.picture_files import PictureSource
from flowlab.media.picture_header import PictureHeader

_REPORT_EVERY = 64
_SHOWN = 3


@dataclass
class Survey:
    """What the headers say.

    Attributes:
        format: of the first picture.
        places: (file, page) of each frame, in order.
        other_sizes: frames whose stored size differs from the first one's.
        broken: names of files that begin like a picture and cannot be one.
        complete: whether there was time to look at all headers.
    """

    format: str = ""
    places: list[tuple[int, int]] = field(default_factory=list)
    other_sizes: list[int] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    complete: bool = True

    @property
    def note(self) -> str:
        """One sentence on pictures that were left out, or ""."""
        if not self.broken:
            return ""
        names = ", ".join(shown(name, 40) for name in self.broken[:_SHOWN])
        return f"{len(self.broken)} damaged pictures were left out ({names}{' …' if len(self.broken) > _SHOWN else ''})"


def survey_pictures(
    source: PictureSource, *, name: str, limits: Limits, progress: Callable[[float, str], None] | None
) -> Survey:
    """Read the header of every picture; those past `limits.scan_seconds` are taken on trust until they are read.

    Raises:
        LimitError: a picture has more pixels than accepted; nothing has been decoded yet.
        ClipError: a picture holds floating-point values, or there is no picture at all.
    """
    survey, deadline = Survey(), limits.scan_deadline(name)
    first: PictureHeader | None = None
    for file, picture_name in enumerate(source.names):
        if progress is not None and file % _REPORT_EVERY == 0:
            progress(file / len(source.names), f"looking at picture {file + 1}")
        if first is not None and deadline.over:
            survey.complete = False
            survey.places.append((file, 0))
            continue
        header = _header(source, file, picture_name, limits)
        if header is None:
            survey.broken.append(picture_name)
            continue
        if first is None:
            first, survey.format = header, header.format
        elif (header.width, header.height) != (first.width, first.height):
            survey.other_sizes.append(len(survey.places))
        survey.places.extend((file, page) for page in range(header.pages))
    if first is None:
        raise ClipError(f"{shown(name)} holds no picture that can be read: give png, jpg, bmp, tif, webp or ppm files")
    return survey


def _header(source: PictureSource, file: int, name: str, limits: Limits) -> PictureHeader | None:
    try:
        header = source.header(file)
    except ValueError:
        return None
    if header is None:
        return None
    limits.check_pixels(name, header.width, header.height)
    if header.floating:
        raise ClipError(
            f"the picture {shown(name)} holds floating-point numbers, whose scale is not known: save it in 8 or 16 bits"
        )
    return header
