"""What a point tracker can be told: the values of OpenCV's samples, written out, and what is refused."""

from dataclasses import FrozenInstanceError, replace

import pytest

from flowlab.errors import ParameterError
from flowlab.tracking.parameters import PointParameters

# samples/python/tutorial_code/video/optical_flow/optical_flow.py, lk_track.py and lk_homography.py as published:
# feature_params, lk_params, and what their loops do.
LK = {"levels": 2, "iterations": 10, "epsilon": 0.03, "detector": "shi-tomasi", "velocity": False}
WITHOUT = {"affine": False, "cuts": False, "merge_distance": 0.0, "top_up": False}  # what the samples do not know
SAMPLES = {
    "tutorial": LK | WITHOUT | {
        "max_corners": 100, "quality": 0.3, "min_distance": 7.0, "block_size": 7, "window": 15,
        "redetect_every": 0, "decides": "status",
    },
    "lk_track": LK | WITHOUT | {
        "max_corners": 500, "quality": 0.3, "min_distance": 7.0, "block_size": 7, "window": 15,
        "redetect_every": 5, "exclusion": 5, "decides": "forward-backward", "forward_backward": 1.0,
        "trail": 5,
    },
    "lk_homography": LK | WITHOUT | {
        "max_corners": 1000, "quality": 0.01, "min_distance": 8.0, "block_size": 19, "window": 19,
        "redetect_every": 0, "decides": "forward-backward", "forward_backward": 1.0,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", SAMPLES)
def test_a_preset_has_the_values_of_the_sample_it_names(name):
    values = PointParameters.preset(name).as_dict()
    assert {key: values[key] for key in SAMPLES[name]} == SAMPLES[name]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_samples_least_eigenvalue_is_opencvs_default(name):
    # minEigThreshold is 1e-4 unless it is given, and the samples do not give it.
    assert PointParameters.preset(name).min_eigenvalue / 1024 == pytest.approx(1e-4)


def test_the_presets_are_the_default_and_the_samples_and_no_two_are_the_same():
    presets = PointParameters.presets
    assert [p.name for p in presets] == ["robust", *SAMPLES]
    assert presets[0].values == PointParameters()
    assert len({tuple(p.values.as_dict().values()) for p in presets}) == len(presets)


def test_every_preset_names_its_source():
    sources = {p.name: p.source for p in PointParameters.presets}
    assert "OpenCV's Lucas-Kanade tutorial" in sources["tutorial"]
    assert "lk_track.py" in sources["lk_track"]
    assert "lk_homography.py" in sources["lk_homography"]
    assert "flowlab's own" in sources["robust"]


OTHERS = {
    "detector": "grid", "max_corners": 7, "quality": 0.2, "min_distance": 3.0, "block_size": 5, "top_up": False,
    "redetect_every": 2, "exclusion": 3, "window": 21, "levels": 1, "iterations": 9, "epsilon": 0.05,
    "min_eigenvalue": 4.0, "velocity": True, "decides": "status", "forward_backward": 2.0, "min_ncc": 0.5,
    "affine": False, "max_correction": 1.0, "merge_distance": 0.5, "cuts": False, "trail": 99,
}  # fmt: skip


def test_the_question_ignores_the_trail_and_nothing_else():
    assert set(OTHERS) == set(PointParameters().as_dict())
    usual = PointParameters()
    assert usual.question == usual
    for name, value in OTHERS.items():
        changed = replace(usual, **{name: value})
        assert changed != usual, name
        assert (changed.question == usual.question) == (name == "trail"), name
    assert replace(usual, window=21, trail=3).question == replace(usual, window=21)


@pytest.mark.parametrize(
    ("name", "value", "remedy"),
    [
        ("max_corners", 0, "a whole number from 1 to 20000"),
        ("max_corners", 20_001, "a whole number from 1 to 20000"),
        ("max_corners", 2.5, "a whole number"),
        ("max_corners", True, "a whole number"),
        ("window", 14, "an odd number from 3 to 99"),
        ("window", 1, "an odd number from 3"),
        ("window", 101, "an odd number from 3 to 99"),
        ("levels", -1, "a whole number from 0 to 8"),
        ("levels", 9, "a whole number from 0 to 8"),
        ("iterations", 0, "a whole number from 1"),
        ("epsilon", 0, "a number from 0.001"),
        ("quality", 0, "a number from 0.001 to 0.9"),
        ("quality", float("nan"), "a number from 0.001"),
        ("min_distance", 0.5, "a number from 1"),
        ("block_size", 1, "a whole number from 2"),
        ("forward_backward", 0, "a number from 0.01"),
        ("forward_backward", float("inf"), "a number from 0.01"),
        ("min_ncc", 1.01, "a number from -1 to 1"),
        ("min_eigenvalue", -0.1, "a number from 0"),
        ("redetect_every", -1, "a whole number from 0"),
        ("exclusion", -1, "a whole number from 0"),
        ("merge_distance", -0.5, "a number from 0"),
        ("max_correction", 0, "a number from 0.05"),
        ("trail", 201, "a whole number from 0 to 200"),
        ("detector", "Harris", "one of shi-tomasi, harris, grid"),
        ("decides", "", "one of status, forward-backward, all"),
        ("affine", "yes", "true or false"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name_value_and_remedy(name, value, remedy):
    with pytest.raises(ParameterError, match=f"{name} is .*give {remedy}"):
        PointParameters(**{name: value})


def test_the_ends_of_every_range_are_allowed():
    for field in PointParameters.fields():
        for value in (field.low, field.high) if field.low is not None else field.choices or (True, False):
            assert getattr(PointParameters(**{field.name: value}), field.name) == value


def test_every_parameter_is_explained():
    for field in PointParameters.fields():
        assert field.label and field.help.rstrip().endswith((".", "?")), field.name
        if field.kind in (int, float):
            assert field.low <= field.default <= field.high
            assert field.step


def test_parameters_do_not_change():
    with pytest.raises(FrozenInstanceError):
        PointParameters().window = 21
