"""Each limit refuses one step past it, names what was found, and says what to do."""

import os

import pytest

import flowlab
from flowlab.errors import LimitError
from flowlab.media.limits import LIMITS, Deadline, Limits

SMALL = Limits(pixels=1000, bytes=1 << 20, picture_bytes=2048, zip_files=3, zip_bytes=5 << 20)


def test_exactly_the_limit_is_accepted() -> None:
    SMALL.check_pixels("x", 40, 25)
    SMALL.check_bytes("x", 1 << 20)
    SMALL.check_picture_bytes("x", 2048)
    SMALL.check_zip_files("x", 3)
    SMALL.check_zip_bytes("x", 5 << 20)


def test_one_step_past_a_limit_is_refused_with_both_numbers() -> None:
    with pytest.raises(LimitError, match=r"‘x’ has frames of 1001x1 pixels, more than the 0.001 million"):
        SMALL.check_pixels("x", 1001, 1)
    with pytest.raises(LimitError, match=r"‘x’ is 1.5 MiB, more than the 1 MiB accepted"):
        SMALL.check_bytes("x", 3 << 19)
    with pytest.raises(LimitError, match=r"‘x’ is 3 KiB, more than the 2 KiB"):
        SMALL.check_picture_bytes("x", 3072)
    with pytest.raises(LimitError, match=r"‘x’ holds 4 files, more than the 3"):
        SMALL.check_zip_files("x", 4)
    with pytest.raises(LimitError, match=r"‘x’ unpack to 6 MiB, more than the 5 MiB"):
        SMALL.check_zip_bytes("x", 6 << 20)


def test_the_limits_are_what_the_lab_promises() -> None:
    assert (LIMITS.pixels, LIMITS.bytes, LIMITS.frame_seconds, LIMITS.scan_seconds) == (50_000_000, 4 << 30, 10, 20)
    assert (LIMITS.zip_files, LIMITS.zip_bytes) == (20_000, 8 << 30)


def test_opencv_holds_the_same_limit_underneath() -> None:
    assert flowlab.__version__
    assert int(os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"]) == LIMITS.pixels


def test_a_clock_runs_out() -> None:
    Deadline(1000, "never").check()
    assert not Deadline(1000, "never").over
    late = Deadline(-1, "too late: come earlier")
    assert late.over
    with pytest.raises(LimitError, match=r"too late: come earlier"):
        late.check()
