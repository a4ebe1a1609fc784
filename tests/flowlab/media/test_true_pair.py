"""A pair of a data set is a clip of two frames and knows its truth, or says in a sentence why it does not."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from flowlab.core.clip import Frame
from flowlab.core.resample import photometric_residual
from flowlab.core.resized import at_width
from flowlab.core.truth import Truth
from flowlab.errors import ClipError, ClipNotFoundError, FlowFileError, LimitError, ParameterError
from flowlab.media.flow_files import write_flow
from flowlab.media.flow_sets import FlowSequence, sequences
from flowlab.media.limits import Limits
from flowlab.media.pictures import PictureClip
from flowlab.media.true_pair import TruePair
from tests.flow_sets import HEIGHT, HIDDEN, UNKNOWN, WIDTH, true_flow, write_kitti, write_middlebury
from tests.hostile import huge_jpeg, moving_texture


def middlebury(folder: Path) -> FlowSequence:
    (one,) = sequences(write_middlebury(folder, "Board"), "middlebury")
    return one


def test_it_is_a_clip_of_two_frames(tmp_path: Path) -> None:
    pair = TruePair(middlebury(tmp_path), name="data:x/Board")
    info = pair.info
    assert (info.name, info.content_hash, info.kind, info.codec) == ("data:x/Board", "data:x/Board", "pictures", "png")
    assert (info.width, info.height, info.frame_count, info.fps) == (WIDTH, HEIGHT, 2, 25)
    for index, rgb in enumerate(moving_texture(2, HEIGHT, WIDTH)):
        np.testing.assert_array_equal(pair.frame(index).rgb, rgb)
    assert [frame.index for frame in pair.frames()] == [0, 1]
    assert [frame.index for frame in pair.frames(1, 9)] == [1]
    assert pair.time(1) == 1 / info.fps
    pair.close()
    assert pair.frame(0).index == 0
    with pytest.raises(ClipError, match="frame 2 is outside"):
        pair.frame(2)
    assert TruePair(middlebury(tmp_path)).info.name == "middlebury/Board"


def test_it_knows_its_flow_and_nothing_it_was_not_given(tmp_path: Path) -> None:
    pair = TruePair(middlebury(tmp_path))
    assert isinstance(pair, Truth)
    np.testing.assert_array_equal(pair.flow(0, 1), true_flow())
    assert np.isnan(pair.backward_flow(0)).all() and pair.backward_flow(0).shape == (HEIGHT, WIDTH, 2)
    assert not pair.occlusion(0).any() and pair.occlusion(0).shape == (HEIGHT, WIDTH)
    assert pair.objects(1) == ()


def test_kitti_tells_what_is_hidden_from_what_was_not_measured(tmp_path: Path) -> None:
    (one,) = sequences(write_kitti(tmp_path, "000010"), "kitti")
    pair = TruePair(one)
    flow, occlusion = pair.flow(0), pair.occlusion(0)
    known = np.isfinite(flow[..., 0])
    assert not known[:, UNKNOWN].any() and known[:, UNKNOWN.stop :].all()
    assert occlusion[HIDDEN, UNKNOWN.stop :].all()
    assert occlusion.sum() == (HEIGHT - HIDDEN.start) * (WIDTH - UNKNOWN.stop)


def test_the_truth_is_scaled_with_the_pictures(tmp_path: Path) -> None:
    clip = at_width(TruePair(middlebury(tmp_path)), WIDTH // 2)
    assert isinstance(clip, Truth)
    assert clip.frame(1).rgb.shape == (HEIGHT // 2, WIDTH // 2, 3)
    np.testing.assert_allclose(clip.flow(0), true_flow(HEIGHT // 2, WIDTH // 2) / 2, atol=1e-6)
    assert clip.objects(0) == ()


@pytest.mark.parametrize(
    ("index", "gap", "says"),
    [(2, 1, "frame 2"), (-1, 1, "frame -1"), (1, 1, "gap is 1 from frame 1"), (0, 2, "gap is 2"), (0, 0, "gap is 0")],
)
def test_there_is_one_flow_only(tmp_path: Path, index: int, gap: int, says: str) -> None:
    pair = TruePair(middlebury(tmp_path))
    for ask in (pair.flow, pair.backward_flow, pair.occlusion):
        with pytest.raises((ClipError, ParameterError), match=says):
            ask(index, gap)


def _truth(flow: np.ndarray) -> Callable[[FlowSequence], object]:
    return lambda one: write_flow(one.truth, flow)


def _cut(one: FlowSequence) -> None:
    one.truth.write_bytes(one.truth.read_bytes()[:-5])


def _link_out(path: Path) -> None:
    outside = path.parents[3] / path.name
    path.rename(outside)
    path.symlink_to(outside)


NO_TRUTH = {
    "another size": (_truth(true_flow(HEIGHT, WIDTH + 1)), "‘flow10.flo’ is 129x96 and the pictures 128x96"),
    "turned": (_truth(true_flow(WIDTH, HEIGHT)), "is 96x128 and the pictures 128x96"),
    "unknown everywhere": (_truth(true_flow() * np.nan), "is unknown everywhere"),
    "truncated": (_cut, "cannot be read as flo"),
    "garbage": (lambda one: one.truth.write_bytes(b"garbage" * 9), "cannot be read as flo"),
    "empty": (lambda one: one.truth.write_bytes(b""), "cannot be read as flo"),
    "missing": (lambda one: one.truth.unlink(), "no truth for this pair: put it at ‘other-gt-flow/Board/flow10.flo’"),
    "a folder": (lambda one: (one.truth.unlink(), one.truth.mkdir()), "folder"),
    "a link that leads out": (lambda one: _link_out(one.truth), "a link that leads out of the data set"),
}  # fmt: skip


@pytest.mark.parametrize("case", NO_TRUTH)
def test_a_truth_that_cannot_be_used_is_one_sentence_and_the_frames_still_work(case: str, tmp_path: Path) -> None:
    spoil, says = NO_TRUTH[case]
    one = middlebury(tmp_path / "set")
    spoil(one)
    pair = TruePair(one)
    with pytest.raises(FlowFileError, match=says) as caught:
        pair.flow(0)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    np.testing.assert_array_equal(pair.frame(1).rgb, moving_texture(2, HEIGHT, WIDTH)[1])


@pytest.mark.parametrize("which", ["truth", "visible_truth"])
def test_a_garbage_png_for_a_truth(which: str, tmp_path: Path) -> None:
    (one,) = sequences(write_kitti(tmp_path, "000010"), "kitti")
    path = getattr(one, which)
    path.write_bytes(path.read_bytes()[:200] + b"garbage")
    with pytest.raises(FlowFileError, match="cannot be read as kitti"):
        TruePair(one).occlusion(0)
    grey = cv2.imencode(".png", np.zeros((HEIGHT, WIDTH), np.uint8))[1].tobytes()
    path.write_bytes(grey)  # a picture, but not a flow
    with pytest.raises(FlowFileError, match="8-bit grey PNG"):
        TruePair(one).occlusion(0)


def _picture(data: bytes) -> Callable[[FlowSequence], object]:
    return lambda one: one.second.write_bytes(data)


BAD_PICTURES = {
    "missing": (lambda one: one.second.unlink(), ClipNotFoundError, r"no file ‘frame11\.png’"),
    "garbage": (_picture(b"garbage"), ClipError, r"‘frame10\.png’ and ‘frame11\.png’ hold 1 picture"),
    "empty": (_picture(b""), ClipError, "is empty"),
    "another size": (_picture(cv2.imencode(".png", np.zeros((9, 8), np.uint8))[1].tobytes()), ClipError, "8x9"),
    "huge": (_picture(huge_jpeg()), LimitError, "30000x30000"),
    "a folder": (lambda one: (one.second.unlink(), one.second.mkdir()), ClipError, "is not a file"),
    "a link that leads out": (lambda one: _link_out(one.second), ClipError, "leads out of the data set"),
    "a link in circles": (lambda one: (one.second.unlink(), one.second.symlink_to(one.second)), ClipError, "no file"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_PICTURES)
def test_a_picture_that_cannot_be_used_is_refused(case: str, tmp_path: Path) -> None:
    spoil, kind, says = BAD_PICTURES[case]
    one = middlebury(tmp_path / "set")
    spoil(one)
    with pytest.raises(kind, match=says) as caught:
        TruePair(one)
    assert "\n" not in str(caught.value)


def test_a_link_within_the_data_set_is_followed(tmp_path: Path) -> None:
    one = middlebury(tmp_path)
    kept = one.truth.with_name("kept.flo")
    one.truth.rename(kept)
    one.truth.symlink_to(kept)
    np.testing.assert_array_equal(TruePair(one).flow(0), true_flow())


def test_pictures_keep_to_the_limits(tmp_path: Path) -> None:
    with pytest.raises(LimitError):
        TruePair(middlebury(tmp_path), limits=Limits(pixels=HEIGHT * WIDTH - 1))


def test_sixteen_bit_pictures_have_one_scale(tmp_path: Path) -> None:
    one = middlebury(tmp_path)
    for path, level in ((one.first, 1000), (one.second, 4000)):
        path.write_bytes(cv2.imencode(".png", np.full((HEIGHT, WIDTH), level, np.uint16))[1].tobytes())
    pair = TruePair(one)
    assert pair.info.bit_depth == 12
    assert [int(pair.frame(index).grey[0, 0]) for index in (0, 1)] == [round(v * 255 / 4095) for v in (1000, 4000)]


def test_several_threads_may_ask_for_frames(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = TruePair(middlebury(tmp_path))
    expected, right, inside, most = moving_texture(2, HEIGHT, WIDTH), [], [], []
    read = PictureClip.frame

    def watched(clip: PictureClip, index: int) -> Frame:
        inside.append(index)
        most.append(len(inside))
        time.sleep(0.01)  # long enough for the other thread to come in, if it could
        frame = read(clip, index)
        inside.pop()
        return frame

    monkeypatch.setattr(PictureClip, "frame", watched)

    def ask(index: int) -> None:
        right.append(np.array_equal(pair.frame(index).rgb, expected[index]))

    threads = [threading.Thread(target=ask, args=(index,)) for index in (0, 1, 0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert right == [True] * 4
    assert max(most) == 1  # PictureClip serves one at a time


@pytest.mark.realdata
def test_the_truth_of_real_pairs_explains_the_pictures(data_folder: Path) -> None:
    for dataset in ("middlebury", "kitti"):
        for one in sequences(data_folder, dataset):
            pair = TruePair(one)
            first, second = pair.frame(0).grey, pair.frame(1).grey
            flow, visible = pair.flow(0), ~pair.occlusion(0)

            def unexplained(guess: np.ndarray, first=first, second=second, visible=visible) -> float:
                return float(np.nanmean(photometric_residual(first, second, guess)[visible]))

            for wrong in (flow * 0, -flow, flow[..., ::-1]):
                assert unexplained(flow) < 0.8 * unexplained(wrong)
            assert visible.all() == (dataset == "middlebury")
