"""Video frames become RGB as OpenCV makes them, and stand upright however they were recorded."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from flowlab.media.upright import Orientation
from flowlab.media.video import open_video
from tests.flowlab.media.clips import number_of, numbered, write_clip

ROTATIONS = {0: 0, 90: 270, 180: 180, 270: 90}  # matrix (counterclockwise) -> clockwise, as phones say it


def _recorded(turned: int, mirrored: bool) -> Callable[[int], NDArray[np.uint8]]:
    """Return what the sensor saw, so that the picture stands upright after mirroring and turning are undone."""

    def picture(number: int) -> NDArray[np.uint8]:
        upright = numbered(number)
        upright = upright[:, ::-1] if mirrored else upright
        return np.ascontiguousarray(np.rot90(upright, -turned // 90))

    return picture


@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("turned", ROTATIONS)
@pytest.mark.parametrize("extension", ["mp4", "mov"])
def test_every_orientation_stands_upright(tmp_path: Path, extension: str, turned: int, mirrored: bool) -> None:
    record = _recorded(turned, mirrored)
    path = write_clip(tmp_path / f"turned.{extension}", [record(n) for n in range(12)], rotation=(turned, mirrored))
    clip = open_video(path)
    assert (clip.info.width, clip.info.height) == (208, 112)
    assert clip.info.rotation == ROTATIONS[turned]
    assert clip.index.mirrored is mirrored
    for index in (11, 4, 7):
        frame = clip.frame(index)
        assert number_of(frame.rgb) == index
        assert np.abs(frame.rgb.astype(int) - numbered(index)).mean() < 12
        assert frame.grey.shape == (112, 208)


def test_rotation_written_by_hand_into_the_track_header_is_followed(tmp_path: Path) -> None:
    """The matrix of tkhd is patched: x' = y, y' = -x is a quarter turn clockwise."""
    record = _recorded(270, False)
    path = write_clip(tmp_path / "patched.mp4", [record(n) for n in range(5)])
    data = bytearray(path.read_bytes())
    at = data.index(b"tkhd") + 4 + 40
    values = (0, 1 << 16, 0, -(1 << 16), 0, 0, 112 << 16, 0, 1 << 30)
    data[at : at + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in values)
    path.write_bytes(bytes(data))
    clip = open_video(path)
    assert clip.info.rotation == 90
    assert [number_of(clip.frame(n).rgb) for n in (3, 0, 4)] == [3, 0, 4]


def test_an_orientation_that_is_no_quarter_turn_is_left_alone(tmp_path: Path) -> None:
    clip = open_video(write_clip(tmp_path / "slanted.mp4", 3, rotation=(45, False)))
    assert clip.info.rotation == 0
    assert number_of(clip.frame(2).rgb) == 2


def test_orientation_turns_clockwise_then_mirrors() -> None:
    picture = np.arange(6, dtype=np.uint8).reshape(2, 3, 1).repeat(3, axis=2)
    assert Orientation(90).apply(picture)[..., 0].tolist() == [[3, 0], [4, 1], [5, 2]]
    assert Orientation(270).apply(picture)[..., 0].tolist() == [[2, 5], [1, 4], [0, 3]]
    assert Orientation(90, mirrored=True).apply(picture)[..., 0].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert Orientation(90).size(3, 2) == (2, 3)


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "width"),
    [
        ("a.mp4", "libx264", "yuv420p", 208),
        ("b.mp4", "libx264", "yuvj420p", 208),
        ("c.mp4", "libx264", "yuv422p", 208),
        ("d.mp4", "libx264", "yuv444p", 207),
        ("e.mp4", "libx264", "yuv420p10le", 208),
        ("f.mkv", "mpeg4", "yuv420p", 207),
        ("g.mkv", "ffv1", "bgr0", 207),
        ("h.mpg", "mpeg2video", "yuv420p", 208),
        ("i.gif", "gif", "rgb8", 208),
        ("j.avi", "mjpeg", "yuvj420p", 206),
    ],
)
def test_rgb_is_bit_for_bit_what_opencv_reads(tmp_path: Path, name: str, codec: str, pixels: str, width: int) -> None:
    path = write_clip(tmp_path / name, [numbered(n)[:, :width] for n in range(4)], codec=codec, pixels=pixels)
    clip, capture = open_video(path), cv2.VideoCapture(str(path))
    for index in range(4):
        done, bgr = capture.read()
        assert done
        assert np.array_equal(clip.frame(index).rgb, cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB))
