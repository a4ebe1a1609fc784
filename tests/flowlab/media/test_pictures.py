"""Pictures as a clip: exact colours, natural order, one size, one scale for deep pictures."""

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from flowlab.errors import ClipError, ClipNotFoundError, LimitError
from flowlab.media.bit_depth import DepthScale, evenly_spread, significant_bits
from flowlab.media.limits import Limits
from flowlab.media.pictures import open_folder, open_pictures
from tests.flowlab.media.clips import encoded, number_of, numbered, png

DEEP = np.arange(40 * 60, dtype=np.uint16).reshape(40, 60)


def _write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def _folder(folder: Path, pictures: list[np.ndarray], extension: str = ".png") -> Path:
    for number, picture in enumerate(pictures):
        _write(folder / f"img{number}{extension}", encoded(picture, extension))
    return folder


def test_a_folder_is_in_natural_order_and_leaves_out_what_is_no_picture(tmp_path: Path) -> None:
    for name, number in (("img10.png", 2), ("img2.png", 1), ("IMG1.png", 0)):
        _write(tmp_path / name, png(numbered(number)))
    _write(tmp_path / ".hidden.png", png(numbered(9)))
    _write(tmp_path / "img3.txt", b"words")
    _write(tmp_path / "img4.png", b"not a picture, whatever it is called")
    (tmp_path / "img5.png").mkdir()
    clip = open_folder(tmp_path)
    assert [number_of(frame.rgb) for frame in clip.frames()] == [0, 1, 2]
    assert (clip.info.kind, clip.info.frame_count, clip.info.fps, clip.info.name) == ("pictures", 3, 25, tmp_path.name)
    assert (clip.info.width, clip.info.height, clip.info.codec, clip.info.bit_depth) == (208, 112, "png", 8)
    assert clip.info.bytes == sum((tmp_path / f"{n}.png").stat().st_size for n in ("img10", "img2", "IMG1"))


@pytest.mark.parametrize("extension", [".png", ".bmp", ".tiff", ".ppm", ".webp", ".jpg"])
def test_colours_come_out_red_first_in_any_order(tmp_path: Path, extension: str) -> None:
    clip = open_folder(_folder(tmp_path, [numbered(n) for n in range(4)], extension))
    for index in (3, 0, 2):
        frame = clip.frame(index)
        assert number_of(frame.rgb) == index
        off = np.abs(frame.rgb.astype(int) - numbered(index)).mean()
        assert off < 4 if extension in (".jpg", ".webp") else off == 0
        assert np.array_equal(frame.grey, cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY))
    assert [frame.index for frame in clip.frames(1, None, 2)] == [1, 3]
    assert clip.time(3) == 3 * clip.time(1)


def test_a_red_picture_is_red(tmp_path: Path) -> None:
    red = np.zeros((5, 7, 3), np.uint8)
    red[..., 0] = 200
    clip = open_pictures([_write(tmp_path / "red.png", png(red))], name="red")
    assert clip.frame(0).rgb[2, 3].tolist() == [200, 0, 0]


def test_grey_becomes_three_equal_channels_and_alpha_is_dropped(tmp_path: Path) -> None:
    grey = numbered(3)[..., 0]
    clear = np.dstack([numbered(3), np.zeros(grey.shape, np.uint8)])
    clip = open_pictures([_write(tmp_path / "1.png", png(grey)), _write(tmp_path / "2.png", png(clear))], name="x")
    assert np.array_equal(clip.frame(0).rgb, np.dstack([grey] * 3))
    assert np.array_equal(clip.frame(1).rgb, numbered(3))


def test_a_camera_note_to_turn_the_picture_is_followed(tmp_path: Path) -> None:
    jpeg = encoded(numbered(5), ".jpg")
    note = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    turned = jpeg[:2] + b"\xff\xe1" + (len(note) + 2).to_bytes(2, "big") + note + jpeg[2:]
    upright = encoded(np.ascontiguousarray(np.rot90(numbered(6), -1)), ".jpg")
    paths = [_write(tmp_path / "1.jpg", turned), _write(tmp_path / "2.jpg", upright)]
    clip = open_pictures(paths, name="phone")
    assert (clip.info.width, clip.info.height) == (112, 208)
    assert number_of(np.rot90(clip.frame(0).rgb)) == 5
    assert number_of(np.rot90(clip.frame(1).rgb)) == 6


