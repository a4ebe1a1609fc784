"""Where decoding begins and what is believed, on a decoder whose every landing is chosen by the test."""

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from flowlab.media import search as searching
from flowlab.media.fingerprint import fingerprint
from flowlab.media.limits import LIMITS, Deadline
from flowlab.media.search import FrameSearch
from flowlab.media.video_index import CONCEALED, KEYFRAME, NO_STAMP, VideoIndex

COUNT, GROUP, TICK = 100, 20, 40


def _frame(number: int, *, stale: bool = False) -> av.VideoFrame:
    """Return a small grey frame of a brightness of its own; `stale` as decoding from nowhere would leave it."""
    picture = np.full((16, 24), number + (128 if stale else 0), np.uint8)
    frame = av.VideoFrame.from_ndarray(picture, format="gray")
    frame.pts = number * TICK
    frame.key_frame = number % GROUP == 0
    return frame


class StubDecoder:
    """A stream of COUNT frames with a keyframe every GROUP; `lands` chooses the frame a seek leads to."""

    def __init__(self, lands: Callable[[int], int]) -> None:
        self.lands = lands
        self.next, self.stale = 0, False
        self.seeks, self.reads, self.restarts = [], 0, 0

    def seek(self, stamp: int) -> bool:
        self.next = self.lands(stamp // TICK)
        self.stale = self.next % GROUP != 0
        self.seeks.append(stamp // TICK)
        return True

    def restart(self) -> None:
        self.next, self.stale, self.restarts = 0, False, self.restarts + 1

    def read(self, deadline: Deadline, wanted_from: int | None = None) -> av.VideoFrame | None:
        if self.next >= COUNT:
            return None
        self.reads += 1
        self.stale = self.stale and self.next % GROUP != 0
        frame = _frame(self.next, stale=self.stale)
        self.next += 1
        return frame

    def close(self) -> None:
        pass


def _index(*, checked: bool = True, **change: object) -> VideoIndex:
    facts = {
        "content_hash": "", "size": 1, "container": "x", "codec": "x", "width": 24, "height": 16, "rotation": 0,
        "mirrored": False, "fps": Fraction(25), "variable_rate": False, "time_base": Fraction(1, 1000),
        "stamps": np.arange(COUNT, dtype=np.int64) * TICK,
        "prints": np.array([fingerprint(_frame(n)) for n in range(COUNT)] if checked else [], np.uint32),
        "flags": np.array([KEYFRAME * (n % GROUP == 0) for n in range(COUNT)], np.uint8),
        "declared": COUNT, "lost": 0, "checked": checked, "repeatable": False, "note": "",
    }  # fmt: skip
    return VideoIndex(**(facts | change))


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[int], int]], StubDecoder]:
    def install(lands: Callable[[int], int]) -> StubDecoder:
        decoder = StubDecoder(lands)
        monkeypatch.setattr(searching, "Decoder", lambda *_, **__: decoder)
        return decoder

    return install


def _find(search: FrameSearch, target: int) -> int:
    """Return the brightness of the frame found: its number, or something else where it is a wrong one."""
    for place, frame in search.towards(target, Deadline(60, "too late")):
        if place == target:
            return int(frame.to_ndarray()[5, 7])
    return -1


def _search(index: VideoIndex) -> FrameSearch:
    return FrameSearch(Path("x"), index, name="x", limits=LIMITS)


