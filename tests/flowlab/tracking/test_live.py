"""The tracks that are alive: into a file and back, those who stay, those who come."""

import numpy as np
import pytest

from flowlab.tracking.affine_check import templates
from flowlab.tracking.live import Live, live_of
from flowlab.tracking.patches import neighbourhoods, normalised
from tests.flowlab.tracking.surfaces import picture, points, waves


def alive(*places, first=0, affine=True, window=5):
    """Return tracks alive at places, no two numbers of them alike."""
    at = points(*places)
    count = len(at)
    here = neighbourhoods(picture(waves), at, window)
    some = np.random.default_rng(first).standard_normal((count, 8)).astype(np.float32)
    track = np.arange(first, first + count, dtype=np.int32)
    return Live(track, at, some[:, :2], track + np.int32(3), some[:, 2:5], some[:, 5:], here,
                normalised(here.values), templates(here) if affine else None)  # fmt: skip


def assert_same(one, other):
    ours, theirs = one.arrays(), other.arrays()
    assert list(ours) == list(theirs)
    for name, part in ours.items():
        assert part.dtype == theirs[name].dtype, name
        np.testing.assert_array_equal(part, theirs[name], err_msg=name)


FOUR = ((30, 25), (41.5, 31), (50, 22.25), (35, 34))


@pytest.mark.parametrize("affine", [True, False])
def test_into_arrays_and_back_nothing_changes(affine):
    live = alive(*FOUR, affine=affine)
    again = live_of(live.arrays())
    assert_same(again, live)
    assert (again.templates is None) == (not affine)
    assert len(again) == 4


@pytest.mark.parametrize("affine", [True, False])
def test_into_a_file_and_back_nothing_changes(affine, tmp_path):
    live = alive(*FOUR, affine=affine)
    np.savez(tmp_path / "live.npz", **live.arrays())
    with np.load(tmp_path / "live.npz") as kept:
        assert_same(live_of(dict(kept)), live)


def test_every_array_has_a_row_for_each_track():
    live = alive(*FOUR)
    assert {len(part) for part in live.arrays().values()} == {4}
    # everything a tracker has is among them, by a name of its own
    assert {"track", "xy", "first_step", "birth", "here.values", "templates.linear", "templates.pull"} <= set(
        live.arrays()
    )
    assert len(live.arrays()) == 7 + 5 + 9


@pytest.mark.parametrize("affine", [True, False])
def test_those_who_stay_are_whole_and_in_order(affine):
    live = alive(*FOUR, affine=affine)
    stay = live.where(np.array([True, False, False, True]))
    assert stay.track.tolist() == [0, 3]
    for name, part in stay.arrays().items():
        np.testing.assert_array_equal(part, live.arrays()[name][[0, 3]], err_msg=name)


def test_where_all_stay_nothing_is_copied():
    live = alive(*FOUR)
    assert live.where(np.ones(4, np.bool_)) is live


def test_where_nobody_stays_the_windows_keep_their_size():
    none = alive(*FOUR).where(np.zeros(4, np.bool_))
    assert len(none) == 0
    assert none.here.values.shape == (0, 25)
    assert_same(none.followed_by(alive(*FOUR)), alive(*FOUR))


@pytest.mark.parametrize("affine", [True, False])
def test_those_who_come_stand_behind(affine):
    old, new = alive(*FOUR[:3], affine=affine), alive(FOUR[3], first=7, affine=affine)
    both = old.followed_by(new)
    assert both.track.tolist() == [0, 1, 2, 7]
    assert_same(both.where(np.array([True, True, True, False])), old)
    assert_same(both.where(np.array([False, False, False, True])), new)
