"""Times are exact fractions, whatever unit a container counts in."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from flowlab.media.rates import rhythm
from flowlab.media.video import open_video
from flowlab.media.video_index import NO_STAMP, display_times
from tests.flowlab.media.clips import number_of, write_clip

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize("name", ["even.mp4", "even.mov", "even.mkv", "even.ts", "even.flv", "even.avi", "even.mpg"])
@pytest.mark.parametrize("fps", [Fraction(25), NTSC], ids=["25", "29.97"])
def test_the_rate_of_an_even_clip_is_the_fraction_it_was_made_with(tmp_path: Path, name: str, fps: Fraction) -> None:
    codec = {"avi": "mpeg4", "mpg": "mpeg2video"}.get(name[-3:], "libx264")
    clip = open_video(write_clip(tmp_path / name, 40, fps=fps, codec=codec))
    assert clip.info.fps == fps
    assert not clip.info.variable_rate
    for index in (0, 1, 17, 39):
        assert abs(clip.time(index) - index / fps) <= clip.index.time_base
    if name in ("even.mp4", "even.mov", "even.avi"):
        assert clip.time(17) == 17 / fps


@pytest.mark.parametrize("name", ["uneven.mp4", "uneven.mkv", "uneven.ts", "uneven.flv"])
def test_uneven_times_are_kept_exactly(tmp_path: Path, name: str) -> None:
    ticks = np.cumsum(np.random.default_rng(2).integers(20, 190, 40)).tolist()
    clip = open_video(write_clip(tmp_path / name, 40, ticks=ticks, time_base=Fraction(1, 1000)))
    assert clip.info.variable_rate
    assert [clip.time(n) for n in range(40)] == [Fraction(tick - ticks[0], 1000) for tick in ticks]
    mean = Fraction(39 * 1000, ticks[-1] - ticks[0])
    assert abs(clip.info.fps - mean) < Fraction(1, 10**6)
    assert [number_of(clip.frame(n).rgb) for n in (30, 2, 19)] == [30, 2, 19]


def test_a_clip_that_does_not_start_at_zero_has_its_first_frame_at_zero(tmp_path: Path) -> None:
    ticks = [7000 + 40 * n for n in range(12)]
    clip = open_video(write_clip(tmp_path / "late.mkv", 12, ticks=ticks, time_base=Fraction(1, 1000)))
    assert [clip.time(n) for n in (0, 1, 11)] == [0, Fraction(1, 25), Fraction(11, 25)]
    assert number_of(clip.frame(11).rgb) == 11


def test_delays_of_a_gif_are_kept(tmp_path: Path) -> None:
    ticks = [0, 10, 15, 40, 41, 60]
    path = write_clip(
        tmp_path / "delays.gif", 6, codec="gif", pixels="rgb8", ticks=ticks, time_base=Fraction(1, 100)
    )  # fmt: skip
    clip = open_video(path)
    assert clip.info.frame_count == 6
    assert [clip.time(n) for n in range(5)] == [Fraction(t, 100) for t in ticks[:5]]
    assert [number_of(clip.frame(n).rgb) for n in (5, 2, 4)] == [5, 2, 4]


# --- the rate a row of stamps tells -------------------------------------------------------------------


def _rounded(count: int, fps: Fraction, unit: Fraction) -> np.ndarray:
    return np.array([round(n / fps / unit) for n in range(count)], np.int64)


@pytest.mark.parametrize("unit", [Fraction(1, 1000), Fraction(1, 90000), Fraction(1, 15360)])
@pytest.mark.parametrize("fps", [Fraction(24000, 1001), Fraction(25), NTSC, Fraction(50), Fraction(60000, 1001)])
def test_rounded_stamps_tell_the_true_rate_without_a_hint(fps: Fraction, unit: Fraction) -> None:
    found = rhythm(_rounded(2000, fps, unit), unit, ())
    assert (found.fps, found.variable, found.missing) == (fps, False, 0)


def test_an_odd_rate_is_not_bent_to_a_common_one() -> None:
    assert rhythm(np.arange(50) * 400, Fraction(1, 11988), (Fraction(2997, 100),)).fps == Fraction(2997, 100)
    assert rhythm(_rounded(900, Fraction(18), Fraction(1, 1000)), Fraction(1, 1000), ()).fps.limit_denominator(9) == 18


def test_holes_do_not_change_the_rate_and_are_counted() -> None:
    times = np.delete(_rounded(300, NTSC, Fraction(1, 1000)), [40, 41, 42, 200])
    found = rhythm(times, Fraction(1, 1000), ())
    assert (found.fps, found.variable, found.missing) == (NTSC, True, 4)


@pytest.mark.parametrize("hint", [Fraction(0), Fraction(90000), Fraction(1000), Fraction(-3), None])
def test_a_header_that_lies_about_the_rate_is_not_believed(hint: Fraction | None) -> None:
    found = rhythm(_rounded(100, Fraction(25), Fraction(1, 1000)), Fraction(1, 1000), (hint,))
    assert (found.fps, found.variable) == (25, False)


def test_one_frame_has_the_rate_its_header_says_or_the_usual_one() -> None:
    assert rhythm(np.array([5]), Fraction(1, 90000), (None, NTSC)).fps == NTSC
    assert rhythm(None, Fraction(1, 90000), ()).fps == 25


# --- times from stamps --------------------------------------------------------------------------------


def _stamps(*values: int | None) -> np.ndarray:
    return np.array([NO_STAMP if value is None else value for value in values], np.int64)


@pytest.mark.parametrize(
    ("stamps", "times"),
    [
        (_stamps(3, 6, 9), [3, 6, 9]),
        (_stamps(0, 30, 20, 40, 10), [0, 10, 20, 30, 40]),  # stamps of decoding order
        (_stamps(0, 10, None, 30), [0, 10, 20, 30]),
        (_stamps(None, 10, 20), [0, 10, 20]),
        (_stamps(None, None, 7), None),
        (_stamps(5, 5, 6), None),
        (_stamps(*range(0, 400, 4), *range(1, 401, 4)), None),  # a clock that starts anew
    ],
)
def test_display_times_increase_or_are_none(stamps: np.ndarray, times: list[int] | None) -> None:
    found = display_times(stamps)
    assert (None if found is None else found.tolist()) == times
