"""Clips whose frames carry their own number, so that exactness is tested against truth, not against another decoder."""

import functools
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]

WIDTH, HEIGHT = 208, 112
_BITS, _CELL = 12, 16


@functools.cache
def _board(width: int, height: int) -> Picture:
    noise = np.random.default_rng(3).standard_normal((height, width + 256, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 3)
    return np.clip(smooth / smooth.std() * 35 + 128, 30, 225).astype(np.uint8)


def numbered(number: int, width: int = WIDTH, height: int = HEIGHT) -> Picture:
    """Return an RGB picture (height, width, 3): a moving texture, and `number` in twelve black and white cells."""
    shift = 3 * number % 256
    picture = _board(width, height)[:, shift : shift + width].copy()
    for bit in range(_BITS):
        left = 8 + bit * _CELL
        picture[8 : 8 + _CELL, left : left + _CELL] = 235 if number >> bit & 1 else 20
    return picture


def number_of(rgb: Picture) -> int:
    """Read the number a picture carries; its own check is that the cells are clearly black or white."""
    number = 0
    for bit in range(_BITS):
        left = 8 + bit * _CELL
        level = rgb[12:20, left + 4 : left + 12].mean()
        assert not 90 < level < 165, f"cell {bit} is neither black nor white: {level}"
        number |= int(level > 128) << bit
    return number


def write_clip(
    path: Path,
    pictures: int | Iterable[Picture] = 60,
    *,
    codec: str = "libx264",
    gop: int = 12,
    fps: Fraction | int = 25,
    pixels: str = "yuv420p",
    ticks: Sequence[int] | None = None,
    time_base: Fraction | None = None,
    rotation: tuple[int, bool] | None = None,
    muxer: dict[str, str] | None = None,
    **options: str,
) -> Path:
    """Write pictures (or that many numbered ones) with PyAV.

    `ticks` are time stamps in units of `time_base`; `rotation` is (degrees counterclockwise, mirrored) for
    the display matrix; `muxer` and the other options go to the container and the encoder.
    """
    frames = [numbered(n) for n in range(pictures)] if isinstance(pictures, int) else list(pictures)
    with av.open(str(path), "w", options=muxer or {}) as container:
        stream = container.add_stream(codec, rate=Fraction(fps))
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = pixels
        stream.gop_size = gop
        if codec != "libx264":
            stream.bit_rate = 3_000_000  # the old coders' default blurs the numbers
        stream.options = {"threads": "1", **options}
        if time_base is not None:
            stream.codec_context.time_base = time_base
        if rotation is not None:
            stream.set_display_rotation(rotation[0], hflip=rotation[1])
        for place, rgb in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            if ticks is not None and time_base is not None:
                frame.pts, frame.time_base = ticks[place], time_base
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def write_audio(path: Path) -> Path:
    """Write one second of silence, and no video."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), "fltp", "mono")
        sound.sample_rate = 16000
        container.mux([*stream.encode(sound), *stream.encode(None)])
    return path


def cut(path: Path, share: float) -> Path:
    """Keep the first part of a file."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    return path


def overwrite(path: Path, share: float, data: bytes) -> Path:
    """Overwrite a file from the given share of its length on."""
    old = bytearray(path.read_bytes())
    start = int(len(old) * share)
    old[start : start + len(data)] = data
    path.write_bytes(bytes(old))
    return path


def png(picture: NDArray[np.generic]) -> bytes:
    """Return an RGB, RGBA or grey picture as PNG."""
    return encoded(picture, ".png")


def encoded(picture: NDArray[np.generic], extension: str) -> bytes:
    """Return an RGB, RGBA or grey picture in the format of an extension."""
    if picture.ndim == 3:
        picture = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR if picture.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    done, data = cv2.imencode(extension, picture)
    assert done
    return data.tobytes()
