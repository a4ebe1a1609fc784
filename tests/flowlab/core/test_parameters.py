"""Parameter sets check themselves, and say what was wrong, the value and the remedy."""

from dataclasses import FrozenInstanceError, dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowlab.core.parameters import Parameters, Preset, parameter
from flowlab.errors import ParameterError


@dataclass(frozen=True)
class Window(Parameters):
    size: int = parameter(15, low=3, high=99, step=2, unit="px", help="Side.")
    levels: int = parameter(3, low=0, high=8, help="Levels.", label="Pyramid levels")
    sigma: float = parameter(1.5, low=0.1, high=20, unit="px", help="Width.")
    shape: str = parameter("box", choices=("box", "gauss"), help="Form.")
    robust: bool = parameter(False, help="Robust.")


Window.presets = (Preset("wide", Window(size=31), "made up"),)


def test_defaults_stand_and_a_whole_number_may_come_as_a_float() -> None:
    assert Window() == Window(15, 3, 1.5, "box", False)
    assert Window(size=21.0).size == 21  # type: ignore[arg-type]
    assert type(Window(size=21.0).size) is int  # type: ignore[arg-type]
    assert type(Window(sigma=2).sigma) is float


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("size", 14, r"size is 14: give an odd number from 3 to 99 \(px\)"),
        ("size", 101, r"size is 101: give an odd number"),
        ("size", 15.5, r"size is 15.5: give an odd number"),
        ("size", True, r"size is True: give an odd number"),
        ("size", "15", r"size is ‘15’: give an odd number"),
        ("levels", -1, r"levels is -1: give a whole number from 0 to 8"),
        ("sigma", float("nan"), r"sigma is nan: give a number from 0.1 to 20 \(px\)"),
        ("sigma", float("inf"), r"sigma is inf"),
        ("sigma", None, r"sigma is None"),
        ("shape", "disc", r"shape is ‘disc’: give one of box, gauss"),
        ("robust", 1, r"robust is 1: give true or false"),
    ],
)
def test_a_wrong_value_is_refused_with_name_value_and_remedy(name: str, value: object, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        Window(**{name: value})  # type: ignore[arg-type]


def test_text_from_a_link_or_a_shell_is_read_and_checked() -> None:
    read = Window().with_text({"size": " 21 ", "sigma": "2.5", "shape": "gauss", "robust": "TRUE"})
    assert read == Window(size=21, sigma=2.5, shape="gauss", robust=True)
    for name, text in {"size": "1e9", "sigma": "1e400", "robust": "maybe", "levels": "three"}.items():
        with pytest.raises(ParameterError, match=f"^{name} is "):
            Window().with_text({name: text})
    with pytest.raises(ParameterError, match="no parameter ‘width’: the parameters are size, levels"):
        Window().with_text({"width": "3"})


@given(st.text(max_size=50))
def test_any_text_is_a_value_or_a_typed_error(text: str) -> None:
    for field in Window.fields():
        try:
            value = field.parse(text)
        except ParameterError as error:
            assert str(error).startswith(f"{field.name} is ")
            assert "\n" not in str(error)
        else:
            assert field.check(value) == value


def test_presets_are_found_by_name() -> None:
    assert Window.preset("wide") == Window(size=31)
    with pytest.raises(ParameterError, match="no preset ‘tall’: the presets are wide"):
        Window.preset("tall")


def test_what_changed_is_told_apart_from_defaults() -> None:
    assert Window(size=21).changed() == {"size": 21}
    assert Window().changed() == {}
    assert Window(size=21).as_dict()["sigma"] == 1.5


def test_a_field_has_a_title_for_pages() -> None:
    titles = {field.name: field.title for field in Window.fields()}
    assert titles["levels"] == "Pyramid levels"
    assert titles["size"] == "Size"


def test_parameters_are_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Window().size = 3  # type: ignore[misc]


def test_a_whole_number_of_hundreds_of_digits_is_refused_like_any_other() -> None:
    with pytest.raises(ParameterError, match="give a whole number from"):
        Window(levels=int("9" * 400))
