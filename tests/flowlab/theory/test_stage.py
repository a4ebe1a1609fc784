"""A stage is two frames of a scene and their exact motion."""

import numpy as np
import pytest

from flowlab.errors import FlowlabError
from flowlab.scenes.registry import open_scene
from flowlab.theory.stage import scene_of, stage


def test_a_motion_asked_for_is_the_motion_there_is() -> None:
    shown = stage(scene_of("translation", (5, -8), 4, width=80, height=64), 0, 4)
    assert shown.size == (80, 64)
    np.testing.assert_allclose(shown.flow, np.broadcast_to([5, -8], shown.flow.shape), atol=1e-4)


def test_the_frames_are_the_scenes_own() -> None:
    text = scene_of("bars", pattern="corner", width=64, height=64)
    shown, clip = stage(text, 3, 2), open_scene(text)
    np.testing.assert_array_equal(shown.first, clip.frame(3).grey)
    np.testing.assert_array_equal(shown.second, clip.frame(5).grey)
    assert shown.first.dtype == np.float32


def test_nobody_can_change_what_others_look_at() -> None:
    shown = stage(scene_of("translation", width=64, height=64))
    with pytest.raises(ValueError, match="read-only"):
        shown.first[0, 0] = 0


def test_a_knob_out_of_range_is_refused() -> None:
    with pytest.raises(FlowlabError, match="speed"):
        scene_of("translation", (300, 0))