# --- deep pictures -----------------------------------------------------------------------------------


@pytest.mark.parametrize("extension", [".png", ".tiff", ".pgm"])
def test_twelve_bits_in_sixteen_use_the_whole_range_of_eight(tmp_path: Path, extension: str) -> None:
    pictures = [DEEP, DEEP + 1600]  # maxima 2399 and 3999: 12 bits
    clip = open_folder(_folder(tmp_path, pictures, extension))
    assert clip.info.bit_depth == 12
    for index, picture in enumerate(pictures):
        expected = np.rint(picture * (255 / 4095)).astype(np.uint8)
        assert np.array_equal(clip.frame(index).rgb, np.dstack([expected] * 3))


def test_one_scale_holds_for_the_whole_clip(tmp_path: Path) -> None:
    """A dark frame stays dark: its own maximum does not matter."""
    clip = open_folder(_folder(tmp_path, [DEEP // 100, DEEP * 27]))
    assert clip.info.bit_depth == 16
    assert clip.frame(0).rgb.max() == 0
    assert clip.frame(1).rgb.max() == 252


def test_deep_colours_are_scaled_alike(tmp_path: Path) -> None:
    colour = np.dstack([DEEP, DEEP[::-1], DEEP[:, ::-1]]) * 16
    clip = open_folder(_folder(tmp_path, [colour, colour]))
    assert np.array_equal(clip.frame(1).rgb, np.rint(colour * (255 / 65535)).astype(np.uint8))


@pytest.mark.parametrize(("maximum", "bits"), [(0, 8), (1, 8), (255, 8), (256, 9), (1023, 10), (4095, 12), (65535, 16)])
def test_significant_bits_are_the_smallest_that_hold_the_maximum(maximum: int, bits: int) -> None:
    assert significant_bits(maximum) == bits


def test_the_scale_maps_the_ends_of_its_range_and_saturates_beyond() -> None:
    scaled = DepthScale(10).to_8_bits(np.array([[0, 1, 2, 511, 1023, 1024, 65535]], np.uint16))
    assert scaled.tolist() == [[0, 0, 0, 127, 255, 255, 255]]
    eight = np.array([[3, 200]], np.uint8)
    assert DepthScale(10).to_8_bits(eight) is eight


@pytest.mark.parametrize(("count", "looked_at"), [(1, [0]), (2, [0, 1]), (8, list(range(8)))])
def test_the_first_the_last_and_up_to_six_between_decide(count: int, looked_at: list[int]) -> None:
    assert evenly_spread(count) == looked_at
    many = evenly_spread(1000)
    assert (many[0], many[-1], len(many)) == (0, 999, 8)
    assert np.ptp(np.diff(many)) <= 1


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_floating_point_pictures_are_refused_with_a_remedy(tmp_path: Path, kind: type) -> None:
    _write(tmp_path / "f.tiff", encoded(DEEP.astype(kind) / 2400, ".tiff"))
    with pytest.raises(ClipError, match=r"‘f.tiff’ holds floating-point numbers.*save it in 8 or 16 bits"):
        open_folder(tmp_path)


# --- stacks ------------------------------------------------------------------------------------------


def test_the_pages_of_a_tiff_are_its_frames(tmp_path: Path) -> None:
    pages = [cv2.cvtColor(numbered(n), cv2.COLOR_RGB2BGR) for n in range(5)]
    done, data = cv2.imencodemulti(".tiff", pages)
    assert done
    clip = open_pictures([_write(tmp_path / "stack.tif", data.tobytes())], name="stack")
    assert clip.info.frame_count == 5
    assert [number_of(clip.frame(n).rgb) for n in (4, 0, 3, 2)] == [4, 0, 3, 2]


# --- what cannot be a clip ----------------------------------------------------------------------------


def test_another_size_is_refused_with_the_file_and_both_sizes(tmp_path: Path) -> None:
    _folder(tmp_path, [numbered(0), numbered(1), numbered(2, 200, 112)])
    with pytest.raises(
        ClipError, match=r"‘img2.png’ is 200x112 and the first of the clip 208x112: give pictures of one"
    ):
        open_folder(tmp_path)


def test_damaged_headers_are_left_out_and_counted(tmp_path: Path) -> None:
    _folder(tmp_path, [numbered(n) for n in range(3)])
    _write(tmp_path / "img01.png", png(numbered(9))[:20])
    clip = open_folder(tmp_path)
    assert (clip.info.frame_count, clip.info.declared, clip.info.damaged) == (3, 4, 1)
    assert "1 damaged pictures were left out (‘img01.png’)" in clip.info.note
    assert [number_of(frame.rgb) for frame in clip.frames()] == [0, 1, 2]


@pytest.mark.parametrize("extension", [".png", ".jpg", ".bmp", ".tiff"])
def test_a_picture_cut_in_half_is_an_error_and_not_half_a_picture(tmp_path: Path, extension: str) -> None:
    _folder(tmp_path, [numbered(n) for n in range(3)], extension)
    cut = tmp_path / f"img1{extension}"
    cut.write_bytes(cut.read_bytes()[: cut.stat().st_size * 2 // 3])
    try:
        clip = open_folder(tmp_path)
    except ClipError as error:
        assert "img1" in str(error)
        return
    if clip.info.frame_count == 3:
        with pytest.raises(ClipError, match=r"‘img1\..*’ cannot be decoded"):
            clip.frame(1)
        assert number_of(clip.frame(2).rgb) == 2
    else:
        assert clip.info.damaged == 1


def test_more_pixels_than_accepted_are_refused_before_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _folder(tmp_path, [numbered(0)])
    monkeypatch.setattr(cv2, "imdecode", lambda *_: pytest.fail("decoded before its size was known"))
    with pytest.raises(LimitError, match=r"‘img0.png’ has frames of 208x112"):
        open_folder(tmp_path, limits=Limits(pixels=208 * 112 - 1))


def test_a_picture_of_too_many_bytes_is_refused(tmp_path: Path) -> None:
    _folder(tmp_path, [numbered(0)])
    with pytest.raises(LimitError, match=r"the picture ‘img0.png’ is"):
        open_folder(tmp_path, limits=Limits(picture_bytes=1000))


def test_a_folder_without_pictures_and_a_missing_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(ClipError, match=r"holds no pictures"):
        open_folder(tmp_path)
    with pytest.raises(ClipNotFoundError, match=r"no folder ‘none’"):
        open_folder(tmp_path / "none")
    with pytest.raises(ClipNotFoundError):
        open_pictures([tmp_path / "none.png"], name="x")
    with pytest.raises(ClipError, match=r"holds no picture"):
        open_pictures([], name="x")


def test_a_picture_that_disappears_is_an_error_that_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    clip = open_folder(_folder(folder, [numbered(n) for n in range(3)]))
    shutil.rmtree(folder)
    with pytest.raises(ClipError, match=r"‘img2.png’ cannot be read"):
        clip.frame(2)
    with pytest.raises(ClipError, match=r"frame 3 is outside"):
        clip.frame(3)


def test_headers_past_the_time_are_taken_on_trust(tmp_path: Path) -> None:
    _folder(tmp_path, [numbered(0), numbered(1), numbered(2, 200, 112)])
    clip = open_folder(tmp_path, limits=Limits(scan_seconds=-1))
    assert not clip.info.checked
    assert clip.info.frame_count == 3
    assert number_of(clip.frame(1).rgb) == 1
    with pytest.raises(ClipError, match=r"200x112"):
        clip.frame(2)
