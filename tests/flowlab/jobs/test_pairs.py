"""Two frames and the flow between them; nothing that takes too long for a page."""

from dataclasses import replace

import numpy as np
import pytest

from flowlab.dense.dis import DisParameters
from flowlab.dense.methods import METHODS
from flowlab.errors import ClipError, ParameterError
from flowlab.jobs.pairs import check_cost, check_size, estimate_pair, last_index, read_pair, stream_pairs
from flowlab.scenes.registry import open_scene

SCENE = open_scene("scene:translation?width=160&height=96&frames=6&speed=3&direction=90")


def test_a_pair_brings_its_truth() -> None:
    pair = read_pair(SCENE, 1, 2)
    assert (pair.first.index, pair.second.index) == (1, 3)
    assert pair.truth is not None
    assert pair.visible is not None
    np.testing.assert_allclose(pair.truth, np.broadcast_to(np.float32([0, 6]), pair.truth.shape), atol=1e-4)
    assert not pair.visible[-4:].any()  # what leaves at the bottom is hidden
    assert pair.visible[:80].all()
    found = np.median(estimate_pair(pair, METHODS["dis"]).flow.reshape(-1, 2), axis=0)
    np.testing.assert_allclose(found, (0, 6), atol=0.05)


@pytest.mark.parametrize(
    ("index", "gap", "says"),
    [(5, 1, "frame 5 has no partner 1 later"), (-1, 1, "give 0 to 4"), (3, 3, "give 0 to 2"), (0, 0, "gap is 0"),
     (0, 6, "gap is 6: .* has 6 frames, give at most 5")],
)  # fmt: skip
def test_a_pair_outside_the_clip_is_refused(index: int, gap: int, says: str) -> None:
    with pytest.raises((ClipError, ParameterError), match=says):
        read_pair(SCENE, index, gap)


def test_the_last_index_still_has_a_partner() -> None:
    assert read_pair(SCENE, last_index(6, 2), 2).second.index == 5
    assert last_index(1, 1) == 0


def test_streaming_gives_the_same_pairs_in_order() -> None:
    pairs = list(stream_pairs(SCENE, 1, 6, 2))
    assert [(p.first.index, p.second.index) for p in pairs] == [(1, 3), (2, 4), (3, 5)]
    np.testing.assert_array_equal(pairs[1].first.rgb, SCENE.frame(2).rgb)


def test_settings_that_would_take_too_long_are_refused_before_they_start() -> None:
    dis = METHODS["dis"]
    check_cost(dis, 640, 480, DisParameters())
    slow = DisParameters(patch_size=32, patch_stride=1, finest_scale=0)
    with pytest.raises(ParameterError, match=r"about \d+ s a pair at 640x480.*lower the working width"):
        check_cost(dis, 640, 480, slow)


def test_frames_too_large_for_a_page_are_refused_with_the_remedy() -> None:
    check_size(replace(SCENE.info, width=3840, height=2160))
    with pytest.raises(ParameterError, match=r"8000x6000, more than the 9 million pixels of a page: lower the working"):
        check_size(replace(SCENE.info, width=8000, height=6000))
