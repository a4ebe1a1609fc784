"""The registry and the text of a scene: what a link, a command line and a snippet say."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowlab.core.parameters import Field
from flowlab.errors import ClipNotFoundError, ParameterError
from flowlab.scenes.registry import SCENES, open_scene, scene_text
from flowlab.scenes.scene import SceneParameters

COMMON = {field.name for field in SceneParameters.fields()}


@pytest.mark.parametrize("name", SCENES)
def test_a_row_describes_itself(name):
    kind = SCENES[name]
    assert kind.name == name
    assert kind.title and kind.title != name
    assert kind.teaches.endswith(".") and kind.teaches.count(".") == 1
    assert {field.name for field in kind.parameters.fields()} >= COMMON


@pytest.mark.parametrize("name", SCENES)
def test_defaults_open_by_bare_name_with_or_without_the_prefix(name):
    for text in (name, f"scene:{name}", f"  scene:{name}\n"):
        info = open_scene(text).info
        assert info.name == info.content_hash == f"scene:{name}"
        assert (info.width, info.height, info.frame_count) == (640, 360, 60)


def test_knobs_in_the_text_arrive_in_the_parameters():
    knobs = open_scene("scene:two-layers?noise=3&speed=2.5&background_speed=0.5&seed=7").parameters
    assert (knobs.noise, knobs.speed, knobs.background_speed, knobs.seed) == (3.0, 2.5, 0.5, 7)


def test_canonical_text_has_a_fixed_order_and_leaves_defaults_out():
    scene = open_scene("two-layers?seed=7&direction=-30&noise=0&speed=2.50&width=640")
    assert scene.info.content_hash == "scene:two-layers?speed=2.5&seed=7&direction=-30"


def test_minus_zero_is_written_as_zero():
    assert open_scene("translation?direction=-0.0").info.name == "scene:translation?direction=0"


def _values(field: Field):
    if field.kind is str:
        return st.sampled_from(field.choices)
    if field.kind is int:
        return st.integers(int(field.low), int(field.high))
    return st.floats(field.low, field.high, allow_nan=False)


@pytest.mark.parametrize("name", SCENES)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_text_gives_the_parameters_back_exactly(name, data):
    kind = SCENES[name]
    chosen = {f.name: data.draw(_values(f)) for f in kind.parameters.fields() if data.draw(st.booleans())}
    parameters = kind.parameters(**chosen)
    text = scene_text(name, parameters)
    scene = open_scene(text)
    assert scene.parameters == parameters
    assert scene.info.content_hash == text


def test_an_unknown_scene_names_those_that_exist():
    with pytest.raises(ClipNotFoundError, match=f"no scene ‘nowhere’: the scenes are {', '.join(SCENES)}"):
        open_scene("scene:nowhere?speed=2")


def test_a_hostile_name_is_shown_as_bounded_plain_text():
    with pytest.raises(ClipNotFoundError) as caught:
        open_scene("scene:../../etc/\x1b[31m" + "x" * 5000)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 130 + len(", ".join(SCENES))


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("speed=21", "speed is 21.0: give a number from 0 to 20"),
        ("speed=fast", "speed is ‘fast’: give a number from 0 to 20"),
        ("noise=nan", "noise is nan"),
        ("frames=2.5", "frames is ‘2.5’: give a whole number"),
        ("width=0", "width is 0: give a whole number from 64 to 1920"),
        ("wind=3", "there is no parameter ‘wind’: the parameters are width, height"),
        ("speed=2&speed=3", "‘speed’ is given twice"),
        ("speed", "hold ‘speed’: write knob=value"),
        ("speed=", "hold ‘speed=’: write knob=value"),
        ("=2", "hold ‘=2’: write knob=value"),
        ("", "hold ‘’: write knob=value"),
        ("speed=2&", "hold ‘’: write knob=value"),
        ("speed=2&&noise=1", "hold ‘’: write knob=value"),
        ("speed=2?noise=1", "speed is ‘2\\?noise=1’"),
    ],
)
def test_a_bad_knob_says_what_was_wrong(query, says):
    with pytest.raises(ParameterError, match=says):
        open_scene(f"scene:two-layers?{query}")


def test_a_knob_of_another_scene_is_unknown():
    with pytest.raises(ParameterError, match="no parameter ‘background_speed’"):
        open_scene("translation?background_speed=2")


def test_the_registry_cannot_be_changed():
    with pytest.raises(TypeError):
        SCENES["mine"] = SCENES["translation"]
