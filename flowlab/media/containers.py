"""Opening a video container safely: known formats only, one video stream, no surprise sizes."""

from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from flowlab.errors import ClipError, ClipNotFoundError, FlowlabError, LimitError, shown
from flowlab.media.limits import Limits

# Playlists and concat scripts open OTHER files by name; only a whitelist of formats keeps them out.
FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,gif,mpegts,mpeg,flv,asf"
_READABLE = "mp4, mov, mkv, webm, avi, gif, ts, mpg or flv"


def open_container(path: Path, name: str, limits: Limits) -> tuple[InputContainer, VideoStream]:
    """Open a video file and choose its video stream.

    Args:
        path: the file.
        name: what to call it in messages.
        limits: bytes of the file, pixels of a frame and seconds to open it are checked here.

    Returns:
        The container and its first stream of moving pictures (cover art is passed over).

    Raises:
        ClipNotFoundError: there is no such file.
        LimitError: the file or its frames are larger than `limits` accept, or opening takes too long.
        ClipError: the file is empty, is no video, or holds no stream that can be decoded.
    """
    check_file(path, name, limits)
    options = {
        "format_whitelist": FORMATS,
        "protocol_whitelist": "file",
        # Probing decodes a few frames before anyone can look at their size.
        "max_pixels": str(limits.decoder_pixels),
    }
    try:
        # "file:" keeps a name such as "concat:a|b" from being read as a protocol; titles written
        # by old tools are rarely UTF-8.
        container = av.open(
            f"file:{path.absolute()}", "r", options=options, metadata_errors="replace", timeout=limits.frame_seconds
        )
    except av.FFmpegError as error:
        raise _refusal(error, name, limits) from None
    try:
        return container, _video_stream(container, name, limits)
    except FlowlabError:
        container.close()
        raise


def check_file(path: Path, name: str, limits: Limits) -> None:
    """Raise ClipNotFoundError, ClipError or LimitError where `path` is no file of an accepted size."""
    try:
        size = path.stat().st_size
    except (OSError, ValueError):  # ValueError: a name no system has
        raise ClipNotFoundError(f"there is no file {shown(name)}: check the name") from None
    if not path.is_file():
        raise ClipError(f"{shown(name)} is not a file: give a video, a picture, a zip or a folder of pictures")
    if size == 0:
        raise ClipError(f"{shown(name)} is empty (0 bytes): choose another file, or copy it here again")
    limits.check_bytes(name, size)


def _refusal(error: av.FFmpegError, name: str, limits: Limits) -> ClipError:
    if isinstance(error, av.error.ExitError):
        return LimitError(
            f"{shown(name)} did not open within {limits.frame_seconds:g} s: convert it to mp4, or choose another file"
        )
    if isinstance(error, PermissionError):
        return ClipError(f"{shown(name)} may not be read by this program: change the file's permissions")
    return ClipError(f"{shown(name)} is not a video that can be read here, or its beginning or end is missing: "
                     f"give a whole {_READABLE} file")  # fmt: skip


def _video_stream(container: InputContainer, name: str, limits: Limits) -> VideoStream:
    moving = [s for s in container.streams.video if not s.disposition & av.stream.Disposition.attached_pic]
    if not moving:
        what = "sound" if container.streams.audio else "nothing"
        raise ClipError(f"{shown(name)} holds {what} but no video: give a file with moving pictures")
    for stream in moving:
        if stream.codec_context is not None:
            limits.check_pixels(name, stream.codec_context.width, stream.codec_context.height)
            return stream
    raise ClipError(f"the video in {shown(name)} is coded in a way unknown here: convert it to H.264 in an mp4 file")
