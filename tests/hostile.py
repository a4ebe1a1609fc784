"""Files people bring that are not what they seem: tried through the shell and through the page alike.

Each maker writes into a folder and returns what to open. `outcome` says what a person must see:
"error" (one sentence holding `says`), "part" (a result, and a word about what was lost) or "works".
"""

import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

SECRET = b"the secret beside the playlist"


@dataclass(frozen=True)
class Hostile:
    """One input: its name, how it is made, what must come of it, and words the sentence must hold."""

    name: str
    make: Callable[[Path], Path]
    outcome: str
    says: str = ""


def moving_texture(count: int, height: int = 120, width: int = 160) -> list[NDArray[np.uint8]]:
    """Return RGB frames of a smooth texture that moves by (2, 1) px a frame."""
    noise = np.random.default_rng(5).standard_normal((height + count, width + 2 * count, 3)).astype(np.float32)
    board = cv2.GaussianBlur(noise, (0, 0), 2.0)
    board = np.clip(board / board.std() * 40 + 128, 0, 255).astype(np.uint8)
    return [board[count - i :, 2 * (count - i) :][:height, :width].copy() for i in range(count)]


def write_video(path: Path, frames: list[NDArray[np.uint8]], codec: str = "libx264", **options: str) -> Path:
    """Write RGB frames at 25 frames/s; a key frame every ten."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv444p" if codec == "libx264" and (stream.width % 2 or stream.height % 2) else "yuv420p"
        stream.codec_context.gop_size = 10
        stream.options = options
        for rgb in frames:
            for packet in stream.encode(av.VideoFrame.from_ndarray(rgb, "rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    return path


def write_png(path: Path, picture: NDArray[np.generic]) -> Path:
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    return path


def write_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


def pngs(pictures: list[NDArray[np.generic]]) -> dict[str, bytes]:
    return {f"{n}.png": cv2.imencode(".png", picture)[1].tobytes() for n, picture in enumerate(pictures)}


def _bytes(name: str, data: bytes) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data)
        return folder / name

    return make


def _audio_only(folder: Path) -> Path:
    with av.open(str(folder / "audio.mp4"), "w") as container:
        stream = container.add_stream("aac", rate=16000)
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 16000), np.float32), "fltp", "mono")
        sound.sample_rate = 16000
        for packet in [*stream.encode(sound), *stream.encode()]:
            container.mux(packet)
    return folder / "audio.mp4"


def _cut(name: str, codec: str, share: float, **options: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        path = write_video(folder / name, moving_texture(60), codec, **options)
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
        return path

    return make


def _fragments_cut(folder: Path) -> Path:
    whole = io.BytesIO()
    with av.open(whole, "w", "mp4", options={"movflags": "faststart"}):
        pass
    path = folder / "cut.mp4"
    frames = moving_texture(60)
    with av.open(str(path), "w", options={"movflags": "frag_keyframe+empty_moov"}) as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = 10
        for rgb in frames:
            for packet in stream.encode(av.VideoFrame.from_ndarray(rgb, "rgb24")):
                container.mux(packet)
        for packet in stream.encode():
            container.mux(packet)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * 0.6)])
    return path


def _corrupt_middle(folder: Path) -> Path:
    path = write_video(folder / "corrupt.mp4", moving_texture(60))
    data = bytearray(path.read_bytes())
    start = int(len(data) * 0.35)
    data[start : start + 3000] = np.random.default_rng(0).bytes(3000)
    path.write_bytes(bytes(data))
    return path


def _playlist(folder: Path) -> Path:
    write_video(folder / "secret.mp4", moving_texture(5))
    (folder / "secret.txt").write_bytes(SECRET)
    (folder / "list.mp4").write_text("ffconcat version 1.0\nfile secret.mp4\n")
    return folder / "list.mp4"


def _hls(folder: Path) -> Path:
    write_video(folder / "secret.ts", moving_texture(5))
    (folder / "hls.mp4").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nsecret.ts\n#EXT-X-ENDLIST\n")
    return folder / "hls.mp4"


def huge_jpeg() -> bytes:
    """Return a small JPEG whose header says 30000x30000."""
    data = bytearray(cv2.imencode(".jpg", np.zeros((16, 16, 3), np.uint8))[1].tobytes())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", 30000, 30000)
    return bytes(data)


def _zip(name: str, members: Callable[[], dict[str, bytes]]) -> Callable[[Path], Path]:
    return lambda folder: write_zip(folder / name, members())


def _video(
    name: str, make_frames: Callable[[], list[NDArray[np.uint8]]], codec: str = "libx264"
) -> Callable[[Path], Path]:
    return lambda folder: write_video(folder / name, make_frames(), codec)


def _pictures(convert: Callable[[NDArray[np.uint8]], NDArray[np.generic]]) -> Callable[[], dict[str, bytes]]:
    return lambda: pngs([convert(frame) for frame in moving_texture(3)])


def _with_alpha(rgb: NDArray[np.uint8]) -> NDArray[np.generic]:
    return np.dstack([rgb, np.full(rgb.shape[:2], 90, np.uint8)])


_HUGE = huge_jpeg()
NAMED = '"); import os #<b>.mp4'

HOSTILE = (
    Hostile("zero bytes", _bytes("empty.mp4", b""), "error", "empty"),
    Hostile("text named mp4", _bytes("text.mp4", b"Dear reader,\nthis is not a video.\n" * 50), "error"),
    Hostile("audio only", _audio_only, "error", "no video"),
    Hostile("truncated mp4", _cut("cut_tail.mp4", "libx264", 0.6), "error"),
    Hostile("truncated fragmented mp4", _fragments_cut, "part"),
    Hostile("truncated avi", _cut("cut.avi", "mpeg4", 0.5), "part"),
    Hostile("corrupt in the middle", _corrupt_middle, "part"),
    Hostile("playlist beside a secret", _playlist, "error"),
    Hostile("HLS playlist beside a secret", _hls, "error"),
    Hostile("one frame", _video("one.mp4", lambda: moving_texture(1)), "error", "two"),
    Hostile("one pixel", _zip("pixel.zip", lambda: pngs([np.zeros((1, 1, 3), np.uint8)] * 2)), "works"),
    Hostile("odd sizes", _video("odd.mp4", lambda: moving_texture(5, 121, 163)), "works"),
    Hostile("huge jpeg", _bytes("huge.jpg", huge_jpeg()), "error", "30000"),
    Hostile("huge jpegs in a zip", _zip("huge.zip", lambda: {"1.jpg": _HUGE, "2.jpg": _HUGE}), "error", "30000"),
    Hostile("long frames", _zip("long.zip", lambda: pngs([np.zeros((2, 40_000), np.uint8)] * 2)), "error", "40000"),
    Hostile("frames of different sizes", _zip("sizes.zip", lambda: pngs([np.zeros((40, 50, 3), np.uint8),
            np.zeros((50, 40, 3), np.uint8)])), "error", "40x50"),
    Hostile("16-bit pictures", _zip("deep.zip", _pictures(lambda f: f.astype(np.uint16) * 16)), "works"),
    Hostile("grey pictures", _zip("grey.zip", _pictures(lambda f: f[..., 0])), "works"),
    Hostile("pictures with alpha", _zip("alpha.zip", _pictures(_with_alpha)), "works"),
    Hostile("constant pictures", _zip("flat.zip", lambda: pngs([np.full((60, 80, 3), 77, np.uint8)] * 2)), "works"),
    Hostile("two identical frames", _zip("same.zip", lambda: pngs(moving_texture(1) * 2)), "works"),
    Hostile("zip that climbs out", _zip("climb.zip", lambda: {"../x.png": next(iter(pngs(moving_texture(1)).values())),
            **pngs(moving_texture(2))}), "error", "../x.png"),
    Hostile("zip without pictures", _zip("words.zip", lambda: {"readme.txt": b"hello"}), "error"),
    Hostile("hostile name", _video(NAMED, lambda: moving_texture(4)), "works"),
)  # fmt: skip
