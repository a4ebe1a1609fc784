"""Displacements told in millimetres and seconds."""

from fractions import Fraction

import pytest

from flowlab.core.region import Line
from flowlab.core.units import UnitParameters, Units, bar_length, units
from flowlab.errors import ParameterError

FPS = Fraction(50)
RULER = Line(10, 20, 40, 60)  # 50 px


def test_untold_otherwise_it_is_pixels_a_step() -> None:
    plain = units(UnitParameters(), ruler=RULER, fps=FPS, gap=3)
    assert plain == Units()
    assert (plain.factor, plain.speed, plain.rate, plain.rate_unit) == (1, "px", 1, "1/step")
    assert plain.told(2.5) == "2.5 px"


def test_a_known_distance_and_the_frame_rate_make_millimetres_a_second() -> None:
    # 50 px are 100 mm: 2 mm a pixel. Two frames at 50 frames/s are 0.04 s: 1 px is 2 mm / 0.04 s.
    told = units(UnitParameters(length="mm", ruler=100.0, time="second"), ruler=RULER, fps=FPS, gap=2)
    assert told.per_px == pytest.approx(2)
    assert told.seconds == pytest.approx(0.04)
    assert told.factor == pytest.approx(50)
    assert (told.speed, told.rate_unit) == ("mm/s", "1/s")
    assert told.rate == pytest.approx(25)
    assert told.told(1.5) == "75 mm/s"


def test_lengths_follow_the_working_width() -> None:
    # At half the width one working pixel is two pixels of the clip.
    told = units(UnitParameters(length="cm", ruler=10.0), ruler=RULER, fps=FPS, gap=1, px_per_working_px=2.0)
    assert told.per_px == pytest.approx(0.4)
    assert told.speed == "cm/frame"
    assert units(UnitParameters(length="cm"), ruler=RULER, fps=FPS, gap=3).speed == "cm/3 frames"


def test_a_high_speed_camera_has_its_own_rate() -> None:
    told = units(UnitParameters(time="second", fps=1000.0), ruler=None, fps=FPS, gap=1)
    assert told.seconds == pytest.approx(0.001)
    assert told.speed == "px/s"


def test_a_unit_of_length_needs_a_line() -> None:
    with pytest.raises(ParameterError, match="lengths are asked for in mm and no scale was drawn: choose Scale"):
        units(UnitParameters(length="mm"), ruler=None, fps=FPS, gap=1)


@pytest.mark.parametrize(
    ("width", "per_px", "length"),
    [(640, 1.0, 100), (640, 0.01, 1), (640, 2.0, 200), (640, 0.004, 0.5), (100, 1.0, 20), (640, 1000.0, 100_000)],
)
def test_a_scale_bar_is_a_round_length_of_at_most_a_fifth(width: int, per_px: float, length: float) -> None:
    told, px = bar_length(width, per_px)
    assert told == pytest.approx(length)
    assert px == pytest.approx(told / per_px)
    assert 0.05 * width < px <= 0.2 * width + 1e-9