LANDINGS: dict[str, Callable[[int], int]] = {
    "on the keyframe": lambda n: n // GROUP * GROUP,
    "a group early": lambda n: max(0, n // GROUP * GROUP - GROUP),
    "in mid-group before": lambda n: max(0, n - 7),
    "just behind the keyframe": lambda n: min(n + 3, COUNT - 1),
    "a group late": lambda n: min(n + GROUP, COUNT - 1),
    "at the end": lambda n: COUNT,
    "always at the start": lambda n: 0,
}


@pytest.mark.parametrize("checked", [True, False], ids=["checked", "unchecked"])
@pytest.mark.parametrize("landing", LANDINGS)
def test_wherever_a_seek_lands_the_frame_is_the_one_asked_for(
    stub: Callable[[Callable[[int], int]], StubDecoder], landing: str, checked: bool
) -> None:
    stub(LANDINGS[landing])
    search = _search(_index(checked=checked))
    for target in (50, 49, 99, 0, 63, 20, 19, 21, 97):
        assert _find(search, target) == target


def test_frames_between_a_landing_and_the_next_keyframe_are_never_believed(
    stub: Callable[[Callable[[int], int]], StubDecoder],
) -> None:
    stub(lambda n: max(0, n - 7))
    assert [_find(_search(_index(checked=False)), target) for target in (37, 41, 58)] == [37, 41, 58]


def test_what_comes_next_is_decoded_without_a_seek(stub: Callable[[Callable[[int], int]], StubDecoder]) -> None:
    decoder = stub(LANDINGS["on the keyframe"])
    search = _search(_index())
    assert [_find(search, target) for target in (45, 46, 50, 58)] == [45, 46, 50, 58]
    assert (len(decoder.seeks), decoder.reads) == (1, 19)
    assert _find(search, 62) == 62  # a keyframe lies 2 frames ahead: no nearer than going on
    assert len(decoder.seeks) == 1
    assert _find(search, 95) == 95
    assert decoder.seeks[1:] == [80]


def test_a_container_that_lands_late_is_asked_earlier_from_then_on(
    stub: Callable[[Callable[[int], int]], StubDecoder],
) -> None:
    decoder = stub(LANDINGS["just behind the keyframe"])
    search = _search(_index())
    assert _find(search, 50) == 50
    assert decoder.seeks == [40, 32]
    decoder.reads = 0
    assert _find(search, 90) == 90
    assert decoder.seeks == [40, 32, 72]
    assert decoder.reads < 2 * GROUP
    assert decoder.restarts == 0


def test_a_seek_that_never_arrives_is_given_up(stub: Callable[[Callable[[int], int]], StubDecoder]) -> None:
    """No frame is the one listed: after some patience the file is counted from its start."""
    decoder = stub(LANDINGS["on the keyframe"])
    strange = _index(prints=np.full(COUNT, 5, np.uint32))
    assert _find(_search(strange), 90) == 90
    assert decoder.restarts == 1


def test_decoding_does_not_begin_at_a_damaged_keyframe(stub: Callable[[Callable[[int], int]], StubDecoder]) -> None:
    decoder = stub(LANDINGS["on the keyframe"])
    flags = _index().flags.copy()
    flags[80] |= CONCEALED
    assert _find(_search(_index(flags=flags)), 90) == 90
    assert decoder.seeks == [60]


def test_a_frame_that_an_unchecked_list_invents_is_not_replaced_by_another(
    stub: Callable[[Callable[[int], int]], StubDecoder],
) -> None:
    stub(LANDINGS["on the keyframe"])
    stamps = np.sort(np.append(np.arange(COUNT, dtype=np.int64) * TICK, 50 * TICK + 1))
    flags = np.insert(_index().flags, 51, 0)
    search = _search(_index(checked=False, stamps=stamps, flags=flags))
    assert _find(search, 51) == -1
    assert _find(search, 52) == 51
    assert _find(search, 50) == 50


def test_without_usable_stamps_frames_are_counted_from_the_start(
    stub: Callable[[Callable[[int], int]], StubDecoder],
) -> None:
    decoder = stub(LANDINGS["on the keyframe"])
    search = _search(_index(checked=False, stamps=np.full(COUNT, NO_STAMP), flags=np.zeros(COUNT, np.uint8)))
    assert [_find(search, target) for target in (30, 31, 7, 99)] == [30, 31, 7, 99]
    assert decoder.seeks == []


def test_a_fingerprint_is_of_the_picture_and_not_of_what_pads_its_rows() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (9, 21), np.uint8)
    first, second = (av.VideoFrame.from_ndarray(picture, format="gray") for _ in range(2))
    plane = second.planes[0]
    assert plane.line_size > 21
    rows = np.frombuffer(plane, np.uint8).reshape(9, plane.line_size).copy()
    rows[:, 21:] ^= 255
    plane.update(rows.tobytes())
    assert fingerprint(first) == fingerprint(second)
    rows[4, 20] ^= 1
    plane.update(rows.tobytes())
    assert fingerprint(first) != fingerprint(second)
