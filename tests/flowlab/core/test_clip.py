"""A clip at a working width: exact factors, grey scaled after conversion, truth scaled with the pictures."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from flowlab.core.clip import Clip, ClipInfo, Frame, check_index
from flowlab.core.resample import resize_picture
from flowlab.core.resized import at_width
from flowlab.core.truth import SceneObject, Truth
from flowlab.errors import ClipError

INFO = ClipInfo("tiny", "scene", 90, 50, Fraction(30000, 1001), 3, "tiny")


class Tiny:
    """Three frames of noise whose motion is declared to be (3, -2)."""

    info = INFO

    def frame(self, index: int) -> Frame:
        rng = np.random.default_rng(index)
        return Frame.from_rgb(index, rng.integers(0, 256, (50, 90, 3), dtype=np.uint8))

    def frames(self, start: int = 0, stop: int | None = None, step: int = 1) -> Iterator[Frame]:
        return map(self.frame, range(start, 3 if stop is None else stop, step))

    def time(self, index: int) -> Fraction:
        return index / self.info.fps

    def close(self) -> None:
        pass


class TinyWithTruth(Tiny):
    def flow(self, index: int, gap: int = 1) -> np.ndarray:
        return np.broadcast_to(np.float32([3 * gap, -2 * gap]), (50, 90, 2)).copy()

    def backward_flow(self, index: int, gap: int = 1) -> np.ndarray:
        return -self.flow(index, gap)

    def occlusion(self, index: int, gap: int = 1) -> np.ndarray:
        hidden = np.zeros((50, 90), bool)
        hidden[10, 20] = True
        return hidden

    def objects(self, index: int) -> tuple[SceneObject, ...]:
        return (SceneObject.flat("sheet", np.array([[9.5, 7.5], [49.5, 7.5], [49.5, 27.5], [9.5, 27.5]])),)


def test_grey_is_opencvs_conversion_of_the_rgb_picture() -> None:
    frame = Tiny().frame(1)
    np.testing.assert_array_equal(frame.grey, cv2.cvtColor(frame.rgb, cv2.COLOR_RGB2GRAY))
    red = Frame.from_rgb(0, np.full((2, 3, 3), (255, 0, 0), np.uint8))
    assert red.grey[0, 0] == 76  # 0.299 * 255: were it BGR, red would count as blue (29)


def test_a_width_that_is_not_smaller_leaves_the_clip_as_it_is() -> None:
    clip = Tiny()
    assert at_width(clip, 0) is clip
    assert at_width(clip, 90) is clip
    assert at_width(clip, 4000) is clip
    assert clip.info.factor == (1, 1)


def test_the_factor_back_to_source_pixels_is_exact_in_each_direction() -> None:
    info = at_width(Tiny(), 40).info
    assert (info.width, info.height) == (40, 22)
    assert info.factor == (Fraction(90, 40), Fraction(50, 22))


def test_grey_is_converted_at_native_size_and_then_scaled() -> None:
    clip = Tiny()
    small = at_width(clip, 40).frame(2)
    native = clip.frame(2)
    np.testing.assert_array_equal(small.grey, resize_picture(native.grey, 40, 22))
    np.testing.assert_array_equal(small.rgb, resize_picture(native.rgb, 40, 22))
    assert small.index == 2


def test_streaming_and_times_go_through() -> None:
    small: Clip = at_width(Tiny(), 45)
    assert [frame.index for frame in small.frames(0, 3, 2)] == [0, 2]
    assert all(frame.rgb.shape == (25, 45, 3) for frame in small.frames())
    assert small.time(2) == Fraction(2 * 1001, 30000)


def test_truth_is_scaled_with_the_pictures() -> None:
    small = at_width(TinyWithTruth(), 45)
    assert isinstance(small, Truth)
    np.testing.assert_allclose(small.flow(0, 2), np.broadcast_to(np.float32([3, -2]), (25, 45, 2)), atol=1e-5)
    np.testing.assert_allclose(small.backward_flow(0), np.broadcast_to(np.float32([-1.5, 1]), (25, 45, 2)), atol=1e-5)
    assert small.occlusion(0)[5, 10]
    assert small.occlusion(0).sum() == 1
    (sheet,) = small.objects(0)
    assert sheet.quad is not None
    np.testing.assert_allclose(sheet.quad, [[4.5, 3.5], [24.5, 3.5], [24.5, 13.5], [4.5, 13.5]])
    assert sheet.box == (4.5, 3.5, 21, 11)


def test_a_clip_without_truth_does_not_claim_any() -> None:
    assert not isinstance(at_width(Tiny(), 45), Truth)


def test_an_index_outside_is_refused_in_words() -> None:
    assert check_index(2, 3, "tiny") == 2
    for index in (-1, 3):
        with pytest.raises(ClipError, match=rf"frame {index} is outside ‘tiny’: give 0 to 2"):
            check_index(index, 3, "tiny")


def test_the_facts_are_json() -> None:
    facts = replace(INFO, declared=5, damaged=2).as_json()
    assert facts["frames"] == {"declared": 5, "decoded": 3, "damaged": 2}
    assert facts["fps"] == "30000/1001"
    assert facts["width"] == 90
